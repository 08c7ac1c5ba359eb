import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from tagged import SENTENCES, TAGS, tagger

from sklstm import LSTMClassifier, Sequences, Tokenizer
from sklstm.datasets import load_wikigold
from sklstm.model_selection import DocumentKFold, annotation_order
from sklstm.tags import convert_tags, span_columns, tags_to_annotations


def folds(cv, y, groups=None):
    return [test for _, test in cv.split(y, y, groups)]


def imbalance(cv, y, documents):
    """Largest relative deviation of a fold from its equal part, over types and tokens."""
    columns = span_columns(y, "IOB1")
    entities = pd.crosstab(columns.sentences, columns.types).reindex(range(len(y)), fill_value=0)
    counts = entities.assign(tokens=[len(tags) for tags in y]).to_numpy()
    sums = np.array([counts[test].sum(axis=0) for test in folds(cv, y, documents)])
    return abs(sums / sums.mean(axis=0) - 1).max()


@pytest.fixture(scope="module")
def wikigold():
    return load_wikigold()


class TestFolds:
    @pytest.mark.parametrize("shuffle", [False, True])
    def test_documents_stay_whole_and_every_sentence_is_tested_once(self, wikigold, shuffle):
        cv = DocumentKFold(4, shuffle=shuffle, random_state=0 if shuffle else None)
        documents = wikigold.documents
        splits = list(cv.split(wikigold.data, wikigold.target, groups=documents))
        assert len(splits) == cv.get_n_splits() == 4
        for train, test in splits:
            assert not set(documents[train]) & set(documents[test])
            assert sorted([*train, *test]) == list(range(1696))
        assert sorted(np.concatenate([test for _, test in splits])) == list(range(1696))

    @pytest.mark.parametrize("n_splits", [3, 5])
    def test_types_and_tokens_are_balanced_on_wikigold(self, wikigold, n_splits):
        y, documents = wikigold.target, wikigold.documents
        ours = imbalance(DocumentKFold(n_splits), y, documents)
        assert ours < 0.05
        assert ours < imbalance(GroupKFold(n_splits), y, documents) / 5

    def test_a_rare_type_gets_into_every_fold(self):
        rare, common = ["B-RARE"], ["B-PER", "O", "O"]
        y = [rare] * 3 + [common] * 30
        documents = ["a", "b", "c"] + [f"d{i // 5}" for i in range(30)]
        assert [sum(i < 3 for i in test) for test in folds(DocumentKFold(3), y, documents)] == [
            1
        ] * 3

    def test_sentences_are_documents_without_groups(self, wikigold):
        y = wikigold.target
        cv = DocumentKFold(5)
        assert imbalance(cv, y, None) < 0.01
        for one, other in zip(folds(cv, y), folds(cv, y, range(len(y))), strict=True):
            np.testing.assert_array_equal(one, other)

    def test_the_scheme_makes_no_difference(self, wikigold):
        y = wikigold.target
        expected = folds(DocumentKFold(3), y, wikigold.documents)
        for scheme in ("IOB2", "IOBES", "BILOU"):
            got = folds(DocumentKFold(3), convert_tags(y, "IOB1", scheme), wikigold.documents)
            np.testing.assert_array_equal(np.concatenate(got), np.concatenate(expected))

    def test_spans_of_characters_are_balanced_like_tags(self, wikigold):
        X, y, documents = wikigold.data, wikigold.target, wikigold.documents
        texts = list(map(" ".join, X))
        places = Tokenizer(tokenizer=str.split, lowercase=False).find_char_spans(texts)
        spans = tags_to_annotations(places, y, "IOB1")
        splits = DocumentKFold(3).split(texts, spans, documents)
        kinds = [[kind for row in test for *_, kind in spans[row]] for _, test in splits]
        counts = pd.DataFrame([pd.Series(row).value_counts() for row in kinds])
        assert (abs(counts / counts.mean() - 1) < 0.1).all(axis=None)
        with pytest.raises(TypeError, match="y: text 2 has None"):
            next(DocumentKFold(2).split(texts[:3], [[(0, 1, "A")], [], None]))

    def test_plain_tags_are_balanced_one_by_one(self):
        y = [["NOUN"], ["NOUN"], ["VERB"], ["VERB"]]
        assert [sorted(np.array(y)[test].ravel()) for test in folds(DocumentKFold(2), y)] == [
            ["NOUN", "VERB"]
        ] * 2

    @pytest.mark.parametrize("tag", ["O", "B-PER"])
    def test_one_kind_of_tag(self, tag):
        y = [[tag] * 3] * 6
        assert [len(test) for test in folds(DocumentKFold(3), y)] == [2, 2, 2]

    def test_sentences_without_tokens(self):
        assert [len(test) for test in folds(DocumentKFold(3), [[]] * 7)] == [3, 2, 2]
        assert all(map(len, folds(DocumentKFold(3), [["B-PER"], [], []])))

    @given(
        y=st.lists(st.lists(st.sampled_from(["O", "B-A", "B-B", "B-C"]), max_size=5), min_size=2),
        data=st.data(),
    )
    def test_no_fold_is_empty(self, y, data):
        documents = data.draw(st.lists(st.integers(0, 5), min_size=len(y), max_size=len(y)))
        n_documents = len(set(documents))
        if n_documents < 2:
            return
        cv = DocumentKFold(data.draw(st.integers(2, n_documents)), shuffle=True, random_state=0)
        tests = folds(cv, y, documents)
        assert all(map(len, tests))
        assert sorted(np.concatenate(tests)) == list(range(len(y)))


