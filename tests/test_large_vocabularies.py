"""One text takes what its own words cost, however many words were learned."""

import pickle
import tracemalloc

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode

from sklstm import (
    LSTMClassifier,
    LSTMGenerator,
    LSTMRegressor,
    LSTMSeq2Seq,
    LSTMTagger,
    SequencePadder,
    TokenIndexer,
    Word2VecEmbedder,
)

N_TOKENS = 60_000
TOKENS = [f"w{number}" for number in range(N_TOKENS)]
DOCUMENTS = [TOKENS[start : start + 100] for start in range(0, N_TOKENS, 100)]
TEXT = [["w5", "w59999", "new"]]
LABELS = np.arange(len(DOCUMENTS)) % 2


@pytest.fixture(scope="module")
def indexer():
    return TokenIndexer().fit(DOCUMENTS)


@pytest.fixture(scope="module")
def embedder():
    vectors = np.random.RandomState(0).randn(N_TOKENS, 2)
    return Word2VecEmbedder(vectors=(vectors, TOKENS)).fit(DOCUMENTS)


class Largest(TorchFunctionMode):
    """Note the largest tensor that is computed."""

    n_numbers = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, (tuple, list)) else [result]:
            if isinstance(tensor, torch.Tensor) and not isinstance(tensor, torch.nn.Parameter):
                self.n_numbers = max(self.n_numbers, tensor.numel())
        return result


def cost(call, *args):
    """Return the peak of Python's and numpy's memory, in bytes, and the largest tensor."""
    call(*args)
    tracemalloc.start()
    try:
        with Largest() as largest:
            call(*args)
        return tracemalloc.get_traced_memory()[1], largest.n_numbers
    finally:
        tracemalloc.stop()


def is_cheap(call, *args):
    n_bytes, n_numbers = cost(call, *args)
    return n_bytes < N_TOKENS and n_numbers < N_TOKENS / 10


def test_what_is_dear_is_found_out():
    assert not is_cheap(list, TOKENS)
    assert not is_cheap(lambda: np.zeros(N_TOKENS, np.int32))
    assert not is_cheap(lambda: torch.zeros(N_TOKENS))


def test_transformers(indexer, embedder):
    indexed = indexer.transform(TEXT)
    padder = SequencePadder(max_length=5).fit(indexed)
    assert is_cheap(indexer.transform, TEXT)
    assert is_cheap(indexer.transform, indexed)
    assert is_cheap(indexer.inverse_transform, [[5, 7, 1]])
    assert is_cheap(embedder.transform, TEXT)
    assert is_cheap(embedder.transform, indexed)
    assert is_cheap(padder.transform, TEXT)
    assert is_cheap(padder.transform, indexed)
    assert indexed.codes.tolist() == [*(indexer.vocabulary_[token] for token in TEXT[0][:2]), 1]
    assert embedder.transform(indexed).tokens() == [["w5", "w59999", "<unk>"]]


@pytest.mark.parametrize("key", [0, slice(1, 2), [0, 1], np.array([True, False])])
def test_choosing_sequences(indexer, key):
    sequences = indexer.transform(TEXT * 2)
    assert is_cheap(lambda: sequences[key])


def test_results_share_a_vocabulary_that_none_of_them_can_change(indexer):
    first, second = indexer.transform(TEXT), indexer.transform([["w1"]])
    assert first.categories is second.categories is first[:1].categories
    assert isinstance(first.categories, tuple)
    assert list(first.categories[2:]) == list(indexer.vocabulary_)


def test_a_pickle_holds_a_vocabulary_once(indexer):
    again = pickle.loads(pickle.dumps(indexer))
    once = len(pickle.dumps(indexer.vocabulary_))
    assert len(pickle.dumps(indexer)) < once + 1000
    assert again.transform(TEXT).tokens() == indexer.transform(TEXT).tokens()
    assert is_cheap(again.transform, TEXT)


SMALL = {"hidden_size": 2, "max_epochs": 1, "batch_size": 1000, "random_state": 0}
ESTIMATORS = [
    (LSTMClassifier(embedding_dim=2, **SMALL), LABELS),
    (LSTMRegressor(embedding_dim=2, **SMALL), LABELS),
    (LSTMTagger(embedding_dim=2, char_encoder="cnn", **SMALL), [["A", "B"] * 50] * len(DOCUMENTS)),
    (LSTMSeq2Seq(embedding_dim=2, max_length=3, **SMALL), [["a", "b"]] * len(DOCUMENTS)),
]


@pytest.mark.parametrize(("estimator", "y"), ESTIMATORS, ids=lambda x: type(x).__name__)
def test_estimators(estimator, y, indexer, embedder):
    estimator.fit(indexer.transform(DOCUMENTS), y)
    assert is_cheap(estimator.predict, TEXT)
    assert is_cheap(estimator.predict, indexer.transform(TEXT))
    if isinstance(estimator, LSTMTagger):
        return
    for fine_tune in (True, False):
        estimator.set_params(fine_tune_embeddings=fine_tune).fit(embedder.transform(DOCUMENTS), y)
        assert is_cheap(estimator.predict, embedder.transform(TEXT))
        every = embedder.transform(DOCUMENTS)[:1]  # a slice shares the vectors of all
        assert len(every.vectors) > N_TOKENS
        assert is_cheap(estimator.predict, every)


def refuse(self):
    raise AssertionError("all words were gone through")


class Codes(dict):
    """Answers for single words only."""

    __iter__ = keys = values = items = refuse


class Words(tuple):
    """Tells single words only."""

    __iter__ = refuse


def test_generator():
    generator = LSTMGenerator(level="token", **SMALL).fit([["a", "b"], ["b"]] * 4)
    expected = generator.score_samples([["a", "new"]])
    generator._encoder.codes = Codes(generator._encoder.codes)
    generator._encoder.symbols = Words(generator._encoder.symbols)
    assert generator.score_samples([["a", "new"]]) == expected
    assert generator.transform([["a", "new"]]).shape == (1, 2)
    assert len(generator.sample(2, prefix=["a"], max_length=3)) == 2
