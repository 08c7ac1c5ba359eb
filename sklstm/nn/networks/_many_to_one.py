"""Many to one: a single output for a whole sequence."""

import torch
from torch import nn

from sklstm.nn.dropout import Dropout
from sklstm.nn.linear import glorot_linear
from sklstm.nn.networks._sequence import SequenceNet, layer_row
from sklstm.nn.pooling import Pooling


class ManyToOneNet(SequenceNet):
    """Many to one: embedding, recurrent layers, pooling over time, and a linear output.

    Parameters
    ----------
    n_outputs : int
        Logits or regression values of a sequence.
    n_features, hidden_size
        See `SequenceNet`.
    pooling : str, default="last"
        See `sklstm.nn.pooling.Pooling`.
    dropout : float, default=0.0
        Dropout between layers, and before the output.
    n_wide_steps : int, default=None
        If set, a linear layer that is not trained reads this many last steps, and the output is a
        mean of it and the network, with the weights :math:`1 - s` and :math:`s`. The share
        :math:`s` is 1 at first.
    **options
        See `SequenceNet`.
    """

    def __init__(
        self, n_outputs, n_features, hidden_size, *, pooling="last", dropout=0.0,
        n_wide_steps=None, **options,
    ):  # fmt: skip
        super().__init__(n_features, hidden_size, dropout=dropout, **options)
        width, directions = self.recurrent.output_size, self.recurrent.n_directions
        self.pooling = Pooling(pooling, width, directions)
        self.dropout = Dropout(dropout)
        self.output = glorot_linear(self.pooling.output_size, n_outputs)
        self.n_wide_steps, self.wide = n_wide_steps, None
        if n_wide_steps is not None:
            self.wide = nn.Linear(n_wide_steps * n_features, n_outputs).requires_grad_(False)
            for weight in self.wide.parameters():
                nn.init.zeros_(weight)
            self.register_buffer("share", torch.ones(()))

    def forward(self, steps, lengths, vectors=None):
        """Compute the outputs.

        Parameters
        ----------
        steps : Tensor of shape (n_sequences, n_steps[, n_features])
            Codes, or numbers, padded on the right.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.
        vectors : Tensor of shape (n_codes, n_features), default=None
            Vectors of codes that the embedding lacks.

        Returns
        -------
        Tensor of shape (n_sequences, n_outputs)
            Logits or regression values.
        """
        return self.forward_embedded(self.embed_steps(steps, vectors), lengths)

    def embed_steps(self, steps, vectors=None):
        """Embed the steps.

        Parameters
        ----------
        steps, vectors
            As for `forward`.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_features)
            The inputs of the recurrent layers.
        """
        return self.embedding_dropout(self.embed(steps, vectors))

    def forward_embedded(self, x, lengths):
        """Compute the outputs of embedded steps.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, n_features)
            What `embed_steps` returned.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.

        Returns
        -------
        Tensor of shape (n_sequences, n_outputs)
            Logits or regression values.
        """
        outputs = self.recurrent(x, lengths)  # (N, T, D * H)
        outputs = self.output(self.dropout(self.pooling(outputs, lengths)))  # (N, K)
        if self.wide is None:
            return outputs
        return self.share * outputs + (1 - self.share) * self.linear(x, lengths)

    def linear(self, x, lengths):
        """Compute the outputs of the linear layer.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, n_features)
            What `embed_steps` returned.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.

        Returns
        -------
        Tensor of shape (n_sequences, n_outputs)
            Regression values.
        """
        return self.wide(last_steps(x, lengths, self.n_wide_steps).flatten(1))

    def layer_table(self):
        """Return a table of the layers.

        Returns
        -------
        list of tuple (str, str, int)
            Name, output shape and number of parameters of each layer.
        """
        pooled, n_outputs = self.pooling.output_size, self.output.out_features
        rows = [
            *super().layer_table(),
            layer_row(f"Pooling ({self.pooling.kind})", f"(N, {pooled})", self.pooling),
            layer_row("Linear", f"(N, {n_outputs})", self.output),
        ]
        if self.wide is not None:
            rows.append(layer_row("Ridge regression", f"(N, {n_outputs})", self.wide))
        return rows


def last_steps(x, lengths, n_steps):
    """Return the last steps of each sequence, with zeros before a shorter one.

    Parameters
    ----------
    x : Tensor of shape (n_sequences, n_padded, n_features)
        The steps, padded on the right.
    lengths : LongTensor of shape (n_sequences,)
        Real steps of each sequence.
    n_steps : int
        How many to return.

    Returns
    -------
    Tensor of shape (n_sequences, n_steps, n_features)
        The steps, in order.
    """
    positions = lengths[:, None] - n_steps + torch.arange(n_steps, device=x.device)  # (N, S)
    rows = torch.arange(len(x), device=x.device)[:, None]
    steps = x[rows, positions.clamp(min=0)]  # (N, S, F)
    return steps.masked_fill((positions < 0)[:, :, None], 0.0)
