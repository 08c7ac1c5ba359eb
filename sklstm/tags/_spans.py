"""Tagging schemes, and the conversion between tags and spans."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, pairwise
from numbers import Integral
from typing import NamedTuple

import numpy as np

from sklstm import _typing as t
from sklstm._arguments import check_option, describe
from sklstm._arrays import plain, to_list

SCHEMES = ("IOB1", "IOB2", "IOBES", "BILOU")
MODES = ("strict", "conlleval")
OUTSIDE = "O"
UNKNOWN = "?"  # the prefix of None, an unknown tag

# Prefixes of each scheme; those that open a span; those that may end one. In IOB1 a B opens a span
# only where it touches another of its type.
PREFIXES = {"IOB1": "IB", "IOB2": "BI", "IOBES": "BIES", "BILOU": "BILU"}
OPENING = {"IOB1": "I", "IOB2": "B", "IOBES": "BS", "BILOU": "BU"}
CLOSING = {"IOB1": "IB", "IOB2": "BI", "IOBES": "ES", "BILOU": "LU"}
ALL_PREFIXES = "BIESLU"


class Span(NamedTuple):
    """A span of tokens with its type.

    Parameters
    ----------
    type : str
        The type, such as ``"PER"``.
    start : int
        Position of its first token in the sentence.
    end : int
        Position after its last token.

    Examples
    --------
    >>> from sklstm.tags import Span
    >>> Span("PER", 0, 2).end
    2
    """

    type: str
    start: int
    end: int


class SpanColumns(NamedTuple):
    """The spans of many sentences as columns, in order.

    Parameters
    ----------
    types : ndarray of object, shape (n_spans,)
        Their types.
    sentences : ndarray of int, shape (n_spans,)
        Their sentences.
    starts, ends : ndarray of int, shape (n_spans,)
        Positions of the first token and after the last one, counted over all sentences.

    See Also
    --------
    span_columns : Reads them from tags.

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm.tags import SpanColumns
    >>> spans = SpanColumns(np.array(["PER"], object), *np.array([[0], [1], [3]]))
    >>> spans.ends - spans.starts
    array([2])
    """

    types: np.ndarray
    sentences: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


class _Tokens(NamedTuple):
    """Prefix and type of tags, as arrays of one shape, or of shapes that broadcast."""

    prefix: np.ndarray
    type: np.ndarray

    def __getitem__(self, index):
        return _Tokens(self.prefix[index], self.type[index])

    def has(self, prefixes):
        return np.isin(self.prefix, list(prefixes))


def check_tags(y, scheme: t.Scheme | None) -> list[Sequence[str]]:
    """Check that the tags of all sentences are well-formed.

    Parameters
    ----------
    y : sequence of list of str, or array-like of str, shape (n_sentences, n_tokens)
        The tags of each sentence; a sentence may be empty.
    scheme : {"IOB1", "IOB2", "IOBES", "BILOU"} or None
        The scheme; None accepts any str as a tag.

    Returns
    -------
    list of (list or tuple) of str
        The same tags.

    Raises
    ------
    TypeError
        If a sentence is not a list, or a tag not a str.
    ValueError
        If there is no sentence, or a tag is not of the scheme or not allowed in its place. The
        message names sentence, token and tag.

    See Also
    --------
    convert_tags : Repairs tags that are not well-formed.
    tags_to_spans : Reads spans from tags, well-formed or not.

    Examples
    --------
    >>> from sklstm.tags import check_tags
    >>> check_tags([["B-PER", "I-PER", "O"]], "IOB2")
    [['B-PER', 'I-PER', 'O']]
    >>> check_tags([["O", "I-PER", "O"]], "IOB2")
    Traceback (most recent call last):
        ...
    ValueError: Sentence 0, token 1: 'I-PER' after 'O' does not fit IOB2; accepted here: O, B-….
    convert_tags(y, 'IOB2', 'IOB2', mode='conlleval') repairs such tags.
    """
    return _check_lists(_tag_lists(y), scheme)


def check_partial_tags(y, scheme):
    """Check tags as `check_tags` does, where None stands for a tag that is not known."""
    return _check_lists(_tag_lists(y, or_unknown=True), scheme)


def _check_lists(sentences, scheme):
    if scheme is None:
        return sentences
    check_option(scheme, SCHEMES, "scheme")
    tokens, first, _ = encode(sentences, scheme)
    faults = mark_faults(tokens, first, scheme)
    if faults.any():
        raise ValueError(
            f"{_describe_fault(sentences, faults.argmax(), scheme)} convert_tags(y, {scheme!r}, "
            f"{scheme!r}, mode='conlleval') repairs such tags."
        )
    return sentences


def tags_to_spans(tags, scheme: t.Scheme | None, mode: t.Mode = "strict") -> list[Span]:
    """Read the spans of one sentence from its tags.

    Parameters
    ----------
    tags : sequence of str
        The tags of the sentence.
    scheme : {"IOB1", "IOB2", "IOBES", "BILOU"} or None
        Their scheme. Mode "conlleval" knows the prefixes of all schemes and ignores it.
    mode : {"strict", "conlleval"}, default="strict"
        How to read tags that are not well-formed. With "strict" only well-formed spans count, so
        ``I-PER`` after ``O`` is none in IOB2. With "conlleval" all tags but ``O`` belong to a
        span, as in the script of that name: one begins at B, S or U, where the type changes, and
        after ``O``, E, L, S or U.

    Returns
    -------
    list of Span
        Type, start and end of each, in the order of the sentence.

    Raises
    ------
    ValueError
        If a tag is not of the scheme.

    See Also
    --------
    spans_to_tags : The inverse.

    Examples
    --------
    >>> from sklstm.tags import tags_to_spans
    >>> tags_to_spans(["B-PER", "I-PER", "O", "I-LOC"], "IOB2")
    [Span(type='PER', start=0, end=2)]
    >>> tags_to_spans(["B-PER", "I-PER", "O", "I-LOC"], "IOB2", mode="conlleval")
    [Span(type='PER', start=0, end=2), Span(type='LOC', start=3, end=4)]
    """
    types, _, starts, ends = span_columns([_one_sentence(tags)], scheme, mode)
    return list(map(Span, types.tolist(), starts.tolist(), ends.tolist()))


def span_columns(y, scheme: t.Scheme | None, mode: t.Mode = "strict") -> SpanColumns:
    """Read the spans of many sentences at once.

    Parameters
    ----------
    y : sequence of list of str
        The tags of each sentence.
    scheme : {"IOB1", "IOB2", "IOBES", "BILOU"} or None
        Their scheme, as for :func:`tags_to_spans`.
    mode : {"strict", "conlleval"}, default="strict"
        How to read tags that are not well-formed, as for :func:`tags_to_spans`.

    Returns
    -------
    SpanColumns
        Types, sentences, starts and ends; positions count over all sentences.

    Examples
    --------
    >>> from sklstm.tags import span_columns
    >>> columns = span_columns([["O", "B-PER"], ["B-LOC", "I-LOC"]], "IOB2")
    >>> columns.types, columns.sentences
    (array(['PER', 'LOC'], dtype=object), array([0, 1]))
    >>> columns.starts, columns.ends
    (array([1, 2]), array([2, 4]))
    """
    check_option(mode, MODES, "mode")
    if mode == "strict":
        check_option(scheme, SCHEMES, "scheme")
    sentences = _tag_lists(y)
    tokens, first, names = encode(sentences, scheme if mode == "strict" else None)
    before = _before(tokens, first)
    inside = tokens.prefix != OUTSIDE
    continues = _continues(before, tokens)
    starts = np.flatnonzero(inside & ~continues)
    ends = np.flatnonzero(inside & ~np.append(continues[1:], False)) + 1
    if mode == "strict":
        well_formed = _may_open(before[starts], tokens[starts], scheme)
        well_formed &= _may_close(tokens[ends - 1], scheme)
        starts, ends = starts[well_formed], ends[well_formed]
    sentence_of = np.repeat(np.arange(len(sentences)), list(map(len, sentences)))
    return SpanColumns(names[tokens.type[starts]], sentence_of[starts], starts, ends)


def spans_to_tags(spans, n_tokens: int, scheme: t.Scheme) -> list[str]:
    """Write the spans of one sentence as tags.

    Parameters
    ----------
    spans : iterable of Span or of tuple (type, start, end)
        Spans that do not overlap, in any order. Duplicates count once.
    n_tokens : int
        Tokens of the sentence.
    scheme : {"IOB1", "IOB2", "IOBES", "BILOU"}
        The scheme to write.

    Returns
    -------
    list of str
        One tag for each token.

    Raises
    ------
    TypeError
        If a span is not a type and two integers.
    ValueError
        If a span is empty, exceeds the sentence or overlaps another one.

    See Also
    --------
    tags_to_spans : The inverse.

    Examples
    --------
    >>> from sklstm.tags import spans_to_tags
    >>> spans_to_tags([("PER", 0, 2), ("LOC", 3, 4)], 4, "IOBES")
    ['B-PER', 'E-PER', 'O', 'S-LOC']
    """
    check_option(scheme, SCHEMES, "scheme")
    if not isinstance(n_tokens, Integral) or n_tokens < 0:
        raise TypeError(f"n_tokens must be the number of tokens, got {describe(n_tokens)}.")
    if not isinstance(spans, Iterable):
        raise TypeError(f"Expected spans in a list, got {describe(spans)}.")
    spans = sorted(dict.fromkeys(map(_check_span, spans)), key=lambda span: span.start)
    for span in spans:
        if not 0 <= span.start < span.end <= n_tokens:
            raise ValueError(
                f"{span} must have 0 <= start < end <= {n_tokens}, the number of tokens."
            )
    for span, following in pairwise(spans):
        if following.start < span.end:
            raise ValueError(f"{span} overlaps {following}; a token has one tag. Keep one of them.")
    tags = [OUTSIDE] * n_tokens
    before = Span("", -1, -1)
    for span in spans:
        prefixes = span_prefixes(span.end - span.start, scheme)
        if scheme == "IOB1" and (before.end, before.type) == (span.start, span.type):
            prefixes = "B" + prefixes[1:]
        tags[span.start : span.end] = [_join(prefix, span.type) for prefix in prefixes]
        before = span
    return tags


def convert_tags(
    y, source: t.Scheme | None, target: t.Scheme, mode: t.Mode = "strict"
) -> list[list[str]]:
    """Rewrite tags in another scheme, or repair them in their own.

    Parameters
    ----------
    y : sequence of list of str
        The tags of each sentence.
    source : {"IOB1", "IOB2", "IOBES", "BILOU"} or None
        Their scheme. Mode "conlleval" knows the prefixes of all schemes and ignores it.
    target : {"IOB1", "IOB2", "IOBES", "BILOU"}
        The scheme to write.
    mode : {"strict", "conlleval"}, default="strict"
        How to treat tags that are not well-formed. With "strict" they are an error. With
        "conlleval" they are repaired: the spans are those of :func:`tags_to_spans` in that mode,
        so ``I-PER`` after ``O`` begins one.

    Returns
    -------
    list of list of str
        Tags of the same spans.

    Raises
    ------
    ValueError
        If tags are not well-formed in strict mode; the message names sentence, token and tag.

    See Also
    --------
    infer_scheme : Finds the source.

    Examples
    --------
    >>> from sklstm.tags import convert_tags
    >>> convert_tags([["I-PER", "I-PER", "B-PER", "O"]], "IOB1", "BILOU")
    [['B-PER', 'L-PER', 'U-PER', 'O']]
    >>> convert_tags([["O", "I-PER", "I-PER"]], "IOB2", "IOB2", mode="conlleval")
    [['O', 'B-PER', 'I-PER']]
    """
    check_option(mode, MODES, "mode")
    check_option(source, SCHEMES if mode == "strict" else (*SCHEMES, None), "source")
    check_option(target, SCHEMES, "target")
    sentences = check_tags(y, source if mode == "strict" else None)
    lengths = list(map(len, sentences))
    offsets = np.cumsum([0, *lengths])
    spans = [[] for _ in sentences]
    columns = span_columns(sentences, source, mode)
    base = offsets[columns.sentences]
    rows = (columns.types, columns.starts - base, columns.ends - base)
    for sentence, *span in zip(columns.sentences, *(row.tolist() for row in rows), strict=True):
        spans[sentence].append(span)
    return [spans_to_tags(*row, target) for row in zip(spans, lengths, strict=True)]


def allowed_transitions(tags, scheme: t.Scheme | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find which tags may follow each other.

    Parameters
    ----------
    tags : sequence of str, length K
        The distinct tags.
    scheme : {"IOB1", "IOB2", "IOBES", "BILOU"} or None
        Their scheme; None allows all transitions.

    Returns
    -------
    start : ndarray of bool, shape (K,)
        Whether a sentence may begin with the tag.
    transitions : ndarray of bool, shape (K, K)
        Whether the tag of the column may follow the tag of the row.
    end : ndarray of bool, shape (K,)
        Whether a sentence may end with the tag.

    Examples
    --------
    >>> from sklstm.tags import allowed_transitions
    >>> start, transitions, end = allowed_transitions(["O", "B-PER", "I-PER"], "IOB2")
    >>> start
    array([ True,  True, False])
    >>> transitions
    array([[ True,  True, False],
           [ True,  True,  True],
           [ True,  True,  True]])
    """
    tags = _one_sentence(tags)
    if scheme is None:
        return np.ones(len(tags), bool), np.ones((len(tags),) * 2, bool), np.ones(len(tags), bool)
    check_option(scheme, SCHEMES, "scheme")
    tokens, *_ = encode([tags], scheme)
    outside = _Tokens(np.array([OUTSIDE]), np.array([-1]))
    transitions = _may_follow(tokens[:, None], tokens[None, :], scheme)
    return _may_follow(outside, tokens, scheme), transitions, _may_close(tokens, scheme)


