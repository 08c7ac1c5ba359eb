"""The LSTM with coupled gates: it writes where it forgets."""

import torch
from torch.nn import functional as F

from sklstm.cells._cell import Cell
from sklstm.cells._slopes import through_sigmoid, through_tanh


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
        x = F.linear(x, self.weight_ih, self.bias).to(state[0].dtype)  # (N, T, 3H): one product
        outputs, *last = _CoupledSteps.apply(x.transpose(0, 1), *state, weight_hh)
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
        steps = (gates, *gates.chunk(3, dim=2), hs[:-1], cs[:-1], cs[1:], tanh_c, hs[1:])
        for z, f, g, o, h, c, c_t, tanh_c_t, h_t in zip(*map(torch.unbind, steps), strict=True):
            z.addmm_(h, U)
            f.sigmoid_()
            g.tanh_()
            o.sigmoid_()
            torch.lerp(g, c, f, out=c_t)  # g + f (c - g)
            torch.tanh(c_t, out=tanh_c_t)
            torch.mul(o, tanh_c_t, out=h_t)
        ctx.save_for_backward(gates, hs, cs, tanh_c, weight_hh)
        return hs[1:], hs[-1].clone(), cs[-1].clone()

    @staticmethod
    def backward(ctx, errors, last_h, last_c):
        gates, hs, cs, tanh_c, weight_hh = ctx.saved_tensors
        sums = torch.empty_like(gates)  # gradients of the sums inside the gates
        steps = (errors, sums, *sums.chunk(3, dim=2), *gates.chunk(3, dim=2), cs[:-1], tanh_c)
        dh, dc = last_h, last_c
        for step in reversed(list(zip(*map(torch.unbind, steps), strict=True))):
            error, dz, df, dg, do, f, g, o, c, tanh_c_t = step
            dh = dh + error
            through_sigmoid(dh * tanh_c_t, o, out=do)
            through_tanh(dh.mul_(o), tanh_c_t, out=dh)
            dc = dc + dh
            through_sigmoid(dc * (c - g), f, out=df)
            through_tanh(dc * (1 - f), g, out=dg)
            dh = dz @ weight_hh
            dc = dc.mul_(f)
        d_weight = sums.flatten(0, 1).T @ hs[:-1].flatten(0, 1)  # (3H, H): one product
        return sums, dh, dc, d_weight
