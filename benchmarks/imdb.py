"""Accuracy and seconds on IMDB's 25,000 training and 25,000 test reviews.

In one table: the lecture's network, word2vec and a bidirectional LSTM, and two linear models.
The networks were tuned on 5,000 of the training reviews, the last 2,500 of each class: reviews of
one film stand side by side, so a random part shares films with the rest, as the test part does not.
The test labels are read once, at the end.
Word2vec is trained once for all seeds; it also reads the 50,000 unlabelled reviews, less those that
occur in the test part. One row trains the network on them as well; the last is the mean of that
network's and the naive Bayes model's probabilities.

Run ``python benchmarks/imdb.py --data PATH``, PATH being any copy that ``fetch_imdb`` reads. With
``--models`` only those are trained, and put into the table beside the others. With ``--checkpoint
FOLDER`` networks that were interrupted go on from their last epoch.
"""

import argparse
from statistics import mean
from time import perf_counter

from _report import merge_results
from sklearn.ensemble import VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklstm import (
    Collocations,
    LSTMClassifier,
    NaiveBayesWeights,
    SequencePadder,
    TokenIndexer,
    Tokenizer,
    Word2VecEmbedder,
    text_classifier,
)
from sklstm.datasets import fetch_imdb

ADVERSARIAL = {"adversarial": 1.0, "max_epochs": 6}
UNLABELLED = {"adversarial": 1.0, "virtual_adversarial": 1.0, "entropy": 1.0, "max_epochs": 9}
# on the vectors of word2vec; each has what the one before has
NETWORKS = {
    "word2vec": ("word2vec + bidirectional LSTM", {"max_epochs": 4}),
    "adversarial": ("word2vec + bidirectional LSTM, adversarial training", ADVERSARIAL),
    "wide": (
        "word2vec + bidirectional LSTM, adversarial training, linear model of n-grams",
        {**ADVERSARIAL, "wide": True},
    ),
    "unlabelled": (
        "word2vec + bidirectional LSTM, adversarial training, unlabelled reviews",
        UNLABELLED,
    ),
}
MODELS = ("linear", "lecture", "default", "best", *NETWORKS, "vote")


def tfidf_regression():
    """TF-IDF of words and pairs of words."""
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    return make_pipeline(vectorizer, LogisticRegression(C=10, max_iter=200))


def naive_bayes_regression():
    """Naive Bayes weights of one to three words."""
    counts = CountVectorizer(ngram_range=(1, 3), binary=True, min_df=2, token_pattern=r"\b\w+\b")
    logistic = LogisticRegression(C=0.1, max_iter=200)
    return make_pipeline(counts, NaiveBayesWeights(), logistic)


def lecture_network(train, seed):
    """The lecture's listing: 5,000 words, 500 tokens, 32 dimensions, 100 units, 5 epochs."""
    texts, labels = train
    to_ids = make_pipeline(
        Tokenizer(), TokenIndexer(max_tokens=5000), SequencePadder(max_length=500)
    )
    ids = to_ids.fit_transform(texts)
    network = LSTMClassifier(
        embedding_dim=32, hidden_size=100, optimizer="adam", lr=0.001, schedule=None, batch_size=64,
        max_epochs=5, random_state=seed, verbose=1,
    )  # fmt: skip
    network.fit(ids[64:], labels[64:], X_val=ids[:64], y_val=labels[:64])
    return make_pipeline(to_ids, network)


def ready_pipeline(train, effort, seed):
    """The package's own pipeline, which has no other settings."""
    return text_classifier(effort=effort, random_state=seed, verbose=1).fit(*train)


def train_word2vec(train, unlabelled):
    """Collocations, and skip-gram vectors in one thread, since more are not reproducible."""
    collocations = Collocations(min_count=30, threshold=3.0).fit(train, extra_tokens=unlabelled)
    embedder = Word2VecEmbedder(
        architecture="skip-gram", vector_size=200, window=8, epochs=4, sample=1e-4, scale=0.4,
        random_state=0, verbose=1,
    )  # fmt: skip
    extra = collocations.transform(unlabelled)
    return collocations, embedder.fit(collocations.transform(train), extra_tokens=extra)


def word2vec_lstm(train, unlabelled, word2vec, seed, params):
    """A bidirectional LSTM that tunes the vectors of word2vec."""
    to_vectors = make_pipeline(*word2vec, SequencePadder(max_length=400, truncating="middle"))
    network = LSTMClassifier(
        fine_tune_embeddings=True, hidden_size=128, bidirectional=True, pooling="max+mean",
        embedding_dropout=0.2, locked_dropout=True, word_dropout=0.2, dropout=0.5, lr=0.004,
        embedding_lr=0.0003, schedule="warm_up",
        net_params={"optimizer__betas": (0.9, 0.99)}, batch_size=64,
        precision="bfloat16", random_state=seed, verbose=1, **params,
    )  # fmt: skip
    tokens, labels = train
    to_vectors[-1].fit(tokens)
    more = {}
    if "virtual_adversarial" in params:
        more["X_unlabelled"] = to_vectors.transform(unlabelled)
    return make_pipeline(to_vectors, network.fit(to_vectors.transform(tokens), labels, **more))


