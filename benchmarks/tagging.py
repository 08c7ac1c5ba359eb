"""Parts of speech and chunks learned from a few hundred sentences, beside a linear CRF.

CoNLL-2003 has both in columns of their own. Sentences are drawn from eng.train and, to test, from
eng.testb. The CRF has the features of sklearn-crfsuite's tutorial; ours has all of its defaults;
the baseline gives each word its most frequent tag, and unknown words the most frequent of all. None
has vectors, and chunks are found without parts of speech.

Run ``OMP_NUM_THREADS=1 python benchmarks/tagging.py --data PATH``: a folder with both files.
"""

import argparse
from collections import Counter, defaultdict
from pathlib import Path
from types import SimpleNamespace

from _entity_peers import crf_tutorial_features
from _report import write_results
from small_entities import draw, fitted

from sklstm import LSTMTagger
from sklstm.datasets import read_conll
from sklstm.metrics import entity_f1_score, token_accuracy_score

TASKS = {"parts of speech": 1, "chunks": 2}  # their columns
CHUNKS = {"scheme": "IOB1", "mode": "conlleval"}


def read_column(folder, part, column):
    """All sentences, and the tags in a column."""
    return read_conll(Path(folder) / f"eng.{part}", tag_column=column, return_X_y=True)


def most_frequent(train):
    """The most frequent tag of each word."""
    tags = defaultdict(Counter)
    for words, row in zip(*train, strict=True):
        for word, tag in zip(words, row, strict=True):
            tags[word][tag] += 1
            tags[None][tag] += 1
    best = {word: counts.most_common(1)[0][0] for word, counts in tags.items()}

    def predict(sentences):
        return [[best.get(word, best[None]) for word in words] for words in sentences]

    return SimpleNamespace(predict=predict)


def main():
    """Train, test, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of eng.train and eng.testb")
    parser.add_argument("--size", type=int, default=500, help="sentences to learn from")
    parser.add_argument("--test-size", type=int, default=500, help="sentences to test on")
    arguments = parser.parse_args()
    trainers = {
        "LSTMTagger()": lambda train: fitted(LSTMTagger, train, 0),
        "sklearn-crfsuite": crf_tutorial_features,
        "most frequent tag": most_frequent,
    }
    rows = []
    for task, column in TASKS.items():
        train, test = (
            draw(read_column(arguments.data, part, column), size, 0)
            for part, size in (("train", arguments.size), ("testb", arguments.test_size))
        )
        for model, trainer in trainers.items():
            trained = trainer(train)
            predicted = trained.predict(test[0])
            row = {"task": task, "sentences": len(train[0]), "model": model}
            row["accuracy (%)"] = round(100 * token_accuracy_score(test[1], predicted), 1)
            f1 = entity_f1_score(test[1], predicted, **CHUNKS) if task == "chunks" else None
            row["chunk F1 (%)"] = "" if f1 is None else round(100 * f1, 1)
            rows.append(row)
    write_results("tagging", rows)


if __name__ == "__main__":
    main()
