"""Networks: the layers put together, one network for each shape of recurrent net."""

import torch
from torch import nn
from torch.nn import functional as F

from sklstm.layers import Dropout, Embedding, Pooling, Recurrent
from sklstm.sequences import PADDING, UNKNOWN


class ManyToOneNet(nn.Module):
    """Many steps in, one answer out: embedding, recurrent layers, pooling, a linear output.

    Parameters
    ----------
    n_outputs : int
        Numbers in an answer.
    n_features : int
        Features of a step, or width of its vector.
    hidden_size : int
        Units of each recurrent layer and direction.
    n_codes : int, optional
        Rows of the trained embedding. Without it steps are numbers, or codes of the vectors
        that come with the batch.
    n_layers, bidirectional, pooling, dropout, recurrent_dropout, locked_dropout
        See `sklstm.layers.Recurrent` and `sklstm.layers.Pooling`.
    embedding_dropout : float, default=0.0
        Dropout on the steps' vectors.
    word_dropout : float, default=0.0
        Probability of taking a real token for an unknown one during training.
    """

    def __init__(
        self,
        n_outputs,
        n_features,
        hidden_size,
        *,
        n_codes=None,
        n_layers=1,
        bidirectional=False,
        pooling="last",
        embedding_dropout=0.0,
        word_dropout=0.0,
        dropout=0.0,
        recurrent_dropout=0.0,
        locked_dropout=False,
    ):
        super().__init__()
        self.word_dropout = word_dropout
        self.embedding = None if n_codes is None else Embedding(n_codes, n_features)
        self.embedding_dropout = Dropout(embedding_dropout, locked_dropout)
        self.recurrent = Recurrent(
            n_features,
            hidden_size,
            n_layers=n_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            locked_dropout=locked_dropout,
        )
        width, directions = self.recurrent.output_size, self.recurrent.n_directions
        self.pooling = Pooling(pooling, width, directions)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(self.pooling.output_size, n_outputs)
        nn.init.xavier_uniform_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, steps, lengths, vectors=None):
        """Compute the answers.

        Parameters
        ----------
        steps : Tensor of shape (n_sequences, n_steps[, n_features])
            Codes, or numbers, padded on the right.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.
        vectors : Tensor of shape (n_codes, n_features), optional
            Vectors for codes that the embedding does not hold.

        Returns
        -------
        Tensor of shape (n_sequences, n_outputs)
            Logits or regression values.
        """
        x = steps if steps.is_floating_point() else self._embed(steps, vectors)  # (N, T, F)
        outputs = self.recurrent(self.embedding_dropout(x), lengths)  # (N, T, D * H)
        return self.output(self.dropout(self.pooling(outputs, lengths)))  # (N, K)

    def _embed(self, codes, vectors):
        if self.training and self.word_dropout:
            dropped = torch.rand(codes.shape, device=codes.device) < self.word_dropout
            codes = codes.masked_fill(dropped & (codes != PADDING), UNKNOWN)
        if self.embedding is None:
            return F.embedding(codes, vectors)
        return self.embedding(codes, vectors)

    def describe(self):
        """List the layers.

        Returns
        -------
        list of tuple (str, str, int)
            Name, output shape and number of parameters of each.
        """
        rows = []
        if self.embedding is not None:
            rows.append(("Embedding", f"(N, T, {self.embedding.weight.shape[1]})", self.embedding))
        for cells in self.recurrent.layers:
            name = "LSTM" if len(cells) == 1 else "Bidirectional LSTM"
            rows.append((name, f"(N, T, {len(cells) * cells[0].hidden_size})", cells))
        pooled = self.pooling.output_size
        rows.append((f"Pooling ({self.pooling.kind})", f"(N, {pooled})", self.pooling))
        rows.append(("Linear", f"(N, {self.output.out_features})", self.output))
        return [(name, shape, count_parameters(layer)) for name, shape, layer in rows]


def count_parameters(module, trainable=None):
    """Count the numbers in a module's parameters.

    Parameters
    ----------
    module : Module
        The module.
    trainable : bool, optional
        Count only those that are, or are not, trained.

    Returns
    -------
    int
        The count.
    """
    return sum(
        p.numel() for p in module.parameters() if trainable is None or p.requires_grad == trainable
    )
