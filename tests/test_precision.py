"""bfloat16 in every estimator, on processors that compute it and on those that do not."""

import os
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from toys import LABELS, SERIES, TOKENS, classifier, y

from sklstm import LSTMClassifier, LSTMGenerator, LSTMRegressor, LSTMSeq2Seq, LSTMTagger, _net

TAGS = [["X" if word in ("good", "bad") else "O" for word in tokens] for tokens in TOKENS]
DATA = {
    LSTMClassifier: (TOKENS, LABELS),
    LSTMRegressor: (SERIES, SERIES[:, 0]),
    LSTMTagger: (TOKENS, TAGS),
    LSTMGenerator: (["abcabc", "acb"] * 5,),
    LSTMSeq2Seq: (["abc", "ba"] * 5, ["cba", "ab"] * 5),
}
FALLS_BACK = "precision='bfloat16' trains in float32 here"


@pytest.fixture
def without_bfloat16(monkeypatch):
    """A processor that lacks the kernel, whatever this one has."""
    monkeypatch.setattr(_net, "runs_bfloat16", lambda device: False)


def outputs(estimator, X):
    """What the network makes of X, to the last digit."""
    if isinstance(estimator, LSTMTagger):
        return np.concatenate(estimator.predict_marginals(X))
    if isinstance(estimator, LSTMGenerator):
        return estimator.score_samples(X)
    if isinstance(estimator, LSTMSeq2Seq):
        return np.array([score for beams in estimator.predict_n_best(X, 2) for _, score in beams])
    return estimator.predict_proba(X) if hasattr(estimator, "classes_") else estimator.predict(X)


def small(Estimator, **params):
    return Estimator(**{"hidden_size": 4, "max_epochs": 2, "random_state": 0, **params})


@pytest.mark.usefixtures("without_bfloat16")
class TestWithoutTheKernel:
    @pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", "mingru"])
    @pytest.mark.parametrize("Estimator", DATA)
    def test_trains_in_float32_and_warns_once(self, Estimator, cell):
        X, *targets = DATA[Estimator]
        model = small(Estimator, cell=cell, precision="bfloat16")
        with pytest.warns(UserWarning, match=FALLS_BACK) as caught:
            model.fit(X, *targets)
        assert len(caught) == 1
        assert caught[0].filename == __file__
        exact = small(Estimator, cell=cell, precision="float32").fit(X, *targets)
        np.testing.assert_array_equal(outputs(model, X), outputs(exact, X))

    def test_named_in_net_params(self):
        with pytest.warns(UserWarning, match=FALLS_BACK):
            model = classifier(net_params={"precision": "bfloat16"}).fit(TOKENS, LABELS)
        np.testing.assert_array_equal(
            model.predict_proba(TOKENS), classifier().fit(TOKENS, LABELS).predict_proba(TOKENS)
        )

    @pytest.mark.parametrize("precision", ["auto", "float32", "float64"])
    def test_no_other_precision_warns(self, precision):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            classifier(precision=precision).fit(TOKENS, LABELS).predict(TOKENS)


@pytest.mark.parametrize("Estimator", DATA)
def test_a_model_moves_to_a_processor_without_the_kernel_and_back(Estimator, monkeypatch):
    X, *targets = DATA[Estimator]
    model = small(Estimator, precision="bfloat16").fit(X, *targets)
    before = outputs(model, X)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(_net, "runs_bfloat16", lambda device: False)
        there = pickle.loads(pickle.dumps(model))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            np.testing.assert_allclose(outputs(there, X), before, atol=0.03)
        with pytest.warns(UserWarning, match=FALLS_BACK):
            clone(there).fit(X, *targets)
        back = pickle.loads(pickle.dumps(there))
    np.testing.assert_array_equal(outputs(back, X), before)


def test_learning_goes_on_without_the_kernel(without_bfloat16):
    model = classifier(precision="bfloat16")
    for _ in range(2):
        with pytest.warns(UserWarning, match=FALLS_BACK):
            model.partial_fit(SERIES, y, classes=[0, 1])
    assert model.n_iter_ == 2


def test_on_an_older_processor():
    """What the kernels themselves do where oneDNN is kept from AVX-512, and so from bfloat16."""
    script = """
import pickle, sys, warnings
from sklstm import LSTMClassifier
from sklstm._device import runs_bfloat16
model, X, y = pickle.load(sys.stdin.buffer)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    answer = [model.predict_proba(X)]
    assert not caught
    again = LSTMClassifier(**model.get_params()).fit(X, y)
    assert bool(caught) != runs_bfloat16("cpu"), caught
answer.append(again.predict_proba(X))
sys.stdout.buffer.write(pickle.dumps(answer))
"""
    model = classifier(precision="bfloat16", bidirectional=True).fit(TOKENS, LABELS)
    run = subprocess.run(
        [sys.executable, "-c", script],
        input=pickle.dumps((model, TOKENS, LABELS)),
        capture_output=True,
        env={**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"},
        check=True,
    )
    for there in pickle.loads(run.stdout):
        np.testing.assert_allclose(there, model.predict_proba(TOKENS), atol=0.03)


def test_trying_draws_no_random_numbers():
    before = torch.get_rng_state()
    _net.runs_bfloat16.__wrapped__("cpu")
    assert torch.equal(torch.get_rng_state(), before)
