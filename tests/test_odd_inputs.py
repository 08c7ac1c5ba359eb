"""Odd inputs: each is accepted for what it is, or refused with what it is and what is accepted."""

import datetime

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.utils import Bunch

from sklstm import (
    Entity,
    LSTMClassifier,
    LSTMGenerator,
    LSTMRegressor,
    LSTMSeq2Seq,
    LSTMTagger,
    SequencePadder,
    Sequences,
    SlidingWindow,
    TokenIndexer,
    Tokenizer,
    Word2VecEmbedder,
    entity_tagger,
    text_classifier,
)
from sklstm.inspection import (
    AttentionDisplay,
    GateActivationsDisplay,
    GradientFlowDisplay,
    HiddenStatesDisplay,
    TokenContributionsDisplay,
    attention_weights,
    gate_activations,
    gradient_flow,
    hidden_states,
    token_contributions,
)

SMALL = {"hidden_size": 2, "max_epochs": 1, "random_state": 0}
TOKENS = [["a", "b"], ["b"], ["a", "c", "d"], ["d"], ["a", "d"], ["b", "c"]]
TEXTS = ["ab", "b", "acd", "d", "ad", "bc"]
TAGS = [["B-X" if token == "a" else "O" for token in sentence] for sentence in TOKENS]
LABELS = ["p", "q"] * 3
TARGETS = [0.0, 1.0, 2.0, 1.5, 0.5, 3.0]
STEPS = np.random.RandomState(0).randn(6, 3, 2)
SERIES = STEPS[:, :, 0]
TAGS_OF_STEPS = [["B-X", "O", "O"]] * 6

LEARNERS = {  # with a target for tokens, and one for three steps
    "classifier": (LSTMClassifier(**SMALL), LABELS, LABELS),
    "regressor": (LSTMRegressor(**SMALL), TARGETS, TARGETS),
    "tagger": (LSTMTagger(**SMALL), TAGS, TAGS_OF_STEPS),
    "seq2seq": (LSTMSeq2Seq(**SMALL), TEXTS, TEXTS),
}
READERS_OF_TOKENS = {
    **{name: (estimator, y) for name, (estimator, y, _) in LEARNERS.items()},
    "generator": (LSTMGenerator(level="token", **SMALL), None),
    "indexer": (TokenIndexer(), None),
    "embedder": (Word2VecEmbedder(vector_size=2, min_count=1, random_state=0), None),
}
STRINGS = np.dtypes.StringDType()
DAYS = [datetime.date(2020, 1, day) for day in range(1, 7)]


def learners(function):
    return pytest.mark.parametrize("name", LEARNERS)(function)


def type_name(value):
    """Name a test by this, not by `repr`: an address is another one in every worker."""
    return type(value).__name__


def strings(values, **options):
    return np.array(values, np.dtypes.StringDType(**options))


def outcome(estimator, X, y=None):
    """What an estimator makes of a sample, having learned from others."""
    fitted = clone(estimator).fit(X, y)
    predict = next(
        getattr(fitted, name)
        for name in ("predict_proba", "predict_marginals", "predict", "transform")
        if hasattr(fitted, name)
    )
    return predict(X)


def assert_equal(actual, expected):
    for left, right in zip(np.ravel(actual), np.ravel(expected), strict=True):
        np.testing.assert_array_equal(left, right)


class Word:
    """A token as linguistic libraries have it."""

    def __init__(self, text):
        self.text = text


ANNOTATED = {
    "pairs": (lambda token: (token, "NN"), r"\('a', 'NN'\) of type tuple.*for token, \*_ in"),
    "lists": (lambda token: [token, "NN"], r"\['a', 'NN'\] of type list.*for token, \*_ in"),
    "dicts": (lambda token: {"pos": "NN", "text": token}, r"of type dict.*token\['text'\] for"),
    "other keys": (lambda token: {"id": 3, "lemma": token}, r"of type dict.*token\['lemma'\] for"),
    "objects": (Word, r"of type Word.*token\.text for"),
}


