"""Estimators go into a file of JSON and arrays and come out the same; no file runs code."""

import copy
import io
import json
import os
import pickle
import random
import re
import sys
import warnings
from collections import Counter, OrderedDict
from functools import cache
from pathlib import Path
from zipfile import ZipFile

import cloudpickle
import joblib
import numpy as np
import psutil
import pytest
import safetensors
import safetensors.numpy
import sklearn
import skops.io
import torch
from gensim.models import FastText, KeyedVectors
from scipy.sparse import csr_array
from scipy.stats import loguniform, randint
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import StackingClassifier
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import Bunch
from skorch.callbacks import LRScheduler
from toys import LABELS, SERIES, TOKENS, classifier, y

import sklstm
from sklstm import (
    Collocations,
    Gazetteer,
    LSTMClassifier,
    LSTMGenerator,
    LSTMRegressor,
    LSTMSeq2Seq,
    LSTMTagger,
    NaiveBayesWeights,
    SequencePadder,
    SlidingWindow,
    TokenIndexer,
    Tokenizer,
    Word2VecEmbedder,
    entity_tagger,
    load,
    save,
    text_classifier,
)
from sklstm._tensor_file import read_tensors, write_tensors
from sklstm.persistence._registry import OWN_CLASSES, composite_classes
from sklstm.persistence._state_reader import StateReader
from sklstm.persistence._state_writer import FOREIGN, STRUCTURE, StateWriter

TEXTS = [" ".join(tokens) for tokens in TOKENS]
TAGS = [["O"] * (len(tokens) - 1) + ["B-END"] for tokens in TOKENS]
SMALL = {"hidden_size": 2, "max_epochs": 1, "random_state": 0}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def reopened(model, path, **options):
    save(model, path)
    return load(path, **options)


def outputs(model, X):
    for method in ("score_samples", "predict_proba", "predict", "transform"):
        if hasattr(model, method):
            found = getattr(model, method)(X)
            return found.tokens() if isinstance(found, sklstm.Sequences) else found


def assert_equal(found, expected):
    found, expected = list(found), list(expected)
    assert len(found) == len(expected)
    assert all(map(np.array_equal, found, expected))


# ---------------------------------------------------------------- every estimator, every way

EMBEDDER = {"vector_size": 3, "min_count": 1, "random_state": 0}
PHRASES = {"NP": ["good", ["bad", "film"]]}
CASES = {
    "embedder": (Word2VecEmbedder(**EMBEDDER), LSTMClassifier(**SMALL)),
    "fastText": (
        Word2VecEmbedder(algorithm="fasttext", n_buckets=9, **EMBEDDER),
        LSTMClassifier(fine_tune_embeddings=False, **SMALL),
    ),
    "ids": (
        Collocations(min_count=1, threshold=0.5),
        TokenIndexer(min_count=2),
        SequencePadder(max_length=3),
        LSTMClassifier(n_members=2, wide=True, pooling="attention", **SMALL),
    ),
    "windows": (SlidingWindow(length=3),),
    "regressor": (LSTMRegressor(wide=True, **SMALL),),
    "tagger": (
        Gazetteer(PHRASES),
        LSTMTagger(train_scheme="IOBES", char_encoder="cnn", wide=True, **SMALL),
    ),
    "taggers": (LSTMTagger(n_members=2, scheme=None, crf=False, **SMALL),),
    "seq2seq": (LSTMSeq2Seq(**SMALL),),
    "generator": (LSTMGenerator(tie_weights=True, embedding_dim=2, **SMALL),),
    "conditions": (LSTMGenerator(softmax="adaptive", bptt_steps=2, **SMALL),),
}
DATA = {
    "windows": (SERIES[:, 0], None),
    "regressor": (SERIES, SERIES[:, :2]),
    "tagger": (TOKENS, TAGS),
    "taggers": (TOKENS, TAGS),
    "seq2seq": (TEXTS, TEXTS),
    "generator": (TEXTS, None),
}


@cache
def fitted(name):
    """A fitted model, its input and what it returns of it."""
    X, target = DATA.get(name, (TOKENS, LABELS))
    steps = CASES[name]
    model = clone(steps[0] if len(steps) == 1 else make_pipeline(*steps))
    if name == "conditions":
        X = TEXTS
        model.fit(X, LABELS)
        return model, X, model.score_samples(X, LABELS)
    model.fit(X, target)
    return model, X, outputs(model, X)


def test_the_linear_model_of_vectors_is_saved(path):
    words = ["good", "bad", "film", "plot"]
    vectors = np.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    tokens = [[side, thing] for side in words[:2] for thing in words[2:]] * 5
    embedder = Word2VecEmbedder(vectors=(vectors, words))
    pipe = make_pipeline(embedder, LSTMClassifier(wide=True, **SMALL))
    pipe.fit(tokens, [side for side, _ in tokens])
    assert pipe[-1]._mean_vectors is not None
    assert_equal(reopened(pipe, path).predict_proba(tokens), pipe.predict_proba(tokens))


def by_pickle(module):
    return lambda model, path: pickle.loads(module.dumps(model))


def by_joblib(model, path):
    joblib.dump(model, path)
    return joblib.load(path)


def by_skops(model, path):
    dumped = skops.io.dumps(model)
    return skops.io.loads(dumped, trusted=skops.io.get_untrusted_types(data=dumped))


WAYS = {
    "save": reopened,
    "mmap": lambda model, path: reopened(model, path, mmap=True),
    "pickle": by_pickle(pickle),
    "cloudpickle": by_pickle(cloudpickle),
    "joblib": by_joblib,
    "skops": by_skops,
    "copy": lambda model, path: copy.copy(model),
    "deepcopy": lambda model, path: copy.deepcopy(model),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CASES)
