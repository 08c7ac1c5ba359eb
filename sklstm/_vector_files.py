"""Files of word vectors, in the formats of GloVe and word2vec."""

import gzip
import os
import re
import zlib
from itertools import chain, islice, takewhile

import numpy as np

FOREIGN_FILES = {
    b"\x80": " This is a pickle: if gensim saved it, pass KeyedVectors.load(path).",
    b"\xba\x16\x4f\x2f": " This is a fastText model: pass gensim's load_facebook_vectors(path).",
}


def read_vector_file(path, max_tokens=None):
    """Read a GloVe or word2vec file, which may be gzipped.

    Parameters
    ----------
    path : str or path-like
        The file. Its format is told by its content.
    max_tokens : int, default=None
        Read only the first ones.

    Returns
    -------
    tokens : list of str
        As they are in the file.
    table : ndarray of float32, shape (n_tokens + 2, n_features)
        Their vectors, after two rows of zeros.

    Raises
    ------
    ValueError
        If the file is cut short, damaged, or of another format.
    """
    with open(path, "rb") as file:
        is_gzipped = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if is_gzipped else open(path, "rb") as stream:
            return _read_stream(stream, max_tokens)
    except (ValueError, EOFError, MemoryError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"Cannot read vectors from {os.fspath(path)}: {error}") from error


def _read_stream(stream, max_tokens):
    """Tell the formats apart by their content."""
    head = stream.readline(1 << 20)
    shape = re.fullmatch(rb"(\d+)\s+(\d+)\s*", head)
    if not shape:
        return _read_text(islice(chain([head], stream), max_tokens), _glove_width(head))
    n_rows, width = map(int, shape.groups())
    n_wanted = min(n_rows, max_tokens or n_rows)
    start = stream.tell()
    numbers = stream.readline(1 << 20).split()[1:][-width:]
    stream.seek(start)
    if numbers and all(map(_is_number, numbers)):
        tokens, table = _read_text(islice(stream, n_wanted), width)
        rest = stream.read(1 << 10)
    else:
        tokens, table, rest = _read_binary(stream, n_wanted, width)
    if len(tokens) < n_wanted:
        raise EOFError(f"it ends after {len(tokens)} of {n_rows} vectors; is it cut short?")
    if n_wanted == n_rows and rest.strip():
        raise ValueError(f"its first line announces {n_rows} vectors of {width}, but more follows.")
    return tokens, table


def _glove_width(head):
    width = sum(1 for _ in takewhile(_is_number, reversed(head.split()[1:])))
    if width:
        return width
    hint = next((hint for magic, hint in FOREIGN_FILES.items() if head.startswith(magic)), "")
    raise ValueError(
        "its first line is neither a word2vec header (two integers) nor a token and its vector. "
        f"Files in the text format of GloVe and the formats of word2vec are read.{hint}"
    )


def _is_number(word):
    try:
        float(word)
    except ValueError:
        return False
    return True


def _read_text(lines, width):
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


def _read_binary(stream, n_rows, width):
    table = np.zeros((n_rows + 2, width), np.float32)
    tokens, data, start, size = [], b"", 0, 4 * width
    for row in table[2:]:
        while (blank := data.find(b" ", start)) < 0 or len(data) < blank + 1 + size:
            more = stream.read(1 << 20)
            if not more:
                return tokens, table, b""
            data, start = data[start:] + more, 0
        tokens.append(_decode(data[start:blank].lstrip(b"\n")))
        start = blank + 1 + size
        row[:] = np.frombuffer(data, "<f4", width, blank + 1)
    return tokens, table, data[start:] + stream.read(1 << 10)


def _decode(token):
    # what is not UTF-8 stays distinct and printable
    return token.decode("utf-8", "backslashreplace")
