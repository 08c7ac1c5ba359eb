"""Early stopping: what is held out, what is compared, and which weights are kept."""

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier, VotingClassifier
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupShuffleSplit,
    KFold,
    PredefinedSplit,
    cross_val_predict,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toys import SERIES, STEPS, TOKENS, Raise, classifier, embedded, spy, y

from sklstm import LSTMGenerator, LSTMRegressor, LSTMSeq2Seq, LSTMTagger
from sklstm.metrics import entity_f1_scorer

FAST = {"hidden_size": 8, "lr": 0.1, "random_state": 0, "early_stopping": True}
WORDS = ["abc", "de", "fghi", "ab"] * 5
TAGS = [["O"] * (len(tokens) - 1) + ["B-END"] for tokens in TOKENS]
NOISE = np.random.RandomState(2).randn(30, 5)
NOISE_LABELS = np.arange(30) * 7 % 3 % 2
KINDS = {
    "classifier": (classifier, SERIES, y, NOISE, NOISE_LABELS),
    "regressor": (LSTMRegressor, SERIES, SERIES[:, 0] ** 2, NOISE, NOISE[:, 1]),
    "tagger": (LSTMTagger, TOKENS, TAGS, TOKENS[:3], [["B-END", *tags[:-1]] for tags in TAGS[:3]]),
    "seq2seq": (LSTMSeq2Seq, WORDS, WORDS, WORDS[:6], WORDS[1:7]),
    "generator": (LSTMGenerator, WORDS, None, ["ihgf", "cba"], None),
}


def record(score):
    """A scorer that notes what it gets."""
    seen = []

    def scorer(estimator, X, y):
        seen.append((X, y))
        return score(estimator, X, y)

    return scorer, seen


def parts_of(model, X, targets, **fit_params):
    """Fit, and return the training and validation data."""
    callback, log = spy(
        "on_epoch_begin", lambda net, dataset_train, dataset_valid: (dataset_train, dataset_valid)
    )
    model.set_params(callbacks=[callback], max_epochs=1).fit(X, targets, **fit_params)
    return log[0]


class TestScoring:
    @pytest.mark.parametrize("kind", KINDS)
    def test_the_best_epoch_by_score_is_kept(self, kind):
        make, X, targets, X_val, y_val = KINDS[kind]
        scores = iter([0.1, 0.3, 0.2, 0.3, 0.1])
        predictions = []

        def scorer(estimator, X, y):
            predictions.append([w.detach().clone() for w in estimator.module_.parameters()])
            return next(scores)

        model = make(**FAST, scoring=scorer, n_iter_no_change=3, max_epochs=50)
        model.fit(X, targets, X_val=X_val, y_val=y_val)
        assert [epoch["valid_score"] for epoch in model.history_] == [0.1, 0.3, 0.2, 0.3, 0.1]
        for kept, best in zip(model.module_.parameters(), predictions[1], strict=True):
            assert kept.equal(best)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_scorer_gets_what_fit_got(self, kind):
        make, X, targets, X_val, y_val = KINDS[kind]
        scorer, seen = record(lambda estimator, X, y: estimator.score(X, y))
        model = make(**FAST, scoring=scorer, max_epochs=2).fit(X, targets, X_val=X_val, y_val=y_val)
        assert all(X_seen is X_val and y_seen is y_val for X_seen, y_seen in seen)
        assert max(epoch["valid_score"] for epoch in model.history_) == pytest.approx(
            model.score(X_val, y_val)
        )
        seen.clear()
        clone(model).fit(X, targets)
        X_seen, y_seen = seen[0]
        assert len(X_seen) == 2
        assert type(X_seen) is type(X)
        assert targets is None or type(y_seen) is type(targets)

    @pytest.mark.parametrize(
        ("scoring", "score"),
        [
            ("roc_auc", None),
            ("neg_log_loss", None),
            (None, None),
            (make_scorer(f1_score, pos_label="pos"), lambda m, X, t: f1_score(
                t, m.predict(X), pos_label="pos")),
        ],
    )  # fmt: skip
    def test_scorers_of_scikit_learn(self, scoring, score):
        labels = np.array(["neg", "pos"])[y]
        y_val = np.array(["neg", "pos"])[NOISE_LABELS]
        model = classifier(**FAST, scoring=scoring, max_epochs=40)
        model.fit(SERIES, labels, X_val=NOISE, y_val=y_val)
        scores = [epoch["valid_score"] for epoch in model.history_]
        assert model.n_iter_ == np.argmax(scores) + 1 + 3 < 40
        if score is not None:
            assert score(model, NOISE, y_val) == max(scores)
        if scoring is None:
            assert model.score(NOISE, y_val) == max(scores)

    def test_tagger(self):
        _, X, targets, X_val, y_val = KINDS["tagger"]
        model = LSTMTagger(**FAST, scoring=entity_f1_scorer, max_epochs=3)
        model.fit(X, targets, X_val=X_val, y_val=y_val)
        history = model.history_
        assert [epoch["valid_score"] for epoch in history] == [e["valid_f1"] for e in history]
        by_loss = clone(model).set_params(scoring="loss", max_epochs=40)
        by_loss.fit(X, targets, X_val=X_val, y_val=y_val)
        losses = [epoch["valid_loss"] for epoch in by_loss.history_]
        assert by_loss.n_iter_ == np.argmin(losses) + 1 + 3 < 40

    @pytest.mark.parametrize("returned", [np.nan, "high", [1.0, 2.0]])
    def test_what_is_no_number(self, returned):
        model = classifier(**FAST, scoring=lambda estimator, X, y: returned)
        with pytest.raises(ValueError, match="for the validation data; it must return one number"):
            model.fit(SERIES, y)

    def test_unknown_names(self):
        with pytest.raises(ValueError, match="'scoring' parameter of LSTMClassifier must be"):
            classifier(**FAST, scoring="f2").fit(SERIES, y)
        with pytest.raises(ValueError, match="metric function rather than a scorer"):
            classifier(**FAST, scoring=f1_score).fit(SERIES, y)


