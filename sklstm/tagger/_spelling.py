"""Spellings of words: the codes of their characters, and their casing class."""

from collections import Counter
from copy import copy

import numpy as np

from sklstm._inputs import kind_of
from sklstm.nn.batches import Spellings
from sklstm.sequences._fields import SPECIAL_TOKENS, UNKNOWN

MAX_CHARACTERS = 30  # of a longer word, half of them are taken from either end
CASINGS = ("none", "lower", "upper", "title", "mixed", "numeric", "partly numeric")


class Speller:
    """Encode the characters and the casing of words.

    Parameters
    ----------
    words : list of str
        Distinct words with the characters to learn. Characters that occur only once stay unknown,
        so that the network learns a vector for unknown ones.

    Attributes
    ----------
    codes : dict
        The code of each character.
    """

    def __init__(self, words):
        counts = Counter(character for word in words for character in word)
        known = sorted(character for character, count in counts.items() if count > 1)
        self.codes = {character: code for code, character in enumerate(known, len(SPECIAL_TOKENS))}
        self._seen_in = {c: word for word in words for c in word if c not in self.codes}

    def grown(self, words):
        """Return a speller that also knows the characters of more words.

        Parameters
        ----------
        words : list of str
            Distinct words, seen before or not.

        Returns
        -------
        Speller
            The same codes, and new ones for characters now seen more than once.
        """
        speller = copy(self)
        speller.codes, speller._seen_in = dict(self.codes), dict(self._seen_in)
        for word in words:
            for character in sorted(set(word).difference(speller.codes)):
                before = speller._seen_in.setdefault(character, word)
                if before != word or word.count(character) > 1:
                    speller.codes[character] = speller.n_characters
                    del speller._seen_in[character]
        return speller

    @property
    def n_characters(self):
        """Number of codes, padding and unknown included."""
        return len(self.codes) + len(SPECIAL_TOKENS)

    def spell(self, words):
        """Encode the characters and the casing of words.

        Parameters
        ----------
        words : list of str or None
            The words; None for padding, and for a word whose spelling is not known.

        Returns
        -------
        Spellings
            A row for each word.
        """
        characters = np.zeros((len(words), MAX_CHARACTERS), np.int64)
        casing = np.zeros(len(words), np.int64)
        for row, word in enumerate(words):
            if word is None:
                continue
            word = shortened(word)
            characters[row, : len(word)] = [self.codes.get(c, UNKNOWN) for c in word]
            casing[row] = CASINGS.index(casing_of(word))
        return Spellings(characters, casing)


def shortened(word):
    """Return both ends of a word that has more than `MAX_CHARACTERS`; another one as it is."""
    half = MAX_CHARACTERS // 2
    return word if len(word) <= MAX_CHARACTERS else word[:half] + word[-half:]


def strings_of(inputs, reader):
    """Return input that has the strings of its tokens, without padding.

    Parameters
    ----------
    inputs : Sequences or Numbers
        The input of an estimator.
    reader : str
        What needs the strings, for the error message.

    Returns
    -------
    Sequences
        With categories.
    """
    if getattr(inputs, "categories", None) is None:
        raise ValueError(
            f"Strings of tokens are needed for {reader}, but X holds {kind_of(inputs)} without "
            "any. Pass tokens, or Sequences that were made of tokens."
        )
    return inputs.without_padding()


def casing_of(word):
    """Classify the casing of a word.

    Parameters
    ----------
    word : str
        In any script; one without case is ``"none"``.

    Returns
    -------
    str
        One of `CASINGS`.
    """
    if word.isnumeric():
        return "numeric"
    if any(map(str.isnumeric, word)):
        return "partly numeric"
    for casing in ("lower", "upper", "title"):
        if getattr(word, f"is{casing}")():
            return casing
    return "none" if word.lower() == word.upper() else "mixed"
