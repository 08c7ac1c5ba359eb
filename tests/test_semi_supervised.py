"""Learning from unlabelled samples."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import make_moons
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.semi_supervised import SelfTrainingClassifier

from sklstm import LSTMClassifier, Sequences, text_classifier
from sklstm.model_selection import LabelledKFold
from sklstm.nn.objectives import Labels, Unlabelled

WORDS = [[f"{side}{i}" for i in range(60)] for side in "ab"]
LEARNS = {"adversarial": 2.0, "virtual_adversarial": 1.0, "entropy": 0.3}


def make_texts(n, random_state):
    """Texts most of whose words are of one of two kinds."""
    rng = np.random.RandomState(random_state)
    kinds = np.arange(n) % 2
    return [
        [WORDS[kind if rng.rand() < 0.7 else 1 - kind][rng.randint(60)] for _ in range(8)]
        for kind in kinds
    ], kinds


X, KINDS = make_texts(60, 0)
Y = np.where(np.arange(60) < 20, KINDS, -1)
WORDED = [["no", "yes", None][kind] for kind in Y]


def classifier(**params):
    return LSTMClassifier(**{"hidden_size": 4, "max_epochs": 2, "random_state": 0, **params})


class TestMarks:
    @pytest.mark.parametrize(
        ("y", "classes"),
        [
            (Y, [0, 1]),
            (Y.tolist(), [0, 1]),
            (Y.astype(float), [0.0, 1.0]),
            (np.array(["no", "yes", -1], object)[Y], ["no", "yes"]),
            (WORDED, ["no", "yes"]),
            ([[False, True, None][kind] for kind in Y], [False, True]),
            (np.where(Y < 0, np.nan, Y), [0.0, 1.0]),
        ],
    )
    def test_every_kind_of_label(self, y, classes):
        fitted = classifier(**LEARNS).fit(X, y)
        assert fitted.classes_.tolist() == classes
        expected = classifier(**LEARNS).fit(X, Y).decision_function(X)
        assert (fitted.decision_function(X) == expected).all()

    def test_missing_labels_of_frames(self):
        expected = classifier(**LEARNS).fit(X, Y).decision_function(X)
        columns = [
            pd.Series(WORDED, dtype="string"),
            pd.Series(WORDED, dtype="category"),
            pd.DataFrame({"label": WORDED}),
            pd.Series([[0, 1, None][kind] for kind in Y], dtype="Int64"),
            pl.Series(WORDED),
            pl.Series([[0, 1, None][kind] for kind in Y]),
        ]
        for y in columns:
            fitted = classifier(**LEARNS).fit(X, y)
            assert (fitted.decision_function(X) == expected).all()
            assert sum(len(test) for _, test in LabelledKFold(2).split(X, y)) == 20

    @pytest.mark.parametrize("argument", ["sample_weight", "groups"])
    @pytest.mark.parametrize("length", [3, 99])
    def test_of_other_lengths(self, argument, length):
        with pytest.raises(ValueError, match=argument):
            classifier(**LEARNS).fit(X, Y, **{argument: np.ones(length)})

    def test_one_weight_for_all(self):
        weighted = classifier(**LEARNS).fit(X, Y, sample_weight=2.0)
        expected = classifier(**LEARNS).fit(X, Y).decision_function(X)
        np.testing.assert_allclose(weighted.decision_function(X), expected, rtol=1e-5)

    @pytest.mark.parametrize("package", [pd, pl])
    def test_frames(self, package):
        numbers = np.random.default_rng(0).normal(size=(60, 3))
        frame = package.DataFrame(dict(zip("abc", numbers.T, strict=True)))
        whole = package.DataFrame(dict(zip("abc", (9 * numbers.T).astype(int), strict=True)))
        renamed = package.DataFrame(dict(zip("abd", numbers.T, strict=True)))
        fitted = classifier(**LEARNS).fit(frame, KINDS, X_unlabelled=whole)
        apart = classifier(**LEARNS).fit(numbers, KINDS, X_unlabelled=whole.to_numpy())
        assert (fitted.decision_function(frame) == apart.decision_function(numbers)).all()
        for other, message in [(renamed, "same columns"), (numbers, "frames of one package")]:
            with pytest.raises((TypeError, ValueError), match=message):
                classifier(**LEARNS).fit(frame, KINDS, X_unlabelled=other)

    def test_are_as_good_as_samples_apart(self):
        marked = classifier(**LEARNS).fit(X, Y)
        apart = classifier(**LEARNS).fit(X[:20], Y[:20], X_unlabelled=X[20:])
        assert (marked.decision_function(X) == apart.decision_function(X)).all()

    def test_minus_one_and_one_are_classes(self):
        assert classifier().fit(X[:20], 2 * KINDS[:20] - 1).classes_.tolist() == [-1, 1]

    def test_among_others_minus_one_is_no_class_in_silence(self):
        for y in (Y, Y.tolist(), np.array(["no", "yes", -1], object)[Y]):
            with pytest.raises(ValueError, match=r"40 of 60 places.*virtual_adversarial"):
                classifier().fit(X, y)

    @pytest.mark.parametrize(
        ("params", "y", "message"),
        [
            (LEARNS, np.full(60, -1), "every sample as unlabelled"),
            (LEARNS, [None] * 60, "every sample as unlabelled"),
            (LEARNS, KINDS, "there are none"),
            (LEARNS, 2 * KINDS - 1, "only one class"),
            ({}, WORDED, "missing value None at position 20.*virtual_adversarial=1.0"),
            (
                {},
                pd.Series(WORDED),
                "missing value (nan|None) at position 20.*virtual_adversarial=1.0",
            ),
            (LEARNS, np.full(60, np.nan), "every sample as unlabelled"),
            ({"virtual_adversarial": 1.0}, Y, "set adversarial"),
            ({"entropy": 1.0}, Y, "set adversarial"),
            ({**LEARNS, "entropy": -1.0}, Y, "entropy"),
            ({**LEARNS, "virtual_adversarial": np.inf}, Y, "virtual_adversarial"),
        ],
    )
    def test_mistakes_are_told(self, params, y, message):
        with pytest.raises(ValueError, match=message):
            classifier(**params).fit(X, y)

    def test_unlabelled_samples_that_nothing_learns_from(self):
        with pytest.raises(ValueError, match="X_unlabelled has no effect"):
            classifier().fit(X[:20], Y[:20], X_unlabelled=X[20:])
        with pytest.raises(TypeError, match="both be Sequences"):
            classifier(**LEARNS).fit(X[:20], Y[:20], X_unlabelled=Sequences.from_tokens(X[20:]))

    def test_validation_data_have_labels(self):
        with pytest.raises(ValueError, match="-1"):
            classifier(**LEARNS).fit(X, Y, X_val=X, y_val=Y)


class TestClassifier:
    def test_unlabelled_samples_help(self):
        points, y = make_moons(300, noise=0.1, random_state=2)
        moons = np.repeat(points[:, None], 3, axis=1).astype(np.float32)  # of three equal steps
        labelled = np.concatenate([np.flatnonzero(y == side)[:4] for side in (0, 1)])
        marked = np.full(300, -1)
        marked[labelled] = y[labelled]
        options = {"hidden_size": 16, "lr": 0.02, "max_epochs": 300}
        alone = classifier(**options).fit(moons[labelled], y[labelled]).score(moons, y)
        learned = classifier(**options, adversarial=0.6, virtual_adversarial=1.0)
        assert learned.fit(moons, marked).score(moons, y) > alone + 0.05

    def test_losses_are_told(self):
        learned = classifier(**LEARNS).fit(X, Y)
        for epoch in learned.history_:
            assert epoch["virtual_loss"] > 0
            assert 0 < epoch["entropy"] <= np.log(2) + 1e-6
        alone = classifier(**LEARNS | {"entropy": 0.0}).fit(X, Y).history_
        assert alone[-1]["entropy"] > 0
        plain = classifier().fit(X[:20], Y[:20])
        assert "virtual_loss" not in plain.history_[0]
        for fitted, advice in ((plain, "; or, to learn from them, pass"), (learned, r"\.$")):
            with pytest.raises(ValueError, match=f"leave such samples out{advice}"):
                fitted.score(X[:2], [0, None])

    def test_words_of_unlabelled_texts_are_known(self):
        fitted = classifier(**LEARNS).fit(X, Y)
        labelled = classifier().fit(X[:20], Y[:20])
        assert fitted.module_.embedding.weight.shape > labelled.module_.embedding.weight.shape

    @pytest.mark.parametrize(
        "params",
        [
            {"wide": True},
            {"n_members": 2},
            {"n_members": 2, "wide": True},
            {"early_stopping": True},
            {"class_weight": "balanced"},
            {"precision": "bfloat16"},
            {"batch_size": 3, "average": 0.5},
            {"cell": "gru", "pooling": "attention"},
        ],
    )
    def test_goes_with_other_parameters(self, params):
        fitted = classifier(**LEARNS, **params).fit(X, Y)
        outputs = fitted.decision_function(X)
        assert np.isfinite(outputs).all()
        assert (clone(fitted).fit(X, Y).decision_function(X) == outputs).all()
        loaded = pickle.loads(pickle.dumps(fitted))
        assert (loaded.decision_function(X) == outputs).all()
        for member in fitted.members_:
            assert member._X_unlabelled is None

    def test_several_classes_labels_and_numbers(self):
        y = np.where(Y >= 0, np.arange(60) % 3, -1)
        assert classifier(**LEARNS).fit(X, y).predict_proba(X).shape == (60, 3)
        matrix = np.stack([KINDS, 1 - KINDS, KINDS], axis=1)[:20]
        fitted = classifier(**LEARNS).fit(X[:20], matrix, X_unlabelled=X[20:])
        assert fitted.predict(X).shape == (60, 3)
        numbers = np.random.RandomState(0).rand(60, 10)
        expected = classifier(**LEARNS).fit(numbers, Y).decision_function(numbers)
        for frame in (pd.DataFrame(numbers), pl.DataFrame(numbers)):
            found = classifier(**LEARNS).fit(frame, Y).decision_function(frame)
            np.testing.assert_allclose(found, expected)
        numbers = numbers.reshape(60, 5, 2)
        assert np.isfinite(classifier(**LEARNS).fit(numbers, Y).decision_function(numbers)).all()

    def test_weights_of_labelled_samples_count(self):
        weights = np.ones(60)
        plain = classifier(**LEARNS).fit(X, Y, weights).decision_function(X)
        weights[:10] = 5
        assert not np.allclose(classifier(**LEARNS).fit(X, Y, weights).decision_function(X), plain)

    def test_portions(self):
        portions = classifier(**LEARNS)
        for rows in (slice(0, 60, 2), slice(1, 60, 2), slice(0, 60, 3)):
            portions.partial_fit(X[rows], Y[rows], classes=[0, 1])
        assert portions.n_iter_ == 3

    def test_a_failed_fit_keeps_no_samples(self):
        model = classifier(**LEARNS)
        with pytest.raises(ValueError, match="one class"):
            model.fit(X, np.where(Y == 0, 0, -1))
        assert model._X_unlabelled is None


class TestSelection:
    def test_folds_hold_labelled_samples_out(self):
        held_out = []
        for train, test in LabelledKFold(4, shuffle=True, random_state=0).split(X, Y):
            assert (Y[test] >= 0).all()
            assert set(np.flatnonzero(Y < 0)) <= set(train)
            assert not set(train) & set(test)
            assert np.bincount(Y[test]).tolist() in ([2, 3], [3, 2])
            held_out += test.tolist()
        assert sorted(held_out) == list(range(20))
        y = WORDED
        assert sum(len(test) for _, test in LabelledKFold(2).split(X, y)) == 20
        assert sum(len(test) for _, test in LabelledKFold(2).split(X[:20], Y[:20])) == 20

    def test_a_search(self):
        texts = [" ".join(text) for text in X]
        pipe = text_classifier(
            hidden_size=2, max_epochs=1, random_state=0, wide=False, n_members=1, **LEARNS
        )
        grid = {"lstmclassifier__virtual_adversarial": [0.5, 1.0]}
        search = GridSearchCV(pipe, grid, cv=LabelledKFold(2), error_score="raise").fit(texts, Y)
        assert search.predict(texts[:3]).shape == (3,)

    def test_self_training_around_a_pipeline(self):
        """scikit-learn's takes numbers only: those of the texts."""
        look_up = FunctionTransformer(take, kw_args={"texts": [" ".join(text) for text in X]})
        pipe = text_classifier(hidden_size=2, max_epochs=1, random_state=0, wide=False, n_members=1)
        numbers = np.arange(60)[:, None]
        fitted = SelfTrainingClassifier(make_pipeline(look_up, *pipe), max_iter=2).fit(numbers, Y)
        assert set(fitted.predict(numbers)) <= {0, 1}


