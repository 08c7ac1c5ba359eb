import logging
import os
import pickle
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import sklearn
from gensim.models import FastText, KeyedVectors, Word2Vec
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklstm import (
    LSTMClassifier,
    SequencePadder,
    Sequences,
    TokenIndexer,
    Tokenizer,
    Word2VecEmbedder,
)

DOCUMENTS = [
    ["a", "good", "film"],
    ["a", "bad", "film"],
    ["not", "a", "good", "film"],
    [],
    ["good"],
]
TABLE = np.arange(1, 7, dtype=np.float32).reshape(3, 2)  # good, film, bad
READY = (TABLE, ["good", "film", "bad"])


def corpus(n_documents=200, seed=0):
    """Documents of two topics: words of one never meet words of the other."""
    random = np.random.default_rng(seed)
    topics = random.integers(0, 2, n_documents)
    return [
        [f"{'xy'[topic]}{i}" for i in random.integers(0, 12, random.integers(5, 15))]
        for topic in topics
    ]


def embedder(**parameters):
    return Word2VecEmbedder(
        **{"vector_size": 6, "min_count": 1, "epochs": 2, "random_state": 0, **parameters}
    )


def trained_bytes():
    models = [embedder(algorithm=name, n_buckets=50) for name in ("word2vec", "fasttext")]
    return b"".join(model.fit(corpus()).vectors_.tobytes() for model in models)


def means(batch):
    """One row for each document, for estimators that want a matrix."""
    dense = np.asarray(batch)
    return dense.mean(axis=1)


