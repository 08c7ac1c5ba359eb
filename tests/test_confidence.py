"""The confidence of entities: its calibration, thresholds of it, and its drawing."""

import pickle
import re

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import calibration_curve
from tagged import IDS, PLAIN, SENTENCES, SHORT, TAGS, assert_close, paths_of, tagger

import sklstm
from sklstm import Entity, entity_tagger
from sklstm.inspection import ConfidenceDisplay
from sklstm.metrics import (
    conformal_threshold,
    entity_calibration_curve,
    entity_calibration_error,
)

HALF = [row if n % 2 else ["O"] * len(row) for n, row in enumerate(TAGS)]
SURE = {"max_epochs": 15, "lr": 0.05}


def drawn(n, random_state=0, sure=1.0):
    """True tags and entities: each is correct with its confidence to the power of `sure`."""
    rng = np.random.RandomState(random_state)
    confidences = rng.beta(4, 1.2, n)
    correct = rng.rand(n) < confidences**sure
    y_true = [["B-PER" if one else "O"] for one in correct]
    return y_true, [[Entity("PER", 0, 1, "x", c)] for c in confidences.tolist()], correct


@pytest.fixture(scope="module")
def learned():
    return tagger(**SURE).fit(SENTENCES, TAGS)


class TestCurve:
    @pytest.mark.parametrize("strategy", ["uniform", "quantile"])
    @pytest.mark.parametrize("n_bins", [1, 7])
    def test_is_that_of_scikit_learn(self, strategy, n_bins):
        y_true, entities, correct = drawn(200)
        confidences = [one.confidence for (one,) in entities]
        curve = entity_calibration_curve(y_true, entities, n_bins=n_bins, strategy=strategy)
        shares, means = calibration_curve(correct, confidences, n_bins=n_bins, strategy=strategy)
        assert_close([curve.prob_true, curve.prob_pred], [shares, means])
        assert curve.counts.sum() == 200
        gap = np.abs(shares - means) @ curve.counts / 200
        error = entity_calibration_error(y_true, entities, n_bins=n_bins, strategy=strategy)
        assert error == pytest.approx(gap)

    def test_is_small_if_confidence_means_what_it_says(self):
        assert entity_calibration_error(*drawn(5000)[:2]) < 0.02
        assert entity_calibration_error(*drawn(5000, sure=3.0)[:2]) > 0.1

    def test_start_end_and_type_must_be_correct(self):
        y_true = [["B-PER", "I-PER", "O"]]
        for start, end, kind, share in [(0, 2, "PER", 1), (0, 1, "PER", 0), (0, 2, "LOC", 0)]:
            entities = [[Entity(kind, start, end, "x", 0.5)]]
            assert entity_calibration_curve(y_true, entities).prob_true == [share]

    def test_truth_may_be_in_any_scheme_or_in_characters(self):
        entities = [[Entity("PER", 0, 2, "Ada L", 0.5, 0, 5)], []]
        for y_true in (
            [["B-PER", "E-PER"], ["O"]], [["I-PER", "I-PER"], ["O"]], [[(0, 5, "PER")], []],
            [[{"start": 0, "end": 5, "label": "PER"}], []],
        ):  # fmt: skip
            assert entity_calibration_error(y_true, entities) == 0.5
            assert entity_calibration_curve(y_true, entities).prob_true == [1.0]

    @pytest.mark.parametrize("function", [entity_calibration_curve, entity_calibration_error])
    @pytest.mark.parametrize(
        ("y_true", "entities", "error", "message"),
        [
            ([["O"]], [[]], ValueError, "entities holds no entity"),
            ([["O"]], [[], []], ValueError, "entities is of 2 sentences, y_true of 1"),
            (
                [["O"]],
                [["PER"]],
                ValueError,
                "Sentence 0 of entities holds 'PER', which is no Entity",
            ),
            ([["O"]], [[Entity("A", 0, 1, "x")]], ValueError, "no Entity with a confidence"),
            ([["O"]], [[Entity("A", 0, 1, "x", 1.5)]], ValueError, "no Entity with a confidence"),
            (
                [["O"]],
                [[Entity("A", 0, 1, "x", np.nan)]],
                ValueError,
                "no Entity with a confidence",
            ),
            ([["O"]], None, TypeError, "entities must be what predict_entities returned"),
            ([["O"]], Entity("A", 0, 1, "x"), TypeError, "one list of Entity for each sentence"),
            ([["NOUN"]], [[]], ValueError, "y_true holds tags that mark no spans"),
            ([["I-A", "B_A"]], [[]], ValueError, "y_true: "),
            ([[(0, 1, "A")], None], [[], []], TypeError, "y_true: text 1 has None"),
            (
                [[(0, 1, "A")]],
                [[Entity("A", 0, 1, "x", 0.5)]],
                ValueError,
                "has no position in its text",
            ),
        ],
    )
    def test_wrong_input_is_refused(self, function, y_true, entities, error, message):
        with pytest.raises(error, match=message):
            function(y_true, entities)

    @pytest.mark.parametrize("options", [{"n_bins": 0}, {"strategy": "kmeans"}, {"scheme": "BIO"}])
    def test_wrong_options_are_refused(self, options):
        with pytest.raises(ValueError, match=next(iter(options))):
            entity_calibration_curve(*drawn(5)[:2], **options)


