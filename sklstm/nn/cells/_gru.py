"""The gated recurrent unit."""

import torch

from sklstm.nn.cells._cell import Cell


class GRUCell(Cell):
    r"""The gated recurrent unit: one gate for what is kept and what is new, and no cell state.

    .. math::

        r_t &= \sigma(W_r x_t + U_r h_{t-1} + b_r) \\
        z_t &= \sigma(W_z x_t + U_z h_{t-1} + b_z) \\
        n_t &= \tanh(W_n x_t + r_t \odot (U_n h_{t-1}) + b_n) \\
        h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}

    Torch's form of [1]_: the reset gate :math:`r` is applied after the product with :math:`U_n`,
    so that a step takes a single product, and :math:`z = 1` keeps the state. A cell has
    :math:`3H(F + H + 1)` parameters.

    Parameters
    ----------
    input_size : int
        Features :math:`F` of a step :math:`x_t`.
    hidden_size : int
        Units :math:`H` of the state.

    References
    ----------
    .. [1] Cho et al. (2014), Learning phrase representations using RNN encoder-decoder for
       statistical machine translation, EMNLP. https://doi.org/10.3115/v1/D14-1179
    """

    gates = "rzn"
    title = "GRU"
    min_sequences = 32

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)

    def step(self, x, state, weight_hh):
        """Compute one step; see `Cell.step`."""
        (h,) = state
        x_r, x_z, x_n = (x @ self.weight_ih.T + self.bias).chunk(3, dim=-1)
        h_r, h_z, h_n = (h @ weight_hh.T).chunk(3, dim=-1)
        r, z = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()
        n = (x_n + r * h_n).tanh()
        h = (1 - z) * n + z * h
        return (h,), {"r": r, "z": z, "n": n}

    def run(self, x, state, weight_hh):
        """Compute all steps with torch's kernel; see `Cell.run`."""
        return self._run_kernel(torch.gru, x, state, self.weight_ih, weight_hh, self.bias)