class TestTraining:
    @pytest.mark.parametrize("algorithm", ["word2vec", "fasttext"])
    @pytest.mark.parametrize("architecture", ["cbow", "skip-gram"])
    def test_words_of_one_topic_are_neighbours(self, algorithm, architecture):
        model = embedder(
            algorithm=algorithm, architecture=architecture, epochs=20, alpha=0.1, sample=0
        ).fit(corpus())
        directions = model.vectors_[2:] / np.linalg.norm(model.vectors_[2:], axis=1)[:, None]
        topics = np.array([token[0] for token in list(model.vocabulary_)])
        similar = directions @ directions.T
        same = topics[:, None] == topics
        assert similar[same].mean() > similar[~same].mean() + 0.3

    def test_it_is_what_gensim_trains(self):
        documents = corpus()
        model = embedder(architecture="skip-gram", window=3, negative=7).fit(documents)
        seed = np.random.RandomState(0).randint(np.iinfo(np.int32).max)
        expected = Word2Vec(
            vector_size=6,
            sg=1,
            window=3,
            negative=7,
            workers=1,
            seed=seed,
            min_count=1,
            sorted_vocab=0,
        )
        order = list(model.vocabulary_)
        counts = {token: sum(row.count(token) for row in documents) for token in order}
        assert sorted(counts.values(), reverse=True) == list(counts.values())
        expected.build_vocab_from_freq(counts)
        expected.train(documents, total_words=sum(counts.values()), epochs=2)
        assert np.array_equal(model.vectors_[2:], expected.wv.vectors)

    def test_vocabulary(self):
        model = embedder(min_count=2).fit(DOCUMENTS)
        assert list(model.vocabulary_.items()) == [("a", 2), ("good", 3), ("film", 4)]
        assert model.vectors_.shape == (5, 6)
        assert model.vectors_.dtype == np.float32
        assert not model.vectors_[0].any()
        assert list(embedder(max_tokens=4).fit(DOCUMENTS).vocabulary_) == ["a", "good"]

    def test_unknown_vector(self):
        model = embedder().fit(DOCUMENTS)
        assert np.allclose(model.vectors_[1], model.vectors_[2:].mean(axis=0))
        assert not embedder(unknown="zero").fit(DOCUMENTS).vectors_[1].any()

    def test_unknown_tokens_of_the_corpus_train_a_vector(self):
        documents = [["a", "<unk>", "b"], ["<unk>", "a"]] * 3
        model = embedder().fit(documents)
        assert model.vocabulary_ == {"a": 2, "<unk>": 3, "b": 4}
        assert np.array_equal(model.vectors_[1], model.vectors_[3])
        assert not np.allclose(model.vectors_[1], model.vectors_[2:].mean(axis=0))
        indexed = TokenIndexer(vocabulary=["a", "b"]).fit_transform(
            [[t.replace("<unk>", "?") for t in row] for row in documents]
        )
        model = embedder().fit(indexed)
        assert np.array_equal(model.vectors_[1], model.vectors_[model.vocabulary_["<unk>"]])

    def test_reproducible_in_another_process(self):
        program = (
            "import sys; sys.path.insert(0, 'tests'); import test_embeddings as tests\n"
            "sys.stdout.buffer.write(tests.trained_bytes())"
        )
        environment = {"PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)}
        there = subprocess.run(
            [sys.executable, "-c", program],
            cwd=Path(__file__).parents[1],
            env={**os.environ, **environment},
            capture_output=True,
            check=True,
            timeout=120,
        )
        assert there.stdout == trained_bytes()

    def test_random_state(self):
        documents = corpus()
        vectors = embedder().fit(documents).vectors_
        assert np.array_equal(embedder().fit(documents).vectors_, vectors)
        assert not np.array_equal(embedder(random_state=1).fit(documents).vectors_, vectors)
        with pytest.warns(UserWarning, match="n_jobs=2 has no effect"):
            model = embedder(n_jobs=2).fit(documents)
        assert np.array_equal(model.vectors_, vectors)
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        embedder().fit(documents)
        assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002

    def test_threads(self):
        model = embedder(n_jobs=2, random_state=None).fit(corpus())
        assert np.isfinite(model.vectors_).all()

    @pytest.mark.parametrize("algorithm", ["word2vec", "fasttext"])
    def test_sequences_and_tokens_train_the_same(self, algorithm):
        documents = corpus(50)
        model = embedder(algorithm=algorithm, n_buckets=50)
        vectors = model.fit(documents).vectors_
        padded = SequencePadder(padding="pre").fit_transform(documents)
        assert np.array_equal(model.fit(padded).vectors_, vectors)
        assert np.array_equal(model.fit(list(map(tuple, documents))).vectors_, vectors)

    def test_nothing_of_a_long_document_is_left_out(self):
        document = ["a", "b"] * 15_000
        parts = [document[start : start + 10_000] for start in range(0, 30_000, 10_000)]
        whole, cut = embedder().fit([document]), embedder().fit(parts)
        assert np.array_equal(whole.vectors_, cut.vectors_)

    def test_extra_tokens(self):
        documents = corpus()
        whole = embedder().fit(documents)
        parts = embedder().fit(documents[:50], extra_tokens=documents[50:])
        assert parts.vocabulary_ == whole.vocabulary_
        assert np.array_equal(parts.vectors_, whole.vectors_)
        extra = Sequences.from_tokens(documents[50:])
        assert np.array_equal(
            embedder().fit(documents[:50], extra_tokens=extra).vectors_, whole.vectors_
        )

    def test_auto_is_skip_gram_with_extra_tokens(self):
        documents = corpus()
        for extra, name in ((None, "cbow"), (documents[50:], "skip-gram")):
            found, expected = (
                embedder(architecture=one).fit(documents[:50], extra_tokens=extra).vectors_
                for one in ("auto", name)
            )
            np.testing.assert_array_equal(found, expected)

    def test_extra_tokens_in_a_pipeline(self):
        documents = corpus()
        texts = [" ".join(row) for row in documents]
        y = np.arange(200) % 2
        whole = embedder().fit(documents)
        pipeline = make_pipeline(
            Tokenizer(), embedder(), FunctionTransformer(means), LogisticRegression()
        )
        pipeline.fit(texts[:50], y[:50], word2vecembedder__extra_tokens=documents[50:])
        assert np.array_equal(pipeline[1].vectors_, whole.vectors_)
        with sklearn.config_context(enable_metadata_routing=True):
            pipeline[1].set_fit_request(extra_tokens=True)
            routed = clone(pipeline).fit(texts[:50], y[:50], extra_tokens=documents[50:])
            assert np.array_equal(routed[1].vectors_, whole.vectors_)
            routed = clone(pipeline).set_params(transform_input=["extra_tokens"])
            routed.fit(texts[:50], y[:50], extra_tokens=texts[50:])
            assert np.array_equal(routed[1].vectors_, whole.vectors_)
            search = GridSearchCV(pipeline, {"logisticregression__C": [1]}, cv=2)
            search.fit(texts[:50], y[:50], extra_tokens=documents[50:])
        assert np.array_equal(search.best_estimator_[1].vectors_, whole.vectors_)

    def test_lowercase(self):
        documents = [["Good", "film"], ["good", "Film"]]
        model = embedder(lowercase=True).fit(documents)
        assert list(model.vocabulary_) == ["good", "film"]
        batch = model.transform([["GOOD", "good"]])
        assert batch.tokens() == [["GOOD", "good"]]
        assert np.array_equal(batch[0][0], batch[0][1])
        assert np.array_equal(batch[0][0], model.vectors_[2])

    def test_silent_unless_verbose(self, capfd, caplog):
        with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
            warnings.simplefilter("error")
            embedder().fit_transform(corpus(20))
        assert capfd.readouterr() == ("", "")
        level, handlers = logging.getLogger("gensim").level, logging.getLogger("gensim").handlers
        embedder(verbose=1).fit(corpus(20))
        lines = capfd.readouterr().out.splitlines()
        assert lines[0] == "[Word2VecEmbedder] training vectors for 24 of 24 distinct tokens"
        pattern = r"\[Word2VecEmbedder\] epoch 2 of 2: [\d,]+ tokens/s, \d\.\d s in all"
        assert re.fullmatch(pattern, lines[1])
        assert len(lines) == 2
        assert logging.getLogger("gensim").level == level
        assert logging.getLogger("gensim").handlers == handlers

    def test_verbose_tells_the_time_left_of_a_long_training(self, capfd, monkeypatch):
        monkeypatch.setattr("sklstm.embeddings._training.SECONDS_BETWEEN", 0)
        embedder(verbose=1).fit(corpus(20))
        lines = capfd.readouterr().out.splitlines()
        assert re.search(r"epoch 1 of 2: [\d,]+ tokens/s, about 0 s left$", lines[1])
        assert len(lines) == 3


class TestFastText:
    def test_unseen_words_have_the_vector_that_gensim_gives_them(self):
        keyed = FastText([["playing", "player"]] * 20, vector_size=5, min_count=1, bucket=50).wv
        words = ["played", "игра", "play", "a"]
        batch = Word2VecEmbedder(vectors=keyed).fit([["player"]]).transform([words])
        for word, vector in zip(words, batch[0], strict=True):
            assert np.allclose(vector, keyed[word], atol=1e-6)

    def test_trained(self):
        model = embedder(algorithm="fasttext", ngram_range=(2, 4), n_buckets=50).fit(DOCUMENTS)
        assert model.ngram_vectors_.shape == (50, 6)
        assert model.ngram_range_ == (2, 4)
        batch = model.transform([["films", "goodness", "<unk>", "<pad>"]])
        assert len(np.unique(batch[0], axis=0)) == 4
        assert embedder().fit(DOCUMENTS).ngram_vectors_ is None

    def test_words_without_ngrams_are_unknown(self):
        model = embedder(algorithm="fasttext", ngram_range=(6, 6), n_buckets=50).fit(DOCUMENTS)
        assert np.array_equal(model.transform([["x"]])[0][0], model.vectors_[1])

    def test_pickle_holds_weights_and_little_more(self):
        model = embedder(algorithm="fasttext", n_buckets=2000).fit(corpus())
        weights = model.vectors_.nbytes + model.ngram_vectors_.nbytes
        assert len(pickle.dumps(model)) < 1.2 * weights + 2000


class TestTransform:
    def test_categories_are_the_tokens_of_the_batch(self):
        batch = embedder(vectors=READY).fit(DOCUMENTS).transform([["new", "film"], [], ["film"]])
        assert batch.categories == ["<pad>", "<unk>", "new", "film"]
        assert batch.tokens() == [["new", "film"], [], ["film"]]
        assert batch.vectors.tolist() == [[0, 0], [3, 4], [3, 4], [3, 4]]

    def test_categories_out_of_use_are_dropped(self):
        model = embedder(vectors=READY).fit(DOCUMENTS)
        indexed = TokenIndexer().fit(DOCUMENTS).transform([["film", "awful", "good"]])
        batch = model.transform(indexed)
        assert batch.categories == ["<pad>", "<unk>", "film", "good"]
        assert batch[0].tolist() == [[3, 4], [3, 4], [1, 2]]
        assert model.transform(batch).vectors.tolist() == batch.vectors.tolist()

    @given(
        st.lists(st.lists(st.sampled_from("abcdeX"), max_size=7), min_size=1, max_size=6),
        st.integers(1, 8),
        st.sampled_from(["pre", "post", "middle"]),
        st.sampled_from(["pre", "post"]),
        st.booleans(),
    )
    def test_commutes_with_padding(self, documents, max_length, truncating, padding, lowercase):
        vectors = (np.random.default_rng(0).normal(size=(4, 3)), list("abcx"))
        model = Word2VecEmbedder(vectors=vectors, lowercase=lowercase).fit([["a"]])
        padder = SequencePadder(max_length=max_length, truncating=truncating, padding=padding)
        padder.fit(documents)
        first, last = (
            padder.transform(model.transform(documents)),
            model.transform(padder.transform(documents)),
        )
        assert first.tokens() == last.tokens()
        assert np.array_equal(first.codes == 0, last.codes == 0)
        assert np.array_equal(first.offsets, last.offsets)
        assert np.array_equal(np.asarray(first), np.asarray(last))

    def test_vectors_are_not_multiplied_out(self):
        vectors = {"a": np.zeros(1000)}
        batch = Word2VecEmbedder(vectors=vectors).fit([["a"]]).transform([["a"] * 100_000])
        assert len(pickle.dumps(batch)) < 500_000

    @pytest.mark.parametrize("documents", [[[]], [["new"], []], [["<unk>"]], [["<pad>"]]])
    def test_empty_and_unknown_documents(self, documents):
        model = embedder().fit(DOCUMENTS)
        assert len(model.transform(documents)) == len(documents)

    def test_feature_names_and_frames(self):
        model = embedder().fit(DOCUMENTS)
        assert model.get_feature_names_out().tolist() == [f"word2vec{i}" for i in range(6)]
        with pytest.raises(ValueError, match="set_output"):
            make_pipeline(model).set_output(transform="pandas")
        with sklearn.config_context(transform_output="pandas"):
            assert isinstance(model.transform(DOCUMENTS), Sequences)

    def test_unfitted(self):
        for call in (lambda: embedder().transform(DOCUMENTS), embedder().get_feature_names_out):
            with pytest.raises(NotFittedError):
                call()


class TestReadyVectors:
    @pytest.mark.parametrize("kind", ["array", "list", "dict", "mapping", "keyed", "path"])
    @pytest.mark.filterwarnings("ignore:.* have no vector of their own")
    def test_every_kind(self, kind, tmp_path):
        tokens = READY[1]
        keyed = KeyedVectors(2)
        keyed.add_vectors(tokens, TABLE)
        path = tmp_path / "vectors.txt"
        keyed.save_word2vec_format(str(path))
        vectors = {
            "array": READY,
            "list": (TABLE.astype(np.float16).tolist(), np.array(tokens)),
            "dict": (TABLE, dict(reversed(list(zip(tokens, range(3), strict=True))))),
            "mapping": dict(zip(tokens, TABLE, strict=True)),
            "keyed": keyed,
            "path": path,
        }[kind]
        model = Word2VecEmbedder(vectors=vectors).fit(DOCUMENTS)
        assert model.vocabulary_ == {"good": 2, "film": 3, "bad": 4}
        assert model.vectors_.tolist() == [[0, 0], [3, 4], *TABLE.tolist()]
        assert model.vector_size_ == 2
        first = clone(model).set_params(max_tokens=3).fit(DOCUMENTS)
        assert list(first.vocabulary_) == ["good"]
        again = pickle.loads(pickle.dumps(model))
        assert np.array_equal(again.vectors_, model.vectors_)

    def test_are_copied(self):
        model = Word2VecEmbedder(vectors=READY).fit(DOCUMENTS)
        model.vectors_[:] = 7
        assert TABLE.max() == 6

    def test_path_is_all_that_is_cloned_and_pickled(self, tmp_path):
        path = tmp_path / "vectors.txt"
        path.write_text("".join(f"token{i} {i} 0.5\n" for i in range(1000)))
        model = Word2VecEmbedder(vectors=str(path)).fit([["token1"]])
        assert model.transform([["token7"]])[0].tolist() == [[7, 0.5]]
        path.unlink()
        again = pickle.loads(pickle.dumps(model))
        assert again.transform([["token7"]])[0].tolist() == [[7, 0.5]]

    def test_own_special_tokens(self):
        tokens = ["good", "<unk>", "bad", "<pad>"]
        table = np.array([[1, 1], [9, 8], [3, 3], [5, 5]])
        model = Word2VecEmbedder(vectors=(table, tokens)).fit([["good"]])
        assert model.vocabulary_ == {"good": 2, "<unk>": 3, "bad": 4, "<pad>": 5}
        assert model.vectors_.tolist() == [[0, 0], [9, 8], *table.tolist()]
        batch = model.transform([["<pad>", "film", "<unk>"]])
        assert batch.tokens() == [["<pad>", "film", "<unk>"]]
        assert batch[0].tolist() == [[5, 5], [9, 8], [9, 8]]

    def test_table_of_another_embedder(self):
        model = embedder().fit(DOCUMENTS)
        again = Word2VecEmbedder(vectors=(model.vectors_, model.vocabulary_)).fit(DOCUMENTS)
        assert again.vocabulary_ == model.vocabulary_
        assert np.array_equal(again.vectors_, model.vectors_)

    @pytest.mark.parametrize(
        ("vectors", "error", "message"),
        [
            (np.zeros((2, 2)), TypeError, "tuple .array, vocabulary.*got ndarray"),
            ((TABLE,), TypeError, "got tuple"),
            (Word2Vec([["a"]], min_count=1), TypeError, "got Word2Vec. Pass its .wv"),
            (3, TypeError, "got int"),
            ((TABLE, ["a", "b"]), ValueError, "each of the 2 tokens"),
            ((TABLE[0], ["a", "b"]), ValueError, r"shape \(2,\)"),
            ((TABLE, {"a": 0, "b": 1, "c": 3}), ValueError, "number the rows"),
            ((TABLE, ["a", "b", 3]), TypeError, "got 3"),
            ((TABLE * np.inf, ["a", "b", "c"]), ValueError, "'a' has NaN or infinite"),
            ({"a": [1, 2], "b": [1, np.nan]}, ValueError, "'b' has NaN"),
            ({"a": [1, 1e300]}, ValueError, "'a' has NaN or infinite"),
            ({"a": [1, 2], "b": [1]}, ValueError, "equally many"),
            ({"a": "x", "b": "y"}, ValueError, "must be numbers"),
            ({"a": [], "b": []}, ValueError, "empty"),
            ({}, ValueError, "one row for each of the 0"),
            ("nowhere.txt", FileNotFoundError, "nowhere.txt"),
        ],
    )
    def test_wrong_vectors(self, vectors, error, message):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(error, match=message):
                Word2VecEmbedder(vectors=vectors).fit(DOCUMENTS)

    def test_file_cut_short(self, tmp_path):
        path = tmp_path / "vectors.txt"
        path.write_text("3 2\na 1 2\nb 3 4\n")
        with pytest.raises(ValueError, match=r"vectors\.txt: it ends after 2 of 3"):
            Word2VecEmbedder(vectors=path).fit(DOCUMENTS)

    @pytest.mark.parametrize("kind", ["path", "tuple", "keyed", "read by gensim"])
    def test_repeated_tokens_have_their_first_vector(self, kind, tmp_path):
        path, tokens = tmp_path / "vectors.txt", ["good", "film", "good", "bad"]
        table = np.array([[1, 2], [3, 4], [5, 6], [7, 8]], np.float32)
        path.write_text("4 2\ngood 1 2\nfilm 3 4\ngood 5 6\nbad 7 8\n")
        keyed = KeyedVectors(2)
        keyed.add_vectors(tokens, table)
        vectors = {
            "path": path,
            "tuple": (table, tokens),
            "keyed": keyed,
            "read by gensim": KeyedVectors.load_word2vec_format(str(path)),
        }[kind]
        with pytest.warns(UserWarning, match=r"1 of 4 vectors (repeat a token|have no token)"):
            model = Word2VecEmbedder(vectors=vectors, unknown="zero").fit(DOCUMENTS)
        assert model.vocabulary_ == {"good": 2, "film": 3, "bad": 4}
        assert model.vectors_.tolist() == [[0, 0], [0, 0], [1, 2], [3, 4], [7, 8]]

    def test_warns_that_extra_tokens_have_no_effect(self):
        with pytest.warns(UserWarning, match="extra_tokens has no effect"):
            Word2VecEmbedder(vectors=READY).fit(DOCUMENTS, extra_tokens=DOCUMENTS)


class TestErrors:
    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"vector_size": 0}, "'vector_size' .* Got 0"),
            ({"vector_size": 2.0}, "'vector_size' .* Got 2.0"),
            ({"algorithm": "glove"}, "'algorithm' .* Got 'glove'"),
            ({"architecture": "sg"}, "'architecture' .* Got 'sg'"),
            ({"window": 0}, "'window' .* Got 0"),
            ({"window": 2**31}, "'window' .* Got 2147483648"),
            ({"min_count": 0}, "'min_count' .* Got 0"),
            ({"max_tokens": 2}, "'max_tokens' .* Got 2"),
            ({"epochs": 0}, "'epochs' .* Got 0"),
            ({"epochs": "few"}, "'epochs' .* Got 'few'"),
            ({"negative": 0}, "'negative' .* Got 0"),
            ({"negative": 2**31}, "'negative' .* Got 2147483648"),
            ({"sample": 1.0}, "'sample' .* Got 1.0"),
            ({"alpha": 0}, "'alpha' .* Got 0"),
            ({"alpha": 1e39}, r"'alpha' .* Got 1e\+39"),
            ({"n_buckets": 0}, "'n_buckets' .* Got 0"),
            ({"ngram_range": 3}, "'ngram_range' .* Got 3"),
            ({"ngram_range": (3, 2)}, r"ngram_range must be two integers .* got \(3, 2\)"),
            ({"ngram_range": (0, 2)}, "ngram_range must be two integers"),
            ({"ngram_range": (1, 2, 3)}, "ngram_range must be two integers"),
            ({"lowercase": "yes"}, "'lowercase' .* Got 'yes'"),
            ({"unknown": "random"}, "'unknown' .* Got 'random'"),
            ({"n_jobs": 0, "random_state": None}, "n_jobs"),
            ({"random_state": "x"}, "'random_state' .* Got 'x'"),
        ],
    )
    def test_parameters(self, parameters, message):
        with pytest.raises(ValueError, match=message):
            embedder(**parameters).fit(DOCUMENTS)

    @pytest.mark.parametrize(
        ("X", "error", "message"),
        [
            ([], ValueError, r"0 sample\(s\)"),
            ("a text", TypeError, "bare"),
            (["a text"], TypeError, "Tokenizer"),
            ([["a", None]], TypeError, "Token 1 of sample 0"),
            ([["a"], [b"b"]], TypeError, "Token 0 of sample 1"),
            ([[1, 2]], TypeError, "Token 0 of sample 0"),
            ([None], TypeError, "Sample 0"),
            (Sequences.from_ids([[2, 3]]), ValueError, "ids without their strings"),
            (Sequences.from_tokens([]), ValueError, r"0 sample\(s\)"),
        ],
    )
    def test_input(self, X, error, message):
        with pytest.raises(error, match=message):
            embedder().fit(X)
        with pytest.raises(error, match=f"In extra_tokens: .*{message}"):
            embedder().fit(DOCUMENTS, extra_tokens=X)
        with pytest.raises(error, match=message):
            embedder().fit(DOCUMENTS).transform(X)

    def test_no_token_is_frequent_enough(self):
        with pytest.raises(ValueError, match=r"min_count=5 times .* Lower min_count"):
            Word2VecEmbedder().fit([["a", "b"]])
        with pytest.raises(ValueError, match="No text has a token"):
            Word2VecEmbedder().fit([[], []])

    def test_failed_fit_keeps_what_was_learned(self):
        model = embedder().fit(DOCUMENTS)
        vectors = model.vectors_
        with pytest.raises(ValueError, match="min_count"):
            model.set_params(min_count=100).fit(DOCUMENTS)
        assert model.vectors_ is vectors


