"""The base class of the cells: their weights, and the state before the first step."""

import torch
from torch import nn


class Cell(nn.Module):
    """Base class of cells with stacked gates; subclasses add the gates and their equations.

    Parameters
    ----------
    input_size : int
        Features :math:`F` of a step :math:`x_t`.
    hidden_size : int
        Units :math:`H` of the state.
    forget_bias : float, default=None
        Initial bias of the forget gate, for cells that have one.
    """

    gates = ""  # in the order in which their weights are stacked
    states = ("h",)  # the hidden state, and the cell state "c" if there is one
    sees_output = True  # whether the gates depend on the previous hidden state
    title = ""
    min_sequences = 16  # of a micro-batch: with fewer, a run wastes time

    def __init__(self, input_size, hidden_size, forget_bias=None):
        super().__init__()
        self.hidden_size = hidden_size
        self.forget_bias = forget_bias
        self._make_weights(input_size, hidden_size)
        self.reset_parameters()

    def _make_weights(self, input_size, hidden_size):
        n_rows = len(self.gates) * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(n_rows, input_size))  # W
        if self.sees_output:
            self.weight_hh = nn.Parameter(torch.empty(n_rows, hidden_size))  # U
        self.bias = nn.Parameter(torch.empty(n_rows))

    @property
    def recurrent(self):
        """The recurrent weights."""
        return (self.weight_hh,) if self.sees_output else ()

    def reset_parameters(self):
        """Initialise Glorot input weights, orthogonal recurrent weights and the forget bias."""
        for weight, draw in (
            (self.weight_ih, nn.init.xavier_uniform_),
            *((weight, nn.init.orthogonal_) for weight in self.recurrent),
        ):
            for gate in weight.detach().split(self.hidden_size):
                draw(gate)
        with torch.no_grad():
            self.bias.zero_()
            if self.forget_bias is not None:
                gates = self.bias.split(self.hidden_size)
                gates[self.gates.index("f")].fill_(self.forget_bias)

    def initial_state(self, n_sequences):
        """Return the zero state before the first step.

        Parameters
        ----------
        n_sequences : int
            Rows :math:`N` of the batch.

        Returns
        -------
        tuple of Tensor, each of shape (n_sequences, hidden_size)
            The hidden state :math:`h_0`, and the cell state :math:`c_0` if there is one.
        """
        zeros = self.weight_ih.new_zeros(n_sequences, self.hidden_size)
        return (zeros,) * len(self.states)

    def step(self, x, state, *recurrent):
        """Compute one step, as in the equations.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, input_size)
            The inputs at this step.
        state : tuple of Tensor
            The previous state, in the order of `states`.
        *recurrent : Tensor
            The weights in `recurrent`, possibly after dropout.

        Returns
        -------
        state : tuple of Tensor
            The new state.
        gates : dict of str to Tensor
            The values of the gates, by letter.
        """
        raise NotImplementedError

    def run(self, x, state, *recurrent):
        """Compute all steps with a fast kernel.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, input_size)
            The inputs.
        state : tuple of Tensor
            The state before the first step.
        *recurrent : Tensor
            As for `step`.

        Returns
        -------
        outputs : Tensor of shape (n_sequences, n_steps, hidden_size)
            The hidden state :math:`h_t` at every step.
        state : tuple of Tensor
            The state after the last step.
        """
        raise NotImplementedError

    def _run_kernel(self, kernel, x, state, weight_ih, weight_hh, bias):
        """Call one of torch's kernels; return its outputs and the state after the last step."""
        states = tuple(s[None] for s in state)  # (1, N, H)
        no_bias = torch.zeros_like(bias)  # the kernels add a second one
        outputs, *last = kernel(
            x, states if len(states) > 1 else states[0], (weight_ih, weight_hh, bias, no_bias),
            has_biases=True, num_layers=1, dropout=0.0, train=self.training,
            bidirectional=False, batch_first=True,
        )  # fmt: skip
        return outputs, tuple(s[0] for s in last)
