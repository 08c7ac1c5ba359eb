"""LSTMTagger: every form of input, what it reads in words, and what it refuses."""

import itertools
import pickle
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted
from tagged import (
    IDS,
    PLAIN,
    RAGGED,
    SENTENCES,
    SHORT,
    STEPS,
    TAGS,
    X_VAL,
    Y_VAL,
    assert_close,
    assert_same,
    embedded,
    marginals,
    tagger,
    with_row,
)
from toys import Spoil

from sklstm import SequencePadder, Sequences, TokenIndexer, Word2VecEmbedder
from sklstm.tagger._spelling import CASINGS, MAX_CHARACTERS, Speller, casing_of
from sklstm.tagger._word_features import WordFeatures, features_of, shape_of, subwords_of


@pytest.fixture(scope="module")
def learned():
    return tagger(max_epochs=40).fit(SENTENCES, TAGS)


class TestInput:
    @pytest.mark.parametrize(
        "same",
        [
            tuple(map(tuple, SENTENCES)),
            [np.array(sentence) for sentence in SENTENCES],
            pd.Series(SENTENCES),
            Sequences.from_tokens(SENTENCES),
        ],
        ids=["tuples", "arrays", "series", "sequences"],
    )
    def test_containers_of_tokens(self, same):
        assert_same(marginals(same), marginals(SENTENCES))

    def test_containers_of_tags(self):
        expected = marginals(SENTENCES)
        array = np.empty(20, object)
        array[:] = TAGS
        for y in (tuple(map(tuple, TAGS)), list(map(np.array, TAGS)), pd.Series(TAGS), array):
            assert_same(marginals(SENTENCES, y=y), expected)

    def test_sentences_of_equal_length(self):
        X, y = [["Ada", "met"], ["New", "York"]] * 5, [["B-PER", "O"], ["B-LOC", "I-LOC"]] * 5
        expected = marginals(X, y=y)
        assert_same(marginals(np.array(X), y=np.array(y)), expected)
        assert_same(marginals(np.array(X, object), y=np.array(y, object)), expected)
        X, y = [["Ada"], ["York"]] * 5, [["B-PER"], ["B-LOC"]] * 5
        assert_same(marginals(np.array(X), y=np.array(y)), marginals(X, y=y))
        fitted = tagger().fit(X, y)
        assert fitted.predict(X).shape == (10,)
        assert fitted.predict_marginals(X).shape == (10,)

    def test_numbers(self):
        y = [["up" if step[0] > 0 else "down" for step in steps] for steps in STEPS]
        fitted = tagger(max_epochs=60).fit(STEPS, y)
        assert fitted.predict(STEPS).tolist() == y
        assert fitted.n_features_in_ == 3
        ragged = [steps[: 1 + row % 4] for row, steps in enumerate(STEPS)]
        assert [len(row) for row in fitted.predict(ragged)] == list(map(len, ragged))
        hidden = np.zeros(STEPS.shape, bool)
        hidden[:, 2:] = True
        masked = fitted.predict_marginals(np.ma.masked_array(STEPS, hidden))
        assert_close(masked, fitted.predict_marginals(STEPS[:, :2]), atol=1e-6)

    def test_a_matrix_of_numbers_holds_series(self):
        y = [["up" if step > 0 else "down" for step in row] for row in STEPS[:, :, 0]]
        fitted = tagger(max_epochs=60).fit(STEPS[:, :, 0], y)
        assert fitted.predict(STEPS[:, :, 0]).tolist() == y

    def test_ids(self):
        params = {"vocabulary_size": 60, "max_epochs": 40}
        fitted = tagger(**params).fit(IDS, TAGS)
        assert fitted.predict(IDS).tolist() == TAGS
        matrix = np.zeros((20, 9), int)
        for row, ids in zip(matrix, IDS, strict=True):
            row[: len(ids)] = ids
        assert fitted.predict(matrix).tolist() == TAGS
        assert tagger(**params).fit(matrix, TAGS).predict(IDS).tolist() == TAGS

    def test_a_padder_that_cuts_nothing(self):
        pipe = make_pipeline(TokenIndexer(), SequencePadder(), tagger(max_epochs=40))
        assert pipe.fit(SENTENCES, TAGS).predict(SENTENCES).tolist() == TAGS

    def test_a_padder_that_cuts_at_prediction(self):
        pipe = make_pipeline(SequencePadder(max_length=7), tagger()).fit(SENTENCES, TAGS)
        assert len(pipe.predict([["in"] * 9])[0]) == 7  # what the tagger was given
        with pytest.raises(ValueError, match="Sentence 0 has 9 tags in y_true and 7 in y_pred"):
            pipe.score([["in"] * 9], [["O"] * 9])


