"""The unit of numbers in X: the mean and scale by which they are standardised."""

from copy import copy

import numpy as np

from sklstm._running_moments import Moments

BLOCK = 2**16  # steps that are computed with at a time, which bounds the memory


class Standardizer:
    """Standardise the steps of sequences, feature by feature.

    Parameters
    ----------
    by : {"feature", "sample"} or None
        Whether a feature has one mean and scale, learned from all sequences, or those of each
        sequence; None leaves numbers as they are.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_features,) or None
        What was learned. The scale of a constant feature is 1.
    """

    mean = scale = None

    def __init__(self, by):
        self.by = by
        self._moments = Moments()

    def learned(self, values, lengths, weights, *, is_portion=False):
        """Return a standardizer with a unit.

        It is that of the first call, or of all portions so far. Few samples would leave a bad one
        for ever if the first portion set it.

        Parameters
        ----------
        values : ndarray of shape (n_steps, n_features)
            The steps of all sequences, one after the other.
        lengths : ndarray of int, shape (n_sequences,)
            Steps of each sequence.
        weights : ndarray of shape (n_sequences,)
            Weights of the sequences. If all are zero, nothing is learned yet.
        is_portion : bool
            Whether a unit that was learned before takes these sequences in, too.
        """
        if self.by != "feature" or not (self.mean is None or is_portion):
            return self
        moments, weights = self._moments, np.repeat(weights, lengths)
        for rows in _slices(len(values)):
            block = np.ascontiguousarray(values[rows])  # another order in memory adds up otherwise
            moments = moments.updated(block, weights[rows])
        if not moments.total:
            return self
        if not np.all(np.isfinite(moments.variance)):
            raise ValueError("The variance of X is too large for float64: scale X.")
        new = copy(self)
        new._moments = moments
        new.mean, new.scale = moments.mean, _scale(moments.mean, moments.variance)
        return new

    def change_to(self, other, n_features):
        """Return gain and shift, shape (n_features,), of steps in this unit for another unit."""
        if self.mean is None or other.mean is None:
            return np.ones(n_features), np.zeros(n_features)
        return self.scale / other.scale, (self.mean - other.mean) / other.scale

    def transform(self, values, lengths, dtype):
        """Return the steps in their unit, as numbers of a dtype; those it cannot hold are infinite.

        Parameters
        ----------
        values, lengths
            As for `learned`.
        dtype : dtype
            Of the result. All is computed in float64.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            if self.by is None or (self.by == "feature" and self.mean is None):
                return values.astype(dtype, copy=False)
            steps = np.empty(values.shape, dtype)
            if self.by == "feature":
                for rows in _slices(len(values)):
                    steps[rows] = (values[rows] - self.mean) / self.scale
            else:
                for rows in _blocks(lengths):
                    first, last = rows[0], rows[-1]
                    steps[first:last] = _standardise_each(values[first:last], np.diff(rows))
        return steps


def _scale(mean, variance):
    """Return the standard deviations, or 1 for numbers that differ by rounding at most."""
    return np.where(variance > (1e-14 * np.abs(mean)) ** 2, np.sqrt(variance), 1.0)


def _slices(n_steps):
    """Yield slices of `BLOCK` steps, none if there is no step."""
    for start in range(0, n_steps, BLOCK):
        yield slice(start, start + BLOCK)


def _blocks(lengths):
    """Yield the offsets of sequences that have steps, of about `BLOCK` steps at a time."""
    offsets = np.concatenate([[0], np.cumsum(lengths[lengths > 0])])
    start = 0
    while start < len(offsets) - 1:
        stop = max(start + 1, np.searchsorted(offsets, offsets[start] + BLOCK, side="right") - 1)
        yield offsets[start : stop + 1]
        start = stop


def _standardise_each(values, lengths):
    """Standardise each sequence by its own steps."""
    starts, counts = np.cumsum(lengths) - lengths, lengths[:, None]
    values = values.astype(float)
    mean = np.add.reduceat(values / np.repeat(counts, lengths, axis=0), starts)  # (N, F)
    values -= np.repeat(mean, lengths, axis=0)
    variance = np.add.reduceat(values**2, starts) / counts
    return values / np.repeat(_scale(mean, variance), lengths, axis=0)
