"""What a user may pass to an estimator as X, read into flat steps."""

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from sklstm._validation import check_tokens
from sklstm.sequences import PADDING, Sequences

ACCEPTED = (
    "token lists (of a Tokenizer), Sequences (of a TokenIndexer, Word2VecEmbedder or "
    "SequencePadder), ids with vocabulary_size=, a 2-D or 3-D array of numbers, or a list of "
    "(n_steps, n_features) arrays"
)
FLOATS = (np.float64, np.float32)  # kept as they come; anything else becomes the first


class Numbers:
    """A ragged batch of numbers.

    Parameters
    ----------
    values : ndarray of float, shape (n_steps, n_features)
        The steps of all sequences, one after the other.
    lengths : array-like of int
        Steps of each sequence.
    """

    kind = "numbers"

    def __init__(self, values, lengths):
        self.values = values
        self.offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])

    def __len__(self):
        return len(self.offsets) - 1


def read_input(estimator, X, *, reset):
    """Read any accepted X.

    Parameters
    ----------
    estimator : estimator
        Its ``vocabulary_size`` says whether integers are ids. Its ``n_features_in_`` is set or
        checked when X holds numbers.
    X : object
        The user's input.
    reset : bool
        Whether this is ``fit``, which learns the number of features.

    Returns
    -------
    Sequences or Numbers
        Padding still in place.
    """
    if isinstance(X, (str, bytes)):
        raise ValueError(f"X is a single string; expected {ACCEPTED}.")
    if isinstance(X, Sequences):
        if X.categories is None and X.vectors is None:
            return _read_ids(X.codes, X.lengths, estimator.vocabulary_size)
        return X if len(X) else _refuse_empty()
    column = _as_column(X)
    if column is not None and _holds_words(column, estimator, reset):
        check_tokens(column)
        return Sequences.from_tokens(column)
    if estimator.vocabulary_size is not None:
        return _read_id_rows(X, column, estimator.vocabulary_size)
    if column is not None:
        return _read_ragged(estimator, column, reset)
    return _read_array(estimator, X, reset)


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


def _as_column(X):
    """List the samples when each is a sequence of its own; None for a regular array."""
    if isinstance(X, np.ma.MaskedArray):
        return None
    if isinstance(X, np.ndarray) or hasattr(X, "to_numpy"):
        words = X.ndim == 2 and isinstance(X, np.ndarray) and X.dtype.kind == "U"
        return list(X) if words or (X.ndim == 1 and X.dtype.kind not in "biufc") else None
    if not isinstance(X, (list, tuple)):
        return None
    if any(isinstance(row, str) for row in X):
        return list(X)
    if not all(isinstance(row, (list, tuple, np.ndarray)) for row in X):
        return None
    words = any(isinstance(item, str) for row in X for item in row[:1])
    ragged = len({len(row) for row in X if np.ndim(row[:1])}) > 1
    return list(X) if words or ragged or not any(map(len, X)) else None


def _holds_words(column, estimator, reset):
    for sample in column:
        if isinstance(sample, str):
            return True
        if isinstance(sample, (list, tuple, np.ndarray)) and len(sample):
            return isinstance(sample[0], str)
    return not reset and estimator._input_kind in ("tokens", "vectors")  # all of them empty


def _refuse_empty():
    raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required.")


def _read_id_rows(X, column, vocabulary_size):
    if column is None:
        X = X.filled(PADDING) if isinstance(X, np.ma.MaskedArray) else X
        matrix = check_array(X, dtype="numeric", ensure_min_features=0, input_name="X")
        return _read_ids(matrix.ravel(), [matrix.shape[1]] * len(matrix), vocabulary_size)
    for position, row in enumerate(column):
        if not isinstance(row, (list, tuple, np.ndarray)) or np.ndim(row) != 1:
            raise ValueError(
                f"With vocabulary_size=, every sample is a list of ids; sample {position} is "
                f"{row!r:.60}."
            )
    ids = [np.asarray(row) for row in column]
    flat = np.concatenate([row for row in ids if len(row)] or [np.zeros(0, int)])
    return _read_ids(flat, list(map(len, ids)), vocabulary_size)


