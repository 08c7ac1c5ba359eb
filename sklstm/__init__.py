"""sklstm: LSTM estimators for scikit-learn."""

from sklstm.classifier import LSTMClassifier
from sklstm.embeddings import Word2VecEmbedder
from sklstm.regressor import LSTMRegressor
from sklstm.sequences import SequencePadder, Sequences
from sklstm.windows import SlidingWindow

__version__ = "0.1.0"
__all__ = ["SequencePadder", "Sequences", "SlidingWindow", "Word2VecEmbedder"]
