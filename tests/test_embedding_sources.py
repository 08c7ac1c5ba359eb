"""Pretrained vectors from other packages, as stand-ins and, where installed, as the real thing."""

import pickle
import struct
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from gensim.models import FastText
from gensim.models.fasttext import ft_ngram_hashes, load_facebook_vectors, save_facebook_model
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklstm import (
    LSTMTagger,
    SequencePadder,
    Word2VecEmbedder,
    entity_tagger,
    load,
    save,
    text_classifier,
)

TABLE = np.arange(1, 9, dtype=np.float32).reshape(4, 2)


class Strings(dict):
    """Stands in for spaCy's StringStore: from the hash of a string to the string."""


def spacy_vocab(**vectors):
    vectors = {"data": TABLE, "key2row": {901: 2, 77: 0, 5: 2, 6: 1}, **vectors}
    strings = Strings({901: "good", 77: "bad", 5: "fine"})  # hash 6 has no string
    return SimpleNamespace(strings=strings, vectors=SimpleNamespace(**vectors))


class Pieces:
    """Stands in for a tokenizer of word pieces: pairs of letters."""

    def encode(self, text, add_special_tokens=True):
        assert not add_special_tokens
        return SimpleNamespace(tokens=[text[i : i + 2] for i in range(0, len(text), 2)])


def static_model(**parts):
    tokens = ("go", "od", "[UNK]", "good")
    parts = {"embedding": TABLE, "tokens": tokens, "tokenizer": Pieces(), **parts}
    return SimpleNamespace(**parts)


class TestSpacy:
    @pytest.mark.parametrize(
        "wrap", [lambda vocab: vocab, lambda vocab: SimpleNamespace(vocab=vocab)]
    )
    def test_tokens_share_rows(self, wrap):
        model = Word2VecEmbedder(vectors=wrap(spacy_vocab())).fit([["good", "bad"]])
        assert model.vocabulary_ == {"good": 3, "bad": 2, "fine": 3}
        assert model.vectors_[2:].tolist() == [TABLE[0].tolist(), TABLE[2].tolist()]
        assert model.transform([["fine", "bad"]])[0].tolist() == [
            TABLE[2].tolist(),
            TABLE[0].tolist(),
        ]

    def test_max_tokens(self):
        model = Word2VecEmbedder(vectors=spacy_vocab(), max_tokens=3).fit([["good"]])
        assert list(model.vocabulary_) == ["good"]
        assert len(model.vectors_) == 3

    def test_missing_tokens_have_rows_of_their_own(self):
        model = Word2VecEmbedder(vectors=spacy_vocab(), min_count_missing=1, random_state=0)
        assert model.fit([["good", "new", "bad"]]).vocabulary_["new"] == 4
        assert len(model.vectors_) == 5

    def test_no_vectors(self):
        with pytest.raises(ValueError, match=r"no vectors\. Those whose names end in _md"):
            Word2VecEmbedder(vectors=spacy_vocab(key2row={})).fit([["a"]])

    def test_hashed_vectors(self):
        with pytest.raises(ValueError, match=r"hashed \(floret\) .* as a mapping"):
            Word2VecEmbedder(vectors=spacy_vocab(mode="floret")).fit([["a"]])

    def test_a_number_that_is_not_finite_names_its_token(self):
        table = TABLE.copy()
        table[2] = np.nan
        with pytest.raises(ValueError, match="The vector of 'good' has NaN"):
            Word2VecEmbedder(vectors=spacy_vocab(data=table)).fit([["a"]])

    def test_real(self):
        spacy = pytest.importorskip("spacy")
        nlp = spacy.blank("en")
        for word, vector in zip(["good", "bad", "film"], TABLE, strict=False):
            nlp.vocab.set_vector(word, vector)
        for source in (nlp, nlp.vocab):
            model = clone(Word2VecEmbedder(vectors=source)).fit([["good", "film"]])
            assert sorted(model.vocabulary_) == ["bad", "film", "good"]
            rows = model.transform([["film", "good"]])[0]
            assert rows.tolist() == [TABLE[2].tolist(), TABLE[0].tolist()]
            again = pickle.loads(pickle.dumps(model)).transform([["film", "good"]])[0]
            assert np.array_equal(again, rows)
        pipe = text_classifier(nlp.vocab, hidden_size=2, max_epochs=1, random_state=0)
        texts, labels = ["good film", "bad film"] * 4, [1, 0] * 4
        assert pipe.fit(texts, labels)[1].vectors_.shape[1] == 2
        with pytest.raises(ValueError, match="This model of spaCy has no vectors"):
            Word2VecEmbedder(vectors=spacy.blank("en")).fit([["a"]])


