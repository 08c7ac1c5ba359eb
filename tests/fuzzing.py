"""Half-right inputs to every public entry, and what may come of them.

An entry is a call that works. One of its arguments at a time is replaced by something that is
half right: a value in it, or all of it, is of another type, missing, empty, too long or in another
container. The call may work, or raise a ValueError, TypeError or NotFittedError that names the
argument; nothing else.
"""

import contextlib
import datetime
import inspect
import re
import traceback
import warnings
from collections import deque
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import scipy.sparse
import torch
from hypothesis import strategies as st
from sklearn.base import clone

from sklstm import (
    Collocations,
    Entity,
    Gazetteer,
    LSTMClassifier,
    LSTMGenerator,
    LSTMRegressor,
    LSTMSeq2Seq,
    LSTMTagger,
    NaiveBayesWeights,
    SequencePadder,
    Sequences,
    SlidingWindow,
    TaggedText,
    TokenIndexer,
    Tokenizer,
    Word2VecEmbedder,
    datasets,
    entity_tagger,
    export_onnx,
    formats,
    inspection,
    load,
    metrics,
    model_selection,
    save,
    tags,
    text_classifier,
)
from sklstm.estimator_checks._comparison import UNCHECKED
from sklstm.estimator_checks._problem import as_objects

SMALL = {"hidden_size": 2, "max_epochs": 1, "random_state": 0}
TOKENS = [["a", "b"], ["b"], ["a", "c", "d"], ["d"], ["a", "d"], ["b", "c"]]
TEXTS = ["a b", "b", "a c d", "d", "a d", "b c"]
LABELS = ["p", "q"] * 3
TARGETS = [0.0, 1.0, 2.0, 1.5, 0.5, 3.0]
TAGS = [["B-X" if token == "a" else "O" for token in row] for row in TOKENS]
IDS = [[2, 3], [3], [2, 4, 5], [5], [2, 5], [3, 4]]
STEPS = np.random.RandomState(0).randn(6, 3, 2)
SERIES = STEPS[:, :, 0]
RAGGED = [steps[: 1 + row % 3] for row, steps in enumerate(STEPS)]
COUNTS = np.arange(12.0).reshape(6, 2)
WEIGHTS = [1.0, 2.0, 1.0, 0.5, 1.0, 1.0]


# ---------------------------------------------------------------- half-right values


class Foreign:
    """An object that knows nothing."""


