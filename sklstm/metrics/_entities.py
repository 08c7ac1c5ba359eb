"""Precision, recall and F1 of entities."""

from typing import Any, Literal

import numpy as np
from sklearn.utils import Bunch

from sklstm import _typing as t
from sklstm._sample_weights import check_weights
from sklstm.metrics._comparison import (
    AVERAGES,
    METRICS,
    check_parameters,
    compare,
    overlaps,
    score,
    with_equal_bounds,
)
from sklstm.metrics._scorers import Scorer

NO_ENTITY = "no entity"
REPORT_KEYS = ("precision", "recall", "f1-score")


def entity_precision_score(
    y_true,
    y_pred,
    *,
    scheme: t.AnyScheme = "auto",
    mode: t.Mode = "strict",
    average: Literal["micro", "macro", "weighted"] | None = "micro",
    sample_weight=None,
    zero_division: t.ZeroDivision = "warn",
) -> float | Any:
    """Return the share of predicted entities that are correct.

    Parameters
    ----------
    y_true, y_pred : sequence of list of str
        True and predicted tags of each sentence: lists, tuples or arrays.
    scheme : {"auto", "IOB1", "IOB2", "IOBES", "BILOU"}, default="auto"
        Scheme of the tags. "auto" infers it from `y_true`.
    mode : {"strict", "conlleval"}, default="strict"
        Whether only well-formed spans count, or all that conlleval counts, which needs no scheme.
    average : {"micro", "macro", "weighted"} or None, default="micro"
        "micro" counts all types together, "macro" is the mean over types, "weighted" the mean
        weighted by the number of true entities. None returns the score of each type.
    sample_weight : array-like of shape (n_sentences,), default=None
        Weight of each sentence.
    zero_division : {"warn", 0.0, 1.0, np.nan}, default="warn"
        Value of a score whose denominator is zero. "warn" is 0.0 with a warning.

    Returns
    -------
    float or ndarray of shape (n_types,)
        A score from 0 to 1; with ``average=None`` one for each type, in alphabetical order.

    See Also
    --------
    entity_scores : Precision, recall and F1 at once.

    Examples
    --------
    >>> from sklstm.metrics import entity_precision_score
    >>> entity_precision_score([["B-PER", "O", "O"]], [["B-PER", "O", "B-LOC"]])
    0.5
    """
    return _entity_score(
        "precision", y_true, y_pred, scheme, mode, average, sample_weight, zero_division
    )


def entity_recall_score(
    y_true,
    y_pred,
    *,
    scheme: t.AnyScheme = "auto",
    mode: t.Mode = "strict",
    average: Literal["micro", "macro", "weighted"] | None = "micro",
    sample_weight=None,
    zero_division: t.ZeroDivision = "warn",
) -> float | Any:
    """Return the share of true entities that are found.

    Parameters
    ----------
    y_true, y_pred : sequence of list of str
        True and predicted tags of each sentence: lists, tuples or arrays.
    scheme : {"auto", "IOB1", "IOB2", "IOBES", "BILOU"}, default="auto"
        Scheme of the tags. "auto" infers it from `y_true`.
    mode : {"strict", "conlleval"}, default="strict"
        Whether only well-formed spans count, or all that conlleval counts.
    average : {"micro", "macro", "weighted"} or None, default="micro"
        How to average over types; None returns the score of each.
    sample_weight : array-like of shape (n_sentences,), default=None
        Weight of each sentence.
    zero_division : {"warn", 0.0, 1.0, np.nan}, default="warn"
        Value of a score whose denominator is zero. "warn" is 0.0 with a warning.

    Returns
    -------
    float or ndarray of shape (n_types,)
        A score from 0 to 1; with ``average=None`` one for each type, in alphabetical order.

    See Also
    --------
    entity_scores : Precision, recall and F1 at once.

    Examples
    --------
    >>> from sklstm.metrics import entity_recall_score
    >>> entity_recall_score([["B-PER", "I-PER", "B-LOC"]], [["B-PER", "O", "B-LOC"]])
    0.5
    """
    return _entity_score(
        "recall", y_true, y_pred, scheme, mode, average, sample_weight, zero_division
    )


