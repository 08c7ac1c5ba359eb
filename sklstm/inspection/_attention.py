"""Attention of a decoder: ``attention_weights`` and its display."""

from typing import Self

import torch
from sklearn.utils import Bunch

from sklstm._arguments import describe
from sklstm._arrays import check_same_length
from sklstm.inspection._drawing import MAX_NAMES, check_result, choose, make_axes, shorten
from sklstm.inspection._inspected_network import InspectedNetwork
from sklstm.nn.batches import in_row_order
from sklstm.seq2seq import LSTMSeq2Seq

FONT_POINTS = 8.5  # of labels
SHORT_CHARACTERS = 2  # longer labels are rotated
BLANK = "␣"


def attention_weights(estimator, X, y=None) -> Bunch:
    r"""Compute the attention weights of the decoder for each output symbol.

    To predict the symbol :math:`y_i`, a decoder with attention [1]_ averages the encoder's outputs
    over the steps :math:`j` of the source, with the weights

    .. math:: \alpha_{ij} = \mathrm{softmax}_j(e_{ij})

    Parameters
    ----------
    estimator : estimator or Pipeline
        A fitted `LSTMSeq2Seq` with attention, or a pipeline that ends with one.
    X : object
        The sources, in any form that `estimator` predicts from; none may be empty.
    y : list of str, or list of lists of str, default=None
        The outputs to align with the sources. None takes those that `estimator` predicts.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with:

        weights : list of ndarray of shape (n_symbols, n_steps)
            :math:`\alpha`, one array for each sample; each row sums to 1.
        tokens : list of list of str or None
            Names of the steps of each source: characters, tokens or ids. None for numbers.
        outputs : list of list of str
            The symbols of each output.

    See Also
    --------
    AttentionDisplay : Draws them.

    Notes
    -----
    A weight says which step the decoder attends to. The encoder's output at that step also depends
    on its neighbours.

    Computed without dropout on a copy of the network; the estimator does not change.

    References
    ----------
    .. [1] Bahdanau, Cho and Bengio (2015), Neural machine translation by jointly learning to
       align and translate, ICLR. https://doi.org/10.48550/arXiv.1409.0473

    Examples
    --------
    >>> from sklstm import LSTMSeq2Seq
    >>> from sklstm.inspection import attention_weights
    >>> X, y = ["go", "stop"] * 8, ["went", "stopped"] * 8
    >>> model = LSTMSeq2Seq(hidden_size=4, max_epochs=2, random_state=0).fit(X, y)
    >>> attention_weights(model, ["go"], ["went"]).weights[0].shape
    (4, 2)
    """
    inspected = InspectedNetwork(estimator, X)
    model = inspected.estimator
    if not isinstance(model, LSTMSeq2Seq):
        raise TypeError(f"attention_weights needs an LSTMSeq2Seq; got an {type(model).__name__}.")
    if inspected.network.attention is None:
        raise ValueError(
            "This LSTMSeq2Seq was fitted with attention=None: there are no weights to show. Fit "
            'it with attention="additive" or "dot".'
        )
    y = model._check_targets(estimator.predict(X) if y is None else y)
    check_same_length(X=inspected.data, y=y)
    targets = model._symbols.encode(y)

    @torch.no_grad()
    def compute(rows, x, lengths):
        weights = inspected.network.attention_weights(x, lengths, targets.padded(rows))
        for row, length, of_sample in zip(rows, lengths, weights.numpy(), strict=True):
            yield of_sample[: len(y[row]), :length].astype(model._encoder.dtype)

    weights = in_row_order((batch[0], compute(*batch)) for batch in inspected.batches())
    return Bunch(weights=weights, tokens=inspected.tokens, outputs=list(map(list, y)))


