"""Tags of tokens and the spans they mark, in the schemes IOB1, IOB2, IOBES and BILOU.

A tag is ``"O"``, or a prefix, a hyphen and a type: ``"B-PER"``. Whatever follows the first hyphen
is the type; a data set with one kind of span may leave it out, and the hyphen with it.
"""

from sklstm.tags._annotations import annotations_to_tags, tags_to_annotations
from sklstm.tags._inference import infer_scheme
from sklstm.tags._spans import (
    MODES,
    SCHEMES,
    Span,
    SpanColumns,
    allowed_transitions,
    check_tags,
    convert_tags,
    span_columns,
    spans_to_tags,
    tags_to_spans,
)

__all__ = [
    "MODES",
    "SCHEMES",
    "Span",
    "SpanColumns",
    "allowed_transitions",
    "annotations_to_tags",
    "check_tags",
    "convert_tags",
    "infer_scheme",
    "span_columns",
    "spans_to_tags",
    "tags_to_annotations",
    "tags_to_spans",
]