@pytest.mark.parametrize("kind", ANNOTATED)
@pytest.mark.parametrize("name", READERS_OF_TOKENS)
def test_tokens_with_more_than_their_string(name, kind):
    estimator, y = READERS_OF_TOKENS[name]
    annotate, message = ANNOTATED[kind]
    X = [[annotate(token) for token in sentence] for sentence in TOKENS]
    with pytest.raises(TypeError, match=f"Token 0 of sample 0 is .*{message}"):
        clone(estimator).fit(X, y)
    fitted = clone(estimator).fit(TOKENS, y)
    method = getattr(fitted, "predict", None) or fitted.transform
    with pytest.raises(TypeError, match=f"Token 0 of sample 0 is .*{message}"):
        method(X)


@pytest.mark.parametrize("name", READERS_OF_TOKENS)
def test_samples_that_are_records(name):
    estimator, y = READERS_OF_TOKENS[name]
    X = [{"id": 0, "tokens": tokens} for tokens in TOKENS]
    with pytest.raises(TypeError, match=r"Sample 0 is .* of type dict.*sample\['tokens'\] for"):
        clone(estimator).fit(X, y)


def test_texts_that_are_records():
    with pytest.raises(TypeError, match=r"Text 0 is .* of type dict.*sample\['text'\] for"):
        Tokenizer().fit([{"text": text} for text in TEXTS])


@pytest.mark.parametrize(
    "row",
    [
        [(0, 1, "PER")],
        [{"start": 0, "end": 1, "label": "PER"}],
        [{"start": 0, "end": 1, "labels": ["PER"]}],
        {"text": "ab", "spans": [{"start": 0, "end": 1, "label": "PER"}]},
        {"entities": [(0, 1, "PER")]},
        [Entity("PER", 0, 1, "a")],
    ],
    ids=["brat", "prodigy", "label studio", "document", "spacy", "spans"],
)
@pytest.mark.parametrize("method", ["fit", "score"])
def test_annotations_in_place_of_tags(row, method):
    tagger = LSTMTagger(**SMALL).fit(TOKENS, TAGS)
    with pytest.raises(TypeError, match=r"Sentence 0.*(annotations_to_tags|row\['entities'\])"):
        getattr(tagger, method)(TOKENS, [row] * 6)


class TestMissingTargets:
    @pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT], ids=repr)
    @learners
    def test_one(self, name, missing):
        if name == "tagger" and missing is None:
            pytest.skip("None stands for a tag that is unknown")
        estimator, y, _ = LEARNERS[name]
        y = [*y[:-1], [*y[-1][:-1], missing] if name == "tagger" else missing]
        with pytest.raises(
            (TypeError, ValueError), match=r"y holds the missing|NaN|NAType|NaT|None|nan"
        ):
            clone(estimator).fit(TOKENS, y)

    @pytest.mark.parametrize("method", ["fit", "partial_fit", "score"])
    def test_the_place_is_named(self, method):
        args = {"classes": LABELS} if method == "partial_fit" else {}
        classifier = LSTMClassifier(**SMALL)
        classifier = classifier.fit(TOKENS, LABELS) if method == "score" else classifier
        for missing in (None, np.nan, pd.NA):
            with pytest.raises(ValueError, match=r"y holds the missing value .* at position 1,"):
                getattr(classifier, method)(TOKENS, ["p", missing, "q", "q", "p", "q"], **args)

    @pytest.mark.parametrize(
        "y",
        [
            pd.Series(["p", None] * 3, dtype="string"),
            pd.Series(["p", None] * 3, dtype="category"),
            pd.Series([0, None] * 3, dtype="Int64"),
            pd.DataFrame({"label": ["p", None] * 3}),
            strings(["p", None] * 3, na_object=None),
            strings(["p", np.nan] * 3, na_object=np.nan),
        ],
        ids=["string", "category", "Int64", "frame", "StringDType", "StringDType with NaN"],
    )
    @pytest.mark.parametrize("name", ["classifier", "condition"])
    def test_in_whatever_holds_labels(self, name, y):
        estimator = LSTMClassifier(**SMALL)
        if name == "condition":
            estimator = LSTMGenerator(**SMALL)
        with pytest.raises(ValueError, match="y holds the missing value"):
            estimator.fit(TOKENS if name == "classifier" else TEXTS, y)

    def test_all_tags(self):
        with pytest.raises(
            ValueError, match="y has no tag for 6 of 6 sentences, such as sentence 0"
        ):
            LSTMTagger(**SMALL).fit(TOKENS, [[None] * len(tags) for tags in TAGS])

    def test_classes(self):
        with pytest.raises(ValueError, match="classes holds the missing value None at position 2"):
            LSTMClassifier(**SMALL).partial_fit(TOKENS, LABELS, classes=["p", "q", None])

    def test_masked_labels(self):
        y = np.ma.masked_array([0, 1] * 3, [True] + [False] * 5)
        with pytest.raises(ValueError, match="y is masked in places"):
            LSTMClassifier(**SMALL).fit(TOKENS, y)