def vote_with_linear(train, model):
    """The mean of a trained model's probabilities and those of the naive Bayes weights."""
    voters = [("network", FrozenEstimator(model)), ("linear", naive_bayes_regression())]
    return VotingClassifier(voters, voting="soft").fit(*train)


def timed(function, *arguments):
    """Call, and return the result with the seconds it took."""
    start = perf_counter()
    result = function(*arguments)
    return result, perf_counter() - start


def row(name, fitted, test, word2vec_seconds=0.0):
    """One line of the table, of models that differ in their seed only."""
    accuracies = [100 * model.score(*test) for model, _ in fitted]
    line = {
        "model": name,
        "test accuracy (%)": round(mean(accuracies), 2),
        "of seeds": ", ".join(f"{accuracy:.2f}" for accuracy in accuracies),
        "training (s)": round(word2vec_seconds + mean(seconds for _, seconds in fitted)),
        "of which word2vec (s)": round(word2vec_seconds),
    }
    print(line, flush=True)
    return line


def train_word2vec_lstms(path, train, n_reviews, models, seeds, folder):
    """Pairs of a pipeline that starts from texts and its seconds, by model; word2vec's seconds."""
    unlabelled = fetch_imdb(path=path, subset="unsup").data[:n_reviews]
    in_test = set(fetch_imdb(path=path, subset="test").data)  # 266 unlabelled reviews are
    tokenizer = Tokenizer(punctuation=True)
    tokens = tokenizer.transform(train[0])
    unlabelled = tokenizer.transform([text for text in unlabelled if text not in in_test])
    word2vec, seconds = timed(train_word2vec, tokens, unlabelled)
    print(f"word2vec took {seconds:.0f} s", flush=True)
    fitted = {}
    for name, params in (NETWORKS[model] for model in models):
        params = {**params, "checkpoint": folder}
        trained = [
            timed(word2vec_lstm, (tokens, train[1]), unlabelled, word2vec, seed, params)
            for seed in seeds
        ]
        fitted[name] = [(make_pipeline(tokenizer, model), spent) for model, spent in trained]
    return fitted, seconds


def measure(path, models, n_seeds, n_reviews, folder):
    """A row for each model; the test labels are read after the last one has been trained."""
    train = [part[:n_reviews] for part in fetch_imdb(path=path, return_X_y=True)]
    seeds = range(n_seeds)
    fitted = {}
    if "linear" in models:
        fitted["TF-IDF(1,2) + logistic regression"] = [timed(tfidf_regression().fit, *train)]
        name = "naive Bayes weights of 1-3-grams + logistic regression"
        fitted[name] = [timed(naive_bayes_regression().fit, *train)]
    if "lecture" in models:
        lectures = [timed(lecture_network, train, seed) for seed in seeds]
        fitted["the lecture's network"] = lectures
    for effort, name in (("balanced", "default"), ("best", "best")):
        if name in models:
            ready = [timed(ready_pipeline, train, effort, seed) for seed in seeds]
            fitted[f'text_classifier(effort="{effort}")'] = ready
    chosen, networks, word2vec_seconds = [model for model in NETWORKS if model in models], {}, 0.0
    if chosen:
        networks, word2vec_seconds = train_word2vec_lstms(
            path, train, n_reviews, chosen, seeds, folder
        )
    if "vote" in models:
        trained = networks[NETWORKS["unlabelled"][0]]
        votes = [(*timed(vote_with_linear, train, model), spent) for model, spent in trained]
        networks["the same, voting with the naive Bayes weights"] = [
            (model, spent + before) for model, spent, before in votes
        ]
    test = [part[:n_reviews] for part in fetch_imdb(path=path, subset="test", return_X_y=True)]
    return [
        row(name, models, test, word2vec_seconds if name in networks else 0.0)
        for name, models in (fitted | networks).items()
    ]


def main():
    """Train, test, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="a copy of IMDB's reviews")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--checkpoint", help="a folder to keep networks in while they are trained")
    parser.add_argument("--reviews", type=int, help="at most so many of each part, for a try")
    arguments = parser.parse_args()
    if "vote" in arguments.models and "unlabelled" not in arguments.models:
        parser.error("vote needs the network of unlabelled reviews: add it to --models.")
    rows = measure(
        arguments.data, arguments.models, arguments.seeds, arguments.reviews, arguments.checkpoint
    )
    name = "imdb" if arguments.reviews is None else "imdb-try"
    merge_results(name, rows, key="model")


if __name__ == "__main__":
    main()