def continuations(tags):
    """Mark, in shape (K, K), the tags (columns) that continue the span of another (rows)."""
    tokens, *_ = encode([tags], None)
    return _continues(tokens[:, None], tokens[None, :])


def _check_span(span):
    try:
        kind, start, end = span
    except (TypeError, ValueError):
        raise TypeError(f"{describe(span)} is not a span; one is (type, start, end).") from None
    if not isinstance(kind, str) or not all(isinstance(place, Integral) for place in (start, end)):
        raise TypeError(
            f"{tuple(span)} is not a span; one is a type, which is a str, and two integers."
        )
    return Span(kind, int(start), int(end))


def _tag_lists(y, or_unknown=False):
    kinds = (str, type(None)) if or_unknown else str
    y = plain(y, "y")
    is_matrix = isinstance(y, np.ndarray) and y.ndim == 2
    rows = y.tolist() if is_matrix else to_list(y, "one list of tags for each sentence")
    rows = [np.asarray(r, object).tolist() if hasattr(r, "__array__") else r for r in rows]
    if not set(map(type, rows)) <= {list, tuple}:
        for number, row in enumerate(rows):
            if not isinstance(row, (list, tuple)):
                raise TypeError(
                    f"Sentence {number} is {describe(row)}; tags are one list of str for each "
                    f"sentence.{_hint(row) or ' For a single sentence pass a list of one.'}"
                )
    if not all(issubclass(found, kinds) for found in set(map(type, chain.from_iterable(rows)))):
        for number, row in enumerate(rows):
            for position, tag in enumerate(row):
                if not isinstance(tag, kinds):
                    names = (
                        " Take the names of numbers: [[names[tag] for tag in row] for row in y]."
                    )
                    raise TypeError(
                        f"Sentence {number}, token {position}: {describe(tag)} is not a tag; every "
                        f"tag must be a str.{names if isinstance(tag, Integral) else _hint(tag)}"
                    )
    return rows


