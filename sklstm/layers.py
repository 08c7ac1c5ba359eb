"""Layers: a cell run over time, stacked and in both directions, and what stands around it."""

from contextlib import contextmanager
from threading import local

import torch
from torch import nn
from torch.nn import functional as F

from sklstm.cells import CELLS
from sklstm.steps import real_steps, reversed_rows, turn_round
from sklstm.traces import Trace

_own = local()  # what each thread has for itself


@contextmanager
def drawing_from(generator):
    """Let the dropout of this thread draw from a generator of its own.

    Parameters
    ----------
    generator : torch.Generator
        The generator.

    Yields
    ------
    None
        Nothing.
    """
    _own.generator = generator
    try:
        yield
    finally:
        del _own.generator


def drop(x, p, shape=None):
    """Set values to zero at random, and scale the others up.

    Parameters
    ----------
    x : Tensor
        The values.
    p : float
        Probability of dropping a value.
    shape : tuple, optional
        Shape of the draws, which broadcast over `x`; by default one for each value.

    Returns
    -------
    Tensor
        The shape of `x`.
    """
    if not p:
        return x
    return x * draw(1 - p, x.new_empty(x.shape if shape is None else shape)).div_(1 - p)


def draw(p, out):
    """Fill a tensor with ones at random, and zeros, from this thread's generator.

    Parameters
    ----------
    p : float
        Probability of a one, below 1; it is rounded to 16 bits.
    out : Tensor
        What to fill.

    Returns
    -------
    Tensor
        `out`.
    """
    # sixteen random bits for each value: several times as fast as bernoulli_, which draws doubles
    bits = torch.empty(-(-out.numel() // 4), dtype=torch.int64, device=out.device)
    bits.random_(-(2**63), None, generator=getattr(_own, "generator", None))
    integers = bits.view(torch.int16)[: out.numel()].view(out.shape)
    limit = min(round(p * 2**16), 2**16 - 1) - 2**15  # above it are 1 - p of all such integers
    return out.copy_(integers < limit)


class Embedding(nn.Module):
    """A table with one trained vector for each code.

    Parameters
    ----------
    n_codes : int
        Rows of the table, padding and unknown included.
    n_features : int
        Width of a vector.
    """

    def __init__(self, n_codes, n_features):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_codes, n_features).uniform_(-0.05, 0.05))

    def forward(self, codes, new_vectors=None):
        """Look the codes up.

        Parameters
        ----------
        codes : LongTensor of shape (n_sequences, n_steps)
            Rows of the table.
        new_vectors : Tensor of shape (n_new, n_features), optional
            Vectors of words met after training: rows ``n_codes`` onwards.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_features)
            The vectors.
        """
        if new_vectors is None:
            return F.embedding(codes, self.weight)
        new = codes - len(self.weight)  # a table of both would be a copy of the whole
        known = F.embedding(codes.masked_fill(new >= 0, 0), self.weight)
        return torch.where((new >= 0)[..., None], F.embedding(new.clamp(min=0), new_vectors), known)


class Dropout(nn.Module):
    """Dropout on a batch of sequences, locked in time at will.

    Parameters
    ----------
    p : float
        Probability of dropping a value.
    locked : bool, default=False
        Drop the same features at every step of a sequence, as [1]_ found to regularise
        recurrent nets better than a fresh draw at each step.

    References
    ----------
    .. [1] Gal and Ghahramani (2016), A theoretically grounded application of dropout in
       recurrent neural networks, NeurIPS. https://doi.org/10.48550/arXiv.1512.05287
    """

    def __init__(self, p, locked=False):
        super().__init__()
        self.p = p
        self.locked = locked

    def forward(self, x):
        """Drop values during training.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, n_features)
            The inputs.

        Returns
        -------
        Tensor
            The same shape.
        """
        if not self.training:
            return x
        return drop(x, self.p, (len(x), 1, x.shape[-1]) if self.locked else None)