class TestModel2vec:
    def test_a_word_is_the_mean_of_its_pieces(self):
        model = Word2VecEmbedder(vectors=static_model()).fit([["good", "goodgo"]])
        assert list(model.vocabulary_) == ["go", "od", "[UNK]", "good"]
        rows = model.transform([["good", "goodgo", "goxx", "xx"]])[0]
        assert rows[0].tolist() == TABLE[3].tolist()
        np.testing.assert_allclose(rows[1], (2 * TABLE[0] + TABLE[1]) / 3, rtol=1e-6)
        assert rows[2].tolist() == TABLE[0].tolist()
        assert np.array_equal(rows[3], model.vectors_[1])

    def test_unknown_pieces_have_no_vector(self):
        model = Word2VecEmbedder(vectors=static_model(unk_token_id=2)).fit([["good"]])
        assert list(model.vocabulary_) == ["go", "od", "good"]
        assert model.transform([["good"]])[0].tolist() == [TABLE[3].tolist()]

    def test_shared_and_weighted_rows(self):
        source = static_model(
            embedding=TABLE[:2],
            token_mapping=np.array([0, 1, 0, 1]),
            weights=np.array([1, 2, 3, 4]),
        )
        model = Word2VecEmbedder(vectors=source).fit([["good"]])
        expected = TABLE[[0, 1, 0, 1]] * [[1], [2], [3], [4]]
        assert np.array_equal(model.vectors_[2:], expected)

    def test_real(self):
        model2vec = pytest.importorskip("model2vec")
        tokenizers = pytest.importorskip("tokenizers")
        vocabulary = ["[PAD]", "[UNK]", "good", "film", "##s", "un", "##known"]
        pieces = tokenizers.Tokenizer(
            tokenizers.models.WordPiece(
                dict(zip(vocabulary, range(7), strict=True)), unk_token="[UNK]"
            )
        )
        pieces.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
        pieces.normalizer = tokenizers.normalizers.Lowercase()
        table = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
        source = model2vec.StaticModel(table, pieces)
        words = ["good", "films", "Unknown", "FILM"]
        model = clone(Word2VecEmbedder(vectors=source)).fit([words])
        rows = model.transform([words])[0]
        np.testing.assert_allclose(rows, source.encode(words), rtol=1e-6)
        assert np.array_equal(model.transform([["x"]])[0][0], model.vectors_[1])
        again = pickle.loads(pickle.dumps(model)).transform([words])[0]
        assert np.array_equal(again, rows)
        texts, labels = ["good films", "unknown film"] * 4, [1, 0] * 4
        pipe = text_classifier(source, hidden_size=2, max_epochs=1, random_state=0)
        assert len(pipe.fit(texts, labels).predict(["films"])) == 1
        tags = [["O", "B-X"]] * 8
        tagger = entity_tagger(source, hidden_size=2, max_epochs=1, random_state=0)
        assert len(tagger.fit(texts, tags).predict(["films"])[0]) == 1


WORDS = ["playing", "player", "played", "film", "films"]


@pytest.fixture(scope="module")
def model():
    return FastText([WORDS] * 20, vector_size=5, min_count=1, bucket=500, seed=0, workers=1)


