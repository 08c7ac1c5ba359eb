"""The linear model of mean word vectors that stands beside the LSTM and the model of n-grams."""

import numpy as np
from scipy.sparse import csr_array

from sklstm._linear_model import BaseLinearModel, each_target, fit_logistic_regression

LEAST_SPREAD = 1e-5  # of its mean: a feature that varies less between texts does so by rounding


class MeanVectorModel(BaseLinearModel):
    """Logistic regression on the mean of the word vectors of a text.

    It has little to learn: with vectors that know more than the texts do, a hundred texts suffice.
    Features are standardised, and rows then have length 1: short texts, whose mean is far from that
    of others, get no larger logits. Samples are `Sequences` with vectors; tokens whose vector is
    zero, as padding and most unknown words have, do not count.
    """

    def _contribute(self, samples, output):
        means, n_known = self._read(samples)
        divisors = n_known * np.linalg.norm(self._standardise(means), axis=1)
        shares = 1 / np.where(divisors, divisors, np.inf)  # 0 for a text at the mean of all
        vectors = samples.vectors[samples.codes]
        values = self._standardise(vectors) @ self.coef_[:, output] * vectors.any(axis=1)
        values *= np.repeat(shares, samples.lengths)
        return values, samples.lengths

    def _read(self, samples):
        """Return the mean of the vectors of each text, and how many tokens have one."""
        vectors = samples.vectors
        known = vectors.any(axis=1)[samples.codes].astype(np.float32)
        shape = len(samples), len(vectors)
        counts = csr_array((known, samples.codes, samples.offsets), shape=shape)
        n_known = counts.sum(axis=1)
        sums = np.nan_to_num(counts @ vectors, copy=False)  # of huge vectors, it may be infinite
        return [sums / np.maximum(n_known, 1)[:, None], n_known]

    def _fit_parts(self, parts, codes, n_outputs, sample_weight):
        means, n_known = parts
        known = means[n_known > 0] if n_known.any() else means[:1]
        self.mean_ = known.mean(axis=0, dtype=float).astype(np.float32)
        scale = known.std(axis=0, dtype=float)  # whose squares do not fit into float32
        varies = scale > LEAST_SPREAD * np.abs(self.mean_)
        self.scale_ = np.where(varies, scale, np.inf).astype(np.float32)
        X, targets = self._features(parts), each_target(codes, n_outputs, sample_weight)
        fitted = [fit_logistic_regression(X[rows], *target) for rows, *target in targets]
        self.coef_, self.intercept_ = map(np.hstack, zip(*fitted, strict=True))

    def _decide(self, parts):
        return self._features(parts) @ self.coef_ + self.intercept_

    def _standardise(self, vectors):
        return vectors / self.scale_ - self.mean_ / self.scale_

    def _features(self, parts):
        """Return a row of length 1 for each text, or of zeros if none of its tokens is known."""
        means, n_known = parts
        rows = self._standardise(means) * (n_known > 0)[:, None]
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return rows / np.where(lengths, lengths, 1)
