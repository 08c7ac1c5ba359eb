"""The best path of a linear-chain CRF in an ONNX graph, see `sklstm.nn.crf`."""

import numpy as np

from sklstm.nn.crf import FORBIDDEN
from sklstm.persistence._onnx._layers import real_steps

DOUBLE = 11  # as ONNX numbers it


def viterbi(graph, crf, emissions, lengths):
    """Return the best path for emissions (N, T, K): (N, T), with -1 at padding.

    As in ours, the best score to go is computed from the last step to the first, in float64.
    """
    start, transitions, end = (
        np.maximum(weight.detach().cpu().double().numpy(), FORBIDDEN) for weight in crf.weights()
    )
    scores = graph.add("Transpose", graph.add("Cast", emissions, to=DOUBLE), perm=[1, 0, 2])
    scores = graph.add("Max", scores, FORBIDDEN)  # (T, N, K)
    mask = real_steps(graph, emissions, lengths)  # (N, T)
    positions = graph.positions(graph.size(emissions, 1))
    last = graph.add("Unsqueeze", graph.add("Sub", lengths, [1]), [0])
    is_last = graph.add("Equal", graph.add("Unsqueeze", positions, [1]), last)
    is_last = graph.add("Unsqueeze", is_last, [2])  # (T, N, 1)

    def look_back(body, to_go, step, is_last):
        onward = body.add("Add", transitions, body.add("Unsqueeze", to_go, [1]))
        onward = body.add("ReduceMax", onward, axes=[2], keepdims=0)  # (N, from, to) -> (N, K)
        to_go = body.add("Add", step, body.add("Where", is_last, end, onward))
        return to_go, to_go

    def go(body, bonus, to_go):
        tag = body.add("ArgMax", body.add("Add", bonus, to_go), axis=1, keepdims=0)  # (N,)
        return body.add("Gather", transitions, tag, axis=0), tag

    shape = graph.add("Shape", emissions)
    shape = graph.add("Gather", shape, np.array([0, 2]))  # (N, K)
    zeros = graph.add("Expand", np.zeros((1, 1)), shape)
    to_go = graph.scan(look_back, [zeros], [scores, is_last], backward=True)
    path = graph.scan(go, [graph.add("Expand", start[None], shape)], [to_go])  # (T, N)
    return graph.add("Where", mask, graph.add("Transpose", path, perm=[1, 0]), np.int64(-1))