def _hint(value):
    """Say what to do about annotations passed as tags."""
    if value is None or type(value).__name__ in ("float", "NAType"):
        return (
            " Every token needs a tag, which is 'O' outside of spans. LSTMTagger learns from "
            "sentences in which some tags are None, which means unknown."
        )
    if isinstance(value, Mapping) and isinstance(value.get("entities"), (list, tuple)):
        return " Take the spans out: [row['entities'] for row in y]."
    is_span = isinstance(value, tuple) and not all(isinstance(part, str) for part in value)
    is_span |= hasattr(value, "start") and hasattr(value, "end")
    if is_span or isinstance(value, Mapping):
        return (
            " If these are annotations of characters, to_tags of a pipeline of entity_tagger makes "
            "tags of them, and so does sklstm.tags.annotations_to_tags, which also takes the "
            "character spans of the tokens."
        )
    return ""


def _one_sentence(tags):
    if not isinstance(tags, (list, tuple, np.ndarray)) or not getattr(tags, "ndim", 1):
        raise TypeError(f"Expected the tags of one sentence in a list, got {describe(tags)}.")
    tags = list(tags)
    wrong = [tag for tag in tags if not isinstance(tag, str)]
    if wrong:
        raise TypeError(f"{describe(wrong[0])} is not a tag; every tag must be a str.")
    return tags