@pytest.mark.parametrize("name", ["classifier", "regressor", "tagger", "seq2seq"])
def test_missing_samples(name):
    estimator, _, y = LEARNERS[name]
    for X in ([None] * 6, [*STEPS[:5], None], np.array([None] * 6)):
        with pytest.raises(TypeError, match=r"Sample [05] of X is None. Fill missing samples"):
            clone(estimator).fit(X, y)


class TestTensors:
    @learners
    def test_a_gradient_is_no_obstacle(self, name):
        estimator, _, y = LEARNERS[name]
        expected = outcome(estimator, STEPS, y)
        for X in (
            torch.tensor(STEPS, requires_grad=True),
            [torch.tensor(steps, requires_grad=True) for steps in STEPS],
            torch.nn.Parameter(torch.tensor(STEPS)),
        ):
            assert_equal(outcome(estimator, X, y), expected)

    def test_targets_and_weights(self):
        y, weights = np.array(TARGETS), np.arange(1.0, 7.0)
        with_grad = [torch.tensor(values, requires_grad=True) for values in (y, weights)]
        expected = LSTMRegressor(**SMALL).fit(STEPS, y, weights)
        actual = LSTMRegressor(**SMALL).fit(STEPS, *with_grad)
        np.testing.assert_array_equal(actual.predict(STEPS), expected.predict(STEPS))
        assert actual.score(STEPS, *with_grad) == expected.score(STEPS, y, weights)
        labels = torch.tensor([0.0, 1.0] * 3, requires_grad=True)
        assert LSTMClassifier(**SMALL).fit(STEPS, labels).classes_.tolist() == [0, 1]

    def test_half_precision_is_read(self):
        X = torch.tensor(SERIES).bfloat16()
        np.testing.assert_array_equal(
            outcome(LSTMClassifier(**SMALL), X, LABELS),
            outcome(LSTMClassifier(**SMALL), X.float().numpy(), LABELS),
        )

    @pytest.mark.parametrize(
        "make", [torch.Tensor.to_sparse, lambda x: x.to("meta")], ids=["sparse", "meta"]
    )
    @learners
    def test_a_tensor_that_is_no_array(self, name, make):
        estimator, _, y = LEARNERS[name]
        tensor = make(torch.tensor(SERIES))
        with pytest.raises(TypeError, match=r"X holds a torch.float64 tensor .*makes no array"):
            clone(estimator).fit(tensor, y)

    def test_transformers(self):
        X = torch.tensor(SERIES, requires_grad=True)
        for transformer in (SequencePadder(), SlidingWindow(length=2)):
            np.testing.assert_array_equal(
                transformer.fit_transform(X), transformer.fit_transform(SERIES)
            )


@learners
def test_four_axes(name):
    estimator, _, y = LEARNERS[name]
    for X in (STEPS[:, :, :, None], STEPS[:, :, :, None].tolist(), list(STEPS[:, :, :, None])):
        with pytest.raises(
            ValueError, match=r"X has 4 axes, of the shape \(6, 3, 2, 1\); expected"
        ):
            clone(estimator).fit(X, y)


