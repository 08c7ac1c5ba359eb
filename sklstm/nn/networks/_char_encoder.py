"""Character encoder: a vector for each word."""

from torch import nn
from torch.nn import functional as F

from sklstm.nn.dropout import Dropout
from sklstm.nn.embedding import Embedding
from sklstm.nn.linear import glorot_linear
from sklstm.nn.pooling import Pooling, masked_max
from sklstm.nn.recurrent import Recurrent


class CharEncoder(nn.Module):
    r"""Encode the characters of a word as a vector.

    ======== ======================================================================
    ``cnn``  the maximum over positions of a convolution of width 3 [1]_
    ``lstm`` the last outputs of a bidirectional LSTM [2]_
    ======== ======================================================================

    Parameters
    ----------
    kind : {"cnn", "lstm"}
        The kind of encoder.
    n_characters : int
        Number of character codes, padding and unknown included.
    embedding_dim : int
        Width of the character vectors.
    hidden_size : int
        Filters of the convolution, or units of each direction.
    dropout : float, default=0.0
        Dropout on the character vectors.

    References
    ----------
    .. [1] Ma and Hovy (2016), End-to-end sequence labeling via bi-directional LSTM-CNNs-CRF,
       ACL. https://doi.org/10.18653/v1/P16-1101
    .. [2] Lample et al. (2016), Neural architectures for named entity recognition, NAACL.
       https://doi.org/10.18653/v1/N16-1030
    """

    KINDS = ("cnn", "lstm")
    WIDTH = 3  # of a filter, in characters

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
        """Compute the vectors of words.

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
        return masked_max(outputs, real).masked_fill(~real[:, 0], 0.0)  # (U, C)
