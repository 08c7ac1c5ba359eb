"""Which learning rates a network learns with: ``learning_rate_test`` and its display."""

import warnings
from numbers import Real
from typing import Self

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Bunch

from sklstm._arguments import check_count
from sklstm._callbacks import RangeTest
from sklstm.inspection._drawing import check_result, draw_star, make_axes
from sklstm.inspection._inspected_network import last_estimator

# what the test trains without, of an estimator that has such parameters
PLAIN = {
    "average": None,
    "checkpoint": None,
    "early_stopping": False,
    "n_members": 1,
    "schedule": None,
    "verbose": 0,
    "wide": False,
}
SMOOTHED_SHARE = 0.1  # of the updates, over which losses are averaged
SUGGESTED_SHARE = 0.1  # of the rate where the loss is lowest
RESULT = ("rates", "losses", "smoothed_losses", "suggestion")


def learning_rate_test(
    estimator, X, y=None, *, min_lr: float = 1e-5, max_lr: float = 1.0, n_updates: int = 100
) -> Bunch:
    r"""Find learning rates that an estimator learns with: the learning-rate finder.

    A clone is trained while its learning rate rises exponentially [1]_, at update :math:`k` of
    :math:`n`

    .. math:: \eta_k = \eta_\min \left( \frac{\eta_\max}{\eta_\min} \right)^{(k - 1) / (n - 1)}

    The loss stays where it is while the rate is too small, then falls, and at last rises again.
    The suggestion is a tenth of the rate at which it is lowest.

    Parameters
    ----------
    estimator : estimator or Pipeline
        An estimator of this package, fitted or not, or a pipeline that ends with one.
    X : object
        Training data, as for ``fit``.
    y : object, default=None
        The targets, as for ``fit``.
    min_lr, max_lr : float, default=1e-5, 1.0
        The first learning rate and the last one.
    n_updates : int, default=100
        Updates from the first rate to the last one: in less than an epoch of much data, in several
        of little.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with:

        rates : ndarray of float
            The learning rate of each update. The test ends before `max_lr` when the loss is not
            finite, or four times that of the first update.
        losses : ndarray of float
            The training loss of the batch of each update.
        smoothed_losses : ndarray of float
            Each loss averaged with its neighbours, a tenth of `n_updates`.
        suggestion : float
            A learning rate to set; NaN if no rate lowered the loss.

    Raises
    ------
    ValueError
        If not 0 < `min_lr` < `max_lr`, or if the data are refused by ``fit``.

    Warns
    -----
    ConvergenceWarning
        If no rate lowered the loss.

    See Also
    --------
    LearningRateTestDisplay : Draws the losses.

    Notes
    -----
    `estimator` does not change. The clone trains one network, without a schedule, held-out data,
    averaged weights and its own callbacks. Weights with a rate of their own, by `embedding_lr` or
    `layer_lr_decay`, keep its ratio to `lr`.

    A rate that a schedule only reaches for a while, as ``schedule="one_cycle"`` does, may be
    larger than one that stays. If the loss still falls at `max_lr`, raise that.

    References
    ----------
    .. [1] Smith (2017), Cyclical learning rates for training neural networks, WACV.
       https://doi.org/10.1109/WACV.2017.58

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import LSTMRegressor
    >>> from sklstm.inspection import learning_rate_test
    >>> X = np.random.default_rng(0).normal(size=(60, 4))
    >>> regressor = LSTMRegressor(hidden_size=4, random_state=0)
    >>> result = learning_rate_test(regressor, X, X[:, -1], n_updates=40)
    >>> regressor = regressor.set_params(lr=result.suggestion)
    >>> 0.001 < regressor.lr < 0.1
    True
    """
    for name, rate in {"min_lr": min_lr, "max_lr": max_lr}.items():
        if not isinstance(rate, Real) or isinstance(rate, bool) or not 0 < rate < np.inf:
            raise ValueError(f"{name} must be a positive number; got {rate!r:.60}.")
    if not min_lr < max_lr:
        raise ValueError(f"min_lr must be below max_lr; got {min_lr!r} and {max_lr!r}.")
    n_updates = check_count(n_updates, "n_updates")
    rates, losses = np.geomspace(min_lr, max_lr, n_updates), []
    model = clone(estimator)
    last = last_estimator(model)
    known = last.get_params(deep=False)
    last.set_params(
        **{name: value for name, value in PLAIN.items() if name in known},
        callbacks=[RangeTest(rates, losses.append)],
        max_epochs=n_updates,  # each has one update or more
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of rates that are too high
        model.fit(X, y)
    if not losses:
        raise ValueError(
            "The loss is not finite before the first update, whatever the learning rate: the "
            "numbers in X or y are too large."
        )
    rates, losses = rates[: len(losses)], np.array(losses)
    width = max(1, round(SMOOTHED_SHARE * n_updates))
    smoothed = _smooth(losses, width)
    lowest = smoothed.argmin()
    suggestion = float(SUGGESTED_SHARE * rates[lowest])
    if lowest < width:
        suggestion = float("nan")
        warnings.warn(
            f"No learning rate from {min_lr:.3g} to {rates[-1]:.3g} lowered the loss: choose "
            "another min_lr or max_lr, or raise n_updates.",
            ConvergenceWarning,
            stacklevel=2,
        )
    return Bunch(rates=rates, losses=losses, smoothed_losses=smoothed, suggestion=suggestion)


def _smooth(values, width):
    """Average each value with its neighbours, `width` in all."""
    weights = np.ones(width)
    ones = np.ones(len(values))
    middle = slice((width - 1) // 2, (width - 1) // 2 + len(values))
    return (np.convolve(values, weights) / np.convolve(ones, weights))[middle]


class LearningRateTestDisplay:
    """Curves of the loss by learning rate, of each update and smoothed.

    A star marks the suggestion.

    Parameters
    ----------
    result : :class:`~sklearn.utils.Bunch`
        What `learning_rate_test` returned.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        Its figure.
    line_ : matplotlib Line2D
        The smoothed losses.

    See Also
    --------
    learning_rate_test : Trains and measures.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import LSTMRegressor
    >>> from sklstm.inspection import LearningRateTestDisplay
    >>> X = np.random.default_rng(0).normal(size=(60, 4))
    >>> regressor = LSTMRegressor(hidden_size=4, random_state=0)
    >>> display = LearningRateTestDisplay.from_estimator(regressor, X, X[:, -1], n_updates=40)
    >>> display.ax_.get_xlabel()
    'learning rate'
    """

    def __init__(self, result):
        self.result = result

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y=None,
        *,
        min_lr: float = 1e-5,
        max_lr: float = 1.0,
        n_updates: int = 100,
        ax=None,
        **line_kw,
    ) -> Self:
        """Train a clone with rising learning rates, and draw its losses.

        Parameters
        ----------
        estimator : estimator or Pipeline
            See `learning_rate_test`.
        X : object
            Training data.
        y : object, default=None
            The targets.
        min_lr, max_lr : float, default=1e-5, 1.0
            The first learning rate and the last one.
        n_updates : int, default=100
            Updates from the first rate to the last one.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        **line_kw : dict
            Arguments of matplotlib's ``Axes.plot`` for the smoothed losses.

        Returns
        -------
        LearningRateTestDisplay
            The drawn display.
        """
        result = learning_rate_test(
            estimator, X, y, min_lr=min_lr, max_lr=max_lr, n_updates=n_updates
        )
        return cls(result).plot(ax, **line_kw)

    def plot(self, ax=None, **line_kw) -> Self:
        """Draw the losses.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        **line_kw : dict
            Arguments of matplotlib's ``Axes.plot`` for the smoothed losses.

        Returns
        -------
        LearningRateTestDisplay
            The display itself.
        """
        check_result(self.result, "learning_rate_test", *RESULT)
        rates, losses, smoothed, suggestion = (self.result[key] for key in RESULT)
        (self.ax_,) = make_axes(1, 3.4, ax)
        self.figure_ = self.ax_.figure
        style = {"marker": "", "label": "smoothed loss", **line_kw}
        (self.line_,) = self.ax_.plot(rates, smoothed, **style)
        self.ax_.plot(
            rates,
            losses,
            color=self.line_.get_color(),
            marker="",
            alpha=0.3,
            label="loss",
            zorder=1,
        )
        if np.isfinite(suggestion):
            height = np.interp(suggestion, rates, smoothed)
            draw_star(self.line_, [suggestion], [height], f"suggestion: {suggestion:.2g}")
        self.ax_.set(xlabel="learning rate", ylabel="training loss", xscale="log")
        self.ax_.grid(alpha=0.3)
        self.ax_.legend(fontsize="small")
        return self
