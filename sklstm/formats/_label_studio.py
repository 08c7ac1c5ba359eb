"""JSON of Label Studio: tasks with texts, and regions of them."""

import re
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from sklearn.utils import Bunch

from sklstm import _typing as t
from sklstm._sklearn import StrOptions, validate_params
from sklstm.formats._files import parse_json, read_text, to_json, write_text
from sklstm.formats._losses import LOSSY, Losses
from sklstm.formats._texts import check_ids, check_pair, check_spans, list_named, make_bunch
from sklstm.tags._annotations import read_annotation

SOURCES = {"annotations", "predictions"}
INVISIBLE = re.compile(r"\s|\\n")  # some versions write line ends as \n in the copy of the text


@validate_params(
    {
        "path": [str, PathLike],
        "source": [StrOptions(SOURCES)],
        "text_key": [str],
        "lossy": LOSSY,
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def read_label_studio(
    path: t.Path,
    *,
    source: Literal["annotations", "predictions"] = "annotations",
    text_key: str = "text",
    lossy: Literal["warn", "raise"] = "warn",
    return_X_y: bool = False,
) -> Bunch | Any:
    """Read texts and their spans from JSON of Label Studio.

    The file is a list of tasks with ``data`` and ``annotations``, as the export "JSON" writes it
    [1]_, or of those with a list ``label``, as "JSON-MIN". A region with several labels is several
    spans. Positions in UTF-16, as browsers count, are converted, which the copy of the text in each
    region tells.

    Parameters
    ----------
    path : str or path-like
        The file, in UTF-8. It is unpacked if its name ends with ``.gz``.
    source : {"annotations", "predictions"}, default="annotations"
        Whether to read what annotators marked, or a model.
    text_key : str, default="text"
        Key of the text in ``data``.
    lossy : {"warn", "raise"}, default="warn"
        Whether the following are counted in a warning or an error: tasks without an annotation,
        which have no spans; further annotations of a task, since the first that was not cancelled
        is read; and relations, choices and other results that mark no span of the text.
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
            ``id`` of each task, or its number counted from 0.
        DESCR : str
            The counts of texts and spans, and the types.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    ValueError
        If the file is no such list, or a region does not fit its text. The message names the task.

    See Also
    --------
    write_label_studio : The inverse.

    References
    ----------
    .. [1] Label Studio, format of exported annotations.
       https://labelstud.io/guide/export.html

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklstm.formats import read_label_studio, write_label_studio
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "tasks.json")
    ...     write_label_studio(path, ["Ada lived in London."], [[(0, 3, "PER")]])
    ...     read_label_studio(path, return_X_y=True)
    (['Ada lived in London.'], [[(0, 3, 'PER')]])
    """
    path = Path(path)
    tasks = parse_json(read_text(path), path)
    if not isinstance(tasks, list):
        raise ValueError(f"{path}: expected a list of tasks, got {tasks!r:.80}.")
    losses = Losses(path, lossy)
    rows = [
        _read_task(task, f"task {number}", path, source, text_key, losses)
        for number, task in enumerate(tasks)
    ]
    ids = (task.get("id", number) for number, task in enumerate(tasks))
    losses.report()
    bunch = make_bunch(path, [(name, *row) for name, row in zip(ids, rows, strict=True)])
    return (bunch.data, bunch.target) if return_X_y else bunch


def _read_task(task, place, path, source, text_key, losses):
    """Return the text and the spans of a task."""
    data = task.get("data", task) if isinstance(task, dict) else None
    text = data.get(text_key) if isinstance(data, dict) else None
    if not isinstance(text, str):
        raise ValueError(
            f"{path}, {place}: there is no text in data[{text_key!r}]; pass text_key=. Got "
            f"{task!r:.80}."
        )
    spans = []
    for region in _regions_of(task, place, source, losses):
        try:
            spans += _read_region(region, text, place, losses)
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(f"{path}, {place}: {region!r:.200} is no region: {error}") from None
    return text, spans


def _regions_of(task, place, source, losses):
    if "data" not in task and isinstance(task.get("label"), list):  # JSON-MIN
        return [{"value": region, "type": "labels"} for region in task["label"]]
    done = task.get(source) or (task.get("completions") if source == "annotations" else None) or []
    done = [one for one in done if isinstance(one, dict) and not one.get("was_cancelled")]
    if not done:
        losses.add(f"tasks without {source}, which have no spans", place, task.get("id", place))
        return []
    if len(done) > 1:
        losses.add(f"tasks of which only the first of several {source} is read", place, len(done))
    return done[0].get("result") or []


def _read_region(region, text, place, losses):
    value, kind = region.get("value", {}), region.get("type", "labels")
    if kind != "labels" or "labels" not in value:
        losses.add("results that mark no span of the text, which are left out", place, kind)
        return []
    if not isinstance(value["labels"], list):
        raise TypeError("labels must be a list")
    labels = value["labels"]
    spans = [read_annotation((value.get("start"), value.get("end"), label)) for label in labels]
    shown = value.get("text")
    for encoding in (None, "utf-16-le") if isinstance(shown, str) else (None,):
        places = [(*_characters(text, span[:2], encoding), span[2]) for span in spans]
        if not isinstance(shown, str) or all(_is_shown(text, span, shown) for span in places):
            return check_spans(text, places, "start and end")
    start, end, _ = spans[0]
    raise ValueError(f"the text has {text[start:end]!r:.80} there")


def _characters(text, span, encoding):
    """Return a span in characters, given one in characters or in pairs of bytes."""
    if encoding is None:
        return span
    content = text.encode(encoding, "surrogatepass")
    return tuple(len(content[: 2 * place].decode(encoding, "replace")) for place in span)


def _is_shown(text, span, shown):
    return INVISIBLE.sub("", text[span[0] : span[1]]) == INVISIBLE.sub("", shown)


@validate_params(
    {"path": [str, PathLike], "source": [StrOptions(SOURCES)], "text_key": [str]},
    prefer_skip_nested_validation=True,
)
def write_label_studio(
    path: t.Path,
    X,
    y,
    *,
    ids=None,
    source: Literal["annotations", "predictions"] = "annotations",
    text_key: str = "text",
) -> None:
    """Write texts and their spans as JSON of Label Studio, ready to import.

    Nothing is lost: spans may overlap. The labelling interface must have
    ``<Labels name="label" toName="text">`` and ``<Text name="text" value="$text"/>``.

    Parameters
    ----------
    path : str or path-like
        The file, which is replaced. It is packed if its name ends with ``.gz``.
    X : array-like of str, shape (n_texts,)
        The texts.
    y : list of list of tuple (start, end, type)
        The spans of each text; also Entity objects, whose confidence becomes the score, or dicts
        with start, end and label.
    ids : list of int, default=None
        The ``id`` of each task. None counts from 0.
    source : {"annotations", "predictions"}, default="annotations"
        Whether spans are finished annotations, or predictions, which annotators correct.
    text_key : str, default="text"
        Key of the text in ``data``.

    Raises
    ------
    ValueError
        If a span exceeds its text, or `X` and `y` differ in length.

    See Also
    --------
    read_label_studio : The inverse.

    Examples
    --------
    Entities of a tagger, for annotators to correct:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklstm import Entity
    >>> from sklstm.formats import read_label_studio, write_label_studio
    >>> found = [[Entity("PER", 0, 1, "Ada", 0.9, 0, 3)]]
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "tasks.json")
    ...     write_label_studio(path, ["Ada lived in London."], found, source="predictions")
    ...     read_label_studio(path, source="predictions").target
    [[(0, 3, 'PER')]]
    """
    y = list_named(y, "y", "one list of spans for each text")
    texts, spans = check_pair(X, y)
    tasks = []
    rows = zip(check_ids(ids, len(texts)), texts, spans, y, strict=True)
    for name, text, row, given in rows:
        regions = [
            {"id": f"{name}-{number}", **_make_region(text, span, one)}
            for number, (span, one) in enumerate(zip(row, given, strict=True))
        ]
        tasks.append({"id": name, "data": {text_key: text}, source: [{"result": regions}]})
    write_text(path, to_json(tasks, indent=1) + "\n")


def _make_region(text, span, given):
    start, end, kind = span
    value = {"start": start, "end": end, "text": text[start:end], "labels": [kind]}
    region = {"from_name": "label", "to_name": "text", "type": "labels", "value": value}
    confidence = getattr(given, "confidence", None)
    return region if confidence is None else {**region, "score": float(confidence)}