SCALARS = [
    None, True, 0, -1, 3, 2**63, 2**70, -(2**70), 10**400, 1.5, float("nan"), float("inf"), 1e300,
    1j, "", "a", "é👍", "\ud800", "\0", b"a", Decimal("1.5"), np.int64(2), np.float32("nan"),
    np.uint8(3), np.str_("a"), np.datetime64("2020-01-01"), pd.NA, pd.NaT,
    datetime.date(2020, 1, 1), ..., int, len, Foreign(), np.array(1.0), np.array("a"),
    torch.tensor(1.0), slice(None), Path("/nonexistent/x"), ValueError("x"), NotImplemented,
]  # fmt: skip
CONTAINERS = [
    list, tuple, dict, set, lambda: [[]], lambda: [None] * 6, lambda: [[None]] * 6, lambda: "a b",
    lambda: ["a"] * 6, lambda: [1] * 6, lambda: [0, 1] * 3, lambda: [np.nan] * 6,
    lambda: [[1.5, 2.0]] * 6, lambda: [["a", 1], ["b"]] * 3, lambda: [{"text": "a"}] * 6,
    lambda: [[("a", "NN")]] * 6, lambda: [[{"start": 0, "end": 1, "label": "X"}]] * 6,
    lambda: np.zeros(0), lambda: np.zeros((0, 3)), lambda: np.zeros((6, 0)), lambda: np.arange(6),
    lambda: np.ones((6, 2)), lambda: np.ones((6, 3, 2)), lambda: np.ones((6, 3, 2, 2)),
    lambda: np.full((6, 2), np.nan), lambda: np.ones((6, 2), complex),
    lambda: np.array(["a", "b"] * 3), lambda: np.array([["a", "b"]] * 6, object),
    lambda: np.eye(6, dtype=bool), lambda: np.ma.masked_array(np.ones((6, 2)), np.eye(6, 2)),
    lambda: scipy.sparse.csr_array(np.eye(6)), lambda: torch.ones(6, 2),
    lambda: torch.eye(6).to_sparse(), lambda: torch.ones(6, 2, device="meta"),
    lambda: pd.Series(["a", None] * 3), lambda: pd.DataFrame({"u": ["a"] * 6, "v": range(6)}),
    lambda: pd.Series(pd.date_range("2020", periods=6)),
    lambda: pd.Series(["a", "b"] * 3, dtype="category"), lambda: Sequences.from_tokens(TOKENS),
    lambda: Sequences.from_ids(IDS), lambda: Sequences.from_tokens([[]] * 6),
    lambda: Sequences.from_tokens(TOKENS)[:0], lambda: range(6), lambda: map(list, TOKENS),
    lambda: deque(TOKENS), lambda: {"a": 2, "b": 3}, lambda: [[1.0], [[2.0]]] * 3,
    lambda: [[[1.0, 2.0], [3.0]]] * 6,
]  # fmt: skip
WRAPPERS = {
    "tuple": tuple,
    "objects": as_objects,
    "array": lambda rows: np.array(list(rows)),
    "object array": lambda rows: np.array(list(rows), dtype=object),
    "series": lambda rows: pd.Series(list(rows), index=range(len(rows), 0, -1)),
    "frame": lambda rows: pd.DataFrame({"column": list(rows)}),
    "column": lambda rows: as_objects(rows)[:, None],
    "row": lambda rows: [list(rows)],
    "deque": deque,
    "iterator": iter,
    "dict": lambda rows: dict(enumerate(rows)),
    "tuples": lambda rows: list(map(tuple, rows)),
    "arrays": lambda rows: list(map(np.array, rows)),
    "strings": lambda rows: list(map(str, rows)),
    "bytes": lambda rows: [str(row).encode() for row in rows],
    "singles": lambda rows: [[row] for row in rows],
    "tensor": lambda rows: torch.tensor(np.array(list(rows))),
    "float32": lambda rows: np.array(list(rows), np.float32),
}


def scalars():
    """Odd scalars, and random texts and numbers."""
    return st.one_of(st.sampled_from(SCALARS), st.text(max_size=5), st.floats(), st.integers(-9, 9))


def odd_values():
    """Odd values of any kind."""
    made = st.sampled_from(CONTAINERS).map(lambda make: make())
    return st.one_of(scalars(), made)


@st.composite
def half_right(draw, good):
    """Draw a value that differs in one or two respects from a good one."""
    for _ in range(draw(st.integers(1, 2))):
        if not isinstance(good, (list, tuple, np.ndarray)) or not len(good):
            return draw(odd_values())
        change = draw(st.sampled_from(["other", "element", "element", "length", "wrap"]))
        if change == "other":
            return draw(odd_values())
        if change == "element":
            good = _replace(draw, good)
        elif change == "length":
            rows = draw(st.lists(st.integers(0, len(good) - 1), max_size=len(good) + 2))
            good = [good[row] for row in rows]
        else:
            try:
                good = WRAPPERS[draw(st.sampled_from(sorted(WRAPPERS)))](good)
            except (TypeError, ValueError, OverflowError, RuntimeError):
                return good  # it cannot be put into that
    return good


def _replace(draw, values):
    """Replace one element, at any depth."""
    values = list(values)
    row = draw(st.integers(0, len(values) - 1))
    element = values[row]
    deeper = isinstance(element, (list, tuple, np.ndarray)) and getattr(element, "ndim", 1)
    if deeper and len(element) and draw(st.booleans()):
        values[row] = _replace(draw, element)
    else:
        values[row] = draw(st.one_of(scalars(), st.sampled_from([[], ["a"], [None], [1.5]])))
    return values