def entity_f1_score(
    y_true,
    y_pred,
    *,
    scheme: t.AnyScheme = "auto",
    mode: t.Mode = "strict",
    average: Literal["micro", "macro", "weighted"] | None = "micro",
    sample_weight=None,
    zero_division: t.ZeroDivision = "warn",
) -> float | Any:
    """Return the harmonic mean of precision and recall of entities.

    .. math:: F_1 = \\frac{2 \\, |R \\cap P|}{|R| + |P|}

    with :math:`R` the true entities and :math:`P` the predicted ones, those of all sentences
    counted together.

    Parameters
    ----------
    y_true, y_pred : sequence of list of str
        True and predicted tags of each sentence: lists, tuples or arrays.
    scheme : {"auto", "IOB1", "IOB2", "IOBES", "BILOU"}, default="auto"
        Scheme of the tags. "auto" infers it from `y_true`.
    mode : {"strict", "conlleval"}, default="strict"
        Whether only well-formed spans count, or all that conlleval counts [1]_.
    average : {"micro", "macro", "weighted"} or None, default="micro"
        How to average over types; None returns the score of each. Papers mostly report "micro".
    sample_weight : array-like of shape (n_sentences,), default=None
        Weight of each sentence.
    zero_division : {"warn", 0.0, 1.0, np.nan}, default="warn"
        Value if there are no true and no predicted entities. "warn" is 0.0 with a warning.

    Returns
    -------
    float or ndarray of shape (n_types,)
        A score from 0 to 1; with ``average=None`` one for each type, in alphabetical order.

    Raises
    ------
    ValueError
        If sentences differ in length, if `y_true` is not well-formed in strict mode, or if the tags
        mark no spans.

    See Also
    --------
    entity_scores : Precision, recall and F1 at once.
    bootstrap_interval : Confidence interval of a score.

    References
    ----------
    .. [1] Tjong Kim Sang and De Meulder (2003), Introduction to the CoNLL-2003 shared task:
       language-independent named entity recognition, CoNLL.
       https://doi.org/10.3115/1119176.1119195

    Examples
    --------
    >>> from sklstm.metrics import entity_f1_score
    >>> y_true = [["B-PER", "I-PER", "O", "B-LOC"]]
    >>> entity_f1_score(y_true, [["B-PER", "I-PER", "O", "I-LOC"]])
    0.666...
    >>> entity_f1_score(y_true, [["B-PER", "I-PER", "O", "I-LOC"]], mode="conlleval")
    1.0
    """
    return _entity_score("f1", y_true, y_pred, scheme, mode, average, sample_weight, zero_division)


def entity_scores(
    y_true,
    y_pred,
    *,
    scheme: t.AnyScheme = "auto",
    mode: t.Mode = "strict",
    average: Literal["micro", "macro", "weighted"] | None = None,
    sample_weight=None,
    zero_division: t.ZeroDivision = "warn",
) -> Bunch:
    """Return precision, recall, F1 and support of each type of entity.

    Parameters
    ----------
    y_true, y_pred : sequence of list of str
        True and predicted tags of each sentence: lists, tuples or arrays.
    scheme : {"auto", "IOB1", "IOB2", "IOBES", "BILOU"}, default="auto"
        Scheme of the tags. "auto" infers it from `y_true`.
    mode : {"strict", "conlleval"}, default="strict"
        Whether only well-formed spans count, or all that conlleval counts.
    average : {"micro", "macro", "weighted"} or None, default=None
        How to average over types; None returns the scores of each.
    sample_weight : array-like of shape (n_sentences,), default=None
        Weight of each sentence.
    zero_division : {"warn", 0.0, 1.0, np.nan}, default="warn"
        Value of a score whose denominator is zero. "warn" is 0.0 with a warning.

    Returns
    -------
    Bunch
        `types`, the names of all types in alphabetical order, and `precision`, `recall`, `f1` and
        `support`, the number of true entities: arrays of shape (n_types,), or with an average
        numbers.

    See Also
    --------
    entity_report : The same as a text table.

    Examples
    --------
    >>> from sklstm.metrics import entity_scores
    >>> y_true = [["B-PER", "I-PER", "O", "B-LOC"], ["B-LOC"]]
    >>> scores = entity_scores(y_true, [["B-PER", "I-PER", "O", "B-LOC"], ["O"]])
    >>> scores.types, scores.recall, scores.support
    (['LOC', 'PER'], array([0.5, 1. ]), array([2, 1]))
    """
    check_parameters(
        "entity_scores", scheme=scheme, mode=mode, average=average, zero_division=zero_division
    )
    comparison = compare(y_true, y_pred, scheme, mode)
    counts = comparison.counts(sample_weight)
    scores = {name: score(name, counts, average, zero_division) for name in METRICS}
    support = counts[2] if average is None else counts[2].sum().item()
    return Bunch(types=comparison.types, **scores, support=support)