def test_each_way_gives_equal_predictions(name, way, path):
    model, X, expected = fitted(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        copied = WAYS[way](model, path)
    found = copied.score_samples(X, LABELS) if name == "conditions" else outputs(copied, X)
    assert_equal(found, expected)
    assert repr(copied) == repr(model)
    assert clone(copied).get_params().keys() == model.get_params().keys()


def test_each_estimator_of_ours_is_known():
    found = [of for of in vars(sklstm).values() if isinstance(of, type)]
    estimators = [of for of in found if issubclass(of, BaseEstimator)]
    assert len(estimators) > 12
    assert set(estimators) <= set(OWN_CLASSES.values())


ESTIMATORS = [of for of in OWN_CLASSES.values() if issubclass(of, BaseEstimator)]


@pytest.mark.parametrize("cls", [of for of in ESTIMATORS if not issubclass(of, Pipeline)])
def test_what_is_not_fitted(cls, path):
    model = cls(PHRASES) if cls is Gazetteer else cls()
    loaded = reopened(model, path)
    assert type(loaded) is cls
    assert loaded.get_params() == model.get_params()
    assert vars(loaded).keys() == vars(model).keys()


class TestGoingOn:
    @pytest.mark.parametrize("mmap", [False, True])
    def test_partial_fit_as_if_nothing_had_happened(self, mmap, path):
        one = classifier(optimizer="sgd", lr=0.1, dropout=0.5).fit(SERIES, y)
        two = reopened(one, path, mmap=mmap)
        assert two.history_ == one.history_
        one.partial_fit(SERIES, y)
        two.partial_fit(SERIES, y)
        assert two.n_iter_ == 4
        np.testing.assert_array_equal(one.predict_proba(SERIES), two.predict_proba(SERIES))

    def test_warm_start(self, path):
        model = classifier(warm_start=True, early_stopping=True).fit(SERIES, y)
        loaded = reopened(model, path).set_params(max_epochs=2)
        assert loaded.fit(SERIES, y).n_iter_ == model.n_iter_ + 2

    def test_a_shared_random_state_stays_shared(self, path):
        rng = np.random.RandomState(7)
        embedder = Word2VecEmbedder(vector_size=2, min_count=1, random_state=rng)
        pipe = make_pipeline(
            embedder, LSTMClassifier(hidden_size=2, max_epochs=1, random_state=rng)
        )
        loaded = reopened(pipe, path)
        assert loaded[0].random_state is loaded[1].random_state
        expected = pipe.fit(TOKENS, LABELS).predict_proba(TOKENS)
        np.testing.assert_array_equal(loaded.fit(TOKENS, LABELS).predict_proba(TOKENS), expected)

    def test_metadata_requests(self, path):
        with sklearn_routing():
            model = LSTMClassifier().set_fit_request(sample_weight=True, groups="docs")
            requests = reopened(model, path).get_metadata_routing().fit.requests
        data = dict.fromkeys(["X_val", "y_val", "X_unlabelled"])
        assert {**requests, **data} == {
            **data,
            "sample_weight": True,
            "groups": "docs",
        }

    def test_frozen_weights_and_output_configuration(self, path):
        model = classifier().fit(TOKENS, LABELS)
        model.module_.embedding.weight.requires_grad_(False)
        assert not reopened(model, path).module_.embedding.weight.requires_grad


class SparseStep(BaseEstimator):
    def __init__(self, matrix=None):
        self.matrix = matrix

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X


class Shouting(Tokenizer):
    """A class that is not in the registry."""

    def transform(self, X):
        return [[token.upper() for token in tokens] for tokens in super().transform(X)]


def sklearn_routing():
    return sklearn.config_context(enable_metadata_routing=True)


class TestWithScikitLearn:
    """Its own steps go through skops."""

    def check(self, model, X, target, path, **options):
        model.fit(X, target)
        loaded = reopened(model, path, **options)
        assert_equal(outputs(loaded, X), outputs(model, X))
        return loaded

    def test_a_pipeline_of_both(self, path):
        pipe = make_pipeline(CountVectorizer(), NaiveBayesWeights(), LogisticRegression())
        self.check(pipe, TEXTS, LABELS, path)

    def test_a_pipeline_of_scikit_learn_alone(self, path):
        self.check(make_pipeline(CountVectorizer(), LogisticRegression()), TEXTS, LABELS, path)

    def test_a_union(self, path):
        union = make_union(LSTMGenerator(**SMALL), TfidfVectorizer())
        self.check(make_pipeline(union, LogisticRegression()), TEXTS, LABELS, path)

    def test_columns(self, path):
        column = np.array(TEXTS, dtype=object)[:, None]
        columns = make_column_transformer(
            (Tokenizer(), [0]), (LSTMGenerator(**SMALL), [0]), sparse_threshold=0
        )
        columns = make_column_transformer((LSTMGenerator(**SMALL), [0]), ("drop", slice(0, 1)))
        self.check(columns, column, None, path)

    def test_a_search(self, path):
        grid = {"hidden_size": [2, 3], "callbacks": [None]}
        scorer = make_scorer(f1_score, pos_label="pos")
        search = GridSearchCV(LSTMClassifier(**SMALL), grid, cv=StratifiedKFold(2), scoring=scorer)
        loaded = self.check(search, TOKENS, LABELS, path)
        assert loaded.best_params_ == search.best_params_
        np.testing.assert_array_equal(
            loaded.cv_results_["param_hidden_size"], search.cv_results_["param_hidden_size"]
        )
        assert loaded.score(TOKENS, LABELS) == search.score(TOKENS, LABELS)

    def test_an_ensemble(self, path):
        ours = make_pipeline(Tokenizer(), LSTMClassifier(**SMALL))
        theirs = make_pipeline(CountVectorizer(), LogisticRegression())
        models = StackingClassifier([("ours", ours), ("theirs", theirs)], cv=2)
        loaded = self.check(models, TEXTS, LABELS, path)
        assert list(loaded.named_estimators_) == ["ours", "theirs"]

    def test_calibration(self, path):
        ours = make_pipeline(Tokenizer(), LSTMClassifier(**SMALL))
        self.check(CalibratedClassifierCV(ours, cv=2), TEXTS, LABELS, path)

    def test_ready_pipelines(self, path):
        pipe = text_classifier(vector_size=2, max_length=4, **SMALL)
        self.check(pipe, TEXTS, LABELS, path, mmap=True)
        tagger = entity_tagger(**SMALL)
        texts, tags = ["in London", "to Rome"] * 4, [["O", "B-LOC"]] * 8
        loaded = self.check(tagger, texts, tags, path)
        assert loaded.predict_entities(texts) == tagger.predict_entities(texts)

    def test_an_object_that_holds_ours_in_its_own_way(self, path):
        holder = FunctionTransformer(kw_args={"model": Tokenizer()})
        with pytest.raises(TypeError, match="FunctionTransformer that holds estimators of sklstm"):
            save(holder, path)

    def test_without_skops(self, path, monkeypatch):
        monkeypatch.setitem(sys.modules, "skops.io", None)
        reopened(make_pipeline(Tokenizer(), LSTMClassifier()), path)  # needs none
        with pytest.raises(ImportError, match=re.escape('pip install "sklstm[persistence]"')):
            save(make_pipeline(CountVectorizer(), NaiveBayesWeights()), path)

    def test_distributions_of_a_search(self, path):
        drawn = {"lr": loguniform(1e-4, 0.1), "hidden_size": randint(1, high=3)}
        loaded = reopened(RandomizedSearchCV(LSTMClassifier(), drawn), path).param_distributions
        for name, distribution in drawn.items():
            assert loaded[name].rvs(9, random_state=0).tolist() == (
                distribution.rvs(9, random_state=0).tolist()
            )

    def test_callbacks_must_be_trusted(self, path):
        model = LSTMClassifier(callbacks=[("lr", LRScheduler("StepLR", step_size=2))], **SMALL)
        model.fit(TOKENS, LABELS)
        save(model, path)
        with pytest.raises(ValueError, match=r"names 'skorch.callbacks.lr_scheduler.LRScheduler'"):
            load(path)
        [(name, loaded)] = load(path, trusted=[LRScheduler]).callbacks
        assert (name, loaded.policy, loaded.kwargs) == ("lr", "StepLR", {"step_size": 2})

    def test_a_class_of_ones_own(self, path):
        save(make_pipeline(Shouting(), LSTMClassifier()), path)
        with pytest.raises(ValueError, match=r"names '.*test_archive.Shouting'"):
            load(path)
        assert load(path, trusted=[Shouting])[0].transform(["a b"]) == [["A", "B"]]

    def test_all_composites_exist(self):
        assert len(composite_classes()) > 20

    def test_what_is_shared_stays_shared(self, path):
        vectorizer = CountVectorizer()
        loaded = reopened(make_pipeline(vectorizer, vectorizer, Tokenizer()), path)
        assert loaded[0] is loaded[1]
        one = Tokenizer()
        loaded = reopened(make_pipeline(one, one), path)
        assert loaded[0] is loaded[1]

    def test_other_mappings(self, path):
        for vocabulary in (Counter("aab"), OrderedDict(a=2, b=3), {"a": 2}, ["a"], ("a",)):
            indexer = TokenIndexer(vocabulary=vocabulary)
            found = reopened(indexer, path).vocabulary
            assert (found, type(found)) == (vocabulary, type(vocabulary))


class TestKeyedVectors:
    def test_of_words(self, path):
        keyed = KeyedVectors(4)
        keyed.add_vectors(["good", "bad"], np.eye(2, 4, dtype=np.float32))
        self.check(Word2VecEmbedder(vectors=keyed), path)

    def test_of_fasttext(self, path):
        keyed = FastText(TOKENS, vector_size=3, min_count=1, bucket=9, epochs=1).wv
        self.check(Word2VecEmbedder(vectors=keyed), path)

    def test_of_pieces_of_words(self, path):
        tokenizers = pytest.importorskip("tokenizers")
        model2vec = pytest.importorskip("model2vec")
        vocabulary = {"[UNK]": 0, "go": 1, "##od": 2, "bad": 3, "film": 4}
        pieces = tokenizers.Tokenizer(
            tokenizers.models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=99)
        )
        model = model2vec.StaticModel(np.eye(5, dtype=np.float32), pieces)
        embedder = Word2VecEmbedder(vectors=model).fit(TOKENS)
        expected = embedder.transform(TOKENS).vectors
        with pytest.raises(TypeError, match="vectors is a StaticModel, which cannot be saved"):
            save(embedder, path)
        embedder.set_params(vectors="some-model.txt")
        found = reopened(embedder, path).transform(TOKENS).vectors
        np.testing.assert_array_equal(found, expected)

    def test_other_forms(self, path):
        self.check(Word2VecEmbedder(vectors={"good": [1.0, 2.0], "bad": [2.0, 1.0]}), path)
        vectors = np.asfortranarray(np.eye(3, dtype=np.float32))
        self.check(Word2VecEmbedder(vectors=(vectors, ["good", "bad", "film"])), path)

    @pytest.mark.filterwarnings("ignore:.*have no vector")
    def check(self, embedder, path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of words without vectors
            embedder.fit(TOKENS)
        loaded = reopened(embedder, path)
        expected = embedder.transform(TOKENS).vectors
        np.testing.assert_array_equal(loaded.transform(TOKENS).vectors, expected)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            again = loaded.fit(TOKENS).transform(TOKENS)
        np.testing.assert_array_equal(again.vectors, expected)


# ---------------------------------------------------------------- values


def through(value):
    writer = StateWriter()
    node = json.loads(json.dumps(writer.write(value, "value"), allow_nan=False))
    return StateReader(writer.arrays, [], {}, {"builtins.list": list}, mmap=False).read(node)


@pytest.mark.parametrize(
    "value",
    [
        [None, True, 0, -1, 2**64, 2**80, 0.1, -0.0, "", "é\0\ud800", [[]], {}],
        (1, (2, [3])),
        {"a": {"b": (1,)}, "": 1.5, "id": 1, "ref": 2},
        {1: "a", (2, "b"): 1, None: [], 0.5: 2},
        {1, 2},
        frozenset({"a", "b"}),
        b"\0\xff",
        slice(None, 3),
        range(2, 9, 3),
        Path("a/b"),
        re.compile(r"\w", re.IGNORECASE),
        re.compile(rb"a"),
        Bunch(a=(1,)),
        list,
    ],
)
def test_values(value):
    found = through(value)
    assert found == value
    assert type(found) is type(value)
    assert repr(found) == repr(value)


def test_numbers_that_json_lacks():
    assert list(map(repr, through([np.nan, np.inf, -np.inf]))) == ["nan", "inf", "-inf"]


@pytest.mark.parametrize(
    "array",
    [
        *(np.arange(6, dtype=kind).reshape(2, 3) for kind in "bBhHiIlLefd"),
        np.array([True, False]),
        np.array(3.5),
        np.zeros((0, 3), np.float32),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2),
        np.arange(6)[::-2],
        np.arange(3, dtype=">i4"),
        np.array(["a", "bcé"]),
        np.array([], dtype="<U4"),
        np.array([b"a", b"bc"]),
        np.array(["2020-01-01", "NaT"], "M8[D]"),
        np.array([1 + 2j]),
        np.array(["a", 1, None, [1]], dtype=object),
        np.array([[1, 2], [3, 4]], dtype=object),
        np.float32(0.1),
        np.float64("nan"),
        np.int64(-3),
        np.bool_(True),
        np.str_("a"),
    ],
    ids=lambda array: f"{array.dtype}-{array.shape}",
)
def test_arrays(array):
    found = through(array)
    assert type(found) is type(array)
    assert found.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(found, array)
    if isinstance(array, np.ndarray) and array.ndim == 2 and array.flags.f_contiguous:
        assert found.flags.f_contiguous
        assert found.flags.writeable


