"""LSTMSeq2Seq: sequences in, other sequences out.

The estimator is in ``_estimator``; ``_symbols`` reads strings as sequences of symbols, and numbers
those of the output.
"""

from sklstm.seq2seq._estimator import LSTMSeq2Seq as LSTMSeq2Seq
