"""The padder: sequences of one length."""

from itertools import pairwise
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklstm._arrays import CONVERSION_ERRORS, common_width, masked_steps, plain, refuse_dates
from sklstm._sklearn import Interval, StrOptions, fit_context
from sklstm._validation import check_columns, check_tokens, refuse_empty
from sklstm.sequences._sequences import Sequences


class SequencePadder(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Truncate and pad sequences to one length.

    Existing padding is dropped first, so only real steps are truncated, and padding twice changes
    nothing.

    Estimators of this package take ragged input and mask padding. They need this step only to
    truncate; other estimators need it to get arrays, with ``np.asarray``.

    Parameters
    ----------
    max_length : int, default=None
        Steps of each sequence; None is the length of the longest one in ``fit``. Like the other
        parameters, it can be changed without refitting.
    truncating : {"pre", "post", "middle"}, default="pre"
        Where long sequences lose steps: at the start, at the end, or in the middle, which keeps the
        first and last ``max_length / 2``.
    padding : {"pre", "post"}, default="post"
        Whether padding goes before or after the real steps.
    ids : bool, default=False
        Whether integers, in lists or a matrix, are token ids with 0 as padding, instead of numbers.

    Attributes
    ----------
    max_length_ : int
        Steps of each sequence after ``transform``; at least 1.
    feature_names_in_ : ndarray of str
        Names of the columns, if each sequence was a data frame with string column names.

    See Also
    --------
    Sequences : The container for tokens and ids.
    SlidingWindow : Cuts one long series into windows.

    Notes
    -----
    Padding commutes with :class:`~sklstm.Word2VecEmbedder`: both orders give the same result.

    Examples
    --------
    >>> from sklstm import SequencePadder
    >>> padder = SequencePadder(max_length=3)
    >>> batch = padder.fit_transform([["not", "a", "good", "film"], ["good"]])
    >>> batch.tokens()
    [['a', 'good', 'film'], ['good']]
    >>> batch.lengths
    array([3, 3])

    Numbers become a masked array, in which padding is masked.

    >>> padder.fit_transform([[0.5, 1.5], [2.5]])[:, :, 0]
    masked_array(
      data=[[0.5, 1.5, --],
            [2.5, --, --]],
      mask=[[False, False,  True],
            [False,  True,  True]],
      fill_value=1e+20)
    """

    _parameter_constraints = {
        "max_length": [Interval(Integral, 1, 2**31 - 1, closed="both"), None],
        "truncating": [StrOptions({"pre", "post", "middle"})],
        "padding": [StrOptions({"pre", "post"})],
        "ids": ["boolean"],
    }

    def __init__(self, *, max_length=None, truncating="pre", padding="post", ids=False):
        self.max_length = max_length
        self.truncating = truncating
        self.padding = padding
        self.ids = ids

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the length of the longest sequence.

        Parameters
        ----------
        X : Sequences, list of list of str, list of list of int, or list of array-like of float
            The sequences; see ``transform``.
        y : None
            Ignored.

        Returns
        -------
        SequencePadder
            The fitted padder.
        """
        batch = self._real_steps(X, reset=True)
        lengths = batch.lengths if isinstance(batch, Sequences) else list(map(len, batch))
        self._longest = max(1, *lengths)
        return self

    def transform(self, X):
        """Truncate and pad.

        Parameters
        ----------
        X : Sequences, list of list of str, list of list of int, or list of array-like of float
            The sequences. Numbers come as a list of ``(n_steps,)`` or ``(n_steps,
            n_features)`` arrays, as a matrix with one series in each row, or as an array of
            shape ``(n_sequences, n_steps, n_features)``, which may be masked.

        Returns
        -------
        Sequences or masked array of shape (n_sequences, n_steps, n_features)
            `Sequences` for tokens and ids, padded with code 0, with their vectors; for numbers a
            masked array, with the mask True at padding.
        """
        check_is_fitted(self)
        self._validate_params()
        batch = self._real_steps(X, reset=False)
        if isinstance(batch, Sequences):
            return self._pad_sequences(batch)
        shape = len(batch), self.max_length_, batch[0].shape[1]
        steps, real = self._pad(batch, shape, batch[0].dtype)
        return np.ma.MaskedArray(steps, mask=np.repeat(~real[:, :, None], shape[2], axis=2))

    @property
    def max_length_(self):
        """Steps of each sequence after ``transform``."""
        check_is_fitted(self)
        return self.max_length or self._longest

    def _real_steps(self, X, *, reset):
        if not isinstance(X, Sequences):
            X = plain(X)
            refuse_dates(X, "X")
            if hasattr(X, "__array__") and not isinstance(X, np.ndarray):
                X = plain(np.asarray(X))
            if self.ids:
                X = Sequences.from_ids(X)
            elif _holds_tokens(X):
                X = Sequences.from_tokens(check_tokens(X))
            else:
                check_columns(self, X, reset=reset)
                return _ragged_numbers(X)
        refuse_empty(X)
        return X.without_padding()

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_longest")

    def _pad_sequences(self, batch):
        n, length = len(batch), self.max_length_
        bounds = list(pairwise(batch.offsets.tolist()))

        def pad(flat):
            rows, width = (flat[start:stop] for start, stop in bounds), flat.shape[1:]
            padded, _ = self._pad(rows, (n, length, *width), flat.dtype)
            return padded.reshape(n * length, *width)

        return batch._apply(pad, np.arange(n + 1) * length)

    def _pad(self, rows, shape, dtype):
        padded, real = np.zeros(shape, dtype), np.zeros(shape[:2], bool)
        for n, steps in enumerate(rows):
            kept = self._truncate(steps, shape[1])
            start = 0 if self.padding == "post" else shape[1] - len(kept)
            place = slice(start, start + len(kept))
            padded[n, place] = kept
            real[n, place] = True
        return padded, real

    def _truncate(self, steps, length):
        surplus = len(steps) - length
        if surplus <= 0:
            return steps
        half = -(-length // 2)
        start = {"pre": 0, "post": length, "middle": half}[self.truncating]
        return np.concatenate([steps[:start], steps[start + surplus :]])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags


def _holds_tokens(X):
    if not hasattr(X, "__len__") or getattr(X, "ndim", 1) == 0:
        return True  # check_tokens raises the error
    if isinstance(X, np.ndarray) and X.dtype.kind in "biufc":
        return False
    ragged = (list, tuple, np.ndarray)
    telling = next((row for row in X if not isinstance(row, ragged) or len(row)), None)
    if telling is None:  # only empty sequences
        return not any(isinstance(row, np.ndarray) for row in X)
    return isinstance(telling[0] if isinstance(telling, ragged) else telling, str)


def _ragged_numbers(X):
    """List ragged numbers as (n_steps, n_features) arrays without masked steps."""
    if isinstance(X, np.ma.MaskedArray):
        X = X[:, :, None] if X.ndim == 2 else X
        if X.ndim != 3:
            raise ValueError(
                "A masked array must have the shape (n_sequences, n_steps) or (n_sequences, "
                f"n_steps, n_features); got {X.shape}."
            )
        hidden = masked_steps(np.ma.getmaskarray(X))  # (N, T)
        X = [row[~padding] for row, padding in zip(X.data, hidden, strict=True)]
    rows = [_check_series(position, row) for position, row in enumerate(X)]
    refuse_empty(rows)
    width, dtype = common_width(rows), np.result_type(np.float32, *{row.dtype for row in rows})
    return [
        row.astype(dtype, copy=False) if len(row) else np.zeros((0, width), dtype) for row in rows
    ]


def _check_series(position, row):
    try:
        row = np.asarray(plain(row))
    except CONVERSION_ERRORS:  # rows of unequal length, say
        row = np.empty(0, object)
    if row.ndim not in (1, 2) or row.dtype.kind not in "biuf":
        raise ValueError(
            f"Sequence {position} must be an array of numbers of shape (n_steps,) or (n_steps, "
            f"n_features); got shape {row.shape} and dtype {row.dtype}. Put a single series "
            "into a list of one."
        )
    if not np.isfinite(row).all():
        raise ValueError(f"Sequence {position} contains NaN or infinity. Fill or drop these steps.")
    return row[:, None] if row.ndim == 1 else row