def test_masked_arrays():
    array = np.ma.MaskedArray([1, None], [False, True], dtype=object, fill_value="?")
    found = through(array)
    assert (found.tolist(), found.fill_value) == ([1, None], "?")


def test_random_states():
    rng = np.random.RandomState(3)
    rng.randn(3)  # leaves half a pair of normal numbers behind
    assert through(rng).randn() == copy.deepcopy(rng).randn()
    with pytest.raises(TypeError, match="MT19937"):
        through(np.random.RandomState(np.random.PCG64(0)))


def test_tensors():
    tensor = torch.tensor([1.0, 2.0])
    assert torch.equal(through(tensor), tensor)
    with pytest.raises(TypeError, match="bfloat16"):
        through(tensor.bfloat16())


def test_arrays_in_one_place_are_stored_once():
    array = np.arange(3)
    writer = StateWriter()
    writer.write([array, array, array[:], {"a": array}], "value")
    assert len(writer.arrays) == 1
    one, two = through([array, array])
    assert one is two


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (2**300, "is 2.* too large"),
        (np.zeros(2, "i4,f8"), "array of"),
        (np.zeros(2, np.longdouble), "array of|longdouble|float128"),
    ],
)
def test_values_that_are_refused(value, message):
    with pytest.raises((TypeError, ValueError), match=message):
        through(value)


