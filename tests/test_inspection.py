import pickle
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from scipy.special import expit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import Bunch
from toys import IDS, LABELS, RAGGED, SERIES, STEPS, TOKENS, classifier, embedded, y

from sklstm import (
    LSTMClassifier,
    LSTMRegressor,
    LSTMTagger,
    SequencePadder,
    TokenIndexer,
    Tokenizer,
)
from sklstm.inspection import (
    GateActivationsDisplay,
    GradientFlowDisplay,
    HiddenStatesDisplay,
    TokenContributionsDisplay,
    gate_activations,
    gradient_flow,
    hidden_states,
    token_contributions,
)
from sklstm.inspection._contributions import LOWERS, MAX_OPACITY, RAISES
from sklstm.nn.cells import CELLS

FUNCTIONS = [gradient_flow, gate_activations, hidden_states, token_contributions]
DISPLAYS = [
    GradientFlowDisplay,
    GateActivationsDisplay,
    HiddenStatesDisplay,
    TokenContributionsDisplay,
]
TAGS = [["O"] * (len(tokens) - 1) + ["B-X"] for tokens in TOKENS]
THREE = np.array(["a", "b", "c", "b"] * 5)
MANY = np.column_stack([y, 1 - y, np.ones(20, int)])


pytestmark = pytest.mark.usefixtures("without_a_screen")


def regressor(**params):
    return LSTMRegressor(**{"hidden_size": 4, "max_epochs": 3, "random_state": 0, **params})


def unscaled(**params):
    """A classifier whose network reads the numbers in X as they are."""
    return classifier(standardize=None, **params)


def tagger(**params):
    params = {"hidden_size": 4, "max_epochs": 3, "random_state": 0, **params}
    return LSTMTagger(**params).fit(TOKENS, TAGS)


def double(module):
    return {name: w.detach().double().numpy() for name, w in module.state_dict().items()}


def missed(result):
    """What the contributions miss the difference by, as a share of their absolute sum."""
    differences = result.outputs - result.baseline_outputs
    return max(
        abs(values.sum() - difference) / np.abs(values).sum()
        for values, difference in zip(result.contributions, differences, strict=True)
    )


# ------------------------------------------------------------ gradient flow


