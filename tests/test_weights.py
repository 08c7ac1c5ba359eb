"""Weights of samples and classes, in all of the data and in portions of it."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.metrics import average_precision_score

from sklstm import LSTMClassifier, LSTMGenerator, LSTMRegressor, LSTMSeq2Seq, LSTMTagger
from sklstm._running_moments import Moments
from sklstm._sample_weights import normalise, weigh_classes

SMALL = {"hidden_size": 8, "random_state": 0}
X = np.random.RandomState(0).randn(40, 5)
Y = (X.sum(axis=1) > 0).astype(int)
WORDS = [["a", "b"], ["b"], ["a", "a", "b"], ["b", "a"]] * 5

ESTIMATORS = {
    "classifier": (LSTMClassifier(**SMALL), X[:20], Y[:20], {"classes": [0, 1]}),
    "labels": (LSTMClassifier(**SMALL), X[:20], np.c_[Y, 1 - Y, Y][:20], {"classes": [0, 1, 2]}),
    "regressor": (LSTMRegressor(**SMALL), X[:20], X[:20].sum(axis=1), {}),
    "tagger": (LSTMTagger(**SMALL), WORDS, WORDS, {"classes": ["a", "b"]}),
    "tagger without a CRF": (LSTMTagger(crf=False, **SMALL), WORDS, WORDS, {"classes": ["a", "b"]}),
    "generator": (LSTMGenerator(level="token", **SMALL), WORDS, None, {}),
    "generator in pieces": (LSTMGenerator(level="token", bptt_steps=2, **SMALL), WORDS, None, {}),
    "seq2seq": (LSTMSeq2Seq(**SMALL), WORDS, WORDS, {}),
}


def new(case, **params):
    estimator, X, y, arguments = ESTIMATORS[case]
    return type(estimator)(**{**estimator.get_params(), **params}), X, y, arguments


def weights_of(estimator):
    weights = (weight for weight in estimator.module_.parameters() if weight.requires_grad)
    return torch.cat([weight.flatten() for weight in weights]).detach()


def portion(case, weight, before=None, **params):
    """Return how far a portion of one weight moves the network."""
    estimator, X, y, arguments = new(case, **params)
    estimator.partial_fit(X, y, sample_weight=np.full(20, before or 0.0), **arguments)
    start = weights_of(estimator)
    estimator.partial_fit(X, y, sample_weight=np.full(20, weight))
    return (weights_of(estimator) - start).abs().max().item()


class TestPortions:
    @pytest.mark.parametrize("optimizer", ["adam", "sgd"])
    @pytest.mark.parametrize("before", [None, 1.0])
    @pytest.mark.parametrize("case", ESTIMATORS)
    def test_a_small_weight_hardly_moves_the_network(self, case, before, optimizer):
        moves = [portion(case, weight, before, optimizer=optimizer) for weight in (0, 1e-9, 1)]
        assert moves[0] == 0
        assert moves[1] < 1e-6 * moves[2]

    @pytest.mark.parametrize("max_grad_norm", [None, 0.1])
    @pytest.mark.parametrize("case", ESTIMATORS)
    def test_a_weight_multiplies_the_loss(self, case, max_grad_norm):
        params = {"optimizer": "sgd", "batch_size": 20, "max_grad_norm": max_grad_norm}
        params |= {"precision": "float64", "lr": 1e-4}
        one, hundred = (portion(case, weight, **params) for weight in (1, 100))
        assert hundred == pytest.approx(100 * one, rel=1e-2)

    @pytest.mark.parametrize("class_weight", [{1: 1000}, {0: 1e-3}, {0: 1, 1: 1000}])
    def test_a_class_weighs_one_sample_a_call(self, class_weight):
        params = {"lr": 0.01, "standardize": None, **SMALL}  # one sample does not tell the unit
        plain = LSTMClassifier(**params)
        heavy = LSTMClassifier(class_weight=class_weight, **params)
        for row in range(40):
            for estimator in (plain, heavy):
                estimator.partial_fit(X[[row]], Y[[row]], classes=[0, 1])
        assert plain.predict(X).mean() < 0.7
        assert heavy.predict(X).mean() > 0.9

    @pytest.mark.parametrize("crf", [True, False])
    def test_a_tag_weighs_one_sentence_a_call(self, crf):
        sentences, tags = [["x"], ["x"], ["x"]], [["A"], ["A"], ["B"]]
        tagger = LSTMTagger(class_weight={"B": 1000}, crf=crf, lr=0.01, **SMALL)
        for _ in range(5):
            for row in range(3):
                tagger.partial_fit(sentences[row : row + 1], tags[row : row + 1], ["A", "B"])
        assert tagger.predict(sentences[:1])[0] == ["B"]

    def test_long_sentences_count_as_in_fit(self):
        tagger = LSTMTagger(**SMALL).partial_fit([["a"] * 9], [["A"] * 9], ["A", "B"])
        tagger.partial_fit([["a"]], [["A"]])
        whole = LSTMTagger(**SMALL).fit([["a"] * 9, ["a"]], [["A"] * 9, ["B"]])
        assert tagger._lengths.mean == whole._lengths.mean == 5

    @pytest.mark.parametrize("case", ["classifier", "labels", "tagger"])
    def test_balanced_is_refused(self, case):
        estimator, X, y, arguments = new(case, class_weight="balanced")
        with pytest.raises(ValueError, match=r"not supported for partial_fit, .* dict"):
            estimator.partial_fit(X, y, **arguments)
        with pytest.raises(ValueError, match="'balanced' is not supported"):
            estimator.fit(X, y).partial_fit(X, y)


@pytest.mark.parametrize("case", ESTIMATORS)
def test_the_unit_of_weights_does_not_matter_in_fit(case):
    found = []
    for unit in (1.0, 1e-9, 1e300):
        estimator, X, y, _ = new(case, max_epochs=1)
        found.append(weights_of(estimator.fit(X, y, sample_weight=unit * np.arange(20))))
    torch.testing.assert_close(found[1], found[0], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(found[2], found[0], rtol=1e-4, atol=1e-6)


def test_clipping_does_not_undo_weights():
    """In batches of one sample, each gradient is far above the limit."""
    params = {"max_grad_norm": 1e-3, "batch_size": 1, "lr": 0.02, **SMALL}
    heavy = LSTMClassifier(class_weight={1: 1000}, **params).fit(X, Y)
    assert heavy.predict(X).mean() > 0.9


class TestLabels:
    @staticmethod
    def rare():
        labels = (np.random.RandomState(0).rand(150, 20) < 0.06).astype(int)
        return [["x", *(f"w{k}" for k in np.flatnonzero(row))] for row in labels], labels

    @pytest.mark.parametrize("class_weight", ["balanced", [{0: 1, 1: 15}] * 20])
    def test_many_rare_labels_are_learned(self, class_weight):
        tokens, labels = self.rare()
        params = {"pooling": "max", "lr": 0.02, "max_epochs": 12, "schedule": None}
        model = LSTMClassifier(class_weight=class_weight, hidden_size=32, random_state=0, **params)
        probabilities = model.fit(tokens, labels).predict_proba(tokens)
        assert average_precision_score(labels, probabilities, average="macro") > 0.95

    def test_each_label_has_the_loss_of_its_own_weights(self):
        labels = np.c_[Y, np.arange(40) % 4 == 0].astype(int)
        sample_weight = np.linspace(1, 2, 40)
        params = {"optimizer": "sgd", "batch_size": 40, "max_epochs": 1, "lr": 1e-12, **SMALL}
        model = LSTMClassifier(class_weight=[{1: 5}, {0: 0.5}], **params)
        model.fit(X, labels, sample_weight, X_val=X, y_val=labels)
        weights = np.where(labels, [5, 1], [1, 0.5]) * sample_weight[:, None]
        p = model.predict_proba(X)
        losses = -np.log(np.where(labels, p, 1 - p))
        epoch = model.history_[0]
        assert epoch["train_loss"] == pytest.approx(np.average(losses, weights=weights), rel=1e-4)
        of_classes = weights / sample_weight[:, None]
        expected = np.average(losses, weights=of_classes)
        assert epoch["valid_loss"] == pytest.approx(expected, rel=1e-4)

    @pytest.mark.parametrize("values", [(-1, 1), (1, 2), (0, 2), (0.0, 2.0), (3, 3)])
    def test_other_values_than_0_and_1(self, values):
        labels = np.where(np.c_[Y, 1 - Y], *values)
        good = np.c_[Y, 1 - Y]
        fitted = LSTMClassifier(max_epochs=1, **SMALL).fit(X, good)
        for call in (
            lambda: LSTMClassifier(**SMALL).fit(X, labels),
            lambda: LSTMClassifier(**SMALL).fit(X, labels.tolist()),
            lambda: LSTMClassifier(**SMALL).partial_fit(X, labels, classes=[0, 1]),
            lambda: fitted.partial_fit(X, labels),
            lambda: LSTMClassifier(**SMALL).fit(X, csr_array(labels)),
        ):
            with pytest.raises(ValueError, match=r"y is a matrix .* a 1 where .* pass \(y > 0\)"):
                call()
        with pytest.raises(ValueError, match="In the validation data: y is a matrix"):
            LSTMClassifier(**SMALL).fit(X, good, X_val=X, y_val=labels)

    def test_types_of_indicators(self):
        labels = np.c_[Y, 1 - Y]
        expected = LSTMClassifier(max_epochs=1, **SMALL).fit(X, labels).predict_proba(X)
        for same in (labels.astype(bool), labels.astype(float), csr_array(labels), labels.tolist()):
            model = LSTMClassifier(max_epochs=1, **SMALL).fit(X, same)
            np.testing.assert_array_equal(model.predict_proba(X), expected)


class TestWhatOnlySomeDataHold:
    def test_a_class_of_validation_data(self):
        model = LSTMClassifier(max_epochs=1, **SMALL).fit(X, Y, X_val=X, y_val=Y + 1)
        np.testing.assert_array_equal(model.classes_, [0, 1, 2])
        assert np.isfinite(model.history_[0]["valid_loss"])
        model.set_params(warm_start=True)
        with pytest.raises(ValueError, match=r"In the validation data: y contains .*\[3\]"):
            model.fit(X, Y, X_val=X, y_val=np.full(40, 3))

    @pytest.mark.parametrize(
        ("tags", "only_there", "params"),
        [
            (["B-PER", "O"], ["B-LOC", "I-LOC"], {}),
            (["B-PER", "O"], ["B-LOC", "I-LOC"], {"train_scheme": "IOBES"}),
            (["NOUN", "VERB"], ["ADJ", "NOUN"], {"crf": False}),
        ],
    )
    def test_a_tag_of_validation_data(self, tags, only_there, params):
        tagger = LSTMTagger(max_epochs=1, **SMALL, **params)
        tagger.fit([["a", "b"]] * 8, [tags] * 8, X_val=[["a", "b"]], y_val=[only_there])
        assert set(only_there) <= set(tagger.classes_)
        assert np.isfinite(tagger.history_[0]["valid_loss"])

    def test_a_condition_of_validation_data(self):
        texts, labels = ["ab", "ba"] * 5, ["x", "y"] * 5
        generator = LSTMGenerator(max_epochs=1, **SMALL)
        generator.fit(texts, labels, X_val=["ab"], y_val=["z"])
        assert generator.conditions_.tolist() == ["x", "y", "z"]

    @pytest.mark.parametrize("case", ["classifier", "tagger", "tagger without a CRF"])
    def test_a_weight_of_a_class_that_a_fold_lacks(self, case):
        rare = 7 if case == "classifier" else "B-RARE"
        found = []
        for class_weight in ({rare: 3.0}, None):
            estimator, X, y, _ = new(case, class_weight=class_weight, max_epochs=1)
            if class_weight is None:
                found.append(weights_of(estimator.fit(X, y)))
                continue
            message = "class_weight names .*, which have no effect"
            with pytest.warns(UserWarning, match=message) as caught:
                found.append(weights_of(estimator.fit(X, y)))
            assert caught[0].filename == __file__
        torch.testing.assert_close(*found)

    def test_later_calls_name_no_further_tags(self):
        tagger = LSTMTagger(**SMALL).partial_fit([["a"]], [["B-PER"]], ["O", "B-PER"])
        tagger.partial_fit([["a"]], [["O"]], ["O"])
        with pytest.raises(ValueError, match=r"classes holds \['B-LOC'\], .* first partial_fit"):
            tagger.partial_fit([["a"]], [["O"]], ["O", "B-LOC"])

    def test_later_calls_name_no_further_symbols(self):
        model = LSTMSeq2Seq(**SMALL).partial_fit(["a"], ["x"], symbols="yz")
        model.partial_fit(["a"], ["x"], symbols="xy")
        with pytest.raises(ValueError, match=r"symbols \['q'\], which are not among"):
            model.partial_fit(["a"], ["x"], symbols="xq")


class TestNormalise:
    def test_fit(self):
        np.testing.assert_allclose(normalise(np.array([1e308, 0, 5e307]), "fit"), [2, 0, 1])

    def test_portion(self):
        np.testing.assert_array_equal(normalise(np.array([0.0, 3]), "portion"), [0, 3])

    @pytest.mark.parametrize("purpose", ["fit", "portion"])
    @pytest.mark.parametrize("weights", [[-1, 2], [np.inf, 1], [np.nan, 1]])
    def test_bad_weights(self, weights, purpose):
        with pytest.raises(ValueError, match="must be finite and not negative"):
            normalise(np.array(weights), purpose)


def test_balanced_classes_weigh_the_same_and_a_sample_1_on_average():
    counts = np.array([30, 10, 0])
    weights = weigh_classes("balanced", ["a", "b", "c"], counts)
    np.testing.assert_allclose(weights, [2 / 3, 2, 1])


@pytest.mark.parametrize("cuts", [[1], [2, 3], [10, 11, 30]])
def test_moments_of_portions_are_those_of_all(cuts):
    random = np.random.RandomState(0)
    values, weights = 1e4 + random.randn(40, 2), random.rand(40)
    moments = Moments()
    for of_values, of_weights in zip(np.split(values, cuts), np.split(weights, cuts), strict=True):
        moments = moments.updated(of_values, of_weights)
    mean = np.average(values, axis=0, weights=weights)
    np.testing.assert_allclose(moments.mean, mean)
    variance = np.average((values - mean) ** 2, axis=0, weights=weights)
    np.testing.assert_allclose(moments.variance, variance)
    assert moments.updated(values, np.zeros(40)) is moments
    assert moments.updated(values, np.full(40, 1e308)).total == 1e300
