"""Shared by the displays: axes, labels of steps, maps by step and unit."""

import numpy as np
from sklearn.utils import Bunch

from sklstm._arguments import describe
from sklstm._html import PALETTE
from sklstm._optional import import_optional

WIDTH_INCHES = 6.4
# of curves, in turn; markers tell them apart in print
CURVES = {"color": PALETTE, "marker": ["o", "s", "^", "D", "v", "P", "X"]}
MAX_MARKERS = 12  # about, on a curve
MAX_NAMES = 40  # steps; an axis with more does not show their tokens


def make_axes(n_panels, height, ax=None):
    """Return axes stacked vertically that share their x axis; `height` is in inches.

    Empty ones draw their curves in `CURVES`; where there are curves, further ones follow in turn.
    """
    panels = _make_axes(n_panels, height, ax)
    for panel in panels:
        if not panel.lines:
            panel.set_prop_cycle(**CURVES)
    return panels


def _make_axes(n_panels, height, ax):
    if ax is None:
        plt = import_optional("matplotlib.pyplot", "plots")
        figure = plt.figure(figsize=(WIDTH_INCHES, height), layout="constrained")
        return figure.subplots(n_panels, sharex=True, squeeze=False)[:, 0]
    if not isinstance(ax, import_optional("matplotlib.axes", "plots").Axes):
        raise TypeError(f"ax must be matplotlib Axes, or None for new ones; got {describe(ax)}.")
    if n_panels == 1:
        return np.array([ax])
    if ax.get_subplotspec() is None:
        raise ValueError(
            f"ax has no place in a grid, so {n_panels} panels cannot share its place: pass "
            "Axes of plt.subplots(), or None for new ones."
        )
    ax.set_axis_off()
    grid = ax.get_subplotspec().subgridspec(n_panels, 1)
    return grid.subplots(sharex=True)


def sparse_markers(n_points):
    """Return the style of a curve whose markers do not crowd."""
    return {"markevery": max(1, n_points // MAX_MARKERS), "markersize": 5}


def draw_star(line, x, y, label):
    """Mark points of a curve by stars in its colour."""
    star = {"marker": "*", "markersize": 14, "markeredgecolor": "black", "linestyle": "none"}
    line.axes.plot(x, y, color=line.get_color(), label=label, zorder=3, **star)


def check_result(result, function, *keys):
    """Check that a display got the result of `function`, with the keys that it draws."""
    if not isinstance(result, Bunch) or not set(keys) <= set(result):
        raise TypeError(
            f"The display draws what {function} returned, a Bunch with {', '.join(keys)}; got "
            f"{describe(result)}. from_estimator computes and draws in one call."
        )


def choose_letters(result, names, letters, kind):
    """Return the names, by letter, of the states or gates to draw: those given, or all."""
    known = [letter for letter in result if letter in names]
    named = list(letters) if isinstance(letters, (str, list, tuple)) else []
    named = known if letters is None else named
    if not named or not all(isinstance(letter, str) and letter in known for letter in named):
        raise ValueError(
            f"{kind} must name some of {known}, which the cell has; got {describe(letters)}."
        )
    return {letter: names[letter] for letter in named}


def name_steps(ax, tokens, n_steps):
    """Label the steps on the x axis with tokens, if they are few enough to read."""
    if tokens is None or n_steps > MAX_NAMES:
        ax.set_xlabel("step")
        ax.xaxis.get_major_locator().set_params(integer=True)
        return
    ax.set_xticks(
        range(n_steps),
        map(shorten, tokens),
        fontsize="small",
        parse_math=False,  # a dollar sign is text
        rotation=60,
        ha="right",
        va="center",
        rotation_mode="anchor",
    )


def shorten(text, longest=20):
    """Shorten a text to one line of at most `longest` characters."""
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def draw_unit_maps(result, names, shares, *, sample, layer, direction, ax=None, **image_kw):
    """Draw states or gates of one layer by step and unit, one map below the other.

    `result` has a list of arrays (L, D, T, H) for each letter in `names`. `shares` are the letters
    of values between 0 and 1; the colours of others are centred on zero.
    """
    tokens = result.tokens and choose(result.tokens, sample, "sample")
    layers = [choose(choose(result[letter], sample, "sample"), layer, "layer") for letter in names]
    maps = [choose(directions, direction, "direction") for directions in layers]  # (T, H) each
    axes = make_axes(len(maps), 1.0 + 1.35 * len(maps), ax)
    for place, (letter, name), values in zip(axes, names.items(), maps, strict=True):
        largest = float(np.abs(values).max()) or 1.0
        style = {"cmap": "RdBu_r", "vmin": -largest, "vmax": largest}
        if letter in shares:
            style = {"cmap": "viridis", "vmin": 0.0, "vmax": 1.0}
        style = {"aspect": "auto", "interpolation": "nearest", **style, **image_kw}
        image = place.imshow(values.T, **style)
        place.set_title(f"{name} ${letter}_t$", loc="left", fontsize="medium")
        place.set_ylabel("unit")
        place.yaxis.get_major_locator().set_params(integer=True)
        place.figure.colorbar(image, ax=place, label=f"${letter}_t$", pad=0.02)
        place.tick_params(labelbottom=place is axes[-1])
    name_steps(axes[-1], tokens, len(maps[0]))
    return axes


def choose(values, index, name):
    """Return ``values[index]``, or raise an error that says how many there are."""
    size = len(values)
    if not isinstance(index, (int, np.integer)) or isinstance(index, bool):
        raise TypeError(f"{name} must be an integer; got {describe(index)}.")
    if not -size <= index < size:
        raise ValueError(
            f"{name}={index} does not exist: there {'is' if size == 1 else 'are'} {size}, "
            f"counted from 0."
        )
    return values[index]
