"""True and predicted spans side by side, and scores of their counts."""

import warnings
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from sklstm._sample_weights import check_weights
from sklstm._sklearn import Interval, Options, StrOptions, validate_parameter_constraints
from sklstm.tags import MODES, SCHEMES, SpanColumns, check_tags, infer_scheme, span_columns
from sklstm.tags._inference import count_faults

AVERAGES = ("micro", "macro", "weighted")
METRICS = ("precision", "recall", "f1")
CONSTRAINTS = {
    "scheme": [StrOptions({"auto", *SCHEMES})],
    "mode": [StrOptions(set(MODES))],
    "average": [StrOptions(set(AVERAGES)), None],
    "zero_division": [Options(Real, {0.0, 1.0}), "nan", StrOptions({"warn"})],
    "metric": [StrOptions(set(METRICS))],
    "confidence_level": [Interval(Real, 0, 1, closed="neither")],
    "n_resamples": [Interval(Integral, 1, None, closed="left")],
    "digits": [Interval(Integral, 0, None, closed="left")],
    "output_dict": ["boolean"],
    "random_state": ["random_state"],
}


def check_parameters(caller, **given):
    constraints = {name: CONSTRAINTS[name] for name in given}
    validate_parameter_constraints(constraints, given, caller_name=caller)


class Comparison(NamedTuple):
    """True and predicted spans, their types as positions in `types`."""

    types: list
    true: SpanColumns
    predicted: SpanColumns
    found: np.ndarray  # positions in `true` of the spans that are predicted exactly
    n_sentences: int
    rules: str

    def count(self, types, weights=None):
        """Count how often each type occurs, shape (K,)."""
        return np.bincount(types, weights, minlength=len(self.types))

    def counts(self, sample_weight=None):
        """Return the counts of found, predicted and true spans, shape (3, K)."""
        if sample_weight is None:
            return np.stack([self.count(spans.types) for spans in self._columns()])
        weights = check_weights(sample_weight, np.empty(self.n_sentences))
        columns = self._columns()
        return np.stack([self.count(spans.types, weights[spans.sentences]) for spans in columns])

    def counts_by_sentence(self):
        """Return the counts of each of S sentences, shape (S, 3, K)."""
        shape = self.n_sentences, len(self.types)
        cells = (spans.sentences * shape[1] + spans.types for spans in self._columns())
        size = shape[0] * shape[1]
        return np.stack([np.bincount(c, minlength=size).reshape(shape) for c in cells], axis=1)

    def _columns(self):
        found = SpanColumns(*(column[self.found] for column in self.true))
        return found, self.predicted, self.true


def compare(y_true, y_pred, scheme, mode):
    y_true, y_pred = check_pair(y_true, y_pred)
    if mode == "strict":
        scheme = with_name("y_true", _strict_scheme, y_true, y_pred, scheme)
    true = with_name("y_true", span_columns, y_true, scheme, mode)
    predicted = with_name("y_pred", span_columns, y_pred, scheme, mode)
    if mode == "strict":
        warn_of_another_scheme(y_pred, [scheme], "pass mode='conlleval', which reads all of them")
    types = sorted({*true.types, *predicted.types})
    code_of = {name: code for code, name in enumerate(types)}
    true, predicted = (
        spans._replace(types=np.array([code_of[name] for name in spans.types], np.intp))
        for spans in (true, predicted)
    )
    rows, predicted_rows = with_equal_bounds(true, predicted)
    found = rows[true.types[rows] == predicted.types[predicted_rows]]
    rules = f"strict spans, {scheme}" if mode == "strict" else "spans as conlleval reads them"
    return Comparison(types, true, predicted, found, len(y_true), rules)


def check_pair(y_true, y_pred):
    y_true = with_name("y_true", check_tags, y_true, None)
    y_pred = with_name("y_pred", check_tags, y_pred, None)
    if len(y_true) != len(y_pred):
        raise ValueError(
            f"y_true has {len(y_true)} sentences and y_pred {len(y_pred)}; both need the tags of "
            "the same sentences."
        )
    for number, (true, predicted) in enumerate(zip(y_true, y_pred, strict=True)):
        if len(true) != len(predicted):
            raise ValueError(
                f"Sentence {number} has {len(true)} tags in y_true and {len(predicted)} in y_pred; "
                "every token needs one tag in each."
            )
    return y_true, y_pred


