"""LSTMTagger: a tag for each step of a sequence.

The estimator is in ``_estimator``; ``_codes`` encodes tags, ``_word_encoder`` and ``_spelling``
words, ``_token_columns`` what comes with them, ``_context`` puts neighbouring sentences around
them, and ``_entities`` makes entities of tags.
"""

from sklstm.tagger._estimator import LSTMTagger

__all__ = ["LSTMTagger"]