class TestFrames:
    @pytest.fixture(params=["pandas", "polars"])
    def frame(self, request):
        return pytest.importorskip(request.param).DataFrame

    def test_a_column_of_texts(self, frame):
        X = frame({"text": TEXTS})
        assert Tokenizer().fit_transform(X) == Tokenizer().fit_transform(TEXTS)
        for estimator, y in ((LSTMGenerator(**SMALL), None), (LSTMSeq2Seq(**SMALL), TEXTS)):
            assert_equal(outcome(estimator, X, y), outcome(estimator, TEXTS, y))
        seq2seq = LSTMSeq2Seq(**SMALL)
        assert_equal(outcome(seq2seq, X, X), outcome(seq2seq, TEXTS, TEXTS))

    @pytest.mark.parametrize("name", ["classifier", "regressor", "tagger"])
    def test_a_column_of_texts_needs_a_tokenizer(self, frame, name):
        estimator, y, _ = LEARNERS[name]
        with pytest.raises(TypeError, match=r"Sample 0 is 'ab'.*put a Tokenizer first"):
            clone(estimator).fit(frame({"text": TEXTS}), y)

    @learners
    def test_a_column_of_token_lists(self, frame, name):
        estimator, y, _ = LEARNERS[name]
        X = frame({"tokens": TOKENS})
        assert_equal(outcome(estimator, X, y), outcome(estimator, TOKENS, y))

    @pytest.mark.parametrize("name", ["classifier", "regressor"])
    def test_a_column_of_numbers_is_a_step_each(self, frame, name):
        estimator, y, _ = LEARNERS[name]
        expected = outcome(estimator, SERIES[:, :1], y)
        assert_equal(outcome(estimator, frame({"x": SERIES[:, 0]}), y), expected)

    @learners
    def test_words_beside_numbers(self, frame, name):
        estimator, y, _ = LEARNERS[name]
        with pytest.raises(TypeError, match=r"2 columns, with more than numbers in \['text'\]"):
            clone(estimator).fit(frame({"text": TEXTS, "x": TARGETS}), y)

    def test_dates(self, frame):
        columns = {"day": DAYS}, {"day": DAYS, "x": TARGETS}, {"x": TARGETS, "day": DAYS}
        for X in map(frame, columns):
            for estimator, y, _ in LEARNERS.values():
                with pytest.raises(ValueError, match="X holds dates or times"):
                    clone(estimator).fit(X, y)
            for transformer in (SequencePadder(), SlidingWindow(length=2)):
                with pytest.raises(ValueError, match="X holds dates or times"):
                    transformer.fit(X)
        for estimator, X in (
            (LSTMClassifier(**SMALL), TOKENS),
            (LSTMRegressor(**SMALL), TOKENS),
            (LSTMGenerator(**SMALL), TEXTS),
        ):
            with pytest.raises(ValueError, match="y holds dates or times"):
                estimator.fit(X, frame({"day": DAYS})["day"])


@pytest.mark.parametrize(
    "X",
    [
        np.array(DAYS, "datetime64[D]")[:, None],
        [np.array(DAYS, "datetime64[ns]")] * 6,
        [DAYS] * 6,
        np.arange(12).astype("timedelta64[D]").reshape(6, 2),
    ],
    ids=["array", "arrays", "lists", "durations"],
)
@learners
def test_dates(name, X):
    estimator, y, _ = LEARNERS[name]
    with pytest.raises(ValueError, match="X holds dates or times"):
        clone(estimator).fit(X, y)


