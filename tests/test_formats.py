import gzip
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklstm import Entity, Tokenizer
from sklstm.formats import (
    from_spacy_offsets,
    read_brat,
    read_conllu,
    read_docbin,
    read_doccano,
    read_label_studio,
    to_spacy_offsets,
    write_brat,
    write_conllu,
    write_docbin,
    write_doccano,
    write_label_studio,
)
from sklstm.tags import annotations_to_tags, tags_to_annotations

TEXTS = ["Ada Lovelace lived in London.", "", "🙂 naïve\u2028 São\nPaulo 🙂 x"]
SPANS = [[(22, 28, "LOC"), (0, 12, "PER"), (0, 3, "A|B=c"), (0, 12, "PER")], [], [(9, 18, "LOC")]]
BY_FILE = {
    "brat": (read_brat, write_brat),
    "doccano": (read_doccano, write_doccano),
    "Label Studio": (read_label_studio, write_label_studio),
}
FEW = settings(max_examples=40, database=None, deadline=None, derandomize=True)


@st.composite
def marked_texts(draw):
    """A text of any characters, and spans in it, which may overlap."""
    alphabet = st.one_of(
        st.sampled_from(" \n\r\t\ufeff\x85\u2028a🙂"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    )
    text = draw(st.text(alphabet, min_size=1, max_size=12))
    place = st.integers(0, len(text))
    spans = draw(st.lists(st.tuples(place, place, st.sampled_from(["PER", "ä-1", "x|y=z;"]))))
    return text, [(start, end, kind) for start, end, kind in spans if start < end]


def is_kept_by_brat(text, span):
    return not {text[span[0]], text[span[1] - 1]} & {"\r", "\n"}


@pytest.mark.parametrize("name", BY_FILE)
def test_what_is_written_is_read_again(name, tmp_path):
    read, write = BY_FILE[name]
    write(tmp_path / "x.json", TEXTS, SPANS)
    bunch = read(tmp_path / "x.json")
    assert (bunch.data, bunch.target) == (TEXTS, SPANS)
    assert read(tmp_path / "x.json", return_X_y=True) == (TEXTS, SPANS)
    assert bunch.target_names == ["A|B=c", "LOC", "PER"]
    assert "3 texts, 5 spans" in bunch.DESCR
    names = ["b", "c", "a"] if name != "brat" else ["1", "2", "3"]
    write(tmp_path / "y.json", np.array(TEXTS), SPANS, ids=names)
    assert read(str(tmp_path / "y.json")).ids == names


@pytest.mark.parametrize("name", BY_FILE)
def test_any_text_and_spans_survive(name, tmp_path):
    read, write = BY_FILE[name]

    @FEW
    @given(st.lists(marked_texts(), min_size=1, max_size=3))
    def one(rows):
        texts, spans = map(list, zip(*rows, strict=True))
        if name == "brat":
            pairs = zip(texts, spans, strict=True)
            spans = [[span for span in row if is_kept_by_brat(t, span)] for t, row in pairs]
        write(tmp_path / "x.json", texts, spans, ids=[f"{n:03}" for n in range(len(texts))])
        again, found = read(tmp_path / "x.json", return_X_y=True)
        assert again[: len(texts)] == texts
        assert found[: len(texts)] == spans

    one()


@pytest.mark.parametrize("name", ["doccano", "Label Studio"])
def test_files_may_be_packed_and_begin_with_a_mark(name, tmp_path):
    read, write = BY_FILE[name]
    path = tmp_path / "x.json.gz"
    write(path, TEXTS, SPANS)
    content = gzip.decompress(path.read_bytes())
    (tmp_path / "y").write_bytes(b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"))
    assert read(path, return_X_y=True) == read(tmp_path / "y", return_X_y=True) == (TEXTS, SPANS)


@pytest.mark.parametrize("write", [write_brat, write_doccano, write_label_studio])
def test_spans_may_be_entities_or_dicts(write, tmp_path):
    forms = [
        (0, 3, "PER"), {"start": 0, "end": 3, "label": "PER"},
        Entity("PER", 0, 1, "Ada", None, 0, 3), [np.int64(0), 3, np.str_("PER")],
    ]  # fmt: skip
    for number, form in enumerate(forms):
        write(tmp_path / str(number), ["Ada"], [[form]])
    first, *others = (
        sorted((file.name, file.read_bytes()) for file in path.rglob("*") if file.is_file())
        if path.is_dir()
        else path.read_bytes()
        for path in sorted(tmp_path.iterdir())
    )
    assert others == [first] * 3


@pytest.mark.parametrize("write", [write_brat, write_doccano, write_label_studio, to_spacy_offsets])
@pytest.mark.parametrize(
    ("X", "y", "error", "message"),
    [
        (
            ["Ada"],
            [[(0, 4, "PER")]],
            ValueError,
            "Text 0 of y: .* ends after the text, .* 3 characters",
        ),
        (["", "Ada"], [[], [(2, 1, "PER")]], ValueError, "Text 1 of y: .* 0 <= start < end"),
        (["Ada"], [[(0, 1)]], TypeError, "Text 0 of y: .* is not an annotation"),
        (["Ada"], [["B-PER"]], TypeError, "Text 0 of y: 'B-PER' is not an annotation|must be"),
        (["Ada"], [None], TypeError, "spans must be a list"),
        (["Ada"], ["PER"], TypeError, "spans must be a list"),
        (["Ada"], [[], []], ValueError, "inconsistent numbers of samples"),
        ("Ada", [[]], TypeError, "for each sample"),
        ([["Ada"]], [[]], TypeError, "every text must be a str"),
    ],
)
def test_wrong_spans_are_not_written(write, X, y, error, message, tmp_path):
    with pytest.raises(error, match=message):
        write(X, y) if write is to_spacy_offsets else write(tmp_path / "x", X, y)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("read", [read_brat, read_conllu, read_doccano, read_label_studio])
def test_bad_files_are_refused(read, tmp_path):
    def reading(content, suffix=".txt"):
        path = tmp_path / f"x{suffix}"
        path.write_bytes(content)
        read(path)

    if read is read_brat:
        (tmp_path / "x.ann").write_text("")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        read(tmp_path / "none.txt")
    with pytest.raises(ValueError, match="line 2: byte 0xe4 is not utf-8"):
        reading("a\nä".encode("latin-1"))
    with pytest.raises(ValueError, match="cannot be unpacked" if read is not read_brat else "path"):
        reading(b"a", ".gz")
    if read is not read_brat:
        with pytest.raises(ValueError, match=r"holds no|line 1"):
            reading(b"")
    with pytest.raises(ValueError, match="lossy"):
        read(tmp_path / "x.txt", lossy="never")


class TestBrat:
    def read(self, folder, text, lines, **options):
        (folder / "x.txt").write_bytes(text.encode())
        (folder / "x.ann").write_bytes("\n".join(lines).encode())
        return read_brat(folder / "x.ann", **options).target[0]

    def test_fragments_with_blanks_between_are_one_span(self, tmp_path):
        assert self.read(tmp_path, "in São\nPaulo", ["T1\tLOC 3 6;7 12\tSão Paulo"]) == [
            (3, 12, "LOC")
        ]

    def test_positions_count_both_characters_of_a_line_end(self, tmp_path):
        assert self.read(tmp_path, "in\r\nRome", ["T1\tLOC 4 8\tRome\r"]) == [(4, 8, "LOC")]

    def test_what_a_list_of_spans_cannot_hold_is_counted(self, tmp_path):
        lines = [
            "T1\tPER 4 7;0 3\tLee Ann", "T2\tPER 0 3;4 7\tAnn Lee", "T3\tPER 0 3;12 15\tAnn Ray",
            "T4\tPER 4 7;12 15\tLee Ray", "R1\tKin Arg1:T1 Arg2:T2", "#1\tNote T1\tx", "E1\tX:T1",
            "A1\tOld T1", "M1\tOld T1", "N1\tReference T1 Wiki:1\tAnn", "*\tEquiv T1 T2", "",
        ]  # fmt: skip
        message = (
            r"x.ann: spans of several fragments, .*: 2, the first 'T3.* \(x.ann, line 3\); "
            "relations, .*: 1, .*; notes, .*: 1, .*; events, .*: 1, .*; attributes, .*: 2, .*; "
            r"normalizations, .*; equivalences, .*: 1, .*\. lossy='raise'"
        )
        with pytest.warns(UserWarning, match=message) as caught:
            spans = self.read(tmp_path, "Ann Lee and Ray", lines)
        assert len(caught) == 1
        assert caught[0].filename == __file__
        assert spans == [(0, 7, "PER"), (0, 7, "PER"), (0, 15, "PER"), (4, 15, "PER")]
        with pytest.raises(ValueError, match=r"x\.ann, line 3: 'T3"):
            self.read(tmp_path, "Ann Lee and Ray", lines, lossy="raise")

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("T1 PER 0 3 Ada", "line 2: no span of brat"),
            ("T1\tPER 0 3", "line 2: no span of brat"),
            ("T1\tPER 0\tAda", "line 2: no span of brat"),
            ("T1\tPER 0 " + "9" * 5000 + "\tAda", "line 2: no span of brat"),
            ("T1\tPER 0 30\tAda", "line 2: .* ends after the text"),
            ("T1\tPER 3 0\tAda", "line 2: .* 0 <= start < end"),
            ("T1\tPER 1 4\tAda", "line 2: the text has 'da ' there, not 'Ada'"),
            ("Ada\tPER", "line 2: no annotation of brat"[:25]),
            ("x", "line 2: no annotation of brat"),
        ],
    )
    def test_bad_lines_are_refused(self, line, message, tmp_path):
        if line.startswith("A"):
            line = "x" + line
        with pytest.raises(ValueError, match=f"x.ann, {message}"):
            self.read(tmp_path, "Ada Lovelace", ["T1\tPER 0 3\tAda", line])

    def test_both_files_are_needed(self, tmp_path):
        (tmp_path / "x.txt").write_text("Ada")
        with pytest.raises(FileNotFoundError, match=r"x\.ann"):
            read_brat(tmp_path)
        (tmp_path / "x.txt").rename(tmp_path / "x.ann")
        with pytest.raises(FileNotFoundError, match=r"x\.txt"):
            read_brat(tmp_path)
        (tmp_path / "empty").mkdir()
        with pytest.raises(ValueError, match="holds no text"):
            read_brat(tmp_path / "empty")

    def test_a_span_that_ends_with_a_line_end_is_shortened_aloud(self, tmp_path):
        spans = [[(0, 4, "PER"), (3, 4, "X"), (0, 3, "PER")]]
        with pytest.warns(
            UserWarning, match=r"end with .*: 2, the first \(0, 4, 'PER'\) \(text 0\)"
        ):
            write_brat(tmp_path, ["Ada\n"], spans)
        assert read_brat(tmp_path).target == [[(0, 3, "PER")] * 2]
        with pytest.raises(ValueError, match="text 0"):
            write_brat(tmp_path, ["Ada\n"], spans, lossy="raise")

    @pytest.mark.parametrize("kind", ["", "a b", "a\tb", "a\n"])
    def test_types_have_no_blanks(self, kind, tmp_path):
        with pytest.raises(ValueError, match="is empty or has blanks"):
            write_brat(tmp_path, ["Ada"], [[(0, 3, kind)]])

    @pytest.mark.parametrize("ids", [["../a"], [""], ["."], ["a\0"], ["a/b"], [None], ["a", "b"]])
    def test_names_are_those_of_files(self, ids, tmp_path):
        with pytest.raises((TypeError, ValueError), match="ids"):
            write_brat(tmp_path, ["Ada"], [[]], ids=ids)
        with pytest.raises(ValueError, match="twice"):
            write_brat(tmp_path, ["Ada"] * 2, [[], []], ids=["a", "a"])

    @pytest.mark.parametrize("text", ["\0", "\ud800"])
    def test_texts_are_those_of_files(self, text, tmp_path):
        with pytest.raises(ValueError, match="Take it out"):
            write_brat(tmp_path / "x", [text], [[]])


