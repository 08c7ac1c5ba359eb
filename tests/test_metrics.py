import itertools
import os
import pickle
import re
import subprocess
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from sklearn.base import BaseEstimator
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    accuracy_score,
    f1_score,
    make_scorer,
    precision_recall_fscore_support,
)
from sklearn.model_selection import GridSearchCV, cross_validate

from sklstm.metrics import (
    bootstrap_interval,
    entity_confusion_matrix,
    entity_f1_score,
    entity_f1_scorer,
    entity_precision_score,
    entity_recall_score,
    entity_report,
    entity_scores,
    partial_match_counts,
    token_accuracy_score,
    token_accuracy_scorer,
    token_error_rate,
    token_error_rate_scorer,
)
from sklstm.tags import SCHEMES, Span, check_tags, convert_tags, spans_to_tags, tags_to_spans

CONLLEVAL = os.environ.get("SKLSTM_CONLLEVAL")
PREFIXES = {"IOB1": "IB", "IOB2": "BI", "IOBES": "BIES", "BILOU": "BILU"}
SCORES = (entity_precision_score, entity_recall_score, entity_f1_score)

Y_TRUE = [["B-PER", "I-PER", "O", "B-LOC"], ["B-LOC", "O"], [], ["O", "O"]]
Y_PRED = [["B-PER", "I-PER", "O", "B-LOC"], ["B-PER", "O"], [], ["O", "I-LOC"]]


def alphabet(scheme, types="AB"):
    return ["O", *(f"{prefix}-{kind}" for prefix in PREFIXES[scheme] for kind in types)]


@st.composite
def tagged(draw, scheme="IOB2"):
    """Right tags and arbitrary ones."""
    tag = st.sampled_from(alphabet(scheme))
    rows = draw(st.lists(st.lists(st.tuples(tag, tag), max_size=8), min_size=1, max_size=6))
    y_true, y_pred = ([[pair[side] for pair in row] for row in rows] for side in (0, 1))
    y_true = [spans_to_tags(tags_to_spans(t, scheme), len(t), scheme) for t in y_true]
    return y_true, y_pred


def corpus(rng, scheme, n_sentences, noise):
    """Random tags, most of which are predicted rightly."""
    tags = np.array(alphabet(scheme), object)
    y_true = [rng.choice(tags, rng.integers(12)) for _ in range(n_sentences)]
    wrong = [rng.choice(tags, len(row)) for row in y_true]
    y_pred = [
        np.where(rng.random(len(row)) < noise, other, row)
        for row, other in zip(y_true, wrong, strict=True)
    ]
    return [row.tolist() for row in y_true], [row.tolist() for row in y_pred]


def sets_of_spans(y, scheme, mode):
    spans = (tags_to_spans(tags, scheme, mode) for tags in y)
    return {(number, *span) for number, found in enumerate(spans) for span in found}


@pytest.mark.filterwarnings("ignore:y_true is in")  # tags drawn at random
@given(tagged(), st.sampled_from(["strict", "conlleval"]))
def test_scores_follow_the_definition(pair, mode):
    right, found = (sets_of_spans(y, "IOB2", mode) for y in pair)
    types = sorted({kind for _, kind, *_ in right | found})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        scores = entity_scores(*pair, scheme="IOB2", mode=mode)
    assert scores.types == types
    for row, kind in enumerate(types):
        R, P = ({span for span in spans if span[1] == kind} for spans in (right, found))
        assert scores.support[row] == len(R)
        assert scores.precision[row] == (len(R & P) / len(P) if P else 0)
        assert scores.recall[row] == (len(R & P) / len(R) if R else 0)
        assert scores.f1[row] == pytest.approx(2 * len(R & P) / (len(R) + len(P)))


@pytest.mark.filterwarnings("ignore:y_true is in")  # tags drawn at random
@settings(max_examples=25)
@given(tagged())
def test_averages_are_those_of_scikit_learn(pair):
    # one row of an indicator matrix for each span that is right or predicted
    right, found = (sets_of_spans(y, "IOB2", "strict") for y in pair)
    spans = sorted(right | found)
    types = sorted({kind for _, kind, *_ in spans})
    assume(len(types) > 1)  # a matrix of one column counts as binary
    table = [[[s in side and s[1] == k for k in types] for s in spans] for side in (right, found)]
    for average in ["micro", "macro", "weighted", None]:
        options = {"average": average, "zero_division": 0.0}
        expected = f1_score(*map(np.array, table), **options)
        assert entity_f1_score(*pair, scheme="IOB2", **options) == pytest.approx(expected)


