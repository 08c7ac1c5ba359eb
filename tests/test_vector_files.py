import bz2
import gzip
import io
import lzma
import tarfile
import warnings
import zipfile

import numpy as np
import pytest
from gensim.models import KeyedVectors
from hypothesis import assume, given
from hypothesis import strategies as st

from sklstm._vector_files import read_tokens_and_table

TOKENS = ["2008", "naïve", "🙂"]
VECTORS = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
KINDS = ["glove", "text", "binary", "c-text", "c-binary"]


def contents(kind, tokens=TOKENS, vectors=VECTORS):
    """The bytes of a file as GloVe, gensim or the C program of word2vec writes it."""
    end = b" \n" if kind == "c-text" else b"\n"
    rows = [" ".join(map(repr, row)).encode() + end for row in vectors.tolist()]
    if "binary" in kind:
        rows = [row.tobytes() + (b"\n" if kind == "c-binary" else b"") for row in vectors]
    header = b"" if kind == "glove" else b"%d %d\n" % vectors.shape
    lines = (token.encode() + b" " + row for token, row in zip(tokens, rows, strict=True))
    return header + b"".join(lines)


@pytest.fixture
def write(tmp_path):
    def write(data, name="vectors"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def assert_holds(path, tokens, vectors, **options):
    found, table = read_tokens_and_table(path, **options)
    assert found == tokens
    assert table.dtype == np.float32
    assert np.array_equal(table[2:], vectors)
    assert not table[:2].any()


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("kind", KINDS)
class TestEveryFormat:
    def test_is_read(self, kind, zipped, write):
        data = contents(kind)
        path = write(gzip.compress(data, mtime=0) if zipped else data)
        assert_holds(path, TOKENS, VECTORS)
        assert_holds(str(path), TOKENS, VECTORS)

    @pytest.mark.parametrize("n", [1, 2, 3, 9])
    def test_of_which_the_first_tokens_only(self, kind, zipped, n, write):
        data = contents(kind)
        path = write(gzip.compress(data, mtime=0) if zipped else data)
        assert_holds(path, TOKENS[:n], VECTORS[:n], max_tokens=n)

    def test_cut_short_anywhere(self, kind, zipped, write):
        data = contents(kind)
        lines = {0, *(i + 1 for i, byte in enumerate(data) if byte == ord("\n"))}
        whole = gzip.compress(data, mtime=0) if zipped else data
        for end in range(len(whole)):
            if kind == "glove" and not zipped and end in lines:
                continue  # a shorter file, which nothing tells from a whole one
            if kind == "c-binary" and not zipped and end == len(whole) - 1:
                continue  # all is there but the last newline
            with pytest.raises(ValueError, match=r"Cannot read vectors from .*vectors: \S"):
                read_tokens_and_table(write(whole[:end]))


@pytest.mark.parametrize("binary", [False, True])
def test_files_of_gensim(binary, tmp_path):
    vectors = KeyedVectors(2)
    vectors.add_vectors(TOKENS, VECTORS)
    path = tmp_path / "vectors"
    vectors.save_word2vec_format(str(path), binary=binary)
    assert_holds(path, TOKENS, VECTORS)


CHARACTERS = st.characters(codec="utf-8", exclude_characters=" \t\n\r\x0b\x0c")


@given(st.lists(st.text(CHARACTERS, min_size=1), unique=True, min_size=1))
def test_any_token(tmp_path_factory, tokens):
    assume(not tokens[0].startswith("\ufeff"))  # a byte order mark at the start of a file
    vectors = np.arange(len(tokens) * 3, dtype=np.float32).reshape(-1, 3)
    folder = tmp_path_factory.mktemp("files")
    for kind in KINDS:
        (folder / kind).write_bytes(contents(kind, tokens, vectors))
        assert_holds(folder / kind, tokens, vectors)


def test_tokens_with_blanks(write):
    path = write(b"the 1 2\n. . . 3 4\nto name@domain.com 5 6\n")
    assert_holds(path, ["the", ". . .", "to name@domain.com"], [[1, 2], [3, 4], [5, 6]])
    assert_holds(write(b". . 3 4\nthe 1 2\n"), [". .", "the"], [[3, 4], [1, 2]])


@pytest.mark.parametrize(
    "data", [b"a\t1\t2\nb\t3\t4\n", b"a  1  2\nb 3 4  \n", b"a 1 2\r\nb 3 4\r\n"]
)
def test_other_blanks_between_numbers(data, write):
    assert_holds(write(data), ["a", "b"], [[1, 2], [3, 4]])


def test_tokens_that_are_not_unicode_stay_distinct(write):
    path = write(b"caf\xe9 1 2\ncaf\xe8 3 4\n\\xe9 5 6\n")
    with pytest.warns(UserWarning, match=r"2 of the 3 tokens .* are not UTF-8.*'latin-1'"):
        assert_holds(path, ["caf\\xe9", "caf\\xe8", "\\xe9"], [[1, 2], [3, 4], [5, 6]])


@pytest.mark.parametrize("kind", ["glove", "text", "binary"])
def test_byte_order_mark_is_no_part_of_the_first_token(kind, write):
    data = b"\xef\xbb\xbf" + contents(kind)
    with warnings.catch_warnings(action="error"):
        assert_holds(write(data), TOKENS, VECTORS)
        assert_holds(write(gzip.compress(data, mtime=0)), TOKENS, VECTORS)


@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress])
def test_other_compressions(compress, write):
    data = compress(contents("binary"))
    assert_holds(write(data), TOKENS, VECTORS)
    for end in range(10, len(data), 7):
        with pytest.raises(ValueError, match=r"Cannot read vectors from .*vectors: \S"):
            read_tokens_and_table(write(data[:end]))


