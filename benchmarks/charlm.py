"""Language models: characters of Shakespeare, and 50,000 words of film reviews.

``--shakespeare PATH`` is tiny Shakespeare, one file: bits per character of the last twentieth of
the text, which is read once, after learning the first nine tenths. Beside the LSTM stand an
interpolated n-gram model (Witten and Bell, 1991), and what compressors need for the same part when
they have seen the same text. Two published figures are for orientation: they are those of the last
tenth. With ``--speed``, instead, the speed of training, beside the textbook's loop in plain torch,
and of writing.

``--imdb PATH`` is any copy that ``fetch_imdb`` reads: words a second and perplexity of a language
model with 50,000 words after the same seconds of training, with the full and with the adaptive
softmax, on the unlabelled reviews.

Seconds are those of the processor. Run ``OMP_NUM_THREADS=1 python benchmarks/charlm.py`` with
either or both.
"""

import argparse
import bz2
import gzip
import lzma
import warnings
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import torch
from _report import write_results
from _schedule import warm_up_and_fall
from sklearn.base import clone
from skorch.callbacks import Callback
from torch import nn

from sklstm import LSTMGenerator, Tokenizer
from sklstm.datasets import fetch_imdb

CHARACTERS = LSTMGenerator(
    embedding_dim=64, hidden_size=512, dropout=0.4, recurrent_dropout=0.25, bptt_steps=100,
    batch_size=32, lr=0.003, schedule=warm_up_and_fall, max_epochs=22, random_state=0, verbose=1,
)  # fmt: skip
WORDS = LSTMGenerator(
    level="token", max_tokens=50_000, embedding_dim=128, hidden_size=128, bptt_steps=35,
    batch_size=32, max_epochs=100, random_state=0,
)  # fmt: skip
SECONDS = 120  # of training on words
PUBLISHED = {
    "nanoGPT, 10.7 million parameters, GPU (its README: 1.4697 nats)": 1.4697 / np.log(2),
    "nanoGPT, 0.8 million parameters, CPU (its README: 1.88 nats)": 1.88 / np.log(2),
}


def ngram_bits(train, test, order):
    """Bits per character of an n-gram model, each order interpolated with the one below."""
    counts = [defaultdict(Counter) for _ in range(order)]
    for place, symbol in enumerate(train):
        for n in range(order):
            counts[n][train[max(0, place - n) : place]][symbol] += 1
    n_symbols = len(set(train)) + 1
    bits = 0.0
    text = train[-order:] + test
    for place in range(order, len(text)):
        p = 1 / n_symbols
        for n in range(order):
            followers = counts[n].get(text[place - n : place])
            if followers:
                total, kinds = followers.total(), len(followers)
                p = (followers[text[place]] + kinds * p) / (total + kinds)
        bits -= np.log2(p)
    return bits / len(test)


def compressed_bits(compress, train, test):
    """Bits per character that the end of a text adds to its compressed beginning."""
    return 8 * (len(compress((train + test).encode())) - len(compress(train.encode()))) / len(test)


def textbook_loop(codes, n_codes, model):
    """Train nn.LSTM for an epoch, as a tutorial does."""
    n_streams, n_steps = model.batch_size, model.bptt_steps
    embedding = nn.Embedding(n_codes, model.embedding_dim)
    lstm = nn.LSTM(model.embedding_dim, model.hidden_size, batch_first=True)
    dropout, output = nn.Dropout(model.dropout), nn.Linear(model.hidden_size, n_codes)
    weights = nn.ModuleList([embedding, lstm, output]).parameters()
    optimizer = torch.optim.Adam(weights := list(weights), lr=model.lr)
    length = (len(codes) - 1) // n_streams
    x = codes[: length * n_streams].reshape(n_streams, length)
    y = codes[1 : length * n_streams + 1].reshape(n_streams, length)
    state = None
    for start in range(0, length, n_steps):
        outputs, state = lstm(embedding(x[:, start : start + n_steps]), state)
        state = tuple(s.detach() for s in state)
        logits = output(dropout(outputs))
        loss = nn.functional.cross_entropy(
            logits.flatten(0, 1), y[:, start : start + n_steps].flatten()
        )
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(weights, model.max_grad_norm)
        optimizer.step()


def seconds(function):
    """Seconds of the processor that a function takes."""
    start = process_time()
    function()
    return process_time() - start


