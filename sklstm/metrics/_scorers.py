"""Scorers, which say what they take when they are called like a metric."""

import reprlib

from sklstm._sklearn import BaseScorer


class Scorer(BaseScorer):
    """What `sklearn.metrics.make_scorer` makes, but for the error where there is no estimator.

    Parameters
    ----------
    score_func : callable
        The metric, of right and predicted values.
    greater_is_better : bool, default=True
        Whether scores are negated, as losses are.
    """

    def __init__(self, score_func, greater_is_better=True):
        super().__init__(score_func, 1 if greater_is_better else -1, {}, "predict")

    def __call__(self, estimator, X, y_true=None, sample_weight=None, **kwargs):
        """Score the predictions of an estimator.

        Parameters
        ----------
        estimator : object
            Fitted.
        X : any
            What it predicts from.
        y_true : any
            The right values.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each sample counts.
        **kwargs : dict
            Further arguments of the metric.

        Returns
        -------
        float
            The score.
        """
        if not hasattr(estimator, "predict"):
            name = self._score_func.__name__
            raise TypeError(
                f"A scorer takes a fitted estimator, X and y; got {reprlib.repr(estimator)} of "
                f"type {type(estimator).__name__} for the estimator. What was predicted already "
                f"is scored by {name}(y_true, y_pred)."
            )
        return super().__call__(estimator, X, y_true, sample_weight=sample_weight, **kwargs)
