"""Files of word vectors, in the formats of GloVe and word2vec."""

import bz2
import gzip
import lzma
import os
import re
import warnings
import zipfile
import zlib
from contextlib import contextmanager
from io import BufferedReader
from itertools import chain, islice, takewhile

import numpy as np

from sklstm._arguments import levels_to_caller

OPENERS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
FAILURES = (
    *(ValueError, EOFError, MemoryError, OSError, KeyError),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile),
)
BLOCK_BYTES = 2**20  # read at once
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
FASTTEXT = b"\xba\x16\x4f\x2f"  # a model, not a table of vectors
FOREIGN_FILES = {
    (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"): (
        "it is a pickle: if gensim saved it, pass KeyedVectors.load(path)."
    ),
    FASTTEXT: "it is a compressed model of fastText: unpack it first, to a .bin file.",
    b"PK\x03\x04": (
        "it is a zip archive: unpack it, for example with python -m zipfile -e PATH FOLDER, and "
        "pass the path of the file of vectors in it."
    ),
    b"\x93NUMPY": "it is an array of NumPy: pass vectors=(np.load(path), list_of_the_tokens).",
    (b"\xff\xfe", b"\xfe\xff"): (
        "it is in UTF-16: convert it, for example with Path(new).write_text(Path(old).read_text("
        "'utf-16'), 'utf-8')."
    ),
}
UNDECODED = re.compile("[\udc80-\udcff]")  # what the handler "surrogateescape" makes of bytes


def read_tokens_and_table(path, max_tokens=None, member=None):
    """Return the tokens of a GloVe or word2vec file and their vectors, after two rows of zeros.

    The file may be compressed by gzip, bzip2 or xz, or be a `member` of a zip archive; its content
    tells its format. ``~`` stands for the home folder. `max_tokens` keeps the first ones. A file
    that is cut short, damaged or of another format raises ValueError. Tokens that are not UTF-8
    give a warning, and their bytes are written out, as in ``caf\\xe9``.
    """
    path = os.path.expanduser(path)
    _check_path(path)
    try:
        with _open(path, member) as stream:
            tokens, table = _parse_stream(stream, max_tokens)
    except FAILURES as error:
        raise ValueError(f"Cannot read vectors from {path}: {error}") from error
    return _spell_out(tokens, path), table


@contextmanager
def _open(path, member):
    if member is None:
        with open(path, "rb") as file:
            magic = file.read(8)
        opener = next((o for start, o in OPENERS.items() if magic.startswith(start)), open)
        with opener(path, "rb") as stream:
            yield stream
    else:
        with zipfile.ZipFile(path) as archive, archive.open(member) as part:
            yield BufferedReader(part, BLOCK_BYTES)


def is_fasttext_model(path):
    """Tell whether a path is that of a fastText model, a .bin file."""
    path = os.path.expanduser(path)
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(len(FASTTEXT)) == FASTTEXT


def _check_path(path):
    if os.path.isdir(path):
        raise IsADirectoryError(f"{path} is a folder: pass the path of a file of vectors in it.")
    if not os.path.exists(path):
        raise FileNotFoundError(
            f"There is no file of vectors at {os.path.abspath(path)}. Pass the path of a file that "
            "is on this machine, absolute or from the working directory; or a name of ready "
            "vectors, see sklstm.datasets.fetch_vectors."
        )


def _spell_out(tokens, path):
    """Write out the bytes of tokens that are not UTF-8, which stay distinct and printable."""
    wrong = [row for row, token in enumerate(tokens) if UNDECODED.search(token)]
    for row in wrong:
        token = tokens[row].encode("utf-8", "surrogateescape")
        tokens[row] = token.decode("utf-8", "backslashreplace")
    if wrong:
        warnings.warn(
            f"{len(wrong)} of the {len(tokens)} tokens in {path} are not UTF-8, the first of them "
            f"{tokens[wrong[0]]!r}: no token of a text is found there. If the file has another "
            "encoding, convert it, for example with Path(new).write_text(Path(old).read_text("
            "'latin-1'), 'utf-8').",
            UserWarning,
            stacklevel=levels_to_caller(),
        )
    return tokens


