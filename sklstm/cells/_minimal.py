"""Minimal cells, whose gates see the input only: all steps are computed at once."""

import torch
from torch.nn import functional as F

from sklstm.cells._cell import Cell
from sklstm.cells._scan import linear_scan, scan_back


class MinLSTMCell(Cell):
    r"""The LSTM without its past in the gates, and without a memory apart from its output.

    .. math::

        f_t &= \sigma(W_f x_t + b_f) \\
        i_t &= \sigma(W_i x_t + b_i) \\
        g_t &= W_g x_t + b_g \\
        k_t &= f_t / (f_t + i_t) \\
        h_t &= k_t \odot h_{t-1} + (1 - k_t) \odot g_t

    The gates do not wait for :math:`h_{t-1}`, so the recurrence is linear and a parallel scan
    computes it [1]_. A cell has :math:`3H(F + 1)` parameters.

    Parameters
    ----------
    input_size : int
        Features :math:`F` of a step :math:`x_t`.
    hidden_size : int
        Units :math:`H` of the state.
    forget_bias : float, default=1.0
        Where :math:`b_f` starts.

    References
    ----------
    .. [1] Feng et al. (2024), Were RNNs all we needed?
       https://doi.org/10.48550/arXiv.2410.01201
    """

    gates = "fig"
    title = "minLSTM"
    sees_output = False

    def __init__(self, input_size, hidden_size, forget_bias=1.0):
        super().__init__(input_size, hidden_size, forget_bias)

    def step(self, x, state):
        """Take one step; see `Cell.step`."""
        (h,) = state
        f, i, g = (x @ self.weight_ih.T + self.bias).chunk(3, dim=-1)
        f, i = f.sigmoid(), i.sigmoid()
        keep = f / (f + i)
        h = keep * h + (1 - keep) * g
        return (h,), {"f": f, "i": i, "g": g}

    def run(self, x, state):
        """Take all steps by a parallel scan; see `Cell.run`."""
        return _run_minimal(_MinLSTMSteps, self, x, *state)


class MinGRUCell(Cell):
    r"""The GRU without its past in the gates.

    .. math::

        z_t &= \sigma(W_z x_t + b_z) \\
        n_t &= W_n x_t + b_n \\
        h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}

    As in `GRUCell`, :math:`z = 1` keeps. The gates do not wait for :math:`h_{t-1}`, so the
    recurrence is linear and a parallel scan computes it [1]_. A cell has :math:`2H(F + 1)`
    parameters.

    Parameters
    ----------
    input_size : int
        Features :math:`F` of a step :math:`x_t`.
    hidden_size : int
        Units :math:`H` of the state.

    References
    ----------
    .. [1] Feng et al. (2024), Were RNNs all we needed?
       https://doi.org/10.48550/arXiv.2410.01201
    """

    gates = "zn"
    title = "minGRU"
    sees_output = False

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)

    def step(self, x, state):
        """Take one step; see `Cell.step`."""
        (h,) = state
        z, n = (x @ self.weight_ih.T + self.bias).chunk(2, dim=-1)
        z = z.sigmoid()
        h = (1 - z) * n + z * h
        return (h,), {"z": z, "n": n}

    def run(self, x, state):
        """Take all steps by a parallel scan; see `Cell.run`."""
        return _run_minimal(_MinGRUSteps, self, x, *state)


def _run_minimal(steps, cell, x, h):
    x = F.linear(x, cell.weight_ih, cell.bias).to(h.dtype)  # (N, T, gates * H)
    outputs = steps.apply(x, h)
    return outputs, (outputs[:, -1],)


class _MinLSTMSteps(torch.autograd.Function):
    r"""All steps and their gradients.

    With :math:`\partial k = d \odot (h_{t-1} - g)` from the scan, the gradients of the sums
    inside the gates are

    .. math::

        \partial f = \partial k \odot k (1 - k) (1 - f), \quad
        \partial i = -\partial k \odot k (1 - k) (1 - i), \quad
        \partial g = d \odot (1 - k)
    """

    @staticmethod
    def forward(ctx, x, first):
        f, i, g = x.chunk(3, dim=-1)
        f, i = f.sigmoid(), i.sigmoid()
        keep = f / (f + i)
        outputs = linear_scan(keep, torch.addcmul(g, keep, g, value=-1), first)
        ctx.save_for_backward(f, i, g, keep, outputs, first)
        return outputs

    @staticmethod
    def backward(ctx, errors):
        f, i, g, keep, outputs, first = ctx.saved_tensors
        gradient, before = scan_back(keep, outputs, first, errors)
        to_keep = before.sub_(g).mul_(gradient)
        slope = torch.ops.aten.sigmoid_backward(to_keep, keep)
        sums = torch.cat(
            [
                torch.addcmul(slope, slope, f, value=-1),
                torch.addcmul(-slope, slope, i),
                torch.addcmul(gradient, gradient, keep, value=-1),
            ],
            dim=-1,
        )
        return sums, keep[:, 0] * gradient[:, 0]


class _MinGRUSteps(torch.autograd.Function):
    r"""All steps and their gradients.

    With :math:`\partial z = d \odot (h_{t-1} - n)` from the scan, the gradients of the sums
    inside the gates are :math:`\partial z \odot z(1 - z)` and :math:`d \odot (1 - z)`.
    """

    @staticmethod
    def forward(ctx, x, first):
        z, n = x.chunk(2, dim=-1)
        z = z.sigmoid()
        outputs = linear_scan(z, torch.addcmul(n, z, n, value=-1), first)
        ctx.save_for_backward(z, n, outputs, first)
        return outputs

    @staticmethod
    def backward(ctx, errors):
        z, n, outputs, first = ctx.saved_tensors
        gradient, before = scan_back(z, outputs, first, errors)
        to_z = torch.ops.aten.sigmoid_backward(before.sub_(n).mul_(gradient), z)
        to_n = torch.addcmul(gradient, gradient, z, value=-1)
        return torch.cat([to_z, to_n], dim=-1), z[:, 0] * gradient[:, 0]
