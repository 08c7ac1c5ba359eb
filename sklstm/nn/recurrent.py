"""A stack of recurrent layers: a cell run over time, in one or both directions."""

import torch
from torch import nn
from torch.nn import functional as F

from sklstm.nn.cells import CELLS
from sklstm.nn.dropout import Dropout, dropout
from sklstm.nn.masking import common_length, padding_mask, reversal_index, reverse_padded
from sklstm.nn.recording import Trace


class Recurrent(nn.Module):
    """A stack of recurrent layers over right-padded sequences, in one or both directions.

    Padding comes after the last real step, so the forward direction never sees it: its output at
    ``length - 1`` is that of a packed sequence. The backward direction runs over each sequence
    reversed within its own length. Nothing is packed, since torch's fused CPU kernel does not
    support packed sequences.

    Parameters
    ----------
    input_size : int
        Features of a step.
    hidden_size : int
        Units of each layer and direction.
    cell : str, default="lstm"
        A name in `sklstm.nn.cells.CELLS`.
    cell_params : dict, default=None
        Options of the cell.
    n_layers : int, default=1
        Number of layers.
    bidirectional : bool, default=False
        Whether every layer also runs backwards over the sequence.
    dropout : float, default=0.0
        Dropout between layers.
    recurrent_dropout : float, default=0.0
        DropConnect on the recurrent weights, with one mask for each batch, as in the weight-dropped
        LSTM (AWD-LSTM) [1]_.
    locked_dropout : bool, default=False
        Whether `dropout` has one mask for all steps of a sequence.
    bptt_steps : int, default=None
        Steps after which backpropagation through time is truncated; the state is carried on.
    chop : int, default=None
        Steps of the pieces that sequences are chopped into, if the longest has more. All pieces run
        side by side, in both directions, from a state of zeros: a wider batch of fewer steps [2]_.
    fused : bool, default=True
        Whether to use the fast ``run`` of the cell, or its readable ``step``.

    References
    ----------
    .. [1] Merity, Keskar and Socher (2018), Regularizing and optimizing LSTM language models,
       ICLR. https://doi.org/10.48550/arXiv.1708.02182
    .. [2] Johnson and Zhang (2016), Supervised and semi-supervised text categorization using LSTM
       for region embeddings, ICML. https://doi.org/10.48550/arXiv.1602.02373
    """

    def __init__(
        self,
        input_size,
        hidden_size,
        *,
        cell="lstm",
        cell_params=None,
        n_layers=1,
        bidirectional=False,
        dropout=0.0,
        recurrent_dropout=0.0,
        locked_dropout=False,
        bptt_steps=None,
        chop=None,
        fused=True,
    ):
        super().__init__()
        self.n_directions = 1 + bidirectional
        self.output_size = self.n_directions * hidden_size
        self.recurrent_dropout = recurrent_dropout
        self.bptt_steps = bptt_steps
        self.chop = chop
        self.fused = fused
        self.recorded = None  # see `record`
        self.dropout = Dropout(dropout, locked_dropout)
        self.layers = nn.ModuleList(
            nn.ModuleList(
                CELLS[cell](
                    self.output_size if depth else input_size, hidden_size, **(cell_params or {})
                )
                for _ in range(self.n_directions)
            )
            for depth in range(n_layers)
        )

    def forward(self, x, lengths, states=None):
        """Run over the sequences.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, input_size)
            The inputs, padded on the right.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.
        states : list of tuple of Tensor, default=None
            The initial state of each layer, for one direction only; zeros by default.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_directions * hidden_size)
            The outputs of the top layer; those at padding have no meaning.
        """
        if self.chop is None or not len(x) or lengths.max() <= self.chop:
            return self._run_layers(x, lengths, states)
        outputs = self._run_layers(*chop(x, lengths, self.chop))  # (N * P, C, D * H)
        return outputs.reshape(len(x), -1, self.output_size)[:, : x.shape[1]]

    def _run_layers(self, x, lengths, states=None):
        if torch.is_grad_enabled():  # outputs never see padding, but its NaN would reach gradients
            x = x.masked_fill(~padding_mask(lengths, x.shape[1]), 0.0)
        reverse = None
        if self.n_directions == 2:
            length = common_length(lengths)
            reverse = reversal_index(lengths, x.shape[1]) if length is None else length
        if self.recorded is not None:
            self.recorded.append([])
        for depth, cells in enumerate(self.layers):
            x = self.dropout(x) if depth else x
            traces = self._begin_traces(cells, reverse)
            state = None if states is None else states[depth]
            outputs = [self._run(cells[0], x, traces[0], state)]
            if reverse is not None:
                backward = self._run(cells[1], reverse_padded(x, reverse), traces[1])
                outputs.append(reverse_padded(backward, reverse))
            x = torch.cat(outputs, dim=-1) if len(outputs) > 1 else outputs[0]
        return x

    def advance(self, x, states=None):
        """Continue from the states of an earlier call, in one direction.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, input_size)
            The inputs, without padding.
        states : list of tuple of Tensor, default=None
            The state of each layer; zeros at the start of a sequence.

        Returns
        -------
        outputs : Tensor of shape (n_sequences, n_steps, hidden_size)
            The top layer's outputs.
        states : list of tuple of Tensor
            The state of each layer after the last step.
        """
        last = []
        for depth, (cell,) in enumerate(self.layers):
            x = self.dropout(x) if depth else x
            state = cell.initial_state(len(x)) if states is None else states[depth]
            weights = self._recurrent_weights(cell)
            if x.shape[1] == 1:  # starting a kernel takes longer than the step itself
                x, state = run_step_by_step(cell, x, state, weights)
            else:
                x, state = cell.run(x, state, *weights)
            last.append(state)
        return x, last

    def _begin_traces(self, cells, reverse):
        if self.recorded is None:
            return None, None
        pairs = zip(cells, (None, reverse), strict=False)
        traces = [Trace(cell.states, index) for cell, index in pairs]
        self.recorded[-1].append(traces)
        return traces

    def _recurrent_weights(self, cell):
        return [dropout(w, self.recurrent_dropout * self.training) for w in cell.recurrent]

    def _run(self, cell, x, trace=None, state=None):
        weights = self._recurrent_weights(cell)
        state, outputs = cell.initial_state(len(x)) if state is None else state, []
        for chunk in x.split(self.bptt_steps, dim=1) if self.bptt_steps else [x]:
            state = tuple(s.detach() for s in state) if outputs else state
            if self.fused and trace is None:
                output, state = cell.run(chunk, state, *weights)
            else:
                output, state = run_step_by_step(cell, chunk, state, weights, trace)
            outputs.append(output)
        return torch.cat(outputs, dim=1) if len(outputs) > 1 else outputs[0]


