"""For each check of `sklstm.estimator_checks` an estimator with the fault that it must find."""

import random
import threading
import warnings
from functools import partial, wraps

import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.utils.metadata_routing import MetadataRequest
from sound import (
    Classifier,
    Counts,
    Regressor,
    Reverser,
    Tagger,
    TextClassifier,
    Unigrams,
)

from sklstm import LSTMClassifier, Sequences


def fault(base, **changes):
    """Make a class with other methods: each change gets self, the method and its arguments."""

    def method(name, change):
        @wraps(getattr(base, name))
        def changed(self, *args, **kwargs):
            return change(self, partial(getattr(base, name), self), *args, **kwargs)

        return changed

    methods = {name: method(name, change) for name, change in changes.items()}
    return type(f"Broken{base.__name__}", (base,), methods)


def before(action):
    """A change that does something first."""

    def change(self, method, *args, **kwargs):
        action(self, *args, **kwargs)
        return method(*args, **kwargs)

    return change


def after(action):
    """A change of what a method returns."""
    return lambda self, method, *args, **kwargs: action(method(*args, **kwargs))


def on(condition, value):
    """A change that returns something else, or raises it, if the input fulfils a condition."""

    def change(self, method, X, *args, **kwargs):
        if not condition(X):
            return method(X, *args, **kwargs)
        if isinstance(value, type) and issubclass(value, Exception):
            raise value("list index out of range")
        return value(self, X) if callable(value) else value

    return change


def taking(convert):
    """A change that makes something of X first."""
    return lambda self, method, X, *args, **kwargs: method(convert(X), *args, **kwargs)


def with_y(convert):
    """A change that makes something of y first."""
    return lambda self, method, X, y, *args, **kwargs: method(X, convert(y), *args, **kwargs)


def with_weights(convert):
    """A change that makes something of the weights first."""
    return lambda self, method, X, y, sample_weight=None: method(
        X, y, sample_weight if sample_weight is None else convert(sample_weight)
    )


def set_attribute(name, value):
    return before(lambda self, *args, **kwargs: setattr(self, name, value(self)))


def fill(X, wrong):
    """Replace wrong samples by empty ones."""
    return [[] if wrong(row) else row for row in X] if isinstance(X, list) else X


def fill_tokens(X, wrong):
    """Replace wrong tokens."""
    return [["?" if wrong(token) else token for token in row] for row in X]


def fill_texts(X, wrong):
    return ["" if wrong(text) else text for text in X] if isinstance(X, list) else X


class TwoNames(Classifier):
    def __init__(self, *, alpha=1.0, batch_size=8, random_state=None, more=1):
        super().__init__(alpha=alpha, batch_size=batch_size, random_state=random_state)
        self.other = more

    def get_params(self, deep=True):
        return {**super().get_params.__func__(Classifier(), deep), "more": self.other}


class Copies(Classifier):
    def __init__(self, *, alpha=1.0, batch_size=8, random_state=None):
        super().__init__(alpha=alpha * 1.0 + 1e-9, batch_size=batch_size, random_state=random_state)


class Prepares(Classifier):
    def __init__(self, *, alpha=1.0, batch_size=8, random_state=None):
        super().__init__(alpha=alpha, batch_size=batch_size, random_state=random_state)
        self.ready = True


class Checks(Classifier):
    def __init__(self, *, alpha=1.0, batch_size=8, random_state=None):
        super().__init__(alpha=alpha, batch_size=batch_size, random_state=random_state)
        if alpha < 0:
            raise ValueError("alpha must not be negative")


class Forgives(Classifier):
    def set_params(self, **params):
        return super().set_params(**{k: v for k, v in params.items() if k in self.get_params()})


class SaysNothing(Classifier):
    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags = None
        return tags


class OtherNames(Classifier):
    def fit(self, X, target, sample_weight=None):
        return super().fit(X, target, sample_weight)


class Remembers(Classifier):
    def _learn_words(self, samples):
        old = getattr(self, "offset_", 0)
        super()._learn_words(samples)
        self.offset_ += old


class Clears(Classifier):
    def fit(self, X, y, sample_weight=None):
        vars(self).pop("coef_", None)
        return super().fit(X, y, sample_weight)


class TakesNoY(Counts):
    def fit(self, X):
        return super().fit(X)

    def fit_transform(self, X, y=None):
        return self.fit(X).transform(X)


class RoutesNothing(Classifier):
    def get_metadata_routing(self):
        return MetadataRequest(owner=type(self).__name__)


def is_main_thread():
    return threading.current_thread() is threading.main_thread()


class Keeps(Classifier):
    def fit(self, X, y, sample_weight=None):
        self.y_ = y
        return super().fit(X, y, sample_weight)

    def decision_function(self, X):
        return super().decision_function(X) + (self.y_[0] == self.y_[1])

    def predict_proba(self, X):
        return softmax(np.column_stack([0 * (d := self.decision_function(X)), d]), axis=1)


