"""Context: the neighbouring sentences of the document, which the network reads too."""

import numpy as np

from sklstm.sequences._documents import neighbours


def with_neighbours(steps, documents, n):
    """Put the steps of neighbouring sentences around those of each sentence.

    Parameters
    ----------
    steps : dict
        Flat steps, as arguments of `SequenceDataset`.
    documents : ndarray of int, shape (n_sequences, 2)
        See `number_documents`.
    n : int
        Neighbours on either side.

    Returns
    -------
    dict
        The same for the longer sequences, and where each sentence lies in its own, ``middles``.
    """
    starts, lengths = steps["starts"], steps["lengths"]
    rows = neighbours(documents, n)  # (N, 2 n + 1)
    sizes = np.where(rows < 0, 0, lengths[rows])
    flat, longer = sizes.ravel(), sizes.sum(axis=1)
    shifts = starts[rows].ravel() - (np.cumsum(flat) - flat)
    places = np.arange(flat.sum()) + np.repeat(shifts, flat)  # of the new steps among the old ones
    moved = {name: steps[name][places] for name in ("values", "words") if name in steps}
    if "columns" in steps:
        moved["columns"] = {name: column[places] for name, column in steps["columns"].items()}
    moved["starts"], moved["lengths"] = np.cumsum(longer) - longer, longer
    moved["middles"] = np.stack([sizes[:, :n].sum(axis=1), lengths, starts], axis=1)
    return {**steps, **moved}
