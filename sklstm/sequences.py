"""Ragged batches: the container ``Sequences`` and its padder."""

from itertools import chain, pairwise
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklstm._arrays import CONVERSION_ERRORS, describe, plain, refuse_dates, to_array
from sklstm._sequence_parts import PADDING as PADDING
from sklstm._sequence_parts import SPECIAL_TOKENS as SPECIAL_TOKENS
from sklstm._sequence_parts import UNKNOWN as UNKNOWN
from sklstm._sequence_parts import (
    check_categories,
    check_codes,
    check_offsets,
    check_spans,
    check_texts,
    check_vectors,
    distinct,
    join_spans,
)
from sklstm._validation import check_columns, check_tokens

CHUNK = 2**16


class Sequences:
    """A ragged batch of token sequences, dictionary-encoded like a categorical.

    Sequence :math:`n` is ``codes[offsets[n]:offsets[n + 1]]``. A code is a row of the
    dictionary: ``categories[code]`` is its string and ``vectors[code]`` its embedding, so a
    batch of embedded documents costs four bytes a token plus one table, however wide the
    vectors are. Code 0 is padding and code 1 an unknown token, everywhere. They are codes, not
    spellings: a token that is written ``"<pad>"`` or ``"<unk>"`` is a token like any other.

    It has the length, shape and indexing that scikit-learn needs to split it.

    Parameters
    ----------
    codes : array-like of int, shape (n_steps,)
        The codes of all sequences, one after the other.
    offsets : array-like of int, shape (n_sequences + 1,)
        Where each sequence starts in `codes`; the last entry is ``n_steps``.
    categories : sequence of str, optional
        The string of each code. The first two, ``"<pad>"`` and ``"<unk>"``, name the codes 0
        and 1; a token so written has another code. None when only ids are known.
    vectors : array-like of float, shape (n_categories, n_features), optional
        The embedding of each code, kept as float32. Row 0, the padding, is all zeros.
    char_spans : array-like of int, shape (n_steps, 2), optional
        Where each step stands in its text: the characters ``text[start:end]``. Kept as int32,
        beside the codes, by every operation; new padding has ``(0, 0)``.
    texts : sequence of str, length n_sequences, optional
        The texts that `char_spans` are about, as they were written. Kept in the same way.

    Attributes
    ----------
    lengths : ndarray of int64, shape (n_sequences,)
        Steps stored for each sequence, padding included.
    shape : tuple
        ``(n_sequences,)``.

    See Also
    --------
    SequencePadder : Truncates and pads sequences.
    sklstm.TokenIndexer : Encodes tokens with a vocabulary learned in ``fit``.
    sklstm.Word2VecEmbedder : Attaches word vectors.

    Examples
    --------
    >>> from sklstm import Sequences
    >>> batch = Sequences.from_tokens([["a", "good", "film"], ["good"]])
    >>> batch.lengths
    array([3, 1])
    >>> batch[1:].tokens()
    [['good']]
    """

    def __init__(self, codes, offsets, categories=None, vectors=None, char_spans=None, texts=None):
        self.categories = None if categories is None else check_categories(categories)
        self.vectors = None if vectors is None else check_vectors(vectors, categories)
        self.codes = check_codes(codes, categories if vectors is None else self.vectors)
        self.offsets = check_offsets(offsets, len(self.codes))
        self.char_spans = None if char_spans is None else check_spans(char_spans, len(self.codes))
        self.texts = None if texts is None else check_texts(texts, self)

    @classmethod
    def from_tokens(cls, tokens, char_spans=None, texts=None):
        """Encode lists of strings; every distinct string becomes a category.

        Parameters
        ----------
        tokens : iterable of list of str
            One list for each sequence.
        char_spans : sequence of array-like of int, shape (n_tokens, 2), optional
            Where the tokens of each sequence stand in its text, as `Tokenizer.offsets` tells.
        texts : sequence of str, optional
            These texts.

        Returns
        -------
        Sequences
            Categories in the order of first appearance.
        """
        if isinstance(tokens, (str, bytes)) or not np.iterable(tokens):
            check_tokens(tokens)  # has the error
        tokens = tokens if isinstance(tokens, (list, tuple, np.ndarray)) else list(tokens)
        found = distinct(tokens)
        index = {token: code for code, token in enumerate(found, len(SPECIAL_TOKENS))}
        offsets = _to_offsets(map(len, tokens))
        flat = map(index.__getitem__, chain.from_iterable(tokens))
        codes = np.fromiter(flat, np.int32, offsets[-1])
        if char_spans is not None:
            char_spans = join_spans(char_spans, np.diff(offsets))
        categories = [*SPECIAL_TOKENS, *index]
        return cls(codes, offsets, categories, char_spans=char_spans, texts=texts)

    @classmethod
    def from_ids(cls, ids):
        """Take ragged lists of ids, or an id matrix, as they are.

        Parameters
        ----------
        ids : sequence of array-like of int
            One row for each sequence; 0 is padding.

        Returns
        -------
        Sequences
            Without categories.
        """
        ids = plain(ids, "ids")
        if hasattr(ids, "__array__"):
            ids = np.ma.filled(ids, PADDING)
        if isinstance(ids, str) or not np.iterable(ids):
            raise TypeError(f"ids must be one list of ids for each sequence; got {describe(ids)}.")
        rows = [to_array(row, "Each sample", "one list of ids") for row in ids]
        if any(row.ndim != 1 for row in rows):
            raise ValueError("Each sample must be one list of ids, or a row of an id matrix.")
        filled = [row for row in rows if len(row)]  # an empty one would count as float
        flat = np.concatenate(filled) if filled else np.zeros(0, np.int32)
        return cls(flat, _to_offsets(map(len, rows)))

    def __len__(self):
        return len(self.offsets) - 1

    @property
    def shape(self):
        """Tuple ``(n_sequences,)``: one sample is one sequence."""
        return (len(self),)

    @property
    def ndim(self):
        """Always 1: a batch is a column of sequences."""
        return 1

    @property
    def lengths(self):
        """Steps stored for each sequence, padding included."""
        return np.diff(self.offsets)

    def __getitem__(self, key):
        if isinstance(key, tuple):  # scikit-learn asks for X[rows, ...]
            if len(key) != 2 or key[1] is not Ellipsis:
                raise IndexError(f"Sequences have one axis; got the index {key!r}.")
            key = key[0]
        if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
            row = range(len(self))[key]
            codes = self.codes[self.offsets[row] : self.offsets[row + 1]]
            return codes if self.vectors is None else self.vectors[codes]
        if isinstance(key, slice) and key.step in (None, 1):
            start, stop, _ = key.indices(len(self))
            offsets = self.offsets[start : max(start, stop) + 1]
            steps = slice(offsets[0], offsets[-1])
            return self._apply(lambda flat: flat[steps], offsets - offsets[0], key)
        try:
            rows = np.arange(len(self))[plain(key)]
        except (*CONVERSION_ERRORS, IndexError) as error:
            raise IndexError(
                "The index of Sequences is an integer, a slice, or a list of integers or booleans; "
                f"got {describe(key)}. The cause: {error}"
            ) from None
        if rows.ndim != 1:
            raise IndexError(f"Sequences have one axis; got the index {key!r}.")
        starts, stops = self.offsets[rows].tolist(), self.offsets[rows + 1].tolist()

        def gather(flat):
            return np.concatenate([flat[:0], *map(flat.__getitem__, map(slice, starts, stops))])

        return self._apply(gather, _to_offsets(self.lengths[rows]), rows)

    def _apply(self, change, offsets, rows=slice(None)):
        """Change the steps: their codes, and in the same way what stands beside these."""
        result = Sequences.__new__(Sequences)  # the parts have been checked before
        result.codes, result.offsets = change(self.codes), offsets
        result.categories, result.vectors = self.categories, self.vectors
        result.char_spans = None if self.char_spans is None else change(self.char_spans)
        result.texts = None if self.texts is None else self.texts[rows]
        return result

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError("Sequences are ragged: a dense array is always a copy.")
        dense = np.zeros((len(self), self.lengths.max(initial=0)), np.int32)
        dense[np.arange(dense.shape[1]) < self.lengths[:, None]] = self.codes
        if self.vectors is not None:
            dense = self.vectors[dense]
        return dense if dtype is None else dense.astype(dtype, copy=False)

    @property
    def dtype(self):
        """Refuse scikit-learn's ``check_array``, which asks every input for it.

        It would go on with the dense array, whose ids an estimator learns as numbers.
        """
        raise TypeError(
            "Sequences are no array to be validated: their ids would be learned as numbers. If a "
            "meta-estimator does this, put the whole pipeline, Tokenizer included, inside it, and "
            "pass it the texts as one column, np.array(texts, dtype=object)[:, None]; or pass it "
            "ids, np.asarray(X), with vocabulary_size= set in its estimator."
        )

    def __repr__(self):
        width = "" if self.vectors is None else f", n_features={self.vectors.shape[1]}"
        known = "" if self.categories is None else f", n_categories={len(self.categories)}"
        return f"Sequences(n_sequences={len(self)}, n_steps={len(self.codes)}{known}{width})"

    def tokens(self):
        """Decode to one list of strings for each sequence, padding left out.

        Returns
        -------
        list of list of str
            ``"<unk>"`` stands for steps of code 1.
        """
        if self.categories is None:
            raise ValueError("These sequences hold ids without strings: categories is None.")
        real = self.without_padding()
        strings = list(map(self.categories.__getitem__, real.codes.tolist()))
        return [strings[start:stop] for start, stop in pairwise(real.offsets.tolist())]

    def without_padding(self):
        """Leave out every step of code 0.

        Returns
        -------
        Sequences
            The same sequences, as short as they really are.
        """
        padding = np.flatnonzero(self.codes == PADDING)
        if not len(padding):
            return self
        offsets = self.offsets - np.searchsorted(padding, self.offsets)
        return self._apply(lambda flat: flat[self.codes != PADDING], offsets)

    def with_vectors(self, vectors):
        """Attach one embedding to each category.

        Parameters
        ----------
        vectors : array-like of float, shape (n_categories, n_features)
            The embeddings.

        Returns
        -------
        Sequences
            The same codes and categories with the new vectors.
        """
        return Sequences(
            self.codes, self.offsets, self.categories, vectors, self.char_spans, self.texts
        )

    def with_categories(self, categories, codes_of=None):
        """Encode the same strings with another list of categories.

        Parameters
        ----------
        categories : sequence of str
            The new dictionary; ``categories[0]`` and ``categories[1]`` are padding and unknown.
            It is shared, not copied.
        codes_of : mapping of str to int, optional
            The code of each category from 2 on. Whoever has it at hand saves going through all
            of `categories`.

        Returns
        -------
        Sequences
            Without vectors. Strings not among `categories` become unknown.
        """
        if codes_of is None:
            categories = check_categories(categories)
            first = len(SPECIAL_TOKENS)  # tokens so written are not padding, and not unknown
            codes_of = {token: code for code, token in enumerate(categories[first:], first)}
        result = self._apply(lambda flat: flat, self.offsets)
        result.codes = self.codes_in(codes_of)
        result.categories, result.vectors = categories, None
        return result

    def codes_in(self, codes_of):
        """Look up what codes another dictionary has for the strings.

        Parameters
        ----------
        codes_of : mapping of str to int
            The code of each string, from 2 on.

        Returns
        -------
        ndarray of int32, shape (n_steps,)
            The codes; 1, for unknown, where there is none.
        """
        if self.categories is None:
            raise ValueError("These sequences hold ids without strings: categories is None.")
        used, places = _number_used(self.codes, len(self.categories))
        strings = map(self.categories.__getitem__, used[len(SPECIAL_TOKENS) :].tolist())
        known = (codes_of.get(string, UNKNOWN) for string in strings)
        return recode(places, np.array([PADDING, UNKNOWN, *known], np.int32))

    def without_unused(self):
        """Leave out the categories, and their vectors, that occur nowhere.

        Returns
        -------
        Sequences
            The same sequences; padding and unknown always stay.
        """
        n_categories = len(self.vectors if self.categories is None else self.categories)
        used, places = _number_used(self.codes, n_categories)
        if len(used) == n_categories:
            return self
        result = self._apply(lambda flat: flat, self.offsets)
        result.codes = places
        if self.categories is not None:
            result.categories = [self.categories[code] for code in used.tolist()]
        if self.vectors is not None:
            result.vectors = self.vectors[used]
        return result