class TestScikitLearn:
    def test_clone_and_repr(self):
        model = embedder(vectors="path.txt", ngram_range=(2, 3))
        assert clone(model).get_params() == model.get_params()
        assert "ngram_range=(2, 3)" in repr(model)

    def test_pickle_of_a_fitted_model_is_about_the_size_of_its_weights(self):
        model = embedder(vector_size=300).fit(corpus())
        again = pickle.loads(pickle.dumps(model))
        assert len(pickle.dumps(model)) < model.vectors_.nbytes + 2000
        assert np.array_equal(
            again.transform(DOCUMENTS).vectors, model.transform(DOCUMENTS).vectors
        )

    def test_search_over_a_pipeline(self):
        documents = corpus(60)
        texts, labels = [" ".join(row) for row in documents], [row[0][0] for row in documents]
        pipeline = make_pipeline(
            Tokenizer(),
            Word2VecEmbedder(min_count=1, random_state=0),
            SequencePadder(max_length=8),
            FunctionTransformer(means),
            LogisticRegression(),
        )
        search = GridSearchCV(pipeline, {"word2vecembedder__vector_size": [2, 5]}, cv=2).fit(
            texts, labels
        )
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
        again = pickle.loads(pickle.dumps(search.best_estimator_))
        assert again.predict(texts).tolist() == search.predict(texts).tolist()