# ---------------------------------------------------------------- entries


@dataclass
class Entry:
    """A call that works, and names of the arguments that are replaced."""

    name: str
    call: object
    good: dict
    n_rows_of: str = ""  # the argument that has as many samples as there must be results
    may_raise: tuple = field(default_factory=tuple)


@cache
def fitted(name):
    """Return a fitted estimator, which calls must leave alone."""
    make, X, y = LEARNERS[name]
    return make().fit(X, y)


LEARNERS = {
    "classifier": (lambda: LSTMClassifier(**SMALL), TOKENS, LABELS),
    "classifier of ids": (lambda: LSTMClassifier(vocabulary_size=9, **SMALL), IDS, LABELS),
    "classifier of series": (lambda: LSTMClassifier(**SMALL), SERIES, LABELS),
    "classifier of steps": (lambda: LSTMClassifier(**SMALL), RAGGED, LABELS),
    "wide classifier": (lambda: LSTMClassifier(wide=True, **SMALL), TOKENS, LABELS),
    "regressor": (lambda: LSTMRegressor(**SMALL), TOKENS, TARGETS),
    "regressor of series": (lambda: LSTMRegressor(**SMALL), SERIES, TARGETS),
    "tagger": (lambda: LSTMTagger(**SMALL), TOKENS, TAGS),
    "tagger of ids": (lambda: LSTMTagger(vocabulary_size=9, **SMALL), IDS, TAGS),
    "seq2seq": (lambda: LSTMSeq2Seq(**SMALL), TEXTS, TEXTS),
    "seq2seq of tokens": (lambda: LSTMSeq2Seq(**SMALL), TOKENS, TOKENS),
    "generator": (lambda: LSTMGenerator(**SMALL), TEXTS, None),
    "generator of tokens": (lambda: LSTMGenerator(level="token", **SMALL), TOKENS, None),
    "generator on condition": (lambda: LSTMGenerator(**SMALL), TEXTS, LABELS),
    "text classifier": (
        lambda: text_classifier(effort="fast", vector_size=2, **SMALL), TEXTS * 3, LABELS * 3,
    ),
    "entity tagger": (lambda: entity_tagger(vector_size=2, **SMALL), TEXTS * 3, TAGS * 3),
}  # fmt: skip
TRANSFORMERS = {
    "Tokenizer": (Tokenizer, TEXTS),
    "Tokenizer with spans": (lambda: Tokenizer(char_spans=True), TEXTS),
    "TokenIndexer": (TokenIndexer, TOKENS),
    "Collocations": (lambda: Collocations(min_count=1, threshold=0.5), TOKENS),
    "Gazetteer": (lambda: Gazetteer({"X": ["a", "a c"]}), TOKENS),
    "Word2VecEmbedder": (
        lambda: Word2VecEmbedder(vector_size=2, min_count=1, random_state=0), TOKENS,
    ),
    "SequencePadder": (SequencePadder, TOKENS),
    "SequencePadder of ids": (lambda: SequencePadder(ids=True), IDS),
    "SequencePadder of numbers": (SequencePadder, RAGGED),
}  # fmt: skip
ROWS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "predict_marginals",
        "predict_entities", "predict_n_best", "transform", "score_samples")  # fmt: skip


def entries():
    """Yield every public entry."""
    yield from _entries_of_learners()
    yield from _entries_of_transformers()
    yield from _entries_of_parameters()
    yield from _entries_of_sequences()
    yield from _entries_of_tags()
    yield from _entries_of_metrics()
    yield from _entries_of_files()
    yield from _entries_of_the_rest()


