"""``NaiveBayesWeights``: scikit-learn's checks, the formula, and the equivalence it claims."""

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklstm import NaiveBayesWeights

X = np.array([[2, 0, 1], [1, 1, 0], [0, 3, 0], [0, 1, 1], [4, 0, 0]])
Y = np.array(["pos", "pos", "neg", "neg", "pos"])


@parametrize_with_checks([NaiveBayesWeights(), NaiveBayesWeights(binary=False, alpha=0.1)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("container", [np.array, csr_array, csr_matrix])
def test_weights_are_log_count_ratios(container):
    weights = NaiveBayesWeights().fit(container(X), Y)
    p, q = np.array([4, 2, 2]), np.array([1, 3, 2])  # one added
    ratio = np.log((p / p.sum()) / (q / q.sum()))
    assert weights.weights_ == pytest.approx(ratio)
    weighted = weights.transform(container(X))
    assert type(weighted) is type(container(X))
    dense = weighted if container is np.array else weighted.toarray()
    assert dense == pytest.approx((X > 0) * ratio)


def test_counts_as_they_are():
    weights = NaiveBayesWeights(binary=False, alpha=0.5).fit(X, Y)
    p, q = np.array([7.5, 1.5, 1.5]), np.array([0.5, 4.5, 1.5])
    ratio = np.log((p / p.sum()) / (q / q.sum()))
    assert weights.weights_ == pytest.approx(ratio)
    assert weights.transform(X) == pytest.approx(X * ratio)


def test_each_class_and_the_rest():
    y = np.array([0, 1, 2, 2, 1])
    weights = NaiveBayesWeights().fit(X, y)
    for k in range(3):
        alone = NaiveBayesWeights().fit(X, y == k)
        assert weights.log_ratios_[k] == pytest.approx(alone.weights_)
    assert weights.weights_ == pytest.approx((weights.log_ratios_**2).mean(axis=0) ** 0.5)


@pytest.mark.parametrize("penalty", [1.0, 0.1])
def test_one_weight_is_worth_a_copy_for_each_class(penalty):
    rng = np.random.default_rng(0)
    counts, y = rng.poisson(1, (80, 6)), rng.integers(3, size=80)
    weights = NaiveBayesWeights().fit(counts, y)
    copies = np.hstack([(counts > 0) * ratio for ratio in weights.log_ratios_])
    scaled = LogisticRegression(C=3 / penalty, tol=1e-8, max_iter=999)
    stacked = LogisticRegression(C=1 / penalty, tol=1e-8, max_iter=999)
    X = weights.transform(counts)
    found = scaled.fit(X, y).decision_function(X)
    assert stacked.fit(copies, y).decision_function(copies) == pytest.approx(found, abs=1e-3)
    ridge = Ridge(penalty / 3).fit(X, y).predict(X)
    assert Ridge(penalty).fit(copies, y).predict(copies) == pytest.approx(ridge)


def test_weights_of_samples_count_them():
    weighted = NaiveBayesWeights().fit(X, Y, sample_weight=[2, 0, 1, 1, 3])
    repeated = NaiveBayesWeights().fit(X[[0, 0, 2, 3, 4, 4, 4]], Y[[0, 0, 2, 3, 4, 4, 4]])
    assert weighted.weights_ == pytest.approx(repeated.weights_)
    assert not np.allclose(weighted.weights_, NaiveBayesWeights().fit(X, Y).weights_)


def test_names_of_features_pass_through():
    weights = NaiveBayesWeights().fit(X, Y)
    assert weights.get_feature_names_out(["a", "b", "c"]).tolist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.eye(5, 2, dtype=int), "y has 2 columns.*OneVsRestClassifier"),
        (np.full(5, "pos"), "one class: pos"),
        (np.linspace(0, 1, 5), "Unknown label type"),
    ],
)
def test_refuses_targets_without_classes(y, message):
    with pytest.raises(ValueError, match=message):
        NaiveBayesWeights().fit(X, y)


def test_refuses_negative_numbers_and_weights():
    with pytest.raises(ValueError, match="Negative values"):
        NaiveBayesWeights().fit(-X, Y)
    with pytest.raises(ValueError, match="sample_weight"):
        NaiveBayesWeights().fit(X, Y, sample_weight=[-1, 1, 1, 1, 1])
    with pytest.raises(ValueError, match="alpha"):
        NaiveBayesWeights(alpha=0).fit(X, Y)
