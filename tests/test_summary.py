from functools import partial
from html.parser import HTMLParser

import pytest
import torch
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline
from toys import LABELS, STEPS, TOKENS, classifier, y

from sklstm import LSTMClassifier, LSTMGenerator, LSTMRegressor, LSTMTagger, SequencePadder
from sklstm._loss_curves import draw_losses

shown_in_diagrams = pytest.mark.skipif(
    not hasattr(BaseEstimator, "_get_fitted_attr_html"), reason="of scikit-learn 1.9"
)


class Reader(HTMLParser):
    """Collects the cells of tables, and the attributes of curves."""

    def __init__(self, page):
        super().__init__()
        self.cells, self.curves, self.tag = [], [], None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tag = tag
        if tag == "polyline":
            self.curves.append(dict(attributes))

    def handle_data(self, data):
        if self.tag in ("th", "td"):
            self.cells.append(data)


def points(curve):
    return [tuple(map(float, point.split(","))) for point in curve["points"].split()]


class TestModelSummary:
    def test_text(self):
        fitted = classifier(n_members=2).fit(TOKENS, LABELS)
        lines = str(fitted.summary()).splitlines()
        assert lines[-3:] == ["Labels: neg, pos", "Networks: 2", "Epochs: 3, 3"]
        assert lines[-6] == f"Total parameters: {fitted.n_parameters_:,}"

    def test_html_says_the_same(self):
        summary = classifier().fit(TOKENS, ["<a>", "b&"] * 10).summary()
        cells = Reader(summary._repr_html_()).cells
        for name, shape, count in summary.layers:
            where = cells.index(name)
            assert cells[where : where + 3] == [name, shape, f"{count:,}"]
        assert cells[cells.index("Labels") + 1] == "<a>, b&"
        assert cells[cells.index("Epochs") + 1] == "3"

    @pytest.mark.parametrize(
        ("make", "X", "of_X", "facts"),
        [
            (LSTMRegressor, STEPS, y, {"features": 3, "epochs": [1]}),
            (
                partial(LSTMClassifier, wide=True),
                [["a"], ["b"]] * 8,
                ["p", "q"] * 8,
                {"linear models": ["n-grams"]},
            ),
            (LSTMTagger, [["a", "b"]] * 4, [["B-X", "O"]] * 4, {"scheme": "IOB2"}),
            (LSTMGenerator, ["ab", "ba"], None, {"symbols": 2, "networks": 1}),
            (LSTMGenerator, ["ab", "ba"], ["x", "y"], {"conditions": ["x", "y"]}),
        ],
    )
    def test_facts(self, make, X, of_X, facts):
        fitted = make(hidden_size=2, max_epochs=1, random_state=0).fit(X, of_X)
        assert fitted.summary().facts.items() >= facts.items()

    def test_of_a_network_of_the_users(self):
        class Own(torch.nn.Module):
            def __init__(self, **_):
                super().__init__()
                self.mean = torch.nn.Linear(3, 1)

            def forward(self, steps, lengths, **_):
                return self.mean(steps.mean(dim=1))

        fitted = classifier(net_params={"module": Own}).fit(STEPS, y)
        assert fitted.summary().layers == [("mean", "Linear", 4)]
        assert fitted.summary().n_parameters == 4

    @shown_in_diagrams
    def test_diagrams_show_it(self):
        fitted = classifier().fit(TOKENS, LABELS)
        summary = fitted.summary()._repr_html_()
        assert fitted._repr_html_().count(summary) == 1
        assert fitted._repr_mimebundle_()["text/html"].count(summary) == 1
        pipe = make_pipeline(SequencePadder(max_length=4), classifier()).fit(TOKENS, LABELS)
        assert pipe._repr_html_().count("Network and training") == 1
        assert "Network and training" not in classifier()._repr_html_()


class TestLossCurves:
    def test_points_are_the_losses(self):
        epochs = [{"train_loss": 4.0}, {"train_loss": 1.0}, {"train_loss": 2.0}]
        *drawn, legend = Reader(draw_losses([epochs])).curves
        assert len(drawn) == 1
        (x0, y0), (x1, y1), (x2, y2) = points(drawn[0])
        assert x1 - x0 == x2 - x1 > 0
        assert y0 < y2 < y1  # downwards
        assert (y1 - y2) / (y1 - y0) == pytest.approx(1 / 3, abs=0.01)
        assert points(legend)[0][0] > x2

    def test_both_losses_of_all_networks(self):
        epochs = [{"train_loss": 4.0, "valid_loss": 3.0}, {"train_loss": 1.0, "valid_loss": 2.0}]
        page = Reader(draw_losses([epochs, epochs]))
        assert [curve["stroke-dasharray"] for curve in page.curves] == ["none"] * 3 + ["5 3"] * 3

    def test_a_long_training_has_few_points(self):
        epochs = [{"train_loss": 1 / (1 + epoch)} for epoch in range(5000)]
        assert 100 < len(points(Reader(draw_losses([epochs])).curves[0])) < 200

    @pytest.mark.parametrize(
        "history",
        [[], [{"train_loss": 1.0}], [{"other": 1}] * 3, [{"train_loss": float("nan")}] * 3],
    )
    def test_nothing_to_draw(self, history):
        assert draw_losses([history]) == ""

    def test_a_constant_loss(self):
        assert "nan" not in draw_losses([[{"train_loss": 1.0}] * 3])