class Caches(Classifier):
    def predict_proba(self, X):
        self._last = super().predict_proba(X)
        return self._last


class Draws(Classifier):
    def predict_proba(self, X):
        return super().predict_proba(X) + np.random.default_rng().random() * 1e-3


class SharesItsTable(Tagger):
    def predict(self, X):
        self.classes_ = list(self.classes_)
        self._answers = getattr(self, "_answers", {})
        return self._answers.setdefault(str(X), super().predict(X))


class Unpicklable(Classifier):
    def fit(self, X, y, sample_weight=None):
        self._lock = lambda: None
        return super().fit(X, y, sample_weight)


class LosesItsState(Classifier):
    def __getstate__(self):
        state = super().__getstate__()
        return {**state, "coef_": 0 * state["coef_"]} if "coef_" in state else state


class PicklesOthers(Classifier):
    def __getstate__(self):
        return {**super().__getstate__(), "alpha": 7.0}


class SharesOnCopy(Classifier):
    def __deepcopy__(self, memo):
        twin = type(self)(**self.get_params())
        vars(twin).update(vars(self))
        return twin


class Writes(Classifier):
    def fit(self, X, y, sample_weight=None):
        y[0] = y[0]
        return super().fit(X, y, sample_weight)


class WantsIntegers(Classifier):
    def _learn_words(self, samples):
        if self.random_state is not None:
            np.random.RandomState(int(self.random_state))
        super()._learn_words(samples)


class FitsTwice(Counts):
    def fit_transform(self, X, y=None):
        return self.fit(X).transform(X) * 2


class Batched(Classifier):
    def predict_proba(self, X):
        return super().predict_proba(X) / self.batch_size


class BatchCentred(Classifier):
    def predict_proba(self, X):
        outputs = super().predict_proba(X)
        return outputs - outputs.mean(axis=0)


class Positional(Classifier):
    def predict_proba(self, X):
        return super().predict_proba(X) + np.linspace(0, 0.1, len(X))[:, None]


class Squeezes(Classifier):
    def predict(self, X):
        return np.squeeze(super().predict(X))[()]


class AnyWidthLSTM(LSTMClassifier):
    def predict_proba(self, X):
        try:
            return super().predict_proba(X)
        except ValueError:
            return np.full((len(X), 2), 0.5)


class FlatLSTM(LSTMClassifier):
    """Knows no ragged numbers."""

    def fit(self, X, y, sample_weight=None):
        if isinstance(X[0], np.ndarray):
            X = np.array(X)
        return super().fit(X, y, sample_weight)


class RoundingLSTM(LSTMClassifier):
    def predict_proba(self, X):
        if isinstance(X, np.ndarray) or isinstance(X[0][0], list):
            X = [np.round(sample, 1) for sample in X]
        return super().predict_proba(X)


def numbers_first(X):
    return isinstance(X, list) and isinstance(X[0], np.ndarray)


SMALL = {"hidden_size": 2, "max_epochs": 1}

