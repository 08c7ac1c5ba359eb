"""Conversion between annotations of characters and tags of tokens."""

import warnings
from bisect import bisect
from collections.abc import Mapping
from itertools import pairwise
from numbers import Integral
from typing import Literal

import numpy as np

from sklstm import _typing as t
from sklstm._arguments import check_option, describe, levels_to_caller
from sklstm._arrays import to_list
from sklstm.tags._spans import check_tags, spans_to_tags, tags_to_spans

MISALIGNED = ("raise", "expand", "drop")
OVERLAPPING = ("raise", "longest")


def annotations_to_tags(
    char_spans,
    annotations,
    scheme: t.Scheme = "IOB2",
    misaligned: Literal["raise", "expand", "drop"] = "raise",
    overlapping: Literal["raise", "longest"] = "raise",
) -> list[list[str]]:
    """Convert annotations of characters to tags of tokens.

    An annotation is misaligned if it begins or ends inside a token, holds none, or ends after the
    last one. It may begin or end among characters that belong to no token, such as blanks.

    Parameters
    ----------
    char_spans : list of array-like of int, shape (n_tokens, 2)
        Start and end of each token of each text, as ``Tokenizer.find_char_spans`` returns them.
    annotations : list of list of tuple (start, end, type)
        The annotations of each text: ``text[start:end]`` is of the type. Each may also be a
        :class:`sklstm.Entity`, a dict with ``start``, ``end`` and ``label``, or a span of spaCy.
        Duplicates count once.
    scheme : {"IOB1", "IOB2", "IOBES", "BILOU"}, default="IOB2"
        The scheme to write.
    misaligned : {"raise", "expand", "drop"}, default="raise"
        Whether misaligned annotations are an error, expand to all tokens that they touch, or are
        dropped. The latter two warn, with their number.
    overlapping : {"raise", "longest"}, default="raise"
        Whether annotations that share a token are an error, or the longest is kept, the first of
        equal ones. The latter warns, with the number of those left out.

    Returns
    -------
    list of list of str
        One tag for each token.

    Raises
    ------
    TypeError
        If an annotation is not two integers and a type, or character spans are not integers.
    ValueError
        If an annotation is empty, misaligned, or shares a token with another one, or if tokens are
        empty or not in the order of the text.

    See Also
    --------
    tags_to_annotations : The inverse.
    sklstm.Tokenizer : Finds tokens and their character spans.

    Examples
    --------
    >>> from sklstm import Tokenizer
    >>> from sklstm.tags import annotations_to_tags
    >>> texts = ["Ada Lovelace lived in London."]
    >>> annotations = [[(0, 12, "PER"), (22, 28, "LOC")]]
    >>> annotations_to_tags(Tokenizer().find_char_spans(texts), annotations)
    [['B-PER', 'I-PER', 'O', 'O', 'B-LOC']]
    """
    check_option(misaligned, MISALIGNED, "misaligned")
    check_option(overlapping, OVERLAPPING, "overlapping")
    char_spans = _check_char_spans(char_spans)
    annotations = to_list(annotations, "one list of (start, end, type) for each text")
    _check_lengths(char_spans, annotations, "annotations")
    y, misfits, covered = [], [], []
    for number, (tokens, annotated) in enumerate(zip(char_spans, annotations, strict=True)):
        try:
            annotation_of, wrong = _align(tokens, annotated, misaligned)
            spans, left_out = _part_overlaps(annotation_of, overlapping)
            y.append(spans_to_tags(spans, len(tokens), scheme))
        except (TypeError, ValueError) as error:
            raise type(error)(f"Text {number}: {error}") from None
        misfits += [(number, annotation) for annotation in wrong]
        covered += [(number, annotation) for annotation in left_out]
    _warn(misfits, covered, sum(map(len, annotations)), misaligned)
    return y


def _warn(misfits, covered, n_annotations, misaligned):
    """Tell once of all annotations that the tags do not hold as they are."""
    dropped = misaligned == "drop"
    found = [
        (misfits, "do not begin and end with tokens and are "
         + ("dropped" if dropped else "expanded to all tokens they touch")),
        (covered, "share tokens with longer ones and are left out"),
    ]  # fmt: skip
    told = [
        f"{len(cases)} of {n_annotations} annotations {what}; the first is {cases[0][1]} of text "
        f"{cases[0][0]}."
        for cases, what in found
        if cases
    ]
    if told:
        warnings.warn(" ".join(told), UserWarning, stacklevel=levels_to_caller())


