"""The mean of the weights of the last updates, and how long training takes by default."""

import re
import warnings

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback
from toys import SERIES

from sklstm import (
    LSTMClassifier,
    LSTMGenerator,
    LSTMRegressor,
    LSTMSeq2Seq,
    LSTMTagger,
    Sequences,
)
from sklstm._callbacks._epoch_log import _say
from sklstm._epochs import choose_epochs

pytestmark = pytest.mark.whole_training

y = np.arange(20) % 2
TOKENS = [["a", "b", "c"], ["b", "a"]] * 10


class Weights(Callback):
    """Note the output's bias after each step, and at the end of each epoch."""

    def on_train_begin(self, net, **kwargs):
        self.steps, self.epochs = [], []
        net.noted_ = self

    def on_batch_end(self, net, training=False, **kwargs):
        if training:
            self.steps.append(net.module_.output.bias.detach().clone())

    def on_epoch_end(self, net, **kwargs):
        self.epochs.append(net.module_.output.bias.detach().clone())


def classifier(**params):
    params = {"hidden_size": 3, "batch_size": 5, "max_epochs": 5, "random_state": 0, **params}
    return LSTMClassifier(**params)


def fit_and_note(**params):
    noted = []

    class Keep(Weights):
        def on_train_end(self, net, **kwargs):
            noted.append((self.steps, self.epochs))

    fitted = classifier(callbacks=[Keep()], **params).fit(SERIES, y)
    [(steps, epochs)] = noted
    return fitted.module_.output.bias.detach(), torch.stack(steps), epochs


def test_the_end_is_the_mean_of_the_last_share_of_updates():
    bias, steps, epochs = fit_and_note(average=0.4)
    torch.testing.assert_close(bias, steps[-8:].mean(dim=0))
    torch.testing.assert_close(epochs[3], steps[12:16].mean(dim=0))  # validation sees it, too


def test_training_itself_does_not_change():
    _, plain, _ = fit_and_note()
    for average in (0.4, 1.0, "exponential"):
        _, steps, _ = fit_and_note(average=average)
        torch.testing.assert_close(steps, plain, rtol=0, atol=0)


def test_the_exponential_mean_forgets():
    bias, steps, _ = fit_and_note(average="exponential", max_epochs=50)
    expected = steps[0]
    for step in steps[1:]:
        expected = 0.95 * expected + 0.05 * step  # the last tenth of 200 updates
    torch.testing.assert_close(bias, expected, rtol=1e-4, atol=1e-5)


def test_early_stopping_compares_means():
    fitted = classifier(average=1.0, early_stopping=True, max_epochs=8).fit(
        SERIES, y, X_val=SERIES, y_val=y
    )
    best = min(epoch["valid_loss"] for epoch in fitted.history_)
    logits = torch.tensor(fitted.decision_function(SERIES)).double()
    targets = torch.tensor(y).double()
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets)
    assert float(loss) == pytest.approx(best, rel=1e-4)


def test_portions_have_neither_schedule_nor_average():
    plain = classifier(schedule=None)
    other = classifier(schedule="one_cycle", average=0.5)
    for model in (plain, other):
        for _ in range(3):
            model.partial_fit(SERIES, y, classes=[0, 1])
    np.testing.assert_array_equal(plain.decision_function(SERIES), other.decision_function(SERIES))


@pytest.mark.parametrize("average", [0, 1.5, -0.1, "mean", float("nan")])
def test_wrong_averages(average):
    with pytest.raises(ValueError, match="'average' parameter of LSTMClassifier must be"):
        classifier(average=average).fit(SERIES, y)