def entity_report(
    y_true,
    y_pred,
    *,
    scheme: t.AnyScheme = "auto",
    mode: t.Mode = "strict",
    digits: int = 2,
    output_dict: bool = False,
    zero_division: t.ZeroDivision = "warn",
) -> str | Any:
    """Report precision, recall, F1 and support of each type and their averages.

    Parameters
    ----------
    y_true, y_pred : sequence of list of str
        True and predicted tags of each sentence: lists, tuples or arrays.
    scheme : {"auto", "IOB1", "IOB2", "IOBES", "BILOU"}, default="auto"
        Scheme of the tags. "auto" infers it from `y_true`.
    mode : {"strict", "conlleval"}, default="strict"
        Whether only well-formed spans count, or all that conlleval counts.
    digits : int, default=2
        Decimal places of the text.
    output_dict : bool, default=False
        Whether to return a dict of exact numbers instead of a text.
    zero_division : {"warn", 0.0, 1.0, np.nan}, default="warn"
        Value of a score whose denominator is zero. "warn" is 0.0 with a warning.

    Returns
    -------
    str or dict of dict
        A table whose last line names mode and scheme; or a dict for each type and average, with
        the keys of :func:`sklearn.metrics.classification_report`.

    See Also
    --------
    entity_scores : The same as arrays.

    Examples
    --------
    >>> from sklstm.metrics import entity_report
    >>> y_true = [["B-PER", "I-PER", "O", "B-LOC"], ["B-LOC"]]
    >>> print(entity_report(y_true, [["B-PER", "I-PER", "O", "B-LOC"], ["B-PER"]]))
                  precision    recall  f1-score   support
    <BLANKLINE>
             LOC       1.00      0.50      0.67         2
             PER       0.50      1.00      0.67         1
    <BLANKLINE>
       micro avg       0.67      0.67      0.67         3
       macro avg       0.75      0.75      0.67         3
    weighted avg       0.83      0.67      0.67         3
    <BLANKLINE>
    strict spans, IOB2
    """
    check_parameters(
        "entity_report",
        scheme=scheme,
        mode=mode,
        digits=digits,
        output_dict=output_dict,
        zero_division=zero_division,
    )
    comparison = compare(y_true, y_pred, scheme, mode)
    by_type, averages = _rows(comparison, zero_division)
    if output_dict:
        return by_type | averages
    names = [*by_type, *averages]
    width = max(map(len, names))
    lines = [" " * width + "  precision    recall  f1-score   support", ""]
    lines += [_line(name.rjust(width), row, digits) for name, row in by_type.items()]
    lines += [""] * bool(by_type)
    lines += [_line(name.rjust(width), row, digits) for name, row in averages.items()]
    return "\n".join([*lines, "", comparison.rules])


def partial_match_counts(
    y_true, y_pred, *, scheme: t.AnyScheme = "auto", mode: t.Mode = "strict"
) -> Bunch:
    """Count for each type how entities were found, and how they were missed.

    Every true entity is in one of the first four counts, and counts once even if it overlaps
    several predicted ones.

    Parameters
    ----------
    y_true, y_pred : sequence of list of str
        True and predicted tags of each sentence: lists, tuples or arrays.
    scheme : {"auto", "IOB1", "IOB2", "IOBES", "BILOU"}, default="auto"
        Scheme of the tags. "auto" infers it from `y_true`.
    mode : {"strict", "conlleval"}, default="strict"
        Whether only well-formed spans count, or all that conlleval counts.

    Returns
    -------
    Bunch
        `types`, the names of all types in alphabetical order, and arrays of shape (n_types,):
        `exact`, true entities found exactly; `wrong_type`, found with the correct bounds but
        another type; `overlap`, overlapped by predicted entities of any type with other bounds;
        `missed`, overlapped by none; and `spurious`, predicted entities that overlap no true one.

    See Also
    --------
    entity_scores : Scores of exact matches.

    Examples
    --------
    >>> from sklstm.metrics import partial_match_counts
    >>> y_true = [["B-PER", "I-PER", "O", "B-LOC", "O"]]
    >>> counts = partial_match_counts(y_true, [["B-PER", "O", "O", "B-PER", "B-LOC"]])
    >>> counts.types, counts.overlap, counts.wrong_type, counts.spurious
    (['LOC', 'PER'], array([0, 1]), array([1, 0]), array([1, 0]))
    """
    check_parameters("partial_match_counts", scheme=scheme, mode=mode)
    comparison = compare(y_true, y_pred, scheme, mode)
    true, predicted = comparison.true, comparison.predicted
    found = with_equal_bounds(true, predicted)
    exact = np.isin(np.arange(len(true.types)), comparison.found)
    wrong_type = np.isin(np.arange(len(true.types)), found[0]) & ~exact
    touched = overlaps(true, predicted)
    return Bunch(
        types=comparison.types,
        exact=comparison.count(true.types[exact]),
        wrong_type=comparison.count(true.types[wrong_type]),
        overlap=comparison.count(true.types[touched & ~exact & ~wrong_type]),
        missed=comparison.count(true.types[~touched]),
        spurious=comparison.count(predicted.types[~overlaps(predicted, true)]),
    )


