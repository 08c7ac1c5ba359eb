"""Accuracy on IMDB's reviews with few labels and many unlabelled reviews, beside linear models.

In each draw, some training reviews have labels; the other ones and unlabelled reviews come without.
Models: linear models of the labelled reviews, scikit-learn's self-training of one on all reviews,
a linear model of mean word vectors, and LSTMs: on word vectors of the labelled reviews, on those of
all reviews, and with the losses of unlabelled samples. Word vectors of all reviews, which need no
labels, are trained once a draw.

Run ``OMP_NUM_THREADS=1 python benchmarks/few_labels.py --data PATH``. Models are tested on 2,000
other training reviews, and with ``--test`` on the test part, which is to be read once. ``--cost``
compares the seconds of a training step with and without unlabelled samples. Results are added row
by row: a run can be stopped, and continued with other numbers of labels.
"""

import argparse
from statistics import mean, median, stdev
from time import perf_counter

import numpy as np
from _report import merge_results
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.semi_supervised import SelfTrainingClassifier

from sklstm import LSTMClassifier, NaiveBayesWeights, SequencePadder, Tokenizer, Word2VecEmbedder
from sklstm.datasets import fetch_imdb

LABELS = (100, 200, 500, 1000, 5000)
N_TEST = 2000  # of the training reviews, unless the test part is read
N_SEEN = 5000  # unlabelled reviews that networks learn from beside the labelled ones
ROUNDS = 5
UNLABELLED = {"adversarial": 0.5, "virtual_adversarial": 1.0, "entropy": 0.3}


def tfidf():
    """TF-IDF of words and pairs of words."""
    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)


def linear_models(texts, labels, unlabelled):
    """Yield the linear models, fitted; the last one has labelled the other reviews itself."""
    yield (
        "TF-IDF + LR",
        make_pipeline(tfidf(), LogisticRegression(C=10, max_iter=1000)).fit(texts, labels),
    )
    counts = CountVectorizer(ngram_range=(1, 2), binary=True)
    naive = make_pipeline(counts, NaiveBayesWeights(), LogisticRegression(max_iter=1000))
    yield "NB-LR", naive.fit(texts, labels)
    vectorizer = tfidf().set_params(min_df=2).fit([*texts, *unlabelled])
    training = SelfTrainingClassifier(LogisticRegression(C=10, max_iter=1000))
    training.fit(
        vectorizer.transform([*texts, *unlabelled]), np.append(labels, [-1] * len(unlabelled))
    )
    yield "self-training", make_pipeline(vectorizer, training)


def embedder(**params):
    """Word vectors of 100 dimensions."""
    skip_gram = {"architecture": "skip-gram", "window": 8, "sample": 1e-4, "scale": 0.4}
    return Word2VecEmbedder(vector_size=100, random_state=0, **{**skip_gram, **params})


def mean_vectors(texts):
    """The mean word vector of each text."""
    return np.array([np.mean(vectors, axis=0) for vectors in texts])


def network(seed, **params):
    """A bidirectional LSTM on given word vectors."""
    return LSTMClassifier(
        bidirectional=True, pooling="max+mean", hidden_size=64, dropout=0.5, embedding_dropout=0.3,
        locked_dropout=True, fine_tune_embeddings=False, random_state=seed, **params,
    )  # fmt: skip


def networks(tokens, labels, unlabelled, seed):
    """Yield the networks, fitted."""
    padder = SequencePadder(max_length=200, truncating="middle")
    own = make_pipeline(embedder(epochs=20, min_count=2), padder, network(seed))
    yield "LSTM, vectors of the labelled", own.fit(tokens, labels)
    vectors = embedder(epochs=3, min_count=5).fit(tokens, extra_tokens=unlabelled)
    linear = make_pipeline(
        FunctionTransformer(mean_vectors), LogisticRegression(C=100, max_iter=3000)
    )
    linear.fit(vectors.transform(tokens), labels)
    yield "mean vectors of all + LR", make_pipeline(vectors, linear)
    X, others = (
        padder.fit_transform(vectors.transform(of)) for of in (tokens, unlabelled[:N_SEEN])
    )
    for name, params in (
        ("LSTM, vectors of all", {}),
        ("LSTM, vectors of all, unlabelled losses", UNLABELLED),
    ):
        more = {"X_unlabelled": others} if params else {}
        fitted = network(seed, **params).fit(X, labels, **more)
        yield name, make_pipeline(vectors, padder, fitted)


