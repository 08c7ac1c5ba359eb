"""LSTM estimators for scikit-learn.

Text
    `Tokenizer`, `Collocations`, `Gazetteer`, `TokenIndexer`, `Word2VecEmbedder`,
    `NaiveBayesWeights`
Sequences
    `Sequences`, `SequencePadder`, `SlidingWindow`
Estimators
    `LSTMClassifier`, `LSTMRegressor`, `LSTMTagger`, `LSTMGenerator`, `LSTMSeq2Seq`
Named entities
    `Entity`, `TaggedText`
Ready pipelines
    `text_classifier`, `entity_tagger`, `TextPipeline`, `TaggingPipeline`
Models in files
    `save`, `load`, `export_onnx`
Tags and their scores, and files of other tools
    `sklstm.tags`, `sklstm.metrics`, `sklstm.formats`
Cross-validation
    `sklstm.model_selection`
Inspection
    `sklstm.inspection`, and the equations of the cells in `sklstm.nn.cells`
Data
    `sklstm.datasets`
Command line
    ``sklstm --help``, with the extra ``cli``
"""

from importlib import import_module

from sklstm import _version
from sklstm.classifier import LSTMClassifier
from sklstm.collocations import Collocations
from sklstm.embeddings import Word2VecEmbedder
from sklstm.entities import Entity, TaggedText
from sklstm.gazetteer import Gazetteer
from sklstm.generator import LSTMGenerator
from sklstm.naive_bayes import NaiveBayesWeights
from sklstm.persistence import export_onnx, load, save
from sklstm.pipelines import TaggingPipeline, TextPipeline, entity_tagger, text_classifier
from sklstm.regressor import LSTMRegressor
from sklstm.seq2seq import LSTMSeq2Seq
from sklstm.sequences import SequencePadder, Sequences
from sklstm.tagger import LSTMTagger
from sklstm.text import TokenIndexer, Tokenizer
from sklstm.windows import SlidingWindow

__version__ = _version.__version__
__all__ = [
    "Collocations",
    "Entity",
    "Gazetteer",
    "LSTMClassifier",
    "LSTMGenerator",
    "LSTMRegressor",
    "LSTMSeq2Seq",
    "LSTMTagger",
    "NaiveBayesWeights",
    "SequencePadder",
    "Sequences",
    "SlidingWindow",
    "TaggedText",
    "TaggingPipeline",
    "TextPipeline",
    "TokenIndexer",
    "Tokenizer",
    "Word2VecEmbedder",
    "entity_tagger",
    "export_onnx",
    "load",
    "save",
    "text_classifier",
]
_MODULES = (
    "datasets",
    "estimator_checks",
    "formats",
    "inspection",
    "metrics",
    "model_selection",
    "nn",
    "tags",
)


def __getattr__(name):
    if name in _MODULES:
        return import_module(f"sklstm.{name}")
    raise AttributeError(f"module 'sklstm' has no attribute {name!r}")


def __dir__():
    """List what a user imports, and not the modules in which it is defined."""
    return sorted([*__all__, *_MODULES, "__version__"])
