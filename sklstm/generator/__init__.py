"""LSTMGenerator: a language model that samples texts.

The estimator is in ``_estimator``, its methods that sample in ``_sampling``, and the sampler itself
in ``_sampler``; ``_text_encoder`` and ``_texts`` encode texts, ``_conditions`` their conditions.
"""

from sklstm.generator._estimator import LSTMGenerator

__all__ = ["LSTMGenerator"]
