"""Every callback of skorch: it works in an estimator, or is refused with what to use instead."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import skorch.callbacks
import torch
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    Freezer,
    GradientNormClipping,
    Initializer,
    InputShapeSetter,
    LoadInitState,
    LRScheduler,
    MlflowLogger,
    NeptuneLogger,
    ParamMapper,
    PassthroughScoring,
    PrintLog,
    ProgressBar,
    SacredLogger,
    TensorBoard,
    TrainEndCheckpoint,
    Unfreezer,
    WandbLogger,
)
from toys import LABELS, SERIES, TOKENS, classifier, y

from sklstm import LSTMGenerator, LSTMRegressor, LSTMSeq2Seq, LSTMTagger

SMALL = {"hidden_size": 4, "max_epochs": 2, "random_state": 0}
TAGS = [["O"] * (len(tokens) - 1) + ["B-END"] for tokens in TOKENS]


class Recorder:
    """A writer, a run or a client: notes what it is told, and cannot be copied."""

    def __init__(self, **attributes):
        self.calls = []
        vars(self).update(attributes)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: self.calls.append(name)

    def __getitem__(self, name):
        return self

    def __setitem__(self, name, value):
        self.calls.append(name)

    def __deepcopy__(self, memo):
        raise TypeError("a run cannot be copied")


def fitted_with(*callbacks, **params):
    fitted = classifier(callbacks=list(callbacks), **params)
    return fitted.fit(SERIES, y, X_val=SERIES, y_val=y)


def check_batch_scoring(tmp_path):
    history = fitted_with(BatchScoring("accuracy", lower_is_better=False)).history_
    assert all(epoch["accuracy"] == pytest.approx(epoch["valid_acc"]) for epoch in history)


def check_callback(tmp_path):
    assert fitted_with(Callback()).n_iter_ == 3


def check_checkpoint(tmp_path):
    fitted_with(Checkpoint(dirname=str(tmp_path), f_pickle="net.pkl"))
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"params.pt", "optimizer.pt", "criterion.pt", "history.json", "net.pkl"}


def check_early_stopping(tmp_path):
    assert fitted_with(EarlyStopping(patience=1, threshold=9.0), max_epochs=9).n_iter_ == 2


def check_epoch_scoring(tmp_path):
    history = fitted_with(EpochScoring("f1", lower_is_better=False)).history_
    assert all(0 <= epoch["f1"] <= 1 for epoch in history)


def check_epoch_timer(tmp_path):
    assert all(epoch["dur"] > 0 for epoch in fitted_with(skorch.callbacks.EpochTimer()).history_)


def check_freezer(tmp_path):
    fitted = fitted_with(Freezer("output.*"), Initializer("output.*", fn=torch.nn.init.ones_))
    assert (fitted.module_.output.weight == 1).all()
    fitted.set_params(callbacks=None).partial_fit(SERIES, y)  # frozen is frozen
    assert (fitted.module_.output.weight == 1).all()


def check_gradient_norm_clipping(tmp_path):
    assert fitted_with(GradientNormClipping(0.1)).n_iter_ == 3


def check_initializer(tmp_path):
    fitted = fitted_with(Initializer("output.*", fn=torch.nn.init.zeros_), lr=1e-30, max_epochs=1)
    assert abs(fitted.module_.output.weight).max() < 1e-20


def check_lr_scheduler(tmp_path):
    history = fitted_with(LRScheduler("ExponentialLR", gamma=0.5), lr=0.1).history_
    assert [epoch["event_lr"] for epoch in history] == [0.1, 0.05, 0.025]


def check_load_init_state(tmp_path):
    saved = TrainEndCheckpoint(dirname=str(tmp_path))
    first = fitted_with(saved, LoadInitState(saved))
    fitted = fitted_with(saved, LoadInitState(saved), max_epochs=1)
    assert (first.n_iter_, fitted.n_iter_) == (3, 4)
    assert fitted.history_[:3] == first.history_
    assert fitted.partial_fit(SERIES, y).n_iter_ == 5  # the file is older than the estimator


def check_mlflow_logger(tmp_path):
    client = Recorder()
    run = SimpleNamespace(info=SimpleNamespace(run_id="1"))
    fitted_with(MlflowLogger(run, client))
    assert client.calls.count("log_artifact") == 4
    assert client.calls[-1] == "set_terminated"


def check_neptune_logger(tmp_path):
    run = Recorder()
    callback = NeptuneLogger(run, close_after_train=False)
    callback._model_summary_file = str
    fitted_with(callback)
    assert run.calls.count("append") > 9


def check_param_mapper(tmp_path):
    fitted = fitted_with(ParamMapper("output.*", fn=torch.nn.init.zeros_, at=3), lr=1e-30)
    assert abs(fitted.module_.output.weight).max() < 1e-20


def check_passthrough_scoring(tmp_path):
    history = fitted_with(PassthroughScoring("train_loss", on_train=True)).history_
    assert all(epoch["train_loss"] > 0 for epoch in history)


def check_print_log(tmp_path):
    lines = []
    fitted_with(PrintLog(sink=lines.append), verbose=1)
    assert any("valid_acc" in line for line in lines)


def check_progress_bar(tmp_path):
    assert fitted_with(ProgressBar()).n_iter_ == 3


def check_sacred_logger(tmp_path):
    experiment = Recorder()
    fitted_with(SacredLogger(experiment, log_on_batch_end=True))
    assert experiment.calls.count("log_scalar") > 9


def check_tensor_board(tmp_path):
    writer = Recorder()
    fitted_with(TensorBoard(writer)).partial_fit(SERIES, y)
    assert writer.calls.count("add_scalar") > 9
    assert writer.calls.count("close") == 2


def check_train_end_checkpoint(tmp_path):
    fitted_with(TrainEndCheckpoint(dirname=str(tmp_path)))
    assert (tmp_path / "train_end_params.pt").exists()


def check_unfreezer(tmp_path):
    fitted = fitted_with(Freezer("output.*"), Unfreezer("output.*", at=2))
    assert all(weight.requires_grad for weight in fitted.module_.parameters())


def check_wandb_logger(tmp_path):
    run = Recorder(dir=tmp_path)
    fitted_with(WandbLogger(run))
    assert run.calls == ["watch", "log", "log", "log"]
    assert (tmp_path / "best_model.pth").exists()
    with pytest.raises(ValueError, match="WandbLogger saves the model of the lowest validation"):
        classifier(callbacks=[WandbLogger(run)]).fit(SERIES, y)


def check_input_shape_setter(tmp_path):
    with pytest.raises(ValueError, match=r"InputShapeSetter: .* features from X by itself"):
        fitted_with(InputShapeSetter())


def check_warm_restart_lr(tmp_path):
    with pytest.raises(TypeError, match=r"pass LRScheduler\(policy=WarmRestartLR\)"):
        fitted_with(skorch.callbacks.WarmRestartLR)


CHECKS = {
    name.removeprefix("check_").replace("_", ""): check
    for name, check in vars().copy().items()
    if name.startswith("check_")
}


@pytest.mark.parametrize("name", skorch.callbacks.__all__)
def test_every_callback(name, tmp_path):
    CHECKS[name.lower()](tmp_path)


class TestScoring:
    @pytest.mark.parametrize("caching", [True, False])
    @pytest.mark.parametrize("on_train", [True, False])
    def test_a_callable_gets_what_fit_got(self, caching, on_train):
        words, turned = ["ab", "cde"] * 10, ["ba", "edc"] * 10
        cases = [
            (classifier(), TOKENS, LABELS),
            (classifier(), SERIES, np.column_stack([y, 1 - y])),
            (LSTMRegressor(**SMALL), SERIES, SERIES[:, 0] * 1000),
            (LSTMTagger(**SMALL), TOKENS, TAGS),
            (LSTMSeq2Seq(**SMALL), words, turned),
        ]
        for model, X, targets in cases:
            seen = []

            def score(net, X, y, seen=seen):
                seen.append((X, y, net.predict(X)))
                return 1.0

            model.set_params(
                callbacks=[EpochScoring(score, use_caching=caching, on_train=on_train)]
            )
            model.fit(X, targets, X_val=X[:6], y_val=targets[:6])
            n = 20 if on_train else 6
            got_X, got_y, predicted = seen[-1]
            assert list(map(np.array_equal, got_X, X[:n])) == [True] * n
            assert list(map(np.array_equal, got_y, targets[:n])) == [True] * n
            assert list(map(np.array_equal, predicted, model.predict(X[:n]))) == [True] * n

    @pytest.mark.parametrize("caching", [True, False])
    def test_of_batches(self, caching):
        seen = []

        def score(net, X, y):
            seen.append((np.array(y), net.predict(X)))
            return np.mean(y == net.predict(X))

        callback = BatchScoring(score, use_caching=caching, lower_is_better=False)
        fitted = classifier(callbacks=[callback], batch_size=7)
        fitted.fit(TOKENS, LABELS, X_val=TOKENS, y_val=LABELS)
        assert [len(true) for true, _ in seen] == [7, 7, 6] * 3
        assert {*np.concatenate([true for true, _ in seen])} == {"pos", "neg"}
        for epoch in fitted.history_:
            assert epoch["score"] == pytest.approx(epoch["valid_acc"])

    def test_named(self):
        names = ["f1", "roc_auc", "neg_log_loss", "accuracy"]
        fitted = fitted_with(*(EpochScoring(name, lower_is_better=False) for name in names))
        last = fitted.history_[-1]
        assert last["neg_log_loss"] == pytest.approx(-log_loss(y, fitted.predict_proba(SERIES)))
        assert last["accuracy"] == pytest.approx(last["valid_acc"])

    def test_own_score(self):
        texts = ["abc", "de"] * 9
        model = LSTMGenerator(callbacks=[EpochScoring(None, name="own")], **SMALL)
        model.fit(texts, X_val=texts)
        assert model.history_[-1]["own"] == pytest.approx(model.score(texts))
        with pytest.raises(ValueError, match="BatchScoring: LSTMGenerator predicts nothing"):
            model.set_params(callbacks=[BatchScoring(None)]).fit(texts, X_val=texts)

    def test_caching_is_not_for_net_params(self):
        with pytest.raises(ValueError, match=r"net_params cannot set \['use_caching'\]"):
            classifier(net_params={"use_caching": True}).fit(SERIES, y)


POLICIES = {
    "LambdaLR": {"lr_lambda": lambda epoch: 0.9**epoch},
    "StepLR": {"step_size": 2, "gamma": 0.5},
    "MultiStepLR": {"milestones": [1, 3]},
    "ExponentialLR": {"gamma": 0.5},
    "CosineAnnealingLR": {"T_max": 5},
    "WarmRestartLR": {"base_period": 3},
    "CyclicLR": {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 2},
    "ReduceLROnPlateau": {"patience": 0, "threshold": 9.0, "factor": 0.5},
    torch.optim.lr_scheduler.OneCycleLR: {"max_lr": 0.1, "total_steps": 9},
}


@pytest.mark.parametrize("policy", POLICIES)
def test_policies_go_on(policy):
    """Five epochs at once, or one a call: the learning rates are the same."""
    scheduler = LRScheduler(policy, **POLICIES[policy])
    at_once = classifier(lr=0.1, max_epochs=5, callbacks=[scheduler]).fit(SERIES, y)
    by_and_by = classifier(lr=0.1, callbacks=[scheduler])
    for _ in range(5):
        by_and_by.partial_fit(SERIES, y, classes=[0, 1])
    rates = [[epoch["event_lr"] for epoch in model.history_] for model in (at_once, by_and_by)]
    np.testing.assert_allclose(*rates, rtol=1e-9)
    assert len(set(rates[0])) > 1
    loaded = pickle.loads(pickle.dumps(by_and_by.set_params(callbacks=None)))
    assert loaded.set_params(callbacks=[scheduler]).partial_fit(SERIES, y).n_iter_ == 6


class TestCopies:
    def test_those_that_share_still_share(self):
        class Other(Callback):
            def __init__(self, first, log):
                self.first, self.log = first, log

            def on_train_end(self, net, **kwargs):
                assert self.first.mark_ == "set by the other copy"
                self.log.append(1)

        class First(Callback):
            def on_train_begin(self, net, **kwargs):
                self.mark_ = "set by the other copy"

        first = First()
        log = []
        fitted_with(first, ("other", Other(first, log)))
        assert not hasattr(first, "mark_")
        assert log == []  # a list is copied with its callback

    def test_clones(self, tmp_path):
        writer = Recorder()
        saved = TrainEndCheckpoint(dirname=str(tmp_path))
        model = classifier(callbacks=[saved, ("load", LoadInitState(saved)), TensorBoard(writer)])
        cloned = clone(model.fit(SERIES, y))
        assert cloned.callbacks[0] is cloned.callbacks[1][1].checkpoint is not saved
        assert clone(cloned).set_params(max_epochs=1).fit(SERIES, y).n_iter_ == 4
        search = GridSearchCV(model, {"lr": [0.1]}, cv=2).fit(SERIES, y)
        assert writer.calls.count("close") == 5
        assert search.best_estimator_.get_params()["lr"] == 0.1

    def test_frozen_is_frozen_after_loading(self):
        fitted = pickle.loads(pickle.dumps(fitted_with(Freezer("output.*"))))
        before = fitted.module_.output.weight.clone()
        fitted.set_params(callbacks=None).partial_fit(SERIES, y)
        assert fitted.module_.output.weight.equal(before)

    def test_checkpoint_holds_no_data(self, tmp_path):
        sizes = []
        for times in (1, 60):
            X = np.tile(SERIES, (times, 1))
            checkpoint = Checkpoint(f_pickle="net.pkl", dirname=str(tmp_path), monitor=None)
            model = classifier(
                callbacks=[checkpoint], early_stopping=True, batch_size=2000, max_epochs=2
            )
            model.fit(X, np.tile(y, times))
            sizes.append((tmp_path / "net.pkl").stat().st_size)
        assert sizes[1] == pytest.approx(sizes[0], abs=500)
        net = pickle.loads((tmp_path / "net.pkl").read_bytes())
        assert len(net.history) == 2
        with pytest.raises(AttributeError, match="predicts during training only"):
            net.predict(SERIES)

    def test_in_a_search(self):
        callbacks = [EpochScoring("accuracy", on_train=True, lower_is_better=False)]
        search = GridSearchCV(classifier(callbacks=callbacks), {"hidden_size": [2, 3]}, cv=2)
        assert "accuracy" in search.fit(SERIES, y).best_estimator_.history_[0]

    def test_all_see_the_last_epoch(self):
        seen = []
        callback = type(
            "Seen", (Callback,), {"on_epoch_end": lambda self, net, **kw: seen.append(1)}
        )
        params = {"early_stopping": True, "n_iter_no_change": 1, "lr": 0.5, "max_epochs": 50}
        fitted = classifier(callbacks=[callback()], **params).fit(SERIES, y)
        assert len(seen) == fitted.n_iter_ < 50


def test_policies_step_once_for_a_batch_that_is_split_by_lengths():
    X = [np.ones((length, 1)) for length in [5] * 6 + [20_000] + [5]]
    scheduler = LRScheduler("StepLR", step_size=1, gamma=0.5, step_every="batch")
    fitted = classifier(lr=0.1, max_epochs=1, batch_size=4, callbacks=[scheduler])
    fitted.fit(X, [0, 1] * 4)
    rates = [batch["event_lr"] for batch in fitted.net_.history[-1]["batches"]]
    assert len(rates) == 3  # one of the two steps has two parts
    assert fitted.net_.optimizer_.param_groups[0]["lr"] == 0.025
