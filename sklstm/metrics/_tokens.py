"""Scores of single tags."""

from itertools import chain
from operator import eq

import numpy as np

from sklstm._sample_weights import check_weights
from sklstm.metrics._comparison import check_pair, divide, warn_of_another_scheme
from sklstm.metrics._scorers import Scorer
from sklstm.tags._inference import count_faults


def token_accuracy_score(y_true, y_pred, *, sample_weight=None) -> float:
    """Return the share of tokens with the correct tag.

    Parameters
    ----------
    y_true, y_pred : sequence of list of str
        True and predicted tags of each sentence, of any kind: spans or parts of speech.
    sample_weight : array-like of shape (n_sentences,), default=None
        Weight of each sentence.

    Returns
    -------
    float
        The accuracy over all tokens; 0.0 and a warning if there are none.

    See Also
    --------
    entity_f1_score : For tags that mark spans, most of which are ``"O"``.

    Examples
    --------
    >>> from sklstm.metrics import token_accuracy_score
    >>> token_accuracy_score([["DET", "NOUN"], ["VERB", "ADV"]], [["DET", "NOUN"], ["NOUN", "ADV"]])
    0.75
    """
    y_true, y_pred = check_pair(y_true, y_pred)
    pairs = map(eq, chain.from_iterable(y_true), chain.from_iterable(y_pred))
    hits = np.fromiter(pairs, dtype=float)
    n_faults = None if hits.all() else count_faults(y_true)
    if fitting := [scheme for scheme, count in (n_faults or {}).items() if not count]:
        warn_of_another_scheme(
            y_pred, fitting, "score spans, with entity_f1_score(mode='conlleval')"
        )
    weights = np.repeat(check_weights(sample_weight, y_true), list(map(len, y_true)))
    return float(divide(hits @ weights, weights.sum(), "token accuracy", "warn"))


token_accuracy_scorer = Scorer(token_accuracy_score)
