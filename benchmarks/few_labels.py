"""Accuracy on IMDB's reviews with few labels and many unlabelled reviews, beside linear models.

In each draw, some training reviews have labels; the other ones and unlabelled reviews come without.
Models: linear models of the labelled reviews, scikit-learn's self-training of one on all reviews,
a linear model of mean word vectors, LSTMs on word vectors of the labelled reviews, on those of all
reviews, and with the losses of unlabelled samples; and ``text_classifier()``, which has linear
models of n-grams and of mean vectors beside its LSTMs, on the same vectors of all reviews, which
are trained once a draw, and with those that it trains itself by default.

Run ``OMP_NUM_THREADS=1 python benchmarks/few_labels.py --data PATH``. Models are tested on 2,000
other training reviews, and with ``--test`` on the test part, which is to be read once. ``--cost``
compares the seconds of a training step with and without unlabelled samples. Results are added row
by row: a run can be stopped, and continued with other numbers of labels or other models.
"""

import argparse
from functools import cache, partial
from statistics import mean, median, stdev
from time import perf_counter

import numpy as np
from _report import merge_results
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.semi_supervised import SelfTrainingClassifier

from sklstm import (
    LSTMClassifier,
    NaiveBayesWeights,
    SequencePadder,
    Tokenizer,
    Word2VecEmbedder,
    text_classifier,
)
from sklstm.datasets import fetch_imdb

LABELS = (100, 200, 500, 1000, 5000)
N_TEST = 2000  # of the training reviews, unless the test part is read
N_SEEN = 5000  # unlabelled reviews that networks learn from beside the labelled ones
ROUNDS = 5
UNLABELLED = {"adversarial": 0.5, "virtual_adversarial": 1.0, "entropy": 0.3}


def tfidf():
    """TF-IDF of words and pairs of words."""
    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)


def tfidf_regression(draw):
    """TF-IDF and logistic regression, fitted to the labelled reviews."""
    model = make_pipeline(tfidf(), LogisticRegression(C=10, max_iter=1000))
    return model.fit(draw.texts, draw.labels)


def naive_bayes_regression(draw):
    """Naive Bayes weights and logistic regression, fitted to the labelled reviews."""
    counts = CountVectorizer(ngram_range=(1, 2), binary=True)
    model = make_pipeline(counts, NaiveBayesWeights(), LogisticRegression(max_iter=1000))
    return model.fit(draw.texts, draw.labels)


def self_training(draw):
    """TF-IDF and logistic regression, which labels the other reviews itself."""
    vectorizer = tfidf().set_params(min_df=2).fit([*draw.texts, *draw.others])
    X = vectorizer.transform([*draw.texts, *draw.others])
    model = SelfTrainingClassifier(LogisticRegression(C=10, max_iter=1000))
    model.fit(X, np.append(draw.labels, [-1] * len(draw.others)))
    return make_pipeline(vectorizer, model)


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


def padder():
    """200 tokens are enough."""
    return SequencePadder(max_length=200, truncating="middle")


def lstm_of_the_labelled(draw):
    """A network on word vectors of the labelled reviews."""
    model = make_pipeline(
        Tokenizer(), embedder(epochs=20, min_count=2), padder(), network(draw.seed)
    )
    return model.fit(draw.texts, draw.labels)


def mean_regression(draw):
    """Logistic regression on the mean of the word vectors of all reviews."""
    model = make_pipeline(
        draw.known, FunctionTransformer(mean_vectors), LogisticRegression(C=100, max_iter=3000)
    )
    return model.fit(draw.texts, draw.labels)


def lstm_of_all(draw, **params):
    """A network on word vectors of all reviews."""
    steps = make_pipeline(draw.known, padder()).fit(draw.texts)
    more = {"X_unlabelled": steps.transform(draw.others[:N_SEEN])} if params else {}
    model = network(draw.seed, **params).fit(steps.transform(draw.texts), draw.labels, **more)
    return make_pipeline(steps, model)


def ready(draw):
    """The ready pipeline on word vectors of all reviews."""
    vectors = draw.known.estimator[-1]
    model = text_classifier(
        (vectors.vectors_, vectors.vocabulary_), max_length=200, random_state=draw.seed
    )
    return model.fit(draw.texts, draw.labels)


def default(draw):
    """The ready pipeline with all defaults, which trains its word vectors on all reviews."""
    model = text_classifier(random_state=draw.seed)
    return model.fit(draw.texts, draw.labels, X_unlabelled=draw.others)


MODELS = {
    "TF-IDF + LR": tfidf_regression,
    "NB-LR": naive_bayes_regression,
    "self-training": self_training,
    "LSTM, vectors of the labelled": lstm_of_the_labelled,
    "mean vectors of all + LR": mean_regression,
    "LSTM, vectors of all": lstm_of_all,
    "LSTM, vectors of all, unlabelled losses": partial(lstm_of_all, **UNLABELLED),
    "text_classifier(vectors of all)": ready,
    "text_classifier(), X_unlabelled": default,
}


class Draw:
    """Reviews with labels, others without, and their tokenizer and word vectors."""

    def __init__(self, data, n_labels, seed, n_unlabelled):
        (texts, labels), unlabelled, test = data
        order = np.random.RandomState(seed).permutation(len(texts))
        held_out, rows = order[:N_TEST], order[N_TEST:]
        self.test = test or ([texts[row] for row in held_out], labels[held_out])
        self.seed, self.labels = seed, labels[rows[:n_labels]]
        seen = ([texts[row] for row in rows] + unlabelled)[:n_unlabelled]
        self.texts, self.others = seen[:n_labels], seen[n_labels:]

    @property
    def known(self):
        """The tokenizer, and the word vectors of all reviews."""
        return known_words(tuple(self.texts + self.others))


@cache
def known_words(texts):
    """Train word vectors, the same for any number of labels."""
    words = make_pipeline(Tokenizer(), embedder(epochs=3, min_count=5))
    return FrozenEstimator(words.fit(texts))


def measure(data, n_labels, arguments):
    """One row: the mean accuracy of each model over the draws, and half a 95 % interval."""
    found = {name: [] for name in arguments.models}
    for seed in range(arguments.draws):
        draw = Draw(data, n_labels, seed, arguments.unlabelled)
        for name, accuracies in found.items():
            accuracies.append(100 * MODELS[name](draw).score(*draw.test))
            print(f"{n_labels} labels, draw {seed}, {name}: {accuracies[-1]:.1f}", flush=True)
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
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--unlabelled", type=int, default=20_000, help="reviews in all")
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
