"""Arrays, numbers, labels and options of a user, and what is said of others."""

import reprlib
from datetime import date, time, timedelta
from numbers import Integral

import numpy as np
from sklearn.utils import assert_all_finite, check_array

from sklstm._sklearn import check_sample_weight

DATES = (date, time, timedelta, np.datetime64, np.timedelta64)
# what numpy, pandas and torch raise on values that make no array
CONVERSION_ERRORS = (TypeError, ValueError, OverflowError, RecursionError, RuntimeError)
LARGEST_SEARCH = 2**30  # numbers that a search holds at once


def describe(value):
    """Show a value, shortened, and its type.

    Parameters
    ----------
    value : object
        Anything that a user may pass.

    Returns
    -------
    str
        For an error message.
    """
    shown = " ".join(reprlib.repr(value).split())  # frames have lines
    return f"{shown} of type {type(value).__name__}"


def plain(values, name="X"):
    """Take arrays out of tensors, and strings out of numpy's own dtype for them.

    Parameters
    ----------
    values : object
        The user's input.
    name : str, default="X"
        What it is, for the error message.

    Returns
    -------
    object
        An array, for a tensor on whatever device, with or without a gradient; a list with
        such arrays, for a list of tensors; anything else as it is.

    Raises
    ------
    TypeError
        If a tensor is no dense array: it is sparse, nested, quantized or without values.
    """
    if isinstance(values, (list, tuple)):
        if any(map(_is_special, set(map(type, values)))):
            return [plain(value, name) for value in values]
        return values
    if hasattr(values, "requires_grad"):
        return _array_of(values, name)
    if isinstance(values, np.ndarray) and values.dtype.kind == "T":
        return values.astype(object)
    return values


def _is_special(kind):
    return hasattr(kind, "requires_grad") or issubclass(kind, np.ndarray)


def _array_of(tensor, name):
    try:
        tensor = tensor.detach().cpu().resolve_conj().resolve_neg()
        return np.asarray(tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor)
    except CONVERSION_ERRORS:
        raise TypeError(
            f"{name} holds a {tensor.dtype} tensor on the device {tensor.device} in the layout "
            f"{tensor.layout}, which makes no array. Pass dense tensors, or arrays."
        ) from None


def restated(error, message):
    """Make an error that a user understands of one that numpy, pandas or torch raised.

    Parameters
    ----------
    error : Exception
        One of `CONVERSION_ERRORS`.
    message : str
        What is wrong, and what is accepted.

    Returns
    -------
    TypeError or ValueError
        To raise.
    """
    kind = TypeError if isinstance(error, TypeError) else ValueError
    return kind(f"{message} The cause: {error}")


def to_array(values, name, expected):
    """Make an array, whatever it may hold.

    Parameters
    ----------
    values : array-like
        The user's input.
    name : str
        What it is, for the error message.
    expected : str
        What is accepted, for the error message.

    Returns
    -------
    ndarray
        Of any shape and type.
    """
    try:
        return np.asarray(plain(values, name))
    except CONVERSION_ERRORS as error:
        raise restated(error, f"{name} must be {expected}; got {describe(values)}.") from None


def to_numbers(values, name, expected):
    """Make an array of numbers of any shape.

    Parameters
    ----------
    values : array-like
        Numbers in an array, list, series, frame or tensor.
    name : str
        What they are, for the error message.
    expected : str
        What is accepted, for the error message.

    Returns
    -------
    ndarray of float64 or float32
        Perhaps with NaN or infinity.

    Raises
    ------
    TypeError, ValueError
        If there is a value that is no number.
    """
    values = plain(values, name)
    refuse_masked(values, name)
    refuse_dates(values, name)
    try:
        return check_array(
            values,
            dtype=(np.float64, np.float32),
            ensure_all_finite=False,
            ensure_2d=False,
            allow_nd=True,
            ensure_min_samples=0,
            ensure_min_features=0,
            input_name=name,
        )
    except CONVERSION_ERRORS as error:
        raise restated(error, f"{name} must be {expected}; got {describe(values)}.") from None


def refuse_dates(values, name):
    """Check that an input holds no dates, times or durations, which pass for numbers.

    Parameters
    ----------
    values : object
        Any input.
    name : str
        What it is, for the error message.
    """
    try:
        found = _hold_dates(values)
    except (*CONVERSION_ERRORS, LookupError):  # it has an error of its own, later
        return
    if found:
        raise ValueError(
            f"{name} holds dates or times: {describe(values)}. Leave them out, or turn them into "
            "numbers such as the month or the days since the first."
        )


def _hold_dates(values):
    """Look at the first row."""
    if isinstance(values, (list, tuple)):
        return any(map(_hold_dates, values[:1])) or any(
            issubclass(kind, DATES) for kind in set(map(type, values))
        )
    if hasattr(values, "columns") and any(map(_is_temporal, list(values.dtypes))):
        return True  # numpy makes numbers of these where they stand beside numbers
    kind = getattr(getattr(values, "dtype", None), "kind", None)
    if isinstance(values, DATES) or kind in ("m", "M"):
        return True
    if kind in tuple("biufcUS") or not hasattr(values, "__array__"):
        return False
    first = np.asarray(values[:1])
    return first.dtype.kind in "mM" or any(isinstance(value, DATES) for value in first.ravel())


def _is_temporal(dtype):
    if hasattr(dtype, "is_temporal"):  # of polars
        return dtype.is_temporal()
    return getattr(dtype, "kind", None) in ("m", "M")


