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
    boundaries : bool
        Whether n-grams also tell that a sequence begins before them, or ends after them.
    lowercase : bool
        Whether to lower-case the symbols.
    """

    def __init__(self, min_n, max_n, *, min_df=1, boundaries=False, lowercase=False):
        self.min_n = min_n
        self.max_n = max_n
        self.min_df = min_df
        self.boundaries = boundaries
        self.lowercase = lowercase

    def fit(self, sequences):
        """Number the n-grams of lists of str, or of strings, whose symbols are characters."""
        self.codes = {}  # of symbols
        self.keys = []  # of n-grams, in order, from two symbols on
        flat, rows = self._flatten(sequences)
        places = {symbol: place for place, symbol in enumerate(dict.fromkeys(flat))}
        codes = np.fromiter(map(places.__getitem__, flat), np.int64, len(flat))
        frequent = self._frequent(codes, rows)
        kept = (symbol for symbol, place in places.items() if frequent[place])
        self.codes = {symbol: code for code, symbol in enumerate(kept)}
        codes = prefix = np.where(frequent, np.cumsum(frequent) - 1, UNKNOWN)[codes]
        for n in range(2, self.max_n + 1):
            keys, known = self._join(prefix, codes, rows, n)
            unique, inverse = np.unique(keys[known], return_inverse=True)
            frequent = self._frequent(inverse, rows[: len(known)][known])
            self.keys.append(unique[frequent])
            prefix = self._look_up(keys, known, n)
        sizes = [len(self.codes), *map(len, self.keys)]
        self.offsets = np.cumsum([0] * self.min_n + sizes[self.min_n - 1 :])  # of columns, by n
        return self

    def __getstate__(self):
        """Keep the symbols alone, whose order is their codes; skops allows no None as a key."""
        return {**vars(self), "codes": list(self.codes)}

    def __setstate__(self, state):
        codes = {symbol: code for code, symbol in enumerate(state["codes"])}
        vars(self).update(state, codes=codes)

    @property
    def n_columns(self):
        """How many n-grams have a column."""
        return int(self.offsets[-1])

    def has_up_to(self, max_n):
        """Tell which columns are n-grams of at most so many symbols."""
        stop = self.offsets[min(max(max_n, self.min_n - 1), self.max_n)]
        return np.arange(self.n_columns) < stop

    def count(self, sequences):
        """Count the n-grams of each sequence, shape (n_sequences, n_columns)."""
        rows, columns = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for n, starts, found, flat_rows, _ in self._find(sequences):
            rows.append(flat_rows[starts])
            columns.append(found + self.offsets[n - 1])
        return self._matrix(None, rows, columns, len(sequences))

    def spread(self, sequences):
        """Share each n-gram among its symbols.

        Returns
        -------
        csr_array of shape (n_symbols, n_columns)
            One row for each symbol of all sequences. Those of a sequence sum to its counts.
        """
        shares, places, columns = [np.zeros(0)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for n, starts, found, _, is_real in self._find(sequences):
            symbols = starts[:, None] + np.arange(n)
            real = is_real[symbols]  # a boundary has no row, and takes no share
            places.append((np.cumsum(is_real) - 1)[symbols][real])
            columns.append(np.repeat(found + self.offsets[n - 1], real.sum(axis=1)))
            shares.append(np.repeat(1 / real.sum(axis=1), real.sum(axis=1)))
        n_symbols = sum(map(len, sequences))
        return self._matrix(np.concatenate(shares), places, columns, n_symbols)

    def _matrix(self, values, rows, columns, n_rows):
        rows, columns = np.concatenate(rows), np.concatenate(columns)
        values = np.ones(len(rows), np.float32) if values is None else values
        return csr_array((values, (rows, columns)), shape=(n_rows, self.n_columns))

    def _find(self, sequences):
        """Yield, for each n, where n-grams start and their places among those of n symbols.

        With them come the row of each symbol, and which symbols are no boundaries.
        """
        flat, rows = self._flatten(sequences)
        is_real = np.array([symbol is not None for symbol in flat], bool)
        n_real = np.concatenate([[0], np.cumsum(is_real)])
        codes = (self.codes.get(symbol, UNKNOWN) for symbol in flat)
        codes = prefix = np.fromiter(codes, np.int64, len(flat))
        for n in range(1, self.max_n + 1):
            if n > 1:
                prefix = self._look_up(*self._join(prefix, codes, rows, n), n)
            if n >= self.min_n:
                holds_real = n_real[n : n + len(prefix)] > n_real[: len(prefix)]
                starts = np.flatnonzero((prefix != UNKNOWN) & holds_real)
                yield n, starts, prefix[starts], rows, is_real

    def _flatten(self, sequences):
        """List all symbols, None for a boundary, and the row of each."""
        lengths = np.fromiter(map(len, sequences), np.int64, len(sequences))
        if self.boundaries:
            sequences, lengths = ((None, *sequence, None) for sequence in sequences), lengths + 2
        flat = list(chain.from_iterable(sequences))
        if self.lowercase:
            flat = [symbol and symbol.lower() for symbol in flat]
        return flat, np.repeat(np.arange(len(lengths)), lengths)

    def _join(self, prefix, codes, rows, n):
        """Make keys of prefixes and their next symbols, and tell which ones are n-grams."""
        size = max(len(codes) - n + 1, 0)
        prefix, last = prefix[:size], codes[n - 1 :]
        known = (prefix != UNKNOWN) & (last != UNKNOWN) & (rows[:size] == rows[n - 1 :])
        return prefix * len(self.codes) + last, known

    def _look_up(self, keys, known, n):
        """Find the places of keys among those of their length."""
        table = self.keys[n - 2]
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
