"""What goes on inside recurrent layers, step by step."""

from contextlib import contextmanager

import torch

from sklstm.steps import turn_round


@contextmanager
def record(recurrent, probes=False):
    """Note the states and gates of recurrent layers at every step, for the time of a block.

    Parameters
    ----------
    recurrent : Recurrent
        The layers, which take their readable steps meanwhile.
    probes : bool, default=False
        Whether to add a zero to every state, whose gradient is that of the state.

    Yields
    ------
    list of list of list of Trace
        For each call of the layers and for each layer, a trace of each direction.
    """
    recurrent.recorded, recurrent.probes = [], probes
    try:
        yield recurrent.recorded
    finally:
        recurrent.recorded = None


class Trace:
    """The states and gates of one layer in one direction, in the order of time.

    Parameters
    ----------
    cell : Module
        The cell that runs.
    x : Tensor of shape (n_sequences, n_steps, n_features)
        Its inputs.
    rows : LongTensor or None
        How steps are turned round for it; see `sklstm.steps.reversed_rows`.
    probes : bool
        Whether to probe the states.

    Attributes
    ----------
    probes : dict of str to Tensor of shape (n_sequences, n_steps, hidden_size)
        Zeros that were added to the states ``"h"`` and ``"c"``, if these are probed.
    """

    def __init__(self, cell, x, rows, probes):
        shape = (*x.shape[:2], cell.hidden_size)
        self._rows = rows
        self._states = {name: [] for name in cell.states}
        self._gates = {}
        self.probes = {
            name: x.new_zeros(shape, requires_grad=True) for name in cell.states if probes
        }
        self._waiting = [self._turn(probe).unbind(dim=1) for probe in self.probes.values()]

    def note(self, state, gates):
        """Note a step.

        Parameters
        ----------
        state : tuple of Tensor
            The state after it.
        gates : dict of str to Tensor
            The gates.

        Returns
        -------
        tuple of Tensor
            The state, probed.
        """
        step = len(self._states["h"])
        if self._waiting:
            state = tuple(s + probe[step] for s, probe in zip(state, self._waiting, strict=True))
        for name, s in zip(self._states, state, strict=True):
            self._states[name].append(s)
        for name, gate in gates.items():
            self._gates.setdefault(name, []).append(gate)
        return state

    @property
    def states(self):
        """States by name, each of shape (n_sequences, n_steps, hidden_size)."""
        return {name: self._stack(steps) for name, steps in self._states.items()}

    @property
    def gates(self):
        """Gates by letter, each of shape (n_sequences, n_steps, hidden_size)."""
        return {name: self._stack(steps) for name, steps in self._gates.items()}

    def _stack(self, steps):
        return self._turn(torch.stack(steps, dim=1))

    def _turn(self, x):
        return x if self._rows is None else turn_round(x, self._rows)