class TestGradientFlow:
    def test_equals_backpropagation_through_time_by_hand(self):
        fitted = classifier(max_epochs=10, lr=0.02).fit(RAGGED, y)
        flow = gradient_flow(fitted, RAGGED)
        states, gates = hidden_states(fitted, RAGGED), gate_activations(fitted, RAGGED)
        weights = double(fitted.module_)
        U = weights["recurrent.layers.0.0.weight_hh"]
        for row, steps in enumerate(RAGGED):
            i, f, g, o = (gates[letter][row][0, 0] for letter in "ifgo")
            c = states.c[row][0, 0]
            before = np.vstack([np.zeros((1, 4)), c[:-1]])
            dh, dc = weights["output.weight"][0], 0.0
            for lag in range(len(steps)):
                t = len(steps) - 1 - lag
                dc = dc + dh * o[t] * (1 - np.tanh(c[t]) ** 2)
                np.testing.assert_allclose(flow.h[0, 0, row, lag], np.linalg.norm(dh), rtol=1e-4)
                np.testing.assert_allclose(flow.c[0, 0, row, lag], np.linalg.norm(dc), rtol=1e-4)
                sums = [
                    dc * g[t] * i[t] * (1 - i[t]),
                    dc * before[t] * f[t] * (1 - f[t]),
                    dc * i[t] * (1 - g[t] ** 2),
                    dh * np.tanh(c[t]) * o[t] * (1 - o[t]),
                ]
                dh, dc = np.concatenate(sums) @ U, dc * f[t]
            assert np.isnan(flow.h[0, 0, row, len(steps) :]).all()

    @pytest.mark.parametrize("cell", CELLS)
    def test_equals_finite_differences_for_every_cell(self, cell):
        X = STEPS.astype(float)
        fitted = unscaled(cell=cell, precision="float64").fit(X, y)
        flow = gradient_flow(fitted, X)
        assert set(flow) == set(CELLS[cell].states)
        network = fitted.module_.eval()
        (only,) = network.recurrent.layers[0]
        with torch.no_grad():
            x = torch.from_numpy(X)
            for step in (1, 4):
                for number, name in enumerate(only.states):
                    gradient = np.empty((20, 4))
                    for unit in range(4):
                        ends = [
                            self.end(network, only, x, step, number, unit, shift)
                            for shift in (1e-5, -1e-5)
                        ]
                        gradient[:, unit] = ((ends[0] - ends[1]) / 2e-5).numpy()
                    norms = np.linalg.norm(gradient, axis=1)
                    np.testing.assert_allclose(flow[name][0, 0, :, 5 - step], norms, rtol=1e-5)

    def end(self, network, cell, x, step, number, unit, shift):
        """The logit, when one unit of a state is shifted after a step."""
        state = cell.initial_state(len(x))
        for t in range(x.shape[1]):
            state, gates = cell.step(x[:, t], state, *cell.recurrent)
            if t == step:
                shifts = torch.zeros(4, dtype=x.dtype)
                shifts[unit] = shift
                state = list(state)
                state[number] = state[number] + shifts
                if number:  # h is made of the cell state
                    o = gates["o"]
                    if len(cell.recurrent) > 1:
                        o = (o.logit() + cell.weight_ch.chunk(3)[2] @ shifts).sigmoid()
                    state[0] = o * state[1].tanh()
        return network.output(state[0])[:, 0]

    @pytest.mark.parametrize("n_layers", [1, 2])
    @pytest.mark.parametrize("bidirectional", [False, True])
    def test_layers_and_directions(self, n_layers, bidirectional):
        params = {"n_layers": n_layers, "bidirectional": bidirectional}
        fitted = classifier(pooling="mean", **params).fit(TOKENS, LABELS)
        flow = gradient_flow(fitted, TOKENS)
        assert flow.h.shape == flow.c.shape == (n_layers, 1 + bidirectional, 20, 8)
        real = np.arange(8) < np.array([len(tokens) for tokens in TOKENS])[:, None]
        for norms in (flow.h, flow.c):
            assert (np.isfinite(norms) == real).all()
            assert (norms[..., real] > 0).all()

    def test_the_backward_direction_ends_at_the_first_step(self):
        fitted = classifier(bidirectional=True).fit(RAGGED, y)
        flow = gradient_flow(fitted, RAGGED)
        ends = np.linalg.norm(double(fitted.module_)["output.weight"].reshape(2, 4), axis=1)
        for direction, end in enumerate(ends):
            np.testing.assert_allclose(flow.h[0, direction, :, 0], end, rtol=1e-6)

    def test_the_loss_of_a_classifier(self):
        fitted = classifier().fit(TOKENS, LABELS)
        without, with_loss = gradient_flow(fitted, TOKENS), gradient_flow(fitted, TOKENS, LABELS)
        errors = np.abs(expit(fitted.decision_function(TOKENS)) - (LABELS == "pos"))
        np.testing.assert_allclose(with_loss.h, without.h * errors[:, None], rtol=1e-4)

    def test_the_loss_of_a_regressor(self):
        target = 100 * SERIES[:, 0] + 7
        fitted = regressor().fit(SERIES, target)
        without, with_loss = gradient_flow(fitted, SERIES), gradient_flow(fitted, SERIES, target)
        errors = np.abs(2 * (fitted.predict(SERIES) - target) / fitted.target_scale_)
        np.testing.assert_allclose(with_loss.h, without.h * errors[:, None], rtol=1e-4)

    def test_the_predicted_class_of_many(self):
        fitted = classifier(max_epochs=10).fit(TOKENS, THREE)
        ends = gradient_flow(fitted, TOKENS).h[0, 0, :, 0]
        best = fitted.decision_function(TOKENS).argmax(axis=1)
        norms = np.linalg.norm(double(fitted.module_)["output.weight"], axis=1)
        np.testing.assert_allclose(ends, norms[best], rtol=1e-6)

    @pytest.mark.parametrize(
        "params", [{}, {"crf": False}, {"char_encoder": "cnn", "casing": True}]
    )
    def test_a_tagger(self, params):
        fitted = tagger(**params)
        for targets in (None, TAGS):
            flow = gradient_flow(fitted, TOKENS, targets)
            assert flow.h.shape == (1, 2, 20, 8)
            alone = gradient_flow(fitted, TOKENS[:1], targets and TAGS[:1])
            np.testing.assert_allclose(alone.h[..., :3], flow.h[:, :, :1, :3])

    def test_other_targets(self):
        for fitted, target in [
            (classifier().fit(TOKENS, MANY), MANY),
            (regressor().fit(SERIES, STEPS[:, 0]), STEPS[:, 0]),
        ]:
            X = TOKENS if target is MANY else SERIES
            assert (np.nanmax(gradient_flow(fitted, X).h, axis=-1) > 0).all()
            assert (np.nanmax(gradient_flow(fitted, X, target).h, axis=-1) > 0).all()

    def test_batch_mates_do_not_matter(self, monkeypatch):
        fitted = classifier(bidirectional=True, pooling="max").fit(RAGGED, y)
        flow = gradient_flow(fitted, RAGGED, y)
        monkeypatch.setattr("sklstm.inspection._inspected_network.BATCH_VALUES", 50)
        again = gradient_flow(fitted, RAGGED, y)
        np.testing.assert_allclose(flow.h, again.h, rtol=1e-10)

    def test_tiny_gradients_are_told_apart(self):
        X = np.random.RandomState(0).randn(4, 100, 1)
        fitted = classifier(cell="rnn", max_epochs=1).fit(X, [0, 1, 0, 1])
        with torch.no_grad():
            fitted.module_.recurrent.layers[0][0].weight_hh.mul_(0.1)
        norms = gradient_flow(fitted, X).h[0, 0]
        assert (np.diff(norms) < 0).all()
        assert 0 < norms[:, -1].max() < 1e-80  # far below what float32 can hold

    def test_y_of_another_length_or_kind(self):
        fitted = classifier().fit(TOKENS, LABELS)
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            gradient_flow(fitted, TOKENS, LABELS[:5])
        with pytest.raises(ValueError, match="classes \\['other'\\]"):
            gradient_flow(fitted, TOKENS, ["other"] * 20)
        with pytest.raises(ValueError, match="3 steps but 1 tags"):
            gradient_flow(tagger(), TOKENS[:1], [["O"]])


