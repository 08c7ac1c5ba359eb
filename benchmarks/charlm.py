"""Language models: characters of Shakespeare, and 50,000 words of film reviews.

``--shakespeare PATH`` is tiny Shakespeare, one file: bits per character of the last twentieth of
the text, after training on the first nine tenths; parameters were tuned on the twentieth between.
The generator is compared with an ``nn.LSTM`` of the same size that a textbook loop trains for the
same time, an interpolated n-gram model (Witten and Bell, 1991), and compressors that have read the
same text. Compressors keep learning as they read; the generator and the n-gram model are measured
both ways (dynamic evaluation: Mikolov et al., 2010; Krause et al., 2018). Two published figures, of
the last tenth, are for orientation. On all cores, in wall-clock seconds.

``--speed`` measures the speed of training, compared with the textbook loop, and of sampling.

``--imdb PATH`` is any copy that ``fetch_imdb`` reads: words per second and perplexity of a language
model with 50,000 words after the same seconds of training, with the full and with the adaptive
softmax, on the unlabelled reviews.

Run these two with ``OMP_NUM_THREADS=1``: they measure CPU seconds.
"""

import argparse
import bz2
import gzip
import lzma
import warnings
from collections import Counter, defaultdict
from copy import deepcopy
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import numpy as np
import torch
from _report import write_results
from sklearn.base import clone
from skorch.callbacks import Callback
from torch import nn

from sklstm import LSTMGenerator, Tokenizer
from sklstm.datasets import fetch_imdb

CHARACTERS = LSTMGenerator(
    embedding_dim=64, hidden_size=768, dropout=0.4, locked_dropout=True, recurrent_dropout=0.25,
    bptt_steps=50, batch_size=64, lr=0.003, schedule="warm_up", max_epochs=21,
    precision="bfloat16", random_state=0, verbose=1,
)  # fmt: skip
WORDS = LSTMGenerator(
    level="token", max_tokens=50_000, embedding_dim=128, hidden_size=128, bptt_steps=35,
    batch_size=32, schedule=None, max_epochs=100, random_state=0,
)  # fmt: skip
SECONDS = 120  # of training on words
LR_READING, STEPS_READING = 0.2, 20  # while learning what is read
COMPRESSORS = {
    "xz": lambda data: lzma.compress(data, preset=9),
    "bz2": bz2.compress,
    "gzip": lambda data: gzip.compress(data, 9),
}
PUBLISHED = {
    "nanoGPT, 10.7 million parameters, GPU (its README: 1.4697 nats)": 1.4697 / np.log(2),
    "nanoGPT, 0.8 million parameters, CPU (its README: 1.88 nats)": 1.88 / np.log(2),
}


def ngram_bits(train, test, order, *, adapting=False):
    """Bits per character of an n-gram model, each order interpolated with the one below."""
    counts = [defaultdict(Counter) for _ in range(order)]
    text = train + test
    n_symbols = len(set(train)) + 1
    bits = 0.0
    for place, symbol in enumerate(text):
        p = 1 / n_symbols
        for n in range(order):
            followers = counts[n][text[max(0, place - n) : place]]
            if place >= len(train) and followers:
                total, kinds = followers.total(), len(followers)
                p = (followers[symbol] + kinds * p) / (total + kinds)
            if place < len(train) or adapting:
                followers[symbol] += 1
        if place >= len(train):
            bits -= np.log2(p)
    return bits / len(test)


def compressed_bits(compress, train, test):
    """Bits per character that the end of a text adds to its compressed beginning."""
    return 8 * (len(compress((train + test).encode())) - len(compress(train.encode()))) / len(test)


class Textbook(nn.Module):
    """An LSTM language model of the same size, as a tutorial writes it."""

    def __init__(self, text, model):
        super().__init__()
        self.symbols = {symbol: code for code, symbol in enumerate(sorted(set(text)))}
        n_codes = len(self.symbols)
        self.embedding = nn.Embedding(n_codes, model.embedding_dim)
        self.lstm = nn.LSTM(
            model.embedding_dim, model.hidden_size, model.n_layers, batch_first=True
        )
        self.dropout = nn.Dropout(model.dropout)
        self.output = nn.Linear(model.hidden_size, n_codes)

    def encode(self, text):
        """Number the characters of a text."""
        return torch.tensor([self.symbols[symbol] for symbol in text])

    def forward(self, codes, state=None):
        """Compute logits, and the state after the last step."""
        outputs, state = self.lstm(self.embedding(codes), state)
        return self.output(self.dropout(outputs)), tuple(part.detach() for part in state)


def textbook_epoch(network, optimizer, codes, model):
    """Train for an epoch, with the batches and the clipping of ours."""
    length = (len(codes) - 1) // model.batch_size
    x, y = (codes[i : i + length * model.batch_size].reshape(-1, length) for i in (0, 1))
    state = None
    network.train()
    for start in range(0, length, model.bptt_steps):
        steps = slice(start, start + model.bptt_steps)
        logits, state = network(x[:, steps], state)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), y[:, steps].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), model.max_grad_norm)
        optimizer.step()


