"""The sum of the vectors of a word's features."""

import torch
from torch import nn
from torch.nn import functional as F

from sklstm.nn.embedding import Embedding
from sklstm.sequences._fields import PADDING, UNKNOWN


class FeatureSum(nn.Module):
    """Describe a word by the sum of the vectors of its features.

    A feature that is not known counts as absent.

    Parameters
    ----------
    n_features : int
        Number of codes of features, padding and unknown included.
    width : int
        Width of the vectors.
    scale : float, default=0.0
        Largest value of a vector before training.
    """

    def __init__(self, n_features, width, scale=0.0):
        super().__init__()
        self.width = width
        self.embedding = Embedding(n_features, width)
        nn.init.uniform_(self.embedding.weight, -scale, scale)
        with torch.no_grad():
            self.embedding.weight[UNKNOWN] = 0.0  # of which new rows are copies

    def forward(self, features):
        """Compute the vectors of words.

        Parameters
        ----------
        features : LongTensor of shape (n_words, n_kinds)
            Codes, 0 where there is none.

        Returns
        -------
        Tensor of shape (n_words, width)
            One vector for each word.
        """
        weight = self.embedding.weight
        return F.embedding_bag(features, weight, mode="sum", padding_idx=PADDING)
