"""The scheme of tags, and tags in other spellings."""

import re
from itertools import chain

from sklstm import _typing as t
from sklstm.tags._spans import (
    ALL_PREFIXES,
    OUTSIDE,
    PREFIXES,
    SCHEMES,
    check_partial_tags,
    check_tags,
    encode,
    mark_faults,
    parse,
)

GUESSING_ORDER = ("IOB2", "IOB1", "IOBES", "BILOU")

# Other spellings: b-PER, B_PER, "B PER", PER-B, BPER. Many characters look like a hyphen.
SEPARATORS = r"[-_:/|.\s\u2010-\u2015\u2212]+"
PREFIX_FIRST = re.compile(f"([{ALL_PREFIXES}]){SEPARATORS}(.+)", re.IGNORECASE)
PREFIX_LAST = re.compile(f"(.+?){SEPARATORS}([{ALL_PREFIXES}])", re.IGNORECASE)
FUSED = re.compile(f"([{ALL_PREFIXES}])([^\\W\\d_]{{2,}})")
SPAN_FORM = (
    f"Spans are 'O', and a prefix out of {', '.join(ALL_PREFIXES)}, a hyphen and a type, like "
    "'B-PER'."
)
PLAIN_TAGS = (
    "If the tags mark no spans, LSTMTagger(scheme=None) and token_accuracy_score take them as they "
    "are."
)


def infer_scheme(y, y_pred=None) -> t.Scheme | None:
    """Infer the scheme of tags.

    Tags with a span fit at most one scheme, since each marks the first or the last token of a span
    in its own way. Tags that are all ``"O"`` fit every scheme and count as IOB2.

    Parameters
    ----------
    y : sequence of list of str
        The tags of each sentence.
    y_pred : sequence of list of str, default=None
        More tags of the same scheme, well-formed or not. If several schemes fit `y`, one that knows
        their prefixes is preferred.

    Returns
    -------
    {"IOB1", "IOB2", "IOBES", "BILOU"} or None
        The scheme, or None for plain tags such as parts of speech. Tags mark spans if each is
        ``"O"`` or has a known prefix and a hyphen. Bare prefixes mark spans without a type if
        ``"O"`` is among them, and ``"B"`` or ``"I"``.

    Raises
    ------
    ValueError
        If the tags fit no scheme, if only some have the form of spans, if they look like spans in
        another spelling (``"B_PER"``, ``"b-PER"``, ``"PER-B"``, ``"BPER"``), or if there are
        blanks around a tag.

    See Also
    --------
    check_tags : Checks the tags against one scheme.

    Examples
    --------
    >>> from sklstm.tags import infer_scheme
    >>> infer_scheme([["B-PER", "I-PER", "O"], ["O"]])
    'IOB2'
    >>> infer_scheme([["I-PER", "I-PER", "O"]])
    'IOB1'
    >>> infer_scheme([["DET", "NOUN"]]) is None
    True
    """
    return infer_partial_scheme(check_tags(y, None), y_pred)


def infer_partial_scheme(sentences, y_pred=None):
    """Infer the scheme as `infer_scheme` does, where None stands for a tag that is not known."""
    if not _mark_spans(set(chain.from_iterable(sentences)) - {None}):
        return None
    n_faults = _count_faults(sentences)
    fitting = [scheme for scheme in GUESSING_ORDER if not n_faults[scheme]]
    if not fitting:
        closest = min(GUESSING_ORDER, key=n_faults.get)
        try:
            check_partial_tags(sentences, closest)
        except ValueError as error:
            raise ValueError(f"The tags fit none of {', '.join(SCHEMES)}. {error}") from None
    if y_pred is not None:
        used = {tag[0] for tag in chain.from_iterable(check_partial_tags(y_pred, None)) if tag}
        known = [scheme for scheme in fitting if used <= set(OUTSIDE + PREFIXES[scheme])]
        fitting = known or fitting
    return fitting[0]


