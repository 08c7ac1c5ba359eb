"""Backpropagation through time: torch, NumPy and finite differences agree, truncated or not."""

from itertools import chain

import numpy as np
import numpy_lstm
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklstm import LSTMClassifier, LSTMRegressor, LSTMTagger
from sklstm.nn.cells import LSTMCell
from sklstm.nn.recurrent import Recurrent, run_step_by_step

NAMES = ("x", "W", "U", "b", "h0", "c0")
SIZES = st.tuples(*(st.integers(1, high) for high in (4, 9, 5, 6)))  # N, T, F, H
SEEDS = st.integers(0, 2**32 - 1)


def draw_problem(sizes, seed):
    """Draw the inputs and weights in `NAMES`, and how a loss depends on outputs and last state."""
    (N, T, F, H), rng = sizes, np.random.default_rng(seed)
    shapes = [(N, T, F), (4 * H, F), (4 * H, H), (4 * H,), (N, H), (N, H)]
    inputs = dict(zip(NAMES, map(rng.normal, [0] * 6, [1] * 6, shapes), strict=True))
    return inputs, [rng.normal(size=shape) for shape in ((N, T, H), (N, H), (N, H))]


def numpy_outputs(inputs):
    """Return the outputs and the last state, and the steps."""
    x, W, U, b, h, c = inputs.values()
    outputs, state, steps = numpy_lstm.forward(x, W, U, b, h, c)
    return (outputs, *state), steps


def numpy_loss(inputs, errors):
    values, _ = numpy_outputs(inputs)
    return sum((value * error).sum() for value, error in zip(values, errors, strict=True))


def numpy_gradients(inputs, errors, bptt_steps=None):
    _, steps = numpy_outputs(inputs)
    return numpy_lstm.backward(steps, inputs["W"], inputs["U"], *errors, bptt_steps)


def finite_differences(inputs, errors, name, width=1e-6):
    """Move each number of one input a little to either side, and see how the loss changes."""
    gradient = np.zeros_like(inputs[name])
    for position in np.ndindex(gradient.shape):
        step = np.zeros_like(gradient)
        step[position] = width
        above, below = (
            numpy_loss({**inputs, name: inputs[name] + way * step}, errors) for way in (1, -1)
        )
        gradient[position] = (above - below) / (2 * width)
    return gradient


def torch_gradients(run, inputs, errors):
    """Run a cell of ours with the weights given; return its outputs and all gradients."""
    x, W, U, b, h, c = (torch.tensor(value, requires_grad=True) for value in inputs.values())
    cell = LSTMCell(x.shape[2], h.shape[1]).double()
    cell.weight_ih, cell.bias = torch.nn.Parameter(W), torch.nn.Parameter(b)
    outputs, last = run(cell, x, (h, c), U)
    values = (outputs, *last)
    inputs = (x, cell.weight_ih, U, cell.bias, h, c)
    gradients = torch.autograd.grad(values, inputs, [torch.tensor(error) for error in errors])
    return [[tensor.detach().numpy() for tensor in some] for some in (values, gradients)]


def fused(cell, x, state, U):
    return cell.run(x, state, U)


def readable(cell, x, state, U):
    return run_step_by_step(cell, x, state, (U,))


class TestNumPy:
    @pytest.mark.parametrize("name", NAMES)
    def test_gradients_are_finite_differences(self, name):
        inputs, errors = draw_problem((2, 5, 3, 4), seed=0)
        gradient = numpy_gradients(inputs, errors)[NAMES.index(name)]
        expected = finite_differences(inputs, errors, name)
        np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-8)

    @pytest.mark.parametrize("run", [fused, readable])
    def test_torch_agrees(self, run):
        @settings(deadline=None)
        @given(SIZES, SEEDS)
        def check(sizes, seed):
            inputs, errors = draw_problem(sizes, seed)
            values, gradients = torch_gradients(run, inputs, errors)
            expected, _ = numpy_outputs(inputs)
            for name, got, wanted in zip(("outputs", "h", "c"), values, expected, strict=True):
                np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12, err_msg=name)
            for name, got, wanted in zip(
                NAMES, gradients, numpy_gradients(inputs, errors), strict=True
            ):
                np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-10, err_msg=name)

        check()

    def test_open_forget_gate_keeps_the_gradient_of_the_memory(self):
        """With f = 1 and U = 0, the loss at the last step tells the first memory all it knows."""
        inputs, errors = draw_problem((2, 50, 3, 4), seed=0)
        inputs["U"][:] = 0
        inputs["W"][4:8] = 0
        for bias, factor in ((40.0, 1.0), (0.0, 0.5**50)):  # f = sigmoid(bias)
            inputs["b"][4:8] = bias
            *_, dc = numpy_gradients(inputs, [0 * errors[0], 0 * errors[1], errors[2]])
            np.testing.assert_allclose(dc, factor * errors[2])


