"""Features of words that a linear tagger uses too: lower-case form, casing, shape and affixes."""

from copy import copy
from itertools import groupby

import numpy as np

from sklstm.sequences._fields import PADDING, SPECIAL_TOKENS
from sklstm.tagger._spelling import casing_of

MAX_AFFIX = 4  # characters
KINDS = {"d": str.isnumeric, "X": str.isupper, "x": str.islower, "o": str.isalpha}


class WordFeatures:
    """Number the features of words.

    Parameters
    ----------
    words : list of str
        Distinct words with the features to learn.

    Attributes
    ----------
    codes : dict
        The code of each feature.
    """

    def __init__(self, words):
        self.codes = {}
        self._add(words)

    def grown(self, words):
        """Return numbers for the features of more words, too.

        Parameters
        ----------
        words : list of str
            Distinct words, seen before or not.

        Returns
        -------
        WordFeatures
            The same codes, and new ones for features not seen before.
        """
        features = copy(self)
        features.codes = dict(self.codes)
        features._add(words)
        return features

    @property
    def n_features(self):
        """Number of codes, padding and unknown included."""
        return len(self.codes) + len(SPECIAL_TOKENS)

    def encode(self, words):
        """Encode the features of words.

        Parameters
        ----------
        words : list of str or None
            The words; None for padding, and for a word whose spelling is not known.

        Returns
        -------
        ndarray of int64, shape (n_words, n_kinds)
            Codes, 0 for a feature that no word had before.
        """
        codes = np.zeros((len(words), len(features_of(""))), np.int64)
        for row, word in enumerate(words):
            if word is not None:
                codes[row] = [self.codes.get(feature, PADDING) for feature in features_of(word)]
        return codes

    def _add(self, words):
        for word in words:
            for feature in features_of(word):
                self.codes.setdefault(feature, self.n_features)


def features_of(word):
    """List the features of a word.

    Parameters
    ----------
    word : str
        The word.

    Returns
    -------
    list of str
        As many for every word: its lower-case form, casing, shape, prefixes and suffixes.
    """
    sizes = range(1, MAX_AFFIX + 1)
    prefixes = [f"prefix {size} {word[:size]}" for size in sizes]
    suffixes = [f"suffix {size} {word[-size:]}" for size in sizes]
    whole = [f"word {word.lower()}", f"casing {casing_of(word)}", f"shape {shape_of(word)}"]
    return whole + prefixes + suffixes


def shape_of(word):
    """Describe a word by its kinds of characters.

    Parameters
    ----------
    word : str
        The word.

    Returns
    -------
    str
        A character for each run of one kind, in any script: ``Xx`` for London, ``d-d`` for 2-1.
    """
    return "".join(kind for kind, _ in groupby(map(_kind_of, word)))


def _kind_of(character):
    for kind, test in KINDS.items():
        if test(character):
            return kind
    return character
