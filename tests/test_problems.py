"""Generated problems: they are what their formulas say, and estimators take them as they are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklstm import LSTMClassifier, LSTMRegressor, LSTMTagger
from sklstm.datasets import make_adding_problem, make_copy_task, make_parity

GENERATORS = [make_adding_problem, make_copy_task, make_parity]
SEEDS = st.integers(0, 2**32 - 1)


class TestAddingProblem:
    @settings(deadline=None)
    @given(st.integers(1, 20), st.integers(2, 15), SEEDS)
    def test_one_marker_in_each_half_points_at_the_summands(self, n_samples, n_steps, seed):
        X, y = make_adding_problem(n_samples, n_steps, random_state=seed)
        assert X.shape == (n_samples, n_steps, 2)
        numbers, markers = X[:, :, 0], X[:, :, 1]
        assert set(np.unique(markers)) <= {0.0, 1.0}
        assert (markers[:, : n_steps // 2].sum(axis=1) == 1).all()
        assert (markers[:, n_steps // 2 :].sum(axis=1) == 1).all()
        np.testing.assert_allclose(y, (numbers * markers).sum(axis=1))

    def test_distribution(self):
        X, y = make_adding_problem(20_000, 9, random_state=0)
        numbers, markers = X[:, :, 0], X[:, :, 1]
        assert 0 <= numbers.min() < 0.001
        assert 0.999 < numbers.max() < 1
        assert y.mean() == pytest.approx(1, abs=0.01)
        assert y.var() == pytest.approx(1 / 6, abs=0.005)
        # halves of 4 and 5 steps, in which every step is marked equally often
        expected = [1 / 4] * 4 + [1 / 5] * 5
        np.testing.assert_allclose(markers.mean(axis=0), expected, atol=0.015)

    def test_a_regressor_learns_it_as_it_is(self):
        X, y = make_adding_problem(1000, 6, random_state=0)
        X_test, y_test = make_adding_problem(500, 6, random_state=1)
        regressor = LSTMRegressor(hidden_size=16, lr=0.02, max_epochs=8, random_state=0).fit(X, y)
        assert np.mean((regressor.predict(X_test) - y_test) ** 2) < 0.03  # 0.167 by guessing


class TestCopyTask:
    @settings(deadline=None)
    @given(st.integers(1, 9), st.integers(0, 8), st.integers(1, 7), st.integers(2, 26), SEEDS)
    def test_symbols_come_back_after_the_lag(self, n_samples, lag, n_items, n_symbols, seed):
        X, y = make_copy_task(
            n_samples, lag, n_items=n_items, n_symbols=n_symbols, random_state=seed
        )
        assert len(X) == len(y) == n_samples
        alphabet = "abcdefghijklmnopqrstuvwxyz"[:n_symbols]
        for tokens, tags in zip(X, y, strict=True):
            assert len(tokens) == len(tags) == 2 * n_items + lag + 1
            symbols = tokens[:n_items]
            assert set(symbols) <= set(alphabet)
            assert tokens[n_items:] == ["_"] * lag + [">"] + ["_"] * n_items
            assert tags == ["_"] * (n_items + lag + 1) + symbols

    def test_symbols_are_equally_frequent(self):
        X, _ = make_copy_task(4000, n_items=5, n_symbols=4, random_state=0)
        first = np.array(X)[:, :5]
        frequencies = [(first == symbol).mean(axis=0) for symbol in "abcd"]
        np.testing.assert_allclose(frequencies, 0.25, atol=0.03)

    def test_a_tagger_learns_it_as_it_is(self):
        X, y = make_copy_task(400, 2, n_items=2, n_symbols=3, random_state=0)
        X_test, y_test = make_copy_task(50, 2, n_items=2, n_symbols=3, random_state=1)
        tagger = LSTMTagger(
            hidden_size=16, bidirectional=False, crf=False, lr=0.02, max_epochs=20, random_state=0
        )
        tagger.fit(X, y)
        assert tagger.scheme_ is None
        assert tagger.score(X_test, y_test) > 0.95  # 0.81 with guessed symbols

    def test_accuracy_of_guessing_is_the_documented_one(self):
        _, y = make_copy_task(3000, 4, n_items=3, n_symbols=5, random_state=0)
        guess = ["_"] * 8 + ["a"] * 3
        accuracy = np.mean(np.array(y) == guess)
        assert accuracy == pytest.approx((3 + 4 + 1 + 3 / 5) / (2 * 3 + 4 + 1), abs=0.01)


class TestParity:
    @settings(deadline=None)
    @given(st.integers(1, 30), st.integers(1, 12), st.data(), SEEDS)
    def test_labels_are_the_parity(self, n_samples, n_steps, data, seed):
        min_steps = data.draw(st.integers(1, n_steps))
        X, y = make_parity(n_samples, n_steps, min_steps=min_steps, random_state=seed)
        assert len(X) == len(y) == n_samples
        for bits, label in zip(X, y, strict=True):
            assert bits.shape[1:] == (1,)
            assert min_steps <= len(bits) <= n_steps
            assert set(np.unique(bits)) <= {0.0, 1.0}
            assert label == np.bitwise_xor.reduce(bits.ravel().astype(int))

    def test_distribution(self):
        X, y = make_parity(20_000, 8, min_steps=4, random_state=0)
        frequencies = np.bincount(list(map(len, X)))[4:] / 20_000
        np.testing.assert_allclose(frequencies, 1 / 5, atol=0.015)
        assert np.concatenate(X).mean() == pytest.approx(0.5, abs=0.01)
        assert y.mean() == pytest.approx(0.5, abs=0.02)

    def test_a_classifier_learns_it_as_it_is(self):
        X, y = make_parity(1000, 4, random_state=0)
        classifier = LSTMClassifier(hidden_size=16, lr=0.03, max_epochs=20, random_state=0)
        assert classifier.fit(X, y).score(*make_parity(200, 4, random_state=1)) > 0.95

    def test_shortest_longer_than_longest(self):
        with pytest.raises(ValueError, match=r"min_steps=6 is above n_steps=5: lower min_steps"):
            make_parity(n_steps=5, min_steps=6)


@pytest.mark.parametrize("make", GENERATORS)
class TestEach:
    def test_seed_decides(self, make):
        def same(a, b):
            return all(map(np.array_equal, a, b))

        (X, y), (X_same, y_same), (X_other, _) = (make(20, random_state=s) for s in (3, 3, 4))
        assert same(X, X_same)
        assert same(y, y_same)
        assert not same(X, X_other)

    def test_generator_goes_on(self, make):
        generator = np.random.RandomState(0)
        X, _ = make(5, random_state=generator)
        X_next, _ = make(5, random_state=generator)
        assert not all(map(np.array_equal, X, X_next))

    def test_global_generator_is_left_alone_by_a_seed(self, make):
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        make(5, random_state=0)
        np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002

    @pytest.mark.parametrize("n_samples", [0, -1, 2.5, "many", None])
    def test_number_of_samples(self, make, n_samples):
        with pytest.raises(ValueError, match=r"'n_samples' parameter .* must be an int in"):
            make(n_samples)

    def test_seed_of_a_wrong_kind(self, make):
        with pytest.raises(ValueError, match="'random_state' parameter"):
            make(random_state="today")


@pytest.mark.parametrize(
    ("make", "parameters"),
    [
        (make_adding_problem, {"n_steps": 1}),
        (make_copy_task, {"lag": -1}),
        (make_copy_task, {"n_items": 0}),
        (make_copy_task, {"n_symbols": 1}),
        (make_copy_task, {"n_symbols": 27}),
        (make_parity, {"n_steps": 0}),
        (make_parity, {"min_steps": 0}),
        (make_parity, {"n_steps": 2.0}),
    ],
)
def test_sizes_that_make_no_problem(make, parameters):
    [(name, value)] = parameters.items()
    with pytest.raises(ValueError, match=rf"'{name}' parameter .* Got {value} instead"):
        make(**parameters)
