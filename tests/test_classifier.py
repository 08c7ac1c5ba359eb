from contextlib import nullcontext
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted
from toys import (
    IDS,
    LABELS,
    RAGGED,
    SERIES,
    STEPS,
    TOKENS,
    Raise,
    Spoil,
    classifier,
    embedded,
    proba,
    spy,
    y,
)  # fmt: skip

from sklstm import LSTMClassifier, SequencePadder, Sequences, Word2VecEmbedder


class TestTargets:
    def test_binary_has_one_logit(self):
        fitted = classifier(max_epochs=30, lr=0.03).fit(TOKENS, LABELS)
        assert fitted.module_.output.out_features == 1
        logits = fitted.decision_function(TOKENS)
        assert logits.shape == (20,)
        np.testing.assert_allclose(fitted.predict_proba(TOKENS)[:, 1], 1 / (1 + np.exp(-logits)))
        np.testing.assert_array_equal(fitted.classes_, ["neg", "pos"])
        assert fitted.score(TOKENS, LABELS) == 1

    @pytest.mark.parametrize(
        ("labels", "target"),
        [
            (["a", "b"] * 10, [0.1, 0.9]),
            (["a", "b", "c", "b"] * 5, [0.2 / 3, 0.8 + 0.2 / 3]),
            (np.eye(4, dtype=int)[[0, 1, 2, 3] * 5], [0.1, 0.9]),
        ],
        ids=["binary", "multiclass", "multi-label"],
    )
    def test_smoothed_labels(self, labels, target):
        """No probability is learned beyond that of the smoothed target."""
        X = [["a"], ["b"], ["c"], ["d"]] * 5
        if len(np.unique(labels, axis=0)) == 2:
            X = [["a"], ["b"]] * 10
        elif np.ndim(labels) == 1:
            X = [["a"], ["b"], ["c"], ["b"]] * 5
        fitted = classifier(label_smoothing=0.2, max_epochs=150, lr=0.1, schedule="cosine")
        found = fitted.fit(X, labels).predict_proba(X)
        expected = np.asarray(target)[(found > 0.5).astype(int)]
        np.testing.assert_allclose(found, expected, atol=0.02)
        assert fitted.score(X, labels) == 1

    def test_smoothed_labels_are_validated_as_they_are(self):
        labels = np.array(["a", "b", "c", "b"] * 5)
        for params in ({"early_stopping": True, "validation_fraction": 0.4}, {}):
            fitted = classifier(label_smoothing=0.2, **params)
            data = {} if params else {"X_val": TOKENS, "y_val": labels}
            assert 0 <= fitted.fit(TOKENS, labels, **data).history_[-1]["valid_acc"] <= 1

    def test_the_more_probable_class_is_predicted(self):
        for labels in (y, np.arange(20) % 3):
            fitted = classifier(max_epochs=10).fit(SERIES, labels)
            best = fitted.predict_proba(SERIES).argmax(axis=1)
            assert len(set(best)) > 1
            np.testing.assert_array_equal(fitted.predict(SERIES), best)

    def test_multiclass(self):
        labels = np.array(["a", "b", "c", "b"] * 5)
        fitted = classifier(max_epochs=40, lr=0.03).fit(TOKENS, labels)
        logits = fitted.decision_function(TOKENS)
        assert logits.shape == (20, 3)
        probabilities = fitted.predict_proba(TOKENS)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
        np.testing.assert_array_equal(probabilities.argsort(axis=1), logits.argsort(axis=1))
        assert fitted.score(TOKENS, labels) == 1

    def test_multilabel(self):
        labels = np.column_stack([y, 1 - y, np.ones(20, int)])
        fitted = classifier(max_epochs=40, lr=0.03).fit(TOKENS, labels)
        assert fitted.predict_proba(TOKENS).shape == (20, 3)
        np.testing.assert_array_equal(fitted.predict(TOKENS), labels)
        np.testing.assert_array_equal(fitted.classes_, [0, 1, 2])
        expected = fitted.predict_proba(TOKENS)
        for same in (sp.csr_matrix(labels), pd.DataFrame(labels), labels > 0, labels.tolist()):
            fitted.fit(TOKENS, same)
            np.testing.assert_array_equal(fitted.predict_proba(TOKENS), expected)

    @pytest.mark.parametrize(
        "labels",
        [["b", "a"], [True, False], [3, -1], [2.0, 1.0], np.array(["b", "a"], object)],
        ids=lambda labels: str(np.asarray(labels).dtype),
    )
    def test_labels_keep_their_type(self, labels):
        labels = np.asarray(labels)[y]
        series = pd.Series(labels)
        for same in (labels, labels.tolist(), series, series.astype("category")):
            fitted = classifier().fit(TOKENS, same)
            assert set(fitted.predict(TOKENS)) <= set(labels)
            np.testing.assert_array_equal(fitted.classes_, np.unique(labels))

    def test_log_probabilities_do_not_underflow(self):
        multilabel = np.column_stack([y, 1 - y])
        for labels in (y, np.arange(20) % 3, multilabel):
            fitted = classifier(max_epochs=2, lr=0.01).fit(SERIES, labels)
            logs = fitted.predict_log_proba(SERIES)
            np.testing.assert_allclose(np.exp(logs), fitted.predict_proba(SERIES))
            with torch.no_grad():
                bias = fitted.module_.output.bias
                bias.copy_(-2000 * torch.arange(1, 1 + len(bias)))
            assert np.isfinite(fitted.predict_log_proba(SERIES)).all()

    def test_class_weight_multiplies_sample_weight(self):
        weights = np.random.RandomState(0).rand(20)
        both = classifier(class_weight={"neg": 3, "pos": 1}).fit(TOKENS, LABELS, weights)
        plain = classifier().fit(TOKENS, LABELS, weights * np.where(LABELS == "neg", 3, 1))
        np.testing.assert_array_equal(both.predict_proba(TOKENS), plain.predict_proba(TOKENS))

    def test_balanced_classes(self):
        labels = np.array([0, 0, 0, 1] * 5)
        weights = np.where(labels == 1, 2, 2 / 3)
        balanced = classifier(class_weight="balanced").fit(TOKENS, labels)
        plain = classifier().fit(TOKENS, labels, weights)
        np.testing.assert_allclose(balanced.predict_proba(TOKENS), plain.predict_proba(TOKENS))

    def test_class_weights_of_labels(self):
        labels = np.column_stack([y, 1 - y])
        weights = [{0: 1, 1: 5}, {0: 1, 1: 1}]
        weighted = classifier(class_weight=weights).fit(TOKENS, labels)
        assert not np.array_equal(weighted.predict_proba(TOKENS), proba(TOKENS, labels=labels))

    def test_a_weight_of_two_equals_a_copy(self):
        full_batch = {"optimizer": "sgd", "lr": 0.5, "batch_size": 100, "precision": "float64"}
        weights = np.r_[2, np.ones(19)]
        weighted = classifier(**full_batch).fit(SERIES, y, weights)
        copied = classifier(**full_batch).fit(np.r_[SERIES, SERIES[:1]], np.r_[y, y[:1]])
        np.testing.assert_allclose(weighted.predict_proba(SERIES), copied.predict_proba(SERIES))

    def test_the_scale_of_weights_does_not_matter(self):
        expected = proba(SERIES)
        for weight in (1e-300, 7.0, 1e308):
            fitted = classifier().fit(SERIES, LABELS, np.full(20, weight))
            np.testing.assert_allclose(fitted.predict_proba(SERIES), expected)


