"""What there is to learn from: ``describe``, and the summary that it returns."""

from collections import Counter

import numpy as np
from sklearn.utils import column_or_1d

from sklstm._arguments import about_data
from sklstm._arrays import (
    CONVERSION_ERRORS,
    check_same_length,
    open_samples,
    plain,
    refuse_empty,
    restated,
    to_list,
)
from sklstm._html import make_table
from sklstm._labels import check_labels, is_missing
from sklstm._ragged_numbers import to_ragged_numbers
from sklstm._text_checks import check_texts, check_tokens
from sklstm._unlabelled import column_of_labels
from sklstm.sequences import Sequences
from sklstm.sequences._fields import UNKNOWN
from sklstm.tags import check_tags
from sklstm.text import Tokenizer

MAX_SHOWN = 10  # labels
N_EXAMPLES = 5  # unknown tokens
EXPECTED = "texts, token lists, Sequences, or sequences of numbers"


def describe(X, y=None, *, vocabulary=None, tokenizer=None, X_val=None) -> "DataSummary":
    """Describe data before training: sizes, lengths, labels, duplicates, unknown tokens.

    Parameters
    ----------
    X : list of str, token lists, Sequences or sequences of numbers
        The samples.
    y : array-like of labels, or list of lists of tags, default=None
        Their labels or tags; a 0/1 matrix for several labels. Missing labels count as None.
    vocabulary : Word2VecEmbedder, TokenIndexer or collection of str, default=None
        A fitted transformer, or the known tokens themselves. If given, unknown tokens are counted.
    tokenizer : Tokenizer, default=None
        What splits texts. None is a `Tokenizer` with its defaults.
    X_val : like X, default=None
        Validation data, of which samples that are in X, too, are counted.

    Returns
    -------
    DataSummary
        The figures; it prints as text, and as a table in notebooks.

    Raises
    ------
    TypeError
        If X is not of these forms, or `vocabulary` has no tokens.
    ValueError
        If X and y differ in length.

    Examples
    --------
    >>> from sklstm.inspection import describe
    >>> texts = ["A good film!", "Bad acting", "", "Bad acting"]
    >>> describe(texts, ["pos", "neg", "neg", "pos"], vocabulary={"a", "bad", "film"})
    samples        4
    empty          1
    duplicates     1
    contradictory  2: equal samples with different labels
    tokens         8, 6 different ones
    length         median 2, 95% up to 4, longest 4
    unknown        50% of the tokens, such as 'acting', 'good', '!'
    labels         pos 2 (50%), neg 2 (50%)
    """
    keys, lengths, batch = _read(X, tokenizer)
    summary = DataSummary(len(keys), len(keys) - len(set(keys)))
    summary.lengths, summary.n_empty = lengths, int((lengths == 0).sum())
    if batch is not None and batch.categories is not None:
        _count_tokens(summary, batch, vocabulary)
    if y is not None:
        labels = _labels_of(y)
        check_same_length(X=keys, y=labels)
        _count_labels(summary, keys, labels)
    if X_val is not None:
        known = set(keys)
        with about_data("the validation data"):
            summary.n_shared = sum(key in known for key in _read(X_val, tokenizer)[0])
    return summary


def _read(X, tokenizer):
    """Return what equal samples share, their lengths, and their tokens or None for numbers."""
    if isinstance(X, Sequences):
        refuse_empty(X)
        return list(map(tuple, X.tokens())), X.lengths, X
    if hasattr(X, "columns"):
        X = open_samples(X, EXPECTED)  # one column of samples, or numbers
    X = plain(X)
    if isinstance(X, np.ndarray) and X.ndim and X.dtype.kind in "biufc":
        return _read_numbers(X)
    samples = to_list(X, "one text, or one sequence, for each sample")
    first = next((one for one in samples if not _is_list(one) or len(one)), "")
    if isinstance(first, str):
        samples = check_texts(samples)
        tokens = (Tokenizer() if tokenizer is None else tokenizer).transform(samples)
        batch = tokens if isinstance(tokens, Sequences) else Sequences.from_tokens(tokens)
        return samples, batch.lengths, batch
    if _is_list(first) and isinstance(first[0], str):
        samples = check_tokens(samples)
        batch = Sequences.from_tokens(samples)
        return list(map(tuple, samples)), batch.lengths, batch
    return _read_numbers(samples)


def _is_list(sample):
    return isinstance(sample, str | list | tuple | np.ndarray) and getattr(sample, "ndim", 1) > 0


def _read_numbers(X):
    X = X if isinstance(X, np.ma.MaskedArray) else list(X)
    numbers = to_ragged_numbers(X, EXPECTED)
    steps = np.split(numbers.values, numbers.offsets[1:-1])
    return [one.tobytes() for one in steps], np.diff(numbers.offsets), None


def _count_tokens(summary, batch, vocabulary):
    counts = np.bincount(batch.codes, minlength=len(batch.categories))
    summary.n_tokens, summary.n_distinct = len(batch.codes), int((counts > 0).sum())
    if vocabulary is not None and len(batch.codes):
        steps = np.array(batch.categories, dtype=object)[batch.codes[_unknown(batch, vocabulary)]]
        summary.unknown_share = len(steps) / len(batch.codes)
        summary.unknown_tokens = [token for token, _ in Counter(steps.tolist()).most_common()]