class TestThreshold:
    @pytest.mark.parametrize("wanted", [{"precision": 0.75}, {"recall": 0.6}])
    def test_keeps_its_promise(self, wanted):
        """In at most a tenth of all draws, and by little, the share is less than wanted."""
        ((kind, target),) = wanted.items()
        _, entities, correct = drawn(20_000, 99, sure=1.5)  # not calibrated
        confidences = np.array([one.confidence for (one,) in entities])
        found = []
        for draw in range(60):
            t = conformal_threshold(*drawn(400, draw, sure=1.5)[:2], **wanted)
            kept = confidences >= t
            found.append(correct[kept].mean() if kind == "precision" else kept[correct].mean())
        assert np.mean(np.array(found) < target) <= 0.17  # of 60 draws: 0.1 and twice its error
        assert target - 0.03 < np.mean(found) < target + 0.08

    def test_much_data_bring_it_close(self):
        y_true, entities, correct = drawn(5000)
        confidences = np.array([one.confidence for (one,) in entities])
        for precision in (0.8, 0.9):
            kept = confidences >= conformal_threshold(y_true, entities, precision=precision)
            assert precision < correct[kept].mean() < precision + 0.015
        kept = confidences >= conformal_threshold(y_true, entities, recall=0.9)
        assert 0.9 < kept[correct].mean() < 0.915

    def test_true_entities_that_are_not_predicted_lower_the_recall(self):
        y_true, entities, _ = drawn(1000)
        missed = [["B-PER"]] * 1000
        t = conformal_threshold(y_true + missed, entities + [[]] * 1000, recall=0.3)
        assert t > conformal_threshold(y_true, entities, recall=0.9)
        with pytest.raises(ValueError, match=r"A recall of 0\.9 cannot be .* allow 0\.[34]"):
            conformal_threshold(y_true + missed, entities + [[]] * 1000, recall=0.9)

    def test_what_cannot_be_had_is_refused(self):
        with pytest.raises(
            ValueError, match=r"A precision of 0\.999 cannot .* 200 pred.* allow 0\.[89]"
        ):
            conformal_threshold(*drawn(200)[:2], precision=0.999)
        with pytest.raises(ValueError, match=r"A precision .* allow 0\.000"):
            conformal_threshold([["O"]], [[]], precision=0.5)
        with pytest.raises(ValueError, match=r"A recall .* allow 0\.000"):
            conformal_threshold([["O"]], [[]], recall=0.5)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({}, "Pass one of precision and recall"),
            ({"precision": 0.9, "recall": 0.9}, "Pass one of precision and recall"),
            ({"precision": 1.0}, "precision must be a number between 0 and 1, .* got 1.0"),
            ({"recall": 0}, "recall must be a number between 0 and 1, .* got 0"),
            ({"recall": "high"}, "recall must be a number between 0 and 1"),
            ({"precision": np.nan}, "precision must be a number between 0 and 1"),
            ({"precision": 0.9, "confidence_level": 1.0}, "confidence_level"),
        ],
    )
    def test_wrong_options_are_refused(self, options, message):
        with pytest.raises(ValueError, match=message):
            conformal_threshold(*drawn(50)[:2], **options)


class TestMinProbability:
    def test_leaves_out_what_is_less_sure(self, learned):
        entities = learned.predict_entities(SENTENCES)
        confidences = sorted(one.confidence for row in entities for one in row)
        for limit in (confidences[0], confidences[5], 0.9999):
            kept = learned.predict_entities(SENTENCES, min_probability=limit)
            assert kept == [[one for one in row if one.confidence >= limit] for row in entities]

    @pytest.mark.parametrize("value", [0, 1, 0.0, 1.0, -0.5, 1.5, np.nan, "0.5", True, [0.5]])
    def test_must_be_a_probability(self, learned, value):
        with pytest.raises(ValueError, match="min_probability must be a number between 0 and 1"):
            learned.predict_entities(SENTENCES, value)


