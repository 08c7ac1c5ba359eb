"""The battery: which checks concern an estimator, and three ways to run them."""

import re
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal
from unittest import SkipTest

from sklearn.base import is_classifier, is_regressor
from sklearn.exceptions import SkipTestWarning

from sklstm._optional import import_optional
from sklstm.estimator_checks import (
    _bad_input,
    _composition,
    _containers,
    _conventions,
    _fitting,
    _numbers,
    _samples,
    _targets,
    _weights,
)
from sklstm.estimator_checks._problem import Problem


def check_sequence_estimator(
    estimator,
    X=None,
    y=None,
    *,
    expected_failed_checks=None,
    on_fail: Literal["raise", "warn"] | None = "raise",
) -> list[dict[str, Any]]:
    """Check that an estimator of texts or sequences follows scikit-learn's conventions.

    Which checks there are depends on its tags and methods. It is fitted some forty times to eight
    samples, so pass a small one. Parameters named ``verbose`` are switched off, and parameters
    named ``random_state`` set to 0.

    Parameters
    ----------
    estimator : estimator
        An estimator, transformer or pipeline, fitted or not.
    X : list of str, list of list of str, Sequences or other, default=None
        Some samples of different lengths. By default texts for an estimator, or a pipeline that
        begins with one, whose tags say that it takes strings, and else token lists.
    y : array-like of shape (n_samples,), or list of lists of str, default=None
        The targets of `X`. By default two classes of strings for a classifier, numbers for a
        regressor, tags of words for a predictor with the method ``predict_marginals``, strings for
        another predictor whose tags say that it needs targets, and None for others.
    expected_failed_checks : dict of str to str, default=None
        Names of checks that are expected to fail, with the reason.
    on_fail : {"raise", "warn", None}, default="raise"
        What to do when a check fails: raise its exception, warn, or only tell so in the result.

    Returns
    -------
    list of dict
        For each check its ``check_name``, its ``status`` (``"passed"``, ``"failed"``, ``"skipped"``
        or ``"xfail"``), its ``exception`` or None, ``expected_to_fail`` and
        ``expected_to_fail_reason``; and the ``estimator``.

    Raises
    ------
    Exception
        Of the first check that fails, with ``on_fail="raise"``: an AssertionError that says what
        is wrong, or what the estimator raised where it should not.

    See Also
    --------
    parametrize_with_sequence_checks : A decorator that makes a test of each check.
    sequence_estimator_checks : Yields the checks.
    sklearn.utils.estimator_checks.check_estimator : The checks on numbers.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklstm.estimator_checks import check_sequence_estimator
    >>> pipe = make_pipeline(CountVectorizer(), LogisticRegression())
    >>> results = check_sequence_estimator(pipe, on_fail=None)
    >>> [result["check_name"] for result in results if result["status"] == "failed"]
    ['check_no_samples', 'check_missing_sample', ..., 'check_missing_target']
    """
    if on_fail not in ("raise", "warn", None):
        raise ValueError(f'on_fail must be "raise", "warn" or None; got {on_fail!r}.')
    expected = _check_expected(expected_failed_checks)
    results = []
    for name, check in sequence_estimator_checks(estimator, X, y):
        status, exception = _run(check)
        if status == "failed" and name in expected:
            status = "xfail"
        results.append(
            {
                "estimator": estimator,
                "check_name": name,
                "exception": exception,
                "status": status,
                "expected_to_fail": name in expected,
                "expected_to_fail_reason": expected.get(name),
            }
        )
        if status == "failed" and on_fail == "raise":
            raise exception
        if status == "failed" and on_fail == "warn":
            warnings.warn(f"{name} failed: {exception!r}", UserWarning, stacklevel=2)
        if status == "skipped" and on_fail == "warn":
            warnings.warn(f"{name} is skipped: {exception}", SkipTestWarning, stacklevel=2)
    return results


