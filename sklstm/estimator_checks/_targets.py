"""Checks of targets and predictions: labels, numbers, tags of steps, and output sequences."""

import warnings

import numpy as np
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import accuracy_score, r2_score

from sklstm.estimator_checks._comparison import (
    assert_equal,
    assert_refuses,
    assert_rows,
    or_refused,
    rows_of,
)
from sklstm.estimator_checks._problem import as_objects

THREE = ("neg", "neutral", "pos")
INDICATORS = np.array([[1, 0, 1], [0, 1, 1], [1, 1, 0], [0, 0, 1]])


# ---------------------------------------------------------------- of any target


def check_target_length(problem):
    """A target too few or too many is refused."""
    y = list(problem.y)
    assert_refuses(problem.fit, problem.X, y[:-1], message="fit with one target too few")
    assert_refuses(problem.fit, problem.X, [*y, y[0]], message="fit with one target too many")


def check_target_is_required(problem):
    """``fit`` without y is refused, if the tag says that y is required."""
    assert_refuses(problem.fresh().fit, problem.X, None, message="fit with y=None")


def check_missing_target(problem):
    """None among targets is refused."""
    y = [*list(problem.y)[:-1], None]
    assert_refuses(problem.fit, problem.X, y, message="fit with None among the targets")


def check_target_containers(problem):
    """Targets are the same in a list, a tuple or an array."""
    rows = list(problem.y)
    array = as_objects(rows) if problem.target_kind in ("tags", "output") else np.array(rows)
    for y in (rows, tuple(rows), array):
        outputs = problem.outputs(problem.fit(y=y))
        message = f"targets in a {type(y).__name__} differ"
        assert_equal(outputs, problem.expected, message)


def check_predictions(problem):
    """``predict`` returns one prediction a sample, of the type of a target."""
    predicted = rows_of(problem.fitted.predict(problem.X))
    assert len(predicted) == len(problem.X), f"{len(predicted)} rows for {len(problem.X)} samples"
    true = list(problem.y)
    if isinstance(true[0], (str, list, tuple)):
        kind = (list, tuple, np.ndarray) if isinstance(true[0], (list, tuple)) else str
        wrong = [row for row in predicted if not isinstance(row, kind)]
        assert not wrong, f"predict returns {wrong[0]!r:.80} for targets like {true[0]!r:.80}"


def check_score(problem):
    """``score`` is the metric of its kind, and a number."""
    score = problem.fitted.score(problem.X, problem.y)
    assert np.ndim(score) == 0, f"score returned {score!r:.80}; expected a number"
    assert np.isfinite(score), f"score returned {score}"
    if problem.y is None:
        return
    predicted = problem.fitted.predict(problem.X)
    if problem.target_kind in ("label", "indicators", "number"):
        metric = r2_score if problem.target_kind == "number" else accuracy_score
        expected = metric(problem.y, predicted)
        assert np.isclose(score, expected), f"score is {score}, but {metric.__name__} is {expected}"
    best = problem.fitted.score(problem.X, predicted)
    assert best >= score, f"the true targets score {score}, its own predictions only {best}"


# ---------------------------------------------------------------- labels


def check_classes(problem):
    """``classes_`` are the sorted labels, and ``predict`` returns some of them."""
    classes = problem.fitted.classes_
    np.testing.assert_array_equal(classes, np.unique(problem.y), "classes_")
    predicted = problem.fitted.predict(problem.X)
    assert np.shape(predicted) == (len(problem.X),), f"predict has shape {np.shape(predicted)}"
    assert set(predicted) <= set(classes), f"predict returns {set(predicted)}, which are no labels"


def check_label_types(problem):
    """Labels of any type are learned alike: bool, int, negative int, str, object."""
    classes, codes = np.unique(problem.y, return_inverse=True)
    kinds = [classes.astype(object), np.arange(len(classes)), np.arange(len(classes)) * 3 - 2]
    if len(classes) == 2:
        kinds.append(np.array([False, True]))
    for labels in kinds:
        estimator = problem.fit(y=labels[codes])
        name = f"labels like {labels[0]!r}"
        np.testing.assert_array_equal(estimator.classes_, labels, f"classes_ of {name}")
        predicted = estimator.predict(problem.X)
        assert set(predicted) <= set(labels.tolist()), f"{name}: predict returns {set(predicted)}"
        if hasattr(estimator, "predict_proba") or hasattr(estimator, "decision_function"):
            assert_equal(problem.outputs(estimator), problem.expected, f"{name} differ")


def check_probabilities(problem):
    """Probabilities are a column a class, sum to one, and ``predict`` takes the greatest."""
    fitted = problem.fitted
    probabilities = fitted.predict_proba(problem.X)
    shape = (len(problem.X), len(fitted.classes_))
    assert np.shape(probabilities) == shape, f"predict_proba has shape {np.shape(probabilities)}"
    assert np.min(probabilities) >= 0, "predict_proba returns negative probabilities"
    np.testing.assert_allclose(np.sum(probabilities, axis=1), 1, rtol=1e-5)
    best = fitted.classes_[np.argmax(probabilities, axis=1)]
    np.testing.assert_array_equal(fitted.predict(problem.X), best, "predict and predict_proba")


