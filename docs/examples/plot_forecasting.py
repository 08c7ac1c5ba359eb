"""
A year ahead in the Pacific
===========================

The sea off Peru is warm in March and cold in September, and every few years far too warm: El Niño.
How well do the temperatures of two years predict those of the next twelve months? An LSTM is
compared with three naive forecasts and a linear one.
"""

# %%
# Data
# ----
#
# Monthly means of the region Niño 1+2, 1950 to 2010. A window holds 24 months, and its target the
# 12 months after them.

import numpy as np
from statsmodels.datasets import elnino

from sklstm import SlidingWindow

table = elnino.load_pandas().data.set_index("YEAR")
series = table.to_numpy().ravel()
dates = np.arange("1950-01", "2011-01", dtype="datetime64[M]")

window = SlidingWindow(length=24, horizon=12)
X, y = window.pairs(series)
X = X[:, :, 0]  # one column for each month, which any regressor of scikit-learn reads
_, when = window.pairs(series, dates.astype(int))  # the months of the targets, since 1970
print(X.shape, y.shape)

# %%
# The last windows are the test set. Windows overlap, so a gap of eleven of them is left before it:
# no month is a target in both parts.

from sklearn.model_selection import TimeSeriesSplit

*_, (train, test) = TimeSeriesSplit(n_splits=2, test_size=157, gap=11).split(X)
first, last = (np.datetime64(int(month), "M") for month in (when[test].min(), when[test].max()))
print(f"{len(train)} windows to learn from, {len(test)} with targets from {first} to {last}")

# %%
# Forecasts
# ---------
#
# Persistence repeats the last month, and the seasonal naive forecast the last year; the seasonal
# mean is that of each calendar month in the training targets.

by_month = [y[train][when[train] % 12 == month].mean() for month in range(12)]
forecasts = {
    "persistence": np.repeat(X[test, -1:], 12, axis=1),
    "seasonal naive": X[test, -12:],
    "seasonal mean": np.array(by_month)[when[test] % 12],
}

# %%
# Ridge regression and the LSTM get the same windows and are tuned in the same way, by validation on
# windows later than those of training. The scaler is a step of the pipeline, so it does not see
# later windows either.

from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import LSTMRegressor

lstm = LSTMRegressor(hidden_size=16, dropout=0.3, lr=0.005, random_state=0)
candidates = {
    "ridge": (Ridge(), {"ridge__alpha": [0.1, 1, 10, 100]}),
    "LSTM": (lstm, {"lstmregressor__max_epochs": [10, 20, 40]}),
}
for name, (regressor, grid) in candidates.items():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), regressor),
        grid,
        scoring="neg_root_mean_squared_error",
        cv=TimeSeriesSplit(n_splits=2, test_size=72, gap=11),
    )
    forecasts[name] = search.fit(X[train], y[train]).predict(X[test])
    print(f"{name}: {search.best_params_}, {-search.best_score_:.2f} °C in validation")

# %%
# Errors
# ------
#
# Only the next few months are predictable. After about half a year only the season is left, and its
# mean is hard to beat.

import matplotlib.pyplot as plt
from sklearn.metrics import root_mean_squared_error

shades = {
    "persistence": "0.75",
    "seasonal naive": "0.55",
    "seasonal mean": "0.3",
    "ridge": "C0",
    "LSTM": "C3",
}
fig, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for name, forecast in forecasts.items():
    error = root_mean_squared_error(y[test], forecast, multioutput="raw_values")
    axes.plot(np.arange(1, 13), error, marker=".", color=shades[name], label=name)
    print(f"{name:15} {root_mean_squared_error(y[test].ravel(), forecast.ravel()):.2f} °C")
axes.set(
    title="Error by months ahead",
    xlabel="months ahead",
    ylabel="root mean squared error (°C)",
    ylim=(0, None),
)
axes.set_xticks(range(1, 13))
axes.grid(alpha=0.3)
axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
plt.show()

# %%
# Two forecasts
# -------------
#
# On the left is an ordinary forecast, with the LSTM's median error. On the right is the one made in
# March 1997, before an El Niño: both models expected little more than a warm start.

from matplotlib.dates import ConciseDateFormatter

errors = ((y[test] - forecasts["LSTM"]) ** 2).mean(axis=1)
ordinary = np.argsort(errors)[len(test) // 2]
el_nino = np.flatnonzero(when[test][:, 0] == np.datetime64("1997-04", "M").astype(int))[0]

fig, both = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
for axes, row in zip(both, (ordinary, el_nino), strict=True):
    months = when[test[row]].astype("datetime64[M]")
    past = np.arange(months[0] - 12, months[0])
    axes.plot(past, X[test[row], -12:], color="black")
    axes.plot(months, y[test[row]], color="black", marker=".", label="measured")
    for name in ("seasonal mean", "ridge", "LSTM"):
        axes.plot(months, forecasts[name][row], color=shades[name], marker=".", label=name)
    axes.axvline(months[0] - np.timedelta64(15, "D"), color="grey", linestyle=":")
    axes.set(title=f"made in {past[-1].item():%B %Y}", xlabel="month")
    axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator()))
    axes.grid(alpha=0.3)
both[0].set_ylabel("temperature of the sea (°C)")
fig.legend(*both[0].get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
plt.show()

# %%
# It is no accident that a linear model does about as well as a network. There are 500 windows, they
# overlap, and the next months depend on the last ones almost linearly. The
# :doc:`benchmarks </benchmarks>` compare both on two series, with three seeds and larger searches.
