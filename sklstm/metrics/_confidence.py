"""Whether the confidence of entities means what it says, and the least confidence to accept."""

from numbers import Integral, Real
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import expit
from scipy.stats import beta, binom
from sklearn.utils import Bunch

from sklstm import _typing as t
from sklstm._arguments import check_probability, describe
from sklstm._sklearn import Interval, StrOptions, validate_parameter_constraints
from sklstm.entities import Entity
from sklstm.metrics._comparison import check_parameters, with_name
from sklstm.tags import check_tags, infer_scheme, span_columns
from sklstm.tags._annotations import are_annotations, read_rows

THRESHOLDS = expit(np.arange(-6.0, 12.01, 0.05))  # fixed, so that no data choose them
STARTS = np.searchsorted(THRESHOLDS, [0.0, 0.5, 0.7, 0.8, 0.88, 0.94, 0.97, 0.99])
BINS = {
    "n_bins": [Interval(Integral, 1, None, closed="left")],
    "strategy": [StrOptions({"uniform", "quantile"})],
}


class Outcomes(NamedTuple):
    """The confidence of each predicted entity, whether it is correct, and how many there are."""

    confidences: np.ndarray
    correct: np.ndarray
    n_true: int


def entity_calibration_curve(
    y_true,
    entities,
    *,
    n_bins: int = 10,
    strategy: Literal["uniform", "quantile"] = "uniform",
    scheme: t.AnyScheme = "auto",
) -> Bunch:
    """Compare the confidence of predicted entities with the share that is correct.

    Parameters
    ----------
    y_true : sequence of list of str
        True tags of each sentence; or its spans of characters (start, end, type).
    entities : list of list of Entity
        What ``predict_entities`` returned for the same sentences.
    n_bins : int, default=10
        Number of bins of the confidence.
    strategy : {"uniform", "quantile"}, default="uniform"
        Whether bins are equally wide, or have equally many entities.
    scheme : {"auto", "IOB1", "IOB2", "IOBES", "BILOU"}, default="auto"
        Scheme of the tags. "auto" infers it.

    Returns
    -------
    Bunch
        Arrays of shape (n_bins_with_entities,): `prob_true`, the share of correct entities in each
        bin, `prob_pred`, their mean confidence, and `counts`, their number.

    Raises
    ------
    ValueError
        If there is no entity, or one has no confidence.

    See Also
    --------
    entity_calibration_error : The same in one number.
    sklstm.inspection.ConfidenceDisplay : Draws it.
    sklearn.calibration.calibration_curve : For classifiers.

    Examples
    --------
    >>> from sklstm import Entity
    >>> from sklstm.metrics import entity_calibration_curve
    >>> y_true = [["B-PER"], ["O"]] * 4
    >>> entities = [[Entity("PER", 0, 1, "Ada", 0.75)], [Entity("PER", 0, 1, "met", 0.25)]] * 4
    >>> curve = entity_calibration_curve(y_true, entities, n_bins=2)
    >>> curve.prob_pred, curve.prob_true, curve.counts
    (array([0.25, 0.75]), array([0., 1.]), array([4, 4]))
    """
    given = {"n_bins": n_bins, "strategy": strategy}
    validate_parameter_constraints(BINS, given, caller_name="entity_calibration_curve")
    confidences, correct, _ = _outcomes(y_true, entities, scheme)
    if not len(confidences):
        raise ValueError("entities holds no entity: there is no confidence to judge.")
    edges = np.linspace(0, 1, n_bins + 1)
    if strategy == "quantile":
        edges = np.quantile(confidences, edges)
    bins = np.searchsorted(edges[1:-1], confidences)
    counts = np.bincount(bins, minlength=n_bins)
    filled = counts > 0
    shares, means = (
        np.bincount(bins, values, n_bins)[filled] / counts[filled]
        for values in (correct, confidences)
    )
    return Bunch(prob_true=shares, prob_pred=means, counts=counts[filled])