class TestTemperature:
    def test_divides_the_scores_of_paths(self):
        fitted = tagger(**SURE).fit(SENTENCES, TAGS)
        before = paths_of(fitted, SHORT)
        predicted = fitted.predict(SENTENCES).tolist()
        fitted.calibrate(SENTENCES[:6], HALF[:6])
        assert fitted.temperature_ != 1
        for warm, cold in zip(paths_of(fitted, SHORT), before, strict=True):
            powers = {path: p ** (1 / fitted.temperature_) for path, p in cold.items()}
            total = sum(powers.values())
            for path, probability in warm.items():
                assert probability == pytest.approx(powers[path] / total, rel=1e-3)
        assert fitted.predict(SENTENCES).tolist() == predicted

    @pytest.mark.parametrize(
        "params", [{"crf": False}, {"train_scheme": "IOBES"}, {"n_members": 2}]
    )
    def test_makes_wrong_predictions_less_sure(self, params):
        fitted = tagger(**SURE, **params).fit(SENTENCES, TAGS)
        before = [row[:] for row in fitted.predict_entities(SENTENCES)]
        assert fitted.temperature_ == 1
        assert fitted.calibrate(SENTENCES, HALF) is fitted
        assert fitted.temperature_ > 1
        after = fitted.predict_entities(SENTENCES)
        assert entity_calibration_error(HALF, after) < entity_calibration_error(HALF, before)
        again = fitted.temperature_
        assert fitted.calibrate(SENTENCES, HALF).temperature_ == again, "not from where it was"

    def test_of_plain_tags_is_that_of_the_predicted_ones(self):
        fitted = tagger(**SURE).fit(SENTENCES, PLAIN)
        noisy = [["PER"] * len(row) for row in PLAIN]
        sure = np.concatenate(fitted.predict_marginals(SENTENCES)).max(axis=1).mean()
        fitted.calibrate(SENTENCES, noisy)
        share = np.mean([tag == "PER" for row in fitted.predict(SENTENCES) for tag in row])
        now = np.concatenate(fitted.predict_marginals(SENTENCES)).max(axis=1).mean()
        assert abs(now - share) < abs(sure - share)

    def test_stays_with_the_fit(self, tmp_path):
        fitted = tagger(**SURE).fit(SENTENCES, TAGS).calibrate(SENTENCES, HALF)
        expected = fitted.predict_marginals(SHORT)
        path = tmp_path / "tagger.sklstm"
        sklstm.save(fitted, path)
        for other in (pickle.loads(pickle.dumps(fitted)), sklstm.load(path)):
            assert other.temperature_ == fitted.temperature_
            assert_close(other.predict_marginals(SHORT), expected, rtol=1e-6)
        assert not hasattr(clone(fitted), "temperature_")
        assert fitted.fit(SENTENCES, TAGS).temperature_ == 1

    def test_works_in_a_pipeline_with_spans(self):
        texts = ["Ada met Alan.", "Alan met Ada!", "met"] * 4
        spans = [[(0, 3, "PER"), (8, 12, "PER")], [(0, 4, "PER"), (9, 12, "PER")], []] * 4
        pipe = entity_tagger(hidden_size=4, vector_size=4, **SURE, n_members=1, random_state=0).fit(
            texts, spans
        )
        assert pipe.calibrate(iter(texts), spans)[-1].temperature_ != 1
        found = pipe.predict_entities(texts)
        assert pipe.predict_entities(texts, min_probability=1e-9) == found
        ConfidenceDisplay.from_estimator(pipe, texts, spans, n_bins=2)

    def test_wrong_input_is_refused(self, learned):
        with pytest.raises(ValueError, match="Sequence 1 has 3 steps but 2 tags"):
            learned.calibrate(SENTENCES[:2], [TAGS[0], TAGS[1][:2]])
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            learned.calibrate(SENTENCES[:2], TAGS[:1])
        with pytest.raises(TypeError, match=r"Sentence 0, token 0: None .* is not a tag"):
            learned.calibrate(SENTENCES[:1], [[None, *TAGS[0][1:]]])
        nothing = tagger(max_epochs=1).fit(SENTENCES, [["O"] * len(row) for row in TAGS])
        with pytest.raises(ValueError, match="predicts no entity in X"):
            nothing.calibrate(SENTENCES, TAGS)
        with pytest.raises(ValueError, match="not fitted"):
            tagger().calibrate(SENTENCES, TAGS)

    def test_ids_have_one_too(self):
        fitted = tagger(vocabulary_size=60, **SURE).fit(IDS, TAGS)
        assert fitted.calibrate(IDS, HALF).temperature_ > 1


class TestDisplay:
    def test_draws_the_curve(self, learned):
        display = ConfidenceDisplay.from_estimator(learned, SENTENCES, HALF, n_bins=4, color="r")
        curve = entity_calibration_curve(HALF, learned.predict_entities(SENTENCES), n_bins=4)
        assert_close(display.line_.get_data(), [curve.prob_pred, curve.prob_true])
        assert display.line_.get_color() == "r"
        assert sum(bar.get_height() for bar in display.bars_) == pytest.approx(1)
        assert re.fullmatch(r"LSTMTagger, ECE 0\.\d{3}", display.line_.get_label())
        assert display.figure_ is display.ax_.figure

    def test_draws_several_into_one_figure(self):
        first = ConfidenceDisplay.from_predictions(*drawn(50)[:2], name="one")
        other = ConfidenceDisplay.from_predictions(*drawn(50, 1)[:2], name="two", ax=first.ax_)
        assert other.ax_ is first.ax_
        labels = [text.get_text() for text in other.ax_.get_legend().get_texts()]
        assert [label.split(",")[0] for label in labels] == [
            "correct as often as said",
            "one",
            "two",
        ]

    def test_wrong_input_is_refused(self):
        with pytest.raises(TypeError, match="must be a fitted tagger of entities, got str"):
            ConfidenceDisplay.from_estimator("tagger", SENTENCES, TAGS)
        with pytest.raises(TypeError, match="entity_calibration_curve returned"):
            ConfidenceDisplay({"prob_true": 1}).plot()
