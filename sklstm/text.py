"""Texts to tokens and tokens to ids: ``Tokenizer`` and ``TokenIndexer``."""

import re
import reprlib
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklstm._arguments import describe, levels_to_caller
from sklstm._arrays import plain, to_array, to_list
from sklstm._fit_tasks import FollowedFit, followed
from sklstm._parameters import ParametersMixin
from sklstm._sklearn import Interval, StrOptions, fit_context
from sklstm._text_checks import check_texts, check_tokens
from sklstm._versions import Versioned
from sklstm._word_pattern import unneeded_blank, word_pattern
from sklstm.sequences import Sequences
from sklstm.sequences._fields import PADDING, SPECIAL_TOKENS, UNKNOWN
from sklstm.sequences._sequences import token_sequences

HTML_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
BEFORE_CLOSING = re.compile(" (?=[.,:;!?…)\\]}»”\u2019])")
AFTER_OPENING = re.compile(r"(?<=[(\[{«“„¿¡]) ")


class Tokenizer(FollowedFit, TransformerMixin, ParametersMixin, Versioned, BaseEstimator):
    """Split texts into tokens.

    By default a token is a word of any script: letters with combining marks, digits, straight or
    curly apostrophes between letters (``don't``) and separators between digits (``3.14``,
    ``10,000``). This follows Unicode's word boundaries [1]_, except that a full stop, colon or
    underscore between letters separates words, and that invisible characters such as direction
    marks neither are tokens nor end one.

    In scripts without spaces, each Chinese character, each hiragana and each run of katakana is a
    token, as in the standard, and in Thai, Lao, Khmer and Burmese each letter with its marks. For
    words, pass the function of a linguistic library as `tokenizer`.

    ``fit`` only checks the parameters and the texts, and ``transform`` works without it. Equal
    tokens of one call share a string object, so a corpus costs about one reference per token.

    Parameters
    ----------
    lowercase : bool, default=True
        Whether to lower-case the tokens; `token_pattern` then ignores case.
    punctuation : bool or "expressive", default="expressive"
        Which punctuation marks and symbols are tokens. ``"expressive"`` keeps what carries feeling:
        emoticons such as ``:-)``, emoji, and marks of exclamations and questions. True keeps each
        mark, which taggers and generators need, with two or more for an emoticon. False keeps
        words alone. No effect with `token_pattern` or `tokenizer`.
    strip_html_breaks : bool, default=True
        Whether to replace ``<br>`` and ``<br />`` by spaces of the same length. Other markup is
        text.
    token_pattern : str or re.Pattern, default=None
        A regular expression that matches a token, instead of the default rule; its group, if it
        has one, is the token.
    tokenizer : callable, default=None
        A function from a text to its tokens, instead of the default rule, such as ``str.split``,
        or ``list`` for characters.
    char_spans : bool, default=False
        Whether ``transform`` returns `Sequences` with the texts and the character spans of the
        tokens. Later steps keep them, so a tagger can locate its entities in the text. As with
        ``find_char_spans``, tokens must be substrings of the text.

    See Also
    --------
    TokenIndexer : Encodes tokens as ids.
    sklstm.Word2VecEmbedder : Attaches word vectors to tokens.

    References
    ----------
    .. [1] Davis and Chapman, Unicode text segmentation, Unicode Standard Annex 29.
       https://www.unicode.org/reports/tr29/

    Examples
    --------
    >>> from sklstm import Tokenizer
    >>> Tokenizer().transform(["I didn't like it.<br /><br />Плохо!"])
    [['i', "didn't", 'like', 'it', 'плохо', '!']]
    >>> Tokenizer().transform(["Well done, I think... :)"])
    [['well', 'done', 'i', 'think', ':)']]
    >>> Tokenizer(punctuation=True).transform(["Well done :)"])
    [['well', 'done', ':', ')']]
    >>> Tokenizer(tokenizer=list, lowercase=False).transform(["LSTM"])
    [['L', 'S', 'T', 'M']]
    """

    _parameter_constraints = {
        "lowercase": ["boolean"],
        "punctuation": ["boolean", StrOptions({"expressive"})],
        "strip_html_breaks": ["boolean"],
        "token_pattern": [str, re.Pattern, None],
        "tokenizer": [callable, None],
        "char_spans": ["boolean"],
    }

    def __init__(
        self,
        *,
        lowercase: bool = True,
        punctuation: bool | Literal["expressive"] = "expressive",
        strip_html_breaks: bool = True,
        token_pattern: str | re.Pattern | None = None,
        tokenizer: Callable | None = None,
        char_spans: bool = False,
    ):
        self.lowercase = lowercase
        self.punctuation = punctuation
        self.strip_html_breaks = strip_html_breaks
        self.token_pattern = token_pattern
        self.tokenizer = tokenizer
        self.char_spans = char_spans

    @followed
    def fit(self, X, y=None) -> Self:
        """Check the parameters and the texts.

        Parameters
        ----------
        X : array-like of str, shape (n_samples,) or (n_samples, 1)
            The texts.
        y : None
            Ignored.

        Returns
        -------
        self
            The tokenizer itself.
        """
        self._check_parameters()
        check_texts(X)
        own = "token_pattern" if self.tokenizer is None else "tokenizer"
        if self.punctuation is True and getattr(self, own) is not None:
            message = f"punctuation has no effect with {own}."
            warnings.warn(message, UserWarning, stacklevel=levels_to_caller())
        return self

    def transform(self, X) -> list[list[str]] | Any:
        """Split each text into tokens.

        Parameters
        ----------
        X : array-like of str, shape (n_samples,) or (n_samples, 1)
            The texts.

        Returns
        -------
        list of list of str, or Sequences
            The tokens of each text; `Sequences` with `char_spans`.
        """
        self._check_parameters()
        forms, texts = _Forms(self.lowercase), self._texts(X)
        if self.char_spans:
            return self._with_spans(texts, forms, check_texts(X))
        find = self._match if self.tokenizer is None else self._split
        return [list(map(forms.__getitem__, filter(None, find(text)))) for text in texts]

    def find_char_spans(self, X) -> list[np.ndarray]:
        """Find the characters of each token in its text.

        Parameters
        ----------
        X : array-like of str, shape (n_samples,) or (n_samples, 1)
            The texts.

        Returns
        -------
        list of ndarray of int64, shape (n_tokens, 2)
            Start and end of each token of ``transform``: ``text[start:end]`` is the token as
            written.

        Raises
        ------
        ValueError
            If the tokens of `tokenizer` are not substrings of the text, in order.
        """
        self._check_parameters()
        spans = map(self._find_spans, self._texts(X))
        return [np.array(rows, dtype=np.int64).reshape(-1, 2) for rows in spans]

    def inverse_transform(self, X) -> list[str]:
        """Join tokens into readable texts.

        Parameters
        ----------
        X : list of list of str or Sequences
            The tokens.

        Returns
        -------
        list of str
            Tokens joined by spaces, except before closing and after opening punctuation, and in
            scripts without spaces.
        """
        return list(map(_join, _as_tokens(X)))

    def _check_parameters(self):
        self._validate_params()
        if self.tokenizer is not None and self.token_pattern is not None:
            raise ValueError("Both tokenizer and token_pattern are given; leave one at None.")
        self._pattern("")

    def _pattern(self, text):
        if self.token_pattern is None:
            return word_pattern(self.punctuation, text.isascii())
        source = getattr(self.token_pattern, "pattern", self.token_pattern)
        flags = getattr(self.token_pattern, "flags", 0)
        if isinstance(source, bytes):
            raise TypeError(f"token_pattern must be a pattern of str, got bytes: {source!r}.")
        try:
            pattern = re.compile(source, flags | re.IGNORECASE if self.lowercase else flags)
        except re.error as error:
            raise ValueError(
                f"token_pattern={source!r} is not a regular expression: {error}."
            ) from error
        if pattern.groups > 1:
            raise ValueError(
                f"token_pattern={source!r} has {pattern.groups} groups; at most one may capture "
                "the token. Write (?:...) for a group that captures nothing."
            )
        return pattern

    def _texts(self, X):
        texts = check_texts(X)
        return map(_blank_breaks, texts) if self.strip_html_breaks else texts

    def _split(self, text):
        returned = self.tokenizer(text)
        tokens = list(returned) if isinstance(returned, Iterable) else [returned]
        wrong = [token for token in tokens if not isinstance(token, str)]
        if wrong or isinstance(returned, str):
            example = wrong[0] if wrong else returned
            raise TypeError(
                f"tokenizer must return a list of str; from the text {reprlib.repr(text)} it "
                f"made {describe(example)}."
            )
        return tokens

    def _with_spans(self, texts, forms, written):
        tokens, spans = [], []
        for text in texts:
            rows = self._find_spans(text)
            tokens.append([forms[text[start:end]] for start, end in rows])
            spans.append(rows)
        return Sequences.from_tokens(tokens, spans, written)

    def _find_spans(self, text):
        find = self._match_spans if self.tokenizer is None else self._search
        return [span for span in find(text) if span[0] < span[1]]

    def _match(self, text):
        return self._pattern(text).findall(text)

    def _match_spans(self, text):
        pattern = self._pattern(text)
        return (match.span(pattern.groups) for match in pattern.finditer(text))

    def _search(self, text):
        end = 0
        for token in self._split(text):
            start = text.find(token, end)
            if start < 0:
                raise ValueError(
                    f"tokenizer returned {token!r}, which is not in the text after character "
                    f"{end}: character spans need substrings of the text, in order. "
                    f"The text is {reprlib.repr(text)}."
                )
            end = start + len(token)
            yield start, end

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        tags.requires_fit = False
        return tags


