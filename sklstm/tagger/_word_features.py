"""Features of words that a linear tagger uses too: lower-case form, casing, shape and affixes."""

from copy import copy
from itertools import groupby

import numpy as np

from sklstm.sequences._fields import PADDING, SPECIAL_TOKENS
from sklstm.tagger._spelling import casing_of, shortened

MAX_AFFIX = 4  # characters
SUBWORD_SIZES = (3, 4, 5)  # characters
KINDS = {"d": str.isnumeric, "X": str.isupper, "x": str.islower, "o": str.isalpha}


class WordFeatures:
    """Number the features of words.

    Parameters
    ----------
    words : list of str
        Distinct words with the features to learn.
    reads_subwords : bool, default=False
        Whether subwords are among the features.

    Attributes
    ----------
    codes : dict
        The code of each feature.
    """

    reads_subwords = False  # of one that was stored before there were subwords

    def __init__(self, words, reads_subwords=False):
        self.codes = {}
        self.reads_subwords = reads_subwords
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
        found = [[] if word is None else self._features_of(word) for word in words]
        n_kinds = max([len(features_of("")), *map(len, found)])
        codes = np.zeros((len(words), n_kinds), np.int64)
        for row, features in enumerate(found):
            codes[row, : len(features)] = [self.codes.get(of, PADDING) for of in features]
        return codes

    def _add(self, words):
        for word in words:
            for feature in self._features_of(word):
                self.codes.setdefault(feature, self.n_features)

    def _features_of(self, word):
        return features_of(word) + (subwords_of(word) if self.reads_subwords else [])


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


def subwords_of(word):
    """List the subwords of a word: all its runs of 3, 4 and 5 characters.

    Parameters
    ----------
    word : str
        The word; of a long one, the ends count.

    Returns
    -------
    list of str
        Distinct features, in lower case.
    """
    word = shortened(word.lower())
    starts = [(start, size) for size in SUBWORD_SIZES for start in range(len(word) - size + 1)]
    return list(dict.fromkeys(f"subword {word[start : start + size]}" for start, size in starts))


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
