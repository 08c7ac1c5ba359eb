"""LSTMSeq2Seq: an encoder and a decoder with attention.

The estimator is in ``_estimator``; ``_symbols`` reads strings as sequences of symbols, and numbers
those of the output.
"""

from sklstm.seq2seq._estimator import LSTMSeq2Seq as LSTMSeq2Seq
