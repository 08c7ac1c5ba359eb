"""LSTMSeq2Seq: what it learns, what it takes, what it predicts, and what it refuses."""

import pickle
import re
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks
from toys import Raise

from sklstm import LSTMSeq2Seq, Sequences, TokenIndexer, Tokenizer, Word2VecEmbedder
from sklstm.estimator_checks import sequence_estimator_checks
from sklstm.metrics import token_error_rate, token_error_rate_scorer
from sklstm.nn import microbatches
from sklstm.nn.cells import CELLS

SOURCES = ["ab", "abc", "c", "ba", "cab", "bb", "cc", "acb", "caab", "b"] * 3
REVERSED = [source[::-1] for source in SOURCES]
X_TOKENS, Y_TOKENS = list(map(list, SOURCES)), list(map(list, REVERSED))
SHORT = ["ab", "bca", "cabba", "c"]
SMALL = {"hidden_size": 5, "max_epochs": 2, "batch_size": 8, "random_state": 0}
KINDS = ("additive", "dot", None)
every_kind = pytest.mark.parametrize("attention", KINDS)


def seq2seq(**params):
    return LSTMSeq2Seq(**{"schedule": None, **SMALL, **params})


@pytest.fixture(scope="module")
def fitted():
    """Not quite right yet, so that outputs differ and probabilities are not all 0 or 1."""
    return seq2seq(hidden_size=16, lr=0.02, max_epochs=8).fit(SOURCES, REVERSED)


def n_best(model, X=SHORT, n=4):
    return model.predict_n_best(X, n)


def assert_same(actual, expected, tolerance=0.0):
    for left, right in zip(actual, expected, strict=True):
        assert [output for output, _ in left] == [output for output, _ in right]
        logs = ([log for _, log in outputs] for outputs in (left, right))
        np.testing.assert_allclose(*logs, rtol=0, atol=tolerance)


def random_words(alphabet, n, longest, seed=0):
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list(alphabet), rng.integers(1, longest + 1))) for _ in range(n)]


@pytest.mark.parametrize("n", [2**31, 2**70])
def test_too_many_outputs_are_refused_before_memory_ends(n):
    model = seq2seq(max_epochs=1).fit(SHORT, SHORT)
    with pytest.raises(ValueError, match=r"would take .* GiB of memory.* Lower n, beam_size or"):
        model.predict_n_best(SHORT, n=n, max_length=100)
    assert len(model.predict_n_best(SHORT[:1], n=n, max_length=1)[0]) == len(model.symbols_) + 1


class TestLearns:
    RECIPE = {"hidden_size": 64, "lr": 0.015, "batch_size": 32, "schedule": "one_cycle"}

    @pytest.mark.parametrize("attention", ["additive", "dot"])
    def test_to_reverse_strings(self, attention):
        words = random_words("abcdef", 1700, 5)
        y = [word[::-1] for word in words]
        model = seq2seq(attention=attention, max_epochs=8, **self.RECIPE)
        assert model.fit(words[:1500], y[:1500]).score(words[1500:], y[1500:]) == 1

    def test_to_sort_digits(self):
        words = random_words("0123456789", 1700, 4)
        y = ["".join(sorted(word)) for word in words]
        model = seq2seq(max_epochs=8, **self.RECIPE)
        assert model.fit(words[:1500], y[:1500]).score(words[1500:], y[1500:]) >= 0.99

    @every_kind
    def test_pairs_by_heart(self, attention):
        X, y = ["one", "two", "three", "four"], ["uno", "dos", "tres", "cuatro"]
        model = seq2seq(attention=attention, hidden_size=32, lr=0.03, max_epochs=60).fit(X, y)
        assert model.predict(X).tolist() == y
        assert model.score(X, y) == 1
        assert model.score(X, ["uno", "dos", "tres", "cinco"]) == 0.75
        assert model.score(X, ["uno", "dos", "tres", "cinco"], [1, 1, 1, 3]) == 0.5
        assert model.history_[-1]["train_loss"] < 0.1


