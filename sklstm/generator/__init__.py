"""LSTMGenerator: texts written symbol by symbol.

The estimator is in ``_estimator``; ``_texts`` reads texts, ``_conditions`` what is known of them,
``_writing`` writes them, and ``_sampling`` draws their symbols.
"""

from sklstm.generator._estimator import LSTMGenerator as LSTMGenerator