class TestEpochs:
    def test_little_data_gets_enough_updates(self):
        for n_updates in (1, 4, 15, 40):
            assert 800 <= n_updates * choose_epochs(n_updates, 20) < 800 + n_updates

    def test_much_data_gets_few_epochs(self):
        epochs = [choose_epochs(n_updates, 20) for n_updates in (40, 100, 300, 1000, 10**5)]
        assert epochs == sorted(epochs, reverse=True)
        assert epochs[0] == 20
        assert epochs[-1] == 3

    def test_long_texts_get_a_bounded_number_of_steps(self):
        assert choose_epochs(3, 20, n_tokens=70_000) == 120  # 2 ** 23 / 70,000
        assert choose_epochs(3, 20, n_tokens=3000) == choose_epochs(3, 20)
        assert choose_epochs(32, 20, n_tokens=10**7) == 8
        assert choose_epochs(800, 20, n_tokens=10**7) == choose_epochs(800, 20)

    def test_the_steps_of_series_are_not_bounded(self, monkeypatch):
        monkeypatch.setattr("sklstm._epochs.AFFORDED_STEPS", 1)
        small = {"hidden_size": 2, "batch_size": 20}
        of_texts, of_series = (LSTMClassifier(**small).fit(X, y) for X in (TOKENS, SERIES))
        assert of_texts.n_iter_ == 8
        assert of_series.n_iter_ == choose_epochs(1, LSTMClassifier._epochs_of_few)
        inputs = Sequences.from_tokens(TOKENS)
        assert of_texts._count_steps(inputs) == 8 * len(inputs.codes)

    @pytest.mark.parametrize(
        ("model", "targets"),
        [
            (LSTMClassifier, y),
            (LSTMRegressor, y),
            (LSTMTagger, [["A"] * len(row) for row in TOKENS]),
            (LSTMSeq2Seq, TOKENS),
        ],
    )
    def test_every_estimator_chooses(self, model, targets, capsys, monkeypatch):
        monkeypatch.setattr(model, "_epochs_of_few", 1)  # in place of 10 to 50
        fitted = model(hidden_size=2, batch_size=20, random_state=0, verbose=1)
        fitted.fit(TOKENS, targets)
        assert fitted.n_iter_ == choose_epochs(1, 1) == 40
        assert "Training for 40 epochs of 1 updates." in capsys.readouterr().out

    def test_long_is_longer(self, monkeypatch):
        monkeypatch.setattr(LSTMClassifier, "_epochs_of_few", 1)
        epochs = [
            LSTMClassifier(hidden_size=2, batch_size=20, max_epochs=max_epochs).fit(TOKENS, y)
            for max_epochs in ("auto", "long")
        ]
        assert [fitted.n_iter_ for fitted in epochs] == [40, 200]
        inputs = Sequences.from_tokens(TOKENS)
        auto, long = (fitted._count_steps(inputs) for fitted in epochs)
        assert long == 5 * auto
        with pytest.raises(ValueError, match="'max_epochs' parameter"):
            LSTMClassifier(max_epochs="longer").fit(TOKENS, y)

    def test_the_generator_chooses(self, monkeypatch):
        monkeypatch.setattr(LSTMGenerator, "_epochs_of_few", 1)
        assert LSTMGenerator(hidden_size=2, batch_size=20).fit(["ab"] * 20).n_iter_ == 40


def test_verbose_tells_the_time_left(capsys):
    classifier(verbose=1, max_epochs=40, n_members=2).fit(SERIES, y)
    printed = capsys.readouterr().out
    assert len(re.findall(r"^ +1 +\d+ s ", printed, re.M)) == 2
    assert len(re.findall(r"^ +40 +\d\.", printed, re.M)) == 2  # nothing is left
    assert printed.count("left ") == 2
    assert "Network 1 of 2:" in printed
    assert "Network 2 of 2, about " in printed
    classifier(verbose=1, max_epochs=1).fit(SERIES, y)
    classifier(verbose=1).partial_fit(SERIES, y, classes=[0, 1])
    assert "left" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "0 s"), (99, "99 s"), (150, "2 min"), (3600, "60 min"), (9000, "2 h")],
)
def test_times_in_a_unit_in_which_they_are_short(seconds, said):
    assert _say(seconds) == said


def test_the_time_left_of_a_resumed_fit(tmp_path, capsys):
    class PowerCut(Callback):
        happens = True

        def on_epoch_end(self, net, **kwargs):
            if self.happens and len(net.history) == 3:
                raise OSError("the machine is off")

    options = {"checkpoint": tmp_path / "a", "max_epochs": 4, "callbacks": [PowerCut()]}
    with pytest.raises(OSError, match="off"):
        classifier(**options).fit(SERIES, y)
    PowerCut.happens = False
    classifier(verbose=1, **options).fit(SERIES, y)
    *_, third, fourth = capsys.readouterr().out.splitlines()
    assert re.match(r" +3 +0 s ", third)
    assert re.match(r" +4 +\d\.", fourth)


def test_a_loss_that_still_falls_is_told():
    X = np.repeat(np.eye(4), 5, axis=0)
    labels = np.arange(20) // 5
    slow = classifier(max_epochs=20, lr=3e-4, schedule=lambda share: share**4)
    with pytest.warns(ConvergenceWarning, match="still fell steeply, from .* Raise max_epochs"):
        slow.set_params(lr=0.1).fit(X, labels)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classifier(max_epochs="auto").fit(X, labels)


def test_a_diverged_epoch_has_no_say():
    """The weights are those the epoch before ended with, which are means too."""

    def explode(share):
        return 1.0 if share < 0.5 else 1e200

    kept = []

    class Keep(Callback):
        def on_epoch_end(self, net, **kwargs):
            kept.append(net.module_.output.bias.detach().clone())

    model = LSTMRegressor(
        hidden_size=3, batch_size=5, max_epochs=8, average=1.0, schedule=explode, optimizer="sgd",
        callbacks=[Keep()], random_state=0,
    )  # fmt: skip
    with pytest.warns(ConvergenceWarning, match="infinite or NaN in epoch 5"):
        model.fit(SERIES, y)
    assert all(weight.isfinite().all() for weight in model.module_.parameters())
    torch.testing.assert_close(model.module_.output.bias.detach(), kept[3])
    assert np.isfinite(model.predict(SERIES)).all()