class TestForms:
    @pytest.mark.parametrize("X", [SOURCES, X_TOKENS], ids=["str", "tokens"])
    @pytest.mark.parametrize("y", [REVERSED, Y_TOKENS], ids=["str", "tokens"])
    def test_strings_and_tokens(self, fitted, X, y):
        model = clone(fitted).fit(X, y)
        short = SHORT if X is SOURCES else list(map(list, SHORT))
        outputs = model.predict(short)
        assert outputs.shape == (4,)
        assert outputs.dtype == object
        assert {type(output) for output in outputs} == {type(y[0])}
        assert ["".join(output) for output in outputs] == fitted.predict(SHORT).tolist()
        assert model.score(X, y) == fitted.score(SOURCES, REVERSED)

    @pytest.mark.parametrize(
        "wrap",
        [tuple, np.array, pd.Series, lambda X: np.array(X, dtype=object),
         lambda X: np.array(X)[:, None], lambda X: pd.DataFrame({"text": X}),
         lambda X: pd.Series(X, dtype="string")],
        ids=["tuple", "U", "Series", "object", "column", "frame", "string"],
    )  # fmt: skip
    def test_containers_of_strings(self, fitted, wrap):
        model = clone(fitted).fit(wrap(SOURCES), wrap(REVERSED))
        assert_same(n_best(model, wrap(SHORT)), n_best(fitted))
        assert model.score(wrap(SOURCES), wrap(REVERSED)) == fitted.score(SOURCES, REVERSED)

    def test_sequences_on_both_sides(self, fitted):
        X, y = Sequences.from_tokens(X_TOKENS), Sequences.from_tokens(Y_TOKENS)
        model = clone(fitted).fit(X, y)
        found = model.predict(Sequences.from_tokens(list(map(list, SHORT))))
        assert ["".join(output) for output in found] == fitted.predict(SHORT).tolist()
        assert model.predict(list(map(list, SHORT))).tolist() == found.tolist()

    def test_outputs_of_one_length_stay_apart(self):
        X, y = ["a", "b"] * 4, [["x", "y"], ["y", "x"]] * 4
        assert seq2seq(max_epochs=30, lr=0.05).fit(X, y).predict(X).shape == (8,)
        arrays = seq2seq().fit(np.array(X), np.array(y)).predict(X)
        assert arrays.shape == (8,)

    def test_ids(self):
        ids = [[2, 3], [4], [3, 3, 2]] * 4
        model = seq2seq(vocabulary_size=6).fit(ids, ["ab", "c", "bba"] * 4)
        padded = np.array([[2, 3, 0], [4, 0, 0], [3, 3, 2]])
        assert_same(model.predict_n_best(padded), model.predict_n_best(ids[:3]), 1e-6)

    @pytest.mark.parametrize(
        "X",
        [
            np.random.RandomState(0).randn(12, 6, 3),
            [np.random.RandomState(n).randn(1 + n % 5, 3) for n in range(12)],
            np.random.RandomState(0).randn(12, 6),
        ],
        ids=["3-D", "ragged", "2-D"],
    )
    def test_numbers(self, X):
        model = seq2seq().fit(X, ["ab", "c", "bba"] * 4)
        assert len(model.predict(X)) == 12
        assert_same(n_best(model, X[1:2]), n_best(model, X[:2])[1:], 1e-6)

    @pytest.mark.parametrize("fine_tune", [True, False])
    def test_word_vectors(self, fine_tune):
        embedder = Word2VecEmbedder(vector_size=4, min_count=1, random_state=0)
        pipe = make_pipeline(embedder, seq2seq(fine_tune_embeddings=fine_tune))
        pipe.fit(X_TOKENS, REVERSED)
        assert pipe[-1].module_.output_embedding.weight.shape == (4, 32)
        assert len(pipe.predict([["a", "new"], ["c"]])) == 2

    def test_texts_of_words(self):
        pipe = make_pipeline(Tokenizer(), TokenIndexer(), seq2seq(hidden_size=16, lr=0.05))
        X, y = ["a good film", "bad acting"] * 6, [["un", "bon", "film"], ["mal", "joué"]] * 6
        pipe.set_params(lstmseq2seq__max_epochs=20).fit(X, y)
        assert pipe.predict(X[:2]).tolist() == y[:2]

    def test_symbols(self, fitted):
        assert fitted.symbols_ == ["a", "b", "c"]
        assert fitted.max_length_ == 4
        spaced = seq2seq().fit(["a", "b"], [["<pad>", "<unk>", ""], ["new york"]])
        assert spaced.symbols_ == ["", "<pad>", "<unk>", "new york"]
        assert set(np.concatenate([["<pad>"], *spaced.predict(["a", "b"])])) <= set(spaced.symbols_)

    def test_empty_outputs(self):
        model = seq2seq(hidden_size=16, lr=0.03, max_epochs=40).fit(
            ["a", "c", "b"], ["", "x", "yy"]
        )
        assert model.predict(["a", "c", "b"]).tolist() == ["", "x", "yy"]

    @every_kind
    @pytest.mark.parametrize("X", [["a", "", ""], [["a"], [], []], [[2, 3], [0, 0], []]])
    def test_empty_sources(self, X, attention):
        ids = {"vocabulary_size": 5} if isinstance(X[0][0], int) else {}
        model = seq2seq(attention=attention, hidden_size=16, lr=0.05, max_epochs=30, **ids)
        model.fit(X, ["xy", "z", "z"])
        assert all(w.isfinite().all() for w in model.module_.parameters())
        assert model.predict(X).tolist() == ["xy", "z", "z"]
        alone, expected = n_best(model, X[1:], 2), n_best(model, X, 2)
        assert_same(alone, expected[1:], 1e-6)
        assert alone[0] == alone[1]

    def test_empty_sources_of_numbers_and_vectors(self):
        X, y = [np.ones((2, 3)), np.zeros((0, 3)), -np.ones((1, 3))], ["xy", "z", "x"]
        tokens = [["a", "b"], [], ["b"]]
        pipe = make_pipeline(Word2VecEmbedder(vector_size=4, min_count=1), seq2seq())
        for model, samples in ((seq2seq(), X), (pipe, tokens)):
            outputs = model.fit(samples, y).predict([samples[1], samples[0], samples[1]])
            assert outputs[0] == outputs[2]

    def test_one_empty_source_leaves_the_others_as_they_are(self, fitted):
        expected = fitted.predict(SHORT)
        assert fitted.predict([*SHORT, ""])[:-1].tolist() == expected.tolist()
        assert set(fitted.predict([""])[0]) <= set("abc")

    def test_symbols_never_seen_are_read_as_unknown(self, fitted):
        assert fitted.predict_n_best(["xay"]) == fitted.predict_n_best(["?a!"])
        assert fitted.predict_n_best(["xay"]) != fitted.predict_n_best(["a"])

    def test_word_dropout_trains_the_unknown(self):
        def unknown(model):
            return model.fit(SOURCES, REVERSED).module_.embedding.weight[1].detach().numpy()

        assert not np.allclose(unknown(seq2seq(word_dropout=0.3)), unknown(seq2seq()))


