"""The networks as nodes of an ONNX graph."""

import numpy as np

from sklstm.persistence._onnx._layers import (
    linear,
    masked,
    masked_max,
    pool,
    real_steps,
    recurrent,
    weights_of,
)
from sklstm.sequences._fields import PADDING

FLOAT, INT64 = 1, 7  # as ONNX numbers them


def many_to_one(graph, network, x, lengths):
    """Compute the outputs (N, K) of a `ManyToOneNet` for embedded steps (N, T, F)."""
    hidden = recurrent(graph, network.recurrent, x, lengths)
    outputs = linear(graph, pool(graph, network.pooling, hidden, lengths), network.output)
    if network.wide is None:
        return outputs
    share = float(network.share)
    steps = _last_steps(graph, x, lengths, network.n_wide_steps)
    wide = linear(graph, graph.add("Flatten", steps, axis=1), network.wide)
    parts = [(outputs, share), (wide, 1 - share)]
    return graph.add("Add", *(graph.add("Mul", part, np.float32(of)) for part, of in parts))


def _last_steps(graph, x, lengths, n_steps):
    """Return the last steps of each sequence, with zeros before a shorter one."""
    places = graph.add("Add", graph.add("Unsqueeze", lengths, [1]), np.arange(n_steps) - n_steps)
    rows = graph.add("Unsqueeze", graph.add("Max", places, np.int64(0)), [2])
    steps = graph.add("GatherND", x, rows, batch_dims=1)
    return masked(graph, steps, graph.add("GreaterOrEqual", places, np.int64(0)))


def tagger(graph, network, x, lengths, words):
    """Compute the emissions (N, T, K) of a `TaggerNet` for embedded steps (N, T, F).

    ``words`` maps the names of its further inputs to tensors: ``characters`` (N, T, C), ``casing``
    (N, T) and ``features`` (N, T, n_kinds).
    """
    inputs = [x]
    if network.char_encoder is not None:
        inputs.append(_encode_words(graph, network.char_encoder, words["characters"]))
    if network.n_casings:
        one_hot = np.eye(network.n_casings, dtype=np.float32)
        inputs.append(graph.add("Gather", one_hot, words["casing"]))
    if network.affixes is not None:
        inputs.append(_sum_features(graph, network.affixes, words["features"]))
    x = inputs[0] if len(inputs) == 1 else graph.add("Concat", *inputs, axis=2)
    if network.sentence is not None:
        x = _append_sentence(graph, network.sentence, x, lengths)
    emissions = linear(graph, recurrent(graph, network.recurrent, x, lengths), network.output)
    if network.wide is None:
        return emissions
    shares = _sum_features(graph, network.wide, words["features"])
    shares = masked(graph, shares, real_steps(graph, shares, lengths))
    return graph.add("Add", emissions, _add_up(graph, shares, network.output.out_features))


def _append_sentence(graph, encoder, x, lengths):
    """Append the vector of the whole sequence to each step, (N, T, F + G)."""
    vectors = pool(graph, encoder.pooling, recurrent(graph, encoder.recurrent, x, lengths), lengths)
    shape = graph.add("Concat", [1], graph.size(x, 1), [1], axis=0)
    vectors = graph.add("Expand", graph.add("Unsqueeze", vectors, [1]), shape)
    return graph.add("Concat", x, vectors, axis=2)


def _sum_features(graph, module, features):
    """Return the sum of the vectors of each word's features, (N, T, width)."""
    table = weights_of(module.embedding.weight).copy()
    table[PADDING] = 0
    return graph.add("ReduceSum", graph.add("Gather", table, features), [2], keepdims=0)


def _add_up(graph, shares, n_outputs):
    """Sum what each step and its neighbours say of its tags: (N, T, 3 K) to (N, T, K)."""
    before, own, after = graph.add("Split", shares, [n_outputs] * 3, n_outputs=3, axis=2)
    # a step early, and a step late: pad at one end, and cut at the other
    before = graph.add("Pad", before, np.array([0, -1, 0, 0, 1, 0]))
    after = graph.add("Pad", after, np.array([0, 1, 0, 0, -1, 0]))
    return graph.add("Add", graph.add("Add", own, before), after)


def _encode_words(graph, encoder, characters):
    """Return the vectors of words (N, T, E), by their characters (N, T, C)."""
    n_characters = graph.size(characters, 2)
    flat = graph.add("Concat", [-1], n_characters, axis=0)
    flat = graph.add("Reshape", characters, flat)  # (N * T, C)
    encoded = _encode_characters(graph, encoder, flat)
    shape = graph.add("Shape", characters, start=0, end=2)
    return graph.add("Reshape", encoded, graph.add("Concat", shape, [encoder.output_size], axis=0))


def _encode_characters(graph, encoder, characters):
    """Return the vectors of words (U, E), by their characters (U, C); see `CharEncoder`."""
    is_real = graph.add("Not", graph.add("Equal", characters, np.int64(PADDING)))  # (U, C)
    x = graph.add("Gather", weights_of(encoder.embedding.weight), characters)
    x = masked(graph, x, is_real)  # (U, C, F)
    real = graph.add("Cast", is_real, to=INT64)
    lengths = graph.add("ReduceSum", real, [1], keepdims=0)
    if encoder.kind == "lstm":
        hidden = recurrent(graph, encoder.recurrent, x, lengths)
        return pool(graph, encoder.pooling, hidden, lengths)
    filters = weights_of(encoder.filters.weight)  # (E, F * WIDTH)
    filters = filters.reshape(len(filters), -1, encoder.WIDTH)
    around = encoder.WIDTH // 2
    x = graph.add("Transpose", x, perm=[0, 2, 1])
    x = graph.add("Conv", x, filters, weights_of(encoder.filters.bias), pads=[around, around])
    x = masked_max(graph, graph.add("Transpose", x, perm=[0, 2, 1]), is_real)
    has_characters = graph.add("Greater", lengths, np.int64(0))
    return graph.add("Where", graph.add("Unsqueeze", has_characters, [1]), x, np.float32(0))
