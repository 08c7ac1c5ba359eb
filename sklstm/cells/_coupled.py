"""The LSTM with coupled gates: it writes where it forgets."""

import torch
from torch.nn import functional as F

from sklstm.cells._cell import Cell


class CoupledCell(Cell):
    r"""The LSTM whose input gate is one minus its forget gate.

    .. math::

        f_t &= \sigma(W_f x_t + U_f h_{t-1} + b_f) \\
        g_t &= \tanh(W_g x_t + U_g h_{t-1} + b_g) \\
        o_t &= \sigma(W_o x_t + U_o h_{t-1} + b_o) \\
        c_t &= f_t \odot c_{t-1} + (1 - f_t) \odot g_t \\
        h_t &= o_t \odot \tanh(c_t)

    The memory is a mean of candidates and never leaves :math:`(-1, 1)` [1]_. The gates' weights
    are stacked in the order :math:`f, g, o`; a cell has :math:`3H(F + H + 1)` parameters.

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
    .. [1] Greff et al. (2017), LSTM: a search space odyssey, IEEE Transactions on Neural
       Networks and Learning Systems 28(10). https://doi.org/10.1109/TNNLS.2016.2582924
    """

    gates = "fgo"
    states = ("h", "c")
    title = "Coupled LSTM"

    def __init__(self, input_size, hidden_size, forget_bias=1.0):
        super().__init__(input_size, hidden_size, forget_bias)

    def step(self, x, state, weight_hh):
        """Take one step; see `Cell.step`."""
        h, c = state
        f, g, o = (x @ self.weight_ih.T + h @ weight_hh.T + self.bias).chunk(3, dim=-1)
        f, g, o = f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * c + (1 - f) * g
        h = o * c.tanh()
        return (h, c), {"f": f, "g": g, "o": o}

    def run(self, x, state, weight_hh):
        """Take all steps, with a backward pass written by hand; see `Cell.run`."""
        x = F.linear(x, self.weight_ih, self.bias).transpose(0, 1)  # (T, N, 3H): one product
        outputs, *last = _CoupledSteps.apply(x, *state, weight_hh)
        return outputs.transpose(0, 1), tuple(last)


class _CoupledSteps(torch.autograd.Function):
    r"""All steps, forwards and backwards through time.

    The backward pass carries :math:`\partial L / \partial h_t` and
    :math:`\partial L / \partial c_t` from the last step to the first:

    .. math::

        \partial o &= \partial h \odot \tanh(c_t) \odot o(1 - o) \\
        \partial c &\mathrel{+}= \partial h \odot o \odot (1 - \tanh^2(c_t)) \\
        \partial f &= \partial c \odot (c_{t-1} - g) \odot f(1 - f) \\
        \partial g &= \partial c \odot (1 - f) \odot (1 - g^2) \\
        \partial h_{t-1} &= U^\top [\partial f, \partial g, \partial o], \quad
        \partial c_{t-1} = \partial c \odot f

    where gates stand for what is inside their sigmoid or tanh.
    """

    @staticmethod
    def forward(ctx, x, h, c, weight_hh):
        n_steps, n_sequences, _ = x.shape
        n_units = h.shape[1]
        gates = x.contiguous().clone()  # (T, N, 3H): the sums, then the gates
        hs = h.new_empty(n_steps + 1, n_sequences, n_units)  # h_0 .. h_T
        cs, tanh_c = torch.empty_like(hs), torch.empty_like(hs[1:])
        hs[0], cs[0] = h, c
        U = weight_hh.T.contiguous()
        for t in range(n_steps):
            z = gates[t].addmm_(hs[t], U)
            f, g, o = z.chunk(3, dim=1)
            f.sigmoid_()
            g.tanh_()
            o.sigmoid_()
            torch.lerp(g, cs[t], f, out=cs[t + 1])  # g + f (c - g)
            torch.tanh(cs[t + 1], out=tanh_c[t])
            torch.mul(o, tanh_c[t], out=hs[t + 1])
        ctx.save_for_backward(gates, hs, cs, tanh_c, weight_hh)
        return hs[1:], hs[-1].clone(), cs[-1].clone()

    @staticmethod
    def backward(ctx, errors, last_h, last_c):
        gates, hs, cs, tanh_c, weight_hh = ctx.saved_tensors
        f, g, o = gates.chunk(3, dim=2)
        # everything that does not wait for a later step, for all steps at once
        to_f = (cs[:-1] - g) * f * (1 - f)
        to_g = (1 - f) * (1 - g**2)
        to_fg = torch.stack([to_f, to_g], dim=2)  # (T, N, 2, H)
        to_o = tanh_c * o * (1 - o)
        to_c = o * (1 - tanh_c**2)
        sums = torch.empty_like(gates)  # gradients of the sums inside the gates
        n_units = last_h.shape[1]
        dh, dc = last_h, last_c
        for t in range(len(gates) - 1, -1, -1):
            dh = dh + errors[t]
            dc = torch.addcmul(dc, dh, to_c[t])
            torch.mul(dh, to_o[t], out=sums[t, :, 2 * n_units :])
            fg = sums[t, :, : 2 * n_units].view(-1, 2, n_units)
            torch.mul(dc[:, None], to_fg[t], out=fg)
            dh = sums[t] @ weight_hh
            dc = dc * f[t]
        d_weight = sums.flatten(0, 1).T @ hs[:-1].flatten(0, 1)  # (3H, H): one product
        return sums, dh, dc, d_weight
