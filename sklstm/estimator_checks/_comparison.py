"""Whether two outputs are the same, and whether an estimator refuses what it should."""

import re
from collections.abc import Mapping
from contextlib import contextmanager

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted

from sklstm.sequences import Sequences

TOLERANCE = 1e-5
# What Python says of a value that nobody has checked.
UNCHECKED = re.compile(
    r"object (is not|has no|does not|cannot)|expected string or bytes|expected str instance"
    r"|unsupported operand|not supported between|argument of type|must be real number"
    r"|index out of range|of unsized object|is ambiguous|bad operand|unhashable|inhomogeneous"
)


def rows_of(output):
    """List the rows of any output: of a frame, a sparse matrix, `Sequences`, an array or a list."""
    if isinstance(output, Sequences):
        tokens = output.categories is not None and output.vectors is None
        return output.tokens() if tokens else list(output)
    if hasattr(output, "to_numpy"):
        output = output.to_numpy()
    return list(output.toarray() if issparse(output) else output)


def assert_equal(actual, expected, message, tolerance=TOLERANCE):
    """Assert that two outputs are equal row by row, numbers within the tolerance."""
    actual, expected = rows_of(actual), rows_of(expected)
    assert len(actual) == len(expected), f"{message}: {len(actual)} rows for {len(expected)}"
    for row, (left, right) in enumerate(zip(actual, expected, strict=True)):
        assert _are_equal(left, right, tolerance), (
            f"{message}: row {row}: {left!r:.200} for {right!r:.200}"
        )


def assert_rows(output, n_rows, message):
    """Assert that an output has as many rows, without NaN or infinity."""
    rows = rows_of(output)
    assert len(rows) == n_rows, f"{message}: {len(rows)} rows for {n_rows} samples"
    for row in rows:
        assert _is_finite(row), f"{message}: {row!r:.200}"


def _are_equal(left, right, tolerance):
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(
            _are_equal(left[key], right[key], tolerance) for key in right
        )
    if _is_nested(left) and _is_nested(right):
        return len(left) == len(right) and all(
            _are_equal(*pair, tolerance) for pair in zip(left, right, strict=True)
        )
    left, right = np.asarray(left), np.asarray(right)
    if left.shape != right.shape or (left.dtype.kind in "biuf") != (right.dtype.kind in "biuf"):
        return False
    if right.dtype.kind in "biuf":
        return np.allclose(left, right, rtol=10 * tolerance, atol=tolerance, equal_nan=True)
    return np.array_equal(left, right)


def _is_nested(value):
    return isinstance(value, (list, tuple)) or (
        isinstance(value, np.ndarray) and value.dtype == object
    )


def _is_finite(row):
    if isinstance(row, Mapping):
        return all(map(_is_finite, row.values()))
    if _is_nested(row) and np.ndim(row):
        return all(map(_is_finite, row))
    row = np.asarray(row)
    return row.dtype.kind != "f" or bool(np.isfinite(row).all())


def assert_refuses(function, *args, message):
    """Assert that a call raises a TypeError or a ValueError that the estimator itself worded."""
    raised = None
    try:
        function(*args)
    except Exception as error:
        raised = error
    assert raised is not None, f"{message}: no TypeError or ValueError was raised"
    _assert_worded(raised, message)


def _assert_worded(error, message):
    if not isinstance(error, (TypeError, ValueError)):
        raise AssertionError(
            f"{message}: raised {error!r:.120}; expected a TypeError or a ValueError"
        ) from error
    if not str(error) or UNCHECKED.search(str(error)):
        raise AssertionError(
            f"{message}: the error is Python's own, '{error}': check the input before"
        ) from error


@contextmanager
def or_refused(message):
    """Let a block work or refuse its input, which is its choice; nothing else."""
    try:
        yield
    except AssertionError:
        raise
    except Exception as error:
        _assert_worded(error, message)


def is_fitted(estimator):
    """Tell whether scikit-learn takes an estimator for fitted."""
    try:
        check_is_fitted(estimator)
    except (TypeError, ValueError):
        return False
    return True
