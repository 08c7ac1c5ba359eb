"""``Gazetteer``: longest matches by brute force, what stays with tokens, and a tagger's gain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from tagged import assert_same, copies, tagger

from sklstm import Gazetteer, LSTMTagger, Sequences, TaggingPipeline, Tokenizer, Word2VecEmbedder

PHRASES = {"LOC": ["Oslo", "New York"], "ORG": ["New York Times", ["St.", "John's"]]}
SENTENCE = ["Oslo", "reads", "New", "York", "Times", "in", "New", "York", "New", "Oslo"]


def hits(phrases, sentences, **params):
    X = Gazetteer(phrases, **params).fit_transform(sentences)
    return X.columns["gazetteer"].tolist()


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("IOBES", "S-LOC - B-ORG I-ORG E-ORG - B-LOC E-LOC - S-LOC"),
        ("BILOU", "U-LOC - B-ORG I-ORG L-ORG - B-LOC L-LOC - U-LOC"),
        ("IOB2", "B-LOC - B-ORG I-ORG I-ORG - B-LOC I-LOC - B-LOC"),
        (None, "LOC - ORG ORG ORG - LOC LOC - LOC"),
    ],
)
def test_schemes(scheme, expected):
    found = hits(PHRASES, [SENTENCE], scheme=scheme)
    assert found == [None if tag == "-" else tag for tag in expected.split()]


def find_naively(types, sentence):
    """The marks of one sentence, by trying all stretches at each token, longest first."""
    found, start = [], 0
    while start < len(sentence):
        ends = range(len(sentence), start, -1)
        end = next((end for end in ends if tuple(sentence[start:end]) in types), None)
        kind = None if end is None else types[tuple(sentence[start:end])]
        found += [kind] * ((end or start + 1) - start)
        start = end or start + 1
    return found


words = st.lists(st.sampled_from("abc"), max_size=8)


@given(
    st.dictionaries(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(tuple),
                    st.sampled_from("XY"), min_size=1, max_size=9),
    st.lists(words, min_size=1, max_size=4),
)  # fmt: skip
def test_longest_matches_from_left_to_right(types, sentences):
    phrases = {kind: [list(of) for of in types if types[of] == kind] for kind in "XY"}
    gazetteer = Gazetteer(phrases, scheme=None).fit([[word for of in types for word in of]])
    assert gazetteer.types_ == {" ".join(of): kind for of, kind in types.items()}
    expected = [mark for sentence in sentences for mark in find_naively(types, sentence)]
    assert gazetteer.transform(sentences).columns["gazetteer"].tolist() == expected


def test_case():
    phrases = {"LOC": ["Weiße Straße"]}
    sentences = [["WEISSE", "STRASSE"], ["Weiße", "Straße"]]
    assert hits(phrases, sentences) == [None, None, "B-LOC", "E-LOC"]
    assert hits(phrases, sentences, fold_case=True) == ["B-LOC", "E-LOC"] * 2


def test_neither_padding_nor_unknown_tokens_match():
    gazetteer = Gazetteer({"X": ["<pad> <unk>", "a"]}).fit([["a"]])
    batch = Sequences([2, 0, 1, 3, 4], [0, 3, 5], ["<pad>", "<unk>", "a", "<pad>", "<unk>"])
    found = gazetteer.transform(batch).columns["gazetteer"]
    assert found.tolist() == ["S-X", None, None, "B-X", "E-X"]


def test_what_comes_with_tokens_stays():
    texts = ["In New York it rains.", "Oslo"]
    batch = Tokenizer(lowercase=False, char_spans=True).transform(texts)
    batch = batch.with_columns({"size": [list(map(len, row)) for row in batch.tokens()]})
    found = make_pipeline(
        Word2VecEmbedder(vector_size=2, min_count=1, random_state=0),
        Gazetteer(PHRASES),
        Gazetteer({"STATE": ["New York"]}, column="state"),
    ).fit_transform(batch)
    assert list(found.columns) == ["size", "gazetteer", "state"]
    assert found.columns["state"].tolist() == [None, "B-STATE", "E-STATE", None, None, None]
    np.testing.assert_array_equal(found.char_spans, batch.char_spans)
    assert found.texts.tolist() == texts
    assert found.vectors is not None
    assert list(batch.columns) == ["size"]


# Cities and people stand in the same places, and those of the second half are new words: only a
# list tells them apart.
CITIES, PEOPLE = ([f"{kind}{n} {kind}{n + 1}" for n in range(20)] for kind in "xy")
NAMES = {"LOC": CITIES, "PER": PEOPLE}
SENTENCES = [
    ["we", "saw", *name.split()] for pair in zip(CITIES, PEOPLE, strict=True) for name in pair
]
ENTITIES = [["O", "O", f"B-{kind}", f"I-{kind}"] for kind in NAMES] * 20


def test_names_that_only_the_gazetteer_knows():
    learner = tagger(max_epochs=10, lr=0.1, word_dropout=0.3)
    without = clone(learner).fit(SENTENCES[:20], ENTITIES[:20])
    assert without.score(SENTENCES[20:], ENTITIES[20:]) < 0.7
    pipe = make_pipeline(Gazetteer(NAMES), learner).fit(SENTENCES[:20], ENTITIES[:20])
    assert pipe.score(SENTENCES[20:], ENTITIES[20:]) == 1


def test_copies_and_searches(tmp_path):
    pipe = TaggingPipeline([("gazetteer", Gazetteer(NAMES)), ("tagger", tagger())])
    fitted = pipe.fit(SENTENCES, ENTITIES, X_val=SENTENCES[:4], y_val=ENTITIES[:4])
    expected = fitted.predict_marginals(SENTENCES)
    for copied in copies(fitted, tmp_path):
        assert_same(copied.predict_marginals(SENTENCES), expected)
        assert copied[0].types_ == fitted[0].types_
    grid = {"gazetteer__scheme": ["IOBES", None], "tagger__columns": ["all", None]}
    search = GridSearchCV(clone(pipe), grid, cv=2, error_score="raise").fit(SENTENCES, ENTITIES)
    assert search.predict(SENTENCES).shape == (40,)


def test_entities_of_texts_have_their_characters():
    texts, spans = ["Oslo is far.", "She left Oslo."] * 8, [[(0, 4, "LOC")], [(9, 13, "LOC")]]
    pipe = TaggingPipeline(
        [
            ("tokenizer", Tokenizer(lowercase=False, punctuation=True, char_spans=True)),
            ("gazetteer", Gazetteer({"LOC": {"Oslo", "Rio"}})),
            ("tagger", LSTMTagger(hidden_size=4, max_epochs=20, lr=0.05, random_state=0)),
        ]
    ).fit(texts, spans * 8)
    [[found]] = pipe.predict_entities(["She left Rio."])
    assert (found.text, found.start_char, found.end_char) == ("Rio", 9, 12)


class TestBadInput:
    @pytest.mark.parametrize(
        ("phrases", "error", "message"),
        [
            ({}, ValueError, r"phrases has none. Pass some for each type"),
            ({"LOC": []}, ValueError, r"phrases has none"),
            ({"LOC": ["Oslo", " "]}, ValueError, r"none of them empty; 'LOC' has ' '"),
            ({"LOC": [[]]}, ValueError, r"Phrases must have tokens"),
            ({"LOC": [["New", ""]]}, ValueError, r"none of them empty; 'LOC' has \['New', ''\]"),
            ({"LOC": "Oslo"}, TypeError, r"phrases of 'LOC' must be a list of str.*got 'Oslo'"),
            ({"LOC": None}, TypeError, r"phrases of 'LOC' must be a list of str.*got None"),
            ({"LOC": iter(["Oslo"])}, TypeError, r"phrases of 'LOC' must be a list of str"),
            ({"LOC": {"Oslo": 1}}, TypeError, r"phrases of 'LOC' must be a list of str"),
            ({"LOC": ["Oslo", 3]}, TypeError, r"among those of 'LOC' is 3 of type int"),
            ({"LOC": [["New", 3]]}, TypeError, r"must be a str or a list of str; .* \['New', 3\]"),
            ({3: ["Oslo"]}, ValueError, r"Types of phrases must be str, not empty; got 3"),
            ({"": ["Oslo"]}, ValueError, r"Types of phrases must be str, not empty; got ''"),
            (["Oslo"], ValueError, r"'phrases' parameter of Gazetteer must be an instance of"),
        ],
    )
    def test_phrases(self, phrases, error, message):
        with pytest.raises(error, match=message):
            Gazetteer(phrases).fit([["Oslo"]])

    def test_a_phrase_of_two_types(self):
        phrases = {"LOC": ["Paris"], "PER": ["Ada", ["PARIS"]]}
        Gazetteer(phrases).fit([["Paris"]])
        with pytest.raises(ValueError, match=r"'paris' has two types, 'LOC' and 'PER'.*column="):
            Gazetteer(phrases, fold_case=True).fit([["Paris"]])

    def test_phrases_that_do_not_occur(self):
        gazetteer = Gazetteer({"LOC": ["Oslo"]})
        with pytest.warns(UserWarning, match="None of the 1 phrases, such as 'Oslo',") as caught:
            gazetteer.fit([["oslo"], []])
        assert caught[0].filename == __file__
        assert gazetteer.transform([["Oslo"]]).columns["gazetteer"].tolist() == ["S-LOC"]

    def test_tokens(self):
        gazetteer = Gazetteer(PHRASES).fit([SENTENCE])
        for call in (gazetteer.fit, gazetteer.transform):
            with pytest.raises(TypeError, match="Token 1 of sample 0 is 3 of type int"):
                call([["Oslo", 3]])
            with pytest.raises(TypeError, match="put a Tokenizer first"):
                call(["Oslo"])
            with pytest.raises(ValueError, match=r"ids without their strings.*pass tokens"):
                call(Sequences.from_ids([[2]]))

    def test_a_column_twice(self):
        with pytest.raises(ValueError, match=r"X has a column 'gazetteer' already.*column="):
            make_pipeline(Gazetteer(PHRASES), Gazetteer(PHRASES)).fit_transform([SENTENCE])

    def test_a_tagger_without_it(self):
        pipe = make_pipeline(Gazetteer(NAMES), tagger()).fit(SENTENCES, ENTITIES)
        with pytest.raises(ValueError, match=r"X lacks the columns \['gazetteer'\]"):
            pipe[-1].predict(SENTENCES)
