"""Texts and their spans: checks, and the Bunch that readers return."""

from collections.abc import Iterable
from numbers import Integral

from sklearn.utils import Bunch

from sklstm._arrays import check_same_length, to_list
from sklstm._text_checks import check_texts
from sklstm.tags._annotations import read_annotation


def check_spans(text, annotations, place):
    """Read the annotations of a text, as a list of (start, end, type) inside the text."""
    try:
        if isinstance(annotations, str | dict) or not isinstance(annotations, Iterable):
            raise TypeError(f"spans must be a list of (start, end, type); got {annotations!r:.80}.")
        spans = [read_annotation(annotation) for annotation in annotations]
    except (TypeError, ValueError) as error:
        raise type(error)(f"{place}: {error}") from None
    for span in spans:
        if span[1] > len(text):
            raise ValueError(
                f"{place}: {span} ends after the text, which has {len(text)} characters."
            )
    return spans


def check_pair(X, y):
    """Check what a writer is given: return the texts, and the spans of each."""
    texts = check_texts(X)
    rows = list_named(y, "y", "one list of spans (start, end, type) for each text")
    check_same_length(X=texts, y=rows)
    pairs = enumerate(zip(texts, rows, strict=True))
    return texts, [check_spans(text, row, f"Text {number} of y") for number, (text, row) in pairs]


def list_named(values, argument, expected):
    """List values; an error names the argument."""
    try:
        return to_list(values, expected)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{argument}: {error}") from None


def check_ids(ids, n_samples, argument="ids"):
    """Check the names of samples; by default they are counted from 0."""
    if ids is None:
        return list(range(n_samples))
    ids = list_named(ids, argument, "one name for each")
    if len(ids) != n_samples:
        raise ValueError(f"{argument} has {len(ids)} names for {n_samples} samples.")
    for number, name in enumerate(ids):
        if not isinstance(name, str | Integral):
            raise TypeError(f"{argument}[{number}] must be a str or an int, got {name!r:.80}.")
    return [name if isinstance(name, str) else int(name) for name in ids]


def make_bunch(name, rows):
    """Make the Bunch of a reader; rows are (id, text, spans)."""
    if not rows:
        raise ValueError(f"{name} holds no text.")
    ids, texts, spans = map(list, zip(*rows, strict=True))
    types = sorted({kind for row in spans for _, _, kind in row})
    description = (
        f"{name}: {len(texts):,} texts, {sum(map(len, spans)):,} spans; types {', '.join(types)}"
    )
    return Bunch(data=texts, target=spans, target_names=types, ids=ids, DESCR=description)
