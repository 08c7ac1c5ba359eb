import itertools
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklstm import Entity, Tokenizer
from sklstm.tags import (
    SCHEMES,
    Span,
    allowed_transitions,
    annotations_to_tags,
    check_tags,
    convert_tags,
    infer_scheme,
    span_columns,
    spans_to_tags,
    tags_to_annotations,
    tags_to_spans,
)

PREFIXES = {"IOB1": "IB", "IOB2": "BI", "IOBES": "BIES", "BILOU": "BILU"}
SENTENCE = [("PER", 0, 2), ("PER", 2, 3), ("LOC", 4, 7), ("LOC", 7, 9)]
WRITTEN = {
    "IOB1": "I-PER I-PER B-PER O I-LOC I-LOC I-LOC B-LOC I-LOC",
    "IOB2": "B-PER I-PER B-PER O B-LOC I-LOC I-LOC B-LOC I-LOC",
    "IOBES": "B-PER E-PER S-PER O B-LOC I-LOC E-LOC B-LOC E-LOC",
    "BILOU": "B-PER L-PER U-PER O B-LOC I-LOC L-LOC B-LOC L-LOC",
}


def alphabet(scheme, types=("A", "B-C")):
    return ["O", *(f"{prefix}-{kind}" for prefix in PREFIXES[scheme] for kind in types)]


@st.composite
def spans(draw):
    """Spans of one sentence, and its length."""
    cuts = sorted(draw(st.sets(st.integers(0, 8), max_size=9)))
    kinds = draw(st.lists(st.sampled_from(["A", "B-C", "", None]), min_size=9, max_size=9))
    pairs = zip(itertools.pairwise(cuts), kinds, strict=False)
    return [Span(kind, *cut) for cut, kind in pairs if kind is not None], 8


@pytest.mark.parametrize("scheme", SCHEMES)
def test_one_sentence_in_each_scheme(scheme):
    tags = WRITTEN[scheme].split()
    assert spans_to_tags(SENTENCE, 9, scheme) == tags
    assert tags_to_spans(tags, scheme) == tags_to_spans(tags, None, "conlleval") == SENTENCE
    assert infer_scheme([tags]) == scheme


@pytest.mark.parametrize("scheme", SCHEMES)
@given(spans())
def test_spans_survive_the_way_through_tags(scheme, sentence):
    spans, n_tokens = sentence
    tags = spans_to_tags(reversed(spans), n_tokens, scheme)
    assert tags_to_spans(tags, scheme) == spans
    assert tags_to_spans(tags, scheme, mode="conlleval") == spans
    assert check_tags([tags], scheme) == [tags]


@given(st.lists(spans(), min_size=1), st.sampled_from(SCHEMES), st.sampled_from(SCHEMES))
def test_conversion_equals_writing_in_the_other_scheme(sentences, source, target):
    y = [spans_to_tags(*sentence, source) for sentence in sentences]
    assert convert_tags(y, source, target) == [spans_to_tags(*row, target) for row in sentences]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_sequence_is_well_formed_if_it_can_be_written_from_spans(scheme):
    for n_tokens in range(1, 5):
        for tags in itertools.product(alphabet(scheme, "A"), repeat=n_tokens):
            rewritten = spans_to_tags(tags_to_spans(tags, scheme), n_tokens, scheme)
            assert is_accepted(tags, scheme) == (rewritten == list(tags)), tags


def is_accepted(tags, scheme):
    try:
        check_tags([tags], scheme)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("scheme", SCHEMES)
def test_transitions_allow_just_the_well_formed_sequences(scheme):
    tags = alphabet(scheme)
    start, transitions, end = allowed_transitions(tags, scheme)
    for path in itertools.product(range(len(tags)), repeat=3):
        allowed = start[path[0]] & transitions[path[:-1], path[1:]].all() & end[path[-1]]
        assert allowed == is_accepted([tags[k] for k in path], scheme)


def test_without_a_scheme_everything_may_follow():
    assert all(part.all() for part in allowed_transitions(["NOUN", "VERB"], None))


