"""Refits and predictions leave nothing behind; benchmarks/flat_memory.py measures longer runs."""

import gc

import pytest
import torch
from sklearn.pipeline import make_pipeline
from toys import LABELS, TOKENS, classifier

from sklstm import LSTMTagger, Word2VecEmbedder
from sklstm._net import Net

TAGS = [["O"] * len(tokens) for tokens in TOKENS]


def living():
    """The number of networks and tensors that something still refers to."""
    gc.collect()
    kinds = [type(thing) for thing in gc.get_objects()]
    return [sum(issubclass(kind, one) for kind in kinds) for one in (Net, torch.Tensor)]


@pytest.mark.parametrize(
    ("estimator", "y"),
    [
        (classifier(max_epochs=1), LABELS),
        (classifier(max_epochs=1, n_members=2, wide=True), LABELS),
        (LSTMTagger(hidden_size=2, max_epochs=1), TAGS),
    ],
    ids=["one network", "several", "tagger"],
)
def test_nothing_is_left_behind(estimator, y):
    vectors = Word2VecEmbedder(vector_size=2, min_count=1, epochs=1, random_state=0)
    pipe = make_pipeline(vectors, estimator).fit(TOKENS, y)
    pipe.predict(TOKENS[:1])
    before = living()
    for _ in range(3):
        pipe.fit(TOKENS, y).predict(TOKENS[:1])
    assert living() == before
