"""Layers of the networks as nodes of an ONNX graph."""

from functools import partial

import numpy as np

from sklstm.nn.cells import CELLS

LOWEST = np.finfo(np.float32).min


def weights_of(tensor):
    """Return a weight as an array of float32."""
    return tensor.detach().cpu().float().numpy()


def real_steps(graph, steps, lengths):
    """Return the mask of real steps, (N, T); steps have the shape (N, T) or (N, T, F)."""
    positions = graph.positions(graph.size(steps, 1))
    return graph.add("Less", positions, graph.add("Unsqueeze", lengths, [1]))


def masked(graph, x, mask, value=0.0):
    """Put a value where the mask (N, T) of x (N, T, F) is False."""
    return graph.add("Where", graph.add("Unsqueeze", mask, [2]), x, np.float32(value))


def linear(graph, x, layer):
    """Apply a linear layer."""
    product = graph.add("MatMul", x, weights_of(layer.weight).T.copy())
    return product if layer.bias is None else graph.add("Add", product, weights_of(layer.bias))


def recurrent(graph, module, x, lengths):
    """Run a stack of recurrent layers: (N, T, F) to (N, T, D * H), with padding if they chop."""
    if module.chop is not None:
        outputs = _run_layers(graph, module, *_chop(graph, x, lengths, module.chop))
        shape = graph.add("Concat", graph.size(x, 0), [-1, module.output_size], axis=0)
        return graph.add("Reshape", outputs, shape)
    return _run_layers(graph, module, x, lengths)


def _chop(graph, x, lengths, n_steps):
    """Chop sequences (N, T, F) into pieces (N * P, C, F) with lengths of their own."""
    padded = graph.size(x, 1)
    missing = graph.add("Mod", graph.add("Neg", padded), [n_steps])
    x = graph.add("Pad", x, graph.add("Concat", [0] * 4, missing, [0], axis=0))
    n_pieces = graph.add("Div", graph.add("Add", padded, missing), [n_steps])
    starts = graph.add("Mul", graph.positions(n_pieces), np.int64(n_steps))  # (P,)
    lengths = graph.add("Sub", graph.add("Unsqueeze", lengths, [1]), starts)  # (N, P)
    lengths = graph.add("Min", graph.add("Max", lengths, np.int64(0)), np.int64(n_steps))
    shape = graph.add("Concat", [-1, n_steps], graph.size(x, 2), axis=0)
    return graph.add("Reshape", x, shape), graph.add("Reshape", lengths, [-1])


def _run_layers(graph, module, x, lengths):
    x = graph.add("Transpose", x, perm=[1, 0, 2])  # (T, N, F)
    lengths = graph.add("Max", lengths, [1])  # an operator wants a step
    for cells in module.layers:
        x = LAYERS[type(cells[0])](graph, cells, x, lengths)
    return graph.add("Transpose", x, perm=[1, 0, 2])


def pool(graph, module, outputs, lengths):
    """Pool over the real steps: (N, T, F) to (N, F), or 2 F; see `sklstm.nn.pooling`."""
    mask = real_steps(graph, outputs, lengths)
    if module.kind == "last":
        pooled = _last(graph, module, outputs, lengths)
    else:
        poolers = {"max": masked_max, "mean": _mean, "attention": partial(_attend, module)}
        pooled = [poolers[kind](graph, outputs, mask) for kind in module.kind.split("+")]
        pooled = pooled[0] if len(pooled) == 1 else graph.add("Concat", *pooled, axis=1)
    has_steps = graph.add("Unsqueeze", graph.add("Greater", lengths, np.int64(0)), [1])
    return graph.add("Where", has_steps, pooled, np.float32(0))


def masked_max(graph, x, mask):
    """Return the maximum over the real steps."""
    return graph.add("ReduceMax", masked(graph, x, mask, LOWEST), axes=[1], keepdims=0)


def _last(graph, module, outputs, lengths):
    last = graph.add("Sub", graph.add("Max", lengths, [1]), [1])
    last = graph.add("Unsqueeze", last, [1])  # (N, 1)
    last = graph.add("GatherND", outputs, last, batch_dims=1)  # (N, F)
    if module.n_directions == 1:
        return last
    first = graph.add("Gather", outputs, np.int64(0), axis=1)
    half = module.output_size // 2
    last, _ = graph.add("Split", last, [half, half], n_outputs=2, axis=1)
    _, first = graph.add("Split", first, [half, half], n_outputs=2, axis=1)
    return graph.add("Concat", last, first, axis=1)


def _mean(graph, outputs, mask):
    total = graph.add("ReduceSum", masked(graph, outputs, mask), [1], keepdims=0)
    real = graph.add("Cast", mask, to=1)
    count = graph.add("ReduceSum", real, [1], keepdims=1)
    return graph.add("Div", total, graph.add("Max", count, np.float32([1])))


def _attend(module, graph, outputs, mask):
    outputs = masked(graph, outputs, mask)
    keys = graph.add("Tanh", linear(graph, outputs, module.projection))
    scores = masked(graph, linear(graph, keys, module.context), mask, LOWEST)  # (N, T, 1)
    weights = graph.add("Softmax", scores, axis=1)
    return graph.add("ReduceSum", graph.add("Mul", weights, outputs), [1], keepdims=0)


# ------------------------------------------------------------ operators of ONNX