def stack_in_numpy(layers, x, errors, bptt_steps):
    """Run one sequence x of shape (T, F) through layers, and a gradient back from their outputs.

    Each layer has weights W, U and b for one or both directions. Return the outputs, the gradient
    by x, and those by the weights in the same nesting.
    """
    directions, *deeper = layers
    nothing = np.zeros((1, directions[0][1].shape[1]))  # no state before, no loss after
    runs = []
    for (W, U, b), way in zip(directions, (1, -1), strict=False):
        y, _, steps = numpy_lstm.forward(x[None, ::way], W, U, b, nothing, nothing)
        runs.append((y[0, ::way], steps))
    outputs, gradients = np.concatenate([y for y, _ in runs], axis=1), []
    if deeper:
        outputs, errors, gradients = stack_in_numpy(deeper, outputs, errors, bptt_steps)
    dx, own = np.zeros_like(x), []
    parts = np.split(errors, len(runs), axis=1)
    for (W, U, _), (_, steps), part, way in zip(directions, runs, parts, (1, -1), strict=False):
        back = numpy_lstm.backward(steps, W, U, part[None, ::way], nothing, nothing, bptt_steps)
        dx += back[0][0, ::way]
        own.append(back[1:4])
    return outputs, dx, [own, *gradients]


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("n_layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("bptt_steps", [None, 1, 2, 3, 7, 100])
def test_truncated_gradients_are_those_of_numpy(fused, n_layers, bidirectional, bptt_steps):
    torch.manual_seed(0)
    lengths = torch.tensor([7, 1, 4, 6])
    recurrent = Recurrent(
        3, 2, n_layers=n_layers, bidirectional=bidirectional, bptt_steps=bptt_steps, fused=fused
    ).double()
    x = torch.randn(4, 7, 3, dtype=torch.float64, requires_grad=True)
    outputs = recurrent(x, lengths)
    errors = torch.randn_like(outputs)
    real = (torch.arange(7) < lengths[:, None])[:, :, None]
    (outputs * errors).masked_fill(~real, 0.0).sum().backward()

    layers = [
        [tuple(w.detach().numpy() for w in (c.weight_ih, c.weight_hh, c.bias)) for c in cells]
        for cells in recurrent.layers
    ]
    sums = [np.zeros_like(w) for cells in layers for weights in cells for w in weights]
    for row, length in enumerate(lengths):
        sequence, error = (t.detach().numpy()[row, :length] for t in (x, errors))
        expected, dx, gradients = stack_in_numpy(layers, sequence, error, bptt_steps)
        np.testing.assert_allclose(outputs.detach().numpy()[row, :length], expected, atol=1e-12)
        np.testing.assert_allclose(x.grad.numpy()[row, :length], dx, atol=1e-12)
        assert (x.grad[row, length:] == 0).all()
        for total, part in zip(sums, chain(*chain(*gradients)), strict=True):
            total += part
    cells = chain(*recurrent.layers)
    found = [w.grad.numpy() for c in cells for w in (c.weight_ih, c.weight_hh, c.bias)]
    for got, wanted in zip(found, sums, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "peephole", "coupled", "gru", "minlstm", "mingru"])