def _entries_of_learners():
    for name, (make, X, y) in LEARNERS.items():
        data = {"X": X} if y is None else {"X": X, "y": y}
        of_pipeline = name in ("text classifier", "entity tagger")
        more = {} if of_pipeline else {"sample_weight": WEIGHTS, "X_val": X, "y_val": y}
        if y is None:
            more.pop("y_val", None)
            more.pop("X_val", None)
        yield Entry(f"{name}.fit", _calls(make, "fit"), {**data, **more})
        if not of_pipeline:
            known = {"classes": ["p", "q"]} if "classifier" in name else {}
            known = {"classes": ["B-X", "I-X", "O"]} if "tagger" in name else known
            given = {**data, **known, "sample_weight": WEIGHTS}
            if name != "wide classifier":
                yield Entry(f"{name}.partial_fit", _calls(make, "partial_fit"), given)
            scored = {**data, "sample_weight": WEIGHTS}
            yield Entry(f"{name}.score", _uses(name, "score"), scored)
        for method in ROWS:
            if hasattr(fitted(name), method) and not (of_pipeline and method == "transform"):
                more = {"n": 2} if method == "predict_n_best" else {}
                if method == "predict_entities" and name != "tagger of ids":
                    more = {"min_probability": 0.1}
                more = {"y": y} if name == "generator on condition" else more
                yield Entry(f"{name}.{method}", _uses(name, method), {"X": X, **more}, "X")
    learns = {"adversarial": 1.0, "virtual_adversarial": 1.0, "entropy": 1.0, **SMALL}
    data = {"X": TOKENS, "y": TAGS, "X_unlabelled": TOKENS}
    yield Entry("tagger.fit, unlabelled", _calls(lambda: LSTMTagger(**learns), "fit"), data)
    pairs = {"X": TOKENS, "y": TAGS}
    yield Entry("tagger.calibrate", lambda **pair: copy(fitted("tagger")).calibrate(**pair), pairs)
    options = {"n_samples": 1, "prefix": "a", "max_length": 4, "temperature": 1.0, "top_k": 2,
               "top_p": 0.9, "random_state": 0, "condition": None}  # fmt: skip
    yield Entry("generator.sample", _uses("generator", "sample"), options)
    options = {"condition": "p", "max_length": 4}
    yield Entry("conditional sample", _uses("generator on condition", "sample"), options)
    for method in ("perplexity", "bits_per_character"):
        yield Entry(f"generator.{method}", _uses("generator", method), {"X": TEXTS})
    options = {"X": TEXTS, "beam_size": 2, "length_penalty": 0.5, "max_length": 3}
    yield Entry("seq2seq.predict", _uses("seq2seq", "predict"), options, "X")


def _entries_of_transformers():
    for name, (make, X) in TRANSFORMERS.items():
        yield Entry(f"{name}.fit_transform", _calls(make, "fit_transform"), {"X": X}, "X")
        yield Entry(f"{name}.transform", _after_fit(make, X, "transform"), {"X": X}, "X")
    yield Entry("Tokenizer.find_char_spans", Tokenizer().find_char_spans, {"X": TEXTS}, "X")
    yield Entry("Tokenizer.inverse_transform", Tokenizer().inverse_transform, {"X": TOKENS}, "X")
    indexer = TokenIndexer().fit(TOKENS)
    yield Entry("TokenIndexer.inverse_transform", indexer.inverse_transform, {"X": IDS}, "X")
    window = SlidingWindow(length=2)
    yield Entry("SlidingWindow.transform", window.transform, {"X": SERIES})
    yield Entry("SlidingWindow.pairs", window.pairs, {"X": SERIES, "y": TARGETS})
    yield Entry("NaiveBayesWeights.fit", NaiveBayesWeights().fit, {"X": COUNTS, "y": LABELS})
    weights = NaiveBayesWeights().fit(COUNTS, LABELS)
    yield Entry("NaiveBayesWeights.transform", weights.transform, {"X": COUNTS})
    embedder = _calls(lambda: Word2VecEmbedder(vector_size=2, min_count=1), "fit")
    yield Entry("Word2VecEmbedder.fit", embedder, {"X": TOKENS, "extra_tokens": TOKENS})