@given(st.lists(st.lists(st.sampled_from(["O", "B-A", "I-A", "B-B", "I-B"]))), st.data())
def test_columns_equal_the_spans_of_each_sentence(y, data):
    mode = data.draw(st.sampled_from(["strict", "conlleval"]))
    y = [*y, ["O"]]
    columns = span_columns(y, "IOB2", mode)
    offsets = np.cumsum([0, *map(len, y)])
    expected = [
        (kind, number, start + offsets[number], end + offsets[number])
        for number, tags in enumerate(y)
        for kind, start, end in tags_to_spans(tags, "IOB2", mode)
    ]
    assert list(zip(*columns, strict=True)) == expected


@pytest.mark.parametrize(
    ("tags", "strict", "conlleval"),
    [
        ("I-A I-A", "", "A02"),
        ("B-A I-B", "A01", "A01 B12"),
        ("B-A I-A I-B I-A", "A02", "A02 B23 A34"),
        ("O I-A B-A", "A23", "A12 A23"),
    ],
)
def test_modes_differ_where_iob2_is_not_well_formed(tags, strict, conlleval):
    for mode, expected in [("strict", strict), ("conlleval", conlleval)]:
        found = tags_to_spans(tags.split(), "IOB2", mode)
        assert " ".join(f"{kind}{start}{end}" for kind, start, end in found) == expected


@pytest.mark.parametrize(
    ("scheme", "tags", "strict", "conlleval"),
    [
        ("IOBES", ["B-A", "I-A", "O"], [], [("A", 0, 2)]),
        ("IOBES", ["S-A", "E-A"], [("A", 0, 1)], [("A", 0, 1), ("A", 1, 2)]),
        ("BILOU", ["B-A", "U-A"], [("A", 1, 2)], [("A", 0, 1), ("A", 1, 2)]),
        ("IOB1", ["B-A", "I-A"], [], [("A", 0, 2)]),
    ],
)
def test_modes_differ_in_other_schemes_too(scheme, tags, strict, conlleval):
    assert tags_to_spans(tags, scheme) == strict
    assert tags_to_spans(tags, scheme, "conlleval") == conlleval


def test_a_type_may_contain_hyphens_or_be_missing():
    assert tags_to_spans(["B-A-1", "I-A-1"], "IOB2") == [("A-1", 0, 2)]
    assert tags_to_spans(["B", "I", "O"], "IOB2") == [("", 0, 2)]


@pytest.mark.parametrize(
    ("y", "scheme", "message"),
    [
        ([["O"], ["O", "I-PER"]], "IOB2", "Sentence 1, token 1: 'I-PER' after 'O' .* O, B-…"),
        ([["I-PER"]], "IOB2", "token 0: 'I-PER' at the start of the sentence"),
        ([["B-A", "I-B"]], "IOB2", "'I-B' after 'B-A' does not fit IOB2; .*: O, B-…, I-A"),
        ([["O", "B-A"]], "IOB1", "'B-A' after 'O' .*: O, I-…"),
        ([["I-A", "B-B"]], "IOB1", "'B-B' after 'I-A' .*: O, I-…, B-A"),
        ([["B-A", "O"]], "IOBES", "'O' after 'B-A' .*: E-A"),
        ([["O"], [], ["O", "B-A"]], "IOBES", "Sentence 2, token 1: .* end of the sent.*: O, S-…"),
        ([["B", "I", "I"]], "BILOU", "token 2: 'I' at the end of the sentence .*: L"),
        ([["O", "S-A"]], "IOB2", "Sentence 0, token 1: 'S-A' is not a tag of IOB2"),
        ([["O-A"]], "IOB2", "'O-A' is not a tag of IOB2"),
        ([["b-A"]], "IOB2", "'b-A' is not a tag"),
        ([[""]], "IOB2", "'' is not a tag"),
        ([["O"]], "BIO", "scheme must be one of 'IOB1'.* got 'BIO'"),
        ([], "IOB2", "0 sample"),
    ],
)
def test_wrong_tags_are_named_with_their_place(y, scheme, message):
    with pytest.raises(ValueError, match=message):
        check_tags(y, scheme)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["O", "B-A"], "Sentence 0 is 'O' of type str; .* list of one"),
        ("O", "one bare str"),
        ([["O"], ["O", None]], "Sentence 1, token 1: None"),
        ([["O", 3]], "Sentence 0, token 1: 3 of type int"),
        ([None], "Sentence 0 is None"),
    ],
)
def test_what_is_no_list_of_tags_is_refused(y, message):
    with pytest.raises(TypeError, match=message):
        check_tags(y, "IOB2")