# ---------------------------------------------------------------- what cannot be saved


def tokenize(text):
    return text.split("o")


class TestFunctions:
    def test_of_builtins_and_torch(self, path):
        pipe = make_pipeline(Tokenizer(tokenizer=str.split), Tokenizer(tokenizer=list))
        assert reopened(pipe, path)[0].tokenizer is str.split
        params = {"net_params": {"criterion": torch.nn.L1Loss}, "optimizer": torch.optim.SGD}
        model = LSTMRegressor(**params, **SMALL).fit(SERIES, y)
        np.testing.assert_array_equal(reopened(model, path).predict(SERIES), model.predict(SERIES))

    def test_ones_own_must_be_trusted(self, path):
        save(Tokenizer(tokenizer=tokenize), path)
        name = f"{__name__}.tokenize"
        with pytest.raises(ValueError, match=rf"names '{name}', which sklstm does not trust"):
            load(path)
        for trusted in ([name], (tokenize,), {tokenize, len}):
            loaded = load(path, trusted=trusted)
            assert loaded.transform(["foo"]) == Tokenizer(tokenizer=tokenize).transform(["foo"])

    def test_of_other_packages(self, path):
        pipe = make_pipeline(FunctionTransformer(tokenize), Tokenizer())
        save(pipe, path)
        with pytest.raises(ValueError, match=r"names '.*test_archive.tokenize'"):
            load(path)
        assert load(path, trusted=[tokenize])[0].func is tokenize

    @pytest.mark.parametrize("trusted", [True, "sklstm", None, [1]])
    def test_what_trusted_takes(self, trusted, path):
        save(Tokenizer(), path)
        with pytest.raises(TypeError, match="trusted must"):
            load(path, trusted=trusted)

    def test_a_trusted_name_that_leads_nowhere(self, path):
        change(
            Tokenizer(), path, names=["no_such_module.f"], tokenizer={"name": "no_such_module.f"}
        )
        with pytest.raises(ImportError, match="no_such_module"):
            load(path, trusted=["no_such_module.f"])


def refused():
    def inner(text):
        return text

    class Inner:
        def __reduce__(self):
            raise RuntimeError("no")

    itself = []
    itself.append(itself)
    deep = []
    for _ in range(100):
        deep = [deep]
    return {
        "lambda": (Tokenizer(tokenizer=lambda text: text), TypeError, "tokenizer is <function"),
        "local function": (Tokenizer(tokenizer=inner), TypeError, "Define it with def"),
        "in scikit-learn": (FunctionTransformer(lambda X: X), TypeError, "without pickle"),
        "cycle": (Word2VecEmbedder(vectors=itself), ValueError, "vectors.* refers to itself"),
        "deep": (Word2VecEmbedder(vectors=deep), ValueError, "nested too deep"),
        "object": (Word2VecEmbedder(vectors=Inner()), TypeError, "vectors is a Inner"),
        "class": (Tokenizer, TypeError, "estimator must be"),
        "list": ([Tokenizer()], TypeError, "estimator must be"),
    }


