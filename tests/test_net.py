"""How the estimators train: what each parameter does, going on, stopping and breaking off."""

import os
import signal
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.validation import check_is_fitted
from skorch.callbacks import EarlyStopping, EpochScoring
from skorch.history import History
from torch.utils.data import DataLoader
from toys import (
    LABELS,
    RAGGED,
    SERIES,
    TOKENS,
    Raise,
    Spoil,
    classifier,
    embedded,
    proba,
    spy,
    y,
)  # fmt: skip

from sklstm import LSTMClassifier, LSTMGenerator, LSTMRegressor, LSTMSeq2Seq, LSTMTagger
from sklstm._callbacks import BestEpoch
from sklstm._device import runs_bfloat16
from sklstm.nn import batches

VALIDATION = np.random.RandomState(2).randn(30, 5)


def test_training_accuracy_is_that_before_each_update():
    history = classifier(max_epochs=3, batch_size=20, lr=0.05).fit(TOKENS, LABELS).history_
    for n_epochs in (1, 2):
        before = classifier(max_epochs=n_epochs, batch_size=20, lr=0.05).fit(TOKENS, LABELS)
        assert history[n_epochs]["train_acc"] == pytest.approx(before.score(TOKENS, LABELS))


class TestTraining:
    def test_learns_what_only_the_order_tells(self):
        X = [["a", "b", "c"], ["c", "b", "a"]] * 10
        fitted = classifier(max_epochs=40, lr=0.03, hidden_size=8).fit(X, y)
        assert fitted.score(X, y) == 1

    @pytest.mark.parametrize("pooling", ["last", "mean", "max", "max+mean", "attention"])
    def test_every_pooling_learns(self, pooling):
        params = {"pooling": pooling, "bidirectional": True, "n_layers": 2}
        fitted = classifier(max_epochs=40, lr=0.02, **params).fit(TOKENS, LABELS)
        assert fitted.score(TOKENS, LABELS) == 1

    @pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "sgd"])
    def test_optimizers(self, name):
        fitted = classifier(optimizer=name, weight_decay=0.25).fit(TOKENS, LABELS)
        assert type(fitted.net_.optimizer_).__name__.lower() == name
        assert fitted.net_.optimizer_.param_groups[0]["weight_decay"] == 0.25
        same = classifier(optimizer=type(fitted.net_.optimizer_), weight_decay=0.25)
        expected = fitted.predict_proba(TOKENS)
        np.testing.assert_array_equal(same.fit(TOKENS, LABELS).predict_proba(TOKENS), expected)

    def test_weight_decay_shrinks(self):
        norms = [
            sum(w.square().sum() for w in classifier(weight_decay=decay, optimizer="sgd", lr=0.1)
                .fit(TOKENS, LABELS).module_.parameters())
            for decay in (0.0, 0.5)
        ]  # fmt: skip
        assert norms[1] < 0.8 * norms[0]

    def test_gradients_are_clipped(self):
        def norm(net, **kwargs):
            return sum(w.grad.square().sum() for w in net.module_.parameters()).sqrt().item()

        for limit in (1e-3, None):
            callback, log = spy("on_grad_computed", norm)
            classifier(max_grad_norm=limit, callbacks=[callback]).fit(TOKENS, LABELS)
            assert (max(log) <= 1.001e-3) is (limit is not None)

    def test_schedule_multiplies_the_learning_rate(self):
        callback, log = spy("on_batch_end", lambda net, **kw: net.optimizer_.param_groups[0]["lr"])
        asked = []
        schedule = lambda share: asked.append(share) or 1 - share / 2  # noqa: E731
        params = {"lr": 0.1, "batch_size": 8, "max_epochs": 2, "callbacks": [callback]}
        fitted = classifier(schedule=schedule, **params).fit(TOKENS, LABELS)
        np.testing.assert_allclose(asked, (np.arange(6) + 0.5) / 6)
        np.testing.assert_allclose(log, 0.1 * (1 - np.array(asked) / 2))
        assert fitted.net_.optimizer_.param_groups[0]["lr"] == 0.1

    @pytest.mark.parametrize("schedule", ["one_cycle", "cosine", "linear"])
    def test_named_schedules(self, schedule):
        rate = lambda net, training, **kw: training and net.optimizer_.param_groups[0]["lr"]  # noqa: E731
        callback, log = spy("on_batch_end", rate)
        params = {"lr": 0.1, "batch_size": 2, "max_epochs": 5, "callbacks": [callback]}
        classifier(schedule=schedule, **params).fit(TOKENS, LABELS, X_val=TOKENS, y_val=LABELS)
        rates = np.array([rate for rate in log if rate])
        assert len(rates) == 50
        assert 0 < rates[-1] < 0.011 * 0.1
        peak = 15 if schedule == "one_cycle" else 0
        assert rates.argmax() in (peak - 1, peak)
        assert rates.max() == pytest.approx(0.1, rel=0.02)
        assert np.all(np.diff(rates[peak:]) < 0)

    def test_validation_data_is_only_looked_at(self):
        X_val, y_val = [["good", "plot"], ["bad"]], ["neg", "pos"]  # its loss rises
        fitted = classifier(max_epochs=15).fit(TOKENS, LABELS, X_val=X_val, y_val=y_val)
        np.testing.assert_array_equal(fitted.predict_proba(TOKENS), proba(TOKENS, max_epochs=15))
        last = fitted.history_[-1]
        probabilities = fitted.predict_proba(X_val)[[0, 1], [0, 1]]
        assert last["valid_loss"] == pytest.approx(-np.log(probabilities).mean(), rel=1e-5)
        assert last["valid_acc"] == pytest.approx(fitted.score(X_val, y_val))

    @pytest.mark.parametrize("labels", [y, np.arange(20) % 3, np.column_stack([y, y])])
    def test_early_stopping_restores_the_best_epoch(self, labels):
        X_val, y_val = VALIDATION, labels[np.arange(30) * 7 % 20]
        fitted = classifier(
            early_stopping=True, n_iter_no_change=4, max_epochs=200, lr=0.05, hidden_size=16
        ).fit(SERIES, labels, X_val=X_val, y_val=y_val)
        losses = np.array([epoch["valid_loss"] for epoch in fitted.history_])
        assert fitted.n_iter_ == losses.argmin() + 1 + 4 < 200
        probabilities = fitted.predict_proba(X_val)
        if labels.ndim == 1:
            restored = -np.log(probabilities[range(30), y_val]).mean()
        else:
            restored = -np.log(np.where(y_val, probabilities, 1 - probabilities)).mean()
        assert restored == pytest.approx(losses.min(), rel=1e-4)
        assert losses[-1] > 1.001 * losses.min()

    def test_early_stopping_holds_out_a_stratified_part(self):
        labels = np.array([0, 0, 0, 0, 1] * 8)
        callback, log = spy("on_epoch_begin", lambda net, dataset_train, dataset_valid: (
            dataset_train.y.tolist(), dataset_valid.y.tolist()
        ))  # fmt: skip
        fitted = classifier(early_stopping=True, validation_fraction=0.25, callbacks=[callback])
        fitted.fit(np.random.RandomState(0).randn(40, 3), labels)
        train, valid = log[0]
        assert (len(train), len(valid)) == (30, 10)
        assert (sum(train), sum(valid)) == (6, 2)
        assert "valid_acc" in fitted.history_[0]

    def test_dropout_acts_in_training_only(self):
        plain = proba(TOKENS)
        for name in ("embedding_dropout", "word_dropout", "dropout", "recurrent_dropout"):
            for locked in (False, True):
                fitted = classifier(locked_dropout=locked, **{name: 0.5}).fit(TOKENS, LABELS)
                outputs = fitted.predict_proba(TOKENS)
                np.testing.assert_array_equal(fitted.predict_proba(TOKENS), outputs)
                assert not np.array_equal(outputs, plain), name

    def test_word_dropout_trains_the_unknown_vector(self):
        for share in (0.0, 0.5):
            first, weights = spy(
                "on_train_begin", lambda net, **kw: net.module_.embedding.weight[1].tolist()
            )
            fitted = classifier(word_dropout=share, callbacks=[first]).fit(TOKENS, LABELS)
            after = fitted.module_.embedding.weight[1].tolist()
            assert (weights[0] != after) is (share > 0)

    def test_history(self):
        fitted = classifier(max_epochs=4).fit(TOKENS, LABELS, X_val=TOKENS, y_val=LABELS)
        assert fitted.n_iter_ == len(fitted.history_) == 4
        for number, epoch in enumerate(fitted.history_, 1):
            assert epoch["epoch"] == number
            assert epoch.keys() >= {"train_loss", "valid_loss", "valid_acc", "dur"}
            assert "batches" not in epoch
        losses = [epoch["train_loss"] for epoch in fitted.history_]
        assert losses == sorted(losses, reverse=True)
        assert losses[0] == pytest.approx(np.log(2), rel=0.05)

    def test_prints_only_when_asked(self, capsys):
        classifier().fit(TOKENS, LABELS)
        assert capsys.readouterr() == ("", "")
        classifier(verbose=1).fit(TOKENS, LABELS)
        printed = capsys.readouterr().out
        assert "train_loss" in printed
        assert "\x1b" not in printed  # no colours where there is no terminal

    def test_random_state(self):
        assert np.array_equal(proba(TOKENS), proba(TOKENS))
        assert not np.array_equal(proba(TOKENS), proba(TOKENS, random_state=1))
        state = np.random.RandomState(0)
        one, two = (proba(TOKENS, random_state=state) for _ in range(2))
        np.testing.assert_array_equal(one, proba(TOKENS, random_state=np.random.RandomState(0)))
        assert not np.array_equal(one, two)

    def test_fits_in_threads_do_not_disturb_one_another(self):
        state = torch.get_rng_state()
        with ThreadPoolExecutor(4) as pool:
            jobs = [pool.submit(proba, TOKENS, max_epochs=5, dropout=0.5) for _ in range(4)]
        for job in jobs:
            np.testing.assert_array_equal(job.result(), proba(TOKENS, max_epochs=5, dropout=0.5))
        assert torch.equal(torch.get_rng_state(), state)

    def test_callbacks_are_copied(self):
        callback, log = spy("on_epoch_end", lambda net, **kw: len(net.history))
        stopping = EarlyStopping("train_loss", patience=10)
        before = deepcopy(vars(stopping))
        fitted = classifier(callbacks=[("spy", callback), type(callback), stopping])
        clone(fitted).fit(TOKENS, LABELS)
        assert log == [1, 1, 2, 2, 3, 3]
        assert not fitted.fit(TOKENS, LABELS).net_.callbacks_
        assert vars(stopping) == before

    def test_batches_are_shuffled(self):
        read = lambda net, batch, **kw: batch[0].steps[:, 0, 0].tolist()  # noqa: E731
        logs = []
        for random_state in (0, 0, 1):
            callback, log = spy("on_batch_begin", read)
            params = {"batch_size": 10, "max_epochs": 2, "standardize": None}
            classifier(callbacks=[callback], random_state=random_state, **params).fit(SERIES, y)
            logs.append(log)
        first, second = logs[0][0] + logs[0][1], logs[0][2] + logs[0][3]
        assert sorted(first) == sorted(second) == sorted(SERIES[:, 0])
        assert first != second
        assert logs[0] == logs[1] != logs[2]

    def test_net_params(self):
        fitted = classifier(net_params={"lr": 0.5, "iterator_train__pool_size": 1})
        assert fitted.fit(TOKENS, LABELS).net_.optimizer_.param_groups[0]["lr"] == 0.5

    def test_callbacks_in_net_params(self):
        options = {"callbacks__print_log": None, "callbacks__f1__lower_is_better": False}
        fitted = classifier(callbacks=[("f1", EpochScoring("f1"))], net_params=options)
        fitted.fit(SERIES, y, X_val=SERIES, y_val=y)
        assert "f1_best" in fitted.partial_fit(SERIES, y).history_[0]

    @pytest.mark.parametrize(
        ("net_params", "message"),
        [
            ({"iterator_train__foo": 1}, "argument 'foo'; it takes dataset, batch_size"),
            ({"iterator_train": DataLoader}, "argument 'random_state'; it takes dataset"),
            ({"iterator_valid": 3}, "expected a class such as sklstm.nn.batches.LengthBatches"),
            ({"iterator_train__pool_size": 0}, "pool_size must be an integer of at least 1"),
            ({"iterator_valid__batch_size": "x"}, "batch_size must be an integer of at least 1"),
            ({"batch_size": -1}, "batch_size must be an integer of at least 1; got -1"),
            ({"optimzer": "sgd"}, "cannot be built; .*unexpected argument.* optimzer"),
            ({"optimizer": "sgd"}, "cannot be built; .*'str' object is not callable"),
            ({"optimizer__momentun": 0.9}, "cannot be built; .*'momentun'"),
            ({"module__units": 9}, "cannot be built; .*'units'"),
            ({"lr": "high"}, "cannot be built"),
            ({"device": 3.5}, "device=3.5 cannot be used here"),
            ({"callbacks__valid_los__name": "x"}, "'callbacks__valid_los__name', .*no callback"),
            ({"callbacks__foo": None}, "there are .*print_log.* to name one"),
            ({1: 2}, r"net_params must have names as keys; got \[1\]"),
            ({"criterion": torch.nn.NLLLoss}, r"criterion NLLLoss cannot .* shape \(\d+, 1\)"),
            ({"criterion__reduction": "sum"}, "use the estimator's parameters for that"),
        ],
    )
    def test_wrong_net_params(self, net_params, message):
        fitted = classifier().fit(SERIES, y)
        expected = fitted.predict_proba(SERIES)
        with pytest.raises(ValueError, match=message):
            clone(fitted).set_params(net_params=net_params).fit(SERIES, y)
        with pytest.raises(ValueError, match=message):
            fitted.set_params(net_params=net_params).partial_fit(SERIES, y)
        fitted.set_params(net_params=None)
        np.testing.assert_array_equal(fitted.predict_proba(SERIES), expected)

    @pytest.mark.parametrize("optimizer", [torch.optim.NAdam, torch.optim.Adagrad])
    def test_optimizer_in_net_params(self, optimizer):
        fitted = classifier(net_params={"optimizer": optimizer}).fit(SERIES, y)
        assert type(fitted.net_.optimizer_) is optimizer
        same = classifier(optimizer=optimizer).fit(SERIES, y)
        np.testing.assert_array_equal(same.predict_proba(SERIES), fitted.predict_proba(SERIES))

    def test_precision(self):
        def precision(X, **params):
            fitted = classifier(**params).fit(X, y)
            return fitted.module_.output.weight.dtype, fitted.decision_function(X).dtype

        single, double = (torch.float32, np.float32), (torch.float64, np.float64)
        assert precision(SERIES) == precision(TOKENS, precision="float64") == double
        assert precision(SERIES.astype(np.float32)) == precision(TOKENS) == single
        assert precision(SERIES, precision="float32") == single
        assert precision(np.tile(SERIES, 220)) == single  # too large to be slow for free
        np.testing.assert_allclose(proba(TOKENS), proba(TOKENS, precision="float64"), rtol=1e-3)

    def test_bfloat16(self):
        assert classifier(precision="bfloat16").fit(TOKENS, y).module_.output.weight.dtype == (
            torch.float32
        )
        low, full = (
            proba(TOKENS, precision=precision, bidirectional=True, max_epochs=20)
            for precision in ("bfloat16", "float32")
        )
        np.testing.assert_allclose(low, full, atol=0.03)
        assert np.array_equal(low, full) != runs_bfloat16("cpu")

    def test_the_autocast_of_a_user_changes_no_prediction(self):
        fitted = classifier().fit(TOKENS, y)
        expected = fitted.decision_function(TOKENS)
        with torch.autocast("cpu", torch.bfloat16):
            np.testing.assert_array_equal(fitted.decision_function(TOKENS), expected)


