"""Sequence to sequence: an encoder and a decoder."""

import torch
from torch.nn import functional as F

from sklstm.nn.attention import Attention
from sklstm.nn.beam_search import BOUNDARY
from sklstm.nn.dropout import Dropout, bernoulli
from sklstm.nn.embedding import Embedding
from sklstm.nn.linear import glorot_linear
from sklstm.nn.masking import padding_mask
from sklstm.nn.networks._sequence import SequenceNet, layer_row, step_losses
from sklstm.nn.pooling import Pooling
from sklstm.nn.recurrent import Recurrent


class Seq2SeqNet(SequenceNet):
    r"""Sequence to sequence: an encoder, and a decoder with attention.

    The encoder's last outputs :math:`\bar h` give the initial states of the decoder, which
    predicts the symbols one after another:

    .. math::

        s_0, c_0 &= \tanh(B \bar h + b) \\
        s_i, c_i &= \mathrm{LSTM}(E y_{i-1}, s_{i-1}, c_{i-1}) \\
        P(y_i \mid y_{<i}, x) &= \mathrm{softmax}(W \tilde s_i + d)

    where :math:`\tilde s_i` is :math:`s_i` combined with what it attends to (see `Attention`), or
    :math:`s_i` alone. Since the attention comes after the recurrent layers, these run over all
    true symbols in one call during training.

    Parameters
    ----------
    n_outputs : int
        Number of output symbols, :math:`K`. Code 0 is the start and the end of a sequence.
    n_features, hidden_size
        See `SequenceNet`.
    attention : {"additive", "dot"}, default="additive"
        See `Attention`.
    teacher_forcing : float, default=1.0
        Probability that the decoder gets the true symbol as its input in training; otherwise it
        gets its own prediction (scheduled sampling).
    output_dim : int, default=32
        Width of the vectors of output symbols.
    n_layers, dropout, embedding_dropout, locked_dropout, **options
        See `SequenceNet`; they apply to the encoder and to the decoder, which has one direction.
    """

    row_arguments = ("lengths", "targets")

    def __init__(
        self,
        n_outputs,
        n_features,
        hidden_size,
        *,
        attention="additive",
        teacher_forcing=1.0,
        output_dim=32,
        n_layers=1,
        dropout=0.0,
        embedding_dropout=0.0,
        locked_dropout=False,
        **options,
    ):
        shared = {"n_layers": n_layers, "dropout": dropout, "locked_dropout": locked_dropout}
        super().__init__(
            n_features, hidden_size, embedding_dropout=embedding_dropout, **shared, **options
        )
        self.teacher_forcing = teacher_forcing
        self.n_units += n_layers * hidden_size
        width = self.recurrent.output_size
        self.pooling = Pooling("last", width, self.recurrent.n_directions)
        self.output_embedding = Embedding(n_outputs, output_dim)
        one_way = ("cell", "cell_params", "recurrent_dropout", "bptt_steps")
        decoder = {name: options[name] for name in one_way if name in options}
        self.decoder = Recurrent(output_dim, hidden_size, **shared, **decoder)
        self.n_states = len(self.decoder.layers[0][0].states)
        self.bridge = glorot_linear(width, n_layers * self.n_states * hidden_size)
        self.attention = None if attention is None else Attention(attention, hidden_size, width)
        self.dropout = Dropout(dropout, locked_dropout)
        self.output = glorot_linear(hidden_size, n_outputs)

    def forward(self, steps, lengths, targets, vectors=None):
        """Compute the logits of each symbol, given those before it.

        Parameters
        ----------
        steps : Tensor of shape (n_sequences, n_steps[, n_features])
            Codes, or numbers, padded on the right.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.
        targets : LongTensor of shape (n_sequences, n_targets)
            Codes of the true symbols, 0 at the end of each sequence, and -1 at padding.
        vectors : Tensor of shape (n_codes, n_features), default=None
            Vectors of codes that the embedding lacks.

        Returns
        -------
        Tensor of shape (n_sequences, n_targets, n_outputs)
            The logits; those at padding have no meaning.
        """
        return self.forward_embedded(self.embed_steps(steps, vectors), lengths, targets)

    def embed_steps(self, steps, vectors=None):
        """Embed the steps of the source.

        Parameters
        ----------
        steps, vectors
            As for `forward`.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_features)
            The inputs of the encoder.
        """
        return self.embedding_dropout(self.embed(steps, vectors))

    def forward_embedded(self, x, lengths, targets):
        """Compute the logits of embedded steps.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, n_features)
            What `embed_steps` returned.
        lengths, targets
            As for `forward`.

        Returns
        -------
        Tensor of shape (n_sequences, n_targets, n_outputs)
            The logits.
        """
        states, encoded = self.encode(x, lengths)
        outputs = self._attend(self._decode(states, encoded, targets), encoded)
        return self.output(self.dropout(outputs))

    def encode(self, x, lengths):
        """Encode the source.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, n_features)
            What `embed_steps` returned.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.

        Returns
        -------
        states : list of tuple of Tensor, each of shape (n_sequences, hidden_size)
            The decoder's initial states, layer by layer.
        encoded : EncoderOutputs or None
            What the attention needs; None without attention.
        """
        outputs = self.recurrent(x, lengths)  # (N, T, D * H)
        first = self.bridge(self.pooling(outputs, lengths)).tanh().to(x.dtype)
        states = first.chunk(len(self.decoder.layers) * self.n_states, dim=-1)
        states = [
            states[start : start + self.n_states] for start in range(0, len(states), self.n_states)
        ]
        if self.attention is None:
            return states, None
        return states, self.attention.add_keys(outputs, padding_mask(lengths, x.shape[1])[:, :, 0])

    def attention_weights(self, x, lengths, targets):
        """Compute the attention weights while the decoder predicts the targets.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, n_features)
            What `embed_steps` returned.
        lengths, targets
            As for `forward`.

        Returns
        -------
        Tensor of shape (n_sequences, n_targets, n_steps)
            The weights.
        """
        states, encoded = self.encode(x, lengths)
        return self.attention.weights(self._decode(states, encoded, targets), encoded)

    def _decode(self, states, encoded, targets):
        """Run the decoder's recurrent layers over the shifted targets, (N, L, H)."""
        inputs = F.pad(targets[:, :-1], (1, 0), value=BOUNDARY).clamp(min=0)
        if self.training and self.teacher_forcing < 1:
            inputs = self._sample_inputs(states, encoded, inputs)
        x = self.embedding_dropout(self.output_embedding(inputs))
        return self.decoder(x, (targets >= 0).sum(dim=1), states)

    @torch.no_grad()
    def _sample_inputs(self, states, encoded, targets):
        """Replace some shifted targets by the decoder's predictions: scheduled sampling.

        No gradient flows through a prediction, so they are made first; training then runs over
        all steps at once.
        """
        forced = bernoulli(self.teacher_forcing, self.output.weight.new_empty(targets.shape)).bool()
        inputs = [targets[:, 0]]
        for step in range(1, targets.shape[1]):
            logits, states = self._advance(inputs[-1][:, None], states, encoded)  # (N, 1, K)
            predicted = logits[:, 0].argmax(dim=-1)
            inputs.append(torch.where(forced[:, step], targets[:, step], predicted))
        return torch.stack(inputs, dim=1)

    def _advance(self, codes, states, encoded):
        """Decode one step: return logits (N, B, K) of the symbols after `codes` (N, B)."""
        x = self.embedding_dropout(self.output_embedding(codes.reshape(-1, 1)))  # (N * B, 1, E)
        outputs, states = self.decoder.advance(x, states)
        outputs = self._attend(outputs.reshape(*codes.shape, -1), encoded)
        return self.output(self.dropout(outputs)), states

    def _attend(self, outputs, encoded):
        return outputs if encoded is None else self.attention(outputs, encoded)

    def begin(self, steps, lengths, vectors=None):
        """Encode the sources, to decode them step by step.

        Parameters
        ----------
        steps, lengths, vectors
            As for `forward`.

        Returns
        -------
        advance : callable
            See `beam_search`.
        states : list of tuple of Tensor, each of shape (n_sequences, hidden_size)
            The decoder's initial states, layer by layer.
        """
        first, encoded = self.encode(self.embed_steps(steps, vectors), lengths)

        def advance(codes, states):
            logits, states = self._advance(codes, states, encoded)
            return logits.to(first[0][0].dtype).log_softmax(dim=-1), states

        return advance, first

    def losses(self, logits, targets):
        """Compute the negative log-likelihood of each target sequence.

        Parameters
        ----------
        logits : Tensor of shape (n_sequences, n_targets, n_outputs)
            What `forward` returned.
        targets : LongTensor of shape (n_sequences, n_targets)
            The true symbols, -1 at padding.

        Returns
        -------
        Tensor of shape (n_sequences,)
            Sums over the symbols, the end included, in nats.
        """
        return step_losses(logits, targets)

    def layer_table(self):
        """Return a table of the layers.

        Returns
        -------
        list of tuple (str, str, int)
            Name, output shape and number of parameters of each layer. ``L`` is the number of
            output symbols.
        """
        n_outputs, width = self.output_embedding.weight.shape
        hidden_size = self.output.in_features
        rows = [
            *super().layer_table(),
            layer_row("Bridge", f"(N, {self.bridge.out_features})", self.bridge),
            layer_row("Output embedding", f"(N, L, {width})", self.output_embedding),
        ]
        for (cell,) in self.decoder.layers:
            rows.append(layer_row(f"Decoder {cell.title}", f"(N, L, {hidden_size})", cell))
        if self.attention is not None:
            name = f"Attention ({self.attention.kind})"
            rows.append(layer_row(name, f"(N, L, {hidden_size})", self.attention))
        rows.append(layer_row("Linear", f"(N, L, {n_outputs})", self.output))
        return rows