def _strict_scheme(y_true, y_pred, scheme):
    if scheme != "auto":
        check_tags(y_true, scheme)
        return scheme
    scheme = infer_scheme(y_true, y_pred)
    if scheme is None:
        raise ValueError(
            "The tags mark no spans, as 'B-PER' would. token_accuracy_score is for plain tags; "
            "name the scheme if spans have no type."
        )
    return scheme


def warn_of_another_scheme(y_pred, schemes, otherwise):
    """Warn if `y_pred` seems to be in another scheme than `y_true`."""
    n_faults = count_faults(y_pred)
    if n_faults is None:
        return
    expected, closest = min(schemes, key=n_faults.get), min(n_faults, key=n_faults.get)
    if n_faults[expected] and 10 * n_faults[closest] <= n_faults[expected]:
        warnings.warn(
            f"y_true is in {expected}, but y_pred seems to be in {closest}: {n_faults[expected]} "
            f"of its tags break the rules of {expected}, and count as wrong even where the spans "
            f"are right. Use convert_tags(y_pred, {closest!r}, {expected!r}), or {otherwise}.",
            UserWarning,
            stacklevel=4,
        )


def with_name(name, check, *args):
    """Put the name of the argument in front of an error."""
    try:
        return check(*args)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None


def with_equal_bounds(true, predicted):
    """Return the positions, in both columns, of spans with equal start and end."""
    _, rows, predicted_rows = np.intersect1d(
        true.starts, predicted.starts, assume_unique=True, return_indices=True
    )
    equal = true.ends[rows] == predicted.ends[predicted_rows]
    return rows[equal], predicted_rows[equal]


def overlaps(spans, others):
    """Mark the spans that share a token with any of the others."""
    begun = np.searchsorted(others.starts, spans.ends, side="left")
    ended = np.searchsorted(others.ends, spans.starts, side="right")
    return begun > ended


def score(metric, counts, average, zero_division):
    """Return scores of counts (..., 3, K): (..., K) without average, else (...)."""
    if average == "micro":
        counts = counts.sum(axis=-1, keepdims=True)
    found, predicted, true = np.moveaxis(counts, -2, 0)
    numerator, denominator = {
        "precision": (found, predicted),
        "recall": (found, true),
        "f1": (2 * found, predicted + true),
    }[metric]
    scores = divide(numerator, denominator, metric, zero_division)
    if average is None:
        return scores
    if average == "micro":
        return to_scalar(scores[..., 0])
    # as in scikit-learn: NaN is left out, and weights that are all zero count as equal
    equal = (predicted + true > 0) & ~np.isnan(scores)
    weights = np.where(np.isnan(scores), 0, true) if average == "weighted" else equal
    weights = np.where(weights.any(axis=-1, keepdims=True), weights, equal)
    total = (np.nan_to_num(scores) * weights).sum(axis=-1)
    return to_scalar(divide(total, weights.sum(axis=-1), metric, zero_division))


def divide(numerator, denominator, metric, zero_division):
    numerator, denominator = np.broadcast_arrays(np.asarray(numerator, float), denominator)
    undefined = denominator == 0
    if zero_division == "warn":
        zero_division = 0.0
        if undefined.any():
            warnings.warn(
                f"{metric.capitalize()} is ill-defined and set to 0.0 where there is nothing to "
                "divide by. Use `zero_division` to control this behavior.",
                UndefinedMetricWarning,
                stacklevel=5,
            )
    quotient = np.full(numerator.shape, float(zero_division))
    return np.divide(numerator, denominator, out=quotient, where=~undefined)


def to_scalar(score):
    """Turn an array without axes into a float."""
    return score if np.ndim(score) else float(score)
