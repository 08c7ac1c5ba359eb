"""Small estimators of texts and tokens that pass each check, for faults to be built into."""

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_is_fitted, column_or_1d

from sklstm import Sequences
from sklstm._labels import check_labels
from sklstm._sample_weights import weigh_samples, weigh_scores
from sklstm._text_checks import check_texts, check_tokens
from sklstm.estimator_checks._problem import as_objects
from sklstm.tags import check_tags


class Words(BaseEstimator):
    """Counts the known words of a sample."""

    def __init__(self, *, alpha=1.0, batch_size=8, random_state=None):
        self.alpha = alpha
        self.batch_size = batch_size
        self.random_state = random_state

    def _read(self, X):
        return X.tokens() if isinstance(X, Sequences) else check_tokens(X)

    def _learn_words(self, samples):
        self.offset_ = check_random_state(self.random_state).rand()
        self.words_ = sorted(set().union(*samples))
        self._columns = {word: column for column, word in enumerate(self.words_)}

    def _count(self, samples):
        counts = np.zeros((len(samples), len(self.words_) + 1))
        counts[:, -1] = self.offset_
        for row, sample in enumerate(samples):
            for word in sample:
                if word in self._columns:
                    counts[row, self._columns[word]] += 1
        return counts

    def _use(self, X):
        check_is_fitted(self)
        return self._read(X)


class Counts(TransformerMixin, Words):
    """Transforms into counts."""

    def fit(self, X, y=None):
        self._learn_words(self._read(X))
        return self

    def transform(self, X):
        return self._count(self._use(X))

    def get_feature_names_out(self, input_features=None):
        check_is_fitted(self)
        return np.array([*self.words_, "offset"], object)


class Linear(Words):
    """Ridge regression of counts; portions add up."""

    def _solve(self, X, targets, sample_weight, portion=False):
        samples = self._read(X)
        check_consistent_length(samples, targets)
        weights = weigh_samples(sample_weight, list(map(len, samples)), "fit")
        if not portion or not hasattr(self, "coef_"):
            self._learn_words(samples)
            self._normal = self._moment = 0.0
        counts = self._count(samples)
        self._normal = self._normal + (counts.T * weights) @ counts
        self._moment = self._moment + (counts.T * weights) @ targets
        ridge = self.alpha * np.eye(len(self._normal))
        self.coef_ = np.linalg.solve(self._normal + ridge, self._moment)
        return self

    def _outputs(self, X):
        return self._count(self._use(X)) @ self.coef_


class Regressor(RegressorMixin, Linear):
    """Predicts one number, or several."""

    def fit(self, X, y, sample_weight=None):
        return self._solve(X, self._check_y(y), sample_weight)

    def partial_fit(self, X, y, sample_weight=None):
        return self._solve(X, self._check_y(y), sample_weight, portion=True)

    def predict(self, X):
        return self._outputs(X)

    def _check_y(self, y):
        if y is None:
            raise ValueError("Regressor requires y to be passed, but the target y is None.")
        return check_array(y, ensure_2d=False, dtype=float, input_name="y")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class Classifier(ClassifierMixin, Linear):
    """Predicts one label, or a 0/1 matrix."""

    def fit(self, X, y, sample_weight=None):
        y = self._check_y(y)
        classes = np.arange(y.shape[1]) if y.ndim == 2 else np.unique(y)
        if len(classes) == 1:
            raise ValueError(f"y holds one class only, {classes[0]!r}; pass two or more.")
        indicators = y if y.ndim == 2 else y[:, None] == classes
        self._solve(X, indicators.astype(float), sample_weight)
        self.classes_, self._is_matrix = classes, y.ndim == 2
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        y = self._check_y(y)
        if not hasattr(self, "classes_"):
            if classes is None:
                raise ValueError("classes must be passed in the first partial_fit.")
            self.classes_, self._is_matrix = np.unique(classes), False
        if not np.isin(y, self.classes_).all():
            raise ValueError(f"y holds others than the classes {self.classes_.tolist()}.")
        return self._solve(X, (y[:, None] == self.classes_).astype(float), sample_weight, True)

    def decision_function(self, X):
        outputs = self._outputs(X)
        two = len(self.classes_) == 2 and not self._is_matrix
        return outputs[:, 1] - outputs[:, 0] if two else outputs

    def predict_proba(self, X):
        outputs = self._outputs(X)
        return np.clip(outputs, 0, 1) if self._is_matrix else softmax(outputs, axis=1)

    def predict_log_proba(self, X):
        return log_softmax(self._outputs(X), axis=1)

    def predict(self, X):
        outputs = self._outputs(X)
        return (outputs > 0.5).astype(int) if self._is_matrix else self.classes_[outputs.argmax(1)]

    def score(self, X, y, sample_weight=None):
        weights = None if sample_weight is None else weigh_scores(sample_weight, y)
        return super().score(X, y, weights)

    def _check_y(self, y):
        if y is None:
            raise ValueError("Classifier requires y to be passed, but the target y is None.")
        check_labels(y, "y")
        check_classification_targets(y)
        y = np.asarray(y)
        return y if y.ndim == 2 and y.shape[1] > 1 else column_or_1d(y)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class Texts:
    """Reads texts and splits them at spaces."""

    def _read(self, X):
        return list(map(str.split, check_texts(X)))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        return tags


