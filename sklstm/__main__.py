"""The main jobs on shipped data: ``python -m sklstm``."""

import argparse
import tempfile
import time
from collections import Counter
from itertools import chain
from pathlib import Path

import joblib
import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

from sklstm import (
    LSTMGenerator,
    LSTMTagger,
    TaggedText,
    Tokenizer,
    text_classifier,
)
from sklstm.datasets import load_names, load_sentences, load_wikigold
from sklstm.metrics import entity_f1_score, entity_report
from sklstm.model_selection import DocumentKFold

NEW_REVIEWS = [
    "The battery died after two days, what a waste of money.",
    "Wonderful acting and a story that stays with you.",
    "I will not be coming back to this place.",
]
NEW_SENTENCES = [
    "Marie Curie was born in Warsaw and taught at the University of Paris.",
    "The American band moved from Seattle to Los Angeles in 1994.",
]
TIME = "about two minutes on two free cores, and several times as long on a busy machine"
LANGUAGES = ("Italian", "Japanese", "Russian")


def make_search():
    """Set up a grid search over the text pipeline, with one network at a time and few epochs.

    Returns
    -------
    GridSearchCV
        Not fitted.
    """
    pipe = text_classifier(effort="fast", wide=False, max_epochs=10, random_state=0)
    grid = {"lstmclassifier__hidden_size": [32, 64], "lstmclassifier__pooling": ["max", "last"]}
    return GridSearchCV(pipe, grid, cv=2, n_jobs=2, verbose=3, refit=False)


def make_tagger():
    """Set up a tagger for few sentences, without pretrained vectors.

    Returns
    -------
    LSTMTagger
        Not fitted.
    """
    return LSTMTagger(verbose=1, random_state=0)


def make_generator():
    """Set up a generator of names, which each call of ``fit`` trains for one more epoch.

    Returns
    -------
    LSTMGenerator
        Not fitted.
    """
    return LSTMGenerator(
        embedding_dim=32,
        hidden_size=128,
        lr=0.005,
        schedule=None,
        batch_size=64,
        max_epochs=1,
        warm_start=True,
        random_state=0,
    )


def describe_words(sentence):
    """Compute features of the words of a sentence for a linear model.

    Parameters
    ----------
    sentence : list of str
        The words.

    Returns
    -------
    list of dict
        For each word, its beginning and end, and the two words on either side.
    """
    words = ["", "", *sentence, "", ""]
    rows = []
    for position, word in enumerate(sentence, start=2):
        row = {"begin": word[:3], "end": word[-3:], "upper": word.isupper()}
        for offset in range(-2, 3):
            neighbour = words[position + offset]
            row[f"word {offset}"] = neighbour.lower()
            row[f"title {offset}"] = neighbour.istitle()
        rows.append(row)
    return rows


def run_sentiment():
    """Classify the sentiment of sentences: search, save, load and compare.

    Returns
    -------
    list of tuple
        Model, name of the score, score, and seconds of training.
    """
    texts, labels = load_sentences(return_X_y=True)
    labels = np.where(np.asarray(labels) == 1, "positive", "negative")
    train, test, y_train, y_test = train_test_split(
        texts, labels, test_size=0.25, stratify=labels, random_state=0
    )
    print(f"Sentiment of review sentences: {len(train)} for training, {len(test)} for testing.")
    results = []

    def evaluate(name, model):
        start = time.perf_counter()
        model.fit(train, y_train)
        seconds = time.perf_counter() - start
        results.append((name, "accuracy", model.score(test, y_test), seconds))

    print("\n[1/8] TF-IDF and logistic regression, for comparison ...")
    linear = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10))
    evaluate("TF-IDF(1,2) + LogisticRegression", linear)

    print("\n[2/8] text_classifier: a grid search over its network ...")
    search = make_search().fit(train, y_train)
    print(f"Best of the cross-validation, {search.best_score_:.3f}: {search.best_params_}")

    print("\n[3/8] Training on all of the training sentences: several such networks, and a linear")
    print("model of n-grams beside them ...")
    best = text_classifier(random_state=0, n_jobs=2, verbose=1).set_params(**search.best_params_)
    evaluate("text_classifier()", best)
    print(best[-1].summary())

    print("\n[4/8] Saving, loading, predicting ...")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sentiment.joblib"
        joblib.dump(best, path)
        loaded = joblib.load(path)
        same = np.array_equal(loaded.predict_proba(test), best.predict_proba(test))
        size = path.stat().st_size / 1e6
    print(f"The file has {size:.1f} MB; the loaded model predicts {'the same' if same else '?'}.")
    for text, label in zip(NEW_REVIEWS, loaded.predict(NEW_REVIEWS), strict=True):
        print(f"  {label}: {text}")
    return results