def ragged(*rows):
    array = np.empty(len(rows), object)
    array[:] = rows
    return array


@pytest.mark.parametrize(
    "y",
    [
        [("O", "B-A"), ["B-A", "O"]],
        (["O", "B-A"], ["B-A", "O"]),
        np.array([["O", "B-A"], ["B-A", "O"]]),
        np.array([["O", "B-A"], ["B-A", "O"]], object),
        ragged(["O", "B-A"], ["B-A", "O"]),
        [np.array(["O", "B-A"]), np.array(["B-A", "O"], object)],
        pd.Series([["O", "B-A"], ["B-A", "O"]]),
    ],
)
def test_any_container_is_read(y):
    assert [list(tags) for tags in check_tags(y, "IOB2")] == [["O", "B-A"], ["B-A", "O"]]
    assert convert_tags(y, "IOB2", "IOBES") == [["O", "S-A"], ["S-A", "O"]]


def test_sentences_of_one_token_may_be_a_matrix():
    assert check_tags(np.array([["O"], ["B-A"]]), "IOB2") == [["O"], ["B-A"]]


def test_empty_sentences_have_no_spans():
    assert tags_to_spans([], "IOB2") == []
    assert check_tags([[], []], "IOBES") == [[], []]
    assert convert_tags([[], ["B-A"], []], "IOB2", "BILOU") == [[], ["U-A"], []]
    assert len(span_columns([[], []], "IOB1").starts) == 0


@pytest.mark.parametrize(
    ("y", "scheme"),
    [
        ([["O", "O"], []], "IOB2"),
        ([[]], "IOB2"),
        ([["S-A"]], "IOBES"),
        ([["U-A"]], "BILOU"),
        ([["O", "I-A"], ["I-A"]], "IOB1"),
        ([["DET", "NOUN"]], None),
        ([["B", "I", "O"]], "IOB2"),
        ([["I", "I", "O"]], "IOB1"),
        ([["O", "B", "E", "S"]], "IOBES"),
        ([["-LRB-", "O", "NN"]], None),
        ([["NN", "S-X"]], None),
        ([["S", "V", "O"], ["S", "O"]], None),  # subject, verb, object
        ([["B", "M", "E", "S"], ["B", "I"]], None),  # where words begin
        ([["PROPN", "NN-S", "VB-D", "O"]], None),
        ([["X", "I", "_", "", "0", "B", "WP$", "SP_"]], None),
    ],
)
def test_scheme_is_inferred(y, scheme):
    assert infer_scheme(y) == scheme


def test_predictions_decide_where_the_truth_has_no_span():
    assert infer_scheme([["O"]], [["U-A"]]) == "BILOU"
    assert infer_scheme([["B-A"]], [["U-A"]]) == "IOB2"


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([["O", "PER", "B-PER"]], "yet 'PER' has not"),
        ([["B-A", "O", "B-A", "O", "I-A"]], "none of .*'I-A' after 'O' does not fit IOB2"),
        ([["I-A", "O", "I-A", "O", "B-A"]], "none of .*'B-A' after 'O' does not fit IOB1"),
        ([["U-A", "B-A"], ["S-A"]], "none of IOB1, IOB2, IOBES, BILOU. Sentence"),
    ],
)
def test_inference_refuses_what_fits_no_scheme(y, message):
    with pytest.raises(ValueError, match=message):
        infer_scheme(y)