class TestHoldingOut:
    @pytest.mark.parametrize("kind", KINDS)
    def test_the_last(self, kind):
        make, X, targets, _, _ = KINDS[kind]
        model = make(**FAST, validation="last", validation_fraction=0.2)
        train, valid = parts_of(model, X, targets)
        assert list(map(np.array_equal, train.X, X[:16])) == [True] * 16
        assert list(map(np.array_equal, valid.X, X[16:])) == [True] * 4
        if targets is not None:
            assert list(map(np.array_equal, valid.y, targets[16:])) == [True] * 4

    @pytest.mark.parametrize(
        "X", [STEPS, pd.DataFrame(SERIES), embedded(), [row[:3] for row in STEPS], tuple(TOKENS)]
    )
    def test_forms_of_input(self, X):
        scorer, seen = record(lambda estimator, X, y: estimator.score(X, y))
        model = classifier(**FAST, scoring=scorer, validation="last", max_epochs=1).fit(X, y)
        (held_out, labels) = seen[0]
        assert len(held_out) == 2
        np.testing.assert_array_equal(labels, y[-2:])
        np.testing.assert_allclose(model.predict_proba(held_out), model.predict_proba(X)[-2:], 1e-5)

    @pytest.mark.parametrize("kind", KINDS)
    def test_splitters(self, kind):
        make, X, targets, _, _ = KINDS[kind]
        fold = np.where(np.arange(20) % 4 == 1, 0, -1)
        _, valid = parts_of(make(**FAST, validation=PredefinedSplit(fold)), X, targets)
        assert list(map(np.array_equal, valid.X, X[1::4])) == [True] * 5
        _, valid = parts_of(make(**FAST, validation=KFold(4)), X, targets)
        assert len(valid) == 5

    @pytest.mark.parametrize("kind", KINDS)
    def test_groups(self, kind):
        make, X, targets, _, _ = KINDS[kind]
        groups = np.arange(20) // 5
        splitter = GroupShuffleSplit(1, test_size=1, random_state=0)
        [(_, held_out)] = splitter.split(X, groups=groups)
        _, valid = parts_of(make(**FAST, validation=splitter), X, targets, groups=groups)
        assert len(set(groups[held_out])) == 1
        assert list(map(np.array_equal, valid.X, [X[row] for row in held_out])) == [True] * 5
        with pytest.raises(ValueError, match=r"hold out a part of 20 .*'groups'"):
            make(**FAST, validation=splitter).fit(X, targets)
        for validation in ("random", "last"):
            message = f"groups have no effect with validation={validation!r}"
            with pytest.warns(UserWarning, match=message):
                parts_of(make(**FAST, validation=validation), X, targets, groups=groups)

    def test_a_single_text(self):
        text = "abcdefghij" * 10
        scorer, seen = record(lambda estimator, X, y: 1.0)
        params = {**FAST, "bptt_steps": 20, "max_epochs": 1, "validation_fraction": 0.2}
        LSTMGenerator(**params, scoring=scorer, validation="last").fit([text])
        ([tail], _) = seen[0]
        assert text.endswith(tail)
        assert len(tail) == 19  # the end counts as a symbol

    @pytest.mark.parametrize("validation", ["first", None, 3])
    def test_what_is_no_way_to_hold_out(self, validation):
        with pytest.raises(ValueError, match="'validation' parameter of LSTMClassifier must be"):
            classifier(**FAST, validation=validation).fit(SERIES, y)

    @pytest.mark.parametrize("labels", ["abcd" * 5, "a" + "b" * 19])
    def test_rare_classes(self, labels):
        """Fewer held-out samples than classes, or one sample of a class, are not stratified."""
        fitted = classifier(**FAST, max_epochs=1).fit(SERIES, list(labels))
        assert fitted.classes_.tolist() == sorted(set(labels))
        assert "valid_loss" in fitted.history_[0]

    def test_an_impossible_split(self):
        with pytest.raises(ValueError, match=r"cannot hold out .* or pass X_val and y_val"):
            classifier(**FAST, validation=KFold(30)).fit(SERIES, y)