def parse(tag, scheme):
    """Split a tag into prefix and type; scheme None knows the prefixes of all schemes."""
    if tag is None:
        return UNKNOWN, ""
    prefix, _, kind = tag.partition("-")
    known = PREFIXES[scheme] if scheme else ALL_PREFIXES
    if tag != OUTSIDE and (len(prefix) != 1 or prefix not in known):
        accepted = ", ".join(["O", *(f"{prefix}-…" for prefix in known)])
        raise ValueError(f"{tag!r} is not a tag of {scheme or 'any scheme'}; accepted: {accepted}.")
    if kind != kind.strip():
        raise ValueError(f"there are blanks around the type of {tag!r}; strip the tags.")
    return prefix, kind


def _join(prefix, kind):
    return f"{prefix}-{kind}" if kind else prefix


def span_prefixes(length, scheme):
    """Return the prefixes of the tags of a span, one letter each."""
    if scheme == "IOB1":
        return "I" * length
    if scheme == "IOB2":
        return "B" + "I" * (length - 1)
    single, last = "SE" if scheme == "IOBES" else "UL"
    return single if length == 1 else "B" + "I" * (length - 2) + last


def encode(sentences, scheme):
    """Return all tokens, a mask of the first one of each sentence, and the names of types."""
    flat = list(chain.from_iterable(sentences))
    code_of = {tag: code for code, tag in enumerate(dict.fromkeys(flat))}
    try:
        parsed = [parse(tag, scheme) for tag in code_of]
    except ValueError:
        _raise_at_first(sentences, scheme)
    names = sorted({kind for _, kind in parsed})
    number_of = {name: number for number, name in enumerate(names)}
    codes = np.fromiter(map(code_of.__getitem__, flat), np.intp, len(flat))
    prefix = np.array([prefix for prefix, _ in parsed], "<U1")[codes]
    kind = np.array([number_of[kind] for _, kind in parsed], np.intp)[codes]
    offsets = np.cumsum([0, *map(len, sentences)])
    first = np.zeros(len(flat) + 1, bool)
    first[offsets] = True
    return _Tokens(prefix, kind), first[:-1], np.array(names, object)


