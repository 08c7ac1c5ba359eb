"""Small tagged sentences, and taggers, for the tests of LSTMTagger."""

import pickle

import numpy as np

from sklstm import LSTMTagger, Sequences, load, save
from sklstm.tags import convert_tags

SENTENCES = [
    ["Ada", "met", "Alan", "Turing", "in", "London"],
    ["they", "met", "Ada"],
    ["New", "York", "is", "far"],
    ["Turing"],
    ["in", "New", "York", "Ada", "met", "them", "."],
] * 4
TAGS = [
    ["B-PER", "O", "B-PER", "I-PER", "O", "B-LOC"],
    ["O", "O", "B-PER"],
    ["B-LOC", "I-LOC", "O", "O"],
    ["B-PER"],
    ["O", "B-LOC", "I-LOC", "B-PER", "O", "O", "O"],
] * 4
PLAIN = [["O" if tag == "O" else tag[2:] for tag in row] for row in TAGS]
SHORT = [["Ada", "met", "Turing"], ["far"], ["New", "York"]]
X_VAL = [["Ada", "met", "them"], ["New", "York"], ["Turing"], ["in", "London"], ["far"], ["they"]]
Y_VAL = [["B-PER", "O", "O"], ["B-LOC", "O"], ["B-LOC"], ["O", "B-LOC"], ["B-PER"], ["O"]]
RNG = np.random.RandomState(0)
STEPS = RNG.randn(20, 4, 3)
RAGGED = [RNG.randn(len(tags), 3) for tags in TAGS]
IDS = [[2 + sum(map(ord, word)) % 50 for word in sentence] for sentence in SENTENCES]
# gradient descent on all sequences at once: nothing but their sum matters
FULL_BATCH = {
    "optimizer": "sgd", "lr": 0.5, "batch_size": 100, "max_grad_norm": None, "precision": "float64",
}  # fmt: skip


def tagger(**params):
    """A small tagger that reads nothing of a word but its vector."""
    small = {
        "hidden_size": 6, "embedding_dim": 6, "max_epochs": 2, "lr": 0.03, "random_state": 0,
        "schedule": None, "train_scheme": None,
        "char_encoder": None, "casing": False, "affixes": False, "wide": False,
        "embedding_dropout": 0, "word_dropout": 0, "dropout": 0, "locked_dropout": False,
    }  # fmt: skip
    return LSTMTagger(**{**small, **params})


def embedded(tokens=SENTENCES, width=4):
    """Sequences with a random vector for each word, the same for the same words."""
    X = Sequences.from_tokens(tokens)
    vectors = np.stack(
        [np.random.RandomState(sum(map(ord, word))).randn(width) for word in X.categories]
    )
    vectors[0] = 0
    return X.with_vectors(vectors)


def with_columns(tokens=SENTENCES):
    """Sequences with a column of categories and one of numbers."""
    capitals = [[word[0].isupper() for word in sentence] for sentence in tokens]
    sizes = [list(map(len, sentence)) for sentence in tokens]
    return Sequences.from_tokens(tokens).with_columns({"capital": capitals, "size": sizes})


def marginals(X, X_new=None, y=TAGS, **params):
    return tagger(**params).fit(X, y).predict_marginals(X if X_new is None else X_new)


def assert_close(actual, expected, **tolerance):
    assert len(actual) == len(expected)
    for left, right in zip(actual, expected, strict=True):
        np.testing.assert_allclose(left, right, **tolerance)


def assert_same(actual, expected):
    assert len(actual) == len(expected)
    for left, right in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(left, right)


def paths_of(fitted, sentences):
    """Return the probability of every path of each sentence, in the scheme of y."""
    n = len(fitted.classes_) ** max(map(len, sentences))
    return [
        {tuple(tags): np.exp(log_probability) for tags, log_probability in row}
        for row in fitted.predict_n_best(sentences, n=n)
    ]


def nats_per_step(fitted, sentences, y):
    probabilities = [
        paths[tuple(tags)] for paths, tags in zip(paths_of(fitted, sentences), y, strict=True)
    ]
    return -np.log(probabilities).sum() / sum(map(len, y))


def in_scheme(scheme, y=TAGS):
    return convert_tags(y, "IOB2", scheme)


FORMS = {
    "tokens": (SENTENCES, {}),
    "characters": (SENTENCES, {"char_encoder": "cnn", "casing": True}),
    "characters read by an LSTM": (SENTENCES, {"char_encoder": "lstm"}),
    "features": (SENTENCES, {"affixes": True, "wide": True}),
    "subwords": (SENTENCES, {"affixes": "subwords", "wide": True}),
    "sentence vectors": (SENTENCES, {"sentence_vector": "max+mean", "n_layers": 2}),
    "columns": (with_columns(), {"affixes": True, "wide": True}),
    "vectors": (embedded(), {"n_layers": 2}),
    "frozen vectors": (embedded(), {"fine_tune_embeddings": False, "char_encoder": "cnn"}),
    "ids": (IDS, {"vocabulary_size": 60, "crf": False}),
    "numbers": (RAGGED, {"train_scheme": "IOBES"}),
}


def copies(fitted, folder):
    """An estimator as it comes back from an archive, and from a pickle."""
    save(fitted, folder / "copied.sklstm")
    return load(folder / "copied.sklstm"), pickle.loads(pickle.dumps(fitted))


def take(X, rows):
    return [X[row] for row in rows] if isinstance(X, list) else X[np.array(rows)]


def with_row(rows, position, row):
    rows = list(rows)
    rows[position] = row
    return rows