class TestEmbeddings:
    def test_frozen_vectors_stay_as_they_are(self):
        X = embedded()
        before = X.vectors.copy()
        fitted = classifier(fine_tune_embeddings=False).fit(X, LABELS)
        np.testing.assert_array_equal(X.vectors, before)
        assert fitted.module_.embedding is None
        assert fitted.n_parameters_ == 4 * 4 * (3 + 4 + 1) + 4 + 1

    def test_fine_tuning_trains_a_copy(self):
        X = embedded()
        before = X.vectors.copy()
        fitted = classifier(fine_tune_embeddings=True).fit(X, LABELS)
        np.testing.assert_array_equal(X.vectors, before)
        after = fitted.module_.embedding.weight.detach().numpy()
        assert not after[0].any()  # padding
        np.testing.assert_array_equal(after[1], before[1])  # unknown, not met
        assert np.all(np.any(after[2:] != before[2:], axis=1))

    def test_vectors_have_their_own_learning_rate(self):
        X = embedded()
        params = {"optimizer": "sgd", "max_grad_norm": None, "precision": "float64"}

        def change(**rates):
            fitted = classifier(fine_tune_embeddings=True, max_epochs=1, **params, **rates).fit(
                X, LABELS
            )
            return (fitted.module_.embedding.weight.detach().numpy() - X.vectors)[2:]

        one = change(lr=1e-3)
        assert np.abs(one).max() > 1e-6
        np.testing.assert_allclose(change(lr=1e-3, embedding_lr=1e-2), 10 * one)
        np.testing.assert_allclose(change(lr=1e-9, embedding_lr=1e-3), one)

    def test_the_schedule_goes_for_both_learning_rates(self):
        read = lambda net, **kw: [group["lr"] for group in net.optimizer_.param_groups]  # noqa: E731
        callback, log = spy("on_batch_end", read)
        params = {"embedding_lr": 1e-4, "lr": 1e-2, "schedule": "cosine", "callbacks": [callback]}
        classifier(**params).fit(TOKENS, LABELS)
        np.testing.assert_allclose([small / large for small, large in log], 1e-2)

    def test_embedding_lr_without_an_embedding_has_no_effect(self):
        np.testing.assert_array_equal(proba(SERIES, embedding_lr=0.5), proba(SERIES))

    @pytest.mark.parametrize("fine_tune", [False, True])
    def test_words_met_at_prediction_bring_their_vector(self, fine_tune):
        fitted = classifier(fine_tune_embeddings=fine_tune).fit(embedded(), LABELS)
        X = embedded([["a", "good", "film"], ["a", "splendid", "film"], ["a", "vile", "film"]])
        known, new = X.categories.index("good"), X.categories.index("splendid")
        if fine_tune:
            learned = embedded().categories.index("good")
            X.vectors[new] = fitted.module_.embedding.weight[learned].detach()
        else:
            X.vectors[new] = X.vectors[known]
        same, twin, other = fitted.predict_proba(X)
        np.testing.assert_allclose(same, twin, rtol=1e-6)
        assert not np.allclose(same, other, rtol=1e-6)

    def test_words_without_a_vector_take_the_trained_unknown_one(self):
        embedder = Word2VecEmbedder(vector_size=3, min_count=1, random_state=0)
        params = {"fine_tune_embeddings": True, "word_dropout": 0.3}
        pipe = make_pipeline(embedder, classifier(**params)).fit(TOKENS, LABELS)
        unknown, unseen = pipe.predict_proba([["a", "<unk>", "film"], ["a", "qqq", "film"]])
        np.testing.assert_array_equal(unseen, unknown)
        with torch.no_grad():
            pipe[-1].module_.embedding.weight[1] += 1
        assert not np.allclose(pipe.predict_proba([["a", "qqq", "film"]]), unseen, rtol=1e-6)

    def test_fine_tuned_vectors_are_looked_up_by_word(self):
        fitted = classifier(fine_tune_embeddings=True).fit(embedded(), LABELS)
        expected = fitted.predict_proba(embedded())[::-1]
        np.testing.assert_array_equal(fitted.predict_proba(embedded(TOKENS[::-1])), expected)

    @pytest.mark.parametrize("fine_tune", [False, True])
    def test_vectors_need_no_strings(self, fine_tune):
        X = embedded()
        nameless = Sequences(X.codes, X.offsets, vectors=X.vectors)
        options = {"fine_tune_embeddings": fine_tune}
        np.testing.assert_array_equal(proba(nameless, **options), proba(X, **options))

    def test_words_that_share_a_vector_learn_together(self):
        tokens = [["Good", "film"], ["BAD", "film"]] * 4
        X = Sequences.from_tokens(tokens)
        vectors = np.random.RandomState(0).randn(len(X.categories), 3).astype(np.float32)
        vectors[0] = 0
        of = dict(zip(X.categories, vectors, strict=True))
        fitted = classifier(fine_tune_embeddings=True).fit(X.with_vectors(vectors), LABELS[:8])
        lower = Sequences.from_tokens([["good", "film"], ["bad", "film"]])
        names = {"good": "Good", "bad": "BAD"}
        same = np.stack([of[names.get(token, token)] for token in lower.categories])
        np.testing.assert_array_equal(
            fitted.predict_proba(lower.with_vectors(same)),
            fitted.predict_proba(X.with_vectors(vectors)[:2]),
        )
        assert fitted.module_.embedding.weight.shape == (2 + 3, 3)

    def test_padding_read_as_a_token(self):
        pre, post = (
            SequencePadder(padding=padding, max_length=10, ids=True).fit_transform(IDS)
            for padding in ("pre", "post")
        )
        params = {"vocabulary_size": 6, "mask_padding": False}
        assert not np.allclose(proba(pre, **params), proba(post, **params))
        assert not np.allclose(proba(pre, **params), proba(pre, vocabulary_size=6))
        full = [row for row in IDS if len(row) == 4] * 2
        params["labels"] = y[: len(full)]
        np.testing.assert_array_equal(
            proba(full, **params), proba(full, **{**params, "mask_padding": True})
        )

    def test_unmasked_padding_is_what_a_plain_net_does(self):
        X = np.array([[0, 0, 2, 3], [0, 4, 5, 5]] * 10)
        fitted = classifier(vocabulary_size=6, mask_padding=False).fit(X, y)
        lstm = torch.nn.LSTM(32, 4, batch_first=True)
        cell = fitted.module_.recurrent.layers[0][0]
        state = [cell.weight_ih, cell.weight_hh, cell.bias, torch.zeros(16)]
        with torch.no_grad():
            for weight, value in zip(lstm.parameters(), state, strict=True):
                weight.copy_(value)
            outputs, _ = lstm(fitted.module_.embedding.weight[torch.tensor(X)])
            logits = fitted.module_.output(outputs[:, -1]).numpy()[:, 0]
        np.testing.assert_allclose(fitted.decision_function(X), logits, rtol=1e-5, atol=1e-6)