def entity_calibration_error(
    y_true,
    entities,
    *,
    n_bins: int = 10,
    strategy: Literal["uniform", "quantile"] = "uniform",
    scheme: t.AnyScheme = "auto",
) -> float:
    r"""Return how far the confidence of predicted entities is from the share that is correct.

    The expected calibration error [1]_ is the mean distance, weighted by the entities in each bin
    :math:`b`:

    .. math:: \mathrm{ECE} = \sum_b \frac{n_b}{n}
              \left| \mathrm{correct}_b - \mathrm{confidence}_b \right|

    Parameters
    ----------
    y_true : sequence of list of str
        True tags of each sentence; or its spans of characters (start, end, type).
    entities : list of list of Entity
        What ``predict_entities`` returned for the same sentences.
    n_bins : int, default=10
        Number of bins of the confidence.
    strategy : {"uniform", "quantile"}, default="uniform"
        Whether bins are equally wide, or have equally many entities.
    scheme : {"auto", "IOB1", "IOB2", "IOBES", "BILOU"}, default="auto"
        Scheme of the tags. "auto" infers it.

    Returns
    -------
    float
        Between 0 and 1; chance alone makes it about :math:`\sqrt{b / n} / 3` with :math:`n`
        entities in :math:`b` bins.

    Raises
    ------
    ValueError
        If there is no entity, or one has no confidence.

    See Also
    --------
    entity_calibration_curve : The bins.
    sklstm.LSTMTagger.calibrate : Makes it smaller.

    References
    ----------
    .. [1] Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities using
       Bayesian binning, AAAI. https://doi.org/10.1609/aaai.v29i1.9602

    Examples
    --------
    >>> from sklstm import Entity
    >>> from sklstm.metrics import entity_calibration_error
    >>> y_true = [["B-PER"], ["O"]] * 4
    >>> entities = [[Entity("PER", 0, 1, "Ada", 0.75)], [Entity("PER", 0, 1, "met", 0.25)]] * 4
    >>> entity_calibration_error(y_true, entities)
    0.25
    """
    curve = entity_calibration_curve(
        y_true, entities, n_bins=n_bins, strategy=strategy, scheme=scheme
    )
    gaps = np.abs(curve.prob_true - curve.prob_pred)
    return float(np.average(gaps, weights=curve.counts))


def conformal_threshold(
    y_true,
    entities,
    *,
    precision: float | None = None,
    recall: float | None = None,
    confidence_level: float = 0.9,
    scheme: t.AnyScheme = "auto",
) -> float:
    r"""Find the `min_probability` of ``predict_entities`` for a wanted precision or recall.

    On held-out sentences, :math:`k_t` entities have a confidence of at least :math:`t`, of which
    :math:`w_t` are wrong and :math:`f_t` are among the :math:`m` true ones. The test [1]_ of each
    threshold out of a fixed grid is that of a binomial share:

    .. math::

        p_t^{\mathrm{precision}} = P\left( \mathrm{Bin}(k_t, 1 - \pi) \le w_t \right), \qquad
        p_t^{\mathrm{recall}} = P\left( \mathrm{Bin}(m, \rho) \ge f_t \right)

    Of the thresholds that pass, the smallest is returned for a precision :math:`\pi`, and the
    largest for a recall :math:`\rho`. Of sentences from where the held-out ones are from, the
    entities above this threshold :math:`\hat t` then have

    .. math:: P\left( \mathrm{precision}(\hat t) \ge \pi \right) \ge 1 - \delta, \qquad
              P\left( \mathrm{recall}(\hat t) \ge \rho \right) \ge 1 - \delta

    with :math:`1 - \delta` the `confidence_level`, whatever the tagger and however wrong its
    probabilities, if entities are independent of each other. The outer probability is over the
    held-out sentences.

    Parameters
    ----------
    y_true : sequence of list of str
        True tags of each held-out sentence; or its spans of characters (start, end, type).
    entities : list of list of Entity
        What ``predict_entities`` returned for these sentences, without `min_probability`.
    precision, recall : float, default=None
        The wanted share; pass one of them.
    confidence_level : float, default=0.9
        The probability of the guarantee.
    scheme : {"auto", "IOB1", "IOB2", "IOBES", "BILOU"}, default="auto"
        Scheme of the tags. "auto" infers it.

    Returns
    -------
    float
        The threshold, between 0 and 1.

    Raises
    ------
    ValueError
        If no threshold passes the test, since the tagger is not good enough, or there are too few
        entities; if not one of `precision` and `recall` is given; or if one is not between 0 and 1.

    See Also
    --------
    sklstm.LSTMTagger.predict_entities : Takes the threshold.

    Notes
    -----
    With :math:`J` = 8 first thresholds on the grid, from each the next smaller one is tested as
    long as tests pass at the level :math:`\delta / J`, so that all together err with a probability
    of at most :math:`\delta`. For a recall the tests go up from the smallest threshold at the level
    :math:`\delta`.

    References
    ----------
    .. [1] Angelopoulos, Bates, Candès, Jordan and Lei (2025), Learn then test: calibrating
       predictive algorithms to achieve risk control, The Annals of Applied Statistics 19(2).
       https://doi.org/10.48550/arXiv.2110.01052

    Examples
    --------
    >>> from sklstm import Entity
    >>> from sklstm.metrics import conformal_threshold
    >>> y_true = [["B-PER"], ["O"]] * 100
    >>> entities = [[Entity("PER", 0, 1, "Ada", 0.8)], [Entity("PER", 0, 1, "met", 0.4)]] * 100
    >>> 0.4 < conformal_threshold(y_true, entities, precision=0.9) < 0.8
    True
    """
    if (precision is None) == (recall is None):
        raise ValueError(
            f"Pass one of precision and recall, and the other as None; got precision={precision!r} "
            f"and recall={recall!r}."
        )
    kind = "precision" if recall is None else "recall"
    target = check_probability(precision if recall is None else recall, kind)
    check_parameters("conformal_threshold", confidence_level=confidence_level)
    confidences, correct, n_true = _outcomes(y_true, entities, scheme)
    n_kept = _count_above(confidences)
    n_found = _count_above(confidences[correct])
    level = 1 - confidence_level
    if kind == "precision":
        level /= len(STARTS)
        passed = _passed_downwards(binom.cdf(n_kept - n_found, n_kept, 1 - target) <= level)
        n_judged, first = n_kept, STARTS
    else:
        passes = binom.sf(n_found - 1, n_true, target) <= level
        passed = np.arange(np.argmin(np.append(passes, False)))
        n_judged, first = np.full_like(n_kept, n_true), [0]
    if not len(passed):
        bounds = beta.ppf(level, n_found[first], n_judged[first] - n_found[first] + 1)
        raise ValueError(
            f"A {kind} of {target} cannot be promised with probability {confidence_level}: "
            f"{len(confidences)} predicted and {n_true} true entities allow "
            f"{np.nan_to_num(bounds).max():.3f}. Want less, or pass more held-out sentences."
        )
    return float(THRESHOLDS[passed[0] if kind == "precision" else passed[-1]])