def test_known_scores():
    assert entity_precision_score(Y_TRUE, Y_PRED) == entity_recall_score(Y_TRUE, Y_PRED) == 2 / 3
    assert entity_precision_score(Y_TRUE, Y_PRED, mode="conlleval") == 0.5
    assert entity_f1_score(Y_TRUE, Y_TRUE) == entity_f1_score(Y_TRUE, Y_TRUE, average="macro") == 1
    scores = entity_scores(Y_TRUE, Y_PRED, average="micro")
    assert (scores.precision, scores.recall, scores.support) == (2 / 3, 2 / 3, 3)


# What conlleval.pl says: accuracy, precision, recall and FB1 in per cent, then the spans found for
# each type. One line is one sentence: right tags, a bar, predicted tags.
PUBLISHED = [
    ("I-A O I-A | I-A O I-B", "66.67 50.00 50.00 50.00", {"A": 1, "B": 1}),
    ("B-A I-A O O | I-A I-A O I-B", "50.00 50.00 100.00 66.67", {"A": 1, "B": 1}),
    ("I-A I-A B-A I-A | I-A I-A I-A I-A", "75.00 0.00 0.00 0.00", {"A": 1}),
    ("B-A I-B I-A B-A | B-A I-A I-A B-A", "75.00 50.00 25.00 33.33", {"A": 2, "B": 0}),
    ("O I-A I-A O | O B-A I-A B-B", "50.00 50.00 100.00 66.67", {"A": 1, "B": 1}),
    ("O O O | O O O", "100.00 0.00 0.00 0.00", {}),
    ("O O | I-A B-A", "0.00 0.00 0.00 0.00", {"A": 2}),
    ("B-A B-A I-A O I-B | B-A I-A I-A O B-B", "60.00 50.00 33.33 40.00", {"A": 1, "B": 1}),
    ("I-A | I-A\nI-A | I-B\n | \nI-A | I-A", "66.67 66.67 66.67 66.67", {"A": 2, "B": 1}),
    ("B-A-1 I-A-1 I-A-2 | B-A-1 I-A-1 I-A-1", "66.67 0.00 0.00 0.00", {"A-1": 1, "A-2": 0}),
]


@pytest.mark.parametrize(("text", "expected", "n_found"), PUBLISHED)
@pytest.mark.filterwarnings("ignore:y_true is in .*, but y_pred seems to be in")
def test_published_scores_of_conlleval(text, expected, n_found):
    rows = [row.split("|") for row in text.split("\n")]
    y_true, y_pred = ([row[side].split() for row in rows] for side in (0, 1))
    assert in_per_cent(y_true, y_pred) == expected
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        assert entity_scores(y_true, y_pred, mode="conlleval").types == sorted(n_found)
    if CONLLEVAL:
        assert run_conlleval(y_true, y_pred) == (expected, n_found)


def in_per_cent(y_true, y_pred):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        scores = [score(y_true, y_pred, mode="conlleval") for score in SCORES]
    scores = [token_accuracy_score(y_true, y_pred), *scores]
    return " ".join(f"{100 * score:.2f}" for score in scores)


def run_conlleval(y_true, y_pred):
    pairs = (zip(*rows, strict=True) for rows in zip(y_true, y_pred, strict=True))
    text = "\n\n".join("\n".join(f"word {true} {pred}" for true, pred in row) for row in pairs)
    command = ["perl", CONLLEVAL]
    report = subprocess.run(command, input=text + "\n", capture_output=True, text=True, check=True)
    _, summary, *types = report.stdout.splitlines()
    rows = map(str.split, types)
    return " ".join(re.findall(r"[\d.]+(?=%|$)", summary)), {r[0][:-1]: int(r[-1]) for r in rows}


