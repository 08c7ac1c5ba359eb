import colorsys
import copy
import json
import pickle
import re
from dataclasses import FrozenInstanceError
from html.parser import HTMLParser
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklstm import Entity, TaggedText
from sklstm.entities import COLOURS, OTHER_LIGHTNESS, STYLE

TEXT = "Ada Lovelace lived\nin  London."
PERSON = Entity("PER", 0, 2, "Ada Lovelace", 0.98765, 0, 12)
PLACE = Entity("LOC", 4, 5, "London", None, 23, 29)
TOKENS = ["Ada", "Lovelace", "lived", "in", "London", "."]
# of linear RGB: Machado, Oliveira and Fernandes (2009), https://doi.org/10.1109/TVCG.2009.113
DEUTERANOPE = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]])
PROTANOPE = np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]])


class Reader(HTMLParser):
    """Collects the text of a page, and for every tag its attributes."""

    def __init__(self, page):
        super().__init__()
        self.text, self.opened, self.closed = "", [], []
        self.feed(page)
        self.close()

    def handle_data(self, data):
        self.text += data

    def handle_starttag(self, tag, attributes):
        self.opened.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        self.closed.append(tag)


def style_of(type_):
    page = TaggedText(["x"], [Entity(type_, 0, 1, "x")])._repr_html_()
    return next(attributes["style"] for tag, attributes in Reader(page).opened if tag == "mark")


def test_displacy_gets_the_places_of_entities():
    assert TaggedText(TEXT, [PERSON, PLACE]).to_displacy() == {
        "text": TEXT,
        "ents": [
            {"start": 0, "end": 12, "label": "PER"}, {"start": 23, "end": 29, "label": "LOC"},
        ],
        "title": None,
    }  # fmt: skip
    drawn = TaggedText(TOKENS, [PERSON, PLACE]).to_displacy()
    assert [drawn["text"][e["start"] : e["end"]] for e in drawn["ents"]] == [
        "Ada Lovelace", "London",
    ]  # fmt: skip
    far = Entity("PER", 0, 1, "Ada", None, np.int64(0), np.int64(3))
    json.dumps(TaggedText(TEXT, [far]).to_displacy())


class TestEntity:
    def test_is_a_value(self):
        assert PERSON == copy.deepcopy(PERSON) == pickle.loads(pickle.dumps(PERSON))
        assert len({PERSON, copy.copy(PERSON), PLACE}) == 2
        with pytest.raises(FrozenInstanceError):
            PERSON.type = "ORG"

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ((["PER"], 0, 1, "Ada"), r"type of an Entity must be a str, got \['PER'\]"),
            ((None, 0, 1, "Ada"), "type of an Entity must be a str, got None"),
            (("PER", 0, 1, 3), "text of an Entity must be a str, got 3"),
            (("PER", 0, 1, "Ada", "high"), "confidence of an Entity must be a number or None"),
        ],
    )
    def test_refuses_what_could_not_be_drawn(self, fields, message):
        with pytest.raises(TypeError, match=message):
            Entity(*fields)

    def test_repr_can_be_evaluated(self):
        assert eval(repr(PLACE)) == PLACE


class TestPlainText:
    def test_text(self):
        tagged = TaggedText(TEXT, [PERSON, PLACE])
        expected = "[Ada Lovelace](PER) lived\nin  [London](LOC)."
        assert repr(tagged) == f"TaggedText({expected!r})"

    def test_tokens(self):
        for tokens in (TOKENS, tuple(TOKENS)):
            expected = "TaggedText('[Ada Lovelace](PER) lived in [London](LOC) .')"
            assert repr(TaggedText(tokens, (PERSON, PLACE))) == expected

    def test_entities_that_touch(self):
        entities = [Entity("A", 0, 1, "x"), Entity("A", 1, 3, "y z")]
        assert repr(TaggedText(["x", "y", "z"], entities)) == "TaggedText('[x](A) [y z](A)')"
        entities = [Entity("A", 0, 1, "x", None, 0, 1), Entity("B", 1, 2, "y", None, 1, 2)]
        assert repr(TaggedText("xy", entities)) == "TaggedText('[x](A)[y](B)')"

    @pytest.mark.parametrize("text", ["", [], "no names", ["no", "names"]])
    def test_no_entities(self, text):
        plain = text if isinstance(text, str) else " ".join(text)
        assert repr(TaggedText(text, [])) == f"TaggedText({plain!r})"
        assert Reader(TaggedText(text, [])._repr_html_()).text == plain

    def test_any_iterable_and_any_integer_will_do(self):
        entity = Entity("LOC", np.int64(4), np.int32(5), "London")
        tagged = TaggedText(TOKENS, iter([PERSON, entity]))
        assert tagged.entities == [PERSON, entity]
        assert "[London](LOC)" in repr(tagged)
        assert "London" in tagged._repr_html_()


