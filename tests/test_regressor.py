import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import r2_score
from toys import IDS, RAGGED, SERIES, STEPS, TOKENS, embedded

from sklstm import LSTMRegressor, LSTMTagger, SequencePadder, Sequences, SlidingWindow

y = SERIES.sum(axis=1)


def regressor(**params):
    return LSTMRegressor(**{"hidden_size": 8, "max_epochs": 5, "random_state": 0, **params})


class TestTargets:
    def test_one_output(self):
        fitted = regressor(max_epochs=150, lr=0.03).fit(SERIES, y)
        assert fitted.predict(SERIES).shape == (20,)
        assert fitted.score(SERIES, y) > 0.95

    def test_several_outputs(self):
        targets = np.column_stack([y, 1000 - 50 * y, np.full(20, 3.0)])
        fitted = regressor(max_epochs=150, lr=0.03).fit(SERIES, targets)
        predicted = fitted.predict(SERIES)
        assert predicted.shape == (20, 3)
        assert r2_score(targets[:, :2], predicted[:, :2]) > 0.9
        np.testing.assert_allclose(predicted[:, 2], 3, atol=0.2)

    def test_a_column_is_one_output(self):
        with pytest.warns(match="column-vector"):
            column = regressor().fit(SERIES, y[:, None])
        np.testing.assert_array_equal(
            column.predict(SERIES), regressor().fit(SERIES, y).predict(SERIES)
        )

    @pytest.mark.parametrize("scale", [1e-30, 1e-3, 1e6, 1e100])
    def test_the_unit_does_not_matter(self, scale):
        plain = regressor().fit(SERIES, y).predict(SERIES)
        scaled = regressor().fit(SERIES, scale * (y + 3)).predict(SERIES)
        np.testing.assert_allclose(scaled, scale * (plain + 3), rtol=1e-6)

    def test_targets_are_standardised_with_their_weights(self):
        weights = np.arange(20) % 7
        fitted = regressor().fit(SERIES, y, sample_weight=weights)
        mean = np.average(y, weights=weights)
        assert fitted.target_mean_ == pytest.approx(mean)
        variance = np.average((y - mean) ** 2, weights=weights)
        assert fitted.target_scale_**2 == pytest.approx(variance)

    def test_a_constant_is_learned_exactly(self):
        fitted = regressor(max_epochs=1, lr=1e-9).fit(SERIES, np.full(20, 7.25))
        np.testing.assert_allclose(fitted.predict(SERIES), 7.25, atol=1.0)
        assert fitted.target_scale_ == 1

    def test_target_types(self):
        expected = regressor().fit(SERIES, y).predict(SERIES)
        for same in (y.tolist(), pd.Series(y), y.astype(object)):
            np.testing.assert_array_equal(regressor().fit(SERIES, same).predict(SERIES), expected)
        assert regressor().fit(SERIES, np.arange(20)).predict(SERIES).dtype == float

    def test_validation_loss_is_in_units_of_the_training_targets(self):
        X_val, y_val = SERIES[::-1], 100 * np.sin(np.arange(20))
        fitted = regressor(wide=False).fit(SERIES, 100 * y, X_val=X_val, y_val=y_val)
        loss = np.mean((fitted.predict(X_val) - y_val) ** 2) / fitted.target_scale_**2
        assert fitted.history_[-1]["valid_loss"] == pytest.approx(loss[0])
        assert "valid_acc" not in fitted.history_[-1]


class TestLoss:
    def test_robust_losses_follow_the_median(self):
        X, targets = np.zeros((9, 2)), np.r_[np.zeros(8), 900.0]
        params = {"max_epochs": 400, "lr": 0.05, "schedule": "linear"}
        mean = regressor(**params).fit(X, targets).predict(X)[0]
        median = regressor(loss="absolute_error", **params).fit(X, targets).predict(X)[0]
        between = regressor(loss="huber", **params).fit(X, targets).predict(X)[0]
        assert mean == pytest.approx(100, rel=0.05)
        assert median == pytest.approx(0, abs=5)
        assert median < between < mean

    def test_a_weight_of_two_equals_a_copy(self):
        full_batch = {"optimizer": "sgd", "lr": 0.1, "batch_size": 100, "wide": False}
        for loss in ("squared_error", "absolute_error", "huber"):
            fitted = regressor(loss=loss, **full_batch).fit(SERIES, y, np.r_[2, np.ones(19)])
            X, targets = np.r_[SERIES, SERIES[:1]], np.r_[y, y[:1]]
            copied = regressor(loss=loss, **full_batch).fit(X, targets)
            np.testing.assert_allclose(fitted.predict(SERIES), copied.predict(SERIES))


