"""Ridge regression that is learned in portions and chooses its own penalty."""

import numpy as np
from sklearn.utils import gen_batches

from sklstm._running_moments import MAX_TOTAL

BLOCK_NUMBERS = 2**22  # that are computed with at a time, which bounds the memory
SHARES = np.logspace(-8, 4, 37)  # penalties that are tried, as shares of the mean eigenvalue


class Ridge:
    r"""Ridge regression on data that come in portions.

    What is kept of a portion is the mean and the covariance of features and targets together. The
    penalty is that of the smallest generalised cross-validation error [1]_,
    :math:`n \, \mathrm{RSS} / (n - \mathrm{df})^2`, over all targets.

    References
    ----------
    .. [1] Golub, Heath and Wahba (1979), Generalized cross-validation as a method for choosing a
       good ridge parameter, Technometrics 21(2). https://doi.org/10.1080/00401706.1979.10489751
    """

    def __init__(self, total=0.0, n_samples=0.0, mean=0.0, covariance=0.0, n_features=0):
        self.total = total  # sum of the weights
        self.n_samples = n_samples  # of one weight that would have as much to say
        self.mean = mean
        self.covariance = covariance
        self.n_features = n_features

    def updated(self, X, y, weights):
        """Return the regression with a portion more.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            The features, of about unit scale.
        y : ndarray of shape (n_samples, n_targets)
            The targets.
        weights : ndarray of shape (n_samples,)
            Weights of the samples.
        """
        new = self
        for rows in gen_batches(len(X), max(1, BLOCK_NUMBERS // X.shape[1])):
            new = new._with(np.hstack([X[rows], y[rows]]).astype(float), weights[rows], X.shape[1])
        return new

    def _with(self, values, weights, n_features):
        largest = weights.max(initial=0.0)
        if not largest:
            return self
        weights = weights / largest
        portion, n_samples = weights.sum(), weights.sum() ** 2 / (weights**2).sum()
        weights = weights / portion
        portion = min(portion * largest, MAX_TOTAL)
        total = min(self.total + portion, MAX_TOTAL)
        share = min(1.0, portion / total)
        if self.total:
            n_samples = 1 / ((1 - share) ** 2 / self.n_samples + share**2 / n_samples)
        mean = weights @ values
        centred = values - mean
        covariance = (centred * weights[:, None]).T @ centred
        distance = mean - self.mean
        return Ridge(
            total,
            n_samples,
            self.mean + share * distance,
            (1 - share) * self.covariance
            + share * covariance
            + share * (1 - share) * np.multiply.outer(distance, distance),
            n_features,
        )

    def in_units(self, of_features, of_targets):
        r"""Return the regression of features and targets in other units.

        Parameters
        ----------
        of_features, of_targets : tuple of ndarray (gain, shift)
            What turns each number :math:`x` into :math:`gain \cdot x + shift`.
        """
        if not self.total:
            return self
        gains, shifts = map(np.concatenate, zip(of_features, of_targets, strict=True))
        return Ridge(
            self.total,
            self.n_samples,
            self.mean * gains + shifts,
            self.covariance * np.multiply.outer(gains, gains),
            self.n_features,
        )

    def solve(self):
        """Return the coefficients, shape (n_targets, n_features), and intercepts (n_targets,)."""
        p = self.n_features
        values, vectors = np.linalg.eigh(self.covariance[:p, :p])
        values = values.clip(min=0)
        projected = vectors.T @ self.covariance[:p, p:]  # (p, n_targets)
        spread = np.trace(self.covariance[p:, p:])
        best, least = None, np.inf
        for penalty in SHARES * max(values.mean(), 1e-100):
            inverse = 1 / (values + penalty)
            explained = (projected**2).sum(axis=1)
            residual = max(0.0, spread - explained @ (2 * inverse - values * inverse**2))
            freedom = self.n_samples - 1 - values @ inverse
            error = residual / freedom**2 if freedom > 0 else np.inf
            if error < least:
                best, least = inverse, error
        if best is None:
            coef = np.zeros((len(self.mean) - p, p))
        else:
            coef = (vectors @ (best[:, None] * projected)).T
        return coef, self.mean[p:] - coef @ self.mean[:p]