# Of a tagger, whose masks would differ with the batches.
NO_DROPOUT = dict.fromkeys(["embedding_dropout", "word_dropout", "affix_dropout", "dropout"], 0)


class TestMicroBatches:
    """Where lengths differ much, a step of the optimizer takes several batches."""

    LENGTHS = np.array([3, 200, 4, 5, 40, 3, 2, 9, 1, 700, 3, 60, 4, 4, 2])

    def data(self, kind):
        rng = np.random.RandomState(0)
        words = [[f"w{code}" for code in rng.randint(5, size=n)] for n in self.LENGTHS]
        if kind is LSTMTagger:
            return words, [[word.upper() for word in row] for row in words]
        if kind is LSTMSeq2Seq:
            return words, [row[:n] for n, row in zip(self.LENGTHS[::-1], words, strict=True)]
        if kind is LSTMGenerator:
            return words, None
        return words, np.arange(len(words)) % 2

    @pytest.mark.parametrize(
        ("kind", "params"),
        [
            (LSTMClassifier, {}),
            (LSTMRegressor, {}),
            (LSTMTagger, NO_DROPOUT),
            (LSTMSeq2Seq, {}),
            (LSTMGenerator, {"level": "token"}),
            (LSTMGenerator, {"level": "token", "bptt_steps": 20}),
        ],
    )
    def test_they_teach_what_the_batch_teaches(self, kind, params, monkeypatch):
        X, labels = self.data(kind)
        found = {}
        for negligible in (0, 10**9):
            monkeypatch.setattr(batches, "NEGLIGIBLE_PADDING", negligible)
            model = kind(
                hidden_size=4, max_epochs=2, batch_size=8, lr=0.1, schedule="linear",
                optimizer="sgd", precision="float64", random_state=0, **params,
            )  # fmt: skip
            model.fit(X, labels, sample_weight=1.0 + np.arange(len(X)), X_val=X, y_val=labels)
            losses = [(epoch["train_loss"], epoch["valid_loss"]) for epoch in model.history_]
            counts = [epoch["train_batch_count"] for epoch in model.net_.history]
            found[negligible] = losses, model.module_.state_dict(), counts
        (losses, weights, counts), (whole_losses, whole_weights, whole_counts) = found.values()
        np.testing.assert_allclose(losses, whole_losses, rtol=1e-9)
        for name, weight in weights.items():
            torch.testing.assert_close(weight, whole_weights[name], rtol=1e-7, atol=1e-9)
        assert (counts > whole_counts) == ("bptt_steps" not in params)

    def test_callbacks_see_one_step(self):
        X, labels = self.data(LSTMClassifier)
        norm = lambda net, named_parameters, **kw: len(list(named_parameters))  # noqa: E731
        callback, log = spy("on_grad_computed", norm)
        fitted = classifier(callbacks=[callback], batch_size=8, max_epochs=3).fit(X, labels)
        assert len(log) == 2 * 3
        assert all(log)
        assert fitted.net_.history[-1]["train_batch_count"] > 2

    def test_schedule_counts_steps(self):
        X, labels = self.data(LSTMClassifier)
        shares = []
        schedule = lambda share: shares.append(share) or 1.0  # noqa: E731
        classifier(schedule=schedule, batch_size=8, max_epochs=3).fit(X, labels)
        np.testing.assert_allclose(shares, (np.arange(6) + 0.5) / 6)


