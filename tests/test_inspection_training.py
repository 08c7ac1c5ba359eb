import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from toys import LABELS, STEPS, TOKENS, classifier, spy, y

from sklstm import (
    LSTMClassifier,
    LSTMGenerator,
    LSTMRegressor,
    LSTMSeq2Seq,
    LSTMTagger,
    SequencePadder,
)
from sklstm.inspection import (
    GradientFlowDisplay,
    LearningRateTestDisplay,
    TrainingCurveDisplay,
    learning_rate_test,
)
from sklstm.inspection._drawing import CURVES

pytestmark = pytest.mark.usefixtures("without_a_screen")


def validated(**params):
    return classifier(**params).fit(TOKENS, LABELS, X_val=TOKENS[:4], y_val=LABELS[:4])


class TestTrainingCurveDisplay:
    def test_draws_losses_and_scores(self):
        fitted = validated(lr=0.05)
        shown = TrainingCurveDisplay.from_estimator(fitted)
        assert list(shown.lines_) == ["train_loss", "valid_loss", "train_acc", "valid_acc"]
        losses, scores = shown.axes_
        for name, (line,) in shown.lines_.items():
            assert line.axes is (losses if "loss" in name else scores)
            np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3])
            np.testing.assert_array_equal(
                line.get_ydata(), [epoch[name] for epoch in fitted.history_]
            )
        labels = [text.get_text() for text in losses.get_legend().get_texts()]
        assert labels == ["training loss", "validation loss", "best epoch"]
        assert losses.get_ylabel() == "loss"
        assert scores.get_xlabel() == "epoch"
        shown.figure_.canvas.draw()

    def test_marks_the_best_epoch(self):
        history = [
            {"epoch": 1, "valid_loss": 3.0, "valid_loss_best": True},
            {"epoch": 2, "valid_loss": 1.0, "valid_loss_best": True},
            {"epoch": 3, "valid_loss": 2.0, "valid_loss_best": False},
        ]
        shown = TrainingCurveDisplay([history]).plot()
        assert shown.best_epochs_ == [2]
        star = shown.axes_[0].lines[-1]
        assert star.get_marker() == "*"
        assert (*star.get_xdata(), *star.get_ydata()) == (2, 1.0)

    def test_early_stopping_restored_the_best_epoch(self):
        fitted = classifier(
            max_epochs=5, lr=0.05, early_stopping=True, scoring="accuracy", validation_fraction=0.3
        ).fit(TOKENS, LABELS)
        shown = TrainingCurveDisplay.from_estimator(fitted)
        scores = [epoch["valid_score"] for epoch in fitted.history_]
        assert shown.best_epochs_ == [int(np.argmax(scores)) + 1]
        assert shown.axes_[1].lines[-1].get_marker() == "*"

    def test_the_score_of_a_tagger_marks_the_best_epoch(self):
        history = [
            {"epoch": 1, "valid_f1": 0.5, "valid_f1_best": True},
            {"epoch": 2, "valid_f1": 0.4, "valid_f1_best": False},
        ]
        assert TrainingCurveDisplay([history], monitor="valid_f1").plot().best_epochs_ == [1]
        options = {"hidden_size": 2, "max_epochs": 2, "random_state": 0}
        tags = [["B-X"] * len(tokens) for tokens in TOKENS]
        tagger = LSTMTagger(**options).fit(TOKENS, tags, X_val=TOKENS[:4], y_val=tags[:4])
        shown = TrainingCurveDisplay.from_estimator(tagger)
        assert shown.monitor == "valid_f1"
        assert shown.axes_[1].lines[-1].get_marker() == "*"

    def test_without_validation_data_there_is_no_star(self):
        regressor = LSTMRegressor(hidden_size=4, max_epochs=3, random_state=0)
        pipe = make_pipeline(SequencePadder(max_length=4), regressor).fit(TOKENS, y)
        ax = plt.figure().add_axes((0.2, 0.2, 0.7, 0.7))
        shown = TrainingCurveDisplay.from_estimator(pipe, ax=ax, color="red")
        assert list(shown.axes_) == [ax]
        assert shown.best_epochs_ == []
        assert [line.get_color() for line in ax.lines] == ["red"]

    def test_all_networks_in_one_colour(self):
        fitted = classifier(n_members=2).fit(TOKENS, LABELS)
        shown = TrainingCurveDisplay.from_estimator(fitted)
        one, two = shown.lines_["train_loss"]
        assert one.get_color() == two.get_color()
        assert not np.array_equal(one.get_ydata(), two.get_ydata())
        assert len(shown.axes_[0].get_legend().get_texts()) == 1

    def test_names_choose(self):
        shown = TrainingCurveDisplay.from_estimator(validated(), names=["valid_acc"])
        assert list(shown.lines_) == ["valid_acc"]
        assert len(shown.axes_) == 1
        with pytest.raises(ValueError, match=r"names must list some of \['train_loss'"):
            shown.plot(names=["dur"])
        with pytest.raises(ValueError, match="names must list"):
            shown.plot(names="valid_acc")

    def test_refusals(self):
        with pytest.raises(NotFittedError):
            TrainingCurveDisplay.from_estimator(classifier())
        with pytest.raises(TypeError, match="estimator of this package"):
            TrainingCurveDisplay.from_estimator(LogisticRegression())
        for histories in ([[]], []):
            with pytest.raises(ValueError, match="a history has no epoch"):
                TrainingCurveDisplay(histories).plot()
        with pytest.raises(TypeError, match="histories must be a list"):
            TrainingCurveDisplay(None).plot()