class TestStringDType:
    @pytest.mark.parametrize("name", READERS_OF_TOKENS)
    def test_tokens(self, name):
        estimator, y = READERS_OF_TOKENS[name]
        actual = outcome(estimator, list(map(strings, TOKENS)), y)
        expected = outcome(estimator, TOKENS, y)
        if isinstance(expected, Sequences):
            assert actual.tokens() == expected.tokens()
            return
        assert_equal(actual, expected)

    def test_a_matrix_of_tokens(self):
        rows = [["a", "b"], ["c", "b"]] * 3
        classifier = LSTMClassifier(**SMALL)
        expected = outcome(classifier, rows, LABELS)
        assert_equal(outcome(classifier, strings(rows), LABELS), expected)

    def test_texts(self):
        column = strings(TEXTS)
        assert Tokenizer().fit_transform(column[:, None]) == Tokenizer().fit_transform(TEXTS)
        seq2seq = LSTMSeq2Seq(**SMALL)
        assert_equal(outcome(seq2seq, column, column), outcome(seq2seq, TEXTS, TEXTS))

    def test_labels_come_back_as_strings(self):
        classifier = LSTMClassifier(**SMALL).fit(TOKENS, strings(LABELS))
        expected = LSTMClassifier(**SMALL).fit(TOKENS, LABELS)
        assert classifier.classes_.tolist() == ["p", "q"]
        assert classifier.predict(TOKENS).tolist() == expected.predict(TOKENS).tolist()
        assert classifier.score(TOKENS, strings(LABELS)) == expected.score(TOKENS, LABELS)
        generator = LSTMGenerator(**SMALL).fit(TEXTS, strings(LABELS))
        assert generator.conditions_.tolist() == ["p", "q"]

    def test_tags(self):
        tagger = LSTMTagger(**SMALL)
        expected = outcome(tagger, TOKENS, TAGS)
        assert_equal(outcome(tagger, TOKENS, list(map(strings, TAGS))), expected)
        assert_equal(outcome(tagger, TOKENS, list(map(pd.Series, TAGS))), expected)


class TestNumbersThatAreNone:
    @pytest.mark.parametrize("value", [10**400, "x", object(), {}, ...], ids=type_name)
    @pytest.mark.parametrize("name", [*LEARNERS, "generator"])
    def test_weights(self, name, value):
        estimator, y = READERS_OF_TOKENS[name]
        fitted = clone(estimator).fit(TOKENS, y)
        with pytest.raises((TypeError, ValueError), match="sample_weight must be one number for"):
            fitted.fit(TOKENS, y, sample_weight=[1.0] * 5 + [value])
        if name != "generator":
            with pytest.raises((TypeError, ValueError), match="sample_weight must be one number"):
                fitted.score(TOKENS, y, sample_weight=[1.0] * 5 + [value])

    @pytest.mark.parametrize("value", [10**400, "x", object()], ids=["huge", "str", "object"])
    def test_targets(self, value):
        with pytest.raises((TypeError, ValueError), match="y must be one number, or several, for"):
            LSTMRegressor(**SMALL).fit(TOKENS, [*TARGETS[:5], value])
        fitted = LSTMRegressor(**SMALL).fit(TOKENS, TARGETS)
        with pytest.raises((TypeError, ValueError), match="y must be one number, or several, for"):
            fitted.score(TOKENS, [*TARGETS[:5], value])

    @pytest.mark.parametrize("value", [10**400, object(), {}], ids=["huge", "object", "dict"])
    @learners
    def test_steps(self, name, value):
        estimator, _, y = LEARNERS[name]
        for X in ([[1.0, 2.0, value]] * 6, [*SERIES.tolist()[:5], [1.0, value]]):
            with pytest.raises((TypeError, ValueError), match=r"X must be token|Sample \d must be"):
                clone(estimator).fit(X, y)

    @pytest.mark.parametrize("ids", [[[2**70, 2]], [[2**40, 2]], [["a"], [3]], [[[2, 3], [4]]]])
    def test_ids(self, ids):
        classifier = LSTMClassifier(vocabulary_size=9, **SMALL).fit([[2, 3], [4]] * 3, LABELS)
        with pytest.raises((TypeError, ValueError), match=r"id|token"):
            classifier.predict(ids)

    def test_weights_that_cancel_out(self):
        for estimator, y, _ in LEARNERS.values():
            if not isinstance(estimator, LSTMTagger):
                fitted = clone(estimator).fit(TOKENS, y)
                with pytest.raises(ValueError, match="sample_weight sums to 0"):
                    fitted.score(TOKENS, y, sample_weight=[1.0, -1.0] * 3)

    def test_huge_weights_of_scores(self):
        classifier = LSTMClassifier(**SMALL).fit(TOKENS, LABELS)
        assert classifier.score(TOKENS, LABELS, [2**70] * 6) == classifier.score(TOKENS, LABELS)


