"""Unlabelled samples: how y marks them, and how they are read beside the labelled ones."""

from importlib import import_module
from reprlib import repr as shorten

import numpy as np

from sklstm._arguments import describe
from sklstm._arrays import (
    CONVERSION_ERRORS,
    check_same_length,
    plain,
    restated,
    to_object_array,
)
from sklstm._labels import is_missing
from sklstm._sample_weights import weigh_samples
from sklstm._sklearn import safe_indexing
from sklstm.sequences import Sequences

UNLABELLED = -1  # as scikit-learn's semi-supervised estimators have it
TO_LEARN = (
    "to learn from them, pass them to a ready pipeline as X_unlabelled, or set adversarial=0.5 and "
    "virtual_adversarial=1.0"
)


def find_unlabelled(y, *, expected):
    """Tell which samples y marks as unlabelled: by -1, or by None or NaN, as frames have it.

    Parameters
    ----------
    y : array-like
        The labels as the user passed them.
    expected : bool
        Whether the estimator learns from unlabelled samples. If it does not, -1 beside one other
        label is a class, and beside several an error.

    Returns
    -------
    ndarray of bool, shape (n_samples,), or None
        None if there is no mark.
    """
    marks = _marks(y, with_missing=expected)  # which are an error otherwise
    if marks is None or not marks.any():
        return None
    try:
        labels = set(column_of_labels(y).ravel()[~marks])
    except TypeError:  # a list, say, which no set takes
        raise TypeError(
            "y must hold one label for each sample, -1, None or NaN for unlabelled ones; got "
            f"{describe(y)}."
        ) from None
    if expected:
        if not labels:
            raise ValueError(
                "y marks every sample as unlabelled, by -1, None or NaN: there is nothing to learn "
                "from."
            )
        return marks
    if len(labels) < 2:
        return None  # the classes -1 and 1, as ever
    raise ValueError(
        f"y holds -1, which marks unlabelled samples, in {marks.sum()} of {len(marks)} places: "
        f"{TO_LEARN}; otherwise leave them out. If -1 is a class, give the classes other names."
    )


def _marks(y, with_missing):
    """Return where a column of labels is -1 or missing, or None if y is no such column."""
    y = plain(y, "y")
    is_array = isinstance(getattr(y, "dtype", None), np.dtype)
    if is_array and y.dtype.kind not in "iufO":
        return None
    try:
        column = np.asarray(y, dtype=y.dtype) if is_array else column_of_labels(y)
    except (TypeError, ValueError):
        return None
    if column.ndim == 2 and column.shape[1] == 1:
        column = column[:, 0]
    if column.ndim != 1:
        return None
    if column.dtype != object:
        return (column == UNLABELLED) | (with_missing & np.isnan(column))
    return np.array([_is_mark(label, with_missing) for label in column], bool)


def column_of_labels(y):
    """Return labels as an array of objects.

    None, of which pandas and polars make missing values of their own, is None again.
    """
    y = plain(y, "y")
    if len(getattr(y, "columns", ())) == 1:
        y = y[y.columns[0]]
    if isinstance(getattr(y, "dtype", np.dtype(object)), np.dtype):
        return np.asarray(y, dtype=object)
    return to_object_array([None if is_missing(label) else label for label in y])


def _is_mark(label, with_missing):
    if is_missing(label):
        return with_missing
    is_number = isinstance(label, int | float | np.number) and not isinstance(label, bool)
    return is_number and label == UNLABELLED


def split_labels(y, *, expected):
    """Return the labels of labelled samples, and the marks that `find_unlabelled` found.

    Labels of one type come as an array of it again.
    """
    marks = find_unlabelled(y, expected=expected)
    if marks is None:
        return y, None
    y = column_of_labels(y).ravel()[~marks]
    types = set(map(type, y))
    return np.array(y.tolist()) if len(types) == 1 else y, marks