def of_sums(X):
    """Labels that a network can learn."""
    return (X.sum(axis=(1, 2)) > 0).astype(int)


@pytest.mark.filterwarnings("ignore:No learning rate")  # in a few updates
class TestLearningRateTest:
    def test_takes_an_update_at_each_rate(self):
        rates = []

        class Adam(torch.optim.Adam):
            def step(self, closure=None):
                rates.append(self.param_groups[0]["lr"])
                return super().step(closure)

        estimator = classifier(optimizer=Adam, batch_size=8, schedule="linear", max_grad_norm=None)
        result = learning_rate_test(estimator, STEPS, y, min_lr=1e-4, max_lr=1e-2, n_updates=7)
        np.testing.assert_allclose(rates, np.geomspace(1e-4, 1e-2, 7))  # in 2 epochs and a part
        np.testing.assert_allclose(result.rates, rates)
        assert len(result.losses) == 7

    def test_the_loss_is_that_of_training(self):
        estimator = classifier(batch_size=20)
        result = learning_rate_test(estimator, STEPS, y, min_lr=0.01, max_lr=0.0100001, n_updates=3)
        fitted = classifier(batch_size=20, lr=0.01).fit(STEPS, y)
        losses = [epoch["train_loss"] for epoch in fitted.history_]
        np.testing.assert_allclose(result.losses, losses, rtol=1e-5)

    def test_suggests_a_rate_that_learns(self):
        X, y = STEPS, of_sums(STEPS)
        result = learning_rate_test(classifier(batch_size=5), X, y, max_lr=10, n_updates=60)
        lowest = result.rates[result.smoothed_losses.argmin()]
        assert result.suggestion == pytest.approx(lowest / 10)
        assert 1e-3 < result.suggestion < 1
        assert result.smoothed_losses[0] == pytest.approx(result.losses[:3].mean())
        assert result.smoothed_losses[30] == pytest.approx(result.losses[27:33].mean())

    def test_leaves_the_estimator_as_it_is(self):
        callback, log = spy("on_epoch_end", lambda net, **_: len(net.history))
        pipe = make_pipeline(SequencePadder(max_length=4), classifier(callbacks=[callback]))
        pipe.fit(TOKENS, LABELS)
        before, n_epochs = pipe.predict_proba(TOKENS), len(log)
        params, state = pipe[-1].get_params(), np.random.get_state()[1].copy()  # noqa: NPY002
        options = {"n_updates": 5, "min_lr": 0.001}
        results = [learning_rate_test(pipe, TOKENS, LABELS, **options) for _ in range(2)]
        np.testing.assert_array_equal(results[0].losses, results[1].losses)
        np.testing.assert_array_equal(pipe.predict_proba(TOKENS), before)
        assert pipe[-1].get_params() == params
        assert len(log) == n_epochs
        assert (np.random.get_state()[1] == state).all()  # noqa: NPY002

    def test_rates_of_layers_keep_their_ratio(self):
        rates = []

        class SGD(torch.optim.SGD):
            def step(self, closure=None):
                rates.append({group["lr"] for group in self.param_groups})
                return super().step(closure)

        estimator = classifier(optimizer=SGD, lr=0.5, embedding_lr=0.05)
        learning_rate_test(estimator, TOKENS, LABELS, min_lr=0.1, max_lr=0.2, n_updates=2)
        np.testing.assert_allclose([sorted(one) for one in rates], [[0.01, 0.1], [0.02, 0.2]])

    def test_ends_when_the_loss_explodes(self):
        estimator = classifier(optimizer="sgd", max_grad_norm=None)
        options = {"min_lr": 1, "max_lr": 1e12, "n_updates": 40}
        result = learning_rate_test(estimator, TOKENS, LABELS, **options)
        assert 1 < len(result.losses) < 40
        assert len(result.rates) == len(result.smoothed_losses) == len(result.losses)

    def test_nothing_lowers_the_loss(self):
        with pytest.warns(ConvergenceWarning, match="No learning rate from 1e-09"):
            result = learning_rate_test(
                classifier(), STEPS[:5], y[:5], min_lr=1e-9, max_lr=2e-9, n_updates=1
            )
        assert np.isnan(result.suggestion)
        LearningRateTestDisplay(result).plot().figure_.canvas.draw()

    def test_every_kind_of_estimator(self):
        options = {"hidden_size": 2, "max_epochs": 1, "random_state": 0}
        tags = [["O"] * (len(tokens) - 1) + ["B-X"] for tokens in TOKENS]
        for estimator, X, of_X in [
            (LSTMRegressor(**options), STEPS, y),
            (LSTMTagger(**options), TOKENS, tags),
            (LSTMGenerator(bptt_steps=2, **options), ["abc", "bca"] * 4, None),
            (LSTMSeq2Seq(**options), ["abc", "bca"] * 4, ["cba", "acb"] * 4),
            (LSTMClassifier(n_members=3, wide=True, early_stopping=True, **options), TOKENS, y),
        ]:
            result = learning_rate_test(estimator, X, of_X, min_lr=0.01, n_updates=5)
            assert np.isfinite(result.losses).all()

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"min_lr": 0}, "min_lr must be a positive number"),
            ({"max_lr": "high"}, "max_lr must be a positive number"),
            ({"min_lr": 1.0, "max_lr": 0.1}, "min_lr must be below max_lr"),
            ({"n_updates": 0}, "n_updates must be an integer of at least 1"),
        ],
    )
    def test_refusals(self, options, message):
        with pytest.raises(ValueError, match=message):
            learning_rate_test(classifier(), STEPS, y, **options)

    def test_display(self):
        ax = plt.figure().subplots()
        shown = LearningRateTestDisplay.from_estimator(
            classifier(batch_size=5), STEPS, of_sums(STEPS), max_lr=10, n_updates=60, ax=ax
        )
        assert shown.ax_ is ax
        np.testing.assert_array_equal(shown.line_.get_ydata(), shown.result.smoothed_losses)
        assert ax.lines[-1].get_marker() == "*"
        assert ax.lines[-1].get_xdata() == [shown.result.suggestion]
        assert ax.get_xscale() == "log"
        with pytest.raises(TypeError, match="learning_rate_test returned"):
            LearningRateTestDisplay({}).plot()


