"""Errors of an LSTM that forecasts real series, beside naive forecasts and ridge regression.

Two series from statsmodels: the temperature of the sea off Peru by month (Niño 1+2, 1950 to 2010),
twelve months ahead, and the yearly sunspot numbers (1700 to 2008), eleven years ahead. All models
learn the latter as square roots, which evens out the noise of high and low cycles.

The last windows are the test part, read once, at the end. Ridge regression and the LSTM read the
same windows and are tuned in the same way, by cross-validation in the order of time on those
before; what wins is fitted again on all of these, once for each seed. No step is a target on both
sides of a split.

Run ``python benchmarks/forecasting.py``.
"""

from time import perf_counter
from typing import NamedTuple

import numpy as np
from _report import write_results
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from statsmodels.datasets import elnino, sunspots

from sklstm import LSTMRegressor, SlidingWindow

SEEDS = (0, 1, 2)
SEASONS = (1, 2, 4)  # that a window covers


class Series(NamedTuple):
    """A series, what it repeats itself after, and what is learned of it."""

    name: str
    values: np.ndarray
    season: int
    n_test: int  # windows
    learned: FunctionTransformer


class Model(NamedTuple):
    """A regressor and what to try of it."""

    name: str
    regressor: object
    grid: dict
    seeds: tuple


MODELS = (
    Model("ridge regression", Ridge(), {"alpha": [0.1, 1, 10, 100, 1000]}, SEEDS[:1]),
    Model(
        "LSTM",
        LSTMRegressor(lr=0.005, schedule=None),
        {"hidden_size": [16, 64], "dropout": [0.0, 0.3], "max_epochs": [10, 20, 40]},
        SEEDS,
    ),
    Model("LSTMRegressor(wide=True)", LSTMRegressor(wide=True), {}, SEEDS),
)


def load():
    """Read both series."""
    months = elnino.load_pandas().data.drop(columns="YEAR").to_numpy().ravel()
    years = sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()
    roots = FunctionTransformer(np.sqrt, np.square)
    return (
        Series("sea temperature (°C)", months, 12, 157, FunctionTransformer()),
        Series("sunspot number", years, 11, 60, roots),
    )


def last_steps(X, n_steps):
    """Shorten windows from the left."""
    return X[:, -n_steps:]


def pipeline(regressor, learned):
    """Transform, shorten and scale the windows, and transform the targets."""
    steps = [
        ("transform", clone(learned)),
        ("shorten", FunctionTransformer(last_steps)),
        ("scale", StandardScaler()),
        ("model", regressor),
    ]
    return TransformedTargetRegressor(Pipeline(steps), transformer=clone(learned))


def search(model, series):
    """Try the model's grid on windows of several lengths."""
    lengths = [{"n_steps": n * series.season} for n in SEASONS]
    grid = {f"regressor__model__{name}": values for name, values in model.grid.items()}
    return GridSearchCV(
        pipeline(clone(model.regressor).set_params(random_state=SEEDS[0]), series.learned),
        {"regressor__shorten__kw_args": lengths, **grid},
        scoring="neg_mean_squared_error",
        cv=TimeSeriesSplit(n_splits=3, test_size=series.n_test // 3, gap=series.season - 1),
        refit=False,
    )


def settings(parameters):
    """Name what a search has chosen, briefly."""
    found = {name.rpartition("__")[2]: value for name, value in parameters.items()}
    found = {**found.pop("kw_args"), **found}
    return ", ".join(f"{name} {value}" for name, value in found.items())


def forecast(model, series, known, X_test):
    """Tune and fit on what is known, and predict with each seed.

    Returns the forecasts, the settings, and the seconds of the search and of a fit.
    """
    start = perf_counter()
    found = search(model, series).fit(*known)
    searched = perf_counter()
    best = found.estimator.set_params(**found.best_params_)
    forecasts = [
        clone(best).set_params(regressor__model__random_state=seed).fit(*known).predict(X_test)
        for seed in model.seeds
    ]
    fitted = perf_counter()
    seconds = searched - start, (fitted - searched) / len(forecasts)
    return forecasts, settings(found.best_params_), seconds


def naive_forecasts(series, X, y, phases, known, test):
    """The last value again; the last season again; the mean of each phase of the season so far."""
    means = np.array([y[known][phases[known] == phase].mean() for phase in range(series.season)])
    return {
        "persistence": np.repeat(X[test][:, -1:], series.season, axis=1),
        "seasonal naive": X[test][:, -series.season :],
        "seasonal mean": means[phases[test]],
    }


def row(series, name, y, forecasts, chosen="", seconds=(0.0, 0.0)):
    """One line of the table: errors pooled over all steps ahead, and of the first and the last."""
    squares = np.array([(y - forecast) ** 2 for forecast in forecasts])  # (seeds, N, steps ahead)
    errors = np.sqrt(squares.mean(axis=(1, 2)))
    by_step = np.sqrt(squares.mean(axis=1)).mean(axis=0)
    line = {
        "series": series.name,
        "forecast": name,
        "RMSE": round(float(errors.mean()), 3),
        "of seeds": ", ".join(f"{error:.3f}" for error in errors) if len(errors) > 1 else "",
        "one step ahead": round(float(by_step[0]), 3),
        "one season ahead": round(float(by_step[-1]), 3),
        "chosen": chosen,
        "search (s)": round(seconds[0], 1),
        "fit (s)": round(seconds[1], 1),
    }
    print(line, flush=True)
    return line


def measure(series):
    """All rows of one series."""
    horizon = series.season
    window = SlidingWindow(length=max(SEASONS) * series.season, horizon=horizon)
    X, y = window.pairs(series.values)
    X = X[:, :, 0]
    _, phases = window.pairs(series.values, np.arange(len(series.values)) % series.season)
    splits = TimeSeriesSplit(n_splits=2, test_size=series.n_test, gap=horizon - 1).split(X)
    *_, (known, test) = splits
    naive = naive_forecasts(series, X, y, phases, known, test)
    rows = [row(series, name, y[test], [values]) for name, values in naive.items()]
    for model in MODELS:
        found = forecast(model, series, (X[known], y[known]), X[test])
        rows.append(row(series, model.name, y[test], *found))
    return rows


def main():
    """Measure both series, and write the table."""
    write_results("forecasting", [row for series in load() for row in measure(series)])


if __name__ == "__main__":
    main()