@pytest.mark.parametrize(
    ("tags", "stray", "meant"),
    [
        (["B_PER", "O"], "B_PER", "B-PER"),
        (["I_PER", "O"], "I_PER", "I-PER"),
        (["B-PER", "I_PER", "O"], "I_PER", "I-PER"),
        (["B-PER", "I_PER"], "I_PER", "I-PER"),
        (["PER-B", "PER-I", "O"], "PER-B", "B-PER"),
        (["WORK_OF_ART_U", "O"], "WORK_OF_ART_U", "U-WORK_OF_ART"),
        (["b-per", "i-per", "o"], "b-per", "B-per"),
        (["B PER", "O"], "B PER", "B-PER"),
        (["B\u2013PER", "O"], "B\u2013PER", "B-PER"),
        (["0", "B-PER"], "0", "O"),
        (["b", "i", "o"], "b", "B"),
        (["BPER", "IPER", "O", "BLOC"], "BLOC", "B-LOC"),
        (["Bper", "Iper", "O"], "Bper", "B-per"),
        (["O", "B_PER", "I_PER", "MISC"], "B_PER", "B-PER"),
    ],
)
def test_spans_in_another_spelling_are_loud(tags, stray, meant):
    message = f"{stray!r} looks like {meant!r} in another spelling.*scheme=None"
    with pytest.raises(ValueError, match=message):
        infer_scheme([tags])


@pytest.mark.parametrize(
    "tags",
    [["BUY", "SELL", "O"], ["BUS", "BOAT", "IUS"], ["IN", "UH", "LS", "O"], ["BUS", "LANE", "O"]],
)
def test_words_that_begin_with_a_prefix_are_plain_tags(tags):
    assert infer_scheme([tags]) is None


@pytest.mark.parametrize("tag", ["O\n", "O ", "B-PER\r", "NN ", "\tO"])
def test_blanks_around_tags_are_loud(tag):
    with pytest.raises(ValueError, match="There are blanks around the tag"):
        infer_scheme([["O", tag]])
    with pytest.raises(
        ValueError, match=r"Sentence 0, token 1: .*(strip the tags|not a tag of IOB2)"
    ):
        check_tags([["O", tag]], "IOB2")


def test_some_spans_among_other_tags_are_loud():
    for tags in (["_", "B-PER", "I-PER"], ["O", "M-PER", "B-PER", "E-PER"], ["O", "", "B-PER"]):
        with pytest.raises(ValueError, match="Some tags have the form of spans, yet"):
            infer_scheme([tags])


@pytest.mark.parametrize("span", [("A", 1, 1), ("A", -1, 2), ("A", 2, 4), ("A", 2, 1)])
def test_spans_must_lie_in_the_sentence(span):
    with pytest.raises(ValueError, match="0 <= start < end <= 3"):
        spans_to_tags([span], 3, "IOB2")


def test_spans_must_not_overlap():
    with pytest.raises(ValueError, match="overlaps"):
        spans_to_tags([("A", 1, 3), ("B", 0, 2)], 3, "IOB2")


def test_conversion_checks_its_source():
    with pytest.raises(ValueError, match="Sentence 0, token 0: 'I-A'"):
        convert_tags([["I-A"]], "IOB2", "IOBES")


BROKEN = ["I-A", "I-A", "B-B", "I-A", "O", "I-B", "I-B"]
REPAIRED = {
    "IOB1": "I-A I-A I-B I-A O I-B I-B",
    "IOB2": "B-A I-A B-B B-A O B-B I-B",
    "IOBES": "B-A E-A S-B S-A O B-B E-B",
    "BILOU": "B-A L-A U-B U-A O B-B L-B",
}


@pytest.mark.parametrize("target", SCHEMES)
@pytest.mark.parametrize("source", ["IOB2", None])
def test_conversion_repairs_on_demand(source, target):
    for y in ([BROKEN, []], np.array([BROKEN])):
        (tags, *_) = convert_tags(y, source, target, mode="conlleval")
        assert tags == REPAIRED[target].split()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_repair_leaves_well_formed_tags_alone(scheme):
    tags = WRITTEN[scheme].split()
    assert convert_tags([tags], scheme, scheme, mode="conlleval") == [tags]


