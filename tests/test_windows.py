import pickle
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from sklstm import SlidingWindow

SERIES = np.arange(10.0)
SETTINGS = st.fixed_dictionaries(
    {
        "length": st.integers(1, 5),
        "horizon": st.integers(1, 3),
        "step": st.integers(1, 4),
        "pad_start": st.booleans(),
    }
)


@given(SETTINGS, st.integers(8, 20), st.integers(1, 3))
def test_windows_and_targets_follow_the_definition(settings, n_steps, n_features):
    series = np.arange(n_steps * n_features).reshape(n_steps, n_features) + 1.0
    window = SlidingWindow(**settings)
    X, y = window.pairs(series)
    length, horizon, step = settings["length"], settings["horizon"], settings["step"]
    first = 0 if settings["pad_start"] else length - 1
    ends = range(first, n_steps - horizon, step)  # the last row of each window
    assert X.shape == (len(ends), length, n_features)
    targets = y.reshape(len(ends), horizon, n_features)
    for n, end in enumerate(ends):
        seen = series[max(0, end + 1 - length) : end + 1]
        assert np.array_equal(X[n][-len(seen) :], seen)
        assert np.array_equal(targets[n], series[end + 1 : end + 1 + horizon])
        hidden = np.ma.getmaskarray(X)[n].all(axis=1)
        assert hidden.tolist() == [True] * (length - len(seen)) + [False] * len(seen)
    whole = window.transform(series)
    assert len(whole) == len(range(first, n_steps, step))
    assert np.array_equal(whole[: len(X)], X)


def test_shapes_of_targets():
    def shape(series, **settings):
        return SlidingWindow(length=4, **settings).pairs(series)[1].shape

    two = np.c_[SERIES, SERIES]
    assert shape(SERIES) == (6,)
    assert shape(SERIES, horizon=2) == (5, 2)
    assert shape(two) == (6, 2)
    assert shape(two, horizon=2) == (5, 4)


def test_targets_beside_the_series():
    X, y = SlidingWindow(length=2).pairs(np.c_[SERIES, -SERIES], SERIES * 10)
    assert X.shape == (8, 2, 2)
    assert y.tolist() == [20, 30, 40, 50, 60, 70, 80, 90]
    labels = np.array(list("abcdefghij"))
    assert SlidingWindow(length=2).pairs(SERIES, labels)[1].tolist() == list("cdefghij")


@pytest.mark.parametrize("pad_start", [False, True])
def test_windows_take_no_memory(pad_start):
    series = np.zeros(100_000)
    tracemalloc.start()
    windows = SlidingWindow(length=500, pad_start=pad_start).transform(series)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert windows.nbytes > 300e6
    assert peak < 3e6
    assert not windows.flags.writeable


def test_a_view_of_the_series():
    assert np.shares_memory(SlidingWindow(length=3).transform(SERIES), SERIES)


@pytest.mark.parametrize("kind", [list, pd.Series, np.float32, np.int64])
def test_kinds_of_series(kind):
    windows = SlidingWindow(length=3).fit_transform(kind(SERIES))
    assert windows.dtype == (np.float32 if kind is np.float32 else np.float64)
    assert np.array_equal(windows[:, 0, 0], np.arange(8))


def test_columns_of_a_frame():
    frame = pd.DataFrame({"load": SERIES, "heat": -SERIES})
    window = SlidingWindow(length=3).fit(frame)
    assert window.n_features_in_ == 2
    assert window.feature_names_in_.tolist() == ["load", "heat"]
    with pytest.raises(ValueError, match="feature names"):
        window.transform(frame.rename(columns={"heat": "wind"}))


def test_pairs_of_a_frame_are_silent():
    frame = pd.DataFrame({"load": SERIES, "heat": -SERIES})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        X, y = SlidingWindow(length=3).fit(frame).pairs(frame, frame["load"])
    assert X.shape == (7, 3, 2)
    assert y.tolist() == SERIES[3:].tolist()


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_frame_without_a_fit_is_compared_with_none(library):
    frame = pytest.importorskip(library).DataFrame({"load": SERIES, "heat": -SERIES})
    window = SlidingWindow(length=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        X, y = window.pairs(frame)
        assert np.array_equal(window.transform(frame)[:-1], X)
        assert y.tolist() == [[step, -step] for step in SERIES[3:]]
        assert not hasattr(window, "feature_names_in_")
    window.fit(frame)
    if not hasattr(window, "feature_names_in_"):
        pytest.skip(f"this scikit-learn does not know the columns of this {library}")
    for method in (window.pairs, window.transform):
        with pytest.raises(ValueError, match=r"feature names.*\n.*same order"):
            method(frame[["heat", "load"]])


def test_in_a_pipeline_with_y_unchanged():
    X, y = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60.0)
    pipeline = make_pipeline(
        StandardScaler(),
        SlidingWindow(length=5, pad_start=True),
        FunctionTransformer(lambda windows: windows.reshape(len(windows), -1)),
        DummyRegressor(),
    )
    assert len(pipeline.fit(X, y).predict(X)) == 60
    assert len(cross_val_score(pipeline, X, y, cv=TimeSeriesSplit(3))) == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"length": 0}, "'length' .* Got 0"),
        ({"length": 2.5}, "'length' .* Got 2.5"),
        ({"horizon": 0}, "'horizon' .* Got 0"),
        ({"step": -1}, "'step' .* Got -1"),
        ({"pad_start": "yes"}, "'pad_start' .* Got 'yes'"),
    ],
)
@pytest.mark.parametrize("method", ["fit", "transform", "pairs"])
def test_wrong_parameters(settings, message, method):
    with pytest.raises(ValueError, match=message):
        getattr(SlidingWindow(**settings), method)(SERIES)