class TestGoingOn:
    def test_warm_start_goes_on(self):
        fitted = classifier(warm_start=True).fit(TOKENS, LABELS)
        first = fitted.predict_proba(TOKENS)
        fitted.fit(TOKENS, LABELS)
        assert fitted.n_iter_ == 6
        losses = [epoch["train_loss"] for epoch in fitted.history_]
        assert losses == sorted(losses, reverse=True)
        assert not np.array_equal(fitted.predict_proba(TOKENS), first)

    def test_moments_go_on(self):
        def steps(fitted):
            state = fitted.net_.optimizer_.state_dict()["state"]
            return {int(moments["step"]) for moments in state.values()}

        fitted = classifier(batch_size=10).fit(TOKENS, LABELS)
        net = fitted.net_
        assert steps(fitted.partial_fit(TOKENS, LABELS)) == {8}
        fitted.net_ = net
        assert steps(fitted) == {6}  # the copy left the first net as it was

    def test_parameters_can_change(self):
        fitted = classifier().fit(TOKENS, LABELS)
        fitted.set_params(lr=0.5, embedding_lr=0.25, weight_decay=0.125, batch_size=7)
        groups = fitted.partial_fit(TOKENS, LABELS).net_.optimizer_.param_groups
        assert [group["lr"] for group in groups] == [0.25, 0.5]
        assert {group["weight_decay"] for group in groups} == {0.125}
        assert fitted.net_.batch_size == 7
        fitted.set_params(optimizer="sgd", embedding_lr=None, dropout=0.5)
        (group,) = fitted.partial_fit(TOKENS, LABELS).net_.optimizer_.param_groups
        assert (group["lr"], fitted.module_.dropout.p) == (0.5, 0.5)

    @pytest.mark.parametrize(
        "change", [{"hidden_size": 5}, {"n_layers": 2}, {"bidirectional": True},
                   {"pooling": "attention"}]
    )  # fmt: skip
    def test_sizes_cannot_change(self, change):
        fitted = classifier(warm_start=True).fit(TOKENS, LABELS)
        expected = fitted.predict_proba(TOKENS)
        with pytest.raises(ValueError, match="does not fit the network"):
            fitted.set_params(**change).fit(TOKENS, LABELS)
        np.testing.assert_array_equal(fitted.predict_proba(TOKENS), expected)
        assert fitted.set_params(warm_start=False).fit(TOKENS, LABELS).n_iter_ == 3

    def test_partial_fit_trains_an_epoch(self):
        fitted = classifier().partial_fit(TOKENS[:10], LABELS[:10], classes=["pos", "neg"])
        fitted.partial_fit(TOKENS[10:], LABELS[10:], sample_weight=np.ones(10))
        assert fitted.n_iter_ == 2
        assert fitted.fit(TOKENS, LABELS).n_iter_ == 3

    def test_partial_fit_after_early_stopping(self):
        fitted = classifier(early_stopping=True).fit(SERIES, y)
        assert "valid_loss" not in fitted.partial_fit(SERIES, y).history_[-1]

    def test_partial_fit_of_one_class_at_a_time(self):
        fitted = classifier().partial_fit(TOKENS[:1], ["pos"], classes=["pos", "neg", "meh"])
        assert fitted.predict_proba(TOKENS).shape == (20, 3)

    def test_partial_fit_classes(self):
        with pytest.raises(ValueError, match="classes must be passed on the first call"):
            classifier().partial_fit(TOKENS, LABELS)
        fitted = classifier().partial_fit(TOKENS, LABELS, classes=["neg", "pos"])
        expected = fitted.predict_proba(TOKENS)
        with pytest.raises(ValueError, match=r"classes \['meh'\], which are not among"):
            fitted.partial_fit(TOKENS[:1], ["meh"])
        with pytest.raises(ValueError, match="classes must be those of the first fit"):
            fitted.partial_fit(TOKENS, LABELS, classes=["pos", "neg", "meh"])
        np.testing.assert_array_equal(fitted.predict_proba(TOKENS), expected)
        fitted.partial_fit(TOKENS, LABELS, classes=["pos", "neg"])

    def test_classes_of_partial_fit_do_not_outlive_it(self):
        fitted = classifier()
        with pytest.raises(ValueError, match="not among"):
            fitted.partial_fit(TOKENS, y, classes=[7, 8])
        with pytest.raises(NotFittedError):
            check_is_fitted(fitted)
        np.testing.assert_array_equal(fitted.fit(TOKENS, y).classes_, [0, 1])
        fitted.partial_fit(TOKENS, y, classes=[0, 1])
        np.testing.assert_array_equal(fitted.fit(TOKENS, LABELS).classes_, ["neg", "pos"])

    def test_new_words_are_learned(self):
        fitted = classifier(warm_start=True).fit(TOKENS, LABELS)
        n_codes = len(fitted.module_.embedding.weight)
        fitted.fit([["new", "words"], ["good"]], ["neg", "pos"])
        assert len(fitted.module_.embedding.weight) == n_codes + 2