@pytest.mark.skipif(not CONLLEVAL, reason="SKLSTM_CONLLEVAL does not name the script conlleval.pl")
class TestConlleval:
    @pytest.mark.parametrize("seed", range(20))
    def test_random_tags(self, seed):
        y_true, y_pred = corpus(np.random.default_rng(seed), "IOB2", 100, noise=0.3)
        assert run_conlleval(y_true, y_pred)[0] == in_per_cent(y_true, y_pred)

    def test_real_tags(self):
        path = Path(CONLLEVAL).with_name("eng.testb")
        if not path.exists():
            pytest.skip("there is no eng.testb beside the script")
        sentences = re.split(r"\n\s*\n", re.sub(r"-DOCSTART-.*", "", path.read_text()))
        y_true = [[line.split()[-1] for line in rows.split("\n") if line] for rows in sentences]
        rng = np.random.default_rng(0)
        y_pred = [
            [tag if rng.random() < 0.95 else rng.choice(alphabet("IOB1")) for tag in tags]
            for tags in y_true
        ]
        assert run_conlleval(y_true, y_pred)[0] == in_per_cent(y_true, y_pred)
        y_pred = convert_tags(y_true, "IOB1", "IOB2")  # the same spans in other words
        assert entity_f1_score(y_true, y_pred, mode="conlleval") == 1


class TestSeqeval:
    """Results of seqeval where it is right; where it is not, what is right instead."""

    @pytest.fixture(autouse=True)
    def seqeval(self):
        pytest.importorskip("seqeval")

    @pytest.mark.parametrize("scheme", ["IOB2", "IOBES", "BILOU"])
    def test_strict_spans(self, scheme):
        for tags in itertools.product(alphabet(scheme), repeat=3):
            assert tags_to_spans(tags, scheme) == strict_entities(tags, scheme), tags

    def test_strict_spans_of_well_formed_iob1(self):
        for tags in itertools.product(alphabet("IOB1"), repeat=3):
            try:
                check_tags([tags], "IOB1")
            except ValueError:
                continue
            assert tags_to_spans(tags, "IOB1") == strict_entities(tags, "IOB1"), tags

    @pytest.mark.parametrize("scheme", ["IOB1", "IOB2", "IOBES"])
    def test_default_mode_is_that_of_conlleval(self, scheme):
        from seqeval.metrics.sequence_labeling import get_entities

        for tags in itertools.product(alphabet(scheme), repeat=3):
            expected = [(kind, start, last + 1) for kind, start, last in get_entities(list(tags))]
            assert tags_to_spans(tags, scheme, mode="conlleval") == expected, tags

    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_strict_report(self, scheme):
        import seqeval.scheme
        from seqeval.metrics import classification_report

        y_true, y_pred = corpus(np.random.default_rng(0), scheme, 200, noise=0.2)
        y_true, y_pred = (
            [spans_to_tags(tags_to_spans(tags, scheme), len(tags), scheme) for tags in y]
            for y in (y_true, y_pred)
        )
        options = {"mode": "strict", "scheme": getattr(seqeval.scheme, scheme)}
        expected = classification_report(y_true, y_pred, output_dict=True, **options)
        report = entity_report(y_true, y_pred, output_dict=True)
        assert report.keys() == expected.keys()
        for name, row in report.items():
            assert row == pytest.approx(expected[name])

    def test_it_finds_half_a_span_in_iob1(self):
        tags = ["B-A", "I-A"]  # B after nothing is not well-formed, and I goes on with it
        assert strict_entities(tags, "IOB1") == [("A", 1, 2)]
        assert tags_to_spans(tags, "IOB1") == []

    def test_it_loses_a_span_in_iob1(self):
        tags = ["I-A", "B-A", "B-B"]  # only the last tag is not well-formed
        assert strict_entities(tags, "IOB1") == [("A", 0, 1)]
        assert tags_to_spans(tags, "IOB1") == [("A", 0, 1), ("A", 1, 2)]

    def test_its_default_mode_does_not_know_bilou(self):
        from seqeval.metrics.sequence_labeling import get_entities

        with pytest.warns(UserWarning, match="seems not to be NE tag"):
            assert get_entities(["U-A", "U-A"]) == [("A", 0, 1)]
        assert tags_to_spans(["U-A", "U-A"], "BILOU", "conlleval") == [("A", 0, 1), ("A", 1, 2)]

    def test_its_report_fails_without_entities(self):
        from seqeval.metrics import classification_report

        with pytest.raises(ValueError, match="empty"):
            classification_report([["O"]], [["O"]])
        with pytest.warns(UndefinedMetricWarning):
            assert "micro avg       0.00" in entity_report([["O"]], [["O"]])