@pytest.mark.parametrize("check", [lambda y: check_tags(y, "IOB2"), infer_scheme])
def test_what_is_not_well_formed_can_be_repaired_as_the_error_says(check):
    y = [["O", "I-PER"], ["B-PER"]]
    with pytest.raises(ValueError, match="IOB2") as caught:
        check(y)
    call = str(caught.value).split(". ")[-1].removesuffix(" repairs such tags.")
    assert eval(call) == [["O", "B-PER"], ["B-PER"]]


@pytest.mark.parametrize("arguments", [([["O"]], "IOB2", "IOB2", "repair"), ([["O"]], None, "IOB2"),
                                       ([["O"]], "IOB2", None)])  # fmt: skip
def test_conversion_refuses_unknown_options(arguments):
    with pytest.raises(ValueError, match="must be one of"):
        convert_tags(*arguments)


def test_a_span_that_is_there_twice_counts_once():
    spans = [("A", 0, 2), ("B", 2, 3), ("A", 0, 2)]
    assert spans_to_tags(spans, 3, "IOB2") == ["B-A", "I-A", "B-B"]
    with pytest.raises(ValueError, match="overlaps"):
        spans_to_tags([("A", 0, 2), ("B", 0, 2)], 3, "IOB2")


@pytest.mark.parametrize("span", [(1, 0, 2), ("A", 0.0, 2), ("A", "0", 2), ("A", 0), 7, None])
def test_what_is_no_span_is_refused(span):
    with pytest.raises(TypeError, match=r"is not a span|must be a type"):
        spans_to_tags([span], 3, "IOB2")


@pytest.mark.parametrize(("spans", "n_tokens"), [(3, 3), (None, 3), ([], 3.0), ([], "3"), ([], -1)])
def test_spans_and_number_of_tokens_are_checked(spans, n_tokens):
    with pytest.raises(TypeError, match=r"spans in a list|the number of tokens"):
        spans_to_tags(spans, n_tokens, "IOB2")


@pytest.mark.parametrize("tags", [[1, 2], [None], None, "O", 3, [["O"]]])
@pytest.mark.parametrize("scheme", [None, "IOB2"])
def test_transitions_are_those_of_tags(tags, scheme):
    with pytest.raises(TypeError, match=r"is not a tag|in a list"):
        allowed_transitions(tags, scheme)


def test_an_option_may_be_anything():
    for option in (pd.Series(["IOB2"]), np.array(["IOB2", "O"]), ["IOB2"], 3, {}):
        with pytest.raises(ValueError, match="scheme must be one of"):
            check_tags([["O"]], option)


@pytest.mark.parametrize("arguments", [(["O"], "IOB2", "lenient"), (["O"], "IO"), (["O"], None)])
def test_unknown_options_are_refused(arguments):
    with pytest.raises(ValueError, match="must be one of"):
        tags_to_spans(*arguments)


TEXTS = ["Ada Lovelace, London", "", "İstanbul 🙂 über"]
ANNOTATIONS = [[(14, 20, "LOC"), (0, 12, "PER")], [], [(0, 8, "LOC"), (11, 15, "X")]]
CHAR_SPANS = Tokenizer(punctuation=True).find_char_spans(TEXTS)


def test_annotations_become_tags_and_return():
    y = annotations_to_tags(CHAR_SPANS, ANNOTATIONS, "IOBES")
    assert y == [["B-PER", "E-PER", "O", "S-LOC"], [], ["S-LOC", "O", "S-X"]]
    assert tags_to_annotations(CHAR_SPANS, y, "IOBES") == [sorted(row) for row in ANNOTATIONS]


def test_an_annotation_may_hold_blanks_at_its_ends():
    assert annotations_to_tags(CHAR_SPANS[:1], [[(13, 20, "LOC")]]) == [["O", "O", "O", "B-LOC"]]


@pytest.mark.parametrize("stray", [(1, 12, "PER"), (0, 10, "PER"), (4, 6, "PER"), (50, 60, "PER"),
                                   (0, 1000, "PER")])  # fmt: skip
