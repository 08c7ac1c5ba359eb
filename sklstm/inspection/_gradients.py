"""Gradients through time: ``gradient_flow`` and its display."""

from typing import Literal, Self

import numpy as np
import torch
from sklearn.utils import Bunch

from sklstm._arguments import describe
from sklstm.inspection._drawing import (
    check_result,
    choose,
    choose_letters,
    make_axes,
    sparse_markers,
)
from sklstm.inspection._inspected_network import InspectedNetwork
from sklstm.inspection._states import NAMES
from sklstm.nn.recording import record

MAX_CURVES_INSIDE = 4  # with more, the legend is above the axes


def gradient_flow(estimator, X, y=None) -> Bunch:
    r"""Compute the norm of the gradient with respect to the states at every step.

    For sample :math:`n` with :math:`T_n` steps, for each layer, direction and lag :math:`k`, the
    number of steps before the last one, the Euclidean norms of the total derivatives

    .. math::

        \left\| \frac{\partial L_n}{\partial h_{T_n - k}} \right\|, \quad
        \left\| \frac{\partial L_n}{\partial c_{T_n - k}} \right\|

    In a plain recurrent net the product of the Jacobians
    :math:`\partial h_t / \partial h_{t-1}` shrinks or grows exponentially with the lag
    [1]_ [2]_; in an LSTM :math:`\partial c_t / \partial c_{t-1}` contains :math:`f_t`, which the
    network can hold near 1 [3]_.

    Parameters
    ----------
    estimator : estimator or Pipeline
        A fitted `LSTMClassifier`, `LSTMRegressor` or `LSTMTagger`, or a pipeline that ends with
        one.
    X : object
        The samples, in any form that `estimator` predicts from; none may be empty.
    y : object, default=None
        The targets, as for ``fit``. With them :math:`L_n` is the estimator's loss of sample
        :math:`n`, without sample weights. With None it is the output behind the prediction: the
        logit of the predicted class; the one logit of two classes; the sum of the logits of
        several labels, or of numbers in standard deviations of their targets; for a tagger the sum
        of the emissions of the predicted tags.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with:

        h : ndarray of shape (n_layers, n_directions, n_samples, max_steps)
            Norms of :math:`\partial L_n / \partial h` by lag: entry 0 of the last axis is at the
            last step, entry 1 one step before. NaN where a sample is shorter. The last step of
            direction 1, which runs backwards, is the first one in time.
        c : ndarray of shape (n_layers, n_directions, n_samples, max_steps)
            The same for the cell state :math:`c`, if the cell has one.

    See Also
    --------
    GradientFlowDisplay : Draws the norms.

    Notes
    -----
    The gradient of a loss is small where the prediction is good; without `y`, confidence does not
    matter.

    The derivative includes the step's direct effect on the output. With ``pooling="last"`` only the
    last step has one, so the decline by lag is that of the recurrence; with other poolings, and in
    a tagger, every step has one.

    Computed without truncation by `bptt_steps` and without dropout, in float64 on the CPU and on a
    copy of the network; the estimator does not change.

    References
    ----------
    .. [1] Bengio, Simard and Frasconi (1994), Learning long-term dependencies with gradient
       descent is difficult, IEEE Transactions on Neural Networks 5(2).
       https://doi.org/10.1109/72.279181
    .. [2] Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural
       networks, ICML. https://doi.org/10.48550/arXiv.1211.5063
    .. [3] Gers, Schmidhuber and Cummins (2000), Learning to forget: continual prediction with
       LSTM, Neural Computation 12(10). https://doi.org/10.1162/089976600300015015

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import LSTMRegressor
    >>> from sklstm.inspection import gradient_flow
    >>> X = np.random.default_rng(0).normal(size=(50, 8))
    >>> regressor = LSTMRegressor(hidden_size=4, max_epochs=5, random_state=0)
    >>> regressor.fit(X, X[:, 0])
    LSTMRegressor(...)
    >>> flow = gradient_flow(regressor, X)
    >>> flow.c.shape
    (1, 1, 50, 8)
    >>> int(flow.c[0, 0].mean(axis=0).argmax())  # the last step has the largest effect
    0
    """
    inspected = InspectedNetwork(estimator, X)
    inspected.refuse_decoder("gradient_flow")
    if inspected.network.recurrent.chop is not None:
        raise ValueError(
            "gradient_flow follows gradients from the last step to the first, but this network "
            f"chops sequences (chop={inspected.network.recurrent.chop}), and none goes from one "
            "piece to another: take an estimator with chop=None."
        )
    if y is not None:
        inspected.attach_targets(y)
    lengths = inspected.data.lengths
    found = {}
    for rows, x, batch_lengths in inspected.batches():
        with record(inspected.network.recurrent) as runs:
            outputs = inspected.network.forward_embedded(x.requires_grad_(), batch_lengths)
        if y is not None:
            loss = inspected.losses(outputs, rows).sum()
        else:
            loss = _prediction(inspected, outputs, batch_lengths)
        for (name, place), norms in _norms(loss, runs[0]):
            if name not in found:
                layers = (len(runs[0]), len(runs[0][0]))
                found[name] = np.full((*layers, len(lengths), lengths.max()), np.nan)
            for row, values in zip(rows, norms, strict=True):
                found[name][(*place, row)][: lengths[row]] = values[: lengths[row]][::-1]
    return Bunch(**found)


