"""Ragged batches: the container ``Sequences`` and its padder."""

from sklstm.sequences._fields import PADDING as PADDING
from sklstm.sequences._fields import SPECIAL_TOKENS as SPECIAL_TOKENS
from sklstm.sequences._fields import UNKNOWN as UNKNOWN
from sklstm.sequences._padder import SequencePadder as SequencePadder
from sklstm.sequences._sequences import Sequences as Sequences
from sklstm.sequences._sequences import recode as recode
from sklstm.sequences._sequences import token_sequences as token_sequences
