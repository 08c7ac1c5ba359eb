"""Checks of sequences of numbers, for estimators with the tag ``three_d_array``."""

import numpy as np

from sklstm.estimator_checks._comparison import assert_equal, assert_refuses, assert_rows, rows_of

N_FEATURES = 2


def check_ragged_numbers(problem):
    """Sequences of numbers of any length are learned, and each means the same alone."""
    X = _ragged_numbers(problem)
    estimator = problem.fit(X)
    outputs = problem.outputs(estimator, X)
    assert_rows(outputs, len(X), "ragged numbers")
    alone = problem.outputs(estimator, X[:1])
    _assert_same_steps(alone, rows_of(outputs)[:1], "batch mates of ragged numbers matter")


def check_number_containers(problem):
    """Sequences of numbers are the same in lists, arrays, or, if equally long, one 3-D array."""
    X = _ragged_numbers(problem)
    expected = problem.outputs(problem.fit(X), X)
    lists = [sample.tolist() for sample in X]
    outputs = problem.outputs(problem.fit(lists), lists)
    assert_equal(outputs, expected, "lists of numbers differ from arrays")
    if problem.target_kind == "tags":  # one for each step, whose number is then another
        return
    cube = np.stack([sample[:1] for sample in X])
    expected = problem.outputs(problem.fit(list(cube)), list(cube))
    outputs = problem.outputs(problem.fit(cube), cube)
    assert_equal(outputs, expected, "a 3-D array differs from a list of its matrices")


def check_number_of_features(problem):
    """Steps of another number of features than in ``fit`` are refused."""
    X = _ragged_numbers(problem)
    estimator = problem.fit(X)
    wider = [np.hstack([sample, sample]) for sample in X]
    mixed = [*X[:-1], wider[-1]]
    assert_refuses(problem.fit, mixed, message="fit of steps of several widths")
    if problem.has("predict"):
        assert_refuses(problem.outputs, estimator, wider, message="prediction of wider steps")


def check_nonfinite_numbers(problem):
    """NaN and infinity among numbers are refused, unless the tag ``allow_nan`` takes NaN."""
    for value in (np.inf,) if problem.input_tags.allow_nan else (np.nan, np.inf):
        X = _ragged_numbers(problem)
        estimator = problem.fit(X)
        X[-1] = X[-1].copy()
        X[-1][0, 0] = value
        assert_refuses(problem.fit, X, message=f"fit of {value} among numbers")
        assert_refuses(problem.outputs, estimator, X, message=f"prediction of {value}")


def check_kind_of_input(problem):
    """An estimator fitted on tokens refuses numbers, and does not read them as tokens."""
    X = _ragged_numbers(problem)
    assert_refuses(problem.outputs, problem.fitted, X, message="numbers, fitted on tokens")


def _ragged_numbers(problem):
    """Return an array of shape (n_steps, N_FEATURES) for each sample, with as many steps."""
    rng = np.random.RandomState(0)
    return [rng.randn(max(1, len(sample)), N_FEATURES) for sample in problem.X]


def _assert_same_steps(actual, expected, message):
    """Assert equality of what padded outputs hold beside their padding."""
    actual = [np.ma.compressed(row) if np.ma.isMaskedArray(row) else row for row in rows_of(actual)]
    expected = [np.ma.compressed(row) if np.ma.isMaskedArray(row) else row for row in expected]
    assert_equal(actual, expected, message)


CHECKS = (
    check_ragged_numbers,
    check_number_containers,
    check_number_of_features,
    check_nonfinite_numbers,
)
CHECKS_OF_PREDICTORS = (check_kind_of_input,)