class TestWords:
    @pytest.mark.parametrize("fine_tune", [False, True])
    def test_unknown_words_keep_their_vectors(self, fine_tune):
        fitted = tagger(fine_tune_embeddings=fine_tune, max_epochs=10).fit(embedded(), TAGS)
        X = embedded([["in", "London"], ["in", "Paris"], ["in", "Rome"]])
        london, paris = map(X.categories.index, ("London", "Paris"))
        vectors = X.vectors.copy()
        vectors[london] = 9  # no longer that of London, of which the trained one is kept
        vectors[paris] = 9
        same, twin, other = fitted.predict_marginals(X.with_vectors(vectors))
        np.testing.assert_array_equal(same, twin)
        assert not np.allclose(same, other, rtol=1e-3)

    @pytest.mark.parametrize("encoder", ["cnn", "lstm"])
    def test_unknown_words_keep_their_characters(self, encoder):
        words = ["reading", "running", "seeing", "eating", "walked", "jumped", "talked", "asked"]
        X, y = [[word] for word in words] * 3, [["ING"]] * 4 + [["ED"]] * 4
        fitted = tagger(char_encoder=encoder, max_epochs=40, word_dropout=0.5).fit(X, y * 3)
        new = [["leading"], ["dreamed"], ["being"], ["played"]]
        assert fitted.predict(new).tolist() == [["ING"], ["ED"], ["ING"], ["ED"]]
        a, b = tagger().fit(X, y * 3).predict_marginals(new[:2])
        np.testing.assert_array_equal(a, b)  # without characters all unknown words are one

    def test_unknown_words_have_their_casing(self):
        X = [["Ada", "ran"], ["Max", "sat"], ["Eve", "ate"], ["Bob", "won"]] * 4
        y = [["N", "V"]] * 16
        fitted = tagger(casing=True, word_dropout=0.5, max_epochs=40).fit(X, y)
        assert fitted.predict([["won", "Lea"], ["Lea", "slept"]]).tolist() == [
            ["V", "N"], ["N", "V"]]  # fmt: skip

    def test_word_dropout_leaves_characters(self):
        """With every word unknown, only characters can tell them apart."""
        params = {"word_dropout": 0.99, "max_epochs": 60, "bidirectional": False, "crf": False}
        X, y = [["aa", "bb"], ["bb", "aa"]] * 8, [["A", "B"], ["B", "A"]] * 8
        losses = [
            tagger(char_encoder=encoder, **params).fit(X, y).history_[-1]["train_loss"]
            for encoder in (None, "cnn")
        ]
        assert losses[1] < 0.2 < 0.5 < losses[0]

    def test_vectors_of_lower_case_and_characters_as_written(self):
        X, y = [["Ada", "met", "alan"], ["Alan", "met", "ada"]] * 8, [["T", "l", "l"]] * 16
        embedder = Word2VecEmbedder(vector_size=4, min_count=1, lowercase=True, random_state=0)
        blind = make_pipeline(embedder, tagger()).fit(X, y)
        assert_same(*blind.predict([["Ada"], ["ada"]])[:, None])
        for params in ({"char_encoder": "cnn"}, {"char_encoder": "lstm"}, {"casing": True}):
            pipe = make_pipeline(embedder, tagger(max_epochs=40, **params)).fit(X, y)
            assert pipe.predict([["Ada"], ["ada"]]).tolist() == [["T"], ["l"]]

    def test_vectors_are_frozen_or_trained(self):
        X = embedded()
        frozen = tagger(fine_tune_embeddings=False).fit(X, TAGS)
        assert frozen.module_.embedding is None
        trained = tagger(embedding_lr=0.1).fit(X, TAGS)
        after = trained.module_.embedding.weight.detach().numpy()
        assert np.abs(after[2:] - X.vectors[2:]).max(axis=1).min() > 0.05
        np.testing.assert_array_equal(X.vectors, embedded().vectors)

    def test_only_words_in_use_are_spelled(self, monkeypatch):
        fitted = tagger(char_encoder="cnn").fit(embedded(), TAGS)
        spelled = []
        spell = Speller.spell
        monkeypatch.setattr(
            Speller, "spell", lambda self, words: spelled.extend(words) or spell(self, words)
        )
        fitted.predict(embedded()[2:3])
        assert sorted(spelled[1:]) == ["New", "York", "far", "is"]
        assert spelled[0] is None  # the padding

    @pytest.mark.parametrize(
        "params", [{"char_encoder": "cnn"}, {"casing": True}, {"affixes": True}, {"wide": True}]
    )
    def test_characters_need_strings(self, params):
        X = embedded()
        nameless = Sequences(X.codes, X.offsets, vectors=X.vectors)
        inputs = ((RAGGED, {}), (IDS, {"vocabulary_size": 60}), (nameless, {}))
        for wrong, more in inputs:
            with pytest.raises(ValueError, match="for char_encoder, casing, affixes and wide, but"):
                tagger(**params, **more).fit(wrong, TAGS)
        fitted = tagger(**params).fit(X, TAGS)
        with pytest.raises(ValueError, match="X holds vectors without any"):
            fitted.predict(nameless)