class TestDevice:
    def test_auto(self):
        device = next(classifier().fit(SERIES, y).module_.parameters()).device.type
        assert device == ("cuda" if torch.cuda.is_available() else "cpu")

    @pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
    def test_no_gpu(self):
        with pytest.raises(ValueError, match="device='cuda' cannot be used here; take 'auto'"):
            classifier(device="cuda").fit(SERIES, y)

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
    def test_gpu(self):
        for X in (TOKENS, embedded(), SERIES, RAGGED):
            on_gpu = proba(X, device="cuda", bidirectional=True)
            on_cpu = proba(X, device="cpu", bidirectional=True)
            np.testing.assert_allclose(on_gpu, on_cpu, atol=1e-3)
            np.testing.assert_array_equal(on_gpu, proba(X, device="cuda", bidirectional=True))


class TestInterruption:
    @pytest.mark.parametrize("epoch", [1, 2])
    @pytest.mark.parametrize(
        "event", ["on_epoch_begin", "on_batch_end", "on_grad_computed", "on_epoch_end"]
    )
    def test_what_was_learned_is_kept(self, event, epoch):
        fitted = classifier(callbacks=[Raise(event, KeyboardInterrupt, epoch)], batch_size=5)
        with pytest.warns(UserWarning, match=r"interrupted in epoch \d; .* can be used") as log:
            fitted.fit(TOKENS, LABELS)
        assert log[0].filename == __file__
        epoch = epoch + 1 if event == "on_epoch_end" else epoch
        assert fitted.n_iter_ == epoch - 1
        assert np.isfinite(fitted.predict_proba(TOKENS)).all()
        fitted.set_params(callbacks=None).partial_fit(TOKENS, LABELS)
        assert [row["epoch"] for row in fitted.history_] == list(range(1, epoch + 1))

    def test_stopping_early_is_no_interruption(self):
        params = {"max_epochs": 100, "lr": 0.1}
        stopping = EarlyStopping("train_loss", patience=1, threshold=0.5)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ours = classifier(early_stopping=True, n_iter_no_change=1, **params).fit(SERIES, y)
            theirs = classifier(callbacks=[stopping], **params).fit(SERIES, y)
        assert ours.n_iter_ < 100
        assert theirs.n_iter_ < 100

    def test_the_best_epoch_is_restored(self):
        X_val, y_val = VALIDATION, np.arange(30) * 7 % 3 % 2
        params = {"early_stopping": True, "n_iter_no_change": 50, "lr": 0.05, "max_epochs": 60}
        callback = Raise("on_batch_end", KeyboardInterrupt, 50)
        fitted = classifier(callbacks=[callback], **params)
        with pytest.warns(UserWarning, match="interrupted in epoch 50"):
            fitted.fit(SERIES, y, X_val=X_val, y_val=y_val)
        best = min(epoch["valid_loss"] for epoch in fitted.history_)
        loss = -np.log(fitted.predict_proba(X_val)[range(30), y_val]).mean()
        assert loss == pytest.approx(best, rel=1e-6)

    def test_ctrl_c(self):
        script = """
import signal
import warnings
from skorch.callbacks import Callback
from sklstm import LSTMClassifier

class Tell(Callback):
    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            print("training", flush=True)

signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs ignore it
X, y = [[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]] * 20, [0, 1] * 20
with warnings.catch_warnings(record=True) as caught:
    fitted = LSTMClassifier(hidden_size=8, max_epochs=10**6, callbacks=[Tell()]).fit(X, y)
print(fitted.n_iter_ >= 2, len(fitted.predict(X)), caught[0].message)
"""
        child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        try:
            assert child.stdout.readline() == "training\n"
            os.kill(child.pid, signal.SIGINT)
            printed, _ = child.communicate(timeout=60)
        finally:
            child.kill()
        assert child.returncode == 0
        assert printed.startswith("True 40 Training was interrupted in epoch ")


