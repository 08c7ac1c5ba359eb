"""Gates at every step: ``gate_activations`` and its display."""

from typing import Self

from sklearn.utils import Bunch

from sklstm.inspection._drawing import check_result, choose_letters, draw_unit_maps
from sklstm.inspection._inspected_network import InspectedNetwork

NAMES = {
    "i": "input gate",
    "f": "forget gate",
    "o": "output gate",
    "r": "reset gate",
    "z": "update gate",
    "g": "candidate",
    "n": "candidate",
}
SHARES = "iforz"  # between 0 and 1; candidates have either sign


def gate_activations(estimator, X) -> Bunch:
    r"""Compute the gates of every unit at every step.

    A gate [1]_ is a number between 0 and 1 for each unit :math:`j`, such as
    :math:`f_{t,j} = \sigma(W_f x_t + U_f h_{t-1} + b_f)_j`, the share of its cell state that the
    unit keeps. The letters depend on the cell:

    ====== =================================================================
    ``f``  forget gate: the share of the cell state that is kept
    ``i``  input gate: the share of the candidate that is added
    ``o``  output gate: the share of the cell state that is output
    ``r``  reset gate of the GRU: how much of the past the candidate sees
    ``z``  update gate of the GRUs: near 1 the past is kept
    ``g``  candidate for the cell state, of either sign
    ``n``  candidate of the GRUs
    ====== =================================================================

    Parameters
    ----------
    estimator : estimator or Pipeline
        A fitted `LSTMClassifier`, `LSTMRegressor` or `LSTMTagger`, or a pipeline that ends with
        one.
    X : object
        The samples, in any form that `estimator` predicts from; none may be empty.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with:

        f, i, g, ... : list of ndarray of shape (n_layers, n_directions, n_steps, hidden_size)
            For each gate of the cell, by its letter, one array for each sample. Direction 1
            runs backwards; its steps are in time order, too.
        tokens : list of list of str or None
            Names of the steps of each sample: tokens or ids. None for numbers.

    See Also
    --------
    GateActivationsDisplay : Draws them.
    hidden_states : Computes the states.

    Notes
    -----
    Computed without dropout on a copy of the network; the estimator does not change.

    References
    ----------
    .. [1] Karpathy, Johnson and Fei-Fei (2015), Visualizing and understanding recurrent networks.
       https://doi.org/10.48550/arXiv.1506.02078

    Examples
    --------
    >>> from sklstm import LSTMClassifier
    >>> from sklstm.inspection import gate_activations
    >>> X, y = [["a", "good", "film"], ["bad"]] * 8, [1, 0] * 8
    >>> classifier = LSTMClassifier(hidden_size=4, max_epochs=2, random_state=0).fit(X, y)
    >>> gates = gate_activations(classifier, X[:2])
    >>> gates.f[0].shape
    (1, 1, 3, 4)
    >>> gates.tokens[0]
    ['a', 'good', 'film']
    """
    inspected = InspectedNetwork(estimator, X)
    gates = inspected.record("gates")
    if not gates:
        raise ValueError(
            f"This {type(inspected.estimator).__name__} has the cell {inspected.estimator.cell!r}, "
            "which has no gates: look at its hidden_states."
        )
    return Bunch(**gates, tokens=inspected.tokens)


class GateActivationsDisplay:
    """Maps of the gates by step and unit.

    Parameters
    ----------
    gates : :class:`~sklearn.utils.Bunch`
        What `gate_activations` returned.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes, shape (n_gates,)
        One for each gate.
    figure_ : matplotlib Figure
        Their figure.

    See Also
    --------
    gate_activations : Computes the gates.

    Examples
    --------
    >>> from sklstm import LSTMClassifier
    >>> from sklstm.inspection import GateActivationsDisplay
    >>> X, y = [["a", "good", "film"], ["bad"]] * 8, [1, 0] * 8
    >>> classifier = LSTMClassifier(hidden_size=4, max_epochs=2, random_state=0).fit(X, y)
    >>> display = GateActivationsDisplay.from_estimator(classifier, X[:1])
    >>> display.axes_.shape
    (4,)
    """

    def __init__(self, gates):
        self.gates = gates

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        *,
        sample: int = 0,
        layer: int = -1,
        direction: int = 0,
        gates: str | None = None,
        ax=None,
        **image_kw,
    ) -> Self:
        """Compute the gates and draw those of one sample.

        Parameters
        ----------
        estimator : estimator or Pipeline
            See `gate_activations`.
        X : object
            The samples.
        sample : int, default=0
            Which sample to draw.
        layer : int, default=-1
            Which layer; -1 is the top one.
        direction : int, default=0
            0 forwards, 1 backwards.
        gates : str, default=None
            Letters of the gates to draw, such as ``"fi"``. None draws all.
        ax : matplotlib Axes, default=None
            Axes that the maps replace. None makes a new figure.
        **image_kw : dict
            Arguments of ``imshow``.

        Returns
        -------
        GateActivationsDisplay
            The drawn display.
        """
        return cls(gate_activations(estimator, X)).plot(
            ax, sample=sample, layer=layer, direction=direction, gates=gates, **image_kw
        )

    def plot(
        self,
        ax=None,
        *,
        sample: int = 0,
        layer: int = -1,
        direction: int = 0,
        gates: str | None = None,
        **image_kw,
    ) -> Self:
        """Draw the gates of one sample.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes that the maps replace. None makes a new figure.
        sample : int, default=0
            Which sample to draw.
        layer : int, default=-1
            Which layer; -1 is the top one.
        direction : int, default=0
            0 forwards, 1 backwards.
        gates : str, default=None
            Letters of the gates to draw, such as ``"fi"``. None draws all.
        **image_kw : dict
            Arguments of ``imshow``.

        Returns
        -------
        GateActivationsDisplay
            The display itself.
        """
        check_result(self.gates, "gate_activations", "tokens")
        names = choose_letters(self.gates, NAMES, gates, "gates")
        self.axes_ = draw_unit_maps(
            self.gates, names, SHARES, sample=sample, layer=layer, direction=direction, ax=ax,
            **image_kw,
        )  # fmt: skip
        self.figure_ = self.axes_[0].figure
        return self