# ------------------------------------------------------------ gates and states


class TestGatesAndStates:
    @pytest.mark.parametrize("cell", CELLS)
    def test_are_those_of_the_predictions(self, cell):
        params = {"cell": cell, "n_layers": 2, "bidirectional": True, "precision": "float64"}
        fitted = classifier(**params).fit(RAGGED, y)
        states = hidden_states(fitted, RAGGED)
        assert set(states) == {*CELLS[cell].states, "tokens"}
        assert states.tokens is None
        assert [h.shape for h in states.h] == [(2, 2, len(steps), 4) for steps in RAGGED]
        last = np.array([np.concatenate([h[1, 0, -1], h[1, 1, 0]]) for h in states.h])
        weights = double(fitted.module_)
        logits = last @ weights["output.weight"][0] + weights["output.bias"]
        np.testing.assert_allclose(logits, fitted.decision_function(RAGGED), rtol=1e-6)
        if cell != "rnn":
            gates = gate_activations(fitted, RAGGED)
            assert set(gates) == {*CELLS[cell].gates, "tokens"}
            candidates = gates["g" if "g" in gates else "n"]
            assert [g.shape for g in candidates] == [h.shape for h in states.h]

    @pytest.mark.parametrize("direction", [0, 1])
    def test_the_cell_state_is_what_the_gates_make_of_it(self, direction):
        fitted = classifier(bidirectional=True).fit(RAGGED, y)
        states, gates = hidden_states(fitted, RAGGED), gate_activations(fitted, RAGGED)
        for row in range(20):
            i, f, g, o = (gates[letter][row][0, direction] for letter in "ifgo")
            c, h = states.c[row][0, direction], states.h[row][0, direction]
            if direction:
                i, f, g, o, c, h = (a[::-1] for a in (i, f, g, o, c, h))
            before = np.vstack([np.zeros((1, 4)), c[:-1]])
            np.testing.assert_allclose(c, f * before + i * g, atol=1e-6)
            np.testing.assert_allclose(h, o * np.tanh(c), atol=1e-6)

    def test_names_of_the_steps(self):
        fitted = classifier().fit(TOKENS, LABELS)
        assert hidden_states(fitted, [["a", "new"], ["good"]]).tokens == [["a", "new"], ["good"]]
        padded = SequencePadder(max_length=8, padding="pre").fit_transform(TOKENS)
        assert hidden_states(fitted, padded).tokens == TOKENS
        assert hidden_states(fitted, padded).h[0].shape == (1, 1, 3, 4)
        ids = classifier(vocabulary_size=6).fit(IDS, LABELS)
        assert hidden_states(ids, [[5, 0, 2]]).tokens == [["5", "2"]]
        unmasked = classifier(vocabulary_size=6, mask_padding=False).fit(IDS, LABELS)
        assert hidden_states(unmasked, [[5, 0, 2]]).tokens == [["5", "0", "2"]]
        assert hidden_states(classifier().fit(embedded(), LABELS), embedded()).tokens == TOKENS
        assert gate_activations(tagger(), TOKENS).tokens == TOKENS

    def test_a_wide_path_leaves_the_states_to_the_recurrent_layers(self):
        states = hidden_states(tagger(wide=True, max_epochs=1), TOKENS)
        assert [h.shape for h in states.h] == [(1, 2, len(tokens), 4) for tokens in TOKENS]

    def test_a_cell_without_gates(self):
        fitted = classifier(cell="rnn").fit(TOKENS, LABELS)
        with pytest.raises(ValueError, match=r"'rnn'.*has no gates: look at its hidden_states"):
            gate_activations(fitted, TOKENS)


# ------------------------------------------------------------ contributions