class TestPredictions:
    @every_kind
    @pytest.mark.parametrize("beam_size", [1, 3])
    def test_do_not_depend_on_batch_mates_size_order_or_padding(self, attention, beam_size):
        model = seq2seq(attention=attention, hidden_size=16, lr=0.02, max_epochs=5)
        model.fit(X_TOKENS, REVERSED)
        X = list(
            map(list, ["".join(word) for n in range(1, 4) for word in product("abx", repeat=n)])
        )
        expected = model.predict_n_best(X, beam_size, beam_size)
        order = np.random.RandomState(0).permutation(len(X))
        shuffled = model.predict_n_best([X[row] for row in order], beam_size, beam_size)
        assert_same(shuffled, [expected[row] for row in order], 1e-5)
        model.set_params(batch_size=1)
        assert_same(model.predict_n_best(X, beam_size, beam_size), expected, 1e-5)
        codes = np.zeros((len(X), 9), np.int32)
        for row, tokens in enumerate(X):
            codes[row, 2 : 2 + len(tokens)] = [" abx".index(token) + 1 for token in tokens]
        offsets = np.arange(len(X) + 1) * 9
        padded = Sequences(codes.ravel(), offsets, ["<pad>", "<unk>", "a", "b", "x"])
        assert_same(model.predict_n_best(padded, beam_size, beam_size), expected, 1e-5)

    def test_n_best(self, fitted):
        found = n_best(fitted, SHORT, 5)
        for outputs in found:
            assert len(outputs) == 5
            names, logs = zip(*outputs, strict=True)
            assert len(set(names)) == 5
            assert all(isinstance(name, str) for name in names)
            assert list(logs) == sorted(logs, reverse=True)
            assert np.exp(logs).sum() <= 1 + 1e-6
        assert [outputs[0][0] for outputs in fitted.predict_n_best(SHORT, 1)] == list(
            fitted.predict(SHORT)
        )

    def test_log_probabilities_are_those_of_training(self, fitted):
        for outputs in n_best(fitted, ["cab"], 5):
            y = [output for output, _ in outputs]
            answers = fitted._symbols.encode(y)
            steps = torch.tensor([fitted._encoder.codes[letter] for letter in "cab"])
            padded = answers.padded(np.arange(5))
            with torch.no_grad():
                logits = fitted.module_(steps.expand(5, -1), torch.full((5,), 3), padded)
                losses = fitted.module_.losses(logits, padded)
            np.testing.assert_allclose([log for _, log in outputs], -losses, atol=1e-5)

    def test_all_there_is(self):
        model = seq2seq(max_length=2).fit(["a", "b"], ["xy", "x"])
        (found,) = model.predict_n_best(["a"], 50)
        assert sorted(output for output, _ in found) == ["", "x", "xx", "xy", "y", "yx", "yy"]
        assert sum(np.exp([log for _, log in found])) < 1

    def test_beam_of_the_estimator(self, fitted):
        wide = pickle.loads(pickle.dumps(fitted)).set_params(beam_size=4)
        expected = [outputs[0][0] for outputs in fitted.predict_n_best(SOURCES, 1, 4)]
        assert wide.predict(SOURCES).tolist() == expected
        assert_same(wide.predict_n_best(SHORT, 2), [o[:2] for o in fitted.predict_n_best(SHORT, 4)])

    def test_length_penalty(self):
        unsure = seq2seq().fit(SOURCES, REVERSED)
        short, long = (
            np.mean([len(outputs[0][0]) for outputs in unsure.predict_n_best(SOURCES, 8)])
            for unsure.length_penalty in (0.0, 5.0)
        )
        assert short < 1 < 3 < long

    def test_max_length(self, fitted):
        endless = seq2seq(max_length=9, max_epochs=1).fit(SOURCES, ["aaaa"] * 30)
        with torch.no_grad():
            endless.module_.output.bias[0] = -100.0  # never ends of itself
        assert endless.max_length_ == 9
        assert [*map(len, endless.predict(SHORT))] == [9] * len(SHORT)
        assert max(map(len, fitted.predict(["abcabcabcabc"]))) == 4

    def test_max_length_counts_without_another_fit(self, fitted):
        model = pickle.loads(pickle.dumps(fitted)).set_params(max_length=1)
        assert model.max_length_ == 1
        assert max(map(len, model.predict(SHORT))) == 1
        for outputs in model.predict_n_best(SHORT, 9, 9):
            assert sorted(output for output, _ in outputs) == ["", "a", "b", "c"]
        assert pickle.loads(pickle.dumps(model)).max_length_ == 1
        assert_same(n_best(model.set_params(max_length=None)), n_best(fitted))
        assert model.max_length_ == 4
        with pytest.raises(NotFittedError):
            seq2seq(max_length=3).max_length_  # noqa: B018

    @pytest.mark.parametrize(
        "options", [{"beam_size": 3}, {"beam_size": 3, "length_penalty": 2.0}, {"max_length": 2}]
    )
    def test_options_of_one_call(self, fitted, options):
        model = pickle.loads(pickle.dumps(fitted)).set_params(**options)
        assert fitted.predict(SOURCES, **options).tolist() == model.predict(SOURCES).tolist()
        assert fitted.predict_n_best(SHORT, 2, **options) == model.predict_n_best(SHORT, 2)
        pipe = make_pipeline(FunctionTransformer(), fitted)
        assert pipe.predict(SHORT, **options).tolist() == model.predict(SHORT).tolist()

    @pytest.mark.parametrize(
        ("name", "value"), [("beam_size", 0), ("length_penalty", -1.0), ("max_length", 1.5)]
    )
    def test_wrong_option_of_one_call(self, fitted, name, value):
        with pytest.raises(ValueError, match=f"'{name}' parameter of LSTMSeq2Seq must be"):
            fitted.predict(SHORT, **{name: value})

    def test_more_symbols_than_any_output_of_fit(self, fitted):
        endless = pickle.loads(pickle.dumps(fitted))
        with torch.no_grad():
            endless.module_.output.bias[0] = -100.0  # never ends of itself
        assert [*map(len, endless.predict(SHORT, max_length=7))] == [7] * len(SHORT)

    @pytest.mark.parametrize("n", [0, -1, 1.5, "all"])
    def test_wrong_n(self, fitted, n):
        with pytest.raises(ValueError, match=f"n must be an integer of at least 1; got {n!r}"):
            fitted.predict_n_best(SHORT, n)

    @pytest.mark.parametrize("beam_size", [2, 0, "wide", 3.5])
    def test_beam_too_narrow(self, fitted, beam_size):
        with pytest.raises(ValueError, match="beam_size must be an integer of at least n=3"):
            fitted.predict_n_best(SHORT, 3, beam_size)

    def test_beam_set_wrong_after_fit(self, fitted):
        model = pickle.loads(pickle.dumps(fitted)).set_params(beam_size=0)
        with pytest.raises(ValueError, match="'beam_size' parameter"):
            model.predict(SHORT)

    def test_not_fitted(self):
        for method in ("predict", "predict_n_best"):
            with pytest.raises(NotFittedError):
                getattr(seq2seq(), method)(SHORT)
        with pytest.raises(NotFittedError):
            seq2seq().score(SOURCES, REVERSED)
        with pytest.raises(NotFittedError):
            seq2seq().symbols_  # noqa: B018


