"""Pooling over time: a sequence becomes one vector."""

import torch
from torch import nn

from sklstm.nn.masking import common_length, padding_mask


class Pooling(nn.Module):
    r"""Pool the recurrent outputs of a sequence into one vector.

    ============ ==================================================================
    ``last``     the last output of each direction
    ``mean``     the mean over time
    ``max``      the maximum over time, feature by feature
    ``max+mean`` both of them side by side
    ``attention`` :math:`\sum_t \alpha_t h_t` with
                 :math:`\alpha = \mathrm{softmax}_t(v^\top \tanh(W h_t + b))` [1]_
    ============ ==================================================================

    An empty sequence gives zeros.

    Parameters
    ----------
    kind : {"last", "mean", "max", "max+mean", "attention"}
        The kind of pooling.
    n_features : int
        Width of the recurrent outputs.
    n_directions : int
        2 if the second half of the features belongs to the backward direction, otherwise 1.

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
        n_steps = common_length(lengths)
        if self.kind == "last":
            pooled = self._last(outputs, lengths, n_steps)
        elif self.kind == "max" and n_steps:
            pooled = outputs[:, :n_steps].max(dim=1).values
        else:
            mask = padding_mask(lengths, outputs.shape[1])
            poolers = {"max": masked_max, "mean": masked_mean, "attention": self._attend}
            pooled = torch.cat([poolers[k](outputs, mask) for k in self.kind.split("+")], dim=-1)
        return pooled if n_steps else pooled.masked_fill(lengths[:, None] == 0, 0.0)

    def _last(self, outputs, lengths, n_steps):
        if n_steps:
            last = outputs[:, n_steps - 1]  # (N, F)
        else:
            rows = torch.arange(len(outputs), device=outputs.device)
            last = outputs[rows, (lengths - 1).clamp(min=0)]
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


def masked_max(outputs, mask):
    """Return the maximum over the real steps of each sequence, feature by feature."""
    lowest = torch.finfo(outputs.dtype).min
    return outputs.masked_fill(~mask, lowest).max(dim=1).values  # twice as fast as amax


def masked_mean(outputs, mask):
    """Return the mean over the real steps of each sequence, feature by feature."""
    return outputs.masked_fill(~mask, 0.0).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
