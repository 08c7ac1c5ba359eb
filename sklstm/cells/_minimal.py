"""Minimal cells, whose gates see the input only: all steps are computed at once."""

from torch.nn import functional as F

from sklstm.cells._cell import Cell
from sklstm.cells._scan import linear_scan


class MinimalCell(Cell):
    r"""What the minimal cells share: a linear recurrence, computed by a parallel scan.

    Subclasses say how much of :math:`h_{t-1}` is kept and what is added to it:

    .. math:: h_t = k_t \odot h_{t-1} + a_t
    """

    sees_output = False

    def gate(self, x):
        """Compute the gates of any number of steps.

        Parameters
        ----------
        x : Tensor of shape (..., input_size)
            The inputs.

        Returns
        -------
        keep, add : Tensor of shape (..., hidden_size)
            The terms of the recurrence.
        gates : dict of str to Tensor
            The values of the gates, by letter.
        """
        raise NotImplementedError

    def step(self, x, state):
        """Take one step; see `Cell.step`."""
        (h,) = state
        keep, add, gates = self.gate(x)
        return (keep * h + add,), gates

    def run(self, x, state):
        """Take all steps by a parallel scan; see `Cell.run`."""
        (h,) = state
        keep, add, _ = self.gate(x)  # (N, T, H)
        outputs = linear_scan(keep.to(h.dtype), add.to(h.dtype), h)
        return outputs, (outputs[:, -1],)


class MinLSTMCell(MinimalCell):
    r"""The LSTM without its past in the gates, and without a memory apart from its output.

    .. math::

        f_t &= \sigma(W_f x_t + b_f), \quad i_t = \sigma(W_i x_t + b_i) \\
        g_t &= W_g x_t + b_g \\
        h_t &= \frac{f_t}{f_t + i_t} \odot h_{t-1} + \frac{i_t}{f_t + i_t} \odot g_t

    The gates do not wait for :math:`h_{t-1}`, so the recurrence is linear and a parallel scan
    computes it [1]_. It has :math:`3H(F + 1)` parameters.

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

    def __init__(self, input_size, hidden_size, forget_bias=1.0):
        super().__init__(input_size, hidden_size, forget_bias)

    def gate(self, x):
        """Compute the gates; see `MinimalCell.gate`."""
        f, i, g = F.linear(x, self.weight_ih, self.bias).chunk(3, dim=-1)
        f, i = f.sigmoid(), i.sigmoid()
        keep = f / (f + i)
        return keep, (1 - keep) * g, {"f": f, "i": i, "g": g}


class MinGRUCell(MinimalCell):
    r"""The GRU without its past in the gates.

    .. math::

        z_t &= \sigma(W_z x_t + b_z) \\
        n_t &= W_n x_t + b_n \\
        h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}

    As in `GRUCell`, :math:`z = 1` keeps. The gates do not wait for :math:`h_{t-1}`, so the
    recurrence is linear and a parallel scan computes it [1]_. It has :math:`2H(F + 1)`
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

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)

    def gate(self, x):
        """Compute the gates; see `MinimalCell.gate`."""
        z, n = F.linear(x, self.weight_ih, self.bias).chunk(2, dim=-1)
        z = z.sigmoid()
        return z, (1 - z) * n, {"z": z, "n": n}