class TestTraining:
    @pytest.mark.parametrize("cell", CELLS)
    def test_every_cell(self, cell):
        model = seq2seq(cell=cell, n_layers=2, max_epochs=3)
        model.fit(SOURCES, REVERSED)
        assert model.history_[-1]["train_loss"] < model.history_[0]["train_loss"]
        there = pickle.loads(pickle.dumps(model))
        assert_same(n_best(there), n_best(model))
        assert_same(n_best(clone(model).fit(SOURCES, REVERSED)), n_best(model))
        assert there.partial_fit(SOURCES, REVERSED).n_iter_ == 4

    @pytest.mark.parametrize("cell", ["lstm", "mingru"])
    @pytest.mark.parametrize("precision", ["float64", "bfloat16"])
    def test_every_precision(self, cell, precision):
        model = seq2seq(cell=cell, precision=precision, teacher_forcing=0.5).fit(SOURCES, REVERSED)
        assert np.isfinite([log for _, log in n_best(model)[0]]).all()

    def test_loss_is_in_nats_a_symbol(self):
        model = seq2seq(lr=1e-9, max_epochs=1, batch_size=30)
        model.fit(SOURCES, REVERSED, X_val=SOURCES[:10], y_val=REVERSED[:10])
        logs = n_nats = 0
        for source, output in zip(SOURCES[:10], REVERSED[:10], strict=True):
            (found,) = model.predict_n_best([source], 200)
            logs -= dict(found)[output]
            n_nats += len(output) + 1
        (epoch,) = model.history_
        assert epoch["valid_loss"] == pytest.approx(logs / n_nats, rel=1e-4)
        assert epoch["train_loss"] == pytest.approx(np.log(4), rel=0.05)

    def test_teacher_forcing_is_reproducible(self):
        forced = n_best(seq2seq().fit(SOURCES, REVERSED))
        for share in (0.0, 0.5):
            model = seq2seq(teacher_forcing=share).fit(SOURCES, REVERSED)
            assert_same(n_best(clone(model).fit(SOURCES, REVERSED)), n_best(model))
            assert n_best(model) != forced

    def test_it_learns_from_its_own_predictions(self):
        X, y = ["one", "two", "three"] * 4, ["uno", "dos", "tres"] * 4
        model = seq2seq(teacher_forcing=0.3, hidden_size=32, lr=0.03, max_epochs=30).fit(X, y)
        assert model.score(X, y) == 1

    @pytest.mark.parametrize("share", [1.0, 0.5])
    def test_microbatches_equal_the_whole(self, monkeypatch, share):
        X, y = SOURCES * 4, REVERSED * 4
        params = {"batch_size": 120, "precision": "float64", "teacher_forcing": share}
        whole = seq2seq(**params).fit(X, y)
        monkeypatch.setattr(microbatches, "UNIT_STEPS", 1000)
        cut = seq2seq(**params).fit(X, y)
        data = cut._read_new_sequences(X)
        assert len(cut.net_.microbatch_slices(data.batch(np.arange(120)))) > 1
        if share == 1:
            assert_same(n_best(cut), n_best(whole), 1e-9)
        assert_same(n_best(cut), n_best(clone(cut).fit(X, y)))

    def test_weights(self):
        X, y = [*SOURCES, "abab"], [*REVERSED, "cccc"]
        params = {"batch_size": 40, "precision": "float64", "max_length": 6}
        left_out = seq2seq(**params).fit(SOURCES, REVERSED)
        weighted = seq2seq(**params).fit(X, y, [1] * 30 + [0])
        assert_same(n_best(weighted), n_best(left_out), 1e-9)
        twice = seq2seq(**params).fit([*X, "abab"], [*y, "cccc"])
        assert_same(n_best(seq2seq(**params).fit(X, y, [1] * 30 + [2])), n_best(twice), 1e-9)

    def test_early_stopping(self):
        words = random_words("abc", 100, 4)
        model = seq2seq(early_stopping=True, max_epochs=100, lr=0.05, hidden_size=24)
        model.fit(words, [word[::-1] for word in words])
        losses = [epoch["valid_loss"] for epoch in model.history_]
        assert len(losses) == int(np.argmin(losses)) + 1 + 3 < 100
        given = (
            clone(model)
            .set_params(n_iter_no_change=2)
            .fit(words, words, X_val=SOURCES, y_val=SOURCES)
        )
        assert given.n_iter_ < 100

    def test_going_on(self):
        model = seq2seq(warm_start=True).fit(SOURCES, REVERSED)
        assert model.fit(SOURCES, REVERSED).n_iter_ == 4
        before = n_best(model)
        with pytest.raises(ValueError, match="does not fit the network"):
            model.set_params(attention="dot").fit(SOURCES, REVERSED)
        assert_same(n_best(model), before)
        model.set_params(attention="additive", teacher_forcing=0.5).fit(SOURCES, REVERSED)
        assert model.n_iter_ == 6

    def test_partial_fit(self):
        model = seq2seq(hidden_size=16).partial_fit(["a", "b"], ["x", "y"], symbols="yz")
        assert model.symbols_ == ["x", "y", "z"]
        model.partial_fit(["a", "b"], ["zzz", "y"]).partial_fit(["a"], ["x"])
        assert model.n_iter_ == 3
        assert model.max_length_ == 3  # of all outputs so far
        before = n_best(model, ["a", "b"])
        with pytest.raises(ValueError, match=r"the symbols \['é'\], which are not among the 3"):
            model.partial_fit(["a", "b"], ["é", "y"])
        with pytest.raises(TypeError, match="samples of y were strings, but now they are token"):
            model.partial_fit(["a", "b"], [["x"], ["y"]])
        with pytest.raises(TypeError, match="fitted on strings, but X now holds no strings"):
            model.partial_fit([["a"], ["b"]], ["x", "y"])
        assert_same(n_best(model, ["a", "b"]), before)
        assert model.fit(["a", "b"], ["x", "y"]).symbols_ == ["x", "y"]

    @pytest.mark.parametrize(
        ("symbols", "error", "message"),
        [
            ([1], TypeError, r"symbols must hold strings; got \[1\]"),
            (3, TypeError, "symbols must be a sequence of str; got 3"),
            (["z", ""], ValueError, "symbols are single characters, but symbols holds ''"),
            (["ed"], ValueError, "symbols are single characters, but symbols holds 'ed'"),
        ],
    )
    def test_wrong_symbols(self, symbols, error, message):
        with pytest.raises(error, match=message):
            seq2seq().partial_fit(["a"], ["x"], symbols=symbols)

    def test_symbols_of_token_lists(self):
        assert seq2seq().partial_fit(["a"], [["x"]], symbols=["", "ed"]).symbols_ == ["", "ed", "x"]

    def test_interruption(self):
        with pytest.warns(UserWarning, match="interrupted in epoch 2"):
            model = seq2seq(callbacks=[Raise("on_batch_end", KeyboardInterrupt)], max_epochs=5).fit(
                SOURCES, REVERSED
            )
        assert model.n_iter_ == 1
        assert len(model.predict(SHORT)) == 4

    def test_other_options(self):
        model = seq2seq(
            n_layers=2, dropout=0.2, recurrent_dropout=0.1, embedding_dropout=0.1, word_dropout=0.1,
            locked_dropout=True, bptt_steps=2, bidirectional=False, schedule="cosine",
            cell_params={"forget_bias": 0.5}, embedding_lr=0.01, weight_decay=0.01,
            optimizer="adamw",
        )  # fmt: skip
        model.fit(SOURCES, REVERSED)
        assert len(model.module_.decoder.layers) == 2
        assert model.module_.decoder.layers[0][0].forget_bias == 0.5
        assert_same(n_best(clone(model).fit(SOURCES, REVERSED)), n_best(model))

    def test_summary(self, fitted):
        printed = str(fitted.summary())
        assert re.search(r"Attention \(additive\) +\(N, L, 16\)", printed)
        assert f"Total parameters: {fitted.n_parameters_:,}" in printed


