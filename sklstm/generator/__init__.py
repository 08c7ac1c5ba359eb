"""LSTMGenerator: texts written symbol by symbol.

The estimator is in ``_estimator``; ``_conditions`` encodes what is known of a text, and
``_sampling`` draws symbols.
"""

from sklstm.generator._estimator import LSTMGenerator as LSTMGenerator
