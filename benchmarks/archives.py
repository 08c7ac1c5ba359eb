"""Time and memory to save and open a model with many word vectors: archives beside pickles.

An embedder of many words, and a classifier that does not fine-tune them. Each file is opened in a
process of its own; memory is what the process then holds above what it held before, after it has
predicted one text.

Run ``python benchmarks/archives.py``.
"""

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import joblib
import numpy as np
import psutil
from _report import write_results
from sklearn.pipeline import make_pipeline

import sklstm
from sklstm import LSTMClassifier, Word2VecEmbedder

WIDTH = 100
WAYS = ("pickle", "joblib", "joblib, mmap_mode='c'", "sklstm", "sklstm, mmap=True")


def make_model(n_words):
    """Fit a pipeline to two words, and give it vectors of many."""
    pipe = make_pipeline(
        Word2VecEmbedder(vector_size=WIDTH, min_count=1, random_state=0),
        LSTMClassifier(fine_tune_embeddings=False, max_epochs=1, random_state=0),
    ).fit([["w0"], ["w1"]] * 8, [0, 1] * 8)
    vectors = np.random.default_rng(0).standard_normal((n_words + 2, WIDTH), dtype=np.float32)
    vectors[:2] = 0
    pipe[0].vectors_ = vectors
    pipe[0].vocabulary_ = {f"w{number}": number + 2 for number in range(n_words)}
    return pipe


def save(model, way, path):
    """Write a model in one of the ways."""
    if way.startswith("sklstm"):
        sklstm.save(model, path)
    elif way.startswith("joblib"):
        joblib.dump(model, path)
    else:
        with open(path, "wb") as file:
            pickle.dump(model, file)


def load(way, path):
    """Open a model in one of the ways."""
    if way.startswith("sklstm"):
        return sklstm.load(path, mmap="mmap" in way)
    if way.startswith("joblib"):
        return joblib.load(path, mmap_mode="c" if "mmap" in way else None)
    with open(path, "rb") as file:
        return pickle.load(file)


def measure_loading(way, path):
    """Open a model and predict: print the seconds, and the megabytes that it takes."""
    process = psutil.Process()
    before = process.memory_info().rss
    start = time.perf_counter()
    model = load(way, path)
    seconds = time.perf_counter() - start
    model.predict([["w5", "w77"]])
    print(seconds, (process.memory_info().rss - before) / 1e6)


def main():
    """Measure each way, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--words", type=int, default=500_000)
    parser.add_argument("--load", nargs=2, metavar=("WAY", "PATH"), help="one measurement")
    options = parser.parse_args()
    if options.load:
        measure_loading(*options.load)
        return
    model, rows = make_model(options.words), []
    with tempfile.TemporaryDirectory() as directory:
        for way in WAYS:
            path = Path(directory) / way
            start = time.perf_counter()
            save(model, way, path)
            seconds = time.perf_counter() - start
            command = [sys.executable, __file__, "--load", way, os.fspath(path)]
            printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            load_seconds, megabytes = map(float, printed.split())
            rows.append(
                {
                    "way": way,
                    "words": f"{options.words:,}",
                    "save (s)": round(seconds, 2),
                    "file (MB)": round(path.stat().st_size / 1e6),
                    "open (s)": round(load_seconds, 2),
                    "memory (MB)": round(megabytes),
                }
            )
    write_results("archives", rows)


if __name__ == "__main__":
    main()
