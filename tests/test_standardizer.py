"""Numbers of any magnitude: they are standardised inside the estimators."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from toys import LABELS, RAGGED, SERIES, STEPS, TOKENS

from sklstm import LSTMClassifier, LSTMRegressor, LSTMSeq2Seq, LSTMTagger, SlidingWindow
from sklstm._standardizer import Standardizer
from sklstm.inspection import hidden_states

y = SERIES.sum(axis=1)


def regressor(**params):
    return LSTMRegressor(**{"hidden_size": 8, "max_epochs": 5, "random_state": 0, **params})


def steps(estimator, X):
    return estimator._read_sequences(X).values


class TestStandardizer:
    def transform(self, by, values, lengths, weights=None, dtype=float):
        weights = np.ones(len(lengths)) if weights is None else np.array(weights, float)
        lengths = np.array(lengths)
        learned = Standardizer(by).learned(values, lengths, weights)
        return learned.transform(values, lengths, dtype)

    def test_by_feature(self):
        values = np.random.default_rng(0).normal([5.0, -1e6], [1e-3, 1e4], (200_000, 2))
        found = self.transform("feature", values, [150_000, 0, 50_000])  # several blocks
        np.testing.assert_allclose(found, (values - values.mean(0)) / values.std(0), atol=1e-8)

    def test_weights_count_sequences(self):
        values = np.random.default_rng(0).normal(size=(6, 2))
        doubled = np.concatenate([values[:4], values[:4], values[4:]])
        found = self.transform("feature", values, [4, 2], [2, 1])
        np.testing.assert_allclose(self.transform("feature", doubled, [4, 4, 2])[4:], found)

    def test_by_sample(self):
        rng = np.random.default_rng(0)
        values, lengths = 50_000 + rng.normal(size=(200_000, 2)), [3, 0, 1, 99_996, 100_000]
        found = self.transform("sample", values, lengths)
        for sample, own in zip(
            *(np.split(all_, np.cumsum(lengths)[:-1]) for all_ in (found, values)), strict=True
        ):
            if len(own) > 1:
                np.testing.assert_allclose(sample, (own - own.mean(0)) / own.std(0), atol=1e-6)
        np.testing.assert_array_equal(found[3], 0)  # a single step

    def test_a_constant_feature_has_the_scale_one(self):
        values = np.stack([np.full(9, 0.1), np.arange(9.0)], axis=1)
        for by in ("feature", "sample"):
            assert np.abs(self.transform(by, values, [9])[:, 0]).max() < 1e-12

    def test_numbers_that_float32_does_not_hold(self):
        values = np.array([[1e200], [3e200]]) * 1e-50
        np.testing.assert_allclose(
            self.transform("feature", values, [2], dtype=np.float32), [[-1], [1]]
        )
        assert self.transform("feature", values, [2], dtype=np.float32).dtype == np.float32


class TestEstimators:
    @pytest.mark.parametrize("by", ["feature", "sample"])
    @pytest.mark.parametrize("scale", [1e-8, 1e6, 1e100])
    def test_the_unit_does_not_matter(self, by, scale):
        expected = regressor(standardize=by, precision="float64").fit(SERIES, y).predict(SERIES)
        X = scale * (SERIES + 3)
        found = regressor(standardize=by, precision="float64").fit(X, y).predict(X)
        np.testing.assert_allclose(found, expected, rtol=1e-6)

    @pytest.mark.parametrize("estimator", [LSTMClassifier, LSTMRegressor, LSTMTagger, LSTMSeq2Seq])
    def test_every_estimator_that_takes_numbers(self, estimator):
        X = 50_000 + 1_000 * STEPS
        targets = {
            LSTMClassifier: LABELS,
            LSTMRegressor: y,
            LSTMSeq2Seq: ["a", "b"] * 10,
            LSTMTagger: [["a"] * (len(row) - 1) + ["b"] for row in X],
        }[estimator]
        fitted = estimator(max_epochs=1, random_state=0).fit(X, targets)
        found = steps(fitted, X)
        np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(found.std(axis=0), 1, atol=1e-6)
        raw = estimator(max_epochs=1, random_state=0, standardize=None).fit(X, targets)
        np.testing.assert_allclose(steps(raw, X), X.reshape(-1, X.shape[2]), rtol=1e-6)

    def test_ragged_sequences(self):
        found = steps(regressor().fit(RAGGED, y), RAGGED)
        together = np.concatenate(RAGGED)
        np.testing.assert_allclose(
            found, (together - together.mean(0)) / together.std(0), atol=1e-6
        )

    def test_new_data_are_in_the_unit_of_the_training_data(self):
        fitted = regressor().fit(SERIES, y)
        np.testing.assert_allclose(steps(fitted, SERIES[:1]), steps(fitted, SERIES)[:5])

    def test_weights_of_zero_leave_samples_out(self):
        X = np.concatenate([SERIES, 1e6 + SERIES])
        weights = np.repeat([1.0, 0.0], 20)
        fitted = regressor().fit(X, np.concatenate([y, y]), weights)
        np.testing.assert_allclose(steps(fitted, SERIES), steps(regressor().fit(SERIES, y), SERIES))

    def test_empty_samples_before_and_after_there_is_a_unit(self):
        empty = [np.zeros((0, 3))] * 2
        model = regressor().partial_fit(RAGGED, SERIES[:, 0], sample_weight=np.zeros(20))
        assert np.isfinite(model.partial_fit(empty, [0, 1]).predict(empty)).all()
        model.partial_fit(RAGGED, SERIES[:, 0])
        assert np.isfinite(model.partial_fit(empty, [0, 1]).predict(empty)).all()

    def test_portions_share_the_unit_of_all_so_far(self):
        fitted = regressor().partial_fit(SERIES, y, np.zeros(20))  # weighs nothing
        for row, target in zip(100 + SERIES, y, strict=True):
            fitted.partial_fit([row], [target])
        np.testing.assert_allclose(
            steps(fitted, 100 + SERIES), steps(regressor().fit(100 + SERIES, y), 100 + SERIES)
        )

    def test_a_fit_that_goes_on_keeps_the_unit(self):
        fitted = regressor(warm_start=True).fit(SERIES, y)
        expected = steps(fitted, SERIES)
        np.testing.assert_array_equal(steps(fitted.fit(2 * SERIES, y), SERIES), expected)

    def test_the_unit_is_copied_and_pickled(self):
        fitted = regressor().fit(100 + SERIES, y)
        expected = fitted.predict(100 + SERIES)
        loaded = pickle.loads(pickle.dumps(fitted))
        np.testing.assert_array_equal(loaded.predict(100 + SERIES), expected)
        again = clone(fitted).fit(100 + SERIES, y)
        np.testing.assert_array_equal(again.predict(100 + SERIES), expected)

    def test_inspection_sees_what_predictions_see(self):
        low, high = regressor().fit(SERIES, y), regressor().fit(1e6 * SERIES, y)
        a, b = (hidden_states(one, X) for one, X in ((low, SERIES), (high, 1e6 * SERIES)))
        np.testing.assert_allclose(a.h[0], b.h[0], atol=1e-6)

    def test_warm_start_keeps_the_parameter(self):
        fitted = regressor(warm_start=True).fit(SERIES, y)
        with pytest.raises(ValueError, match=r"standardize=None cannot go on from .*'feature'"):
            fitted.set_params(standardize=None).fit(SERIES, y)

    def test_tokens_have_no_unit(self):
        a, b = (
            LSTMClassifier(max_epochs=1, random_state=0, standardize=by).fit(TOKENS, LABELS)
            for by in ("feature", None)
        )
        np.testing.assert_array_equal(a.predict_proba(TOKENS), b.predict_proba(TOKENS))

    @pytest.mark.parametrize("by", [True, "window"])
    def test_unknown_ways(self, by):
        with pytest.raises(ValueError, match="The 'standardize' parameter of LSTMRegressor"):
            regressor(standardize=by).fit(SERIES, y)

    def test_far_too_large(self):
        with pytest.raises(ValueError, match="variance of X is too large for float64: scale X"):
            regressor().fit(1.7e308 * np.sign(SERIES - SERIES.mean()), y)
        fitted = regressor().fit(SERIES.astype(np.float32), y)
        with pytest.raises(ValueError, match="too large for float32: scale X, or take"):
            fitted.predict(1e200 * SERIES)


def test_windows_around_50_000_are_forecast_with_all_defaults():
    rng = np.random.default_rng(0)
    series = 50_000 + 1_000 * np.sin(np.arange(150) / 5) + 100 * rng.normal(size=150)
    X, following = SlidingWindow(length=8).pairs(series)
    fitted = LSTMRegressor(random_state=0).fit(X[:100], following[:100])
    assert fitted.score(X[100:], following[100:]) > 0.9  # 0.98 at best, given the noise
