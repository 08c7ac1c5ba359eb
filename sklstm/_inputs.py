"""What a user may pass to an estimator as X, read into flat steps."""

import numpy as np
from sklearn.utils import assert_all_finite, check_array
from sklearn.utils.validation import validate_data

from sklstm._arguments import describe
from sklstm._arrays import (
    CONVERSION_ERRORS,
    common_width,
    masked_steps,
    plain,
    refuse_dates,
    to_numbers,
)
from sklstm._validation import check_columns, check_tokens, holds_annotated_tokens, refuse_empty
from sklstm.sequences import Sequences
from sklstm.sequences._fields import PADDING

ACCEPTED = (
    "token lists (of a Tokenizer), Sequences (of a TokenIndexer, Word2VecEmbedder or "
    "SequencePadder), ids with vocabulary_size=, a 2-D or 3-D array of numbers, or a list of "
    "(n_steps, n_features) arrays"
)
FLOATS = (np.float64, np.float32)  # kept as they come; anything else becomes the first


class Numbers:
    """A ragged batch of numbers.

    Parameters
    ----------
    values : ndarray of float, shape (n_steps, n_features)
        The steps of all sequences, one after the other.
    lengths : array-like of int
        Steps of each sequence.
    n_columns : int, default=None
        Columns of the 2-D array that the numbers came in, if they did.
    """

    def __init__(self, values, lengths, n_columns=None):
        self.values = values
        self.offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        self.n_columns = n_columns

    def __len__(self):
        return len(self.offsets) - 1


def read_input(X, estimator, vocabulary_size=None, kind=None, n_columns=None):
    """Read any accepted X.

    Parameters
    ----------
    X : object
        The user's input.
    estimator : estimator
        A 2-D array of numbers sets its ``n_features_in_``, or is checked against it; names of
        columns set its ``feature_names_in_``, or are checked against them.
    vocabulary_size : int, default=None
        Given, integers are token ids below it.
    kind : {"numbers", "ids", "tokens", "vectors"}, default=None
        What ``fit`` found X to be; None in ``fit``, which learns the columns.
    n_columns : int, default=None
        Columns of the 2-D array that ``fit`` got, if it did.

    Returns
    -------
    Sequences or Numbers
        Padding still in place.
    """
    reset = kind is None
    if isinstance(X, Sequences):
        return _read_sequences(X, vocabulary_size)
    given, X = X, _as_list_or_array(X)
    if isinstance(X, list):
        if _hold_words(X) or (kind == "tokens" and _is_empty(X)):
            return Sequences.from_tokens(check_tokens(X))
        if vocabulary_size is not None:
            return _read_id_lists(X, vocabulary_size)
        check_columns(estimator, given, reset=reset)
        return _read_ragged(X)
    if vocabulary_size is not None:
        return _read_id_matrix(X, vocabulary_size)
    if len(X.shape) > 3:
        raise ValueError(f"X has {len(X.shape)} axes, of the shape {X.shape}; expected {ACCEPTED}.")
    if len(X.shape) == 3:
        check_columns(estimator, given, reset=reset)
    if isinstance(X, np.ma.MaskedArray) and X.ndim in (2, 3):
        return _read_masked(X if X.ndim == 3 else X[:, :, None])
    numbers = to_numbers(X, "X", ACCEPTED)
    X = X if hasattr(X, "columns") else numbers
    if len(X.shape) == 3:
        X = check_array(X, dtype=FLOATS, allow_nd=True, input_name="X")
        n_sequences, n_steps, n_features = X.shape
        return _read_steps(X.reshape(n_sequences * n_steps, n_features), [n_steps] * n_sequences)
    if not reset and n_columns is None:
        X = check_array(X, dtype=FLOATS, input_name="X")
        return Numbers(X.reshape(-1, 1), [X.shape[1]] * len(X))
    X = validate_data(estimator, X, dtype=FLOATS, reset=reset)
    return Numbers(X.reshape(-1, 1), [X.shape[1]] * len(X), n_columns=X.shape[1])


def kind_of(data):
    """Name the kind of an input.

    Parameters
    ----------
    data : Sequences or Numbers
        What `read_input` returned.

    Returns
    -------
    {"numbers", "ids", "tokens", "vectors"}
        Its kind.
    """
    if isinstance(data, Numbers):
        return "numbers"
    if data.vectors is not None:
        return "vectors"
    return "ids" if data.categories is None else "tokens"


def _as_list_or_array(X):
    """List samples that hold words or differ in shape; make an array of all others."""
    X = plain(X)
    refuse_dates(X, "X")
    if hasattr(X, "columns"):
        X = _open_frame(X)
    elif hasattr(X, "__array__"):
        X = X if isinstance(X, np.ma.MaskedArray) else plain(np.asarray(X))
    elif not isinstance(X, (list, tuple)) and not isinstance(getattr(X, "shape", None), tuple):
        raise TypeError(f"X is {describe(X)}; expected {ACCEPTED}.")
    if not isinstance(X, (list, tuple)) and not _is_column(X):
        return X
    refuse_empty(X)
    rows = [_without_wrapper(sample) for sample in X]
    if _hold_words(rows):
        return rows
    if holds_annotated_tokens(rows):
        check_tokens(rows)
    if any(sample is None for sample in rows):
        position = next(number for number, sample in enumerate(rows) if sample is None)
        raise TypeError(f"Sample {position} of X is None. Fill missing samples, or drop them.")
    try:
        array = np.asarray(rows)
    except CONVERSION_ERRORS:  # ragged
        return rows
    return array if array.size else rows


