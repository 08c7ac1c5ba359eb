"""Recording of the states and gates of recurrent layers."""

from contextlib import contextmanager

import torch

from sklstm.nn.masking import reverse_padded


@contextmanager
def record(recurrent):
    """Record the states and gates of recurrent layers at every step, within a ``with`` block.

    Parameters
    ----------
    recurrent : Recurrent
        The layers, which meanwhile use the readable steps of their cells.

    Yields
    ------
    list of list of list of Trace
        For each call and each layer, one trace per direction.
    """
    recurrent.recorded = []
    try:
        yield recurrent.recorded
    finally:
        recurrent.recorded = None


class Trace:
    """The states and gates of one layer in one direction.

    Parameters
    ----------
    names : sequence of str
        Letters of the states: ``"h"`` for the hidden state, ``"c"`` for the cell state.
    index : LongTensor or None
        For a backward direction, see `sklstm.nn.masking.reversal_index`.

    Attributes
    ----------
    steps : dict of str to list of Tensor, each of shape (n_sequences, hidden_size)
        The states as computed, in the direction's reading order; gradients can be taken with
        respect to them.
    """

    def __init__(self, names, index=None):
        self._index = index
        self.steps = {name: [] for name in names}
        self._gates = {}

    def append(self, state, gates):
        """Append a step.

        Parameters
        ----------
        state : tuple of Tensor
            The state after it.
        gates : dict of str to Tensor
            The gates.
        """
        for name, values in zip(self.steps, state, strict=True):
            self.steps[name].append(values)
        for name, values in gates.items():
            self._gates.setdefault(name, []).append(values)

    @property
    def states(self):
        """States by name, each of shape (n_sequences, n_steps, hidden_size), in time order."""
        return {name: self._stack(steps) for name, steps in self.steps.items()}

    @property
    def gates(self):
        """Gates by letter, each of shape (n_sequences, n_steps, hidden_size), in time order."""
        return {name: self._stack(steps) for name, steps in self._gates.items()}

    def _stack(self, steps):
        stacked = torch.stack(steps, dim=1)
        return stacked if self._index is None else reverse_padded(stacked, self._index)