def training_speeds(model, text, rounds=3):
    """Characters a second of an epoch: ours, and the textbook's loop; they take turns."""
    model = clone(model).set_params(schedule=None, recurrent_dropout=0.0)
    symbols = {symbol: code for code, symbol in enumerate(sorted(set(text)))}
    codes = torch.tensor([symbols[symbol] for symbol in text])
    functions = [lambda: model.fit([text]), lambda: textbook_loop(codes, len(symbols), model)]
    taken = [[seconds(function) for function in functions] for _ in range(rounds)]
    return [len(text) / median(column) for column in zip(*taken, strict=True)]


def writing_speed(model, n_texts, n_characters=1000):
    """Characters a second of texts that are written side by side."""
    options = {"max_length": n_characters, "random_state": 0}
    texts = []
    model = model.set_params(batch_size=n_texts)
    taken = [seconds(lambda: texts.extend(model.sample(n_texts, **options))) for _ in range(3)]
    return sum(map(len, texts)) / 3 / median(taken)


def measure_characters(path):
    """All rows about Shakespeare."""
    text = Path(path).read_text()
    n_train, n_known = round(0.9 * len(text)), round(0.95 * len(text))
    train, dev, test = text[:n_train], text[n_train:n_known], text[n_known:]
    start = process_time()
    model = clone(CHARACTERS).fit([train], X_val=[dev])
    minutes = (process_time() - start) / 60
    name = f"LSTM, one layer of 512 units ({minutes:.0f} minutes)"
    bits = {name: [model.bits_per_character([t]) for t in (test, dev + test)]}
    print(bits, model.sample(max_length=500, random_state=0)[0], sep="\n")
    for name, compute in {
        "n-gram, 5 characters before": lambda t: ngram_bits(train, t, 6),
        "xz": lambda t: compressed_bits(lambda b: lzma.compress(b, preset=9), train, t),
        "bz2": lambda t: compressed_bits(bz2.compress, train, t),
        "gzip": lambda t: compressed_bits(lambda b: gzip.compress(b, 9), train, t),
    }.items():
        bits[name] = [compute(t) for t in (test, dev + test)]
    rows = [
        {
            "model": name,
            "bits per character": round(of_test, 3),
            "of the last tenth": round(tenth, 3),
        }
        for name, (of_test, tenth) in bits.items()
    ]
    rows += [
        {"model": name, "bits per character": "", "of the last tenth": round(float(tenth), 3)}
        for name, tenth in PUBLISHED.items()
    ]
    write_results("charlm", rows)


def measure_speed(path):
    """All rows about speed, of a network with 256 units that has read a little."""
    text = Path(path).read_text()[:200_000]
    model = clone(CHARACTERS).set_params(hidden_size=256, max_epochs=1, verbose=0)
    ours, textbook = training_speeds(model, text)
    model.fit([text])
    speeds = {
        "training": ours,
        "the textbook's loop": textbook,
        "writing one text": writing_speed(model, 1),
        "writing 64 texts": writing_speed(model, 64),
    }
    rows = [{"what": what, "characters a second": round(speed)} for what, speed in speeds.items()]
    write_results("charlm-speed", rows)


class Stop(Callback):
    """Stop after some seconds of the processor, and count the symbols read."""

    def on_train_begin(self, net, **kwargs):
        """Look at the clock."""
        self.start, self.n_symbols = process_time(), 0
        Stop.last = self  # estimators train copies of their callbacks

    def on_batch_end(self, net, batch, training, **kwargs):
        """Count, and look at the clock again."""
        self.n_symbols += int(batch[0].lengths.sum()) * training
        self.taken = process_time() - self.start
        if self.taken > SECONDS:
            raise KeyboardInterrupt


def measure_words(path):
    """All rows about words."""
    texts = fetch_imdb(subset="unsup", path=path).data[:20_000]
    tokens = Tokenizer(punctuation=True).fit_transform(texts)
    held_out, train = tokens[:100], tokens[100:]
    rows = []
    for softmax in ("adaptive", "full"):
        model = clone(WORDS).set_params(softmax=softmax, callbacks=[Stop()])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of the interruption
            model.fit(train)
        row = {
            "softmax": softmax,
            "words in the vocabulary": len(model.vocabulary_),
            "parameters": model.n_parameters_,
            "words a second": round(Stop.last.n_symbols / Stop.last.taken),
            "perplexity": round(model.perplexity(held_out), 1),
        }
        print(row, flush=True)
        rows.append(row)
    write_results("charlm-words", rows)


def main():
    """Measure what there is data for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shakespeare")
    parser.add_argument("--imdb")
    parser.add_argument("--speed", action="store_true")
    arguments = parser.parse_args()
    if arguments.shakespeare:
        (measure_speed if arguments.speed else measure_characters)(arguments.shakespeare)
    if arguments.imdb:
        measure_words(arguments.imdb)


if __name__ == "__main__":
    main()