def _gates(cell, order, weight):
    """Return the rows of some gates, in another order; a capital letter negates."""
    rows = dict(zip(cell.gates, np.split(weights_of(weight), len(cell.gates)), strict=True))
    return np.concatenate([-rows[g.lower()] if g.isupper() else rows[g] for g in order])


def _fused(graph, cells, x, lengths, *, operator, order, **attributes):
    """Run a layer that ONNX has an operator for: (T, N, F) to (T, N, D * H)."""
    W, R, b = (
        np.stack([_gates(cell, order, getattr(cell, name)) for cell in cells])
        for name in ("weight_ih", "weight_hh", "bias")
    )
    inputs = [x, W, R, np.concatenate([b, np.zeros_like(b)], axis=1)]
    inputs.append(graph.add("Cast", lengths, to=6))
    if hasattr(cells[0], "weight_ch"):  # peepholes i, f, o; ONNX has i, o, f
        peepholes = [weights_of(cell.weight_ch)[[0, 2, 1]].ravel() for cell in cells]
        inputs += [None, None, np.stack(peepholes)]
    y = graph.add(
        operator, *inputs, hidden_size=cells[0].hidden_size,
        direction="bidirectional" if len(cells) == 2 else "forward", **attributes,
    )  # (T, D, N, H)  # fmt: skip
    y = graph.add("Transpose", y, perm=[0, 2, 1, 3])
    return graph.add("Reshape", y, [0, 0, len(cells) * cells[0].hidden_size])


def _rnn(graph, cells, x, lengths):
    names = [cell.nonlinearity.capitalize() for cell in cells]
    return _fused(graph, cells, x, lengths, operator="RNN", order="h", activations=names)


def _peephole(graph, cells, x, lengths):
    if cells[0].diagonal:
        return _fused(graph, cells, x, lengths, operator="LSTM", order="iofg")
    return _scanned(graph, cells, x, lengths, run=_run_peephole)


# ------------------------------------------------------------ loops of our own


def _scanned(graph, cells, x, lengths, *, run):
    """Run a layer step by step, in one or both directions: (T, N, F) to (T, N, D * H)."""
    outputs = [run(graph, cells[0], x)]
    for cell in cells[1:]:
        outputs.append(_reversed(graph, run(graph, cell, _reversed(graph, x, lengths)), lengths))
    return outputs[0] if len(outputs) == 1 else graph.add("Concat", *outputs, axis=2)


def _reversed(graph, x, lengths):
    return graph.add("ReverseSequence", x, lengths, batch_axis=1, time_axis=0)


def _sums(graph, cell, x):
    """Return what the inputs add to the gates of all steps, (T, N, gates * H)."""
    product = graph.add("MatMul", x, weights_of(cell.weight_ih).T.copy())
    return graph.add("Add", product, weights_of(cell.bias))


def _split(graph, x, n_parts, size):
    return graph.add("Split", x, [size] * n_parts, n_outputs=n_parts, axis=-1)


def _zero_state(graph, cell, x):
    shape = graph.add("Concat", graph.size(x, 1), [cell.hidden_size], axis=0)
    return graph.add("ConstantOfShape", shape)  # (N, H) of float32


def _run_peephole(graph, cell, x):
    size, U = cell.hidden_size, weights_of(cell.weight_hh).T.copy()
    V = weights_of(cell.weight_ch)
    V_if, V_o = V[: 2 * size].T.copy(), V[2 * size :].T.copy()

    def step(body, h, c, sums):
        sums = body.add("Add", sums, body.add("MatMul", h, U))
        i_f, g, o = body.add("Split", sums, [2 * size, size, size], n_outputs=3, axis=-1)
        i_f = body.add("Sigmoid", body.add("Add", i_f, body.add("MatMul", c, V_if)))
        i, f = _split(body, i_f, 2, size)
        new = body.add("Mul", i, body.add("Tanh", g))
        c = body.add("Add", body.add("Mul", f, c), new)
        o = body.add("Sigmoid", body.add("Add", o, body.add("MatMul", c, V_o)))
        h = body.add("Mul", o, body.add("Tanh", c))
        return h, c, h

    zeros = _zero_state(graph, cell, x)
    return graph.scan(step, [zeros, zeros], [_sums(graph, cell, x)])


def _run_minimal(graph, cell, x):
    *gates, candidate = _split(graph, _sums(graph, cell, x), len(cell.gates), cell.hidden_size)
    gates = [graph.add("Sigmoid", gate) for gate in gates]
    keep = gates[0]
    if len(gates) == 2:  # f / (f + i)
        keep = graph.add("Div", keep, graph.add("Add", *gates))
    new = graph.add("Mul", graph.add("Sub", np.float32(1), keep), candidate)

    def step(body, h, keep, new):
        h = body.add("Add", body.add("Mul", keep, h), new)
        return h, h

    return graph.scan(step, [_zero_state(graph, cell, x)], [keep, new])


LAYERS = {
    CELLS["lstm"]: partial(_fused, operator="LSTM", order="iofg"),
    CELLS["coupled"]: partial(_fused, operator="LSTM", order="Fofg"),  # 1 - s(f) = s(-f)
    CELLS["gru"]: partial(_fused, operator="GRU", order="zrn", linear_before_reset=1),
    CELLS["rnn"]: _rnn,
    CELLS["peephole"]: _peephole,
    CELLS["minlstm"]: partial(_scanned, run=_run_minimal),
    CELLS["mingru"]: partial(_scanned, run=_run_minimal),
}
