"""The long short-term memory cell."""

import torch

from sklstm.nn.cells._cell import Cell


class LSTMCell(Cell):
    r"""The long short-term memory cell with a forget gate.

    .. math::

        i_t &= \sigma(W_i x_t + U_i h_{t-1} + b_i) \\
        f_t &= \sigma(W_f x_t + U_f h_{t-1} + b_f) \\
        g_t &= \tanh(W_g x_t + U_g h_{t-1} + b_g) \\
        o_t &= \sigma(W_o x_t + U_o h_{t-1} + b_o) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
        h_t &= o_t \odot \tanh(c_t)

    The gates' weights are stacked in the order :math:`i, f, g, o`, with one bias for each
    gate as in the equations, so a cell has :math:`4H(F + H + 1)` parameters.

    Parameters
    ----------
    input_size : int
        Features :math:`F` of a step :math:`x_t`.
    hidden_size : int
        Units :math:`H` of the state.
    forget_bias : float, default=1.0
        Initial :math:`b_f`: with 1, the cell state lasts from the start of training [3]_.

    References
    ----------
    .. [1] Hochreiter and Schmidhuber (1997), Long short-term memory, Neural Computation 9(8).
       https://doi.org/10.1162/neco.1997.9.8.1735
    .. [2] Gers, Schmidhuber and Cummins (2000), Learning to forget: continual prediction with
       LSTM, Neural Computation 12(10). https://doi.org/10.1162/089976600300015015
    .. [3] Jozefowicz, Zaremba and Sutskever (2015), An empirical exploration of recurrent
       network architectures, ICML. https://proceedings.mlr.press/v37/jozefowicz15.html
    """

    gates = "ifgo"
    states = ("h", "c")
    title = "LSTM"

    def __init__(self, input_size, hidden_size, forget_bias=1.0):
        super().__init__(input_size, hidden_size, forget_bias)

    def step(self, x, state, weight_hh):
        """Compute one step; see `Cell.step`."""
        h, c = state
        i, f, g, o = (x @ self.weight_ih.T + h @ weight_hh.T + self.bias).chunk(4, dim=-1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * c + i * g
        h = o * c.tanh()
        return (h, c), {"i": i, "f": f, "g": g, "o": o}

    def run(self, x, state, weight_hh):
        """Compute all steps with torch's kernel; see `Cell.run`."""
        return self._run_kernel(torch.lstm, x, state, self.weight_ih, weight_hh, self.bias)
