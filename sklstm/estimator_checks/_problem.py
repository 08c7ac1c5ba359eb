"""What an estimator is checked on: samples, targets, and a fit that the checks share."""

import copy
import io
import random
import warnings
from contextlib import redirect_stderr, redirect_stdout
from functools import cached_property
from types import SimpleNamespace
from unittest import SkipTest

import joblib
import numpy as np
import torch
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags, TargetTags, get_tags

from sklstm.sequences import Sequences

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
NUMBERS = np.arange(8.0)
WORDS = [[token for token in sample if token.isalpha()] for sample in TOKENS]
TAG_OF = {"good": "B-NP", "bad": "B-NP", "film": "I-NP", "plot": "I-NP"}
TAGS = [[TAG_OF.get(word, "O") for word in sample] for sample in WORDS]
OUTPUTS = [" ".join(sample[::-1]) for sample in WORDS]
# From the most to the least detailed.
METHODS = (
    "predict_proba",
    "decision_function",
    "predict_marginals",
    "score_samples",
    "predict",
    "transform",
)


class Problem:
    """An estimator with samples and targets, and with one fit of it that is only looked at.

    Parameters
    ----------
    estimator : estimator
        As the user passed it.
    X, y : samples and targets, default=None
        The user's, or None for small ones that suit the estimator.
    """

    def __init__(self, estimator, X=None, y=None):
        self.estimator, self._shared = estimator, {}
        self.first = estimator.steps[0][1] if isinstance(estimator, Pipeline) else estimator
        self.last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
        self.tags, self.input_tags = tags_of(estimator), tags_of(self.first).input_tags
        tokens, targets = copy.deepcopy(self._default_data(y))  # an estimator may change them
        if X is None:
            takes_texts = self.input_tags.string
            X = [" ".join(sample) for sample in tokens] if takes_texts else tokens
        self.X, self.y = X, targets if y is None else y

    def _default_data(self, y):
        if is_classifier(self.estimator):
            return TOKENS, LABELS
        if is_regressor(self.estimator):
            return TOKENS, NUMBERS
        if hasattr(self.last, "predict_marginals") or (y is not None and _are_lists(y)):
            return WORDS, TAGS
        if hasattr(self.last, "predict") and tags_of(self.last).target_tags.required:
            return WORDS, OUTPUTS
        return TOKENS, None

    # ------------------------------------------------------------ what it is

    @property
    def input_kind(self):
        """What a sample is: ``"text"``, ``"tokens"``, ``"sequence"`` or ``"numbers"``."""
        if isinstance(self.X, Sequences):
            return "sequence"
        sample = next(iter(self.X))
        if isinstance(sample, str):
            return "text"
        items = sample if isinstance(sample, (list, tuple, np.ndarray)) else ()
        return "tokens" if len(items) and isinstance(items[0], str) else "numbers"

    @property
    def target_kind(self):
        """What a target is: ``"label"``, ``"number"``, ``"tags"``, ``"output"`` or None."""
        if self.y is None:
            return None
        if is_classifier(self.estimator):
            return "label" if np.ndim(self.y) == 1 else "indicators"
        if is_regressor(self.estimator):
            return "number"
        return "tags" if _are_lists(self.y) and not _are_lists(self.y[0]) else "output"

    @property
    def is_pipeline(self):
        """Whether it is a pipeline, whose steps have checks of their own."""
        return isinstance(self.estimator, Pipeline)

    @property
    def reads_numbers(self):
        """Whether it also takes sequences of numbers."""
        return self.input_tags.three_d_array and not self.is_pipeline

    def has(self, method):
        """Tell whether the estimator has a method."""
        return callable(getattr(self.estimator, method, None))

    # ------------------------------------------------------------ fits and outputs

    def fresh(self, **params):
        """Clone, with every ``verbose`` off and every ``random_state`` 0, in steps too."""
        fixed = {"verbose": False, "random_state": 0}
        estimator = clone(self.estimator)
        names = {name: name.split("__")[-1] for name in estimator.get_params()}
        settings = {name: fixed[last] for name, last in names.items() if last in fixed}
        return estimator.set_params(**{**settings, **params})

    def noiseless(self):
        """Clone without dropout and with one batch, so that a fit depends on its data only."""
        estimator = self.fresh()
        names = {name: name.split("__")[-1] for name in estimator.get_params()}
        settings = {name: 0.0 for name, last in names.items() if last.endswith("dropout")}
        settings |= {name: 64 for name, last in names.items() if last == "batch_size"}
        settings |= {name: False for name, last in names.items() if last == "locked_dropout"}
        settings |= {name: False for name, last in names.items() if last == "early_stopping"}
        return estimator.set_params(**settings)

    def fit(self, X=None, y=None, estimator=None, **fit_params):
        """Fit a clone, or the estimator that is passed; by default to all samples."""
        estimator = self.fresh() if estimator is None else estimator
        X, y = (self.X if X is None else X), (self.y if y is None else y)
        estimator.fit(*((X,) if y is None else (X, y)), **fit_params)
        return estimator

    def outputs(self, estimator, X=None):
        """Compute the most detailed output."""
        method = next((name for name in METHODS if hasattr(estimator, name)), None)
        if method is None:
            raise SkipTest(f"it has none of the methods {', '.join(METHODS)}")
        return getattr(estimator, method)(self.X if X is None else X)

    @cached_property
    def observed(self):
        """A first fit and what was seen of it: see `_observe`."""
        estimator = self.fresh()
        seen = SimpleNamespace(estimator=estimator)
        seen.params_before = estimator.get_params()
        data, generators = joblib.hash((self.X, self.y)), generator_states()
        printed = io.StringIO()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with redirect_stdout(printed), redirect_stderr(printed):
                y = () if self.y is None else (self.y,)
                seen.returned = estimator.fit(self.X, *y)
                seen.outputs = self.outputs(estimator)
        seen.params_after = estimator.get_params()
        seen.warnings = [w for w in caught if not issubclass(w.category, ConvergenceWarning)]
        seen.printed = printed.getvalue()
        seen.data_changed = joblib.hash((self.X, self.y)) != data
        seen.generators_changed = [
            name for name, state in generator_states().items() if state != generators[name]
        ]
        return seen

    @property
    def fitted(self):
        """A fitted estimator, to look at only."""
        return self.observed.estimator

    @property
    def expected(self):
        """The outputs of the shared fit for all samples."""
        return self.observed.outputs

    def shared(self, name, make):
        """Make something once, for all checks that look at it."""
        if name not in self._shared:
            self._shared[name] = make(self)
        return self._shared[name]

    def copy_of_fitted(self):
        """Return a fitted estimator that a check may change."""
        return copy.deepcopy(self.fitted)

    @property
    def methods(self):
        """The methods of the estimator that return a row for each sample."""
        return [name for name in METHODS if self.has(name)]

    @cached_property
    def all_expected(self):
        """The outputs of each method for all samples."""
        return {name: getattr(self.fitted, name)(self.X) for name in self.methods}

    # ------------------------------------------------------------ samples

    def take(self, values, rows):
        """Select rows of samples, targets or outputs."""
        if hasattr(values, "iloc"):
            return values.iloc[list(rows)]
        if isinstance(values, (list, tuple)):
            return [values[row] for row in rows]
        return values[np.asarray(rows)]

    def like_X(self, samples):
        """Put samples into what X is."""
        if hasattr(self.X, "iloc"):
            return type(self.X)(samples, name=self.X.name, dtype=object)
        if isinstance(self.X, Sequences):
            return Sequences.from_tokens(samples)
        return as_objects(samples) if isinstance(self.X, np.ndarray) else samples

    def samples(self):
        """List the samples."""
        return self.X.tokens() if isinstance(self.X, Sequences) else list(self.X)

    def replaced(self, row, sample):
        """Return X with another sample in one row."""
        samples = self.samples()
        samples[row] = sample
        return self.like_X(samples)

    def of_words(self, *sentences):
        """Return new samples, given as strings of words."""
        texts = self.input_kind == "text"
        return self.like_X([words if texts else words.split() for words in sentences])


def generator_states():
    """Return digests of the global random generators, and the number of torch's threads."""
    return {
        "random": joblib.hash(random.getstate()),
        "numpy.random": joblib.hash(np.random.get_state()),  # noqa: NPY002
        "torch": joblib.hash(torch.get_rng_state().numpy()),
        "the number of torch's threads": torch.get_num_threads(),
    }


def tags_of(estimator):
    """Return the tags of an estimator, or the default ones if it has none."""
    try:
        return get_tags(estimator)
    except Exception:  # which is what check_tags is for
        return Tags(estimator_type=None, target_tags=TargetTags(required=False))


def as_objects(rows):
    """Put rows, of equal length or not, into an array of objects with one axis."""
    rows = list(rows)
    array = np.empty(len(rows), object)
    array[:] = rows
    return array


def _are_lists(values):
    return isinstance(next(iter(values), None), (list, tuple))
