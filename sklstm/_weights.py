"""Weights of samples and classes."""

import warnings
from reprlib import repr as shorten

import numpy as np

from sklstm._arrays import check_weights, to_numbers


def weigh_samples(sample_weight, y, purpose):
    """Check the weights of samples.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,) or None
        The user's.
    y : array-like of shape (n_samples, ...)
        The samples.
    purpose : {"fit", "portion", "use"}
        What they are read for. A portion may weigh nothing.

    Returns
    -------
    ndarray of float, shape (n_samples,)
        The weights, 1 by default.
    """
    if purpose == "portion" and sample_weight is not None:
        numbers = to_numbers(sample_weight, "sample_weight", "one number for each sample")
        if not numbers.any():
            return 0 * check_weights(numbers + 1, y)
    return check_weights(sample_weight, y, ensure_non_negative=True)


def weigh_scores(sample_weight, samples):
    """Check the weights of samples in a mean of scores.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,) or None
        The user's.
    samples : sized
        The samples.

    Returns
    -------
    ndarray of float, shape (n_samples,)
        The weights, 1 by default.
    """
    weights = check_weights(sample_weight, samples)
    if not weights.sum():
        raise ValueError("sample_weight sums to 0: there is nothing to take the mean of.")
    return weights


def normalise(weights, purpose):
    """Divide weights by their mean, but leave those of a portion as they are.

    The user's unit does not matter in ``fit``, where all weights are known. Over the calls of
    ``partial_fit`` nothing is known but their unit.

    Parameters
    ----------
    weights : ndarray of float, shape (n_samples,) or (n_samples, n_outputs)
        Of samples and classes.
    purpose : {"fit", "portion", "use"}
        What they are for.

    Returns
    -------
    ndarray of float
        The shape of `weights`.
    """
    idle = not np.any(weights) and purpose != "portion"
    if idle or not np.isfinite(weights).all() or np.min(weights) < 0:
        raise ValueError(
            "Weights of samples and classes must be finite and not negative, and some of "
            "them positive: correct sample_weight or class_weight."
        )
    if purpose == "portion":
        return weights
    weights = weights / weights.max()  # no sum of them overflows
    return weights / weights.mean()


def weigh_classes(class_weight, classes, counts):
    """Weigh classes, or the tags of a tagger.

    Parameters
    ----------
    class_weight : dict or "balanced"
        The user's choice. A class that the dict lacks weighs 1; it may name some that are not
        there, since a fold of the data need not hold all.
    classes : list
        The classes.
    counts : ndarray of int, shape (n_classes,)
        How often each of them occurs.

    Returns
    -------
    ndarray of float, shape (n_classes,)
        Their weights.
    """
    if isinstance(class_weight, str):
        shares = np.maximum(counts, 1) / max(counts.sum(), 1)
        return np.where(counts > 0, 1 / (shares * max(np.count_nonzero(counts), 1)), 1.0)
    if not isinstance(class_weight, dict):
        raise ValueError(
            f"class_weight must map classes to numbers; got {class_weight!r:.60} for the classes "
            f"{shorten(classes)}."
        )
    unknown = [name for name in class_weight if name not in classes]
    if unknown:
        warnings.warn(
            f"class_weight names {shorten(unknown)}, which have no effect: they are not among "
            f"{shorten(classes)}.",
            UserWarning,
            stacklevel=2,
        )
    weights = np.array([class_weight.get(name, 1.0) for name in classes])
    if weights.dtype.kind not in "iuf" or not np.isfinite(weights).all() or weights.min() < 0:
        raise ValueError(
            "class_weight must give numbers that are finite and not negative; got "
            f"{class_weight!r:.80}."
        )
    return weights.astype(float)