class TestFailedSaves:
    @pytest.mark.parametrize("name", refused())
    def test_the_old_file_stays(self, name, path):
        model, error, message = refused()[name]
        save(Tokenizer(lowercase=False), path)
        with pytest.raises(error, match=message):
            save(model, path)
        assert os.listdir(path.parent) == [path.name]
        assert not load(path).lowercase

    def test_a_full_disk(self, path, monkeypatch):
        save(Tokenizer(lowercase=False), path)

        def write(file, *rest):
            file.write(b"half")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("sklstm.persistence._archive.write_tensors", write)
        with pytest.raises(OSError, match="No space"):
            save(Tokenizer(), path)
        assert os.listdir(path.parent) == [path.name]
        assert not load(path).lowercase

    def test_no_such_directory(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"There is no folder .*none to write file to"):
            save(Tokenizer(), tmp_path / "none" / "file")
        with pytest.raises(IsADirectoryError, match="name a file in it"):
            save(Tokenizer(), tmp_path)
        assert not os.listdir(tmp_path)
        with pytest.raises(FileNotFoundError):
            load(tmp_path / "none")

    @pytest.mark.skipif(os.name == "nt", reason="POSIX")
    def test_links_and_rights_stay(self, path, tmp_path):
        save(Tokenizer(), path)
        assert path.stat().st_mode & 0o777 == 0o666 & ~umask()
        path.chmod(0o640)
        (tmp_path / "link").symlink_to(path)
        save(Tokenizer(lowercase=False), tmp_path / "link")
        assert (tmp_path / "link").is_symlink()
        assert not load(str(path)).lowercase
        assert path.stat().st_mode & 0o777 == 0o640


def umask():
    os.umask(mask := os.umask(0))
    return mask


# ---------------------------------------------------------------- memory


class TestMapped:
    def large(self):
        vectors = np.random.default_rng(0).standard_normal((500, 20_000), dtype=np.float32)
        vectors[0] = 0  # of padding
        embedder = Word2VecEmbedder(vectors={"good": [1.0]}, variants=False)
        embedder.vocabulary_, embedder.vectors_, embedder.vector_size_ = (
            {"good": 2},
            vectors,
            20_000,
        )
        embedder.piece_tokenizer_ = embedder.ngram_vectors_ = None
        return embedder

    def test_word_vectors_stay_in_the_file(self, path):
        save(self.large(), path)  # 40 megabytes
        process = psutil.Process()
        before = process.memory_info().rss
        loaded = load(path, mmap=True)
        vectors = loaded.transform([["good"]]).vectors
        assert process.memory_info().rss - before < 2e7
        assert isinstance(loaded.vectors_, np.memmap)
        assert type(vectors) is np.ndarray
        np.testing.assert_array_equal(vectors[2], self.large().vectors_[2])

    def test_writing_leaves_the_file_alone(self, path):
        save(self.large(), path)
        stored = path.read_bytes()
        load(path, mmap=True).vectors_[:] = 0
        assert path.read_bytes() == stored

    def test_a_file_that_is_replaced(self, path):
        save(self.large(), path)
        loaded = load(path, mmap=True)
        save(Tokenizer(), path)
        np.testing.assert_array_equal(loaded.vectors_, self.large().vectors_)
        save(loaded, path)
        np.testing.assert_array_equal(load(path).vectors_, loaded.vectors_)

    def test_weights(self, path):
        model = LSTMClassifier(vocabulary_size=9000, max_epochs=1, random_state=0)
        model.fit([[2, 3], [8999]] * 4, [0, 1] * 4)
        loaded = reopened(model, path, mmap=True)
        weight = loaded.module_.embedding.weight
        assert weight.requires_grad
        assert weight.data_ptr() != load(path).module_.embedding.weight.data_ptr()
        X = [[2, 8999], [5]]
        np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
        stored = path.read_bytes()
        with torch.no_grad():
            weight.fill_(0)
        loaded.partial_fit([[2, 3]], [0])
        assert path.read_bytes() == stored
        assert any("/model.safetensors" in of.path for of in psutil.Process().memory_maps())


# ---------------------------------------------------------------- other machines and versions


@pytest.mark.filterwarnings("ignore:.*bfloat16")
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_trained_on_a_gpu_in_bfloat16(path):
    model = LSTMClassifier(precision="bfloat16", bidirectional=True, **SMALL).fit(TOKENS, LABELS)
    expected = model.predict_proba(TOKENS)
    model.device = "cuda"  # as if it had been trained there
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = reopened(model, path)
        np.testing.assert_array_equal(loaded.predict_proba(TOKENS), expected)
    assert {weight.device.type for weight in loaded.module_.parameters()} == {"cpu"}


@pytest.mark.parametrize("package", ["scikit-learn", "torch"])
def test_other_versions_warn_once(package, path, monkeypatch):
    save(fitted("ids")[0], path)
    versions = {"scikit-learn": "1", "torch": "2", package: "9"}
    monkeypatch.setattr("sklstm._versions._installed", versions.get)
    with pytest.warns(InconsistentVersionWarning, match=rf"{package} .* \(now 9\)") as found:
        load(path)
    assert len(found) == 1


def test_a_later_version_of_sklstm_warns(path, monkeypatch):
    save(Tokenizer(), path)
    monkeypatch.setattr("sklstm._versions.__version__", "9.0")
    with pytest.warns(InconsistentVersionWarning, match=r"Tokenizer .* sklstm .* \(now 9.0\)"):
        load(path)


ARCHIVES = Path(__file__).parent / "archives"


@pytest.mark.parametrize("archive", sorted(ARCHIVES.glob("*.safetensors")), ids=lambda of: of.stem)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
def test_archives_of_each_format_open(archive):
    case = json.loads(archive.with_suffix(".json").read_text())
    found = list(getattr(load(archive), case["method"])(*case["arguments"]))
    if isinstance(case["expected"][0], (str, list)) and isinstance(found[0], (str, list)):
        assert found == case["expected"]
    else:
        np.testing.assert_allclose(found, case["expected"], rtol=1e-4, atol=1e-5)


