"""Checks of ``sample_weight``: a sample of weight 2 is two samples, one of weight 0 is none."""

from inspect import signature

import numpy as np
from sklearn import config_context
from sklearn.pipeline import Pipeline

from sklstm.estimator_checks._comparison import assert_equal, assert_refuses

TOLERANCE = 1e-3  # sums in another order, over some steps of an optimizer


def check_unit_weights(problem):
    """Weights of 1 are no weights."""
    outputs = problem.outputs(problem.fit(sample_weight=np.ones(len(problem.X))))
    assert_equal(outputs, problem.expected, "weights of 1 matter")


def check_zero_weights(problem):
    """A sample of weight 0 is as good as absent."""
    X, y, n = *_with_first_again(problem), len(problem.X)
    expected = problem.outputs(problem.fit(estimator=problem.noiseless()))
    weights = np.append(np.ones(n), 0.0)
    estimator = problem.fit(X, y, problem.noiseless(), sample_weight=weights)
    message = "a sample of weight 0 is not as good as absent"
    assert_equal(problem.outputs(estimator), expected, message, TOLERANCE)


def check_repetition(problem):
    """A sample of weight 2 is as good as two samples."""
    X, y = _with_first_again(problem)
    expected = problem.outputs(problem.fit(X, y, problem.noiseless()))
    weights = np.append(2.0, np.ones(len(problem.X) - 1))
    estimator = problem.fit(estimator=problem.noiseless(), sample_weight=weights)
    message = "a sample of weight 2 is not as good as two samples"
    assert_equal(problem.outputs(estimator), expected, message, TOLERANCE)


def check_weights_matter(problem):
    """Weights make a difference."""
    weights = np.geomspace(0.01, 100, len(problem.X))
    outputs = problem.outputs(problem.fit(sample_weight=weights))
    try:
        assert_equal(outputs, problem.expected, "")
    except AssertionError:
        return
    raise AssertionError("sample_weight has no effect on the fit")


def check_weight_containers(problem):
    """Weights are the same in a list or an array, of int or of float."""
    weights = np.arange(1, len(problem.X) + 1)
    expected = problem.outputs(problem.fit(sample_weight=weights))
    for same in (weights.tolist(), weights.astype(float)):
        outputs = problem.outputs(problem.fit(sample_weight=same))
        assert_equal(outputs, expected, f"weights in a {type(same).__name__} differ")


def check_wrong_weights(problem):
    """A weight too few, a weight of NaN, and a matrix of weights are refused."""
    n = len(problem.X)
    for name, wrong in {
        "a weight too few": np.ones(n - 1),
        "a weight of NaN": np.append(np.ones(n - 1), np.nan),
        "a matrix of weights": np.ones((n, 2)),
    }.items():
        assert_refuses(
            lambda wrong=wrong: problem.fit(sample_weight=wrong), message=f"fit with {name}"
        )


def check_weights_are_routed(problem):
    """With metadata routing, a search passes on the weights that are asked for."""
    weights = np.arange(1.0, len(problem.X) + 1)
    expected = problem.outputs(problem.fit(sample_weight=weights))
    with config_context(enable_metadata_routing=True):
        pipe = Pipeline([("last", problem.fresh().set_fit_request(sample_weight=True))])
        problem.fit(estimator=pipe, sample_weight=weights)
    assert_equal(problem.outputs(pipe[-1]), expected, "routed weights have another effect")


def check_weights_of_scores(problem):
    """A sample of weight 0 does not count in ``score``, and weights of 1 are none."""
    score, n = problem.fitted.score, len(problem.X)
    X, y = problem.X, problem.y
    unit, plain = score(X, y, sample_weight=np.ones(n)), score(X, y)
    assert np.isclose(unit, plain), f"weights of 1 change the score from {plain} to {unit}"
    rows = np.arange(n - 2)
    weighted = score(X, y, sample_weight=(np.arange(n) < n - 2).astype(float))
    expected = score(problem.take(X, rows), None if y is None else problem.take(y, rows))
    assert np.isclose(weighted, expected), f"weights of 0 give {weighted}, without them {expected}"


def takes_weights(estimator, method="fit"):
    """Tell whether a method takes weights."""
    return "sample_weight" in signature(getattr(estimator, method)).parameters


def _with_first_again(problem):
    rows = [*range(len(problem.X)), 0]
    y = None if problem.y is None else problem.take(problem.y, rows)
    return problem.take(problem.X, rows), y


CHECKS = (
    check_unit_weights,
    check_zero_weights,
    check_repetition,
    check_weights_matter,
    check_weight_containers,
    check_wrong_weights,
)
CHECKS_OF_ROUTING = (check_weights_are_routed,)
CHECKS_OF_SCORE = (check_weights_of_scores,)