def sequence_estimator_checks(estimator, X=None, y=None) -> Iterator[tuple[str, Callable]]:
    """Yield the checks of `check_sequence_estimator` one by one.

    Parameters
    ----------
    estimator : estimator
        An estimator, transformer or pipeline, fitted or not.
    X : list of str, list of list of str, Sequences or other, default=None
        As for `check_sequence_estimator`.
    y : array-like of shape (n_samples,), or list of lists of str, default=None
        As for `check_sequence_estimator`.

    Yields
    ------
    name : str
        Name of the check.
    check : callable
        Runs the check; raises if it fails, `unittest.SkipTest` if it does not apply.

    Examples
    --------
    >>> from sklstm import Tokenizer
    >>> from sklstm.estimator_checks import sequence_estimator_checks
    >>> name, check = next(sequence_estimator_checks(Tokenizer()))
    >>> name
    'check_clone'
    >>> check()
    """
    if isinstance(estimator, type):
        raise TypeError(
            f"Pass an instance, such as {estimator.__name__}(), and not the class itself."
        )
    problem = Problem(estimator, X, y)
    for check in _checks_of(problem):
        yield check.__name__, partial(check, problem)


def parametrize_with_sequence_checks(
    estimators, *, data: Callable | None = None, expected_failed_checks: Callable | None = None
) -> Any:
    """Make a pytest decorator that runs a test for each check of each estimator.

    A test is named by the estimator and the check, so ``pytest -k`` selects some of them.

    Parameters
    ----------
    estimators : list of estimators
        Instances of estimators, transformers or pipelines.
    data : callable, default=None
        A function from an estimator to its `X` and `y`, as for `check_sequence_estimator`.
    expected_failed_checks : callable, default=None
        A function from an estimator to a dict from the names of checks that are expected to fail
        to the reasons. These tests are marked as xfail.

    Returns
    -------
    pytest.MarkDecorator
        Parametrizes a function with the arguments ``estimator`` and ``check``.

    See Also
    --------
    check_sequence_estimator : Runs the checks without pytest.
    sklearn.utils.estimator_checks.parametrize_with_checks : The same for the checks on numbers.

    Examples
    --------
    >>> from sklstm import LSTMClassifier, Tokenizer
    >>> from sklstm.estimator_checks import parametrize_with_sequence_checks
    >>> @parametrize_with_sequence_checks([Tokenizer(), LSTMClassifier(max_epochs=1)])
    ... def test_conventions(estimator, check):
    ...     check(estimator)
    """
    pytest = import_optional("pytest", "test")
    parameters = []
    for estimator in estimators:
        X, y = (None, None) if data is None else data(estimator)
        expected = {} if expected_failed_checks is None else expected_failed_checks(estimator)
        expected = _check_expected(expected)
        label = re.sub(r" at 0x[0-9a-f]+|\s", "", repr(estimator))
        for name, check in sequence_estimator_checks(estimator, X, y):
            marks = [pytest.mark.xfail(reason=expected[name])] if name in expected else []
            run = partial(_run_for_pytest, check)
            parameters.append(pytest.param(estimator, run, marks=marks, id=f"{label}-{name}"))
    return pytest.mark.parametrize(("estimator", "check"), parameters)


def _run_for_pytest(check, estimator):
    """Run a check, which knows its estimator."""
    check()


def _run(check):
    try:
        check()
    except SkipTest as exception:
        return "skipped", exception
    except Exception as exception:
        return "failed", exception
    return "passed", None


def _check_expected(names):
    names = {} if names is None else names
    unknown = sorted(set(names) - all_check_names())
    if unknown:
        raise ValueError(f"expected_failed_checks names {unknown}, which are no checks.")
    return names


def all_check_names():
    """Return the names of all checks there are."""
    modules = (
        _bad_input, _composition, _containers, _conventions, _fitting,
        _numbers, _samples, _targets, _weights,
    )  # fmt: skip
    return {
        name
        for module in modules
        for name, function in vars(module).items()
        if name.startswith("check_") and function.__module__ == module.__name__
    }


