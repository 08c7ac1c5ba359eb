"""FastText's vectors of character n-grams, in a table of limited size."""

import numpy as np
from gensim.models.fasttext import ft_ngram_hashes


def frequent_buckets(keyed, n_kept):
    """Return the vectors of the n-grams in most tokens, and their hashes, ascending.

    N-grams that few tokens have say little of a new one, and are most of the 2,000,000 rows of
    fastText's models. If all fit in `n_kept` rows, the hashes are None: each is its own row.
    """
    table = keyed.vectors_ngrams
    if len(table) <= n_kept:
        return table, None
    hashes = keyed.buckets_word
    if hashes is None:
        hashes = [hash_ngrams(token, keyed) for token in keyed.index_to_key]
    counts = np.bincount(np.concatenate([*hashes, np.zeros(0, int)]).astype(int))
    counts = np.pad(counts, (0, len(table) - len(counts)))
    kept = np.sort(np.argsort(-counts, kind="stable")[:n_kept])
    return table[kept], kept


def hash_ngrams(token, keyed):
    """Hash the n-grams of a token, as gensim and fastText do."""
    return ft_ngram_hashes(token, keyed.min_n, keyed.max_n, keyed.bucket)


def ngram_rows(token, lengths, n_hashes, kept):
    """Return the rows of a token's n-grams in a table of all n-grams or those `kept`."""
    hashes = np.array(ft_ngram_hashes(token, *lengths, n_hashes), int)
    if kept is None:
        return hashes
    rows = np.searchsorted(kept, hashes)
    return rows[kept[np.minimum(rows, len(kept) - 1)] == hashes]
