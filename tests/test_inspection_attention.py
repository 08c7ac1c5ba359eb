"""attention_weights and AttentionDisplay."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils import Bunch
from toys import LABELS, TOKENS, classifier

from sklstm import LSTMSeq2Seq, TokenIndexer
from sklstm.inspection import (
    AttentionDisplay,
    attention_weights,
    gate_activations,
    gradient_flow,
    hidden_states,
    token_contributions,
)

mpl.use("agg")
X, Y = ["abc", "b", "cabb", "ac"] * 6, ["cba", "b", "bbac", "ca"] * 6


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module", params=["additive", "dot"])
def model(request):
    model = LSTMSeq2Seq(
        attention=request.param, hidden_size=24, lr=0.03, max_epochs=15, batch_size=6,
        random_state=0,
    )  # fmt: skip
    return model.fit(X, Y)


class TestWeights:
    def test_of_predictions(self, model):
        found = attention_weights(model, X[:4])
        predicted = model.predict(X[:4])
        assert found.outputs == list(map(list, predicted))
        assert found.tokens == list(map(list, X[:4]))
        for weights, source, output in zip(found.weights, X, predicted, strict=False):
            assert weights.shape == (len(output), len(source))
            assert weights.dtype == np.float32
            assert weights.min() >= 0
            np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)

    def test_of_given_outputs(self, model):
        found = attention_weights(model, ["abc", "b"], ["a", "cabbcabb"])
        assert [weights.shape for weights in found.weights] == [(1, 3), (8, 1)]
        assert (found.weights[1] == 1).all()
        alone = attention_weights(model, ["abc"], ["acc"]).weights[0]
        np.testing.assert_allclose(alone[:1], found.weights[0], atol=1e-6)

    def test_leaves_the_estimator_as_it_is(self, model):
        before = model.predict_n_best(X[:4])
        attention_weights(model, X[:4], ["abcabcabc"] * 4)
        assert model.predict_n_best(X[:4]) == before
        assert model.max_length_ == 4

    def test_of_a_pipeline(self):
        pipe = make_pipeline(TokenIndexer(), LSTMSeq2Seq(hidden_size=4, max_epochs=2))
        pipe.fit(TOKENS, ["x", "yy"] * 10)
        found = attention_weights(pipe, TOKENS[:2], ["xy", "y"])
        assert found.tokens == TOKENS[:2]
        assert found.weights[0].shape == (2, 3)

    def test_of_numbers(self):
        steps = np.random.RandomState(0).randn(8, 5, 2)
        numbers = LSTMSeq2Seq(hidden_size=4, max_epochs=1).fit(steps, ["ab", "c"] * 4)
        found = attention_weights(numbers, steps[:1], ["ab"])
        assert found.tokens is None
        assert AttentionDisplay(found).plot().ax_.get_xlabel() == "step of the source"

    def test_bad_input(self, model):
        with pytest.raises(TypeError, match="needs an LSTMSeq2Seq; got an LSTMClassifier"):
            attention_weights(classifier().fit(TOKENS, LABELS), TOKENS)
        plain = LSTMSeq2Seq(attention=None, hidden_size=4, max_epochs=1).fit(X, Y)
        with pytest.raises(ValueError, match="fitted with attention=None"):
            attention_weights(plain, X)
        with pytest.raises(NotFittedError):
            attention_weights(LSTMSeq2Seq(), X)
        with pytest.raises(ValueError, match="Sample 1 of X has no step"):
            attention_weights(model, ["a", ""])
        with pytest.raises(ValueError, match="inconsistent numbers"):
            attention_weights(model, X[:2], Y[:1])
        with pytest.raises(ValueError, match=r"the symbols \['z'\]"):
            attention_weights(model, ["a"], ["z"])
        with pytest.raises(TypeError, match="samples of y were strings"):
            attention_weights(model, ["a"], [["a"]])


class TestDisplay:
    def test_labels_and_image(self, model):
        shown = AttentionDisplay.from_estimator(model, ["a c", "b"], ["cb", "b"])
        axes = shown.ax_
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("source", "output")
        assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "␣", "c"]
        assert [label.get_text() for label in axes.get_yticklabels()] == ["c", "b"]
        np.testing.assert_array_equal(shown.image_.get_array(), shown.attention.weights[0])
        assert shown.image_.get_clim() == (0, 1)
        assert axes.yaxis_inverted()  # the first symbol is on top
        assert len(shown.figure_.axes) == 2
        assert len(shown.plot(sample=1).image_.get_array()) == 1

    def test_into_given_axes(self, model):
        figure, axes = plt.subplots()
        shown = AttentionDisplay.from_estimator(model, ["ab"], ["ba"], ax=axes, colorbar=False)
        assert shown.ax_ is axes
        assert figure.axes == [axes]
        assert shown.plot(cmap="Greys", vmax=0.5).image_.get_clim() == (0, 0.5)

    def test_long_tokens_and_long_sequences(self):
        tokens = [["$a$", "very long word", "b"]]
        bunch = Bunch(weights=[np.full((2, 3), 1 / 3)], tokens=tokens, outputs=[["x", "y"]])
        labels = AttentionDisplay(bunch).plot().ax_.get_xticklabels()
        assert {label.get_rotation() for label in labels} == {60}
        assert labels[0].get_text() == "$a$"
        bunch.weights, bunch.tokens = [np.full((2, 99), 1 / 99)], [["a"] * 99]
        axes = AttentionDisplay(bunch).plot().ax_
        assert axes.get_xlabel() == "step of the source"
        assert axes.get_ylabel() == "output"
        axes.figure.canvas.draw()

    def test_bad_input(self, model):
        shown = AttentionDisplay(attention_weights(model, ["ab", "b"], ["", "b"]))
        with pytest.raises(ValueError, match="output of sample 0 is empty: there is nothing to"):
            shown.plot()
        with pytest.raises(ValueError, match="sample=2 does not exist"):
            shown.plot(sample=2)


def test_what_else_looks_into_it(model):
    assert hidden_states(model, X[:2]).h[0].shape == (1, 2, 3, 24)
    assert gate_activations(model, X[:2]).f[1].shape == (1, 2, 1, 24)
    for function in (gradient_flow, token_contributions):
        with pytest.raises(TypeError, match=f"{function.__name__} needs a network that predicts"):
            function(model, X[:2])
    with pytest.raises(TypeError, match="an LSTMSeq2Seq predicts symbol by symbol"):
        gradient_flow(model, X[:2], Y[:2])
