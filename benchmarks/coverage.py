"""How many words of English texts have a GloVe vector, with and without looking up other forms.

The accuracy is that of a logistic regression on the mean vector of each text, in four repetitions
of 5-fold cross-validation; frequent words without a vector have random ones, as in text_classifier.
IMDB's reviews are 4,000 of the training part; nothing of the test part is read.

Run ``python benchmarks/coverage.py --data PATH --vectors PATH``: any copy of IMDB's reviews that
``fetch_imdb`` reads, and GloVe's vectors, a text file or a folder as for ``conll2003.py``.
"""

import argparse
from pathlib import Path

import numpy as np
from _report import write_results
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklstm import Sequences, Tokenizer, Word2VecEmbedder
from sklstm.datasets import fetch_imdb, load_sentences

N_REVIEWS = 4000
WAYS = {"no": False, "yes": True}


def mean_vectors(batch):
    """Return the mean vector of each sequence, shape (n_sequences, n_features)."""
    return np.array([rows.mean(axis=0) if len(rows) else batch.vectors[0] for rows in batch])


def read_vectors(path):
    """Return what `vectors=` takes: a path, or the array and words of a folder."""
    path = Path(path)
    if path.is_file():
        return path
    (array,) = path.glob("vectors*.npy")
    words = (path / "vocab.txt").read_text(encoding="utf-8").split("\n")
    return np.load(array).astype(np.float32), words[: len(np.load(array, mmap_mode="r"))]


def coverage(tokens, vectors, variants):
    """Return the shares of tokens, and of distinct ones, that have a vector."""
    embedder = Word2VecEmbedder(vectors=vectors, variants=variants, unknown="zero").fit(tokens)
    batch = Sequences.from_tokens(tokens)
    known = embedder.transform(batch).vectors.any(axis=1)
    return known[batch.codes].mean(), known[2:].mean()


def accuracy(tokens, labels, vectors, variants):
    """Return the mean accuracy over folds, and its standard error."""
    embedder = Word2VecEmbedder(
        vectors=vectors, variants=variants, min_count_missing=2, random_state=0
    )
    X = mean_vectors(embedder.fit_transform(tokens))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=4, random_state=0)
    scores = cross_val_score(model, X, labels, cv=folds)
    return scores.mean(), scores.std() / len(scores) ** 0.5


def main():
    """Read texts and vectors, measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="a copy of IMDB's reviews")
    parser.add_argument("--vectors", required=True, help="GloVe, a text file or a folder")
    arguments = parser.parse_args()
    vectors = read_vectors(arguments.vectors)
    reviews, ratings = fetch_imdb(path=arguments.data, return_X_y=True)
    rows = []
    for name, texts, labels in [
        ("UCI sentences", *load_sentences(return_X_y=True)),
        ("IMDB, 4,000 reviews", reviews[:N_REVIEWS], ratings[:N_REVIEWS]),
    ]:
        tokens = Tokenizer().transform(texts)
        for way, variants in WAYS.items():
            of_tokens, of_types = coverage(tokens, vectors, variants)
            mean, error = accuracy(tokens, labels, vectors, variants)
            rows.append(
                {
                    "texts": name,
                    "other forms": way,
                    "known tokens (%)": 100 * of_tokens,
                    "known distinct tokens (%)": 100 * of_types,
                    "accuracy (%)": 100 * mean,
                    "standard error": 100 * error,
                }
            )
    write_results("coverage", rows)


if __name__ == "__main__":
    main()