def strict_entities(tags, scheme):
    import seqeval.scheme

    entities = seqeval.scheme.Entities([list(tags)], getattr(seqeval.scheme, scheme)).entities[0]
    return [Span(entity.tag, entity.start, entity.end) for entity in entities]


def ragged(*rows):
    array = np.empty(len(rows), object)
    array[:] = rows
    return array


@pytest.mark.parametrize("score", [*SCORES, token_accuracy_score])
@pytest.mark.parametrize(
    "container",
    [
        lambda rows: tuple(map(tuple, rows)),
        lambda rows: ragged(*rows),
        lambda rows: ragged(*map(np.array, rows)),
        lambda rows: [np.array(row, object) for row in rows],
        np.array,
        lambda rows: np.array(rows, dtype=object),
    ],
)
def test_any_container_is_read(score, container):
    y_true, y_pred = [["B-A", "O"], ["B-A", "I-A"]], [["B-A", "O"], ["O", "B-A"]]
    assert score(container(y_true), container(y_pred)) == score(y_true, y_pred)
    assert score(container(y_true), y_pred) == score(y_true, y_pred) == 0.5


@pytest.mark.parametrize("y", [[["O", "O"], ["O"]], [[], []], [["O"]]])
def test_tags_without_entities_score_zero_and_warn(y):
    for score in SCORES:
        with pytest.warns(UndefinedMetricWarning, match="is ill-defined and set to 0.0"):
            assert score(y, y) == 0.0
        for average, mode in itertools.product(
            ["micro", "macro", "weighted"], ["strict", "conlleval"]
        ):
            options = {"average": average, "mode": mode}
            assert score(y, y, zero_division=0, **options) == 0.0
            assert score(y, y, zero_division=1, **options) == 1.0
            assert np.isnan(score(y, y, zero_division=np.nan, **options))
        assert score(y, y, average=None).shape == (0,)
    assert bootstrap_interval(y, y, random_state=0) == (0, 0, 0)
    assert partial_match_counts(y, y).exact.shape == (0,)


def test_nothing_predicted_has_no_precision():
    y_pred = [["O"] * len(row) for row in Y_TRUE]
    with pytest.warns(UndefinedMetricWarning, match="Precision"):
        assert entity_precision_score(Y_TRUE, y_pred) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert entity_recall_score(Y_TRUE, y_pred) == entity_f1_score(Y_TRUE, y_pred) == 0


UNDEFINED = {
    "no right entity": ([["O", "O", "O"]], [["B-A", "B-B", "O"]]),
    "no predicted entity": ([["B-A", "B-B", "O"]], [["O", "O", "O"]]),
    "neither of one type": ([["B-A", "O", "O"]], [["O", "B-B", "O"]]),
    "one type only predicted": ([["B-A", "B-C", "O"]], [["B-A", "O", "B-B"]]),
}


@pytest.mark.parametrize("zero_division", [0.0, 1.0, np.nan])
@pytest.mark.parametrize("average", ["micro", "macro", "weighted", None])
@pytest.mark.parametrize("case", UNDEFINED)
def test_undefined_scores_are_those_of_scikit_learn(case, average, zero_division):
    y_true, y_pred = UNDEFINED[case]
    right, found = (sets_of_spans(y, "IOB2", "strict") for y in (y_true, y_pred))
    spans, types = sorted(right | found), sorted({kind for _, kind, *_ in right | found})
    table = [
        np.array([[s in side and s[1] == kind for kind in types] for s in spans])
        for side in (right, found)
    ]
    options = {"average": average, "zero_division": zero_division}
    *expected, _ = precision_recall_fscore_support(*table, **options)
    scores = entity_scores(y_true, y_pred, scheme="IOB2", **options)
    for name, value in zip(["precision", "recall", "f1"], expected, strict=True):
        np.testing.assert_array_equal(scores[name], value)
    if average is not None:
        report = entity_report(
            y_true, y_pred, scheme="IOB2", output_dict=True, zero_division=zero_division
        )
        row = list(report[f"{average} avg"].values())
        np.testing.assert_array_equal(row, [*expected, len(right)])


def test_spurious_entities_alone_are_not_right():
    score = entity_f1_score([["O", "O"]], [["B-A", "O"]], average="weighted", zero_division=1.0)
    assert score == 0.0


