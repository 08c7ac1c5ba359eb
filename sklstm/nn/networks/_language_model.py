"""Language model: the distribution of the next symbol at each step."""

from functools import partial
from math import isqrt

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from sklstm.nn.dropout import Dropout
from sklstm.nn.linear import glorot_linear
from sklstm.nn.networks._sequence import SequenceNet, layer_row

LOGITS_AT_ONCE = 2**25  # 128 megabytes in float32


class LanguageModelNet(SequenceNet):
    r"""Language model: the distribution of the next symbol at each step.

    With the embeddings :math:`E`, the condition :math:`u` of the text, and the recurrent outputs
    :math:`h_t`,

    .. math::

        h_t &= \mathrm{LSTM}([E_{x_{t-1}}, u], h_{t-1}) \\
        P(x_t \mid x_{<t}) &= \mathrm{softmax}(W h_t + b)_{x_t}

    Code 0 is the start of a text as an input, and its end as a target.

    ``forward`` returns the recurrent outputs. The softmax, most of the work if there are many
    symbols, is computed by `losses`, for real steps only, and by `log_probabilities`.

    Parameters
    ----------
    n_codes : int
        Number of symbols, :math:`V`, including the boundary and the unknown symbol.
    n_features, hidden_size
        See `SequenceNet`.
    n_conditions : int, default=0
        Width of the condition :math:`u`, which is an input at every step.
    tie_weights : bool, default=False
        Whether :math:`W` is :math:`E` [1]_; `n_features` must equal `hidden_size`.
    cutoffs : list of int, default=None
        Codes at which the clusters of an adaptive softmax begin [2]_. Codes below the first are in
        the head; the vectors of later clusters are shorter. Codes must be sorted by decreasing
        frequency, approximately. By default there is one softmax over all codes.
    dropout : float, default=0.0
        Dropout between layers, and before the output.
    locked_dropout : bool, default=False
        Whether dropout drops the same features at every step.
    **options
        See `SequenceNet`.

    References
    ----------
    .. [1] Press and Wolf (2017), Using the output embedding to improve language models, EACL.
       https://doi.org/10.18653/v1/E17-2025
    .. [2] Grave et al. (2017), Efficient softmax approximation for GPUs, ICML.
       https://doi.org/10.48550/arXiv.1609.04309
    """

    row_arguments = ("lengths", "states")

    def __init__(
        self,
        n_codes,
        n_features,
        hidden_size,
        *,
        n_conditions=0,
        tie_weights=False,
        cutoffs=None,
        dropout=0.0,
        locked_dropout=False,
        **options,
    ):
        super().__init__(
            n_features,
            hidden_size,
            n_codes=n_codes,
            n_extra_features=n_conditions,
            dropout=dropout,
            locked_dropout=locked_dropout,
            **options,
        )
        self.dropout = Dropout(dropout, locked_dropout)
        if cutoffs is not None:
            divisor = min(4, isqrt(hidden_size))  # the second cluster keeps at least one feature
            self.output = nn.AdaptiveLogSoftmaxWithLoss(hidden_size, n_codes, cutoffs, divisor)
        elif tie_weights:
            self.output = TiedLinear(self.embedding)
        else:
            self.output = glorot_linear(hidden_size, n_codes)

    def forward(self, steps, lengths, conditions=None, states=None, vectors=None):
        """Compute the recurrent outputs.

        Parameters
        ----------
        steps : LongTensor of shape (n_sequences, n_steps)
            Codes of the symbols before those to predict.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.
        conditions : Tensor of shape (n_sequences, n_conditions), default=None
            The condition of each text.
        states : Tensor, default=None
            See `forward_embedded`.
        vectors : None
            Not used.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, hidden_size)
            The outputs; those at padding have no meaning.
        """
        return self.forward_embedded(self.embed_steps(steps, conditions), lengths, states)

    def embed_steps(self, steps, conditions=None, vectors=None):
        """Embed the steps.

        Parameters
        ----------
        steps, conditions, vectors
            As for `forward`.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_features + n_conditions)
            The inputs of the recurrent layers.
        """
        x = self.embedding_dropout(self.embed(steps))  # (N, T, F)
        if conditions is None:
            return x
        conditions = conditions[:, None].expand(-1, x.shape[1], -1)  # (N, T, K)
        return torch.cat([x, conditions.to(x.dtype)], dim=-1)

    def forward_embedded(self, x, lengths, states=None):
        """Compute the recurrent outputs of embedded steps.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, n_features + n_conditions)
            What `embed_steps` returned.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.
        states : Tensor of shape (n_sequences, n_layers, n_states, hidden_size), default=None
            The previous states of the layers. They are overwritten with the states after the last
            step; no gradient flows through them.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, hidden_size)
            The outputs; those at padding have no meaning.
        """
        if states is None:
            return self.dropout(self.recurrent(x, lengths))
        before = [tuple(s.clone() for s in layer.unbind(1)) for layer in states.unbind(1)]
        outputs, after = self.recurrent.advance(x, before)
        states.copy_(_stack([[s.detach() for s in layer] for layer in after]))
        return self.dropout(outputs)

    def initial_states(self, n_sequences):
        """Return the states before the first step.

        Parameters
        ----------
        n_sequences : int
            Size of the batch.

        Returns
        -------
        Tensor of shape (n_sequences, n_layers, n_states, hidden_size)
            Zeros.
        """
        return _stack([cell.initial_state(n_sequences) for (cell,) in self.recurrent.layers])

    def log_probabilities(self, outputs):
        """Compute the distribution of the next symbol.

        Parameters
        ----------
        outputs : Tensor of shape (n_outputs, hidden_size)
            Recurrent outputs.

        Returns
        -------
        Tensor of shape (n_outputs, n_codes)
            The log-probabilities, in nats.
        """
        if isinstance(self.output, nn.AdaptiveLogSoftmaxWithLoss):
            return self.output.log_prob(outputs)
        return self.output(outputs).log_softmax(dim=-1)

    def losses(self, outputs, targets):
        """Compute the negative log-likelihood of the next symbols of each sequence.

        Parameters
        ----------
        outputs : Tensor of shape (n_sequences, n_steps, hidden_size)
            What `forward` returned.
        targets : LongTensor of shape (n_sequences, n_steps)
            Codes of the next symbols, -1 at padding.

        Returns
        -------
        Tensor of shape (n_sequences,)
            Sums over the steps, in nats.
        """
        return self.sum_losses(self.symbol_losses(outputs, targets), targets)

    def symbol_losses(self, outputs, targets):
        """Compute the negative log-likelihood of each next symbol.

        Parameters
        ----------
        outputs, targets
            As for `losses`.

        Returns
        -------
        Tensor of shape (n_symbols,)
            Of the real symbols only, sequence by sequence, in nats.
        """
        real = _real_symbols(targets)  # (R,): the softmax never sees padding
        outputs, symbols = outputs.flatten(0, 1)[real], targets.flatten()[real]  # (R, H), (R,)
        at_once = max(1, LOGITS_AT_ONCE // len(self.embedding.weight))
        if len(real) <= at_once:
            return self._losses_of(outputs, symbols)
        # to save memory, logits are computed again in the backward pass
        parts = zip(outputs.split(at_once), symbols.split(at_once), strict=True)
        again = partial(checkpoint, use_reentrant=False, preserve_rng_state=False)
        return torch.cat([again(self._losses_of, *part) for part in parts])

    @staticmethod
    def sum_losses(losses, targets):
        """Sum the losses of the symbols of each sequence.

        Parameters
        ----------
        losses : Tensor of shape (n_symbols,)
            What `symbol_losses` returned.
        targets : LongTensor of shape (n_sequences, n_steps)
            As for `losses`.

        Returns
        -------
        Tensor of shape (n_sequences,)
            The sums.
        """
        sums = losses.new_zeros(len(targets))
        return sums.index_add(0, _real_symbols(targets) // targets.shape[1], losses)

    def _losses_of(self, outputs, symbols):
        """Compute the losses of symbols (R,) from the outputs (R, H)."""
        if isinstance(self.output, nn.AdaptiveLogSoftmaxWithLoss):
            return -self.output(outputs, symbols).output if len(symbols) else outputs.sum(dim=-1)
        return F.cross_entropy(self.output(outputs), symbols, reduction="none")

    def layer_table(self):
        """Return a table of the layers.

        Returns
        -------
        list of tuple (str, str, int)
            Name, output shape and number of parameters of each layer.
        """
        n_codes = len(self.embedding.weight)
        name = type(self.output).__name__.removesuffix("LogSoftmaxWithLoss")
        titles = {"Linear": "Linear", "TiedLinear": "Linear (tied)", "Adaptive": "Adaptive softmax"}
        return [*super().layer_table(), layer_row(titles[name], f"(N, T, {n_codes})", self.output)]


class TiedLinear(nn.Module):
    """A linear layer whose weights are those of an embedding.

    Parameters
    ----------
    embedding : Embedding
        The owner of the weights.
    """

    def __init__(self, embedding):
        super().__init__()
        self._owner = (embedding,)  # a tuple, so that the weights are not registered twice
        self.bias = nn.Parameter(torch.zeros(len(embedding.weight)))

    def forward(self, x):
        """Multiply by the vectors of the embedding.

        Parameters
        ----------
        x : Tensor of shape (..., n_features)
            The inputs.

        Returns
        -------
        Tensor of shape (..., n_codes)
            Logits.
        """
        (embedding,) = self._owner
        return F.linear(x, embedding.weight, self.bias)


def _real_symbols(targets):
    """Return the positions, in the flat targets, of those that are no padding."""
    return (targets.flatten() >= 0).nonzero()[:, 0]


def _stack(states):
    """Stack the states of all layers, (N, H) each, to (N, L, S, H)."""
    return torch.stack([torch.stack(tuple(layer), dim=1) for layer in states], dim=1)