def _checks_of(problem):
    """Yield the checks that concern an estimator, by its tags and methods."""
    estimator, predicts = problem.estimator, problem.has("predict")
    words = problem.input_kind in ("text", "tokens")
    yield from _conventions.CHECKS
    if problem.tags.requires_fit:
        yield from _conventions.CHECKS_IF_FIT_IS_REQUIRED
    yield from _fitting.CHECKS
    if "random_state" in estimator.get_params():
        yield from _fitting.CHECKS_OF_RANDOM_STATE
    if problem.has("fit_transform") and problem.has("transform"):
        yield from _fitting.CHECKS_OF_TRANSFORMERS
    if problem.has("partial_fit"):
        yield from _fitting.CHECKS_OF_PARTIAL_FIT
    yield from _samples.CHECKS
    if any(name.split("__")[-1] == "batch_size" for name in estimator.get_params()):
        yield from _samples.CHECKS_OF_BATCH_SIZE
    if words:
        yield from _samples.CHECKS_OF_WORDS
        yield from _containers.CHECKS
        yield from _bad_input.CHECKS
    if problem.input_kind == "text":
        yield from _containers.CHECKS_OF_TEXTS
        yield from _bad_input.CHECKS_OF_TEXTS
    if problem.input_kind == "tokens":
        yield from _samples.CHECKS_OF_TOKENS
        yield from _bad_input.CHECKS_OF_TOKENS
    if predicts and problem.input_kind in ("tokens", "sequence"):
        yield from _samples.CHECKS_OF_SEQUENCES
        if not problem.is_pipeline:  # whose first step may replace the vectors
            yield from _samples.CHECKS_OF_VECTORS
    if problem.reads_numbers:
        yield from _numbers.CHECKS
        if predicts and words:
            yield from _numbers.CHECKS_OF_PREDICTORS
    yield from _checks_of_targets(problem)
    if _weights.takes_weights(estimator):
        yield from _weights.CHECKS
        if problem.has("set_fit_request"):
            yield from _weights.CHECKS_OF_ROUTING
        if problem.has("score") and _weights.takes_weights(estimator, "score"):
            yield from _weights.CHECKS_OF_SCORE
    yield from _composition.CHECKS
    if predicts:
        yield from _composition.CHECKS_OF_PREDICTORS
    if problem.has("score"):
        yield from _composition.CHECKS_OF_SCORE
    if problem.has("get_feature_names_out") and problem.has("transform"):
        yield from _composition.CHECKS_OF_COLUMNS
        if problem.has("set_output"):
            yield from _composition.CHECKS_OF_FRAMES


def _checks_of_targets(problem):
    kind = problem.target_kind
    if kind is not None and problem.has("predict"):
        yield from _targets.CHECKS_OF_PREDICTORS
    if kind is not None and problem.tags.target_tags.required:
        yield from _targets.CHECKS_IF_TARGET_IS_REQUIRED
    if problem.has("score"):
        yield from _targets.CHECKS_OF_SCORE
    if is_classifier(problem.estimator) and kind == "label":
        yield from _targets.CHECKS_OF_CLASSIFIERS
        if problem.has("partial_fit"):
            yield from _targets.CHECKS_OF_CLASSES_IN_PORTIONS
        if problem.tags.classifier_tags is not None and problem.tags.classifier_tags.multi_label:
            yield from _targets.CHECKS_OF_SEVERAL_LABELS
    if is_regressor(problem.estimator):
        yield from _targets.CHECKS_OF_REGRESSORS
        if problem.tags.target_tags.multi_output:
            yield from _targets.CHECKS_OF_SEVERAL_NUMBERS
    if kind == "tags":
        yield from _targets.CHECKS_OF_TAGGERS
    for method, checks in _targets.CHECKS_BY_METHOD.items():
        labels = method.startswith(("predict_log", "predict_proba", "decision"))
        if problem.has(method) and (kind == "label" or not labels):
            yield from checks
