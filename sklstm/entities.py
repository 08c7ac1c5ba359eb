"""Named entities in their text: ``Entity`` and ``TaggedText``."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate, pairwise
from numbers import Integral, Real
from typing import Any

from sklstm._arguments import describe

# Degrees on the colour wheel and lightness, far apart for the most common types, for the
# colour-blind too: to them blue and violet, or green and orange, differ in lightness only.
COLOURS = {
    "PER": (205, 86),
    "PERSON": (205, 86),
    "LOC": (150, 82),
    "ORG": (35, 76),
    "MISC": (280, 78),
}
OTHER_LIGHTNESS = 86

# Dark letters on a light background: readable on pages of any colour.
STYLE = "background: hsl({hue}, 80%, {lightness}%); color: hsl({hue}, 90%, 12%)"
TEXT = '<div dir="auto" style="white-space: pre-wrap; line-height: 1.9">{}</div>'
ENTITY = (
    '<mark{title} style="{colours}; padding: 0.15em 0.35em; border-radius: 0.35em; '
    '-webkit-box-decoration-break: clone; box-decoration-break: clone">'
    '{text}&nbsp;<small style="font-weight: bold; user-select: none">{type}</small></mark>'
)


@dataclass(frozen=True)
class Entity:
    """A named entity: its type, its position in the text, and its confidence.

    Parameters
    ----------
    type : str
        The type, such as ``"PER"``.
    start, end : int
        Positions of its first token and after its last one.
    text : str
        The name as in the text, or its tokens joined by spaces.
    confidence : float, default=None
        Probability of the entity, from 0 to 1; None if unknown.
    start_char, end_char : int, default=None
        Positions of its first character and after its last one; None if only tokens are known.

    Raises
    ------
    TypeError
        If `type` or `text` is not a str, or `confidence` not a number.

    See Also
    --------
    TaggedText : Draws entities in their text.

    Examples
    --------
    >>> from sklstm import Entity
    >>> Entity("PER", 0, 2, "Ada Lovelace")
    Entity(type='PER', start=0, end=2, text='Ada Lovelace', confidence=None, start_char=None,
           end_char=None)
    """

    type: str
    start: int
    end: int
    text: str
    confidence: float | None = None
    start_char: int | None = None
    end_char: int | None = None

    def __post_init__(self):
        """Check the types of what is drawn."""
        for name in ("type", "text"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"{name} of an Entity must be a str, got {getattr(self, name)!r}.")
        if not isinstance(self.confidence, Real | None):
            raise TypeError(
                f"confidence of an Entity must be a number or None, got {self.confidence!r}."
            )


class TaggedText:
    """A text with its entities, shown in colour in notebooks.

    Jupyter and the Sphinx gallery show each entity in the colour of its type, followed by the type;
    hovering shows its confidence. In plain text, entities are in brackets, types in parentheses.

    Parameters
    ----------
    text : str or list of str
        The text, or its tokens, which are joined by spaces. Entities are placed by `start_char` and
        `end_char` in a text, and by `start` and `end` among tokens.
    entities : iterable of Entity
        The entities, in order and without overlap.

    Attributes
    ----------
    text : str or list of str
        The text or the tokens as given.
    entities : list of Entity
        The entities.

    Raises
    ------
    TypeError
        If `text` is neither a str nor a list of str, or an entity is not an :class:`Entity`.
    ValueError
        If an entity lacks its positions or exceeds the text, or if entities overlap or are not in
        order.

    Examples
    --------
    >>> from sklstm import Entity, TaggedText
    >>> tokens = ["Ada", "Lovelace", "lived", "in", "London"]
    >>> TaggedText(tokens, [Entity("PER", 0, 2, "Ada Lovelace"), Entity("LOC", 4, 5, "London")])
    TaggedText('[Ada Lovelace](PER) lived in [London](LOC)')
    """

    def __init__(self, text: str | Sequence[str], entities):
        _check_text(text)
        self.text = text
        if not isinstance(entities, Iterable):
            raise TypeError(f"entities must be an iterable of Entity, got {describe(entities)}.")
        self.entities = list(entities)
        if isinstance(text, str):
            _check_entities(self.entities, ("start_char", "end_char"), len(text), "characters")
        else:
            _check_entities(self.entities, ("start", "end"), len(text), "tokens")

    def to_displacy(self) -> dict[str, Any]:
        """Return what spaCy's visualizer displaCy draws.

        Returns
        -------
        dict
            ``text``, and ``ents`` with ``start``, ``end`` and ``label``, for
            ``displacy.render(d, style="ent", manual=True)``.

        Examples
        --------
        >>> from sklstm import Entity, TaggedText
        >>> TaggedText(["in", "London"], [Entity("LOC", 1, 2, "London")]).to_displacy()
        {'text': 'in London', 'ents': [{'start': 3, 'end': 9, 'label': 'LOC'}], 'title': None}
        """
        text, spans = self._characters()
        ents = [
            {"start": int(start), "end": int(end), "label": entity.type}
            for entity, (start, end) in zip(self.entities, spans, strict=True)
        ]
        return {"text": text, "ents": ents, "title": None}

    def __repr__(self):
        pieces = (f"[{text}]({entity.type})" if entity else text for text, entity in self._pieces())
        return f"{type(self).__name__}({''.join(pieces)!r})"

    def _repr_html_(self):
        pieces = (
            _draw_entity(text, entity) if entity else escape(text)
            for text, entity in self._pieces()
        )
        return TEXT.format("".join(pieces))

    def _pieces(self):
        """Yield the text in pieces, each with its entity, or None between entities."""
        text, spans = self._characters()
        position = 0
        for entity, (start, end) in zip(self.entities, spans, strict=True):
            yield text[position:start], None
            yield text[start:end], entity
            position = end
        yield text[position:], None

    def _characters(self):
        """Return the text, and the start and end of each entity in it."""
        if isinstance(self.text, str):
            return self.text, [(entity.start_char, entity.end_char) for entity in self.entities]
        starts = list(accumulate((len(token) + 1 for token in self.text), initial=0))
        spans = [(starts[entity.start], starts[entity.end] - 1) for entity in self.entities]
        return " ".join(self.text), spans


def _draw_entity(text, entity):
    of_name = (zlib.crc32(entity.type.encode()) % 360, OTHER_LIGHTNESS)
    hue, lightness = COLOURS.get(entity.type, of_name)
    known = entity.confidence is not None
    return ENTITY.format(
        title=f' title="confidence {entity.confidence:.3f}"' if known else "",
        colours=STYLE.format(hue=hue, lightness=lightness),
        text=escape(text),
        type=escape(entity.type),
    )


def _check_text(text):
    if isinstance(text, str):
        return
    if not isinstance(text, (list, tuple)) or not all(isinstance(token, str) for token in text):
        raise TypeError(
            f"text must be one str, or the list of str that are its tokens, got {describe(text)}."
        )


def _check_entities(entities, names, length, unit):
    """Check that the positions called `names` exist, lie in the text, and are in order."""
    for number, entity in enumerate(entities):
        if not isinstance(entity, Entity):
            raise TypeError(
                f"Entity {number} is {describe(entity)}; entities are objects of the class Entity."
            )
    spans = [tuple(getattr(entity, name) for name in names) for entity in entities]
    for number, (entity, span) in enumerate(zip(entities, spans, strict=True)):
        if not all(isinstance(position, Integral) for position in span):
            hint = " Pass the tokens instead of the text." if unit == "characters" else ""
            raise ValueError(
                f"Entity {number} has {names[0]}={span[0]!r} and {names[1]}={span[1]!r}: {entity}. "
                f"Its position in the {unit} of the text must be known.{hint}"
            )
        if not 0 <= span[0] < span[1] <= length:
            raise ValueError(
                f"Entity {number} has {names[0]}={span[0]} and {names[1]}={span[1]}: {entity}. In "
                f"a text of {length} {unit}, 0 <= {names[0]} < {names[1]} <= {length} must hold."
            )
    for number, (before, span) in enumerate(pairwise(spans), 1):
        if span[0] < before[1]:
            raise ValueError(
                f"Entity {number} begins at {names[0]}={span[0]}, before entity {number - 1} ends "
                f"at {names[1]}={before[1]}. Sort entities by {names[0]}, and keep only one of "
                "those that overlap."
            )
