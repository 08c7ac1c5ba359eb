"""The LSTM with peepholes: its gates also depend on the cell state."""

import torch
from torch import nn
from torch.nn import functional as F

from sklstm.nn.cells._cell import Cell

ROWS_AT_ONCE = 2048  # of the backward pass, sequences times steps


class PeepholeCell(Cell):
    r"""The LSTM whose gates also depend on the cell state.

    .. math::

        i_t &= \sigma(W_i \cdot [c_{t-1}, h_{t-1}, x_t] + b_i) \\
        f_t &= \sigma(W_f \cdot [c_{t-1}, h_{t-1}, x_t] + b_f) \\
        g_t &= \tanh(W_g \cdot [h_{t-1}, x_t] + b_g) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
        o_t &= \sigma(W_o \cdot [c_t, h_{t-1}, x_t] + b_o) \\
        h_t &= o_t \odot \tanh(c_t)

    Each :math:`W` is split by what it multiplies: :math:`W` for :math:`x_t` and
    :math:`U` for :math:`h_{t-1}`, stacked in the order :math:`i, f, g, o`, and the peepholes
    :math:`V` for the cell state, in the order :math:`i, f, o`. In the diagonal form of [1]_ every
    gate sees only the cell state of its own unit, :math:`v \odot c`. A cell has
    :math:`4H(F + H + 1) + 3H^2` parameters, in the diagonal form :math:`4H(F + H + 1) + 3H`.

    Parameters
    ----------
    input_size : int
        Features :math:`F` of a step :math:`x_t`.
    hidden_size : int
        Units :math:`H` of the state.
    forget_bias : float, default=1.0
        Initial :math:`b_f`.
    diagonal : bool, default=False
        Whether a gate sees only the cell state of its own unit.

    References
    ----------
    .. [1] Gers and Schmidhuber (2000), Recurrent nets that time and count, IJCNN.
       https://doi.org/10.1109/IJCNN.2000.861302
    """

    gates = "ifgo"
    states = ("h", "c")
    title = "Peephole LSTM"
    min_sequences = 64  # a loop in Python costs as much for one sequence as for many

    def __init__(self, input_size, hidden_size, forget_bias=1.0, diagonal=False):
        self.diagonal = diagonal
        super().__init__(input_size, hidden_size, forget_bias)

    def _make_weights(self, input_size, hidden_size):
        super()._make_weights(input_size, hidden_size)
        n_rows = 3 if self.diagonal else 3 * hidden_size
        self.weight_ch = nn.Parameter(torch.empty(n_rows, hidden_size))  # V

    def reset_parameters(self):
        """Initialise the weights as in other cells, and the peepholes to zero."""
        super().reset_parameters()
        nn.init.zeros_(self.weight_ch)

    @property
    def recurrent(self):
        """The recurrent weights."""
        return self.weight_hh, self.weight_ch

    def step(self, x, state, weight_hh, weight_ch):
        """Compute one step; see `Cell.step`."""
        h, c = state
        V_i, V_f, V_o = weight_ch.chunk(3)
        peep = torch.mul if self.diagonal else F.linear
        i, f, g, o = (x @ self.weight_ih.T + h @ weight_hh.T + self.bias).chunk(4, dim=-1)
        i, f, g = (i + peep(c, V_i)).sigmoid(), (f + peep(c, V_f)).sigmoid(), g.tanh()
        c = f * c + i * g
        o = (o + peep(c, V_o)).sigmoid()
        h = o * c.tanh()
        return (h, c), {"i": i, "f": f, "g": g, "o": o}

    def run(self, x, state, weight_hh, weight_ch):
        """Compute all steps, with a backward pass written by hand; see `Cell.run`."""
        x, *state = (tensor.to(self.bias.dtype) for tensor in (x, *state))
        with torch.autocast(x.device.type, enabled=False):  # in-place products need one dtype
            outputs, *last = _PeepholeSteps.apply(
                x.transpose(0, 1).contiguous(), *state,
                self.weight_ih, weight_hh, weight_ch, self.bias, self.diagonal,
            )  # fmt: skip
        return outputs.transpose(0, 1), tuple(last)


