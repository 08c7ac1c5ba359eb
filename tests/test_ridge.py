"""Ridge regression in portions, and the network beside it."""

import pickle

import numpy as np
import pytest
import sklearn.linear_model
from sklearn.base import clone
from sklearn.metrics import r2_score
from toys import RAGGED, SERIES, TOKENS

from sklstm import LSTMRegressor, SlidingWindow
from sklstm._ridge import Ridge
from sklstm.inspection import token_contributions
from sklstm.regressor import _choose_least

y = SERIES.sum(axis=1)


def regressor(**params):
    return LSTMRegressor(
        **{"hidden_size": 8, "max_epochs": 5, "random_state": 0, "wide": True, **params}
    )


def share(fitted):
    return float(fitted.module_.share)


def windows(values, length=8, n_train=150):
    X, following = SlidingWindow(length=length).pairs(values)
    return X[:n_train], following[:n_train], X[n_train:], following[n_train:]


class TestRidge:
    rng = np.random.default_rng(0)
    X, noise = rng.normal(size=(60, 5)), rng.normal(size=(60, 2))
    targets = X @ rng.normal(size=(5, 2)) + noise + 3

    def test_the_penalty_of_cross_validation(self):
        coef, intercept = Ridge().updated(self.X, self.targets, np.ones(60)).solve()
        expected = sklearn.linear_model.RidgeCV(np.logspace(-3, 4, 100)).fit(self.X, self.targets)
        np.testing.assert_allclose(coef, expected.coef_, atol=0.02)
        np.testing.assert_allclose(intercept, expected.intercept_, atol=0.02)

    def test_portions_and_weights(self):
        weights = np.repeat([1.0, 2.0, 0.0], 20)
        whole = Ridge().updated(self.X, self.targets, weights).solve()
        parts = Ridge()
        for rows in np.split(np.arange(60), [7, 31, 50]):
            parts = parts.updated(self.X[rows], self.targets[rows], weights[rows])
        for found, expected in zip(parts.solve(), whole, strict=True):
            np.testing.assert_allclose(found, expected)
        seen = slice(None, 40)
        left_out = Ridge().updated(self.X[seen], self.targets[seen], weights[seen]).solve()
        np.testing.assert_allclose(left_out[0], whole[0])

    def test_other_units(self):
        ridge = Ridge().updated(self.X, self.targets, np.ones(60))
        shift, of_features = np.array([-1.0, 5.0]), (np.full(5, 4.0), np.arange(5.0))
        coef, intercept = ridge.in_units(of_features, (np.full(2, 2.0), shift)).solve()
        expected = ridge.solve()
        np.testing.assert_allclose(coef, expected[0] * 2 / 4)
        np.testing.assert_allclose(coef @ of_features[1] + intercept, 2 * expected[1] + shift)

    @pytest.mark.parametrize("n_samples", [1, 2, 4])
    def test_fewer_samples_than_features(self, n_samples):
        rows = slice(n_samples)
        ridge = Ridge().updated(self.X[rows], self.targets[rows], np.ones(n_samples))
        coef, intercept = ridge.solve()
        assert np.isfinite(coef).all()
        if n_samples == 1:
            np.testing.assert_allclose(intercept, self.targets[0])


class TestChoice:
    def test_a_clear_difference_counts(self):
        losses = np.random.default_rng(0).random((3, 100)) + np.array([[1.0], [0.5], [0.0]])
        assert _choose_least(losses, np.ones(100)) == 2

    def test_of_equals_the_first_is_chosen(self):
        losses = np.random.default_rng(0).normal(size=(3, 100)) + np.array([[0.0], [0.0], [0.01]])
        assert _choose_least(losses, np.ones(100)) == 0

    def test_weights_of_zero_do_not_count(self):
        losses = np.random.default_rng(0).random((2, 100)) + np.array([[0.0], [2.0]])
        losses[0, 50:] += 100
        assert _choose_least(losses, np.repeat([1.0, 0.0], 50)) == 0


