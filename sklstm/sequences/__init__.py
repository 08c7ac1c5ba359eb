"""Ragged batches: the container ``Sequences`` and its padder."""

from sklstm.sequences._padder import SequencePadder
from sklstm.sequences._sequences import Sequences

__all__ = ["SequencePadder", "Sequences"]
