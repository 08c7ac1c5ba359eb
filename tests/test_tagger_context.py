"""Neighbouring sentences of the document as context: what LSTMTagger makes of them."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline
from tagged import IDS, RAGGED, SENTENCES, TAGS, assert_close, assert_same, copies, tagger

from sklstm import Sequences, Word2VecEmbedder, export_onnx
from sklstm.inspection import hidden_states
from sklstm.metrics import token_accuracy_score
from sklstm.model_selection import DocumentKFold
from sklstm.nn.batches import SequenceDataset
from sklstm.sequences._documents import neighbours
from sklstm.tagger._context import with_neighbours

# "it" is what the sentence before, or after, was about
WORDS = [["Ada"], ["it", "is"], ["Oslo"], ["it", "is"], ["it", "is"], ["Oslo"]] * 6
ABOUT = [["PER"], ["PER", "O"], ["LOC"], ["LOC", "O"], ["LOC", "O"], ["LOC"]] * 6
DOCUMENTS = np.repeat(np.arange(18), 2)  # the first sentence of each third is before or after it
X = Sequences.from_tokens(WORDS).with_documents(DOCUMENTS)
READERS = {"char_encoder": "cnn", "affixes": True, "wide": True, "sentence_vector": "mean"}


def test_tags_that_only_the_neighbour_tells():
    params = {"max_epochs": 15, "lr": 0.1}
    assert tagger(context=1, **params).fit(X, ABOUT).predict(X).tolist() == ABOUT
    assert tagger(**params).fit(X, ABOUT).score(X, ABOUT) < 0.95


@pytest.mark.parametrize("params", [{}, READERS], ids=["words", "all"])
def test_a_sentence_is_the_middle_of_a_longer_one(params):
    sentences = [["Ada", "met"], [], ["Alan", "in", "London"], ["far"]]
    batch = Sequences.from_tokens(sentences * 5).with_documents(np.repeat(np.arange(5), 4))
    tags = [["X", "O"], [], ["X", "O", "X"], ["O"]] * 5
    fitted = tagger(context=1, crf=False, **params).fit(batch, tags)
    found = fitted.predict_marginals(batch[:4])
    fitted._encoder.context = 0
    first, last = fitted.predict_marginals([["Ada", "met"], ["Alan", "in", "London", "far"]])
    expected = [first, np.zeros((0, 2)), last[:3], last[3:]]
    assert_close(found, expected, atol=1e-6)


def test_order_batches_and_absent_sentences_do_not_matter():
    fitted = tagger(context=2, **READERS).fit(X, ABOUT)
    expected = fitted.predict_marginals(X)
    order = np.random.RandomState(0).permutation(len(X))
    for batch_size in (1, 5, 36):
        fitted.set_params(batch_size=batch_size)
        assert_close(fitted.predict_marginals(X[order]), expected[order], atol=1e-6)
    documents = np.flatnonzero(DOCUMENTS < 3)
    assert_close(fitted.predict_marginals(X[documents]), expected[documents], atol=1e-6)
    alone = fitted.predict_marginals(X[[1]])[0]
    assert not np.allclose(alone, expected[1], atol=1e-3)


@pytest.mark.parametrize(
    "params",
    [
        {"early_stopping": True, "validation_fraction": 0.3},
        {"adversarial": 0.5, "virtual_adversarial": 1.0, **READERS},
        {"class_weight": "balanced", "bptt_steps": 2},
        {"n_members": 2, "crf": False},
    ],
)
def test_with_other_parameters(params):
    y = [None, *ABOUT[1:]] if "adversarial" in params else ABOUT
    fitted = tagger(context=1, **params).fit(X, y)
    assert list(map(len, fitted.predict(X))) == list(map(len, WORDS))
    assert fitted.predict_n_best(X[:2], n=2)[1][0][0] == fitted.predict(X[:2])[1]
    assert fitted.score(X, ABOUT) > 0


def test_held_out_sentences_are_scored_with_their_neighbours():
    first = ShuffleSplit(1, test_size=0.5, random_state=0)
    params = {"context": 1, "early_stopping": True, "validation": first, "max_epochs": 1}
    fitted = tagger(**params).fit(X, ABOUT)
    _, held_out = next(first.split(ABOUT))
    found = fitted.predict(X)[held_out].tolist()
    expected = token_accuracy_score([ABOUT[row] for row in held_out], found)
    assert fitted.history_[0]["valid_acc"] == pytest.approx(expected)


def test_gradients_of_microbatches_are_those_of_the_batch(monkeypatch):
    params = {"context": 1, "precision": "float64", "batch_size": 36, "max_epochs": 1, **READERS}
    whole = tagger(affix_dropout=0, **params).fit(X, ABOUT)
    monkeypatch.setattr("sklstm.nn.microbatches.UNIT_STEPS", 200)
    batch = next(batch for _, batch in whole._batches(whole._read_sequences(X)))
    assert len(whole.net_.microbatch_slices(batch)) > 1
    parts = tagger(affix_dropout=0, **params).fit(X, ABOUT)
    assert_close(parts.predict_marginals(X), whole.predict_marginals(X), atol=1e-9)


def test_entities_and_calibration():
    y = [["B-" + tag if tag != "O" else tag for tag in row] for row in ABOUT]
    fitted = tagger(context=1, max_epochs=15, lr=0.1).fit(X, y)
    [first, second] = fitted.predict_entities(X[:2])
    assert [(entity.text, entity.type) for entity in (*first, *second)] == [
        ("Ada", "PER"), ("it", "PER")]  # fmt: skip
    assert fitted.calibrate(X, y).temperature_ > 0


def test_copies_searches_and_pipelines(tmp_path):
    pipe = make_pipeline(
        Word2VecEmbedder(vector_size=3, min_count=1, random_state=0), tagger(context=1)
    )
    fitted = pipe.fit(X, ABOUT)
    expected = fitted[-1].predict_marginals(fitted[0].transform(X))
    for copied in copies(fitted, tmp_path):
        assert_same(copied[-1].predict_marginals(copied[0].transform(X)), expected)
    grid = {"lstmtagger__context": [0, 1]}
    search = GridSearchCV(pipe, grid, cv=DocumentKFold(n_splits=2), error_score="raise")
    assert search.fit(X, ABOUT, groups=DOCUMENTS).predict(X).shape == (36,)


def test_marked_sentences_stay_neighbours():
    both = X[[0, 2]].joined(X[[1, 3]])
    assert neighbours(both.documents, 1)[:2].tolist() == [[-1, 0, 2], [-1, 1, 3]]
    learns = {"context": 1, "adversarial": 0.5, "virtual_adversarial": 1.0, "max_epochs": 1}
    y = [row if n % 2 else None for n, row in enumerate(ABOUT)]
    order = np.argsort([row is None for row in y], kind="stable")
    found = tagger(**learns).fit(X, y).predict_marginals(X)
    whole = X[order]
    expected = tagger(**learns).fit(whole[:18], [y[n] for n in order[:18]], X_unlabelled=whole[18:])
    assert_same(expected.predict_marginals(X), found)


def test_unlabelled_documents_are_others():
    both = X[:3].joined(X[:3])
    assert neighbours(both.documents, 1).tolist() == [
        [-1, 0, 1], [0, 1, -1], [-1, 2, -1], [-1, 3, 4], [3, 4, -1], [-1, 5, -1]]  # fmt: skip
    assert X.joined(Sequences.from_tokens(WORDS)).documents is None


def test_neighbours_are_taken_from_the_flat_steps():
    batch = Sequences.from_ids([[2, 3], [4], [5, 6, 7]]).with_documents(["a", "a", "b"])[[1, 2, 0]]
    steps = {"values": batch.codes, "starts": batch.offsets[:-1], "lengths": batch.lengths}
    data = SequenceDataset(**with_neighbours(steps, batch.documents, 1))
    data.step_targets = np.array([40, 50, 60, 70, 20, 30])
    found = data.batch(np.array([2, 0, 1]))
    assert found.steps.tolist() == [[2, 3, 4], [2, 3, 4], [5, 6, 7]]
    assert found.target_lengths.tolist() == [2, 1, 3]
    at = found.steps.gather(1, found.middles)
    assert [row[:size] for row, size in zip(at.tolist(), [2, 1, 3], strict=True)] == [
        [2, 3], [4], [5, 6, 7]]  # fmt: skip
    targets, _ = data.targets_and_weights(np.array([2, 0, 1]))
    assert targets.tolist() == [[20, 30, -1], [40, -1, -1], [50, 60, 70]]


class TestBadInput:
    @pytest.mark.parametrize(
        ("X", "params"),
        [(SENTENCES, {}), (RAGGED, {}), (IDS, {"vocabulary_size": 60}),
         (Sequences.from_tokens(SENTENCES), {})],
    )  # fmt: skip
    def test_documents_that_are_not_known(self, X, params):
        with pytest.raises(ValueError, match=r"context=1 needs to know which sentences of X are"):
            tagger(context=1, **params).fit(X, TAGS)

    def test_documents_that_are_not_known_to_predict(self):
        fitted = tagger(context=1).fit(X, ABOUT)
        with pytest.raises(ValueError, match=r"with_documents\(documents\), also to predict"):
            fitted.predict(WORDS)

    @pytest.mark.parametrize(
        ("documents", "error", "message"),
        [
            ([0, 1, 0], ValueError, "out of order: 0 begins at sequence 0 and again at sequence 2"),
            (["b", "a", "b"], ValueError, "out of order: .*'b'.* again at sequence 2"),
            ([0, 0], ValueError, r"each of 3 sequences; got an array of shape \(2,\)"),
            (3, ValueError, r"shape \(\)"),
            (["a", None, 3], TypeError, "documents must be numbers or names"),
            ([np.nan, np.nan, 1.0], ValueError, "documents holds NaN"),
        ],
    )
    def test_wrong_documents(self, documents, error, message):
        with pytest.raises(error, match=message):
            Sequences.from_tokens([["a"], ["b"], ["c"]]).with_documents(documents)

    def test_what_cannot_be_done(self, tmp_path):
        fitted = tagger(context=1).fit(X, ABOUT)
        with pytest.raises(ValueError, match=r"reads context of sentences, .* fit with context=0"):
            export_onnx(fitted, tmp_path / "tagger.onnx")
        with pytest.raises(ValueError, match=r"neighbouring sentences, .* context=0"):
            hidden_states(fitted, X)


def test_what_is_read_cannot_change():
    columns = X.with_columns({"size": [[float(len(word)) for word in row] for row in WORDS]})
    for params in ({"context": 1}, {"columns": None}):
        fitted = tagger(warm_start=True, max_epochs=1).fit(columns, ABOUT)
        with pytest.raises(ValueError, match=f"{next(iter(params))}=.* cannot go on from a fit"):
            fitted.set_params(**params).fit(columns, ABOUT)
