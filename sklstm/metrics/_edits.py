"""Scores of output sequences, which may differ in length from the true ones."""

import numpy as np

from sklstm._arrays import check_same_length, to_list
from sklstm._sample_weights import check_weights
from sklstm._text_checks import check_texts, check_tokens
from sklstm.metrics._comparison import divide, with_name
from sklstm.metrics._scorers import Scorer
from sklstm.sequences import Sequences


def token_error_rate(y_true, y_pred, *, sample_weight=None) -> float:
    r"""Return the edit distance to the true sequences, per true token.

    .. math:: \frac{\sum_n d(y_n, \hat y_n)}{\sum_n |y_n|}

    where :math:`d` is the smallest number of insertions, deletions and substitutions [1]_, computed
    with bit vectors [2]_. This is the word error rate of speech recognition if tokens are words,
    the phone error rate of pronunciations, and the character error rate of strings.

    Parameters
    ----------
    y_true, y_pred : list of str, list of lists of str, or Sequences
        True and predicted sequences, as `sklstm.LSTMSeq2Seq` takes and predicts them: strings,
        whose tokens are their characters, or token lists, or `sklstm.Sequences`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each sequence.

    Returns
    -------
    float
        0 if all are correct; above 1 if predictions are far too long. 0.0 and a warning if the true
        sequences hold no token.

    See Also
    --------
    token_accuracy_score : For predictions as long as the true sequences.

    References
    ----------
    .. [1] Levenshtein (1966), Binary codes capable of correcting deletions, insertions, and
       reversals, Soviet Physics Doklady 10(8).
    .. [2] Myers (1999), A fast bit-vector algorithm for approximate string matching based on
       dynamic programming, Journal of the ACM 46(3). https://doi.org/10.1145/316542.316550

    Examples
    --------
    >>> from sklstm.metrics import token_error_rate
    >>> token_error_rate(["1966-02-10"], ["1966-12-10"])
    0.1
    >>> token_error_rate([["DH", "AH0"], ["K", "AE1"]], [["DH", "AH0"], ["K", "AE1", "T"]])
    0.25
    """
    y_true = with_name("y_true", _check_sequences, y_true)
    y_pred = with_name("y_pred", _check_sequences, y_pred)
    check_same_length(y_true=y_true, y_pred=y_pred)
    if isinstance(y_true[0], str) != isinstance(y_pred[0], str):
        raise TypeError(
            "One of y_true and y_pred holds strings, the other one token lists: characters would "
            "be compared with tokens. Pass both in the same form."
        )
    weights = check_weights(sample_weight, y_true)
    n_edits = np.array(list(map(_count_edits, y_true, y_pred)))
    n_tokens = np.array(list(map(len, y_true)))
    return float(divide(n_edits @ weights, n_tokens @ weights, "token error rate", "warn"))


token_error_rate_scorer = Scorer(token_error_rate, greater_is_better=False)


def _check_sequences(y):
    y = y.tokens() if isinstance(y, Sequences) else y
    y = to_list(y, "one str, or one list of str, for each sample")
    return check_texts(y) if isinstance(y[0], str) else check_tokens(y)


def _count_edits(true, predicted):
    """Count the edits between two sequences, one column of the distance table at a time.

    Neighbouring cells differ by at most 1. The bits of `more` and `less` say where a cell is larger
    or smaller by 1 than the one above it; the carry of one addition for each predicted token takes
    differences down the column.
    """
    if not true:
        return len(predicted)
    places = {}  # of each token, as bits
    for place, token in enumerate(true):
        places[token] = places.get(token, 0) | 1 << place
    last, everywhere = 1 << len(true) - 1, (1 << len(true)) - 1
    more, less, distance = everywhere, 0, len(true)
    for token in predicted:
        equal = places.get(token, 0)
        diagonal = (((equal & more) + more) ^ more) | equal | less  # as in the cell up and left
        right_more = (less | ~(diagonal | more)) & everywhere
        right_less = diagonal & more
        distance += bool(right_more & last) - bool(right_less & last)
        right_more, right_less = right_more << 1 | 1, right_less << 1
        more = (right_less | ~(diagonal | right_more)) & everywhere
        less = right_more & diagonal & everywhere
    return distance
