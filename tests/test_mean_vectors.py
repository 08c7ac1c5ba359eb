"""The linear model of mean word vectors."""

import pickle

import numpy as np
import pytest

from sklstm import Sequences
from sklstm._mean_vectors import MeanVectorModel

WORDS = ["<pad>", "<unk>", "good", "fine", "bad", "poor", "film", "the"]
VECTORS = np.array(
    [
        [0, 0, 0], [0, 0, 0], [1, 0, 3], [0.9, 0.2, 3], [-1, 0, 3], [-0.8, 0.3, 3], [0, 2, 3],
        [0, -1, 3],
    ],
    np.float32,
)  # fmt: skip
TEXTS = ["good film", "bad the film", "the good", "poor film", "", "fine <unk> film"]
CODES = np.array([1, 0, 1, 0, 0, 1])


def embed(texts, vectors=VECTORS):
    codes = [[WORDS.index(word) for word in text.split()] for text in texts]
    ids = Sequences.from_ids(codes)
    return Sequences(ids.codes, ids.offsets, WORDS, vectors)


SAMPLES = embed(TEXTS)
TARGETS = {
    "binary": (CODES, 1),
    "classes": (np.array([0, 2, 1, 2, 0, 1]), 3),
    "absent class": (np.array([0, 2, 2, 2, 0, 0]), 4),
    "labels": (np.array([[1, 0], [0, 0], [1, 1], [0, 0], [0, 0], [1, 1]]), 2),
}


@pytest.mark.parametrize("kind", TARGETS)
def test_contributions_sum_to_the_decision(kind):
    codes, n_outputs = TARGETS[kind]
    model = MeanVectorModel().fit(SAMPLES, codes, n_outputs)
    decision = model.decision(SAMPLES)
    assert decision.shape == (6, n_outputs)
    for output in range(n_outputs):
        parts = model.contributions(SAMPLES, output)
        assert list(map(len, parts)) == SAMPLES.lengths.tolist()
        sums = [part.sum() + model.intercept_[output] for part in parts]
        assert sums == pytest.approx(decision[:, output], abs=1e-5)
    assert decision[4] == pytest.approx(model.intercept_)  # of no token
    assert parts[5][1] == 0  # of the unknown one


def test_unseen_words_count_by_their_vectors():
    model = MeanVectorModel().fit(embed(["good film", "bad film"] * 5), np.array([1, 0] * 5), 1)
    fine, poor = model.decision(embed(["fine", "poor"]))
    assert fine > 0 > poor
    (contributions,) = model.contributions(embed(["fine film"]))
    assert contributions[0] > contributions[1]


def test_short_texts_are_not_more_certain_than_any():
    long = embed(["good film the film the film the", "bad film the film the film the"] * 5)
    model = MeanVectorModel().fit(long, np.array([1, 0] * 5), 1)
    assert abs(model.decision(embed(["good"]))) < 1.5 * abs(model.decision(long)).max()


def test_order_and_padding_do_not_count():
    model = MeanVectorModel().fit(SAMPLES, CODES, 1)
    one, other = model.decision(embed(["good film the", "the <pad> film good <pad>"]))
    assert one == pytest.approx(other, abs=1e-5)


def test_weights_of_zero_are_as_if_absent():
    weights = np.array([1, 1, 1, 1, 0, 0])
    model = MeanVectorModel().fit(SAMPLES, CODES, 1, weights)
    alone = MeanVectorModel().fit(SAMPLES[:4], CODES[:4], 1)
    assert model.decision(SAMPLES) == pytest.approx(alone.decision(SAMPLES), abs=1e-4)
    heavier = MeanVectorModel().fit(SAMPLES, CODES, 1, [5, 1, 1, 1, 1, 1] * np.ones(6))
    assert (
        heavier.decision(SAMPLES)[0] > MeanVectorModel().fit(SAMPLES, CODES, 1).decision(SAMPLES)[0]
    )


def test_cross_decision_never_sees_the_fold():
    samples, codes, folds = embed(TEXTS * 3), np.tile(CODES, 3), np.arange(18) % 3 - 1
    crossed = MeanVectorModel().cross_decision(samples, codes, 1, folds)
    assert np.isnan(crossed[folds == -1]).all()
    for fold in (0, 1):
        kept = folds != fold
        alone = MeanVectorModel().fit(samples[kept], codes[kept], 1)
        expected = alone.decision(samples[folds == fold])
        assert crossed[folds == fold] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("texts", [["", "", ""], ["<unk>", "", "<unk>"]])
def test_texts_without_a_known_token(texts):
    model = MeanVectorModel().fit(embed(texts), np.array([0, 1, 1]), 1)
    assert np.isfinite(model.decision(SAMPLES)).all()
    assert list(map(len, model.contributions(embed(["good film"])))) == [2]


@pytest.mark.parametrize("unit", [1e-30, 1e30, 1e38])
def test_the_unit_of_vectors_does_not_matter(unit):
    """Not even if squares, or sums, do not fit into float32."""
    vectors = np.array([[0], [0], [3], [2], [-3], [-2], [0.2], [0.1]]) * unit
    samples = embed(["good fine film", "bad poor the"] * 5, vectors)
    model = MeanVectorModel().fit(samples, np.array([1, 0] * 5), 1)
    good, bad = model.decision(samples)[:2]
    assert good > 2 > -2 > bad


def test_features_that_do_not_vary_tell_nothing():
    vectors = np.full_like(VECTORS, 0.1)  # whose means differ by rounding
    vectors[0] = 0
    samples = embed(["good", "good film the", "bad film the good film the"] * 3, vectors)
    model = MeanVectorModel().fit(samples, np.array([0, 1, 1] * 3), 1)
    assert not model.coef_.any()
    vectors = np.hstack([VECTORS, np.where(VECTORS.any(axis=1, keepdims=True), 0.1, 0)])
    model = MeanVectorModel().fit(embed(TEXTS, vectors), CODES, 1)
    expected = MeanVectorModel().fit(SAMPLES, CODES, 1).decision(SAMPLES)
    assert model.decision(embed(TEXTS, vectors)) == pytest.approx(expected, abs=1e-4)


def test_a_text_at_the_mean_of_all_has_no_contributions():
    vectors = np.zeros((8, 1))
    vectors[[2, 4]] = [[1], [-1]]
    model = MeanVectorModel().fit(embed(["good", "bad"] * 5, vectors), np.array([1, 0] * 5), 1)
    text = embed(["good bad"], vectors)
    assert model.contributions(text)[0].tolist() == [0, 0]
    assert model.decision(text)[0] == pytest.approx(model.intercept_)


def test_pickles():
    model = MeanVectorModel().fit(SAMPLES, CODES, 1)
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copied.decision(SAMPLES), model.decision(SAMPLES))