def check_log_probabilities(problem):
    """``predict_log_proba`` is the logarithm of ``predict_proba``."""
    logs = problem.fitted.predict_log_proba(problem.X)
    probabilities = problem.fitted.predict_proba(problem.X)
    np.testing.assert_allclose(np.exp(logs), probabilities, rtol=1e-4, atol=1e-6)


def check_decision_function(problem):
    """One column for two classes, whose sign is the class; otherwise one a class."""
    _check_decisions(problem.fitted, problem.X)


def check_multiclass(problem):
    """Three classes give three columns, in the order of ``classes_``."""
    labels = THREE if np.asarray(problem.y).dtype.kind in "OU" else (0, 1, 2)
    y = np.array([labels[row % 3] for row in range(len(problem.X))])
    estimator = problem.fit(y=y)
    np.testing.assert_array_equal(estimator.classes_, labels, "classes_")
    if problem.has("predict_proba"):
        probabilities = estimator.predict_proba(problem.X)
        assert probabilities.shape == (len(y), 3), f"three classes: {probabilities.shape}"
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
        best = estimator.classes_[probabilities.argmax(axis=1)]
        np.testing.assert_array_equal(estimator.predict(problem.X), best, "predict of 3 classes")
    if problem.has("decision_function"):
        _check_decisions(estimator, problem.X)


def check_one_class(problem):
    """One class in y is predicted always, or refused by a clear error."""
    y = np.full(len(problem.X), problem.y[0])
    with or_refused("fit with one class"):
        predicted = problem.fit(y=y).predict(problem.X)
        assert set(predicted) == {y[0]}, f"fitted on {y[0]!r} alone, it predicts {set(predicted)}"


def check_continuous_labels(problem):
    """Fractions are no labels."""
    y = np.linspace(0, 1, len(problem.X))
    assert_refuses(problem.fit, problem.X, y, message="a classifier on continuous y")


def check_multilabel(problem):
    """A 0/1 matrix of labels is predicted as such."""
    y = np.tile(INDICATORS, (len(problem.X), 1))[: len(problem.X)]
    estimator = problem.fit(y=y)
    predicted = estimator.predict(problem.X)
    assert np.shape(predicted) == y.shape, f"predict has shape {np.shape(predicted)} for {y.shape}"
    assert set(np.unique(predicted)) <= {0, 1}, f"predict returns {np.unique(predicted)}"
    if problem.has("predict_proba"):
        probabilities = np.asarray(estimator.predict_proba(problem.X))
        assert probabilities.min() >= 0, "predict_proba returns negative probabilities"
        assert probabilities.max() <= 1, "predict_proba returns probabilities above 1"


def check_unknown_class(problem):
    """A label that the first ``partial_fit`` did not name is refused."""
    classes = np.unique(problem.y)
    y = np.full(len(problem.X), "~no class" if classes.dtype.kind in "OU" else 99)
    estimator = problem.fresh().partial_fit(problem.X, problem.y, classes=classes)
    refused = estimator.partial_fit
    assert_refuses(refused, problem.X, y, message="partial_fit with an unknown class")
    fresh = problem.fresh().partial_fit
    assert_refuses(fresh, problem.X, problem.y, message="a first partial_fit without classes")


# ---------------------------------------------------------------- labels and numbers


def check_column_target(problem):
    """A column of targets is learned like the row of them, or refused by a clear error."""
    column = np.reshape(problem.y, (-1, 1))
    with or_refused("fit with a column of targets"), warnings.catch_warnings():
        warnings.simplefilter("ignore", DataConversionWarning)
        outputs = problem.outputs(problem.fit(y=column))
        flat = [np.ravel(row) for row in rows_of(outputs)]
        expected = [np.ravel(row) for row in rows_of(problem.expected)]
        assert_equal(flat, expected, "a column of targets differs from a row of them")


def check_number_predictions(problem):
    """A regressor predicts one finite float a sample, and has no ``decision_function``."""
    predicted = problem.fitted.predict(problem.X)
    assert np.shape(predicted) == np.shape(problem.y), f"predict has shape {np.shape(predicted)}"
    assert predicted.dtype.kind == "f", f"predict returns {predicted.dtype}, no floats"
    assert_rows(predicted, len(problem.X), "predict")
    assert not problem.has("decision_function"), "a regressor has a decision_function"


def check_integer_numbers(problem):
    """Integers are numbers like floats."""
    y = np.asarray(problem.y).astype(int)
    expected = problem.outputs(problem.fit(y=y.astype(float)))
    assert_equal(problem.outputs(problem.fit(y=y)), expected, "targets of int differ from float")


def check_nonfinite_numbers_as_targets(problem):
    """NaN and infinity are no targets."""
    for value in (np.nan, np.inf):
        y = np.array(problem.y, float)
        y[-1] = value
        assert_refuses(problem.fit, problem.X, y, message=f"fit with {value} among the targets")


