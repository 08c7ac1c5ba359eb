"""Checks of ``fit``: that it learns the same from the same, and leaves everything else alone."""

import copy
import pickle
from unittest import SkipTest

import numpy as np

from sklstm.estimator_checks._comparison import assert_equal, assert_rows
from sklstm.sequences import Sequences


def check_input_is_left_alone(problem):
    """``fit`` and predictions do not change X and y."""
    assert not problem.observed.data_changed, "X or y was changed: work on copies"


def check_global_generators(problem):
    """No global random generator is used or seeded, and torch's threads stay as many."""
    changed = problem.observed.generators_changed
    assert not changed, f"fit or prediction changed the global state of {changed}"


def check_silence(problem):
    """Nothing is printed unless ``verbose``."""
    printed = problem.observed.printed
    assert not printed, f"printed without verbose: {printed!r:.80}"


def check_warnings(problem):
    """Good data cause no warning, but for a ConvergenceWarning."""
    warned = [f"{w.category.__name__}: {w.message}" for w in problem.observed.warnings]
    assert not warned, f"good data cause the warning '{warned[0]:.200}'"


def check_fit_is_repeatable(problem):
    """A clone with the same ``random_state`` learns the same."""
    outputs = problem.outputs(problem.fit())
    assert_equal(outputs, problem.expected, "a clone learned something else", tolerance=0)


def check_fit_is_idempotent(problem):
    """A second ``fit`` to the same data learns the same."""
    again = problem.fit(estimator=problem.copy_of_fitted())
    outputs = problem.outputs(again)
    assert_equal(outputs, problem.expected, "a second fit learned something else", tolerance=0)


def check_refit_forgets(problem):
    """A fit to other data leaves no trace in the next."""
    rows = [row for row in range(len(problem.X)) if row not in (1, 2)]
    estimator = problem.fit(problem.take(problem.X, rows), _take_y(problem, rows))
    outputs = problem.outputs(problem.fit(estimator=estimator))
    assert_equal(outputs, problem.expected, "a fit remembers the one before", tolerance=0)


def check_failed_fit(problem):
    """A ``fit`` that fails leaves the estimator as it was."""
    estimator = problem.copy_of_fitted()
    for X in (None, problem.replaced(-1, None) if problem.input_kind != "sequence" else None):
        try:
            estimator.fit(X, problem.y)
        except Exception:
            outputs = problem.outputs(estimator)
            assert_equal(outputs, problem.expected, "a failed fit changed the estimator")


def check_data_are_not_kept(problem):
    """Changing X and y after ``fit`` changes no prediction."""
    X, y = copy.deepcopy((problem.X, problem.y))
    estimator = problem.fit(X, y)
    for values in (X, y):
        _overwrite(values)
    message = "changing X and y after fit changes predictions: fit kept a reference, no copy"
    assert_equal(problem.outputs(estimator), problem.expected, message, tolerance=0)


def check_prediction_changes_nothing(problem):
    """Predictions leave the estimator as it was, so that threads can share it."""
    estimator = problem.copy_of_fitted()
    before = {name: id(value) for name, value in vars(estimator).items()}
    problem.outputs(estimator, problem.take(problem.X, [1, 0]))
    after = {name: id(value) for name, value in vars(estimator).items()}
    changed = sorted(name for name, _ in before.items() ^ after.items())
    assert not changed, f"a prediction changed the attributes {changed}"


def check_repeated_prediction(problem):
    """Predictions of the same samples are the same, so nothing in them is drawn."""
    again = problem.outputs(problem.fitted)
    assert_equal(again, problem.expected, "a second prediction differs", tolerance=0)


def check_outputs_are_fresh(problem):
    """Changing what a prediction returned changes no other."""
    estimator = problem.copy_of_fitted()
    for method in problem.methods:
        _overwrite(getattr(estimator, method)(problem.X))
        again, expected = getattr(estimator, method)(problem.X), problem.all_expected[method]
        assert_equal(again, expected, f"{method} returns an array that the estimator still uses")


def check_pickle(problem):
    """A pickle predicts the same, in each protocol."""
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        loaded = pickle.loads(pickle.dumps(problem.fitted, protocol))
        message = f"a pickle of protocol {protocol} differs"
        assert_equal(problem.outputs(loaded), problem.expected, message, tolerance=0)


def check_pickle_before_fit(problem):
    """A pickle of an unfitted estimator learns the same."""
    loaded = pickle.loads(pickle.dumps(problem.fresh()))
    outputs = problem.outputs(problem.fit(estimator=loaded))
    assert_equal(outputs, problem.expected, "the pickle of an unfitted estimator differs")