@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion"])
class TestContributions:
    def tolerance(self, method):
        return 5e-4 if method == "integrated_gradients" else 1e-10

    @pytest.mark.parametrize("cell", CELLS)
    def test_sum_to_the_difference_for_every_cell(self, method, cell):
        fitted = classifier(cell=cell, n_layers=2, max_epochs=10, lr=0.02, bptt_steps=2)
        result = token_contributions(fitted.fit(TOKENS, LABELS), TOKENS[:4], method=method)
        assert missed(result) < self.tolerance(method)
        np.testing.assert_allclose(
            result.outputs, fitted.decision_function(TOKENS[:4]), rtol=1e-4, atol=1e-5
        )
        assert [len(values) for values in result.contributions] == [3, 8, 1, 3]
        assert result.tokens == TOKENS[:4]
        assert result.output_names == ["logit of pos"] * 4

    @pytest.mark.parametrize("pooling", ["last", "mean", "max", "max+mean", "attention"])
    def test_sum_to_the_difference_for_every_pooling(self, method, pooling):
        fitted = classifier(pooling=pooling, bidirectional=True, max_epochs=10, lr=0.02)
        result = token_contributions(fitted.fit(TOKENS, LABELS), TOKENS[:4], method=method)
        assert missed(result) < self.tolerance(method)

    def test_sum_up_where_the_output_bends_sharply(self, method):
        fitted = classifier(cell="rnn", cell_params={"nonlinearity": "relu"}, pooling="max")
        fitted.fit(10 * STEPS, y)
        assert missed(token_contributions(fitted, 10 * STEPS, method=method)) < 2e-3

    def test_of_every_kind_of_input(self, method):
        for X, params in [
            (IDS, {"vocabulary_size": 6}),
            (embedded(), {}),
            (embedded(), {"fine_tune_embeddings": False}),
            (RAGGED, {}),
            (SERIES, {}),
        ]:
            fitted = classifier(**params).fit(X, y)
            result = token_contributions(fitted, X, method=method)
            assert missed(result) < self.tolerance(method)
            assert len(result.contributions) == 20

    def test_of_a_regressor_in_the_unit_of_y(self, method):
        target = 100 * SERIES[:, 0] + 700
        fitted = regressor(max_epochs=20).fit(SERIES, target)
        result = token_contributions(fitted, SERIES, method=method)
        np.testing.assert_allclose(result.outputs, fitted.predict(SERIES), rtol=1e-5)
        assert missed(result) < self.tolerance(method)
        assert set(result.output_names) == {"prediction"}
        many = regressor().fit(SERIES, STEPS[:, 0])
        result = token_contributions(many, SERIES, method=method, target=2)
        np.testing.assert_allclose(result.outputs, many.predict(SERIES)[:, 2], rtol=1e-4)
        assert set(result.output_names) == {"prediction 2"}

    def test_targets(self, method):
        fitted = classifier().fit(TOKENS, LABELS)
        pos = token_contributions(fitted, TOKENS, method=method)
        neg = token_contributions(fitted, TOKENS, method=method, target="neg")
        np.testing.assert_allclose(pos.outputs, -neg.outputs)
        np.testing.assert_allclose(pos.contributions[1], -neg.contributions[1])
        assert neg.output_names[0] == "logit of neg"

        fitted = classifier(max_epochs=10).fit(TOKENS, THREE)
        result, logits = token_contributions(fitted, TOKENS), fitted.decision_function(TOKENS)
        np.testing.assert_allclose(result.outputs, logits.max(axis=1), rtol=1e-4)
        assert result.output_names == [f"logit of {label}" for label in fitted.predict(TOKENS)]
        result = token_contributions(fitted, TOKENS, target="c")
        np.testing.assert_allclose(result.outputs, logits[:, 2], rtol=1e-3, atol=1e-5)

        fitted = classifier().fit(TOKENS, MANY)
        result = token_contributions(fitted, TOKENS, target=1)
        logits = fitted.decision_function(TOKENS)
        np.testing.assert_allclose(result.outputs, logits[:, 1], rtol=1e-3, atol=1e-5)

    def test_unknown_targets(self, method):
        for fitted, target, message in [
            (classifier().fit(TOKENS, LABELS), "other", r"\['neg', 'pos'\]; got 'other'"),
            (classifier().fit(TOKENS, THREE), 0, r"\['a', 'b', 'c'\]; got 0"),
            (classifier().fit(TOKENS, MANY), None, r"\[0, 1, 2\]; got None"),
            (regressor().fit(TOKENS, y), 1, r"\[0\]; got 1"),
            (regressor().fit(TOKENS, MANY), None, r"\[0, 1, 2\]; got None"),
        ]:
            with pytest.raises(ValueError, match=f"target must name.*{message}"):
                token_contributions(fitted, TOKENS, method=method, target=target)

    def test_a_step_of_zeros_contributes_nothing(self, method):
        X = STEPS.copy()
        X[:, 2] = 0
        fitted = unscaled().fit(STEPS, y)
        result = token_contributions(fitted, X, method=method)
        assert all(values[2] == 0 for values in result.contributions)
        silent = token_contributions(fitted, np.zeros((1, 6, 3)), method=method)
        np.testing.assert_array_equal(silent.contributions[0], np.zeros(6))

    def test_a_step_of_means_contributes_nothing(self, method):
        mean = STEPS.mean(axis=(0, 1))
        X = STEPS.copy()
        X[:, 2] = mean
        fitted = classifier(standardize="feature", precision="float64").fit(STEPS, y)
        result = token_contributions(fitted, X, method=method)
        for values in result.contributions:
            np.testing.assert_allclose(values[2], 0, atol=1e-12)
        assert missed(result) < self.tolerance(method)
        baseline = fitted.decision_function(np.tile(mean, (1, 6, 1)))
        np.testing.assert_allclose(result.baseline_outputs, np.repeat(baseline, 20))

    def test_a_step_of_the_means_of_its_sample_contributes_nothing(self, method):
        X = STEPS.copy()
        X[:, 2] = np.delete(X, 2, axis=1).mean(axis=1)
        fitted = classifier(standardize="sample", precision="float64").fit(STEPS, y)
        result = token_contributions(fitted, X, method=method)
        for values in result.contributions:
            np.testing.assert_allclose(values[2], 0, atol=1e-12)

    def test_large_samples_go_in_parts(self, method, monkeypatch):
        fitted = classifier().fit(TOKENS, LABELS)
        whole = token_contributions(fitted, TOKENS, method=method)
        monkeypatch.setattr("sklstm.inspection._contributions.BATCH_VALUES", 100)
        parts = token_contributions(fitted, TOKENS, method=method)
        for one, other in zip(whole.contributions, parts.contributions, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-12)

    def test_a_tagger_has_no_single_output(self, method):
        with pytest.raises(TypeError, match="LSTMTagger gives one at every step"):
            token_contributions(tagger(), TOKENS, method=method)


