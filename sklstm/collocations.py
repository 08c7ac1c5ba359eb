"""Words that often stand side by side, joined to one token: ``Collocations``."""

from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from sklstm._arguments import about_data
from sklstm._fit_tasks import FollowedFit, followed
from sklstm._parameters import ParametersMixin
from sklstm._sklearn import Interval, fit_context
from sklstm._versions import Versioned
from sklstm.sequences import Sequences
from sklstm.sequences._fields import UNKNOWN
from sklstm.sequences._sequences import token_sequences


class Collocations(FollowedFit, TransformerMixin, ParametersMixin, Versioned, BaseEstimator):
    r"""Join words that often stand side by side into one token, such as ``waste_of``.

    A pair of neighbours is a collocation if it occurs more often than its words would by chance
    [1]_:

    .. math:: \frac{n_{ab} - \delta}{n_a \, n_b} \, V > \text{threshold},

    where :math:`n_a`, :math:`n_b` and :math:`n_{ab}` count the words and the pair,
    :math:`\delta` is `min_count`, and :math:`V` is the number of distinct words and pairs.
    ``transform`` joins from left to right, and a token is part of one collocation at most. These
    are the rules and the scale of gensim's ``Phrases``.

    Parameters
    ----------
    min_count : int, default=5
        Pairs must occur more often than this.
    threshold : float, default=10.0
        Lowest score of a collocation: a lower one joins more pairs.
    n_passes : int, default=1
        With two passes, up to four words become one token; each pass joins the tokens of the last.
    delimiter : str, default="_"
        What stands between the words of the new token.

    Attributes
    ----------
    scores_ : list of dict of (str, str) to float
        The collocations of each pass, with their scores, best first.

    See Also
    --------
    Tokenizer : Splits texts into tokens; the step before this one.
    Word2VecEmbedder : Trains vectors of the joined tokens.

    References
    ----------
    .. [1] Mikolov et al. (2013), Distributed representations of words and phrases and their
       compositionality, NeurIPS. https://doi.org/10.48550/arXiv.1310.4546

    Examples
    --------
    >>> from sklstm import Collocations
    >>> tokens = [["new", "york", "is", "big"], ["is", "york", "near", "new", "york"]] * 3
    >>> collocations = Collocations(min_count=1, threshold=1.0).fit(tokens)
    >>> collocations.transform([["is", "new", "york", "new"]])
    [['is', 'new_york', 'new']]
    """

    _parameter_constraints = {
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "threshold": [Interval(Real, 0, None, closed="neither")],
        "n_passes": [Interval(Integral, 1, None, closed="left")],
        "delimiter": [str],
    }

    def __init__(
        self,
        *,
        min_count: int = 5,
        threshold: float = 10.0,
        n_passes: int = 1,
        delimiter: str = "_",
    ):
        self.min_count = min_count
        self.threshold = threshold
        self.n_passes = n_passes
        self.delimiter = delimiter

    @fit_context(prefer_skip_nested_validation=True)
    @followed
    def fit(self, X, y=None, extra_tokens=None) -> Self:
        """Learn the collocations.

        Parameters
        ----------
        X : list of list of str, or Sequences
            The tokens of each document.
        y : None
            Ignored.
        extra_tokens : list of list of str, or Sequences, default=None
            More documents to learn from, for example unlabelled ones.

        Returns
        -------
        Collocations
            The fitted transformer.
        """
        batch = _encode(X)
        if extra_tokens is not None:
            with about_data("extra_tokens"):
                batch = _concatenate(batch, _encode(extra_tokens))
        self.scores_ = []
        for _ in range(self.n_passes):
            self.scores_.append(self._score(batch))
            if not self.scores_[-1]:  # nor would a later pass find any
                break
            batch = self._join(batch, self.scores_[-1])
        return self

    def transform(self, X) -> list[list[str]] | Any:
        """Join the collocations.

        Parameters
        ----------
        X : list of list of str, or Sequences
            The tokens of each document.

        Returns
        -------
        list of list of str, or Sequences
            The same kind as `X`, without padding. `Sequences` keep their texts, and the character
            span of a new token is that of all its words.
        """
        self._check_ready()
        batch = _encode(X)
        for scores in self.scores_:
            batch = self._join(batch, scores)
        return batch if isinstance(X, Sequences) else batch.tokens()

    def _score(self, batch):
        """Return the collocations of a batch with their scores, best first."""
        size = len(batch.categories)
        pairs, counts = np.unique(_pairs(batch)[_are_pairs(batch)], return_counts=True)
        words = np.bincount(batch.codes, minlength=size)
        n_distinct = np.count_nonzero(words) + len(pairs)
        first, second = np.divmod(pairs, size)
        chance = words[first].astype(float) * words[second]
        scores = (counts - self.min_count) / chance * n_distinct
        best = np.flatnonzero(scores > self.threshold)
        best = best[np.argsort(-scores[best], kind="stable")]
        name = batch.categories.__getitem__
        words = zip(map(name, first[best].tolist()), map(name, second[best].tolist()), strict=True)
        return dict(zip(words, scores[best].tolist(), strict=True))

    def _join(self, batch, scores):
        """Return the batch with its collocations as single tokens."""
        categories, size = list(batch.categories), len(batch.categories)
        code_of = {token: code for code, token in enumerate(categories) if code > UNKNOWN}
        known = [pair for pair in scores if pair[0] in code_of and pair[1] in code_of]
        keys = np.array([code_of[a] * size + code_of[b] for a, b in known], np.int64)
        order = np.argsort(keys)
        pairs = _pairs(batch)
        places = np.searchsorted(keys, pairs, sorter=order)
        found = order[np.minimum(places, len(keys) - 1)] if len(keys) else places
        are_joined = _are_pairs(batch) & (keys[found] == pairs) if len(keys) else pairs < 0
        starts = _every_other(are_joined)
        joined = []
        for pair in known:
            token = self.delimiter.join(pair)
            joined.append(code_of.setdefault(token, len(categories)))
            if joined[-1] == len(categories):
                categories.append(token)
        codes = batch.codes.copy()
        codes[starts] = np.array(joined, np.int32)[found[starts]]
        kept = np.ones(len(codes), bool)
        kept[starts + 1] = False
        spans = batch.char_spans
        if spans is not None:
            spans = spans.copy()
            spans[starts, 1] = spans[starts + 1, 1]
            spans = spans[kept]
        offsets = np.concatenate([[0], np.cumsum(kept)])[batch.offsets]
        return Sequences(codes[kept], offsets, categories, None, spans, batch.texts)

    def __getstate__(self):
        state = super().__getstate__()
        if "scores_" in state:  # skops has no pairs as keys
            state["scores_"] = [list(scores.items()) for scores in state["scores_"]]
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        if hasattr(self, "scores_"):
            self.scores_ = list(map(dict, self.scores_))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags


