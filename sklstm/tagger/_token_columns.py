"""Columns that come with tokens: codes of categories, and numbers in a unit."""

from copy import copy
from reprlib import repr as shorten

import numpy as np

from sklstm._standardizer import Standardizer
from sklstm.sequences._columns import is_category
from sklstm.sequences._fields import PADDING, SPECIAL_TOKENS


class TokenColumns:
    """Encode the columns of `Sequences`.

    Parameters
    ----------
    names : list of str
        The columns to read.
    inputs : Sequences
        The sequences to learn from.
    standardize : {"feature", "sample"} or None
        How numbers are standardised, see `Standardizer`.

    Attributes
    ----------
    codes : dict of str to dict
        For each column of categories, the code of each of them; no two have the same.
    numbers : list of str
        The columns of numbers.
    """

    def __init__(self, names, inputs, standardize):
        found = _pick(names, inputs)
        self.codes = {name: {} for name in names if is_category(found[name])}
        self.numbers = [name for name in names if name not in self.codes]
        self.standardizer = Standardizer(standardize)
        self._add(found)

    @property
    def n_codes(self):
        """Number of codes, padding and unknown included."""
        return len(SPECIAL_TOKENS) + sum(map(len, self.codes.values()))

    def grown(self, inputs):
        """Return an encoder that has codes for the categories of more sequences, too."""
        columns = copy(self)
        columns.codes = {name: dict(codes) for name, codes in self.codes.items()}
        columns._add(self._read(inputs))
        return columns

    def standardised(self, inputs, weights, *, is_portion):
        """Return an encoder that has a unit of numbers, learned from sequences with weights."""
        columns = copy(self)
        columns.standardizer = self.standardizer.learned(
            self._stack(self._read(inputs)), np.diff(inputs.offsets), weights, is_portion=is_portion
        )
        return columns

    def encode(self, inputs, dtype):
        """Encode the columns of sequences without padding.

        Returns
        -------
        dict of str to ndarray
            The arguments of the network: ``column_codes``, shape (n_steps, n_categorical), with 0
            for what is missing or new, and ``column_numbers``, shape (n_steps, n_numeric).
        """
        found, arrays = self._read(inputs), {}
        if self.codes:
            coded = [
                [codes.get(value, PADDING) for value in found[name].tolist()]
                for name, codes in self.codes.items()
            ]
            arrays["column_codes"] = np.array(coded, np.int64).T
        if self.numbers:
            lengths = np.diff(inputs.offsets)
            numbers = self.standardizer.transform(self._stack(found), lengths, dtype)
            if not np.isfinite(numbers).all():
                raise ValueError(
                    f"The columns {self.numbers} of X hold numbers too large for "
                    f"{dtype.__name__}: scale them."
                )
            arrays["column_numbers"] = numbers
        return arrays

    def _read(self, inputs):
        found = _pick([*self.codes, *self.numbers], inputs)
        for name, column in found.items():
            if len(column) and is_category(column) != (name in self.codes):
                kinds = "categories", "numbers"
                before, now = kinds if name in self.codes else reversed(kinds)
                raise ValueError(f"Column {name!r} of X held {before} in fit, but now {now}.")
        return found

    def _stack(self, found):
        return np.stack([found[name] for name in self.numbers], axis=1).astype(float)

    def _add(self, found):
        for name, codes in self.codes.items():
            for value in dict.fromkeys(found[name].tolist()):
                if value is not None and value not in codes:
                    codes[value] = self.n_codes


def check_column_names(names):
    """Return the names of columns, or ``"all"``, as the parameter `columns` has them."""
    if names is None or (isinstance(names, str) and names == "all"):
        return names or []
    wrong = [name for name in names if not isinstance(name, str)]
    if wrong or len(set(names)) < len(names):
        raise ValueError(
            f"columns must be 'all', or distinct names of columns of X; got {shorten(names)}."
        )
    return list(names)


def _pick(names, inputs):
    """Return columns by their names, in that order."""
    own = getattr(inputs, "columns", None) or {}
    lacking = [name for name in names if name not in own]
    if lacking:
        raise ValueError(
            f"X lacks the columns {lacking}; it has {shorten(sorted(own))}. Attach them to X with "
            "Sequences.with_columns, as in fit, or leave them out of columns=."
        )
    return {name: own[name] for name in names}
