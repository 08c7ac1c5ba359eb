"""A fit that is interrupted goes on from its checkpoint, and ends as if nothing had happened."""

import inspect
import os
import pickle
import re
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from gensim.models.callbacks import CallbackAny2Vec
from safetensors.torch import load_file
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.utils import check_random_state
from skorch.callbacks import Callback, EarlyStopping, EpochScoring, LRScheduler
from toys import LABELS, RAGGED, SERIES, TOKENS, Spoil, classifier, y

from sklstm import (
    LSTMClassifier,
    LSTMGenerator,
    LSTMRegressor,
    LSTMSeq2Seq,
    LSTMTagger,
    Sequences,
    Word2VecEmbedder,
)
from sklstm._fingerprint import fingerprint
from sklstm._interruption import terminable
from sklstm._net import Net
from sklstm.embeddings import _training as embedder_training

TEXTS = [" ".join(tokens) for tokens in TOKENS]
TAGS = [["O"] * len(tokens) for tokens in TOKENS]
TINY = {"hidden_size": 3, "max_epochs": 3, "batch_size": 5, "random_state": 0}


class Crash(Exception):
    """The end of a training, as if the machine had failed."""


class Count(Callback):
    """Counts the batches that all its copies learn from, and breaks off after some of them."""

    left, n_seen = None, 0

    def on_batch_end(self, net, training=False, **kwargs):
        if training:
            Count.n_seen += 1
            if Count.left == Count.n_seen:
                raise Crash


def count(fit, left=None):
    """Fit, break off after some batches if told so, and return how many batches there were."""
    Count.n_seen, Count.left = 0, left
    if left is None:
        fit()
    else:
        with pytest.raises(Crash):
            fit()
        Count.left = None
    return Count.n_seen


def learned(estimator):
    """All numbers that a fit has made: weights, moments and history of every network."""
    numbers = [estimator.module_.state_dict(), estimator.net_.optimizer_.state_dict()["state"]]
    epochs = [
        {key: of for key, of in epoch.items() if key != "dur"} for epoch in estimator.history_
    ]
    others = [learned(other) for other in getattr(estimator, "_others", ())]
    return fingerprint(numbers, epochs, others, getattr(estimator, "wide_weights_", None))


def series(**params):
    return classifier(**{"callbacks": [Count()], "batch_size": 5, **params})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint"


