"""Lists of names, looked up in tokens: ``Gazetteer``."""

import warnings
from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from sklstm._arguments import describe, levels_to_caller
from sklstm._arrays import are_all
from sklstm._fit_tasks import FollowedFit, followed
from sklstm._parameters import ParametersMixin
from sklstm._sklearn import StrOptions, fit_context
from sklstm._versions import Versioned
from sklstm.sequences import Sequences
from sklstm.sequences._fields import SPECIAL_TOKENS
from sklstm.sequences._sequences import token_sequences
from sklstm.tags._spans import span_prefixes


class Gazetteer(FollowedFit, TransformerMixin, ParametersMixin, Versioned, BaseEstimator):
    """Look up phrases of known types, such as lists of places, as a column of the tokens.

    Each sentence is read from left to right. Where phrases start, the longest one is a hit, and
    reading goes on behind it. An `LSTMTagger` reads the column beside the tokens. Hits are hints,
    not predictions: it learns from the training data how far to rely on them.

    The time grows with the number of tokens, not with that of the phrases.

    Parameters
    ----------
    phrases : dict of str to collection of (str or list of str)
        For each type, its phrases: each a str, which is split at white space, or the list of its
        tokens. ``Tokenizer.transform`` makes such lists, which matters for names such as
        ``"St. John's"``. A phrase has one type.
    column : str, default="gazetteer"
        Name of the column.
    scheme : {"IOB2", "IOBES", "BILOU"} or None, default="IOBES"
        How the tokens of a hit are marked: ``"B-LOC"``, ``"E-LOC"`` [1]_. None gives them the type
        alone. Tokens without a hit have None.
    fold_case : bool, default=False
        Whether case is ignored. Then ``"us"`` also finds the pronoun, if ``"US"`` is a phrase.

    Attributes
    ----------
    types_ : dict of str to str
        The type of each phrase: of its tokens, in lower case with `fold_case`, joined by spaces.

    See Also
    --------
    LSTMTagger : Its parameter `columns` says which columns it reads.
    Sequences.with_columns : Attaches other columns.

    References
    ----------
    .. [1] Chiu and Nichols (2016), Named entity recognition with bidirectional LSTM-CNNs, TACL.
       https://doi.org/10.1162/tacl_a_00104

    Examples
    --------
    >>> from sklstm import Gazetteer
    >>> gazetteer = Gazetteer({"LOC": ["Oslo", "New York"], "ORG": ["New York Times"]})
    >>> sentences = [["Oslo", "reads", "the", "New", "York", "Times"], ["In", "New", "York"]]
    >>> X = gazetteer.fit_transform(sentences)
    >>> X.columns["gazetteer"].tolist()
    ['S-LOC', None, None, 'B-ORG', 'I-ORG', 'E-ORG', None, 'B-LOC', 'E-LOC']
    """

    _parameter_constraints = {
        "phrases": [dict],
        "column": [str],
        "scheme": [StrOptions({"IOB2", "IOBES", "BILOU"}), None],
        "fold_case": ["boolean"],
    }

    def __init__(
        self,
        phrases: dict[str, Any],
        *,
        column: str = "gazetteer",
        scheme: Literal["IOB2", "IOBES", "BILOU"] | None = "IOBES",
        fold_case: bool = False,
    ):
        self.phrases = phrases
        self.column = column
        self.scheme = scheme
        self.fold_case = fold_case

    @fit_context(prefer_skip_nested_validation=True)
    @followed
    def fit(self, X, y=None) -> Self:
        """Index the phrases, and warn if none of them occurs.

        Parameters
        ----------
        X : list of list of str, or Sequences
            The tokens of each sentence.
        y : None
            Ignored.

        Returns
        -------
        Gazetteer
            The fitted transformer.
        """
        batch = _encode(X)
        self.types_, self._lengths = self._index()
        if not any(self._find(batch)):
            warnings.warn(
                f"None of the {len(self.types_)} phrases, such as {next(iter(self.types_))!r:.60}, "
                "occurs in X. Compare their case, for which there is fold_case=True, and how they "
                "are split into tokens.",
                stacklevel=levels_to_caller(),
            )
        return self

    def transform(self, X) -> Sequences:
        """Look up the phrases.

        Parameters
        ----------
        X : list of list of str, or Sequences
            The tokens of each sentence.

        Returns
        -------
        Sequences
            The same tokens, with one more column.

        Raises
        ------
        ValueError
            If X has such a column already, or no strings.
        """
        self._check_ready()
        batch = _encode(X)
        if self.column in (batch.columns or ()):
            raise ValueError(
                f"X has a column {self.column!r} already: name that of this Gazetteer otherwise, "
                "with column=."
            )
        hits = np.full(len(batch.codes), None, object)
        for kind, start, stop in self._find(batch):
            hits[start:stop] = self._mark(kind, stop - start)
        rows = [hits[start:stop] for start, stop in pairwise(batch.offsets.tolist())]
        return batch.with_columns({self.column: rows})

    def _index(self):
        """Return the type of each phrase, and for each first token, the lengths of its phrases."""
        types, lengths = {}, {}
        for kind, phrases in self.phrases.items():
            if not isinstance(kind, str) or not kind:
                raise ValueError(f"Types of phrases must be str, not empty; got {describe(kind)}.")
            is_list = isinstance(phrases, Collection) and np.iterable(phrases)
            if not is_list or isinstance(phrases, (str, bytes, Mapping)):
                raise TypeError(
                    f"The phrases of {kind!r} must be a list of str, or of lists of tokens; got "
                    f"{describe(phrases)}."
                )
            for phrase in phrases:
                tokens = list(map(self._fold, _split(phrase, kind)))
                joined = " ".join(tokens)
                if types.setdefault(joined, kind) != kind:
                    raise ValueError(
                        f"The phrase {joined!r} has two types, {types[joined]!r} and {kind!r}. "
                        "Leave it out of one, or make a Gazetteer for each type, with a column= of "
                        "its own."
                    )
                lengths.setdefault(tokens[0], set()).add(len(tokens))
        if not types:
            raise ValueError(
                "phrases has none. Pass some for each type: {'LOC': ['Oslo', 'New York']}."
            )
        return types, {first: sorted(of, reverse=True) for first, of in lengths.items()}

    def _find(self, batch):
        """Yield the type, start and stop of each hit, of which no two overlap."""
        batch = batch.without_unused()
        n_special = len(SPECIAL_TOKENS)  # padding and unknown tokens have no strings
        strings = [None] * n_special + list(map(self._fold, batch.categories[n_special:]))
        tokens = [strings[code] for code in batch.codes.tolist()]
        for start, stop in pairwise(batch.offsets.tolist()):
            while start < stop:
                for length in self._lengths.get(tokens[start], ()):
                    end = start + length
                    kind = self._type_of(tokens[start:end]) if end <= stop else None
                    if kind is not None:
                        yield kind, start, end
                        start = end
                        break
                else:
                    start += 1

    def _type_of(self, tokens):
        return None if None in tokens else self.types_.get(" ".join(tokens))

    def _fold(self, token):
        return token.casefold() if self.fold_case else str(token)  # NumPy has its own str

    def _mark(self, kind, length):
        if self.scheme is None:
            return [kind] * length
        return [f"{prefix}-{kind}" for prefix in span_prefixes(length, self.scheme)]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags


def _encode(X):
    return token_sequences(X, "A Gazetteer looks strings up: pass tokens.")


def _split(phrase, kind):
    """Return the tokens of a phrase."""
    tokens = phrase.split() if isinstance(phrase, str) else phrase
    if not isinstance(tokens, (list, tuple)) or not are_all(str, tokens):
        raise TypeError(
            f"A phrase must be a str or a list of str; among those of {kind!r} is "
            f"{describe(phrase)}."
        )
    if not tokens or not all(tokens):
        raise ValueError(
            f"Phrases must have tokens, none of them empty; {kind!r} has {phrase!r:.60}. Leave it "
            "out."
        )
    return tokens
