"""Checks for estimators of texts and sequences.

scikit-learn's ``check_estimator`` runs on numbers, and checks next to nothing of an estimator of
texts. These are its counterparts on texts, token lists and `Sequences`.
"""

import copy
import io
import pickle
import random
from contextlib import redirect_stderr, redirect_stdout

import joblib
import numpy as np
import torch
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from sklstm.sequences import SequencePadder, Sequences

__all__ = ["check_sequence_estimator", "sequence_estimator_checks"]

TOKENS = [
    ["a", "good", "film"],
    ["bad", "acting", ",", "bad", "plot", ",", "bad", "film"],
    ["good"],
    ["a", "bad", "film"],
    ["such", "good", "fun", "!"],
    ["bad", "fun"],
    ["a", "good", "plot", "and", "good", "acting"],
    ["not", "good"],
]
LABELS = np.array(["pos", "neg"] * 4)
WORDS = [[token for token in sample if token.isalpha()] for sample in TOKENS]
TAG_OF = {"good": "B-NP", "bad": "B-NP", "film": "I-NP", "plot": "I-NP"}
TAGS = [[TAG_OF.get(word, "O") for word in sample] for sample in WORDS]
OUTPUTS = [" ".join(sample[::-1]) for sample in WORDS]
METHODS = ("predict_proba", "decision_function", "predict_marginals", "predict", "transform")


def check_sequence_estimator(estimator, X=None, y=None):
    """Check that an estimator of texts or sequences follows scikit-learn's conventions.

    The estimator is fitted about thirty times, so pass a small one.

    Parameters
    ----------
    estimator : estimator
        An estimator, transformer or pipeline, fitted or not.
    X : list of str, list of list of str, or Sequences, default=None
        Some samples of different lengths. By default texts for an estimator, or a pipeline that
        begins with one, whose tags say that it takes strings, and else token lists.
    y : array-like of shape (n_samples,), or list of lists of str, default=None
        The targets of `X`. By default two classes of strings for a classifier, numbers for a
        regressor, tags of words for a tagger, strings for another predictor that needs targets,
        and None for others.

    Raises
    ------
    AssertionError
        At the first check that fails. Errors of the estimator are passed on.

    See Also
    --------
    sequence_estimator_checks : Yields the checks, for one test each.
    sklearn.utils.estimator_checks.check_estimator : The checks on numbers.

    Examples
    --------
    >>> from sklstm import LSTMClassifier
    >>> from sklstm.estimator_checks import check_sequence_estimator
    >>> check_sequence_estimator(LSTMClassifier(hidden_size=2, max_epochs=1))
    """
    for _, check in sequence_estimator_checks(estimator, X, y):
        check()


def sequence_estimator_checks(estimator, X=None, y=None):
    """Yield the checks of `check_sequence_estimator` one by one.

    Parameters
    ----------
    estimator : estimator
        An estimator, transformer or pipeline, fitted or not.
    X : list of str, list of list of str, or Sequences, default=None
        As for `check_sequence_estimator`.
    y : array-like of shape (n_samples,), or list of lists of str, default=None
        As for `check_sequence_estimator`.

    Yields
    ------
    name : str
        Name of the check.
    check : callable
        Runs the check; raises if it fails.

    Examples
    --------
    >>> from sklstm import LSTMClassifier
    >>> from sklstm.estimator_checks import sequence_estimator_checks
    >>> name, check = next(sequence_estimator_checks(LSTMClassifier()))
    >>> name
    'check_parameters'
    >>> check()
    """
    tokens, targets = _default_data(estimator)
    if X is None:
        X = [" ".join(sample) for sample in tokens] if _takes_texts(estimator) else tokens
    if y is None:
        y = targets
    for check in CHECKS:
        name = check.__name__.removeprefix("_")
        yield name, lambda check=check: check(_silent_and_seeded(estimator), X, y)


