"""Naive Bayes weights of counts: ``NaiveBayesWeights``."""

from numbers import Real
from typing import Any, Self

import numpy as np
from scipy.sparse import diags_array, issparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.preprocessing import LabelBinarizer, binarize
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, check_non_negative, validate_data

from sklstm._arrays import check_same_length, to_array, to_numbers
from sklstm._fit_tasks import FollowedFit, followed
from sklstm._labels import check_labels
from sklstm._parameters import ParametersMixin
from sklstm._sample_weights import check_weights
from sklstm._sklearn import Interval, fit_context
from sklstm._versions import Versioned


class NaiveBayesWeights(
    FollowedFit, OneToOneFeatureMixin, TransformerMixin, ParametersMixin, Versioned, BaseEstimator
):
    r"""Weigh counts by what naive Bayes learns from them [1]_.

    The weight of a feature, such as an n-gram, is its log-count ratio

    .. math:: r = \log \frac{p / \lVert p \rVert_1}{q / \lVert q \rVert_1}, \qquad
              p = \alpha + \sum_{i : y_i = 1} f_i, \quad q = \alpha + \sum_{i : y_i = 0} f_i,

    so a linear model that follows need not spend its penalty on features that tell the classes
    apart in many samples. With more than two classes each has a ratio, of its own samples and the
    rest, and the weight is the root of the mean square of the ratios. To a linear model with an L2
    penalty of :math:`1/C`, that is the same as one weighted copy of all features for each class,
    and a penalty of :math:`1/(KC)`.

    Parameters
    ----------
    alpha : float, default=1.0
        Added to the count of each feature in each class.
    binary : bool, default=True
        Whether a count above zero is a one, in ``fit`` and in ``transform``.

    Attributes
    ----------
    weights_ : ndarray of shape (n_features,)
        The weights :math:`r`; positive for ``classes_[1]`` of two classes.
    log_ratios_ : ndarray of shape (n_classes, n_features)
        The ratio of each class and the rest; of two classes, only the second.
    classes_ : ndarray of shape (n_classes,)
        The classes.
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if all of those seen in ``fit`` are strings.

    References
    ----------
    .. [1] Wang and Manning (2012), Baselines and bigrams: simple, good sentiment and topic
       classification, ACL. https://aclanthology.org/P12-2018

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklstm import NaiveBayesWeights
    >>> counts = CountVectorizer(ngram_range=(1, 2))
    >>> pipe = make_pipeline(counts, NaiveBayesWeights(), LogisticRegression())
    >>> pipe.fit(["a good film", "good fun", "a bad film", "bad acting"], [1, 1, 0, 0])
    Pipeline(...)
    >>> pipe.predict(["bad fun", "good acting in a bad film", "a good one"])
    array([0, 0, 1])
    """

    _parameter_constraints = {
        "alpha": [Interval(Real, 0, None, closed="neither")],
        "binary": ["boolean"],
    }

    def __init__(self, *, alpha: float = 1.0, binary: bool = True):
        self.alpha = alpha
        self.binary = binary

    @fit_context(prefer_skip_nested_validation=True)
    @followed
    def fit(self, X, y, sample_weight=None) -> Self:
        """Learn the weights.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The counts, or other numbers that are not negative.
        y : array-like of shape (n_samples,)
            The class of each sample.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples: a weight of 2 counts a sample twice.

        Returns
        -------
        NaiveBayesWeights
            The fitted transformer.
        """
        if y is not None:
            y = to_array(check_labels(y, "y"), "y", "one class for each sample")
        X = _to_counts(X)
        check_same_length(X=X, y=y)
        X, y = validate_data(self, X, y, **self._accepted(), multi_output=True)
        check_non_negative(X, "NaiveBayesWeights (counts in X)")
        y = _check_classes(y)
        weights = check_weights(sample_weight, X, ensure_non_negative=True)
        is_class = LabelBinarizer().fit(y)
        self.classes_ = is_class.classes_
        members = is_class.transform(y).reshape(len(y), -1)  # two classes have one column
        features = binarize(X) if self.binary else X
        weighted = members * weights[:, None]
        positive = (features.T @ weighted).T + self.alpha
        rest = (features.T @ (weights[:, None] - weighted)).T + self.alpha
        self.log_ratios_ = _log_shares(positive) - _log_shares(rest)
        two = len(self.log_ratios_) == 1
        self.weights_ = (
            self.log_ratios_[0] if two else np.sqrt(np.mean(self.log_ratios_**2, axis=0))
        )
        return self

    def transform(self, X) -> Any:
        """Weigh the features.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The counts.

        Returns
        -------
        {ndarray, sparse matrix} of shape (n_samples, n_features)
            The weighted counts, or weighted ones and zeros; sparse if `X` is.
        """
        check_is_fitted(self)
        X = validate_data(self, _to_counts(X), reset=False, **self._accepted())
        features = binarize(X) if self.binary else X
        return features @ diags_array(self.weights_) if issparse(X) else features * self.weights_

    def _accepted(self):
        """Return what scikit-learn checks of X."""
        return {"accept_sparse": ["csr", "csc"], "dtype": (np.float64, np.float32)}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.target_tags.required = True
        return tags


def _to_counts(X):
    """Make numbers of what is neither sparse nor a frame with names, whose checks are their own."""
    if issparse(X) or hasattr(X, "columns"):
        return X
    expected = "a matrix of counts, with a row for each sample"
    counts = to_numbers(X, "X", expected)
    if counts.ndim > 2:
        raise ValueError(f"X must be {expected}; got the shape {counts.shape}.")
    return counts


def _check_classes(y):
    """Return y, shape (n_samples,), if each sample has one of at least two classes."""
    if y.dtype == object and len(set(map(type, y.ravel()))) > 1:
        raise TypeError("y must hold classes of one type.")
    if type_of_target(y, input_name="y").startswith("multi") and np.ndim(y) == 2:
        raise ValueError(
            f"y has {y.shape[1]} columns, but a feature has one weight: fit one NaiveBayesWeights "
            "for each label, for example in sklearn.multiclass.OneVsRestClassifier."
        )
    y = column_or_1d(y, warn=True)
    check_classification_targets(y)
    if len(np.unique(y)) < 2:
        raise ValueError(f"The weights tell classes apart, but y holds one class: {y[0]}.")
    return y


def _log_shares(counts):
    """Return the logarithm of each feature's share of its class, shape (n_classes, n_features)."""
    return np.log(counts) - np.log(counts.sum(axis=1, keepdims=True))
