"""Arrays made of what a user passes."""

from datetime import date, time, timedelta

import numpy as np
from sklearn.utils import check_array

from sklstm._arguments import describe

DATE_TYPES = (date, time, timedelta, np.datetime64, np.timedelta64)
# what numpy, pandas and torch raise on values that make no array
CONVERSION_ERRORS = (TypeError, ValueError, OverflowError, RecursionError, RuntimeError)


def plain(values, name="X"):
    """Return arrays for tensors, alone or in a list, and objects for numpy's strings.

    A tensor may be on any device and have a gradient. One that is sparse, nested, quantized or
    without values raises TypeError. Anything else is returned as it is.
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
    """Return one of `CONVERSION_ERRORS` as a TypeError or ValueError that a user understands."""
    kind = TypeError if isinstance(error, TypeError) else ValueError
    return kind(f"{message} The cause: {error}")


def to_array(values, name, expected):
    """Make an array of any shape and type; an error says that `name` must be `expected`."""
    try:
        return np.asarray(plain(values, name))
    except CONVERSION_ERRORS as error:
        raise restated(error, f"{name} must be {expected}; got {describe(values)}.") from None


def to_numbers(values, name, expected):
    """Make an array of float64 or float32 of any shape, perhaps with NaN or infinity.

    An error says that `name` must be `expected`.
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
    """Check that an input holds no dates, times or durations, which pass for numbers."""
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
            issubclass(kind, DATE_TYPES) for kind in set(map(type, values))
        )
    if hasattr(values, "columns") and any(map(_is_temporal, list(values.dtypes))):
        return True  # numpy makes numbers of these where they stand beside numbers
    kind = getattr(getattr(values, "dtype", None), "kind", None)
    if isinstance(values, DATE_TYPES) or kind in ("m", "M"):
        return True
    if kind in tuple("biufcUS") or not hasattr(values, "__array__"):
        return False
    first = np.asarray(values[:1])
    return first.dtype.kind in "mM" or any(isinstance(value, DATE_TYPES) for value in first.ravel())


def _is_temporal(dtype):
    if hasattr(dtype, "is_temporal"):  # of polars
        return dtype.is_temporal()
    return getattr(dtype, "kind", None) in ("m", "M")


def refuse_masked(values, name):
    """Check that no value is masked, since it would be read."""
    if np.ma.is_masked(values):
        raise ValueError(
            f"{name} is masked in places, and none of its values may be missing: fill them, or "
            "leave their samples out."
        )


def masked_steps(mask):
    """Return the steps, shape (...), whose features, shape (..., n_features), are all masked."""
    hidden = mask.all(axis=-1)
    if np.any(mask.any(axis=-1) != hidden):
        raise ValueError("A step of X must be masked in all of its features, or in none.")
    return hidden


def common_width(rows):
    """Return the number of features of all sequences, each of shape (n_steps, n_features).

    Sequences without steps do not count beside others.
    """
    widths = sorted({row.shape[1] for row in rows if len(row)} or {rows[0].shape[1]})
    if len(widths) > 1:
        raise ValueError(
            "Every sample must have the shape (n_steps, n_features) with one n_features for "
            f"all; got {widths} features."
        )
    return widths[0]