def _raise_at_first(sentences, scheme):
    for number, sentence in enumerate(sentences):
        for position, tag in enumerate(sentence):
            try:
                parse(tag, scheme)
            except ValueError as error:
                raise ValueError(f"Sentence {number}, token {position}: {error}") from None


def _before(tokens, first):
    """Return the previous token of each one; that of the first of a sentence is outside."""
    prefix = np.where(first, OUTSIDE, np.roll(tokens.prefix, 1))
    return _Tokens(prefix, np.roll(tokens.type, 1))


def _continues(before, after):
    """Whether a token continues the span of the previous one; the same in all schemes."""
    return (before.type == after.type) & before.has("BI") & after.has("IEL")


def _may_open(before, after, scheme):
    opens = after.has(OPENING[scheme])
    if scheme == "IOB1":
        touches = before.has("BI") & (before.type == after.type)
        opens = opens | (touches & after.has("B"))
    return opens


def _may_close(tokens, scheme):
    return tokens.has(OUTSIDE + CLOSING[scheme])


def _may_follow(before, after, scheme):
    breaks = _may_close(before, scheme) & (_may_open(before, after, scheme) | after.has(OUTSIDE))
    return breaks | _continues(before, after)


def mark_faults(tokens, first, scheme):
    """Mark tokens that are not allowed in their place, or not at the end of a sentence.

    An unknown tag may be any, whatever stands around it.
    """
    before = _before(tokens, first)
    foreign = ~tokens.has(OUTSIDE + PREFIXES[scheme])
    last = np.append(first[1:], True)[: len(first)]
    unfinished = last & ~_may_close(tokens, scheme)
    follows = _may_follow(before, tokens, scheme) | before.has(UNKNOWN)
    return (foreign | unfinished | ~follows) & ~tokens.has(UNKNOWN)


def _describe_fault(sentences, index, scheme):
    offsets = np.cumsum([0, *map(len, sentences)])
    number = int(np.searchsorted(offsets, index, side="right")) - 1
    position = int(index - offsets[number])
    sentence = sentences[number]
    tag, is_last = sentence[position], position == len(sentence) - 1
    before = sentence[position - 1] if position else OUTSIDE
    where = f"after {before!r}" if position else "at the start of the sentence"
    if is_last and tag[0] not in OUTSIDE + CLOSING[scheme]:
        where = "at the end of the sentence"
    before = before or OUTSIDE  # an unknown one rules nothing out
    return (
        f"Sentence {number}, token {position}: {tag!r} {where} does not fit {scheme}; "
        f"accepted here: {', '.join(_accepted_after(before, scheme, is_last))}."
    )


def _accepted_after(before, scheme, is_last):
    _, kind = parse(before, scheme)
    same = [_join(prefix, kind) for prefix in PREFIXES[scheme]]
    other = [_join(prefix, "…") for prefix in PREFIXES[scheme]]
    _, transitions, end = allowed_transitions([before, OUTSIDE, *same, *other], scheme)
    fits = transitions[0] & (end | (not is_last))
    accepted = dict(zip([before, OUTSIDE, *same, *other], fits, strict=True))
    pairs = zip(other, same, strict=True)
    tags = [OUTSIDE, *(tag if accepted[tag] else like_before for tag, like_before in pairs)]
    return [tag for tag in tags if accepted[tag]]