class TestModelSelection:
    def test_grid_search_in_two_processes_equals_one(self):
        grid = {"attention": ["dot", None], "teacher_forcing": [0.5]}
        one, two = (
            GridSearchCV(seq2seq(), grid, cv=2, n_jobs=n, scoring=token_error_rate_scorer)
            .fit(SOURCES, REVERSED)
            for n in (1, 2)
        )  # fmt: skip
        for name in ("split0_test_score", "split1_test_score"):
            np.testing.assert_array_equal(one.cv_results_[name], two.cv_results_[name])
        assert_same(n_best(two.best_estimator_), n_best(one.best_estimator_))

    def test_cross_validation(self, fitted):
        scoring = {"exact": fitted.__class__.score, "ter": token_error_rate_scorer}
        scores = cross_validate(
            clone(fitted), SOURCES, REVERSED, cv=3, scoring=scoring, error_score="raise"
        )
        assert scores["test_exact"].shape == (3,)
        assert (scores["test_ter"] <= 0).all()
        outputs = cross_val_predict(clone(fitted), X_TOKENS, Y_TOKENS, cv=3)
        assert outputs.shape == (30,)
        assert token_error_rate(Y_TOKENS, list(outputs)) < 1

    def test_cross_validation_of_sequences(self, fitted):
        options = {"cv": 2, "scoring": token_error_rate_scorer, "error_score": "raise"}
        of_sequences, of_lists = (
            cross_validate(clone(fitted), SOURCES, y, **options)["test_score"].tolist()
            for y in (Sequences.from_tokens(Y_TOKENS), Y_TOKENS)
        )
        assert of_sequences == of_lists