def take(numbers, texts):
    return [texts[number] for number in numbers[:, 0]]


def test_one_more_pass_for_each_loss():
    calls = []

    def forward(inputs):
        calls.append(1)
        return inputs.sum(dim=1) @ torch.arange(6.0).view(3, 2) / 10

    inputs = torch.rand(4, 5, 3).requires_grad_()
    for virtual, entropy, n_passes in ((1.0, 1.0, 3), (1.0, 0.0, 3), (0.0, 1.0, 1)):
        calls.clear()
        objective = Unlabelled(2.0, virtual, entropy, Labels(True), 4)
        losses, _, gradients = objective.differentiate(
            forward, inputs, slice(0, 4), [], torch.tensor(1.0), 0
        )
        assert len(calls) == n_passes
        assert (losses[0] > 0) == (virtual > 0)
        assert gradients[-1].shape == inputs.shape


class TestJoined:
    def test_tokens(self):
        first, others = Sequences.from_tokens([["a", "b"], []]), Sequences.from_tokens([["c", "a"]])
        assert first.joined(others).tokens() == [["a", "b"], [], ["c", "a"]]
        assert first[:1].joined(first[1:]).categories is first.categories

    def test_vectors_of_the_first_count(self):
        first = Sequences.from_tokens([["a"]]).with_vectors(np.eye(3)[[2, 1, 0]] * [[0], [1], [1]])
        others = Sequences.from_tokens([["c", "a"]]).with_vectors(5 * np.eye(4)[:, 1:])
        joined = first.joined(others)
        assert joined[1].tolist() == [[0, 5, 0], joined[0][0].tolist()]

    def test_ids(self):
        joined = Sequences.from_ids([[3, 4]]).joined(Sequences.from_ids([[4, 5, 0]]))
        assert joined.codes.tolist() == [3, 4, 4, 5, 0]

    def test_others_are_refused(self):
        with pytest.raises(ValueError, match="one kind"):
            Sequences.from_ids([[3]]).joined(Sequences.from_tokens([["a"]]))
