"""Losses by epoch as a small picture for notebooks, which needs no matplotlib."""

import numpy as np

from sklstm._html import PALETTE

LOSSES = {"train_loss": "training loss", "valid_loss": "validation loss"}
DASHES = ("none", "5 3")  # tell the curves apart in print
LEFT, TOP, WIDTH, HEIGHT = 50, 8, 260, 90  # of the curves, in pixels
MAX_POINTS = 150  # of a curve
PICTURE = (
    f'<svg width="{LEFT + WIDTH + 140}" height="{TOP + HEIGHT + 18}" role="img" '
    'font-size="11" fill="currentColor" style="display: block; margin: 0.5em 0">'
    "<title>loss by epoch</title>{}</svg>"
)
CURVE = '<polyline points="{}" fill="none" stroke="{}" stroke-width="1.5" stroke-dasharray="{}"/>'
TEXT = '<text x="{}" y="{}" text-anchor="{}">{}</text>'


def draw_losses(histories):
    """Return the losses of networks as SVG, or an empty str if there are no two epochs to draw."""
    curves = {
        label: [np.array([epoch.get(name, np.nan) for epoch in one], float) for one in histories]
        for name, label in LOSSES.items()
    }
    losses = np.concatenate([losses for one in curves.values() for losses in one])
    losses = losses[np.isfinite(losses)]
    n_epochs = max(map(len, histories))
    if n_epochs < 2 or not len(losses):
        return ""
    low, high = losses.min(), losses.max()
    bottom, right = TOP + HEIGHT, LEFT + WIDTH
    parts = [
        TEXT.format(LEFT - 6, TOP + 4, "end", f"{high:.3g}"),
        TEXT.format(LEFT - 6, bottom + 4, "end", f"{low:.3g}"),
        TEXT.format(LEFT, bottom + 16, "middle", "1"),
        TEXT.format(right, bottom + 16, "middle", f"{n_epochs:,}"),
        TEXT.format((LEFT + right) / 2, bottom + 16, "middle", "epoch"),
    ]
    for number, (label, of_networks) in enumerate(curves.items()):
        style = PALETTE[number], DASHES[number]
        drawn = [_points(one, n_epochs, low, high) for one in of_networks]
        if not any(drawn):
            continue
        parts += [CURVE.format(points, *style) for points in drawn]
        y = TOP + 4 + 16 * number
        parts.append(CURVE.format(f"{right + 10},{y - 4} {right + 30},{y - 4}", *style))
        parts.append(TEXT.format(right + 35, y, "start", label))
    return PICTURE.format("".join(parts))


def _points(losses, n_epochs, low, high):
    """Return the points of a curve, as many as can be seen."""
    shown = np.unique(np.linspace(0, len(losses) - 1, MAX_POINTS, dtype=int))
    shown = shown[np.isfinite(losses[shown])]
    x = LEFT + WIDTH * shown / (n_epochs - 1)
    y = TOP + HEIGHT * (high - losses[shown]) / ((high - low) or 1.0)
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
