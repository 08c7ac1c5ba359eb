"""The battery for estimators of texts and sequences: what it finds, and what it leaves alone."""

import re
from pathlib import Path
from unittest import SkipTest

import numpy as np
import pytest
import sound
from faults import FAULTS
from sklearn.exceptions import SkipTestWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklstm import LSTMClassifier, NaiveBayesWeights, Sequences, TokenIndexer
from sklstm.estimator_checks import (
    check_sequence_estimator,
    parametrize_with_sequence_checks,
    sequence_estimator_checks,
)
from sklstm.estimator_checks._battery import all_check_names

SOUND = [
    sound.Counts(),
    sound.Regressor(),
    sound.Classifier(),
    sound.TextClassifier(),
    sound.Tagger(),
    sound.Reverser(),
    sound.Unigrams(),
]
SMALL = {"hidden_size": 2, "max_epochs": 1}


@parametrize_with_sequence_checks(SOUND)
def test_sound_estimators_pass(estimator, check):
    check(estimator)


def test_each_check_concerns_some_estimator():
    concerned = [*SOUND, LSTMClassifier(**SMALL)]
    names = {name for estimator in concerned for name, _ in sequence_estimator_checks(estimator)}
    assert names == all_check_names()
    assert len(names) >= 45


def test_the_guide_names_each_check():
    guide = (Path(__file__).parents[1] / "docs/user_guide/own_estimators.rst").read_text()
    named = re.findall(r"``(\w+)``", guide[guide.index("Which checks") :])
    assert {name.removeprefix("check_") for name in all_check_names()} <= set(named)


@pytest.mark.parametrize("name", sorted(all_check_names()))
def test_each_check_finds_its_fault(name):
    faulty = FAULTS[name.removeprefix("check_")]
    faulty = faulty() if isinstance(faulty, type) else faulty
    check = dict(sequence_estimator_checks(faulty))[name]
    try:
        check()
    except SkipTest:
        pytest.fail("skipped")
    except Exception:
        return
    pytest.fail("passed")


class Prints(sound.Classifier):
    def fit(self, X, y, sample_weight=None):
        print("fitting")
        return super().fit(X, y, sample_weight)


class TestResults:
    def test_the_first_failure_is_raised(self):
        with pytest.raises(AssertionError, match="printed without verbose: 'fitting"):
            check_sequence_estimator(Prints())

    def test_all_failures_are_returned(self):
        results = check_sequence_estimator(Prints(), on_fail=None)
        failed = [result for result in results if result["status"] == "failed"]
        assert [result["check_name"] for result in failed] == ["check_silence"]
        assert "printed" in str(failed[0]["exception"])
        assert not failed[0]["expected_to_fail"]

    def test_failures_warn(self):
        with pytest.warns(UserWarning, match="check_silence failed"), pytest.warns(SkipTestWarning):
            check_sequence_estimator(Prints(), on_fail="warn")

    def test_expected_failures_pass(self):
        expected = {"check_silence": "it likes to talk"}
        results = check_sequence_estimator(Prints(), expected_failed_checks=expected)
        (result,) = (result for result in results if result["expected_to_fail"])
        assert result["status"] == "xfail"
        assert result["expected_to_fail_reason"] == "it likes to talk"

    def test_expected_failures_are_marked(self):
        decorator = parametrize_with_sequence_checks(
            [Prints()], expected_failed_checks=lambda estimator: {"check_silence": "it talks"}
        )
        (marked,) = (parameters for parameters in decorator.args[1] if parameters.marks)
        assert marked.id == "Prints()-check_silence"
        assert marked.marks[0].kwargs["reason"] == "it talks"

    def test_wrong_arguments(self):
        with pytest.raises(ValueError, match=r"\['check_noise'\], which are no checks"):
            check_sequence_estimator(Prints(), expected_failed_checks={"check_noise": "?"})
        with pytest.raises(ValueError, match="on_fail must be"):
            check_sequence_estimator(Prints(), on_fail="cry")
        with pytest.raises(TypeError, match=r"Pass an instance, such as Prints\(\)"):
            check_sequence_estimator(Prints)


class TestData:
    def test_own_samples(self):
        X, y = ["ab ab", "b", "a", "b b c", "c a", "a a"], ["x", "y", "x", "y", "x", "x"]
        check_sequence_estimator(sound.TextClassifier(), X, y)

    def test_own_samples_of_a_decorator(self):
        X = Sequences.from_tokens([["a", "b"], ["b"], ["a"], ["c", "a", "b"]])
        decorator = parametrize_with_sequence_checks(
            [TokenIndexer()], data=lambda estimator: (X, None)
        )
        for estimator, check in (parameters.values for parameters in decorator.args[1]):
            check(estimator)

    def test_numbers(self):
        rng = np.random.RandomState(0)
        X = [rng.randn(2 + row % 3, 2) for row in range(8)]
        check_sequence_estimator(LSTMClassifier(**SMALL), X, ["p", "q"] * 4)

    def test_embedded_sequences(self):
        texts = ["a good film", "good fun", "a bad film, bad!", "bad acting"] * 2
        X = Sequences.from_tokens([text.split() for text in texts])
        vectors = np.random.RandomState(0).randn(len(X.categories), 3)
        vectors[0] = 0
        for fine_tune in (False, True):
            estimator = LSTMClassifier(fine_tune_embeddings=fine_tune, **SMALL)
            check_sequence_estimator(estimator, X.with_vectors(vectors), ["p", "q"] * 4)

    def test_a_pipeline_of_scikit_learn(self):
        pipe = make_pipeline(CountVectorizer(), NaiveBayesWeights(), LogisticRegression())
        results = check_sequence_estimator(pipe, on_fail=None)
        failed = {result["check_name"] for result in results if result["status"] == "failed"}
        of_the_vectorizer = {
            "check_column_of_texts",
            "check_empty_sequence_in_fit",
            "check_missing_sample",
            "check_nan_among_samples",
            "check_number_among_samples",
            "check_bytes_among_samples",
            "check_two_columns_of_texts",
            "check_failed_fit",
            "check_missing_target",
            "check_no_samples",
        }
        assert failed <= of_the_vectorizer
