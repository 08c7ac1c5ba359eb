"""Cells: a step is the equations, the fast run is the steps, and cells start well."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit as sigmoid

from sklstm.nn.cells import CELLS, _peephole, cell_options
from sklstm.nn.recurrent import run_step_by_step

VARIANTS = [
    *((name, {}) for name in CELLS),
    ("rnn", {"nonlinearity": "relu"}),
    ("peephole", {"diagonal": True}),
]
IDS = ["-".join(map(str, (name, *options.values()))) for name, options in VARIANTS]
every_cell = pytest.mark.parametrize(("name", "options"), VARIANTS, ids=IDS)

SIZES = st.fixed_dictionaries(
    {
        "n_sequences": st.integers(1, 4),
        "n_steps": st.integers(1, 11),
        "input_size": st.integers(1, 6),
        "hidden_size": st.integers(1, 7),
        "seed": st.integers(0, 2**32 - 1),
    }
)


def draw(name, options, n_sequences, n_steps, input_size, hidden_size, seed, dtype=torch.float64):
    """Return a cell with random weights, inputs, a first state, and other recurrent weights."""
    torch.manual_seed(seed)
    cell = CELLS[name](input_size, hidden_size, **options).to(dtype)
    for parameter in cell.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    x = torch.randn(n_sequences, n_steps, input_size, dtype=dtype)
    state = tuple(torch.randn_like(s) for s in cell.initial_state(n_sequences))
    return cell, x, state, [torch.randn_like(w) * 0.5 for w in cell.recurrent]


# One step of each cell for one sequence, from weights that are one matrix for each gate.


def rnn(x, h, W, U, b, relu=False):
    total = W["h"] @ x + U["h"] @ h + b["h"]
    return (np.maximum(total, 0) if relu else np.tanh(total),)


def lstm(x, h, c, W, U, b):
    i, f, o = (sigmoid(W[k] @ x + U[k] @ h + b[k]) for k in "ifo")
    c = f * c + i * np.tanh(W["g"] @ x + U["g"] @ h + b["g"])
    return o * np.tanh(c), c


def peephole(x, h, c, W, U, b, V):
    chx = {k: np.hstack([V[k], U[k], W[k]]) for k in "ifo"}  # what [c, h, x] is multiplied by
    i, f = (sigmoid(chx[k] @ np.hstack([c, h, x]) + b[k]) for k in "if")
    c = f * c + i * np.tanh(np.hstack([U["g"], W["g"]]) @ np.hstack([h, x]) + b["g"])
    o = sigmoid(chx["o"] @ np.hstack([c, h, x]) + b["o"])
    return o * np.tanh(c), c


def coupled(x, h, c, W, U, b):
    f, o = (sigmoid(W[k] @ x + U[k] @ h + b[k]) for k in "fo")
    c = f * c + (1 - f) * np.tanh(W["g"] @ x + U["g"] @ h + b["g"])
    return o * np.tanh(c), c


def gru(x, h, W, U, b):
    r, z = (sigmoid(W[k] @ x + U[k] @ h + b[k]) for k in "rz")
    n = np.tanh(W["n"] @ x + r * (U["n"] @ h) + b["n"])
    return ((1 - z) * n + z * h,)


def minlstm(x, h, W, b):
    f, i = (sigmoid(W[k] @ x + b[k]) for k in "fi")
    return (f / (f + i) * h + i / (f + i) * (W["g"] @ x + b["g"]),)


def mingru(x, h, W, b):
    z = sigmoid(W["z"] @ x + b["z"])
    return ((1 - z) * (W["n"] @ x + b["n"]) + z * h,)


EQUATIONS = {
    "rnn": rnn,
    "lstm": lstm,
    "peephole": peephole,
    "coupled": coupled,
    "gru": gru,
    "minlstm": minlstm,
    "mingru": mingru,
}


def by_gate(weights, gates):
    return dict(zip(gates, np.split(weights.detach().numpy(), len(gates)), strict=True))


def in_numpy(name, options, cell, x, state, recurrent):
    """Compute all sequences' outputs, gate by gate; return them with the last states."""
    weights = {"W": by_gate(cell.weight_ih, cell.gates), "b": by_gate(cell.bias, cell.gates)}
    if recurrent:
        weights["U"] = by_gate(recurrent[0], cell.gates)
    if name == "peephole":
        V = by_gate(recurrent[1], "ifo")
        diagonal = {k: np.diag(v[0]) for k, v in V.items()}
        weights["V"] = diagonal if options.get("diagonal") else V
    if options.get("nonlinearity") == "relu":
        weights["relu"] = True
    outputs, lasts = [], []
    for n, sequence in enumerate(x.numpy()):
        now = tuple(s[n].numpy() for s in state)
        steps = []
        for x_t in sequence:
            now = EQUATIONS[name](x_t, *now, **weights)
            steps.append(now[0])
        outputs.append(steps)
        lasts.append(now)
    return np.array(outputs), [np.array(last) for last in zip(*lasts, strict=True)]


