"""Samples a second that the lecture's network trains with every cell, beside the fused LSTM.

Embedding of 5,000 words in 32 dimensions, 100 units, one sigmoid unit, Adam, batches of 64,
float32; on IMDB's own lengths, cut at 500 tokens, and on reviews that are all 500 tokens long. The
cells take turns; medians of several rounds.

Run ``python benchmarks/cells.py --data PATH``, PATH being any copy that ``fetch_imdb`` reads.
"""

import argparse
from functools import partial

import numpy as np
from _report import median_seconds, write_results

from sklstm import LSTMClassifier, TokenIndexer, Tokenizer
from sklstm.datasets import fetch_imdb

VOCABULARY, LENGTH, BATCH = 5000, 500, 64
CELLS = {
    "lstm": {},
    "gru": {},
    "rnn": {},
    "coupled": {},
    "peephole": {},
    "peephole, diagonal": {"diagonal": True},
    "minlstm": {},
    "mingru": {},
}


def network(name):
    """The lecture's network with a cell."""
    return LSTMClassifier(
        cell=name.split(",")[0], cell_params=CELLS[name], vocabulary_size=VOCABULARY,
        embedding_dim=32, hidden_size=100, lr=1e-3, batch_size=BATCH, max_epochs=1,
        schedule=None, warm_start=True, random_state=0,
    )  # fmt: skip


def samples_a_second(ids, labels, rounds):
    """Train an epoch of each cell in turns."""
    epochs = [partial(network(name).fit, ids, labels) for name in CELLS]
    return [len(ids) / seconds for seconds in median_seconds(*epochs, rounds=rounds)]


def measure(ids, labels, rounds):
    """One row for each cell."""
    ragged = samples_a_second(ids, labels, rounds)
    long = [np.resize(review, LENGTH) for review in ids]  # repeated up to the length
    full = samples_a_second(long, labels, rounds)
    return [
        {
            "cell": name,
            "IMDB's lengths (samples/s)": speed,
            "of the LSTM's speed": speed / ragged[0],
            "500 tokens (samples/s)": speed_long,
            "of the LSTM's speed ": speed_long / full[0],
        }
        for name, speed, speed_long in zip(CELLS, ragged, full, strict=True)
    ]


def main():
    """Read the reviews, measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="a copy of IMDB's reviews")
    parser.add_argument("--samples", type=int, default=20 * BATCH)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    texts, labels = fetch_imdb(path=arguments.data, return_X_y=True)
    encoded = TokenIndexer(max_tokens=VOCABULARY).fit_transform(Tokenizer().transform(texts))
    rows = np.random.RandomState(0).permutation(len(texts))[: arguments.samples]
    ids = [encoded[row][-LENGTH:] for row in rows]
    write_results("cells", measure(ids, labels[rows], arguments.rounds))


if __name__ == "__main__":
    main()
