"""A long short-term memory in NumPy, run forwards, and backwards through time.

Nothing here is fast and nothing is hidden: `forward` is the cell's equations, and `backward` the
chain rule applied to them line by line, from the last step to the first. The gates' weights are
stacked in the order i, f, g, o. ``dz`` stands for the derivative of the loss by ``z``, and has
the shape of ``z``.
"""

from typing import NamedTuple

import numpy as np


class Step(NamedTuple):
    """What a step has read and computed, kept for the way back; x is (N, F), the others (N, H)."""

    x: np.ndarray
    h_before: np.ndarray
    c_before: np.ndarray
    i: np.ndarray
    f: np.ndarray
    g: np.ndarray
    o: np.ndarray
    c: np.ndarray


def forward(x, W, U, b, h, c):
    """Run over sequences x of shape (N, T, F), from the state h, c of shape (N, H).

    Return the outputs of shape (N, T, H), the last state, and the steps for `backward`.
    """
    outputs, steps = [], []
    for x_t in x.swapaxes(0, 1):  # (N, F)
        h_before, c_before = h, c
        z_i, z_f, z_g, z_o = np.split(x_t @ W.T + h @ U.T + b, 4, axis=1)  # (N, H) each
        i, f, g, o = sigmoid(z_i), sigmoid(z_f), np.tanh(z_g), sigmoid(z_o)
        c = f * c + i * g
        h = o * np.tanh(c)
        outputs.append(h)
        steps.append(Step(x_t, h_before, c_before, i, f, g, o, c))
    return np.stack(outputs, axis=1), (h, c), steps


def backward(steps, W, U, d_outputs, dh, dc, bptt_steps=None):
    """Backpropagate through time.

    `d_outputs`, of shape (N, T, H), is how the loss depends on each output directly, and `dh` and
    `dc` on the last state. With `bptt_steps`, nothing flows back from one piece of so many steps
    into the piece before it. Return the derivatives by x, W, U, b and the first h and c.
    """
    dx, dW, dU, db = [], np.zeros_like(W), np.zeros_like(U), np.zeros(len(W))
    for t in reversed(range(len(steps))):
        x, h_before, c_before, i, f, g, o, c = steps[t]

        # h_t has gone two ways: out, and into step t + 1, from where dh has come. Ways add up.
        dh = dh + d_outputs[:, t]

        # h_t = o tanh(c_t). And c_t has gone two ways: into h_t, and on to c_{t+1}.
        do = dh * np.tanh(c)
        dc = dc + dh * o * (1 - np.tanh(c) ** 2)

        # c_t = f c_{t-1} + i g
        df, di, dg = dc * c_before, dc * g, dc * i

        # through the squashing functions: s' = s (1 - s) for the sigmoid, and tanh' = 1 - tanh^2
        dz_i, dz_f, dz_o = di * i * (1 - i), df * f * (1 - f), do * o * (1 - o)
        dz_g = dg * (1 - g**2)
        dz = np.concatenate([dz_i, dz_f, dz_g, dz_o], axis=1)  # (N, 4H)

        # z = W x_t + U h_{t-1} + b. Every step uses the same weights, so theirs add up over time.
        dW += dz.T @ x
        dU += dz.T @ h_before
        db += dz.sum(axis=0)
        dx.append(dz @ W)

        # Two ways lead into the past. The one through h is multiplied by U at every step, and
        # vanishes or explodes as powers of U do. The one through c meets no weights: it is
        # multiplied by the forget gate alone, and with f = 1 it arrives as it left.
        dh = dz @ U
        dc = dc * f

        if bptt_steps is not None and t > 0 and t % bptt_steps == 0:
            dh, dc = np.zeros_like(dh), np.zeros_like(dc)
    return np.stack(dx[::-1], axis=1), dW, dU, db, dh, dc


def sigmoid(z):
    """Squash into 0 .. 1."""
    return 1 / (1 + np.exp(-z))