def chop(x, lengths, n_steps):
    """Chop sequences into pieces; the last piece of one may be shorter, or empty.

    Parameters
    ----------
    x : Tensor of shape (n_sequences, n_padded, n_features)
        The sequences, padded on the right.
    lengths : LongTensor of shape (n_sequences,)
        Real steps of each sequence.
    n_steps : int
        Steps of a piece.

    Returns
    -------
    pieces : Tensor of shape (n_sequences * n_pieces, n_steps, n_features)
        The pieces of the first sequence, then those of the next.
    lengths : LongTensor of shape (n_sequences * n_pieces,)
        Real steps of each piece.
    """
    x = F.pad(x, (0, 0, 0, -x.shape[1] % n_steps))
    starts = torch.arange(0, x.shape[1], n_steps, device=lengths.device)  # (P,)
    lengths = (lengths[:, None] - starts).clamp(0, n_steps)  # (N, P)
    return x.reshape(-1, n_steps, x.shape[-1]), lengths.ravel()


def run_step_by_step(cell, x, state, recurrent, trace=None):
    """Unroll a cell's readable step over time.

    Parameters
    ----------
    cell : Module
        A cell of `sklstm.nn.cells`.
    x : Tensor of shape (n_sequences, n_steps, input_size)
        The inputs.
    state : tuple of Tensor
        The state before the first step.
    recurrent : sequence of Tensor
        The recurrent weights.
    trace : Trace, default=None
        Records the states and gates of every step.

    Returns
    -------
    outputs : Tensor of shape (n_sequences, n_steps, hidden_size)
        The output at every step.
    state : tuple of Tensor
        The state after the last step.
    """
    outputs = []
    for x_t in x.unbind(dim=1):  # (N, F)
        state, gates = cell.step(x_t, state, *recurrent)
        if trace is not None:
            trace.append(state, gates)
        outputs.append(state[0])
    return torch.stack(outputs, dim=1), state