class TestHTML:
    def test_text_and_labels(self):
        page = Reader(TaggedText(TEXT, [PERSON, PLACE])._repr_html_())
        assert page.text == "Ada Lovelace\u00a0PER lived\nin  London\u00a0LOC."
        marks = [attributes for tag, attributes in page.opened if tag == "mark"]
        assert [mark.get("title") for mark in marks] == ["confidence 0.988", None]

    def test_nothing_is_loaded_from_elsewhere(self):
        page = TaggedText(TEXT, [PERSON, PLACE])._repr_html_()
        assert not re.search(r"https?:|url\(|<script|<link|<style|src=", page)

    @given(
        text=st.text(st.sampled_from("<>&\"'/ab\n\u00a0é"), min_size=2),
        kind=st.text(st.sampled_from("<>&\"'b"), min_size=1),
    )
    def test_everything_is_escaped(self, text, kind):
        page = TaggedText(text, [Entity(kind, 0, 1, "", 0.5, 1, len(text))])._repr_html_()
        read = Reader(page)
        assert read.text == f"{text}\u00a0{kind}"
        assert [tag for tag, _ in read.opened] == ["div", "mark", "small"]
        assert read.closed == ["small", "mark", "div"]

    def test_a_type_has_one_colour(self):
        assert style_of("PER") == style_of("PER") != style_of("LOC")
        assert style_of("GPE") == style_of("GPE")
        # A hash that differs from process to process would not do.
        assert "hsl(6, " in style_of("DATE")

    @pytest.mark.parametrize("sees", [np.eye(3), DEUTERANOPE, PROTANOPE])
    def test_common_types_are_far_apart(self, sees):
        seen = [lab(sees @ linear(hue, 80, light)) for hue, light in set(COLOURS.values())]
        assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 20

    def test_letters_have_contrast_in_every_colour(self):
        others = [(hue, OTHER_LIGHTNESS) for hue in range(360)]
        for hue, lightness in [*COLOURS.values(), *others]:
            style = STYLE.format(hue=hue, lightness=lightness)
            colours = re.findall(r"hsl\((\d+), (\d+)%, (\d+)%\)", style)
            ground, letters = (luminance(*map(int, colour)) for colour in colours)
            assert (ground + 0.05) / (letters + 0.05) > 7  # level AAA of WCAG

    def test_text_of_any_direction(self):
        page = Reader(TaggedText(TEXT, [])._repr_html_())
        assert page.opened[0][1]["dir"] == "auto"


def linear(hue, saturation, lightness):
    """Linear RGB."""
    rgb = np.array(colorsys.hls_to_rgb(hue / 360, lightness / 100, saturation / 100))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def luminance(*colour):
    return linear(*colour) @ [0.2126, 0.7152, 0.0722]


def lab(rgb):
    """CIE 1976 L*a*b* of linear RGB: about 2 is a difference that is just seen."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(to_xyz @ rgb.clip(0, 1) / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


class TestRefusals:
    @pytest.mark.parametrize("entities", [None, 3, PERSON])
    def test_entities_that_are_no_iterable(self, entities):
        with pytest.raises(TypeError, match="must be an iterable of Entity"):
            TaggedText(TEXT, entities)

    def test_overlap(self):
        other = Entity("ORG", 1, 3, "Lovelace lived", None, 4, 18)
        with pytest.raises(ValueError, match="Entity 1 begins at start=1, before entity 0 ends at"):
            TaggedText(TOKENS, [PERSON, other])
        with pytest.raises(
            ValueError, match=r"start_char=4, before .* end_char=12.* keep only one"
        ):
            TaggedText(TEXT, [PERSON, other])

    @pytest.mark.parametrize("text", [TEXT, TOKENS])
    def test_out_of_order(self, text):
        with pytest.raises(ValueError, match=r"Entity 1 begins .* Sort entities by start"):
            TaggedText(text, [PLACE, PERSON])

    def test_characters_unknown(self):
        entity = Entity("PER", 0, 2, "Ada Lovelace")
        with pytest.raises(ValueError, match=r"start_char=None .* Pass the tokens instead of"):
            TaggedText(TEXT, [entity])
        TaggedText(TOKENS, [entity])

    @pytest.mark.parametrize(("start", "end"), [(0, 7), (-1, 2), (2, 2), (3, 1)])
    def test_positions_outside_of_the_text(self, start, end):
        message = f"start={start} and end={end}: .* text of 6 tokens, 0 <= start < end <= 6 must"
        with pytest.raises(ValueError, match=message):
            TaggedText(TOKENS, [Entity("PER", start, end, "")])

    def test_characters_outside_of_the_text(self):
        with pytest.raises(ValueError, match=r"end_char=31: .* text of 30 characters"):
            TaggedText(TEXT, [Entity("PER", 0, 1, "", None, 29, 31)])

    @pytest.mark.parametrize("position", [None, "0", 0.0])
    def test_positions_that_are_no_integers(self, position):
        with pytest.raises(ValueError, match=f"Entity 0 has start={position!r} and end=1"):
            TaggedText(TOKENS, [Entity("PER", position, 1, "Ada")])

    @pytest.mark.parametrize("text", [None, b"Ada", 3, ["Ada", None], [TOKENS], np.array(TOKENS)])
    def test_no_text(self, text):
        with pytest.raises(TypeError, match="text must be one str, or the list of str"):
            TaggedText(text, [])

    @pytest.mark.parametrize("entity", [("PER", 0, 1), "PER", None, {"type": "PER"}])
    def test_no_entity(self, entity):
        with pytest.raises(TypeError, match=r"Entity 1 is .*; entities are objects of the class"):
            TaggedText(TOKENS, [PERSON, entity])
