"""Checks that samples are the same in whatever holds them."""

from contextlib import suppress
from unittest import SkipTest

import numpy as np

from sklstm._optional import import_optional
from sklstm.estimator_checks._comparison import assert_equal, or_refused
from sklstm.estimator_checks._problem import as_objects


def check_tuple(problem):
    """Samples in a tuple are those in a list."""
    _assert_same(problem, tuple(problem.X), problem.y, "a tuple of samples")


def check_array_of_objects(problem):
    """Samples in an array of objects are those in a list."""
    _assert_same(problem, as_objects(problem.X), problem.y, "an array of samples")


def check_array_of_strings(problem):
    """Texts in an array of strings are those in a list."""
    _assert_same(problem, np.array(problem.X), problem.y, "an array of strings")


def check_series(problem):
    """Samples and targets in pandas Series, of any index, are those in lists."""
    pandas = import_pandas()
    index = range(len(problem.X) + 9, 9, -1)  # rows are no labels

    def series(values):
        return None if values is None else pandas.Series(list(values), index=index)

    _assert_same(problem, series(problem.X), series(problem.y), "a Series of samples")


def check_generator(problem):
    """A generator of samples is read once, or refused by a clear error."""
    with or_refused("fit with a generator of samples"):
        estimator = problem.fit(iter(problem.samples()))
        message = "a generator of samples differs from a list of them"
        assert_equal(problem.outputs(estimator), problem.expected, message)


def check_column_of_texts(problem):
    """A column of texts is learned like the list of them, or refused by a clear error."""
    columns = [as_objects(problem.X)[:, None]]
    with suppress(SkipTest):
        columns.append(import_pandas().DataFrame({"text": list(problem.X)}))
    for X in columns:
        name = f"a column of texts in a {type(X).__name__}"
        with or_refused(f"fit with {name}"):
            _assert_same(problem, X, problem.y, name)


def _assert_same(problem, X, y, name):
    outputs = problem.outputs(problem.fit(X, y), X)
    assert_equal(outputs, problem.expected, f"{name} differs from a list")


def import_pandas():
    """Import pandas, or skip the check."""
    try:
        return import_optional("pandas", "test")
    except ImportError:
        raise SkipTest("pandas is not installed") from None


CHECKS = (check_tuple, check_array_of_objects, check_series, check_generator)
CHECKS_OF_TEXTS = (check_array_of_strings, check_column_of_texts)