def _encode(X):
    batch = token_sequences(X, "Collocations are joined by their strings: pass tokens.")
    if batch.vectors is not None:
        raise ValueError(
            "X has vectors already, which joined tokens would lack: put Collocations before the "
            "embedder."
        )
    if batch.columns is not None:
        raise ValueError(
            f"X has the columns {sorted(batch.columns)}, whose values joined tokens would lack: "
            "leave Collocations out, or attach columns after it."
        )
    return batch.without_padding()


def _concatenate(batch, other):
    """Make one batch of two, with the strings of both."""
    categories = list(dict.fromkeys([*batch.categories, *other.categories]))
    parts = [part.with_categories(categories) for part in (batch, other)]
    offsets = np.concatenate([parts[0].offsets, parts[0].offsets[-1] + parts[1].offsets[1:]])
    return Sequences(np.concatenate([part.codes for part in parts]), offsets, categories)


def _pairs(batch):
    """Number the pair that starts at each token but the last."""
    return batch.codes[:-1].astype(np.int64) * len(batch.categories) + batch.codes[1:]


def _are_pairs(batch):
    """Tell at which tokens, but the last of all, two known ones of a document follow."""
    known = batch.codes > UNKNOWN
    inside = known[:-1] & known[1:]
    ends = batch.offsets[1:-1]
    inside[ends[(ends > 0) & (ends < len(known))] - 1] = False
    return inside


def _every_other(flags):
    """Return the places of the first, third, fifth flag of each run of them."""
    places = np.flatnonzero(flags)
    is_start = np.ones(len(places), bool)
    is_start[1:] = np.diff(places) > 1
    first_of_run = places[np.maximum.accumulate(np.where(is_start, np.arange(len(places)), 0))]
    return places[(places - first_of_run) % 2 == 0]
