"""Errors of LSTMSeq2Seq that learns to pronounce: from letters to phones, with CMUdict.

Words are split at random, 90 % to learn from and 5 % for the test; the other 5 % are left for
tuning. A word that has several pronunciations is learned with its first one, and tested against the
one that is nearest to the prediction. Stress is left out, which leaves 39 phones.

The networks differ in their attention only. Each decodes greedily, and with a beam. Seconds are of
the processor's clock, on one core.

Run ``OMP_NUM_THREADS=1 python benchmarks/g2p.py --data PATH``, where PATH is CMUdict's file
``cmudict.dict``. ``--words N`` learns from N words only, for a quick look.
"""

import argparse
from pathlib import Path
from time import process_time

import numpy as np
from _report import write_results

from sklstm import LSTMSeq2Seq
from sklstm.metrics import token_error_rate

BEAMS = (1, 5)
RECIPE = {
    "embedding_dim": 64,
    "hidden_size": 128,
    "dropout": 0.2,
    "lr": 0.005,
    "schedule": "one_cycle",
    "batch_size": 128,
    "max_epochs": 10,
    "random_state": 0,
}


def read_cmudict(path):
    """Read the words, and the pronunciations of each."""
    found = {}
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        entry, *phones = line.partition("#")[0].split()
        word = entry.partition("(")[0]  # variants are numbered: word(2)
        found.setdefault(word, []).append([phone.rstrip("012") for phone in phones])
    return found


def split(words):
    """Split words into those to learn from and those of the test."""
    order = np.random.RandomState(0).permutation(len(words))
    n_test = len(words) // 20
    return [words[row] for row in order[2 * n_test :]], [words[row] for row in order[:n_test]]


def nearest(pronunciations, predicted):
    """Choose the pronunciation that a prediction is nearest to."""
    return min(pronunciations, key=lambda one: token_error_rate([one], [predicted]) * len(one))


def measure(attention, dictionary, train, test):
    """Train once, and decode in both ways: a row for each."""
    model = LSTMSeq2Seq(attention=attention, **RECIPE)
    start = process_time()
    model.fit(train, [dictionary[word][0] for word in train])
    trained = process_time() - start
    for beam_size in BEAMS:
        model.set_params(beam_size=beam_size)
        start = process_time()
        predicted = model.predict(test).tolist()
        seconds = process_time() - start
        right = [nearest(dictionary[word], one) for word, one in zip(test, predicted, strict=True)]
        wrong = [one != other for one, other in zip(right, predicted, strict=True)]
        row = {
            "attention": str(attention).lower(),
            "decoding": f"beam of {beam_size}" if beam_size > 1 else "greedy",
            "phones wrong (%)": round(100 * token_error_rate(right, predicted), 2),
            "words wrong (%)": round(100 * float(np.mean(wrong)), 2),
            "training (s)": round(trained),
            "words a second": round(len(test) / seconds),
            "parameters": model.n_parameters_,
        }
        print(row, flush=True)
        yield row


def main():
    """Measure every attention, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="CMUdict's file cmudict.dict")
    parser.add_argument("--words", type=int, help="how many words to learn from, by default all")
    arguments = parser.parse_args()
    dictionary = read_cmudict(arguments.data)
    train, test = split(sorted(dictionary))
    train = train[: arguments.words]
    print(f"{len(train):,} words to learn from, {len(test):,} in the test", flush=True)
    kinds = (None, "dot", "additive")
    rows = [row for kind in kinds for row in measure(kind, dictionary, train, test)]
    write_results("g2p", rows)


if __name__ == "__main__":
    main()