CASES = {
    "classifier": (LSTMClassifier, {"dropout": 0.3}, (TOKENS, LABELS)),
    "early stopping": (
        LSTMClassifier,
        {"early_stopping": True, "n_iter_no_change": 1, "average": 0.5, "max_epochs": 6},
        (SERIES, y),
    ),
    "exponential": (LSTMClassifier, {"average": "exponential", "optimizer": "sgd"}, (RAGGED, y)),
    "members": (LSTMClassifier, {"n_members": 3, "max_epochs": 2}, (TOKENS, LABELS)),
    "wide": (LSTMClassifier, {"n_members": 2, "wide": True, "max_epochs": 2}, (TOKENS, LABELS)),
    "regressor": (LSTMRegressor, {}, (np.tile(SERIES, (2, 1)), np.arange(40.0))),
    "tagger": (LSTMTagger, {}, (TOKENS, TAGS)),
    "generator": (
        LSTMGenerator,
        {"bptt_steps": 20, "embedding_dim": 3, "tie_weights": True, "precision": "bfloat16"},
        (TEXTS,),
    ),
    "seq2seq": (LSTMSeq2Seq, {"optimizer": "rmsprop"}, (TOKENS, TOKENS)),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:.*bfloat16")
@pytest.mark.parametrize(("kind", "params", "data"), CASES.values(), ids=CASES)
def test_goes_on_and_ends_with_the_same_bits(kind, params, data, path):
    def make(**more):
        return kind(**{**TINY, "callbacks": [Count()], **params, **more})

    whole = make()
    n_batches = count(lambda: whole.fit(*data))
    resumed = make(checkpoint=path)
    count(lambda: resumed.fit(*data), left=n_batches - 1)
    n_left = count(lambda: make(checkpoint=path).fit(*data))
    assert n_left < n_batches  # it did not begin anew
    assert count(lambda: resumed.fit(*data)) == 0  # nor trains a finished fit
    assert learned(resumed) == learned(whole)


class TestResuming:
    def test_of_the_networks_that_weigh_a_ridge_regression(self, path, monkeypatch):
        data = np.tile(SERIES, (2, 1)), np.arange(40.0)
        whole = LSTMRegressor(**TINY, wide=True).fit(*data)
        n_steps, weighed, trained, parts = [], [], Net.train_step, LSTMRegressor._parts

        def count_steps(net, *args, **kwargs):
            n_steps.append(1)
            return trained(net, *args, **kwargs)

        def crash(regressor, samples):
            weighed.append(regressor)
            if len(weighed) == 1:
                raise Crash
            return parts(regressor, samples)

        monkeypatch.setattr(Net, "train_step", count_steps)
        model = LSTMRegressor(**TINY, wide=True, checkpoint=path)
        with monkeypatch.context() as patch:
            patch.setattr(LSTMRegressor, "_parts", crash)
            with pytest.raises(Crash):
                model.fit(*data)
        n_first, _ = len(n_steps), n_steps.clear()
        model.fit(*data)
        assert learned(model) == learned(whole)
        n_second, _ = len(n_steps), n_steps.clear()
        LSTMRegressor(**TINY, wide=True).fit(*data)
        assert 0 < n_second == len(n_steps) - n_first

    def test_several_times(self, path):
        whole = series(max_epochs=4).fit(SERIES, y)
        for n_batches in (5, 1, 6, 3):  # of 4 in an epoch
            model = series(max_epochs=4, checkpoint=path)
            count(lambda model=model: model.fit(SERIES, y), left=n_batches)
        assert count(lambda: model.fit(SERIES, y)) == 8
        assert learned(model) == learned(whole)

    def test_goes_on_with_the_same_training_afterwards(self, path):
        whole = series().fit(SERIES, y).partial_fit(SERIES, y)
        model = series(checkpoint=path)
        count(lambda: model.fit(SERIES, y), left=10)
        assert learned(model.fit(SERIES, y).partial_fit(SERIES, y)) == learned(whole)
        again = series(checkpoint=path).fit(SERIES, y).partial_fit(SERIES, y)  # a finished fit
        assert learned(again) == learned(whole)

    def test_keeps_the_state_of_skorch_callbacks(self, path):
        own = [
            Count(),
            LRScheduler("ReduceLROnPlateau", monitor="train_loss", patience=0, threshold=1.0),
            LRScheduler("MultiStepLR", milestones=[2, 3], gamma=0.5),
            EpochScoring("accuracy", lower_is_better=False),
            EarlyStopping("train_loss", patience=2, threshold=1.0, load_best=True),
        ]
        data = {"X": SERIES, "y": y, "X_val": SERIES, "y_val": 1 - y}
        whole = series(max_epochs=5, callbacks=own)
        n_batches = count(lambda: whole.fit(**data))
        model = series(max_epochs=5, callbacks=own, checkpoint=path)
        count(lambda: model.fit(**data), left=n_batches - 1)
        assert count(lambda: model.fit(**data)) == 4
        assert learned(model) == learned(whole)
        again = series(max_epochs=5, callbacks=own, checkpoint=path)
        assert count(lambda: again.fit(**data)) == 0
        assert learned(again.partial_fit(SERIES, y)) == learned(whole.partial_fit(SERIES, y))

    def test_keeps_the_state_that_a_callback_tells(self, path):
        class Decay(Callback):
            def __init__(self):
                self.factor = 1.0

            def on_epoch_end(self, net, **kwargs):
                self.factor *= 0.5
                for group in net.optimizer_.param_groups:
                    group["lr"] = 0.01 * self.factor

            def state_dict(self):
                return {"factor": self.factor}

            def load_state_dict(self, state):
                self.factor = state["factor"]

        whole = series(callbacks=[Count(), Decay()]).fit(SERIES, y)
        model = series(callbacks=[Count(), Decay()], checkpoint=path)
        count(lambda: model.fit(SERIES, y), left=10)
        assert learned(model.fit(SERIES, y)) == learned(whole)

    def test_without_a_random_state_keeps_the_seed(self, path):
        model = series(random_state=None, n_members=2, max_epochs=2, checkpoint=path)
        count(lambda: model.fit(SERIES, y), left=13)
        seeds = []
        for _ in range(2):
            assert count(lambda: clone(model).fit(SERIES, y)) == (0 if seeds else 4)
            seeds.append(learned(model.fit(SERIES, y)))
        assert seeds[0] == seeds[1]

    def test_leaves_the_generator_of_numpy_alone(self, path):
        before = fingerprint(check_random_state(None))
        classifier(checkpoint=path).fit(SERIES, y)
        assert fingerprint(check_random_state(None)) == before

    def test_a_warm_start(self, path):
        start = series(warm_start=True).fit(SERIES, y)
        whole = pickle.loads(pickle.dumps(start)).fit(SERIES, y)
        model = pickle.loads(pickle.dumps(start)).set_params(checkpoint=path)
        count(lambda: model.fit(SERIES, y), left=10)
        assert (count(lambda: model.fit(SERIES, y)), model.n_iter_) == (4, 6)
        assert learned(model) == learned(whole)
        with pytest.raises(ValueError, match="other data: what an earlier fit has learned differs"):
            model.fit(SERIES, y)

    def test_an_iterator_of_samples(self, path):
        model = classifier(max_epochs=1, checkpoint=path)
        model.fit(iter(TOKENS), LABELS)
        assert learned(model.fit(iter(TOKENS), LABELS)) == learned(
            classifier(max_epochs=1).fit(TOKENS, LABELS)
        )

    def test_diverged(self, path):
        model = series(callbacks=[Count(), Spoil("on_batch_end", 2)], checkpoint=path)
        found = []
        for n_batches in (5, 0):
            with pytest.warns(UserWarning, match="finite"):
                assert count(lambda: model.fit(SERIES, y)) == n_batches
            found.append(learned(model))
        assert found[0] == found[1]

    def test_leaves_no_trace_in_the_estimator(self, path):
        model = series(n_members=2, checkpoint=path).fit(SERIES, y)
        assert not [one for one in model.members_ if "_log" in vars(one)]
        with pytest.raises(ValueError, match="one class"):
            series(checkpoint=path.with_name("another")).fit(SERIES, 0 * y)
        assert "_log" not in vars(model)
        assert not path.with_name("another").exists()


class TestWord2Vec:
    @pytest.mark.parametrize("params", [{}, {"algorithm": "fasttext", "n_buckets": 50}])
    def test_ends_with_the_same_bits(self, params, path, monkeypatch):
        def make(**more):
            own = {"vector_size": 4, "min_count": 1, "epochs": 4, "random_state": 0, "sample": 0.01}
            return Word2VecEmbedder(**own, **params, **more)

        corpus = TOKENS * 5
        whole = make().fit(corpus)
        seen = []

        class Break(CallbackAny2Vec):
            def __init__(self, *arguments):
                self.epoch = 0

            def on_epoch_begin(self, model):
                self.epoch += 1
                seen.append(self.epoch)
                if len(seen) == 3:
                    raise Crash

        monkeypatch.setattr("sklstm.embeddings._embedder.Progress", Break)
        with pytest.raises(Crash):
            make(checkpoint=path).fit(corpus)
        read = []
        original = embedder_training.Corpus.__iter__

        def spy(corpus):
            before = len(read)
            for tokens in original(corpus):
                read.append(tokens)
                yield tokens
            seen.append(len(read) - before)

        monkeypatch.setattr(embedder_training.Corpus, "__iter__", spy)
        seen += [0]
        resumed = make(checkpoint=path).fit(corpus)
        np.testing.assert_array_equal(resumed.vectors_, whole.vectors_)
        assert len(read) == 2 * len(corpus)
        again = make(checkpoint=path).fit(corpus)
        np.testing.assert_array_equal(again.vectors_, whole.vectors_)
        assert len(read) == 2 * len(corpus)
        if params:
            np.testing.assert_array_equal(again.ngram_vectors_, whole.ngram_vectors_)

    def test_other_data_are_refused(self, path):
        embedder = Word2VecEmbedder(vector_size=4, min_count=1, epochs=1, checkpoint=path)
        embedder.fit(TOKENS)
        with pytest.raises(ValueError, match="other data: X differs"):
            embedder.fit(TOKENS[:-1])

    def test_has_no_effect_on_pretrained_vectors(self, path):
        Word2VecEmbedder(vectors={"good": np.ones(3)}, checkpoint=path).fit([["good"]])
        assert not path.exists()


class TestRefusing:
    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"hidden_size": 5}, "other parameters: hidden_size=4 in place of 5. Choose"),
            ({"max_epochs": 9, "lr": 0.5}, "lr=0.003 in place of 0.5, max_epochs=3 in place of 9"),
            ({"callbacks": [EarlyStopping()]}, "other parameters: callbacks="),
            ({"random_state": np.random.RandomState(0)}, "other parameters: random_state=0"),
        ],
    )
    def test_other_parameters(self, params, message, path):
        classifier(checkpoint=path).fit(SERIES, y)
        with pytest.raises(ValueError, match=message):
            classifier(checkpoint=path, **params).fit(SERIES, y)

    def test_what_learns_nothing_may_differ(self, path, capsys):
        classifier(checkpoint=str(path)).fit(SERIES, y)
        model = classifier(checkpoint=path, checkpoint_minutes=5, verbose=1).fit(SERIES, y)
        assert learned(model) == learned(classifier().fit(SERIES, y))

    @pytest.mark.parametrize(
        ("change", "names"),
        [
            ({"X": SERIES + 1e-9}, "X differs"),
            ({"y": 1 - y, "sample_weight": 1 + y}, "y, sample_weight differ"),
            ({"X_val": SERIES, "y_val": y}, "X_val, y_val differ"),
        ],
    )
    def test_other_data(self, change, names, path):
        classifier(checkpoint=path).fit(SERIES, y)
        with pytest.raises(ValueError, match=f"a fit on other data: {names}. Choose another path"):
            classifier(checkpoint=path).fit(**{"X": SERIES, "y": y, **change})

    def test_another_estimator(self, path):
        classifier(checkpoint=path).fit(SERIES, y)
        with pytest.raises(ValueError, match="a fit of LSTMClassifier, not of LSTMRegressor"):
            LSTMRegressor(checkpoint=path).fit(SERIES, y)

    def test_a_file_that_is_no_checkpoint(self, path):
        path.write_text("my thesis")
        with pytest.raises(ValueError, match="is another file, which a checkpoint would overwrite"):
            classifier(checkpoint=path).fit(SERIES, y)
        assert path.read_text() == "my thesis"

    def test_a_folder_that_cannot_be_made(self, path):
        path.write_text("")
        with pytest.raises(ValueError, match=r"needs the folder .* which cannot be made"):
            classifier(checkpoint=path / "inside").fit(SERIES, y)

    def test_a_split_that_is_drawn_anew(self, path):
        model = series(early_stopping=True, validation=ShuffleSplit(1), checkpoint=path)
        count(lambda: model.fit(SERIES, y), left=6)
        with pytest.raises(ValueError, match="Give the splitter in validation a random_state"):
            model.fit(SERIES, y)

    @pytest.mark.parametrize("minutes", [-1, "5"])
    def test_minutes(self, minutes, path):
        with pytest.raises(ValueError, match="checkpoint_minutes"):
            classifier(checkpoint=path, checkpoint_minutes=minutes).fit(SERIES, y)


