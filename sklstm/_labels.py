"""Labels of any type, none of them missing."""

from numbers import Integral, Real

import numpy as np

from sklstm._arrays import CONVERSION_ERRORS, plain, refuse_dates, refuse_masked


def check_labels(labels, name, advice="leave such samples out"):
    """Check labels, and return them, an array in place of a tensor; missing ones need `advice`."""
    labels = plain(labels, name)
    refuse_dates(labels, name)
    _refuse_missing(labels, name, advice)
    kinds = set(map(type, labels)) if isinstance(labels, (list, tuple)) else ()
    if len({issubclass(kind, str) for kind in kinds}) > 1:  # numpy would make strings of all
        found = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise TypeError(
            f"{name} must hold labels of one type; got {found}. Convert them, such as to str."
        )
    if getattr(getattr(labels, "dtype", None), "kind", None) == "V":
        raise TypeError(f"{name} must hold labels, such as str or int; got {labels.dtype} values.")
    return labels


def _refuse_missing(values, name, advice):
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
            f"be missing: {advice}."
        )


def expected_labels(y):
    """Say what the labels of samples should be, in view of what they are."""
    first = next(iter(y), None) if np.iterable(y) else None
    if isinstance(first, list | tuple | set):
        return (
            "y must hold one label for each sample; several go into a 0/1 matrix, which "
            "scikit-learn's MultiLabelBinarizer makes of such lists."
        )
    if isinstance(first, Real) and not isinstance(first, Integral):
        return (
            "y must hold labels, but its numbers are not classes. LSTMRegressor predicts numbers; "
            "for classes, round or bin them."
        )
    if getattr(y, "ndim", 1) == 2:
        return (
            "A y of several columns must be a matrix of 0 and 1, with a column for each label and "
            "no missing value: of probabilities, for example, pass (y > 0.5). LSTMRegressor "
            "predicts numbers."
        )
    return "y must hold labels of one type, and none may be missing."


def is_missing(label):
    """Tell whether a value is None, NaN, NaT or pandas' NA."""
    if label is None or isinstance(label, str):
        return label is None
    try:
        return bool(label != label)  # NaN and NaT differ from themselves
    except (TypeError, ValueError):  # pandas' NA leaves it open; an array has several answers
        return type(label).__name__ == "NAType"
