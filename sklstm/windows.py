"""Sliding windows over a time series."""

from numbers import Integral
from typing import Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from sklstm._arrays import check_same_length, plain, refuse_empty, to_numbers
from sklstm._fit_tasks import FollowedFit, followed
from sklstm._parameters import ParametersMixin
from sklstm._sklearn import Interval, fit_context
from sklstm._versions import Versioned


class SlidingWindow(
    FollowedFit,
    TransformerMixin,
    ParametersMixin,
    Versioned,
    BaseEstimator,
    auto_wrap_output_keys=None,
):
    """Cut a series into overlapping windows.

    Rows are steps in time order. With :math:`T` the `length` and :math:`s` the `step`, windows are

    .. math:: W_n = (x_{ns}, x_{ns + 1}, \\dots, x_{ns + T - 1})

    They are read-only views of the series and use no memory of their own.

    Parameters
    ----------
    length : int, default=10
        Steps of a window.
    horizon : int, default=1
        Steps to forecast after each window, for ``pairs``.
    step : int, default=1
        Rows from the start of one window to the start of the next.
    pad_start : bool, default=False
        Whether windows may begin before the first row, with masked steps. With ``step=1`` a window
        then ends at every row, so `y` is unchanged and the transformer works in a
        :class:`~sklearn.pipeline.Pipeline`.

    Attributes
    ----------
    n_features_in_ : int
        Columns of the series seen in ``fit``; 1 for a univariate series.
    feature_names_in_ : ndarray of str
        Names of the columns, if the series was a data frame with string column names.

    See Also
    --------
    SequencePadder : Pads and truncates sequences to one length.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import SlidingWindow
    >>> series = np.arange(6.0)
    >>> window = SlidingWindow(length=3)
    >>> X, y = window.pairs(series)
    >>> X[:, :, 0]
    array([[0., 1., 2.],
           [1., 2., 3.],
           [2., 3., 4.]])
    >>> y
    array([3., 4., 5.])

    The window to forecast from:

    >>> window.transform(series[-3:])[:, :, 0]
    array([[3., 4., 5.]])
    """

    _parameter_constraints = {
        "length": [Interval(Integral, 1, None, closed="left")],
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "step": [Interval(Integral, 1, None, closed="left")],
        "pad_start": ["boolean"],
    }

    def __init__(
        self, *, length: int = 10, horizon: int = 1, step: int = 1, pad_start: bool = False
    ):
        self.length = length
        self.horizon = horizon
        self.step = step
        self.pad_start = pad_start

    @fit_context(prefer_skip_nested_validation=True)
    @followed
    def fit(self, X, y=None) -> Self:
        """Learn the number of columns.

        Parameters
        ----------
        X : array-like of shape (n_steps,) or (n_steps, n_features)
            The series.
        y : None
            Ignored.

        Returns
        -------
        SlidingWindow
            The fitted transformer.
        """
        self._series(X, reset=True)
        return self

    def transform(self, X) -> np.ndarray:
        """Cut a series into windows.

        Parameters
        ----------
        X : array-like of shape (n_steps,) or (n_steps, n_features)
            The series.

        Returns
        -------
        ndarray of shape (n_windows, length, n_features)
            Read-only windows; with ``pad_start=True`` a masked array.
        """
        self._validate_params()
        X = self._series(X, reset=False)
        self._check_length(X)
        return self._cut(X)

    def pairs(self, X, y=None) -> tuple[np.ndarray, np.ndarray]:
        """Cut a series into windows and the targets that follow them.

        Parameters
        ----------
        X : array-like of shape (n_steps,) or (n_steps, n_features)
            The series.
        y : array-like of shape (n_steps,) or (n_steps, n_targets), default=None
            What to forecast, with the rows of `X`. None forecasts `X` itself.

        Returns
        -------
        X : ndarray of shape (n_windows, length, n_features)
            The windows that have `horizon` rows after them, as ``transform`` returns them.
        y : ndarray of shape (n_windows,) or (n_windows, horizon * n_targets)
            These rows, concatenated; 1-D for one target one step ahead.
        """
        self._validate_params()
        X = self._series(X, reset=False)
        if y is not None:
            y = plain(y, "y")
            if not isinstance(y, np.ndarray) or y.dtype.kind not in "biufUS":
                y = to_numbers(y, "y", "one number, or several, for each row of X")
            check_same_length(y=y)
            refuse_empty(y, "y")
            check_same_length(X=X, y=y)
        y = X if y is None else check_array(y, ensure_2d=False, dtype=None, input_name="y")
        self._check_length(X, self.horizon)
        windows = self._cut(X[: -self.horizon])
        first = 1 if self.pad_start else self.length  # the row after the first window
        after = sliding_window_view(y.reshape(len(y), -1)[first:], self.horizon, axis=0)
        after = after[:: self.step].transpose(0, 2, 1).reshape(len(windows), -1)
        return windows, after[:, 0] if after.shape[1] == 1 else after

    def _series(self, X, reset):
        if np.ma.is_masked(X):
            raise ValueError("Steps of X are masked. Fill the gaps, for example by interpolation.")
        series = to_numbers(
            X,
            "X",
            "one series, with a row for each step and rows of equal width; cut several series "
            "into windows one by one",
        )
        if series.ndim == 1:
            series = series[:, None]
        if series.ndim > 2:
            raise ValueError(
                f"X must be one series, with a row for each step. Found array with dim "
                f"{series.ndim}, of the shape {series.shape}: cut several series one by one."
            )
        X = X if hasattr(X, "columns") else series
        options = {"dtype": (np.float64, np.float32)}
        if not reset and not hasattr(self, "n_features_in_"):  # not fitted, which is allowed
            return check_array(X, input_name="X", estimator=self, **options)
        return validate_data(self, X, reset=reset, **options)

    def _check_length(self, X, horizon=0):
        needed = horizon + (1 if self.pad_start else self.length)
        if len(X) < needed:
            after = f" and horizon={horizon}" if horizon else ""
            raise ValueError(
                f"The series has {len(X)} step(s), the rows of X; windows of "
                f"length={self.length}{after} need at least {needed}. Shorten the windows or "
                "pass more steps."
            )

    def _cut(self, X):
        if not self.pad_start:
            return self._slide(X)
        n_before, n_features = self.length - 1, X.shape[1]
        X = np.concatenate([np.zeros((n_before, n_features), X.dtype), X])
        before = np.broadcast_to(np.arange(len(X))[:, None] < n_before, X.shape)
        return np.ma.MaskedArray(self._slide(X), mask=self._slide(before))

    def _slide(self, X):
        return sliding_window_view(X, self.length, axis=0)[:: self.step].transpose(0, 2, 1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags
