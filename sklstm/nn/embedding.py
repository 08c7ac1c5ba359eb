"""Embedding: a table of trained vectors."""

import torch
from torch import nn
from torch.nn import functional as F


class Embedding(nn.Module):
    """A table with a trained vector for each code.

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
        """Look up the codes.

        Parameters
        ----------
        codes : LongTensor of shape (n_sequences, n_steps)
            Rows of the table.
        new_vectors : Tensor of shape (n_new, n_features), default=None
            Vectors of words first seen after training, with codes from ``n_codes`` on.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_features)
            The vectors.
        """
        if new_vectors is None:
            return F.embedding(codes, self.weight)
        new = codes - len(self.weight)  # joining both tables would copy them
        known = F.embedding(codes.masked_fill(new >= 0, 0), self.weight)
        return torch.where((new >= 0)[..., None], F.embedding(new.clamp(min=0), new_vectors), known)
