"""Attention of a decoder to the outputs of an encoder."""

from functools import partial
from typing import NamedTuple

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from sklstm.nn.linear import glorot_linear

VALUES_AT_ONCE = 2**24  # of queries times steps times units: 64 megabytes in float32


class EncoderOutputs(NamedTuple):
    """The outputs of an encoder, with the keys that an attention compares queries with.

    Attributes
    ----------
    values : Tensor of shape (n_sequences, n_steps, n_features)
        The outputs :math:`h_j`, zero at padding.
    keys : Tensor of shape (n_sequences, n_steps, hidden_size)
        The keys :math:`K h_j`.
    mask : BoolTensor of shape (n_sequences, n_steps)
        True where a step is real.
    """

    values: torch.Tensor
    keys: torch.Tensor
    mask: torch.Tensor


class Attention(nn.Module):
    r"""Attend to the source: a weighted mean of the encoder's outputs for each decoder step.

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

    where :math:`K` gives both the same width. Padding has no weight, and for an empty source
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
        self.key = _linear(n_features, hidden_size)  # K
        if kind == "additive":
            self.query = _linear(hidden_size, hidden_size)  # U
            self.score = _linear(hidden_size, 1)  # v
        self.combine = glorot_linear(hidden_size + n_features, hidden_size)  # W, b

    def add_keys(self, outputs, mask):
        """Compute the keys of the encoder's outputs.

        Parameters
        ----------
        outputs : Tensor of shape (n_sequences, n_steps, n_features)
            The encoder's outputs.
        mask : BoolTensor of shape (n_sequences, n_steps)
            True where a step is real.

        Returns
        -------
        EncoderOutputs
            To be passed to `forward`.
        """
        values = outputs.masked_fill(~mask[:, :, None], 0.0)
        return EncoderOutputs(values, self.key(values), mask)

    def weights(self, queries, encoded):
        r"""Compute the attention weights.

        Parameters
        ----------
        queries : Tensor of shape (n_sequences, n_queries, hidden_size)
            The decoder's outputs: steps of a sequence, or hypotheses for one step.
        encoded : EncoderOutputs
            The encoded source.

        Returns
        -------
        Tensor of shape (n_sequences, n_queries, n_steps)
            The weights :math:`\alpha`: they sum to 1 over the real steps.
        """
        if self.kind == "additive":
            n_values = encoded.keys.numel()  # of a query: N * T * H
            chunks = self.query(queries).split(max(1, VALUES_AT_ONCE // max(1, n_values)), dim=1)
            scores = [self._additive_scores(chunk, encoded.keys) for chunk in chunks[:1]]
            # to save memory, all chunks but the first are computed again in the backward pass
            again = partial(checkpoint, use_reentrant=False, preserve_rng_state=False)
            scores += [again(self._additive_scores, chunk, encoded.keys) for chunk in chunks[1:]]
            scores = torch.cat(scores, dim=1)  # (N, L, T)
        else:
            scores = queries @ encoded.keys.mT
        mask = encoded.mask[:, None]
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        return scores.softmax(dim=-1).masked_fill(~mask, 0.0)

    def _additive_scores(self, queries, keys):
        sums = queries[:, :, None] + keys[:, None]  # (N, L, T, H)
        return self.score(sums.tanh())[..., 0]

    def forward(self, queries, encoded):
        r"""Combine the decoder's outputs with what they attend to.

        Parameters
        ----------
        queries : Tensor of shape (n_sequences, n_queries, hidden_size)
            The decoder's outputs :math:`s_i`.
        encoded : EncoderOutputs
            The encoded source.

        Returns
        -------
        Tensor of shape (n_sequences, n_queries, hidden_size)
            The vectors :math:`\tilde s_i`.
        """
        attended = self.weights(queries, encoded) @ encoded.values  # (N, L, F)
        return self.combine(torch.cat([queries, attended], dim=-1)).tanh()


def _linear(n_inputs, n_outputs):
    """Return a linear layer with Glorot weights and without a bias."""
    layer = nn.Linear(n_inputs, n_outputs, bias=False)
    nn.init.xavier_uniform_(layer.weight)
    return layer
