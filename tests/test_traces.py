"""Traces: the states, gates and gradients they note are those of the layers."""

import pytest
import torch

from sklstm.cells import CELLS
from sklstm.layers import Recurrent
from sklstm.traces import record

LENGTHS = [6, 3]


def draw(cell, **shape):
    torch.manual_seed(0)
    layers = Recurrent(3, 4, cell=cell, **shape).double()
    return layers, torch.randn(2, 6, 3, dtype=torch.double), torch.tensor(LENGTHS)


@pytest.mark.parametrize("cell", CELLS)
def test_notes_states_and_gates(cell):
    layers, x, lengths = draw(cell, n_layers=2, bidirectional=True)
    plain = layers(x, lengths)
    with record(layers) as calls:
        outputs = layers(x, lengths)
    assert layers.recorded is None
    torch.testing.assert_close(outputs, plain)
    (layer_traces,) = calls
    assert [len(traces) for traces in layer_traces] == [2, 2]
    for traces, cells in zip(layer_traces, layers.layers, strict=True):
        for trace, module in zip(traces, cells, strict=True):
            assert tuple(trace.states) == module.states
            assert all(
                s.shape == (2, 6, 4) for s in (*trace.states.values(), *trace.gates.values())
            )
            assert not trace.probes
    top = torch.cat([trace.states["h"] for trace in layer_traces[-1]], dim=-1)
    for row, n in enumerate(LENGTHS):  # each direction in the order of time
        torch.testing.assert_close(top[row, :n], outputs[row, :n])
    if cell == "lstm":
        trace = layer_traces[0][0]
        h = trace.gates["o"] * trace.states["c"].tanh()
        torch.testing.assert_close(h, trace.states["h"])


@pytest.mark.parametrize("cell", ["rnn", "lstm", "peephole"])
@pytest.mark.parametrize("direction", [0, 1])
def test_probes_get_the_gradients_of_states(cell, direction):
    """Moving a state by a little moves the answer by what the probe says."""
    layers, x, lengths = draw(cell, bidirectional=True)
    weights = torch.randn(2, 6, 8, dtype=torch.double)
    real = torch.arange(6)[None, :, None] < lengths[:, None, None]

    def answer(states=None):
        with record(layers, probes=True) as calls:
            outputs = layers(x, lengths)
        trace = calls[0][0][direction]
        loss = (outputs * weights * real).sum()
        return loss, trace

    loss, trace = answer()
    (gradient,) = torch.autograd.grad(loss, trace.probes["h"])
    assert gradient.shape == (2, 6, 4)
    assert (gradient[1, 3:] == 0).all()
    assert gradient[1, :3].abs().min() > 0
    # the last step read by a direction reaches the answer through its own output alone
    last = 2 if direction == 0 else 0
    half = slice(4 * direction, 4 * direction + 4)
    torch.testing.assert_close(gradient[1, last], weights[1, last, half])


def test_probes_agree_with_finite_differences():
    layers, x, _ = draw("lstm")
    (cell,) = layers.layers[0]
    lengths = torch.tensor([6, 6])
    with record(layers, probes=True) as calls:
        loss = layers(x, lengths)[:, -1].sum()
    gradient = torch.autograd.grad(loss, calls[0][0][0].probes["c"])[0]
    for step in (0, 4):
        _, state = cell.run(x[:, : step + 1], cell.initial_state(2), *cell.recurrent)
        for unit in range(4):
            moved = []
            for change in (1e-6, -1e-6):
                h, c = (s.clone() for s in state)
                c[1, unit] += change
                outputs, _ = cell.run(x[:, step + 1 :], (h, c), *cell.recurrent)
                moved.append(outputs[:, -1].sum())
            slope = (moved[0] - moved[1]) / 2e-6
            torch.testing.assert_close(gradient[1, step, unit], slope, rtol=1e-6, atol=1e-9)


def test_layers_are_as_before_after_an_error():
    layers, x, lengths = draw("lstm")
    with pytest.raises(RuntimeError), record(layers):
        layers(x[:, :, :2], lengths)
    assert layers.recorded is None