def _default_data(estimator):
    if is_classifier(estimator):
        return TOKENS, LABELS
    if is_regressor(estimator):
        return TOKENS, np.arange(len(LABELS), dtype=float)
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    if hasattr(last, "predict") and get_tags(last).target_tags.required:
        return WORDS, TAGS if hasattr(last, "predict_marginals") else OUTPUTS
    return TOKENS, None


def _takes_texts(estimator):
    first = estimator.steps[0][1] if isinstance(estimator, Pipeline) else estimator
    return get_tags(first).input_tags.string


def _silent_and_seeded(estimator):
    """Clone, with every ``verbose`` off and every ``random_state`` 0, in steps too."""
    fixed = {"verbose": False, "random_state": 0}
    names = {name: name.split("__")[-1] for name in estimator.get_params()}
    return clone(estimator).set_params(
        **{name: fixed[last] for name, last in names.items() if last in fixed}
    )


def _outputs(estimator, X):
    """Compute the most detailed output of the estimator."""
    return getattr(estimator, next(filter(lambda name: hasattr(estimator, name), METHODS)))(X)


def _take(X, rows):
    return [X[row] for row in rows] if isinstance(X, (list, tuple)) else X[np.asarray(rows)]


def _assert_equal(actual, expected, message, tolerance=0.0):
    assert len(actual) == len(expected), f"{message}: {len(actual)} rows for {len(expected)}"
    for row, (left, right) in enumerate(zip(actual, expected, strict=True)):
        left, right = np.asarray(left), np.asarray(right)
        assert left.shape == right.shape, f"{message}: row {row}: {left} for {right}"
        same = np.array_equal(left, right)
        if tolerance and right.dtype.kind == "f":
            same = np.allclose(left, right, rtol=10 * tolerance, atol=tolerance)
        assert same, f"{message}: row {row}: {left} for {right}"


def _assert_refuses(function, *args, message):
    try:
        function(*args)
    except (TypeError, ValueError):
        return
    raise AssertionError(f"{message}: no TypeError or ValueError was raised")


# ---------------------------------------------------------------- parameters and state


def _check_parameters(estimator, X, y):
    before = estimator.get_params()
    twin = clone(estimator)
    assert repr(twin) == repr(estimator), "clone has another repr"
    after = twin.set_params(**before).fit(X, y).get_params()
    assert before.keys() == after.keys(), "fit changed the names of the parameters"
    changed = [name for name in before if repr(before[name]) != repr(after[name])]
    assert not changed, f"fit changed {changed}"


def _check_unfitted(estimator, X, y):
    if not get_tags(estimator).requires_fit:
        return
    for name in METHODS:
        if not hasattr(estimator, name):
            continue
        try:
            getattr(estimator, name)(X)
        except NotFittedError:
            continue
        raise AssertionError(f"{name} of an unfitted estimator does not raise NotFittedError")


def _check_fit_returns_self(estimator, X, y):
    assert estimator.fit(X, y) is estimator, "fit does not return self"


def _check_repeatable(estimator, X, y):
    expected = _outputs(clone(estimator).fit(X, y), X)
    _assert_equal(_outputs(estimator.fit(X, y), X), expected, "a clone learns something else")
    _assert_equal(_outputs(estimator.fit(X, y), X), expected, "a second fit learns something else")


def _check_copies(estimator, X, y):
    estimator.fit(X, y)
    expected = _outputs(estimator, X)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        loaded = pickle.loads(pickle.dumps(estimator, protocol))
        _assert_equal(_outputs(loaded, X), expected, f"a pickle of protocol {protocol} differs")
    _assert_equal(_outputs(copy.deepcopy(estimator), X), expected, "a deep copy differs")
    _assert_equal(_outputs(estimator, X), expected, "copying changed the estimator")


def _check_input_is_left_alone(estimator, X, y):
    before = joblib.hash((X, y))
    _outputs(estimator.fit(X, y), X)
    assert joblib.hash((X, y)) == before, "the input was changed"


