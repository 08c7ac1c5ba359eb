"""The LSTM with coupled input and forget gates."""

import torch

from sklstm.nn.cells._cell import Cell


class CoupledCell(Cell):
    r"""The LSTM whose input gate is one minus its forget gate.

    .. math::

        f_t &= \sigma(W_f x_t + U_f h_{t-1} + b_f) \\
        g_t &= \tanh(W_g x_t + U_g h_{t-1} + b_g) \\
        o_t &= \sigma(W_o x_t + U_o h_{t-1} + b_o) \\
        c_t &= f_t \odot c_{t-1} + (1 - f_t) \odot g_t \\
        h_t &= o_t \odot \tanh(c_t)

    The cell state is a mean of candidates and stays within :math:`(-1, 1)` [1]_. The gates' weights
    are stacked in the order :math:`f, g, o`; a cell has :math:`3H(F + H + 1)` parameters.

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
    .. [1] Greff et al. (2017), LSTM: a search space odyssey, IEEE Transactions on Neural
       Networks and Learning Systems 28(10). https://doi.org/10.1109/TNNLS.2016.2582924
    """

    gates = "fgo"
    states = ("h", "c")
    title = "Coupled LSTM"

    def __init__(self, input_size, hidden_size, forget_bias=1.0):
        super().__init__(input_size, hidden_size, forget_bias)

    def step(self, x, state, weight_hh):
        """Compute one step; see `Cell.step`."""
        h, c = state
        f, g, o = (x @ self.weight_ih.T + h @ weight_hh.T + self.bias).chunk(3, dim=-1)
        f, g, o = f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * c + (1 - f) * g
        h = o * c.tanh()
        return (h, c), {"f": f, "g": g, "o": o}

    def run(self, x, state, weight_hh):
        r"""Compute all steps with torch's LSTM kernel; see `Cell.run`.

        Since :math:`1 - \sigma(z) = \sigma(-z)`, the cell is an LSTM whose input gate has the
        negative weights of its forget gate.
        """
        weights = [_with_input_gate(w) for w in (self.weight_ih, weight_hh, self.bias)]
        return self._run_kernel(torch.lstm, x, state, *weights)


def _with_input_gate(weights):
    f, g, o = weights.chunk(3)
    return torch.cat([-f, f, g, o])