class TestFiles:
    def interrupted(self, path, left=10):
        model = series(checkpoint=path)
        count(lambda: model.fit(SERIES, y), left=left)
        return model

    def test_the_newest_two_are_kept(self, path):
        self.interrupted(path)
        assert sorted(file.name for file in path.parent.iterdir()) == [
            "checkpoint",
            "checkpoint.previous",
        ]

    @pytest.mark.parametrize("n_bytes", [0, 5, 40, 1000, -1])
    def test_a_truncated_one_gives_way_to_the_one_before(self, n_bytes, path):
        model = self.interrupted(path)
        path.write_bytes(path.read_bytes()[:n_bytes])
        with pytest.warns(RuntimeWarning, match="is damaged .* the one before it is used"):
            assert count(lambda: model.fit(SERIES, y)) == 8
        assert learned(model) == learned(series().fit(SERIES, y))

    def test_an_altered_one_gives_way_to_the_one_before(self, path):
        model = self.interrupted(path)
        content = bytearray(path.read_bytes())
        content[-10] ^= 1
        path.write_bytes(content)
        with pytest.warns(RuntimeWarning, match="is damaged .*SHA-256"):
            assert count(lambda: model.fit(SERIES, y)) == 8

    def test_without_a_whole_one_training_begins_anew(self, path):
        model = self.interrupted(path, left=6)
        path.write_bytes(path.read_bytes()[:100])
        with pytest.warns(RuntimeWarning, match="is damaged .* training begins anew"):
            assert count(lambda: model.fit(SERIES, y)) == 12

    def test_a_kill_between_two_renames(self, path):
        model = self.interrupted(path)
        path.rename(path.with_name("checkpoint.previous"))
        path.with_name("checkpoint.123.tmp").write_bytes(b"half")
        assert count(lambda: model.fit(SERIES, y)) == 4
        assert not list(path.parent.glob("*.tmp"))

    def test_no_code_is_in_the_file(self, path):
        self.interrupted(path)
        assert any(name.endswith("weights.output.weight.array") for name in load_file(path))

    def test_minutes_between_two(self, path):
        model = series(checkpoint=path, checkpoint_minutes=60.0)
        count(lambda: model.fit(SERIES, y), left=10)
        assert not path.exists()
        assert count(lambda: model.fit(SERIES, y)) == 12
        assert count(lambda: model.fit(SERIES, y)) == 0

    def test_a_full_disk_costs_no_training(self, path, monkeypatch):
        whole = series().fit(SERIES, y)
        model = self.interrupted(path, left=6)
        before = path.read_bytes()

        def fail(handle):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fail)
            with pytest.warns(RuntimeWarning, match="could not be written .*No space left"):
                model.fit(SERIES, y)
            assert learned(model) == learned(whole)
            assert path.read_bytes() == before
            assert [file.name for file in path.parent.iterdir()] == ["checkpoint"]
        assert count(lambda: model.fit(SERIES, y)) == 8
        assert learned(model) == learned(whole)

    @pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no such limit here")
    def test_a_limit_of_the_size_of_files(self, path):
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
            with pytest.warns(RuntimeWarning, match="could not be written .*too large"):
                series(checkpoint=path).fit(SERIES, y)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert not list(path.parent.iterdir())

    def test_other_versions_warn(self, path, monkeypatch):
        model = self.interrupted(path)
        monkeypatch.setattr("sklstm._checkpoints.current_versions", lambda names: {"torch": "9.9"})
        with pytest.warns(
            UserWarning, match=f"written with .*torch {torch.__version__.split('+')[0]}"
        ):
            model.fit(SERIES, y)