def test_undefined_types_are_left_out_of_an_average_of_nan():
    y_true, y_pred = [["B-A", "B-B"]], [["B-A", "O"]]
    assert entity_precision_score(y_true, y_pred, average="macro", zero_division=np.nan) == 1
    assert entity_precision_score(y_true, y_pred, average="macro", zero_division=0) == 0.5


@pytest.mark.filterwarnings("ignore:y_true is in")  # tags drawn at random
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@settings(max_examples=25)
@given(tagged(), st.data())
def test_weights_count_repetitions(pair, data):
    n_sentences = len(pair[0])
    counts = st.lists(st.integers(0, 3), min_size=n_sentences, max_size=n_sentences)
    weights = data.draw(counts.filter(any))
    repeated = [
        [row for row, times in zip(y, weights, strict=True) for _ in range(times)] for y in pair
    ]
    for score, average in itertools.product(SCORES, ["micro", "macro", "weighted"]):
        options = {"scheme": "IOB2", "average": average}
        weighted = score(*pair, sample_weight=weights, **options)
        assert weighted == pytest.approx(score(*repeated, **options))
    assert token_accuracy_score(*pair, sample_weight=weights) == pytest.approx(
        token_accuracy_score(*repeated)
    )


def test_token_accuracy_is_that_of_scikit_learn():
    y_true, y_pred = [["DET", "NOUN"], [], ["ADV"]], [["DET", "VERB"], [], ["ADV"]]
    flat = accuracy_score(["DET", "NOUN", "ADV"], ["DET", "VERB", "ADV"])
    assert token_accuracy_score(y_true, y_pred) == flat
    with pytest.warns(UndefinedMetricWarning):
        assert token_accuracy_score([[]], [[]]) == 0


def test_report_as_text_and_dict():
    text = entity_report(Y_TRUE, Y_PRED, digits=3)
    assert "         PER      0.500     1.000     0.667         1\n" in text
    assert text.endswith("strict spans, IOB2")
    assert entity_report(Y_TRUE, Y_PRED, mode="conlleval").endswith("as conlleval reads them")
    report = entity_report(Y_TRUE, Y_PRED, output_dict=True)
    assert list(report) == ["LOC", "PER", "micro avg", "macro avg", "weighted avg"]
    expected = {"precision": 0.5, "recall": 1.0, "f1-score": 2 / 3, "support": 1}
    assert report["PER"] == pytest.approx(expected)
    assert type(report["micro avg"]["support"]) is int


def test_report_aligns_long_names_of_types():
    y = [["B-" + "x" * 30]]
    head, _, row, *_ = entity_report(y, y).split("\n")
    assert len(head) == len(row)


@pytest.mark.parametrize(
    ("true", "predicted", "expected"),
    [
        ("B-A I-A O", "B-A I-A O", "exact"),
        ("B-A I-A O", "B-B I-B O", "wrong_type"),
        ("B-A I-A O", "B-A B-A O", "overlap"),
        ("B-A I-A O", "O B-B I-B", "overlap"),
        ("B-A I-A O", "O O O", "missed"),
        ("O O O", "O B-A I-A", "spurious"),
        ("B-A I-A O", "O O B-A", "missed spurious"),
    ],
)
def test_partial_matches(true, predicted, expected):
    counts = partial_match_counts([["O"], true.split()], [["O"], predicted.split()], scheme="IOB2")
    found = [name for name, count in counts.items() if name != "types" and count.any()]
    assert " ".join(found) == expected


@pytest.mark.filterwarnings("ignore:y_true is in")  # tags drawn at random
@given(tagged())
def test_partial_matches_count_every_span(pair):
    counts = partial_match_counts(*pair, scheme="IOB2")
    right, found = (sets_of_spans(y, "IOB2", "strict") for y in pair)
    sums = counts.exact + counts.wrong_type + counts.overlap + counts.missed
    assert sums.tolist() == [sum(span[1] == kind for span in right) for kind in counts.types]
    assert counts.exact.sum() == len(right & found)

    def touched(spans, others):
        return sum(any(a[0] == b[0] and a[2] < b[3] and b[2] < a[3] for b in others) for a in spans)

    assert counts.missed.sum() == len(right) - touched(right, found)
    assert counts.spurious.sum() == len(found) - touched(found, right)