@pytest.fixture(scope="module")
def path(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("fasttext") / "model.bin"
    save_facebook_model(model, str(path))
    return path


class TestFastTextFile:
    @pytest.mark.parametrize("kind", [str, lambda path: path])
    def test_words_that_are_new_have_a_vector(self, model, path, kind):
        embedder = Word2VecEmbedder(vectors=kind(path)).fit([["film", "films"]])
        words = ["film", "playfilm", "replay"]
        rows = embedder.transform([words])[0]
        np.testing.assert_allclose(rows, model.wv[words], atol=1e-5)
        np.testing.assert_allclose(
            pickle.loads(pickle.dumps(embedder)).transform([words])[0], rows, atol=0
        )

    def test_the_table_of_ngrams_is_limited(self, model, path):
        full = Word2VecEmbedder(vectors=path).fit([["film"]])
        assert full.ngram_vectors_.shape == (500, 5)
        assert full.ngram_hashes_ is None
        small = Word2VecEmbedder(vectors=path, n_buckets=10).fit([["film"]])
        assert small.ngram_vectors_.shape == (10, 5)
        assert small.n_ngram_hashes_ == 500
        assert np.array_equal(small.ngram_vectors_, full.ngram_vectors_[small.ngram_hashes_])
        assert len(pickle.dumps(small)) < len(pickle.dumps(full)) - 5000
        # the n-grams of most tokens are kept: "play" is in three of five
        kept = set(small.ngram_hashes_.tolist())
        assert set(ft_ngram_hashes("play", 3, 6, 500)) & kept
        rows = [small.ngram_hashes_.tolist().index(h) for h in _hashes("replay") if h in kept]
        expected = small.ngram_vectors_[rows].mean(axis=0)
        np.testing.assert_allclose(small.transform([["replay"]])[0][0], expected, rtol=1e-5)

    def test_a_word_none_of_whose_ngrams_is_kept_is_unknown(self, path):
        small = Word2VecEmbedder(vectors=path, n_buckets=10).fit([["film"]])
        assert np.array_equal(small.transform([["xyzw"]])[0][0], small.vectors_[1])

    def test_limits_the_ngrams_of_keyed_vectors_too(self, model):
        small = Word2VecEmbedder(vectors=model.wv, n_buckets=10, scale=0.5).fit([["film"]])
        assert small.ngram_vectors_.shape == (10, 5)
        keyed = pickle.loads(pickle.dumps(model.wv))
        keyed.buckets_word = None
        again = Word2VecEmbedder(vectors=keyed, n_buckets=10, scale=0.5).fit([["film"]])
        assert np.array_equal(again.ngram_hashes_, small.ngram_hashes_)

    def test_max_tokens(self, path, model):
        small = Word2VecEmbedder(vectors=path, max_tokens=4).fit([["film"]])
        assert list(small.vocabulary_) == model.wv.index_to_key[:2]

    @pytest.mark.parametrize("n_bytes", [4, 100, 500, 3000])
    def test_cut_short(self, path, tmp_path, n_bytes):
        cut = tmp_path / "cut.bin"
        cut.write_bytes(path.read_bytes()[:n_bytes])
        with pytest.raises(ValueError, match=r"Cannot read the fastText model .*cut\.bin"):
            Word2VecEmbedder(vectors=cut).fit([["film"]])

    @pytest.mark.parametrize(
        ("position", "value", "message"),
        [
            (4, struct.pack("<i", 99), "format has version 99"),
            (8, struct.pack("<i", 4), "its table is of shape"),
            (-1, b"\1", "it is compressed, as .ftz files are"),
        ],
    )
    def test_other_contents(self, path, tmp_path, position, value, message):
        data = bytearray(path.read_bytes())
        # the flag of a compressed model is before the shape of the table
        flag = data.index(struct.pack("<2q", 500 + len(WORDS), 5)) - 1
        position = flag if position < 0 else position
        data[position : position + len(value)] = value
        (tmp_path / "other.bin").write_bytes(data)
        with pytest.raises(ValueError, match=message):
            Word2VecEmbedder(vectors=tmp_path / "other.bin").fit([["film"]])

    def test_words_of_many_bytes_cross_the_blocks_that_are_read(self, tmp_path):
        words = [f"{'д' * 40}{i}" for i in range(15_000)]
        model = FastText(
            vector_size=2, min_count=1, bucket=10, epochs=1, workers=1, min_n=1, max_n=2
        )
        model.build_vocab_from_freq(dict.fromkeys(words, 1))
        save_facebook_model(model, str(tmp_path / "long.bin"))
        embedder = Word2VecEmbedder(vectors=tmp_path / "long.bin").fit([words[:1]])
        assert list(embedder.vocabulary_) == model.wv.index_to_key
        some = words[::1000]
        np.testing.assert_allclose(
            embedder.transform([some])[0],
            load_facebook_vectors(str(tmp_path / "long.bin"))[some],
            atol=1e-6,
        )

    def test_model_without_ngrams(self, tmp_path):
        model = FastText([WORDS] * 5, vector_size=2, min_count=1, bucket=10, min_n=0, max_n=0)
        save_facebook_model(model, str(tmp_path / "words.bin"))
        embedder = Word2VecEmbedder(vectors=tmp_path / "words.bin").fit([WORDS])
        assert embedder.ngram_vectors_ is None
        assert sorted(embedder.vocabulary_) == sorted(WORDS)

    @pytest.mark.parametrize("version", [11, 12])
    def test_classifier_whose_labels_follow_the_words(self, version, tmp_path):
        arguments = [2, 5, 1, 1, 5, 1, 3, 3, 4, 2, 2, 100]  # dimension 2, supervised, 4 buckets
        head = struct.pack("<14id3i2q", 793712314, version, *arguments, 1e-4, 3, 2, 1, 9, -1)
        entries = [b"ab\0", b"c\0", b"__label__x\0"]
        counts = [struct.pack("<qb", 1, kind) for kind in (0, 0, 1)]
        words = b"".join(word + count for word, count in zip(entries, counts, strict=True))
        table = np.arange(12, dtype="<f4").reshape(6, 2)
        path = tmp_path / "classifier.bin"
        path.write_bytes(head + words + struct.pack("<?2q", False, 6, 2) + table.tobytes())
        embedder = Word2VecEmbedder(vectors=path, variants=False).fit([["ab"]])
        assert list(embedder.vocabulary_) == ["ab", "c"]
        rows = [table[2 + row] for row in ft_ngram_hashes("ab", 2, 2, 4)]
        expected = table[0] if version == 11 else np.mean([table[0], *rows], axis=0)
        np.testing.assert_allclose(embedder.transform([["ab"]])[0][0], expected)

    def test_real(self, tmp_path):
        fasttext = pytest.importorskip("fasttext")
        text, saved = tmp_path / "text.txt", tmp_path / "model.bin"
        text.write_text((" ".join(WORDS) + "\n") * 50)
        model = fasttext.train_unsupervised(
            str(text), dim=16, minCount=1, bucket=500, epoch=1, thread=1, verbose=0
        )
        model.save_model(str(saved))
        words = ["film", "films", "playfilm", "replay"]
        rows = Word2VecEmbedder(vectors=saved).fit([words]).transform([words])[0]
        expected = np.array([model.get_word_vector(word) for word in words])
        np.testing.assert_allclose(rows, expected, rtol=1e-5)


def _hashes(word):
    return ft_ngram_hashes(word, 3, 6, 500)


@pytest.mark.parametrize("wrong", [3, object(), ("a", "b", "c"), [3], [[{}]], {1, 2}])
def test_other_objects_are_refused(wrong):
    with pytest.raises(TypeError, match=r"vectors must be a path, a name .*model2vec.*got"):
        Word2VecEmbedder(vectors=wrong).fit([["a"]])


class TestSeveralTables:
    """A list of tables, whose vectors stand side by side."""

    GLOVE, NAMES = {"good": [1, 2], "bad": [3, 4]}, {"Ada": [5.0], "good": [7.0]}

    def fit(self, **options):
        embedder = Word2VecEmbedder(vectors=[self.GLOVE, self.NAMES], **options)
        return embedder.fit([["good", "Ada", "BAD", "GOOD", "new", "new"]])

    def test_vectors_stand_side_by_side(self):
        embedder = self.fit()
        assert embedder.vocabulary_ == {"good": 2, "bad": 3, "Ada": 4}
        assert (embedder.vector_size_, embedder.vectors_) == (3, None)
        found = embedder.transform([["good", "ada", "BAD", "GOOD", "new"]])[0]
        unknown = [2, 3], [6]  # the mean of each table
        assert found.tolist() == [
            [1, 2, 7],
            [*unknown[0], 5],
            [3, 4, *unknown[1]],
            [1, 2, 7],
            [*unknown[0], *unknown[1]],
        ]
        assert embedder.embedders_[1].transform([["Ada"]])[0].tolist() == [[5]]

    def test_each_table_is_scaled(self):
        for one in self.fit(scale=0.5).embedders_:
            assert one.vectors_[2:].std() == pytest.approx(0.5)

    def test_tokens_that_no_table_has(self):
        embedder = self.fit(min_count_missing=2, random_state=0)
        assert list(embedder.vocabulary_) == ["good", "bad", "new", "Ada"]
        drawn = embedder.transform([["new"]])[0]
        assert drawn.shape == (1, 3)
        assert all("new" in one.vocabulary_ for one in embedder.embedders_)
        again = self.fit(min_count_missing=2, random_state=0)
        np.testing.assert_array_equal(again.transform([["new"]])[0], drawn)

    def test_ngrams_of_one_table_only(self):
        words = [["good", "goodness", "bad", "badly"]] * 5
        fasttext = FastText(words, vector_size=2, min_count=1, bucket=50, seed=0, workers=1).wv
        embedder = Word2VecEmbedder(vectors=[self.GLOVE, fasttext]).fit(words)
        [found] = embedder.transform([["goodly"]])[0]
        assert found[:2].tolist() == [2, 3]
        np.testing.assert_allclose(found[2:], fasttext["goodly"], rtol=1e-5)

    def test_one_table_after_several(self):
        embedder = self.fit().set_params(vectors=self.GLOVE).fit([["good"]])
        assert embedder.embedders_ is None
        assert embedder.vectors_.shape == (4, 2)

    def test_clone_pickle_search_and_archive(self, tmp_path):
        embedder = self.fit()
        sentences = [["good", "Ada"], ["bad"]] * 4
        expected = embedder.transform(sentences)
        save(embedder, tmp_path / "embedder.sklstm")
        loaded = load(tmp_path / "embedder.sklstm")
        for copied in (loaded, pickle.loads(pickle.dumps(embedder)), clone(embedder)):
            found = copied.fit(sentences).transform(sentences)
            np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))
        np.testing.assert_array_equal(np.asarray(loaded.transform(sentences)), expected)
        pipe = make_pipeline(clone(embedder)).fit(sentences)
        save(pipe, tmp_path / "pipe.sklstm")  # without what scikit-learn sets during its fit
        np.testing.assert_array_equal(pipe.transform(sentences), expected)
        pipe = make_pipeline(Word2VecEmbedder(), LSTMTagger(hidden_size=2, max_epochs=1))
        grid = {"word2vecembedder__vectors": [self.GLOVE, [self.GLOVE, self.NAMES]]}
        search = GridSearchCV(pipe, grid, cv=2).fit(sentences, [["O", "B-PER"], ["O"]] * 4)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()

    def test_none_is_refused(self):
        with pytest.raises(ValueError, match="vectors is an empty list"):
            Word2VecEmbedder(vectors=[]).fit([["a"]])


