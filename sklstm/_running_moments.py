"""The mean and variance of numbers that come in portions."""

import numpy as np

MAX_TOTAL = 1e300  # sum of weights; twice as much is a number too


class Moments:
    """The weighted mean and variance of numbers that come in portions [1]_.

    Parameters
    ----------
    total : float, default=0.0
        Sum of the weights so far.
    mean, variance : float or ndarray, default=0.0
        Of the numbers so far.

    References
    ----------
    .. [1] Chan et al. (1983), Algorithms for computing the sample variance, The American
       Statistician 37(3). https://doi.org/10.1080/00031305.1983.10483115
    """

    def __init__(self, total=0.0, mean=0.0, variance=0.0):
        self.total = total
        self.mean = mean
        self.variance = variance

    def updated(self, values, weights):
        """Return the moments with a portion more: values of shape (N, ...), weights (N,)."""
        largest = weights.max(initial=0.0)
        if not largest:
            return self
        with np.errstate(over="ignore", invalid="ignore"):
            total = min((weights / largest).sum() * largest, MAX_TOTAL)
            mean = np.average(values, axis=0, weights=weights / largest)
            variance = np.average((values - mean) ** 2, axis=0, weights=weights / largest)
            if not self.total:
                return Moments(total, mean, variance)
            share = total / (self.total + total)
            distance = mean - self.mean
            return Moments(
                min(self.total + total, MAX_TOTAL),
                self.mean + share * distance,
                (1 - share) * self.variance + share * variance + share * (1 - share) * distance**2,
            )
