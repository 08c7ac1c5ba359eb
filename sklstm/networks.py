"""Networks: the layers put together, one network for each shape of recurrent net."""

import torch
from torch import nn
from torch.nn import functional as F

from sklstm.crf import LinearChainCRF
from sklstm.layers import CharEncoder, Dropout, Embedding, Pooling, Recurrent, glorot_linear
from sklstm.sequences import PADDING, UNKNOWN


class SequenceNet(nn.Module):
    """What the networks share: steps are embedded, and recurrent layers run over them.

    Parameters
    ----------
    n_features : int
        Features of a step, or width of its vector.
    hidden_size : int
        Units of each recurrent layer and direction.
    n_codes : int, optional
        Rows of the trained embedding. Without it steps are numbers, or codes of the vectors
        that come with the batch.
    n_extra_features : int, default=0
        Features that a network adds to each step.
    cell, cell_params, n_layers, bidirectional, bptt_steps
        See `sklstm.layers.Recurrent`.
    dropout, recurrent_dropout, locked_dropout
        See `sklstm.layers.Recurrent`.
    embedding_dropout : float, default=0.0
        Dropout on the steps' vectors.
    word_dropout : float, default=0.0
        Probability of taking a real token for an unknown one during training.
    """

    def __init__(
        self,
        n_features,
        hidden_size,
        *,
        n_codes=None,
        n_extra_features=0,
        cell="lstm",
        cell_params=None,
        n_layers=1,
        bidirectional=False,
        embedding_dropout=0.0,
        word_dropout=0.0,
        dropout=0.0,
        recurrent_dropout=0.0,
        locked_dropout=False,
        bptt_steps=None,
    ):
        super().__init__()
        self.word_dropout = word_dropout
        self.n_units = n_layers * (1 + bidirectional) * hidden_size
        self.embedding = None if n_codes is None else Embedding(n_codes, n_features)
        self.embedding_dropout = Dropout(embedding_dropout, locked_dropout)
        self.recurrent = Recurrent(
            n_features + n_extra_features,
            hidden_size,
            cell=cell,
            cell_params=cell_params,
            n_layers=n_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            locked_dropout=locked_dropout,
            bptt_steps=bptt_steps,
        )

    def embed(self, steps, vectors=None):
        """Look codes up; numbers stay as they are.

        Parameters
        ----------
        steps : Tensor of shape (n_sequences, n_steps[, n_features])
            Codes, or numbers, padded on the right.
        vectors : Tensor of shape (n_codes, n_features), optional
            Vectors for codes that the embedding does not hold.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_features)
            The steps' vectors.
        """
        if steps.is_floating_point():
            return steps
        if self.training and self.word_dropout:
            dropped = torch.rand(steps.shape, device=steps.device) < self.word_dropout
            steps = steps.masked_fill(dropped & (steps != PADDING), UNKNOWN)
        if self.embedding is None:
            return F.embedding(steps, vectors)
        return self.embedding(steps, vectors)

    def describe(self):
        """List the layers.

        Returns
        -------
        list of tuple (str, str, int)
            Name, output shape and number of parameters of each.
        """
        rows = []
        if self.embedding is not None:
            rows.append(
                _row("Embedding", f"(N, T, {self.embedding.weight.shape[1]})", self.embedding)
            )
        for cells in self.recurrent.layers:
            name = cells[0].title if len(cells) == 1 else f"Bidirectional {cells[0].title}"
            rows.append(_row(name, f"(N, T, {len(cells) * cells[0].hidden_size})", cells))
        return rows


