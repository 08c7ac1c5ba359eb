"""LSTM estimators for scikit-learn.

Text
    `Tokenizer`, `TokenIndexer`, `Word2VecEmbedder`
Sequences
    `Sequences`, `SequencePadder`, `SlidingWindow`
Estimators
    `LSTMClassifier`, `LSTMRegressor`, `LSTMTagger`, `LSTMGenerator`, `LSTMSeq2Seq`
Named entities
    `Entity`, `TaggedText`
Ready pipelines
    `text_classifier`, `entity_tagger`
Tags and their scores
    `sklstm.tags`, `sklstm.metrics`
Cross-validation
    `sklstm.model_selection`
What goes on inside
    `sklstm.inspection`, and the equations of every step in `sklstm.cells`
Data
    `sklstm.datasets`
"""

from sklstm.classifier import LSTMClassifier
from sklstm.embeddings import Word2VecEmbedder
from sklstm.entities import Entity, TaggedText
from sklstm.generator import LSTMGenerator
from sklstm.pipelines import entity_tagger, text_classifier
from sklstm.regressor import LSTMRegressor
from sklstm.seq2seq import LSTMSeq2Seq
from sklstm.sequences import SequencePadder, Sequences
from sklstm.tagger import LSTMTagger
from sklstm.text import TokenIndexer, Tokenizer
from sklstm.windows import SlidingWindow

__version__ = "0.1.0"
__all__ = [
    "Entity",
    "LSTMClassifier",
    "LSTMGenerator",
    "LSTMRegressor",
    "LSTMSeq2Seq",
    "LSTMTagger",
    "SequencePadder",
    "Sequences",
    "SlidingWindow",
    "TaggedText",
    "TokenIndexer",
    "Tokenizer",
    "Word2VecEmbedder",
    "entity_tagger",
    "text_classifier",
]
