"""The linear model of texts, and the n-grams that it counts."""

import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklstm._ngram_model import LinearTextModel
from sklstm._ngrams import NGrams

TEXTS = ["a good film", "not good", "not a bad film at all", "bad", "", "good good fun"]
TOKENS = [text.split() for text in TEXTS]
CODES = np.array([1, 0, 1, 0, 0, 1])
UNSEEN = [["good", "acting"], [], ["bad", "not", "bad", "film"], ["nothing", "known"]]

sequences = st.lists(st.lists(st.sampled_from("abcde"), max_size=7), min_size=1, max_size=6)


def count_by_hand(sequence, n):
    return Counter(tuple(sequence[i : i + n]) for i in range(len(sequence) - n + 1))


@given(sequences, sequences, st.sampled_from([(1, 1), (1, 2), (2, 3), (1, 4)]), st.integers(1, 3))
def test_ngrams_are_those_counted_by_hand(learned, other, n_range, min_df):
    lengths = range(n_range[0], n_range[1] + 1)
    documents = Counter(
        gram for row in learned for n in lengths for gram in set(count_by_hand(row, n))
    )
    kept = {gram for gram, n in documents.items() if n >= min_df}
    ngrams = NGrams(*n_range, min_df=min_df).fit(learned)
    assert ngrams.n_columns == len(kept)
    for rows in (learned, other):
        found = ngrams.count(rows).toarray()
        for row, counts in zip(rows, found, strict=True):
            by_hand = sum((count_by_hand(row, n) for n in lengths), Counter())
            expected = sorted(n for gram, n in by_hand.items() if gram in kept)
            assert sorted(counts[counts > 0]) == expected
    column_sums = ngrams.count(learned).sum(axis=0)
    by_hand = sum((count_by_hand(row, n) for row in learned for n in lengths), Counter())
    assert sorted(column_sums) == sorted(by_hand[gram] for gram in kept)


@given(sequences, sequences)
def test_symbols_share_their_ngrams(learned, other):
    ngrams = NGrams(1, 3).fit(learned)
    ends = np.cumsum([len(row) for row in other])[:-1]
    spread = np.split(ngrams.spread(other).toarray(), ends)
    for row, counts in zip(spread, ngrams.count(other).toarray(), strict=True):
        assert row.sum(axis=0) == pytest.approx(counts)


def targets(kind):
    if kind == "binary":
        return CODES, 1
    if kind == "classes":
        return np.array([0, 2, 1, 2, 0, 1]), 3
    if kind == "absent class":
        return np.array([0, 2, 2, 2, 0, 0]), 4
    return np.array([[1, 0], [0, 0], [1, 1], [0, 0], [0, 0], [1, 1]]), 2


@pytest.mark.parametrize("tokens", [TOKENS, [list(text) for text in TEXTS]])
@pytest.mark.parametrize("kind", ["binary", "classes", "absent class", "labels"])
def test_contributions_sum_to_the_decision(kind, tokens):
    codes, n_outputs = targets(kind)
    model = LinearTextModel().fit(tokens, codes, n_outputs)
    for rows in (tokens, UNSEEN):
        decision = model.decision(rows)
        assert decision.shape == (len(rows), n_outputs)
        for output in range(n_outputs):
            parts = model.contributions(rows, output)
            assert list(map(len, parts)) == list(map(len, rows))
            sums = [part.sum() + model.intercept_[output] for part in parts]
            assert sums == pytest.approx(decision[:, output], abs=1e-5)  # of float32


@pytest.mark.parametrize("kind", ["binary", "classes", "absent class", "labels"])
def test_learns_its_own_texts(kind):
    codes, n_outputs = targets(kind)
    rows, codes = [row for row in TOKENS if row] * 5, np.concatenate([codes[[0, 1, 2, 3, 5]]] * 5)
    decision = LinearTextModel().fit(rows, codes, n_outputs).decision(rows)
    found = decision.argmax(axis=1) if kind in ("classes", "absent class") else decision > 0
    assert (np.squeeze(found) == codes).all()


def test_a_negation_and_its_word_share_the_evidence():
    model = LinearTextModel().fit(
        [["not", "good"], ["good"], ["not"]] * 9, np.array([0, 1, 1] * 9), 1
    )
    (part,) = model.contributions([["not", "good"]])
    assert (part < 0).all()