class ManyToOneNet(SequenceNet):
    """Many steps in, one answer out: embedding, recurrent layers, pooling, a linear output.

    Parameters
    ----------
    n_outputs : int
        Numbers in an answer.
    n_features, hidden_size
        See `SequenceNet`.
    pooling : str, default="last"
        See `sklstm.layers.Pooling`.
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
        return self.answer(self.read(steps, vectors), lengths)

    def read(self, steps, vectors=None):
        """Describe the steps.

        Parameters
        ----------
        steps, vectors
            As for `forward`.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_features)
            What the recurrent layers get.
        """
        return self.embedding_dropout(self.embed(steps, vectors))

    def answer(self, x, lengths):
        """Compute the answers of described steps.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, n_features)
            What `read` returned.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.

        Returns
        -------
        Tensor of shape (n_sequences, n_outputs)
            Logits or regression values.
        """
        outputs = self.recurrent(x, lengths)  # (N, T, D * H)
        return self.output(self.dropout(self.pooling(outputs, lengths)))  # (N, K)

    def describe(self):
        """List the layers.

        Returns
        -------
        list of tuple (str, str, int)
            Name, output shape and number of parameters of each.
        """
        pooled = self.pooling.output_size
        return [
            *super().describe(),
            _row(f"Pooling ({self.pooling.kind})", f"(N, {pooled})", self.pooling),
            _row("Linear", f"(N, {self.output.out_features})", self.output),
        ]


class TaggerNet(SequenceNet):
    r"""Many steps in, a tag for each of them out.

    A step is its vector, what an encoder reads in its characters, and the class of its casing.
    A linear map turns the recurrent outputs :math:`h_t` into emissions
    :math:`e_t = W h_t + b`, a number for each tag, over which stands a linear-chain CRF, or
    a softmax at each step on its own.

    Parameters
    ----------
    n_outputs : int
        Tags :math:`K`.
    n_features, hidden_size
        See `SequenceNet`.
    crf : bool, default=True
        Whether neighbouring tags depend on each other.
    allowed : tuple of ndarray of bool, optional
        See `sklstm.crf.LinearChainCRF`.
    class_weight : ndarray of shape (n_outputs,), optional
        Weight of each tag in the softmax's loss.
    char_encoder : {"cnn", "lstm"}, optional
        See `sklstm.layers.CharEncoder`.
    n_characters, char_embedding_dim, char_hidden_size : int
        Its sizes.
    n_casings : int, default=0
        Classes of casing.
    dropout : float, default=0.0
        Dropout between layers, and before the output.
    locked_dropout : bool, default=False
        Whether dropout drops the same features at every step.
    embedding_dropout : float, default=0.0
        Dropout on the steps' and the characters' vectors.
    **options
        See `SequenceNet`.
    """

    def __init__(
        self,
        n_outputs,
        n_features,
        hidden_size,
        *,
        crf=True,
        allowed=None,
        class_weight=None,
        char_encoder=None,
        n_characters=0,
        char_embedding_dim=30,
        char_hidden_size=30,
        n_casings=0,
        dropout=0.0,
        locked_dropout=False,
        embedding_dropout=0.0,
        **options,
    ):
        encoder = None
        if char_encoder is not None:
            encoder = CharEncoder(
                char_encoder, n_characters, char_embedding_dim, char_hidden_size, embedding_dropout
            )
        super().__init__(
            n_features,
            hidden_size,
            n_extra_features=n_casings + (0 if encoder is None else encoder.output_size),
            dropout=dropout,
            locked_dropout=locked_dropout,
            embedding_dropout=embedding_dropout,
            **options,
        )
        self.char_encoder = encoder
        self.n_casings = n_casings
        self.dropout = Dropout(dropout, locked_dropout)
        self.output = glorot_linear(self.recurrent.output_size, n_outputs)
        self.crf = LinearChainCRF(n_outputs, allowed)
        self.has_crf = crf
        if not crf:  # a softmax at each step is a CRF whose transitions stay zero
            for name, weights in list(self.crf.named_parameters()):
                delattr(self.crf, name)
                self.crf.register_buffer(name, weights.detach(), persistent=False)
        weights = None if class_weight is None else torch.as_tensor(class_weight)
        self.register_buffer("class_weight", weights, persistent=False)

    def forward(self, steps, lengths, vectors=None, words=None, characters=None, casing=None):
        """Compute the emissions.

        Parameters
        ----------
        steps : Tensor of shape (n_sequences, n_steps[, n_features])
            Codes, or numbers, padded on the right.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.
        vectors : Tensor of shape (n_codes, n_features), optional
            Vectors for codes that the embedding does not hold.
        words : LongTensor of shape (n_sequences, n_steps), optional
            Row of `characters` and `casing` of each step.
        characters : LongTensor of shape (n_words, n_characters), optional
            How each word of the batch is written.
        casing : LongTensor of shape (n_words,), optional
            Class of its casing.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_outputs)
            The emissions; what stands at padding has no meaning.
        """
        return self.answer(self.read(steps, vectors, words, characters, casing), lengths)

    def read(self, steps, vectors=None, words=None, characters=None, casing=None):
        """Describe the steps.

        Parameters
        ----------
        steps, vectors, words, characters, casing
            As for `forward`.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_features)
            What the recurrent layers get.
        """
        features = [self.embed(steps, vectors)]  # (N, T, F)
        if self.char_encoder is not None:
            features.append(F.embedding(words, self.char_encoder(characters)))  # (N, T, C)
        if self.n_casings:
            features.append(F.one_hot(casing, self.n_casings).to(features[0].dtype)[words])
        return self.embedding_dropout(torch.cat(features, dim=-1))

    def answer(self, x, lengths):
        """Compute the emissions of described steps.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, n_features)
            What `read` returned.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_outputs)
            The emissions; what stands at padding has no meaning.
        """
        return self.output(self.dropout(self.recurrent(x, lengths)))  # (N, T, K)

    def losses(self, emissions, tags):
        """Compute the negative log-likelihood of each sequence's tags.

        Parameters
        ----------
        emissions : Tensor of shape (n_sequences, n_steps, n_outputs)
            What `forward` returned.
        tags : LongTensor of shape (n_sequences, n_steps)
            The true tags, -1 at padding.

        Returns
        -------
        Tensor of shape (n_sequences,)
            Sums over the steps, in nats.
        """
        if self.has_crf:
            return -self.crf.log_likelihood(emissions, tags, (tags >= 0).sum(dim=1))
        losses = F.cross_entropy(
            emissions.flatten(0, 1),
            tags.flatten(),
            weight=self.class_weight,
            ignore_index=-1,
            reduction="none",
        )
        return losses.view_as(tags).sum(dim=1)

    def describe(self):
        """List the layers.

        Returns
        -------
        list of tuple (str, str, int)
            Name, output shape and number of parameters of each.
        """
        rows = super().describe()
        if self.char_encoder is not None:
            name = f"Characters ({self.char_encoder.kind})"
            shape = f"(N, T, {self.char_encoder.output_size})"
            rows.insert(self.embedding is not None, _row(name, shape, self.char_encoder))
        rows.append(_row("Linear", f"(N, T, {self.output.out_features})", self.output))
        if self.has_crf:
            rows.append(_row("CRF", "(N, T)", self.crf))
        return rows


def _row(name, shape, layer):
    return name, shape, count_parameters(layer)


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