class TestSummary:
    def test_the_network_of_the_lecture(self):
        ids = np.random.RandomState(0).randint(1, 5000, (4, 7))
        lecture = LSTMClassifier(
            vocabulary_size=5000, embedding_dim=32, hidden_size=100, mask_padding=False
        )
        fitted = lecture.set_params(max_epochs=1).fit(ids, [0, 1, 0, 1])
        printed = str(fitted.summary())
        for line in ("Embedding .*160,000", "LSTM .*53,200", "Linear .* 101", "Total.* 213,301",
                     "Trainable.* 213,301", r"Non-trainable.* 0\n"):  # fmt: skip
            assert pd.Series([printed]).str.contains(line).all(), line
        assert fitted.n_parameters_ == 213_301

    def test_frozen_vectors_are_not_trainable(self):
        X = embedded()
        frozen = classifier(fine_tune_embeddings=False, bidirectional=True, pooling="attention")
        printed = str(frozen.fit(X, LABELS).summary())
        assert f"Non-trainable parameters: {X.vectors.size}" in printed
        assert "Bidirectional LSTM" in printed
        assert "Pooling (attention)" in printed


class TestUnfitted:
    @pytest.mark.parametrize(
        "method", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
    )
    def test_methods(self, method):
        with pytest.raises(NotFittedError):
            getattr(LSTMClassifier(), method)(TOKENS)

    def test_summary(self):
        with pytest.raises(NotFittedError):
            LSTMClassifier().summary()

    def test_attributes(self):
        for name in ("net_", "module_", "history_", "n_iter_", "n_parameters_", "classes_"):
            assert not hasattr(LSTMClassifier(), name)


