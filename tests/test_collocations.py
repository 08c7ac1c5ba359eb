"""``Collocations``: gensim's own results, spans and texts, and both kinds of input."""

import numpy as np
import pytest
from gensim.models.phrases import Phrases
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklstm import Collocations, Sequences, TokenIndexer, Tokenizer, Word2VecEmbedder
from sklstm.datasets import load_sentences

TOKENS = [["new", "york", "is", "big"], ["is", "york", "near", "new", "york"], []] * 3
NEW_YORK = Collocations(min_count=1, threshold=1.0)


def test_gensim_finds_the_same_in_sentences():
    texts = [text.replace("_", " ") for text in load_sentences().data]
    tokens = Tokenizer(punctuation=True).transform(texts)
    ours = Collocations(min_count=5, threshold=5.0).fit(tokens)
    theirs = Phrases(tokens, min_count=5, threshold=5.0).freeze()
    scores = {"_".join(pair): score for pair, score in ours.scores_[0].items()}
    assert len(scores) > 50
    assert scores == pytest.approx(theirs.phrasegrams)
    assert ours.transform(tokens) == [theirs[row] for row in tokens]


words = st.lists(st.lists(st.sampled_from("abc"), max_size=9), min_size=1, max_size=6)


@given(words, words, st.integers(1, 2), st.sampled_from([0.1, 0.5, 1.5]))
def test_gensim_finds_the_same_in_anything(learned, other, min_count, threshold):
    ours = Collocations(min_count=min_count, threshold=threshold).fit(learned)
    theirs = Phrases(learned, min_count=min_count, threshold=threshold).freeze()
    scores = {"_".join(pair): score for pair, score in ours.scores_[0].items()}
    assert scores == pytest.approx(theirs.phrasegrams)
    assert ours.transform(other) == [theirs[row] for row in other]


def test_joins_from_left_to_right():
    assert NEW_YORK.fit(TOKENS).transform([["new", "new", "york", "york", "new"], []]) == [
        ["new", "new_york", "york", "new"],
        [],
    ]


def test_a_pair_is_within_a_document():
    tokens = [["a", "new"], ["york", "b"]] * 9 + [["new", "york"]]
    pairs = Collocations(min_count=1, threshold=0.1).fit(tokens).scores_[0]
    assert sorted(pairs) == [("a", "new"), ("york", "b")]
    assert NEW_YORK.fit(TOKENS).transform([["new"], ["york"]]) == [["new"], ["york"]]


def test_a_second_pass_joins_what_the_first_has_joined():
    tokens = [["waste", "of", "my", "time"]] * 8 + [["of", "my"], ["my", "of"]]
    collocations = Collocations(min_count=1, threshold=0.6, n_passes=2, delimiter=" ").fit(tokens)
    assert collocations.transform(tokens[:1]) == [["waste of my time"]]
    assert list(collocations.scores_[1]) == [("waste of", "my time")]


def test_sequences_keep_texts_and_spans():
    texts = ["New York, NEW\u200b York.", "so new"]
    batch = Tokenizer(char_spans=True).transform(texts)
    joined = NEW_YORK.fit(TOKENS).transform(batch)
    assert joined.tokens() == [["new_york", "new_york"], ["so", "new"]]
    assert joined.texts.tolist() == texts
    found = [texts[0][start:end] for start, end in joined[:1].char_spans]
    assert found == ["New York", "NEW\u200b York"]
    assert batch.tokens() == [["new", "york", "new", "york"], ["so", "new"]]


def test_padding_and_unknown_tokens_separate_nothing_and_join_nothing():
    categories = ["<pad>", "<unk>", "new", "york"]
    batch = Sequences([2, 3, 0, 0, 2, 1, 3, 0], [0, 4, 8], categories)
    joined = NEW_YORK.fit(TOKENS).transform(batch)
    assert joined.tokens() == [["new_york"], ["new", "<unk>", "york"]]
    spelled = [["<unk>", "<pad>"]] * 5  # tokens like any other
    joined = Collocations(min_count=1, threshold=0.1).fit(spelled).transform(spelled)
    assert joined == [["<unk>_<pad>"]] * 5


def test_a_joined_token_that_the_data_has_already():
    joined = NEW_YORK.fit(TOKENS).transform(Sequences.from_tokens([["new_york", "new", "york"]]))
    assert joined.categories.count("new_york") == 1
    assert joined.tokens() == [["new_york", "new_york"]]


def test_more_documents_count():
    few, more = [["new", "york", "a"]] * 2, [["a", "b", "new", "york"]] * 9
    assert Collocations(threshold=0.35).fit(few).transform(few) == few
    joined = Collocations(threshold=0.35).fit(few, extra_tokens=more).transform(few)
    assert joined == Collocations(threshold=0.35).fit(few + more).transform(few)
    assert joined == [["new_york", "a"]] * 2


def test_in_a_pipeline():
    pipe = make_pipeline(Tokenizer(), clone(NEW_YORK), TokenIndexer())
    pipe.fit(list(map(" ".join, TOKENS)))
    assert "new_york" in pipe[-1].vocabulary_
    assert pipe.transform(["Big New York"])[0].tolist()[-1] == pipe[-1].vocabulary_["new_york"]


@pytest.mark.parametrize("X", [[[]], [["one"]], [["one"], ["two"]]])
def test_documents_without_a_pair(X):
    assert Collocations().fit(X).transform(X) == X


def test_refuses_what_it_cannot_join():
    with pytest.raises(TypeError, match="put a Tokenizer first"):
        Collocations().fit(["raw text"])
    with pytest.raises(TypeError, match=r"In extra_tokens: .* put a Tokenizer first"):
        Collocations().fit(TOKENS, extra_tokens=["raw text"])
    with pytest.raises(ValueError, match="without their strings"):
        Collocations().fit(Sequences.from_ids([[2, 3]]))
    embedder = Word2VecEmbedder(vector_size=2, min_count=1)
    with pytest.raises(ValueError, match="before the embedder"):
        Collocations().fit(embedder.fit_transform(TOKENS))
    for wrong in ({"threshold": 0}, {"min_count": 0}, {"n_passes": 0}, {"delimiter": None}):
        with pytest.raises(ValueError, match="parameter of Collocations"):
            Collocations(**wrong).fit(TOKENS)


def test_many_tokens_need_no_quadratic_memory():
    tokens = [[str(i), str(i + 1)] for i in range(100_000)]
    assert len(Collocations().fit(tokens).transform(tokens)) == len(tokens)
    assert np.isfinite(list(Collocations(min_count=1).fit(TOKENS).scores_[0].values())).all()