def _check_global_generators(estimator, X, y):
    def states():
        numpy_state = np.random.get_state()  # noqa: NPY002
        return joblib.hash((random.getstate(), numpy_state, torch.get_rng_state().numpy()))

    before, threads = states(), torch.get_num_threads()
    _outputs(estimator.fit(X, y), X)
    assert states() == before, "a global random generator was used or seeded"
    assert torch.get_num_threads() == threads, "the number of torch threads was changed"


def _check_silence(estimator, X, y):
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        _outputs(estimator.fit(X, y), X)
    assert not printed.getvalue(), f"printed without verbose: {printed.getvalue()!r:.80}"


# ---------------------------------------------------------------- one sample, one prediction


def _check_order(estimator, X, y):
    expected = _outputs(estimator.fit(X, y), X)
    order = np.random.RandomState(0).permutation(len(X))
    outputs = _outputs(estimator, _take(X, order))
    _assert_equal(outputs, _take(expected, order), "the order matters", 1e-5)


def _check_batch_mates(estimator, X, y):
    expected = _outputs(estimator.fit(X, y), X)
    for row in range(len(X)):
        alone = _outputs(estimator, _take(X, [row]))
        _assert_equal(alone, _take(expected, [row]), "batch mates matter", 1e-5)


def _check_batch_size(estimator, X, y):
    expected = _outputs(estimator.fit(X, y), X)
    names = [name for name in estimator.get_params() if name.split("__")[-1] == "batch_size"]
    for size in (1, 3):
        estimator.set_params(**dict.fromkeys(names, size))
        _assert_equal(_outputs(estimator, X), expected, "the batch size matters", 1e-5)


def _check_padding(estimator, X, y):
    if isinstance(X[0], str) or not hasattr(estimator, "predict"):
        return
    expected = _outputs(estimator.fit(X, y), X)
    longest = max(map(len, X))
    for padding in ("pre", "post"):
        for length in (longest, longest + 7):
            padder = SequencePadder(max_length=length, padding=padding)
            outputs = _outputs(estimator, padder.fit_transform(X))
            _assert_equal(outputs, expected, f"padding ({padding}, {length}) matters", 1e-5)


def _check_containers(estimator, X, y):
    if not isinstance(X, list):
        return
    array = np.empty(len(X), object)
    array[:] = X
    expected = _outputs(estimator.fit(X, y), X)
    for same in (tuple(X), array):
        outputs = _outputs(clone(estimator).fit(same, y), same)
        _assert_equal(outputs, expected, f"a {type(same).__name__} of samples differs")


def _check_read_only_input(estimator, X, y):
    if isinstance(X[0], str):
        return
    X = X if isinstance(X, Sequences) else Sequences.from_tokens(X)
    for array in (X.codes, X.offsets):  # like joblib's memory maps
        array.flags.writeable = False
    _outputs(estimator.fit(X, y), X)


# ---------------------------------------------------------------- targets


def _check_predictions(estimator, X, y):
    estimator.fit(X, y)
    if not hasattr(estimator, "predict"):
        return
    predicted = estimator.predict(X)
    assert len(predicted) == len(X), "predict does not return a row for each sample"
    if not is_classifier(estimator):
        return
    np.testing.assert_array_equal(estimator.classes_, np.unique(y))
    assert set(predicted) <= set(estimator.classes_), "predict returns what is no label"
    if hasattr(estimator, "predict_proba"):
        probabilities = estimator.predict_proba(X)
        assert probabilities.shape == (len(X), len(estimator.classes_))
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
        best = estimator.classes_[probabilities.argmax(axis=1)]
        np.testing.assert_array_equal(predicted, best)