def tags_to_annotations(
    char_spans, y, scheme: t.Scheme, mode: t.Mode = "strict"
) -> list[list[tuple[int, int, str]]]:
    """Convert tags of tokens to annotations of characters.

    Parameters
    ----------
    char_spans : list of array-like of int, shape (n_tokens, 2)
        Start and end of each token of each text, as ``Tokenizer.find_char_spans`` returns them.
    y : sequence of list of str
        The tags of each text.
    scheme : {"IOB1", "IOB2", "IOBES", "BILOU"}
        Their scheme.
    mode : {"strict", "conlleval"}, default="strict"
        How to read tags that are not well-formed, as for :func:`tags_to_spans`.

    Returns
    -------
    list of list of tuple (start, end, type)
        The annotations of each text: ``text[start:end]`` is of the type.

    Raises
    ------
    ValueError
        If a text has more or fewer tags than tokens.

    See Also
    --------
    annotations_to_tags : The inverse.

    Examples
    --------
    >>> from sklstm import Tokenizer
    >>> from sklstm.tags import tags_to_annotations
    >>> char_spans = Tokenizer().find_char_spans(["Ada Lovelace lived in London."])
    >>> tags_to_annotations(char_spans, [["B-PER", "I-PER", "O", "O", "B-LOC"]], "IOB2")
    [[(0, 12, 'PER'), (22, 28, 'LOC')]]
    """
    char_spans, y = _check_char_spans(char_spans), check_tags(y, None)
    _check_lengths(char_spans, y, "y")
    annotations = []
    for number, (tokens, tags) in enumerate(zip(char_spans, y, strict=True)):
        if len(tokens) != len(tags):
            raise ValueError(f"Text {number} has {len(tokens)} tokens and {len(tags)} tags.")
        spans = tags_to_spans(tags, scheme, mode)
        annotations.append(
            [(int(tokens[start, 0]), int(tokens[end - 1, 1]), kind) for kind, start, end in spans]
        )
    return annotations


def _check_char_spans(char_spans):
    texts = to_list(char_spans, "the character spans of the tokens of each text")
    return [_check_tokens(number, tokens) for number, tokens in enumerate(texts)]


def _check_tokens(number, tokens):
    """Return the starts and ends of the tokens of a text, shape (n_tokens, 2)."""
    try:
        array = np.asarray(tokens)
    except ValueError:  # rows of unequal length
        array = np.empty((), object)
    if array.shape in ((0,), (0, 2)):
        return np.zeros((0, 2), np.int64)
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iu":
        raise TypeError(
            f"Text {number}: char_spans must be integers of shape (n_tokens, 2), the start and end "
            f"of each token; got {describe(tokens)}, shape {array.shape} and dtype {array.dtype}."
        )
    array = array.astype(np.int64)
    empty = array[:, 0] >= array[:, 1]
    early = array[:, 0] < np.append(0, array[:-1, 1])
    if (wrong := empty | early).any():
        place = wrong.argmax()
        raise ValueError(
            f"Text {number}: token {place} has the span {tuple(array[place].tolist())}; tokens "
            "must not be empty, must be in the order of the text, and must not overlap. Leave out "
            "special tokens, which are not in it."
        )
    return array


def _check_lengths(char_spans, others, name):
    if len(char_spans) != len(others):
        raise ValueError(
            f"char_spans are of {len(char_spans)} texts, {name} of {len(others)}: pass the same."
        )


def _align(tokens, annotations, misaligned):
    """Return the annotation of each span of tokens, and the annotations that are misaligned."""
    annotation_of, wrong = {}, []
    text_end = tokens[-1, 1] if len(tokens) else 0
    if not isinstance(annotations, (list, tuple)):  # which may be empty
        annotations = to_list(annotations, "the annotations of each text")
    for annotation in map(read_annotation, annotations):
        start, end, kind = annotation
        first = int(np.searchsorted(tokens[:, 1], start, side="right"))
        after = int(np.searchsorted(tokens[:, 0], end, side="left"))
        touches = first < after
        fits = touches and start <= tokens[first, 0] and tokens[after - 1, 1] <= end <= text_end
        if not fits:
            if misaligned == "raise":
                beyond = f" It ends after the last token, at {text_end}." if end > text_end else ""
                raise ValueError(
                    f"{annotation} does not begin and end with tokens.{beyond} Correct it, "
                    "tokenize differently, or pass misaligned='expand' or misaligned='drop'."
                )
            wrong.append(annotation)
        if fits or (touches and misaligned == "expand"):
            annotation_of.setdefault((kind, first, after), annotation)
    return annotation_of, wrong