def archived(kind):
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("vectors.txt", contents("glove"))
    elif kind == "tar":
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            info = tarfile.TarInfo("vectors.txt")
            info.size = len(contents("glove"))
            archive.addfile(info, io.BytesIO(contents("glove")))
    else:
        np.save(buffer, VECTORS)
    return buffer.getvalue()


def test_one_column(write):
    assert_holds(write(b"a 1\nb 2\n"), ["a", "b"], [[1], [2]])
    assert_holds(write(contents("binary", ["a"], VECTORS[:1, :1])), ["a"], VECTORS[:1, :1])


def test_large_file_crosses_buffers(write):
    vectors = np.random.default_rng(0).normal(size=(3000, 200)).astype(np.float32)
    tokens = [f"token{i}" for i in range(3000)]
    assert_holds(write(contents("binary", tokens, vectors)), tokens, vectors)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is empty"),
        (b"\n", "neither a word2vec header"),
        (b"hello\n", "neither a word2vec header"),
        (b"a text of words\n", "neither a word2vec header"),
        (b"\x80\x04\x95abc", "KeyedVectors.load"),
        (
            gzip.compress(b"\xba\x16\x4f\x2f\x0c\x00", mtime=0),
            "compressed model of fastText: unpack it",
        ),
        (archived("npy"), r"an array of NumPy: pass vectors=\(np.load\(path\), list"),
        (archived("zip"), "a zip archive: unpack it"),
        (archived("tar"), "a tar archive: unpack it"),
        ("a 1 2\n".encode("utf-16"), "in UTF-16: convert it"),
        (b"a 1 2\nb 3\n", "vector 2, of 'b'.* 2 to 1"),
        (b"a 1 2\nb 3 4 5\n", "vector 2, of 'b'.* 2 to 3"),
        (b"a 1 2\n\nb 3 4\n", "blank"),
        (b"a 1 2\nb\n", "blank, or has a token without numbers"),
        (b"a 1 2\nb 3 x\n", "vector 2, of 'b'.*'x'"),
        (b"a 1 2\nb 3 4", "no end; is the file cut short"),
        (b"2 2\na 1 2\n", "ends after 1 of 2 vectors"),
        (b"2 2\n", "ends after 0 of 2 vectors"),
        (b"1 2\na 1 2\nb 3 4\n", "announces 1 vectors of 2, but more follows"),
        (b"2 3\na 1 2\nb 3 4\n", "vector 1, of 'a'"),
        (contents("binary") + b"x", "announces 3 vectors of 2, but more follows"),
        (b"99999999999999999999 9\na", "vectors from"),
        (b"9999999999 9999999999\na \x00\x01", "vectors from"),
        (b"\x1f\x8bnot zipped", "vectors from"),
    ],
)
def test_wrong_files(data, message, write):
    with pytest.raises(ValueError, match=message):
        read_tokens_and_table(write(data))


def test_member_of_an_archive(write):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for kind in KINDS:
            archive.writestr(kind, contents(kind))
    path = write(buffer.getvalue())
    for kind in KINDS:
        assert_holds(path, TOKENS, VECTORS, member=kind)
        assert_holds(path, TOKENS[:2], VECTORS[:2], member=kind, max_tokens=2)
    with pytest.raises(ValueError, match="no item named 'nowhere'"):
        read_tokens_and_table(path, member="nowhere")
    data = buffer.getvalue()
    for damaged in (data[: len(data) // 2], data[:60] + b"x" * 20 + data[80:], b"no archive"):
        with pytest.raises(ValueError, match="Cannot read vectors from"):
            read_tokens_and_table(write(damaged), member="glove")


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file of vectors at .*nowhere"):
        read_tokens_and_table(tmp_path / "nowhere")
    with pytest.raises(IsADirectoryError, match="is a folder: pass the path of a file"):
        read_tokens_and_table(tmp_path)


def test_home_folder(write, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    write(contents("text"))
    assert_holds("~/vectors", TOKENS, VECTORS)
