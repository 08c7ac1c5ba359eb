"""Sequences chopped into pieces that run side by side."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from toys import LABELS, RAGGED, TOKENS, classifier, y

from sklstm import load, save
from sklstm.inspection import gradient_flow, hidden_states
from sklstm.nn.cells import CELLS
from sklstm.nn.recurrent import Recurrent, chop

LONGEST = max(map(len, TOKENS))


def test_pieces_of_each_sequence():
    x, lengths = torch.arange(14.0).view(2, 7, 1), torch.tensor([7, 2])
    pieces, of_pieces = chop(x, lengths, 3)
    assert pieces[:, :, 0].tolist() == [
        [0, 1, 2], [3, 4, 5], [6, 0, 0], [7, 8, 9], [10, 11, 12], [13, 0, 0],
    ]  # fmt: skip
    assert of_pieces.tolist() == [3, 3, 1, 2, 0, 0]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_piece_runs_as_if_alone(cell, bidirectional):
    torch.manual_seed(0)
    layers = Recurrent(3, 4, cell=cell, bidirectional=bidirectional, n_layers=2, chop=4).double()
    x, lengths = torch.randn(3, 12, 3, dtype=torch.float64), torch.tensor([11, 4, 6])
    outputs = layers(x, lengths)
    assert outputs.shape == (3, 12, layers.output_size)
    for row, length in enumerate(lengths.tolist()):
        for start in range(0, length, 4):
            steps = slice(start, min(start + 4, length))
            n_steps = torch.tensor([steps.stop - start])
            alone = layers(x[row : row + 1, steps], n_steps)[0]
            torch.testing.assert_close(outputs[row, steps], alone, rtol=1e-9, atol=1e-9)


class TestClassifier:
    @pytest.mark.parametrize("pooling", ["mean", "max", "attention", "max+mean"])
    def test_nothing_to_chop(self, pooling):
        """Then the weights are the same, bit by bit."""
        whole = classifier(pooling=pooling, bidirectional=True).fit(TOKENS, LABELS)
        outputs = whole.decision_function(TOKENS)
        for size in (LONGEST, LONGEST + 1, 1000):
            same = clone(whole).set_params(chop=size).fit(TOKENS, LABELS)
            np.testing.assert_array_equal(same.decision_function(TOKENS), outputs)
        other = clone(whole).set_params(chop=2).fit(TOKENS, LABELS).decision_function(TOKENS)
        assert not np.allclose(other, outputs)

    def test_pools_over_all_outputs_of_a_text(self):
        fitted = classifier(pooling="mean", chop=2).fit(RAGGED, y)
        net, [output] = fitted.module_.eval().double(), fitted.decision_function(RAGGED[:1])
        data = fitted._read_sequences(RAGGED[:1])
        x = net.embed_steps(data.batch(np.array([0])).steps.double())[:, : len(RAGGED[0])]
        with torch.no_grad():
            pieces = [net.recurrent(part, torch.tensor([part.shape[1]])) for part in x.split(2, 1)]
            expected = net.output(torch.cat(pieces, dim=1).mean(dim=1))
        assert output == pytest.approx(expected.item(), rel=1e-5)

    @pytest.mark.parametrize(
        "params",
        [
            {"bidirectional": True, "n_layers": 2, "dropout": 0.2, "locked_dropout": True},
            {"n_members": 2},
            {"wide": True},
            {"mask_padding": False, "bptt_steps": 1},
            {"adversarial": 2.0, "batch_size": 3},
        ],
        ids=str,
    )
    def test_goes_with_other_parameters(self, params, tmp_path):
        fitted = classifier(pooling="max", chop=2, max_epochs=2, **params).fit(TOKENS, LABELS)
        outputs = fitted.decision_function(TOKENS)
        assert np.isfinite(outputs).all()
        again = clone(fitted).fit(TOKENS, LABELS).decision_function(TOKENS)
        np.testing.assert_array_equal(again, outputs)
        loaded = pickle.loads(pickle.dumps(fitted))
        np.testing.assert_array_equal(loaded.decision_function(TOKENS), outputs)
        save(fitted, tmp_path / "classifier.sklstm")
        loaded = load(tmp_path / "classifier.sklstm")
        np.testing.assert_array_equal(loaded.decision_function(TOKENS), outputs)
        if "mask_padding" not in params:
            alone = [fitted.decision_function([tokens])[0] for tokens in TOKENS]
            np.testing.assert_allclose(alone, outputs, rtol=1e-4, atol=1e-5)

    def test_an_empty_text(self):
        fitted = classifier(pooling="mean", chop=1).fit(TOKENS, LABELS)
        outputs = fitted.decision_function([[], TOKENS[0]])
        np.testing.assert_allclose(outputs[1:], fitted.decision_function(TOKENS[:1]), rtol=1e-5)
        assert outputs[0] == pytest.approx(fitted.module_.output.bias.item())

    def test_the_last_output_says_little(self):
        for fit in (classifier(chop=2).fit, classifier(chop=2).partial_fit):
            classes = {} if fit.__name__ == "fit" else {"classes": LABELS}
            with pytest.raises(ValueError, match=r"chop=2 needs a pooling .* set pooling='max'"):
                fit(TOKENS, LABELS, **classes)


def test_states_are_those_of_the_pieces():
    fitted = classifier(pooling="max", chop=2, bidirectional=True).fit(RAGGED, y)
    [states] = hidden_states(fitted, RAGGED[:1]).h
    pieces = [RAGGED[0][start : start + 2] for start in range(0, len(RAGGED[0]), 2)]
    expected = np.concatenate(list(hidden_states(fitted, pieces).h), axis=-2)
    np.testing.assert_allclose(states, expected, rtol=1e-6)


def test_no_gradient_flows_between_pieces():
    fitted = classifier(pooling="max", chop=2).fit(RAGGED, y)
    with pytest.raises(ValueError, match=r"chops sequences \(chop=2\)"):
        gradient_flow(fitted, RAGGED)