def run_entities():
    """Tag the names in articles, and compare.

    Returns
    -------
    list of tuple
        Model, name of the score, score, and seconds of training.
    """
    wikigold = load_wikigold()
    folds = DocumentKFold(n_splits=4)
    train, test = next(folds.split(wikigold.data, wikigold.target, groups=wikigold.documents))
    X_train, y_train = [wikigold.data[i] for i in train], [wikigold.target[i] for i in train]
    X_test, y_test = [wikigold.data[i] for i in test], [wikigold.target[i] for i in test]
    print(f"\nNames in Wikipedia: {len(train)} sentences for training, {len(test)} for testing,")
    print("from other articles.")

    print("\n[5/8] Logistic regression on words, neighbours and spelling, for comparison ...")
    start = time.perf_counter()
    linear = make_pipeline(DictVectorizer(), LogisticRegression(C=10, max_iter=500))
    words = chain.from_iterable(map(describe_words, X_train))
    linear.fit(list(words), list(chain.from_iterable(y_train)))
    linear_seconds = time.perf_counter() - start
    y_linear = [linear.predict(describe_words(sentence)) for sentence in X_test]

    print("\n[6/8] LSTMTagger, with a network that reads characters, and a CRF ...")
    start = time.perf_counter()
    tagger = make_tagger().fit(X_train, y_train)
    seconds = time.perf_counter() - start
    y_pred = tagger.predict(X_test)
    print(f"\n{entity_report(y_test, y_pred, zero_division=0.0)}\n")
    tokenizer = Tokenizer(lowercase=False, punctuation=True, char_spans=True)
    found = tagger.predict_entities(tokenizer.transform(NEW_SENTENCES))
    for text, entities in zip(NEW_SENTENCES, found, strict=True):
        print(f"  {TaggedText(text, entities)}")
    return [
        (
            "Word features + LogisticRegression",
            "entity F1",
            entity_f1_score(y_test, y_linear),
            linear_seconds,
        ),
        ("Bidirectional LSTM-CRF", "entity F1", entity_f1_score(y_test, y_pred), seconds),
    ]


def bits_of_frequencies(train, test):
    """Predict each character from the two before it, by frequency in the same language.

    Parameters
    ----------
    train, test : iterable of tuple (str, str)
        Names with their languages.

    Returns
    -------
    float
        Bits per character of the test names, ends included.
    """

    def read(names):
        for name, language in names:
            text = f"\n\n{name}\n"
            yield from ((language, text[i - 2 : i], text[i]) for i in range(2, len(text)))

    follows = Counter(read(train))
    before = Counter(key[:2] for key in follows.elements())
    n_characters = len({key[2] for key in follows})
    shares = [(follows[key] + 0.1) / (before[key[:2]] + 0.1 * n_characters) for key in read(test)]
    return -float(np.mean(np.log2(shares)))


def run_generation(n_epochs=5):
    """Generate names in many languages, and show some after each epoch.

    Parameters
    ----------
    n_epochs : int, default=5
        Passes over the names.

    Returns
    -------
    list of tuple
        Model, name of the score, score, and seconds of training.
    """
    names = load_names()
    languages = np.asarray(names.target_names)[names.target]
    train, test, of_train, of_test = train_test_split(
        names.data, languages, test_size=0.2, stratify=languages, random_state=0
    )
    print(f"\nNames in {len(names.target_names)} languages: {len(train)} for training, ", end="")
    print(f"{len(test)} for testing.")

    print("\n[7/8] Frequencies of characters after the two before, for comparison ...")
    start = time.perf_counter()
    bits = bits_of_frequencies(
        zip(train, of_train, strict=True), list(zip(test, of_test, strict=True))
    )
    results = [("Frequencies after two characters", bits, time.perf_counter() - start)]

    print("\n[8/8] LSTMGenerator, conditioned on the language; names sampled after each epoch:")
    print(f"  {'epoch':<7}" + "".join(f"{language:<24}" for language in LANGUAGES))
    generator, seconds = make_generator(), 0.0
    for epoch in range(1, n_epochs + 1):
        start = time.perf_counter()
        generator.fit(train, of_train)
        seconds += time.perf_counter() - start
        written = (
            generator.sample(2, condition=language, temperature=0.7, random_state=0)
            for language in LANGUAGES
        )
        print(f"  {epoch:<7}" + "".join(f"{', '.join(pair):<24}" for pair in written))
    bits = generator.bits_per_character(test, of_test)
    results.append(("LSTM generator of names", bits, seconds))
    return [(name, "bits/char", score, seconds) for name, score, seconds in results]


def parse_arguments(arguments=None):
    """Print the help, or refuse arguments: there are none to pass.

    Parameters
    ----------
    arguments : list of str, default=None
        Those of the process, if None.
    """
    argparse.ArgumentParser(
        prog="python -m sklstm",
        description=(
            "A demonstration on shipped data, without a network: classify the sentiment of "
            "sentences, find names in articles, and generate names, each compared with a simple "
            f"model. It takes {TIME}, and writes nothing but its results to the screen."
        ),
        epilog=(
            "For your own data there is a command line: sklstm --help, after "
            'pip install "sklstm[cli]".'
        ),
    ).parse_args(arguments)


def main():
    """Run all jobs, and print their scores in one table."""
    print(f"This takes {TIME}.\n")
    results = run_sentiment() + run_entities() + run_generation()
    print(f"\n{'Model':<36}{'On held-out data':>18}{'Seconds':>10}")
    for name, metric, score, seconds in results:
        print(f"{name:<36}{metric:>12}{score:>6.3f}{seconds:>10.1f}")
    print("Accuracy and F1 are better when higher, bits/char when lower.")


if __name__ == "__main__":
    parse_arguments()
    main()