WRONG_OPTIONS = {  # of every estimator, and what one of its methods must say
    "hidden_size": pd.Series([1, 2]),
    "dropout": pd.DataFrame({"x": [1]}),
    "max_grad_norm": np.ones(3),
    "batch_size": torch.ones(3),
    "cell": ["lstm"],
    "cell_params": pd.Series(["x"]),
    "callbacks": np.zeros(2),
    "locked_dropout": pd.Series([True, False]),
    "verbose": [[1]],
}


@pytest.mark.parametrize("option", WRONG_OPTIONS)
@pytest.mark.parametrize("name", [*LEARNERS, "generator"])
def test_a_wrong_option_of_a_fitted_estimator(name, option):
    estimator, y = READERS_OF_TOKENS[name]
    fitted = clone(estimator).fit(TOKENS, y)
    fitted.set_params(**{option: WRONG_OPTIONS[option]})
    message = f"The '{option}' parameter of {type(estimator).__name__} must be"
    predict = fitted.score_samples if name == "generator" else fitted.predict
    with pytest.raises(ValueError, match=message):
        predict(TOKENS)
    with pytest.raises(ValueError, match=message):
        fitted.partial_fit(TOKENS, y)


@pytest.mark.parametrize(
    ("transformer", "X", "option"),
    [
        (SequencePadder(), TOKENS, {"truncating": "sideways"}),
        (SequencePadder(), TOKENS, {"padding": pd.Series(["pre", "post"])}),
        (TokenIndexer(), TOKENS, {"max_tokens": "many"}),
        (Word2VecEmbedder(vector_size=2, min_count=1), TOKENS, {"lowercase": pd.Series([True])}),
        (Tokenizer(), TEXTS, {"lowercase": np.zeros(3)}),
        (SlidingWindow(length=2), SERIES, {"step": [1]}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_wrong_option_of_a_fitted_transformer(transformer, X, option):
    fitted = clone(transformer).fit(X).set_params(**option)
    with pytest.raises(ValueError, match=f"The '{next(iter(option))}' parameter of .* must be"):
        fitted.transform(X)


class TestSequences:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (([[2], [2, 3]], [0, 3]), "codes must be"),
            (([2**70], [0, 1]), "Codes .* must be integers"),
            (([2, 3], [0, 1.5, 2]), "Offsets must be integers"),
            (([2, 3], "ab"), "Offsets must be integers"),
            (([2], [0, 1], 7), "categories must be a list of str; got 7"),
            (([2], [0, 1], ["<pad>", "<unk>", 3]), "categories must be a list of str"),
            (([2], [0, 1], pd.Series(["a"])), "categories must be a list of str"),
            (([2], [0, 1], None, [["a"]]), "vectors must be a row of numbers"),
            (([2], [0, 1], None, [[0.0], [1.0, 2.0]]), "vectors must be a row of numbers"),
        ],
    )
    def test_parts(self, arguments, message):
        with pytest.raises((TypeError, ValueError), match=message):
            Sequences(*arguments)

    @pytest.mark.parametrize(
        "tokens",
        [7, None, "ab", [["a", None]], [[["a"]]], [{"a"}], [[1, 2]], iter([3])],
        ids=type_name,
    )
    def test_tokens(self, tokens):
        with pytest.raises(TypeError, match=r"list of str|must be a str"):
            Sequences.from_tokens(tokens)

    @pytest.mark.parametrize("ids", [7, None, "ab", [[1, [2, 3]]], [["a"]]], ids=repr)
    def test_ids(self, ids):
        with pytest.raises((TypeError, ValueError), match=r"ids|must be integers"):
            Sequences.from_ids(ids)

    @pytest.mark.parametrize("key", ["a", 1.5, None, [0.5], [[0]], {}, [2**70]], ids=repr)
    def test_index(self, key):
        with pytest.raises(IndexError, match="Sequences"):
            Sequences.from_tokens(TOKENS)[key]


def test_masked_steps_of_a_sample_are_not_read():
    X = [np.ma.masked_array([1.0, 2.0, 9.0], [False, False, True])] * 6
    np.testing.assert_array_equal(
        outcome(LSTMClassifier(**SMALL), X, LABELS),
        outcome(LSTMClassifier(**SMALL), [[1.0, 2.0]] * 6, LABELS),
    )


@pytest.mark.parametrize(
    "options",
    [{"batch_size": np.uint8(3)}, {"hidden_size": np.uint8(100), "n_layers": np.int8(2)}],
    ids=["batch", "sizes"],
)
@pytest.mark.parametrize("name", [*LEARNERS, "generator"])
def test_narrow_integers_of_numpy_are_integers(name, options):
    estimator, y = READERS_OF_TOKENS[name]
    wide = clone(estimator).set_params(**{key: int(value) for key, value in options.items()})
    narrow = clone(estimator).set_params(**options)
    X, y = TOKENS * 50, y and y * 50
    assert_equal(outcome(narrow, X, y), outcome(wide, X, y))


@pytest.mark.parametrize("classes", [7, "B-X", {"B-X"}, [1, 2], None], ids=repr)
def test_classes_of_a_tagger(classes):
    with pytest.raises((TypeError, ValueError), match="classes"):
        LSTMTagger(**SMALL).partial_fit(TOKENS, TAGS, classes=classes)


@pytest.mark.parametrize("make", [text_classifier, entity_tagger])
@pytest.mark.parametrize("tokenizer", [str.split, np.ones(3), pd.Series(["a"]), 7], ids=repr)
def test_tokenizers_of_pipelines(make, tokenizer):
    with pytest.raises(TypeError, match="tokenizer must be a transformer"):
        make(tokenizer=tokenizer)


class TestDisplays:
    @pytest.fixture(scope="class")
    @staticmethod
    def drawn():
        pytest.importorskip("matplotlib").use("Agg")
        classifier = LSTMClassifier(**SMALL).fit(TOKENS, LABELS)
        seq2seq = LSTMSeq2Seq(**SMALL).fit(TEXTS, TEXTS)
        return {
            AttentionDisplay: attention_weights(seq2seq, TEXTS, TEXTS),
            GateActivationsDisplay: gate_activations(classifier, TOKENS),
            GradientFlowDisplay: gradient_flow(classifier, TOKENS, LABELS),
            HiddenStatesDisplay: hidden_states(classifier, TOKENS),
            TokenContributionsDisplay: token_contributions(classifier, TOKENS[:1]),
        }

    @pytest.mark.parametrize(
        "result", [None, 7, "ab", {}, pd.Series([1]), Bunch(x=1), np.ones(3)], ids=repr
    )
    def test_foreign_results(self, drawn, result):
        for display in drawn:
            with pytest.raises(TypeError, match=r"The display draws what .* returned"):
                display(result).plot()
        with pytest.raises(TypeError, match=r"The display draws what .* returned"):
            TokenContributionsDisplay(result)._repr_html_()

    def test_results_of_other_functions(self, drawn):
        for display in drawn:
            for other, result in drawn.items():
                if other is not display and display is not GradientFlowDisplay:
                    with pytest.raises((TypeError, ValueError), match=r"display draws|must name"):
                        display(result).plot()

    @pytest.mark.parametrize(
        "ax", [7, "ax", [], np.ones(2), pd.Series([1]), object()], ids=type_name
    )
    def test_foreign_axes(self, drawn, ax):
        for display, result in drawn.items():
            with pytest.raises(TypeError, match="ax must be matplotlib Axes"):
                display(result).plot(ax)

    def test_axes_that_stand_freely(self, drawn):
        pyplot = pytest.importorskip("matplotlib.pyplot")
        figure = pyplot.figure()
        for display, result in drawn.items():
            ax = figure.add_axes([0, 0, 1, 1])
            if display in (GateActivationsDisplay, HiddenStatesDisplay):
                with pytest.raises(ValueError, match="ax has no place"):
                    display(result).plot(ax)
            else:
                assert display(result).plot(ax).ax_ is ax
        pyplot.close(figure)

    @pytest.mark.parametrize("letters", [7, [["h"]], [1], "", "hx", pd.Series(["h"])], ids=repr)
    def test_letters(self, drawn, letters):
        for display, name in ((GateActivationsDisplay, "gates"), (HiddenStatesDisplay, "states")):
            with pytest.raises(ValueError, match=f"{name} must name some of"):
                display(drawn[display]).plot(**{name: letters})

    @pytest.mark.parametrize("target", [[1], np.ones(2), pd.Series(["p"]), pd.NA, {}], ids=repr)
    def test_targets(self, target):
        classifier = LSTMClassifier(**SMALL).fit(TOKENS, LABELS)
        with pytest.raises(ValueError, match="target must name what to explain"):
            token_contributions(classifier, TOKENS[:1], target=target)
        with pytest.raises(ValueError, match="method must be one of"):
            token_contributions(classifier, TOKENS[:1], method=np.ones(2))


class TestWhatNumpyWouldConvertInSilence:
    @pytest.mark.parametrize("y", [["p", 1] * 3, ["p", 1.5] * 3, ["p", True] * 3], ids=repr)
    def test_labels_of_several_types(self, y):
        with pytest.raises(
            TypeError, match=r"y must hold labels of one type; got .* such as to str"
        ):
            LSTMClassifier(**SMALL).fit(TOKENS, y)
        with pytest.raises(TypeError, match="y must hold labels of one type; got"):
            LSTMGenerator(**SMALL).fit(TEXTS, y)
        with pytest.raises(TypeError, match=r"classes must .* one type"):
            LSTMClassifier(**SMALL).partial_fit(TOKENS, LABELS, classes=y)

    @pytest.mark.parametrize("weight", [np.nan, np.inf, -np.inf])
    @learners
    def test_weights_that_are_not_finite(self, name, weight):
        estimator, y, _ = LEARNERS[name]
        fitted = clone(estimator).fit(TOKENS, y)
        for weights in (weight, [1.0] * 5 + [weight]):
            with pytest.raises(ValueError, match=r"sample_weight contains|NaN|infinity"):
                fitted.score(TOKENS, y, sample_weight=weights)

    def test_masked_values(self):
        masked = np.ma.masked_array(np.arange(6.0), [True] + [False] * 5)
        regressor = LSTMRegressor(**SMALL).fit(TOKENS, TARGETS)
        texts = np.ma.masked_array(TEXTS, [True] + [False] * 5)
        for use in (
            lambda: regressor.fit(TOKENS, masked),
            lambda: regressor.score(TOKENS, masked),
            lambda: regressor.fit(TOKENS, TARGETS, sample_weight=masked),
            lambda: Tokenizer().fit(texts),
            lambda: LSTMGenerator(**SMALL).fit(texts),
            lambda: LSTMSeq2Seq(**SMALL).fit(texts, TEXTS),
            lambda: LSTMSeq2Seq(**SMALL).fit(TEXTS, texts),
        ):
            with pytest.raises(ValueError, match="is masked in places"):
                use()
        with pytest.raises(ValueError, match="A masked array must have the shape"):
            SequencePadder().fit(np.ma.masked_all((6, 3, 2, 2)))

    def test_a_duration_among_numbers(self):
        y = [*TARGETS[:5], np.timedelta64(3, "D")]
        with pytest.raises(ValueError, match="y holds dates or times"):
            LSTMRegressor(**SMALL).fit(TOKENS, y)


@pytest.mark.parametrize("option", ["lr", "hidden_size", "max_epochs", "bptt_steps", "batch_size"])
@pytest.mark.parametrize("name", [*LEARNERS, "generator"])
def test_options_beyond_machine_words(name, option):
    estimator, y = READERS_OF_TOKENS[name]
    for value in (2**63, 10**400):
        with pytest.raises(ValueError, match=rf"{option} is .* too large"):
            clone(estimator).set_params(**{option: value}).fit(TOKENS, y)