def test_there_are_archives_of_each_format():
    formats = {archive.stem.partition("-")[0] for archive in ARCHIVES.glob("*.safetensors")}
    latest = sklstm.persistence._archive.FORMAT_VERSION
    assert formats == {f"format{number}" for number in range(1, latest + 1)}


# ---------------------------------------------------------------- the file


class TestTensorFile:
    ARRAYS = {
        "a": np.arange(5, dtype=np.int8),
        "b": np.zeros((0, 3)),
        "c": np.arange(32.0).reshape(4, 8),
        "d": np.array(True),
        "e": np.arange(3, dtype=np.float16),
        "f": np.arange(7, dtype=np.uint64),
    }

    def test_the_library_reads_what_is_written(self, path):
        with open(path, "wb") as file:
            write_tensors(file, self.ARRAYS, {"who": "we"})
        with safetensors.safe_open(path, "np") as file:
            assert file.metadata()["who"] == "we"
            assert sorted(file.keys()) == sorted(self.ARRAYS)
            for name, array in self.ARRAYS.items():
                np.testing.assert_array_equal(file.get_tensor(name), array)

    def test_what_is_written_is_read(self, path):
        with open(path, "wb") as file:
            write_tensors(file, self.ARRAYS, {})
        with open(path, "rb") as file:
            arrays, _ = read_tensors(file)
        for name, array in self.ARRAYS.items():
            np.testing.assert_array_equal(arrays[name], array)
            assert arrays[name].dtype == array.dtype
            assert arrays[name].flags.aligned

    def test_equal_estimators_make_equal_files(self, path):
        names = frozenset(map(str, range(50)))
        save(TokenIndexer(vocabulary=sorted(names)), path)
        first = path.read_bytes()
        save(load(path), path)
        assert path.read_bytes() == first

    def test_no_pickle_is_inside(self, path):
        save(fitted("ids")[0], path)
        assert not [
            op for op in (b"\x80\x04\x95", b"\x80\x05\x95", b"pickle") if op in path.read_bytes()
        ]


# ---------------------------------------------------------------- damaged and hostile files


def parts_of(path):
    with open(path, "rb") as file:
        arrays, metadata = read_tensors(file)
    arrays = {name: np.array(array) for name, array in arrays.items()}
    del metadata["sha256"]
    return arrays, metadata, json.loads(arrays[STRUCTURE].tobytes())


def write_parts(path, arrays, metadata, structure):
    if structure is not None:
        text = structure if isinstance(structure, str) else json.dumps(structure)
        arrays = {**arrays, STRUCTURE: np.frombuffer(text.encode(), np.uint8)}
    with open(path, "wb") as file:
        write_tensors(file, arrays, metadata)


def change(model, path, names=(), **state):
    """Save an estimator with another state and a right digest, as an attacker would."""
    save(model, path)
    arrays, metadata, structure = parts_of(path)
    structure["names"] += names
    structure["estimator"]["state"] |= state
    write_parts(path, arrays, metadata, structure)


@pytest.fixture
def ran(tmp_path, monkeypatch):
    """A file that code of an archive would make, and a command that makes it."""
    monkeypatch.chdir(tmp_path)
    marker = tmp_path / "ran"
    yield f"touch {marker}"
    assert not marker.exists()


class Attack:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


class TestDamage:
    def test_each_byte_counts(self, path):
        save(TokenIndexer(vocabulary=["a"]).fit([["a"]]), path)
        stored = path.read_bytes()
        for place in range(0, len(stored), 7):
            damaged = bytearray(stored)
            damaged[place] ^= 1 << place % 8
            path.write_bytes(damaged)
            with pytest.raises(ValueError, match="damaged"):
                load(path)

    def test_truncated(self, path):
        save(classifier(max_epochs=1).fit(SERIES, y), path)
        stored = path.read_bytes()
        for length in (0, 1, 7, 8, 100, len(stored) // 2, len(stored) - 1):
            path.write_bytes(stored[:length])
            with pytest.raises(ValueError, match="damaged"):
                load(path)
        path.write_bytes(stored + b"\0")
        with pytest.raises(ValueError, match="damaged"):
            load(path)

    def test_other_files(self, path, ran):
        for text in (pickle.dumps(Attack(ran)), b"PK\3\4" * 99, b"{}" * 99, b"\0" * 99):
            path.write_bytes(text)
            for mmap in (False, True):
                with pytest.raises(ValueError, match="not a file of sklstm"):
                    load(path, mmap=mmap)
        safetensors.numpy.save_file({"a": np.ones(2)}, path)
        with pytest.raises(ValueError, match="no metadata"):
            load(path)
        safetensors.numpy.save_file({"a": np.ones(2)}, path, {"format": "pt"})
        with pytest.raises(ValueError, match="another format"):
            load(path)

    def test_a_later_format(self, path):
        save(Tokenizer(), path)
        arrays, metadata, structure = parts_of(path)
        write_parts(path, arrays, {**metadata, "format_version": "2"}, structure)
        with pytest.raises(ValueError, match=r"format 2.* up to 1: install a later one"):
            load(path)


class TestHostileHeaders:
    def write(self, path, header, data=b"", length=None):
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        length = len(text) if length is None else length
        path.write_bytes(length.to_bytes(8, "little") + text + data)

    @pytest.mark.parametrize("length", [2**63, 2**64 - 1, 10**9, 10**4, 0, 1])
    def test_oversized(self, length, path):
        self.write(path, {"__metadata__": {}}, length=length)
        with pytest.raises(ValueError, match="damaged"):
            load(path)

    def test_over_the_limit(self, path):
        with open(path, "wb") as file:
            file.write((100_000_001).to_bytes(8, "little"))
            file.truncate(200_000_000)  # takes no room on the disk
        with pytest.raises(ValueError, match="header is longer"):
            load(path)

    @pytest.mark.parametrize(
        "text",
        [
            b"[" * 100_000,
            b'{"a":' * 100_000,
            b"[]",
            b"{}",
            b"1",
            b'{"__metadata__": 1}',
            b'{"__metadata__": {"a": 1}}',
            b'{"__metadata__": {}, "__metadata__": {}}',
            b'{"__metadata__": {"format": "sklstm", "format_version": "' + b"9" * 5000 + b'"}}',
            b"\xff\xfe",
        ],
    )
    def test_text(self, text, path):
        self.write(path, text)
        with pytest.raises(ValueError, match="damaged"):
            load(path)

    @pytest.mark.parametrize(
        "entry",
        [
            1,
            {},
            {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
            {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], "more": 1},
            {"dtype": "F32", "shape": [-1, -2], "data_offsets": [0, 8]},
            {"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]},
            {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]},
            {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]},
            {"dtype": "F32", "shape": [True, 2], "data_offsets": [0, 8]},
            {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 8]},
            {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]},
            {"dtype": "O", "shape": [1], "data_offsets": [0, 8]},
            {"dtype": "F32", "shape": 2, "data_offsets": [0, 8]},
        ],
    )
    def test_entries(self, entry, path):
        metadata = {"format": "sklstm", "format_version": "1", "sha256": "0"}
        self.write(path, {"__metadata__": metadata, "a": entry}, b"\0" * 8)
        with pytest.raises(ValueError, match=r"entry of the array 'a' is wrong|8 bytes"):
            load(path)

    def test_overlapping_arrays(self, path):
        metadata = {"format": "sklstm", "format_version": "1", "sha256": "0"}
        entry = {"dtype": "U8", "shape": [8], "data_offsets": [0, 8]}
        self.write(path, {"__metadata__": metadata, "a": entry, "b": entry}, b"\0" * 8)
        with pytest.raises(ValueError, match="entry of the array 'b' is wrong"):
            load(path)