class TokenIndexer(FollowedFit, TransformerMixin, ParametersMixin, Versioned, BaseEstimator):
    """Encode tokens as token ids of a vocabulary.

    Id 0 is padding, id 1 the unknown token, and the tokens of the training data have ids from 2 on,
    the most frequent first. The result is a :class:`Sequences` with the vocabulary as categories;
    ``np.asarray`` makes it a matrix of ids, padded with 0.

    Parameters
    ----------
    max_tokens : int, default=None
        Maximum size of the vocabulary, padding and unknown included: the ``max_tokens - 2`` most
        frequent tokens are kept. None keeps all.
    min_count : int, default=1
        Tokens that occur less often in the training data are dropped.
    vocabulary : list of str or mapping of str to int, default=None
        A fixed vocabulary: a list of the tokens with ids from 2 on, or a mapping to these ids,
        without gaps or repeats. A list may begin with ``"<pad>"`` and ``"<unk>"``, and a mapping
        may name the ids 0 and 1 so. None learns it.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        The id of each token, ascending from 2 on; tokens of equal frequency are in alphabetical
        order.
    vocabulary_size_ : int
        Number of ids, padding and unknown included; ``vocabulary_size`` of the estimators.

    See Also
    --------
    Tokenizer : Splits texts into tokens.
    SequencePadder : Truncates and pads the ids.

    Notes
    -----
    A token ``"<pad>"`` or ``"<unk>"`` in the data is a token like any other, with an id from 2 on.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import TokenIndexer
    >>> indexer = TokenIndexer().fit([["a", "good", "film"], ["a", "bad", "film"]])
    >>> indexer.vocabulary_
    {'a': 2, 'film': 3, 'bad': 4, 'good': 5}
    >>> ids = np.asarray(indexer.transform([["a", "better", "film"], ["good"]]))
    >>> ids
    array([[2, 1, 3],
           [5, 0, 0]], dtype=int32)
    >>> indexer.inverse_transform(ids)
    [['a', '<unk>', 'film'], ['good']]
    """

    _parameter_constraints = {
        "max_tokens": [Interval(Integral, 3, None, closed="left"), None],
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "vocabulary": [list, tuple, np.ndarray, Mapping, None],
    }

    def __init__(
        self,
        *,
        max_tokens: int | None = None,
        min_count: int = 1,
        vocabulary: Sequence[str] | Mapping[str, int] | None = None,
    ):
        self.max_tokens = max_tokens
        self.min_count = min_count
        self.vocabulary = vocabulary

    def fit(self, X, y=None) -> Self:
        """Learn the vocabulary, or check the given one.

        Parameters
        ----------
        X : list of list of str or Sequences
            The tokens.
        y : None
            Ignored.

        Returns
        -------
        self
            The fitted indexer.
        """
        self.fit_transform(X)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    @followed
    def fit_transform(self, X, y=None) -> Sequences:
        """Learn the vocabulary and encode the same tokens, faster than in two calls.

        Parameters
        ----------
        X : list of list of str or Sequences
            The tokens.
        y : None
            Ignored.

        Returns
        -------
        Sequences
            See ``transform``.
        """
        batch = _as_sequences(X)
        if self.vocabulary is None:
            tokens = self._learn(batch)
        else:
            tokens = _vocabulary_tokens(self.vocabulary)
            if self.max_tokens is not None or self.min_count > 1:
                warnings.warn(
                    "max_tokens and min_count have no effect on a given vocabulary.",
                    UserWarning,
                    stacklevel=levels_to_caller(),
                )
        self.vocabulary_ = {token: code for code, token in enumerate(tokens, UNKNOWN + 1)}
        self._list_categories()
        return self._encode(batch)

    def transform(self, X) -> Sequences:
        """Encode tokens.

        Parameters
        ----------
        X : list of list of str or Sequences
            The tokens.

        Returns
        -------
        Sequences
            The ids, with the vocabulary as categories; unknown tokens have id 1.
        """
        self._check_ready()
        return self._encode(_as_sequences(X))

    def inverse_transform(self, X) -> list[list[str]]:
        """Decode ids to tokens.

        Parameters
        ----------
        X : Sequences, list of list of int, or ndarray of int, shape (n_samples, n_steps)
            The ids. `Sequences` with categories are decoded with their own.

        Returns
        -------
        list of list of str
            The tokens without padding; ``"<unk>"`` for id 1.
        """
        self._check_ready()
        if isinstance(X, Sequences) and X.categories is not None:
            return X.tokens()
        codes, offsets = (X.codes, X.offsets) if isinstance(X, Sequences) else _codes_and_offsets(X)
        size = len(self._categories)
        if np.any((codes < 0) | (codes >= size)):
            raise ValueError(
                f"ids must lie between 0 and {size - 1}, the last of the vocabulary; got "
                f"{codes.min()} to {codes.max()}."
            )
        return Sequences(codes, offsets, self._categories).tokens()

    @property
    def vocabulary_size_(self) -> int:
        """Number of ids, padding and unknown included."""
        check_is_fitted(self)
        return len(self._categories)

    def _list_categories(self):
        """Make the categories that all results share, hence a tuple."""
        self._categories = (*SPECIAL_TOKENS, *self.vocabulary_)

    def _encode(self, batch):
        return batch.with_categories(self._categories, self.vocabulary_)

    def __getstate__(self):
        """Leave out the categories, which repeat the vocabulary."""
        return {k: v for k, v in super().__getstate__().items() if k != "_categories"}

    def __setstate__(self, state):
        super().__setstate__(state)
        if hasattr(self, "vocabulary_"):
            self._list_categories()

    def _learn(self, batch):
        counts = np.bincount(batch.codes, minlength=len(batch.categories)).tolist()
        found = list(zip(counts, batch.categories, strict=True))[len(SPECIAL_TOKENS) :]
        kept = [(-count, token) for count, token in found if count >= self.min_count]
        if not kept:
            most = max((count for count, _ in found), default=0)
            raise ValueError(
                f"Empty vocabulary: no token occurs min_count={self.min_count} times, the most "
                f"frequent one {most} times. Lower min_count, or check the tokens."
            )
        n_kept = None if self.max_tokens is None else self.max_tokens - len(SPECIAL_TOKENS)
        return [token for _, token in sorted(kept)[:n_kept]]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags


