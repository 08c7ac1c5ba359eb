"""What the process holds while tiny pipelines are fitted 200 times and predict 10,000 times.

Memory that grows between the first and the last column is a leak. Linux only.

Run ``OMP_NUM_THREADS=1 python benchmarks/flat_memory.py``.
"""

import gc

from _report import write_results
from memory import megabytes
from sklearn.pipeline import make_pipeline

from sklstm import LSTMClassifier, LSTMTagger, Tokenizer, Word2VecEmbedder

TEXTS = ["a good film", "good fun", "a bad film", "bad acting"] * 5
LABELS = ["pos", "pos", "neg", "neg"] * 5
TAGS = [["B-X" if word in ("good", "bad") else "O" for word in text.split()] for text in TEXTS]
SMALL = {"hidden_size": 4, "max_epochs": 2, "random_state": 0}
N_REFITS, N_PREDICTIONS, N_COLUMNS = 200, 10_000, 5


def pipelines():
    """Pipelines of texts, by what is special about them, with their targets."""

    def pipe(estimator):
        vectors = Word2VecEmbedder(vector_size=4, min_count=1, epochs=2, random_state=0)
        return make_pipeline(Tokenizer(), vectors, estimator)

    return {
        "classifier": (pipe(LSTMClassifier(**SMALL)), LABELS),
        "two networks and a linear model": (
            pipe(LSTMClassifier(n_members=2, wide=True, **SMALL)),
            LABELS,
        ),
        "tagger": (pipe(LSTMTagger(**SMALL)), TAGS),
    }


def watch(function, n_calls, n_columns=N_COLUMNS):
    """Call a function many times, and return what the process holds at times, in megabytes."""
    held = {}
    for number in range(1, n_calls + 1):
        function()
        if number % (n_calls // n_columns) == 0:
            gc.collect()
            held[number * 100 // n_calls] = megabytes("VmRSS")
    return held


def measure(n_refits=N_REFITS, n_predictions=N_PREDICTIONS):
    """Two rows for each pipeline: its refits, and its predictions of one text."""
    for name, (pipe, targets) in pipelines().items():
        for what, function, n_calls in [
            ("refits", lambda p=pipe, y=targets: p.fit(TEXTS, y), n_refits),
            ("predictions", lambda p=pipe: p.predict(TEXTS[:1]), n_predictions),
        ]:
            held = watch(function, n_calls)
            shown = {f"MB after {share} %": value for share, value in held.items()}
            first, *_, last = held.values()
            yield {"pipeline": name, "calls": f"{n_calls:,} {what}", **shown,
                   "growth (MB)": last - first}  # fmt: skip


if __name__ == "__main__":
    write_results("flat_memory", list(measure()))
