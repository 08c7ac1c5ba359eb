"""Ragged batches of numbers, and what a user may pass for one."""

import reprlib

import numpy as np
from sklearn.utils.validation import validate_data

from sklstm._arguments import describe
from sklstm._arrays import (
    CONVERSION_ERRORS,
    column_names,
    open_sample,
    real_steps,
    refuse_empty,
    to_numbers,
)


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


def to_ragged_numbers(X, expected, n_columns=None):
    """Read sequences of numbers, all of one width.

    Parameters
    ----------
    X : list of array-like, or array of shape (n_sequences, n_steps[, n_features])
        The sequences; steps of an array may be masked.
    expected : str
        What is accepted, for the error messages.
    n_columns : int, default=None
        Columns of the user's table, if `X` is one.

    Returns
    -------
    Numbers
        All real steps, which are finite.
    """
    refuse_empty(X)
    if isinstance(X, list):
        rows = [_to_steps(position, sample, expected) for position, sample in enumerate(X)]
        filled = [row for row in rows if len(row)] or rows[:1]
        widths = sorted({row.shape[1] for row in filled})
        if len(widths) > 1:
            raise ValueError(
                "Every sample must have the shape (n_steps, n_features) with one n_features for "
                f"all; got {widths} features."
            )
        steps, lengths = np.concatenate(filled), list(map(len, rows))
    elif isinstance(X, np.ma.MaskedArray):
        X = X if X.ndim == 3 else X[:, :, None]
        real = real_steps(np.ma.getmaskarray(X))  # (N, T)
        steps, lengths = X.data[real], real.sum(axis=1)
    else:
        X = to_numbers(X, "X", expected)
        n_sequences, n_steps, n_features = (*X.shape, 1)[:3]
        steps = X.reshape(n_sequences * n_steps, n_features)
        lengths = [n_steps] * n_sequences
    steps = to_numbers(steps, "X", expected)
    if not steps.shape[1]:
        raise ValueError("Found array with 0 feature(s) while a minimum of 1 is required.")
    finite = np.isfinite(steps)
    if not finite.all():
        step = finite.all(axis=1).argmin()
        position = np.searchsorted(np.cumsum(lengths), step, side="right")
        raise ValueError(f"Sample {position} contains NaN or infinity. Fill or drop these steps.")
    return Numbers(steps, lengths, n_columns)


def _to_steps(position, sample, expected):
    try:
        array = np.asarray(open_sample(sample))
        array = array.astype(np.result_type(array, np.float32), copy=False)
    except CONVERSION_ERRORS:  # rows of unequal length, say
        array = None
    if array is None or array.ndim not in (1, 2) or array.dtype.kind not in "fcO":
        shape = "" if array is None else f" and shape {array.shape}"
        raise ValueError(
            f"Sample {position} must be an array of numbers of the shape (n_steps,) or "
            f"(n_steps, n_features), but is {describe(sample)}{shape}. X may be {expected}."
        )
    return array[:, None] if array.ndim == 1 else array


def check_columns(estimator, X, *, reset):
    """Check the columns of frames, one for each sample, as scikit-learn does those of one frame.

    Parameters
    ----------
    estimator : estimator
        Gets ``feature_names_in_``, or has it.
    X : object
        What the user passed; without a frame in it there are no names.
    reset : bool
        Whether to learn the names, or to compare them with those learned.

    Raises
    ------
    ValueError
        If the frames do not agree, or are not those of ``fit``.
    """
    frame = _frame_for_all(X)
    if frame is None and not reset and not hasattr(estimator, "feature_names_in_"):
        return  # there are no names to compare
    validate_data(
        estimator,
        X if frame is None else frame,
        reset=reset,
        skip_check_array=True,
        ensure_2d=False,
    )


def _frame_for_all(X):
    """Return the first frame with names, which those of all other samples must equal."""
    if getattr(X, "ndim", 1) != 1 or getattr(getattr(X, "dtype", None), "kind", "O") != "O":
        return None
    samples = X if isinstance(X, (list, tuple)) else np.asarray(X)
    names = list(map(column_names, samples))
    first = next((row for row, found in enumerate(names) if found), None)
    if first is None:
        return None
    for row, found in enumerate(names):
        if found != names[first] and (found or len(samples[row])):
            raise ValueError(
                f"Sample {first} of X has the columns {reprlib.repr(names[first])}, but sample "
                f"{row} has {reprlib.repr(found) if found else 'none with names'}: give all "
                "samples the same columns, in one order."
            )
    return samples[first]