def glorot_linear(n_inputs, n_outputs):
    """Make a linear layer with Glorot weights and no bias to begin with.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Its sizes.

    Returns
    -------
    torch.nn.Linear
        The layer.
    """
    layer = nn.Linear(n_inputs, n_outputs)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class Recurrent(nn.Module):
    """A stack of recurrent layers over right-padded sequences, in one or both directions.

    Padding stands after the last real step, so a forward run never sees it: what is read at
    ``length - 1`` is what packing would give. The backward run sees each row reversed within
    its own length. Both run unpacked, which keeps torch's fused kernel on CPU.

    Parameters
    ----------
    input_size : int
        Features of a step.
    hidden_size : int
        Units of each layer and direction.
    cell : str, default="lstm"
        A name in `sklstm.cells.CELLS`.
    cell_params : dict, optional
        Options of the cell.
    n_layers : int, default=1
        Depth of the stack.
    bidirectional : bool, default=False
        Whether every layer also reads the sequence backwards.
    dropout : float, default=0.0
        Dropout between layers.
    recurrent_dropout : float, default=0.0
        Dropout on the recurrent weights, one draw a batch [1]_.
    locked_dropout : bool, default=False
        Whether `dropout` draws once a sequence, not once a step.
    bptt_steps : int, optional
        Steps after which the gradient is cut on its way back through time; the state is
        carried on.
    fused : bool, default=True
        Whether to use the cell's fast run, or its readable step.

    References
    ----------
    .. [1] Merity, Keskar and Socher (2018), Regularizing and optimizing LSTM language models,
       ICLR. https://doi.org/10.48550/arXiv.1708.02182
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
        fused=True,
    ):
        super().__init__()
        self.n_directions = 1 + bidirectional
        self.output_size = self.n_directions * hidden_size
        self.recurrent_dropout = recurrent_dropout
        self.bptt_steps = bptt_steps
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
        states : list of tuple of Tensor, optional
            The state of each layer before the first step, in one direction; zeros by default.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_directions * hidden_size)
            The top layer's outputs; what stands at padding has no meaning.
        """
        if torch.is_grad_enabled():  # outputs never see padding, but gradients would meet its NaN
            x = x.masked_fill(~real_steps(lengths, x.shape[1]), 0.0)
        reverse = reversed_rows(lengths, x.shape[1]) if self.n_directions == 2 else None
        if self.recorded is not None:
            self.recorded.append([])
        for depth, cells in enumerate(self.layers):
            x = self.dropout(x) if depth else x
            traces = self._begin_traces(cells, reverse)
            state = None if states is None else states[depth]
            outputs = [self._run(cells[0], x, traces[0], state)]
            if reverse is not None:
                backward = self._run(cells[1], turn_round(x, reverse), traces[1])
                outputs.append(turn_round(backward, reverse))
            x = torch.cat(outputs, dim=-1) if len(outputs) > 1 else outputs[0]
        return x

    def advance(self, x, states=None):
        """Run on from where an earlier call ended, in one direction.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, input_size)
            The inputs, without padding.
        states : list of tuple of Tensor, optional
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
            if x.shape[1] == 1:  # a kernel takes longer to start than this step
                x, state = run_step_by_step(cell, x, state, weights)
            else:
                x, state = cell.run(x, state, *weights)
            last.append(state)
        return x, last

    def _begin_traces(self, cells, reverse):
        if self.recorded is None:
            return None, None
        ways = zip(cells, (None, reverse), strict=False)
        traces = [Trace(cell.states, rows) for cell, rows in ways]
        self.recorded[-1].append(traces)
        return traces

    def _recurrent_weights(self, cell):
        return [drop(w, self.recurrent_dropout * self.training) for w in cell.recurrent]

    def _run(self, cell, x, trace=None, state=None):
        weights = self._recurrent_weights(cell)
        state, outputs = cell.initial_state(len(x)) if state is None else state, []
        for chunk in x.split(self.bptt_steps or x.shape[1], dim=1):
            state = tuple(s.detach() for s in state) if outputs else state
            if self.fused and trace is None:
                output, state = cell.run(chunk, state, *weights)
            else:
                output, state = run_step_by_step(cell, chunk, state, weights, trace)
            outputs.append(output)
        return torch.cat(outputs, dim=1) if len(outputs) > 1 else outputs[0]


class CharEncoder(nn.Module):
    r"""Read the characters of a word into one vector.

    ======== ======================================================================
    ``cnn``  the maximum over positions of a convolution of width 3 [1]_
    ``lstm`` the last outputs of a bidirectional LSTM [2]_
    ======== ======================================================================

    Parameters
    ----------
    kind : {"cnn", "lstm"}
        How to read.
    n_characters : int
        Codes of characters, padding and unknown included.
    embedding_dim : int
        Width of a character's vector.
    hidden_size : int
        Filters of the convolution, or units of each direction.
    dropout : float, default=0.0
        Dropout on the characters' vectors.

    References
    ----------
    .. [1] Ma and Hovy (2016), End-to-end sequence labeling via bi-directional LSTM-CNNs-CRF,
       ACL. https://doi.org/10.18653/v1/P16-1101
    .. [2] Lample et al. (2016), Neural architectures for named entity recognition, NAACL.
       https://doi.org/10.18653/v1/N16-1030
    """

    KINDS = ("cnn", "lstm")
    WIDTH = 3  # characters under a filter

    def __init__(self, kind, n_characters, embedding_dim, hidden_size, dropout=0.0):
        super().__init__()
        self.kind = kind
        self.dropout = Dropout(dropout)
        self.embedding = Embedding(n_characters, embedding_dim)
        limit = (3 / embedding_dim) ** 0.5
        nn.init.uniform_(self.embedding.weight, -limit, limit)
        if kind == "cnn":
            self.output_size = hidden_size
            self.filters = glorot_linear(self.WIDTH * embedding_dim, hidden_size)
        else:
            self.output_size = 2 * hidden_size
            self.recurrent = Recurrent(embedding_dim, hidden_size, bidirectional=True)
            self.pooling = Pooling("last", self.output_size, n_directions=2)

    def forward(self, characters):
        """Encode the words.

        Parameters
        ----------
        characters : LongTensor of shape (n_words, n_characters)
            Codes, padded on the right with 0.

        Returns
        -------
        Tensor of shape (n_words, output_size)
            One vector for each word.
        """
        real = (characters != 0)[:, :, None]  # (U, L, 1)
        x = self.dropout(self.embedding(characters)).masked_fill(~real, 0.0)  # (U, L, E)
        if self.kind == "lstm":
            lengths = real.sum(dim=(1, 2))
            return self.pooling(self.recurrent(x, lengths), lengths)
        around = self.WIDTH // 2
        windows = F.pad(x, (0, 0, around, around)).unfold(1, self.WIDTH, 1)  # (U, L, E, 3)
        outputs = self.filters(windows.flatten(2))  # (U, L, C): one product for all positions
        return _max(outputs, real).masked_fill(~real[:, 0], 0.0)  # (U, C)


def run_step_by_step(cell, x, state, recurrent, trace=None):
    """Unroll a cell's readable step over time.

    Parameters
    ----------
    cell : Module
        A cell of `sklstm.cells`.
    x : Tensor of shape (n_sequences, n_steps, input_size)
        The inputs.
    state : tuple of Tensor
        The state before the first step.
    recurrent : sequence of Tensor
        The recurrent weights.
    trace : Trace, optional
        Notes the states and gates of every step.

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
            trace.note(state, gates)
        outputs.append(state[0])
    return torch.stack(outputs, dim=1), state