def _unknown(batch, vocabulary):
    """Return whether each token has no place in a vocabulary."""
    if not hasattr(vocabulary, "vocabulary_"):
        try:
            vocabulary = set(() if isinstance(vocabulary, str) else vocabulary)
        except TypeError:
            vocabulary = None
        if not vocabulary:
            raise TypeError(
                "vocabulary must be a fitted Word2VecEmbedder or TokenIndexer, or a list of tokens."
            )
        return np.array([token not in vocabulary for token in batch.categories])[batch.codes]
    encoded = vocabulary.transform(batch)
    if encoded.vectors is None:
        return encoded.codes == UNKNOWN
    return (encoded.vectors == encoded.vectors[UNKNOWN]).all(axis=1)[encoded.codes]


def _labels_of(y):
    """Return a label for each sample, or a tuple of several: its tags, or the columns with a 1."""
    y = plain(y, "y")
    if getattr(y, "shape", ())[1:] == (1,):
        y = column_of_labels(y).ravel()
    rows = np.asarray(y, object).tolist() if hasattr(y, "__array__") else y
    if isinstance(rows, list | tuple) and any(isinstance(row, list | tuple) for row in rows):
        if isinstance(y, np.ndarray) and y.dtype.kind in "biuf" and y.ndim == 2:
            return [tuple(np.flatnonzero(row).tolist()) for row in y]
        return list(map(tuple, check_tags(rows, None)))
    try:
        labels = column_or_1d(column_of_labels(y)).tolist()
        check_labels([label for label in labels if not is_missing(label)], "y")
        return [None if is_missing(label) else label for label in labels]
    except CONVERSION_ERRORS as error:
        raise restated(
            error, "y must hold labels of one type, or None for unlabelled samples."
        ) from None


def _count_labels(summary, keys, labels):
    labels_of = {}
    for key, label in zip(keys, labels, strict=True):
        if label is not None:
            labels_of.setdefault(key, set()).add(label)
    summary.n_contradictory = sum(len(labels_of.get(key, ())) > 1 for key in keys)
    parts = labels
    if any(isinstance(label, tuple) for label in labels):
        parts = [part for label in labels for part in label]
    summary.label_counts = dict(Counter(parts).most_common())


class DataSummary:
    """Figures of a data set, which print as text and, in notebooks, as a table.

    Parameters
    ----------
    n_samples : int
        Number of samples.
    n_duplicates : int
        How many of them equal an earlier one.

    Attributes
    ----------
    lengths : ndarray of int
        Tokens or steps of each sample.
    n_empty : int
        Samples without any.
    n_tokens, n_distinct : int or None
        Tokens, and different ones; None for numbers.
    unknown_share : float or None
        Share of the tokens that are not in the vocabulary.
    unknown_tokens : list of str
        These tokens, the most frequent first.
    label_counts : dict or None
        How often there is each label or tag, the most frequent first.
    n_contradictory : int
        Samples of which there is an equal one with another label.
    n_shared : int or None
        Samples of the validation data that are in X, too.

    See Also
    --------
    describe : Makes one.

    Examples
    --------
    >>> from sklstm.inspection import describe
    >>> summary = describe([["a", "film"], ["a", "film"], []])
    >>> summary.n_duplicates, summary.n_empty, summary.lengths
    (1, 1, array([2, 2, 0]))
    """

    def __init__(self, n_samples: int, n_duplicates: int):
        self.n_samples, self.n_duplicates = n_samples, n_duplicates
        self.lengths = np.empty(0, int)
        self.n_empty = self.n_contradictory = 0
        self.n_tokens = self.n_distinct = self.n_shared = None
        self.unknown_share = self.label_counts = None
        self.unknown_tokens = []

    def __repr__(self):
        return "\n".join(f"{name:<14} {value}" for name, value in self._rows())

    def _repr_html_(self):
        return make_table(self._rows())

    def _rows(self):
        """Yield names and values of what there is to say."""
        yield "samples", f"{self.n_samples:,}"
        yield "empty", f"{self.n_empty:,}"
        yield "duplicates", f"{self.n_duplicates:,}"
        if self.n_contradictory:
            yield "contradictory", f"{self.n_contradictory:,}: equal samples with different labels"
        if self.n_shared is not None:
            yield "in both", f"{self.n_shared:,} samples of the validation data are in X, too"
        if self.n_tokens is not None:
            yield "tokens", f"{self.n_tokens:,}, {self.n_distinct:,} different ones"
        middle, high = np.quantile(self.lengths, [0.5, 0.95], method="higher")
        yield "length", f"median {middle}, 95% up to {high}, longest {self.lengths.max()}"
        if self.unknown_share is not None:
            examples = ", ".join(map(repr, self.unknown_tokens[:N_EXAMPLES]))
            such_as = f", such as {examples}" if examples else ""
            yield "unknown", f"{self.unknown_share:.0%} of the tokens{such_as}"
        if self.label_counts is not None:
            yield "labels", self._shown_labels()

    def _shown_labels(self):
        total = sum(self.label_counts.values())
        shown = [
            f"{label} {count:,} ({count / total:.0%})"
            for label, count in list(self.label_counts.items())[:MAX_SHOWN]
        ]
        n_others = len(self.label_counts) - len(shown)
        return ", ".join(shown) + (f", and {n_others:,} others" if n_others else "")
