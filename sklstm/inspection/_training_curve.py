"""A drawing of how training went: ``TrainingCurveDisplay``."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklstm._arguments import describe
from sklstm._summary import networks_of
from sklstm.inspection._drawing import draw_star, make_axes, sparse_markers
from sklstm.inspection._inspected_network import last_estimator

NAMES = {
    "train_loss": "training loss",
    "valid_loss": "validation loss",
    "train_acc": "training accuracy",
    "virtual_loss": "virtual adversarial loss",
    "entropy": "entropy",
    "valid_acc": "validation accuracy",
    "valid_f1": "validation F1",
    "valid_score": "validation score",
}
LOSSES = ("train_loss", "valid_loss", "virtual_loss", "entropy")


class TrainingCurveDisplay:
    """Curves of the losses and, below them, of the scores, by epoch.

    A star marks the best epoch, by the number that early stopping watches: the validation loss, or
    the score by `scoring`. With early stopping, the estimator has the weights of that epoch.

    Parameters
    ----------
    histories : list of list of dict
        The ``history_`` of each network: one of an estimator, several of an average of networks.
    monitor : str, default="valid_loss"
        The number in the history that tells the best epoch.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes, shape (n_panels,)
        Those of the losses and those of the scores, if there are any.
    figure_ : matplotlib Figure
        Their figure.
    lines_ : dict of str to list of matplotlib Line2D
        The curves of each number in the history, one for each network.
    best_epochs_ : list of int
        The best epoch of each network, counted from 1; none without validation data.

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : Scores by the number of training samples.

    Examples
    --------
    >>> from sklstm import LSTMClassifier
    >>> from sklstm.inspection import TrainingCurveDisplay
    >>> X, y = [["a", "good", "film"], ["bad"]] * 8, [1, 0] * 8
    >>> classifier = LSTMClassifier(hidden_size=4, max_epochs=3, random_state=0)
    >>> classifier.fit(X, y, X_val=X, y_val=y)
    LSTMClassifier(...)
    >>> display = TrainingCurveDisplay.from_estimator(classifier)
    >>> list(display.lines_)
    ['train_loss', 'valid_loss', 'train_acc', 'valid_acc']
    """

    def __init__(self, histories, *, monitor: str = "valid_loss"):
        self.histories = histories
        self.monitor = monitor

    @classmethod
    def from_estimator(
        cls, estimator, *, names: Sequence[str] | None = None, ax=None, **line_kw
    ) -> Self:
        """Draw the history of a fitted estimator.

        Parameters
        ----------
        estimator : estimator or Pipeline
            A fitted estimator of this package, or a pipeline that ends with one.
        names : list of str, default=None
            Which numbers of ``history_`` to draw. None draws all losses and scores.
        ax : matplotlib Axes, default=None
            Where to draw; two panels share its place. None makes a new figure.
        **line_kw : dict
            Arguments of matplotlib's ``Axes.plot``.

        Returns
        -------
        TrainingCurveDisplay
            The drawn display.
        """
        last = last_estimator(estimator)
        check_is_fitted(last)
        histories = [one.history_ for one in networks_of(last)]
        return cls(histories, monitor=last._monitored).plot(ax, names=names, **line_kw)

    def plot(self, ax=None, *, names: Sequence[str] | None = None, **line_kw) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; two panels share its place. None makes a new figure.
        names : list of str, default=None
            Which numbers of ``history_`` to draw. None draws all losses and scores.
        **line_kw : dict
            Arguments of matplotlib's ``Axes.plot``.

        Returns
        -------
        TrainingCurveDisplay
            The display itself.
        """
        names = self._choose(names)
        panels = {
            "loss": [name for name in names if name in LOSSES],
            "score": [name for name in names if name not in LOSSES],
        }
        panels = {label: shown for label, shown in panels.items() if shown}
        self.axes_ = make_axes(len(panels), 1.0 + 2.4 * len(panels), ax)
        self.figure_ = self.axes_[0].figure
        self.lines_ = {}
        for place, (label, shown) in zip(self.axes_, panels.items(), strict=True):
            for name in shown:
                self.lines_[name] = self._draw(place, name, line_kw)
            place.set_ylabel(label)
            place.grid(alpha=0.3)
        self._mark_best()
        for place in self.axes_:
            place.legend(fontsize="small")
        self.axes_[-1].set_xlabel("epoch")
        self.axes_[-1].xaxis.get_major_locator().set_params(integer=True)
        return self

    def _choose(self, names):
        """Return the names to draw: those given, or all losses and scores."""
        if not isinstance(self.histories, list | tuple):
            raise TypeError(
                f"histories must be a list of history_ of networks; got {describe(self.histories)}."
            )
        if not self.histories or not all(isinstance(one, list) and one for one in self.histories):
            raise ValueError("There is nothing to draw: a history has no epoch.")
        known = {name: None for one in self.histories for epoch in one for name in epoch}
        compared = [name for name in known if f"{name}_best" in known]
        compared.sort(key=lambda name: [*NAMES, name].index(name))
        if names is None:
            return compared
        if not isinstance(names, list | tuple) or not names or not set(names) <= set(compared):
            raise ValueError(
                f"names must list some of {compared}, which the history has; got {describe(names)}."
            )
        return list(names)

    def _draw(self, ax, name, line_kw):
        """Draw a number of all networks in one colour."""
        style, lines = {"label": NAMES.get(name, name)}, []
        for history in self.histories:
            epochs = [epoch["epoch"] for epoch in history]
            values = [epoch.get(name, np.nan) for epoch in history]
            (line,) = ax.plot(epochs, values, **{**sparse_markers(len(epochs)), **style, **line_kw})
            style = {"color": line.get_color(), "marker": line.get_marker(), "label": None}
            lines.append(line)
        return lines

    def _mark_best(self):
        """Draw a star at the best epoch of each network, on the curve that tells it."""
        best = [_best_epoch(history, self.monitor) for history in self.histories]
        best = [epoch for epoch in best if epoch is not None]
        self.best_epochs_ = [epoch["epoch"] for epoch in best]
        if not best or self.monitor not in self.lines_:
            return
        scores = [epoch[self.monitor] for epoch in best]
        draw_star(self.lines_[self.monitor][0], self.best_epochs_, scores, "best epoch")


def _best_epoch(history, monitor):
    """Return the last epoch that was better than all before it."""
    return next((one for one in reversed(history) if one.get(f"{monitor}_best")), None)