@every_cell
def test_both_runs_are_the_equations(name, options):
    @settings(deadline=None, max_examples=30)
    @given(SIZES)
    def check(sizes):
        cell, x, state, recurrent = draw(name, options, **sizes)
        expected, expected_last = in_numpy(name, options, cell, x, state, recurrent)
        for outputs, last in (
            cell.run(x, state, *recurrent),
            run_step_by_step(cell, x, state, recurrent),
        ):
            np.testing.assert_allclose(outputs.detach().numpy(), expected, rtol=1e-11, atol=1e-11)
            for s, s_expected in zip(last, expected_last, strict=True):
                np.testing.assert_allclose(s.detach().numpy(), s_expected, rtol=1e-11, atol=1e-11)

    check()


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
@every_cell
def test_fast_run_is_the_step(name, options, dtype, tolerance):
    @settings(deadline=None, max_examples=30)
    @given(SIZES)
    def check(sizes):
        cell, x, state, recurrent = draw(name, options, **sizes, dtype=dtype)
        inputs = [x, *state, *recurrent, cell.weight_ih, cell.bias]
        for tensor in inputs:
            tensor.requires_grad_()
        fast, fast_last = cell.run(x, state, *recurrent)
        slow, slow_last = run_step_by_step(cell, x, state, recurrent)
        # a relu grows without limit, and a cell state with the steps
        scale = max(1.0, *(s.abs().max().item() for s in (slow, *slow_last)))
        errors = [torch.randn_like(s) / (s.numel() * scale) for s in (slow, *slow_last)]
        for a, b in zip((fast, *fast_last), (slow, *slow_last), strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=tolerance * scale)
        for from_fast, from_slow in zip(
            torch.autograd.grad((fast, *fast_last), inputs, errors),
            torch.autograd.grad((slow, *slow_last), inputs, errors),
            strict=True,
        ):
            torch.testing.assert_close(from_fast, from_slow, rtol=5 * tolerance, atol=tolerance)

    check()


@every_cell
def test_gradients_are_finite_differences(name, options):
    sizes = {"n_sequences": 2, "n_steps": 5, "input_size": 3, "hidden_size": 2, "seed": 0}
    cell, x, state, recurrent = draw(name, options, **sizes)
    weights = [*recurrent, cell.weight_ih, cell.bias]  # the last two are perturbed in place
    inputs = [tensor.requires_grad_() for tensor in (*state, *weights)]
    n = len(state)

    def step(x, *inputs):
        return cell.step(x, inputs[:n], *inputs[n:-2])[0]

    def steps(x, *inputs):
        outputs, last = run_step_by_step(cell, x, inputs[:n], inputs[n:-2])
        return outputs, *last

    def run(x, *inputs):
        outputs, last = cell.run(x, inputs[:n], *inputs[n:-2])
        return outputs, *last

    first = x[:, 0].clone().requires_grad_()
    x.requires_grad_()
    for compute, of in ((step, first), (steps, x), (run, x)):
        assert torch.autograd.gradcheck(compute, [of, *inputs])


@every_cell
def test_a_run_goes_on_where_another_ended(name, options):
    sizes = {"n_sequences": 3, "n_steps": 23, "input_size": 3, "hidden_size": 4, "seed": 0}
    cell, x, state, recurrent = draw(name, options, **sizes)
    whole, last = cell.run(x, state, *recurrent)
    first, between = cell.run(x[:, :9], state, *recurrent)
    second, end = cell.run(x[:, 9:], between, *recurrent)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    torch.testing.assert_close(end, last)


@pytest.mark.parametrize("diagonal", [False, True])
@pytest.mark.parametrize("rows_at_once", [1, 6, 7, 100])
def test_peepholes_go_back_some_steps_at_a_time(diagonal, rows_at_once, monkeypatch):
    cell, x, state, recurrent = draw("peephole", {"diagonal": diagonal}, 3, 8, 2, 4, 0)
    inputs = [x, *state, *recurrent, cell.weight_ih, cell.bias]
    for tensor in inputs:
        tensor.requires_grad_()
    slow, _ = run_step_by_step(cell, x, state, recurrent)
    monkeypatch.setattr(_peephole, "ROWS_AT_ONCE", rows_at_once)
    fast, _ = cell.run(x, state, *recurrent)
    errors = torch.randn_like(slow)
    expected = torch.autograd.grad(slow, inputs, errors)
    for gradient, slow_gradient in zip(
        torch.autograd.grad(fast, inputs, errors), expected, strict=True
    ):
        torch.testing.assert_close(gradient, slow_gradient, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["minlstm", "mingru"])
