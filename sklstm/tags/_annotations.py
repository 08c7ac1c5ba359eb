"""Conversion between annotations of characters and tags of tokens."""

import warnings
from collections.abc import Mapping
from itertools import pairwise
from numbers import Integral

import numpy as np

from sklstm._arguments import check_option, describe
from sklstm._arrays import to_list
from sklstm.tags._spans import check_tags, spans_to_tags, tags_to_spans

MISALIGNED = ("raise", "expand", "drop")


def annotations_to_tags(char_spans, annotations, scheme="IOB2", misaligned="raise"):
    """Convert annotations of characters to tags of tokens.

    An annotation is misaligned if it begins or ends inside a token, holds none, or ends after the
    last one. It may begin or end among characters that belong to no token, such as blanks.

    Parameters
    ----------
    char_spans : list of array-like of int, shape (n_tokens, 2)
        Start and end of each token of each text, as ``Tokenizer.find_char_spans`` returns them.
    annotations : list of list of tuple (start, end, type)
        The annotations of each text: ``text[start:end]`` is of the type. Duplicates count once.
    scheme : {"IOB1", "IOB2", "IOBES", "BILOU"}, default="IOB2"
        The scheme to write.
    misaligned : {"raise", "expand", "drop"}, default="raise"
        Whether misaligned annotations are an error, expand to all tokens that they touch, or are
        dropped. The latter two warn, with their number.

    Returns
    -------
    list of list of str
        One tag for each token.

    Raises
    ------
    TypeError
        If an annotation is not two integers and a type, or character spans are not integers.
    ValueError
        If an annotation is misaligned, empty, or shares a token with another one, or if tokens are
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
    char_spans = _check_char_spans(char_spans)
    annotations = to_list(annotations, "one list of (start, end, type) for each text")
    _check_lengths(char_spans, annotations, "annotations")
    y, misfits = [], []
    for number, (tokens, annotated) in enumerate(zip(char_spans, annotations, strict=True)):
        try:
            spans, wrong = _align(tokens, annotated, misaligned)
            y.append(spans_to_tags(spans, len(tokens), scheme))
        except (TypeError, ValueError) as error:
            raise type(error)(f"Text {number}: {error}") from None
        misfits += [(number, annotation) for annotation in wrong]
    if misfits:
        number, first = misfits[0]
        done = "dropped" if misaligned == "drop" else "expanded to all tokens they touch"
        warnings.warn(
            f"{len(misfits)} of {sum(map(len, annotations))} annotations do not begin and end with "
            f"tokens and are {done}; the first is {first} of text {number}.",
            UserWarning,
            stacklevel=2,
        )
    return y


def tags_to_annotations(char_spans, y, scheme, mode="strict"):
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
    """Return the spans of tokens to tag, and the annotations that are misaligned."""
    annotation_of, wrong = {}, []
    text_end = tokens[-1, 1] if len(tokens) else 0
    if not isinstance(annotations, (list, tuple)):  # which may be empty
        annotations = to_list(annotations, "the annotations of each text")
    for annotation in annotations:
        start, end, kind = _check_annotation(annotation)
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
    spans = sorted(annotation_of, key=lambda span: span[1:])
    for span, following in pairwise(spans):
        if following[1] < span[2]:
            raise ValueError(
                f"{annotation_of[span]} overlaps {annotation_of[following]}: they share a token, "
                "which gets one tag. Keep one of them."
            )
    return spans, wrong


def _check_annotation(annotation):
    try:
        start, end, kind = annotation
    except (TypeError, ValueError):
        raise TypeError(
            f"{annotation!r} is not an annotation; one is (start, end, type).{_hint(annotation)}"
        ) from None
    is_tuple = not isinstance(annotation, (Mapping, str))
    whole = all(isinstance(place, Integral) for place in (start, end))
    if not (is_tuple and whole and isinstance(kind, str)):
        raise TypeError(
            f"{annotation} must be (start, end, type): two integers and a str for the type."
            f"{_hint(annotation)}"
        )
    if not 0 <= start < end:
        raise ValueError(f"{annotation} must have 0 <= start < end.")
    return start, end, kind


def _hint(annotation):
    """Say how to convert an annotation from the forms of other tools."""
    if isinstance(annotation, Mapping) and {"start", "end", "label"} <= set(annotation):
        parts = "one['start'], one['end'], one['label']"  # Prodigy, transformers
    elif isinstance(annotation, str) and "\t" in annotation:  # a line of brat
        return " From a line of brat, such as 'T1\\tPER 0 3\\tAda', take (0, 3, 'PER')."
    elif hasattr(annotation, "start_char") and hasattr(annotation, "end_char"):
        kind = "type" if hasattr(annotation, "type") else "label_"  # an Entity, a span of spaCy
        parts = f"one.start_char, one.end_char, one.{kind}"
    else:
        return ""
    return f" Convert them: [({parts}) for one in annotations]."