def check_deepcopy(problem):
    """A deep copy predicts the same, and the original still does."""
    twin = copy.deepcopy(problem.fitted)
    assert_equal(problem.outputs(twin), problem.expected, "a deep copy differs", tolerance=0)
    _overwrite_arrays(twin)
    outputs = problem.outputs(problem.fitted)
    assert_equal(outputs, problem.expected, "a deep copy shares arrays with the original")


def check_read_only_input(problem):
    """Read-only arrays will do, like the memory maps of joblib."""
    X = copy.deepcopy(problem.X)
    if problem.input_kind == "tokens" and _knows_sequences(problem):
        X = Sequences.from_tokens(X)
    if isinstance(X, list):
        X = np.fromiter(X, object, len(X))
    y = copy.deepcopy(problem.y)
    for array in (X, y, *vars(X).values()) if isinstance(X, Sequences) else (X, y):
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    assert_rows(problem.outputs(problem.fit(X, y), X), len(X), "read-only input")


def check_random_state(problem):
    """A RandomState instance is taken, and the same one gives the same."""
    first, second = (
        problem.fit(estimator=problem.fresh(random_state=np.random.RandomState(3)))
        for _ in range(2)
    )
    expected = problem.outputs(second)
    message = "two RandomState instances of one seed differ"
    assert_equal(problem.outputs(first), expected, message, tolerance=0)


def check_fit_transform(problem):
    """``fit_transform`` returns what ``fit`` and ``transform`` return."""
    y = () if problem.y is None else (problem.y,)
    actual = problem.fresh().fit_transform(problem.X, *y)
    expected = problem.fitted.transform(problem.X)
    assert_equal(actual, expected, "fit_transform differs from fit and transform")


def check_partial_fit(problem):
    """``partial_fit`` learns from portions, of classes that the first call names."""
    if getattr(problem.estimator, "class_weight", None) == "balanced":
        raise SkipTest("class_weight='balanced' needs all of y at once")
    rows = range(len(problem.X))
    in_parts = problem.target_kind not in ("output", None)  # these may name what else may occur
    portions = (rows[::2], rows[1::2]) if in_parts else (rows, rows)
    estimator, classes = problem.fresh(), {}
    if problem.target_kind == "label":
        classes = {"classes": np.unique(problem.y)}
    if problem.target_kind == "tags":
        classes = {"classes": sorted(set().union(*problem.y))}
    for rows in portions:
        X, y = problem.take(problem.X, rows), _take_y(problem, rows)
        returned = estimator.partial_fit(*((X,) if y is None else (X, y)), **classes)
        assert returned is estimator, "partial_fit does not return self"
        classes = {}
    assert_rows(problem.outputs(estimator), len(problem.X), "after partial_fit")
    if problem.target_kind == "label":
        known = estimator.classes_
        np.testing.assert_array_equal(known, np.unique(problem.y), "classes_ after partial_fit")


def _take_y(problem, rows):
    return None if problem.y is None else problem.take(problem.y, rows)


def _overwrite(values):
    """Change values in place, as far as they can be."""
    if isinstance(values, Sequences):
        _overwrite(values.codes)
    elif isinstance(values, np.ndarray) and values.dtype != object:
        if values.flags.writeable and len(values):
            values[:] = values[0]
    elif isinstance(values, (list, np.ndarray)):
        for value in values:
            _overwrite(value)
        for row in range(len(values)):
            values[row] = values[0]


def _overwrite_arrays(estimator):
    for value in vars(estimator).values():
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.flags.writeable:
            value[...] = 0


def _knows_sequences(problem):
    try:
        problem.outputs(problem.fitted, Sequences.from_tokens(problem.samples()))
    except Exception:
        return False
    return True


CHECKS = (
    check_input_is_left_alone,
    check_global_generators,
    check_silence,
    check_warnings,
    check_fit_is_repeatable,
    check_fit_is_idempotent,
    check_refit_forgets,
    check_failed_fit,
    check_data_are_not_kept,
    check_prediction_changes_nothing,
    check_repeated_prediction,
    check_outputs_are_fresh,
    check_pickle,
    check_pickle_before_fit,
    check_deepcopy,
    check_read_only_input,
)
CHECKS_OF_RANDOM_STATE = (check_random_state,)
CHECKS_OF_TRANSFORMERS = (check_fit_transform,)
CHECKS_OF_PARTIAL_FIT = (check_partial_fit,)
