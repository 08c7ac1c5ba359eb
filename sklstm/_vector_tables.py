"""Tables of word vectors: a row for each token, after those of padding and of unknown tokens."""

import warnings
from collections import Counter
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from sklstm._arguments import levels_to_caller
from sklstm.sequences._fields import SPECIAL_TOKENS, UNKNOWN


def rows_in_order(vocabulary, n_rows):
    """Return the tokens of a dict from tokens to rows, in the order of these, and the rows."""
    wrong = [
        item
        for item in vocabulary.items()
        if not isinstance(item[1], Integral) or not 0 <= item[1] < n_rows
    ]
    if wrong:
        raise ValueError(
            "A vocabulary that is a dict must number the rows of its array, here 0 .. "
            f"{n_rows - 1}; {wrong[0][0]!r} has {wrong[0][1]!r}."
        )
    tokens = sorted(vocabulary, key=vocabulary.get)
    return tokens, [vocabulary[token] for token in tokens]


def with_special_rows(vectors):
    """Put two rows of zeros, for padding and unknown tokens, before vectors."""
    return np.concatenate([np.zeros((len(SPECIAL_TOKENS), vectors.shape[1]), np.float32), vectors])


def check_table(tokens, table, rows=None):
    """Check that a table, shape (n_tokens + 2, n_features), has rows of finite numbers only.

    `rows` has the row of each token, if they are not in order.
    """
    if not tokens or not table.shape[1]:
        raise ValueError("vectors are empty: there must be at least one token and one column.")
    if not all(isinstance(token, str) for token in tokens):
        wrong = next(token for token in tokens if not isinstance(token, str))
        raise TypeError(f"The tokens of vectors must be str; got {wrong!r}.")
    if not np.isfinite(table).all():
        row = np.flatnonzero(~np.isfinite(table).all(axis=1))[0]
        token = tokens[row - 2 if rows is None else np.flatnonzero(rows == row)[0]]
        raise ValueError(f"The vector of {token!r} has NaN or infinite numbers. Repair or drop it.")


def keep_first(tokens, table):
    """Keep the first vector of tokens that are there several times, and warn of it."""
    first = dict(zip(reversed(tokens), reversed(range(len(tokens))), strict=True))
    if len(first) == len(tokens):
        return tokens, table
    rows = sorted(first.values())
    repeated, n = Counter(tokens).most_common(1)[0]
    warnings.warn(
        f"{len(tokens) - len(rows)} of {len(tokens)} vectors repeat a token, such as "
        f"{repeated!r}, which has {n}: the first vector of each is kept.",
        UserWarning,
        stacklevel=levels_to_caller(),
    )
    head = range(len(SPECIAL_TOKENS))
    table = table[[*head, *(row + len(head) for row in rows)]]
    return [tokens[row] for row in rows], table


def draw_like(table, n, random_state):
    """Draw n vectors with the mean and standard deviation that `table` has in each column."""
    table = table[:10_000]  # the most frequent ones in most files, as those to draw are
    spread = table.std(axis=0)
    # vectors that are all alike have no spread, yet what is drawn must differ from their mean
    spread = spread if spread.any() else 1.0
    shape = n, table.shape[1]
    return check_random_state(random_state).normal(table.mean(axis=0), spread, shape).astype("f4")


def scaling(table, scale):
    """Return the factor that gives vectors the standard deviation `scale`."""
    spread = table[UNKNOWN + 1 :].std(dtype=np.float64)
    if not spread:
        raise ValueError("scale cannot be applied: all numbers of the vectors are equal.")
    return scale / spread
