"""The LSTM cell: its step is the equations, its fast run is its step, and it starts well."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklstm.cells import LSTMCell
from sklstm.layers import run_step_by_step

SIZES = st.fixed_dictionaries(
    {
        "n_sequences": st.integers(1, 4),
        "n_steps": st.integers(1, 9),
        "input_size": st.integers(1, 6),
        "hidden_size": st.integers(1, 7),
        "seed": st.integers(0, 2**32 - 1),
    }
)


def draw(n_sequences, n_steps, input_size, hidden_size, seed, dtype=torch.float64):
    """Return a cell with random weights, inputs, and recurrent weights that are not its own."""
    torch.manual_seed(seed)
    cell = LSTMCell(input_size, hidden_size).to(dtype)
    for parameter in cell.parameters():
        torch.nn.init.normal_(parameter)
    x = torch.randn(n_sequences, n_steps, input_size, dtype=dtype)
    return cell, x, torch.randn_like(cell.weight_hh)


def lstm_in_numpy(x, W, U, b):
    """Compute one sequence's outputs, gate by gate."""
    (W_i, W_f, W_g, W_o), (U_i, U_f, U_g, U_o) = np.split(W, 4), np.split(U, 4)
    b_i, b_f, b_g, b_o = np.split(b, 4)
    h = c = np.zeros(len(b_i))
    outputs = []
    for x_t in x:
        i = 1 / (1 + np.exp(-(W_i @ x_t + U_i @ h + b_i)))
        f = 1 / (1 + np.exp(-(W_f @ x_t + U_f @ h + b_f)))
        g = np.tanh(W_g @ x_t + U_g @ h + b_g)
        o = 1 / (1 + np.exp(-(W_o @ x_t + U_o @ h + b_o)))
        c = f * c + i * g
        h = o * np.tanh(c)
        outputs.append(h)
    return np.array(outputs)


@settings(deadline=None)
@given(SIZES)
def test_both_runs_are_the_equations(sizes):
    cell, x, weight_hh = draw(**sizes)
    weights = [w.detach().numpy() for w in (cell.weight_ih, weight_hh, cell.bias)]
    expected = np.array([lstm_in_numpy(sequence, *weights) for sequence in x.numpy()])
    for outputs in (cell.run(x, weight_hh), run_step_by_step(cell, x, weight_hh)):
        np.testing.assert_allclose(outputs.detach().numpy(), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
def test_fast_run_is_the_step(dtype, tolerance):
    @settings(deadline=None)
    @given(SIZES)
    def check(sizes):
        cell, x, weight_hh = draw(**sizes, dtype=dtype)
        inputs = [x.requires_grad_(), weight_hh.requires_grad_(), cell.weight_ih, cell.bias]
        fast, slow = cell.run(x, weight_hh), run_step_by_step(cell, x, weight_hh)
        torch.testing.assert_close(fast, slow, rtol=0, atol=tolerance)
        errors = torch.randn_like(slow) / slow.numel()
        for from_fast, from_slow in zip(
            torch.autograd.grad(fast, inputs, errors),
            torch.autograd.grad(slow, inputs, errors),
            strict=True,
        ):
            torch.testing.assert_close(from_fast, from_slow, rtol=tolerance, atol=tolerance)

    check()


def test_gradients_are_finite_differences():
    cell, x, weight_hh = draw(n_sequences=2, n_steps=4, input_size=3, hidden_size=2, seed=0)
    first, h, c = x[:, 0].clone(), *torch.randn(2, 2, 2, dtype=torch.float64)
    weights = [weight_hh.requires_grad_(), cell.weight_ih, cell.bias]  # perturbed in place
    for compute, inputs in (
        (lambda x, h, c, *_: cell.step(x, (h, c), weight_hh), (first, h, c)),
        (lambda x, *_: run_step_by_step(cell, x, weight_hh), (x,)),
        (lambda x, *_: cell.run(x, weight_hh), (x,)),
    ):
        assert torch.autograd.gradcheck(compute, [*(i.requires_grad_() for i in inputs), *weights])


def test_initial_weights():
    torch.manual_seed(0)
    cell = LSTMCell(32, 100)
    input_gate, forget_gate, candidate, output_gate = cell.bias.chunk(4)
    assert (forget_gate == 1).all()
    assert all((bias == 0).all() for bias in (input_gate, candidate, output_gate))
    for gate in cell.weight_hh.detach().chunk(4):
        torch.testing.assert_close(gate @ gate.T, torch.eye(100), rtol=0, atol=1e-5)
    limit = (6 / (32 + 100)) ** 0.5
    for gate in cell.weight_ih.detach().chunk(4):
        assert 0.98 * limit < gate.abs().max() <= limit
        assert abs(gate.mean()) < 0.02 * limit
        assert gate.std().item() == pytest.approx(limit / 3**0.5, rel=0.02)
    drawn = cell.weight_hh.detach().clone()
    cell.reset_parameters()
    assert not torch.equal(cell.weight_hh, drawn)


@pytest.mark.parametrize(("n_features", "n_units", "count"), [(32, 100, 53_200), (3, 2, 48)])
def test_one_bias_a_gate(n_features, n_units, count):
    cell = LSTMCell(n_features, n_units)
    shapes = {name: tuple(weight.shape) for name, weight in cell.state_dict().items()}
    n_rows = 4 * n_units
    assert shapes == {
        "weight_ih": (n_rows, n_features),
        "weight_hh": (n_rows, n_units),
        "bias": (n_rows,),
    }
    assert sum(weight.numel() for weight in cell.parameters()) == count
    assert count == 4 * n_units * (n_features + n_units + 1)
    optimizer = torch.optim.SGD(cell.parameters(), lr=1.0)
    cell.run(torch.randn(2, 3, n_features), cell.weight_hh).sum().backward()
    optimizer.step()
    x = torch.randn(2, 1, n_features)  # after one step from zero, gates are W x + b and no more
    i, _, g, o = (x[:, 0] @ cell.weight_ih.T + cell.bias).chunk(4, dim=-1)
    expected = o.sigmoid() * (i.sigmoid() * g.tanh()).tanh()
    torch.testing.assert_close(cell.run(x, cell.weight_hh)[:, 0], expected)