class TestDoccano:
    @pytest.mark.parametrize(
        "marks",
        [
            '"label": [[0, 3, "PER"]]',
            '"labels": [[0, 3, "PER"]]',
            '"entities": [{"id": 7, "start_offset": 0, "end_offset": 3, "label": "PER"}]',
            '"spans": [{"start": 0, "end": 3, "token_start": 0, "label": "PER"}]',
        ],
    )
    def test_reads_all_versions(self, marks, tmp_path):
        (tmp_path / "x").write_text(f'\n{{"text": "Ada", "id": 5, {marks}}}\n\n')
        bunch = read_doccano(tmp_path / "x")
        assert (bunch.target, bunch.ids) == ([[(0, 3, "PER")]], [5])

    def test_relations_are_counted(self, tmp_path):
        line = '{"text": "Ada", "entities": [], "relations": [{"id": 1}]}'
        (tmp_path / "x").write_text(f"{line}\n{line}")
        with pytest.warns(UserWarning, match=r"texts with relations, .*: 2, .* \(line 1\)"):
            read_doccano(tmp_path / "x")
        with pytest.raises(ValueError, match="line 1"):
            read_doccano(tmp_path / "x", lossy="raise")

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("{", "no valid JSON"),
            ("[" * 100_000, "no valid JSON"),
            ("3", "expected an object with a text"),
            ('{"text": "Ada"}', "expected an object with a text"),
            ('{"text": null, "label": []}', "expected an object with a text"),
            ('{"text": "Ada", "label": null}', "'label' must be a list"),
            ('{"text": "Ada", "label": ["PER"]}', "PER must be"),
            ('{"text": "Ada", "label": [[0, 4, "PER"]]}', "ends after the text"),
            ('{"text": "Ada", "label": [[0, 3.0, "PER"]]}', "two integers"),
            ('{"text": "Ada", "label": [[0, null, "PER"]]}', "two integers"),
            ('{"text": "Ada", "entities": [{"start_offset": 0}]}', "two integers"),
        ],
    )
    def test_bad_lines_are_refused(self, line, message, tmp_path):
        (tmp_path / "x").write_text('{"text": "", "label": []}\n\n' + line)
        with pytest.raises(ValueError, match=f"x, line 3: .*{message}"):
            read_doccano(tmp_path / "x")


