"""One step of a recurrent net: the cell is its equations, nothing else knows them."""

import torch
from torch import nn


class LSTMCell(nn.Module):
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

    References
    ----------
    .. [1] Hochreiter and Schmidhuber (1997), Long short-term memory, Neural Computation 9(8).
       https://doi.org/10.1162/neco.1997.9.8.1735
    .. [2] Gers, Schmidhuber and Cummins (2000), Learning to forget: continual prediction with
       LSTM, Neural Computation 12(10). https://doi.org/10.1162/089976600300015015
    """

    gates = "ifgo"

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        n_rows = len(self.gates) * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(n_rows, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(n_rows, hidden_size))  # U
        self.bias = nn.Parameter(torch.empty(n_rows))
        # torch's kernels add a second bias; it stays zero, and out of the parameters
        self.register_buffer("_no_bias", torch.zeros(n_rows), persistent=False)
        self.reset_parameters()

    def reset_parameters(self):
        """Draw Glorot input weights, orthogonal recurrent weights, and a forget bias of 1."""
        for weight, draw in ((self.weight_ih, nn.init.xavier_uniform_),
                             (self.weight_hh, nn.init.orthogonal_)):  # fmt: skip
            for gate in weight.detach().chunk(len(self.gates)):
                draw(gate)
        with torch.no_grad():
            self.bias.zero_()
            self.bias.chunk(len(self.gates))[self.gates.index("f")].fill_(1.0)

    def initial_state(self, n_sequences):
        """Return the zero state before the first step.

        Parameters
        ----------
        n_sequences : int
            Rows :math:`N` of the batch.

        Returns
        -------
        tuple of Tensor, each of shape (n_sequences, hidden_size)
            The output :math:`h_0` and the memory :math:`c_0`.
        """
        zeros = self.weight_hh.new_zeros(n_sequences, self.hidden_size)
        return zeros, zeros

    def step(self, x, state, weight_hh):
        """Take one step, written as the equations.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, input_size)
            The inputs at this step.
        state : tuple of Tensor
            :math:`h_{t-1}` and :math:`c_{t-1}`.
        weight_hh : Tensor of shape (4 * hidden_size, hidden_size)
            The recurrent weights, from which some may have been dropped.

        Returns
        -------
        tuple of Tensor
            The new state :math:`h_t` and :math:`c_t`.
        """
        h, c = state
        i, f, g, o = (x @ self.weight_ih.T + h @ weight_hh.T + self.bias).chunk(4, dim=-1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return h, c

    def run(self, x, weight_hh):
        """Take all steps through torch's fused kernel.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, input_size)
            The inputs.
        weight_hh : Tensor of shape (4 * hidden_size, hidden_size)
            The recurrent weights.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, hidden_size)
            :math:`h_t` at every step.
        """
        state = tuple(s[None] for s in self.initial_state(len(x)))  # (1, N, H)
        weights = (self.weight_ih, weight_hh, self.bias, self._no_bias)
        outputs, _, _ = torch.lstm(
            x, state, weights, has_biases=True, num_layers=1, dropout=0.0, train=self.training,
            bidirectional=False, batch_first=True,
        )  # fmt: skip
        return outputs
