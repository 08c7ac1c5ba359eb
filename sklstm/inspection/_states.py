"""Hidden and cell states at every step: ``hidden_states`` and its display."""

from typing import Literal, Self

from sklearn.utils import Bunch

from sklstm.inspection._drawing import check_result, choose_letters, draw_unit_maps
from sklstm.inspection._inspected_network import InspectedNetwork

NAMES = {"h": "hidden state", "c": "cell state"}


def hidden_states(estimator, X) -> Bunch:
    r"""Compute the hidden and cell states of every unit at every step.

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

        h : list of ndarray of shape (n_layers, n_directions, n_steps, hidden_size)
            The hidden state :math:`h_t`, one array for each sample. Direction 1 runs
            backwards; its steps are in time order, too.
        c : list of ndarray of shape (n_layers, n_directions, n_steps, hidden_size)
            The cell state :math:`c_t`, of cells that have one.
        tokens : list of list of str or None
            Names of the steps of each sample: tokens or ids. None for numbers.

    See Also
    --------
    HiddenStatesDisplay : Draws them.
    gate_activations : Computes the gates.

    Notes
    -----
    Computed without dropout on a copy of the network; the estimator does not change.

    Examples
    --------
    >>> from sklstm import LSTMClassifier
    >>> from sklstm.inspection import hidden_states
    >>> X, y = [["a", "good", "film"], ["bad"]] * 8, [1, 0] * 8
    >>> classifier = LSTMClassifier(hidden_size=4, max_epochs=2, random_state=0).fit(X, y)
    >>> states = hidden_states(classifier, X[:2])
    >>> states.h[0].shape, states.c[1].shape
    ((1, 1, 3, 4), (1, 1, 1, 4))
    """
    inspected = InspectedNetwork(estimator, X)
    return Bunch(**inspected.record("states"), tokens=inspected.tokens)


class HiddenStatesDisplay:
    """Maps of the states by step and unit.

    Parameters
    ----------
    states : :class:`~sklearn.utils.Bunch`
        What `hidden_states` returned.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes, shape (n_states,)
        One for each state.
    figure_ : matplotlib Figure
        Their figure.

    See Also
    --------
    hidden_states : Computes the states.

    Examples
    --------
    >>> from sklstm import LSTMClassifier
    >>> from sklstm.inspection import HiddenStatesDisplay
    >>> X, y = [["a", "good", "film"], ["bad"]] * 8, [1, 0] * 8
    >>> classifier = LSTMClassifier(hidden_size=4, max_epochs=2, random_state=0).fit(X, y)
    >>> display = HiddenStatesDisplay.from_estimator(classifier, X[:1])
    >>> display.axes_.shape
    (2,)
    """

    def __init__(self, states):
        self.states = states

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        *,
        sample: int = 0,
        layer: int = -1,
        direction: int = 0,
        states: Literal["h", "c", "hc"] | None = None,
        ax=None,
        **image_kw,
    ) -> Self:
        """Compute the states and draw those of one sample.

        Parameters
        ----------
        estimator : estimator or Pipeline
            See `hidden_states`.
        X : object
            The samples.
        sample : int, default=0
            Which sample to draw.
        layer : int, default=-1
            Which layer; -1 is the top one.
        direction : int, default=0
            0 forwards, 1 backwards.
        states : {"h", "c", "hc"}, default=None
            Which states to draw. None draws all that the cell has.
        ax : matplotlib Axes, default=None
            Axes that the maps replace. None makes a new figure.
        **image_kw : dict
            Arguments of ``imshow``.

        Returns
        -------
        HiddenStatesDisplay
            The drawn display.
        """
        return cls(hidden_states(estimator, X)).plot(
            ax, sample=sample, layer=layer, direction=direction, states=states, **image_kw
        )

    def plot(
        self,
        ax=None,
        *,
        sample: int = 0,
        layer: int = -1,
        direction: int = 0,
        states: Literal["h", "c", "hc"] | None = None,
        **image_kw,
    ) -> Self:
        """Draw the states of one sample.

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
        states : {"h", "c", "hc"}, default=None
            Which states to draw. None draws all that the cell has.
        **image_kw : dict
            Arguments of ``imshow``.

        Returns
        -------
        HiddenStatesDisplay
            The display itself.
        """
        check_result(self.states, "hidden_states", "h", "tokens")
        names = choose_letters(self.states, NAMES, states, "states")
        self.axes_ = draw_unit_maps(
            self.states, names, "", sample=sample, layer=layer, direction=direction, ax=ax,
            **image_kw,
        )  # fmt: skip
        self.figure_ = self.axes_[0].figure
        return self
