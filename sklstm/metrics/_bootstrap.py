"""Confidence intervals of entity scores."""

from typing import Literal, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from sklstm import _typing as t
from sklstm.metrics._comparison import check_parameters, compare, score, to_scalar


class BootstrapInterval(NamedTuple):
    """A score and the interval around it.

    Parameters
    ----------
    score : float or ndarray
        The score of all sentences.
    low, high : float or ndarray
        The bounds of the interval.

    See Also
    --------
    bootstrap_interval : Computes it.

    Examples
    --------
    >>> from sklstm.metrics import BootstrapInterval
    >>> BootstrapInterval(0.91, 0.9, 0.92).low
    0.9
    """

    score: float
    low: float
    high: float


def bootstrap_interval(
    y_true,
    y_pred,
    *,
    metric: Literal["precision", "recall", "f1"] = "f1",
    scheme: t.AnyScheme = "auto",
    mode: t.Mode = "strict",
    average: Literal["micro", "macro", "weighted"] | None = "micro",
    confidence_level: float = 0.95,
    n_resamples: int = 1000,
    random_state: t.RandomState = None,
) -> BootstrapInterval:
    """Return an entity score and its bootstrap confidence interval.

    Sentences are resampled with replacement and scored; the interval lies between quantiles of
    these scores [1]_. It shows how the score of this one model varies with the sentences, not how
    it varies between training runs.

    Parameters
    ----------
    y_true, y_pred : sequence of list of str
        True and predicted tags of each sentence: lists, tuples or arrays.
    metric : {"precision", "recall", "f1"}, default="f1"
        The score.
    scheme : {"auto", "IOB1", "IOB2", "IOBES", "BILOU"}, default="auto"
        Scheme of the tags. "auto" infers it from `y_true`.
    mode : {"strict", "conlleval"}, default="strict"
        Whether only well-formed spans count, or all that conlleval counts.
    average : {"micro", "macro", "weighted"} or None, default="micro"
        How to average over types; None returns arrays, with types in alphabetical order.
    confidence_level : float, default=0.95
        Share of the resampled scores that the interval covers.
    n_resamples : int, default=1000
        Number of resamples.
    random_state : int, RandomState instance or None, default=None
        Seeds the resampling.

    Returns
    -------
    BootstrapInterval
        The score of all sentences, and the bounds. A resample without entities scores 0.0.

    References
    ----------
    .. [1] Efron (1979), Bootstrap methods: another look at the jackknife, The Annals of Statistics
       7(1). https://doi.org/10.1214/aos/1176344552

    Examples
    --------
    >>> from sklstm.metrics import bootstrap_interval
    >>> y_true = [["B-PER"], ["B-LOC"], ["B-PER"], ["O"]] * 25
    >>> y_pred = [["B-PER"], ["B-LOC"], ["B-LOC"], ["O"]] * 25
    >>> interval = bootstrap_interval(y_true, y_pred, random_state=0)
    >>> print(f"{interval.score:.2f} ({interval.low:.2f} to {interval.high:.2f})")
    0.67 (0.56 to 0.77)
    """
    check_parameters(
        "bootstrap_interval",
        metric=metric,
        scheme=scheme,
        mode=mode,
        average=average,
        confidence_level=confidence_level,
        n_resamples=n_resamples,
        random_state=random_state,
    )
    comparison = compare(y_true, y_pred, scheme, mode)
    counts = comparison.counts_by_sentence()
    draws = _draw(counts, n_resamples, check_random_state(random_state))
    drawn = score(metric, draws, average, zero_division=0.0)
    tail = (1 - confidence_level) / 2
    low, high = map(to_scalar, np.quantile(drawn, [tail, 1 - tail], axis=0))
    whole = score(metric, counts.sum(axis=0), average, zero_division=0.0)
    return BootstrapInterval(whole, low, high)


def _draw(counts, n_resamples, rng):
    """Sum the counts (S, 3, K) of sentences drawn with replacement: (n_resamples, 3, K)."""
    n_sentences = len(counts)
    flat = counts.reshape(n_sentences, -1).astype(float)
    sums = np.empty((n_resamples, flat.shape[1]))
    for row in range(n_resamples):
        drawn = rng.randint(n_sentences, size=n_sentences)
        sums[row] = np.bincount(drawn, minlength=n_sentences) @ flat
    return sums.reshape(n_resamples, *counts.shape[1:])
