"""Does the cell matter? The lecture's network on IMDB's reviews with every cell, after Greff et al.

All cells get the same budget: 5,000 words in 32 dimensions, the last 200 tokens of a review,
100 units, the last output, Adam, batches of 64 reviews, 3 epochs. The learning rate of each is the
better of 0.001 and 0.003, after 2 epochs on 10,000 of the training reviews, judged by 5,000
others: the last 2,500 of each class, which are of other films. The test labels are read once, at
the end. Times are those of one core's work.

Run ``OMP_NUM_THREADS=1 python benchmarks/ablation.py --data PATH``, PATH being any copy that
``fetch_imdb`` reads. With ``--cells`` only those are trained, and put into the table beside the
others.
"""

import argparse
from statistics import mean
from time import process_time

import numpy as np
from _report import merge_results
from sklearn.pipeline import make_pipeline

from sklstm import LSTMClassifier, SequencePadder, TokenIndexer, Tokenizer
from sklstm.datasets import fetch_imdb

CELLS = {
    "lstm": {"cell": "lstm"},
    "lstm, forget bias 0": {"cell": "lstm", "cell_params": {"forget_bias": 0.0}},
    "coupled": {"cell": "coupled"},
    "peephole": {"cell": "peephole"},
    "peephole, diagonal": {"cell": "peephole", "cell_params": {"diagonal": True}},
    "gru": {"cell": "gru"},
    "rnn": {"cell": "rnn"},
    "minlstm": {"cell": "minlstm"},
    "mingru": {"cell": "mingru"},
}
LEARNING_RATES = (0.001, 0.003)


def network(cell, lr, max_epochs, seed):
    """The lecture's network with another cell."""
    return LSTMClassifier(
        **CELLS[cell], embedding_dim=32, hidden_size=100, lr=lr, batch_size=64,
        schedule=None, max_epochs=max_epochs, random_state=seed,
    )  # fmt: skip


def choose_learning_rate(cell, ids, labels):
    """Return the better learning rate on a part of the training reviews."""
    held_out = np.concatenate([np.flatnonzero(labels == label)[-2500:] for label in (0, 1)])
    others = np.setdiff1d(np.arange(len(labels)), held_out)
    few = np.random.RandomState(0).permutation(others)[:10_000]
    scores = {}
    for lr in LEARNING_RATES:
        fitted = network(cell, lr, 2, seed=100).fit(ids[few], labels[few])
        scores[lr] = fitted.score(ids[held_out], labels[held_out])
    print(f"{cell}: {scores}", flush=True)
    return max(scores, key=scores.get)


def measure(cell, train, test, n_seeds):
    """One row of the table."""
    lr = choose_learning_rate(cell, *train)
    start = process_time()
    networks = [network(cell, lr, 3, seed).fit(*train) for seed in range(n_seeds)]
    seconds = (process_time() - start) / n_seeds
    scores = [100 * fitted.score(*test) for fitted in networks]
    return {
        "cell": cell,
        "parameters of the cell": sum(
            weight.numel() for weight in networks[0].module_.recurrent.parameters()
        ),
        "learning rate": lr,
        "test accuracy (%)": mean(scores),
        "seeds": ", ".join(f"{score:.2f}" for score in scores),
        "training (s)": seconds,
    }


def main():
    """Train, test, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="a copy of IMDB's reviews")
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=list(CELLS))
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    to_ids = make_pipeline(
        Tokenizer(), TokenIndexer(max_tokens=5000), SequencePadder(max_length=200, truncating="pre")
    )
    texts, labels = fetch_imdb(path=arguments.data, return_X_y=True)
    train = to_ids.fit_transform(texts), labels
    texts, labels = fetch_imdb(path=arguments.data, subset="test", return_X_y=True)
    test = to_ids.transform(texts), labels
    for cell in arguments.cells:  # a row as soon as it is there
        merge_results("ablation", [measure(cell, train, test, arguments.seeds)], key="cell")


if __name__ == "__main__":
    main()