def refuse_masked(values, name):
    """Check that no value is masked: what is behind a mask would be read.

    Parameters
    ----------
    values : object
        Any input.
    name : str
        What it is, for the error message.
    """
    if np.ma.is_masked(values):
        raise ValueError(
            f"{name} is masked in places, and none of its values may be missing: fill them, or "
            "leave their samples out."
        )


def masked_steps(mask):
    """Find the steps that a mask hides.

    Parameters
    ----------
    mask : ndarray of bool, shape (..., n_features)
        True where a number is hidden.

    Returns
    -------
    ndarray of bool, shape (...)
        True where all numbers of a step are.
    """
    hidden = mask.all(axis=-1)
    if np.any(mask.any(axis=-1) != hidden):
        raise ValueError("A step of X must be masked in all of its features, or in none.")
    return hidden


def common_width(rows):
    """Check that all sequences have the same number of features.

    Parameters
    ----------
    rows : list of ndarray, each of shape (n_steps, n_features)
        The sequences.

    Returns
    -------
    int
        Their number of features; sequences without steps do not count beside others.
    """
    widths = sorted({row.shape[1] for row in rows if len(row)} or {rows[0].shape[1]})
    if len(widths) > 1:
        raise ValueError(
            "Every sample must have the shape (n_steps, n_features) with one n_features for "
            f"all; got {widths} features."
        )
    return widths[0]


def refuse_missing(values, name):
    """Check that there is a label in every place.

    Parameters
    ----------
    values : array-like
        Labels of any type.
    name : str
        What they are, for the error message.
    """
    refuse_masked(values, name)
    dtype = getattr(values, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind in "biufcUS":  # NaN has an error of its own
        return
    try:
        labels = np.asarray(values, dtype=object).ravel()
    except CONVERSION_ERRORS:
        return
    missing = next((place for place, label in enumerate(labels) if is_missing(label)), None)
    if missing is not None:
        raise ValueError(
            f"{name} holds the missing value {labels[missing]} at position {missing}, and none may "
            "be missing: leave such samples out."
        )


def is_missing(label):
    """Tell whether a value stands for a missing one.

    Parameters
    ----------
    label : object
        Any value.

    Returns
    -------
    bool
        True for None, NaN, NaT and pandas' NA.
    """
    if label is None or isinstance(label, str):
        return label is None
    try:
        return bool(label != label)  # NaN and NaT differ from themselves
    except (TypeError, ValueError):  # pandas' NA leaves it open; an array has several answers
        return type(label).__name__ == "NAType"


def check_labels(labels, name):
    """Check labels, which may be of any type.

    Parameters
    ----------
    labels : array-like
        The user's labels.
    name : str
        What they are, for the error message.

    Returns
    -------
    array-like
        None of them missing, and no tensor.
    """
    labels = plain(labels, name)
    refuse_dates(labels, name)
    refuse_missing(labels, name)
    kinds = set(map(type, labels)) if isinstance(labels, (list, tuple)) else ()
    if len({issubclass(kind, str) for kind in kinds}) > 1:  # numpy would make strings of all
        found = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise TypeError(f"{name} must hold labels of one type; got {found}.")
    if getattr(getattr(labels, "dtype", None), "kind", None) == "V":
        raise TypeError(f"{name} must hold labels, such as str or int; got {labels.dtype} values.")
    return labels


def check_option(value, options, name):
    """Check that a value is one of the accepted strings.

    Parameters
    ----------
    value : object
        What the user chose.
    options : sequence of str
        The accepted ones.
    name : str
        The argument, for the error message.
    """
    if not isinstance(value, str | None) or value not in options:
        raise ValueError(
            f"{name} must be one of {', '.join(map(repr, options))}, got {reprlib.repr(value)}."
        )


def check_memory(n_numbers, advice):
    """Refuse a search that no memory holds, before the system ends the process.

    Parameters
    ----------
    n_numbers : int
        Numbers of eight bytes that it holds at once.
    advice : str
        What the user can do.

    Raises
    ------
    ValueError
        If that is too much.
    """
    if n_numbers > LARGEST_SEARCH:
        raise ValueError(
            f"The search would take {n_numbers / 2**27:,.0f} GiB of memory; it may take "
            f"{LARGEST_SEARCH / 2**27:,.0f}. {advice}"
        )


def check_count(n, name):
    """Check a number of things to find.

    Parameters
    ----------
    n : int
        What the user asked for.
    name : str
        The argument, for the error message.

    Returns
    -------
    int
        Python's own: numpy's may overflow, and torch takes no bool.
    """
    if not isinstance(n, Integral) or n < 1:
        raise ValueError(f"{name} must be an integer of at least 1; got {n!r:.60}.")
    return int(n)


def check_weights(sample_weight, samples, **options):
    """Check the weights of samples.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), or None
        The user's weights.
    samples : sized
        What they belong to.
    **options : dict
        Of scikit-learn's own check, such as ``ensure_non_negative``.

    Returns
    -------
    ndarray of float64, shape (n_samples,)
        Ones for None.
    """
    if sample_weight is not None:
        sample_weight = to_numbers(sample_weight, "sample_weight", "one number for each sample")
        assert_all_finite(sample_weight, input_name="sample_weight")
        if not sample_weight.ndim:
            sample_weight = float(sample_weight)
    return check_sample_weight(sample_weight, samples, dtype=float, **options)
