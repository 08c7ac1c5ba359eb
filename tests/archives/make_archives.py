"""Make the archives of the current format, once for each format: those that exist stay.

They were made by ``python tests/archives/make_archives.py``.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from sklstm import (
    LSTMGenerator,
    LSTMRegressor,
    LSTMSeq2Seq,
    LSTMTagger,
    NaiveBayesWeights,
    save,
    text_classifier,
)
from sklstm.persistence._archive import FORMAT_VERSION

HERE = Path(__file__).parent
TEXTS = ["A good film!", "Good fun.", "A bad film.", "Bad acting"] * 4
LABELS = ["pos", "pos", "neg", "neg"] * 4
TOKENS = [["in", "London"], ["to", "Rome", "and", "Bonn"]] * 8
TAGS = [["O", "B-LOC"], ["O", "B-LOC", "O", "B-LOC"]] * 8
NUMBERS = np.random.RandomState(0).randn(16, 5).round(3).tolist()
SMALL = {"hidden_size": 4, "max_epochs": 3, "random_state": 0}
MODELS = {
    "text": (
        text_classifier(vector_size=4, max_length=3, n_members=2, **SMALL),
        TEXTS,
        LABELS,
        "predict_proba",
    ),
    "sklearn": (
        make_pipeline(CountVectorizer(), NaiveBayesWeights(), KNeighborsClassifier(n_neighbors=6)),
        TEXTS,
        LABELS,
        "predict_proba",
    ),
    "tagger": (LSTMTagger(lr=0.1, **SMALL), TOKENS, TAGS, "predict"),
    "regressor": (LSTMRegressor(**SMALL), NUMBERS, [row[0] for row in NUMBERS], "predict"),
    "generator": (LSTMGenerator(**SMALL), TEXTS, LABELS, "score_samples"),
    "seq2seq": (LSTMSeq2Seq(lr=0.1, **SMALL), TEXTS, LABELS, "predict"),
}

if __name__ == "__main__":
    for name, (model, X, y, method) in MODELS.items():
        path = HERE / f"format{FORMAT_VERSION}-{name}.safetensors"
        if not path.exists():
            save(model.fit(X, y), path)
            arguments = [X[:4], y[:4]] if method == "score_samples" else [X[:4]]
            found = list(getattr(model, method)(*arguments))
            found = [one.tolist() if hasattr(one, "tolist") else one for one in found]
            case = {"method": method, "arguments": arguments, "expected": found}
            path.with_suffix(".json").write_text(json.dumps(case) + "\n")