class TestConfusionMatrix:
    def test_counts_pairs_of_equal_bounds(self):
        y_true = ["B-A I-A O B-B", "B-B I-B B-C", "O O"]
        y_pred = ["B-A I-A O B-A", "B-B B-C B-C", "O B-B"]
        pair = [[tags.split() for tags in y] for y in (y_true, y_pred)]
        confusion = entity_confusion_matrix(*pair)
        assert confusion.labels == ["A", "B", "C", "no entity"]
        expected = [[1, 0, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0], [0, 2, 1, 0]]
        assert confusion.matrix.tolist() == expected
        assert confusion.matrix.dtype == int

    @pytest.mark.filterwarnings("ignore:y_true is in")  # tags drawn at random
    @given(tagged())
    def test_margins_are_the_counts(self, pair):
        matrix = entity_confusion_matrix(*pair, scheme="IOB2").matrix
        counts = partial_match_counts(*pair, scheme="IOB2")
        right, found = (sets_of_spans(y, "IOB2", "strict") for y in pair)
        for axis, spans in ((1, right), (0, found)):
            of_types = matrix.sum(axis=axis)[:-1].tolist()
            assert of_types == [sum(span[1] == kind for span in spans) for kind in counts.types]
        assert np.diag(matrix)[:-1].tolist() == counts.exact.tolist()
        assert matrix[-1, -1] == 0

    def test_weights_count_as_often(self):
        y_true, y_pred = [["B-A"], ["B-B"], ["O"]], [["B-A"], ["B-A"], ["B-B"]]
        weighted = entity_confusion_matrix(y_true, y_pred, sample_weight=[1, 2, 0]).matrix
        repeated = entity_confusion_matrix(y_true[:2] + y_true[1:2], y_pred[:2] + y_pred[1:2])
        np.testing.assert_array_equal(weighted, repeated.matrix)
        with pytest.raises(ValueError, match="sample_weight must be one number for each sample"):
            entity_confusion_matrix(y_true, y_pred, sample_weight=[1])

    def test_is_drawn_by_scikit_learn(self):
        confusion = entity_confusion_matrix([["B-A"]], [["O"]])
        shown = ConfusionMatrixDisplay(confusion.matrix, display_labels=confusion.labels)
        shown.plot(ax=Figure().subplots(), colorbar=False)
        assert shown.text_[0, 1].get_text() == "1"


class TestBootstrap:
    y_true, y_pred = corpus(np.random.default_rng(0), "IOB2", 400, noise=0.2)

    def interval(self, **options):
        return bootstrap_interval(self.y_true, self.y_pred, mode="conlleval", **options)

    def test_equals_scores_of_drawn_sentences(self):
        rng = np.random.RandomState(3)
        scores = []
        for _ in range(50):
            rows = rng.randint(400, size=400)
            drawn = ([y[row] for row in rows] for y in (self.y_true, self.y_pred))
            scores.append(entity_f1_score(*drawn, mode="conlleval"))
        expected = np.quantile(scores, [0.05, 0.95])
        interval = self.interval(n_resamples=50, confidence_level=0.9, random_state=3)
        assert [interval.low, interval.high] == pytest.approx(expected)

    def test_holds_the_score_and_grows_with_confidence(self):
        wide, narrow = (self.interval(confidence_level=c, random_state=0) for c in (0.99, 0.5))
        assert wide.low < narrow.low < narrow.score < narrow.high < wide.high
        assert wide.score == entity_f1_score(self.y_true, self.y_pred, mode="conlleval")

    def test_is_reproducible_and_leaves_the_global_generator_alone(self):
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        assert self.interval(random_state=0) == self.interval(random_state=0)
        assert self.interval(random_state=0) != self.interval(random_state=1)
        assert (np.random.get_state()[1] == before).all()  # noqa: NPY002

    @pytest.mark.parametrize("average", ["micro", "macro", "weighted", None])
    @pytest.mark.parametrize("metric", ["precision", "recall", "f1"])
    def test_averages(self, metric, average):
        options = {"metric": metric, "average": average, "random_state": 0, "n_resamples": 100}
        interval = self.interval(**options)
        score = entity_scores(self.y_true, self.y_pred, mode="conlleval", average=average)[metric]
        assert np.array_equal(interval.score, score)
        assert np.all(interval.low < score)
        assert np.all(score < interval.high)


ALL = [
    *SCORES,
    entity_confusion_matrix,
    entity_scores,
    entity_report,
    partial_match_counts,
    bootstrap_interval,
]


