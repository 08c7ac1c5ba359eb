"""Minimal cells, whose gates depend only on the input: all steps are computed in parallel."""

import torch
from torch.nn import functional as F

from sklstm.nn.cells._cell import Cell
from sklstm.nn.cells._scan import from_blocks, scan, scan_back, to_blocks


class MinLSTMCell(Cell):
    r"""The LSTM without a cell state, whose gates depend only on the input.

    .. math::

        f_t &= \sigma(W_f x_t + b_f) \\
        i_t &= \sigma(W_i x_t + b_i) \\
        g_t &= W_g x_t + b_g \\
        k_t &= f_t / (f_t + i_t) \\
        h_t &= k_t \odot h_{t-1} + (1 - k_t) \odot g_t

    The recurrence is linear, so a parallel scan computes it [1]_. A cell has :math:`3H(F + 1)`
    parameters.

    Parameters
    ----------
    input_size : int
        Features :math:`F` of a step :math:`x_t`.
    hidden_size : int
        Units :math:`H` of the state.
    forget_bias : float, default=1.0
        Initial :math:`b_f`.

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
        """Compute one step; see `Cell.step`."""
        (h,) = state
        f, i, g = (x @ self.weight_ih.T + self.bias).chunk(3, dim=-1)
        f, i = f.sigmoid(), i.sigmoid()
        keep = f / (f + i)
        h = keep * h + (1 - keep) * g
        return (h,), {"f": f, "i": i, "g": g}

    def run(self, x, state):
        """Compute all steps by a parallel scan; see `Cell.run`."""
        return _run_minimal(_MinLSTMSteps, self, x, *state)


class MinGRUCell(Cell):
    r"""The GRU whose gates depend only on the input.

    .. math::

        z_t &= \sigma(W_z x_t + b_z) \\
        n_t &= W_n x_t + b_n \\
        h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}

    As in `GRUCell`, :math:`z = 1` keeps the state. The recurrence is linear, so a parallel scan
    computes it [1]_. A cell has :math:`2H(F + 1)` parameters.

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
        """Compute one step; see `Cell.step`."""
        (h,) = state
        z, n = (x @ self.weight_ih.T + self.bias).chunk(2, dim=-1)
        z = z.sigmoid()
        h = (1 - z) * n + z * h
        return (h,), {"z": z, "n": n}

    def run(self, x, state):
        """Compute all steps by a parallel scan; see `Cell.run`."""
        return _run_minimal(_MinGRUSteps, self, x, *state)


def _run_minimal(steps, cell, x, h):
    x, h = x.to(cell.bias.dtype), h.to(cell.bias.dtype)
    with torch.autocast(x.device.type, enabled=False):  # sums over many steps need the precision
        outputs = steps.apply(to_blocks(x), h, cell.weight_ih, cell.bias)
    outputs = from_blocks(outputs, x.shape[1])
    return outputs, (outputs[:, -1],)


class _MinimalSteps(torch.autograd.Function):
    r"""All steps and their gradients, in blocks, in place where possible.

    With the gradient :math:`d` of :math:`h_t`, the keep gate :math:`k` and the candidate
    :math:`a`, :math:`\partial k = d \odot (h_{t-1} - a)` and :math:`\partial a = d \odot (1 - k)`.
    Subclasses compute :math:`k` from the gates, and the gradients of these from :math:`\partial k`.
    """

    @classmethod
    def forward(cls, ctx, x, first, weight_ih, bias):
        gates = F.linear(x, weight_ih, bias)  # (size, N, blocks, gates * H)
        *others, candidate = gates.split(first.shape[1], dim=-1)
        keep = cls.keep_gate(*others)
        add = torch.addcmul(candidate, keep, candidate, value=-1)  # (1 - k) a
        outputs = scan(keep, add, first)
        ctx.save_for_backward(x, gates, keep, outputs, first, weight_ih)
        return outputs

    @classmethod
    def backward(cls, ctx, errors):
        x, gates, keep, outputs, first, weight_ih = ctx.saved_tensors
        gradient, before = scan_back(keep, outputs, first, errors)
        *others, candidate = gates.split(first.shape[1], dim=-1)
        sums = torch.empty_like(gates)  # gradients of the sums inside the gates
        *to_others, to_candidate = sums.split(first.shape[1], dim=-1)
        torch.addcmul(gradient, gradient, keep, value=-1, out=to_candidate)
        to_keep = before.sub_(candidate).mul_(gradient)
        cls.keep_gate_backward(to_keep, keep, others, to_others)
        flat = sums.view(-1, sums.shape[-1])
        d_x = (flat @ weight_ih).view_as(x) if ctx.needs_input_grad[0] else None
        d_first = keep[0, :, 0] * gradient[0, :, 0]
        return d_x, d_first, flat.T @ x.view(-1, x.shape[-1]), flat.sum(dim=0)


class _MinLSTMSteps(_MinimalSteps):
    r"""With :math:`k = f / (f + i)`, the gradients of the sums inside the gates are

    .. math::

        \partial f = \partial k \odot k (1 - k) (1 - f), \quad
        \partial i = -\partial k \odot k (1 - k) (1 - i)
    """

    @staticmethod
    def keep_gate(f, i):
        f.sigmoid_()
        total = i.sigmoid_() + f
        return torch.div(f, total, out=total)

    @staticmethod
    def keep_gate_backward(to_keep, keep, others, to_others):
        f, i = others
        slope = to_keep.mul_(keep).addcmul_(to_keep, keep, value=-1)
        torch.addcmul(slope, slope, f, value=-1, out=to_others[0])
        torch.addcmul(slope, slope, i, value=-1, out=to_others[1]).neg_()


class _MinGRUSteps(_MinimalSteps):
    r"""With :math:`k = z`, the gradient of the sum in it is :math:`\partial k \odot z (1 - z)`."""

    @staticmethod
    def keep_gate(z):
        return z.sigmoid_()

    @staticmethod
    def keep_gate_backward(to_keep, keep, others, to_others):
        torch.mul(to_keep, keep, out=to_others[0])
        to_others[0].addcmul_(to_others[0], keep, value=-1)