@pytest.mark.parametrize("method", ["fit", "transform", "pairs"])
@pytest.mark.parametrize(
    ("series", "message"),
    [
        ([1.0, np.nan, 2.0], "NaN"),
        ([1.0, np.inf, 2.0], "infinity"),
        ([], "0 sample"),
        (["a", "b"], "could not convert string to float"),
        (np.zeros((2, 3, 4)), "dim 3"),
        (np.zeros((5, 0)), "0 feature"),
        (3.0, "scalar"),
        (None, "scalar"),
        (np.ma.masked_less(SERIES, 3), "masked. Fill the gaps"),
        ([SERIES, SERIES[1:]], "one series, with a row for each step"),
        (np.arange("2000-01", "2000-09", dtype="datetime64[M]"), "X holds dates"),
        (pd.Series(pd.date_range("2000", periods=9)), "X holds dates"),
        (pd.DataFrame({"day": pd.date_range("2000", periods=9), "load": 1.0}), "X holds dates"),
    ],
)
def test_wrong_series(series, message, method):
    with pytest.raises(ValueError, match=message):
        getattr(SlidingWindow(length=2), method)(series)


@pytest.mark.parametrize(
    ("settings", "n_steps", "message"),
    [
        ({"length": 4}, 3, "3 step.* length=4 need at least 4. Shorten the windows or pass more"),
        ({"length": 4}, 1, "1 step.* length=4 need at least 4"),
        ({"length": 10**18}, 3, f"need at least {10**18}"),
        ({"length": 4, "step": 50}, 3, "need at least 4"),
    ],
)
def test_series_shorter_than_a_window(settings, n_steps, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindow(**settings).transform(SERIES[:n_steps])


@pytest.mark.parametrize(
    ("settings", "n_steps", "message"),
    [
        ({"length": 4, "horizon": 2}, 5, "5 step.* length=4 and horizon=2 need at least 6"),
        ({"length": 1}, 1, "1 step.* length=1 and horizon=1 need at least 2"),
        ({"length": 1, "horizon": 10}, 10, "10 step.* horizon=10 need at least 11"),
        ({"length": 4, "horizon": 2, "pad_start": True}, 2, "need at least 3"),
        ({"length": 4, "horizon": 20, "pad_start": True}, 10, "need at least 21"),
    ],
)
def test_series_shorter_than_a_window_and_its_horizon(settings, n_steps, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindow(**settings).pairs(SERIES[:n_steps])


def test_series_just_long_enough():
    window = SlidingWindow(length=4, horizon=2)
    assert len(window.transform(SERIES[:4])) == 1
    assert len(window.pairs(SERIES[:6])[0]) == 1
    window.set_params(pad_start=True)
    assert len(window.transform(SERIES[:1])) == 1
    assert len(window.pairs(SERIES[:3])[0]) == 1


@pytest.mark.parametrize("pad_start", [False, True])
def test_a_step_beyond_the_series_leaves_one_window(pad_start):
    window = SlidingWindow(length=2, horizon=3, step=50, pad_start=pad_start)
    assert window.transform(SERIES).shape == (1, 2, 1)
    X, y = window.pairs(SERIES)
    assert X.shape == (1, 2, 1)
    assert y.tolist() == ([[1, 2, 3]] if pad_start else [[2, 3, 4]])


def test_one_row_of_many_columns_is_one_step():
    with pytest.raises(ValueError, match=r"1 step.*, the rows of X"):
        SlidingWindow(length=3).transform(SERIES[None])


def test_wrong_targets():
    window = SlidingWindow(length=2)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        window.pairs(SERIES, SERIES[1:])
    with pytest.raises(ValueError, match="y contains NaN"):
        window.pairs(SERIES, SERIES * np.nan)
    with pytest.raises(ValueError, match="0 sample"):
        window.pairs(SERIES, [])
    with pytest.raises(ValueError, match="dim 3"):
        window.pairs(SERIES, np.zeros((10, 2, 2)))
    with pytest.raises(TypeError, match="scalar"):
        window.pairs(SERIES, 3.0)


def test_width_differs_from_fit():
    with pytest.raises(ValueError, match="X has 2 features, but SlidingWindow is expecting 1"):
        SlidingWindow(length=2).fit(SERIES).transform(np.c_[SERIES, SERIES])


def test_clone_and_pickle():
    window = SlidingWindow(length=3, horizon=2, step=2, pad_start=True)
    assert clone(window).get_params() == window.get_params()
    window.fit(SERIES)
    again = pickle.loads(pickle.dumps(window))
    assert np.array_equal(again.transform(SERIES).filled(-1), window.transform(SERIES).filled(-1))


def test_conventions_of_scikit_learn():
    dependent = "a window depends on the rows before its own"
    univariate = "a 1-D array is a univariate series"
    check_estimator(
        SlidingWindow(length=2, pad_start=True),
        expected_failed_checks={
            "check_methods_sample_order_invariance": dependent,
            "check_methods_subset_invariance": dependent,
            "check_fit1d": univariate,
            "check_fit2d_predict1d": univariate,
        },
        on_skip=None,
    )