@pytest.mark.parametrize("scheme", ["auto", "named"])
@pytest.mark.parametrize(
    "schemes", [("IOB1", "IOB2"), ("IOB2", "IOB1"), ("IOBES", "IOB2"), ("BILOU", "IOB2")]
)
@pytest.mark.parametrize("function", ALL)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_predictions_in_another_scheme_warn(function, schemes, scheme):
    y = [["B-A", "I-A", "O", "B-B"], ["B-B", "O", "B-A", "I-A"]]
    y_true, y_pred = (convert_tags(y, "IOB2", scheme) for scheme in schemes)
    scheme = schemes[0] if scheme == "named" else scheme
    message = r"y_true is in {}, but y_pred seems to be in {}: .*convert_tags\(".format(*schemes)
    with pytest.warns(UserWarning, match=message):
        function(y_true, y_pred, scheme=scheme)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        function(y_true, convert_tags(y_pred, *schemes[::-1]), scheme=scheme)
        function(y_true, y_pred, mode="conlleval")


def test_a_few_faults_do_not_hide_the_other_scheme():
    y = [["B-A", "I-A", "O", "B-B"]] * 30
    broken = [*y, ["O", "I-A", "O", "O"]]
    y_true = convert_tags([*y, ["O"] * 4], "IOB2", "IOB1")
    with pytest.warns(UserWarning, match="y_pred seems to be in IOB2: 60 of its tags"):
        entity_f1_score(y_true, broken)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        entity_f1_score([*y, ["O"] * 4], broken)  # the same faults, in the right scheme


def test_token_accuracy_warns_of_another_scheme_too():
    y = [["B-A", "I-A", "O", "B-B"]]
    with pytest.warns(UserWarning, match="in IOB1, but y_pred seems to be in IOB2.*entity_f1"):
        assert token_accuracy_score(convert_tags(y, "IOB2", "IOB1"), y) == 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        token_accuracy_score(y, y)
        token_accuracy_score([["O", "O"]], [["O", "U-A"]])
        token_accuracy_score([["DET", "B", "I-A"]], [["NOUN", "I-A", "O"]])
        token_accuracy_score(y, [["A", "A", "O", "B"]])
        assert token_accuracy_score([["B-A\n", "B- A"]], [["B-A\n", "O"]]) == 0.5


@pytest.mark.parametrize("function", ALL)
def test_spans_in_another_spelling_are_loud(function):
    for tag, message in [("B_A", "'B_A' looks like 'B-A'"), ("B-A\n", "blanks around the tag")]:
        with pytest.raises(ValueError, match=f"y_true: .*{message}"):
            function([[tag, "O"]], [["O", "O"]])
    assert function([["B", "I", "O"]], [["B", "I", "O"]]) is not None  # without a type


@pytest.mark.parametrize("function", [*ALL, token_accuracy_score])
@pytest.mark.parametrize(
    ("y_true", "y_pred", "error", "message"),
    [
        (
            [["O"], ["O", "B-A"]],
            [["O"], ["O"]],
            ValueError,
            "Sentence 1 has 2 tags in y_true",
        ),
        ([["O"]], [["O"], ["O"]], ValueError, "y_true has 1 sentences and y_pred 2"),
        (["O", "B-A"], [["O"], ["O"]], TypeError, "y_true: Sentence 0 is 'O'"),
        ([["O"]], [[None]], TypeError, "y_pred: Sentence 0, token 0: None"),
        ("O", "O", TypeError, "y_true: .*one bare str"),
        ([], [], ValueError, "0 sample"),
    ],
)
def test_wrong_input_is_named(function, y_true, y_pred, error, message):
    with pytest.raises(error, match=message):
        function(y_true, y_pred)


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize(
    ("y_true", "y_pred", "options", "message"),
    [
        ([["O", "I-A"]], [["O", "O"]], {"scheme": "IOB2"}, "y_true: Sentence 0, token 1: 'I-A'"),
        ([["O", "I-A", "B-B"]], [["O"] * 3], {}, "y_true: The tags fit none of"),
        ([["B-A"]], [["S-A"]], {}, "y_pred: Sentence 0, token 0: 'S-A' is not a tag of IOB2"),
        ([["NN"]], [["NN"]], {}, "token_accuracy_score"),
        ([["NN"]], [["NN"]], {"mode": "conlleval"}, "y_true: .*'NN' is not a tag of any scheme"),
        ([["O"]], [["O"]], {"mode": "lenient"}, "'mode' parameter"),
        ([["O"]], [["O"]], {"scheme": "BIO"}, "'scheme' parameter"),
        ([["O"]], [["O"]], {"scheme": "BIO", "mode": "conlleval"}, "'scheme' parameter"),
    ],
)
def test_wrong_tags_and_options_are_named(function, y_true, y_pred, options, message):
    with pytest.raises(ValueError, match=message):
        function(y_true, y_pred, **options)


