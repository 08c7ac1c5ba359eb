"""CoNLL-U: a word a line, in ten columns."""

import re
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from sklearn.utils import Bunch

from sklstm import _typing as t
from sklstm._arrays import check_same_length
from sklstm._sklearn import validate_params
from sklstm._text_checks import check_tokens
from sklstm.datasets._conll import number_words, summarize
from sklstm.formats._files import read_lines, write_text
from sklstm.formats._losses import LOSSY, Losses
from sklstm.formats._texts import check_ids
from sklstm.sequences import Sequences
from sklstm.tags import check_tags

COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
TAGS = COLUMNS[2:9]
NEW_DOCUMENT = re.compile(r"# newdoc(\s.*)?")
TEXT = "# text = "
UNLIKE = "sentences whose text lacks their words in order, which is made of the words instead"


@validate_params(
    {"path": [str, PathLike], "tag": [str], "lossy": LOSSY, "return_X_y": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def read_conllu(
    path: t.Path,
    *,
    tag: str = "upos",
    lossy: Literal["warn", "raise"] = "warn",
    return_X_y: bool = False,
) -> Bunch | Any:
    r"""Read sentences and a tag of each word from a file in CoNLL-U.

    Each word is a line of ten columns separated by tabs [1]_. Of tokens like *don't*, the words are
    read: *do* and *n't*. Empty nodes, which are not in the text, are skipped.

    Parameters
    ----------
    path : str or path-like
        The file, in UTF-8, unpacked if its name ends with ``.gz``.
    tag : str, default="upos"
        The column of the tags: ``"lemma"``, ``"upos"``, ``"xpos"``, ``"feats"``, ``"head"``,
        ``"deprel"`` or ``"deps"``. Any other name is an attribute of the last column, such as
        ``"NER"`` in ``NER=B-PER|SpaceAfter=No``; words without it have the tag ``"O"``.
    lossy : {"warn", "raise"}, default="warn"
        Whether sentences whose ``# text`` differs from their words, so that positions are not known
        and those of the joined words are returned, are counted in a warning or an error.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of the Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with:

        data : list of list of str
            The words of each sentence.
        target : list of list of str
            The tag of each word.
        target_names : list of str
            All tags, sorted.
        documents : ndarray of int, shape (n_sentences,)
            The document of each sentence, counted from 0; all 0 in a file without ``# newdoc``.
        texts : list of str
            The text of each sentence.
        char_spans : list of ndarray of int64, shape (n_words, 2)
            Start and end of each word in its text, as for `sklstm.tags.tags_to_annotations`. Words
            of a token that is not their concatenation, such as *au* for *à le*, have its span.
        DESCR : str
            The counts of documents, sentences and words, and the tags.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    ValueError
        If a line has not ten columns, ids are not in order, or no word has the tag. The message
        names the line.

    See Also
    --------
    write_conllu : The inverse.
    sklstm.datasets.read_conll : Reads other files in columns.

    References
    ----------
    .. [1] Universal Dependencies, CoNLL-U format.
       https://universaldependencies.org/format.html

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklstm.formats import read_conllu, write_conllu
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "en-ud-dev.conllu")
    ...     write_conllu(path, [["Dogs", "bark"]], [["NOUN", "VERB"]])
    ...     print(path.read_text(), end="")
    ...     words, tags = read_conllu(path, return_X_y=True)
    1   Dogs  _  NOUN  _  _  _  _  _  _
    2   bark  _  VERB  _  _  _  _  _  _
    >>> words, tags
    ([['Dogs', 'bark']], [['NOUN', 'VERB']])
    """
    path = Path(path)
    sentences = list(_read_sentences(read_lines(path), path))
    if not sentences:
        raise ValueError(f"{path} holds no sentence.")
    bunch = Bunch(data=[], target=[], documents=[], texts=[], char_spans=[])
    losses = Losses(path, lossy)
    for sentence in sentences:
        words = [row for _, row in sentence["rows"] if row[0].isdecimal()]
        bunch.data.append([row[1] for row in words])
        bunch.target.append([_tag_of(row, tag) for row in words])
        bunch.documents.append(sentence["document"])
        text, spans = _locate(sentence, losses)
        bunch.texts.append(text)
        bunch.char_spans.append(np.array(spans, np.int64).reshape(-1, 2))
    if all(name is None for tags in bunch.target for name in tags):
        raise ValueError(
            f"{path}: no word has tag={tag!r}. Columns are {', '.join(map(repr, TAGS))}; other "
            "names are attributes of the last one."
        )
    bunch.target = [["O" if name is None else name for name in tags] for tags in bunch.target]
    bunch.target_names = sorted({name for tags in bunch.target for name in tags})
    bunch.documents = np.unique(bunch.documents, return_inverse=True)[1]
    bunch.DESCR = summarize(bunch, path.name)
    losses.report()
    return (bunch.data, bunch.target) if return_X_y else bunch


def _read_sentences(lines, path):
    """Yield each sentence: its text if known, its document, and its lines with their numbers."""
    rows, known, document = [], None, 0
    for number, line in enumerate([*lines, ""], 1):
        if line.startswith("#") and not rows:
            document += bool(NEW_DOCUMENT.fullmatch(line))
            known = line.removeprefix(TEXT) if line.startswith(TEXT) else known
        elif line.strip():
            row = line.split("\t")
            if len(row) != len(COLUMNS) or not all(row):
                raise ValueError(
                    f"{path}, line {number}: expected {len(COLUMNS)} columns separated by tabs, "
                    f"none of them empty; got {row!r:.120}."
                )
            rows.append((number, row))
        elif rows:
            if not number_words(row[0] for _, row in rows):
                raise ValueError(
                    f"{path}, line {rows[0][0]}: the ids of this sentence are not in order: "
                    "words count 1, 2, 3, a token 2-3 comes before its words, and an empty node "
                    "2.1 after its word."
                )
            yield {"text": known, "document": document, "rows": rows}
            rows, known = [], None


def _tag_of(row, tag):
    if tag in TAGS:
        return row[COLUMNS.index(tag)]
    return _attributes(row[-1]).get(tag)


def _attributes(misc):
    return dict(part.split("=", 1) for part in misc.split("|") if "=" in part)


def _locate(sentence, losses):
    """Return the text of a sentence, and the span of each word."""
    tokens = list(_tokens(sentence["rows"]))  # (form, words, whether a space follows)
    joined = "".join(form + " " * space for form, _, space in tokens)
    joined = joined[:-1] if tokens[-1][2] else joined
    text = joined if sentence["text"] is None else sentence["text"]
    places = _find_all(text, [form for form, _, _ in tokens])
    if places is None:
        number = sentence["rows"][0][0]
        losses.add(UNLIKE, f"line {number}", text)
        text = joined
        places = _find_all(text, [form for form, _, _ in tokens])
    spans = []
    for (form, words, _), start in zip(tokens, places, strict=True):
        inside = _find_all(form, words)
        if inside is None:
            spans += [(start, start + len(form))] * len(words)
        else:
            pairs = zip(words, inside, strict=True)
            spans += [(start + begin, start + begin + len(word)) for word, begin in pairs]
    return text, spans


def _find_all(text, forms):
    """Return where each form begins if they follow each other with only blanks between."""
    places, end = [], 0
    for form in forms:
        while not text.startswith(form, end):
            if not text[end : end + 1].isspace():
                return None
            end += 1
        places.append(end)
        end += len(form)
    return None if text[end:].strip() else places


def _tokens(rows):
    """Yield the form of each token, its words, and whether a space follows."""
    last = 0  # the last word of the token
    for _, row in rows:
        name, form = row[:2]
        space = _attributes(row[-1]).get("SpaceAfter") != "No"
        if "-" in name:
            last = int(name.partition("-")[2][:9])
            words = []  # which the next rows fill
            yield form, words, space
        elif name.isdecimal() and int(name) <= last:
            words.append(form)
        elif name.isdecimal():
            yield form, [form], space


@validate_params(
    {"path": [str, PathLike], "tag": [str], "lossy": LOSSY}, prefer_skip_nested_validation=True
)
def write_conllu(
    path: t.Path,
    X,
    y,
    *,
    tag: str = "upos",
    documents=None,
    lossy: Literal["warn", "raise"] = "warn",
) -> None:
    """Write sentences and a tag of each word in CoNLL-U.

    Parameters
    ----------
    path : str or path-like
        The file, which is replaced. It is packed if its name ends with ``.gz``.
    X : list of list of str, or Sequences
        The tokens of each sentence. `Sequences` of a ``Tokenizer(char_spans=True)`` are written as
        they are in the text, with the text and whether a space follows.
    y : list of list of str
        The tag of each token.
    tag : str, default="upos"
        The column of the tags, or an attribute of the last one, as for `read_conllu`.
    documents : array-like of str or int, shape (n_sentences,), default=None
        The document of each sentence, in order; each begins with ``# newdoc``.
    lossy : {"warn", "raise"}, default="warn"
        Whether it is counted in a warning, or an error, that sentences without tokens, and texts
        with more than blanks between tokens, are left out, and that line ends in texts become
        spaces.

    Raises
    ------
    ValueError
        If sentence and tags differ in length, or a token or tag is empty or holds a tab or line
        end.

    See Also
    --------
    read_conllu : The inverse.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklstm import Tokenizer
    >>> from sklstm.formats import write_conllu
    >>> X = Tokenizer(char_spans=True, punctuation=True, lowercase=False).transform(["Dogs bark."])
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "dogs.conllu")
    ...     write_conllu(path, X, [["B-ANIMAL", "O", "O"]], tag="NER")
    ...     print(path.read_text(), end="")
    # text = Dogs bark.
    1  Dogs  _  _  _  _  _  _  _  NER=B-ANIMAL
    2  bark  _  _  _  _  _  _  _  NER=O|SpaceAfter=No
    3  .     _  _  _  _  _  _  _  NER=O|SpaceAfter=No
    """
    if tag in ("id", "form", "misc", "") or not re.fullmatch(r"[^|=\s]+", tag):
        raise ValueError(f"tag={tag!r} must be one of {', '.join(TAGS)}, or an attribute's name.")
    losses, blocks, before = Losses(path, lossy), [], None
    texts, rows = _forms(X)
    y = check_tags(y, None)
    check_same_length(X=rows, y=y)
    if documents is not None:
        documents = check_ids(documents, len(rows), "documents")
    for number, (row, tags) in enumerate(zip(rows, y, strict=True)):
        if len(row) != len(tags):
            raise ValueError(f"Sentence {number} has {len(row)} tokens and {len(tags)} tags.")
        if not row:
            losses.add("sentences without tokens, which are left out", f"sentence {number}", row)
            continue
        lines = []
        if documents is not None and (not blocks or documents[number] != before):
            lines, before = ["# newdoc"], documents[number]
        if texts is not None:
            lines += _write_text(texts[number], [form for form, _ in row], number, losses)
        for place, ((form, space), name) in enumerate(zip(row, tags, strict=True), 1):
            _check_cell(form, "Token", number, place - 1)
            _check_cell(name, "Tag", number, place - 1, forbidden="" if tag in TAGS else "|")
            lines.append("\t".join(_make_row(place, form, space, tag, name)))
        blocks.append("\n".join([*lines, "", ""]))
    write_text(path, "".join(blocks))
    losses.report()


def _write_text(text, forms, number, losses):
    """Return the line with the text, if it can be read again."""
    place, line = f"sentence {number}", re.sub(r"[\r\n]", " ", text)
    if _find_all(line, forms) is None:
        losses.add("texts with more than blanks between tokens, which are left out", place, text)
        return []
    if line != text:
        losses.add("texts with line ends, which become spaces", place, text)
    return [TEXT + line]


def _forms(X):
    """Return the texts if known, and for each token its form, and whether a space follows."""
    if not isinstance(X, Sequences) or X.char_spans is None or X.texts is None:
        rows = X.tokens() if isinstance(X, Sequences) else check_tokens(X)
        return None, [[(token, True) for token in row] for row in rows]
    rows = []
    for number, text in enumerate(X.texts):
        spans = X.char_spans[X.offsets[number] : X.offsets[number + 1]].tolist()
        rows.append([(text[start:end], text[end : end + 1].isspace()) for start, end in spans])
    return X.texts, rows


def _check_cell(value, what, number, place, forbidden=""):
    if not value or re.search(rf"[\t\r\n{forbidden}]", value):
        raise ValueError(
            f"{what} {place} of sentence {number} is {value!r:.80}: CoNLL-U holds nothing empty, "
            f"and no tab or line end{' or |' if forbidden else ''}."
        )


def _make_row(place, form, space, tag, name):
    row = [str(place), form, *["_"] * 8]
    misc = [] if space else ["SpaceAfter=No"]
    if tag in TAGS:
        row[COLUMNS.index(tag)] = name
    else:
        misc = [f"{tag}={name}", *misc]
    row[-1] = "|".join(misc) or "_"
    return row