def _number_used(codes, n_categories):
    """Number the categories that occur: list them in order, and find the place of each code.

    Padding and unknown always count as used. A few steps take a time that does not depend on the
    number of categories.
    """
    special = np.arange(len(SPECIAL_TOKENS))
    if len(codes) < n_categories:
        used, places = np.unique(np.concatenate([special, codes]), return_inverse=True)
        return used, places[len(special) :].astype(np.int32)
    occurs = np.zeros(n_categories, bool)
    occurs[codes] = occurs[special] = True
    used = np.flatnonzero(occurs)
    return used, recode(codes, np.cumsum(occurs, dtype=np.int32) - 1)


def recode(codes, table):
    """Replace codes by those of a table.

    Parameters
    ----------
    codes : ndarray of int, shape (n_steps,)
        The codes.
    table : ndarray of int32, shape (n_categories,)
        The new code of each.

    Returns
    -------
    ndarray of int32, shape (n_steps,)
        The new codes.
    """
    new = np.empty(len(codes), np.int32)
    for start in range(0, len(codes), CHUNK):  # numpy makes wide indices of all it gets at once
        part = slice(start, start + CHUNK)
        new[part] = table[codes[part]]
    return new


def _to_offsets(lengths):
    return np.concatenate([[0], np.cumsum(np.fromiter(lengths, np.int64))])


