"""What a user may pass to an estimator as X: its kind, and what each kind becomes."""

import numpy as np
from sklearn.utils import assert_all_finite, check_array
from sklearn.utils.validation import validate_data

from sklstm._arguments import describe
from sklstm._arrays import CONVERSION_ERRORS, open_samples, refuse_empty, to_numbers
from sklstm._ragged_numbers import Numbers, check_columns, to_ragged_numbers
from sklstm._text_checks import check_tokens, holds_annotated_tokens
from sklstm.sequences import Sequences
from sklstm.sequences._fields import PADDING

ACCEPTED = (
    "token lists (of a Tokenizer), Sequences (of a TokenIndexer, Word2VecEmbedder or "
    "SequencePadder), ids with vocabulary_size=, a 2-D or 3-D array of numbers, or a list of "
    "(n_steps, n_features) arrays"
)


def read_input(X, estimator, vocabulary_size=None, kind=None, n_columns=None):
    """Read any accepted X.

    Parameters
    ----------
    X : object
        The user's input.
    estimator : estimator
        A 2-D array of numbers sets its ``n_features_in_``, or is checked against it; names of
        columns set its ``feature_names_in_``, or are checked against them.
    vocabulary_size : int, default=None
        Given, integers are token ids below it.
    kind : {"numbers", "ids", "tokens", "vectors"}, default=None
        What ``fit`` found X to be; None in ``fit``, which learns the columns.
    n_columns : int, default=None
        Columns of the 2-D array that ``fit`` got, if it did.

    Returns
    -------
    Sequences or Numbers
        Padding still in place.
    """
    given = X
    if isinstance(X, Sequences):
        refuse_empty(X)
    else:
        X = open_samples(X, ACCEPTED)
    found = _find_kind(X, vocabulary_size, kind)
    if found == "ids" and vocabulary_size is None:
        raise ValueError("X holds ids without their strings: set vocabulary_size=.")
    if kind not in (None, found):
        raise ValueError(
            f"{type(estimator).__name__} was fitted on {kind}, but X now holds {found}. "
            "Send X through the transformers that were used in fit."
        )
    if found == "tokens":
        return X if isinstance(X, Sequences) else Sequences.from_tokens(check_tokens(X))
    if found == "vectors":
        return _with_finite_vectors(X)
    if isinstance(X, list):
        X = _stack(X)
    if found == "ids":
        return _to_ids(X, vocabulary_size)
    return _to_numbers(X, given, estimator, kind is None, n_columns)


def kind_of(data):
    """Name the kind of an input.

    Parameters
    ----------
    data : Sequences or Numbers
        What `read_input` returned.

    Returns
    -------
    {"numbers", "ids", "tokens", "vectors"}
        Its kind.
    """
    if isinstance(data, Numbers):
        return "numbers"
    if data.vectors is not None:
        return "vectors"
    return "ids" if data.categories is None else "tokens"


def drop_masked_padding(sequences, mask_padding):
    """Return `Sequences` without padding, or as they are if padding is not masked."""
    return sequences.without_padding() if mask_padding else sequences


def _find_kind(samples, vocabulary_size, fitted):
    """Name the kind of samples. Texts and annotated tokens are tokens, whose check refuses them."""
    if isinstance(samples, Sequences):
        return kind_of(samples)
    if isinstance(samples, list):
        if _hold_words(samples) or holds_annotated_tokens(samples):
            return "tokens"
        if fitted == "tokens" and all(map(_is_empty, samples)):
            return "tokens"
    return "numbers" if vocabulary_size is None else "ids"


def _hold_words(samples):
    for sample in samples:
        if isinstance(sample, np.ndarray):
            items = sample.ravel() if sample.dtype.kind in "OSU" else ()
        else:
            items = sample if isinstance(sample, (list, tuple)) else (sample,)
        # a set of types is built in C, however long the sample
        if any(issubclass(kind, (str, bytes)) for kind in set(map(type, items))):
            return True
    return False


def _is_empty(sample):
    if isinstance(sample, np.ndarray):
        return not sample.size
    return isinstance(sample, (list, tuple)) and not sample


def _with_finite_vectors(X):
    X = X.without_unused()
    if not np.isfinite(X.vectors).all():
        assert_all_finite(X.vectors, input_name="the vectors of X")
    return X


def _stack(samples):
    """Make one array of samples that have one shape."""
    for position, sample in enumerate(samples):
        if sample is None:
            raise TypeError(f"Sample {position} of X is None. Fill missing samples, or drop them.")
    try:
        array = np.asarray(samples)
    except CONVERSION_ERRORS:  # ragged
        return samples
    return array if array.size else samples