def test_gradients_of_every_cell_stop_at_the_piece(cell):
    """The last output is told by all steps, but its gradient reaches the last piece only."""
    torch.manual_seed(0)
    whole = Recurrent(3, 4, cell=cell).double()
    cut = Recurrent(3, 4, cell=cell, bptt_steps=4).double()
    cut.load_state_dict(whole.state_dict())
    x = torch.randn(2, 10, 3, dtype=torch.float64, requires_grad=True)  # pieces of 4, 4 and 2
    lengths = torch.tensor([10, 10])
    expected, outputs = whole(x, lengths), cut(x, lengths)
    torch.testing.assert_close(outputs, expected, rtol=0, atol=1e-12)
    (everywhere,) = torch.autograd.grad(expected[:, -1].sum(), x)
    (nearby,) = torch.autograd.grad(outputs[:, -1].sum(), x)
    assert (everywhere != 0).all()
    assert (nearby[:, :8] == 0).all()
    torch.testing.assert_close(nearby[:, 8:], everywhere[:, 8:], rtol=0, atol=1e-12)


def make_data(make):
    """Return an estimator, and ragged series of 3 to 12 steps with targets for it."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(rng.integers(3, 13), 2)) for _ in range(40)]
    tags = [["up" if value > 0 else "down" for value in sample[:, 0]] for sample in X]
    y = {
        LSTMClassifier: [sample_tags[0] for sample_tags in tags],
        LSTMRegressor: [sample[0, 0] for sample in X],
        LSTMTagger: tags,
    }
    return X, y[make]


ESTIMATORS = [LSTMClassifier, LSTMRegressor, LSTMTagger]


@pytest.mark.parametrize("make", ESTIMATORS)
class TestEstimators:
    def fit(self, make, bptt_steps, **parameters):
        X, y = make_data(make)
        options = {"hidden_size": 5, "max_epochs": 2, "random_state": 0, **parameters}
        return make(bptt_steps=bptt_steps, **options).fit(X, y), X

    def weights(self, estimator):
        return [w.detach().numpy() for w in estimator.module_.parameters()]

    def test_pieces_as_long_as_the_sequences_change_nothing(self, make):
        (whole, X), (cut, _) = self.fit(make, None), self.fit(make, 12)
        for a, b in zip(self.weights(whole), self.weights(cut), strict=True):
            np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(whole.predict(X[:1])[0], cut.predict(X[:1])[0])

    def test_shorter_pieces_change_what_is_learned(self, make):
        (whole, _), (cut, _) = self.fit(make, None), self.fit(make, 2)
        assert any(
            not np.allclose(a, b)
            for a, b in zip(self.weights(whole), self.weights(cut), strict=True)
        )

    @pytest.mark.parametrize("bidirectional", [False, True])
    def test_predictions_do_not_depend_on_pieces(self, make, bidirectional):
        cut, X = self.fit(make, 2, bidirectional=bidirectional, n_layers=2)
        predict = getattr(cut, "predict_proba", getattr(cut, "predict_marginals", cut.predict))
        expected = predict(X)
        for module in cut.module_.modules():
            if isinstance(module, Recurrent):
                assert module.bptt_steps == 2
                module.bptt_steps = None
        for got, wanted in zip(predict(X), expected, strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-6)

    @pytest.mark.parametrize("bptt_steps", [0, -5, 2.5, "all"])
    def test_bad_values(self, make, bptt_steps):
        with pytest.raises(ValueError, match=r"'bptt_steps' parameter .* an int in the range \[1"):
            self.fit(make, bptt_steps)


def test_what_lies_further_back_than_a_piece_is_not_learned():
    """The label is the sign of the first step, 11 steps before the answer."""
    X = np.random.default_rng(0).normal(size=(2000, 12))
    y = X[:, 0] > 0
    options = {"hidden_size": 8, "lr": 0.03, "max_epochs": 15, "random_state": 0}
    whole = LSTMClassifier(**options).fit(X[:1000], y[:1000])
    cut = LSTMClassifier(bptt_steps=3, **options).fit(X[:1000], y[:1000])
    assert whole.score(X[1000:], y[1000:]) > 0.95
    assert cut.score(X[1000:], y[1000:]) < 0.75