def _entries_of_parameters():
    """Yield a fit for each parameter of each estimator and transformer."""
    makers = {name: (make, X, y) for name, (make, X, y) in LEARNERS.items() if " " not in name}
    makers |= {name: (make, X, None) for name, (make, X) in TRANSFORMERS.items() if " " not in name}
    makers["SlidingWindow"] = (lambda: SlidingWindow(length=2), SERIES, None)
    makers["NaiveBayesWeights"] = (NaiveBayesWeights, COUNTS, LABELS)
    for name, (make, X, y) in makers.items():
        good = make().get_params()
        for parameter in ("device", "checkpoint"):  # of the machine, and files to write
            good.pop(parameter, None)

        def fit(make=make, X=X, y=y, **params):
            estimator = make().set_params(**params)
            return estimator.fit(X) if y is None else estimator.fit(X, y)

        yield Entry(f"{name}(...)", fit, good, may_raise=(FileNotFoundError,))  # of vectors


def _entries_of_sequences():
    parts = {
        "codes": [2, 3, 2], "offsets": [0, 1, 3], "categories": ["<pad>", "<unk>", "a", "b"],
        "vectors": [[0.0], [1.0], [1.0], [2.0]], "char_spans": [[0, 1], [0, 1], [1, 2]],
    }  # fmt: skip
    yield Entry("Sequences", Sequences, parts)
    yield Entry("Sequences.from_tokens", Sequences.from_tokens, {"tokens": TOKENS})
    yield Entry("Sequences.from_ids", Sequences.from_ids, {"ids": IDS})
    batch = Sequences.from_tokens(TOKENS)
    key = {"key": [0, 1]}
    yield Entry("Sequences[]", lambda key: batch[key], key, may_raise=(IndexError,))
    vectors = np.eye(len(batch.categories))
    yield Entry("Sequences.with_vectors", batch.with_vectors, {"vectors": vectors})
    columns = {"pos": [["X"] * len(row) for row in TOKENS]}
    yield Entry("Sequences.with_columns", batch.with_columns, {"columns": columns})
    documents = {"documents": list(range(len(TOKENS)))}
    yield Entry("Sequences.with_documents", batch.with_documents, documents)
    categories = ["<pad>", "<unk>", "a"]
    yield Entry("Sequences.with_categories", batch.with_categories, {"categories": categories})


def _entries_of_tags():
    spans = [[(0, 1), (2, 3)]] * 2
    found = [[(0, 1, "X")], []]
    pair = [["B-X", "O"]] * 2
    yield Entry("infer_scheme", tags.infer_scheme, {"y": TAGS, "y_pred": TAGS})
    yield Entry("check_tags", tags.check_tags, {"y": TAGS, "scheme": "IOB2"})
    options = {"y": TAGS, "source": "IOB2", "target": "IOBES", "mode": "strict"}
    yield Entry("convert_tags", tags.convert_tags, options)
    options = {"tags": ["B-X", "O"], "scheme": "IOB2", "mode": "strict"}
    yield Entry("tags_to_spans", tags.tags_to_spans, options)
    options = {"spans": [("X", 0, 1)], "n_tokens": 2, "scheme": "IOB2"}
    yield Entry("spans_to_tags", tags.spans_to_tags, options)
    options = {"y": TAGS, "scheme": "IOB2", "mode": "strict"}
    yield Entry("span_columns", tags.span_columns, options)
    options = {"tags": ["B-X", "I-X", "O"], "scheme": "IOB2"}
    yield Entry("allowed_transitions", tags.allowed_transitions, options)
    options = {"char_spans": spans, "annotations": found, "scheme": "IOB2", "misaligned": "raise",
               "overlapping": "raise"}  # fmt: skip
    yield Entry("annotations_to_tags", tags.annotations_to_tags, options)
    options = {"char_spans": spans, "y": pair, "scheme": "IOB2", "mode": "strict"}
    yield Entry("tags_to_annotations", tags.tags_to_annotations, options)