def _norms(loss, layers):
    """Yield the norms of the states of each layer and direction, in processing order."""
    states = [
        ((name, (depth, direction)), steps)
        for depth, traces in enumerate(layers)
        for direction, trace in enumerate(traces)
        for name, steps in trace.steps.items()
    ]
    # the tensors that later states were computed from; h_t too depends on c_t
    every_step = [step for _, steps in states for step in steps]
    gradients = torch.autograd.grad(loss, every_step, materialize_grads=True)
    n_steps = len(states[0][1])
    for start, (key, _) in zip(range(0, len(every_step), n_steps), states, strict=True):
        part = torch.stack(gradients[start : start + n_steps], dim=1)  # (N, T, H)
        yield key, part.norm(dim=2).numpy()


def _prediction(inspected, outputs, lengths):
    """Sum the outputs behind the predictions of a batch."""
    if outputs.ndim == 3:
        paths, _ = inspected.network.crf.viterbi(outputs, lengths)
        return sum(
            row[range(n), path[:n]].sum()
            for row, path, n in zip(outputs, paths, lengths.tolist(), strict=True)
        )
    one_of_many = getattr(inspected.estimator, "_target_kind", None) == "multiclass"
    return outputs.max(dim=1).values.sum() if one_of_many else outputs.sum()


class GradientFlowDisplay:
    r"""Curves of the gradient's norm by lag, on a logarithmic scale.

    Each curve is the median over the samples, with the quartiles shaded. Only long samples reach
    large lags.

    Parameters
    ----------
    flow : :class:`~sklearn.utils.Bunch`
        What `gradient_flow` returned.
    name : str, default=None
        Name of the estimator, for the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        Its figure.
    lines_ : list of matplotlib Line2D
        The medians.

    See Also
    --------
    gradient_flow : Computes the norms.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import LSTMRegressor
    >>> from sklstm.inspection import GradientFlowDisplay
    >>> X = np.random.default_rng(0).normal(size=(50, 8))
    >>> regressor = LSTMRegressor(hidden_size=4, max_epochs=5, random_state=0)
    >>> display = GradientFlowDisplay.from_estimator(regressor.fit(X, X[:, 0]), X)
    >>> len(display.lines_)
    2
    """

    def __init__(self, flow, *, name: str | None = None):
        self.flow = flow
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y=None,
        *,
        states: Literal["h", "c", "hc"] | None = None,
        layer: int | None = None,
        name: str | None = None,
        ax=None,
        **line_kw,
    ) -> Self:
        """Compute the norms and draw them.

        Parameters
        ----------
        estimator : estimator or Pipeline
            See `gradient_flow`.
        X : object
            The samples.
        y : object, default=None
            The targets; see `gradient_flow`.
        states : {"h", "c", "hc"}, default=None
            Which states to draw. None draws all that the cell has.
        layer : int, default=None
            Which layer to draw. None draws all.
        name : str, default=None
            Name of the estimator, for the legend.
        ax : matplotlib Axes, default=None
            Where to draw, possibly beside another estimator's curves. None makes a new figure.
        **line_kw : dict
            Arguments of matplotlib's ``Axes.plot``.

        Returns
        -------
        GradientFlowDisplay
            The drawn display.
        """
        display = cls(gradient_flow(estimator, X, y), name=name)
        return display.plot(ax, states=states, layer=layer, **line_kw)

    def plot(
        self,
        ax=None,
        *,
        states: Literal["h", "c", "hc"] | None = None,
        layer: int | None = None,
        name: str | None = None,
        **line_kw,
    ) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw, possibly beside another estimator's curves. None makes a new figure.
        states : {"h", "c", "hc"}, default=None
            Which states to draw. None draws all that the cell has.
        layer : int, default=None
            Which layer to draw. None draws all.
        name : str, default=None
            Name of the estimator, for the legend. None is the name of the display.
        **line_kw : dict
            Arguments of matplotlib's ``Axes.plot``.

        Returns
        -------
        GradientFlowDisplay
            The display itself.
        """
        check_result(self.flow, "gradient_flow", "h")
        name = self.name if name is None else name
        if not isinstance(name, (str, type(None))):
            raise TypeError(f"name must be a str, or None; got {describe(name)}.")
        states = choose_letters(self.flow, NAMES, states, "states")
        n_layers, n_directions = self.flow.h.shape[:2]
        layers = range(n_layers) if layer is None else [choose(range(n_layers), layer, "layer")]
        (self.ax_,) = make_axes(1, 3.8, ax)
        self.figure_ = self.ax_.figure
        self.lines_ = []
        for depth in layers:
            for direction in range(n_directions):
                places = [f"layer {depth + 1}"] if n_layers > 1 else []
                places += [("forwards", "backwards")[direction]] if n_directions > 1 else []
                self._draw(depth, direction, states, [name] if name else [], places, line_kw)
        self.ax_.set(
            xlabel="lag: steps before the last",
            ylabel="norm of the gradient",
            yscale="log",
        )
        self.ax_.grid(alpha=0.3)
        style = {}
        if len(self.ax_.lines) > MAX_CURVES_INSIDE:
            style = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": 2}
        self.ax_.legend(fontsize="small", **style)
        return self

    def _draw(self, depth, direction, states, names, places, line_kw):
        """Draw one layer and direction in one colour, the cell state dashed."""
        curve = sparse_markers(self.flow.h.shape[-1])
        for state in states:
            norms = self.flow[state][depth, direction]  # (N, T)
            low, middle, high = np.nanquantile(norms, [0.25, 0.5, 0.75], axis=0)
            symbol = rf"$\|\partial L / \partial {state}_t\|$"
            style = {"label": ", ".join([*names, symbol, *places]), **curve}
            style["linestyle"] = "--" if state == "c" else "-"
            (line,) = self.ax_.plot(middle, **{**style, **line_kw})
            curve |= {"color": line.get_color(), "marker": line.get_marker()}
            if len(norms) > 1:
                self.ax_.fill_between(
                    range(len(middle)), low, high, alpha=0.15, linewidth=0, color=line.get_color()
                )
            self.lines_.append(line)