class TestLook:
    def test_curves_differ_in_colour_and_marker(self):
        ax = plt.figure().subplots()
        fitted = classifier(max_epochs=1).fit(TOKENS, LABELS)
        for name in "abc":
            GradientFlowDisplay.from_estimator(fitted, TOKENS[:2], name=name, states="h", ax=ax)
        assert [line.get_color() for line in ax.lines] == CURVES["color"][:3]
        assert [line.get_marker() for line in ax.lines] == CURVES["marker"][:3]

    def test_both_states_of_a_layer_share_them(self):
        fitted = classifier(n_layers=2).fit(TOKENS, LABELS)
        lines = GradientFlowDisplay.from_estimator(fitted, TOKENS[:2]).lines_
        assert [line.get_color() for line in lines] == np.repeat(CURVES["color"][:2], 2).tolist()
        assert [line.get_marker() for line in lines] == ["o", "o", "s", "s"]
        assert [line.get_linestyle() for line in lines] == ["-", "--", "-", "--"]

    def test_a_long_curve_has_few_markers(self):
        history = [
            {"epoch": epoch, "train_loss": 1.0, "train_loss_best": False} for epoch in range(200)
        ]
        ((line,),) = TrainingCurveDisplay([history]).plot().lines_.values()
        assert 5 < 200 / line.get_markevery() < 20
