"""FastText's vectors of character n-grams, in a table of limited size."""

from itertools import chain

import numpy as np
from gensim.models.fasttext import ft_ngram_hashes


def hash_ngrams(token, lengths, n_hashes):
    """Hash the n-grams of a token, as gensim and fastText do."""
    return ft_ngram_hashes(token, *lengths, n_hashes)


def frequent_rows(hashes, n_hashes, n_kept):
    """Return the rows to keep of a table of n-grams, and their hashes, ascending.

    `hashes` are those of each token. N-grams that few tokens have say little of a new one, and are
    most of the 2,000,000 rows of fastText's models. If all fit in `n_kept` rows, the hashes are
    None: each is its own row.
    """
    if n_hashes <= n_kept:
        return slice(None), None
    flat = np.fromiter(chain.from_iterable(hashes), int)
    counts = np.bincount(flat, minlength=n_hashes)
    kept = np.sort(np.argsort(-counts, kind="stable")[:n_kept])
    return kept, kept


def ngram_rows(token, lengths, n_hashes, kept):
    """Return the rows of a token's n-grams in a table of all n-grams or those `kept`."""
    hashes = np.array(hash_ngrams(token, lengths, n_hashes), int)
    if kept is None:
        return hashes
    rows = np.searchsorted(kept, hashes)
    return rows[kept[np.minimum(rows, len(kept) - 1)] == hashes]
