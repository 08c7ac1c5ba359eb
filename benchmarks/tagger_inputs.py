"""Whether further inputs of LSTMTagger find more entities: columns, a sentence vector, context.

Five draws of 500 sentences, whole documents: of wikigold, tested on the articles of another fold,
and of CoNLL-2003's eng.train, tested on eng.testa. The columns of CoNLL-2003 are parts of speech
and chunks, which other programs have predicted. All else is as `entity_tagger` has it with GloVe's
vectors and effort="fast".

Run ``OMP_NUM_THREADS=1 python benchmarks/tagger_inputs.py --vectors PATH --data PATH``, as
``conll2003.py`` reads both.
"""

import argparse
import re
from pathlib import Path
from time import process_time

import numpy as np
from _report import write_results
from conll2003 import read_vectors
from small_entities import with_interval

from sklstm import Sequences, entity_tagger
from sklstm.datasets import load_wikigold, read_conll
from sklstm.metrics import entity_f1_score
from sklstm.model_selection import DocumentKFold

N_SENTENCES = 500
INPUTS = {
    "tokens": {"columns": None},
    "+ columns": {},
    "+ sentence_vector='mean'": {"columns": None, "sentence_vector": "mean"},
    "+ context=1": {"columns": None, "context": 1},
}


def draw(X, y, documents, seed):
    """Some whole documents, in their order."""
    order = np.random.RandomState(seed).permutation(np.unique(documents))
    counts = np.bincount(documents)[order]
    chosen = order[: np.searchsorted(np.cumsum(counts), N_SENTENCES) + 1]
    rows = np.flatnonzero(np.isin(documents, chosen))
    return X[rows], [y[row] for row in rows]


def wikigold_draws():
    """For each fold of articles to test on, a draw of the others."""
    bunch = load_wikigold()
    X = Sequences.from_tokens(bunch.data).with_documents(bunch.documents)
    y, documents = bunch.target, bunch.documents
    folds = DocumentKFold(n_splits=5).split(bunch.data, y, groups=documents)
    for seed, (train, test) in enumerate(folds):
        own = [y[row] for row in train]
        yield draw(X[train], own, documents[train], seed), (X[test], [y[row] for row in test])


def conll_draws(folder):
    """For each draw, some documents of the training part, and the same sentences to test on."""
    columns = {"pos": 1, "chunk": 2}
    train, test = (
        read_conll(Path(folder, f"eng.{part}"), columns=columns) for part in ("train", "testa")
    )
    for seed in range(5):
        yield draw(train.data, train.target, train.documents, seed), (test.data, test.target)


def words_of(vectors, draws):
    """Leave out vectors of words that are not in the data, which only take time."""
    table, words = vectors
    used = {word.lower() for parts in draws for X, _ in parts for word in X.categories}
    used |= {re.sub(r"\d", "0", word) for word in used}
    rows = [row for row, word in enumerate(words) if word in used]
    return table[rows], [words[row] for row in rows]


def measure(parts, seed, vectors, inputs):
    """F1 in percent, and the seconds to learn."""
    train, test = parts
    pipe = entity_tagger(
        vectors, effort="fast", tokenizer="passthrough", random_state=seed, **INPUTS[inputs]
    )
    start = process_time()
    pipe.fit(*train)
    seconds = process_time() - start
    return 100 * entity_f1_score(test[1], pipe.predict(test[0])), seconds


def describe(name, inputs, found, first):
    """A row of the table: means over draws, and of the differences to the first row."""
    scores, seconds = np.transpose(found)
    return {
        "data": name,
        "inputs": inputs,
        "draws": len(scores),
        "F1": with_interval(scores),
        "more than tokens": with_interval(scores - np.transpose(first)[0]),
        "s to learn": round(seconds.mean()),
    }


def main():
    """Train, test, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder of eng.train and eng.testa; wikigold only if none")
    parser.add_argument("--vectors", required=True, help="GloVe, a text file or a folder")
    parser.add_argument("--draws", type=int, default=5, help="at most 5")
    arguments = parser.parse_args()
    vectors, rows = read_vectors(arguments.vectors), []
    data = {"wikigold": list(wikigold_draws())}
    if arguments.data is not None:
        data["CoNLL-2003"] = list(conll_draws(arguments.data))
    for name, draws in data.items():
        draws, first = draws[: arguments.draws], None
        known = words_of(vectors, draws)
        for inputs in INPUTS:
            if inputs == "+ columns" and name == "wikigold":  # which has none
                continue
            found = [measure(parts, seed, known, inputs) for seed, parts in enumerate(draws)]
            first = first or found
            rows.append(describe(name, inputs, found, first))
            write_results("tagger_inputs", rows)


if __name__ == "__main__":
    main()
