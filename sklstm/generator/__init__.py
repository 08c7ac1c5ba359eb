"""LSTMGenerator: a language model that samples texts.

The estimator is in ``_estimator``, its methods that sample in ``_sampling``, and the sampler itself
in ``_sampler``; ``_texts`` checks and encodes texts, ``_conditions`` their conditions.
"""

from sklstm.generator._estimator import LSTMGenerator as LSTMGenerator