@pytest.mark.parametrize("code", [0, 1])
def test_one_class_alone_is_certain(code):
    decision = LinearTextModel().fit(TOKENS, np.full(6, code), 1).decision(UNSEEN)
    assert ((decision > 1) if code else (decision < -1)).all()


def test_texts_without_a_token():
    model = LinearTextModel().fit([[], [], []], np.array([0, 1, 1]), 1)
    assert model.decision([["a"], []]).shape == (2, 1)
    assert list(map(len, model.contributions([["a"], []]))) == [1, 0]


def test_weights_count_repeats():
    weights = np.array([2, 1, 0, 3, 1, 1])
    weighted = LinearTextModel().fit(TOKENS, CODES, 1, weights)
    without = LinearTextModel().fit(TOKENS, CODES, 1, np.ones(6))
    assert not np.allclose(weighted.decision(TOKENS), without.decision(TOKENS))
    as_none = LinearTextModel().fit(TOKENS, CODES, 1)
    assert (as_none.decision(TOKENS) == without.decision(TOKENS)).all()


def test_pickles_and_repeats():
    model = LinearTextModel().fit(TOKENS, CODES, 1)
    again = LinearTextModel().fit(TOKENS, CODES, 1)
    copied = pickle.loads(pickle.dumps(model))
    assert (model.decision(UNSEEN) == again.decision(UNSEEN)).all()
    assert (model.decision(UNSEEN) == copied.decision(UNSEEN)).all()
    together = model.decision(UNSEEN)
    assert np.vstack([model.decision([row]) for row in UNSEEN]) == pytest.approx(together)


@pytest.mark.parametrize("kind", ["binary", "classes", "labels"])
def test_cross_decision_never_sees_the_fold(kind):
    codes, n_outputs = targets(kind)
    tokens, codes = TOKENS * 3, np.concatenate([codes] * 3)
    folds = np.arange(18) % 2
    model = LinearTextModel()
    crossed = model.cross_decision(tokens, codes, n_outputs, folds)
    whole = LinearTextModel().fit(tokens, codes, n_outputs)
    assert (model.decision(UNSEEN) == whole.decision(UNSEEN)).all()
    for fold in (0, 1):
        kept = np.flatnonzero(folds != fold)
        rows = [tokens[row] for row in kept]
        alone = LinearTextModel().fit(rows, codes[kept], n_outputs)
        left = [tokens[row] for row in np.flatnonzero(folds == fold)]
        assert crossed[folds == fold] == pytest.approx(alone.decision(left), abs=1e-4)


def test_characters_of_an_unseen_word_are_evidence():
    tokens = [["unhappily"], ["happily"], ["sadly"], ["unsadly"]] * 5
    model = LinearTextModel().fit(tokens, np.array([1, 0, 0, 1] * 5), 1)
    ((negated,), (plain,)) = model.decision([["unknown"], ["madly"]])
    assert negated > plain


def test_characters_tell_where_a_text_ends():
    names = [
        list(name) for name in ("anna", "berta", "carla", "ada", "adam", "carlo", "berti", "an")
    ]
    model = LinearTextModel().fit(names * 4, np.array([1, 1, 1, 1, 0, 0, 0, 0] * 4), 1)
    assert model.decision([list("luna")])[0, 0] > model.decision([list("lunat")])[0, 0]


def test_three_words_tell_what_two_do_not():
    """Each pair occurs in both classes; the triples tell them apart, by the second regression."""
    rows = [["aa", "bb", "cc"], ["bb", "cc", "dd"], ["aa", "bb"], ["bb", "cc"], ["cc", "dd"]]
    codes = np.array([1, 0, 0, 1, 1])
    model = LinearTextModel().fit(rows * 9, np.tile(codes, 9), 1)
    pairs = model._in_tfidf[0].sum()
    assert model._in_presence[0].sum() == pairs + 2
    assert ((model.decision(rows)[:, 0] > 0) == codes).all()


@pytest.mark.parametrize("n_range", [(1, 3), (2, 4)])
def test_columns_up_to_a_length(n_range):
    ngrams = NGrams(*n_range).fit(TOKENS)
    for max_n in range(6):
        lengths = range(n_range[0], min(max_n, n_range[1]) + 1)
        expected = {gram for row in TOKENS for n in lengths for gram in count_by_hand(row, n)}
        assert ngrams.has_up_to(max_n).sum() == len(expected)