class TestHostileStructures:
    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("os.system", "names 'os.system', which sklstm does not trust"),
            ("builtins.eval", "names 'builtins.eval'"),
            ("sklstm.persistence._registry.find", "does not trust"),
            ("sklstm.NoSuchClass", "names 'sklstm.NoSuchClass'"),
            ("sklearn.linear_model.LogisticRegression", "does not trust"),
            ("../../etc/passwd", "does not trust"),
        ],
    )
    def test_names(self, name, message, path, ran):
        change(Tokenizer(), path, names=[name], tokenizer={"name": name})
        with pytest.raises(ValueError, match=message):
            load(path)
        change(Tokenizer(), path, tokenizer={"name": name})  # not in the list
        with pytest.raises(ValueError, match="not in its list of names"):
            load(path)
        change(Tokenizer(), path, tokenizer={"object": name, "state": {}})
        with pytest.raises(ValueError, match="unknown class"):
            load(path)

    def test_a_trusted_function_is_not_called(self, path, ran):
        node = {"object": "os.system", "state": {"command": ran}}
        change(Tokenizer(), path, names=["os.system"], tokenizer=node)
        with pytest.raises(ValueError, match="unknown class"):
            load(path, trusted=["os.system"])

    @pytest.mark.parametrize(
        "node",
        [
            {},
            {"unknown": 1},
            {"__class__": 1},
            {"tuple": 1},
            {"tuple": [], "more": 1},
            {"ref": 1},
            {"ref": []},
            {"ref": 1, "id": 1},
            {"tuple": [{"ref": 7}], "id": 7},
            {"foreign": 0},
            {"foreign": -1},
            {"array": "missing", "dtype": "<f4", "shape": [1]},
            {"array": "model.json", "dtype": "|u1", "shape": [1]},
            {"objects": [1, 2], "shape": [3]},
            {"objects": [], "shape": [0, 2**70]},
            {"number": 1, "dtype": "O"},
            {"number": 10**30, "dtype": "<i8"},
            {"number": "a", "dtype": "<f8"},
            {"float": "1e999"},
            {"bytes": "!!"},
            {"mapping": [[1], []]},
            {"mapping": [[{"dict": {}}], [1]]},
            {"set": [[]]},
            {"slice": [1]},
            {"pattern": ["(", 0]},
            {"pattern": ["a", "b"]},
            {"random_state": {"dict": {"bit_generator": "PCG64"}}},
            {"random_state": {"dict": {"bit_generator": "MT19937", "state": 1}}},
            {"random_state": 1},
            {"tokenizer": "{}"},
            {"object": "sklstm.Tokenizer", "state": [1]},
            {"object": "sklstm.Tokenizer", "state": {}, "requests": {"dict": {"__init__": {}}}},
            {"path": 1},
            {"distribution": "norm", "with": [1]},
            {"distribution": "norm"},
            {"distribution": "rv_continuous", "with": [{"tuple": []}, {"dict": {}}]},
            {"bunch": {"a": {"unknown": 1}}},
        ],
        ids=str,
    )
    def test_nodes(self, node, path):
        change(Tokenizer(), path, tokenizer=node)
        with pytest.raises(ValueError, match="damaged"):
            load(path)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{",
            "[]",
            '{"names": [], "estimator": []}',
            '{"names": [1], "estimator": []}',
            '{"names": []}',
            '{"names": [], "estimator": NaN}',
            '{"names": [], "estimator": 1' + "0" * 5000 + "}",
            '{"names": [], "estimator": ' + "[" * 5000 + "]" * 5000 + "}",
            '{"names": [], "estimator": ' + '{"tuple":[' * 150 + "]}" * 150 + "}",
            "[" * 10**6,
        ],
        ids=lambda text: text[:40],
    )
    def test_json(self, text, path):
        save(Tokenizer(), path)
        arrays, metadata, _ = parts_of(path)
        write_parts(path, arrays, metadata, text)
        with pytest.raises(ValueError, match="damaged"):
            load(path)

    def test_arrays_of_other_shapes_and_types(self, path):
        for array in (np.ones((2, 2)), np.ones(3), np.ones(4, np.float32), np.ones(4, np.int64)):
            node = {"array": "a", "dtype": "<f8", "shape": [4]}
            change(Tokenizer(), path, tokenizer=node)
            arrays, metadata, structure = parts_of(path)
            write_parts(path, {**arrays, "a": array}, metadata, structure)
            with pytest.raises(ValueError, match=r"an array of float64 and shape \(4,\) is one of"):
                load(path)

    @pytest.mark.parametrize("dtype", ["O", "|V8", "<f4,<f4", "<U3", "<U999999999", "x", 1])
    def test_dtypes(self, dtype, path):
        save(Tokenizer(), path)
        arrays, metadata, structure = parts_of(path)
        structure["estimator"]["state"]["x"] = {"array": "a", "dtype": dtype, "shape": [1]}
        write_parts(path, {**arrays, "a": np.full(12, 255, np.uint8)}, metadata, structure)
        with pytest.raises(ValueError, match="damaged"):
            load(path)

    def test_arrays_that_nothing_refers_to(self, path, ran):
        save(Tokenizer(), path)
        arrays, metadata, structure = parts_of(path)
        smuggled = np.frombuffer(pickle.dumps(Attack(ran)), np.uint8)
        write_parts(path, {**arrays, "data.pkl": smuggled}, metadata, structure)
        with pytest.raises(ValueError, match="nothing refers to its arrays"):
            load(path)

    @pytest.mark.parametrize("change_to", [{"hidden_size": 10**7}, {"n_layers": 10**9}])
    def test_a_network_that_is_larger_than_its_weights(self, change_to, path):
        save(LSTMClassifier(**SMALL).fit(SERIES, y), path)
        arrays, metadata, structure = parts_of(path)
        structure["estimator"]["state"]["_architecture"]["dict"] |= change_to
        write_parts(path, arrays, metadata, structure)
        with pytest.raises(ValueError, match="stored weights do not fit"):
            load(path)

    @pytest.mark.parametrize("name", ["ids", "tagger", "conditions"])
    def test_random_changes(self, name, path):
        """Whatever the JSON says, the outcome is an estimator or a ValueError."""
        rng = random.Random(0)
        save(fitted(name)[0], path)
        arrays, metadata, structure = parts_of(path)
        n_refused = 0
        for _ in range(40):
            changed = changed_at_random(structure, rng)
            write_parts(path, arrays, metadata, changed)
            try:
                assert isinstance(load(path), BaseEstimator)
            except ValueError:
                n_refused += 1
        assert 10 < n_refused < 40

    def test_a_state_cannot_replace_methods(self, path, ran):
        change(Tokenizer(), path, __class__=1, __setstate__=1)
        assert type(load(path)) is Tokenizer