class TestWide:
    def test_a_linear_series_is_left_to_ridge_regression(self):
        rng = np.random.default_rng(0)
        values = 50_000 + np.cumsum(rng.normal(size=220))
        X, following, X_new, later = windows(values)
        fitted = regressor().fit(X, following)
        assert share(fitted) == 0
        ridge = sklearn.linear_model.RidgeCV(np.logspace(-3, 3, 13))
        ridge.fit(X[:, :, 0] - 50_000, following)
        expected = r2_score(later, ridge.predict(X_new[:, :, 0] - 50_000))
        assert fitted.score(X_new, later) == pytest.approx(expected, abs=0.02)

    def test_a_nonlinear_series_is_left_to_the_network(self):
        values = [0.3]
        for _ in range(250):
            values.append(3.9 * values[-1] * (1 - values[-1]))
        X, following, X_new, later = windows(np.array(values), length=2, n_train=200)
        fitted = regressor(hidden_size=16, lr=0.02, max_epochs=30).fit(X, following)
        assert share(fitted) > 0.9
        assert fitted.score(X_new, later) > 0.95

    def test_what_the_two_say_is_averaged(self):
        fitted = regressor().fit(SERIES, y)
        fitted.module_.share.fill_(0.25)
        mixed = fitted.predict(SERIES)
        fitted.module_.share.fill_(0.0)
        linear = fitted.predict(SERIES)
        fitted.module_.share.fill_(1.0)
        np.testing.assert_allclose(mixed, 0.75 * linear + 0.25 * fitted.predict(SERIES))

    def test_the_network_learns_as_without(self):
        alone, beside = regressor(wide=False).fit(SERIES, y), regressor().fit(SERIES, y)
        weights = alone.module_.state_dict()
        for name, weight in weights.items():
            np.testing.assert_array_equal(beside.module_.state_dict()[name], weight)
        assert alone.history_[-1]["train_loss"] == beside.history_[-1]["train_loss"]
        assert not hasattr(alone.module_, "share")

    @pytest.mark.parametrize(("X", "params"), [
        (TOKENS, {}), (RAGGED, {}), (SERIES, {"wide": False}), (np.zeros((20, 501)), {}),
        (SERIES, {"loss": "huber"}),
    ])  # fmt: skip
    def test_other_input_is_for_the_network_alone(self, X, params):
        fitted = regressor(max_epochs=1, **params).fit(X, y)
        assert fitted.module_.wide is None
        fitted.partial_fit(X, y)

    def test_windows_of_another_length_at_prediction(self):
        fitted = regressor().fit(SERIES, y)
        fitted.module_.share.fill_(0.0)
        expected = fitted.predict(SERIES)
        long = np.hstack([np.full((20, 3), 7.0), SERIES])[:, :, None]
        np.testing.assert_allclose(fitted.predict(long), expected)  # the last steps count
        mean = np.full((20, 2), SERIES.mean())
        short = SERIES[:, 2:, None]
        np.testing.assert_allclose(
            fitted.predict(short), fitted.predict(np.hstack([mean, SERIES[:, 2:]]))
        )

    def test_several_outputs_and_weights(self):
        targets, weights = np.stack([y, -y], axis=1), np.repeat([1.0, 0.0], 10)
        wrong = targets.copy()
        wrong[10:] = 1e3
        fitted = regressor().fit(SERIES, wrong, weights)
        fitted.module_.share.fill_(0.0)
        assert fitted.score(SERIES, targets) > 0.9

    def test_the_share_is_chosen_by_what_has_a_weight(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(40, 4))
        following = X @ np.array([1.0, -2.0, 0.5, 3.0])
        fitted = regressor(hidden_size=2).fit(X, following, np.repeat([1.0, 0.0], [12, 28]))
        assert share(fitted) == 0

    @pytest.mark.parametrize(
        "changes", [{"wide": False}, {"loss": "huber"}, {"wide": False, "loss": "huber"}]
    )
    def test_it_cannot_come_or_go(self, changes):
        for before, after in [({}, changes), (changes, {"wide": True, "loss": "squared_error"})]:
            fitted = regressor(**{"warm_start": True, "max_epochs": 1, **before}).fit(SERIES, y)
            expected = fitted.predict(SERIES)
            with pytest.raises(ValueError, match=r"cannot go on from a fit with(out)? ridge"):
                fitted.set_params(**after).fit(SERIES, y)
            np.testing.assert_array_equal(fitted.predict(SERIES), expected)

    def test_early_stopping_chooses_the_share_by_its_validation_data(self):
        X, following, X_new, later = windows(np.sin(np.arange(220)))
        fitted = regressor(early_stopping=True).fit(X, following, X_val=X_new, y_val=later)
        assert fitted.score(X_new, later) > 0.99
        assert share(fitted) < 0.5

    def test_copies(self):
        fitted = regressor().fit(SERIES, y)
        fitted.module_.share.fill_(0.3)
        expected = fitted.predict(SERIES)
        loaded = pickle.loads(pickle.dumps(fitted))
        np.testing.assert_array_equal(loaded.predict(SERIES), expected)
        again, more = clone(fitted), clone(fitted)
        np.testing.assert_array_equal(
            again.fit(SERIES, y).predict(SERIES), more.fit(SERIES, y).predict(SERIES)
        )
        np.testing.assert_array_equal(
            loaded.partial_fit(SERIES, y).module_.wide.weight,
            fitted.partial_fit(SERIES, y).module_.wide.weight,
        )

    def test_portions(self):
        fitted = regressor()
        for rows in np.split(np.random.default_rng(0).permutation(200) % 20, 20):
            fitted.partial_fit(1e3 * SERIES[rows], 1e6 + 1e3 * y[rows])
        assert fitted.score(1e3 * SERIES, 1e6 + 1e3 * y) > 0.99
        assert share(fitted) < 1

    def test_portions_that_drift(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(90, 4)) * np.repeat([[0.0], [5.0], [0.1]], 30, axis=0)
        X += np.repeat([[0.0], [20.0], [-300.0]], 30, axis=0)
        following = X @ np.array([1.0, -2.0, 0.5, 3.0]) + rng.normal(size=90)
        following[:30] = 7.0  # a portion without a unit
        fitted = regressor(hidden_size=2)
        for rows in np.split(np.arange(90), 3):
            fitted.partial_fit(X[rows], following[rows])
        whole = regressor(hidden_size=2).partial_fit(X, following)
        for one in (fitted, whole):
            one.module_.share.fill_(0.0)
        np.testing.assert_allclose(fitted.predict(X), whole.predict(X))

    def test_warm_start(self):
        fitted = regressor(warm_start=True).fit(SERIES, y).fit(SERIES, -y)
        fitted.module_.share.fill_(0.0)
        assert fitted.score(SERIES, -y) > 0.9

    def test_every_member_has_it(self):
        fitted = regressor(n_members=2).fit(SERIES, y)
        for member in fitted.members_:
            member.module_.share.fill_(0.0)
        assert fitted.score(SERIES, y) > 0.9
        assert len(fitted.members_) == 2

    def test_contributions_explain_both(self):
        fitted = regressor().fit(SERIES, y)
        fitted.module_.share.fill_(0.4)
        found = token_contributions(fitted, SERIES[:3])
        np.testing.assert_allclose(found.outputs, fitted.predict(SERIES[:3]))
        np.testing.assert_allclose(
            [row.sum() for row in found.contributions], found.outputs - found.baseline_outputs,
            rtol=0.01,
        )  # fmt: skip