@pytest.fixture(scope="module")
def fitted():
    return classifier().fit(SERIES, y)


WRONG_PARAMETERS = {
    "vocabulary_size": (1, -5, 2**40, 2.5, "5000"),
    "standardize": ("features", True, 1),
    "embedding_dim": (0, -1, 1.5, None),
    "fine_tune_embeddings": ("yes", 2, None),
    "embedding_lr": (0, -1.0, np.inf, np.nan, "lr"),
    "encoder": ("lm", 3, [], {}),
    "layer_lr_decay": (0, 1.5, None),
    "unfreeze_epochs": (-1, 1.5, None),
    "mask_padding": ("pre", None),
    "cell": ("ltsm", None, 3),
    "cell_params": ("forget_bias", [1]),
    "hidden_size": (0, -3, 1.5, None, [4]),
    "n_layers": (0, 1.5, None),
    "bidirectional": ("both", 2, None),
    "pooling": ("sum", None, 3),
    "embedding_dropout": (-0.1, 1.0, 1, np.nan, None),
    "word_dropout": (-0.1, 1.0, None),
    "dropout": (-0.1, 1.0, "0.5"),
    "recurrent_dropout": (2, None),
    "locked_dropout": (None, "yes"),
    "optimizer": ("adagrad", None, 3),
    "lr": (0, -1, np.inf, np.nan, "fast", None),
    "schedule": ("step", 3),
    "bptt_steps": (0, -1, 2.5, "all"),
    "max_grad_norm": (0, -1, np.nan, np.inf),
    "weight_decay": (-1, np.inf, None),
    "batch_size": (0, -2, 2.5, None),
    "average": (0, 1.5, "mean"),
    "max_epochs": (0, 1.5, None, "few"),
    "n_members": (0, 1.5, "some"),
    "n_jobs": (1.5, "all"),
    "wide": (None, "yes"),
    "chop": (0, 1.5, "some"),
    "adversarial": (0, -1.0, np.nan, "some"),
    "virtual_adversarial": (-0.1, None, "some"),
    "entropy": (-0.1, None, "some"),
    "label_smoothing": (-0.1, 1, "some"),
    "checkpoint": (5, 1.5),
    "checkpoint_minutes": (-1, None, "some"),
    "early_stopping": ("yes", None),
    "scoring": ("f2", 1, ["f1", "accuracy"]),
    "validation": ("first", 5, None),
    "validation_fraction": (0, 1, 1.0, -0.5, 3),
    "n_iter_no_change": (0, 1.5, None),
    "class_weight": ("equal", 3),
    "warm_start": ("yes", 3),
    "device": (0, None),
    "precision": ("half", 16, None),
    "callbacks": (5, "spy"),
    "net_params": ([1], "lr"),
    "verbose": (-1, "yes", None),
    "random_state": ("x", -1, 1.5),
}