def _to_ids(samples, vocabulary_size):
    if isinstance(samples, Sequences):
        ids, lengths = samples.codes, samples.lengths
    elif isinstance(samples, list):
        rows = [_to_id_row(position, sample) for position, sample in enumerate(samples)]
        ids = np.concatenate([row for row in rows if len(row)] or [np.zeros(0, int)])
        lengths = list(map(len, rows))
    else:
        X = samples.filled(PADDING) if isinstance(samples, np.ma.MaskedArray) else samples
        if getattr(getattr(X, "dtype", None), "kind", "O") not in "biu":
            X = to_numbers(X, "X", "whole-numbered ids")
        if np.ndim(X) > 2:
            raise ValueError(f"X must be a matrix of ids; got an array of shape {X.shape}.")
        X = check_array(X, dtype="numeric", ensure_min_features=0, input_name="X")
        ids, lengths = X.ravel(), [X.shape[1]] * len(X)
    whole = ids.dtype.kind == "f" and np.array_equal(ids, np.trunc(ids))
    if not whole and ids.dtype.kind not in "iu":
        raise ValueError(
            f"With vocabulary_size=, X must hold whole-numbered ids; got {ids.dtype} values. "
            "Leave vocabulary_size=None for numbers."
        )
    low, high = ids.min(initial=0), ids.max(initial=0)
    if low < 0 or high >= vocabulary_size:
        raise ValueError(
            f"X holds the id {low if low < 0 else high}, but ids must lie in "
            f"0 .. {vocabulary_size - 1} for vocabulary_size={vocabulary_size}. Cap the ids "
            "(TokenIndexer(max_tokens=...) does) or raise vocabulary_size."
        )
    if isinstance(samples, Sequences):
        return samples
    return Sequences(ids.astype(np.int32), np.concatenate([[0], np.cumsum(lengths)]))


def _to_id_row(position, sample):
    try:
        row = np.asarray(sample)
    except CONVERSION_ERRORS:
        row = np.empty(())
    if not isinstance(sample, (list, tuple, np.ndarray)) or row.ndim != 1:
        raise ValueError(
            f"With vocabulary_size=, every sample is a list of ids; sample {position} is "
            f"{describe(sample)}."
        )
    return row


def _to_numbers(X, given, estimator, reset, n_columns):
    n_axes = 3 if isinstance(X, list) else len(X.shape)
    if n_axes > 3:
        raise ValueError(f"X has {n_axes} axes, of the shape {X.shape}; expected {ACCEPTED}.")
    has_columns = not isinstance(X, np.ma.MaskedArray) and (reset or n_columns is not None)
    if n_axes < 2 or (n_axes == 2 and has_columns):
        numbers = to_numbers(X, "X", ACCEPTED)
        if numbers.ndim == 1 and len(numbers):  # a reshape to one column would be the wrong one
            raise ValueError(
                f"X is one series of {len(numbers)} numbers, but each sample is a series. Reshape "
                "your data: X.reshape(1, -1) is one sample, and SlidingWindow cuts a long series "
                "into many."
            )
        is_matrix = numbers.ndim == 2 and not hasattr(X, "columns")
        if is_matrix and not reset and numbers.shape[1] != n_columns:
            raise ValueError(
                f"X has {numbers.shape[1]} features, but {type(estimator).__name__} is expecting "
                f"{n_columns} features as input: the columns of a matrix are the steps of "
                "sequences of one length. Pass others as X[:, :, None], or as a list of "
                "(n_steps, 1) arrays."
            )
        X = X if hasattr(X, "columns") else numbers
        X = validate_data(estimator, X, dtype=numbers.dtype, reset=reset)
        return to_ragged_numbers(X, ACCEPTED, n_columns=X.shape[1])
    is_column = n_axes == 2 and X.shape[1] == 1 and not isinstance(given, list | tuple)
    if is_column and len(X) > 1 and not reset:  # one sequence, rather than many of one step
        raise ValueError(
            f"X is a column of {len(X)} numbers, and {type(estimator).__name__} was fitted on "
            f"whole sequences: pass [X] for one sequence of {len(X)} steps, or X[:, :, None] for "
            f"{len(X)} sequences of one step."
        )
    if n_axes == 3:
        check_columns(estimator, given, reset=reset)
    return to_ragged_numbers(X, ACCEPTED)