class _Forms(dict):
    """Map each token to the one string object that all its occurrences share."""

    def __init__(self, lowercase):
        self.lowercase = lowercase

    def __missing__(self, token):
        form = token.lower() if self.lowercase else token
        self[token] = form = self.setdefault(form, form)
        return form


def _blank_breaks(text):
    """Overwrite HTML breaks with as many blanks, so that positions stay."""
    return HTML_BREAK.sub(lambda match: " " * len(match[0]), text)


def _join(tokens):
    text = AFTER_OPENING.sub("", BEFORE_CLOSING.sub("", " ".join(tokens)))
    return text if text.isascii() else unneeded_blank().sub("", text)


def _as_tokens(X):
    return X.tokens() if isinstance(X, Sequences) else check_tokens(X)


def _as_sequences(X):
    return token_sequences(X, "There are no tokens to index; estimators take ids as they are.")


def _vocabulary_tokens(vocabulary):
    """Check a given vocabulary and list its tokens by id, from 2 on."""
    if isinstance(vocabulary, Mapping):
        tokens = _order_by_id(vocabulary)
    else:
        is_array = isinstance(vocabulary, np.ndarray)
        tokens = vocabulary.ravel().tolist() if is_array else list(vocabulary)
        if tuple(tokens[: len(SPECIAL_TOKENS)]) == SPECIAL_TOKENS:
            tokens = tokens[len(SPECIAL_TOKENS) :]
    wrong = [token for token in tokens if not isinstance(token, str)]
    if wrong:
        raise TypeError(f"Every token of the vocabulary must be a str, got {describe(wrong[0])}.")
    repeated = [token for token, count in Counter(tokens).items() if count > 1]
    if repeated:
        raise ValueError(
            f"The vocabulary holds tokens more than once: {reprlib.repr(repeated)}. Leave one "
            "of each."
        )
    if not tokens:
        raise ValueError("The vocabulary is empty; leave it at None to learn one.")
    return tokens


