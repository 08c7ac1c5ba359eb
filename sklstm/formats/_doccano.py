"""JSON lines of doccano: a text a line, with its spans."""

from os import PathLike
from pathlib import Path
from typing import Any, Literal

from sklearn.utils import Bunch

from sklstm import _typing as t
from sklstm._arguments import describe
from sklstm._sklearn import validate_params
from sklstm.formats._files import parse_json, read_lines, to_json, write_text
from sklstm.formats._losses import LOSSY, Losses
from sklstm.formats._texts import check_ids, check_pair, check_spans, make_bunch

SPAN_KEYS = ("label", "labels", "entities", "spans")  # of doccano's versions, and of Prodigy


@validate_params(
    {"path": [str, PathLike], "lossy": LOSSY, "return_X_y": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def read_doccano(
    path: t.Path, *, lossy: Literal["warn", "raise"] = "warn", return_X_y: bool = False
) -> Bunch | Any:
    """Read texts and their spans from JSON lines of doccano.

    Each line is an object with ``text`` and ``label``, a list of ``[start, end, type]`` [1]_, or,
    in projects with relations, ``entities`` with ``start_offset``, ``end_offset`` and ``label``.
    Prodigy's ``spans`` with ``start``, ``end`` and ``label`` are read, too.

    Parameters
    ----------
    path : str or path-like
        The file, in UTF-8. It is unpacked if its name ends with ``.gz``.
    lossy : {"warn", "raise"}, default="warn"
        Whether relations, which are left out, are counted in a warning or an error.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of the Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with:

        data : list of str
            The texts.
        target : list of list of tuple (start, end, type)
            The spans of each text, in the order of the file.
        target_names : list of str
            All types, sorted.
        ids : list
            ``id`` of each text, or its number counted from 0.
        DESCR : str
            The counts of texts and spans, and the types.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    ValueError
        If a line is no such object, or a span exceeds its text. The message names the line.

    See Also
    --------
    write_doccano : The inverse.

    References
    ----------
    .. [1] Nakayama et al. (2018), doccano: text annotation tool for human.
       https://github.com/doccano/doccano

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklstm.formats import read_doccano
    >>> line = '{"text": "Ada lived in London.", "label": [[0, 3, "PER"], [13, 19, "LOC"]]}'
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "all.jsonl")
    ...     _ = path.write_text(line)
    ...     texts, spans = read_doccano(path, return_X_y=True)
    >>> texts, spans
    (['Ada lived in London.'], [[(0, 3, 'PER'), (13, 19, 'LOC')]])
    """
    path, rows = Path(path), []
    losses = Losses(path, lossy)
    for number, line in enumerate(read_lines(path), 1):
        if line.strip():
            rows.append(_read_line(line, path, number, len(rows), losses))
    losses.report()
    bunch = make_bunch(path, rows)
    return (bunch.data, bunch.target) if return_X_y else bunch


def _read_line(line, path, number, row, losses):
    sample, place = parse_json(line, path, number), f"{path}, line {number}"
    keys = [key for key in SPAN_KEYS if isinstance(sample, dict) and key in sample]
    if not keys or not isinstance(sample.get("text"), str):
        raise ValueError(
            f"{place}: expected an object with a text and its spans, as in "
            '{"text": "Ada", "label": [[0, 3, "PER"]]}; got ' + f"{describe(sample)}."
        )
    annotations = sample[keys[0]]
    if not isinstance(annotations, list):
        raise ValueError(f"{place}: {keys[0]!r} must be a list of spans, got {annotations!r:.80}.")
    if sample.get("relations"):
        losses.add(
            "texts with relations, which are left out", f"line {number}", sample["relations"]
        )
    annotations = [plain_span(annotation) for annotation in annotations]
    try:
        spans = check_spans(sample["text"], annotations, place)
    except TypeError as error:
        raise ValueError(str(error)) from None
    return sample.get("id", row), sample["text"], spans


def plain_span(annotation):
    """Return an annotation of a project with relations as the others are."""
    if isinstance(annotation, dict) and "start_offset" in annotation:
        return tuple(map(annotation.get, ("start_offset", "end_offset", "label")))
    return annotation


@validate_params({"path": [str, PathLike]}, prefer_skip_nested_validation=True)
def write_doccano(path: t.Path, X, y, *, ids=None) -> None:
    """Write texts and their spans as JSON lines of doccano.

    Nothing is lost: spans may overlap.

    Parameters
    ----------
    path : str or path-like
        The file, which is replaced. It is packed if its name ends with ``.gz``.
    X : array-like of str, shape (n_texts,)
        The texts.
    y : list of list of tuple (start, end, type)
        The spans of each text; also Entity objects, or dicts with start, end and label.
    ids : list of str or int, default=None
        The ``id`` of each text. None counts from 0.

    Raises
    ------
    ValueError
        If a span exceeds its text, or `X` and `y` differ in length.

    See Also
    --------
    read_doccano : The inverse.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklstm.formats import write_doccano
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "all.jsonl")
    ...     write_doccano(path, ["Ada lived in London."], [[(0, 3, "PER")]])
    ...     print(path.read_text(), end="")
    {"id": 0, "text": "Ada lived in London.", "label": [[0, 3, "PER"]]}
    """
    texts, spans = check_pair(X, y)
    rows = zip(check_ids(ids, len(texts)), texts, spans, strict=True)
    lines = [to_json({"id": name, "text": text, "label": row}) for name, text, row in rows]
    write_text(path, "\n".join([*lines, ""]))
