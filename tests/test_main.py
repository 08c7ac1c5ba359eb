"""The demonstration, on a small part of its data."""

import re

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.feature_extraction import DictVectorizer
from sklearn.utils import Bunch

from sklstm import __main__ as demo
from sklstm.datasets import load_names, load_sentences, load_wikigold


def few_sentences(return_X_y):
    texts, labels = load_sentences(source="yelp", return_X_y=return_X_y)
    return texts[:60], labels[:60]


def few_articles():
    wikigold = load_wikigold()
    return Bunch(**{name: wikigold[name][:90] for name in ("data", "target", "documents")})


def few_names():
    names = load_names()
    return Bunch(data=names.data[::20], target=names.target[::20], target_names=names.target_names)


@pytest.fixture
def small_demo(monkeypatch):
    search, tagger = demo.make_search(), demo.make_tagger()
    search.estimator.set_params(lstmclassifier__max_epochs=1, word2vecembedder__epochs=1)
    search.set_params(verbose=0)
    monkeypatch.setattr(demo, "load_sentences", few_sentences)
    monkeypatch.setattr(demo, "load_wikigold", few_articles)
    monkeypatch.setattr(demo, "load_names", few_names)
    monkeypatch.setattr(demo, "make_search", lambda: search)
    few = {"max_epochs": 1, "n_members": 2}
    pipeline = demo.text_classifier
    monkeypatch.setattr(demo, "text_classifier", lambda **given: pipeline(**given, **few))
    monkeypatch.setattr(demo, "make_tagger", lambda: tagger.set_params(max_epochs=2))
    with parallel_config("threading"):
        yield


@pytest.mark.filterwarnings("error")
@pytest.mark.usefixtures("small_demo")
def test_the_demo_ends_with_a_table_of_all_models(capsys):
    demo.main()
    output = capsys.readouterr().out
    assert re.findall(r"^\[(\d)/8\]", output, re.M) == list("12345678")
    assert "the loaded model predicts the same" in output
    table = output[output.index("\nModel ") :].splitlines()[2:-1]
    scores = ["accuracy", "accuracy", "F1", "F1", "bits/char", "bits/char"]
    assert [row.split()[-3] for row in table] == scores
    assert all(0 <= float(row.split()[-2]) <= 1 for row in table[:4])
    assert all(2 < float(row.split()[-2]) < 6 for row in table[4:])


def test_entities_are_scored_on_articles_that_no_model_saw(monkeypatch):
    seen = {}

    class Tagger:
        def fit(self, X, y):
            seen["train"] = X
            return self

        def predict(self, X):
            seen["test"] = X
            return [["O"] * len(sentence) for sentence in X]

        def predict_entities(self, X):
            return [[] for _ in X]

    wikigold = few_articles()
    monkeypatch.setattr(demo, "load_wikigold", few_articles)
    monkeypatch.setattr(demo, "make_tagger", Tagger)
    (_, _, linear, _), (_, _, nothing, _) = demo.run_entities()
    articles = dict(zip(map(tuple, wikigold.data), wikigold.documents, strict=True))
    train, test = ({articles[tuple(x)] for x in seen[part]} for part in ("train", "test"))
    assert train
    assert test
    assert not train & test
    assert nothing == 0.0 < linear


def test_what_the_demo_trains_can_be_cloned():
    for estimator in (demo.make_search(), demo.make_tagger(), demo.make_generator()):
        assert repr(clone(estimator)) == repr(estimator)


def test_a_word_is_described_with_its_neighbours():
    first, _, _, last = demo.describe_words(["In", "1903", "Marie", "Curie"])
    assert first["word 0"] == "in"
    assert first["word -1"] == first["word -2"] == ""
    assert (first["word 2"], first["title 2"], first["title 1"]) == ("marie", True, False)
    assert (last["begin"], last["end"], last["word -2"]) == ("Cur", "rie", "1903")
    assert demo.describe_words([]) == []


def test_descriptions_fit_a_linear_model():
    rows = demo.describe_words(["Ada", "met", "Alan"])
    assert np.isfinite(DictVectorizer(sparse=False).fit_transform(rows)).all()


def test_frequencies_predict_what_they_have_seen():
    seen = [("Anna", "A"), ("Otto", "B")] * 200
    assert demo.bits_of_frequencies(seen, seen[:2]) < 0.05
    uniform = demo.bits_of_frequencies(seen, [("n", "B")])  # never seen before: 1 of 6 characters
    assert uniform > 2


def test_help_tells_what_it_does_and_starts_nothing(capsys):
    with pytest.raises(SystemExit) as ended:
        demo.parse_arguments(["--help"])
    assert ended.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "two minutes" in shown
    assert 'sklstm --help, after pip install "sklstm[cli]"' in shown
    with pytest.raises(SystemExit) as ended:
        demo.parse_arguments(["--quick"])
    assert ended.value.code == 2
    demo.parse_arguments([])