class TestBadInput:
    @pytest.mark.parametrize(
        ("X", "y", "error", "message"),
        [
            (SOURCES, None, ValueError, "requires y to be passed"),
            (SOURCES, [], ValueError, r"y: Found array with 0 sample"),
            ([], [], ValueError, "Found array with 0 sample"),
            (SOURCES, REVERSED[:-1], ValueError, "inconsistent numbers of samples"),
            (SOURCES, "abc", TypeError, "y: Expected .* got one bare str"),
            ("abc", REVERSED, TypeError, "Expected .* got one bare str"),
            (SOURCES, [*REVERSED[:-1], ["b"]], TypeError, r"y: Some samples are strings, but samp"),
            ([*SOURCES[:-1], ["b"]], REVERSED, TypeError, r"sample 29 is \['b'\] of type list"),
            (SOURCES, [*REVERSED[:-1], None], TypeError, "y: .* sample 29 is None"),
            ([*SOURCES[:-1], None], REVERSED, TypeError, "sample 29 is None"),
            (SOURCES, [*Y_TOKENS[:-1], None], TypeError, "y: Sample 29 is None"),
            (SOURCES, [*Y_TOKENS[:-1], ["a", 5]], TypeError, "y: Token 1 of sample 29 is 5"),
            (SOURCES, list(range(30)), TypeError, "y: Sample 0 is 0 of type int"),
            (SOURCES, np.ones((30, 3)), TypeError, r"y: Token 0 of sample 0 is 1\.0"),
            (SOURCES, [b"ab"] * 30, TypeError, "y: Sample 0 is b'ab'"),
            (SOURCES, [""] * 30, ValueError, "Every sample of y is empty"),
            (SOURCES, [[]] * 30, ValueError, "Every sample of y is empty"),
            ([""] * 30, REVERSED, ValueError, "Every sample of X is empty"),
            (SOURCES, {"a": "b"}, TypeError, "y: Expected"),
            (SOURCES, 5, TypeError, "y: Expected"),
            (None, REVERSED, TypeError, "X is None"),
            (SOURCES, Sequences.from_ids([[2, 3]] * 30), ValueError, "y: These sequences hold ids"),
        ],
    )
    def test_data(self, X, y, error, message):
        with pytest.raises(error, match=message):
            seq2seq().fit(X, y)

    @pytest.mark.parametrize(
        "params",
        [{"attention": "foo"}, {"attention": "self"}, {"beam_size": 0}, {"beam_size": 2.0},
         {"length_penalty": -1}, {"max_length": 0}, {"teacher_forcing": 1.1},
         {"teacher_forcing": -0.1}, {"cell": "ltsm"}, {"hidden_size": 0}, {"bidirectional": "no"}],
        ids=str,
    )  # fmt: skip
    def test_parameters(self, params):
        (name,) = params
        with pytest.raises(ValueError, match=f"The '{name}' parameter of LSTMSeq2Seq"):
            seq2seq(**params).fit(SOURCES, REVERSED)

    def test_targets_longer_than_the_limit(self):
        with pytest.raises(ValueError, match="an output of 4 symbols, but max_length=3"):
            seq2seq(max_length=3).fit(SOURCES, REVERSED)

    def test_validation_data(self):
        model = seq2seq().fit(SOURCES, REVERSED, X_val=["a"], y_val=["z"])
        assert "z" in model.symbols_  # what only validation data hold is a symbol too
        assert np.isfinite(model.history_[-1]["valid_loss"])
        with pytest.raises(ValueError, match=r"In the validation data: y contains .*\['q'\]"):
            model.set_params(warm_start=True).fit(SOURCES, REVERSED, X_val=["a"], y_val=["q"])
        with pytest.raises(ValueError, match="Pass X_val and y_val together"):
            seq2seq().fit(SOURCES, REVERSED, X_val=["a"])

    @pytest.mark.parametrize("X", [[], (), np.array([]), np.array([], object), pd.Series([])])
    def test_no_sample(self, fitted, X):
        with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
            fitted.predict(X)

    def test_another_form_than_in_fit(self, fitted):
        for X in (X_TOKENS, np.ones((3, 4))):
            with pytest.raises(
                TypeError, match="was fitted on strings, but X now holds no strings"
            ):
                fitted.predict(X)
        with pytest.raises(TypeError, match="was fitted on no strings, but X now holds strings"):
            seq2seq().fit(X_TOKENS, REVERSED).predict(SOURCES)
        with pytest.raises(TypeError, match="samples of y were strings, but now they are token"):
            fitted.score(SOURCES, Y_TOKENS)
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            fitted.score(SOURCES, REVERSED[:3])

    def test_a_failed_fit_loses_nothing(self, fitted):
        model = pickle.loads(pickle.dumps(fitted))
        for X, y in ((SOURCES, [""] * 30), (X_TOKENS, [*Y_TOKENS[:-1], [5]]), (SOURCES, None)):
            with pytest.raises((TypeError, ValueError)):
                model.fit(X, y)
        with pytest.raises(ValueError, match="max_length"):
            model.set_params(max_length=2).fit(SOURCES, REVERSED)
        model.set_params(max_length=None)
        assert_same(n_best(model), n_best(fitted))
        assert model.symbols_ == fitted.symbols_


