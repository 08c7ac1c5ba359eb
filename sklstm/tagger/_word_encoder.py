"""The input encoder of a tagger: the steps of a sequence, and the spellings of its words."""

from copy import copy

import numpy as np

from sklstm._input_encoder import InputEncoder
from sklstm.sequences._fields import UNKNOWN
from sklstm.tagger._spelling import Speller, strings_of
from sklstm.tagger._word_features import WordFeatures

READERS = "char_encoder, casing, affixes and wide"


class WordEncoder(InputEncoder):
    """Encode input together with the spellings of its words.

    Parameters
    ----------
    *args : tuple
        As for `InputEncoder`.
    reads_words : bool or "auto"
        Whether the network reads spellings: characters, casing or features. ``"auto"`` if X has
        strings.
    reads_features : bool
        Whether features are among them.

    Attributes
    ----------
    speller : Speller or None
        Encodes the spellings, if the network reads them.
    features : WordFeatures or None
        Encodes features, if the network reads them.
    """

    speller = features = None

    def __init__(self, *args, reads_words, reads_features):
        super().__init__(*args)
        self.reads_words = reads_words
        self.reads_features = reads_features

    def learn(self, inputs):
        """Learn like `InputEncoder`, and the characters and features of the words."""
        super().learn(inputs)
        has_strings = getattr(inputs, "categories", None) is not None
        if self.reads_words is True or (self.reads_words and has_strings):
            words = strings_of(inputs, READERS).categories[UNKNOWN + 1 :]
            self.speller = Speller(words)
            self.features = WordFeatures(words) if self.reads_features else None

    def grown(self, inputs):
        """Return an encoder that knows new words, with their characters and features."""
        encoder = super().grown(inputs)
        if self.speller is not None:
            words = strings_of(inputs, READERS).without_unused().categories[UNKNOWN + 1 :]
            encoder = copy(encoder)
            encoder.speller = self.speller.grown(words)
            if self.features is not None:
                encoder.features = self.features.grown(words)
        return encoder

    def encode(self, inputs, mask_padding):
        """Encode input as flat steps, with the spellings of their words."""
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
        return steps

    def input_options(self, embedding_dim):
        """Return the arguments of the network that concern its input."""
        options = super().input_options(embedding_dim)
        if self.speller is not None:
            options["n_characters"] = self.speller.n_characters
        if self.features is not None:
            options["n_word_features"] = self.features.n_features
        return options