def _entries_of_metrics():
    for name in metrics.__all__:
        function = getattr(metrics, name)
        if not inspect.isfunction(function):
            continue
        pair = (TEXTS, TEXTS) if name == "token_error_rate" else (TAGS, TAGS)
        good = dict(zip(("y_true", "y_pred"), pair, strict=True))
        if "entities" in inspect.signature(function).parameters:
            one = Entity("X", 0, 1, "a", 0.5)
            good = {"y_true": TAGS, "entities": [[one] if "B-X" in row else [] for row in TAGS]}
        for option, parameter in inspect.signature(function).parameters.items():
            if parameter.default is not inspect.Parameter.empty:
                good[option] = parameter.default
        if name == "conformal_threshold":
            good["recall"] = 0.01
        if "n_resamples" in good:
            good["n_resamples"] = 5
        if "zero_division" in good:
            good["zero_division"] = 0.0
        if "sample_weight" in good:
            good["sample_weight"] = WEIGHTS
        yield Entry(name, function, good)


def _entries_of_files():
    folder = Path(__file__).parent / "__pycache__"

    file = folder / "fuzzed.conll"
    options = {"path": file, "token_column": 0, "tag_column": -1, "columns": {"pos": 1},
               "separator": None,
               "comment": "#", "encoding": "utf-8"}  # fmt: skip

    def read(path, **options):
        folder.mkdir(exist_ok=True)
        file.write_text("EU NNP B-ORG\nx VBZ O\n\nB NNP B-LOC\n")
        return datasets.read_conll(path, **options)

    yield Entry("read_conll", read, options, may_raise=(OSError, LookupError))

    def open_archive(path, **options):
        folder.mkdir(exist_ok=True)
        save(fitted("classifier"), archive)
        return load(path, **options)

    def into_folder(write):
        """Let a call write its file, whatever the path, in a folder that is thrown away."""

        def call(estimator, path, **options):
            with TemporaryDirectory() as temporary, contextlib.chdir(temporary):
                return write(estimator, path, **options)

        return call

    archive = folder / "fuzzed.sklstm"
    options = {"path": archive, "trusted": (), "mmap": False}
    yield Entry("load", open_archive, options, may_raise=(OSError,))
    options = {"estimator": fitted("classifier"), "path": "fuzzed.sklstm"}
    yield Entry("save", into_folder(save), options, may_raise=(OSError,))
    options = {"estimator": fitted("classifier"), "path": "fuzzed.onnx", "quantize": False,
               "network_only": False}  # fmt: skip
    yield Entry("export_onnx", into_folder(export_onnx), options, may_raise=(OSError,))
    yield from _entries_of_formats(folder)