class TestMethods:
    def test_integrated_gradients_by_brute_force(self):
        fitted = unscaled(max_epochs=10, precision="float64").fit(STEPS, y)
        (found,) = token_contributions(fitted, STEPS[:1]).contributions
        steps, shift, points = STEPS[0], 1e-6, (np.arange(1000) + 0.5) / 1000
        expected = np.zeros(6)
        for t in range(6):
            ends = []
            for sign in (1, -1):
                path = points[:, None, None] * steps
                path[:, t] += sign * shift * steps[t]
                ends.append(fitted.decision_function(path))
            expected[t] = ((ends[0] - ends[1]) / (2 * shift)).mean()
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)

    def test_occlusion_is_the_mean_of_two_orders(self):
        fitted = unscaled(max_epochs=10).fit(STEPS, y)
        (found,) = token_contributions(fitted, STEPS[:1], method="occlusion").contributions

        def outputs_of(keep):
            return fitted.decision_function(STEPS[0] * np.array(keep)[:, :, None])

        kept = np.tri(7, 6, -1)  # row k keeps k steps
        expected = (np.diff(outputs_of(kept)) - np.diff(outputs_of(1 - kept))) / 2
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)

    def test_unknown_method(self):
        with pytest.raises(ValueError, match=r"method must be one of .*occlusion.*got 'lime'"):
            token_contributions(classifier().fit(TOKENS, LABELS), TOKENS, method="lime")

    def test_the_telling_word_stands_out(self):
        X = [["so", word, "it", "was"] for word in ("good", "bad")] * 10
        fitted = classifier(max_epochs=30, lr=0.03).fit(X, [1, 0] * 10)
        for method in ("integrated_gradients", "occlusion"):
            good, bad = token_contributions(fitted, X[:2], method=method).contributions
            assert good.argmax() == bad.argmin() == 1


# ------------------------------------------------------------ what goes in