def measure(data, n_labels, arguments):
    """One row: the mean accuracy of each model over the draws, and half a 95 % interval."""
    (texts, labels), unlabelled, test = data
    found = {}
    for draw in range(arguments.draws):
        order = np.random.RandomState(draw).permutation(len(texts))
        chosen, others = order[N_TEST:][:n_labels], order[N_TEST:][n_labels:]
        X, rest = ([texts[row] for row in rows] for rows in (chosen, others))
        rest = (rest + unlabelled)[: arguments.unlabelled]
        X_test, y_test = test or ([texts[row] for row in order[:N_TEST]], labels[order[:N_TEST]])
        to_tokens = Tokenizer().transform
        y, tokens, rest_tokens = labels[chosen], to_tokens(X), to_tokens(rest)
        for name, fitted in linear_models(X, y, rest):
            found.setdefault(name, []).append(100 * fitted.score(X_test, y_test))
        for name, fitted in networks(tokens, y, rest_tokens, draw):
            found.setdefault(name, []).append(100 * fitted.score(to_tokens(X_test), y_test))
            print(n_labels, draw, {key: round(of[-1], 1) for key, of in found.items()}, flush=True)
    row = {"labels": n_labels, "draws": arguments.draws}
    for name, of in found.items():
        interval = f" ± {1.96 * stdev(of) / len(of) ** 0.5:.1f}" if len(of) > 1 else ""
        row[name] = f"{mean(of):.1f}{interval}"
    return row


def measure_cost(n_steps=200, n_samples=160):
    """One row: milliseconds of a training step with and without losses of unlabelled samples."""
    X = np.random.RandomState(0).normal(size=(n_samples, n_steps, 100)).astype(np.float32)
    y = np.arange(n_samples) % 2
    kinds = {
        "supervised": ({}, {}),
        "adversarial": ({"adversarial": 1.0}, {}),
        "with unlabelled": (UNLABELLED, {"X_unlabelled": X}),
    }
    seconds = {name: [] for name in kinds}
    for _ in range(ROUNDS):
        for name, (params, more) in kinds.items():
            start = perf_counter()
            network(0, max_epochs=2, batch_size=32, **params).fit(X, y, **more)
            seconds[name].append((perf_counter() - start) / (2 * n_samples / 32))
    times = {name: median(of) for name, of in seconds.items()}
    return {
        "units": 64,
        "steps": n_steps,
        **{f"{name} (ms)": round(1000 * of) for name, of in times.items()},
        **{f"{name}, ratio": round(of / times["supervised"], 2) for name, of in times.items()},
    }


def main():
    """Train, test, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="a copy of IMDB's reviews")
    parser.add_argument("--labels", nargs="+", type=int, default=LABELS)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--unlabelled", type=int, default=20_000, help="reviews without labels")
    parser.add_argument("--test", action="store_true", help="read the test part")
    parser.add_argument("--cost", action="store_true", help="time training steps only")
    arguments = parser.parse_args()
    if arguments.cost:
        merge_results("few_labels-cost", [measure_cost()], key="units")
        return
    texts, labels = fetch_imdb(path=arguments.data, return_X_y=True)
    unlabelled = fetch_imdb(path=arguments.data, subset="unsup").data
    test = None
    if arguments.test:
        test = fetch_imdb(path=arguments.data, subset="test", return_X_y=True)
        known = set(test[0])
        unlabelled = [text for text in unlabelled if text not in known]
    for n_labels in arguments.labels:
        row = measure(((texts, np.asarray(labels)), unlabelled, test), n_labels, arguments)
        merge_results("few_labels", [row], key="labels")


if __name__ == "__main__":
    main()
