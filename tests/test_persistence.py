"""Fitted estimators go into a file and come out the same, elsewhere and without a GPU."""

import copy
import os
import pickle
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pytest
import skops.io
import torch
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import make_pipeline
from toys import LABELS, SERIES, TOKENS, Raise, classifier, embedded, y

from sklstm import (
    LSTMClassifier,
    LSTMGenerator,
    LSTMRegressor,
    LSTMSeq2Seq,
    LSTMTagger,
    SequencePadder,
    TokenIndexer,
    Tokenizer,
    Word2VecEmbedder,
)

TEXTS = [" ".join(tokens) for tokens in TOKENS]
NEW_TEXTS = ["a good plot", "", "unknown words", "bad bad bad"]


def pipeline(**params):
    return make_pipeline(
        Tokenizer(),
        Word2VecEmbedder(vector_size=8, min_count=1, random_state=0),
        SequencePadder(max_length=6),
        classifier(**params),
    )


def n_bytes(estimator):
    return len(pickle.dumps(estimator))


def weight_bytes(estimator):
    return sum(w.numel() * w.element_size() for w in estimator.module_.parameters())


def dump_pickle(model, path):
    path.write_bytes(pickle.dumps(model))


@pytest.mark.parametrize(
    ("dump", "params"),
    [
        (joblib.dump, {"fine_tune_embeddings": False}),
        (dump_pickle, {"fine_tune_embeddings": True, "bidirectional": True}),
    ],
)
def test_another_process_predicts_the_same(dump, params, tmp_path):
    model = pipeline(device="cpu", **params).fit(TEXTS, LABELS)
    model[-1].device = "cuda"  # as if it had been trained on a GPU, which the other process lacks
    dump(model, tmp_path / "model")
    script = f"""
import joblib, numpy as np, torch
model = joblib.load("model")
assert not torch.cuda.is_available()
np.save("proba.npy", model.predict_proba({NEW_TEXTS!r}))
np.save("labels.npy", model.predict({NEW_TEXTS!r}))
"""
    environment = {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    expected = model.predict_proba(NEW_TEXTS)
    np.testing.assert_array_equal(np.load(tmp_path / "proba.npy"), expected)
    np.testing.assert_array_equal(np.load(tmp_path / "labels.npy"), model.predict(NEW_TEXTS))


class TestSize:
    def test_is_about_that_of_the_weights(self):
        for params in ({}, {"vocabulary_size": 3000}, {"bidirectional": True, "n_layers": 2}):
            X = SERIES if "vocabulary_size" not in params else [[2, 3], [4]] * 10
            fitted = LSTMClassifier(hidden_size=128, max_epochs=2, **params).fit(X, y)
            assert weight_bytes(fitted) < n_bytes(fitted) < 1.05 * weight_bytes(fitted) + 8000

    @pytest.mark.parametrize("fine_tune", [False, True])
    def test_of_a_pipeline(self, fine_tune):
        words = [f"word{number}" for number in range(500)]
        tokens = [words[row::20] for row in range(20)]
        model = make_pipeline(
            Word2VecEmbedder(vector_size=100, min_count=1, epochs=1, random_state=0),
            LSTMClassifier(hidden_size=64, max_epochs=1, fine_tune_embeddings=fine_tune),
        ).fit(tokens, y)
        vectors = 500 * 100 * 4
        assert n_bytes(model) < 1.3 * (vectors + weight_bytes(model[-1])) + 20_000

    def test_does_not_grow_with_the_data(self):
        few, many = (
            classifier(max_epochs=1).fit(np.tile(SERIES, (times, 1)), np.tile(y, times))
            for times in (1, 50)
        )
        assert n_bytes(many) == pytest.approx(n_bytes(few), abs=100)


class TestGoingOn:
    def test_partial_fit_after_loading(self):
        fitted = classifier(max_epochs=3).fit(TOKENS, LABELS, X_val=TOKENS, y_val=LABELS)
        loaded = pickle.loads(pickle.dumps(fitted))
        assert loaded.history_ == fitted.history_
        loaded.partial_fit(TOKENS, LABELS)
        assert (loaded.n_iter_, fitted.n_iter_) == (4, 3)
        assert [epoch["epoch"] for epoch in loaded.history_] == [1, 2, 3, 4]
        assert loaded.history_[-1]["train_loss"] < loaded.history_[0]["train_loss"]

    def test_warm_start_after_loading(self):
        fitted = classifier(warm_start=True, early_stopping=True).fit(SERIES, y)
        loaded = pickle.loads(pickle.dumps(fitted)).set_params(max_epochs=2)
        assert loaded.fit(SERIES, y).n_iter_ == fitted.n_iter_ + 2

    def test_a_fit_anew_after_loading_is_the_first_fit(self):
        fitted = pipeline().fit(TEXTS, LABELS)
        expected = fitted.predict_proba(NEW_TEXTS)
        loaded = pickle.loads(pickle.dumps(fitted)).fit(TEXTS, LABELS)
        np.testing.assert_array_equal(loaded.predict_proba(NEW_TEXTS), expected)

    def test_sgd_goes_on_as_if_nothing_had_happened(self):
        fitted = classifier(optimizer="sgd", lr=0.1).fit(SERIES, y)
        loaded = pickle.loads(pickle.dumps(fitted))
        one, two = (
            model.partial_fit(SERIES, y).predict_proba(SERIES) for model in (fitted, loaded)
        )
        np.testing.assert_array_equal(one, two)

    @pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
    def test_training_names_the_missing_device(self):
        fitted = classifier().fit(SERIES, y).set_params(device="cuda")
        loaded = pickle.loads(pickle.dumps(fitted))
        with pytest.raises(ValueError, match="device='cuda' cannot be used here; take 'auto'"):
            loaded.partial_fit(SERIES, y)
        assert loaded.set_params(device="auto").partial_fit(SERIES, y).n_iter_ == 4


class TestCopies:
    def test_a_deep_copy_is_on_its_own(self):
        fitted = classifier().fit(embedded(), LABELS)
        expected = fitted.predict_proba(embedded())
        copied = copy.deepcopy(fitted)
        np.testing.assert_array_equal(copied.predict_proba(embedded()), expected)
        copied.partial_fit(embedded(), LABELS)
        with torch.no_grad():
            copied.module_.output.bias.fill_(5.0)
        np.testing.assert_array_equal(fitted.predict_proba(embedded()), expected)

    def test_a_shallow_copy_may_be_trained(self):
        fitted = classifier().fit(SERIES, y)
        expected = fitted.predict_proba(SERIES)
        copy.copy(fitted).partial_fit(SERIES, y)
        np.testing.assert_array_equal(fitted.predict_proba(SERIES), expected)


def test_loading_prints_nothing_and_draws_nothing(capsys):
    stored = pickle.dumps(classifier(verbose=1).fit(SERIES, y))
    capsys.readouterr()
    state = torch.get_rng_state()
    pickle.loads(stored)
    assert torch.equal(torch.get_rng_state(), state)
    assert capsys.readouterr() == ("", "")


def test_the_summary_survives():
    fitted = classifier(fine_tune_embeddings=False).fit(embedded(), LABELS)
    again = pickle.loads(pickle.dumps(fitted))
    assert again.summary()._repr_html_() == fitted.summary()._repr_html_()


def test_an_unfitted_estimator_stays_one():
    loaded = pickle.loads(pickle.dumps(LSTMRegressor(lr=0.5)))
    assert (loaded.lr, hasattr(loaded, "net_")) == (0.5, False)


def test_an_interrupted_estimator_is_stored_too():
    interrupted = classifier(callbacks=[Raise("on_batch_end", KeyboardInterrupt, 1)])
    with pytest.warns(UserWarning, match="interrupted"):
        interrupted.fit(SERIES, y)
    loaded = pickle.loads(pickle.dumps(interrupted))
    np.testing.assert_array_equal(loaded.predict_proba(SERIES), interrupted.predict_proba(SERIES))


SMALL = {"hidden_size": 4, "max_epochs": 1, "random_state": 0}
TAGS = [["O"] * (len(tokens) - 1) + ["B-END"] for tokens in TOKENS]


def fitted_of_every_kind():
    words, turned = ["abc", "de"] * 9, ["cba", "ed"] * 9
    embedder = Word2VecEmbedder(vector_size=4, min_count=1, random_state=0)
    fasttext = Word2VecEmbedder(
        vector_size=4, min_count=1, random_state=0, algorithm="fasttext", n_buckets=9
    )
    indexed = make_pipeline(Tokenizer(), TokenIndexer(), SequencePadder(max_length=3))
    return {
        "fine-tuned": (make_pipeline(embedder, LSTMClassifier(**SMALL)), TOKENS, LABELS),
        "fastText": (make_pipeline(fasttext, LSTMClassifier(**SMALL)), TOKENS, LABELS),
        "indexed": (make_pipeline(indexed, LSTMClassifier(**SMALL)), TEXTS, LABELS),
        "regressor": (LSTMRegressor(**SMALL), SERIES, SERIES[:, :2]),
        "tagger": (LSTMTagger(char_encoder="cnn", casing=True, **SMALL), TOKENS, TAGS),
        "IOBES": (LSTMTagger(train_scheme="IOBES", **SMALL), TOKENS, TAGS),
        "seq2seq": (LSTMSeq2Seq(**SMALL), words, turned),
        "generator": (LSTMGenerator(**SMALL), words, None),
        "labels": (LSTMGenerator(**SMALL), words, [1, 2] * 9),
        "numbers": (LSTMGenerator(**SMALL), words, np.arange(18.0)),
    }


@pytest.mark.parametrize("name", fitted_of_every_kind())
def test_skops(name):
    model, X, target = fitted_of_every_kind()[name]
    dumped = skops.io.dumps(model.fit(X, target))
    types = skops.io.get_untrusted_types(data=dumped)
    assert all(kind.startswith(("builtins.", "sklstm.")) for kind in types)
    loaded = skops.io.loads(dumped, trusted=types)
    if isinstance(model, LSTMGenerator):
        expected, got = model.score_samples(X, target), loaded.score_samples(X, target)
    else:
        expected, got = model.predict(X), loaded.predict(X)
    assert list(map(np.array_equal, got, expected)) == [True] * len(X)
    loaded.fit(X, target)


@pytest.fixture
def warns_each_time():
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(before)


@pytest.mark.filterwarnings("error")
@pytest.mark.usefixtures("warns_each_time")
class TestReadOnlyArrays:
    """joblib maps large arrays into its workers' memory, read-only."""

    def test_everywhere(self, tmp_path):
        sequences = embedded()
        for array in (sequences.codes, sequences.offsets, sequences.vectors):
            array.flags.writeable = False
        joblib.dump(SERIES, tmp_path / "series")
        series = joblib.load(tmp_path / "series", mmap_mode="r")
        numbers = read_only(SERIES[:, 0])
        for fine_tune in (True, False):
            model = LSTMClassifier(fine_tune_embeddings=fine_tune, early_stopping=True, **SMALL)
            model.fit(sequences, read_only(LABELS), sample_weight=read_only(np.ones(20)))
            tagger = LSTMTagger(fine_tune_embeddings=fine_tune, casing=True, **SMALL)
            tagger.fit(sequences, TAGS).predict(sequences)
        assert len(LSTMRegressor(**SMALL).fit(series, numbers).predict(series)) == 20
        generator = LSTMGenerator(**SMALL).fit(TEXTS, read_only(SERIES.astype(np.float32)))
        assert len(generator.sample(2, condition=read_only(SERIES[0]))) == 2
        joblib.dump(model, tmp_path / "model")
        loaded = joblib.load(tmp_path / "model", mmap_mode="r")
        np.testing.assert_array_equal(loaded.predict(sequences), model.predict(sequences))
        assert loaded.partial_fit(sequences, LABELS).n_iter_ == 2


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


class TestOtherVersions:
    """As scikit-learn does for its own estimators."""

    def test_of_the_same_ones_say_nothing(self):
        stored = [pickle.dumps(model) for model in (Tokenizer(), classifier().fit(SERIES, y))]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            list(map(pickle.loads, stored))

    def test_of_sklstm(self, monkeypatch):
        stored = pickle.dumps(Tokenizer())
        monkeypatch.setattr("sklstm._versions.__version__", "9.0")
        with pytest.warns(InconsistentVersionWarning, match=r"Tokenizer .* sklstm .* \(now 9.0"):
            pickle.loads(stored)

    @pytest.mark.parametrize("package", ["scikit-learn", "torch"])
    def test_of_packages(self, package, monkeypatch):
        monkeypatch.setattr("sklstm._versions._installed", {package: "1.0"}.get)
        stored = pickle.dumps(classifier().fit(SERIES, y))
        monkeypatch.setattr("sklstm._versions._installed", {package: "1.1"}.get)
        with pytest.warns(InconsistentVersionWarning, match=rf"{package} 1.0 \(now 1.1\)") as found:
            loaded = pickle.loads(stored)
        assert len(found) == 1
        assert loaded.predict(SERIES).shape == (20,)

    def test_torch_counts_for_networks_only(self, monkeypatch):
        stored = [pickle.dumps(model) for model in (Tokenizer(), LSTMClassifier())]
        monkeypatch.setattr("sklstm._versions._installed", {"scikit-learn": "1.0"}.get)
        for pickled in stored:
            with pytest.warns(InconsistentVersionWarning, match="saved with scikit-learn") as found:
                pickle.loads(pickled)
            assert "torch" not in str(found[0].message)

    def test_parameters_that_came_later_have_their_default(self):
        state = Tokenizer(lowercase=False).__getstate__()
        del state["char_spans"]
        loaded = Tokenizer.__new__(Tokenizer)
        loaded.__setstate__(state)
        assert (loaded.char_spans, loaded.lowercase) == (False, False)

    def test_before_there_were_records(self):
        loaded = Tokenizer()
        with pytest.warns(InconsistentVersionWarning, match="an unknown version"):
            loaded.__setstate__({"lowercase": False})
        assert not loaded.lowercase