class TestAuto:
    """What reads the strings of tokens is on where there are any."""

    DEFAULTS = {"char_encoder": "auto", "casing": "auto", "affixes": "auto", "wide": "auto"}

    def test_tokens(self):
        for X in (SENTENCES, embedded()):
            fitted = tagger(**self.DEFAULTS).fit(X, TAGS)
            network = fitted.module_
            assert network.char_encoder.kind == "cnn"
            assert network.n_casings == len(CASINGS)
            assert network.affixes.width == 32
            assert network.wide.width == 3 * len(fitted.classes_)

    @pytest.mark.parametrize("X", [RAGGED, IDS, "nameless"], ids=["numbers", "ids", "vectors"])
    def test_others(self, X):
        params = {"vocabulary_size": 60} if X is IDS else {}
        if X == "nameless":
            named = embedded()
            X = Sequences(named.codes, named.offsets, vectors=named.vectors)
        network = tagger(**params, **self.DEFAULTS).fit(X, TAGS).module_
        assert network.char_encoder is network.affixes is network.wide is None
        assert network.n_casings == 0

    def test_each_is_left_out_alone(self):
        for name in self.DEFAULTS:
            off = None if name == "char_encoder" else False
            network = tagger(**{**self.DEFAULTS, name: off}).fit(SENTENCES, TAGS).module_
            found = {
                "char_encoder": network.char_encoder, "casing": network.n_casings,
                "affixes": network.affixes, "wide": network.wide,
            }  # fmt: skip
            assert [other for other, layer in found.items() if not layer] == [name]


