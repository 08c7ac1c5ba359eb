"""LSTMTagger: a tag for each step of a sequence.

The estimator is in ``_estimator``; ``_codes`` numbers tags, and ``_spelling`` characters.
"""

from sklstm.tagger._estimator import LSTMTagger as LSTMTagger
