"""Files of one token a line in columns, the format of the CoNLL shared tasks."""

import gzip
import re
import reprlib
import zlib
from io import StringIO
from itertools import groupby
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from sklstm import _typing as t
from sklstm._arguments import describe
from sklstm._sklearn import validate_params
from sklstm.sequences import Sequences

DOCUMENT_MARK = "-DOCSTART-"
# The same in CoNLL-2012 and CoNLL-U.
OTHER_MARKS = re.compile(r"#begin document\b.*|#end document\s*|# newdoc(\s+id\b.*)?\s*")
WORD_ID = re.compile(r"\d+([-.]\d+)?")  # of a word, a token, or an empty node in CoNLL-U
BYTE_ORDER_MARK = "\ufeff"
# str.split() and str.strip() would also remove no-break spaces inside tokens.
BLANKS = " \t"
BLANK_RUN = re.compile(f"[{BLANKS}]+")


@validate_params(
    {
        "path": [str, PathLike],
        "token_column": [Integral],
        "tag_column": [Integral],
        "columns": [dict, None],
        "separator": [str, None],
        "comment": [str, None],
        "encoding": [str],
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def read_conll(
    path: t.Path,
    *,
    token_column: int = 0,
    tag_column: int = -1,
    columns: dict[str, int] | None = None,
    separator: str | None = None,
    comment: str | None = None,
    encoding: str = "utf-8",
    return_X_y: bool = False,
) -> Bunch | Any:
    r"""Read sentences and their tags from a file in the format of CoNLL-2003.

    Each line has one token with its tag and possibly more columns, a blank line ends a sentence,
    and a line that starts with ``-DOCSTART-`` separates documents [1]_, as do ``#begin document``
    and ``#end document`` of CoNLL-2012 and ``# newdoc`` of CoNLL-U. Tags are returned unchanged.

    Files in CoNLL-U [2]_ have ten columns and comments: for their words and universal parts of
    speech pass ``token_column=1, tag_column=3, separator="\t", comment="#"``. If another column
    than the tokens' comes first and numbers the words of each sentence from 1, lines with ids like
    ``1-2`` (a token of several words, which follow) and ``2.1`` (a word that is not in the text)
    are skipped.

    Parameters
    ----------
    path : str or path-like
        The file, with line ends of any system. It is unpacked if its name ends with ``.gz``.
    token_column : int, default=0
        The column of the token, counted from 0; negative numbers count from the end.
    tag_column : int, default=-1
        The column of the tag, counted likewise.
    columns : dict of str to int, default=None
        Further columns for an `LSTMTagger` to read, by names of yours, such as ``{"pos": 1}``. Then
        the sentences are `Sequences`, with these columns and their documents.
    separator : str, default=None
        Separator of the columns. None is any run of spaces and tabs; pass ``"\t"`` if tokens may
        contain spaces.
    comment : str, default=None
        Lines that begin with this are skipped. None skips none, since ``#`` may be a token.
    encoding : str, default="utf-8"
        Encoding of the file; the Spanish and Dutch files of CoNLL-2002 are in ``"latin-1"``. Byte
        order marks at the start of a line are dropped.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of the Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with:

        data : list of list of str, or Sequences
            The tokens of each sentence.
        target : list of list of str
            The tag of each token.
        target_names : list of str
            All tags, sorted.
        documents : ndarray of int, shape (n_sentences,)
            The document of each sentence, counted from 0 in the order of the file; all 0 in a
            file without marks.
        DESCR : str
            The counts of documents, sentences and tokens, and the tags.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If the file is not text in `encoding`, if lines differ in their number of columns, if a
        column does not exist or is empty, or if there is no sentence. The message names the line.

    See Also
    --------
    load_wikigold : A file in this format, shipped with the package.
    sklstm.model_selection.DocumentKFold : Keeps documents whole in cross-validation.

    References
    ----------
    .. [1] Tjong Kim Sang and De Meulder (2003), Introduction to the CoNLL-2003 shared task:
       language-independent named entity recognition, CoNLL.
       https://doi.org/10.3115/1119176.1119195
    .. [2] Universal Dependencies, CoNLL-U format.
       https://universaldependencies.org/format.html

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklstm.datasets import read_conll
    >>> lines = ["EU NNP B-ORG", "rejects VBZ O", "", "Brussels NNP B-LOC"]
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "eng.train")
    ...     _ = path.write_text("\n".join(lines))
    ...     tokens, tags = read_conll(path, return_X_y=True)
    >>> tokens
    [['EU', 'rejects'], ['Brussels']]
    >>> tags
    [['B-ORG', 'O'], ['B-LOC']]

    The same with parts of speech:

    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "eng.train")
    ...     _ = path.write_text("\n".join(lines))
    ...     X, y = read_conll(path, columns={"pos": 1}, return_X_y=True)
    >>> X.columns["pos"].tolist()
    ['NNP', 'VBZ', 'NNP']
    """
    path = Path(path)
    text = decode(read_bytes(path), encoding, path)
    rows = drop_inserted(list(read_rows(text, separator, comment)), path, token_column)
    check_columns(columns)
    check_rows(rows, path, token_column, tag_column, columns)
    bunch = group_rows(rows, token_column, tag_column, columns)
    bunch.DESCR = summarize(bunch, path.name)
    return (bunch.data, bunch.target) if return_X_y else bunch


def read_bytes(path):
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (FileNotFoundError, IsADirectoryError) as error:
        raise FileNotFoundError(
            f"There is no file {path.absolute()}. Give the path of one file."
        ) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} cannot be unpacked: {error}. It may be cut short.") from error


def decode(content, encoding, path):
    try:
        text = content.decode(encoding)
    except LookupError as error:
        raise ValueError(
            f"encoding={encoding!r} is not known: try 'utf-8' or 'latin-1'."
        ) from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path}, line {line}: byte 0x{content[error.start]:02x} is not {encoding}. If this is "
            "a text file, give its encoding, for example encoding='latin-1'."
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ValueError(
            f"{path}, line {line}: a zero byte, so this is not text in {encoding}. If it is not a "
            "binary file, give its encoding, for example encoding='utf-16'."
        )
    return text