def split_sentences(y, *, expected):
    """Return the tags of sentences that have some, and the marks of the others.

    A sentence is unlabelled if it has None in place of tags, or None for each of them.

    Parameters
    ----------
    y : sequence of list of str
        The tags as the user passed them.
    expected : bool
        Whether the estimator learns from unlabelled sentences. If it does not, they are an error.

    Returns
    -------
    y : sequence of list of str
        The tags of the labelled sentences.
    marks : ndarray of bool, shape (n_sentences,), or None
        Which sentences are unlabelled; None if there is none.
    """
    if not hasattr(y, "__len__") or isinstance(y, (str, bytes)):
        return y, None  # an error later
    marks = np.array([_has_no_tag(tags) for tags in plain(y, "y")], bool)
    if not marks.any():
        return y, None
    if not expected:
        raise ValueError(
            f"y has no tag for {marks.sum()} of {len(marks)} sentences, such as sentence "
            f"{marks.argmax()}: it is None, or holds None only, which marks unlabelled ones: "
            f"{TO_LEARN}; otherwise leave them out."
        )
    if marks.all():
        raise ValueError(
            "y marks every sentence as unlabelled, by None: there is nothing to learn from."
        )
    return safe_indexing(y, np.flatnonzero(~marks)), marks


def _has_no_tag(tags):
    if isinstance(tags, (str, bytes)) or not hasattr(tags, "__len__"):
        return is_missing(tags)  # NaN, in a frame
    return bool(len(tags)) and all(tag is None for tag in tags)


def split_samples(marks, X, sample_weight, groups, purpose):
    """Return X, weights and groups of the labelled samples, and X of the others."""
    check_same_length(X=X, y=marks, groups=groups)
    if sample_weight is not None:
        sample_weight = weigh_samples(sample_weight, marks, purpose)
    kept = np.flatnonzero(~marks)
    own = [None if of is None else safe_indexing(of, kept) for of in (X, sample_weight, groups)]
    return own, safe_indexing(X, np.flatnonzero(marks))


def pad_weights(sample_weight, n_unlabelled):
    """Give unlabelled samples the weight 1."""
    if sample_weight is None:
        return None
    return np.concatenate(
        [np.asarray(plain(sample_weight, "sample_weight")), np.ones(n_unlabelled)]
    )


def read_joined(X, X_unlabelled, read):
    """Read labelled and unlabelled samples in one; an error says which of them it is about."""
    try:
        return read(join(X, X_unlabelled))
    except CONVERSION_ERRORS as error:
        read(X)
        try:
            read(X_unlabelled)
        except CONVERSION_ERRORS as cause:
            raise restated(cause, "X_unlabelled must be like X.") from None
        raise restated(error, "X and X_unlabelled must be of one kind.") from None


def join(X, X_unlabelled):
    """Put unlabelled samples behind the labelled ones."""
    if isinstance(X, Sequences) != isinstance(X_unlabelled, Sequences):
        raise TypeError(
            "X and X_unlabelled must both be Sequences or both be something else: pass both "
            "through the same transformers."
        )
    if isinstance(X, Sequences):
        return X.joined(X_unlabelled)
    are_arrays = isinstance(X, np.ndarray) and isinstance(X_unlabelled, np.ndarray)
    if are_arrays and X.shape[1:] == X_unlabelled.shape[1:]:
        return np.concatenate([X, X_unlabelled])
    if hasattr(X, "columns") or hasattr(X_unlabelled, "columns"):
        return _join_frames(X, X_unlabelled)
    return [*X, *X_unlabelled]


def _join_frames(X, X_unlabelled):
    package, other = (type(one).__module__.partition(".")[0] for one in (X, X_unlabelled))
    if package != other:
        raise TypeError(
            "X and X_unlabelled must both be frames of one package, or neither a frame; got "
            f"{describe(X)} and {describe(X_unlabelled)}."
        )
    names, others = list(X.columns), list(X_unlabelled.columns)
    if names != others:
        raise ValueError(
            f"X and X_unlabelled must have the same columns; got {shorten(names)} and "
            f"{shorten(others)}."
        )
    kinds = {"how": "vertical_relaxed"} if package == "polars" else {}  # integers beside floats
    return import_module(package).concat([X, X_unlabelled], **kinds)