class TestInput:
    @pytest.mark.parametrize(
        ("X", "params"),
        [(SERIES, {}), (STEPS, {}), (RAGGED, {}), (TOKENS, {}),
         (embedded(), {"fine_tune_embeddings": False}),
         (IDS, {"vocabulary_size": 6}), (Sequences.from_tokens(TOKENS), {}),
         (SequencePadder().fit_transform(RAGGED), {}), (pd.DataFrame(SERIES), {}),
         (embedded(), {"fine_tune_embeddings": True})],
        ids=["series", "steps", "ragged", "tokens", "vectors", "ids", "sequences", "masked",
             "frame", "fine-tuned"],
    )  # fmt: skip
    def test_every_kind_is_learned(self, X, params):
        words = params or X is TOKENS or isinstance(X, Sequences)
        targets = np.tile([1.0, 4.0, 2.0, 3.0], 5) if words else y
        fitted = regressor(max_epochs=80, lr=0.03, **params).fit(X, targets)
        first, last = (fitted.history_[epoch]["train_loss"] for epoch in (0, -1))
        assert last < 0.5 * first
        assert np.isfinite(fitted.predict(X)).all()

    def test_windows_of_a_series(self):
        series = np.sin(np.arange(120) / 3)
        X, targets = SlidingWindow(length=12).pairs(series)
        fitted = regressor(max_epochs=40, lr=0.02).fit(X[:80], targets[:80])
        assert fitted.score(X[80:], targets[80:]) > 0.9


class TestGoingOn:
    def test_partial_fit_learns_the_unit_of_all_portions(self):
        portions = y[:7], 10 * y[7:] + 3, np.full(4, -8.0)
        weights = [np.linspace(0, 2, len(portion)) for portion in portions]
        fitted = regressor()
        for portion, weight in zip(portions, weights, strict=True):
            fitted.partial_fit(SERIES[: len(portion)], portion, weight)
        together, of_each = np.concatenate(portions), np.concatenate(weights)
        mean = np.average(together, weights=of_each)
        assert fitted.target_mean_ == pytest.approx(mean)
        variance = np.average((together - mean) ** 2, weights=of_each)
        assert fitted.target_scale_**2 == pytest.approx(variance)
        assert fitted.n_iter_ == 3

    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    def test_a_new_unit_alone_changes_no_prediction(self, method):
        targets = np.column_stack([100 * y + 5, y - 3])
        fitted = regressor(lr=0.03, warm_start=True, wide=False).fit(SERIES, targets)
        expected, scale = fitted.predict(SERIES), fitted.target_scale_
        fitted.set_params(lr=1e-12)
        getattr(fitted, method)(SERIES, -7 * targets)
        assert (fitted.target_scale_ > 2 * scale).all()
        np.testing.assert_allclose(fitted.predict(SERIES), expected, rtol=1e-5)

    @pytest.mark.parametrize("scale", [1e-6, 1e4])
    @pytest.mark.parametrize("first", [1, 2])
    def test_a_small_first_portion_does_no_harm(self, first, scale):
        targets = scale * (SERIES.sum(axis=1) + 10)
        fitted = regressor(hidden_size=16, lr=0.02).partial_fit(SERIES[:first], targets[:first])
        for _ in range(60):
            fitted.partial_fit(SERIES, targets)
        assert fitted.score(SERIES, targets) > 0.95

    def test_a_constant_portion_keeps_the_scale(self):
        fitted = regressor(warm_start=True).fit(SERIES, y)
        scale = fitted.target_scale_
        assert fitted.fit(SERIES, np.full(20, 7.25)).target_scale_ == scale
        assert fitted.target_mean_ == 7.25

    def test_a_portion_without_weight_teaches_nothing(self):
        fitted = regressor().partial_fit(SERIES, y)
        expected = fitted.predict(SERIES)
        fitted.partial_fit(SERIES, 10 * y, np.zeros(20))
        np.testing.assert_array_equal(fitted.predict(SERIES), expected)

    def test_warm_start(self):
        fitted = regressor(warm_start=True).fit(SERIES, y).fit(SERIES, y)
        assert fitted.n_iter_ == 10
        losses = [epoch["train_loss"] for epoch in fitted.history_]
        assert losses[-1] < losses[4] < losses[0]

    def test_another_number_of_outputs(self):
        fitted = regressor().fit(SERIES, y)
        expected = fitted.predict(SERIES)
        with pytest.raises(ValueError, match=r"y has 2 outputs, .* learned 1"):
            fitted.partial_fit(SERIES, np.column_stack([y, y]))
        np.testing.assert_array_equal(fitted.predict(SERIES), expected)

    def test_early_stopping_restores_the_best_epoch(self):
        X_val, y_val = SERIES[::-1], np.sin(np.arange(20))
        params = {"early_stopping": True, "n_iter_no_change": 5, "max_epochs": 300, "lr": 0.03}
        fitted = regressor(**params, wide=False).fit(SERIES, y, X_val=X_val, y_val=y_val)
        losses = np.array([epoch["valid_loss"] for epoch in fitted.history_])
        assert fitted.n_iter_ == losses.argmin() + 1 + 5 < 300
        restored = np.mean((fitted.predict(X_val) - y_val) ** 2) / fitted.target_scale_**2
        assert restored == pytest.approx(losses.min())

    def test_early_stopping_without_validation_data(self):
        fitted = regressor(early_stopping=True, validation_fraction=0.3).fit(SERIES, y)
        assert "valid_loss" in fitted.history_[0]