class TestFolder:
    def test_a_search_goes_on(self, tmp_path):
        folder = f"{tmp_path}/runs/"

        def make(**params):
            model = series(max_epochs=2, **params)
            return GridSearchCV(model, {"hidden_size": [2, 3]}, cv=2, scoring="neg_log_loss")

        whole = make()
        n_batches = count(lambda: whole.fit(SERIES, y))
        search = make(checkpoint=folder)
        count(lambda: search.fit(SERIES, y), left=n_batches - 3)
        assert count(lambda: search.fit(SERIES, y)) == 4
        for name in ("mean_test_score", "split1_test_score"):
            np.testing.assert_array_equal(search.cv_results_[name], whole.cv_results_[name])
        assert len(list((tmp_path / "runs").glob("LSTMClassifier-*.ckpt"))) == 5

    def test_a_pipeline_may_have_one_for_all(self, tmp_path):
        pipe = make_pipeline(
            Word2VecEmbedder(vector_size=3, min_count=1, epochs=1, random_state=0),
            series(max_epochs=1),
        )
        pipe.set_params(word2vecembedder__checkpoint=tmp_path, lstmclassifier__checkpoint=tmp_path)
        pipe.fit(TOKENS, LABELS)
        assert count(lambda: pipe.fit(TOKENS, LABELS)) == 0
        names = sorted(file.name.split("-")[0] for file in tmp_path.glob("*.ckpt"))
        assert names == ["LSTMClassifier", "Word2VecEmbedder"]