def test_misaligned_annotations_are_loud(stray):
    annotations = [[], [], [], [(0, 3, "PER")], [stray]]
    char_spans = [CHAR_SPANS[1]] * 3 + [CHAR_SPANS[0]] * 2
    with pytest.raises(ValueError, match=r"Text 4: .* does not begin and end with tokens"):
        annotations_to_tags(char_spans, annotations)
    with pytest.warns(UserWarning, match="1 of 2 annotations .* dropped; the first .* of text 4"):
        y = annotations_to_tags(char_spans, annotations, misaligned="drop")
    assert y[-1] == ["O"] * 4
    with pytest.warns(UserWarning, match="1 of 2 annotations .* expanded"):
        y = annotations_to_tags(char_spans, annotations, misaligned="expand")
    n_touched = {(4, 6): 1, (50, 60): 0, (0, 1000): 4}.get(stray[:2], 2)
    assert sum(tag != "O" for tag in y[-1]) == n_touched


def test_an_annotation_must_not_end_after_the_last_token():
    assert annotations_to_tags([[(0, 3)], []], [[(0, 3, "A")], []]) == [["B-A"], []]
    for tokens, annotation in [([(0, 3)], (0, 4, "A")), ([], (0, 1, "A"))]:
        message = rf"Text 0: .*{re.escape(str(annotation))}.* ends after the last token"
        with pytest.raises(ValueError, match=message):
            annotations_to_tags([tokens], [[annotation]])


@pytest.mark.parametrize("misaligned", ["raise", "expand", "drop"])
def test_an_annotation_that_is_there_twice_counts_once(misaligned):
    annotations = [[(0, 12, "PER"), (14, 20, "LOC"), (0, 12, "PER"), (13, 20, "LOC")]]
    y = annotations_to_tags(CHAR_SPANS[:1], annotations, misaligned=misaligned)
    assert y == [["B-PER", "I-PER", "O", "B-LOC"]]


@pytest.mark.parametrize(
    ("tokens", "error", "message"),
    [
        ([(0, 3, 7), (4, 12, 7)], TypeError, r"Text 1: .*shape \(2, 3\)"),
        ([(4, 12), (0, 3)], ValueError, r"token 1 has the span \(0, 3\)"),
        ([(0, 5), (4, 12)], ValueError, r"token 1 has the span \(4, 12\)"),
        ([(-1, 3)], ValueError, r"token 0 has the span \(-1, 3\)"),
        ([(3, 0)], ValueError, r"token 0 has the span \(3, 0\)"),
        ([(0, 0), (0, 3), (0, 0)], ValueError, "token 0 .* Leave out special tokens"),
        ([(0.0, 3.0)], TypeError, "must be integers .* float64"),
        ([("0", "3")], TypeError, "must be integers"),
        ([(0, 3), (4,)], TypeError, "must be integers"),
        ([0, 3], TypeError, r"shape \(2,\)"),
        (None, TypeError, "must be integers"),
        ("ab", TypeError, "must be integers"),
    ],
)
def test_wrong_char_spans_are_refused(tokens, error, message):
    for call in (
        lambda spans: annotations_to_tags(spans, [[], [(0, 3, "A")]]),
        lambda spans: tags_to_annotations(spans, [["O"], ["O"]], "IOB2"),
    ):
        with pytest.raises(error, match=message):
            call([[(0, 3)], tokens])


def test_char_spans_may_be_arrays():
    for spans in (np.array([[(0, 3)], [(2, 4)]]), [np.array([(0, 3)], np.uint8), [[2, 4]]]):
        assert annotations_to_tags(spans, [[], [(2, 4, "A")]]) == [["O"], ["B-A"]]