def places_in(node, place=()):
    yield place
    parts = node.items() if isinstance(node, dict) else ()
    for key, part in enumerate(node) if isinstance(node, list) else parts:
        yield from places_in(part, (*place, key))


def changed_at_random(structure, rng):
    structure = copy.deepcopy(structure)
    node = structure["estimator"]
    *way, last = rng.choice([place for place in places_in(node) if place])
    for key in way:
        node = node[key]
    other = [None, -1, 2**70, 10**7, 1.5, "x", [1], {"a": 1}, {"dict": {}}, {"ref": 1}, node]
    node[last] = copy.deepcopy(rng.choice(other))
    return structure


class TestHostileForeignParts:
    """The part of skops is a zip archive, and says itself what it imports."""

    def write(self, path, part):
        save(make_pipeline(CountVectorizer(), Tokenizer()), path)
        arrays, metadata, structure = parts_of(path)
        arrays[FOREIGN] = np.frombuffer(part, np.uint8)
        write_parts(path, arrays, metadata, structure)

    def zipped(self, files, compression=0):
        buffer = io.BytesIO()
        with ZipFile(buffer, "w", compression) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return buffer.getvalue()

    def test_pickle(self, path, ran):
        self.write(path, pickle.dumps(Attack(ran)))
        with pytest.raises(ValueError, match="damaged"):
            load(path)

    def test_a_bomb(self, path):
        bomb = self.zipped({"schema.json": b"0" * 10**7}, compression=8)
        assert len(bomb) < 10**5
        self.write(path, bomb)
        with pytest.raises(ValueError, match="compressed"):
            load(path)

    def test_a_bomb_inside_a_sparse_matrix(self, path):
        save(make_pipeline(SparseStep(csr_array(np.eye(3))), Tokenizer()), path)
        matrix = load(path, trusted=[SparseStep])[0].matrix
        np.testing.assert_array_equal(matrix.toarray(), np.eye(3))
        inner = self.zipped({"data.npy": b"0" * 10**8}, compression=8)
        self.write(path, self.zipped({"schema.json": b"{}", "1.npz": inner}))
        with pytest.raises(ValueError, match="unpacks to far more"):
            load(path)

    @pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/../../b", "c:evil"])
    def test_paths(self, name, path):
        self.write(path, self.zipped({"schema.json": b"{}", name: b""}))
        with pytest.raises(ValueError, match="holds paths"):
            load(path)

    @pytest.mark.parametrize("schema", [b"", b"{}", b"[" * 10**5, b"1"])
    def test_schemas(self, schema, path):
        self.write(path, self.zipped({"schema.json": schema}))
        with pytest.raises(ValueError, match="damaged"):
            load(path)

    def test_pickle_in_an_array(self, path, ran):
        part = skops.io.dumps([np.arange(3)])
        with ZipFile(io.BytesIO(part)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        buffer = io.BytesIO()
        np.save(buffer, np.array([Attack(ran)], dtype=object), allow_pickle=True)
        files = {k: buffer.getvalue() if k.endswith("npy") else of for k, of in files.items()}
        self.write(path, self.zipped(files))
        with pytest.raises(ValueError, match="damaged"):
            load(path)

    def test_what_skops_does_not_trust(self, path, ran):
        for value in (FunctionTransformer(os.system), FunctionTransformer(eval)):
            self.write(path, skops.io.dumps([value]))
            with pytest.raises(ValueError, match="which sklstm does not trust"):
                load(path)
