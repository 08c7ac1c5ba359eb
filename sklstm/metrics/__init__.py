"""Scores of tags, of the entities they mark and their confidence, and of any sequences.

An entity is found if a predicted span has its type, start and end. ``mode`` says how tags that are
not well-formed are read: see :func:`sklstm.tags.tags_to_spans`.
"""

from sklstm.metrics._bootstrap import BootstrapInterval, bootstrap_interval
from sklstm.metrics._confidence import (
    conformal_threshold,
    entity_calibration_curve,
    entity_calibration_error,
)
from sklstm.metrics._edits import token_error_rate, token_error_rate_scorer
from sklstm.metrics._entities import (
    entity_confusion_matrix,
    entity_f1_score,
    entity_f1_scorer,
    entity_precision_score,
    entity_recall_score,
    entity_report,
    entity_scores,
    partial_match_counts,
)
from sklstm.metrics._tokens import token_accuracy_score, token_accuracy_scorer

__all__ = [
    "BootstrapInterval",
    "bootstrap_interval",
    "conformal_threshold",
    "entity_calibration_curve",
    "entity_calibration_error",
    "entity_confusion_matrix",
    "entity_f1_score",
    "entity_f1_scorer",
    "entity_precision_score",
    "entity_recall_score",
    "entity_report",
    "entity_scores",
    "partial_match_counts",
    "token_accuracy_score",
    "token_accuracy_scorer",
    "token_error_rate",
    "token_error_rate_scorer",
]