class TestScale:
    """One factor for all vectors."""

    @pytest.mark.parametrize("algorithm", ["word2vec", "fasttext"])
    def test_brings_the_numbers_to_a_standard_deviation(self, algorithm):
        options = {"algorithm": algorithm, "vector_size": 4, "n_buckets": 50, "random_state": 0}
        plain = Word2VecEmbedder(**options).fit(corpus())
        scaled = Word2VecEmbedder(**options, scale=0.5).fit(corpus())
        assert scaled.vectors_[2:].std() == pytest.approx(0.5, rel=1e-5)
        factor = 0.5 / plain.vectors_[2:].std()
        np.testing.assert_allclose(scaled.vectors_, factor * plain.vectors_, rtol=1e-4)
        unseen = [["x1x2"]]
        np.testing.assert_allclose(
            scaled.transform(unseen)[0], factor * plain.transform(unseen)[0], rtol=1e-4
        )

    def test_leaves_given_vectors_as_they_are(self):
        table = TABLE.copy()
        embedder = Word2VecEmbedder(vectors=(table, READY[1]), scale=1.0).fit(DOCUMENTS)
        np.testing.assert_array_equal(table, TABLE)
        assert embedder.vectors_[2:].std() == pytest.approx(1.0)

    def test_refuses_vectors_without_spread(self):
        with pytest.raises(ValueError, match="all numbers of the vectors are equal"):
            Word2VecEmbedder(vectors=(np.ones((3, 2)), READY[1]), scale=1.0).fit(DOCUMENTS)