FAULTS = {
    # conventions
    "clone": Copies,
    "get_params": TwoNames,
    "set_params": Forgives,
    "init_only_assigns": Prepares,
    "init_checks_nothing": Checks,
    "repr": fault(Classifier, __repr__=lambda self, method: f"Classifier {vars(self).keys()}"),
    "tags": SaysNothing,
    "fit_takes_y": OtherNames,
    "fit_returns_self": fault(Classifier, fit=after(lambda self: None)),
    "fit_keeps_parameters": fault(Classifier, fit=set_attribute("alpha", lambda self: 2.0)),
    "fitted_attributes": fault(Classifier, fit=set_attribute("ready", lambda self: True)),
    "is_fitted": fault(Classifier, fit=lambda self, method, X, y, sample_weight=None: self),
    "unfitted": fault(Classifier, predict=on(lambda X: True, lambda self, X: X)),
    # fitting
    "input_is_left_alone": fault(Classifier, fit=before(lambda self, X, y: X[0].append("end"))),
    "global_generators": fault(Classifier, predict_proba=before(lambda self, X: random.random())),
    "silence": fault(Classifier, fit=before(lambda self, X, y: print("fitting"))),
    "warnings": fault(
        Classifier, fit=before(lambda self, X, y: warnings.warn("slow", stacklevel=2))
    ),
    "fit_is_repeatable": fault(
        Classifier, _count=after(lambda counts: counts + np.random.default_rng().random())
    ),
    "fit_is_idempotent": Remembers,
    "refit_forgets": Remembers,
    "failed_fit": Clears,
    "data_are_not_kept": Keeps,
    "prediction_changes_nothing": Caches,
    "repeated_prediction": Draws,
    "outputs_are_fresh": SharesItsTable,
    "pickle": Unpicklable,
    "pickle_before_fit": PicklesOthers,
    "deepcopy": SharesOnCopy,
    "read_only_input": Writes,
    "random_state": WantsIntegers,
    "fit_transform": FitsTwice,
    "partial_fit": fault(Classifier, partial_fit=after(lambda self: None)),
    # samples
    "order": Positional,
    "batch_mates": BatchCentred,
    "twins": Positional,
    "batch_size": Batched,
    "padding": LSTMClassifier(mask_padding=False, **SMALL),
    "sequences": fault(
        Classifier, fit=taking(lambda X: [["x"]] * len(X) if isinstance(X, Sequences) else X)
    ),
    "vector_width": AnyWidthLSTM(**SMALL),
    "one_sample": fault(Classifier, predict=after(lambda y: y if len(y) > 1 else y[0])),
    "empty_sequence": fault(Classifier, predict_proba=on(lambda X: not all(X), IndexError)),
    "empty_sequence_in_fit": fault(Classifier, fit=on(lambda X: not all(map(len, X)), IndexError)),
    "one_step": fault(
        Classifier,
        predict_proba=on(lambda X: "unheard-of" in X[-1], IndexError),
    ),
    "long_sequence": fault(
        Classifier, predict_proba=on(lambda X: max(map(len, X)) > 99, IndexError)
    ),
    "unknown_tokens": fault(Classifier, predict_proba=on(lambda X: "zyzzyva" in X[-1], KeyError)),
    "unicode": fault(
        TextClassifier,
        predict_proba=taking(lambda X: [text.encode("ascii").decode() for text in X]),
    ),
    "surrogates": fault(TextClassifier, predict_proba=on(lambda X: "\ud83d" in X[0], KeyError)),
    # containers
    "tuple": fault(Classifier, fit=on(lambda X: isinstance(X, tuple), AttributeError)),
    "array_of_objects": fault(Classifier, fit=on(lambda X: isinstance(X, np.ndarray), TypeError)),
    "series": fault(
        TextClassifier, fit=before(lambda self, X, y, **k: X[0] if isinstance(X, pd.Series) else 0)
    ),
    "generator": fault(Classifier, fit=on(lambda X: not hasattr(X, "__len__"), AttributeError)),
    "array_of_strings": fault(
        TextClassifier,
        fit=taking(
            lambda X: (
                X.astype("U3")
                if getattr(X, "dtype", None) == "U39"
                or getattr(getattr(X, "dtype", None), "kind", "") == "U"
                else X
            )
        ),
    ),
    "column_of_texts": fault(TextClassifier, fit=on(lambda X: np.ndim(X) == 2, KeyError)),
    # bad input
    "no_samples": fault(
        Classifier, predict_proba=on(lambda X: X is None, lambda self, X: np.zeros((0, 2)))
    ),
    "bare_string": fault(
        Classifier, _read=taking(lambda X: [[c] for c in X] if isinstance(X, str) else X)
    ),
    "missing_sample": fault(Classifier, _read=taking(lambda X: fill(X, lambda row: row is None))),
    "nan_among_samples": fault(Classifier, _read=taking(lambda X: fill(X, lambda row: row != row))),
    "number_among_samples": fault(
        Classifier, _read=taking(lambda X: fill(X, lambda row: row == 5))
    ),
    "bytes_among_samples": fault(
        TextClassifier, _read=taking(lambda X: fill_texts(X, lambda text: isinstance(text, bytes)))
    ),
    "text_among_tokens": fault(
        Classifier, _read=taking(lambda X: list(map(list, X)) if isinstance(X, list) else X)
    ),
    "missing_token": fault(
        Classifier, _read=taking(lambda X: fill_tokens(X, lambda token: token is None))
    ),
    "number_among_tokens": fault(
        Classifier, _read=taking(lambda X: fill_tokens(X, lambda token: token == 5))
    ),
    "two_columns_of_texts": fault(
        TextClassifier, _read=taking(lambda X: X[:, 0] if np.ndim(X) == 2 else X)
    ),
    # numbers
    "ragged_numbers": FlatLSTM(**SMALL),
    "number_containers": RoundingLSTM(**SMALL),
    "number_of_features": fault(
        LSTMClassifier,
        predict_proba=taking(lambda X: [x[:, :2] for x in X] if numbers_first(X) else X),
    )(**SMALL),
    "nonfinite_numbers": fault(
        LSTMClassifier,
        predict_proba=taking(lambda X: list(map(np.nan_to_num, X)) if numbers_first(X) else X),
    )(**SMALL),
    "kind_of_input": fault(
        LSTMClassifier,
        predict_proba=taking(lambda X: [["a"]] * len(X) if numbers_first(X) else X),
    )(**SMALL),
    # targets
    "target_length": fault(
        Classifier, fit=lambda self, fit, X, y, w=None: fit(X[: len(y)], y[: len(X)], w)
    ),
    "target_is_required": fault(
        Regressor, fit=with_y(lambda y: np.arange(8.0) if y is None else y)
    ),
    "missing_target": fault(Classifier, fit=with_y(lambda y: ["?" if v is None else v for v in y])),
    "target_containers": fault(
        Classifier, fit=with_y(lambda y: y[::-1] if isinstance(y, tuple) else y)
    ),
    "predictions": fault(Reverser, predict=after(lambda texts: [t.split() for t in texts])),
    "score": fault(Classifier, score=after(lambda score: 1 - score)),
    "classes": fault(Classifier, predict=after(lambda y: (y == "pos").astype(int))),
    "label_types": fault(Classifier, predict=after(lambda y: y.astype(str))),
    "probabilities": fault(Classifier, predict_proba=after(lambda p: p * 2)),
    "log_probabilities": fault(Classifier, predict_log_proba=after(lambda p: p / 2)),
    "decision_function": fault(Classifier, decision_function=after(lambda d: d[:, None])),
    "multiclass": fault(
        Classifier, predict_proba=after(lambda p: p[:, ::-1] if p.shape[1] > 2 else p)
    ),
    "one_class": fault(
        Classifier,
        fit=lambda self, fit, X, y, w=None: fit(X, [*y[:-1], "~"] if len(set(y)) < 2 else y),
    ),
    "continuous_labels": fault(Classifier, fit=with_y(lambda y: np.array(list(map(str, y))))),
    "multilabel": fault(Classifier, predict=after(lambda y: y[:, 0] if y.ndim == 2 else y)),
    "unknown_class": fault(
        Classifier,
        partial_fit=lambda self, method, X, y, **k: method(
            X, ["pos" if v not in ("pos", "neg") else v for v in y], **k
        ),
    ),
    "column_target": fault(
        Classifier, fit=with_y(lambda y: y[::-1, 0] if np.ndim(y) == 2 and len(y[0]) == 1 else y)
    ),
    "number_predictions": fault(Regressor, predict=after(lambda y: y[:, None])),
    "integer_numbers": fault(
        Regressor, fit=with_y(lambda y: y * 2 if np.asarray(y).dtype.kind == "i" else y)
    ),
    "nonfinite_numbers_as_targets": fault(Regressor, fit=with_y(np.nan_to_num)),
    "several_numbers": fault(Regressor, predict=after(lambda y: y[:, 0] if y.ndim == 2 else y)),
    "tags_of_predictions": fault(Tagger, predict=after(lambda y: np.array([*y], dtype=object))),
    "wrong_tags": fault(
        Tagger,
        fit=lambda self, fit, X, y: fit(
            X, [[*tags, *"O" * 9][: len(row)] for row, tags in zip(X, y, strict=True)]
        ),
    ),
    "marginals": fault(Tagger, predict_marginals=after(lambda rows: rows * 2)),
    "score_samples": fault(Unigrams, score_samples=after(lambda scores: scores[:, None])),
    "sample": fault(
        Unigrams, sample=lambda self, sample, n, random_state=None: sample(n, random_state=None)
    ),
    # weights
    "unit_weights": fault(Classifier, fit=with_weights(lambda w: np.arange(len(w)) + 1.0)),
    "zero_weights": fault(Classifier, fit=with_weights(lambda w: np.maximum(w, 0.1))),
    "repetition": fault(Classifier, fit=with_weights(np.sqrt)),
    "weights_matter": fault(Classifier, fit=with_weights(lambda w: None)),
    "weight_containers": fault(
        Classifier, fit=with_weights(lambda w: w if isinstance(w, list) else np.ones(len(w)))
    ),
    "wrong_weights": fault(Classifier, fit=with_weights(np.nan_to_num)),
    "weights_are_routed": RoutesNothing,
    "weights_of_scores": fault(
        Classifier, score=lambda self, score, X, y, w=None, **k: score(X, y) + 0.1 * len(k)
    ),
    # composition
    "pipeline": TakesNoY,
    "predictions_in_threads": fault(
        Classifier, predict_proba=after(lambda p: p if is_main_thread() else p / 2)
    ),
    "cross_val_predict": fault(Tagger, predict=after(lambda y: list(y))),
    "grid_search": fault(Classifier, score=after(lambda score: "good")),
    "search_in_threads": fault(
        Classifier, score=after(lambda score: score if is_main_thread() else -1.0)
    ),
    "feature_names_out": fault(Counts, get_feature_names_out=after(lambda names: names[:-1])),
    "set_output": fault(Counts, set_output=lambda self, method, transform=None: self),
}