def _open_frame(X):
    """Take the samples out of a frame with one column of them; numbers keep their frame."""
    array = plain(np.asarray(X))
    if array.ndim != 2:
        raise TypeError(f"X is {describe(X)}; expected {ACCEPTED}.")
    if array.dtype.kind not in "OSU":
        return X
    kinds = [set(map(type, column)) for column in array.T]
    worded = [
        name for name, found in zip(X.columns, kinds, strict=True) if any(map(_is_word, found))
    ]
    if not worded:
        return X
    if len(kinds) > 1:
        raise TypeError(
            f"X is a frame of {len(kinds)} columns, with more than numbers in {worded}: pass the "
            "column that holds the samples, or send each through transformers of its own, with "
            "scikit-learn's ColumnTransformer."
        )
    return array[:, 0]


def _is_word(kind):
    return issubclass(kind, (str, bytes)) or hasattr(kind, "__len__")


def _is_column(X):
    """Whether an array has one object, or one row of words, for each sample."""
    if not isinstance(X, np.ndarray) or X.dtype.kind in "biufc":
        return False
    return X.ndim == 1 or (X.ndim == 2 and _hold_words(X))


def _without_wrapper(sample):
    """Take the array out of a frame, a series or a tensor, and real steps out of masked ones."""
    if isinstance(sample, np.ma.MaskedArray) and sample.ndim:
        hidden = np.ma.getmaskarray(sample).reshape(len(sample), -1)  # (T, F)
        return sample.data[~masked_steps(hidden)]
    sample = plain(sample)
    if hasattr(sample, "__array__") and not isinstance(sample, str):
        return plain(np.asarray(sample))
    return sample


def _hold_words(samples):
    for sample in samples:
        if isinstance(sample, np.ndarray):
            items = sample.ravel() if sample.dtype.kind in "OSU" else ()
        else:
            items = sample if isinstance(sample, (list, tuple)) else (sample,)
        # a set of types is built in C, however long the sample
        if any(issubclass(kind, (str, bytes)) for kind in set(map(type, items))):
            return True
    return False


def _is_empty(samples):
    return not any(row.size if isinstance(row, np.ndarray) else _is_filled(row) for row in samples)


def _is_filled(row):
    return not isinstance(row, (list, tuple)) or len(row) > 0


def _read_sequences(X, vocabulary_size):
    refuse_empty(X)
    if X.vectors is not None:
        X = X.without_unused()
        assert_all_finite(X.vectors, input_name="the vectors of X")
        return X
    return _read_ids(X.codes, X.lengths, vocabulary_size) if X.categories is None else X


def _read_id_matrix(X, vocabulary_size):
    X = X.filled(PADDING) if isinstance(X, np.ma.MaskedArray) else X
    if getattr(getattr(X, "dtype", None), "kind", "O") not in "biu":
        X = to_numbers(X, "X", "whole-numbered ids")
    X = check_array(X, dtype="numeric", ensure_min_features=0, input_name="X")
    return _read_ids(X.ravel(), [X.shape[1]] * len(X), vocabulary_size)


def _read_id_lists(samples, vocabulary_size):
    rows = []
    for position, sample in enumerate(samples):
        try:
            row = np.asarray(sample)
        except CONVERSION_ERRORS:
            row = np.empty(())
        if not isinstance(sample, (list, tuple, np.ndarray)) or row.ndim != 1:
            raise ValueError(
                f"With vocabulary_size=, every sample is a list of ids; sample {position} is "
                f"{describe(sample)}."
            )
        rows.append(row)
    ids = np.concatenate([row for row in rows if len(row)] or [np.zeros(0, int)])
    return _read_ids(ids, list(map(len, rows)), vocabulary_size)


def _read_ids(ids, lengths, vocabulary_size):
    if vocabulary_size is None:
        raise ValueError("X holds ids without their strings: set vocabulary_size=.")
    whole = ids.dtype.kind == "f" and np.array_equal(ids, np.trunc(ids))
    if not whole and ids.dtype.kind not in "iu":
        raise ValueError(
            f"With vocabulary_size=, X must hold whole-numbered ids; got {ids.dtype} values. "
            "Leave vocabulary_size=None for numbers."
        )
    low, high = ids.min(initial=0), ids.max(initial=0)
    if low < 0 or high >= vocabulary_size:
        raise ValueError(
            f"X holds the id {low if low < 0 else high}, but ids must lie in "
            f"0 .. {vocabulary_size - 1} for vocabulary_size={vocabulary_size}. Cap the ids "
            "(TokenIndexer(max_tokens=...) does) or raise vocabulary_size."
        )
    return Sequences(ids.astype(np.int32), np.concatenate([[0], np.cumsum(lengths)]))


def _read_masked(X):
    padding = masked_steps(np.ma.getmaskarray(X))  # (N, T)
    return _read_steps(X.data[~padding], (~padding).sum(axis=1))


def _read_ragged(samples):
    arrays = [_read_sample(position, sample) for position, sample in enumerate(samples)]
    filled = [array for array in arrays if len(array)] or arrays[:1]
    common_width(filled)
    return _read_steps(np.concatenate(filled), list(map(len, arrays)))


def _read_sample(position, sample):
    try:
        array = np.asarray(sample)
        array = array.astype(np.result_type(array, np.float32), copy=False)
    except CONVERSION_ERRORS:
        array = None
    if array is None or array.ndim not in (1, 2):
        raise ValueError(
            f"Sample {position} must be an array of numbers of the shape (n_steps,) or "
            f"(n_steps, n_features), but is {describe(sample)}. X may be {ACCEPTED}."
        )
    return array[:, None] if array.ndim == 1 else array


def _read_steps(steps, lengths):
    """Check steps whose number may differ from one sequence, or call, to the next."""
    steps = to_numbers(steps, "X", ACCEPTED)
    steps = check_array(steps, dtype=FLOATS, input_name="X", ensure_min_samples=0)
    return Numbers(steps, lengths)