class TestDivergence:
    def test_the_last_good_epoch_is_kept(self):
        diverging = classifier(max_epochs=5, callbacks=[Spoil("on_epoch_begin", 3)], batch_size=5)
        with pytest.warns(ConvergenceWarning, match=r"NaN in epoch 3.*epoch 2 are kept") as log:
            diverging.fit(TOKENS, LABELS)
        assert log[0].filename == __file__
        expected = proba(TOKENS, max_epochs=2, batch_size=5)
        np.testing.assert_array_equal(diverging.predict_proba(TOKENS), expected)
        assert diverging.n_iter_ == len(diverging.history_) == 2

    def test_training_ends_at_once(self):
        callback, log = spy("on_batch_begin", lambda net, **kw: len(net.history))
        callbacks = [Spoil("on_epoch_begin", 2), callback]
        with pytest.warns(ConvergenceWarning):
            classifier(callbacks=callbacks, batch_size=5).fit(TOKENS, LABELS)
        assert log == [1, 1, 1, 1, 2]

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_the_last_step_counts_too(self, value):
        with pytest.warns(ConvergenceWarning, match="in epoch 3"):
            fitted = classifier(callbacks=[Spoil("on_batch_end", 3, value)]).fit(TOKENS, LABELS)
        np.testing.assert_array_equal(fitted.predict_proba(TOKENS), proba(TOKENS, max_epochs=2))

    def test_a_huge_learning_rate(self):
        params = {"optimizer": "sgd", "max_grad_norm": None, "max_epochs": 5}
        with pytest.warns(ConvergenceWarning, match=r"Lower lr \(it is 1e\+30\)"):
            fitted = LSTMRegressor(lr=1e30, precision="float32", **params).fit(SERIES, y)
        assert np.isfinite(fitted.predict(SERIES)).all()

    def test_when_training_goes_on(self):
        fitted = classifier().fit(TOKENS, LABELS)
        expected = fitted.predict_proba(TOKENS)
        fitted.set_params(warm_start=True, callbacks=[Spoil("on_epoch_begin", 1)])
        with pytest.warns(ConvergenceWarning, match="epoch 3 are kept"):
            fitted.fit(TOKENS, LABELS)
        np.testing.assert_array_equal(fitted.predict_proba(TOKENS), expected)

    def test_training_can_go_on(self):
        fitted = classifier(callbacks=[Spoil("on_grad_computed", 3)])  # the moments become NaN
        with pytest.warns(ConvergenceWarning):
            fitted.fit(TOKENS, LABELS)
        fitted.set_params(callbacks=None)
        for _ in range(3):
            fitted.partial_fit(TOKENS, LABELS)
        assert fitted.n_iter_ == 5
        assert fitted.history_[-1]["train_loss"] < fitted.history_[1]["train_loss"]

    def test_the_best_epoch_is_restored(self):
        X_val, y_val = VALIDATION, np.arange(30) * 7 % 3 % 2
        params = {"early_stopping": True, "n_iter_no_change": 50, "lr": 0.05, "max_epochs": 60}
        fitted = classifier(callbacks=[Spoil("on_epoch_begin", 50)], **params)
        with pytest.warns(ConvergenceWarning, match="epoch 50"):
            fitted.fit(SERIES, y, X_val=X_val, y_val=y_val)
        best = min(epoch["valid_loss"] for epoch in fitted.history_)
        loss = -np.log(fitted.predict_proba(X_val)[range(30), y_val]).mean()
        assert loss == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize(
    ("scores", "misses", "best"),
    [([0, 0, 0], 0, 2), ([0, 0, 0.5, 0.4, 0.4], 2, 2), ([-3, -1, 0, 0], 1, 2), ([-2, -2], 1, 0)],
)
def test_stopping_waits_for_a_first_score(scores, misses, best):
    module = torch.nn.Linear(1, 1)
    net = SimpleNamespace(history=History(), module_=module)
    callback = BestEpoch("valid_f1", False, None, patience=9)
    callback.on_train_begin(net)
    for epoch, score in enumerate(scores):
        torch.nn.init.constant_(module.weight, epoch)
        net.history.append({"valid_f1": score, "batches": []})
        callback.on_epoch_end(net)
    assert callback.misses_ == misses
    callback.on_train_end(net)
    assert module.weight.item() == best