@torch.no_grad()
def textbook_bits(network, text):
    """Bits per character of a text, all but its first."""
    network.eval()
    codes, state, nats = network.encode(text), None, 0.0
    for x, y in zip(codes[:-1].split(1000), codes[1:].split(1000), strict=True):
        logits, state = network(x[None], state)
        nats += nn.functional.cross_entropy(logits[0], y, reduction="sum").item()
    return nats / np.log(2) / (len(codes) - 1)


def textbook(model, n_seconds, train, dev):
    """Train for some seconds, and keep the weights that are best on dev."""
    torch.manual_seed(0)
    network = Textbook(train + dev, model)
    codes = network.encode(train)
    optimizer = torch.optim.Adam(network.parameters(), lr=model.lr)
    best, stop = np.inf, perf_counter() + n_seconds
    while perf_counter() < stop:
        textbook_epoch(network, optimizer, codes, model)
        bits = textbook_bits(network, dev)
        print(f"the textbook's loop on dev: {bits:.4f}", flush=True)
        if bits < best:
            best, weights = bits, deepcopy(network.state_dict())
    network.load_state_dict(weights)
    return network


def seconds(function):
    """Seconds of the processor that a function takes."""
    start = process_time()
    function()
    return process_time() - start


def training_speeds(model, text, rounds=3):
    """Characters a second of an epoch: ours, and the textbook's loop; they take turns."""
    model = clone(model).set_params(schedule=None, recurrent_dropout=0.0)
    network = Textbook(text, model)
    codes = network.encode(text)
    optimizer = torch.optim.Adam(network.parameters(), lr=model.lr)
    functions = [
        lambda: model.fit([text]),
        lambda: textbook_epoch(network, optimizer, codes, model),
    ]
    taken = [[seconds(function) for function in functions] for _ in range(rounds)]
    return [len(text) / median(column) for column in zip(*taken, strict=True)]


def writing_speed(model, n_texts, n_characters=1000):
    """Characters a second of texts that are written side by side."""
    options = {"max_length": n_characters, "random_state": 0}
    texts = []
    model = model.set_params(batch_size=n_texts)
    taken = [seconds(lambda: texts.extend(model.sample(n_texts, **options))) for _ in range(3)]
    return sum(map(len, texts)) / 3 / median(taken)


def adapted_bits(model, text):
    """Bits per character of a text that is learned while it is read, each piece after its score."""
    codes = torch.tensor(
        [0, *(model.vocabulary_.get(symbol, 1) for symbol in text), 0]
    )  # 0 starts and ends
    network = deepcopy(model.module_).eval()
    states, nats = network.initial_states(1), 0.0
    optimizer = torch.optim.SGD(network.parameters(), lr=LR_READING)
    x_y = (part.split(STEPS_READING) for part in (codes[:-1], codes[1:]))
    for x, y in zip(*x_y, strict=True):
        outputs = network(x[None], torch.tensor([len(x)]), states=states)
        loss = network.losses(outputs, y[None]).sum()
        nats += loss.item()
        optimizer.zero_grad()
        (loss / len(x)).backward()
        nn.utils.clip_grad_norm_(network.parameters(), model.max_grad_norm)
        optimizer.step()
    return nats / np.log(2) / (len(codes) - 1)


def measure_characters(path):
    """All rows about Shakespeare."""
    text = Path(path).read_text()
    n_train, n_known = round(0.9 * len(text)), round(0.95 * len(text))
    train, dev, test = text[:n_train], text[n_train:n_known], text[n_known:]
    start = perf_counter()
    model = clone(CHARACTERS).fit([train], X_val=[dev])
    n_seconds = perf_counter() - start
    minutes = f"{n_seconds / 60:.0f} minutes"
    print(model.bits_per_character([dev]), adapted_bits(model, dev), "on dev")
    print(model.sample(max_length=500, random_state=0)[0])
    network = textbook(model, n_seconds, train, dev)
    rows = []

    def add(name, static=None, adapting=None, tenth=None):
        columns = "bits per character", "learning as it reads", "of the last tenth"
        figures = zip(columns, (static, adapting, tenth), strict=True)
        rows.append(
            {"model": name} | {c: "" if f is None else round(float(f), 3) for c, f in figures}
        )
        print(rows[-1], flush=True)

    units = model.hidden_size
    add(
        f"LSTMGenerator, {units} units ({minutes})",
        model.bits_per_character([test]),
        adapted_bits(model, test),
        model.bits_per_character([dev + test]),
    )
    add(
        f"textbook's loop, {units} units ({minutes})",
        textbook_bits(network, test),
        None,
        textbook_bits(network, dev + test),
    )
    add(
        "5-gram model, interpolated",
        ngram_bits(train, test, 5),
        ngram_bits(train, test, 5, adapting=True),
        ngram_bits(train, dev + test, 5),
    )
    for name, compress in COMPRESSORS.items():
        add(name, adapting=compressed_bits(compress, train, test))
    for name, bits in PUBLISHED.items():
        add(name, tenth=bits)
    write_results("charlm", rows)


def measure_speed(path):
    """All rows about speed, of a network with 256 units that has read a little."""
    text = Path(path).read_text()[:200_000]
    model = clone(CHARACTERS).set_params(
        hidden_size=256, locked_dropout=False, precision="float32", max_epochs=1, verbose=0
    )
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
