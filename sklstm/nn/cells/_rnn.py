"""The plain recurrent cell."""

import torch

from sklstm.nn.cells._cell import Cell


class RNNCell(Cell):
    r"""The plain recurrent cell, whose only state is its output.

    .. math:: h_t = \tanh(W x_t + U h_{t-1} + b)

    It has :math:`H(F + H + 1)` parameters. Over a lag of :math:`n` steps its gradient passes
    through :math:`n` products with :math:`U`, so it vanishes or explodes [1]_.

    Parameters
    ----------
    input_size : int
        Features :math:`F` of a step :math:`x_t`.
    hidden_size : int
        Units :math:`H` of the state.
    nonlinearity : {"tanh", "relu"}, default="tanh"
        The activation function; with ``"relu"`` the output is unbounded.

    References
    ----------
    .. [1] Bengio, Simard and Frasconi (1994), Learning long-term dependencies with gradient
       descent is difficult, IEEE Transactions on Neural Networks 5(2).
       https://doi.org/10.1109/72.279181
    """

    gates = "h"
    title = "RNN"
    min_sequences = 32

    def __init__(self, input_size, hidden_size, nonlinearity="tanh"):
        super().__init__(input_size, hidden_size)
        self.nonlinearity = nonlinearity

    def step(self, x, state, weight_hh):
        """Compute one step; see `Cell.step`."""
        (h,) = state
        h = x @ self.weight_ih.T + h @ weight_hh.T + self.bias
        h = h.tanh() if self.nonlinearity == "tanh" else h.relu()
        return (h,), {}

    def run(self, x, state, weight_hh):
        """Compute all steps with torch's kernel; see `Cell.run`."""
        kernel = torch.rnn_tanh if self.nonlinearity == "tanh" else torch.rnn_relu
        return self._run_kernel(kernel, x, state, self.weight_ih, weight_hh, self.bias)