class TestWordFeatures:
    def test_list(self):
        assert features_of("Gdańsk-2") == [
            "word gdańsk-2", "casing partly numeric", "shape Xx-d",
            "prefix 1 G", "prefix 2 Gd", "prefix 3 Gda", "prefix 4 Gdań",
            "suffix 1 2", "suffix 2 -2", "suffix 3 k-2", "suffix 4 sk-2"]  # fmt: skip
        assert len(features_of("")) == len(features_of("a"))

    @pytest.mark.parametrize(
        ("word", "shape"),
        [("London", "Xx"), ("2-1", "d-d"), ("U.S.", "X.X."), ("", ""), ("Толстой", "Xx"),
         ("ünder", "x"), ("日本", "o"), ("iPhone4", "xXxd")],
    )  # fmt: skip
    def test_shapes_in_every_script(self, word, shape):
        assert shape_of(word) == shape

    def test_unknown_ones_are_left_out(self):
        features = WordFeatures(["London"])
        codes = features.encode([None, "Lo", "London"])
        assert not codes[0].any()
        kinds = [name.rsplit(" ", 1)[0] for name in features_of("Lo")]
        shared = [kind for kind, code in zip(kinds, codes[1], strict=True) if code]
        assert shared == ["casing", "shape", "prefix 1", "prefix 2"]
        assert codes[2].all()
        assert codes.max() < features.n_features

    @pytest.mark.parametrize("name", ["char_encoder", "casing", "affixes", "wide"])
    def test_of_a_word_that_an_indexer_does_not_know_nothing_is_read(self, name):
        """Least of all how the unknown token is written."""
        on = {"char_encoder": "cnn"}.get(name, True)
        words = [["<unknown"], ["drunk>"], ["k>"], [""]] * 4
        indexer = TokenIndexer().fit(words)
        fitted = tagger(**{name: on}).fit(
            indexer.transform(words), [["A"], ["A"], ["A"], ["B"]] * 4
        )
        data = fitted._read_sequences(indexer.transform([["<unk>"], ["new"]]))
        padding, unknown = data.spellings.characters
        np.testing.assert_array_equal(unknown, padding)
        assert data.spellings.casing.tolist() == [CASINGS.index("none")] * 2
        if fitted._encoder.features is not None:
            assert not data.spellings.features.any()

    def test_of_words_spelled_like_special_tokens(self):
        words = [["<pad>", "<unk>", ""]] * 8
        indexer = TokenIndexer()
        for X in (words, indexer.fit_transform(words), SequencePadder().fit_transform(words)):
            fitted = tagger(affixes=True).fit(X, [["A", "B", "C"]] * 8)
            spelled = {"word <pad>", "word <unk>", "word ", "suffix 2 d>", "suffix 2 k>"}
            assert spelled < fitted._encoder.features.codes.keys()
            assert fitted._read_sequences(X).spellings.features[1:].all()

    def test_growth_keeps_codes(self):
        features = WordFeatures(["London"])
        before = dict(features.codes)
        grown = features.grown(["London", "Paris"])
        assert features.codes == before
        assert before.items() <= grown.codes.items()
        assert grown.encode([None, "Paris"])[1].all()
        assert len(set(grown.codes.values())) == grown.n_features - 2

    def test_new_words_are_known_by_their_affixes(self):
        words = ["reading", "running", "seeing", "eating", "walked", "jumped", "talked", "asked"]
        X, y = [[word] for word in words] * 3, ([["ING"]] * 4 + [["ED"]] * 4) * 3
        new = [["leading"], ["dreamed"], ["being"], ["played"]]
        for params in ({"affixes": True}, {"wide": True}):
            fitted = tagger(max_epochs=40, word_dropout=0.5, **params).fit(X, y)
            assert fitted.predict(new).tolist() == [["ING"], ["ED"], ["ING"], ["ED"]]

    def test_subwords(self):
        runs = ["gda", "dań", "ańs", "ńsk", "gdań", "dańs", "ańsk", "gdańs", "dańsk"]
        assert subwords_of("Gdańsk") == [f"subword {run}" for run in runs]
        assert subwords_of("aaaa") == ["subword aaa", "subword aaaa"]
        assert subwords_of("ab") == subwords_of("") == []
        assert len(subwords_of("".join(map(chr, range(300, 400))))) == 28 + 27 + 26
        features = WordFeatures(["London"], reads_subwords=True)
        codes = features.encode([None, "", "Londoner"])
        assert codes.shape == (3, len(features_of("")) + 6 + 5 + 4)
        assert not codes[0].any()
        known = {"subword lon", "subword ondon"} | set(subwords_of("london"))
        assert set(codes[2, 11:].tolist()) == {0, *map(features.codes.get, known)}
        plain = WordFeatures(["London"]).encode(["London"])[0]
        np.testing.assert_array_equal(features.encode(["London"])[0, :11], plain)

    def test_new_words_are_known_by_what_is_inside_them(self):
        """Stems of compounds whose beginnings and ends are others each time."""
        rng = np.random.RandomState(0)
        parts = ["".join(rng.choice(list("abcdefgh"), 5)) for _ in range(80)]
        words = [
            before + stem + after
            for before, after in zip(parts[::2], parts[1::2], strict=True)
            for stem in ("wald", "turm")
        ]
        X, y = [[word] for word in words], [["W"], ["T"]] * 40
        params = {"max_epochs": 20, "word_dropout": 0.5, "lr": 0.05}
        plain, fitted = (
            tagger(affixes=affixes, **params).fit(X[:40], y[:40]) for affixes in (True, "subwords")
        )
        assert fitted.score(X[40:], y[40:]) == 1
        assert plain.score(X[40:], y[40:]) < 0.8

    def test_dropout_in_training_alone(self):
        params = {"affixes": True, "wide": True}
        rough = tagger(affix_dropout=0.5, **params).fit(SENTENCES, TAGS)
        assert_same(rough.predict_marginals(SHORT), rough.predict_marginals(SHORT))
        with pytest.raises(AssertionError):
            assert_same(rough.predict_marginals(SHORT), marginals(SENTENCES, SHORT, **params))
        dropped, whole = (
            tagger(affix_dropout=share, **params).fit(SENTENCES, TAGS).module_.wide.embedding.weight
            for share in (0.99, 0.0)
        )
        assert dropped.any(dim=1).sum() < whole.any(dim=1).sum() / 2

    def test_kept_in_pickles_and_over_calls(self):
        params = {"affixes": True, "wide": True}
        fitted = tagger(warm_start=True, **params).fit(SENTENCES[:3], TAGS[:3])
        expected = fitted.predict_marginals(SHORT)
        assert_same(pickle.loads(pickle.dumps(fitted)).predict_marginals(SHORT), expected)
        n_before = fitted._encoder.features.n_features
        fitted.fit(SENTENCES, TAGS)
        assert fitted._encoder.features.n_features > n_before
        for name in params:
            with pytest.raises(ValueError, match="does not fit the network"):
                clone(fitted).fit(SENTENCES, TAGS).set_params(**{name: False}).fit(SENTENCES, TAGS)