@pytest.mark.parametrize("function", FUNCTIONS)
class TestInput:
    def test_pipelines(self, function):
        texts = [" ".join(tokens) for tokens in TOKENS]
        pipe = make_pipeline(Tokenizer(), TokenIndexer(min_count=4), classifier())
        result = function(pipe.fit(texts, LABELS), texts)
        indexed = pipe[:-1].transform(texts)
        direct = function(pipe[-1], indexed)
        nested = function(Pipeline([("pass", "passthrough"), ("pipe", pipe)]), texts)
        alone = function(make_pipeline(pipe[-1]), indexed)
        for other in (direct, nested, alone):
            assert set(result) == set(other)
            for key in result:
                np.testing.assert_equal(result[key], other[key])

    def test_the_estimator_stays_as_it_is(self, function):
        fitted = classifier(dropout=0.5, embedding_dropout=0.5, recurrent_dropout=0.3, n_layers=2)
        fitted.fit(TOKENS, LABELS)
        fitted.module_.zero_grad()
        before, bytes_before = fitted.predict_proba(TOKENS), pickle.dumps(fitted)
        state = torch.get_rng_state()
        for _ in range(2):
            result = function(fitted, TOKENS)
        for key in result:  # without dropout
            np.testing.assert_equal(function(fitted, TOKENS)[key], result[key])
        assert torch.equal(state, torch.get_rng_state())
        np.testing.assert_array_equal(fitted.predict_proba(TOKENS), before)
        assert pickle.dumps(fitted) == bytes_before
        for weight in fitted.module_.parameters():
            assert weight.requires_grad
            assert weight.grad is None
        assert fitted.module_.recurrent.recorded is None
        fitted.partial_fit(TOKENS, LABELS)

    def test_unfitted(self, function):
        for estimator in (classifier(), make_pipeline(Tokenizer(), classifier())):
            with pytest.raises(NotFittedError):
                function(estimator, TOKENS)

    def test_something_else(self, function):
        for estimator in (LogisticRegression().fit(SERIES, y), LSTMClassifier, None, "lstm"):
            with pytest.raises(TypeError, match="Expected an estimator of this package"):
                function(estimator, SERIES)
        with pytest.raises(TypeError, match="Expected an estimator of this package"):
            function(make_pipeline(Tokenizer(), LogisticRegression()), TOKENS)
        search = GridSearchCV(classifier(), {"lr": [0.01]}, cv=2).fit(TOKENS, LABELS)
        with pytest.raises(TypeError, match="Pass its best_estimator_"):
            function(search, TOKENS)
        function(search.best_estimator_, TOKENS)
        calibrated = CalibratedClassifierCV(classifier(), cv=2).fit(TOKENS, LABELS)
        with pytest.raises(TypeError, match=r"Pass its calibrated_classifiers_\[0\].estimator\."):
            function(calibrated, TOKENS)
        function(calibrated.calibrated_classifiers_[0].estimator, TOKENS)

    def test_another_kind_or_width(self, function):
        fitted = classifier().fit(RAGGED, y)
        with pytest.raises(ValueError, match="fitted on numbers, but X now holds tokens"):
            function(fitted, TOKENS)
        with pytest.raises(ValueError, match="X has 2 features a step"):
            function(fitted, STEPS[:, :, :2])
        with pytest.raises(ValueError, match="minimum of 1 is required"):
            function(fitted, [])

    def test_empty_samples(self, function):
        fitted = classifier().fit(TOKENS, LABELS)
        with pytest.raises(ValueError, match=r"Sample 1 of X has no step.*\(2 of 3\)"):
            function(fitted, [["a"], [], []])
        ids = classifier(vocabulary_size=6).fit(IDS, LABELS)
        with pytest.raises(ValueError, match="Sample 0 of X has no step"):
            function(ids, [[0, 0], [1, 2]])

    def test_a_network_of_another_package(self, function):
        fitted = classifier().fit(TOKENS, LABELS)
        fitted.net_.module_ = torch.nn.Linear(1, 1)
        with pytest.raises(TypeError, match="only networks of this package"):
            function(fitted, TOKENS)


# ------------------------------------------------------------ displays


@pytest.mark.parametrize("display", DISPLAYS)
class TestDisplays:
    def test_from_estimator(self, display):
        fitted = classifier(n_layers=2, bidirectional=True).fit(TOKENS, LABELS)
        shown = display.from_estimator(fitted, TOKENS[:2])
        assert isinstance(shown, display)
        axes = shown.axes_ if hasattr(shown, "axes_") else [shown.ax_]
        for ax in axes:
            assert ax.figure is shown.figure_
            assert ax.get_ylabel()
        assert shown.plot() is shown
        shown.figure_.canvas.draw()

    def test_draws_where_it_is_told(self, display):
        fitted = classifier().fit(TOKENS, LABELS)
        open_before = plt.get_fignums()
        figure, (left, right) = plt.subplots(1, 2)
        shown = display.from_estimator(fitted, TOKENS[:2], ax=right)
        assert shown.figure_ is figure
        figure.canvas.draw()
        axes = shown.axes_ if hasattr(shown, "axes_") else [shown.ax_]
        middle = left.get_position().x1
        assert all(ax.get_position().x0 > middle for ax in axes)
        assert plt.get_fignums() == [*open_before, figure.number]

    def test_numbers(self, display):
        for X in (RAGGED, STEPS[:, :1], np.tile(SERIES, 10)):
            shown = display.from_estimator(regressor(max_epochs=1).fit(X, y), X[:2])
            axes = shown.axes_ if hasattr(shown, "axes_") else [shown.ax_]
            assert axes[-1].get_xlabel()

    def test_matplotlib_is_missing(self, display, monkeypatch):
        fitted = classifier().fit(TOKENS, LABELS)
        monkeypatch.setitem(__import__("sys").modules, "matplotlib.pyplot", None)
        with pytest.raises(ImportError, match=r'pip install "sklstm\[plots\]"'):
            display.from_estimator(fitted, TOKENS)


