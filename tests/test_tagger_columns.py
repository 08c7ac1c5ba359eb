"""Columns that come with tokens, such as parts of speech: what LSTMTagger makes of them."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from tagged import SENTENCES, TAGS, assert_close, assert_same, copies, tagger

from sklstm import Sequences, Word2VecEmbedder, export_onnx
from sklstm.inspection import hidden_states

# neither the word nor its neighbours tell what only the columns know
WORDS = [["a", "b", "a"], ["b", "a"], ["a"]] * 6
RNG = np.random.RandomState(0)
KINDS = [[str(RNG.choice(["x", "y"])) for _ in sentence] for sentence in WORDS]
SIZES = [RNG.normal(500, 100, len(sentence)).tolist() for sentence in WORDS]
OF_KINDS = [["X" if kind == "x" else "O" for kind in row] for row in KINDS]
OF_SIZES = [["X" if size > 500 else "O" for size in row] for row in SIZES]


def with_columns(words=WORDS, **columns):
    return Sequences.from_tokens(words).with_columns(columns)


X = with_columns(kind=KINDS, size=SIZES)


@pytest.mark.parametrize(("names", "y"), [(["kind"], OF_KINDS), (["size"], OF_SIZES)])
def test_tags_that_only_a_column_tells(names, y):
    params = {"max_epochs": 25, "lr": 0.1}
    fitted = tagger(columns=names, **params).fit(X, y)
    assert fitted.predict(X).tolist() == y
    assert tagger(columns=None, **params).fit(X, y).score(X, y) < 0.9


def test_the_wide_path_reads_categories():
    fitted = tagger(wide=True, max_epochs=3).fit(X, OF_KINDS)
    table = fitted.module_.wide_columns.embedding.weight
    assert table.shape == (4, 3 * 2)
    assert table[2:].any(dim=1).all()
    assert not table[:2].any()


def test_all_columns_are_read_unless_named():
    assert_same(
        tagger().fit(X, OF_KINDS).predict_marginals(X),
        tagger(columns=("kind", "size")).fit(X, OF_KINDS).predict_marginals(X),
    )
    plain = tagger(columns=None).fit(X, OF_KINDS)
    assert_same(plain.predict_marginals(X), tagger().fit(WORDS, OF_KINDS).predict_marginals(WORDS))


@pytest.mark.parametrize("by", ["feature", "sample"])
def test_the_unit_of_numbers_does_not_matter(by):
    larger = with_columns(kind=KINDS, size=[[1000 * n + 5 for n in row] for row in SIZES])
    found = [tagger(standardize=by).fit(of, OF_SIZES).predict_marginals(of) for of in (X, larger)]
    assert_close(*found, atol=1e-5)


def test_missing_and_new_categories_count_as_none():
    fitted = tagger(max_epochs=5).fit(X, OF_KINDS)
    found = [
        fitted.predict_marginals(with_columns([["a"]], kind=[[value]], size=[[500]]))[0]
        for value in ("new", None, "x")
    ]
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.allclose(found[0], found[2])


def test_padding_does_not_matter():
    fitted = tagger().fit(X, OF_KINDS)
    padded = X._apply(lambda flat: np.insert(flat, 0, 0), X.offsets + (np.arange(19) > 0))
    assert_same(fitted.predict_marginals(padded), fitted.predict_marginals(X))
    assert tagger().fit(padded, OF_KINDS)._encoder.columns.codes == fitted._encoder.columns.codes


def test_new_categories_in_more_data():
    fitted = tagger(wide=True).fit(X, OF_KINDS)
    before = fitted.predict_marginals(X)
    new = with_columns([["a", "b"]] * 2, kind=[["z", "x"]] * 2, size=[[480, 520]] * 2)
    fitted.set_params(lr=1e-12).partial_fit(new, [["X", "O"]] * 2)
    assert fitted._encoder.columns.codes["kind"]["z"] == 4
    assert fitted.module_.columns.embedding.weight.shape[0] == 5
    assert_close(fitted.set_params(columns="all").predict_marginals(X), before, atol=0.05)


def test_unlabelled_sentences_have_columns_too():
    learner = tagger(adversarial=0.5, virtual_adversarial=1.0)
    fitted = learner.fit(X, OF_KINDS, X_unlabelled=X[:4])
    assert fitted.predict(X).shape == (18,)
    with pytest.raises(ValueError, match=r"X and X_unlabelled must be of one kind.*same columns"):
        learner.fit(X, OF_KINDS, X_unlabelled=Sequences.from_tokens(WORDS))


def test_copies_and_searches(tmp_path):
    pipe = make_pipeline(
        Word2VecEmbedder(vector_size=3, min_count=1, random_state=0), tagger(n_members=2)
    )
    fitted = pipe.fit(X, OF_KINDS)
    expected = fitted[-1].predict_marginals(fitted[0].transform(X))
    for copied in copies(fitted, tmp_path):
        assert_same(copied[-1].predict_marginals(copied[0].transform(X)), expected)
    grid = {"lstmtagger__columns": [None, ["kind"], ["kind", "size"]]}
    search = GridSearchCV(clone(pipe), grid, cv=2, error_score="raise").fit(X, OF_KINDS)
    assert search.predict(X).shape == (18,)


def test_a_graph_has_no_columns(tmp_path):
    with pytest.raises(ValueError, match=r"reads columns of sentences, .* columns=None"):
        export_onnx(tagger().fit(X, OF_KINDS), tmp_path / "tagger.onnx")


def test_states_are_those_of_steps_with_all_that_they_read():
    fitted = tagger(sentence_vector="mean", wide=True).fit(X, OF_KINDS)
    states = hidden_states(fitted, X)
    assert [row.shape for row in states.h[:3]] == [(1, 2, 3, 6), (1, 2, 2, 6), (1, 2, 1, 6)]
    assert not np.allclose(states.h[2], hidden_states(fitted, X[5:6]).h[0])  # another "a"


class TestBadInput:
    def test_columns_that_are_missing(self):
        fitted = tagger().fit(X, OF_KINDS)
        for lacking in (WORDS, Sequences.from_tokens(WORDS), with_columns(kind=KINDS)):
            with pytest.raises(ValueError, match=r"X lacks the columns \[.*'size'\]; it has"):
                fitted.predict(lacking)

    @pytest.mark.parametrize("X", [SENTENCES, [np.ones((len(tags), 2)) for tags in TAGS]])
    def test_columns_that_fit_lacks(self, X):
        with pytest.raises(ValueError, match=r"X lacks the columns \['pos'\]; it has \[\]"):
            tagger(columns=["pos"]).fit(X, TAGS)

    def test_another_kind(self):
        fitted = tagger().fit(X, OF_KINDS)
        with pytest.raises(ValueError, match="'kind' of X held categories in fit, but now numbers"):
            fitted.predict(with_columns(kind=SIZES, size=SIZES))
        with pytest.raises(ValueError, match="'size' of X held numbers in fit, but now categories"):
            fitted.predict(with_columns(kind=KINDS, size=KINDS))

    def test_too_large(self):
        fitted = tagger(standardize=None).fit(X, OF_KINDS)
        huge = with_columns(kind=KINDS, size=[[1e200] * len(row) for row in SIZES])
        with pytest.raises(ValueError, match=r"The columns \['size'\] of X hold numbers too large"):
            fitted.predict(huge)

    @pytest.mark.parametrize("names", [["kind", "kind"], [3]])
    def test_names(self, names):
        with pytest.raises(ValueError, match="columns must be 'all', or distinct names"):
            tagger(columns=names).fit(X, OF_KINDS)