class TestSpelling:
    def test_characters_seen_once_are_unknown(self):
        speller = Speller(["abba", "cab", "x"])
        assert speller.codes == {"a": 2, "b": 3}
        assert speller.n_characters == 4
        spellings = speller.spell([None, "bax", ""])
        np.testing.assert_array_equal(spellings.characters[:, :4],
                                      [[0, 0, 0, 0], [3, 2, 1, 0], [0, 0, 0, 0]])  # fmt: skip
        assert not spellings.characters[:, 4:].any()

    def test_long_words_keep_both_ends(self):
        speller = Speller(["abab"])
        word = "a" * 40 + "b" * 40
        (row,) = speller.spell(["", word]).characters[1:]
        half = MAX_CHARACTERS // 2
        np.testing.assert_array_equal(row, [2] * half + [3] * half)
        (row,) = speller.spell(["", "a" * MAX_CHARACTERS]).characters[1:]
        np.testing.assert_array_equal(row, [2] * MAX_CHARACTERS)

    @pytest.mark.parametrize(
        ("word", "casing"),
        [("word", "lower"), ("WORD", "upper"), ("Word", "title"), ("McDonald", "mixed"),
         ("a", "lower"), ("A", "upper"), ("iPhone", "mixed"), ("1984", "numeric"),
         ("½", "numeric"), ("B2B", "partly numeric"),
         ("3.5", "partly numeric"), (",", "none"), ("", "none"), ("Ñandú", "title"),
         ("ЖЮЛЬ", "upper"), ("Жюль", "title"), ("中文", "none"), ("U.S.", "upper")],
    )  # fmt: skip
    def test_casing(self, word, casing):
        assert casing_of(word) == casing
        assert Speller([]).spell(["", word]).casing.tolist() == [0, CASINGS.index(casing)]


