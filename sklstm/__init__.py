"""LSTM estimators for scikit-learn.

Text
    `Tokenizer`, `TokenIndexer`, `Word2VecEmbedder`
Sequences
    `Sequences`, `SequencePadder`, `SlidingWindow`
Estimators
    `LSTMClassifier`, `LSTMRegressor`
Data
    `sklstm.datasets`
"""

from sklstm.classifier import LSTMClassifier
from sklstm.embeddings import Word2VecEmbedder
from sklstm.regressor import LSTMRegressor
from sklstm.sequences import SequencePadder, Sequences
from sklstm.text import TokenIndexer, Tokenizer
from sklstm.windows import SlidingWindow

__version__ = "0.1.0"
__all__ = [
    "LSTMClassifier",
    "LSTMRegressor",
    "SequencePadder",
    "Sequences",
    "SlidingWindow",
    "TokenIndexer",
    "Tokenizer",
    "Word2VecEmbedder",
]
