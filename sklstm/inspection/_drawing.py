"""What the displays share: axes, names of steps, maps of values by step and unit."""

import numpy as np
from sklearn.utils import Bunch

from sklstm._arrays import describe
from sklstm._optional import import_optional

WIDTH = 6.4  # inches
N_NAMES = 40  # steps up to which their tokens are written out


def make_axes(n_panels, height, ax=None):
    """Make axes below each other, that share their steps.

    Parameters
    ----------
    n_panels : int
        How many.
    height : float
        Of a new figure, in inches.
    ax : Axes, optional
        Whose place they take; a new figure's by default.

    Returns
    -------
    ndarray of Axes, shape (n_panels,)
        From top to bottom.
    """
    if ax is None:
        plt = import_optional("matplotlib.pyplot", "plots")
        figure = plt.figure(figsize=(WIDTH, height), layout="constrained")
        return figure.subplots(n_panels, sharex=True, squeeze=False)[:, 0]
    if not isinstance(ax, import_optional("matplotlib.axes", "plots").Axes):
        raise TypeError(f"ax must be matplotlib Axes, or None for new ones; got {describe(ax)}.")
    if n_panels == 1:
        return np.array([ax])
    if ax.get_subplotspec() is None:
        raise ValueError(
            f"ax stands freely in its figure, so {n_panels} panels cannot share its place: pass "
            "Axes of plt.subplots(), or None for new ones."
        )
    ax.set_axis_off()
    grid = ax.get_subplotspec().subgridspec(n_panels, 1)
    return grid.subplots(sharex=True)


def check_result(result, function, *keys):
    """Check that a display was given what its function returned.

    Parameters
    ----------
    result : object
        What it was given.
    function : str
        The name of the function.
    *keys : str
        What is drawn of the result.
    """
    if not isinstance(result, Bunch) or not set(keys) <= set(result):
        raise TypeError(
            f"The display draws what {function} returned, a Bunch with {', '.join(keys)}; got "
            f"{describe(result)}. from_estimator computes and draws in one call."
        )


def choose_letters(letters, known, name):
    """Check which of several states, or gates, to draw.

    Parameters
    ----------
    letters : str or None
        Their letters; None for all.
    known : list of str
        Those that there are.
    name : str
        What they are called.

    Returns
    -------
    list of str
        The letters.
    """
    if letters is None and known:
        return known
    named = list(letters) if isinstance(letters, (str, list, tuple)) else []
    if not named or not all(isinstance(letter, str) and letter in known for letter in named):
        raise ValueError(
            f"{name} must name some of {known}, which the cell has; got {describe(letters)}."
        )
    return named


def name_steps(ax, tokens, n_steps):
    """Write tokens at the steps, if there are few enough to be read.

    Parameters
    ----------
    ax : Axes
        Whose x axis counts steps.
    tokens : list of str or None
        The tokens.
    n_steps : int
        Their number.
    """
    if tokens is None or n_steps > N_NAMES:
        ax.set_xlabel("step")
        ax.xaxis.get_major_locator().set_params(integer=True)
        return
    ax.set_xticks(
        range(n_steps),
        map(shorten, tokens),
        fontsize="small",
        parse_math=False,  # a dollar is a dollar
        rotation=60,
        ha="right",
        va="center",
        rotation_mode="anchor",
    )


def shorten(text, longest=20):
    """Cut a text that is too long for a label.

    Parameters
    ----------
    text : str
        The text.
    longest : int, default=20
        Characters that there is room for.

    Returns
    -------
    str
        One line.
    """
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def draw_maps(panels, tokens, ax=None, **image_kw):
    """Draw values by step and unit, a map below the other.

    Parameters
    ----------
    panels : list of tuple (str, str, ndarray of shape (n_steps, n_units), bool)
        Of each map the title, the label of its colours, the values, and whether these lie
        between 0 and 1; others are coloured about zero.
    tokens : list of str or None
        Names of the steps.
    ax : Axes, optional
        Where to draw.
    **image_kw : dict
        Arguments of ``imshow``.

    Returns
    -------
    ndarray of Axes
        One for each map.
    """
    axes = make_axes(len(panels), 1.0 + 1.35 * len(panels), ax)
    for place, (title, label, values, is_share) in zip(axes, panels, strict=True):
        largest = float(np.abs(values).max()) or 1.0
        style = {"cmap": "viridis", "vmin": 0.0, "vmax": 1.0}
        if not is_share:
            style = {"cmap": "RdBu_r", "vmin": -largest, "vmax": largest}
        style = {"aspect": "auto", "interpolation": "nearest", **style, **image_kw}
        image = place.imshow(values.T, **style)
        place.set_title(title, loc="left", fontsize="medium")
        place.set_ylabel("unit")
        place.yaxis.get_major_locator().set_params(integer=True)
        place.figure.colorbar(image, ax=place, label=label, pad=0.02)
        place.tick_params(labelbottom=place is axes[-1])
    name_steps(axes[-1], tokens, len(panels[0][2]))
    return axes


def choose(values, index, name):
    """Take an element, and say which there are if it does not exist.

    Parameters
    ----------
    values : sequence
        To choose from.
    index : int
        Which.
    name : str
        What the elements are.

    Returns
    -------
    object
        The element.
    """
    size = len(values)
    if not isinstance(index, (int, np.integer)) or isinstance(index, bool):
        raise TypeError(f"{name} must be an integer; got {describe(index)}.")
    if not -size <= index < size:
        raise ValueError(
            f"{name}={index} does not exist: there {'is' if size == 1 else 'are'} {size}, "
            f"counted from 0."
        )
    return values[index]


def one_layer(values, sample, layer, direction):
    """Take one layer and direction of one sample.

    Parameters
    ----------
    values : list of ndarray of shape (n_layers, n_directions, n_steps, n_units)
        One array for each sample.
    sample, layer, direction : int
        Which.

    Returns
    -------
    ndarray of shape (n_steps, n_units)
        The values.
    """
    layers = choose(values, sample, "sample")
    return choose(choose(layers, layer, "layer"), direction, "direction")
