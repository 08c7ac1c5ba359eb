"""Words that come in later portions."""

import pickle

import numpy as np
import pytest
import torch

from sklstm import (
    LSTMClassifier,
    LSTMGenerator,
    LSTMRegressor,
    LSTMSeq2Seq,
    LSTMTagger,
    Sequences,
    TokenIndexer,
)
from sklstm.tagger._spelling import Speller

SMALL = {"hidden_size": 8, "random_state": 0}
OLD = [["a", "b"], ["b"], ["a", "a"], ["b", "a"]] * 2
NEW = [["n", "b"], ["m"], ["a", "n", "o"], ["o"]] * 2
Y = [0, 1, 0, 1] * 2


def embedded(tokens):
    sequences = Sequences.from_tokens(tokens)
    digits = [[0, 0], [0, 0], *([ord(word), 3.0] for word in sequences.categories[2:])]
    return sequences.with_vectors(np.array(digits, np.float32) / 100)


CASES = {
    "classifier": (LSTMClassifier(**SMALL), Y, {"classes": [0, 1]}, "predict_proba"),
    "regressor": (LSTMRegressor(**SMALL), np.array(Y, float), {}, "predict"),
    "seq2seq": (LSTMSeq2Seq(**SMALL), OLD, {}, "predict_n_best"),
}
FORMS = {"tokens": list, "sequences": Sequences.from_tokens, "vectors": embedded}


def flat(found):
    return np.array([v for row in found for _, v in row]) if isinstance(found, list) else found


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", CASES)
def test_growth_alone_changes_no_prediction(case, form):
    estimator, y, arguments, method = CASES[case]
    model = type(estimator)(**estimator.get_params())
    read = FORMS[form]
    predict = lambda tokens: flat(getattr(model, method)(read(tokens)))  # noqa: E731
    model.partial_fit(read(OLD), y, **arguments)
    before = predict(OLD), predict(NEW)
    rows, moments = embedding(model)
    model.partial_fit(read(NEW), y, sample_weight=np.zeros(8))
    np.testing.assert_allclose(predict(OLD), before[0], rtol=1e-5)
    np.testing.assert_allclose(predict(NEW), before[1], rtol=1e-5)
    grown, moments_now = embedding(model)
    assert len(grown) == len(rows) + 3
    torch.testing.assert_close(grown[: len(rows)], rows)
    torch.testing.assert_close(moments_now[: len(rows)], 0.9 * moments)  # a step without gradients
    assert not moments_now[len(rows) :].any()
    model.partial_fit(read(NEW), y)
    assert not torch.allclose(embedding(model)[0][len(rows) :], grown[len(rows) :])
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(flat(getattr(loaded, method)(read(NEW))), predict(NEW))


def embedding(model):
    weight = model.module_.embedding.weight
    return weight.detach().clone(), model.net_.optimizer_.state[weight]["exp_avg"].clone()


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_words_of_later_portions_are_learned(method):
    words = [[f"w{n}"] for n in range(40)]
    labels = np.arange(40) % 2
    model = LSTMClassifier(hidden_size=8, lr=0.03, warm_start=True, max_epochs=1, random_state=0)
    for _ in range(15):
        for start in range(0, 40, 10):
            part = slice(start, start + 10)
            arguments = {"classes": [0, 1]} if method == "partial_fit" else {}
            getattr(model, method)(words[part], labels[part], **arguments)
    assert model.score(words, labels) == 1
    assert len(model.module_.embedding.weight) == 42


def test_words_that_do_not_occur_get_no_place():
    model = LSTMClassifier(**SMALL).partial_fit(OLD, Y, classes=[0, 1])
    batch = Sequences.from_tokens([["a", "n"], ["m"]])
    model.partial_fit(batch[:1], [0])
    assert len(model.module_.embedding.weight) == 5


def test_an_indexer_declares_words_beforehand():
    indexer = TokenIndexer().fit(OLD)
    model = LSTMClassifier(**SMALL).partial_fit(indexer.transform(OLD), Y, classes=[0, 1])
    model.partial_fit(indexer.transform(NEW), Y)
    assert len(model.module_.embedding.weight) == 4


def test_validation_data_do_not_grow():
    model = LSTMClassifier(warm_start=True, max_epochs=1, **SMALL).fit(OLD, Y, X_val=NEW, y_val=Y)
    model.fit(OLD, Y, X_val=NEW, y_val=Y)
    assert len(model.module_.embedding.weight) == 4


