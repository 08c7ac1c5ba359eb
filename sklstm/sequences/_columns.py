"""Columns of ``Sequences``: values that come with each step, such as parts of speech."""

from collections.abc import Mapping, Set
from itertools import chain
from numbers import Real

import numpy as np

from sklstm._arguments import describe
from sklstm._arrays import plain
from sklstm._labels import is_missing

EXPECTED = "one str, bool or number for each token"


def join_columns(columns, lengths):
    """Check the columns that a user passes, and concatenate the values of all sequences.

    Parameters
    ----------
    columns : mapping of str to sequence
        For each name, the values of each sequence.
    lengths : ndarray of int, shape (n_sequences,)
        Steps of each sequence.

    Returns
    -------
    dict of str to ndarray of shape (n_steps,)
        Categories as objects, each a str or None; numbers as float64.
    """
    if not isinstance(columns, Mapping) or not all(isinstance(name, str) for name in columns):
        raise TypeError(
            "columns must be a dict from names to values, such as {'pos': [['DET', 'NOUN'], "
            f"['VERB']]}}; got {describe(columns)}."
        )
    return {name: _join(name, rows, lengths.tolist()) for name, rows in columns.items()}


def concatenate_columns(first, others):
    """Put columns behind others of the same names and kinds."""
    first, others = dict(first or {}), dict(others or {})
    for name in first.keys() & others.keys():  # one without steps may be of any kind
        if not len(first[name]):
            first[name] = others[name][:0]
        if not len(others[name]):
            others[name] = first[name][:0]
    kinds = [{name: of.dtype for name, of in some.items()} for some in (first, others)]
    if kinds[0] != kinds[1]:
        raise ValueError(
            "Only sequences with the same columns, of the same kinds, can be joined; got "
            f"{_described(first)} and {_described(others)}."
        )
    return {name: np.concatenate([first[name], others[name]]) for name in first} or None


def is_category(column):
    """Tell whether a column holds categories; otherwise it holds numbers."""
    return column.dtype == object


def _described(columns):
    kinds = {name: "categories" if is_category(of) else "numbers" for name, of in columns.items()}
    return ", ".join(f"{name!r} of {kind}" for name, kind in kinds.items()) or "none"


def _join(name, rows, lengths):
    rows = plain(rows, name)
    if isinstance(rows, (str, bytes, Mapping)) or not np.iterable(rows):
        raise TypeError(f"Column {name!r} must have {EXPECTED}; got {describe(rows)}.")
    rows = list(rows)
    if len(rows) != len(lengths):
        raise ValueError(f"Column {name!r} has {len(rows)} rows for {len(lengths)} sequences.")
    for number, (row, length) in enumerate(zip(rows, lengths, strict=True)):
        if isinstance(row, (str, bytes, Mapping, Set)) or not hasattr(row, "__len__"):
            raise TypeError(
                f"Column {name!r} must have {EXPECTED}, in a list for each sequence; sequence "
                f"{number} has {describe(row)}."
            )
        if len(row) != length:
            raise ValueError(
                f"Column {name!r} has {len(row)} values for sequence {number}, which has {length} "
                "tokens."
            )
    return _to_column(name, list(chain.from_iterable(rows)))


def _to_column(name, values):
    kinds = set(map(type, values))
    if kinds and all(issubclass(kind, Real) and kind is not bool for kind in kinds):
        try:
            numbers = np.array(values, float)
        except OverflowError:
            numbers = np.array(np.inf)
        if not np.isfinite(numbers).all():
            raise ValueError(
                f"Column {name!r} has NaN or infinite numbers: fill them in, and tell the network "
                "by a column of bools where they were missing."
            )
        return numbers
    column = np.empty(len(values), object)
    column[:] = [_to_category(name, value) for value in values]
    return column


def _to_category(name, value):
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, bool | np.bool_):
        return str(value)
    if is_missing(value):
        return None
    raise TypeError(
        f"Column {name!r} must have {EXPECTED}, all of them numbers or none; got {describe(value)}."
    )
