"""scikit-learn's callbacks follow a fit: its networks and epochs, whatever is around it."""

import pickle
import re
import warnings
from copy import copy
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback, EpochScoring
from toys import LABELS, SERIES, TOKENS, Raise, classifier, y

from sklstm import (
    Collocations,
    Gazetteer,
    LSTMGenerator,
    LSTMRegressor,
    LSTMSeq2Seq,
    LSTMTagger,
    NaiveBayesWeights,
    SequencePadder,
    SlidingWindow,
    TokenIndexer,
    Tokenizer,
    Word2VecEmbedder,
)
from sklstm.embeddings import _embedder

callbacks = pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")

SMALL = {"hidden_size": 2, "max_epochs": 2, "random_state": 0}
TAGS = [["O"] * len(tokens) for tokens in TOKENS]
TEXTS = [" ".join(tokens) for tokens in TOKENS]


class Recorder:
    """Note each call, and the ids of the tasks on the way to it."""

    def __init__(self, stop_at=None, fail_at=None, error=ValueError):
        self.calls, self.scored = [], []
        self.stop_at, self.fail_at, self.error = stop_at, fail_at, error

    def note(self, event, context):
        self.calls.append((event, context.task_name, path(context)))
        if event == self.fail_at:
            raise self.error(event)

    def setup(self, estimator, context):
        self.note("setup", context)

    def teardown(self, estimator, context):
        self.note("teardown", context)

    def on_fit_task_begin(self, estimator, context, *, fitted_estimator=None):
        if fitted_estimator is not None:
            self.scored.append(("begin", path(context), fitted_estimator))
        self.note("begin", context)

    def on_fit_task_end(self, estimator, context, *, X=None, fitted_estimator=None, metadata=None):
        if fitted_estimator is not None:
            self.scored.append(("end", path(context), fitted_estimator))
        self.X, self.metadata = X, metadata
        self.note("end", context)
        return (context.task_name, context.task_id) == self.stop_at

    def tasks(self, event="end"):
        return [(name, ids) for told, name, ids in self.calls if told == event]


class Propagated(Recorder):
    """A recorder that goes down into every step."""

    max_propagation_depth = None


def path(context):
    return [] if context.parent is None else [*path(context.parent), context.task_id]


def followed(estimator, *args, recorder=None, **kwargs):
    recorder = recorder or Recorder()
    return estimator.set_callbacks(recorder).fit(*args, **kwargs), recorder


EPOCHS = [("epoch", [0]), ("epoch", [1]), ("fit", [])]