def _part_overlaps(annotation_of, overlapping):
    """Return the spans to tag, and the annotations that share tokens with longer ones."""
    spans = sorted(annotation_of, key=lambda span: span[1:])
    if overlapping == "longest":
        kept = set(without_overlaps([span[1:] + span[:1] for span in spans]))
        left_out = [annotation_of[span] for span in spans if span[1:] + span[:1] not in kept]
        return [(kind, first, after) for first, after, kind in sorted(kept)], left_out
    for span, following in pairwise(spans):
        if following[1] < span[2]:
            raise ValueError(
                f"{annotation_of[span]} overlaps {annotation_of[following]}: they share a token, "
                "which gets one tag. Keep one of them, or pass overlapping='longest'."
            )
    return spans, []


def without_overlaps(spans):
    """Keep the longest of overlapping spans (start, end, type), the first of equal ones.

    They are returned in order.
    """
    kept = []
    for span in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
        place = bisect(kept, span[:2], key=lambda other: other[:2])
        after_previous = place == 0 or kept[place - 1][1] <= span[0]
        if after_previous and (place == len(kept) or span[1] <= kept[place][0]):
            kept.insert(place, span)
    return kept


def are_annotations(y, or_empty=False):
    """Tell annotations of texts from tags by the first; if there is none at all, say `or_empty`."""
    if y is None or isinstance(y, str) or not np.iterable(y) or not hasattr(y, "__len__"):
        return False
    rows = [row for row in y if isinstance(row, (list, tuple, np.ndarray))]
    first = next((row[0] for row in rows if getattr(row, "ndim", 1) and len(row)), None)
    if first is None:
        return or_empty and len(rows) == len(y)
    return isinstance(first, (tuple, list, Mapping)) or hasattr(first, "start_char")


def read_rows(y, name):
    """Read the annotations of each text; an error names the argument and the text."""
    rows = []
    for number, row in enumerate(y):
        if not isinstance(row, (list, tuple, np.ndarray)):
            raise TypeError(
                f"{name}: text {number} has {describe(row)} in place of a list of its spans, which "
                "is empty if it has none."
            )
        rows.append([read_annotation(annotation) for annotation in row])
    return rows


def read_annotation(annotation):
    """Read (start, end, type) from any of the forms that an annotation may have."""
    try:
        start, end, kind = _parts_of(annotation)
    except (TypeError, ValueError, KeyError):
        raise TypeError(
            f"{annotation!r} is not an annotation; one is (start, end, type), an Entity, or a dict "
            f"with start, end and label.{_hint(annotation)}"
        ) from None
    whole = all(isinstance(place, Integral) for place in (start, end))
    if not whole or not isinstance(kind, str) or isinstance(annotation, str):
        raise TypeError(
            f"{annotation} must be (start, end, type): two integers, the positions of characters, "
            f"and a str for the type.{_hint(annotation)}"
        )
    if not 0 <= start < end:
        raise ValueError(f"{annotation} must have 0 <= start < end.")
    return int(start), int(end), str(kind)


def _parts_of(annotation):
    if isinstance(annotation, Mapping):
        return annotation["start"], annotation["end"], annotation["label"]
    if hasattr(annotation, "start_char") and hasattr(annotation, "end_char"):
        kind = annotation.type if hasattr(annotation, "type") else annotation.label_  # spaCy's
        return annotation.start_char, annotation.end_char, kind
    return annotation


def _hint(annotation):
    """Say how to convert what is no annotation."""
    if isinstance(annotation, str) and "\t" in annotation:  # a line of brat
        return " From a line of brat, such as 'T1\\tPER 0 3\\tAda', take (0, 3, 'PER')."
    if getattr(annotation, "start_char", 0) is None:
        return " Entities know characters only if the tagger got a Tokenizer's char_spans."
    return ""