def _order_by_id(vocabulary):
    wrong = [item for item in vocabulary.items() if not isinstance(item[1], Integral)]
    if wrong:
        raise TypeError(f"The vocabulary must map every token to an int id, got {wrong[0]!r}.")
    names = set(zip(SPECIAL_TOKENS, (PADDING, UNKNOWN), strict=True))
    ids = {token: code for token, code in vocabulary.items() if (token, code) not in names}
    tokens = sorted(ids, key=ids.__getitem__)
    first, stop = len(SPECIAL_TOKENS), len(SPECIAL_TOKENS) + len(tokens)
    if [ids[token] for token in tokens] != list(range(first, stop)):
        raise ValueError(
            f"The vocabulary must give its tokens the ids from {first} to {stop - 1} without gap "
            "or repeat; 0 is '<pad>' and 1 is '<unk>'. "
            f"Got {reprlib.repr(dict(vocabulary))}."
        )
    return tokens


def _codes_and_offsets(X):
    X = plain(X)
    is_matrix = isinstance(X, np.ndarray) and X.ndim > 1
    rows = X if is_matrix else to_list(X, "one list of int ids for each sample")
    rows = [to_array(row, "Each sample", "one list of int ids") for row in rows]
    for number, row in enumerate(rows):
        if row.ndim != 1 or (row.size and row.dtype.kind not in "iu"):
            raise TypeError(
                f"Sample {number} is {reprlib.repr(row.tolist())}; ids are one list of int for "
                "each sample."
            )
    flat = np.concatenate([np.zeros(0, np.int64), *(row.astype(np.int64) for row in rows)])
    return flat, np.cumsum([0, *map(len, rows)])