def _entries_of_the_rest():
    def split(n_splits, shuffle, random_state, X, y, groups):
        folds = model_selection.DocumentKFold(n_splits, shuffle=shuffle, random_state=random_state)
        return list(folds.split(X, y, groups))

    options = {"n_splits": 2, "shuffle": True, "random_state": 0, "X": TOKENS, "y": TAGS,
               "groups": [0, 0, 1, 1, 2, 2]}  # fmt: skip
    yield Entry("DocumentKFold", split, options)

    def split_labelled(n_splits, shuffle, random_state, X, y):
        folds = model_selection.LabelledKFold(n_splits, shuffle=shuffle, random_state=random_state)
        return list(folds.split(X, y))

    options = {"n_splits": 2, "shuffle": True, "random_state": 0, "X": TOKENS,
               "y": ["p", "q", "p", "q", None, None]}  # fmt: skip
    yield Entry("LabelledKFold", split_labelled, options)
    options = {"estimator": fitted("tagger"), "X": TOKENS, "return_confidence": False}
    yield Entry("annotation_order", model_selection.annotation_order, options, "X")
    entity = {"type": "PER", "start": 0, "end": 1, "text": "a", "confidence": 0.5,
              "start_char": 0, "end_char": 1}  # fmt: skip
    yield Entry("TaggedText", lambda text, entities: TaggedText(text, entities)._repr_html_(),
                {"text": ["a", "b"], "entities": [Entity(**entity)]})  # fmt: skip
    for name in ("gate_activations", "hidden_states"):
        yield Entry(name, _inspects(name, "classifier"), {"X": TOKENS})
    yield Entry(
        "gradient_flow", _inspects("gradient_flow", "classifier"), {"X": TOKENS, "y": LABELS}
    )
    options = {"X": TOKENS[:2], "method": "occlusion", "target": "p"}
    yield Entry("token_contributions", _inspects("token_contributions", "classifier"), options)
    yield Entry(
        "attention_weights", _inspects("attention_weights", "seq2seq"), {"X": TEXTS, "y": TEXTS}
    )
    yield Entry(
        "top_losses", _inspects("top_losses", "classifier"), {"X": TOKENS, "y": LABELS, "n": 2}
    )
    yield Entry("top_losses of tags", _inspects("top_losses", "tagger"), {"X": TOKENS, "y": TAGS})
    options = {"y": LABELS, "min_lr": 1e-4, "max_lr": 0.1, "n_updates": 3}
    yield Entry(
        "learning_rate_test", _inspects("learning_rate_test", "classifier"),
        {"X": TOKENS, **options},
    )  # fmt: skip
    options = {"y": LABELS, "vocabulary": ["a", "b"], "X_val": TEXTS[:2]}
    yield Entry("describe", inspection.describe, {"X": TEXTS, **options})
    yield Entry("describe tokens", inspection.describe, {"X": TOKENS, "y": TAGS})
    for name in ("attention_weights", "gate_activations", "hidden_states", "token_contributions"):
        one = "seq2seq" if name == "attention_weights" else "classifier"
        yield Entry(
            f"{name} of an estimator", _inspects_estimator(name), {"estimator": fitted(one)}
        )
    options = {"n_samples": 3, "n_steps": 4, "random_state": 0}
    yield Entry("make_adding_problem", datasets.make_adding_problem, options)
    options = {"n_samples": 3, "lag": 2, "n_items": 2, "n_symbols": 3, "random_state": 0}
    yield Entry("make_copy_task", datasets.make_copy_task, options)
    options = {"n_samples": 3, "n_steps": 4, "min_steps": 1, "random_state": 0}
    yield Entry("make_parity", datasets.make_parity, options)
    yield Entry("load_sentences", datasets.load_sentences, {"source": "imdb"})


def _entries_of_formats(folder):
    texts, spans = ["Ada met", "Rome"], [[(0, 3, "X")], [(0, 4, "Y")]]
    pair = {"X": texts, "y": spans}
    yield Entry("to_spacy_offsets", formats.to_spacy_offsets, pair)
    examples = {"examples": formats.to_spacy_offsets(**pair)}
    yield Entry("from_spacy_offsets", formats.from_spacy_offsets, examples)
    words = {"X": [["Ada", "met"], ["Rome"]], "y": [["N", "V"], ["N"]]}
    for name, data, options in [
        ("brat", pair, {"ids": ["a", "b"]}), ("doccano", pair, {"ids": [3, 4]}),
        ("label_studio", pair, {"source": "predictions", "text_key": "text", "ids": [3, 4]}),
        ("conllu", words, {"tag": "upos", "documents": [0, 1]}),
    ]:  # fmt: skip

        def write_and_read(name=name, **arguments):
            folder.mkdir(exist_ok=True)
            getattr(formats, f"write_{name}")(folder / f"fuzzed-{name}", **arguments)
            both = {
                key: arguments[key] for key in ("source", "text_key", "tag") if key in arguments
            }
            return getattr(formats, f"read_{name}")(folder / f"fuzzed-{name}", **both)

        yield Entry(name, write_and_read, {**data, **options})