WRONG_PARAMETERS = {
    "scheme": ("iob2", "BIO", 2, True),
    "train_scheme": ("bioes", 3),
    "crf": ("yes", None, 2),
    "char_encoder": ("CNN", "gru", True, False, 1),
    "char_embedding_dim": (0, 1.5, None),
    "char_hidden_size": (0, -1, None),
    "casing": ("yes", None),
    "affixes": ("yes", None, 32),
    "affix_embedding_dim": (0, 1.5, None),
    "wide": ("yes", None, 3),
    "affix_dropout": (1.0, -0.1, None),
    "context": (-1, 1.5, None),
    "columns": ("pos", True, 3, {"pos"}),
    "sentence_vector": ("sum", True, 3),
    "bidirectional": ("both", None),
    "class_weight": ("equal", [1, 2], 3),
    "early_stopping": ("f1", None),
    "embedding_dropout": (1.0, -0.1, None),
    "vocabulary_size": (1, "5000"),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in WRONG_PARAMETERS.items() for value in values],
    ids=str,
)
def test_a_parameter_out_of_range(name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of LSTMTagger must be"):
        tagger(**{name: value}).fit(SENTENCES, TAGS)


def val(X=X_VAL, y=Y_VAL):
    return {"X_val": X, "y_val": y}


texts = [" ".join(sentence) for sentence in SENTENCES]


truncated = SequencePadder(max_length=5).fit_transform(SENTENCES)


# what is wrong: parameters, X, y, further arguments of fit, type of the error, what it says
BAD_FITS = {
    # tokens and tags
    "a tag too few": (
        {}, SENTENCES, with_row(TAGS, 2, ["O"] * 3), {}, ValueError,
        "Sequence 2 has 4 steps but 3 tags"),
    "a tag too many": (
        {}, SENTENCES, with_row(TAGS, 3, ["O"] * 2), {}, ValueError,
        "Sequence 3 has 1 steps but 2 tags"),
    "lengths that differ but for their sum": (
        {}, SENTENCES, [TAGS[1], TAGS[0], *TAGS[2:]], {}, ValueError, "Sequence 0 has 6 steps"),
    "tags of an empty sentence": (
        {}, with_row(SENTENCES, 1, []), TAGS, {}, ValueError, "Sequence 1 has 0 steps but 3 tags"),
    "a sentence too few": ({}, SENTENCES[1:], TAGS, {}, ValueError, "19 of X, 20 of y"),
    "a padder that cuts": (
        {}, truncated, TAGS, {}, ValueError, "Sequence 0 has 5 steps but 6 tags.*leave it out"),
    "texts": ({}, texts, TAGS, {}, TypeError, "put a Tokenizer first"),
    "texts and their tags": (
        {}, texts, [" ".join(tags) for tags in TAGS], {}, TypeError, "put a Tokenizer first"),
    "tags in one string": (
        {}, SENTENCES, [" ".join(tags) for tags in TAGS], {}, TypeError,
        "Sentence 0 is 'B-PER O B.* of type str; tags are one list of str for each sentence"),
    "one tag a sentence": ({}, SENTENCES, ["O"] * 20, {}, TypeError, "Sentence 0 is 'O'"),
    "an array of labels": (
        {}, SENTENCES, np.array(["O"] * 20), {}, TypeError, "Sentence 0 is 'O'"),
    "numbers as labels": ({}, SENTENCES, np.arange(20), {}, TypeError, "Sentence 0 is 0 of type"),
    "numbers as tags": (
        {}, SENTENCES, [[1] * len(tags) for tags in TAGS], {}, TypeError,
        "Sentence 0, token 0: 1 of type int is not a tag; .* Take the names"),
    "NaN among tags": (
        {}, SENTENCES, with_row(TAGS, 1, ["O", np.nan, "O"]), {}, TypeError,
        "Sentence 1, token 1: nan"),
    "None in place of tags": (
        {}, SENTENCES, with_row(TAGS, 1, None), {}, ValueError,
        "no tag for 1 of 20 sentences, such as sentence 1"),
    "None in place of tokens": (
        {}, with_row(SENTENCES, 1, None), TAGS, {}, TypeError, "Sample 1 is None"),
    "None among tokens": (
        {}, with_row(SENTENCES, 1, ["a", None, "b"]), TAGS, {}, TypeError,
        "Token 1 of sample 1 is None"),
    "one sentence and its tags": (
        {}, SENTENCES[0], TAGS[0], {}, TypeError, "Sample 0 is 'Ada'"),
    "no y": ({}, SENTENCES, None, {}, ValueError, "requires y"),
    "empty y": ({}, SENTENCES, [], {}, ValueError, "0 sample"),
    "no sentences": ({}, [], [], {}, ValueError, "0 sample"),
    "only empty sentences": ({}, [[], []], [[], []], {}, ValueError, "y holds no tag|is empty"),
    "a bare string": ({}, "Ada", TAGS, {}, TypeError, "'Ada' of type str; expected tok"),
    "y is a bare string": ({}, SENTENCES, "O", {}, TypeError, "one bare str"),
    # schemes
    "I after O": (
        {"scheme": "IOB2"}, SENTENCES, with_row(TAGS, 1, ["O", "I-PER", "O"]), {}, ValueError,
        "Sentence 1, token 1: 'I-PER' after 'O' does not fit IOB2; accepted here: O, B-…"),
    "I after another type": (
        {}, SENTENCES, with_row(TAGS, 1, ["O", "B-LOC", "I-PER"]), {}, ValueError,
        "fit none of IOB1, IOB2, IOBES, BILOU. Sentence 1, token 2: 'I-PER' after 'B-LOC'"),
    "another scheme than named": (
        {"scheme": "IOBES"}, SENTENCES, TAGS, {}, ValueError,
        "Sentence 0, token 1: 'O' after 'B-PER' does not fit IOBES"),
    "a tag of no scheme": (
        {"scheme": "IOB2"}, SENTENCES, PLAIN, {}, ValueError,
        "Sentence 0, token 0: 'PER' is not a tag of IOB2; accepted: O, B-…, I-…"),
    "plain tags in another scheme": (
        {"train_scheme": "IOBES"}, SENTENCES, PLAIN, {}, ValueError, "train_scheme='IOBES' needs"),
    "some plain tags": (
        {}, SENTENCES, with_row(TAGS, 1, ["O", "PER", "O"]), {}, ValueError, "yet 'PER' has not"),
    "spans in another spelling": (
        {}, SENTENCES, [[tag.replace("-", "_") for tag in tags] for tags in TAGS], {}, ValueError,
        "'B_LOC' looks like 'B-LOC' in another spelling"),
    "tags with line ends": (
        {}, SENTENCES, [[tag + "\n" for tag in tags] for tags in TAGS], {}, ValueError,
        r"blanks around the tag 'B-LOC\\n'"),
    # weights
    "negative class weight": (
        {"class_weight": {"O": -1}}, SENTENCES, TAGS, {}, ValueError, "class_weight must .* -1"),
    "NaN class weight": (
        {"class_weight": {"O": np.nan}, "crf": False}, SENTENCES, TAGS, {}, ValueError,
        "class_weight must give numbers that are finite"),
    "a string for a weight": (
        {"class_weight": {"O": "1"}}, SENTENCES, TAGS, {}, ValueError, "class_weight must give"),
    "zero class weights": (
        {"class_weight": dict.fromkeys(set(itertools.chain(*TAGS)), 0)}, SENTENCES, TAGS, {},
        ValueError, "class_weight is 0 for all tags of y"),
    "short weights": (
        {}, SENTENCES, TAGS, {"sample_weight": [1]}, ValueError, "sample_weight"),
    "a weight a step": (
        {}, SENTENCES, TAGS, {"sample_weight": [[1] * len(tags) for tags in TAGS]}, ValueError,
        "sequence"),
    "negative weights": (
        {}, SENTENCES, TAGS, {"sample_weight": -np.ones(20)}, ValueError, "Negative"),
    # validation data
    "X_val alone": ({}, SENTENCES, TAGS, {"X_val": X_VAL}, ValueError, "X_val and y_val together"),
    "a broken scheme in the dev set": (
        {}, SENTENCES, TAGS, val(y=with_row(Y_VAL, 1, ["O", "I-LOC"])), ValueError,
        "In the validation data: Sentence 1, token 1: 'I-LOC' after 'O'"),
    "a tag too few in the dev set": (
        {}, SENTENCES, TAGS, val(y=with_row(Y_VAL, 1, ["O"])), ValueError,
        "In the validation data: Sequence 1 has 2 steps but 1 tags"),
    "a sentence too few in the dev set": (
        {}, SENTENCES, TAGS, val(y=Y_VAL[1:]), ValueError, "In the validation data: .* 5 of y"),
    "an empty dev set": (
        {}, SENTENCES, TAGS, val([], []), ValueError, "In the validation data: .* 0 sample"),
    "texts in the dev set": (
        {}, SENTENCES, TAGS, val(["Ada"] * 6), TypeError, "In the validation data: Sample 0"),
    "numbers in the dev set": (
        {}, SENTENCES, TAGS, val(RAGGED[:6]), ValueError,
        "In the validation data: .* fitted on tokens, but X now holds numbers"),
    "too few to hold out": (
        {"early_stopping": True}, SENTENCES[:1], TAGS[:1], {}, ValueError, "of 1 samples"),
    # training
    "diverges at once": (
        {"callbacks": [Spoil("on_epoch_begin", 1)]}, SENTENCES, TAGS, {}, ValueError, "Lower lr"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_FITS)
def test_bad_fit(case, learned):
    params, X, y, arguments, error, message = BAD_FITS[case]
    new = tagger(**params)
    with pytest.raises(error, match=message):
        new.fit(X, y, **arguments)
    with pytest.raises(NotFittedError):
        check_is_fitted(new)
    old = deepcopy(learned).set_params(**params)
    with pytest.raises(error, match=message):
        old.fit(X, y, **arguments)
    assert_same(old.predict_marginals(SHORT), learned.predict_marginals(SHORT))


BAD_PREDICTIONS = {
    "a bare string": ("Ada", TypeError, "expected tok"),
    "texts": (texts, TypeError, "put a Tokenizer first"),
    "one sentence": (["Ada", "met"], TypeError, "Sample 0 is 'Ada'"),
    "None": (None, TypeError, "expected tok"),
    "no sentences": ([], ValueError, "0 sample"),
    "numbers": (RAGGED, ValueError, "X (now )?holds numbers"),
    "vectors": (embedded(), ValueError, "fitted on tokens, but X now holds vectors"),
    "ids": (Sequences.from_ids(IDS), ValueError, "vocabulary_size"),
}


@pytest.mark.parametrize("case", BAD_PREDICTIONS)
@pytest.mark.parametrize(
    "method", ["predict", "predict_marginals", "predict_n_best", "predict_entities"]
)
def test_bad_prediction(case, method, learned):
    X, error, message = BAD_PREDICTIONS[case]
    with pytest.raises(error, match=message):
        getattr(learned, method)(X)


def test_bad_score(learned):
    with pytest.raises(ValueError, match="Sentence 1 has 1 tags in y_true and 3 in y_pred"):
        learned.score(SENTENCES, with_row(TAGS, 1, ["O"]))
    with pytest.raises(ValueError, match="y_true has 20 sentences and y_pred 19"):
        learned.score(SENTENCES[1:], TAGS)
    with pytest.raises(ValueError, match="Sentence 1, token 1: 'I-PER' after 'O'"):
        learned.score(SENTENCES, with_row(TAGS, 1, ["O", "I-PER", "O"]))
    unseen = with_row(TAGS, 1, ["O", "O", "B-MISC"])
    assert learned.score(SENTENCES, unseen) == pytest.approx(2 * 32 / (2 * 32 + 2), abs=0.02)