class TestFoldDigits:
    """Digits are read as 0 where a token is not found as it is."""

    def test_tokens_share_a_vector_and_keep_their_digits(self):
        vectors = {"00": [1.0, 2.0], "7": [3.0, 4.0], "b0": [5.0, 6.0]}
        model = Word2VecEmbedder(vectors=vectors, fold_digits=True).fit([["12"]])
        batch = model.transform([["12", "99", "7", "8", "b7", "٣٤", "<unk>", "<pad>"]])
        assert batch.tokens() == [["12", "99", "7", "8", "b7", "٣٤", "<unk>", "<pad>"]]
        unknown = model.vectors_[1].tolist()
        rows = [[1, 2], [1, 2], [3, 4], unknown, [5, 6], [1, 2], unknown, unknown]
        assert batch[0].tolist() == rows

    @pytest.mark.parametrize("algorithm", ["word2vec", "fasttext"])
    def test_vectors_are_trained_for_folded_tokens(self, algorithm):
        documents = [["In", "1996"], ["in", "1871"], ["in", "0000"]]
        folded = [["in", "0000"]] * 3
        model = embedder(algorithm=algorithm, n_buckets=50, lowercase=True, fold_digits=True)
        model.fit(documents)
        plain = embedder(algorithm=algorithm, n_buckets=50).fit(folded)
        assert model.vocabulary_ == plain.vocabulary_ == {"in": 2, "0000": 3}
        assert np.array_equal(model.vectors_, plain.vectors_)
        assert np.array_equal(model.transform([["1234"]])[0][0], model.vectors_[3])

    def test_a_second_fit_forgets_the_first(self):
        model = embedder(fold_digits=True).fit([["00"]])
        model.set_params(fold_digits=False).fit([["12"]])
        assert list(model.set_params(fold_digits=True).fit([["12"]]).vocabulary_) == ["00"]