class _PeepholeSteps(torch.autograd.Function):
    r"""All steps, forwards and backwards through time.

    The backward pass carries :math:`\partial L / \partial h_t` and
    :math:`\partial L / \partial c_t` from the last step to the first:

    .. math::

        \partial o &= \partial h \odot \tanh(c_t) \odot o(1 - o) \\
        \partial c &\mathrel{+}= \partial h \odot o \odot (1 - \tanh^2(c_t))
            + V_o^\top \partial o \\
        \partial i &= \partial c \odot g \odot i(1 - i) \\
        \partial f &= \partial c \odot c_{t-1} \odot f(1 - f) \\
        \partial g &= \partial c \odot i \odot (1 - g^2) \\
        \partial h_{t-1} &= U^\top [\partial i, \partial f, \partial g, \partial o] \\
        \partial c_{t-1} &= \partial c \odot f + V_{i,f}^\top [\partial i, \partial f]

    where the gates stand for the sums inside their sigmoid or tanh.
    """

    # torch's tanh takes several times as long as its sigmoid, so the candidate is computed as
    # g = 2 s - 1 with s = sigmoid(2 z), side by side with the gates i and f.

    @staticmethod
    def forward(ctx, x, h, c, weight_ih, weight_hh, weight_ch, bias, diagonal):
        n_steps, n_sequences, n_features = x.shape
        n_units = h.shape[1]
        x = x.view(-1, n_features)
        W, U, b = (_scale_candidate(weights, 2) for weights in (weight_ih, weight_hh, bias))
        gates = torch.addmm(b, x, W.T).view(n_steps, n_sequences, -1)  # (T, N, 4H): sums first
        hs = h.new_empty(n_steps + 1, n_sequences, n_units)  # h_0 .. h_T
        cs, tanh_c = torch.empty_like(hs), torch.empty_like(hs[1:])
        hs[0], cs[0] = h, c
        U = U.T.contiguous()
        V_if, V_o = _split(weight_ch)
        i_f, i_f_s = gates[..., : 2 * n_units], gates[..., : 3 * n_units]
        steps = (gates, i_f, i_f_s, *gates.chunk(4, 2), hs[:-1], cs[:-1], cs[1:], tanh_c, hs[1:])
        for step in zip(*map(torch.unbind, steps), strict=True):
            z, i_f, i_f_s, i, f, s, o, h, c, c_t, tanh_c_t, h_t = step  # views
            z.addmm_(h, U)
            _peep(i_f, c, V_if, diagonal)
            i_f_s.sigmoid_()
            torch.mul(f, c, out=c_t).sub_(i).addcmul_(i, s, value=2)  # f c + i (2 s - 1)
            _peep(o, c_t, V_o, diagonal).sigmoid_()
            torch.tanh(c_t, out=tanh_c_t)
            torch.mul(o, tanh_c_t, out=h_t)
        ctx.save_for_backward(x, gates, hs, cs, tanh_c, weight_ih, weight_hh, weight_ch)
        ctx.diagonal = diagonal
        return hs[1:], hs[-1].clone(), cs[-1].clone()

    @staticmethod
    def backward(ctx, errors, dh, dc):
        x, gates, hs, cs, tanh_c, weight_ih, weight_hh, weight_ch = ctx.saved_tensors
        n_steps, n_sequences, n_units = tanh_c.shape
        # since 1 - g^2 = 4 s (1 - s), a quarter of the gradient of g's sum is computed, and the
        # weights that it is multiplied by are four times as large
        W, U = _scale_candidate(weight_ih, 4), _scale_candidate(weight_hh, 4)
        V_if, V_o = _split(weight_ch)
        dx = torch.empty_like(x)
        d_weights = [torch.zeros_like(w) for w in (weight_ih, weight_hh, V_if, V_o)]
        d_bias = weight_hh.new_zeros(len(weight_hh))
        # a few steps at a time, so that their gradients stay in the processor's cache
        at_once = max(1, ROWS_AT_ONCE // n_sequences)
        buffer = gates.new_empty(min(at_once, n_steps), *gates.shape[1:])
        for start in reversed(range(0, n_steps, at_once)):
            now = slice(start, min(start + at_once, n_steps))
            sums = buffer[: now.stop - start]  # gradients of the sums inside the gates
            d_if, d_ifg = sums[..., : 2 * n_units], sums[..., : 3 * n_units]
            steps = (
                errors[now], sums, d_if, d_ifg, *sums.chunk(4, 2),
                gates[now, :, : 3 * n_units], *gates[now].chunk(4, 2), cs[now], tanh_c[now],
            )  # fmt: skip
            for step in reversed(list(zip(*map(torch.unbind, steps), strict=True))):
                error, dz, dif, difg, di, df, dg, do, i_f_s, i, f, s, o, c, tanh_c_t = step
                dh = dh + error
                torch.mul(dh, tanh_c_t, out=do).mul_(o).addcmul_(do, o, value=-1)  # o (1 - o)
                dc = dc + torch.ops.aten.tanh_backward(dh.mul_(o), tanh_c_t)
                dc = _peep_back(dc, do, V_o, ctx.diagonal)
                torch.addcmul(-dc, dc, s, value=2, out=di)  # dc g
                torch.mul(dc, c, out=df)
                torch.mul(dc, i, out=dg)
                difg.mul_(torch.addcmul(i_f_s, i_f_s, i_f_s, value=-1))  # value (1 - value)
                dh = dz @ U
                dc = _peep_back(dc.mul_(f), dif, V_if, ctx.diagonal)
            # the gradients of weights are sums over steps: one product for each
            flat = sums.flatten(0, 1)  # (steps N, 4H)
            rows = slice(start * n_sequences, now.stop * n_sequences)
            torch.mm(flat, W, out=dx[rows])
            d_weights[0].addmm_(flat.T, x[rows])
            d_weights[1].addmm_(flat.T, hs[now].flatten(0, 1))
            d_weights[2] += _peep_gradient(d_if, cs[now], ctx.diagonal)
            d_weights[3] += _peep_gradient(
                sums[..., 3 * n_units :], cs[start + 1 : now.stop + 1], ctx.diagonal
            )
            d_bias += flat.sum(dim=0)
        d_weight_ih, d_weight_hh, d_bias = (
            _scale_candidate(gradient, 4) for gradient in (*d_weights[:2], d_bias)
        )
        d_weight_ch = torch.cat(d_weights[2:])
        dx = dx.view(n_steps, n_sequences, -1)
        return dx, dh, dc, d_weight_ih, d_weight_hh, d_weight_ch, d_bias, None


def _scale_candidate(weights, factor):
    """Multiply the rows of g among those of i, f, g, o."""
    i, f, g, o = weights.chunk(4)
    return torch.cat([i, f, factor * g, o])


def _split(weight_ch):
    """Split the peepholes into those of the previous cell state, and those of the new one."""
    V_i, V_f, V_o = weight_ch.chunk(3)
    return torch.cat([V_i, V_f]), V_o


def _peep(sums, c, V, diagonal):
    """Add the peepholes of some gates to their sums, of shape (N, gates * H)."""
    if diagonal:
        sums.view(len(c), -1, c.shape[1]).addcmul_(c[:, None], V)
        return sums
    return sums.addmm_(c, V.T)


def _peep_back(dc, sums, V, diagonal):
    """Add the gradients that come from these gates to that of the cell state."""
    if diagonal:
        return dc.add_((sums.view(len(dc), -1, dc.shape[1]) * V).sum(dim=1))
    return dc.addmm_(sums, V)


def _peep_gradient(sums, c, diagonal):
    """Return the gradient of the peepholes, from all steps."""
    if diagonal:
        return (sums.unflatten(2, (-1, c.shape[2])) * c[:, :, None]).sum(dim=(0, 1))
    return sums.flatten(0, 1).T @ c.flatten(0, 1)