class AttentionDisplay:
    """A heat map of the weights: the source from left to right, the output downwards.

    Parameters
    ----------
    attention : :class:`~sklearn.utils.Bunch`
        What `attention_weights` returned.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        Its figure.
    image_ : matplotlib AxesImage
        The map.

    See Also
    --------
    attention_weights : Computes the weights.

    Examples
    --------
    >>> from sklstm import LSTMSeq2Seq
    >>> from sklstm.inspection import AttentionDisplay
    >>> X, y = ["go", "stop"] * 8, ["went", "stopped"] * 8
    >>> model = LSTMSeq2Seq(hidden_size=4, max_epochs=2, random_state=0).fit(X, y)
    >>> display = AttentionDisplay.from_estimator(model, ["stop"], ["stopped"])
    >>> display.image_.get_array().shape
    (7, 4)
    """

    def __init__(self, attention):
        self.attention = attention

    @classmethod
    def from_estimator(
        cls, estimator, X, y=None, *, sample: int = 0, ax=None, colorbar: bool = True, **image_kw
    ) -> Self:
        """Compute the weights and draw those of one sample.

        Parameters
        ----------
        estimator : estimator or Pipeline
            See `attention_weights`.
        X : object
            The sources.
        y : list of str, or list of lists of str, default=None
            The outputs; see `attention_weights`.
        sample : int, default=0
            Which sample to draw.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        colorbar : bool, default=True
            Whether to draw a colour bar.
        **image_kw : dict
            Arguments of ``imshow``.

        Returns
        -------
        AttentionDisplay
            The drawn display.
        """
        display = cls(attention_weights(estimator, X, y))
        return display.plot(ax, sample=sample, colorbar=colorbar, **image_kw)

    def plot(self, ax=None, *, sample: int = 0, colorbar: bool = True, **image_kw) -> Self:
        """Draw the weights of one sample.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        sample : int, default=0
            Which sample to draw.
        colorbar : bool, default=True
            Whether to draw a colour bar.
        **image_kw : dict
            Arguments of ``imshow``.

        Returns
        -------
        AttentionDisplay
            The display itself.
        """
        check_result(self.attention, "attention_weights", "weights", "tokens", "outputs")
        weights = choose(self.attention.weights, sample, "sample")
        if not len(weights):
            raise ValueError(f"The output of sample {sample} is empty: there is nothing to draw.")
        (self.ax_,) = make_axes(1, min(8.0, 1.2 + 0.22 * len(weights)), ax)
        self.figure_ = self.ax_.figure
        style = {"aspect": "auto", "interpolation": "nearest", "vmin": 0.0, "vmax": 1.0}
        self.image_ = self.ax_.imshow(weights, **{**style, **image_kw})
        if not isinstance(colorbar, bool):
            raise TypeError(f"colorbar must be True or False; got {describe(colorbar)}.")
        if colorbar:
            self.figure_.colorbar(self.image_, ax=self.ax_, label="attention weight", pad=0.02)
        tokens = self.attention.tokens and self.attention.tokens[sample]
        _name_places(self.ax_.xaxis, tokens, "source")
        _name_places(self.ax_.yaxis, self.attention.outputs[sample], "output")
        return self


def _name_places(axis, symbols, side):
    """Label an axis with symbols, if they are known and few enough to read."""
    if symbols is None or len(symbols) > MAX_NAMES:
        axis.set_label_text(f"step of the {side}")
        axis.get_major_locator().set_params(integer=True)
        return
    axis.set_label_text(side)
    labels = [shorten(symbol) or BLANK for symbol in symbols]
    style = {"va": "center_baseline"}
    if axis.axis_name == "x" and max(map(len, labels)) > SHORT_CHARACTERS:
        style = {"rotation": 60, "ha": "right", "va": "center", "rotation_mode": "anchor"}
    elif axis.axis_name == "x":
        style = {"va": "baseline"}  # as letters stand on a line
        axis.set_tick_params(pad=FONT_POINTS + 3)
    axis.set_ticks(range(len(labels)), labels, fontsize=FONT_POINTS, parse_math=False, **style)