def _count_above(confidences):
    """Count the entities that each threshold keeps."""
    return len(confidences) - np.searchsorted(np.sort(confidences), THRESHOLDS)


def _passed_downwards(passes):
    """Return the positions of tests that pass, in order: each chain ends where one does not."""
    reached = np.zeros(len(passes), bool)
    for start in STARTS:
        failed = np.flatnonzero(~passes[: start + 1])
        first = failed[-1] + 1 if len(failed) else 0
        reached[first : start + 1] = True
    return np.flatnonzero(reached)


def _outcomes(y_true, entities, scheme):
    """Compare predicted entities with true tags, or with true spans of characters."""
    by_characters = are_annotations(y_true)
    if by_characters:
        rows = enumerate(read_rows(y_true, "y_true"))
        true = {(number, *span) for number, row in rows for span in row}
    else:
        y_true = with_name("y_true", check_tags, y_true, None)
        true = _spans_of_tags(y_true, scheme)
    rows = _check_entities(entities, len(y_true), by_characters)
    names = ("start_char", "end_char", "type") if by_characters else ("start", "end", "type")
    found = [
        (one.confidence, (number, *(getattr(one, name) for name in names)) in true)
        for number, row in enumerate(rows)
        for one in row
    ]
    confidences, correct = np.array(found, float).reshape(-1, 2).T
    return Outcomes(confidences, correct.astype(bool), len(true))


def _spans_of_tags(y_true, scheme):
    """Return the true entities as a set of tuples (sentence, start, end, type)."""
    check_parameters("entity_calibration_curve", scheme=scheme)
    scheme = with_name("y_true", infer_scheme, y_true) if scheme == "auto" else scheme
    if scheme is None:
        raise ValueError("y_true holds tags that mark no spans, as 'B-PER' would.")
    with_name("y_true", check_tags, y_true, scheme)
    types, sentences, starts, ends = span_columns(y_true, scheme)
    before = np.cumsum([0, *map(len, y_true)])[sentences]
    columns = (sentences, starts - before, ends - before, types)
    return set(zip(*(column.tolist() for column in columns), strict=True))


def _check_entities(entities, n_sentences, by_characters):
    rows = entities if isinstance(entities, (list, tuple, np.ndarray)) else None
    if rows is None or not all(isinstance(row, (list, tuple)) for row in rows):
        raise TypeError(
            "entities must be what predict_entities returned, one list of Entity for each "
            f"sentence; got {describe(entities)}."
        )
    if len(rows) != n_sentences:
        raise ValueError(f"entities is of {len(rows)} sentences, y_true of {n_sentences}.")
    for number, row in enumerate(rows):
        for one in row:
            known = isinstance(one, Entity) and isinstance(one.confidence, Real)
            if not known or not 0 <= one.confidence <= 1:
                raise ValueError(
                    f"Sentence {number} of entities holds {one!r:.120}, which is no Entity with a "
                    "confidence between 0 and 1."
                )
            if by_characters and one.start_char is None:
                raise ValueError(
                    f"Sentence {number} of entities holds {one!r:.120}, which has no position in "
                    "its text, as the spans of y_true have: predict from texts, or from Sequences "
                    "with char_spans."
                )
    return rows