def _parse_stream(stream, max_tokens):
    """Return the tokens and the table of a stream, whose content tells its format."""
    start = stream.peek(8)
    for magic, advice in FOREIGN_FILES.items():
        if start.startswith(magic):
            raise ValueError(advice)
    if start.startswith(BYTE_ORDER_MARK):
        stream.read(len(BYTE_ORDER_MARK))
    head = stream.readline(BLOCK_BYTES)
    if head[257:262] == b"ustar":
        raise ValueError("it is a tar archive: unpack it, and pass the path of a file in it.")
    shape = re.fullmatch(rb"(\d+)\s+(\d+)\s*", head)
    if not shape:
        return _parse_text(islice(chain([head], stream), max_tokens), _glove_width(head))
    n_rows, width = map(int, shape.groups())
    n_wanted = min(n_rows, max_tokens or n_rows)
    start = stream.tell()
    numbers = stream.readline(BLOCK_BYTES).split()[1:][-width:]
    stream.seek(start)
    if numbers and all(map(_is_number, numbers)):
        tokens, table = _parse_text(islice(stream, n_wanted), width)
        rest = stream.read(BLOCK_BYTES)
    else:
        tokens, table, rest = _parse_binary(stream, n_wanted, width)
    if len(tokens) < n_wanted:
        raise EOFError(f"it ends after {len(tokens)} of {n_rows} vectors; is it cut short?")
    if n_wanted == n_rows and rest.strip():
        raise ValueError(f"its first line announces {n_rows} vectors of {width}, but more follows.")
    return tokens, table


def _glove_width(head):
    width = sum(1 for _ in takewhile(_is_number, reversed(head.split()[1:])))
    if width:
        return width
    if not head:
        raise ValueError("it is empty.")
    raise ValueError(
        "its first line is neither a word2vec header (two integers) nor a token and its vector. "
        "Files in the text format of GloVe and the formats of word2vec are read."
    )


def _is_number(word):
    try:
        float(word)
    except ValueError:
        return False
    return True


def _parse_text(lines, width):
    """Return the tokens and the table of lines of text."""
    tokens = []

    def rows():
        yield from [b"0 " * width] * 2  # padding and unknown
        for line in lines:
            if not line.endswith(b"\n"):
                raise EOFError(
                    f"line {len(tokens) + 1} of the vectors has no end; is the file cut short? If "
                    "it is complete, end it with a newline."
                )
            token, _, row = line.rstrip().partition(b" ")
            if row.count(b" ") != width - 1:
                token, row = _split_from_right(line, width)
            tokens.append(_decode(token))
            yield row

    try:
        table = np.loadtxt(rows(), dtype=np.float32, comments=None, ndmin=2)
    except ValueError as error:
        problem = re.sub(r" at row.*", "", str(error))
        raise ValueError(f"vector {len(tokens)}, of {''.join(tokens[-1:])!r}: {problem}") from error
    if len(table) != len(tokens) + 2:
        raise ValueError("a line is blank, or has a token without numbers.")
    return tokens, table


def _split_from_right(line, width):
    """Split where blanks are inside the token, as in a few of GloVe's, or several in a row."""
    token, *row = line.rsplit(None, width) or [b""]
    if len(row) < width or (b" " in token and _is_number(token.split()[-1])):
        token, *row = line.split(None, 1) or [b""]  # the wrong width shows in the row
    return token, b" ".join(row)


def _parse_binary(stream, n_rows, width):
    """Return the tokens, the table, and bytes that follow them."""
    table = np.zeros((n_rows + 2, width), np.float32)
    tokens, data, start, size = [], b"", 0, 4 * width
    for row in table[2:]:
        while (blank := data.find(b" ", start)) < 0 or len(data) < blank + 1 + size:
            more = stream.read(BLOCK_BYTES)
            if not more:
                return tokens, table, b""
            data, start = data[start:] + more, 0
        tokens.append(_decode(data[start:blank].lstrip(b"\n")))
        start = blank + 1 + size
        row[:] = np.frombuffer(data, "<f4", width, blank + 1)
    return tokens, table, data[start:] + stream.read(BLOCK_BYTES)


def _decode(token):
    return token.decode("utf-8", "surrogateescape")
