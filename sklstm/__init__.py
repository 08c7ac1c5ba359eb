"""sklstm: LSTM estimators for scikit-learn."""

from sklstm.sequences import Sequences

__version__ = "0.1.0"
__all__ = ["Sequences"]