def count_faults(y):
    """Count the tags that break each scheme's rules; None if the tags mark no spans."""
    distinct = set(chain.from_iterable(y))
    if not (all(map(_has_span_form, distinct)) or _are_bare(distinct)):
        return None
    try:
        return _count_faults(y)
    except ValueError:  # blanks around a type
        return None


def _count_faults(sentences):
    tokens, first, _ = encode(sentences, None)
    return {scheme: mark_faults(tokens, first, scheme).sum() for scheme in GUESSING_ORDER}


def _has_span_form(tag):
    return tag == OUTSIDE or (tag[:1] in ALL_PREFIXES and tag[1:2] == "-")


def _mark_spans(distinct):
    """Tell spans from plain tags, and refuse what looks like spans in another spelling."""
    padded = sorted(tag for tag in distinct if tag.strip() not in ("", tag))
    if padded:
        raise ValueError(
            f"There are blanks around the tag {padded[0]!r}: strip the tags. {PLAIN_TAGS}"
        )
    plain = sorted(tag for tag in distinct if not _has_span_form(tag))
    if not plain or _are_bare(distinct):
        return True
    meant = {tag: _spelled_out(tag) for tag in distinct}
    if _are_fused(distinct):
        meant = {tag: FUSED.sub(r"\1-\2", tag) for tag in distinct}
    if _look_like_spans(set(meant.values())):
        strays = sorted(tag for tag in distinct if meant[tag] != tag)
        if strays:
            raise ValueError(
                f"{strays[0]!r} looks like {meant[strays[0]]!r} in another spelling. {SPAN_FORM} "
                f"Spell all tags so. {PLAIN_TAGS}"
            )
    has_spans = any(_has_span_form(tag) for tag in distinct - {OUTSIDE})
    if (OUTSIDE in distinct and has_spans) or _look_like_spans(distinct):
        raise ValueError(
            f"Some tags have the form of spans, yet {plain[0]!r} has not. {SPAN_FORM} Correct that "
            f"tag. {PLAIN_TAGS}"
        )
    return False


def _are_bare(tags):
    """Whether tags are prefixes alone. S and O by themselves may be subject and object."""
    return OUTSIDE in tags and tags <= {OUTSIDE, *ALL_PREFIXES} and not tags.isdisjoint("BI")


def _are_fused(tags):
    """Whether all tags but O are prefix and type without a hyphen, and some span has several."""
    spans = [match.groups() for match in map(FUSED.fullmatch, tags - {OUTSIDE}) if match]
    begun = {kind for prefix, kind in spans if prefix in "BUS"}
    going_on = {kind for prefix, kind in spans if prefix in "IEL"}
    complete = len(spans) == len(tags - {OUTSIDE})
    return OUTSIDE in tags and complete and bool(begun & going_on)


def _look_like_spans(tags):
    """Whether all tags have the form of spans, or some type has a B and another prefix."""
    spans = [parse(tag, None) for tag in tags - {OUTSIDE} if _has_span_form(tag)]
    if OUTSIDE in tags and (len(spans) == len(tags) - 1 > 0 or _are_bare(tags)):
        return True
    begun = {kind for prefix, kind in spans if prefix == "B"}
    return any(prefix != "B" and kind in begun for prefix, kind in spans)


def _spelled_out(tag):
    """Return the tag that another spelling seems to mean, or the tag itself."""
    if tag.upper() in (OUTSIDE, "0"):
        return OUTSIDE
    if _has_span_form(tag):
        return tag
    if len(tag) == 1 and tag.upper() in ALL_PREFIXES:
        return tag.upper()
    if match := PREFIX_FIRST.fullmatch(tag):
        return f"{match[1].upper()}-{match[2]}"
    if match := PREFIX_LAST.fullmatch(tag):
        return f"{match[2].upper()}-{match[1]}"
    return tag
