"""What the battery for estimators of texts and sequences finds in other packages.

Each check of ``sklstm.estimator_checks`` runs on estimators of public packages, on data as their
documentation asks for them: skrub's encoders get a pandas column, sklearn-crfsuite's CRF lists of
tokens, and a skorch net a matrix of padded ids. A failure is what the check found, not always a
mistake: a package may have chosen so, and say so.

Run ``python benchmarks/estimator_checks.py``, which takes a minute.
"""

import re
import warnings
from collections import Counter

import numpy as np
import pandas as pd
import skrub
import torch
from _report import write_results
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn_crfsuite import CRF
from skorch import NeuralNetClassifier

from sklstm import SequencePadder, TokenIndexer, Tokenizer
from sklstm.estimator_checks import check_sequence_estimator

TEXTS = [
    "a good film",
    "bad acting, bad plot, bad film",
    "good",
    "a bad film",
    "such good fun!",
    "bad fun",
    "a good plot and good acting",
    "not good",
]
FOREIGN = dict.fromkeys(["check_sequences", "check_padding"], "it does not know Sequences")


class MeanEmbedding(torch.nn.Module):
    """The mean of the embeddings of padded ids, and a linear layer."""

    def __init__(self, n_ids=20):
        super().__init__()
        self.embedding = torch.nn.EmbeddingBag(n_ids, 4, mode="mean", padding_idx=0)
        self.output = torch.nn.Linear(4, 2)
        generator = torch.Generator().manual_seed(0)  # a skorch net has no random_state
        for weight in self.parameters():
            torch.nn.init.normal_(weight, generator=generator)

    def forward(self, ids):
        """Return logits of shape (N, 2)."""
        return self.output(self.embedding(ids))


def padded_ids():
    """Return the texts as a matrix of ids, padded with 0."""
    ids = TokenIndexer().fit_transform(Tokenizer().transform(TEXTS))
    return np.asarray(SequencePadder().fit_transform(ids)).astype(np.int64)


def candidates():
    """Return each estimator with its samples, its targets and what is none of its business."""
    column = pd.Series(TEXTS, name="text")
    net = NeuralNetClassifier(
        MeanEmbedding,
        criterion=torch.nn.CrossEntropyLoss,
        max_epochs=2,
        train_split=None,
        verbose=0,
    )
    return {
        "skrub.StringEncoder": (skrub.StringEncoder(n_components=2), column, None, {}),
        "skrub.MinHashEncoder": (skrub.MinHashEncoder(n_components=3), column, None, {}),
        "sklearn_crfsuite.CRF": (CRF(max_iterations=5), None, None, FOREIGN),
        "skorch.NeuralNetClassifier": (net, padded_ids(), np.array([1, 0] * 4), {}),
        "sklearn's TfidfVectorizer": (TfidfVectorizer(), None, None, {}),
    }


def main():
    """Check each, and write how many checks fail, and what each of these found."""
    rows, findings = [], []
    for name, (estimator, X, y, foreign) in candidates().items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = check_sequence_estimator(
                estimator, X, y, expected_failed_checks=foreign, on_fail=None
            )
        counts = Counter(result["status"] for result in results)
        failed = [result for result in results if result["status"] == "failed"]
        rows.append(
            {
                "estimator": name,
                "checks": counts["passed"] + counts["failed"],
                "passed": counts["passed"],
                "failed": counts["failed"],
            }
        )
        findings += [
            {
                "estimator": name,
                "check": result["check_name"].removeprefix("check_"),
                "finding": _shorten(result["exception"]),
            }
            for result in failed
        ]
    write_results("estimator_checks", rows)
    write_results("estimator_checks-findings", findings)


def _shorten(exception):
    text = " ".join(f"{type(exception).__name__}: {exception}".split())
    text = re.sub(r" at 0x\w+|/tmp/\w+", "", text.removeprefix("AssertionError: "))
    return text.replace("|", "/")[:150]


if __name__ == "__main__":
    main()
