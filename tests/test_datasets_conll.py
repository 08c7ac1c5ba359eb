import gzip
from importlib import resources

import numpy as np
import pytest

from sklstm.datasets import load_wikigold, read_conll

CONLL = """-DOCSTART- -X- -X- O

EU NNP I-NP I-ORG
rejects VBZ I-VP O

Peter NNP I-NP I-PER
Blackburn NNP I-NP I-PER

-DOCSTART- -X- -X- O

BRUSSELS NNP I-NP I-LOC
"""


CONLL_U = (
    """# newdoc id = a
# sent_id = 1
1-2 vámonos _ _
1 vamos ir VERB
2 nos nosotros PRON
2.1 _ ir VERB
3-4 al _ _
3 a a ADP
4 el el DET

# newdoc
# sent_id = 2
1 Sí sí INTJ
""".replace(" ", "\t")
    .replace("#\t", "# ")
    .replace("\t=\t", " = ")
    .replace("\tid", " id")
)

CONLL_2012 = """#begin document (bc/cctv); part 000
bc 0 0 In IN O
bc 0 1 China NNP B-GPE

bc 0 0 Hi UH O

#end document
#begin document (bc/cctv); part 001
bc 1 0 1-2 CD O
#end document
"""


@pytest.fixture
def write(tmp_path):
    def write(content, name="eng.train"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


class TestWhatIsRead:
    def test_sentences_tags_and_documents(self, write):
        bunch = read_conll(write(CONLL))
        assert bunch.data == [["EU", "rejects"], ["Peter", "Blackburn"], ["BRUSSELS"]]
        assert bunch.target == [["I-ORG", "O"], ["I-PER", "I-PER"], ["I-LOC"]]
        assert bunch.target_names == ["I-LOC", "I-ORG", "I-PER", "O"]
        assert bunch.documents.tolist() == [0, 0, 1]
        assert bunch.DESCR == (
            "eng.train: 2 documents, 3 sentences, 5 tokens; tags I-LOC, I-ORG, I-PER, O"
        )

    def test_return_X_y_and_a_path_as_str(self, write):
        tokens, tags = read_conll(str(write(CONLL)), return_X_y=True)
        assert tokens[2] == ["BRUSSELS"]
        assert tags[2] == ["I-LOC"]

    def test_other_columns(self, write):
        bunch = read_conll(write(CONLL), token_column=-4, tag_column=1)
        assert bunch.data[0] == ["EU", "rejects"]
        assert bunch.target == [["NNP", "VBZ"], ["NNP", "NNP"], ["NNP"]]

    def test_further_columns_by_name(self, write):
        data = read_conll(write(CONLL), columns={"pos": 1, "chunk": -2})
        assert data.data.tokens()[0] == ["EU", "rejects"]
        assert data.data.columns["pos"].tolist() == ["NNP", "VBZ", "NNP", "NNP", "NNP"]
        assert data.data.columns["chunk"].tolist() == ["I-NP", "I-VP", "I-NP", "I-NP", "I-NP"]
        assert "3 sentences, 5 tokens" in data.DESCR

    @pytest.mark.parametrize(
        ("columns", "error", "message"),
        [
            ({"pos": 7}, ValueError, r"so there is no columns\['pos'\]=7"),
            ({"ner": 3}, ValueError, r"columns\['ner'\]=3 is the column of the tags"),
            ({"pos": "1"}, TypeError, "a dict from names to numbers of columns"),
            ({"pos": True}, TypeError, "a dict from names to numbers of columns"),
            ({1: "pos"}, TypeError, "a dict from names to numbers of columns"),
        ],
    )
    def test_wrong_further_columns(self, write, columns, error, message):
        with pytest.raises(error, match=message):
            read_conll(write(CONLL), columns=columns)

    def test_marks_may_close_a_document_or_open_it_or_be_missing(self, write):
        closing = "a O\n\nb O\n-DOCSTART- O\nc O\n\n-DOCSTART-\n"
        assert read_conll(write(closing)).documents.tolist() == [0, 0, 1]
        doubled = "-DOCSTART-\n\n-DOCSTART-\na O\n-DOCSTART-\n-DOCSTART-\nb O"
        assert read_conll(write(doubled)).documents.tolist() == [0, 1]
        assert read_conll(write("a O\n\nb O\n")).documents.tolist() == [0, 0]

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("tail", ["", "\n", "\n\n\n", "\n \t \n"])
    def test_line_ends_and_blank_lines(self, write, end, tail):
        text = ("\n\na  B-X \n\tb\tI-X\n\n \t\nc O" + tail).replace("\n", end)
        bunch = read_conll(write(text))
        assert bunch.data == [["a", "b"], ["c"]]
        assert bunch.target == [["B-X", "I-X"], ["O"]]

    @pytest.mark.parametrize("blank", ["\u00a0", "\u2003", "\x85", "\u2028", "\u3000"])
    def test_odd_blanks_belong_to_the_token(self, write, blank):
        assert read_conll(write(f"10{blank}000 O\n")).data == [[f"10{blank}000"]]

    def test_separator_lets_tokens_hold_spaces(self, write):
        bunch = read_conll(write("New York\tB-LOC\n \tO\n"), separator="\t")
        assert bunch.data == [["New York", " "]]
        assert bunch.target == [["B-LOC", "O"]]

    def test_comments_are_skipped_on_demand_only(self, write):
        path = write("# id 1\n# O\n1 B-X\n")
        with pytest.raises(ValueError, match="line 2: 2 columns, but line 1 has 3"):
            read_conll(path)
        assert read_conll(path, comment="# i").data == [["#", "1"]]

    @pytest.mark.parametrize("token_column", [1, -3])
    @pytest.mark.parametrize("separator", [None, "\t"])
    def test_words_of_conll_u(self, write, separator, token_column):
        options = {"token_column": token_column, "comment": "#", "separator": separator}
        bunch = read_conll(write(CONLL_U), **options)
        assert bunch.data == [["vamos", "nos", "a", "el"], ["Sí"]]
        assert bunch.target == [["VERB", "PRON", "ADP", "DET"], ["INTJ"]]
        assert bunch.documents.tolist() == [0, 1]

    def test_words_of_conll_u_that_are_not_counted(self, write):
        bunch = read_conll(write(CONLL_U + "\n7\tNo\tno\tINTJ\n"), token_column=1, comment="#")
        assert bunch.data == [["vamos", "nos", "a", "el"], ["Sí"], ["No"]]

    @pytest.mark.parametrize("ids", [("1", "3-4", "3", "4"), ("7", "7.1"), ("2-3", "2", "3")])
    def test_ids_of_conll_u_that_are_not_in_order(self, write, ids):
        text = CONLL_U + "\n" + "".join(f"{name}\ta\t_\t_\n" for name in ids)
        inserted = next(name for name in ids if not name.isdecimal())
        with pytest.raises(ValueError, match=rf"line 1\d: '{inserted}' numbers no word"):
            read_conll(write(text), token_column=1, comment="#")

    def test_documents_of_conll_2012(self, write):
        for comment in (None, "#"):
            bunch = read_conll(write(CONLL_2012), token_column=3, comment=comment)
            assert bunch.data == [["In", "China"], ["Hi"], ["1-2"]]
            assert bunch.documents.tolist() == [0, 0, 1]

    def test_tokens_that_look_like_marks_and_ids(self, write):
        text = "# NN O\n1-2 CD O\n2.1 CD O\n#begin NN O\n1 CD O\n"
        bunch = read_conll(write(text))
        assert bunch.data == [["#", "1-2", "2.1", "#begin", "1"]]
        assert read_conll(write(text), token_column=-3).data == bunch.data
        times = "0.5 a O\n1 b O\n1.25 c O\n"  # no numbers of words
        assert read_conll(write(times), token_column=1).data == [["a", "b", "c"]]
        places = "1-1 a O\n1-2 b O\n"  # sentence and word
        assert read_conll(write(places), token_column=1).data == [["a", "b"]]

    def test_files_put_together(self, write):
        part = "-DOCSTART- O\n\na O\n\n".encode("utf-8-sig")
        bunch = read_conll(write(part + part))
        assert bunch.data == [["a"], ["a"]]
        assert bunch.documents.tolist() == [0, 1]

    def test_a_comment_does_not_end_a_sentence(self, write):
        assert read_conll(write("a O\n% note\nb O"), comment="%").data == [["a", "b"]]

    def test_encodings(self, write):
        text = "Малага B-LOC\nniño O\n"
        tokens = [["Малага", "niño"]]
        assert read_conll(write(text)).data == tokens
        assert read_conll(write(text.encode("utf-8-sig"))).data == tokens
        assert read_conll(write(text.encode("utf-16")), encoding="utf-16").data == tokens
        latin = write("niño O\n".encode("latin-1"))
        assert read_conll(latin, encoding="latin-1").data == [["niño"]]

    def test_packed_file(self, write):
        path = write(gzip.compress(CONLL.encode()), "eng.train.gz")
        assert read_conll(path).data == read_conll(write(CONLL)).data

    def test_wikigold_read_as_a_file(self):
        shipped = load_wikigold()
        packed = resources.files("sklstm.datasets") / "data" / "wikigold.conll.txt.gz"
        with resources.as_file(packed) as path:
            bunch = read_conll(path)
        assert bunch.data == shipped.data
        assert bunch.target == shipped.target
        np.testing.assert_array_equal(bunch.documents, shipped.documents)
        np.testing.assert_array_equal(shipped.groups, shipped.documents)


class TestWhatIsRefused:
    @pytest.mark.parametrize("name", ["", "nowhere/eng.train"])
    def test_no_such_file(self, tmp_path, name):
        with pytest.raises(FileNotFoundError, match=r"There is no file .* Give the path of"):
            read_conll(tmp_path / name)

    @pytest.mark.parametrize("content", ["", "\n \n", "-DOCSTART- O\n\n", "# a O"])
    def test_no_sentence(self, write, content):
        with pytest.raises(ValueError, match=r"eng\.train holds no sentence"):
            read_conll(write(content), comment="#")

    def test_ragged_lines(self, write):
        text = "-DOCSTART-\n\nEU NNP O\n\nrejects O\n"
        with pytest.raises(ValueError, match=r"train, line 5: 2 columns, but line 3 has 3: \['rej"):
            read_conll(write(text))

    def test_a_token_without_tag(self, write):
        with pytest.raises(ValueError, match="line 2: 1 columns, but line 1 has 2"):
            read_conll(write("a O\nb\n"))
        with pytest.raises(ValueError, match=r"line 2: an empty token or tag: \['b', ''\]"):
            read_conll(write("a\tO\nb\t\n"), separator="\t")

    @pytest.mark.parametrize(
        "columns", [{"tag_column": 2}, {"tag_column": -3}, {"token_column": 7}]
    )
    def test_columns_that_do_not_exist(self, write, columns):
        name, column = next(iter(columns.items()))
        with pytest.raises(ValueError, match=f"line 2: 2 columns, so there is no {name}={column}"):
            read_conll(write("\na O\n"), **columns)

    @pytest.mark.parametrize(("text", "separator"), [("a\nb\n", None), ("a O\nb O\n", "\t")])
    def test_one_column_for_both(self, write, text, separator):
        with pytest.raises(ValueError, match=r"are the same one\. .* separator="):
            read_conll(write(text), separator=separator)

    def test_bytes_of_another_encoding(self, write):
        content = "a O\n\nniño O\n".encode("latin-1")
        with pytest.raises(ValueError, match=r"line 3: byte 0xf1 is not utf-8.*'latin-1'"):
            read_conll(write(content))

    @pytest.mark.parametrize("content", [b"\x7fELF\x02\x00 O\n", gzip.compress(b"a O\n", mtime=0)])
    @pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
    def test_binary_file(self, write, content, encoding):
        with pytest.raises(ValueError, match=r"line 1: .* is (not|no text in) "):
            read_conll(write(content), encoding=encoding)

    @pytest.mark.parametrize(
        "content",
        [
            b"a O\n",
            gzip.compress(b"a O\n" * 99, mtime=0)[:-9],
            gzip.compress(b"a", mtime=0)[:12] + b"?" * 9,
        ],
    )
    def test_damaged_packing(self, write, content):
        with pytest.raises(ValueError, match=r"eng\.gz cannot be unpacked: "):
            read_conll(write(content, "eng.gz"))

    def test_unknown_encoding(self, write):
        with pytest.raises(ValueError, match="encoding='utf-9' is not known"):
            read_conll(write(CONLL), encoding="utf-9")

    @pytest.mark.parametrize(
        "parameters",
        [{"path": 3}, {"token_column": "word"}, {"separator": 3}, {"encoding": None}],
    )
    def test_parameters_of_the_wrong_type(self, parameters):
        with pytest.raises(ValueError, match=f"The '{next(iter(parameters))}' parameter"):
            read_conll(**({"path": "eng.train"} | parameters))
