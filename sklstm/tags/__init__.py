"""Tags of tokens and the spans they mark, in the schemes IOB1, IOB2, IOBES and BILOU.

A tag is ``"O"``, or a prefix, a hyphen and a type: ``"B-PER"``. The type is all that follows the
first hyphen; data with one kind of span may leave out both.
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