@pytest.mark.parametrize(
    ("annotations", "error", "message"),
    [
        (
            [[(4, 12, "B"), (0, 12, "A")]],
            ValueError,
            r"Text 0: \(0, 12, 'A'\) overlaps \(4, 12, 'B'\)",
        ),
        ([[(0, 3, "A"), (0, 3, "B")]], ValueError, r"\(0, 3, 'A'\) overlaps \(0, 3, 'B'\)"),
        ([[(3, 3, "A")]], ValueError, r"\(3, 3, 'A'\) must have 0 <= start < end"),
        ([[(5, 3, "A")]], ValueError, r"\(5, 3, 'A'\) must have 0 <= start < end"),
        ([[(-3, 3, "A")]], ValueError, r"\(-3, 3, 'A'\) must have 0 <= start < end"),
        ([[(0.0, 3.0, "A")]], TypeError, r"\(0.0, 3.0, 'A'\) must be .* two integers"),
        ([[(0, np.nan, "A")]], TypeError, "two integers"),
        ([[("PER", 0, 3)]], TypeError, r"\('PER', 0, 3\) must be \(start, end, type\)"),
        ([[(0, 3, 1)]], TypeError, "a str for the type"),
        ([[(0, 3)]], TypeError, "not an annotation"),
        ([[{"start": 0, "end": 3}]], TypeError, r"not an annotation; one is \(start, end, type\)"),
        ([[{"start": 0, "end": 3, "label": None}]], TypeError, "a str for the type"),
        (
            [[Entity("A", 0, 1, "Ada")]],
            TypeError,
            "if the tagger got a Tokenizer's char_spans",
        ),
        ([["T1\tA 0 3\tAda"]], TypeError, r"From a line of brat, .*, take \(0, 3, 'PER'\)"),
        ([None], TypeError, "the annotations of each text"),
        ([(0, 3, "A")], TypeError, "Text 0: 0 is not an annotation"),
        ([[], []], ValueError, "of 1 texts, annotations of 2"),
    ],
)
def test_wrong_annotations_are_refused(annotations, error, message):
    with pytest.raises(error, match=message):
        annotations_to_tags(CHAR_SPANS[:1], annotations)


class SpacySpan:
    start_char, end_char, label_ = 0, 12, "PER"


@pytest.mark.parametrize(
    "annotation",
    [
        {"start": 0, "end": 12, "label": "PER", "token_start": 0},
        Entity("PER", 0, 2, "Ada Lovelace", 0.9, 0, 12),
        SpacySpan(),
        (np.int64(0), np.uint8(12), np.str_("PER")),
    ],
)
def test_an_annotation_may_have_the_form_of_other_tools(annotation):
    assert annotations_to_tags(CHAR_SPANS[:1], [[annotation]]) == [["B-PER", "I-PER", "O", "O"]]


NESTED = [(0, 3, "A"), (0, 12, "PER"), (4, 12, "B"), (4, 20, "B"), (14, 20, "LOC")]


def test_of_overlapping_annotations_the_longest_may_stay():
    with pytest.warns(UserWarning, match=r"3 of 5 .* share .* is \(0, 12, 'PER'\) of text 0"):
        y = annotations_to_tags(CHAR_SPANS[:1], [NESTED], overlapping="longest")
    assert y == [["B-A", "B-B", "I-B", "I-B"]]
    with pytest.warns(UserWarning, match="1 of 2 annotations share"):
        y = annotations_to_tags(CHAR_SPANS[:1], [NESTED[1:3]], overlapping="longest")
    assert y == [["B-PER", "I-PER", "O", "O"]]
    equal = [[(0, 3, "A"), (0, 3, "B")]]
    with pytest.warns(UserWarning, match=r"is \(0, 3, 'B'\)"):
        assert annotations_to_tags(CHAR_SPANS[:1], equal, overlapping="longest")[0][0] == "B-A"


def test_all_trouble_is_in_one_warning():
    annotations = [[*NESTED, (1, 2, "X")]]
    message = "^1 of 6 annotations do not begin .* 4 of 6 annotations share"
    with pytest.warns(UserWarning, match=message) as caught:
        annotations_to_tags(CHAR_SPANS[:1], annotations, misaligned="expand", overlapping="longest")
    assert len(caught) == 1


def test_tags_and_char_spans_must_agree():
    with pytest.raises(ValueError, match="Text 0 has 4 tokens and 1 tags"):
        tags_to_annotations(CHAR_SPANS[:1], [["O"]], "IOB2")
