"""Sentence encoder: a vector for each sequence, which every step reads."""

import torch
from torch import nn

from sklstm.nn.pooling import Pooling
from sklstm.nn.recurrent import Recurrent


class SentenceEncoder(nn.Module):
    r"""Append one vector of the whole sequence to the features of each step.

    A recurrent layer of its own runs over the steps :math:`x_1, \dots, x_T`, and its outputs are
    pooled [1]_:

    .. math:: [\, x_t;\; \mathrm{pool}(\mathrm{RNN}(x_1, \dots, x_T)) \,]

    Parameters
    ----------
    kind : {"last", "mean", "max", "max+mean", "attention"}
        See `sklstm.nn.pooling.Pooling`.
    n_features : int
        Features of a step.
    hidden_size : int
        Units of each direction.
    dropout : Module
        Applied to the vector.
    **options
        See `sklstm.nn.recurrent.Recurrent`.

    References
    ----------
    .. [1] Liu et al. (2019), GCDT: A global context enhanced deep transition architecture for
       sequence labeling, ACL. https://doi.org/10.18653/v1/P19-1233
    """

    def __init__(self, kind, n_features, hidden_size, dropout, **options):
        super().__init__()
        self.recurrent = Recurrent(n_features, hidden_size, **options)
        self.pooling = Pooling(kind, self.recurrent.output_size, self.recurrent.n_directions)
        self.dropout = dropout
        self.output_size = self.pooling.output_size

    def forward(self, x, lengths):
        """Append the vectors.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, n_features)
            The features of the steps, padded on the right.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_features + output_size)
            The features, and the same vector at all steps of a sequence.
        """
        vectors = self.pooling(self.recurrent(x, lengths), lengths)  # (N, G)
        vectors = self.dropout(vectors[:, None])  # (N, 1, G)
        return torch.cat([x, vectors.expand(-1, x.shape[1], -1)], dim=-1)