class TestDocuments:
    @pytest.mark.parametrize(
        "convert",
        [
            list,
            np.array,
            pd.Series,
            lambda names: np.array(names, object),
            lambda names: pd.Series(names, index=range(7, 13), dtype="category"),
            lambda names: [len(names) - names.index(name) for name in names],
        ],
    )
    def test_containers_and_names(self, convert):
        y = [["B-A"], ["O"], ["B-A", "I-A"], ["O", "O"], ["B-B"], ["B-B"]]
        names = ["x", "x", "y", "y", "z", "z"]
        expected = folds(DocumentKFold(3), y, names)
        for one, other in zip(folds(DocumentKFold(3), y, convert(names)), expected, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_containers_of_sentences_and_tags(self):
        X = Sequences.from_tokens([["a"], ["b", "c"], ["d"], ["e", "f"]])
        y = np.empty(4, object)
        y[:] = [("O",), np.array(["B-A", "I-A"]), ["B-A"], ["O", "O"]]
        assert len(list(DocumentKFold(2).split(X, y))) == 2
        matrix = np.array([["O", "B-A"], ["B-A", "O"]])
        assert len(list(DocumentKFold(2).split(matrix, matrix))) == 2


class TestShuffle:
    def test_same_seed_same_folds_other_seed_other_folds(self, wikigold):
        y, documents = wikigold.target, wikigold.documents

        def first(seed):
            return folds(DocumentKFold(5, shuffle=True, random_state=seed), y, documents)[
                0
            ].tolist()

        assert first(0) == first(0)
        assert first(0) != first(1)

    def test_shuffled_folds_are_balanced_too(self, wikigold):
        for seed in range(5):
            cv = DocumentKFold(5, shuffle=True, random_state=seed)
            assert imbalance(cv, wikigold.target, wikigold.documents) < 0.2

    def test_the_global_generator_is_left_alone(self):
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        folds(DocumentKFold(2, shuffle=True, random_state=0), [["O"]] * 9)
        np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


class TestRefusals:
    def test_fewer_documents_than_folds(self):
        with pytest.raises(ValueError, match=r"n_splits=3 folds need .* got 2 .* leave groups out"):
            folds(DocumentKFold(3), [["O"]] * 6, [0, 0, 0, 1, 1, 1])

    @pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
    def test_a_missing_document(self, missing):
        with pytest.raises(ValueError, match=r"groups\[1\] is .*: every sentence needs"):
            folds(DocumentKFold(2), [["O"]] * 3, pd.Series(["a", missing, "b"], dtype=object))

    def test_lengths_that_differ(self):
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            next(DocumentKFold(2).split([["a"]] * 3, [["O"]] * 4))
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            folds(DocumentKFold(2), [["O"]] * 3, [0, 1])

    def test_no_tags(self):
        with pytest.raises(ValueError, match=r"got y=None\. Pass the tags"):
            next(DocumentKFold(2).split([["a"]] * 3, None))

    def test_one_label_a_sample(self):
        with pytest.raises(TypeError, match="Sentence 0 is 'pos' of type str"):
            folds(DocumentKFold(2), ["pos", "neg", "pos"])

    def test_broken_tags(self):
        with pytest.raises(ValueError, match=r"[Ss]entence 1, token 0: 'I-B' .* does not fit"):
            folds(DocumentKFold(2), [["B-A", "I-A"], ["I-B", "B-A"], ["O"]])

    @pytest.mark.parametrize(
        ("parameters", "error"),
        [
            ({"n_splits": 1}, ValueError),
            ({"n_splits": 2.5}, ValueError),
            ({"shuffle": 1}, TypeError),
            ({"random_state": 0}, ValueError),
        ],
    )
    def test_parameters(self, parameters, error):
        with pytest.raises(error):
            DocumentKFold(**parameters)


class MostFrequentTag(BaseEstimator):
    """Tags every token alike, so that cross-validation has something to call."""

    def __init__(self, tag=None):
        self.tag = tag

    def fit(self, X, y):
        tags, counts = np.unique(np.concatenate(y), return_counts=True)
        self.tag_ = self.tag or tags[counts.argmax()]
        self.n_sentences_ = len(y)
        return self

    def predict(self, X):
        predicted = np.empty(len(X), object)
        predicted[:] = [[self.tag_] * len(tokens) for tokens in X]
        return predicted

    def score(self, X, y):
        return np.mean(np.concatenate(self.predict(X)) == np.concatenate(y))


@pytest.mark.parametrize("routing", [False, True])
class TestScikitLearn:
    @pytest.fixture(autouse=True)
    def _routing(self, routing):
        with sklearn.config_context(enable_metadata_routing=routing):
            yield

    @pytest.fixture
    def by_document(self, wikigold, routing):
        documents = {"groups": wikigold.documents}
        return {"cv": DocumentKFold(3)} | ({"params": documents} if routing else documents)

    @pytest.fixture
    def sizes(self, wikigold):
        cv = DocumentKFold(3)
        return [1696 - len(test) for test in folds(cv, wikigold.target, wikigold.documents)]

    def test_cross_validate(self, wikigold, sizes, by_document):
        result = cross_validate(
            MostFrequentTag(),
            wikigold.data,
            wikigold.target,
            **by_document,
            return_estimator=True,
            error_score="raise",
        )
        assert [tagger.n_sentences_ for tagger in result["estimator"]] == sizes
        assert (result["test_score"] > 0.8).all()

    def test_cross_val_predict(self, wikigold, by_document):
        predicted = cross_val_predict(
            MostFrequentTag(), wikigold.data, wikigold.target, **by_document
        )
        assert list(map(len, predicted)) == list(map(len, wikigold.data))

    def test_grid_search(self, wikigold):
        search = GridSearchCV(
            MostFrequentTag(), {"tag": ["O", "I-PER"]}, cv=DocumentKFold(3), error_score="raise"
        )
        search.fit(wikigold.data, wikigold.target, groups=wikigold.documents)
        assert search.best_params_ == {"tag": "O"}
        assert search.n_splits_ == 3
        alone = GridSearchCV(
            MostFrequentTag(), {"tag": ["O"]}, cv=DocumentKFold(3), error_score="raise"
        ).fit(wikigold.data, wikigold.target)
        assert alone.cv_results_["mean_test_score"] != search.cv_results_["mean_test_score"][0]

    def test_groups_are_requested(self):
        assert DocumentKFold().get_metadata_routing().split.requests == {"groups": True}


def test_repr_and_clone():
    cv = DocumentKFold(3, shuffle=True, random_state=1)
    assert repr(cv) == "DocumentKFold(n_splits=3, random_state=1, shuffle=True)"
    assert repr(clone(cv, safe=False)) == repr(cv)


class TestAnnotationOrder:
    def test_of_a_tagger(self):
        fitted = tagger(max_epochs=8).fit(SENTENCES, TAGS)
        X = [*SENTENCES[:5], ["far", "Berlin"], []]
        order, confidence = annotation_order(fitted, X, return_confidence=True)
        paths = fitted.predict_n_best(X, n=1)
        for value, [(tags, log_probability)] in zip(confidence, paths, strict=True):
            expected = np.exp(log_probability) ** (1 / max(len(tags), 1))
            assert value == pytest.approx(expected)
        assert (
            order.tolist()
            == np.argsort(confidence).tolist()
            == annotation_order(fitted, X).tolist()
        )
        assert order[-1] == 6
        pipe = make_pipeline(FunctionTransformer(), fitted)
        assert annotation_order(pipe, X).tolist() == order.tolist()
        search = GridSearchCV(pipe, {}, cv=2).fit(SENTENCES, TAGS)
        expected = annotation_order(search.best_estimator_, X).tolist()
        assert annotation_order(search, X).tolist() == expected

    def test_of_classifiers(self):
        numbers = np.random.RandomState(0).randn(20, 3)
        fitted = LogisticRegression().fit(numbers, numbers[:, 0] > 0)
        found = annotation_order(make_pipeline(FunctionTransformer(), fitted), numbers)
        assert found.tolist() == np.argsort(np.abs(fitted.decision_function(numbers))).tolist()
        ours = LSTMClassifier(hidden_size=2, max_epochs=1, random_state=0)
        matrix = (numbers > 0).astype(int)
        labels = ours.fit(numbers, matrix).predict_proba(numbers)
        _, confidence = annotation_order(ours, numbers, return_confidence=True)
        np.testing.assert_allclose(confidence, np.maximum(labels, 1 - labels).prod(axis=1))

    def test_of_what_is_neither(self):
        with pytest.raises(TypeError, match=r"estimator must be a classifier .* got LinearReg"):
            annotation_order(LinearRegression(), [[1.0]])
