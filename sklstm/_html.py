"""Tables and colours of what notebooks show."""

from html import escape

# by Okabe and Ito, safe for the colour-blind
PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]

TABLE = '<table style="font-variant-numeric: tabular-nums">{}</table>'
CELL = '<{kind} style="text-align: {side}">{value}</{kind}>'


def make_table(rows, header=None):
    """Return a table as HTML. The first cell of a row is its heading; integers stand right."""
    rows = [[_cell("th", row[0]), *(_cell("td", value) for value in row[1:])] for row in rows]
    if header is not None:
        rows.insert(0, [_cell("th", name) for name in header])
    return TABLE.format("".join(f"<tr>{''.join(row)}</tr>" for row in rows))


def _cell(kind, value):
    side = "right" if isinstance(value, int) else "left"
    value = f"{value:,}" if isinstance(value, int) else escape(value)
    return CELL.format(kind=kind, side=side, value=value)
