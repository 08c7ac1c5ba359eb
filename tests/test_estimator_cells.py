"""Every estimator with every cell, and with gradients that are cut in time."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from toys import LABELS, RAGGED, TOKENS, y

from sklstm import LSTMClassifier, LSTMRegressor, LSTMTagger, Tokenizer
from sklstm.nn.cells import CELLS

TAGS = [["X" if word in ("good", "bad") else "O" for word in tokens] for tokens in TOKENS]
DATA = {LSTMClassifier: (TOKENS, LABELS), LSTMRegressor: (RAGGED, y), LSTMTagger: (TOKENS, TAGS)}
SMALL = {"hidden_size": 5, "max_epochs": 3, "random_state": 0}
every_estimator = pytest.mark.parametrize("Estimator", DATA)


@pytest.mark.parametrize("cell", CELLS)
@every_estimator
def test_fits_predicts_pickles_and_goes_on(Estimator, cell):
    X, targets = DATA[Estimator]
    options = {"n_layers": 2, "bidirectional": True, "cell": cell}
    estimator = Estimator(**SMALL, **options).fit(X, targets)
    assert estimator.history_[-1]["train_loss"] < estimator.history_[0]["train_loss"]
    assert type(estimator.module_.recurrent.layers[1][1]) is CELLS[cell]
    predicted = list(estimator.predict(X))
    there = pickle.loads(pickle.dumps(estimator))
    again = clone(estimator).fit(X, targets)
    for other in (there, again):
        assert all(np.array_equal(a, b) for a, b in zip(other.predict(X), predicted, strict=True))
    there.partial_fit(X, targets)
    assert there.n_iter_ == 4


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("precision", ["float64", "bfloat16"])
def test_every_precision(cell, precision):
    estimator = LSTMClassifier(**SMALL, cell=cell, precision=precision).fit(TOKENS, LABELS)
    assert np.isfinite(estimator.predict_proba(TOKENS)).all()


def test_a_grid_of_cells():
    texts = [" ".join(tokens) for tokens in TOKENS]
    pipe = make_pipeline(Tokenizer(), LSTMClassifier(**SMALL))
    grid = {"lstmclassifier__cell": list(CELLS)}
    search = GridSearchCV(pipe, grid, cv=2, n_jobs=2).fit(texts, LABELS)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    alone = GridSearchCV(pipe, grid, cv=2).fit(texts, LABELS)
    for key in ("mean_test_score", "std_test_score"):
        np.testing.assert_array_equal(search.cv_results_[key], alone.cv_results_[key])


def test_options_reach_the_cell():
    estimator = LSTMClassifier(**SMALL, cell="peephole", cell_params={"diagonal": True})
    estimator.fit(TOKENS, LABELS)
    (cell,) = estimator.module_.recurrent.layers[0]
    assert cell.weight_ch.shape == (3, 5)
    full = clone(estimator).set_params(cell_params=None).fit(TOKENS, LABELS)
    assert full.n_parameters_ - estimator.n_parameters_ == 3 * 5 * 5 - 3 * 5


def test_summary_names_the_cell():
    fitted = LSTMClassifier(**SMALL, cell="mingru", bidirectional=True).fit(TOKENS, LABELS)
    assert "Bidirectional minGRU" in str(fitted.summary())


@every_estimator
class TestBadInput:
    def fit(self, Estimator, **params):
        return Estimator(**SMALL, **params).fit(*DATA[Estimator])

    def test_unknown_cell(self, Estimator):
        with pytest.raises(ValueError, match="'cell' parameter") as error:
            self.fit(Estimator, cell="ltsm")
        assert all(repr(name) in str(error.value) for name in CELLS)

    @pytest.mark.parametrize(
        ("cell", "params", "message"),
        [
            ("gru", {"forget_bias": 1.0}, "'forget_bias', which the cell 'gru' does not know: it "
             "has none"),
            ("lstm", {"diagonal": True}, "'lstm' does not know: it has forget_bias"),
            ("peephole", {1: 2}, "it has forget_bias, diagonal"),
            ("peephole", {"diagonal": "yes"}, "The cell 'peephole' must be"),
            ("lstm", {"forget_bias": "big"}, "The cell 'lstm' must be a float"),
            ("lstm", {"forget_bias": np.nan}, "The cell 'lstm' must be a float"),
            ("minlstm", {"forget_bias": 10**40}, "a float in the range"),
            ("rnn", {"nonlinearity": "gelu"}, "'relu', 'tanh'|'tanh', 'relu'"),
        ],
    )  # fmt: skip
    def test_options_the_cell_does_not_have(self, Estimator, cell, params, message):
        with pytest.raises(ValueError, match=message):
            self.fit(Estimator, cell=cell, cell_params=params)

    @pytest.mark.parametrize("cell", ["minlstm", "mingru"])
    def test_dropout_on_weights_that_are_not_there(self, Estimator, cell):
        with pytest.raises(ValueError, match=r"recurrent_dropout=0\.2 has nothing to drop"):
            self.fit(Estimator, cell=cell, recurrent_dropout=0.2)

    @pytest.mark.parametrize("steps", [0, -3, 2.5, "all"])
    def test_bptt_steps(self, Estimator, steps):
        with pytest.raises(ValueError, match="'bptt_steps' parameter"):
            self.fit(Estimator, bptt_steps=steps)

    def test_another_cell_after_the_first_fit(self, Estimator):
        estimator = self.fit(Estimator, warm_start=True)
        before = list(estimator.predict(DATA[Estimator][0]))
        with pytest.raises(ValueError, match="does not fit the network"):
            estimator.set_params(cell="gru").fit(*DATA[Estimator])
        after = list(estimator.set_params(cell="lstm").predict(DATA[Estimator][0]))
        assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
