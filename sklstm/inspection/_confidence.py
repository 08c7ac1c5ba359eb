"""A drawing of how far the confidence of entities can be trusted: ``ConfidenceDisplay``."""

from typing import Literal, Self

from sklstm.inspection._drawing import check_result, make_axes
from sklstm.metrics import entity_calibration_curve, entity_calibration_error


class ConfidenceDisplay:
    """Reliability diagram: the share of correct entities over their confidence.

    On the diagonal, entities are correct as often as their confidence says; below it, the tagger is
    too sure. Pale bars show the share of entities in each bin.

    Parameters
    ----------
    curve : Bunch
        What `sklstm.metrics.entity_calibration_curve` returned.
    error : float, default=None
        The expected calibration error, for the legend.
    name : str, default=None
        Name for the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        Its figure.
    line_ : matplotlib Line2D
        The curve.
    bars_ : matplotlib BarContainer
        The shares of entities.

    See Also
    --------
    sklstm.metrics.entity_calibration_error : The same in one number.
    sklstm.LSTMTagger.calibrate : Brings the curve to the diagonal.
    sklearn.calibration.CalibrationDisplay : For classifiers.

    Examples
    --------
    >>> from sklstm import LSTMTagger
    >>> from sklstm.inspection import ConfidenceDisplay
    >>> X, y = [["Ada", "met", "Alan"], ["met"]] * 8, [["B-PER", "O", "B-PER"], ["O"]] * 8
    >>> tagger = LSTMTagger(hidden_size=4, max_epochs=5, random_state=0).fit(X, y)
    >>> display = ConfidenceDisplay.from_estimator(tagger, X, y)
    >>> display.ax_.get_xlabel()
    'confidence'
    """

    def __init__(self, curve, *, error: float | None = None, name: str | None = None):
        self.curve = curve
        self.error = error
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        n_bins: int = 10,
        strategy: Literal["uniform", "quantile"] = "uniform",
        name: str | None = None,
        ax=None,
        **line_kw,
    ) -> Self:
        """Predict entities, and draw how often each confidence is correct.

        Parameters
        ----------
        estimator : LSTMTagger or TaggingPipeline
            A fitted tagger of entities.
        X : object
            The samples, in any form that `estimator` predicts from.
        y : sequence of list of str
            Their true tags; or spans of characters (start, end, type).
        n_bins : int, default=10
            Number of bins of the confidence.
        strategy : {"uniform", "quantile"}, default="uniform"
            Whether bins are equally wide, or have equally many entities.
        name : str, default=None
            Name for the legend. None is that of the estimator's class.
        ax : matplotlib Axes, default=None
            Axes to draw in. None makes a new figure.
        **line_kw : dict
            Arguments of ``plot`` for the curve.

        Returns
        -------
        ConfidenceDisplay
            The drawn display.
        """
        if not hasattr(estimator, "predict_entities"):
            raise TypeError(
                "ConfidenceDisplay draws the confidence of entities: estimator must be a fitted "
                f"tagger of entities, got {type(estimator).__name__}."
            )
        return cls.from_predictions(
            y,
            estimator.predict_entities(X),
            n_bins=n_bins,
            strategy=strategy,
            name=type(estimator).__name__ if name is None else name,
            ax=ax,
            **line_kw,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true,
        entities,
        *,
        n_bins: int = 10,
        strategy: Literal["uniform", "quantile"] = "uniform",
        name: str | None = None,
        ax=None,
        **line_kw,
    ) -> Self:
        """Draw how often each confidence is correct.

        Parameters
        ----------
        y_true : sequence of list of str
            True tags of each sentence; or its spans of characters (start, end, type).
        entities : list of list of Entity
            What ``predict_entities`` returned for the same sentences.
        n_bins : int, default=10
            Number of bins of the confidence.
        strategy : {"uniform", "quantile"}, default="uniform"
            Whether bins are equally wide, or have equally many entities.
        name : str, default=None
            Name for the legend.
        ax : matplotlib Axes, default=None
            Axes to draw in. None makes a new figure.
        **line_kw : dict
            Arguments of ``plot`` for the curve.

        Returns
        -------
        ConfidenceDisplay
            The drawn display.
        """
        bins = {"n_bins": n_bins, "strategy": strategy}
        curve = entity_calibration_curve(y_true, entities, **bins)
        error = entity_calibration_error(y_true, entities, **bins)
        return cls(curve, error=error, name=name).plot(ax, **line_kw)

    def plot(self, ax=None, *, name: str | None = None, **line_kw) -> Self:
        """Draw the curve.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in. None makes a new figure.
        name : str, default=None
            Name for the legend. None is the display's own.
        **line_kw : dict
            Arguments of ``plot`` for the curve.

        Returns
        -------
        ConfidenceDisplay
            The display itself.
        """
        keys = ("prob_true", "prob_pred", "counts")
        check_result(self.curve, "sklstm.metrics.entity_calibration_curve", *keys)
        (self.ax_,) = make_axes(1, 4.2, ax)
        self.figure_ = self.ax_.figure
        prob_true, prob_pred, counts = (self.curve[key] for key in keys)
        diagonal = "correct as often as said"
        if diagonal not in self.ax_.get_legend_handles_labels()[1]:
            self.ax_.plot([0, 1], [0, 1], "k:", label=diagonal)
        error = None if self.error is None else f"ECE {self.error:.3f}"
        parts = [self.name if name is None else name, error]
        label = ", ".join(filter(None, parts)) or None
        (self.line_,) = self.ax_.plot(prob_pred, prob_true, **{"label": label, **line_kw})
        self.bars_ = self.ax_.bar(
            prob_pred, counts / counts.sum(), width=0.02, color=self.line_.get_color(), alpha=0.3
        )
        self.ax_.set(xlabel="confidence", ylabel="share of correct entities")
        self.ax_.grid(alpha=0.3)
        self.ax_.legend(fontsize="small")
        return self