class Pooling(nn.Module):
    r"""Sum a sequence up in one vector.

    ============ ==================================================================
    ``last``     the last output of each direction
    ``mean``     the mean over time
    ``max``      the maximum over time, feature by feature
    ``max+mean`` both of them side by side
    ``attention`` :math:`\sum_t \alpha_t h_t` with
                 :math:`\alpha = \mathrm{softmax}_t(v^\top \tanh(W h_t + b))` [1]_
    ============ ==================================================================

    A sequence without steps gives zeros.

    Parameters
    ----------
    kind : {"last", "mean", "max", "max+mean", "attention"}
        How to pool.
    n_features : int
        Width of the recurrent outputs.
    n_directions : int
        1, or 2 when the second half of the features was read backwards.

    References
    ----------
    .. [1] Yang et al. (2016), Hierarchical attention networks for document classification,
       NAACL. https://doi.org/10.18653/v1/N16-1174
    """

    KINDS = ("last", "mean", "max", "max+mean", "attention")

    def __init__(self, kind, n_features, n_directions):
        super().__init__()
        self.kind = kind
        self.n_directions = n_directions
        self.output_size = 2 * n_features if kind == "max+mean" else n_features
        if kind == "attention":
            self.projection = nn.Linear(n_features, n_features)
            self.context = nn.Linear(n_features, 1, bias=False)

    def forward(self, outputs, lengths):
        """Pool over the real steps.

        Parameters
        ----------
        outputs : Tensor of shape (n_sequences, n_steps, n_features)
            The recurrent outputs.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.

        Returns
        -------
        Tensor of shape (n_sequences, output_size)
            One vector for each sequence.
        """
        if self.kind == "last":
            pooled = self._last(outputs, lengths)
        else:
            mask = real_steps(lengths, outputs.shape[1])
            poolers = {"max": _max, "mean": _mean, "attention": self._attend}
            pooled = torch.cat([poolers[k](outputs, mask) for k in self.kind.split("+")], dim=-1)
        return pooled.masked_fill(lengths[:, None] == 0, 0.0)

    def _last(self, outputs, lengths):
        rows = torch.arange(len(outputs), device=outputs.device)
        last = outputs[rows, (lengths - 1).clamp(min=0)]  # (N, F)
        if self.n_directions == 1:
            return last
        # the backward direction ends at the first step
        half = outputs.shape[-1] // 2
        return torch.cat([last[:, :half], outputs[:, 0, half:]], dim=-1)

    def _attend(self, outputs, mask):
        outputs = outputs.masked_fill(~mask, 0.0)
        scores = self.context(self.projection(outputs).tanh())  # (N, T, 1)
        lowest = torch.finfo(scores.dtype).min
        weights = scores.masked_fill(~mask, lowest).softmax(dim=1)
        return (weights * outputs).sum(dim=1)


def _max(outputs, mask):
    lowest = torch.finfo(outputs.dtype).min
    return outputs.masked_fill(~mask, lowest).max(dim=1).values  # twice as fast as amax


def _mean(outputs, mask):
    return outputs.masked_fill(~mask, 0.0).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