@pytest.mark.parametrize(
    "options", [{"average": "samples"}, {"zero_division": 0.3}, {"sample_weight": [1]}]
)
def test_wrong_options_of_scores_are_refused(options):
    with pytest.raises(ValueError, match=r"average|zero_division|sample_weight"):
        entity_f1_score(Y_TRUE, Y_PRED, **options)


@pytest.mark.parametrize("options", [{"confidence_level": 1}, {"n_resamples": 0}, {"metric": "f2"}])
def test_wrong_options_of_the_bootstrap_are_refused(options):
    name = f"'{next(iter(options))}' parameter of bootstrap_interval"
    with pytest.raises(ValueError, match=name):
        bootstrap_interval(Y_TRUE, Y_PRED, **options)


class CopyingTagger(BaseEstimator):
    """Predict the tokens, as far as a length goes, as their own tags."""

    def __init__(self, *, length=None):
        self.length = length

    def fit(self, X, y):
        self.is_fitted_ = True
        return self

    def predict(self, X):
        tags = [row[: self.length] + ["O"] * len(row[len(row[: self.length]) :]) for row in X]
        return ragged(*tags)


def test_scorers_cross_validate_and_search():
    X = [["B-A", "I-A", "O"], ["B-B", "O", "O"]] * 6  # of equal length
    scoring = {"f1": entity_f1_scorer, "tokens": token_accuracy_scorer}
    scores = cross_validate(CopyingTagger(), X, X, cv=3, scoring=scoring, error_score="raise")
    assert scores["test_f1"].tolist() == scores["test_tokens"].tolist() == [1, 1, 1]
    search = GridSearchCV(CopyingTagger(), {"length": [1, 2]}, cv=2, scoring=entity_f1_scorer)
    search.fit(X, X)
    assert search.cv_results_["mean_test_score"].tolist() == [0.5, 1]
    assert pickle.loads(pickle.dumps(entity_f1_scorer))(CopyingTagger(), X, X) == 1


def test_report_on_50_000_tokens_takes_less_than_half_a_second():
    rng = np.random.default_rng(0)
    rows = rng.choice(alphabet("IOB2"), (2500, 20))
    y_true = [spans_to_tags(tags_to_spans(row, "IOB2"), 20, "IOB2") for row in rows]
    start = time.process_time()
    entity_report(y_true, rows)
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(
    ("scorer", "name"),
    [
        (entity_f1_scorer, "entity_f1_score"),
        (token_accuracy_scorer, "token_accuracy_score"),
        (token_error_rate_scorer, "token_error_rate"),
    ],
)
@pytest.mark.parametrize("estimator", [[["O"]], None, "tagger"])
def test_a_scorer_needs_an_estimator(scorer, name, estimator):
    message = rf"A scorer takes a fitted estimator, X and y; got .*{name}\(y_true, y_pred\)"
    with pytest.raises(TypeError, match=message):
        scorer(estimator, [["a"]], [["O"]])
    with pytest.raises(TypeError, match=message):
        scorer(estimator, [["O"]])  # as a metric is called


def test_scorers_are_those_of_make_scorer():
    for scorer in (entity_f1_scorer, token_error_rate_scorer):
        assert repr(pickle.loads(pickle.dumps(scorer))) == repr(scorer)
    assert repr(token_error_rate_scorer) == repr(
        make_scorer(token_error_rate, greater_is_better=False)
    )


def test_the_report_leaves_a_line_before_its_rules():
    assert entity_report(Y_TRUE, Y_PRED).splitlines()[-2:][0] == ""


@pytest.mark.parametrize("n_resamples", [1, 2])
def test_the_fewest_resamples(n_resamples):
    assert len(bootstrap_interval(Y_TRUE, Y_PRED, n_resamples=n_resamples, random_state=0)) == 3
