"""The classes and functions that an archive may name: nothing else is ever imported for one."""

import inspect
import types
from functools import cache
from importlib import import_module

import numpy as np
import torch
from gensim.models import KeyedVectors
from gensim.models.fasttext import FastTextKeyedVectors
from scipy import sparse
from sklearn import metrics, model_selection

import sklstm.metrics
from sklstm._input_encoder import InputEncoder
from sklstm._mean_vectors import MeanVectorModel
from sklstm._ngram_model import LinearTextModel, _TwoRegressions, _WordPieces
from sklstm._ngrams import NGrams
from sklstm._ridge import Ridge
from sklstm._running_moments import Moments
from sklstm._standardizer import Standardizer
from sklstm.classifier import LSTMClassifier
from sklstm.collocations import Collocations
from sklstm.embeddings import Word2VecEmbedder
from sklstm.gazetteer import Gazetteer
from sklstm.generator import LSTMGenerator
from sklstm.generator._conditions import Conditions
from sklstm.generator._text_encoder import TextEncoder
from sklstm.model_selection import DocumentKFold
from sklstm.naive_bayes import NaiveBayesWeights
from sklstm.nn.batches import LengthBatches
from sklstm.nn.bptt_batches import BPTTBatches
from sklstm.pipelines import TaggingPipeline, TextPipeline
from sklstm.regressor import LSTMRegressor
from sklstm.seq2seq import LSTMSeq2Seq
from sklstm.seq2seq._source_encoder import SourceEncoder
from sklstm.seq2seq._symbols import OutputSymbols
from sklstm.sequences import SequencePadder
from sklstm.tagger import LSTMTagger
from sklstm.tagger._codes import TagCodes
from sklstm.tagger._spelling import Speller
from sklstm.tagger._token_columns import TokenColumns
from sklstm.tagger._word_encoder import WordEncoder
from sklstm.tagger._word_features import WordFeatures
from sklstm.text import TokenIndexer, Tokenizer
from sklstm.windows import SlidingWindow

# Their names in archives stay when a class moves or is renamed.
OWN_CLASSES = {
    f"sklstm.{cls.__name__.lstrip('_')}": cls
    for cls in (
        Collocations, Conditions, DocumentKFold, Gazetteer, InputEncoder, LSTMClassifier,
        LSTMGenerator, LSTMRegressor, LSTMSeq2Seq, LSTMTagger, LinearTextModel, MeanVectorModel,
        Moments, NGrams, NaiveBayesWeights, OutputSymbols, Ridge, SequencePadder, SlidingWindow,
        SourceEncoder, Speller, Standardizer, TagCodes, TaggingPipeline, TextEncoder, TextPipeline,
        TokenColumns, TokenIndexer, Tokenizer, Word2VecEmbedder, WordEncoder, WordFeatures,
        _TwoRegressions, _WordPieces,
    )
} | {
    "gensim.KeyedVectors": KeyedVectors,
    "gensim.FastTextKeyedVectors": FastTextKeyedVectors,
}  # fmt: skip

# Of scikit-learn, what may hold estimators of ours; the rest is left to skops.
COMPOSITE_NAMES = {
    "sklearn.calibration": ["CalibratedClassifierCV", "_CalibratedClassifier"],
    "sklearn.compose": ["ColumnTransformer", "TransformedTargetRegressor"],
    "sklearn.ensemble": [
        "AdaBoostClassifier", "AdaBoostRegressor", "BaggingClassifier", "BaggingRegressor",
        "StackingClassifier", "StackingRegressor", "VotingClassifier", "VotingRegressor",
    ],
    "sklearn.frozen": ["FrozenEstimator"],
    "sklearn.metrics._scorer": ["_MultimetricScorer", "_PassthroughScorer"],
    "sklearn.model_selection": [
        "FixedThresholdClassifier", "GridSearchCV", "RandomizedSearchCV",
        "TunedThresholdClassifierCV",
    ],
    "sklearn.model_selection._search_successive_halving": [
        "HalvingGridSearchCV", "HalvingRandomSearchCV",
    ],
    "sklearn.multiclass": ["OneVsOneClassifier", "OneVsRestClassifier", "OutputCodeClassifier"],
    "sklearn.multioutput": [
        "ClassifierChain", "MultiOutputClassifier", "MultiOutputRegressor", "RegressorChain",
    ],
    "sklearn.pipeline": ["FeatureUnion", "Pipeline"],
    "sklearn.semi_supervised": ["SelfTrainingClassifier"],
}  # fmt: skip

HELPERS = {  # of estimators; skops knows those of scikit-learn themselves
    "collections.Counter",
    "collections.defaultdict",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.metrics._scorer._CurveScorer",
    "sklearn.metrics._scorer._Scorer",
    "sklearn.multiclass._ConstantPredictor",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
}


@cache
def composite_classes():
    """Return classes of scikit-learn that may hold estimators of ours, by their names."""
    return {
        f"{module}.{name}": getattr(import_module(module), name)
        for module, names in COMPOSITE_NAMES.items()
        for name in names
    }


@cache
def trusted_things():
    """Return functions and classes that may be parameters, by their names: all are harmless."""
    things = {"builtins.list": list, "builtins.str.split": str.split}
    for module in (torch.optim, torch.nn):
        for name, thing in vars(module).items():
            if inspect.isclass(thing) and (module is torch.optim or name.endswith("Loss")):
                things[f"{module.__name__}.{name}"] = thing
    return things | {name_of(thing): thing for thing in (LengthBatches, BPTTBatches)}


@cache
def trusted_types():
    """Return names of what skops may open, beyond the estimators of scikit-learn."""
    things = list(OWN_CLASSES.values())
    for module in (metrics, sklstm.metrics):
        things += [thing for thing in _listed(module) if inspect.isfunction(thing)]
    splitters = [thing for thing in _listed(model_selection) if hasattr(thing, "get_n_splits")]
    formats = [f"{name}_{kind}" for name in ("coo", "csc", "csr") for kind in ("array", "matrix")]
    matrices = [getattr(sparse, name) for name in formats]
    return {name_of(thing) for thing in (*things, *splitters, *matrices)} | HELPERS


def _listed(module):
    return [vars(module).get(name) for name in module.__all__]


MISSING = object()
CALLABLES = (
    type,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    np.ufunc,
)


def name_of(thing):
    """Return the dotted name by which a class or function is imported."""
    owner = getattr(thing, "__objclass__", thing)  # of a method of a built-in class
    module = getattr(owner, "__module__", None) or "numpy"
    return f"{module}.{getattr(thing, '__qualname__', thing.__name__)}"


def find(name):
    """Import a class or function that the caller trusts by its dotted name."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            thing = import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            thing = getattr(thing, part, MISSING)
        if thing is not MISSING:
            return thing
    raise ImportError(f"There is no {name!r} to import.")
