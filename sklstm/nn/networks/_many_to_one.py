"""Many to one: a single output for a whole sequence."""

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
    **options
        See `SequenceNet`.
    """

    def __init__(
        self, n_outputs, n_features, hidden_size, *, pooling="last", dropout=0.0, **options
    ):
        super().__init__(n_features, hidden_size, dropout=dropout, **options)
        width, directions = self.recurrent.output_size, self.recurrent.n_directions
        self.pooling = Pooling(pooling, width, directions)
        self.dropout = Dropout(dropout)
        self.output = glorot_linear(self.pooling.output_size, n_outputs)

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
        return self.output(self.dropout(self.pooling(outputs, lengths)))  # (N, K)

    def layer_table(self):
        """Return a table of the layers.

        Returns
        -------
        list of tuple (str, str, int)
            Name, output shape and number of parameters of each layer.
        """
        pooled = self.pooling.output_size
        return [
            *super().layer_table(),
            layer_row(f"Pooling ({self.pooling.kind})", f"(N, {pooled})", self.pooling),
            layer_row("Linear", f"(N, {self.output.out_features})", self.output),
        ]
