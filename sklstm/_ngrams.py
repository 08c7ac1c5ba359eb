"""Sparse counts of n-grams, and the tokens that each n-gram spans."""

from itertools import chain

import numpy as np
from scipy.sparse import csr_array

UNKNOWN = -1


class NGrams:
    """Number the n-grams of sequences of symbols, and count them.

    The columns are those of `min_n` symbols first, up to `max_n`. N-grams that occur in fewer than
    `min_df` sequences of ``fit`` have none.

    Parameters
    ----------
    min_n : int
        Symbols of the shortest n-grams.
    max_n : int
        Symbols of the longest ones.
    min_df : int
        Sequences of ``fit`` that an n-gram must occur in.
    """

    def __init__(self, min_n, max_n, min_df=1):
        self.min_n = min_n
        self.max_n = max_n
        self.min_df = min_df

    def fit(self, sequences):
        """Number the n-grams of lists of str, or of strings, whose symbols are characters."""
        self.codes = {}  # of symbols
        self.keys = []  # of n-grams, in order, from two symbols on
        flat, rows = _flatten(sequences)
        for symbol in flat:
            self.codes.setdefault(symbol, len(self.codes))
        codes = np.array([self.codes[symbol] for symbol in flat], np.int64)
        frequent = self._frequent(codes, rows)
        self.codes = {
            symbol: place
            for place, symbol in enumerate(
                symbol for symbol, code in self.codes.items() if frequent[code]
            )
        }
        places = np.where(frequent, np.cumsum(frequent) - 1, UNKNOWN)
        codes = prefix = places[codes]
        for n in range(2, self.max_n + 1):
            keys, known = self._join(prefix, codes, rows, n)
            unique, inverse = np.unique(keys[known], return_inverse=True)
            frequent = self._frequent(inverse, rows[: len(known)][known])
            self.keys.append(unique[frequent])
            prefix = self._look_up(keys, known)
        sizes = [len(self.codes), *map(len, self.keys)]
        self.offsets = np.cumsum([0] * self.min_n + sizes[self.min_n - 1 :])  # of columns, by n
        return self

    @property
    def n_columns(self):
        """How many n-grams have a column."""
        return int(self.offsets[-1])

    def spread(self, sequences):
        """Share each n-gram among its symbols.

        Returns
        -------
        csr_array of shape (n_symbols, n_columns)
            One row for each symbol of all sequences. Those of a sequence sum to its counts.
        """
        flat, rows = _flatten(sequences)
        places, columns, shares = [], [], []
        for n, found in enumerate(self._find(flat, rows), 1):
            starts = np.flatnonzero(found != UNKNOWN)
            for symbol in range(n if n >= self.min_n else 0):
                places.append(starts + symbol)
                columns.append(found[starts] + self.offsets[n - 1])
                shares.append(np.full(len(starts), 1 / n))
        places, columns, shares = map(np.concatenate, (places, columns, shares))
        return csr_array((shares, (places, columns)), shape=(len(flat), self.n_columns))

    def count(self, sequences):
        """Count the n-grams of each sequence, shape (n_sequences, n_columns)."""
        flat, rows = _flatten(sequences)
        samples, columns = [], []
        for n, found in enumerate(self._find(flat, rows), 1):
            if n >= self.min_n:
                known = found != UNKNOWN
                samples.append(rows[: len(found)][known])
                columns.append(found[known] + self.offsets[n - 1])
        samples, columns = np.concatenate(samples), np.concatenate(columns)
        shape = len(sequences), self.n_columns
        return csr_array((np.ones(len(samples)), (samples, columns)), shape=shape)

    def _find(self, flat, rows):
        """Yield the place of the n-gram that starts at each symbol, for each n."""
        codes = (self.codes.get(symbol, UNKNOWN) for symbol in flat)
        codes = prefix = np.fromiter(codes, np.int64, len(flat))
        yield codes
        for n in range(2, self.max_n + 1):
            prefix = self._look_up(*self._join(prefix, codes, rows, n), n)
            yield prefix

    def _join(self, prefix, codes, rows, n):
        """Make keys of prefixes and their next symbols, and tell which ones are n-grams."""
        size = max(len(codes) - n + 1, 0)
        prefix, last = prefix[:size], codes[n - 1 :]
        known = (prefix != UNKNOWN) & (last != UNKNOWN) & (rows[:size] == rows[n - 1 :])
        return prefix * len(self.codes) + last, known

    def _look_up(self, keys, known, n=None):
        """Find the places of keys among those of their length."""
        table = self.keys[-1 if n is None else n - 2]
        places = np.searchsorted(table, keys)
        if len(table):
            known = known & (table[np.minimum(places, len(table) - 1)] == keys)
        return np.where(known & (len(table) > 0), places, UNKNOWN)

    def _frequent(self, codes, rows):
        """Tell which codes occur in enough rows."""
        n_codes = int(codes.max(initial=-1)) + 1
        if self.min_df == 1:
            return np.ones(n_codes, bool)
        pairs = np.unique(rows * max(n_codes, 1) + codes)
        return np.bincount(pairs % max(n_codes, 1), minlength=n_codes) >= self.min_df


def _flatten(sequences):
    """List all symbols, and the row of each."""
    rows = np.repeat(np.arange(len(sequences)), [len(sequence) for sequence in sequences])
    return list(chain.from_iterable(sequences)), rows
