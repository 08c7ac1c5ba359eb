"""What early stopping holds out of the training data."""

import warnings
from math import ceil

import numpy as np
from sklearn.model_selection import train_test_split

from sklstm._arguments import levels_to_caller
from sklstm._arrays import plain, to_object_array
from sklstm._samples import Samples
from sklstm._sklearn import safe_indexing


def hold_out(samples, validation, fraction, groups, strata, random_state):
    """Split samples into those to learn from and those to validate on.

    `groups` are for a splitter, which has a share of its own in place of `fraction`; `strata` are
    for a random choice.
    """
    if groups is not None and isinstance(validation, str):
        warnings.warn(
            f"groups have no effect with validation={validation!r}, which may part the samples of "
            "one group. Pass a splitter, such as GroupShuffleSplit(1), as validation.",
            UserWarning,
            stacklevel=levels_to_caller(),
        )
    try:
        rows, held_out = _split(samples, validation, fraction, groups, strata, random_state)
    except (TypeError, ValueError) as error:
        how = f"validation={validation!r}"
        if isinstance(validation, str):
            how += f" and validation_fraction={fraction}"
        raise ValueError(
            f"early_stopping cannot hold out a part of {len(samples)} samples by {how}; change "
            f"that, or pass X_val and y_val. The cause: {error}"
        ) from None
    parts = _take(samples, rows), _take(samples, held_out)
    if not all(part.sequences.importance.any() for part in parts):
        raise ValueError(
            "early_stopping cannot weigh the epochs: every sample it learns from, or every one it "
            "holds out, has the weight 0. Leave such samples out, or pass X_val."
        )
    return parts


def _split(samples, validation, fraction, groups, strata, random_state):
    if validation == "random":
        strata = _if_enough(strata, fraction)
        return train_test_split(
            np.arange(len(samples)), test_size=fraction, random_state=random_state, stratify=strata
        )
    if validation == "last":
        return train_test_split(np.arange(len(samples)), test_size=fraction, shuffle=False)
    rows, held_out = next(iter(validation.split(samples.X, samples.targets, groups)))
    if not len(rows) or not len(held_out):
        raise ValueError("one of the parts of the first split is empty.")
    return np.asarray(rows), np.asarray(held_out)


def _if_enough(strata, fraction):
    """Return the strata, or None if both parts cannot have samples of each."""
    if strata is None:
        return None
    counts = np.unique(strata, return_counts=True)[1]
    n_held_out = ceil(fraction * len(strata))
    is_possible = counts.min() >= 2 and min(n_held_out, len(strata) - n_held_out) >= len(counts)
    return strata if is_possible else None


def _take(samples, rows):
    X, targets, sample_weight = (
        None if part is None else safe_indexing(part, rows)
        for part in (samples.X, samples.targets, samples.sample_weight)
    )
    return Samples(X, targets, samples.sequences.subset(rows), sample_weight)


def to_labels(y):
    """Make an array of targets for skorch, which knows no lists.

    One of lists, or of strings of any length, has one dimension.
    """
    if y is None:
        return None
    return to_object_array(y) if isinstance(y, (list, tuple)) else np.asarray(plain(y, "y"))
