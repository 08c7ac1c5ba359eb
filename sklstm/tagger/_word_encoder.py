"""The input encoder of a tagger: the steps of a sequence, and the spellings of its words."""

from copy import copy

import numpy as np

from sklstm._input_encoder import InputEncoder
from sklstm.sequences._fields import UNKNOWN
from sklstm.tagger._spelling import Speller, strings_of

READERS = "char_encoder and casing"


class WordEncoder(InputEncoder):
    """Encode input together with the spellings of its words.

    Parameters
    ----------
    *args : tuple
        As for `InputEncoder`.
    reads_words : bool
        Whether the network uses characters or casing.

    Attributes
    ----------
    speller : Speller or None
        Encodes the spellings, if the network uses them.
    """

    def __init__(self, *args, reads_words):
        super().__init__(*args)
        self.reads_words = reads_words
        self.speller = None

    def learn(self, inputs):
        """Learn like `InputEncoder`, and the characters of the words."""
        super().learn(inputs)
        if self.reads_words:
            self.speller = Speller(strings_of(inputs, READERS).categories[UNKNOWN + 1 :])

    def grown(self, inputs):
        """Return an encoder that knows new words, and their characters too."""
        encoder = super().grown(inputs)
        if self.speller is not None:
            words = strings_of(inputs, READERS).without_unused()
            encoder = copy(encoder)
            encoder.speller = self.speller.grown(words.categories[UNKNOWN + 1 :])
        return encoder

    def encode(self, inputs, mask_padding):
        """Encode input as flat steps, with the spellings of their words."""
        steps = super().encode(inputs, mask_padding)
        if self.speller is not None:
            words = strings_of(inputs, READERS)
            used, words_of_steps = np.unique(words.codes, return_inverse=True)
            steps["words"] = 1 + words_of_steps
            named = map(words.categories.__getitem__, used)
            steps["spellings"] = self.speller.spell(["", *named])
        return steps

    def input_options(self, embedding_dim):
        """Return the arguments of the network that concern its input."""
        options = super().input_options(embedding_dim)
        if self.speller is not None:
            options["n_characters"] = self.speller.n_characters
        return options