class TestLabelStudio:
    def task(self, *regions, **more):
        return {"id": 4, "data": {"text": "🙂 Ada"}, "annotations": [{"result": regions}], **more}

    def region(self, start, end, text=None, labels=("PER",), kind="labels"):
        value = {"start": start, "end": end, "labels": list(labels)}
        value |= {} if text is None else {"text": text}
        return {"value": value, "type": kind, "from_name": "label", "to_name": "text"}

    def read(self, folder, tasks, **options):
        (folder / "x.json").write_text(json.dumps(tasks))
        return read_label_studio(folder / "x.json", **options)

    def test_positions_of_browsers_are_converted(self, tmp_path):
        expected = [[(2, 5, "PER")]]
        for region in ((2, 5), (2, 5, "Ada"), (3, 6, "Ada"), (3, 6, " Ada\\n")):
            assert self.read(tmp_path, [self.task(self.region(*region))]).target == expected

    def test_each_label_is_a_span(self, tmp_path):
        bunch = self.read(tmp_path, [self.task(self.region(2, 5, labels="AB"))])
        assert bunch.target == [[(2, 5, "A"), (2, 5, "B")]]
        assert bunch.ids == [4]

    def test_reads_the_short_format(self, tmp_path):
        region = self.region(2, 5, "Ada")["value"]
        assert self.read(tmp_path, [{"text": "🙂 Ada", "label": [region]}]).target == [
            [(2, 5, "PER")]
        ]

    def test_reads_predictions_and_other_keys(self, tmp_path):
        task = {"data": {"article": "Ada"}, "predictions": [{"result": [self.region(0, 3)]}]}
        bunch = self.read(tmp_path, [task], source="predictions", text_key="article")
        assert bunch.target == [[(0, 3, "PER")]]

    def test_what_a_list_of_spans_cannot_hold_is_counted(self, tmp_path):
        choice = {"type": "choices", "value": {"choices": ["x"]}}
        relation = {"type": "relation", "from_id": "a", "to_id": "b"}
        twice = [{"result": [], "was_cancelled": True}, *2 * [{"result": [self.region(2, 5)]}]]
        tasks = [self.task(choice, relation), self.task(annotations=[]), self.task()]
        tasks += [self.task(annotations=twice), self.task(annotations=twice[:1])]
        message = (
            r"results that mark no span .*: 2, the first 'choices' \(task 0\); tasks without "
            r"annotations, .*: 2, the first 4 \(task 1\); tasks of which only the first .*: 1, "
        )
        with pytest.warns(UserWarning, match=message):
            bunch = self.read(tmp_path, tasks)
        assert bunch.target == [[], [], [], [(2, 5, "PER")], []]
        with pytest.raises(ValueError, match="task 0: 'choices'"):
            self.read(tmp_path, tasks, lossy="raise")

    def test_a_confidence_becomes_a_score(self, tmp_path):
        found = [[Entity("PER", 0, 1, "Ada", 0.25, 0, 3)]]
        write_label_studio(tmp_path / "x", ["Ada"], found, source="predictions")
        [task] = json.loads((tmp_path / "x").read_text())
        assert task["predictions"][0]["result"][0]["score"] == 0.25

    @pytest.mark.parametrize(
        ("tasks", "message"),
        [
            ({}, "expected a list of tasks"),
            ([3], "task 0: there is no text"),
            (
                [{"data": {"html": "x"}}],
                r"task 0: there is no text in data\['text'\]; pass text_key",
            ),
            ([{"data": 3}], "task 0: there is no text"),
            ([{"data": {"text": "x"}, "annotations": [{"result": [3]}]}], "task 0: 3 is no region"),
            ([{"text": "x", "label": [3]}], "task 0: .* is no region"),
            ([{"text": "x", "label": [{"labels": "PER"}]}], "labels must be a list"),
            ([{"text": "x", "label": [{"labels": ["PER"]}]}], "two integers"),
            ([{"text": "x", "label": [{"labels": ["X"], "start": 0, "end": 2}]}], "ends after"),
            (
                [{"text": "xy", "label": [{"labels": ["X"], "start": 0, "end": 1, "text": "y"}]}],
                "the text has 'x' there",
            ),
        ],
    )
    def test_bad_tasks_are_refused(self, tasks, message, tmp_path):
        with pytest.raises(ValueError, match=f"x.json.*{message}"):
            self.read(tmp_path, tasks)

    def test_broken_json_has_a_line(self, tmp_path):
        (tmp_path / "x").write_text("[\n{]\n")
        with pytest.raises(ValueError, match="line 2: no valid JSON"):
            read_label_studio(tmp_path / "x")