def read_rows(text, separator=None, comment=None):
    """Yield the number and the columns of each line; a blank line has no columns."""
    for number, line in enumerate(StringIO(text, newline=None), 1):
        line = line.removesuffix("\n").removeprefix(BYTE_ORDER_MARK)
        if line.startswith("#") and OTHER_MARKS.fullmatch(line):
            yield number, [DOCUMENT_MARK]
            continue
        if comment and line.startswith(comment):
            continue
        stripped = line.strip(BLANKS)
        if not stripped:
            yield number, []
        else:
            yield number, line.split(separator) if separator else BLANK_RUN.split(stripped)


def drop_inserted(rows, path, token_column):
    """Drop what CoNLL-U inserts between words, if the first column numbers them."""
    runs = groupby(rows, lambda row: is_token(row[1]))
    sentences = [list(run) for in_sentence, run in runs if in_sentence]
    if token_column == 0 or not sentences or token_column == -len(sentences[0][0][1]):
        return rows  # 1-2 may be a token
    wrong = [run for run in sentences if not number_words(columns[0] for _, columns in run)]
    ids = [(number, columns[0]) for run in wrong for number, columns in run]
    inserted = [(number, name) for number, name in ids if not name.isdecimal()]
    if (
        inserted
        and 0 < len(wrong) < len(sentences)
        and all(WORD_ID.fullmatch(name) for _, name in ids)
    ):
        number, name = inserted[0]
        raise ValueError(
            f"{path}, line {number}: {name!r} numbers no word, as in CoNLL-U, but the ids of this "
            "sentence are not in order: words count 1, 2, 3, a token 2-3 comes before its words, "
            "and an empty node 2.1 after its word. Correct them, or delete that line."
        )
    if inserted:
        return rows
    return [row for row in rows if not is_token(row[1]) or row[1][0].isdecimal()]


