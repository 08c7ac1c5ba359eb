"""Where labels may be wrong: ``top_losses``."""

import numpy as np
from scipy.special import log_expit
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch

from sklstm._arguments import check_count
from sklstm._arrays import check_same_length
from sklstm.classifier import LSTMClassifier
from sklstm.inspection._inspected_network import last_step
from sklstm.tagger import LSTMTagger
from sklstm.tags import check_tags


def top_losses(estimator, X, y, n: int | None = None) -> Bunch:
    r"""Find the samples whose labels the estimator believes least: the likely label errors first.

    The loss of a sample is

    .. math:: -\log P(y \mid x)

    where :math:`y` is its given label; with several labels, the sum over them. A tagger's sample
    has the loss of its worst step [1]_, by the probability of the given tag there, whatever the
    others.

    Parameters
    ----------
    estimator : estimator or Pipeline
        A fitted `LSTMClassifier` or `LSTMTagger`, or a pipeline that ends with one. It should not
        have seen the samples in ``fit``, since it believes the labels that it has learned.
    X : object
        The samples, in any form that `estimator` predicts from.
    y : array-like or list of lists of tags
        Their labels or tags; spans of characters, too, if the pipeline takes them.
    n : int, default=None
        How many to return. None returns all.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with:

        indices : ndarray of int
            Positions of the samples in X, the largest loss first.
        losses : ndarray of float
            Their losses, in nats.
        targets, predictions : list
            Their labels or tags as given, and as predicted.
        steps : ndarray of int
            Positions of the worst step of each, of a tagger only; -1 in an empty sample.

    Raises
    ------
    TypeError
        If the estimator is of another kind.
    ValueError
        If y has labels that the estimator has not learned.

    See Also
    --------
    token_contributions : Why a classifier believes otherwise.

    References
    ----------
    .. [1] Wang and Mueller (2022), Detecting label errors in token classification data.
       https://doi.org/10.48550/arXiv.2210.03920

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklstm import LSTMClassifier, Tokenizer
    >>> from sklstm.inspection import top_losses
    >>> texts = ["a good film", "good fun", "a bad film", "bad acting"] * 8
    >>> labels = ["pos", "pos", "neg", "neg"] * 8
    >>> classifier = LSTMClassifier(hidden_size=8, lr=0.02, random_state=0)
    >>> pipe = make_pipeline(Tokenizer(), classifier).fit(texts, labels)
    >>> result = top_losses(pipe, ["good acting", "bad fun", "good"], ["pos", "neg", "neg"], n=1)
    >>> result.indices, result.targets, result.predictions
    (array([2]), ['neg'], ['pos'])
    """
    if n is not None:
        n = check_count(n, "n")
    if isinstance(estimator, Pipeline) and hasattr(estimator, "to_tags"):
        y = estimator.to_tags(X, y)
    last, X = last_step(estimator, X)
    if isinstance(last, LSTMTagger):
        result = _of_tags(last, X, y)
    elif isinstance(last, LSTMClassifier):
        result = _of_labels(last, X, y)
    else:
        raise TypeError(
            f"top_losses needs an LSTMClassifier or an LSTMTagger, or a pipeline that ends with "
            f"one; got an {type(last).__name__}."
        )
    order = np.argsort(-result.losses, kind="stable")[:n]
    for name in ("losses", "steps"):
        if name in result:
            result[name] = result[name][order]
    for name in ("targets", "predictions"):
        result[name] = [result[name][row] for row in order]
    return Bunch(indices=order, **result)


def _of_labels(classifier, X, y):
    y = classifier._check_targets(y)
    predictions = classifier.predict(X)
    check_same_length(X=predictions, y=y)
    codes = classifier._encode_targets(y, None, purpose="use")
    if y.ndim == 2:
        logits = classifier.decision_function(X)  # (N, K)
        losses = -log_expit(np.where(codes > 0, logits, -logits)).sum(axis=1)
    else:
        codes = codes.astype(int).ravel()
        losses = -classifier.predict_log_proba(X)[np.arange(len(codes)), codes]
    return Bunch(losses=losses, targets=y.tolist(), predictions=predictions.tolist())


def _of_tags(tagger, X, y):
    y = check_tags(y, None)
    predictions = tagger.predict(X)
    check_same_length(X=predictions, y=y)
    losses, steps = np.zeros(len(y)), np.full(len(y), -1)
    rows = zip(tagger._codes.encode(y), tagger.predict_marginals(X), strict=True)
    for row, (codes, marginals) in enumerate(rows):  # (T,) and (T, K)
        if len(codes) != len(marginals):
            raise ValueError(
                f"Sequence {row} of X has {len(marginals)} steps, but {len(codes)} tags."
            )
        if len(codes):
            believed = marginals[np.arange(len(codes)), codes]
            steps[row] = believed.argmin()
            with np.errstate(divide="ignore"):  # a tag that the scheme forbids is impossible
                losses[row] = -np.log(believed.min())
    return Bunch(losses=losses, steps=steps, targets=y, predictions=predictions.tolist())
