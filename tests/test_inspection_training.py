import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from toys import LABELS, TOKENS, classifier

from sklstm import SequencePadder
from sklstm.inspection import GradientFlowDisplay, TrainingCurveDisplay
from sklstm.inspection._drawing import CURVES


@pytest.fixture(autouse=True)
def _figures():
    backend = matplotlib.get_backend()
    plt.switch_backend("Agg")
    yield
    plt.close("all")
    plt.switch_backend(backend)


def validated(**params):
    return classifier(**params).fit(TOKENS, LABELS, X_val=TOKENS[:4], y_val=LABELS[:4])


class TestTrainingCurveDisplay:
    def test_draws_losses_and_scores(self):
        fitted = validated(lr=0.05)
        shown = TrainingCurveDisplay.from_estimator(fitted)
        assert list(shown.lines_) == ["train_loss", "valid_loss", "valid_acc"]
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

    def test_without_validation_data_there_is_one_panel_and_no_star(self):
        pipe = make_pipeline(SequencePadder(max_length=4), classifier()).fit(TOKENS, LABELS)
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
        with pytest.raises(ValueError, match="a history has no epoch"):
            TrainingCurveDisplay([[]]).plot()


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
