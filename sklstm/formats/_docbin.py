"""Binary files of spaCy: ``DocBin``."""

from os import PathLike
from pathlib import Path
from typing import Any, Literal

from sklearn.utils import Bunch

from sklstm import _typing as t
from sklstm._optional import import_optional
from sklstm._sklearn import validate_params
from sklstm.formats._losses import LOSSY, Losses
from sklstm.formats._texts import check_pair, make_bunch
from sklstm.tags._annotations import without_overlaps


@validate_params(
    {
        "path": [str, PathLike],
        "spans_key": [str, None],
        "lossy": LOSSY,
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def read_docbin(
    path: t.Path,
    *,
    spans_key: str | None = None,
    lossy: Literal["warn", "raise"] = "warn",
    return_X_y: bool = False,
) -> Bunch | Any:
    """Read texts and their entities from a binary file of spaCy.

    Needs spaCy: ``pip install "sklstm[spacy]"``.

    Parameters
    ----------
    path : str or path-like
        The file, a ``DocBin`` that spaCy wrote [1]_, usually with the suffix ``.spacy``.
    spans_key : str, default=None
        Key of a group in ``doc.spans`` to read. None reads ``doc.ents``.
    lossy : {"warn", "raise"}, default="warn"
        Whether groups of spans that are not read are counted in a warning or an error.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of the Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with:

        data : list of str
            The texts.
        target : list of list of tuple (start, end, type)
            The spans of each text.
        target_names : list of str
            All types, sorted.
        ids : list of int
            The number of each text, counted from 0.
        DESCR : str
            The counts of texts and spans, and the types.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ImportError
        If spaCy is not installed.
    ValueError
        If the file is no ``DocBin``, or no text has the group `spans_key`.

    See Also
    --------
    write_docbin : The inverse.
    from_spacy_offsets : Needs no spaCy.

    References
    ----------
    .. [1] spaCy, DocBin. https://spacy.io/api/docbin

    Examples
    --------
    >>> from sklstm.formats import read_docbin
    >>> texts, spans = read_docbin("train.spacy", return_X_y=True)  # doctest: +SKIP
    """
    spacy, path = import_optional("spacy", "spacy"), Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path.absolute()}.")
    try:
        docs = list(spacy.tokens.DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab))
    except Exception as error:  # zlib's, msgpack's and spaCy's own
        raise ValueError(f"{path} is no DocBin of spaCy: {error!s:.200}") from None
    losses, groups = Losses(path, lossy), {key for doc in docs for key in doc.spans}
    if spans_key is not None and spans_key not in groups:
        raise ValueError(
            f"There is no spans_key={spans_key!r} in {path}; there is {sorted(groups)}."
        )
    rows = []
    for number, doc in enumerate(docs):
        for key in doc.spans:
            if key != spans_key and len(doc.spans[key]):
                losses.add("groups in doc.spans that are not read", f"text {number}", key)
        found = doc.ents if spans_key is None else doc.spans.get(spans_key, [])
        spans = [(span.start_char, span.end_char, span.label_) for span in found]
        rows.append((number, doc.text, spans))
    losses.report()
    bunch = make_bunch(path, rows)
    return (bunch.data, bunch.target) if return_X_y else bunch


@validate_params(
    {"path": [str, PathLike], "spans_key": [str, None], "language": [str], "lossy": LOSSY},
    prefer_skip_nested_validation=True,
)
def write_docbin(
    path: t.Path,
    X,
    y,
    *,
    spans_key: str | None = None,
    language: str = "xx",
    lossy: Literal["warn", "raise"] = "warn",
) -> None:
    """Write texts and their entities as a binary file of spaCy, which ``spacy train`` reads.

    Needs spaCy: ``pip install "sklstm[spacy]"``.

    Parameters
    ----------
    path : str or path-like
        The file, which is replaced.
    X : array-like of str, shape (n_texts,)
        The texts.
    y : list of list of tuple (start, end, type)
        The spans of each text; also Entity objects, or dicts with start, end and label. Duplicates
        count once.
    spans_key : str, default=None
        Key of a group in ``doc.spans`` to write, whose spans may overlap. None writes ``doc.ents``.
    language : str, default="xx"
        The language whose rules of spaCy make the tokens; "xx" is for any.
    lossy : {"warn", "raise"}, default="warn"
        Whether it is counted in a warning, or an error, that spans which cut tokens are expanded to
        them, and that of overlapping ones only the longest is in ``doc.ents``.

    Raises
    ------
    ImportError
        If spaCy is not installed.
    ValueError
        If a span exceeds its text, or spaCy does not know the language.

    See Also
    --------
    read_docbin : The inverse.

    Examples
    --------
    >>> from sklstm.formats import write_docbin
    >>> texts, spans = ["Ada lived in London."], [[(0, 3, "PER")]]
    >>> write_docbin("train.spacy", texts, spans)  # doctest: +SKIP
    """
    texts, rows = check_pair(X, y)
    spacy = import_optional("spacy", "spacy")
    try:
        make_doc = spacy.blank(language).make_doc
    except ImportError as error:
        raise ValueError(f"spaCy does not know language={language!r}: {error}") from None
    docs, losses = spacy.tokens.DocBin(), Losses(path, lossy)
    for number, (text, row) in enumerate(zip(texts, rows, strict=True)):
        doc, place = make_doc(text), f"text {number}"
        spans = {}  # of tokens, with those of characters
        for start, end, kind in row:
            span = doc.char_span(start, end, label=kind, alignment_mode="expand")
            if (span.start_char, span.end_char) != (start, end):
                what = "spans that cut tokens of spaCy, which are expanded to them"
                losses.add(what, place, (start, end, kind))
            spans.setdefault((span.start, span.end, kind), span)
        if spans_key is not None:
            doc.spans[spans_key] = list(spans.values())
        else:
            kept = without_overlaps(list(spans))
            for span in spans.keys() - set(kept):
                what = "spans that overlap longer ones, which are left out"
                losses.add(what, place, spans[span].text)
            doc.set_ents([spans[span] for span in kept])
        docs.add(doc)
    docs.to_disk(path)
    losses.report()
