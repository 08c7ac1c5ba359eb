"""Taggers that learn from unlabelled sentences."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from tagged import RAGGED, SENTENCES, STEPS, TAGS, assert_same, embedded, tagger

from sklstm import Sequences, load, save
from sklstm.model_selection import LabelledKFold
from sklstm.nn.objectives import Paths, Supervised, Unlabelled

LEARNS = {"adversarial": 2.0, "virtual_adversarial": 1.0, "entropy": 0.3}
OTHERS = [["Alan", "met", "Grace"], ["far"], ["in", "Paris"], []] * 3
X = SENTENCES[:10] + OTHERS
Y = TAGS[:10] + [None] * len(OTHERS)


def marginals(X, y, X_unlabelled=None, **params):
    fitted = tagger(**LEARNS, **params).fit(X, y, X_unlabelled=X_unlabelled)
    return fitted.predict_marginals(SENTENCES[:5])


class TestMarks:
    def test_are_as_good_as_sentences_apart(self):
        expected = marginals(X, Y)
        assert_same(marginals(X[:10], Y[:10], OTHERS), expected)
        unknown = [
            [None] * len(words) if tags is None and words else tags  # [] would be all its tags
            for words, tags in zip(X, Y, strict=True)
        ]
        for y in (unknown, np.array(Y, object), tuple(Y)):
            assert_same(marginals(X, y), expected)
        mixed = [X[0], X[10], *X[1:10], *X[11:]], [Y[0], Y[10], *Y[1:10], *Y[11:]]
        assert_same(marginals(*mixed), expected)

    @pytest.mark.parametrize("mark", [None, np.nan, [None] * 6])
    def test_without_the_losses_they_are_an_error(self, mark):
        y = [mark, *TAGS[1:]]
        with pytest.raises(ValueError, match=r"no tag for 1 of 20 .* sentence 0.*virtual_adv"):
            tagger().fit(SENTENCES, y)
        with pytest.raises(ValueError, match="no tag for 1 of 20"):
            tagger().partial_fit(SENTENCES, y, classes=["O", "B-PER", "I-PER"])

    @pytest.mark.parametrize(
        ("params", "y", "message"),
        [
            (LEARNS, [None] * 20, "every sentence as unlabelled"),
            (LEARNS, TAGS, "there are none: mark them in y by None"),
            ({**LEARNS, "adversarial": None}, [None, *TAGS[1:]], "set adversarial"),
            (LEARNS, [None, *TAGS[1:19]], "inconsistent numbers of samples"),
            ({**LEARNS, "entropy": -1.0}, TAGS, "entropy"),
            ({**LEARNS, "virtual_adversarial": np.inf}, TAGS, "virtual_adversarial"),
            ({**LEARNS, "adversarial": 0.0}, TAGS, "adversarial"),
        ],
    )
    def test_mistakes_are_told(self, params, y, message):
        with pytest.raises(ValueError, match=message):
            tagger(**params).fit(SENTENCES, y)

    def test_other_mistakes(self):
        with pytest.raises(ValueError, match="X_unlabelled has no effect"):
            tagger().fit(SENTENCES, TAGS, X_unlabelled=OTHERS)
        with pytest.raises(TypeError, match="both be Sequences"):
            tagger(**LEARNS).fit(SENTENCES, TAGS, X_unlabelled=Sequences.from_tokens(OTHERS))
        for others, message in (
            (None, "have no effect|there are none"),
            (3, "X_unlabelled"),
            ([["a", 3]], "X_unlabelled"),
            ([[1.0, 2.0]], "of one kind"),
        ):
            with pytest.raises((TypeError, ValueError), match=message):
                tagger(**LEARNS).fit(SENTENCES, TAGS, X_unlabelled=others)
        with pytest.raises(ValueError, match="y_val holds None"):
            tagger(**LEARNS).fit(X, Y, X_val=X, y_val=Y)


class TestTagger:
    def test_losses_are_told(self):
        fitted = tagger(**LEARNS).fit(X, Y)
        for epoch in fitted.history_:
            assert epoch["virtual_loss"] > 0
            assert 0 < epoch["entropy"] <= np.log(len(fitted.classes_)) + 1e-6  # of a step
        assert "virtual_loss" not in tagger().fit(SENTENCES, TAGS).history_[0]

    def test_certainty_grows_by_the_entropy_alone(self):
        params = {"adversarial": 1.0, "max_epochs": 10}
        sure = tagger(entropy=2.0, **params).fit(X, Y).history_[-1]["entropy"]
        unsure = tagger(virtual_adversarial=1e-9, **params).fit(X, Y).history_[-1]["entropy"]
        assert sure < unsure * 0.7

    @pytest.mark.parametrize(
        "params",
        [
            {"crf": False},
            {"n_members": 2, "train_scheme": "IOBES"},
            {"early_stopping": True, "scoring": "loss"},
            {"class_weight": "balanced", "dropout": 0.3, "locked_dropout": True},
            {"char_encoder": "cnn", "casing": True, "affixes": True, "wide": True},
            {"batch_size": 3, "average": 0.5, "cell": "gru", "word_dropout": 0.2},
            {"precision": "float64"},
        ],
        ids=str,
    )
    def test_goes_with_other_parameters(self, params, tmp_path):
        fitted = tagger(**LEARNS, **params).fit(X, Y)
        expected = fitted.predict_marginals(X)
        assert all(np.isfinite(row).all() for row in expected)
        assert_same(clone(fitted).fit(X, Y).predict_marginals(X), expected)
        assert_same(pickle.loads(pickle.dumps(fitted)).predict_marginals(X), expected)
        save(fitted, tmp_path / "tagger.sklstm")
        assert_same(load(tmp_path / "tagger.sklstm").predict_marginals(X), expected)
        for member in fitted.members_:
            assert member._X_unlabelled is None

    def test_of_vectors_and_numbers(self):
        vectors = embedded(X)
        assert tagger(**LEARNS).fit(vectors, Y).predict(vectors).shape == (len(X),)
        y = [*TAGS[:15], *[None] * 5]
        assert tagger(**LEARNS).fit(RAGGED, y).predict(RAGGED).shape == (20,)
        y = [["a", "b", "a", "a"]] * 12 + [None] * 8
        assert tagger(**LEARNS).fit(STEPS, y).predict(STEPS).shape == (20,)

    def test_words_of_unlabelled_sentences_are_known(self):
        fitted, labelled = tagger(**LEARNS).fit(X, Y), tagger().fit(X[:10], Y[:10])
        assert fitted.module_.embedding.weight.shape > labelled.module_.embedding.weight.shape

    def test_weights_of_labelled_sentences_count(self):
        weights = np.ones(len(X))
        plain = tagger(**LEARNS).fit(X, Y, weights).predict_marginals(X[:1])[0]
        weights[0] = 9
        changed = tagger(**LEARNS).fit(X, Y, weights).predict_marginals(X[:1])[0]
        assert not np.allclose(changed, plain)

    def test_portions_and_checkpoints(self, tmp_path):
        portions = tagger(**LEARNS)
        for rows in (slice(0, None, 2), slice(1, None, 2)):
            portions.partial_fit(X[rows], Y[rows], classes=sorted({t for row in TAGS for t in row}))
        assert portions.n_iter_ == 2
        kept = tagger(**LEARNS, checkpoint=tmp_path / "fit").fit(X, Y)
        assert_same(kept.predict_marginals(X), tagger(**LEARNS).fit(X, Y).predict_marginals(X))

    def test_a_search(self):
        grid = {"virtual_adversarial": [0.5, 1.0]}
        cv = LabelledKFold(2)
        search = GridSearchCV(tagger(**LEARNS), grid, cv=cv, error_score="raise")
        assert search.fit(X, Y).predict(X).shape == (len(X),)


class TestAdversarial:
    def test_learns_and_repeats(self):
        fitted = tagger(adversarial=2.0, max_epochs=3).fit(SENTENCES, TAGS)
        again = clone(fitted).fit(SENTENCES, TAGS)
        expected = fitted.predict_marginals(SENTENCES)
        assert_same(again.predict_marginals(SENTENCES), expected)
        plain = tagger(max_epochs=3).fit(SENTENCES, TAGS).predict_marginals(SENTENCES)
        assert not np.allclose(plain[0], expected[0])

    @pytest.mark.parametrize("kind", ["supervised", "unlabelled"])
    def test_the_wide_path_is_not_moved(self, kind):
        crf = tagger().fit(SENTENCES, TAGS).module_.crf
        n_tags, lengths, seen = crf.n_tags, torch.tensor([3, 2]), []
        maps = torch.randn(5, n_tags, generator=torch.Generator().manual_seed(0))

        def forward(inputs):
            seen.append(inputs.detach())
            return inputs @ maps

        def loss(outputs, part):
            return -crf.log_likelihood(outputs, torch.zeros(2, 3, dtype=torch.long), lengths).sum()

        inputs = torch.rand(2, 3, 5).requires_grad_()
        objective = Supervised(loss, 2.0)
        if kind == "unlabelled":
            objective = Unlabelled(2.0, 1.0, 1.0, Paths(crf, lengths), 5)
        objective.differentiate(forward, inputs, slice(0, 2), [], torch.tensor(1.0), 0, 3)
        assert len(seen) == 2 + (kind == "unlabelled")
        for moved in seen[1:]:
            assert not torch.equal(moved[..., :3], inputs[..., :3])
            assert torch.equal(moved[..., 3:], inputs[..., 3:])
        torch.testing.assert_close(
            (seen[-1] - inputs).flatten(1).norm(dim=1), torch.full((2,), 2.0), rtol=1e-5, atol=0
        )


def test_folds_of_sentences():
    y = [["O"], None, ["O", "B-A"], ["O"], ["O", None], [], ["B-A"]]
    folds = list(LabelledKFold(2).split(y, y))
    assert [test.tolist() for _, test in folds] == [[0, 2, 3], [5, 6]]
    assert [train.tolist() for train, _ in folds] == [[1, 4, 5, 6], [0, 1, 2, 3, 4]]
