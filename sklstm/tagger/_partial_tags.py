"""Sentences of which not all tags are known."""

from reprlib import repr as shorten

import numpy as np

from sklstm.tags import allowed_transitions
from sklstm.tags._spans import OUTSIDE, span_prefixes


class PartialTags:
    """Encode tags of which some are unknown: by codes of sets, of the tags that may be meant.

    In the scheme of training, a known tag may be one of several, too: ``B-PER`` of IOB2 is
    ``B-PER`` or ``S-PER`` of IOBES, which depends on the next tag. What may follow what is known to
    the CRF, so a set for each step says all. Where the other known tags leave one choice, its code
    is that of the tag: so a softmax at each step learns from them, too.

    Parameters
    ----------
    tags : list of str
        The tags in the scheme of training.
    scheme, train_scheme : str or None
        The user's scheme, and that of training.

    Attributes
    ----------
    unknown : int
        The code of an unknown tag.
    codes : dict
        The code of each tag of the user, and of None.
    choices : ndarray of bool, shape (n_codes, n_tags), or None
        The tags that a code may stand for: the first codes are the tags themselves. None if the
        schemes do not allow for unknown tags.
    """

    def __init__(self, tags, scheme, train_scheme):
        self.tags = tags
        self.schemes = scheme, train_scheme
        self.unknown = len(tags)
        meant = {None: tags}  # by the user's tags
        if scheme == train_scheme:
            self.codes = {tag: code for code, tag in enumerate(tags)} | {None: self.unknown}
        else:
            prefixes = _prefixes_meant(scheme, train_scheme)
            if prefixes is None:
                self.codes, self.choices = {}, None
                return
            for tag in tags:
                meant.setdefault(_with_prefix(tag, prefixes), []).append(tag)
            self.codes = {tag: self.unknown + number for number, tag in enumerate(meant)}
        sets = [np.isin(tags, of_one) for of_one in meant.values()]
        self.choices = np.concatenate([np.eye(len(tags), dtype=bool), sets])

    @property
    def shares(self):
        """The tags that a code stands for, each with the same share, shape (n_codes, n_tags).

        The unknown tag stands for none of them.
        """
        if self.choices is None:
            return np.eye(len(self.tags))
        shares = self.choices / self.choices.sum(axis=1, keepdims=True)
        shares[self.unknown] = 0.0
        return shares

    def encode(self, sentences):
        """Encode the tags of sentences, each of which has an unknown tag.

        Parameters
        ----------
        sentences : list of (int, list of str or None)
            Their positions in y, and their tags.

        Returns
        -------
        list of ndarray of int64
            The codes.
        """
        if sentences and self.choices is None:
            scheme, train_scheme = self.schemes
            raise ValueError(
                f"Sentence {sentences[0][0]} has an unknown tag, None, and {scheme} with unknown "
                f"tags cannot be learned in {train_scheme}: set train_scheme=None, or pass IOB2."
            )
        rules = None
        if self.schemes[1] is not None:
            rules = allowed_transitions(self.tags, self.schemes[1])
        encoded = []
        for number, tags in sentences:
            codes = np.array([self.codes[tag] for tag in tags], np.int64)
            if rules is not None:
                possible = _possible_tags(self.choices[codes], *rules)
                if not possible.any():
                    raise ValueError(
                        f"Sentence {number}: whatever its unknown tags are, {shorten(list(tags))} "
                        f"do not fit {self.schemes[0]}. Correct them, or make more of them None."
                    )
                is_certain = possible.sum(axis=1) == 1
                codes = np.where(is_certain, possible.argmax(axis=1), codes)
            encoded.append(codes)
        return encoded


def _prefixes_meant(scheme, train_scheme):
    """Map prefixes of the scheme of training to the user's; None if other tags decide, too."""
    if "IOB1" in (scheme, train_scheme):  # a B in it depends on the tag before
        return None
    schemes = train_scheme, scheme
    pairs = {
        pair
        for length in (1, 2, 3)
        for pair in zip(*(span_prefixes(length, one) for one in schemes), strict=True)
    }
    found = dict(pairs)
    return found if len(found) == len(pairs) else None


def _with_prefix(tag, prefixes):
    return tag if tag == OUTSIDE else prefixes[tag[0]] + tag[1:]


def _possible_tags(may_be, start, transitions, end):
    """Leave only tags, shape (T, K), that are on some path which follows the rules."""
    forwards, backwards = [start & may_be[0]], [end & may_be[-1]]
    for step in may_be[1:]:
        forwards.append((forwards[-1] @ transitions) & step)
    for step in may_be[-2::-1]:
        backwards.append((transitions @ backwards[-1]) & step)
    return np.array(forwards) & np.array(backwards[::-1])