@pytest.mark.filterwarnings("ignore:.* no vector of their own")
class TestMinCountMissing:
    """Frequent tokens that pretrained vectors lack have vectors of their own."""

    DOCUMENTS = [["A", "good", "1996"], ["a", "film", "1871"], ["rare", "'s"]]

    def missing(self, **parameters):
        parameters = {"vectors": READY, "min_count_missing": 2, "random_state": 0, **parameters}
        return Word2VecEmbedder(**parameters).fit(self.DOCUMENTS)

    def test_vocabulary(self):
        ready = ["good", "film", "bad"]
        assert list(self.missing().vocabulary_) == ready
        assert list(self.missing(lowercase=True).vocabulary_) == [*ready, "a"]
        model = self.missing(lowercase=True, fold_digits=True)
        assert list(model.vocabulary_) == [*ready, "a", "0000"]
        assert list(model.vocabulary_.values()) == list(range(2, 7))
        ready_rows = Word2VecEmbedder(vectors=READY).fit(DOCUMENTS).vectors_
        assert np.array_equal(model.vectors_[:5], ready_rows)
        everything = self.missing(min_count_missing=1)
        assert list(everything.vocabulary_) == [*ready, "A", "1996", "a", "1871", "rare", "'s"]

    def test_tokens_that_share_a_vector_stay_apart(self):
        model = self.missing(lowercase=True, fold_digits=True)
        batch = model.transform([["A", "a", "2001", "1996", "rare"]])
        assert batch.categories == ["<pad>", "<unk>", "A", "a", "2001", "1996", "rare"]
        rows = batch[0]
        assert np.array_equal(rows[0], rows[1])
        assert np.array_equal(rows[2], rows[3])
        assert np.array_equal(rows[4], model.vectors_[1])
        assert not np.array_equal(rows[0], rows[2])

    @pytest.mark.parametrize(
        "vectors",
        [READY, {"good": [1.0, 1.0]}, {"good": [0.0, 0.0]}, {"good": [1, 0], "<unk>": [5, 5]}],
    )
    @pytest.mark.parametrize("unknown", ["mean", "zero"])
    def test_differ_from_each_other_and_the_unknown_vector(self, vectors, unknown):
        model = self.missing(vectors=vectors, unknown=unknown, min_count_missing=1)
        new = model.vectors_[[model.vocabulary_[token] for token in ("A", "a", "rare", "'s")]]
        assert len(np.unique(np.vstack([new, model.vectors_[1]]), axis=0)) == 5
        assert model.vectors_.dtype == np.float32

    @pytest.mark.parametrize("scale", [None, 0.5])
    def test_have_mean_and_spread_of_the_ready_ones(self, scale):
        random = np.random.default_rng(0)
        table = random.normal([0.0, 3.0], [1.0, 0.1], (500, 2))
        ready = (table, [f"ready{i}" for i in range(500)])
        documents = [["ready0", *(f"missing{i}" for i in range(2000))]]
        model = Word2VecEmbedder(vectors=ready, min_count_missing=1, scale=scale, random_state=0)
        vectors = model.fit(documents).vectors_
        old, new = vectors[2:502], vectors[502:]
        assert len(new) == 2000
        np.testing.assert_allclose(new.std(axis=0), old.std(axis=0), rtol=0.05)
        np.testing.assert_allclose(new.mean(axis=0), old.mean(axis=0), atol=0.1 * old.std())

    def test_random_state(self):
        vectors = self.missing().vectors_, self.missing(lowercase=True).vectors_
        assert np.array_equal(self.missing(lowercase=True).vectors_, vectors[1])
        other = self.missing(lowercase=True, random_state=1).vectors_
        assert not np.array_equal(other[-1], vectors[1][-1])
        assert np.array_equal(other[:-1], vectors[0])

    def test_come_on_top_of_max_tokens(self):
        model = self.missing(max_tokens=3, min_count_missing=1)
        assert list(model.vocabulary_)[:1] == ["good"]
        assert "film" in model.vocabulary_

    def test_pickle_holds_them(self):
        model = self.missing(lowercase=True)
        again = pickle.loads(pickle.dumps(model))
        assert np.array_equal(again.transform([["A"]])[0], model.transform([["a"]])[0])

    def test_an_estimator_trains_them(self):
        model = self.missing(lowercase=True)
        X = model.transform([["a"], ["rare"], ["good"]] * 4)
        classifier = LSTMClassifier(hidden_size=2, max_epochs=1, random_state=0)
        classifier.fit(X, [0, 1, 1] * 4)
        trained = classifier.module_.embedding.weight.detach().numpy()
        assert len(trained) == 4  # padding, unknown, a, good
        assert not (np.isclose(trained[2], X.vectors[2])).any()

    def test_has_no_effect_on_trained_vectors(self):
        with pytest.warns(UserWarning, match=r"has no effect .* set min_count"):
            model = embedder(min_count_missing=2).fit(DOCUMENTS)
        assert np.array_equal(model.vectors_, embedder().fit(DOCUMENTS).vectors_)

    def test_nothing_is_missing_where_there_are_ngrams(self):
        keyed = FastText([["good", "film"]] * 5, vector_size=5, min_count=1, bucket=50).wv
        model = self.missing(vectors=keyed, min_count_missing=1)
        assert list(model.vocabulary_) == keyed.index_to_key

    def test_verbose(self, capsys):
        self.missing(lowercase=True, verbose=1)
        coverage, missing = capsys.readouterr().out.splitlines()
        assert coverage == (
            "[Word2VecEmbedder] vectors for 25% of the tokens, and for 29% of 7 distinct ones, "
            "0 of them in another form"
        )
        line = "[Word2VecEmbedder] random vectors for 1 tokens that the pretrained ones lack"
        assert missing == line

    @pytest.mark.parametrize("wrong", [0, 1.5, "all"])
    def test_wrong_value(self, wrong):
        with pytest.raises(ValueError, match=r"'min_count_missing' .* Got"):
            self.missing(min_count_missing=wrong)


@pytest.mark.parametrize(("n_tokens", "epochs"), [(40, 20), (2**24 // 5, 5), (2**30, 3)])
def test_epochs_by_the_amount_of_text(n_tokens, epochs, monkeypatch, capsys):
    monkeypatch.setattr("sklstm.embeddings._embedder.AUTO_TOKENS", 2**24 * 40 // n_tokens)
    Word2VecEmbedder(vector_size=2, min_count=1, verbose=1).fit([["a", "b"]] * 20)
    assert f"of {epochs}:" in capsys.readouterr().out
