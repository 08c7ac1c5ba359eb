"""Checks for estimators of texts and sequences.

scikit-learn's ``check_estimator`` runs on numbers, and checks next to nothing of an estimator of
texts. These are its counterparts on texts, token lists, `Sequences` and ragged numbers.
"""

from sklstm.estimator_checks._battery import (
    check_sequence_estimator,
    parametrize_with_sequence_checks,
    sequence_estimator_checks,
)

__all__ = [
    "check_sequence_estimator",
    "parametrize_with_sequence_checks",
    "sequence_estimator_checks",
]