def _read_ids(ids, lengths, vocabulary_size):
    if not len(lengths):
        _refuse_empty()
    if vocabulary_size is None:
        raise ValueError("X holds ids without their strings: set vocabulary_size=.")
    if ids.dtype.kind not in "iu" and (ids.dtype.kind != "f" or np.any(ids % 1)):
        raise ValueError(
            f"With vocabulary_size=, X must hold whole-numbered ids; got {ids.dtype} values. "
            "Leave vocabulary_size=None for numbers."
        )
    low, high = ids.min(initial=0), ids.max(initial=0)
    if low < 0 or high >= vocabulary_size:
        raise ValueError(
            f"X holds the id {int(low if low < 0 else high)}, but ids must lie in "
            f"0 .. {vocabulary_size - 1} for vocabulary_size={vocabulary_size}. Cap the ids "
            "(TokenIndexer(max_tokens=...) does) or raise vocabulary_size."
        )
    return Sequences(ids, np.concatenate([[0], np.cumsum(lengths)]))


def _read_array(estimator, X, reset):
    if not isinstance(X, (list, tuple)) and not hasattr(X, "ndim"):
        X = np.asarray(X)
    if isinstance(X, np.ma.MaskedArray) and X.ndim == 3:
        real = ~np.ma.getmaskarray(X).all(axis=2)  # (N, T)
        return _read_steps(estimator, X.data[real], real.sum(axis=1), reset)
    if (np.ndim(X) if isinstance(X, (list, tuple)) else X.ndim) == 3:
        X = check_array(X, dtype=FLOATS, allow_nd=True, input_name="X")
        steps = X.reshape(-1, X.shape[2])
        return _read_steps(estimator, steps, [X.shape[1]] * len(X), reset)
    if reset or estimator._width_is_fixed:
        X = validate_data(estimator, X, dtype=FLOATS, reset=reset)
        estimator._width_is_fixed = True
        return Numbers(X.reshape(-1, 1), [X.shape[1]] * len(X))
    X = check_array(X, dtype=FLOATS, input_name="X")
    return _read_steps(estimator, X.reshape(-1, 1), [X.shape[1]] * len(X), reset)


def _read_ragged(estimator, column, reset):
    if not column:
        _refuse_empty()
    samples = []
    for position, sample in enumerate(column):
        try:
            sample = np.asarray(sample)
            sample = sample.astype(np.result_type(sample, np.float32), copy=False)
        except (TypeError, ValueError):
            raise ValueError(
                f"Sample {position} cannot be read as numbers: {sample!r:.60}. "
                f"X must be {ACCEPTED}."
            ) from None
        samples.append(sample[:, None] if sample.ndim == 1 else sample)
    shapes = {sample.shape[1:] for sample in samples if len(sample)}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise ValueError(
            "Every sample must have the shape (n_steps, n_features) with one n_features for "
            f"all; got features of the shapes {sorted(shapes)}."
        )
    steps = np.concatenate([sample for sample in samples if len(sample)])
    return _read_steps(estimator, steps, list(map(len, samples)), reset)


def _read_steps(estimator, steps, lengths, reset):
    """Check steps whose number may differ from one sequence, or call, to the next."""
    name = type(estimator).__name__
    steps = check_array(steps, dtype=FLOATS, input_name="X", estimator=name)
    n_features = steps.shape[1]
    if reset:
        estimator.n_features_in_ = n_features
        estimator._width_is_fixed = False
    expected = 1 if estimator._width_is_fixed else estimator.n_features_in_
    if n_features != expected:
        raise ValueError(
            f"X has {n_features} features a step, but {name} is expecting {expected} features "
            "a step as input."
        )
    return Numbers(steps, lengths)