def test_a_failed_call_leaves_no_new_words():
    model = LSTMClassifier(**SMALL).partial_fit(OLD, Y, classes=[0, 1])
    expected = model.predict_proba(NEW)
    with pytest.raises(ValueError, match="does not fit the network"):
        model.set_params(hidden_size=9).partial_fit(NEW, Y)
    model.set_params(hidden_size=8)
    np.testing.assert_array_equal(model.predict_proba(NEW), expected)
    assert len(model.partial_fit(OLD, Y).module_.embedding.weight) == 4


@pytest.mark.parametrize("form", FORMS)
def test_a_tagger_learns_words_and_characters(form):
    read = FORMS[form]
    tags = [["A"] * len(words) for words in OLD]
    params = {"char_encoder": "cnn", "casing": True, "affixes": True, "wide": True, **SMALL}
    model = LSTMTagger(**params).partial_fit(read(OLD), tags, ["A", "B"])
    before = model.predict_marginals(read(NEW))
    new_tags = [["B"] * len(words) for words in NEW]
    model.partial_fit(read(NEW), new_tags, sample_weight=np.zeros(8))
    for found, expected in zip(model.predict_marginals(read(NEW)), before, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    n_features = model._encoder.features.n_features
    assert n_features == len(model.module_.wide.embedding.weight)
    n_characters = len(model.module_.char_encoder.embedding.weight)
    more = [["nn", "mo", "on"]] if form != "vectors" else NEW[:1]
    model.partial_fit(read(more), [["B"] * len(more[0])])
    assert len(model.module_.char_encoder.embedding.weight) == n_characters + 3 * (
        form != "vectors"
    )
    assert (model._encoder.features.n_features > n_features) == (form != "vectors")
    assert len(model.module_.affixes.embedding.weight) == model._encoder.features.n_features
    model.predict(read(NEW))


def test_a_speller_learns_characters_that_come_twice():
    speller = Speller(["ab", "ac"])
    assert set(speller.codes) == {"a"}
    grown = speller.grown(["ab", "cx", "zz"])
    assert grown.codes == {"a": 2, "c": 3, "z": 4}
    assert set(speller.codes) == {"a"}
    assert set(grown.grown(["x"]).codes) == {"a", "c", "z", "x"}


class TestGenerator:
    def test_new_symbols_are_named(self):
        model = LSTMGenerator(**SMALL).partial_fit(["ab", "ba"])
        with pytest.warns(UserWarning, match=r"that the first fit had not: \['x', 'y'\]\. .* anew"):
            model.partial_fit(["abyx"])
        with pytest.warns(UserWarning, match="the first fit had not"):
            model.set_params(warm_start=True, max_epochs=1).fit(["xa"])

    def test_symbols_named_beforehand_are_learned(self, recwarn):
        model = LSTMGenerator(max_tokens=3, lr=0.05, **SMALL).partial_fit(["aab"], symbols="bxa")
        assert model.vocabulary_ == {"a": 2, "b": 3, "x": 4}
        before = model.score(["xx"])
        for _ in range(30):
            model.partial_fit(["xx"], symbols=["x"])
        assert model.score(["xx"]) > before + 1
        assert "x" in model.sample(random_state=0)[0]
        assert not recwarn.list
        with pytest.raises(ValueError, match=r"symbols holds \['y'\], which the first call"):
            model.partial_fit(["xx"], symbols="xy")
        assert model.fit(["ab"]).vocabulary_ == {"a": 2}

    @pytest.mark.parametrize(
        ("symbols", "error", "message"),
        [
            ([1], TypeError, "symbols must hold strings"),
            (3, TypeError, "symbols must be a sequence of str"),
            (["ed"], ValueError, "single characters, but symbols holds 'ed'"),
        ],
    )
    def test_wrong_symbols(self, symbols, error, message):
        with pytest.raises(error, match=message):
            LSTMGenerator(**SMALL).partial_fit(["ab"], symbols=symbols)

    def test_tokens_named_beforehand(self):
        model = LSTMGenerator(level="token", softmax="adaptive", **SMALL)
        model.partial_fit([["to", "be"]], symbols=["or", "<pad>"])
        assert list(model.vocabulary_) == ["be", "to", "<pad>", "or"]

    def test_symbols_left_out_by_choice_are_not(self, recwarn):
        model = LSTMGenerator(min_count=2, **SMALL).partial_fit(["aab"])
        model.partial_fit(["bab"]).score(["x"])
        assert not recwarn.list