class TestSigterm:
    def terminate(self, at=6):
        class Terminate(Callback):
            n_seen = 0

            def on_batch_end(self, net, training=False, **kwargs):
                Terminate.n_seen += 1
                if Terminate.n_seen == at:
                    signal.raise_signal(signal.SIGTERM)

        return Terminate()

    def test_keeps_what_was_learned(self, path):
        before = signal.getsignal(signal.SIGTERM)
        model = classifier(batch_size=5, callbacks=[self.terminate()], checkpoint=path)
        with pytest.warns(UserWarning, match="interrupted"):
            model.fit(SERIES, y)
        assert model.n_iter_ == 1
        assert model.predict(SERIES).shape == (20,)
        assert signal.getsignal(signal.SIGTERM) == before
        assert model.fit(SERIES, y).n_iter_ == 3
        assert learned(model) == learned(classifier(batch_size=5).fit(SERIES, y))

    @pytest.mark.filterwarnings("ignore:.*interrupted")
    def test_ends_the_training_of_several_networks(self, path):
        model = series(callbacks=[self.terminate()], n_members=3, checkpoint=path)
        assert len(model.fit(SERIES, y).members_) == 1
        assert len(model.fit(SERIES, y).members_) == 3
        assert learned(model) == learned(series(n_members=3).fit(SERIES, y))

    def test_ends_a_search(self):
        model = classifier(batch_size=5, callbacks=[self.terminate()])
        with pytest.raises(KeyboardInterrupt):
            GridSearchCV(model, {"lr": [0.1, 0.2]}, cv=2).fit(SERIES, y)

    def test_calls_the_handler_of_the_user_first(self):
        called = []
        before = signal.signal(signal.SIGTERM, lambda number, frame: called.append(number))
        try:
            with pytest.raises(KeyboardInterrupt), terminable():
                signal.raise_signal(signal.SIGTERM)
            assert called == [signal.SIGTERM]
            signal.raise_signal(signal.SIGTERM)
            assert len(called) == 2
        finally:
            signal.signal(signal.SIGTERM, before)

    def test_goes_on_being_ignored(self):
        before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
        try:
            with terminable():
                signal.raise_signal(signal.SIGTERM)
        finally:
            signal.signal(signal.SIGTERM, before)

    def test_another_thread_leaves_handlers_alone(self):
        seen = []

        def work():
            with terminable():
                seen.append(signal.getsignal(signal.SIGTERM))

        before = signal.getsignal(signal.SIGTERM)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert seen == [before]