def _check_tags(estimator, X, y):
    if not _are_tags(y):
        return
    predicted = estimator.fit(X, y).predict(X)
    for row, (tags, true) in enumerate(zip(predicted, y, strict=True)):
        assert all(isinstance(tag, str) for tag in tags), (
            f"row {row} holds what is not a tag: {tags}"
        )
        assert len(tags) == len(true), f"row {row} has {len(tags)} tags for {len(true)} tokens"
    twins = estimator.predict(_take(X, [0, 0]))
    assert np.shape(predicted) == (len(X),), f"predict returns the shape {np.shape(predicted)}"
    assert np.shape(twins) == (2,), f"equally long samples give the shape {np.shape(twins)}"


def _check_wrong_tags(estimator, X, y):
    if not _are_tags(y):
        return
    wrong = {
        "a tag too few": [*y[:-1], y[-1][1:]],
        "a tag too many": [y[0] + y[0][-1:], *y[1:]],
        "None among tags": [*y[:-1], [None] * len(y[-1])],
        "a string for a list of tags": [*y[:-1], y[-1][0]],
    }
    for name, tags in wrong.items():
        _assert_refuses(estimator.fit, X, tags, message=f"fit with {name}")


def _are_tags(y):
    return y is not None and isinstance(y[0], (list, tuple))


def _check_unit_weights(estimator, X, y):
    if not has_fit_parameter(estimator, "sample_weight"):
        return
    expected = _outputs(clone(estimator).fit(X, y), X)
    outputs = _outputs(estimator.fit(X, y, sample_weight=np.ones(len(X))), X)
    _assert_equal(outputs, expected, "weights of 1 matter")


# ---------------------------------------------------------------- bad and odd input


def _check_odd_samples(estimator, X, y):
    if not isinstance(X, list):
        return
    estimator.fit(X, y)
    empty, unknown = ("", "qqq") if isinstance(X[0], str) else ([], ["qqq"])
    for name, odd in (("empty", [empty]), ("unknown", [unknown]), ("both", [empty, unknown, X[0]])):
        outputs = _outputs(estimator, odd)
        assert len(outputs) == len(odd), f"{name} samples are lost"
        for row in outputs:
            row = np.asarray(row)
            assert row.dtype.kind != "f" or np.isfinite(row).all(), f"{name} samples give {row}"


def _check_bad_input(estimator, X, y):
    expected = _outputs(estimator.fit(X, y), X)
    bad = {"a bare string": "good", "None": None, "an empty list": []}
    if isinstance(X, list):
        bad["None among samples"] = [*X[:-1], None]
        bad["a number among samples"] = [*X[:-1], 5]
    for name, wrong in bad.items():
        _assert_refuses(estimator.fit, wrong, y, message=f"fit of {name}")
        _assert_refuses(_outputs, estimator, wrong, message=f"prediction of {name}")
    if y is not None:
        _assert_refuses(estimator.fit, X, y[:-1], message="fit with one target too few")
    _assert_equal(_outputs(estimator, X), expected, "a failed fit changed the estimator")


def _check_vector_width(estimator, X, y):
    if isinstance(estimator, Pipeline):  # its first step may replace the vectors
        return
    if isinstance(X[0], str) or not hasattr(estimator, "predict"):
        return
    X = X if isinstance(X, Sequences) else Sequences.from_tokens(X)
    vectors = np.random.RandomState(0).randn(len(X.categories), 4)
    vectors[0] = 0
    estimator.fit(X.with_vectors(vectors), y)
    _assert_refuses(_outputs, estimator, X.with_vectors(vectors[:, :3]), message="narrower vectors")
    _assert_refuses(_outputs, estimator, X, message="Sequences without vectors, fitted on vectors")


CHECKS = (
    _check_parameters,
    _check_unfitted,
    _check_fit_returns_self,
    _check_repeatable,
    _check_copies,
    _check_input_is_left_alone,
    _check_global_generators,
    _check_silence,
    _check_order,
    _check_batch_mates,
    _check_batch_size,
    _check_padding,
    _check_containers,
    _check_read_only_input,
    _check_predictions,
    _check_tags,
    _check_wrong_tags,
    _check_unit_weights,
    _check_odd_samples,
    _check_bad_input,
    _check_vector_width,
)
