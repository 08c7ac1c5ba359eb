"""Adversarial training: perturbed inputs, and what estimators learn from them."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone

from sklstm import LSTMClassifier
from sklstm.nn.adversarial import input_scale, perturbation
from sklstm.nn.microbatches import Workers, accumulate_gradients
from sklstm.nn.networks import ManyToOneNet
from sklstm.nn.objectives import Supervised

X = [["a", "good", "film"], ["bad"], ["bad", "plot", "bad", "acting"], ["good", "fun"]] * 8
Y = ["pos", "neg", "neg", "pos"] * 8


class TestPerturbation:
    @pytest.mark.parametrize("magnitude", [1e-30, 1.0, 1e30])
    def test_points_up_the_loss_with_its_size(self, magnitude):
        gradient = magnitude * torch.tensor([[[3.0, 0.0], [0.0, -4.0]], [[0.0, 0.0], [0.0, 2.0]]])
        expected = [[[3.0, 0.0], [0.0, -4.0]], [[0.0, 0.0], [0.0, 5.0]]]
        torch.testing.assert_close(perturbation(gradient, 5.0), torch.tensor(expected))

    def test_is_zero_without_a_gradient(self):
        assert not perturbation(torch.zeros(2, 3, 4), 5.0).any()

    def test_unit_is_that_of_real_steps(self):
        x = torch.tensor([[[3.0, 3.0], [100.0, 0.0]], [[3.0, -3.0], [3.0, 3.0]]])
        assert input_scale(x, torch.tensor([1, 2])) == pytest.approx(3.0)
        assert input_scale(x, torch.tensor([0, 0])) == 0


def gradients(net, slices, adversarial, seed=0):
    """Return the loss of a batch, and the gradients."""
    net.zero_grad()
    torch.manual_seed(seed)
    steps = torch.randint(1, 9, (6, 5), generator=torch.Generator().manual_seed(1))
    lengths, targets = torch.tensor([5, 3, 1, 5, 4, 2]), torch.arange(12.0).view(6, 2).double()

    def loss(outputs, part):
        return ((outputs - targets[part]) ** 2).sum()

    arguments = {"steps": steps, "lengths": lengths}
    with Workers() as workers:
        total, _ = accumulate_gradients(
            net, arguments, Supervised(loss, adversarial), slices, workers
        )
    return total.item(), [weight.grad.clone() for weight in net.parameters()]


@pytest.fixture
def net():
    torch.manual_seed(0)
    return ManyToOneNet(2, 3, 4, n_codes=9, bidirectional=True, dropout=0.3).double()


def test_gradients_are_the_mean_of_both(net):
    net.eval()
    _, clean = gradients(net, [slice(0, 6)], None)
    _, found = gradients(net, [slice(0, 6)], 0.7)
    net.zero_grad()
    steps = torch.randint(1, 9, (6, 5), generator=torch.Generator().manual_seed(1))
    lengths, targets = torch.tensor([5, 3, 1, 5, 4, 2]), torch.arange(12.0).view(6, 2).double()
    x = net.embed_steps(steps)
    x.retain_grad()
    ((net.forward_embedded(x, lengths) - targets) ** 2).sum().backward()
    moved = x.grad / x.grad.norm(dim=(1, 2), keepdim=True) * 0.7 * input_scale(x, lengths)
    net.zero_grad()
    x = net.embed_steps(steps)
    ((net.forward_embedded(x + moved, lengths) - targets) ** 2).sum().backward()
    for one, other, weight in zip(clean, found, net.parameters(), strict=True):
        torch.testing.assert_close((one + weight.grad) / 2, other)
        assert not torch.allclose(one, other) or not one.any()


def test_microbatches_add_up(net):
    net.eval()
    loss, whole = gradients(net, [slice(0, 6)], 0.7)
    total, summed = gradients(net, [slice(0, 2), slice(2, 4), slice(4, 6)], 0.7)
    assert total == pytest.approx(loss)
    for one, other in zip(whole, summed, strict=True):
        torch.testing.assert_close(one, other)


def test_both_passes_drop_the_same(net):
    net.train()
    for one, other in zip(
        gradients(net, [slice(0, 6)], None)[1], gradients(net, [slice(0, 6)], 1e-12)[1], strict=True
    ):
        torch.testing.assert_close(one, other)


class TestClassifier:
    def classifier(self, **params):
        return LSTMClassifier(hidden_size=4, max_epochs=4, random_state=0, **params)

    @pytest.mark.parametrize(
        "params", [{}, {"cell": "gru", "pooling": "max"}, {"optimizer": "sgd"}]
    )
    def test_learns_repeats_and_pickles(self, params):
        fitted = self.classifier(adversarial=2.0, **params).fit(X, Y)
        outputs = fitted.decision_function(X)
        again = clone(fitted).fit(X, Y)
        assert (again.decision_function(X) == outputs).all()
        loaded = pickle.loads(pickle.dumps(fitted))
        assert (loaded.decision_function(X) == outputs).all()
        plain = self.classifier(**params).fit(X, Y)
        assert not np.allclose(plain.decision_function(X), outputs)

    def test_frozen_vectors_and_numbers(self):
        numbers = np.random.RandomState(0).rand(20, 5, 2)
        for precision in ("float32", "float64"):
            model = self.classifier(adversarial=1.0, precision=precision)
            assert np.isfinite(model.fit(numbers, [0, 1] * 10).decision_function(numbers)).all()

    def test_resists_the_perturbation_that_it_learned_from(self):
        losses = []
        for adversarial in (None, 6.0):
            fitted = LSTMClassifier(
                hidden_size=8, max_epochs=100, lr=0.02, random_state=0, adversarial=adversarial
            ).fit(X, Y)
            net = fitted.module_.eval()
            sequences = fitted._read_dataset(X, np.array(Y), None)
            batch = sequences.batch(np.arange(len(X)))
            targets, _ = sequences.targets_and_weights(np.arange(len(X)))
            x = net.embed_steps(batch.steps).detach().requires_grad_()
            of = torch.nn.functional.binary_cross_entropy_with_logits
            of(net.forward_embedded(x, batch.lengths), targets.float()).backward()
            moved = x + perturbation(x.grad, 6.0 * input_scale(x, batch.lengths))
            losses.append(of(net.forward_embedded(moved, batch.lengths), targets.float()).item())
        assert losses[1] < losses[0]

    @pytest.mark.parametrize("adversarial", [0, -1.0, float("nan"), "5"])
    def test_other_values_are_refused(self, adversarial):
        with pytest.raises((TypeError, ValueError), match="adversarial"):
            self.classifier(adversarial=adversarial).fit(X, Y)
