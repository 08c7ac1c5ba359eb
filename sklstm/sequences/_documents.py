"""Documents of ``Sequences``: which sequences are neighbours."""

import numpy as np

from sklstm._arrays import to_array


def number_documents(documents, n_sequences):
    """Check the documents that a user passes, and return the document and place of each sequence.

    Parameters
    ----------
    documents : array-like of shape (n_sequences,)
        The document of each sequence, by a number or a name.
    n_sequences : int
        How many there are.

    Returns
    -------
    ndarray of int64, shape (n_sequences, 2)
        The number of the document, and the place of the sequence among all.
    """
    documents = to_array(documents, "documents", "one number or name for each sequence")
    if documents.shape != (n_sequences,):
        raise ValueError(
            f"documents must be one number or name for each of {n_sequences} sequences; got an "
            f"array of shape {documents.shape}."
        )
    if documents.dtype.kind == "f" and np.isnan(documents).any():
        raise ValueError("documents holds NaN: a sequence without a document is one by itself.")
    try:
        _, first, numbers = np.unique(documents, return_index=True, return_inverse=True)
    except TypeError:
        raise TypeError(
            "documents must be numbers or names of documents, all of one type, without None."
        ) from None
    begins = np.flatnonzero(numbers[1:] != numbers[:-1]) + 1  # a document, or part of one
    if (again := begins[first[numbers[begins]] != begins]).size:
        row = again[0]
        raise ValueError(
            f"documents are out of order: {documents.tolist()[row]!r} begins at sequence "
            f"{first[numbers[row]]} and again at sequence {row}. The sequences of a document must "
            "stand together, in the order in which they are read."
        )
    return np.stack([numbers, np.arange(n_sequences)], axis=1)


def neighbours(documents, n):
    """Find the sequences before and after each one in its document.

    Parameters
    ----------
    documents : ndarray of int, shape (n_sequences, 2)
        What `number_documents` returned, or some of its rows in any order.
    n : int
        How many to find on either side.

    Returns
    -------
    ndarray of int64, shape (n_sequences, 2 * n + 1)
        Rows of sequences, each one's own in the middle; -1 where there is none.
    """
    numbers, places = documents.T
    order = np.argsort(places, kind="stable")
    found = np.empty((len(documents), 2 * n + 1), np.int64)
    found[:, n] = np.arange(len(documents))
    for direction in (-1, 1):
        exists = np.ones(len(documents), bool)
        for distance in range(1, n + 1):
            wanted = places + direction * distance
            at = np.searchsorted(places, wanted, sorter=order)
            rows = order[np.minimum(at, len(order) - 1)]
            exists = exists & (places[rows] == wanted) & (numbers[rows] == numbers)
            found[:, n + direction * distance] = np.where(exists, rows, -1)
    return found


def join_documents(first, others, is_one_set=False):
    """Put the documents of other sequences behind those of some; None if only one knows them.

    A document goes on in the others if both are of one set, and have no sequence in common.
    """
    if first is None or others is None:
        return None
    goes_on = is_one_set and not np.isin(others[:, 1], first[:, 1]).any()
    apart = 0 if goes_on or not len(first) else first.max(axis=0) + 1
    return np.concatenate([first, others + apart])
