"""Make the archives of the current format, once for each format.

They were made by ``python tests/archives/make_archives.py``.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklstm import NaiveBayesWeights, save, text_classifier
from sklstm.persistence._archive import FORMAT_VERSION

HERE = Path(__file__).parent
TEXTS = ["A good film!", "Good fun.", "A bad film.", "Bad acting"] * 4
LABELS = ["pos", "pos", "neg", "neg"] * 4
MODELS = {
    "text": text_classifier(
        hidden_size=4, vector_size=4, max_length=3, n_members=2, max_epochs=3, random_state=0
    ),
    "sklearn": make_pipeline(
        CountVectorizer(), NaiveBayesWeights(), FunctionTransformer(np.abs), MultinomialNB()
    ),
}

if __name__ == "__main__":
    for name, model in MODELS.items():
        path = HERE / f"format{FORMAT_VERSION}-{name}.safetensors"
        if path.exists():
            raise SystemExit(f"{path} exists: archives of a format stay as they are.")
        save(model.fit(TEXTS, LABELS), path)
        expected = {"X": TEXTS[:4], "proba": model.predict_proba(TEXTS[:4]).tolist()}
        path.with_suffix(".json").write_text(json.dumps(expected) + "\n")