@pytest.mark.parametrize("n_steps", [1, 2, 500, 1000])
def test_scan_is_exact_over_long_sequences(name, n_steps):
    cell, x, state, _ = draw(name, {}, 2, n_steps, 3, 4, 0, dtype=torch.float32)
    double, *_ = draw(name, {}, 2, n_steps, 3, 4, 0)
    double.load_state_dict(cell.state_dict())
    exact, _ = run_step_by_step(double, x.double(), tuple(s.double() for s in state), ())
    fast, _ = cell.run(x, state)
    assert (fast - exact).abs().max() < 1e-5


@every_cell
def test_gates_are_named(name, options):
    cell, x, state, recurrent = draw(name, options, 2, 1, 3, 4, 0)
    after, gates = cell.step(x[:, 0], state, *recurrent)
    assert set(gates) == (set() if name == "rnn" else set(cell.gates))
    assert len(after) == len(cell.states) == (2 if name in ("lstm", "peephole", "coupled") else 1)
    assert all(gate.shape == after[0].shape for gate in gates.values())
    linear = {"n", "g"}  # candidates; the others are shares
    assert all(((g > 0) & (g < 1)).all() for letter, g in gates.items() if letter not in linear)


@pytest.mark.parametrize("name", CELLS)
def test_initial_weights(name):
    torch.manual_seed(0)
    cell = CELLS[name](32, 100)
    for gate, bias in zip(cell.gates, cell.bias.chunk(len(cell.gates)), strict=True):
        assert (bias == (gate == "f")).all()
    for weight in cell.recurrent[:1]:
        for gate in weight.detach().split(100):
            torch.testing.assert_close(gate @ gate.T, torch.eye(100), rtol=0, atol=1e-5)
    limit = (6 / (32 + 100)) ** 0.5
    for gate in cell.weight_ih.detach().split(100):
        assert 0.98 * limit < gate.abs().max() <= limit
        assert abs(gate.mean()) < 0.02 * limit
        assert gate.std().item() == pytest.approx(limit / 3**0.5, rel=0.02)
    drawn = cell.weight_ih.detach().clone()
    cell.reset_parameters()
    assert not torch.equal(cell.weight_ih, drawn)


@pytest.mark.parametrize("diagonal", [False, True])
def test_peepholes_start_closed(diagonal):
    assert (CELLS["peephole"](3, 4, diagonal=diagonal).weight_ch == 0).all()


@pytest.mark.parametrize("name", ["lstm", "peephole", "coupled", "minlstm"])
def test_forget_bias(name):
    cell = CELLS[name](3, 4, forget_bias=2.5)
    for gate, bias in zip(cell.gates, cell.bias.chunk(len(cell.gates)), strict=True):
        assert (bias == (2.5 if gate == "f" else 0)).all()


def test_options():
    assert cell_options("lstm") == ["forget_bias"]
    assert cell_options("peephole") == ["forget_bias", "diagonal"]
    assert cell_options("gru") == []


@pytest.mark.parametrize(
    ("name", "options", "count"),
    [
        ("lstm", {}, 53_200),  # 4 (100 * 32 + 100 * 100 + 100), one bias a gate
        ("peephole", {}, 83_200),
        ("peephole", {"diagonal": True}, 53_500),
        ("coupled", {}, 39_900),
        ("gru", {}, 39_900),
        ("rnn", {}, 13_300),
        ("minlstm", {}, 9_900),
        ("mingru", {}, 6_600),
    ],
)
def test_number_of_parameters(name, options, count):
    cell = CELLS[name](32, 100, **options)
    assert sum(weight.numel() for weight in cell.parameters()) == count
    assert sum(array.numel() for array in cell.state_dict().values()) == count


@every_cell
def test_training_keeps_the_bias_single(name, options):
    cell, x, state, _ = draw(name, options, 2, 3, 3, 4, 0)
    optimizer = torch.optim.SGD(cell.parameters(), lr=1.0)
    cell.run(x, state, *cell.recurrent)[0].sum().backward()
    optimizer.step()
    expected, _ = in_numpy(name, options, cell, x, state, cell.recurrent)
    outputs, _ = cell.run(x, state, *cell.recurrent)
    np.testing.assert_allclose(outputs.detach().numpy(), expected, rtol=1e-11, atol=1e-11)
