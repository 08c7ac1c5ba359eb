"""token_error_rate: edits between sequences of any length."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.model_selection import cross_val_score

from sklstm import Sequences
from sklstm.metrics import token_error_rate, token_error_rate_scorer
from sklstm.metrics._edits import _count_edits

SEQUENCES = st.lists(st.sampled_from("abc"), max_size=12)


def table_of_distances(true, predicted):
    above = list(range(len(predicted) + 1))
    for row, token in enumerate(true, 1):
        left = [row]
        for column, other in enumerate(predicted, 1):
            changed = above[column - 1] + (token != other)
            left.append(min(above[column] + 1, left[-1] + 1, changed))
        above = left
    return above[-1]


@given(SEQUENCES, SEQUENCES)
def test_edits_against_the_table(true, predicted):
    assert _count_edits(true, predicted) == table_of_distances(true, predicted)


def test_edits_of_long_sequences():
    rng = np.random.default_rng(0)
    true, predicted = rng.choice(list("abcd"), 300).tolist(), rng.choice(list("abcd"), 200).tolist()
    assert _count_edits(true, predicted) == table_of_distances(true, predicted)
    assert _count_edits(true, true) == 0


@pytest.mark.parametrize(
    ("true", "predicted", "rate"),
    [
        ("kitten", "sitting", 3 / 6),
        ("abc", "", 1),
        ("a", "bcd", 3),
        ("abc", "abc", 0),
        (["new york", "is"], ["new", "york", "is"], 2 / 2),
        ([], ["a"], None),
    ],
)
def test_rates(true, predicted, rate):
    if rate is None:
        with pytest.warns(UndefinedMetricWarning, match="Token error rate is ill-defined"):
            assert token_error_rate([true], [predicted]) == 0
    else:
        assert token_error_rate([true], [predicted]) == pytest.approx(rate)


def test_is_the_sum_of_edits_by_the_sum_of_tokens():
    y_true, y_pred = ["abcd", "a", ""], ["abc", "b", ""]
    assert token_error_rate(y_true, y_pred) == 2 / 5
    assert token_error_rate(y_true, y_pred, sample_weight=[1, 0, 5]) == 1 / 4
    assert token_error_rate(y_true, y_pred, sample_weight=[2, 1, 0]) == 3 / 9
    assert isinstance(token_error_rate(y_true, y_pred), float)
    assert token_error_rate(list(map(list, y_true)), list(map(tuple, y_pred))) == 2 / 5


def test_containers():
    array = np.empty(2, object)
    array[:] = [["a"], ["b", "c"]]
    assert token_error_rate([["a"], ["b"]], array) == 1 / 2
    assert token_error_rate(np.array(["a", "b"]), np.array(["a", "bc"], object)) == 1 / 2


def test_sequences():
    y_true, y_pred = [["new york", "is"], []], [["new", "york", "is"], []]
    sequences = Sequences.from_tokens(y_true)
    assert token_error_rate(sequences, y_pred) == 1
    assert token_error_rate(y_true, Sequences.from_tokens(y_pred)) == 1
    assert token_error_rate(sequences, Sequences.from_tokens(y_true[::-1])) == 2


@pytest.mark.parametrize(
    ("y_true", "y_pred", "error", "message"),
    [
        ("ab", ["ab"], TypeError, "y_true: Expected .* got one bare str"),
        (["ab"], [], ValueError, "y_pred: Found array with 0 sample"),
        (["ab"], ["ab", "c"], ValueError, "inconsistent numbers of samples"),
        (["ab"], [["a", "b"]], TypeError, "One of y_true and y_pred holds strings, the other"),
        (["ab", ["a"]], ["ab", "a"], TypeError, r"y_true: Text 1 is \['a'\]"),
        ([["a"], "ab"], [["a"], ["b"]], TypeError, "y_true: Sample 1 is 'ab'"),
        ([["a", 1]], [["a", "b"]], TypeError, "y_true: Token 1 of sample 0 is 1"),
        ([["a"]], [None], TypeError, "y_pred: Sample 0 is None"),
        ([1], [1], TypeError, "y_true: Sample 0 is 1"),
        (Sequences.from_tokens([["a"]]), ["a"], TypeError, "One of y_true and y_pred holds str"),
        (Sequences.from_tokens([["a"]])[:0], [["a"]], ValueError, "y_true: Found array with 0 sam"),
        ([["a"]], Sequences.from_ids([[2]]), ValueError, "y_pred: These sequences hold ids"),
    ],
)
def test_bad_input(y_true, y_pred, error, message):
    with pytest.raises(error, match=message):
        token_error_rate(y_true, y_pred)


class Echo(BaseEstimator):
    """Predict the source itself."""

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return np.array(X, dtype=object)


def test_scorer():
    scores = cross_val_score(
        Echo(), ["ab", "cd"] * 3, ["ab", "ce"] * 3, cv=3, scoring=token_error_rate_scorer
    )
    assert scores.tolist() == [-0.25] * 3


@pytest.mark.parametrize("name", ["y_true", "y_pred"])
def test_the_wrong_argument_is_named(name):
    arguments = {"y_true": [["a"]], "y_pred": [["a"]], name: [["a", 3]]}
    with pytest.raises(TypeError, match=name):
        token_error_rate(**arguments)
