"""Scores of tags of which some are unknown."""

from sklstm._sample_weights import check_weights
from sklstm.metrics import entity_f1_score, token_accuracy_score


def score_known(true, predicted, sample_weight, scheme):
    """Compute the F1 of the sentences of which all tags are known, or the accuracy of known tags.

    Parameters
    ----------
    true : list of lists of str or None
        The true tags, None where they are unknown.
    predicted : sequence of lists of str
        The predicted ones.
    sample_weight : array-like of shape (n_sentences,) or None
        Weights of the sentences.
    scheme : str or None
        The scheme of both; without one it is the accuracy.

    Returns
    -------
    float
        Between 0 and 1.
    """
    rows = [row for row, tags in enumerate(true) if None not in tags]
    if scheme is None:
        if len(rows) < len(true) and len(true) == len(predicted):
            predicted = [_known(*pair) for pair in zip(predicted, true, strict=True)]
            true = [_known(tags, tags) for tags in true]
        return token_accuracy_score(true, predicted, sample_weight=sample_weight)
    if len(rows) < len(true) and len(true) == len(predicted):
        if not rows:
            raise ValueError(
                "Every sentence of y has a tag that is unknown, None, and an F1 needs sentences of "
                "which all tags are known: pass such, or set scoring='loss' for early stopping."
            )
        if sample_weight is not None:
            sample_weight = check_weights(sample_weight, true)[rows]
        true, predicted = ([tags[row] for row in rows] for tags in (true, predicted))
    return entity_f1_score(
        true, predicted, scheme=scheme, sample_weight=sample_weight, zero_division=0.0
    )


def _known(tags, true):
    return [tag for tag, true_tag in zip(tags, true, strict=True) if true_tag is not None]