class TextClassifier(Texts, Classifier):
    """Predicts a label of a text."""


class Tagger(Words):
    """Tags each word as it is most often tagged."""

    def fit(self, X, y):
        samples, y = self._read(X), self._check_y(y)
        check_consistent_length(samples, y)
        for row, (sample, tags) in enumerate(zip(samples, y, strict=True)):
            if len(sample) != len(tags):
                raise ValueError(f"Sample {row}: {len(sample)} words and {len(tags)} tags.")
        self._learn_words(samples)
        self.classes_ = sorted(set().union(*y))
        self._counts = {word: np.full(len(self.classes_), self.alpha) for word in self.words_}
        for sample, tags in zip(samples, y, strict=True):
            for word, tag in zip(sample, tags, strict=True):
                self._counts[word][self.classes_.index(tag)] += 1
        return self

    def predict_marginals(self, X):
        samples = self._use(X)
        unknown = np.ones(len(self.classes_))
        rows = [[self._counts.get(word, unknown) for word in sample] for sample in samples]
        counts = [np.array(row).reshape(len(row), len(unknown)) for row in rows]
        return as_objects(row / row.sum(axis=1, keepdims=True) for row in counts)

    def predict(self, X):
        marginals = self.predict_marginals(X)
        return as_objects([self.classes_[c.argmax()] for c in row] for row in marginals)

    def score(self, X, y):
        pairs = zip(self.predict(X), self._check_y(y), strict=True)
        return float(np.mean([a == b for row in pairs for a, b in zip(*row, strict=True)]))

    def _check_y(self, y):
        if y is None:
            raise ValueError("Tagger requires y to be passed, but the target y is None.")
        return check_tags(y, None)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


class Reverser(Texts, Words):
    """Returns the known words in reverse, whatever y is."""

    def fit(self, X, y):
        samples = self._read(X)
        if y is None:
            raise ValueError("Reverser requires y to be passed, but the target y is None.")
        check_consistent_length(samples, check_texts(y))
        self._learn_words(samples)
        return self

    def predict(self, X):
        samples = self._use(X)
        known = set(self.words_)
        return [" ".join(w for w in sample[::-1] if w in known) for sample in samples]

    def score(self, X, y):
        return float(np.mean([a == b for a, b in zip(self.predict(X), y, strict=True)]))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


class Unigrams(Texts, Words):
    """Draws words as often as they occur."""

    def fit(self, X, y=None):
        samples = self._read(X)
        self._learn_words(samples)
        counts = self._count(samples)[:, :-1].sum(axis=0) + self.alpha
        self.probabilities_ = counts / counts.sum()
        return self

    def score_samples(self, X):
        samples = self._use(X)
        logs = dict(zip(self.words_, np.log(self.probabilities_), strict=True))
        return np.array([sum(logs.get(word, -9.0) for word in sample) for sample in samples])

    def score(self, X, y=None):
        return float(self.score_samples(X).mean())

    def sample(self, n_samples=1, random_state=None):
        check_is_fitted(self)
        rng = check_random_state(random_state)
        return [str(rng.choice(self.words_, p=self.probabilities_)) for _ in range(n_samples)]