class TestVariants:
    """Tokens without a vector are looked up in other forms."""

    @staticmethod
    def rows(tokens, *words, **parameters):
        table = np.eye(len(tokens), dtype=np.float32)
        model = Word2VecEmbedder(vectors=(table, tokens), unknown="zero", **parameters)
        with warnings.catch_warnings(action="ignore"):
            model.fit([words])
        return model.transform([words])[0].tolist()

    def test_case(self):
        tokens = ["good", "Paris", "NASA"]
        words = ["GOOD", "Good", "paris", "nasa", "bad"]
        expected = [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]]
        assert self.rows(tokens, *words) == expected
        assert self.rows(tokens, *words, variants=False) == [[0, 0, 0]] * 5

    @pytest.mark.parametrize("word", ["doesn't", "Doesn't", "DOESN'T", "doesn\u2019t"])
    def test_contractions(self, word):
        assert self.rows(["does", "n't", "doesn", "t"], word) == [[0.5, 0.5, 0, 0]]
        assert self.rows(["does", "doesn", "t"], word) == [[0, 1, 0]]
        assert self.rows(["doesn't", "does", "n't"], word) == [[1, 0, 0]]

    def test_parts_around_an_apostrophe(self):
        assert self.rows(["it", "'s", "s"], "it's") == [[0.5, 0.5, 0]]
        assert self.rows(["s", "it"], "it's") == [[0, 1]]
        assert self.rows(["l'", "homme", "l"], "l'homme") == [[0.5, 0.5, 0]]
        assert self.rows(["l", "homme"], "l'homme") == [[0, 1]]
        assert self.rows(["l"], "l'homme", "'", "homme") == [[1], [0], [0]]

    def test_the_token_itself_comes_first(self):
        assert self.rows(["Us", "us"], "us", "Us", "US") == [[0, 1], [1, 0], [0, 1]]

    def test_found_tokens_are_not_missing(self):
        vectors = (np.eye(2), ["it", "'s"])
        model = Word2VecEmbedder(vectors=vectors, min_count_missing=1, random_state=0)
        assert list(model.fit([["it's", "new", "It"]]).vocabulary_) == ["it", "'s", "new"]

    def test_has_no_effect_on_trained_vectors(self):
        model = Word2VecEmbedder(min_count=1, random_state=0).fit([["it", "film"]])
        assert np.array_equal(model.transform([["It"]])[0][0], model.vectors_[1])