def number_words(ids):
    """Whether a sentence has the ids of CoNLL-U: words, tokens 1-2, and empty nodes 2.1."""
    word, empty = 0, 0
    for name in ids:
        if name == str(word + 1):
            word, empty = word + 1, 0
        elif name == f"{word}.{empty + 1}":
            empty += 1
        elif not re.fullmatch(rf"{word + 1}-\d+", name):
            return False
    return word > 0


def check_columns(columns):
    """Check that each further column has a name and a number."""
    for name, column in (columns or {}).items():
        is_number = isinstance(column, Integral) and not isinstance(column, bool)
        if not isinstance(name, str) or not is_number:
            raise TypeError(
                "columns must be a dict from names to numbers of columns, such as {'pos': 1}; got "
                f"{describe(columns)}."
            )


def check_rows(rows, path, token_column, tag_column, others=None):
    """Check that all lines have the same columns, including the two wanted, and any others."""
    first, width = None, None
    for number, columns in rows:
        if not is_token(columns):
            continue
        if first is None:
            first, width = number, len(columns)
            check_width(width, f"{path}, line {number}", token_column, tag_column, others or {})
        if len(columns) != width:
            raise ValueError(
                f"{path}, line {number}: {len(columns)} columns, but line {first} has {width}: "
                f"{reprlib.repr(columns)}. Correct that line, or pass separator= or comment=."
            )
        if not (columns[token_column] and columns[tag_column]):
            raise ValueError(
                f"{path}, line {number}: an empty token or tag: {reprlib.repr(columns)}."
            )
    if first is None:
        raise ValueError(f"{path} holds no sentence. Every token needs a line with its tag.")


def check_width(width, place, token_column, tag_column, others):
    wanted = {"token_column": token_column, "tag_column": tag_column}
    wanted |= {f"columns[{name!r}]": column for name, column in others.items()}
    for name, column in wanted.items():
        if not -width <= column < width:
            raise ValueError(
                f"{place}: {width} columns, so there is no {name}={column}. Count from 0, or "
                "pass separator=."
            )
    if token_column % width == tag_column % width:
        raise ValueError(
            f"{place}: {width} columns, so token_column={token_column} and "
            f"tag_column={tag_column} are the same one. Name two, or pass separator=."
        )
    for name, column in others.items():
        if column % width == tag_column % width:
            raise ValueError(
                f"columns[{name!r}]={column} is the column of the tags, which are to be predicted: "
                "name another."
            )


def is_token(columns):
    return bool(columns) and not columns[0].startswith(DOCUMENT_MARK)


def group_rows(rows, token_column=0, tag_column=-1, others=None):
    """Make a Bunch of the sentences, the runs of lines with tokens."""
    bunch = Bunch(data=[], target=[], documents=[])
    n_marks, values = 0, {name: [] for name in others or {}}
    for in_sentence, run in groupby((columns for _, columns in rows), is_token):
        if in_sentence:
            run = list(run)
            tokens, tags = zip(*((row[token_column], row[tag_column]) for row in run), strict=True)
            bunch.data.append(list(tokens))
            bunch.target.append(list(tags))
            bunch.documents.append(n_marks)
            for name, of_sentences in values.items():
                of_sentences.append([row[others[name]] for row in run])
        else:
            n_marks += sum(map(bool, run))  # neither tokens nor blank
    # A mark may open or close a document, so only changes of the count matter.
    bunch.documents = np.unique(bunch.documents, return_inverse=True)[1]
    bunch.target_names = sorted({tag for tags in bunch.target for tag in tags})
    if values:
        sequences = Sequences.from_tokens(bunch.data).with_columns(values)
        bunch.data = sequences.with_documents(bunch.documents)
    return bunch


def summarize(bunch, name):
    return (
        f"{name}: {bunch.documents[-1] + 1:,} documents, {len(bunch.data):,} sentences, "
        f"{sum(map(len, bunch.target)):,} tokens; tags {', '.join(bunch.target_names)}"
    )
