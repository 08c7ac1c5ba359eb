"""Weights of samples and classes."""

import warnings
from reprlib import repr as shorten

import numpy as np
from sklearn.utils import assert_all_finite

from sklstm._arguments import levels_to_caller
from sklstm._arrays import count_samples, to_numbers
from sklstm._sklearn import check_sample_weight


def check_weights(sample_weight, samples, **options):
    """Return the weights of samples, shape (n_samples,): ones for None.

    `options` are those of scikit-learn's own check, such as ``ensure_non_negative``.
    """
    if sample_weight is not None:
        sample_weight = to_numbers(sample_weight, "sample_weight", "one number for each sample")
        assert_all_finite(sample_weight, input_name="sample_weight")
        if not sample_weight.ndim:
            sample_weight = float(sample_weight)
        elif sample_weight.shape != ((n_samples := count_samples(samples)),):
            raise ValueError(
                "sample_weight must be one number for each sample; it has the shape "
                f"{sample_weight.shape} for {n_samples} samples."
            )
    return check_sample_weight(sample_weight, samples, dtype=float, **options)


def weigh_samples(sample_weight, y, purpose):
    """Return the weights to train with, shape (n_samples,). A ``"portion"`` may weigh nothing."""
    if purpose == "portion" and sample_weight is not None:
        numbers = to_numbers(sample_weight, "sample_weight", "one number for each sample")
        if not numbers.any():
            return 0 * check_weights(numbers + 1, y)
    return check_weights(sample_weight, y, ensure_non_negative=True)


def weigh_scores(sample_weight, samples):
    """Return the weights of samples in a mean of scores, shape (n_samples,)."""
    weights = check_weights(sample_weight, samples)
    if not weights.sum():
        raise ValueError("sample_weight sums to 0: there is nothing to take the mean of.")
    return weights


def normalise(weights, purpose):
    """Divide weights, shape (n_samples,) or (n_samples, n_outputs), by their mean.

    The user's unit does not matter in ``fit``, where all weights are known. Those of a
    ``"portion"`` stay as they are: over the calls of ``partial_fit`` only their unit is known.
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
    """Return the weight of each class, or tag, shape (n_classes,).

    `counts` says how often each occurs, for ``class_weight="balanced"``. A class that a dict lacks
    weighs 1; it may name some that are not there, since a fold of the data need not hold all.
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
            stacklevel=levels_to_caller(),
        )
    weights = np.array([class_weight.get(name, 1.0) for name in classes])
    if weights.dtype.kind not in "iuf" or not np.isfinite(weights).all() or weights.min() < 0:
        raise ValueError(
            "class_weight must give numbers that are finite and not negative; got "
            f"{class_weight!r:.80}."
        )
    return weights.astype(float)