def _calls(make, method):
    def call(**arguments):
        return getattr(make(), method)(**arguments)

    return call


def _uses(name, method):
    def call(**arguments):
        return getattr(fitted(name), method)(**arguments)

    return call


def _after_fit(make, X, method):
    transformer = make().fit(X)
    return lambda **arguments: getattr(clone(transformer).fit(X), method)(**arguments)


def _inspects(name, estimator):
    def call(**arguments):
        return getattr(inspection, name)(fitted(estimator), **arguments)

    return call


def _inspects_estimator(name):
    X = TEXTS if name == "attention_weights" else TOKENS[:2]
    return lambda estimator: getattr(inspection, name)(estimator, X)


# ---------------------------------------------------------------- outcomes

SAMPLES = (
    r"[Ss]ample|[Tt]ext|[Tt]oken|[Ss]equence|[Ss]entence|\b[Ii]ds?\b|[Ss]eries|[Ss]teps?\b"
    "|symbol|min_count|vocabulary"
)
TARGET = r"\btags?\b|[Tt]arget|[Ll]abel|class|[Ss]entence|[Ss]ymbol|condition|[Ss]equence"
OTHER_NAMES = {  # by which a message may call an argument
    "X": SAMPLES,
    "y": TARGET + "|sample_weight|y_true",
    "X_unlabelled": SAMPLES,
    "X_val": SAMPLES + "|[Vv]alidation",
    "y_val": TARGET + "|[Vv]alidation",
    "y_true": TARGET + r"|\by\b|sample_weight",
    "y_pred": TARGET + r"|\by\b",
    "precision": "recall",
    "sample_weight": "[Ww]eight",
    "tokens": "[Tt]oken|[Ss]ample",
    "extra_tokens": "[Tt]oken|[Ss]ample",
    "ids": r"\bids?\b|[Ss]ample",
    "tags": "[Tt]ag",
    "annotations": "[Aa]nnotation|[Ss]pan|[Tt]ext|[Ss]entence",
    "char_spans": "[Oo]ffset|[Ss]pan|[Ss]entence|[Tt]ext",
    "spans": "[Ss]pan",
    "columns": "[Cc]olumn",
    "codes": "[Cc]ode|[Oo]ffset|vectors",
    "offsets": "[Oo]ffset|[Cc]ode",
    "categories": "categor|[Cc]ode|vector",
    "vectors": "[Vv]ector|categor",
    "groups": "group|document",
    "condition": "condition|Sequences",
    "key": "Sequences|index",
    "n_splits": "folds",
    "random_state": "seed",
}


def fault_of(entry, arguments, replaced):
    """Make a call, and say what is wrong with its outcome, or return None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = entry.call(**arguments)
    except entry.may_raise:
        return None
    except (TypeError, ValueError) as error:
        return _fault_of_error(error, replaced)
    except Exception as error:
        return f"{type(error).__name__} [{_place(error)}]: {error!s:.200}"
    if not entry.n_rows_of or replaced != entry.n_rows_of:
        return None
    try:
        n_rows = len(arguments[entry.n_rows_of])
    except TypeError:
        return None
    rows = result.shape[0] if hasattr(result, "shape") else len(result)
    return None if rows == n_rows else f"{rows} results for {n_rows} samples"


def _fault_of_error(error, replaced):
    if str(error).startswith("The loss became infinite"):  # which says what to do
        return None
    message, _, _ = str(error).partition(" The cause: ")
    place = _place(error)
    if UNCHECKED.search(message):
        return f"Python's own words [{place}]: {message:.200}"
    if not re.search(r"/sklstm/|/sklearn/", place) or "/externals/" in place:
        return f"from inside [{place}]: {message:.200}"
    names = rf"\b{re.escape(replaced)}\b|{OTHER_NAMES.get(replaced, '$^')}"
    if not re.search(names, message):
        return f"{replaced} is not named [{place}]: {message:.200}"
    return None


def _place(error):
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}"
