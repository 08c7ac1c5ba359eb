"""Samples a second of the lecture's network on IMDB's own lengths, beside its peers.

Embedding of 5,000 words in 32 dimensions, 100 LSTM units, one sigmoid unit, Adam, batches of
64 reviews of at most 500 tokens, float32. The peers, in the same run and taking turns:

- Keras on TensorFlow, padded to 500 tokens as in the lecture's listing;
- plain skorch around torch's LSTM, padded to 500;
- torch's LSTM on packed sequences, the textbook's way to handle lengths.

The share of the machine's own speed counts the multiplications that the real, unpadded tokens
need, against a timed product of the network's own shape.

Run ``python benchmarks/speed.py --data PATH``, PATH being any copy that ``fetch_imdb`` reads.
"""

import argparse
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from functools import partial

import keras
import numpy as np
import torch
from _report import median_seconds, write_results
from skorch import NeuralNetClassifier
from torch import nn

from sklstm import LSTMClassifier, TokenIndexer, Tokenizer
from sklstm._device import runs_bfloat16
from sklstm.datasets import fetch_imdb

BFLOAT16 = "sklstm, precision='bfloat16'"
VOCABULARY, WIDTH, UNITS, LENGTH, BATCH = 5000, 32, 100, 500, 64
FLOPS_A_STEP = 2 * 4 * UNITS * (WIDTH + UNITS)  # of the forward pass; training takes three times


class Padded(nn.Module):
    """The network as one writes it first: every review padded to the same length."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        self.lstm = nn.LSTM(WIDTH, UNITS, batch_first=True)
        self.output = nn.Linear(UNITS, 2)

    def forward(self, ids):
        outputs, _ = self.lstm(self.embedding(ids))
        return self.output(outputs[:, -1]).softmax(dim=-1)


class Packed(Padded):
    """The same network on packed sequences."""

    def forward(self, ids):
        lengths = (ids > 0).sum(dim=1)
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embedding(ids), lengths, batch_first=True, enforce_sorted=False
        )
        _, (last, _) = self.lstm(packed)
        return self.output(last[0]).softmax(dim=-1)


def skorch_net(module):
    """Wrap a module the way skorch's documentation does."""
    return NeuralNetClassifier(
        module, optimizer=torch.optim.Adam, lr=1e-3, batch_size=BATCH, max_epochs=1,
        train_split=None, verbose=0, warm_start=True,
    )  # fmt: skip


def keras_net():
    """The lecture's listing."""
    net = keras.Sequential(
        [
            keras.layers.Embedding(VOCABULARY, WIDTH),
            keras.layers.LSTM(UNITS),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    net.compile(loss="binary_crossentropy", optimizer="adam")
    return net


def sklstm_net(precision):
    """The same network here."""
    return LSTMClassifier(
        vocabulary_size=VOCABULARY, embedding_dim=WIDTH, hidden_size=UNITS, lr=1e-3,
        batch_size=BATCH, schedule=None, max_epochs=1, precision=precision, warm_start=True,
        random_state=0,
    )  # fmt: skip


def pad(ids, side):
    """Pad to LENGTH: Keras before the text, as in the listing, torch after it."""
    rows = np.zeros((len(ids), LENGTH), np.int64)
    for row, review in zip(rows, ids, strict=True):
        row[slice(-len(review), None) if side == "pre" else slice(len(review))] = review
    return rows


def contenders(ids, labels, n_packed):
    """For each: its reviews, a function that trains an epoch, and one that predicts."""
    pre, post = pad(ids, "pre"), pad(ids, "post")
    ours, in_bfloat16 = sklstm_net("float32"), sklstm_net("bfloat16")
    theirs, plain, packed = keras_net(), skorch_net(Padded), skorch_net(Packed)
    few = slice(n_packed)
    return {
        "sklstm": (len(ids), partial(ours.fit, ids, labels), partial(ours.predict, ids)),
        BFLOAT16: (
            len(ids), partial(in_bfloat16.fit, ids, labels), partial(in_bfloat16.predict, ids),
        ),
        "Keras (TensorFlow), padded to 500": (
            len(ids),
            partial(theirs.fit, pre, labels, batch_size=BATCH, epochs=1, verbose=0),
            partial(theirs.predict, pre, batch_size=BATCH, verbose=0),
        ),
        "skorch, padded to 500": (
            len(ids), partial(plain.fit, post, labels), partial(plain.predict, post),
        ),
        "torch, packed": (
            n_packed,
            partial(packed.fit, post[few], labels[few]),
            partial(packed.predict, post[few]),
        ),
    }  # fmt: skip


def gemm_rate(rows=BATCH):
    """Multiplications and additions a second of ``(rows, F + H) @ (F + H, 4H)``."""
    a, b = torch.randn(rows, WIDTH + UNITS), torch.randn(WIDTH + UNITS, 4 * UNITS)
    out = torch.empty(rows, 4 * UNITS)

    def products():
        for _ in range(1000):
            torch.mm(a, b, out=out)

    (seconds,) = median_seconds(products)
    return 1000 * rows * FLOPS_A_STEP / seconds


def measure(ids, labels, n_packed, rounds):
    """One row for each contender, and what had to be left out."""
    mean_length = np.mean([len(review) for review in ids])
    runs = contenders(ids, labels, n_packed)
    left_out = []
    if not runs_bfloat16("cpu"):  # it would be another row in float32
        del runs[BFLOAT16]
        left_out.append(f"{BFLOAT16}, which this processor cannot compute")
    training = median_seconds(*(train for _, train, _ in runs.values()), rounds=rounds)
    prediction = median_seconds(*(predict for _, _, predict in runs.values()), rounds=rounds)
    machine = gemm_rate()
    rows = []
    for (name, (n, _, _)), fit_time, predict_time in zip(
        runs.items(), training, prediction, strict=True
    ):
        rows.append(
            {
                "network": name,
                "training (samples/s)": n / fit_time,
                "sklstm, times as fast": n / fit_time,
                "share of GEMM rate": 3 * FLOPS_A_STEP * mean_length * n / fit_time / machine,
                "prediction (samples/s)": n / predict_time,
                "sklstm, times as fast ": n / predict_time,
            }
        )
    for key in ("sklstm, times as fast", "sklstm, times as fast "):
        fastest = rows[0][key]
        for row in rows:
            row[key] = fastest / row[key]
    print(f"Mean length {mean_length:.0f} tokens; products run at {machine / 1e9:.0f} GFLOP/s.")
    return rows, left_out


def main():
    """Read the reviews, measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="a copy of IMDB's reviews")
    parser.add_argument("--samples", type=int, default=40 * BATCH)
    parser.add_argument("--packed", type=int, default=4 * BATCH, help="samples for packed torch")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    texts, labels = fetch_imdb(path=arguments.data, return_X_y=True)
    tokens = Tokenizer().transform(texts)
    encoded = TokenIndexer(max_tokens=VOCABULARY).fit_transform(tokens)
    ids = [encoded[row][-LENGTH:] for row in range(arguments.samples)]
    labels = labels[: arguments.samples]
    write_results("speed", *measure(ids, labels, arguments.packed, arguments.rounds))


if __name__ == "__main__":
    main()
