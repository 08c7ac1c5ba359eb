"""Standoff files of brat: a text in one file, its annotations in another."""

import re
from collections.abc import Sequence
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from sklearn.utils import Bunch

from sklstm import _typing as t
from sklstm._sklearn import validate_params
from sklstm.formats._files import encode, read_lines, read_text
from sklstm.formats._losses import LOSSY, Losses
from sklstm.formats._texts import check_ids, check_pair, check_spans, make_bunch

SPAN_LINE = re.compile(r"T\S+\t(\S+) (\d{1,15} \d{1,15}(?:;\d{1,15} \d{1,15})*)\t(.*)")
OTHERS = {
    "R": "relations", "*": "equivalences", "E": "events", "A": "attributes", "M": "attributes",
    "N": "normalizations", "#": "notes",
}  # fmt: skip
LINE = re.compile(r"[^\r\n]+")


@validate_params(
    {"path": [str, PathLike], "lossy": LOSSY, "return_X_y": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def read_brat(
    path: t.Path, *, lossy: Literal["warn", "raise"] = "warn", return_X_y: bool = False
) -> Bunch | Any:
    r"""Read texts and their spans from brat's standoff files.

    Each text is in a file ``NAME.txt``, and its annotations in ``NAME.ann`` [1]_. A line
    ``T1\tPER 0 3\tAda`` marks a span. A span of several fragments, as in ``0 3;7 10``, is one span
    if only blanks lie between them, as at the end of a line. Spans may overlap.

    Parameters
    ----------
    path : str or path-like
        A folder, or one of the two files of a text; in UTF-8.
    lossy : {"warn", "raise"}, default="warn"
        Whether it is counted in a warning, or an error, that other fragments are read as one span
        with what lies between them, and that relations, events, attributes, normalizations and
        notes are left out.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of the Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with:

        data : list of str
            The texts, in the order of their names.
        target : list of list of tuple (start, end, type)
            The spans of each text, in the order of the file.
        target_names : list of str
            All types, sorted.
        ids : list of str
            The names of the texts.
        DESCR : str
            The counts of texts and spans, and the types.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If a line is malformed, or does not fit the text. The message names file and line.

    See Also
    --------
    write_brat : The inverse.

    References
    ----------
    .. [1] Stenetorp et al. (2012), brat: a web-based tool for NLP-assisted text annotation, EACL.
       https://aclanthology.org/E12-2021

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklstm.formats import read_brat
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "ada.txt").write_text("Ada lived in London.")
    ...     _ = Path(folder, "ada.ann").write_text("T1\tPER 0 3\tAda\nT2\tLOC 13 19\tLondon\n")
    ...     bunch = read_brat(folder)
    >>> bunch.ids, bunch.target
    (['ada'], [[(0, 3, 'PER'), (13, 19, 'LOC')]])
    """
    path = Path(path)
    losses = Losses(path, lossy)
    rows = [_read_pair(name, losses) for name in _list_names(path)]
    losses.report()
    bunch = make_bunch(path, rows)
    return (bunch.data, bunch.target) if return_X_y else bunch


def _list_names(path):
    """Return the paths of the texts, without .txt and .ann."""
    if not path.is_dir():
        if path.suffix not in (".txt", ".ann"):
            raise ValueError(f"path must be a folder, or a file .txt or .ann; got {path}.")
        return [path.with_suffix("")]
    files = [file for file in path.iterdir() if file.suffix in (".txt", ".ann")]
    return sorted({file.with_suffix("") for file in files})


def _read_pair(name, losses):
    text = read_text(name.with_name(f"{name.name}.txt"))
    file = name.with_name(f"{name.name}.ann")
    spans = []
    for number, line in enumerate(read_lines(file), 1):
        if line.startswith("T"):
            spans.append(_read_span(line, text, file, number, losses))
        elif line[:1] in OTHERS:
            what = f"{OTHERS[line[0]]}, which are left out"
            losses.add(what, f"{file.name}, line {number}", line)
        elif line.strip():
            raise ValueError(
                f"{file}, line {number}: no annotation of brat: {line!r:.80}. One is like "
                "'T1\\tPER 0 3\\tAda'."
            )
    return name.name, text, spans


def _read_span(line, text, file, number, losses):
    place = f"{file}, line {number}"
    match = SPAN_LINE.fullmatch(line)
    if not match:
        raise ValueError(
            f"{place}: no span of brat: {line!r:.80}. One is like 'T1\\tPER 0 3\\tAda'."
        )
    kind, places, shown = match.groups()
    fragments = [tuple(map(int, fragment.split())) for fragment in places.split(";")]
    check_spans(text, [(start, end, kind) for start, end in fragments], place)
    covered = " ".join(text[start:end] for start, end in fragments)
    if covered.split() != shown.split():
        raise ValueError(
            f"{place}: the text has {covered!r:.80} there, not {shown!r:.80}. Positions count "
            "characters, also those of line ends."
        )
    fragments.sort()
    if any(text[end:start].strip() for (_, end), (start, _) in pairwise(fragments)):
        what = "spans of several fragments, which are read with what lies between them"
        losses.add(what, f"{file.name}, line {number}", line)
    return fragments[0][0], max(end for _, end in fragments), kind


@validate_params({"path": [str, PathLike], "lossy": LOSSY}, prefer_skip_nested_validation=True)
def write_brat(
    path: t.Path,
    X,
    y,
    *,
    ids: Sequence[str] | None = None,
    lossy: Literal["warn", "raise"] = "warn",
) -> None:
    r"""Write texts and their spans as brat's standoff files.

    A span with line ends is written as several fragments, since brat shows each line for itself.

    Parameters
    ----------
    path : str or path-like
        The folder, which is made if it is missing. Files of the same names are replaced.
    X : array-like of str, shape (n_texts,)
        The texts.
    y : list of list of tuple (start, end, type)
        The spans of each text; also Entity objects, or dicts with start, end and label. Types have
        no blanks.
    ids : list of str, default=None
        The names of the files, without ``.txt``. None counts from 0.
    lossy : {"warn", "raise"}, default="warn"
        Whether it is counted in a warning, or an error, that spans lose line ends where they begin
        or end.

    Raises
    ------
    ValueError
        If a span exceeds its text, a type has blanks, or a name is no name of a file.

    See Also
    --------
    read_brat : The inverse.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklstm.formats import write_brat
    >>> with TemporaryDirectory() as folder:
    ...     write_brat(folder, ["Ada lived in\nLondon."], [[(0, 3, "PER"), (13, 19, "LOC")]])
    ...     print(Path(folder, "0.ann").read_text(), end="")
    T1	PER 0 3	Ada
    T2	LOC 13 19	London
    """
    texts, spans = check_pair(X, y)
    names = _file_names(check_ids(ids, len(texts)))
    losses, files = Losses(path, lossy), {}
    for number, (name, text, row) in enumerate(zip(names, texts, spans, strict=True)):
        lines = [
            _write_span(place, text, span, f"text {number}", losses)
            for place, span in enumerate(row, 1)
        ]
        files[f"{name}.txt"] = encode(text, name)
        files[f"{name}.ann"] = encode("".join(filter(None, lines)), name)
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    losses.report()


def _write_span(number, text, span, place, losses):
    start, end, kind = span
    if not re.fullmatch(r"\S+", kind):
        raise ValueError(f"The type {kind!r} of {place} is empty or has blanks: brat's have none.")
    fragments = [match.span() for match in LINE.finditer(text, start, end)]
    if not fragments or (fragments[0][0], fragments[-1][1]) != (start, end):
        losses.add("spans that begin or end with a line end, which is left out", place, span)
    if not fragments:
        return ""
    places = ";".join(f"{begin} {stop}" for begin, stop in fragments)
    shown = re.sub(r"\s", " ", " ".join(text[begin:stop] for begin, stop in fragments))
    return f"T{number}\t{kind} {places}\t{shown}\n"


def _file_names(ids):
    """Check that ids are names of different files inside of the folder."""
    names = list(map(str, ids))
    for name in names:
        if name in ("", ".", "..") or re.search(r'[/\\\0\r\n:*?"<>|]', name):
            raise ValueError(f"ids holds {name!r:.80}, which is no name of a file everywhere.")
    if len(set(names)) < len(names):
        raise ValueError("ids holds a name twice; each text needs files of its own.")
    return names
