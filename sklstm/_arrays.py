"""Arrays and lists made of what a user passes."""

import reprlib
from collections.abc import Sequence
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


def open_samples(X, expected):
    """Take the samples out of whatever holds them.

    Parameters
    ----------
    X : object
        The user's input.
    expected : str
        What is accepted, for the error messages.

    Returns
    -------
    list, array or frame
        A list where samples are objects, each of them opened too; else numbers in one piece.
    """
    X = plain(X)
    refuse_dates(X, "X")
    if hasattr(X, "columns"):
        X = _open_frame(X, expected)
    elif hasattr(X, "__array__"):
        X = X if isinstance(X, np.ma.MaskedArray) else plain(np.asarray(X))
    elif not isinstance(X, (list, tuple)) and not isinstance(getattr(X, "shape", None), tuple):
        raise TypeError(f"X is {describe(X)}; expected {expected}.")
    holds_objects = isinstance(X, np.ndarray) and X.ndim in (1, 2) and X.dtype.kind not in "biufc"
    if not holds_objects and not isinstance(X, (list, tuple)):
        return X
    refuse_empty(X)
    return [open_sample(sample) for sample in X]


def _open_frame(X, expected):
    """Take the samples out of a frame with one column of them; numbers keep their frame."""
    array = plain(np.asarray(X))
    if array.ndim != 2:
        raise TypeError(f"X is {describe(X)}; expected {expected}.")
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


def open_sample(sample):
    """Take the array out of a frame, series or tensor, and the real steps out of a masked array."""
    if isinstance(sample, np.ma.MaskedArray) and sample.ndim:
        mask = np.ma.getmaskarray(sample).reshape(len(sample), -1)  # (T, F)
        return sample.data[real_steps(mask)]
    sample = plain(sample)
    if hasattr(sample, "__array__") and not isinstance(sample, str):
        return plain(np.asarray(sample))
    return sample


def to_list(X, expected):
    """List the samples of any ordered container.

    Parameters
    ----------
    X : sequence or array-like
        A list, a tuple, an array, a Series, or a frame with one column.
    expected : str
        What the caller accepts, for the error messages.

    Returns
    -------
    list
        The samples; one column of an array counts as its values.

    Raises
    ------
    TypeError
        If `X` is one bare string, or no ordered container.
    ValueError
        If there is no sample.
    """
    if isinstance(X, (str, bytes)):
        raise TypeError(
            f"Expected {expected}, got one bare {type(X).__name__}: {reprlib.repr(X)}. "
            "For a single sample pass a list of one."
        )
    X = plain(X)
    refuse_masked(X, "The input")
    if hasattr(X, "__array__"):
        array = np.asarray(X, dtype=object)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        X = array.tolist() if array.ndim else X
    if not isinstance(X, Sequence):
        raise TypeError(
            f"Expected {expected} in a list, tuple, array or Series, got {describe(X)}. "
            "list(...) makes a list of any other iterable."
        )
    refuse_empty(X, f"what should be {expected}")
    return list(X)


def refuse_empty(X, name="X"):
    """Refuse an input without samples, in scikit-learn's words."""
    if not count_samples(X):
        raise ValueError(
            f"Found array with 0 sample(s) while a minimum of 1 is required: {name} is empty."
        )


def check_same_length(**arrays):
    """Check that all arrays that are not None hold as many samples, in scikit-learn's words."""
    arrays = {name: array for name, array in arrays.items() if array is not None}
    for name, array in arrays.items():
        if not hasattr(array, "__len__") or not getattr(array, "ndim", 1):
            raise TypeError(
                f"{name} must hold a value for each sample; got the scalar {describe(array)}."
            )
    lengths = {name: count_samples(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{length} of {name}" for name, length in lengths.items())
        raise ValueError(f"Found input variables with inconsistent numbers of samples: {found}.")


def listed(X):
    """List an iterator, which can be read only once; anything else is returned as it is."""
    return list(X) if np.iterable(X) and not hasattr(X, "__len__") else X


def count_samples(array):
    """Return the length of an array, sparse ones too, or list."""
    return array.shape[0] if hasattr(array, "shape") else len(array)


def to_object_array(rows):
    """Make a 1-D array of objects, also of rows of equal length, which would make a matrix."""
    array = np.empty(len(rows), object)
    for position, row in enumerate(rows):
        array[position] = row
    return array


def are_all(kind, values):
    """Tell whether all values are of a type, or of one of a tuple of types."""
    # a set of types is built in C: 7 million tokens are checked in a tenth of a second
    return all(issubclass(found, kind) for found in set(map(type, values)))


def first_not(kind, values):
    """Return the position and value of the first that is not of a type, or of a tuple of them."""
    return next((i, value) for i, value in enumerate(values) if not isinstance(value, kind))


def column_names(X):
    """List the names of a frame's columns; none, unless all of them are strings."""
    columns = list(getattr(X, "columns", ()))
    return columns if are_all(str, columns) else []


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
    if type(values) is np.ndarray and values.dtype in (np.float64, np.float32):
        return values
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


def real_steps(mask):
    """Return the steps, shape (...), whose features, shape (..., n_features), are not masked."""
    hidden = mask.all(axis=-1)
    if np.any(mask.any(axis=-1) != hidden):
        raise ValueError("A step of X must be masked in all of its features, or in none.")
    return ~hidden