class TestSpacyOffsets:
    def test_goes_both_ways(self):
        examples = to_spacy_offsets(TEXTS, SPANS)
        assert examples[0] == (TEXTS[0], {"entities": SPANS[0]})
        for form in (examples, json.loads(json.dumps(examples))):
            assert from_spacy_offsets(form, return_X_y=True) == (TEXTS, SPANS)

    @pytest.mark.parametrize(
        "example",
        ["Ada", ("Ada", {}), ("Ada", []), ("Ada", {"entities": None}), ({"text": "Ada"}, {}),
         ("Ada", {"entities": [(0, 9, "PER")]}), ("Ada", {"entities": [3]}), 3],
    )  # fmt: skip
    def test_bad_examples_are_refused(self, example):
        with pytest.raises(ValueError, match="Example 1 of examples"):
            from_spacy_offsets([("Ada", {"entities": []}), example])


class TestDocBin:
    @pytest.fixture(autouse=True)
    def _needs_spacy(self):
        pytest.importorskip("spacy")

    def test_goes_both_ways(self, tmp_path):
        texts, spans = ["Ada Lovelace  lived\nin London. ", "", "naïve 🙂 Rome"], [
            [(0, 12, "PER"), (23, 29, "LOC")], [], [(8, 12, "LOC")],
        ]  # fmt: skip
        write_docbin(tmp_path / "x.spacy", texts, spans)
        assert read_docbin(tmp_path / "x.spacy", return_X_y=True) == (texts, spans)
        write_docbin(tmp_path / "x.spacy", TEXTS, [*SPANS[:2], []], spans_key="sc")
        with pytest.warns(
            UserWarning, match=r"groups in doc.spans .*: 1, the first 'sc' \(text 0\)"
        ):
            assert not any(read_docbin(tmp_path / "x.spacy").target)
        found = read_docbin(tmp_path / "x.spacy", spans_key="sc").target
        assert list(map(sorted, found)) == [sorted(set(row)) for row in SPANS[:2]] + [[]]
        with pytest.raises(ValueError, match=r"no spans_key='x' .*; there is \['sc'\]"):
            read_docbin(tmp_path / "x.spacy", spans_key="x")

    def test_what_entities_cannot_be_is_counted(self, tmp_path):
        spans = [[(0, 12, "PER"), (0, 3, "A"), (13, 16, "X")]]
        message = r"spans that cut .*: 1, .*'X'.*; spans that overlap .*: 1, .*'Ada' \(text 0\)"
        with pytest.warns(UserWarning, match=message):
            write_docbin(tmp_path / "x", TEXTS[:1], spans)
        assert read_docbin(tmp_path / "x").target == [[(0, 12, "PER"), (13, 18, "X")]]
        with pytest.raises(ValueError, match="text 0"):
            write_docbin(tmp_path / "x", TEXTS[:1], spans, lossy="raise")

    def test_bad_files_and_languages_are_refused(self, tmp_path):
        (tmp_path / "x").write_bytes(b"no DocBin")
        with pytest.raises(ValueError, match="is no DocBin"):
            read_docbin(tmp_path / "x")
        with pytest.raises(FileNotFoundError, match="There is no file"):
            read_docbin(tmp_path / "y")
        with pytest.raises(ValueError, match="language='klingon'"):
            write_docbin(tmp_path / "x", ["Ada"], [[]], language="klingon")


