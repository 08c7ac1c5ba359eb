"""Sequence tagging: a tag for each step."""

import torch
from torch.nn import functional as F

from sklstm.nn.crf import LinearChainCRF
from sklstm.nn.dropout import Dropout
from sklstm.nn.linear import glorot_linear
from sklstm.nn.networks._char_encoder import CharEncoder
from sklstm.nn.networks._feature_sum import FeatureSum
from sklstm.nn.networks._sentence_encoder import SentenceEncoder
from sklstm.nn.networks._sequence import SequenceNet, layer_row, step_losses
from sklstm.sequences._fields import PADDING

# options of a recurrent layer that reads the whole sequence beforehand, too
SHARED = {"cell", "cell_params", "bidirectional", "recurrent_dropout", "bptt_steps"}


class TaggerNet(SequenceNet):
    r"""Sequence tagging: recurrent layers, and a linear-chain CRF over their outputs.

    A step is described by its vector, by an encoding of its characters, by its casing class, by the
    sum of the vectors of its word's features, by categories and numbers that come with it, and by a
    vector of the whole sequence. A linear layer maps the recurrent outputs :math:`h_t` to emissions
    :math:`e_t = W h_t + b`, one for each tag, which are the scores of a linear-chain CRF, or of a
    softmax at each step. A wide path adds weights of the features of the step's word and of its
    neighbours, as a linear tagger has them, and of categories.

    Parameters
    ----------
    n_outputs : int
        Number of tags, :math:`K`.
    n_features, hidden_size
        See `SequenceNet`.
    crf : bool, default=True
        Whether to use a CRF, or a softmax at each step.
    allowed : tuple of ndarray of bool, default=None
        See `sklstm.nn.crf.LinearChainCRF`.
    class_weight : ndarray of shape (n_outputs,), default=None
        Weight of each tag in the loss of the softmax.
    choices : ndarray of bool, shape (n_codes, n_outputs), default=None
        The tags that a code may stand for. The first codes are the tags themselves.
    char_encoder : {"cnn", "lstm"}, default=None
        See `sklstm.nn.networks._char_encoder.CharEncoder`.
    n_characters, char_embedding_dim, char_hidden_size : int
        Sizes of the character encoder.
    n_casings : int, default=0
        Number of casing classes.
    n_column_codes : int, default=0
        Number of codes of categories that come with steps, padding and unknown included.
    n_column_numbers : int, default=0
        Number of numbers that come with a step.
    column_embedding_dim : int, default=32
        Width of the vectors of these categories.
    n_word_features : int, default=0
        Number of codes of features of words, padding and unknown included.
    affix_embedding_dim : int, default=0
        Width of the vectors of features of words; 0 for none.
    wide : bool, default=False
        Whether there is a wide path.
    affix_dropout : float, default=0.0
        Probability of leaving out a feature of a word during training, in both places.
    sentence_vector : {"last", "mean", "max", "max+mean", "attention"}, default=None
        See `sklstm.nn.networks._sentence_encoder.SentenceEncoder`.
    dropout : float, default=0.0
        Dropout between layers, and before the output.
    locked_dropout : bool, default=False
        Whether dropout drops the same features at every step.
    embedding_dropout : float, default=0.0
        Dropout on the vectors of steps and characters.
    **options
        See `SequenceNet`.
    """

    row_arguments = ("lengths", "middles")

    def __init__(
        self,
        n_outputs,
        n_features,
        hidden_size,
        *,
        crf=True,
        allowed=None,
        class_weight=None,
        choices=None,
        char_encoder=None,
        n_characters=0,
        char_embedding_dim=30,
        char_hidden_size=30,
        n_casings=0,
        n_column_codes=0,
        n_column_numbers=0,
        column_embedding_dim=32,
        n_word_features=0,
        affix_embedding_dim=0,
        wide=False,
        affix_dropout=0.0,
        sentence_vector=None,
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
        n_extra = sum(
            [
                0 if encoder is None else encoder.output_size,
                n_casings,
                affix_embedding_dim,
                column_embedding_dim if n_column_codes else 0,
                n_column_numbers,
            ]
        )
        sentence = None
        if sentence_vector is not None:
            sentence = SentenceEncoder(
                sentence_vector,
                n_features + n_extra,
                hidden_size,
                Dropout(dropout, locked_dropout),
                **{name: options[name] for name in SHARED.intersection(options)},
            )
        super().__init__(
            n_features,
            hidden_size,
            n_extra_features=n_extra + (0 if sentence is None else sentence.output_size),
            dropout=dropout,
            locked_dropout=locked_dropout,
            embedding_dropout=embedding_dropout,
            **options,
        )
        self.char_encoder, self.sentence = encoder, sentence
        if sentence is not None:
            self.n_units += sentence.recurrent.output_size
        self.n_casings = n_casings
        self.affix_dropout = affix_dropout
        self.affixes = self.wide = self.columns = self.wide_columns = None
        if affix_embedding_dim:
            self.affixes = FeatureSum(n_word_features, affix_embedding_dim, scale=0.1)
        if wide:  # weights for the tags of the step before, of the step, and of the step after
            self.wide = FeatureSum(n_word_features, 3 * n_outputs)
        if n_column_codes:
            scale = (3 / column_embedding_dim) ** 0.5
            self.columns = FeatureSum(n_column_codes, column_embedding_dim, scale)
            self.wide_columns = FeatureSum(n_column_codes, 3 * n_outputs) if wide else None
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
        choices = None if choices is None else torch.as_tensor(choices)
        self.register_buffer("choices", choices, persistent=False)

    def forward(self, steps, lengths, middles=None, **described):
        """Compute the emissions.

        Parameters
        ----------
        steps : Tensor of shape (n_sequences, n_steps[, n_features])
            Codes, or numbers, padded on the right.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.
        middles : LongTensor of shape (n_sequences, n_targets), default=None
            The steps to return emissions of; None for all.
        **described
            What else describes the steps, see `embed_steps`.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_outputs)
            The emissions; those at padding have no meaning.
        """
        return self.forward_embedded(self.embed_steps(steps, **described), lengths, middles)

    def embed_steps(
        self, steps, vectors=None, words=None, characters=None, casing=None, features=None,
        column_codes=None, column_numbers=None,
    ):  # fmt: skip
        """Embed the steps.

        Parameters
        ----------
        steps : Tensor of shape (n_sequences, n_steps[, n_features])
            Codes, or numbers, padded on the right.
        vectors : Tensor of shape (n_codes, n_features), default=None
            Vectors of codes that the embedding lacks.
        words : LongTensor of shape (n_sequences, n_steps), default=None
            Row of `characters` and `casing` of each step.
        characters : LongTensor of shape (n_words, n_characters), default=None
            Codes of the characters of each word of the batch.
        casing : LongTensor of shape (n_words,), default=None
            Casing class of each word.
        features : LongTensor of shape (n_words, n_kinds), default=None
            Codes of features of each word, 0 where there is none.
        column_codes : LongTensor of shape (n_sequences, n_steps, n_categorical), default=None
            Codes of categories that come with the steps, 0 where there is none.
        column_numbers : Tensor of shape (n_sequences, n_steps, n_numeric), default=None
            Numbers that come with the steps.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_features)
            The inputs of the recurrent layers, and then those of the wide path.
        """
        inputs = [self.embed(steps, vectors)]  # (N, T, F)
        features, column_codes = self._drop(features), self._drop(column_codes)
        if self.char_encoder is not None:
            inputs.append(F.embedding(words, self.char_encoder(characters)))  # (N, T, C)
        if self.n_casings:
            inputs.append(F.one_hot(casing, self.n_casings).to(inputs[0].dtype)[words])
        if self.affixes is not None:
            inputs.append(F.embedding(words, self.affixes(features)))  # (N, T, A)
        if self.columns is not None:
            inputs.append(_of_steps(self.columns, column_codes))  # (N, T, A)
        if column_numbers is not None:
            inputs.append(column_numbers)
        x = self.embedding_dropout(torch.cat(inputs, dim=-1))
        if self.wide is None:
            return x
        wide = F.embedding(words, self.wide(features))  # (N, T, 3 K)
        if self.wide_columns is not None:
            wide = wide + _of_steps(self.wide_columns, column_codes)
        return torch.cat([x, wide], dim=-1)

    def _drop(self, features):
        """Leave out codes of features at random, in training."""
        if features is None or not (self.training and self.affix_dropout):
            return features
        dropped = torch.rand(features.shape, device=features.device) < self.affix_dropout
        return features.masked_fill(dropped, PADDING)

    def forward_embedded(self, x, lengths, middles=None):
        """Compute the emissions of embedded steps.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, n_features)
            What `embed_steps` returned.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.
        middles : LongTensor of shape (n_sequences, n_targets), default=None
            The steps to return emissions of; None for all.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_outputs)
            The emissions; those at padding have no meaning.
        """
        emissions = self.output(self.dropout(self.recurrent_outputs(x, lengths)))  # (N, T, K)
        if self.wide is not None:
            emissions = emissions + _add_up(x[..., -self.wide.width :])
        if middles is None:
            return emissions
        return emissions.gather(1, middles[..., None].expand(-1, -1, emissions.shape[-1]))

    def recurrent_inputs(self, x):
        """Return what the recurrent layers read: all but the inputs of the wide path.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, n_inputs)
            What `embed_steps` returned.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_features)
            Their inputs.
        """
        return x if self.wide is None else x[..., : -self.wide.width]

    def recurrent_outputs(self, x, lengths):
        """Run the recurrent layers over embedded steps, each with the vector of the sequence.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, n_inputs)
            What `embed_steps` returned.
        lengths : LongTensor of shape (n_sequences,)
            Real steps of each sequence.

        Returns
        -------
        Tensor of shape (n_sequences, n_steps, n_directions * hidden_size)
            The outputs of the top layer; those at padding have no meaning.
        """
        if self.sentence is None:
            return super().recurrent_outputs(x, lengths)
        return self.recurrent(self.sentence(self.recurrent_inputs(x), lengths), lengths)

    def losses(self, emissions, tags):
        """Compute the negative log-likelihood of what is known of the tags of each sequence.

        Parameters
        ----------
        emissions : Tensor of shape (n_sequences, n_steps, n_outputs)
            What `forward` returned.
        tags : LongTensor of shape (n_sequences, n_steps)
            The codes of the true tags, or of sets of them, -1 at padding.

        Returns
        -------
        Tensor of shape (n_sequences,)
            Sums over the steps, in nats.
        """
        real = tags >= 0
        if bool((tags >= emissions.shape[-1]).any()):
            may_be = self.choices[tags.clamp(min=0)]  # (N, T, K)
            if self.has_crf:
                return -self.crf.constrained_log_likelihood(emissions, may_be, real.sum(dim=1))
            return self._set_losses(emissions, may_be, real)
        if self.has_crf:
            return -self.crf.log_likelihood(emissions, tags, real.sum(dim=1))
        return step_losses(emissions, tags, self.class_weight)

    def _set_losses(self, emissions, may_be, real):
        """Return the cross-entropy with sets of tags of each sequence, summed over its steps."""
        logs = emissions.log_softmax(-1).masked_fill(~may_be, -torch.inf).logsumexp(-1)  # (N, T)
        if self.class_weight is not None:
            shares = may_be / may_be.sum(-1, keepdim=True)
            logs = logs * (shares.to(logs.dtype) @ self.class_weight.to(logs.dtype))
        return -logs.masked_fill(~real, 0.0).sum(dim=1)

    def layer_table(self):
        """Return a table of the layers.

        Returns
        -------
        list of tuple (str, str, int)
            Name, output shape and number of parameters of each layer.
        """
        rows = super().layer_table()
        if self.char_encoder is not None:
            name = f"Characters ({self.char_encoder.kind})"
            shape = f"(N, T, {self.char_encoder.output_size})"
            rows.insert(self.embedding is not None, layer_row(name, shape, self.char_encoder))
        read = []  # by the recurrent layers, which are the last ones so far
        for name, sums in {"Affixes": self.affixes, "Columns": self.columns}.items():
            if sums is not None:
                read.append(layer_row(name, f"(N, T, {sums.width})", sums))
        if self.sentence is not None:
            name = f"Sentence vector ({self.sentence.pooling.kind})"
            read.append(layer_row(name, f"(N, {self.sentence.output_size})", self.sentence))
        place = len(rows) - len(self.recurrent.layers)
        rows[place:place] = read
        rows.append(layer_row("Linear", f"(N, T, {self.output.out_features})", self.output))
        if self.wide is not None:
            rows.append(layer_row("Wide path", f"(N, T, {self.output.out_features})", self.wide))
        if self.wide_columns is not None:
            name = "Wide path of columns"
            rows.append(layer_row(name, f"(N, T, {self.output.out_features})", self.wide_columns))
        if self.has_crf:
            rows.append(layer_row("CRF", "(N, T)", self.crf))
        return rows


def _of_steps(module, codes):
    """Return the sum of the vectors of each step's categories: (N, T, C) to (N, T, width)."""
    return module(codes.flatten(0, 1)).unflatten(0, codes.shape[:2])


def _add_up(shares):
    """Sum what each step and its neighbours say of its tags.

    Parameters
    ----------
    shares : Tensor of shape (n_sequences, n_steps, 3 * n_outputs)
        What each step says of the tags of the step before, of itself, and of the step after.

    Returns
    -------
    Tensor of shape (n_sequences, n_steps, n_outputs)
        The emissions of a linear tagger.
    """
    before, own, after = shares.chunk(3, dim=-1)  # (N, T, K) each
    before, after = before[:, 1:], after[:, :-1]
    return own + F.pad(before, (0, 0, 0, 1)) + F.pad(after, (0, 0, 1, 0))
