"""LSTMSeq2Seq: an encoder and a decoder with attention.

The estimator is in ``_estimator``; ``_symbols`` encodes strings and the symbols of outputs, and
``_source_encoder`` the sources.
"""

from sklstm.seq2seq._estimator import LSTMSeq2Seq

__all__ = ["LSTMSeq2Seq"]