def test_the_table_of_wrong_parameters_is_complete():
    assert WRONG_PARAMETERS.keys() == LSTMClassifier().get_params().keys()


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in WRONG_PARAMETERS.items() for value in values],
    ids=str,
)
def test_a_parameter_out_of_range(name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of LSTMClassifier must be"):
        classifier(**{name: value}).fit(SERIES, y)


def test_predictions_check_the_types_of_parameters_set_after_fit():
    fitted = classifier().fit(SERIES, y)
    for bidirectional, is_right in ((True, True), (1, False), (np.True_, True), ([], False)):
        fitted.set_params(bidirectional=bidirectional)
        with nullcontext() if is_right else pytest.raises(ValueError, match="'bidirectional' p"):
            fitted.predict(SERIES)


def with_value(X, value):
    X = np.array(X, dtype=float)
    X.flat[7] = value
    return X


def a(*rows):
    """Twenty samples: the given ones, over and over."""
    return [rows[row % len(rows)] for row in range(20)]


ids = {"vocabulary_size": 6}
# what is wrong: parameters, X, y, further arguments of fit, type of the error, what it says
BAD_FITS = {
    # samples
    "bare string": ({}, "a good film", y, {}, TypeError, "'a good film' of type str; expected tok"),
    "bytes": ({}, b"a good film", y, {}, TypeError, "of type bytes"),
    "texts": ({}, a("a good film"), y, {}, TypeError, "put a Tokenizer first"),
    "array of texts": ({}, np.array(a("good", "bad")), y, {}, TypeError, "put a Tokenizer first"),
    "series of texts": ({}, pd.Series(a("good")), y, {}, TypeError, "put a Tokenizer first"),
    "None": ({}, None, y, {}, TypeError, "of type NoneType; expected"),
    "a number": ({}, 5, y, {}, TypeError, "of type int; expected"),
    "an iterator": ({}, iter(SERIES), y, {}, TypeError, "of type iterator; expected"),
    "a dict": ({}, {"a": 1}, y, {}, TypeError, "of type dict; expected"),
    "sparse": ({}, sp.csr_matrix(SERIES), y, {}, TypeError, "dense"),
    "one dimension": ({}, SERIES[:, 0], y, {}, ValueError, r"one series .*SlidingWindow cuts"),
    "list of numbers": ({}, SERIES[:, 0].tolist(), y, {}, ValueError, "Reshape your data: X.resh"),
    "four dimensions": ({}, STEPS[..., None], y, {}, ValueError, "4 axes"),
    "complex": ({}, SERIES + 1j, y, {}, ValueError, "Complex"),
    "empty list": ({}, [], [], {}, ValueError, "0 sample"),
    "empty array": ({}, np.zeros((0, 3)), [], {}, ValueError, "0 sample"),
    "empty batch": ({}, np.zeros((0, 3, 2)), [], {}, ValueError, "0 sample"),
    "empty Sequences": ({}, Sequences.from_tokens([]), [], {}, ValueError, "0 sample"),
    "empty Series": ({}, pd.Series([], dtype=object), [], {}, ValueError, "0 sample"),
    "no columns": ({}, np.zeros((20, 0)), y, {}, ValueError, "0 feature"),
    "no features": ({}, np.zeros((20, 3, 0)), y, {}, ValueError, "0 feature"),
    "only empty samples": ({}, a([]), y, {}, ValueError, "Every sample of X is empty"),
    "only empty arrays": ({}, a(np.zeros((0, 3))), y, {}, ValueError, "Every sample of X is empty"),
    "only empty Sequences": (
        {}, Sequences.from_tokens(a([])), y, {}, ValueError, "Every sample of X is empty"),
    # tokens
    "None among samples": ({}, a(["a"], None), y, {}, TypeError, "Sample 1 is None"),
    "None comes first": ({}, a(None, ["a"]), y, {}, TypeError, "Sample 0 is None"),
    "None among tokens": ({}, a(["a", None]), y, {}, TypeError, "Token 1 of sample 0 is None"),
    "None is the first token": ({}, a([None, "a"], ["b"]), y, {}, TypeError, "Token 0 of sample 0"),
    "NaN among tokens": ({}, a([np.nan, "a"]), y, {}, TypeError, "Token 0 of sample 0 is nan"),
    "bytes among tokens": ({}, a([b"a"], [b"b"] * 2), y, {}, TypeError, "Token 0 .* is b'a'"),
    "a number among tokens": ({}, a(["a"], [5]), y, {}, TypeError, "Token 0 of sample 1 is 5"),
    "tokens among numbers": ({}, a([5], ["a"]), y, {}, TypeError, "Token 0 of sample 0 is 5"),
    "a text among tokens": ({}, a(["a"], "b"), y, {}, TypeError, "Sample 1 is 'b'"),
    # ids
    "id too large": (ids, a([2, 6]), y, {}, ValueError, "the id 6, .* 0 .. 5 "),
    "negative id": (ids, a([2, -1], [3]), y, {}, ValueError, "the id -1"),
    "id past int32": (ids, a([2, 2**32 + 2]), y, {}, ValueError, f"the id {2**32 + 2}"),
    "id past int64": (ids, a([2, 2**63]), y, {}, ValueError, "the id 9.2"),
    "the largest int64": (ids, np.array(a([2, 2**63 - 1])), y, {}, ValueError, f"{2**63 - 1}"),
    "the smallest int64": (ids, np.array(a([2, -(2**63)])), y, {}, ValueError, f"id -{2**63}"),
    "id past everything": (ids, a([2, 2**80], [3]), y, {}, ValueError, "whole-numbered ids"),
    "fractional ids": (ids, a([2, 2.5], [3]), y, {}, ValueError, "whole-numbered ids; got float"),
    "NaN among ids": (ids, a([2, np.nan], [3]), y, {}, ValueError, "whole-numbered ids"),
    "infinity among ids": (ids, a([2, np.inf], [3]), y, {}, ValueError, "the id inf"),
    "boolean ids": (ids, SERIES > 0, y, {}, ValueError, "got bool"),
    "scalar among ids": (ids, a([2, 3], 4), y, {}, ValueError, "sample 1 is 4"),
    "matrices of ids": (ids, np.ones((20, 2, 2), int), y, {}, ValueError, "shape .20, 2, 2"),
    "ids past those of Sequences": (ids, Sequences.from_ids(a([6])), y, {}, ValueError, "the id 6"),
    "Sequences of ids": ({}, Sequences.from_ids(IDS), y, {}, ValueError, "set vocabulary_size="),
    # numbers
    "NaN": ({}, with_value(SERIES, np.nan), y, {}, ValueError, "NaN"),
    "infinity": ({}, with_value(SERIES, np.inf), y, {}, ValueError, "infinity"),
    "NaN in a batch": ({}, with_value(STEPS, np.nan), y, {}, ValueError, "NaN"),
    "infinity in a batch": ({}, with_value(STEPS, -np.inf), y, {}, ValueError, "infinity"),
    "NaN in a list": ({}, [*RAGGED[1:], [[np.nan] * 3]], y, {}, ValueError, "NaN"),
    "past float32": (
        {"precision": "float32", "standardize": None}, with_value(SERIES, 1e39), y, {}, ValueError,
        "too large"),
    "a missing sample": ({}, [*RAGGED[1:], None], y, {}, TypeError, "Sample 19 of X is None"),
    "scalar samples": ({}, a([1, 2], 3), y, {}, ValueError, "Sample 1 .* but is 3"),
    "two widths": ({}, a(STEPS[0], STEPS[1, :, :2]), y, {}, ValueError, r"got \[2, 3\] features"),
    "matrices as steps": ({}, a(STEPS[:2], STEPS[:1]), y, {}, ValueError, "Sample 0 must be"),
    "half a step masked": (
        {}, np.ma.masked_array(STEPS, np.arange(3) == 1 + 0 * STEPS), y, {}, ValueError,
        "masked in all of its features, or in none"),
    "NaN in vectors": ({}, embedded(unknown=np.nan), y, {}, ValueError, "vectors of X"),
    # targets
    "no y": ({}, SERIES, None, {}, ValueError, "requires y"),
    "short y": ({}, SERIES, y[:19], {}, ValueError, "20 of X, 19 of y"),
    "one class": ({}, SERIES, np.zeros(20), {}, ValueError, "only one class: 0.0"),
    "probabilities as labels": (
        {},
        SERIES,
        np.abs(SERIES) / 9,
        {},
        ValueError,
        r"matrix of 0 and 1.*pass \(y > 0.5\)",
    ),
    "numbers as labels": ({}, SERIES, SERIES[:, 0], {}, ValueError, "LSTMRegressor.*continuous"),
    "NaN as label": ({}, SERIES, np.where(y, 1, np.nan), {}, ValueError, "NaN"),
    "None as label": ({}, SERIES, a(None, "a"), {}, ValueError, "missing value None"),
    "None among labels": ({}, SERIES, a("a", None), {}, ValueError, "none may be missing"),
    "lists of labels": ({}, SERIES, a([1], [1, 2]), {}, ValueError, "several go into a 0/1 matrix"),
    "several outputs": ({}, SERIES, np.c_[y, y + 1], {}, ValueError, "y is a matrix"),
    # weights
    "short weights": ({}, SERIES, y, {"sample_weight": [1]}, ValueError, "sample_weight"),
    "negative weights": ({}, SERIES, y, {"sample_weight": -np.ones(20)}, ValueError, "Negative"),
    "NaN weights": ({}, SERIES, y, {"sample_weight": [np.nan] * 20}, ValueError, "NaN"),
    "zero weights": ({}, SERIES, y, {"sample_weight": np.zeros(20)}, ValueError, "zero|positive"),
    "negative class weight": ({"class_weight": {0: -1}}, SERIES, y, {}, ValueError, "class_weight"),
    "zero class weights": ({"class_weight": {0: 0, 1: 0}}, SERIES, y, {}, ValueError, "positive"),
    "NaN class weight": ({"class_weight": {0: np.nan}}, SERIES, y, {}, ValueError, "finite"),
    "string for a class weight": (
        {"class_weight": {0: "1"}}, SERIES, y, {}, ValueError, "class_weight must give numbers"),
    "one dict for labels": (
        {"class_weight": {0: 1}}, SERIES, np.c_[y, y], {}, ValueError, "a list of dicts"),
    "too few dicts": (
        {"class_weight": [{0: 1}]}, SERIES, np.c_[y, y], {}, ValueError, "1 dicts for 2 labels"),
    "list of class weights": ({"class_weight": [1]}, SERIES, y, {}, ValueError, "one dict"),
    # validation data
    "X_val alone": ({}, SERIES, y, {"X_val": SERIES}, ValueError, "X_val and y_val together"),
    "y_val alone": ({}, SERIES, y, {"y_val": y}, ValueError, "X_val and y_val together"),
    "other width": ({}, SERIES, y, {"X_val": SERIES[:, :3], "y_val": y}, ValueError, "3 features"),
    "other kind": ({}, SERIES, y, {"X_val": TOKENS, "y_val": y}, ValueError, "X now holds tokens"),
    "short y_val": ({}, SERIES, y, {"X_val": SERIES, "y_val": y[1:]}, ValueError, "X, 19 of y"),
    "strings for numbers": (
        {}, SERIES, y, {"X_val": SERIES, "y_val": LABELS}, ValueError, "In the validation data"),
    "too few to hold out": (
        {"early_stopping": True, "validation_fraction": 0.9}, SERIES[:4], y[:4], {}, ValueError,
        "of 4 samples"),
    # training
    "no device": ({"device": "nonsense"}, SERIES, y, {}, ValueError, "device='nonsense' cannot"),
    "meta device": ({"device": "meta"}, SERIES, y, {}, ValueError, "device='meta' cannot"),
    "no callback": ({"callbacks": [print]}, SERIES, y, {}, TypeError, "skorch callbacks.* print"),
    "named thing": ({"callbacks": [("a", 5)]}, SERIES, y, {}, TypeError, r"got \('a', 5\)"),
    "unknown net_params": ({"net_params": {"foo": 1}}, SERIES, y, {}, ValueError, "params.*foo"),
    "unknown part": ({"net_params": {"module__foo": 1}}, SERIES, y, {}, ValueError, "net_params"),
    "reserved": ({"net_params": {"max_epochs": 1}}, SERIES, y, {}, ValueError, r"\['max_epochs'\]"),
    "schedule of None": ({"schedule": lambda p: None}, SERIES, y, {}, ValueError, "returned None"),
    "schedule of str": ({"schedule": lambda p: "x"}, SERIES, y, {}, ValueError, "returned 'x'"),
    "schedule of NaN": ({"schedule": lambda p: np.nan}, SERIES, y, {}, ValueError, "returned nan"),
    "negative schedule": ({"schedule": lambda p: -p}, SERIES, y, {}, ValueError, "at least 0"),
    "no optimizer": ({"optimizer": print}, SERIES, y, {}, ValueError, "optimizer"),
    "unfit optimizer": ({"optimizer": torch.optim.LBFGS}, SERIES, y, {}, ValueError, "LBFGS"),
    "too large": ({"hidden_size": 10**7}, SERIES, y, {}, ValueError, "cannot be built"),
    "own error": (
        {"callbacks": [Raise("on_batch_end", OSError("disk full"), 1)]}, SERIES, y, {}, OSError,
        "disk full"),
    "diverges at once": (
        {"callbacks": [Spoil("on_epoch_begin", 1)]}, SERIES, y, {}, ValueError,
        "infinite or NaN in epoch 1. Lower lr"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_FITS)
def test_bad_fit(case):
    params, X, labels, arguments, error, message = BAD_FITS[case]
    new = classifier(**params)
    with pytest.raises(error, match=message):
        new.fit(X, labels, **arguments)
    with pytest.raises(NotFittedError):
        check_is_fitted(new)


NO_FAULT_LATER = {  # it is one in the first fit only
    "one class", "past float32", "only empty samples", "only empty arrays", "diverges at once",
}  # fmt: skip


@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("case", BAD_FITS)
def test_nothing_is_lost_in_a_bad_fit(case, warm_start, fitted):
    if warm_start and case in NO_FAULT_LATER:
        return
    params, X, labels, arguments, *_ = BAD_FITS[case]
    old = deepcopy(fitted).set_params(warm_start=warm_start, **params)
    state = set(vars(old))
    with pytest.raises((TypeError, ValueError, OSError)):
        old.fit(X, labels, **arguments)
    assert set(vars(old)) == state
    assert old.history_ == fitted.history_
    old.set_params(vocabulary_size=None)
    np.testing.assert_array_equal(old.predict_proba(SERIES), fitted.predict_proba(SERIES))