def check_several_numbers(problem):
    """Several numbers a sample are predicted as such."""
    y = np.column_stack([np.asarray(problem.y, float)] * 2) * [1, -1]
    predicted = problem.fit(y=y).predict(problem.X)
    assert np.shape(predicted) == y.shape, f"predict has shape {np.shape(predicted)} for {y.shape}"


# ---------------------------------------------------------------- tags


def check_tags_of_predictions(problem):
    """There is a tag of y for each step, and equally long samples do not make a matrix."""
    predicted = problem.fitted.predict(problem.X)
    known = set().union(*problem.y)
    for row, (tags, true) in enumerate(zip(predicted, problem.y, strict=True)):
        wrong = [tag for tag in tags if not isinstance(tag, str)]
        assert not wrong, f"row {row} holds what is not a tag: {wrong}"
        assert len(tags) == len(true), f"row {row} has {len(tags)} tags for {len(true)} tokens"
        assert {tag[:2] for tag in tags} <= {"B-", "I-", "O", *(tag[:2] for tag in known)}
    twins = problem.fitted.predict(problem.take(problem.X, [0, 0]))
    assert np.ndim(twins) == 1 or isinstance(twins, list), (
        f"predict of equally long samples returns an array of shape {np.shape(twins)}, which "
        "scikit-learn cannot join to others: use np.empty(n, object)"
    )


def check_wrong_tags(problem):
    """Another number of tags than of steps, and what is no list of tags, are refused."""
    y = list(map(list, problem.y))
    wrong = {
        "a tag too few": [*y[:-1], y[-1][1:]],
        "a tag too many": [y[0] + y[0][-1:], *y[1:]],
        "None among tags": [*y[:-1], [None] * len(y[-1])],
        "a string for a list of tags": [*y[:-1], y[-1][0]],
    }
    for name, tags in wrong.items():
        assert_refuses(problem.fit, problem.X, tags, message=f"fit with {name}")


def check_marginals(problem):
    """Marginals are a probability for each tag at each step, and sum to one."""
    marginals = problem.fitted.predict_marginals(problem.X)
    for row, (steps, tags) in enumerate(zip(marginals, problem.y, strict=True)):
        assert len(steps) == len(tags), f"row {row}: {len(steps)} marginals for {len(tags)} steps"
        for step in steps:
            values = list(step.values()) if isinstance(step, dict) else step
            np.testing.assert_allclose(np.sum(values), 1, rtol=1e-4, err_msg="sum of marginals")


# ---------------------------------------------------------------- without targets


def check_score_samples(problem):
    """``score_samples`` returns a finite number a sample, and ``score`` rises with them."""
    scores = np.asarray(problem.fitted.score_samples(problem.X))
    assert scores.shape == (len(problem.X),), f"score_samples has shape {scores.shape}"
    assert np.isfinite(scores).all(), "score_samples returns infinite numbers"


def check_sample(problem):
    """``sample`` draws as many as asked for, and the same with the same ``random_state``."""
    draws = [
        problem.fitted.sample(3, random_state=seed) for seed in (0, 0, np.random.RandomState(0))
    ]
    assert len(draws[0]) == 3, f"sample(3) returned {len(draws[0])} samples"
    for other in draws[1:]:
        assert_equal(other, draws[0], "the same random_state draws something else")
    kind = type(problem.samples()[0])
    assert isinstance(draws[0][0], kind), f"sample returns {draws[0][0]!r:.80}, no {kind.__name__}"


def _check_decisions(estimator, X):
    decisions = np.asarray(estimator.decision_function(X))
    n_classes = len(estimator.classes_)
    shape = (len(X),) if n_classes == 2 else (len(X), n_classes)
    assert decisions.shape == shape, f"decision_function has shape {decisions.shape}, not {shape}"
    codes = (decisions > 0).astype(int) if n_classes == 2 else decisions.argmax(axis=1)
    best = estimator.classes_[codes]
    np.testing.assert_array_equal(estimator.predict(X), best, "predict and decision_function")


CHECKS_OF_PREDICTORS = (
    check_target_length,
    check_missing_target,
    check_target_containers,
    check_predictions,
)
CHECKS_IF_TARGET_IS_REQUIRED = (check_target_is_required,)
CHECKS_OF_SCORE = (check_score,)
CHECKS_OF_CLASSIFIERS = (
    check_classes,
    check_label_types,
    check_multiclass,
    check_one_class,
    check_continuous_labels,
    check_column_target,
)
CHECKS_OF_REGRESSORS = (
    check_number_predictions,
    check_integer_numbers,
    check_nonfinite_numbers_as_targets,
    check_column_target,
)
CHECKS_OF_TAGGERS = (check_tags_of_predictions, check_wrong_tags)
CHECKS_OF_CLASSES_IN_PORTIONS = (check_unknown_class,)
CHECKS_BY_METHOD = {
    "predict_log_proba": (check_log_probabilities,),
    "predict_proba": (check_probabilities,),
    "decision_function": (check_decision_function,),
    "predict_marginals": (check_marginals,),
    "score_samples": (check_score_samples,),
    "sample": (check_sample,),
}
CHECKS_OF_SEVERAL_LABELS = (check_multilabel,)
CHECKS_OF_SEVERAL_NUMBERS = (check_several_numbers,)