def test_three_kills():
    """The small form of what ``benchmarks/resume.py`` does with every estimator."""
    script = Path(__file__).parents[1] / "benchmarks" / "resume.py"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, script, "--kills", "3", "--only", "LSTMClassifier, wide", "--dry"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert re.search(r"LSTMClassifier, wide +\| +3 \| +3 \|", run.stdout), run.stdout


class TestFingerprint:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ([["a", "b"]], [["a"], ["b"]]),
            (["ab", "c"], ["a", "bc"]),
            (np.zeros(2), np.zeros(2, np.float32)),
            (np.zeros((2, 3)), np.zeros((3, 2))),
            ([np.zeros(2)], [np.ones(2)]),
            ({"a": np.zeros(1)}, {"b": np.zeros(1)}),
            (np.array([None, "a"]), np.array([None, "b"])),
            (ShuffleSplit(2), ShuffleSplit(3)),
            (lambda p: 1 - p, lambda p: 2 - p),
            (np.random.RandomState(0), np.random.RandomState(1)),
            (np.ma.masked_array([1, 2], [0, 1]), np.ma.masked_array([1, 2], [1, 0])),
            (b"a", b"b"),
            ({1, 2}, {1, 3}),
            (Sequences.from_tokens([["a"]]), Sequences.from_tokens([["b"]])),
        ],
    )
    def test_tells_two_values_apart(self, one, other):
        assert fingerprint(one) != fingerprint(other)

    def test_is_the_same_in_another_process(self):
        command = (
            "import runpy, sys; fingerprint = runpy.run_path(sys.argv[1])['fingerprint'];"
            "print(fingerprint({'b', 'a'}, print, {'x': [1.5, None], 2: fingerprint}))"
        )
        found = {
            subprocess.run(
                [sys.executable, "-c", command, inspect.getfile(fingerprint)],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                check=True,
            ).stdout
            for seed in ("1", "2")
        }
        assert len(found) == 1

    def test_of_frames(self):
        pandas = pytest.importorskip("pandas")
        frames = [pandas.DataFrame({"a": [1, 2]}), pandas.DataFrame({"b": [1, 2]})]
        frames += [pandas.DataFrame({"a": [1, 3]}), pandas.Series(["a", None])]
        assert len({fingerprint(frame) for frame in frames}) == 4

    def test_of_what_holds_itself(self):
        loop = [object]
        loop.append(loop)
        assert fingerprint(loop) == fingerprint(loop)
