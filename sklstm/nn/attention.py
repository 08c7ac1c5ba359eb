"""Attention: where in the source to look, for each step of the output."""

from functools import partial
from typing import NamedTuple

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from sklstm.nn.linear import glorot_linear

PAIRS_AT_ONCE = 2**24  # numbers of queries and steps compared: 64 megabytes


class Memory(NamedTuple):
    """What an encoder has read, for an attention to look at.

    Attributes
    ----------
    values : Tensor of shape (n_sequences, n_steps, n_features)
        The encoder's outputs :math:`h_j`, zero at padding.
    keys : Tensor of shape (n_sequences, n_steps, hidden_size)
        What queries are compared with.
    real : BoolTensor of shape (n_sequences, n_steps)
        True where a step is real.
    """

    values: torch.Tensor
    keys: torch.Tensor
    real: torch.Tensor


class Attention(nn.Module):
    r"""Look at the source: a mean of the encoder's outputs, weighted anew at each step.

    With the decoder's output :math:`s_i` and the encoder's outputs :math:`h_1, \dots, h_T`:

    .. math::

        \alpha_{ij} &= \mathrm{softmax}_j(e_{ij}) \\
        a_i &= \sum_j \alpha_{ij} h_j \\
        \tilde s_i &= \tanh(W [s_i; a_i] + b)

    and the score is

    ============ ==================================================
    ``additive`` :math:`e_{ij} = v^\top \tanh(U s_i + K h_j)` [1]_
    ``dot``      :math:`e_{ij} = s_i^\top K h_j` [2]_
    ============ ==================================================

    where :math:`K` gives both the same width. Padding has no weight. A source without steps gives
    :math:`a_i = 0`.

    Parameters
    ----------
    kind : {"additive", "dot"}
        The score.
    hidden_size : int
        Width of the decoder's outputs.
    n_features : int
        Width of the encoder's outputs.

    References
    ----------
    .. [1] Bahdanau, Cho and Bengio (2015), Neural machine translation by jointly learning to
       align and translate, ICLR. https://doi.org/10.48550/arXiv.1409.0473
    .. [2] Luong, Pham and Manning (2015), Effective approaches to attention-based neural machine
       translation, EMNLP. https://doi.org/10.18653/v1/D15-1166
    """

    KINDS = ("additive", "dot")

    def __init__(self, kind, hidden_size, n_features):
        super().__init__()
        self.kind = kind
        self.key = _map(n_features, hidden_size)  # K
        if kind == "additive":
            self.query = _map(hidden_size, hidden_size)  # U
            self.score = _map(hidden_size, 1)  # v
        self.combine = glorot_linear(hidden_size + n_features, hidden_size)  # W, b

    def remember(self, outputs, real):
        """Prepare what the encoder has read.

        Parameters
        ----------
        outputs : Tensor of shape (n_sequences, n_steps, n_features)
            The encoder's outputs.
        real : BoolTensor of shape (n_sequences, n_steps)
            True where a step is real.

        Returns
        -------
        Memory
            To be passed to `forward`.
        """
        values = outputs.masked_fill(~real[:, :, None], 0.0)
        return Memory(values, self.key(values), real)

    def weights(self, queries, memory):
        r"""Compute where to look.

        Parameters
        ----------
        queries : Tensor of shape (n_sequences, n_queries, hidden_size)
            The decoder's outputs: steps of a sequence, or hypotheses for one step.
        memory : Memory
            The source.

        Returns
        -------
        Tensor of shape (n_sequences, n_queries, n_steps)
            The weights :math:`\alpha`: they sum to 1 over the real steps.
        """
        if self.kind == "additive":
            n_pairs = memory.keys.numel()  # of a query: N * T * H
            parts = self.query(queries).split(max(1, PAIRS_AT_ONCE // max(1, n_pairs)), dim=1)
            scores = [self._add(part, memory.keys) for part in parts[:1]]
            # all sums but the first are computed again on the way back, lest all be kept
            again = partial(checkpoint, use_reentrant=False, preserve_rng_state=False)
            scores += [again(self._add, part, memory.keys) for part in parts[1:]]
            scores = torch.cat(scores, dim=1)  # (N, L, T)
        else:
            scores = queries @ memory.keys.mT
        real = memory.real[:, None]
        scores = scores.masked_fill(~real, torch.finfo(scores.dtype).min)
        return scores.softmax(dim=-1).masked_fill(~real, 0.0)

    def _add(self, queries, keys):
        sums = queries[:, :, None] + keys[:, None]  # (N, L, T, H)
        return self.score(sums.tanh())[..., 0]

    def forward(self, queries, memory):
        r"""Join what the decoder knows with what it looks at.

        Parameters
        ----------
        queries : Tensor of shape (n_sequences, n_queries, hidden_size)
            The decoder's outputs :math:`s_i`.
        memory : Memory
            The source.

        Returns
        -------
        Tensor of shape (n_sequences, n_queries, hidden_size)
            The vectors :math:`\tilde s_i`.
        """
        seen = self.weights(queries, memory) @ memory.values  # (N, L, M)
        return self.combine(torch.cat([queries, seen], dim=-1)).tanh()


def _map(n_inputs, n_outputs):
    """Make a linear map without a bias."""
    layer = nn.Linear(n_inputs, n_outputs, bias=False)
    nn.init.xavier_uniform_(layer.weight)
    return layer
