"""Scorers that say what they take if they are called like a metric."""

from sklstm._arguments import describe
from sklstm._sklearn import BaseScorer


class Scorer(BaseScorer):
    """What `sklearn.metrics.make_scorer` makes, with a clear error if there is no estimator."""

    def __init__(self, score_func, greater_is_better=True):
        super().__init__(score_func, 1 if greater_is_better else -1, {}, "predict")

    def __call__(self, estimator, X, y_true=None, sample_weight=None, **kwargs):
        """Score the predictions of a fitted estimator."""
        if not hasattr(estimator, "predict"):
            name = self._score_func.__name__
            raise TypeError(
                f"A scorer takes a fitted estimator, X and y; got {describe(estimator)} for the "
                f"estimator. Predictions are scored by {name}(y_true, y_pred)."
            )
        return super().__call__(estimator, X, y_true, sample_weight=sample_weight, **kwargs)

    def _score(self, method_caller, estimator, X, y_true, **kwargs):  # all that some searches call
        if hasattr(estimator, "to_tags"):  # y may be spans of characters
            y_true = estimator.to_tags(X, y_true)
        return super()._score(method_caller, estimator, X, y_true, **kwargs)