class TestTasks:
    @pytest.mark.parametrize(
        ("estimator", "data"),
        [
            (LSTMRegressor(**SMALL), (SERIES, SERIES.sum(axis=1))),
            (LSTMTagger(**SMALL), (TOKENS, TAGS)),
            (LSTMGenerator(**SMALL), (["abc", "ab"],)),
            (LSTMSeq2Seq(**SMALL), (["abc", "ab"], ["cba", "ba"])),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_are_the_fit_and_its_epochs(self, estimator, data):
        fitted, recorder = followed(clone(estimator), *data)
        assert recorder.tasks("setup") == recorder.tasks("teardown") == [("fit", [])]
        assert recorder.tasks("begin") == [EPOCHS[2], *EPOCHS[:2]]
        assert recorder.tasks() == EPOCHS
        assert not [name for name in vars(fitted) if "task" in name or name.endswith("_ctx")]
        for _, _, partly in recorder.scored:  # works whenever it was made
            assert hasattr(partly, "predict") is hasattr(fitted, "predict")
            getattr(partly, "predict", partly.score)(data[0])

    def test_are_known_in_number_when_they_begin(self):
        numbers = []

        class Counter(Recorder):
            def on_fit_task_begin(self, estimator, context):
                numbers.append(context.max_subtasks)

        followed(classifier(max_epochs="auto"), SERIES, y, recorder=Counter())
        assert numbers == [10, *[0] * 10]  # conftest.py has "auto" choose ten

    def test_of_several_networks_are_one_for_each(self):
        fitted, recorder = followed(
            classifier(n_members=2, wide=True, max_epochs=1), TOKENS, LABELS
        )
        assert recorder.tasks() == [
            ("epoch", [0, 0]), ("network", [0]), ("epoch", [1, 0]), ("network", [1]),
            ("linear-model", [2]), ("fit", []),
        ]  # fmt: skip
        wholes = {tuple(ids): partly for when, ids, partly in recorder.scored if when == "end"}
        np.testing.assert_array_equal(
            wholes[()].predict_proba(TOKENS), fitted.predict_proba(TOKENS)
        )
        for number, member in enumerate(fitted.members_):
            for ids in [(number,), (number, 0)]:
                np.testing.assert_array_equal(
                    wholes[ids].predict_proba(TOKENS), member.predict_proba(TOKENS)
                )
        assert not hasattr(fitted.members_[1], "_skl_callbacks")

    def test_of_a_partial_fit_are_one_epoch(self):
        recorder = Recorder()
        fitted = classifier().set_callbacks(recorder)
        for _ in range(2):
            fitted.partial_fit(SERIES, y, classes=[0, 1])
        assert recorder.tasks() == [("epoch", [0]), ("fit", [])] * 2

    def test_of_trained_vectors_are_epochs(self):
        params = {"vector_size": 2, "min_count": 1, "sample": 0, "random_state": 0}
        embedder = Word2VecEmbedder(epochs=2, **params)
        fitted, recorder = followed(clone(embedder), TOKENS)
        assert recorder.tasks() == EPOCHS
        for when, ids, partly in recorder.scored:
            is_last = (when, ids) in [("end", [1]), ("end", [])]
            assert np.array_equal(partly.vectors_, fitted.vectors_) is is_last
        np.testing.assert_array_equal(fitted.vectors_, embedder.fit(TOKENS).vectors_)

    def test_of_ready_vectors_are_the_fit_alone(self):
        embedder = Word2VecEmbedder(vectors={"good": [1.0], "bad": [2.0]})
        _, recorder = followed(embedder, [["good", "bad"]])
        assert recorder.tasks() == [("fit", [])]

    @pytest.mark.parametrize(
        ("transformer", "X"),
        [
            (Tokenizer(), TEXTS),
            (TokenIndexer(), TOKENS),
            (Collocations(), TOKENS),
            (Gazetteer({"NP": ["good film"]}), TOKENS),
            (SequencePadder(), TOKENS),
            (SlidingWindow(), SERIES),
            (NaiveBayesWeights(), abs(SERIES)),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_of_other_transformers_are_the_fit_alone(self, transformer, X):
        for method in ("fit", "fit_transform"):
            recorder = Recorder()
            getattr(transformer.set_callbacks(recorder), method)(X, y)
            assert recorder.calls == [(event, "fit", []) for event in
                                      ("setup", "begin", "end", "teardown")]  # fmt: skip

    def test_of_the_regressors_cross_fit_are_nobodys(self):
        X = np.arange(60).reshape(20, 3) / 60
        _, recorder = followed(LSTMRegressor(**SMALL), X, X.sum(axis=1))
        assert recorder.tasks() == EPOCHS


class TestScores:
    @pytest.mark.parametrize("average", [None, 0.5, "exponential"])
    def test_are_those_of_the_estimator_as_it_is(self, average):
        params = {"max_epochs": 4, "average": average}
        fitted, recorder = followed(classifier(**params), SERIES, y)
        partly = {(when, *ids): one for when, ids, one in recorder.scored}
        for epoch in range(4):
            assert partly["begin", epoch].n_iter_ == epoch
            assert partly["end", epoch].n_iter_ == epoch + 1
            if epoch:
                np.testing.assert_array_equal(
                    partly["begin", epoch].predict_proba(SERIES),
                    partly["end", epoch - 1].predict_proba(SERIES),
                )
            if average is None:
                shorter = classifier(max_epochs=epoch + 1).fit(SERIES, y)
                np.testing.assert_array_equal(
                    partly["end", epoch].predict_proba(SERIES), shorter.predict_proba(SERIES)
                )
        np.testing.assert_array_equal(
            partly["end", 3].predict_proba(SERIES), fitted.predict_proba(SERIES)
        )

    @pytest.mark.parametrize(
        "params",
        [{"dropout": 0.3}, {"average": 0.5}, {"n_members": 2}, {"early_stopping": True}],
        ids=str,
    )
    def test_leave_training_as_it_is(self, params):
        monitor = callbacks.ScoringMonitor(scoring="neg_log_loss")
        watched = classifier(**params).set_callbacks(monitor).fit(SERIES, y)
        alone = classifier(**params).fit(SERIES, y)
        np.testing.assert_array_equal(watched.predict_proba(SERIES), alone.predict_proba(SERIES))

    def test_come_in_order(self):
        monitor = callbacks.ScoringMonitor(scoring="neg_log_loss")
        fitted = classifier(lr=0.05).set_callbacks(monitor).fit(SERIES, y)
        rows = monitor.get_logs().data
        scores = [row["neg_log_loss"] for row in rows if row["task_name"] == "epoch"]
        assert scores == sorted(scores)
        assert len(scores) == 3
        assert scores[-1] == pytest.approx(-log_loss(y, fitted.predict_proba(SERIES)))

    def test_are_of_what_the_network_learns_from(self):
        weights = np.arange(1.0, 21)
        _, recorder = followed(
            classifier(early_stopping=True, validation="last", validation_fraction=0.25),
            SERIES, y, sample_weight=weights,
        )  # fmt: skip
        np.testing.assert_array_equal(recorder.X, SERIES[:15])
        np.testing.assert_array_equal(recorder.metadata["sample_weight"], weights[:15])


class TestStopping:
    def test_ends_training_with_what_was_learned(self):
        stopper = Recorder(stop_at=("epoch", 1))
        fitted, recorder = followed(classifier(max_epochs=9), SERIES, y, recorder=stopper)
        assert fitted.n_iter_ == 2
        assert recorder.tasks() == EPOCHS
        shorter = classifier(max_epochs=2).fit(SERIES, y)
        np.testing.assert_array_equal(fitted.predict_proba(SERIES), shorter.predict_proba(SERIES))

    def test_of_one_fit_is_no_end_of_a_search(self):
        estimator = classifier(max_epochs=9).set_callbacks(Recorder(stop_at=("epoch", 0)))
        search = GridSearchCV(estimator, {"hidden_size": [2, 3]}, cv=2).fit(SERIES, y)
        assert search.best_estimator_.n_iter_ == 1

    def test_of_one_network_leaves_the_next_alone(self):
        stopper = Recorder(stop_at=("epoch", 0))
        fitted, _ = followed(classifier(n_members=2), SERIES, y, recorder=stopper)
        assert [member.n_iter_ for member in fitted.members_] == [1, 1]

    @pytest.mark.parametrize("wide", [False, True])
    def test_after_a_network_trains_no_other(self, wide):
        stopper = Recorder(stop_at=("network", 1))
        fitted, _ = followed(classifier(n_members=4, wide=wide), TOKENS, LABELS, recorder=stopper)
        assert len(fitted.members_) == 2
        assert fitted.predict(TOKENS).shape == (20,)

    @pytest.mark.parametrize("algorithm", ["word2vec", "fasttext"])
    def test_ends_the_training_of_vectors(self, algorithm):
        params = {"vector_size": 2, "min_count": 1, "algorithm": algorithm, "n_buckets": 50}
        embedder = Word2VecEmbedder(epochs=9, random_state=0, **params)
        fitted, recorder = followed(embedder, TOKENS, recorder=Recorder(stop_at=("epoch", 1)))
        assert recorder.tasks() == EPOCHS
        at_the_end = recorder.scored[-2][2]
        np.testing.assert_array_equal(fitted.vectors_, at_the_end.vectors_)
        assert fitted.transform(TOKENS)[0].shape == (3, 2)


class TestFailing:
    @pytest.mark.parametrize("event", ["setup", "begin", "end"])
    @pytest.mark.parametrize("params", [{}, {"n_members": 2}], ids=str)
    def test_callback_tears_down_and_loses_nothing(self, event, params):
        fitted = classifier(**params).fit(SERIES, y)
        before = fitted.predict_proba(SERIES)
        recorder = Recorder(fail_at=event)
        with pytest.raises(ValueError, match=event):
            followed(fitted, SERIES, 1 - y, recorder=recorder)
        assert recorder.calls[-1] == ("teardown", "fit", [])
        assert not [name for name in vars(fitted) if "task" in name or name.endswith("_ctx")]
        np.testing.assert_array_equal(fitted.set_callbacks().predict_proba(SERIES), before)
        fitted.fit(SERIES, y)

    def test_teardown_raises(self):
        with pytest.raises(ValueError, match="teardown"):
            followed(classifier(), SERIES, y, recorder=Recorder(fail_at="teardown"))

    def test_embedder_tears_down(self):
        recorder = Recorder(fail_at="end")
        with pytest.raises(ValueError, match="end"):
            followed(Word2VecEmbedder(min_count=1), TOKENS, recorder=recorder)
        assert recorder.calls[-1] == ("teardown", "fit", [])

    def test_epoch_ends_all_the_same(self):
        estimator = classifier(callbacks=[Raise("on_batch_end", KeyboardInterrupt)])
        with pytest.warns(UserWarning, match="interrupted"):
            fitted, recorder = followed(estimator, SERIES, y)
        assert fitted.n_iter_ == 1
        assert recorder.tasks() == EPOCHS
        assert [ids for when, ids, _ in recorder.scored if when == "end"] == [[0], []]

    def test_epoch_that_diverges_ends_all_the_same(self):
        class Break(Callback):
            def on_batch_end(self, net, training, **kwargs):
                if len(net.history) == 2:
                    next(net.module_.parameters()).data.fill_(np.nan)

        with pytest.warns(UserWarning, match="Lower lr"):
            fitted, recorder = followed(classifier(callbacks=[Break()]), SERIES, y)
        assert recorder.tasks() == EPOCHS
        assert fitted.n_iter_ == 1
        np.testing.assert_array_equal(
            recorder.scored[-1][2].predict_proba(SERIES), fitted.predict_proba(SERIES)
        )

    def test_class_is_refused(self):
        with pytest.raises(TypeError, match="FitCallback"):
            classifier().set_callbacks(Recorder)


class TestCopies:
    @pytest.mark.parametrize("own", [None, [EpochScoring("accuracy")]], ids=["", "skorch"])
    def test_of_an_estimator_share_its_callbacks(self, own):
        recorder = Recorder()
        estimator = classifier(callbacks=own).set_callbacks(recorder)
        assert clone(estimator)._skl_callbacks == [recorder]

    def test_are_pickled_with_their_callbacks(self):
        monitor = callbacks.ScoringMonitor(scoring="accuracy")
        fitted = classifier().set_callbacks(monitor).fit(SERIES, y)
        again = pickle.loads(pickle.dumps(fitted))
        np.testing.assert_array_equal(again.predict_proba(SERIES), fitted.predict_proba(SERIES))
        assert len(again._skl_callbacks[0].get_logs().data) == 4

    def test_may_be_made_while_an_estimator_is_fitted(self):
        sizes = []

        class Pickler(Recorder):
            def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
                for one in (fitted_estimator, copy(estimator)):
                    one = pickle.loads(pickle.dumps(one.set_callbacks()))
                    sizes.append(one.predict(SERIES).shape)
                    assert not [name for name in vars(one) if "task" in name]

        pickler = Pickler()
        followed(classifier(max_epochs=1), SERIES, y, recorder=pickler)
        assert sizes == [(20,)] * 4


def text_pipeline(**params):
    embedder = Word2VecEmbedder(vector_size=2, min_count=1, epochs=2, random_state=0)
    return make_pipeline(Tokenizer(), embedder, classifier(**{"max_epochs": 2, **params}))


class TestInside:
    def test_a_pipeline_each_step_is_followed(self):
        recorder = Propagated()
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of a step without callbacks
            text_pipeline().set_callbacks(recorder).fit(TEXTS, LABELS)
        assert recorder.tasks() == [
            ("fit", [0]), ("epoch", [1, 0]), ("epoch", [1, 1]), ("fit", [1]),
            ("epoch", [2, 0]), ("epoch", [2, 1]), ("fit", [2]), ("fit", []),
        ]  # fmt: skip

    def test_a_search_each_fold_is_followed(self):
        recorder = Propagated()
        search = GridSearchCV(text_pipeline(), {"lstmclassifier__lr": [0.01, 0.1]}, cv=2)
        search.set_callbacks(recorder).fit(TEXTS, LABELS)
        epochs = [ids for name, ids in recorder.tasks() if name == "epoch"]
        assert epochs == [
            [*fit, step, epoch]
            for fit in ([0, 0], [0, 1], [0, 2], [0, 3], [1])
            for step in (1, 2)
            for epoch in (0, 1)
        ]

    def test_a_search_of_two_processes_scores_arrive(self):
        monitor = callbacks.ScoringMonitor(scoring="accuracy")
        pipe = text_pipeline()
        pipe[-1].set_callbacks(monitor)
        search = GridSearchCV(pipe, {"lstmclassifier__lr": [0.01, 0.1]}, cv=2, n_jobs=2)
        bar = callbacks.ProgressBar(max_propagation_depth=None)
        search.set_callbacks(bar).fit(TEXTS, LABELS)
        [log] = monitor.get_logs(select="all")
        assert log.estimator_name == "GridSearchCV"
        assert sum(row["task_name"] == "epoch" for row in log.data) == 5 * 2

    def test_a_search_one_bar_is_enough(self, capsys):
        search = GridSearchCV(text_pipeline(), {"lstmclassifier__lr": [0.01, 0.1]}, cv=2)
        search.set_callbacks(callbacks.ProgressBar(max_propagation_depth=0)).fit(TEXTS, LABELS)
        lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
        assert [re.sub(r"\W.*", "", line.strip()) for line in lines] == ["GridSearchCV"] * 2
        assert all("100%" in line for line in lines)


def test_without_callbacks_nothing_is_copied(monkeypatch):
    def refuse(*args):
        raise AssertionError("copied")

    monkeypatch.setattr("sklstm._callbacks._epoch_tasks.copy", refuse)
    monkeypatch.setattr(_embedder, "copy", refuse)
    text_pipeline(n_members=2).fit(TEXTS, LABELS)


def test_the_guides_example(capsys):
    guide = Path(__file__).parents[1] / "docs" / "user_guide" / "training.rst"
    _, section = guide.read_text().split("scikit-learn's callbacks\n----")
    search, held_out, *_ = re.findall(r"code-block:: python\n\n((?: {4}.*\n|\n)+)", section)
    names = {}
    exec(dedent(search).replace("n_jobs=2", "n_jobs=1"), names)
    epochs = names["monitor"].get_logs().data_as_pandas.query("task_name == 'epoch'")
    assert len(epochs) == 5 * 4
    assert "GridSearchCV - search" in capsys.readouterr().out
    exec(dedent(held_out), names)
    monitor = names["HeldOutMonitor"](SERIES[:5], y[:5], scoring="accuracy")
    fitted = classifier().set_callbacks(monitor).fit(SERIES, y)
    assert monitor.get_logs().data[0]["accuracy"] == fitted.score(SERIES[:5], y[:5])