class TestGradientFlowDisplay:
    def test_curves(self):
        fitted = classifier(n_layers=2, bidirectional=True).fit(TOKENS, LABELS)
        flow = gradient_flow(fitted, TOKENS)
        shown = GradientFlowDisplay(flow, name="net").plot()
        labels = [line.get_label() for line in shown.lines_]
        assert len(labels) == len(set(labels)) == 8
        assert all(label.startswith("net, ") for label in labels)
        np.testing.assert_allclose(
            shown.lines_[0].get_ydata(), np.nanmedian(flow.h[0, 0], axis=0), rtol=1e-12
        )
        assert shown.ax_.get_yscale() == "log"
        assert len(shown.plot(states="c", layer=-1).lines_) == 2
        assert "layer 2" in shown.lines_[0].get_label()

    def test_several_estimators_in_one_picture(self):
        ax = plt.figure().subplots()
        for cell in ("rnn", "gru"):
            fitted = classifier(cell=cell).fit(TOKENS, LABELS)
            GradientFlowDisplay.from_estimator(fitted, TOKENS, name=cell, states="h", ax=ax)
        first, second = ax.lines
        assert first.get_color() != second.get_color()
        texts = [text.get_text() for text in ax.get_legend().get_texts()]
        assert [text.partition(",")[0] for text in texts] == ["rnn", "gru"]

    def test_style(self):
        fitted = classifier().fit(TOKENS, LABELS)
        shown = GradientFlowDisplay.from_estimator(fitted, TOKENS, color="red", linestyle=":")
        assert {line.get_color() for line in shown.lines_} == {"red"}
        assert {line.get_linestyle() for line in shown.lines_} == {":"}

    def test_refusals(self):
        shown = GradientFlowDisplay(gradient_flow(classifier().fit(TOKENS, LABELS), TOKENS))
        with pytest.raises(ValueError, match="layer=1 does not exist: there is 1"):
            shown.plot(layer=1)
        with pytest.raises(ValueError, match=r"states must name some of \['h', 'c'\]"):
            shown.plot(states="x")
        gru = GradientFlowDisplay(gradient_flow(classifier(cell="gru").fit(TOKENS, y), TOKENS))
        with pytest.raises(ValueError, match=r"states must name some of \['h'\]"):
            gru.plot(states="c")


class TestMaps:
    @pytest.mark.parametrize("cell", [cell for cell in CELLS if cell != "rnn"])
    def test_gates(self, cell):
        fitted = classifier(cell=cell).fit(TOKENS, LABELS)
        gates = gate_activations(fitted, TOKENS)
        shown = GateActivationsDisplay(gates).plot(sample=1)
        letters = [letter for letter in gates if letter != "tokens"]
        assert len(shown.axes_) == len(letters)
        for ax, letter in zip(shown.axes_, letters, strict=True):
            (image,) = ax.images
            np.testing.assert_array_equal(image.get_array(), gates[letter][1][0, 0].T)
            low, high = image.get_clim()
            assert (low, high) == (0, 1) or (letter in "gn" and low == -high)
            assert f"${letter}_t$" in ax.get_title(loc="left")
        names = [label.get_text() for label in shown.axes_[-1].get_xticklabels()]
        assert names == TOKENS[1]
        assert len(GateActivationsDisplay(gates).plot(gates=letters[0]).axes_) == 1

    def test_states_are_coloured_about_zero(self):
        fitted = classifier(cell="gru").fit(TOKENS, LABELS)
        shown = HiddenStatesDisplay.from_estimator(fitted, TOKENS)
        low, high = shown.axes_[0].images[0].get_clim()
        assert low == -high < 0
        shown.plot(cmap="gray", vmin=-1, vmax=1)
        assert shown.axes_[0].images[0].get_cmap().name == "gray"

    def test_refusals(self):
        fitted = classifier().fit(TOKENS, LABELS)
        gates = GateActivationsDisplay(gate_activations(fitted, TOKENS[:2]))
        states = HiddenStatesDisplay(hidden_states(fitted, TOKENS[:2]))
        for shown in (gates, states):
            with pytest.raises(ValueError, match=r"sample=2 does not exist: there are 2"):
                shown.plot(sample=2)
            with pytest.raises(ValueError, match="layer=1 does not exist"):
                shown.plot(layer=1)
            with pytest.raises(ValueError, match="direction=1 does not exist"):
                shown.plot(direction=1)
            with pytest.raises(TypeError, match="sample must be an integer; got 'a'"):
                shown.plot(sample="a")
        for wrong in ("x", "", "fx"):
            with pytest.raises(ValueError, match="gates must name some of"):
                gates.plot(gates=wrong)
        with pytest.raises(ValueError, match="states must name some of"):
            states.plot(states="")

    def test_strange_tokens(self):
        X = [["$a$", "\n", "$", "", "w" * 100, "\\frac"]] * 4
        fitted = classifier().fit(X, [0, 1] * 2)
        for display in (HiddenStatesDisplay, TokenContributionsDisplay):
            figure = display.from_estimator(fitted, X).figure_
            figure.canvas.draw()
        names = [label.get_text() for label in figure.axes[0].get_xticklabels()]
        assert names[0] == "$a$"
        assert len(names[4]) == 20

    def test_long_samples_have_numbers_for_names(self):
        X = [["w"] * 100, ["v"] * 3] * 2
        fitted = classifier().fit(X, [0, 1] * 2)
        shown = HiddenStatesDisplay.from_estimator(fitted, X)
        assert shown.axes_[-1].get_xlabel() == "step"


