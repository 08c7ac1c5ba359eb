"""The input encoder of a tagger: the steps of a sequence, their spellings and their columns."""

from copy import copy

import numpy as np

from sklstm._input_encoder import InputEncoder
from sklstm.sequences import Sequences
from sklstm.sequences._fields import UNKNOWN
from sklstm.tagger._context import with_neighbours
from sklstm.tagger._spelling import Speller, strings_of
from sklstm.tagger._token_columns import TokenColumns, check_column_names
from sklstm.tagger._word_features import WordFeatures

READERS = "char_encoder, casing, affixes and wide"


class WordEncoder(InputEncoder):
    """Encode input together with the spellings of its words and the columns of its tokens.

    Parameters
    ----------
    *args : tuple
        As for `InputEncoder`.
    reads_words : bool or "auto"
        Whether the network reads spellings: characters, casing or features. ``"auto"`` if X has
        strings.
    reads_features : bool, "auto" or "subwords"
        Whether features are among them, and subwords among these.
    reads_columns : "all", list of str or None
        The columns that the network reads.
    context : int
        Sentences on either side of each that the network reads too.

    Attributes
    ----------
    speller : Speller or None
        Encodes the spellings, if the network reads them.
    features : WordFeatures or None
        Encodes features, if the network reads them.
    columns : TokenColumns or None
        Encodes columns, if the network reads some.
    """

    speller = features = columns = None
    reads_columns, context = "all", 0  # of one that was stored before there were these

    def __init__(self, *args, reads_words, reads_features, reads_columns, context):
        super().__init__(*args)
        self.reads_words = reads_words
        self.reads_features = reads_features
        self.reads_columns = reads_columns
        self.context = context

    def _kept_parameters(self):
        """Return also what the network reads beside the words."""
        return {
            **super()._kept_parameters(),
            "columns": self.reads_columns,
            "context": self.context,
        }

    def learn(self, inputs):
        """Learn like `InputEncoder`, and the characters and features of the words."""
        super().learn(inputs)
        has_strings = getattr(inputs, "categories", None) is not None
        if self.reads_words is True or (self.reads_words and has_strings):
            words = strings_of(inputs, READERS).categories[UNKNOWN + 1 :]
            self.speller = Speller(words)
            if self.reads_features:
                self.features = WordFeatures(words, self.reads_features == "subwords")
        names = check_column_names(self.reads_columns)
        if names == "all":
            names = list(getattr(inputs, "columns", None) or ())
        if names:
            self.columns = TokenColumns(names, _real_steps(inputs), self.standardizer.by)

    def grown(self, inputs):
        """Return an encoder that knows new words, with their characters and features."""
        encoder = super().grown(inputs)
        if self.speller is not None:
            words = strings_of(inputs, READERS).without_unused().categories[UNKNOWN + 1 :]
            encoder = copy(encoder)
            encoder.speller = self.speller.grown(words)
            if self.features is not None:
                encoder.features = self.features.grown(words)
        if self.columns is not None:
            encoder = copy(encoder)
            encoder.columns = self.columns.grown(_real_steps(inputs))
        return encoder

    def standardised(self, inputs, weights, *, is_portion):
        """Return an encoder that has a unit of numbers, in X and in columns."""
        encoder = super().standardised(inputs, weights, is_portion=is_portion)
        if self.columns is not None and self.columns.numbers:
            encoder = copy(encoder)
            encoder.columns = self.columns.standardised(
                _real_steps(inputs), weights, is_portion=is_portion
            )
        return encoder

    def encode(self, inputs, mask_padding):
        """Encode input as flat steps, with their spellings and columns."""
        steps = super().encode(inputs, mask_padding)
        if self.speller is not None:
            words = strings_of(inputs, READERS)
            used, words_of_steps = np.unique(words.codes, return_inverse=True)
            steps["words"] = 1 + words_of_steps
            names = words.categories
            named = [None if code == UNKNOWN else names[code] for code in used.tolist()]
            named = [None, *named]  # padding first
            steps["spellings"] = self.speller.spell(named)
            if self.features is not None:
                steps["spellings"].features = self.features.encode(named)
        if self.columns is not None:
            steps["columns"] = self.columns.encode(_real_steps(inputs), self.dtype)
        if self.context:
            documents = getattr(inputs, "documents", None)
            if documents is None:
                raise ValueError(
                    f"context={self.context} needs to know which sentences of X are neighbours: "
                    "pass Sequences.from_tokens(X).with_documents(documents), also to predict."
                )
            steps = with_neighbours(steps, documents, self.context)
        return steps

    def input_options(self, embedding_dim):
        """Return the arguments of the network that concern its input."""
        options = super().input_options(embedding_dim)
        if self.speller is not None:
            options["n_characters"] = self.speller.n_characters
        if self.features is not None:
            options["n_word_features"] = self.features.n_features
        if self.columns is not None:
            options["n_column_codes"] = self.columns.n_codes if self.columns.codes else 0
            options["n_column_numbers"] = len(self.columns.numbers)
        return options


def _real_steps(inputs):
    return inputs.without_padding() if isinstance(inputs, Sequences) else inputs