class LabelSeq2Seq(LSTMSeq2Seq):
    """Takes a label, as scikit-learn's checks pass it, for an output of one token."""

    def _fit(self, X, y, *args, **options):
        return super()._fit(X, outputs_from_labels(y), *args, **options)

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        return super().partial_fit(X, y, sorted(set(map(str, y))), sample_weight)

    def predict(self, X):
        return np.array([log for ((_, log), *_) in self.predict_n_best(X, 1)])

    def score(self, X, y):
        return float(np.mean(self.predict(X)))


def outputs_from_labels(y):
    return None if y is None else [[str(label)] for label in np.asarray(y)]


@parametrize_with_checks([LabelSeq2Seq()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


DEEP = LSTMSeq2Seq(
    attention="dot", cell="gru", n_layers=2, dropout=0.2, word_dropout=0.1, batch_size=3,
    teacher_forcing=0.5, beam_size=2, early_stopping=True, validation_fraction=0.25,
    hidden_size=4, max_epochs=2,
)  # fmt: skip


DEEP_X = [["a", "b"], ["b", "a", "c", "b"], ["c"], ["a"], ["b", "b"], ["c", "a"]]
DEEP_Y = ["x", "xyx", "", "zz", "xy", "y"]


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(check, id=name)
        for name, check in sequence_estimator_checks(DEEP, DEEP_X, DEEP_Y)
    ],
)
def test_sequence_checks(check):
    check()