class TestCoverage:
    """A warning says if most tokens have no vector."""

    VECTORS = (np.eye(3), ["the", "film", "good"])

    def message(self, tokens, **parameters):
        with pytest.warns(UserWarning, match="no vector of their own") as caught:
            Word2VecEmbedder(vectors=self.VECTORS, **parameters).fit([tokens])
        embedder = Word2VecEmbedder(vectors=self.VECTORS, **parameters)
        pipe = make_pipeline(embedder, SequencePadder())
        with pytest.warns(UserWarning, match="no vector of their own") as piped:
            pipe.fit([tokens])
        assert caught[0].filename == piped[0].filename == __file__
        return str(caught[0].message)

    def test_figures_examples_and_advice(self):
        tokens = ["это", "это", "хороший", "film", "и", "не", "тот", "самый"]
        assert self.message(tokens) == (
            "88% of the tokens of X, and 86% of the 7 distinct ones, have no vector of their own, "
            "such as 'это', 'хороший', 'и', 'не', 'тот'; there are vectors for 'the', 'film', "
            "'good'. Check that the vectors are for the language of X, and that X is split into "
            "tokens as they are."
        )

    def test_casing(self):
        assert "Set lowercase=True, or" in self.message(["THE", "FILM", "good"], variants=False)

    def test_contractions(self):
        assert "set variants=True" in self.message(["isn't", "it's", "good"])

    @pytest.mark.parametrize("tokens", [["the", "new"], ["THE", "Film", "x"], [], ["the"] * 9])
    def test_none_if_half_is_known(self, tokens):
        with warnings.catch_warnings(action="error"):
            Word2VecEmbedder(vectors=self.VECTORS).fit([tokens])

    def test_pieces_and_other_forms_count_as_known(self):
        with warnings.catch_warnings(action="error"):
            Word2VecEmbedder(vectors=static_model()).fit([["odgo", "gogo", "xx"]])