CONLLU = """\
# newdoc id = a
# sent_id = 1
# text = I don't know.
1\tI\tI\tPRON\tPRP\t_\t3\tnsubj\t_\t_
2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
2\tdo\tdo\tAUX\tVBP\t_\t0\troot\t_\t_
3\tn't\tnot\tPART\tRB\t_\t2\tadvmod\t_\t_
3.1\tever\t_\t_\t_\t_\t_\t_\t_\t_
4\tknow\tknow\tVERB\tVB\t_\t2\tx\t_\tSpaceAfter=No|NER=B-X
5\t.\t.\tPUNCT\t.\t_\t2\tpunct\t_\t_

# newdoc
1-2\tau\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No
1\tà\tà\tADP\t_\t_\t0\troot\t_\t_
2\tle\tle\tDET\t_\t_\t1\tdet\t_\t_
3\tbar\tbar\tNOUN\t_\t_\t1\tx\t_\t_
"""


class TestConllu:
    def read(self, folder, text, **options):
        (folder / "x.conllu").write_bytes(text.encode())
        return read_conllu(folder / "x.conllu", **options)

    @pytest.mark.parametrize("ends", ["\n", "\r\n"])
    def test_reads_words_tags_texts_and_places(self, ends, tmp_path):
        bunch = self.read(tmp_path, CONLLU.replace("\n", ends))
        assert bunch.data == [["I", "do", "n't", "know", "."], ["à", "le", "bar"]]
        assert bunch.target == [["PRON", "AUX", "PART", "VERB", "PUNCT"], ["ADP", "DET", "NOUN"]]
        assert bunch.documents.tolist() == [0, 1]
        assert bunch.texts == ["I don't know.", "aubar"]
        assert bunch.char_spans[0].tolist() == [[0, 1], [2, 4], [4, 7], [8, 12], [12, 13]]
        assert bunch.char_spans[1].tolist() == [[0, 2], [0, 2], [2, 5]]
        assert "2 documents, 2 sentences, 8 tokens" in bunch.DESCR

    @pytest.mark.parametrize(
        ("tag", "tags"),
        [("xpos", "PRP VBP RB VB ."), ("head", "3 0 2 2 2"),
         ("deprel", "nsubj root advmod x punct"), ("NER", "O O O B-X O")],
    )  # fmt: skip
    def test_reads_any_column_or_attribute(self, tag, tags, tmp_path):
        assert self.read(tmp_path, CONLLU, tag=tag).target[0] == tags.split()
        with pytest.raises(ValueError, match="no word has tag='ner'"):
            self.read(tmp_path, CONLLU, tag="ner")

    def test_a_text_of_other_words_is_told(self, tmp_path):
        text = CONLLU.replace("I don't know.", "I do know.")
        with pytest.warns(
            UserWarning, match=r"whose text .*: 1, the first 'I do know.' \(line 4\)"
        ):
            bunch = self.read(tmp_path, text)
        assert bunch.texts[0] == "I don't know."
        with pytest.raises(ValueError, match="line 4"):
            self.read(tmp_path, text, lossy="raise")

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (("1\tI\tI\t", "1\tI\t"), "line 4: expected 10 columns .* got"),
            (("1\tI\tI", "1\t\tI"), "line 4: expected 10 columns .* none of them empty"),
            (("4\tknow", "6\tknow"), "line 4: the ids of this sentence are not in order"),
            (("2-3\tdon't", "x\tdon't"), "line 4: the ids of this sentence"),
            (("2-3\tdon't", "3-9\tdon't"), "line 4: the ids of this sentence"),
            (("3.1\tever", "# x"), "line 8: expected 10 columns"),
        ],
    )
    def test_bad_lines_are_refused(self, change, message, tmp_path):
        with pytest.raises(ValueError, match=f"x.conllu, {message}"):
            self.read(tmp_path, CONLLU.replace(*change))

    def test_a_token_of_too_many_words_does_no_harm(self, tmp_path):
        lines = CONLLU.split("\n")[:4]
        self.read(tmp_path, "\n".join([f"1-{'9' * 5000}{lines[-1][1:]}", lines[-1]]))

    @FEW
    @given(st.data())
    def test_any_words_and_tags_survive(self, tmp_path_factory, data):
        path = tmp_path_factory.mktemp("conllu") / "x.conllu"
        alphabet = st.characters(exclude_categories=["Cs"], exclude_characters="\0\t\r\n")
        word = st.one_of(st.text(alphabet, min_size=1, max_size=5), st.sampled_from("#_ 1-."))
        X = data.draw(st.lists(st.lists(word, min_size=1, max_size=4), min_size=1, max_size=3))
        tag = data.draw(st.sampled_from(["upos", "deps", "NER"]))
        name = word.filter(lambda name: tag != "NER" or "|" not in name)
        y = [data.draw(st.lists(name, min_size=len(row), max_size=len(row))) for row in X]
        documents = sorted(data.draw(st.integers(0, 2)) for _ in X)
        write_conllu(path, X, y, tag=tag, documents=documents)
        bunch = read_conllu(path, tag=tag)
        assert (bunch.data, bunch.target) == (X, y)
        assert bunch.documents.tolist() == np.unique(documents, return_inverse=True)[1].tolist()

    def test_texts_and_places_survive(self, tmp_path):
        texts = ["Ada  Lovelace, 🙂 don't!", "Rome"]
        spans = [[(0, 13, "PER")], [(0, 4, "LOC")]]
        X = Tokenizer(char_spans=True, punctuation=True).transform(texts)
        places = Tokenizer(punctuation=True).find_char_spans(texts)
        write_conllu(tmp_path / "x", X, annotations_to_tags(places, spans), tag="NER")
        bunch = read_conllu(tmp_path / "x", tag="NER", lossy="raise")
        assert bunch.data[1] == ["Rome"], "as in the text, not as the tokenizer lower-cases it"
        assert bunch.texts == texts
        assert tags_to_annotations(bunch.char_spans, bunch.target, "IOB2") == spans

    def test_what_the_format_cannot_hold_is_counted(self, tmp_path):
        X = Tokenizer(char_spans=True, punctuation=False).transform(["Ada!", "in\nRome", ""])
        y = [["O"], ["O", "O"], []]
        message = (
            "with more than blanks .*: 1, .*; texts with line ends.*: 1, .*; sentences without"
        )
        with pytest.warns(UserWarning, match=message):
            write_conllu(tmp_path / "x", X, y)
        assert read_conllu(tmp_path / "x").texts == ["Ada", "in Rome"]
        with pytest.raises(ValueError, match="sentence 0"):
            write_conllu(tmp_path / "x", X, y, lossy="raise")

    @pytest.mark.parametrize(
        ("X", "y", "options", "message"),
        [
            ([["a"]], [["X", "Y"]], {}, "Sentence 0 has 1 tokens and 2 tags"),
            ([["a"], ["b"]], [["X"]], {}, "inconsistent numbers of samples"),
            ([["a", ""]], [["X", "Y"]], {}, "Token 1 of sentence 0 is ''"),
            ([["a\tb"]], [["X"]], {}, "Token 0 of sentence 0"),
            ([["a"]], [["X\n"]], {}, "Tag 0 of sentence 0"),
            ([["a"]], [["X|Y"]], {"tag": "NER"}, r"Tag 0 of sentence 0 .* or \|"),
            ([["a"]], [["X"]], {"tag": "form"}, "tag='form' must be one of 'lemma'|must be one of"),
            ([["a"]], [["X"]], {"tag": "a b"}, "tag='a b' must be one of"),
            ([["a"]], [["X"]], {"documents": [1, 2]}, "documents has 2 names for 1 samples"),
            ([["\0"]], [["X"]], {}, "zero character"),
        ],
    )
    def test_what_cannot_be_written_is_refused(self, X, y, options, message, tmp_path):
        with pytest.raises(ValueError, match=message):
            write_conllu(tmp_path / "x", X, y, **options)


def test_a_missing_package_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "spacy", None)
    for call in (read_docbin, lambda path: write_docbin(path, ["Ada"], [[]])):
        with pytest.raises(ImportError, match=re.escape('pip install "sklstm[spacy]"')):
            call(tmp_path / "x")