class SequencePadder(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Truncate and pad sequences to one length.

    Padding that is already there does not count: it is dropped first, so only real steps are
    cut, and padding twice changes nothing.

    The estimators of this package batch ragged input by themselves and leave padding out of
    every computation, so this step is needed only to cut long sequences, or for estimators
    that want arrays: ``np.asarray`` makes one of equally long sequences.

    Parameters
    ----------
    max_length : int, default=None
        Steps of each sequence after ``transform``. None takes the longest sequence seen in
        ``fit``. It counts from the next ``transform`` on, as the other parameters do.
    truncating : {"pre", "post", "middle"}, default="pre"
        Where a sequence that is too long loses steps: at its start, at its end, or in the
        middle, which keeps the first and the last ``max_length / 2`` steps.
    padding : {"pre", "post"}, default="post"
        Whether padding goes before or after the real steps.
    ids : bool, default=False
        Whether lists of integers, or an integer matrix, hold ids, with 0 for padding. By
        default they are numbers like any other. Tokens and `Sequences` need no such hint.

    Attributes
    ----------
    max_length_ : int
        Steps of each sequence after ``transform``; at least 1.
    feature_names_in_ : ndarray of str
        Names of the columns, if each sequence was a frame with string names.

    See Also
    --------
    Sequences : The container that tokens and ids are returned in.
    SlidingWindow : Cuts one long series into windows.

    Notes
    -----
    Padding commutes with :class:`~sklstm.Word2VecEmbedder`: either order gives the same
    sequences and the same vectors.

    Examples
    --------
    >>> from sklstm import SequencePadder
    >>> padder = SequencePadder(max_length=3)
    >>> batch = padder.fit_transform([["not", "a", "good", "film"], ["good"]])
    >>> batch.tokens()
    [['a', 'good', 'film'], ['good']]
    >>> batch.lengths
    array([3, 3])

    Numbers become a masked array, in which padding is masked.

    >>> padder.fit_transform([[0.5, 1.5], [2.5]])[:, :, 0]
    masked_array(
      data=[[0.5, 1.5, --],
            [2.5, --, --]],
      mask=[[False, False,  True],
            [False,  True,  True]],
      fill_value=1e+20)
    """

    _parameter_constraints = {
        "max_length": [Interval(Integral, 1, None, closed="left"), None],
        "truncating": [StrOptions({"pre", "post", "middle"})],
        "padding": [StrOptions({"pre", "post"})],
        "ids": ["boolean"],
    }

    def __init__(self, *, max_length=None, truncating="pre", padding="post", ids=False):
        self.max_length = max_length
        self.truncating = truncating
        self.padding = padding
        self.ids = ids

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the length of the longest sequence.

        Parameters
        ----------
        X : Sequences, list of list of str, list of list of int, or list of array-like of float
            The sequences; see ``transform``.
        y : None
            Ignored.

        Returns
        -------
        SequencePadder
            The fitted padder.
        """
        batch = self._read(X, reset=True)
        lengths = batch.lengths if isinstance(batch, Sequences) else list(map(len, batch))
        self._longest = max(1, *lengths)
        return self

    def transform(self, X):
        """Truncate and pad.

        Parameters
        ----------
        X : Sequences, list of list of str, list of list of int, or list of array-like of float
            The sequences. Numbers come as a list of ``(n_steps,)`` or ``(n_steps,
            n_features)`` arrays, as a matrix with one series in each row, or as an array of
            shape ``(n_sequences, n_steps, n_features)``, which may be masked.

        Returns
        -------
        Sequences or masked array of shape (n_sequences, n_steps, n_features)
            `Sequences` for tokens and ids, with code 0 as padding and all vectors kept; a
            masked array for numbers, where the mask is True at padding.
        """
        check_is_fitted(self)
        self._validate_params()
        batch = self._read(X, reset=False)
        if isinstance(batch, Sequences):
            return self._pad_sequences(batch)
        shape = len(batch), self.max_length_, batch[0].shape[1]
        steps, real = self._pad(batch, shape, batch[0].dtype)
        return np.ma.MaskedArray(steps, mask=np.repeat(~real[:, :, None], shape[2], axis=2))

    @property
    def max_length_(self):
        """Steps of each sequence after ``transform``."""
        check_is_fitted(self)
        return self.max_length or self._longest

    def _read(self, X, *, reset):
        if not isinstance(X, Sequences):
            X = plain(X)
            refuse_dates(X, "X")
            if hasattr(X, "__array__") and not isinstance(X, np.ndarray):
                X = plain(np.asarray(X))
            if self.ids:
                X = Sequences.from_ids(X)
            elif _holds_tokens(X):
                X = Sequences.from_tokens(check_tokens(X))
            else:
                check_columns(self, X, reset=reset)
                return _read_numbers(X)
        if not len(X):
            raise ValueError("Found 0 sample(s) while a minimum of 1 is required.")
        return X.without_padding()

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_longest")

    def _pad_sequences(self, batch):
        n, length = len(batch), self.max_length_
        bounds = list(pairwise(batch.offsets.tolist()))

        def pad(flat):
            rows, width = (flat[start:stop] for start, stop in bounds), flat.shape[1:]
            padded, _ = self._pad(rows, (n, length, *width), flat.dtype)
            return padded.reshape(n * length, *width)

        return batch._apply(pad, np.arange(n + 1) * length)

    def _pad(self, rows, shape, dtype):
        padded, real = np.zeros(shape, dtype), np.zeros(shape[:2], bool)
        for n, steps in enumerate(rows):
            kept = self._truncate(steps, shape[1])
            start = 0 if self.padding == "post" else shape[1] - len(kept)
            place = slice(start, start + len(kept))
            padded[n, place] = kept
            real[n, place] = True
        return padded, real

    def _truncate(self, steps, length):
        surplus = len(steps) - length
        if surplus <= 0:
            return steps
        half = -(-length // 2)
        start = {"pre": 0, "post": length, "middle": half}[self.truncating]
        return np.concatenate([steps[:start], steps[start + surplus :]])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags


def _holds_tokens(X):
    if not hasattr(X, "__len__") or getattr(X, "ndim", 1) == 0:
        return True  # check_tokens has the error
    if isinstance(X, np.ndarray) and X.dtype.kind in "biufc":
        return False
    ragged = (list, tuple, np.ndarray)
    telling = next((row for row in X if not isinstance(row, ragged) or len(row)), None)
    if telling is None:  # nothing but empty sequences
        return not any(isinstance(row, np.ndarray) for row in X)
    return isinstance(telling[0] if isinstance(telling, ragged) else telling, str)


def _read_numbers(X):
    """List ragged numbers as (n_steps, n_features) arrays, masked steps left out."""
    if isinstance(X, np.ma.MaskedArray):
        X = X[:, :, None] if X.ndim == 2 else X
        hidden = np.ma.getmaskarray(X)
        if np.any(hidden.any(axis=-1) != hidden.all(axis=-1)):
            raise ValueError("A step must be masked in all of its features, or in none.")
        X = [row[~mask] for row, mask in zip(X.data, hidden.all(axis=-1), strict=True)]
    rows = [_read_series(position, row) for position, row in enumerate(X)]
    if not rows:
        raise ValueError("Found 0 sample(s) while a minimum of 1 is required.")
    widths = {row.shape[1] for row in rows if len(row)} or {rows[0].shape[1]}
    if len(widths) > 1:
        raise ValueError(f"All sequences must have equally many features; got {sorted(widths)}.")
    dtype = np.result_type(np.float32, *{row.dtype for row in rows})
    width = widths.pop()
    return [
        row.astype(dtype, copy=False) if len(row) else np.zeros((0, width), dtype) for row in rows
    ]


def _read_series(position, row):
    try:
        row = np.asarray(plain(row))
    except CONVERSION_ERRORS:  # rows of unequal length, say
        row = np.empty(0, object)
    if row.ndim not in (1, 2) or row.dtype.kind not in "biuf":
        raise ValueError(
            f"Sequence {position} must be an array of numbers of shape (n_steps,) or (n_steps, "
            f"n_features); got shape {row.shape} and dtype {row.dtype}. Put a single series "
            "into a list of one."
        )
    if not np.isfinite(row).all():
        raise ValueError(f"Sequence {position} contains NaN or infinity. Fill or drop these steps.")
    return row[:, None] if row.ndim == 1 else row
