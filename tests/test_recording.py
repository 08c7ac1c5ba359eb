"""Traces: the states, gates and gradients that they record are those of the layers."""

import pytest
import torch

from sklstm.nn.cells import CELLS
from sklstm.nn.recording import record
from sklstm.nn.recurrent import Recurrent

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
    top = torch.cat([trace.states["h"] for trace in layer_traces[-1]], dim=-1)
    for row, n in enumerate(LENGTHS):  # each direction in the order of time
        torch.testing.assert_close(top[row, :n], outputs[row, :n])
    if cell == "lstm":
        trace = layer_traces[0][0]
        h = trace.gates["o"] * trace.states["c"].tanh()
        torch.testing.assert_close(h, trace.states["h"])


def test_gradients_by_a_state_are_finite_differences():
    layers, x, _ = draw("lstm")
    (cell,) = layers.layers[0]
    with record(layers) as calls:
        loss = layers(x, torch.tensor([6, 6]))[:, -1].sum()
    memories = calls[0][0][0].steps["c"]
    for step, gradient in enumerate(torch.autograd.grad(loss, memories)):
        _, (h, c) = cell.run(x[:, : step + 1], cell.initial_state(2), *cell.recurrent)
        opened = h / c.tanh()  # the output gate
        for unit in range(4):
            moved = []
            for change in (1e-6, -1e-6):
                c_moved = c.clone()
                c_moved[1, unit] += change
                h_moved = opened * c_moved.tanh()  # h_t is made of c_t
                if step < 5:
                    outputs, _ = cell.run(x[:, step + 1 :], (h_moved, c_moved), *cell.recurrent)
                    h_moved = outputs[:, -1]
                moved.append(h_moved.sum())
            slope = (moved[0] - moved[1]) / 2e-6
            torch.testing.assert_close(gradient[1, unit], slope, rtol=1e-6, atol=1e-9)


def test_layers_are_as_before_after_an_error():
    layers, x, lengths = draw("lstm")
    with pytest.raises(RuntimeError), record(layers):
        layers(x[:, :, :2], lengths)
    assert layers.recorded is None
