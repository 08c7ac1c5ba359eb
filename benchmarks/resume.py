"""Kill trainings with SIGKILL at random moments, and compare what resumes them with a whole one.

Each fit runs in a process of its own, which is forked from this one; the whole ones, from another
interpreter, whose hashes of strings are others. The moment is drawn evenly from the processor time
that a whole fit takes. What was learned must be equal in every bit: weights, losses and scores of
all epochs, word vectors.

Run ``OMP_NUM_THREADS=1 python benchmarks/resume.py``.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import psutil
import torch
from _report import format_table, write_results

from sklstm import (
    LSTMClassifier,
    LSTMGenerator,
    LSTMRegressor,
    LSTMSeq2Seq,
    LSTMTagger,
    Word2VecEmbedder,
)
from sklstm._fingerprint import fingerprint

RNG = np.random.default_rng(0)
WORDS = [f"{a}{b}" for a in "bdfgklmn" for b in "aeiou"]
TOKENS = [[WORDS[i] for i in RNG.integers(40, size=RNG.integers(3, 12))] for _ in range(120)]
LABELS = [tokens[0] < "g" for tokens in TOKENS]
TAGS = [["B-X" if token < "d" else "O" for token in tokens] for tokens in TOKENS]
SERIES = RNG.normal(size=(120, 8)).cumsum(axis=1)
TINY = {"hidden_size": 4, "batch_size": 8, "random_state": 0}

CASES = {
    "LSTMClassifier": (
        LSTMClassifier(**TINY, max_epochs=8, n_members=2, dropout=0.2, average=0.3),
        (TOKENS, LABELS),
    ),
    "LSTMClassifier, wide": (
        LSTMClassifier(**TINY, max_epochs=6, n_members=2, wide=True, early_stopping=True),
        (TOKENS, LABELS),
    ),
    "LSTMRegressor, wide": (
        LSTMRegressor(**TINY, max_epochs=8, wide=True),
        (SERIES, SERIES[:, -1]),
    ),
    "LSTMTagger": (LSTMTagger(**TINY, max_epochs=8), (TOKENS, TAGS)),
    "LSTMGenerator": (
        LSTMGenerator(**TINY, max_epochs=8, bptt_steps=10),
        ([" ".join(tokens) for tokens in TOKENS],),
    ),
    "LSTMSeq2Seq": (LSTMSeq2Seq(**TINY, max_epochs=8), (TOKENS, TOKENS)),
    "Word2VecEmbedder": (
        Word2VecEmbedder(vector_size=20, min_count=1, epochs=40, random_state=0),
        (TOKENS * 10,),
    ),
}


def learned(estimator):
    """The fingerprint of all that a fit has learned."""
    if isinstance(estimator, Word2VecEmbedder):
        return fingerprint(estimator.vectors_, estimator.vocabulary_)
    epochs = [{k: of for k, of in epoch.items() if k != "dur"} for epoch in estimator.history_]
    weights = {name: w.numpy() for name, w in estimator.module_.state_dict().items()}
    others = [learned(other) for other in getattr(estimator, "_others", ())]
    return fingerprint(epochs, weights, others, getattr(estimator, "wide_weights_", None))


def start(estimator, data):
    """Fit in another process; return its id, and where to read what was learned."""
    reader, writer = os.pipe()
    if process := os.fork():
        os.close(writer)
        return process, reader
    try:
        warnings.simplefilter("ignore")
        os.write(writer, learned(estimator.fit(*data)).encode())
    finally:
        os._exit(0)


def wait_until(process, seconds):
    """Wait until a process has had so much of the processor's time, or has ended."""
    process = psutil.Process(process)
    while process.status() != psutil.STATUS_ZOMBIE and sum(process.cpu_times()[:2]) < seconds:
        time.sleep(0.001)


def finish(process, reader):
    """Wait for a process, and return what was learned."""
    os.waitpid(process, 0)
    with open(reader, "rb") as pipe:
        return pipe.read().decode()


def fit_whole(names):
    """What was learned without an interruption, and in how many seconds, by estimator."""
    found = {}
    for name in names:
        before = os.times().children_user + os.times().children_system
        digest = finish(*start(*CASES[name]))
        found[name] = digest, os.times().children_user + os.times().children_system - before
    return found


def fit_elsewhere(names):
    """Do the same in another interpreter."""
    command = [sys.executable, __file__, "--whole", *names]
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    return json.loads(run.stdout)


def try_case(name, n_kills, seed, expected, seconds):
    """One row: how many of the killed fits ended as the whole one."""
    estimator, data = CASES[name]
    draw = random.Random(seed)
    row = {"estimator": name, "kills": n_kills, "equal": 0, "seconds of a whole fit": seconds}
    row |= {"before a checkpoint": 0, "between": 0, "while one was written": 0, "after the end": 0}
    for _ in range(n_kills):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "fit"
            estimator.set_params(checkpoint=path)
            process, reader = start(estimator, data)
            wait_until(process, draw.uniform(0, seconds))
            os.kill(process, signal.SIGKILL)
            killed = not finish(process, reader)
            if not killed:
                moment = "after the end"
            elif list(path.parent.glob("*.tmp")):
                moment = "while one was written"
            else:
                moment = "between" if path.exists() else "before a checkpoint"
            row[moment] += 1
            row["equal"] += finish(*start(estimator, data)) == expected != ""
            estimator.set_params(checkpoint=None)
    return row


def main():
    """Kill, resume, compare, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50, help="in all")
    parser.add_argument("--only", choices=CASES, help="an estimator")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--dry", action="store_true", help="write no results")
    parser.add_argument("--whole", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # a process with threads is not to be forked
    if arguments.whole:
        print(json.dumps(fit_whole(arguments.whole)))
        return
    names = [arguments.only] if arguments.only else list(CASES)
    shares = [len(range(first, arguments.kills, len(names))) for first in range(len(names))]
    whole = fit_elsewhere(names)
    rows = [
        try_case(name, n_kills, arguments.seed, *whole[name])
        for name, n_kills in zip(names, shares, strict=True)
    ]
    if arguments.dry:
        print(format_table(rows))
    else:
        write_results("resume", rows)
    if any(row["equal"] < row["kills"] for row in rows):
        raise SystemExit("A fit that was resumed differs from the whole one.")


if __name__ == "__main__":
    main()