def entity_confusion_matrix(
    y_true, y_pred, *, scheme: t.AnyScheme = "auto", mode: t.Mode = "strict", sample_weight=None
) -> Bunch:
    r"""Count which types of entities are taken for which.

    Entities are matched by their exact bounds. Those without a match are in the last row and the
    last column, called "no entity".

    Parameters
    ----------
    y_true, y_pred : sequence of list of str
        True and predicted tags of each sentence: lists, tuples or arrays.
    scheme : {"auto", "IOB1", "IOB2", "IOBES", "BILOU"}, default="auto"
        Scheme of the tags. "auto" infers it from `y_true`.
    mode : {"strict", "conlleval"}, default="strict"
        Whether only well-formed spans count, or all that conlleval counts.
    sample_weight : array-like of shape (n_sentences,), default=None
        Weight of each sentence.

    Returns
    -------
    Bunch
        `labels`, the names of all types in alphabetical order and then "no entity"; and `matrix`,
        an ndarray of shape (n_types + 1, n_types + 1). :math:`C_{ij}` is the number of entities of
        the type `i` that are predicted as entities of the type `j` with the same bounds. The last
        column counts true entities that are missed, the last row predicted ones that are spurious;
        an entity that is found with other bounds is in both.

    See Also
    --------
    partial_match_counts : Tells entities with other bounds from those without any overlap.
    sklearn.metrics.ConfusionMatrixDisplay : Draws the matrix.

    Examples
    --------
    >>> from sklstm.metrics import entity_confusion_matrix
    >>> y_true = [["B-PER", "I-PER", "O", "B-LOC", "O"], ["B-LOC", "O"]]
    >>> y_pred = [["B-PER", "I-PER", "O", "B-PER", "B-LOC"], ["O", "O"]]
    >>> confusion = entity_confusion_matrix(y_true, y_pred)
    >>> confusion.labels
    ['LOC', 'PER', 'no entity']
    >>> confusion.matrix
    array([[0, 1, 1],
           [0, 1, 0],
           [1, 0, 0]])
    >>> from sklearn.metrics import ConfusionMatrixDisplay
    >>> display = ConfusionMatrixDisplay(confusion.matrix, display_labels=confusion.labels)
    """
    check_parameters("entity_confusion_matrix", scheme=scheme, mode=mode)
    comparison = compare(y_true, y_pred, scheme, mode)
    true, predicted = comparison.true, comparison.predicted
    weights = np.ones(comparison.n_sentences, int)
    if sample_weight is not None:
        weights = check_weights(sample_weight, weights)
    rows, columns = with_equal_bounds(true, predicted)
    missed = np.delete(np.arange(len(true.types)), rows)
    spurious = np.delete(np.arange(len(predicted.types)), columns)
    n_types = len(comparison.types)
    matrix = np.zeros((n_types + 1, n_types + 1), weights.dtype)
    np.add.at(matrix, (true.types[rows], predicted.types[columns]), weights[true.sentences[rows]])
    np.add.at(matrix, (true.types[missed], n_types), weights[true.sentences[missed]])
    np.add.at(matrix, (n_types, predicted.types[spurious]), weights[predicted.sentences[spurious]])
    return Bunch(labels=[*comparison.types, NO_ENTITY], matrix=matrix)


def _entity_score(metric, y_true, y_pred, scheme, mode, average, sample_weight, zero_division):
    check_parameters(
        f"entity_{metric}_score",
        scheme=scheme,
        mode=mode,
        average=average,
        zero_division=zero_division,
    )
    counts = compare(y_true, y_pred, scheme, mode).counts(sample_weight)
    return score(metric, counts, average, zero_division)


def _rows(comparison, zero_division):
    """Return the rows of a report: those of types, and those of averages."""
    counts = comparison.counts()

    def scores(average):
        values = (score(name, counts, average, zero_division) for name in METRICS)
        return dict(zip(REPORT_KEYS, values, strict=True))

    support = counts[2]
    columns = scores(None) | {"support": support}
    by_type = {
        name: {key: column[row].item() for key, column in columns.items()}
        for row, name in enumerate(comparison.types)
    }
    total = {"support": support.sum().item()}
    return by_type, {f"{average} avg": scores(average) | total for average in AVERAGES}


def _line(name, row, digits):
    *scores, support = row.values()
    columns = [*(f"{score:>9.{digits}f}" for score in scores), f"{support:>9}"]
    return "  ".join([name, " ".join(columns)])


entity_f1_scorer = Scorer(entity_f1_score)
