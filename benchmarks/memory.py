"""Peak memory of the word2vec pipeline on IMDB's 25,000 reviews, and the size of its pickle.

The peak counts what the process holds above its state before ``fit``, when texts, torch and
everything else is loaded; Linux only.

Run ``python benchmarks/memory.py --data PATH``, PATH being any copy that ``fetch_imdb`` reads.
"""

import argparse
import gc
import pickle
import time
from pathlib import Path

from _report import write_results
from sklearn.pipeline import make_pipeline

from sklstm import LSTMClassifier, SequencePadder, Tokenizer, Word2VecEmbedder
from sklstm.datasets import fetch_imdb

PROCESS = Path("/proc/self")


def megabytes(field):
    """Read a size of this process: VmRSS, what it holds, or VmHWM, the peak of that."""
    lines = (PROCESS / "status").read_text().splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith(field))
    return int(kilobytes) * 1024 / 1e6


def make_pipe(vector_size):
    """The pipeline of the README, for one epoch: the peak is the same in every epoch."""
    return make_pipeline(
        Tokenizer(),
        Word2VecEmbedder(vector_size=vector_size, epochs=1, random_state=0),
        SequencePadder(max_length=400),
        LSTMClassifier(
            hidden_size=64, bidirectional=True, pooling="max", max_epochs=1, random_state=0
        ),
    )


def measure(texts, labels, vector_size):
    """One row: the peak above the start, and the pickle beside its arrays."""
    gc.collect()
    before = megabytes("VmRSS")
    (PROCESS / "clear_refs").write_text("5")  # forget the peak so far
    start = time.perf_counter()
    pipe = make_pipe(vector_size).fit(texts, labels)
    seconds = time.perf_counter() - start
    peak = megabytes("VmHWM") - before
    classifier, vectors = pipe[-1], pipe[1].vectors_
    weights = 4 * classifier.n_parameters_ + vectors.nbytes
    return {
        "vector_size": vector_size,
        "seconds": seconds,
        "peak above texts and torch (MB)": peak,
        "weights (MB)": weights / 1e6,
        "pickle (MB)": len(pickle.dumps(pipe)) / 1e6,
    }


def main():
    """Read the reviews, measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="a copy of IMDB's reviews")
    arguments = parser.parse_args()
    texts, labels = fetch_imdb(path=arguments.data, return_X_y=True)
    make_pipe(10).fit(texts[:200], labels[:200])  # loads what torch and gensim load when used
    write_results("memory", [measure(texts, labels, size) for size in (50, 100)])


if __name__ == "__main__":
    main()