class Reader(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.text, self.opened = "", []
        self.feed(page)
        self.close()

    def handle_data(self, data):
        self.text += data

    def handle_starttag(self, tag, attributes):
        self.opened.append((tag, dict(attributes)))


def result_of(tokens, values, name="logit of pos"):
    values = np.array(values, float)
    return Bunch(
        contributions=[values],
        outputs=np.array([values.sum()]),
        baseline_outputs=np.zeros(1),
        output_names=[name],
        tokens=[tokens],
    )


class TestTokenContributionsDisplay:
    def test_bars(self):
        fitted = classifier().fit(TOKENS, LABELS)
        result = token_contributions(fitted, TOKENS)
        shown = TokenContributionsDisplay(result).plot(sample=1)
        heights = [bar.get_height() for bar in shown.bars_]
        np.testing.assert_array_equal(heights, result.contributions[1])
        colours = {bar.get_facecolor() for bar, height in zip(shown.bars_, heights, strict=True)
                   if height > 0}  # fmt: skip
        assert len(colours) <= 1
        assert "logit of pos = " in shown.ax_.get_title()
        with pytest.raises(ValueError, match="sample=20 does not exist: there are 20"):
            shown.plot(sample=20)
        assert {bar.get_facecolor() for bar in shown.plot(color="k").bars_} == {(0, 0, 0, 1)}

    def test_html(self):
        result = result_of(["so", "good"], [-0.5, 2])
        page = TokenContributionsDisplay(result)._repr_html_()
        read = Reader(page)
        assert read.text.startswith("so good")
        spans = [attributes for tag, attributes in read.opened if tag == "span"]
        assert [span.get("title") for span in spans] == ["-0.5", "+2", None, None]
        assert f"rgba({LOWERS}, 0.30)" in spans[0]["style"]
        assert f"rgba({RAISES}, 0.60)" in spans[1]["style"]
        assert "logit of pos = 1.5: 0 at the baseline, +1.5 by contributions" in read.text
        assert not re.search(r"https?:|url\(|<script|<link|<style|src=", page)

    def test_html_of_numbers_and_of_nothing(self):
        fitted = classifier().fit(RAGGED, y)
        page = TokenContributionsDisplay(token_contributions(fitted, RAGGED))._repr_html_()
        assert Reader(page).text.startswith("0 1")
        silent = TokenContributionsDisplay(result_of(["a"], [0]))
        assert Reader(silent._repr_html_()).text.startswith("a")
        silent.plot().figure_.canvas.draw()

    @given(tokens=st.lists(st.text("<>&\"'/ab \n"), min_size=1), name=st.text("<>&\"'$"))
    def test_everything_is_escaped(self, tokens, name):
        result = result_of(tokens, np.arange(len(tokens)) - 1.0, name)
        read = Reader(TokenContributionsDisplay(result)._repr_html_())
        assert read.text.startswith(" ".join(tokens) + name + " = ")
        assert {tag for tag, _ in read.opened} == {"div", "span", "small"}

    @pytest.mark.parametrize("colour", [RAISES, LOWERS])
    @pytest.mark.parametrize(
        ("page", "letters"), [(255, 0), (255, 33), (0, 255), (18, 221), (30, 230)]
    )
    def test_letters_have_contrast_on_light_and_dark_pages(self, colour, page, letters):
        for opacity in np.linspace(0, MAX_OPACITY, 10):
            ground = [opacity * int(part) + (1 - opacity) * page for part in colour.split(",")]
            lights = sorted([luminance(ground), luminance([letters] * 3)])
            assert (lights[1] + 0.05) / (lights[0] + 0.05) > 4.5  # level AA of WCAG


def luminance(rgb):
    share = np.array(rgb) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]