class TestWarmStart:
    @pytest.mark.parametrize("scoring", ["loss", None])
    @pytest.mark.parametrize("kind", KINDS)
    def test_the_best_of_all_calls_is_kept(self, kind, scoring):
        make, X, targets, X_val, y_val = KINDS[kind]
        model = make(**FAST, scoring=scoring, warm_start=True, max_epochs=20)
        model.fit(X, targets, X_val=X_val, y_val=y_val)
        name = model._monitored
        sign = -1 if name == "valid_loss" else 1
        best = max(sign * epoch[name] for epoch in model.history_)
        before = [weight.detach().clone() for weight in model.module_.parameters()]
        n_iter = model.n_iter_
        model.set_params(lr=1.0).fit(X, targets, X_val=X_val, y_val=y_val)
        again = max(sign * epoch[name] for epoch in model.history_[n_iter:])
        same = all(map(np.array_equal, before, (w.detach() for w in model.module_.parameters())))
        nothing_to_lose = name != "valid_loss" and best == 0  # then training takes its time
        assert same == (again <= best) or nothing_to_lose
        assert kind not in ("classifier", "regressor") or scoring is None or same

    def test_the_same_samples_are_held_out(self):
        model = classifier(**FAST, warm_start=True)
        _, first = parts_of(model, SERIES, y)
        _, second = parts_of(model, SERIES, y)
        np.testing.assert_array_equal(first.X, second.X)

    def test_the_best_loss_so_far_is_that_of_all_calls(self):
        model = classifier(**FAST, warm_start=True, max_epochs=10)
        model.fit(SERIES, y, X_val=NOISE, y_val=NOISE_LABELS)
        model.set_params(lr=1.0).fit(SERIES, y, X_val=NOISE, y_val=NOISE_LABELS)
        losses = [epoch["valid_loss"] for epoch in model.history_]
        flags = [epoch["valid_loss_best"] for epoch in model.history_]
        expected = [all(loss < earlier for earlier in losses[:n]) for n, loss in enumerate(losses)]
        assert flags == expected


def in_threads(search):
    with parallel_config("threading"):  # processes take seconds to start
        search.fit(SERIES, y)


def several_fits():
    model = classifier(callbacks=[Raise("on_batch_end", KeyboardInterrupt, 2)])
    generator = LSTMGenerator(callbacks=[Raise("on_batch_end", KeyboardInterrupt, 2)])
    return {
        "search": lambda: GridSearchCV(model, {"lr": [0.1, 0.2]}, cv=2).fit(SERIES, y),
        "n_jobs": lambda: in_threads(GridSearchCV(model, {"lr": [0.1]}, cv=2, n_jobs=2)),
        "pipeline": lambda: cross_validate(make_pipeline(StandardScaler(), model), SERIES, y, cv=2),
        "predict": lambda: cross_val_predict(model, SERIES, y, cv=2),
        "texts": lambda: cross_validate(generator, WORDS, cv=2),
        "voting": lambda: VotingClassifier([("a", model), ("b", model)]).fit(SERIES, y),
        "bagging": lambda: BaggingClassifier(model, n_estimators=2).fit(SERIES, y),
        "boosting": lambda: AdaBoostClassifier(model, n_estimators=2).fit(SERIES, y),
    }


@pytest.mark.parametrize("name", several_fits())
def test_an_interruption_ends_several_fits(name):
    with pytest.raises(KeyboardInterrupt):
        several_fits()[name]()


def test_an_interruption_of_a_single_fit_in_a_pipeline():
    model = make_pipeline(
        StandardScaler(), classifier(callbacks=[Raise("on_batch_end", KeyboardInterrupt, 2)])
    )
    with pytest.warns(UserWarning, match="interrupted in epoch 2"):
        model.fit(SERIES, y)
    assert model[-1].n_iter_ == 1
