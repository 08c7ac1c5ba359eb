"""The padder: sequences of one length."""

import warnings
from itertools import pairwise
from numbers import Integral
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklstm._arguments import levels_to_caller
from sklstm._arrays import plain, refuse_dates, refuse_empty, to_list
from sklstm._fit_tasks import FollowedFit, followed
from sklstm._parameters import ParametersMixin
from sklstm._ragged_numbers import check_columns, to_ragged_numbers
from sklstm._sklearn import Interval, StrOptions, fit_context
from sklstm._text_checks import check_tokens
from sklstm._versions import Versioned
from sklstm.sequences._sequences import Sequences

NUMBERS = (
    "a list of (n_steps,) or (n_steps, n_features) arrays of numbers (for a single series, a list "
    "of one), a matrix with one series in each row, or a 3-D array"
)
MANY = 0.4  # the share of sequences that are cut, of which `fit` warns
MIN_SEQUENCES = 100  # fewer are a trial


class SequencePadder(
    FollowedFit,
    TransformerMixin,
    ParametersMixin,
    Versioned,
    BaseEstimator,
    auto_wrap_output_keys=None,
):
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

    def __init__(
        self,
        *,
        max_length: int | None = None,
        truncating: Literal["pre", "post", "middle"] = "pre",
        padding: Literal["pre", "post"] = "post",
        ids: bool = False,
    ):
        self.max_length = max_length
        self.truncating = truncating
        self.padding = padding
        self.ids = ids

    @fit_context(prefer_skip_nested_validation=True)
    @followed
    def fit(self, X, y=None) -> Self:
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

        Warns
        -----
        UserWarning
            If `max_length` cuts many of the sequences.
        """
        lengths = np.diff(self._real_steps(X, reset=True).offsets)
        self._longest = int(lengths.max(initial=1))
        if self.max_length is not None and len(lengths) >= MIN_SEQUENCES:
            _warn_of_cuts(lengths, self.max_length)
        return self

    def transform(self, X) -> Sequences | Any:
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
        self._check_ready()
        batch = self._real_steps(X, reset=False)
        if isinstance(batch, Sequences):
            offsets = np.arange(len(batch) + 1) * self.max_length_
            return batch._apply(lambda flat: self._pad(flat, batch.offsets)[0], offsets)
        steps, real = self._pad(batch.values, batch.offsets)
        shape = len(batch), self.max_length_, steps.shape[1]
        mask = np.repeat(~real[:, None], shape[2], axis=1)
        return np.ma.MaskedArray(steps.reshape(shape), mask=mask.reshape(shape))

    @property
    def max_length_(self) -> int:
        """Steps of each sequence after ``transform``."""
        check_is_fitted(self)
        return self.max_length or self._longest

    def _real_steps(self, X, *, reset):
        if not isinstance(X, Sequences):
            X = plain(X)
            refuse_dates(X, "X")
            if hasattr(X, "__array__") and not isinstance(X, np.ndarray):
                X = plain(np.asarray(X))
            if not isinstance(X, np.ndarray):
                X = to_list(X, "one sequence for each sample")
            if self.ids:
                X = Sequences.from_ids(X)
            elif _holds_tokens(X):
                X = Sequences.from_tokens(check_tokens(X))
            else:
                check_columns(self, X, reset=reset)
                return _to_numbers(X)
        refuse_empty(X)
        return X.without_padding()

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_longest")

    def _pad(self, flat, offsets):
        """Return padded steps, one sequence after the other, and which of them are real."""
        max_length = self.max_length_
        n_steps = max_length * (len(offsets) - 1)
        padded, real = np.zeros((n_steps, *flat.shape[1:]), flat.dtype), np.zeros(n_steps, bool)
        for n, (start, stop) in enumerate(pairwise(offsets.tolist())):
            kept = self._truncate(flat[start:stop], max_length)
            start = (n + 1) * max_length - len(kept)
            if self.padding == "post":
                start = n * max_length
            place = slice(start, start + len(kept))
            padded[place], real[place] = kept, True
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


def _warn_of_cuts(lengths, max_length):
    """Warn if many sequences lose steps."""
    lost = np.maximum(lengths - max_length, 0)
    share = np.mean(lost > 0)
    if share >= MANY:
        warnings.warn(
            f"max_length={max_length} cuts {share:.0%} of the {len(lengths):,} sequences, which "
            f"lose {lost.sum() / lengths.sum():.0%} of all steps; 95% of the sequences have "
            f"{np.quantile(lengths, 0.95):.0f} steps or fewer. If what is cut matters, raise "
            "max_length, or leave it None.",
            UserWarning,
            stacklevel=levels_to_caller(),
        )


def _holds_tokens(X):
    if not hasattr(X, "__len__") or getattr(X, "ndim", 1) == 0:
        return True  # check_tokens raises the error
    if isinstance(X, np.ndarray) and X.dtype.kind in "biufc":
        return False
    ragged = (list, tuple, np.ndarray)
    rows = (row for row in X if getattr(row, "ndim", 1))  # others have an error of their own
    telling = next((row for row in rows if not isinstance(row, ragged) or len(row)), None)
    if telling is None:  # only empty sequences
        return not any(isinstance(row, np.ndarray) for row in X)
    return isinstance(telling[0] if isinstance(telling, ragged) else telling, str)


def _to_numbers(X):
    if not isinstance(X, np.ma.MaskedArray):
        return to_ragged_numbers(list(X), NUMBERS)
    if X.ndim not in (2, 3):
        raise ValueError(
            "A masked array must have the shape (n_sequences, n_steps) or (n_sequences, "
            f"n_steps, n_features); got {X.shape}."
        )
    return to_ragged_numbers(X, NUMBERS)