class TestBadTargets:
    CASES = {
        "NaN": (np.where(y > 0, y, np.nan), ValueError, "y contains NaN"),
        "infinity": (np.where(y > 0, y, np.inf), ValueError, "infinity"),
        "strings": (["a"] * 20, ValueError, "could not convert string to float: 'a'"),
        "complex": (y + 1j, ValueError, "Complex"),
        "None": (None, ValueError, "requires y"),
        "short": (y[1:], ValueError, "20 of X, 19 of y"),
        "three dimensions": (np.zeros((20, 2, 2)), ValueError, r"shape \(20, 2, 2\)"),
        "no outputs": (np.zeros((20, 0)), ValueError, "0 feature"),
        "too large": (y * 1e200, ValueError, "variance of y is too large"),
        "far too large": (np.where(y > 0, 1.7e308, -1.7e308), ValueError, "too large"),
    }

    @pytest.mark.parametrize("case", CASES)
    def test_bad_targets(self, case):
        targets, error, message = self.CASES[case]
        fitted = regressor().fit(SERIES, y)
        expected = fitted.predict(SERIES)
        with pytest.raises(error, match=message):
            fitted.fit(SERIES, targets)
        np.testing.assert_array_equal(fitted.predict(SERIES), expected)

    def test_unknown_loss(self):
        with pytest.raises(ValueError, match="The 'loss' parameter of LSTMRegressor must be"):
            regressor(loss="hinge").fit(SERIES, y)

    def test_unfitted(self):
        with pytest.raises(NotFittedError):
            LSTMRegressor().predict(SERIES)


class TestBlindness:
    @pytest.mark.parametrize("size", [1_000, 50_000])
    def test_numbers_that_saturate_the_cells(self, size):
        X = size * (1 + 0.001 * SERIES)
        with pytest.warns(ConvergenceWarning, match="of up to .*e.0.* Set standardize='feature'"):
            regressor(standardize=None).fit(X, y)

    def test_a_portion_far_from_the_first(self):
        fitted = regressor().partial_fit(SERIES, y)
        with pytest.warns(ConvergenceWarning, match="standard deviations do not move .* fit anew"):
            fitted.partial_fit(1e4 + SERIES, y)

    @pytest.mark.parametrize("X", [1e-9 * SERIES, 1 + 1e-6 * SERIES])
    def test_numbers_that_do_not_move_the_cells(self, X):
        with pytest.warns(ConvergenceWarning, match="differ by about .* do not move its cells"):
            regressor(standardize=None).fit(X, y)

    @pytest.mark.parametrize("scale", [1e-9, 1e9])
    def test_in_a_tagger(self, scale):
        tags = [["X" if number > 1 else "Y" for number in row] for row in SERIES]
        X = scale * (1 + 1e-3 * SERIES)[:, :, None]
        with pytest.warns(ConvergenceWarning, match="hardly tells"):
            LSTMTagger(max_epochs=1, standardize=None, random_state=0).fit(X, tags)

    @pytest.mark.parametrize("scale", [1e-9, 1.0, 50_000.0, 1e12])
    def test_any_magnitude_is_standardised(self, scale, recwarn):
        regressor().fit(scale * (10 + SERIES), y)
        assert not [w for w in recwarn.list if "hardly tells" in str(w.message)]

    @pytest.mark.parametrize("X", [SERIES, 10 * SERIES, np.full((20, 5), 1e5)])
    def test_others(self, X, recwarn):
        regressor().fit(X, np.random.RandomState(0).randn(20))
        assert not [w for w in recwarn.list if "hardly tells" in str(w.message)]
