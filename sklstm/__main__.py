"""The main job on shipped data: ``python -m sklstm``."""

import tempfile
import time
from pathlib import Path

import joblib
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

from sklstm import LSTMClassifier, SequencePadder, Tokenizer, Word2VecEmbedder
from sklstm.datasets import load_sentences

NEW_TEXTS = [
    "The battery died after two days, what a waste of money.",
    "Wonderful acting and a story that stays with you.",
    "I will not be coming back to this place.",
]


def make_search():
    """Set up a grid search over the text pipeline.

    Returns
    -------
    GridSearchCV
        Not fitted.
    """
    pipe = make_pipeline(
        Tokenizer(),
        Word2VecEmbedder(vector_size=50, min_count=2, epochs=30, scale=0.4, random_state=0),
        SequencePadder(max_length=100),
        LSTMClassifier(
            fine_tune_embeddings=True,
            bidirectional=True,
            pooling="max",
            embedding_dropout=0.3,
            word_dropout=0.1,
            dropout=0.3,
            max_epochs=8,
            random_state=0,
        ),
    )
    grid = {"lstmclassifier__hidden_size": [32, 64], "lstmclassifier__pooling": ["max", "last"]}
    return GridSearchCV(pipe, grid, cv=3, n_jobs=2, verbose=3, refit=False)


def main():
    """Learn the sentiment of sentences, search, save, load and compare."""
    texts, labels = load_sentences(return_X_y=True)
    labels = np.where(np.asarray(labels) == 1, "positive", "negative")
    train, test, y_train, y_test = train_test_split(
        texts, labels, test_size=0.25, stratify=labels, random_state=0
    )
    print(f"Sentiment of review sentences: {len(train)} to learn from, {len(test)} to test on.")
    results = []

    def evaluate(name, model):
        start = time.perf_counter()
        model.fit(train, y_train)
        results.append((name, model.score(test, y_test), time.perf_counter() - start))
        return model

    print("\n[1/4] TF-IDF and logistic regression, for comparison ...")
    linear = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10))
    evaluate("TF-IDF(1,2) + LogisticRegression", linear)

    print("\n[2/4] Tokenizer, Word2VecEmbedder, SequencePadder, LSTMClassifier: grid search ...")
    search = make_search().fit(train, y_train)
    print(f"Best of the cross-validation, {search.best_score_:.3f}: {search.best_params_}")

    print("\n[3/4] Training the best pipeline on all of the training sentences ...")
    best = search.estimator.set_params(**search.best_params_, lstmclassifier__verbose=1)
    evaluate("Word2Vec + bidirectional LSTM", best)
    best[-1].summary()

    print("\n[4/4] Saving, loading, predicting ...")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sentiment.joblib"
        joblib.dump(best, path)
        loaded = joblib.load(path)
        same = np.array_equal(loaded.predict_proba(test), best.predict_proba(test))
        size = path.stat().st_size / 1e6
    print(f"The file has {size:.1f} MB; the loaded model predicts {'the same' if same else '?'}.")
    for text, label in zip(NEW_TEXTS, loaded.predict(NEW_TEXTS), strict=True):
        print(f"  {label}: {text}")

    print(f"\n{'Model':<36}{'Test accuracy':>14}{'Seconds':>10}")
    for name, accuracy, seconds in results:
        print(f"{name:<36}{accuracy:>14.3f}{seconds:>10.1f}")


if __name__ == "__main__":
    main()
