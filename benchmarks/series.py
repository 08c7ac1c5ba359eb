"""Accuracy of an LSTM, all defaults, on six sets of labelled series, beside nearest neighbours.

The sets are from the UCR and UEA archives, with their own training and test parts, as the wheel of
aeon ships them; PATH is its folder ``aeon/datasets/data``. The neighbours are by Euclidean distance
and by dynamic time warping without a window. MiniRocket with ridge regression runs in a Python of
its own that has aeon, since aeon needs an older NumPy.

Run ``python benchmarks/series.py --data PATH [--aeon PYTHON]``.
"""

import argparse
import subprocess
from pathlib import Path
from time import perf_counter

import numpy as np
from _report import write_results

from sklstm import LSTMClassifier

SETS = (
    "ItalyPowerDemand",
    "JapaneseVowels",
    "BasicMotions",
    "GunPoint",
    "ArrowHead",
    "OSULeaf",
)
ROCKET = """
import sys
from aeon.classification.convolution_based import MiniRocketClassifier
from aeon.datasets import load_from_ts_file
parts = [load_from_ts_file(path) for path in sys.argv[1:]]
scores = []
for seed in range(3):
    model = MiniRocketClassifier(random_state=seed)
    try:
        scores.append(model.fit(*parts[0]).score(*parts[1]))
    except (TypeError, ValueError):  # series of unequal length
        break
print(sum(scores) / len(scores) if scores else "")
"""


def path_of(folder, name, part):
    """Return the file of a part of a set."""
    return folder / name / f"{name}_{part}.ts"


def load(path):
    """Read series, each of shape (n_steps, n_features), and their labels."""
    lines = path.read_text().splitlines()
    start = next(row for row, line in enumerate(lines) if line.lower().startswith("@data"))
    X, y = [], []
    for line in filter(None, map(str.strip, lines[start + 1 :])):
        *features, label = line.split(":")
        X.append(np.array([feature.split(",") for feature in features], float).T)
        y.append(label)
    return X, np.array(y)


def scaled(X_train, X_test):
    """Standardise each feature, as LSTMClassifier does inside."""
    steps = np.concatenate(X_train)
    mean, scale = steps.mean(axis=0), steps.std(axis=0)
    return [[(x - mean) / scale for x in X] for X in (X_train, X_test)]


def euclidean(X_train, X_test):
    """Return distances, shape (n_test, n_train), of series stretched to one length."""
    n_steps = max(map(len, X_train))
    places = np.linspace(0, 1, n_steps)
    rows = [
        np.array([
            [np.interp(places, np.linspace(0, 1, len(x)), feature) for feature in x.T] for x in X
        ]).reshape(len(X), -1)
        for X in (X_test, X_train)
    ]  # fmt: skip
    return np.stack([((rows[1] - row) ** 2).sum(axis=1) for row in rows[0]])


def warped(X_train, X_test):
    """Return distances, shape (n_test, n_train), by dynamic time warping."""
    lengths = np.array(list(map(len, X_train)))
    padded = np.zeros((len(X_train), lengths.max(), X_train[0].shape[1]), np.float32)
    for row, x in zip(padded, X_train, strict=True):
        row[: len(x)] = x
    return np.stack([_warp(x.astype(np.float32), padded, lengths) for x in X_test])


def _warp(x, others, lengths):
    """Fill the table of costs by anti-diagonals, for all other series at once."""
    n, m = len(x), others.shape[1]
    found = np.full(len(others), np.inf, np.float32)
    # column i of a diagonal is the cell of step i of x; column 0 is the border
    before = last = np.full((len(others), n + 1), np.inf, np.float32)
    for diagonal in range(n + m - 1):
        steps = np.arange(max(0, diagonal - m + 1), min(n, diagonal + 1))
        cost = ((x[steps] - others[:, diagonal - steps]) ** 2).sum(axis=2)
        best = np.minimum(np.minimum(last[:, steps], last[:, steps + 1]), before[:, steps])
        new = np.full_like(last, np.inf)
        new[:, steps + 1] = cost + (best if diagonal else 0)
        ends = lengths + n - 2 == diagonal
        found[ends] = new[ends, n]
        before, last = last, new
    return found


def nearest(distances, y_train, y_test):
    """Return the accuracy of the nearest neighbour."""
    return float((y_train[distances.argmin(axis=1)] == y_test).mean())


def measure(folder, name, seeds, python):
    """Return a row of the table."""
    parts = [load(path_of(folder, name, part)) for part in ("TRAIN", "TEST")]
    (X_train, y_train), (X_test, y_test) = parts
    start = perf_counter()
    scores = [
        LSTMClassifier(random_state=seed).fit(X_train, y_train).score(X_test, y_test)
        for seed in range(seeds)
    ]
    seconds = (perf_counter() - start) / seeds
    near = scaled(X_train, X_test)
    row = {
        "series": name,
        "training": len(y_train),
        "steps": round(float(np.mean(list(map(len, X_train))))),
        "LSTM": round(100 * float(np.mean(scores)), 1),
        "of seeds": ", ".join(f"{100 * score:.1f}" for score in scores),
        "1-NN": round(100 * nearest(euclidean(*near), y_train, y_test), 1),
        "1-NN DTW": round(100 * nearest(warped(*near), y_train, y_test), 1),
        "MiniRocket": rocket(folder, name, python) if python else "",
        "fit (s)": round(seconds, 1),
    }
    print(row, flush=True)
    return row


def rocket(folder, name, python):
    """Return the accuracy of MiniRocket, the mean of three seeds."""
    paths = [path_of(folder, name, part) for part in ("TRAIN", "TEST")]
    answer = subprocess.run([python, "-c", ROCKET, *paths], capture_output=True, text=True)
    return f"{100 * float(answer.stdout):.1f}" if answer.stdout.strip() else ""


def main():
    """Measure all sets, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="aeon/datasets/data of the wheel")
    parser.add_argument("--aeon", help="a Python with aeon, for MiniRocket")
    parser.add_argument("--seeds", type=int, default=3, help="of the LSTM")
    parser.add_argument("--sets", nargs="*", default=SETS, choices=SETS, help="default: all")
    options = parser.parse_args()
    rows = [measure(options.data, name, options.seeds, options.aeon) for name in options.sets]
    means = {
        name: round(float(np.mean([row[name] for row in rows])), 1)
        for name in ("LSTM", "1-NN", "1-NN DTW")
    }
    rows.append({**dict.fromkeys(rows[0], ""), "series": "mean", **means})
    write_results("series", rows)


if __name__ == "__main__":
    main()
