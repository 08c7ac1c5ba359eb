"""Micro-batches: the gradients of the whole, at any number of threads."""

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info

from sklstm import LSTMClassifier, LSTMTagger
from sklstm.nn import microbatches
from sklstm.nn.cells._cell import Cell
from sklstm.nn.microbatches import Workers, accumulate_gradients, split_into_microbatches
from sklstm.nn.networks import ManyToOneNet
from sklstm.nn.objectives import Supervised


@pytest.fixture
def small_microbatches(monkeypatch):
    """Let micro-batches be as small as possible."""
    monkeypatch.setattr(microbatches, "UNIT_STEPS", 1)


class TestCut:
    @pytest.mark.parametrize("n_sequences", [1, 7, 16, 17, 33, 64, 100])
    @pytest.mark.parametrize("n_steps", [1, 50, 500])
    @pytest.mark.parametrize("n_units", [1, 100, 1000])
    @pytest.mark.parametrize("min_sequences", [16, 32])
    def test_covers_every_sequence_once(self, n_sequences, n_steps, n_units, min_sequences):
        slices = split_into_microbatches(n_sequences, n_steps, n_units, min_sequences)
        rows = [row for part in slices for row in range(n_sequences)[part]]
        assert rows == list(range(n_sequences))
        sizes = [len(range(n_sequences)[part]) for part in slices]
        assert len(sizes) == 1 or max(sizes) >= min_sequences
        assert len(sizes) == 1 or n_sequences * n_steps * n_units > microbatches.UNIT_STEPS

    def test_of_the_lectures_network(self):
        assert len(split_into_microbatches(64, 60, 100, 16)) == 1
        assert len(split_into_microbatches(64, 70, 100, 16)) == 2
        assert len(split_into_microbatches(64, 150, 100, 16)) == 4
        assert len(split_into_microbatches(64, 500, 100, 16)) == 4
        assert len(split_into_microbatches(64, 500, 100, 32)) == 2

    @pytest.mark.parametrize(("hidden_size", "n_microbatches"), [(100, 4), (400, 2), (1000, 1)])
    def test_wide_layers_want_many_sequences(self, hidden_size, n_microbatches):
        net = ManyToOneNet(1, 3, hidden_size)
        slices = split_into_microbatches(64, 500, hidden_size, net.min_sequences)
        assert len(slices) == n_microbatches


def gradients(net, arguments, targets, slices):
    """Return the loss and the gradients of a network, whole or in micro-batches."""
    net.zero_grad()

    def loss(outputs, part=slice(None)):
        return ((outputs - targets[part]) ** 2).sum()

    if slices is None:
        total = loss(net(**arguments))
        total.backward()
    else:
        with Workers() as workers:
            total, _ = accumulate_gradients(net, dict(arguments), Supervised(loss), slices, workers)
    return total.item(), [weight.grad.clone() for weight in net.parameters()]


@pytest.mark.parametrize("pooling", ["last", "max+mean", "attention"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_microbatches_add_up_to_the_whole(pooling, bidirectional):
    torch.manual_seed(0)
    net = ManyToOneNet(2, 3, 4, n_codes=9, pooling=pooling, bidirectional=bidirectional).double()
    lengths = torch.tensor([5, 3, 1, 5, 4, 2])
    arguments = {"steps": torch.randint(1, 9, (6, 5)), "lengths": lengths}
    targets = torch.randn(6, 2).double()
    loss, whole = gradients(net, arguments, targets, None)
    for size in (1, 2, 4):
        slices = [slice(start, start + size) for start in range(0, 6, size)]
        total, summed = gradients(net, arguments, targets, slices)
        assert total == pytest.approx(loss)
        for one, other in zip(whole, summed, strict=True):
            torch.testing.assert_close(one, other)


def test_gradients_add_to_those_that_are_there():
    torch.manual_seed(0)
    net = ManyToOneNet(1, 3, 4)
    arguments = {"steps": torch.randn(4, 5, 3), "lengths": torch.full((4,), 5)}
    once = gradients(net, arguments, torch.zeros(4, 1), [slice(0, 2), slice(2, 4)])[1]
    with Workers() as workers:
        accumulate_gradients(
            net,
            dict(arguments),
            Supervised(lambda outputs, part: (outputs**2).sum()),
            [slice(0, 2), slice(2, 4)],
            workers,
        )
    for weight, gradient in zip(net.parameters(), once, strict=True):
        torch.testing.assert_close(weight.grad, 2 * gradient)


SERIES = np.random.RandomState(0).randn(40, 6, 3)
LABELS = np.arange(40) % 2


def fitted(**options):
    """Fit a classifier with every kind of dropout."""
    options = {"hidden_size": 4, "max_epochs": 3, "random_state": 0, **options}
    return LSTMClassifier(**options).fit(SERIES, LABELS)


DROPOUT = {"dropout": 0.3, "recurrent_dropout": 0.3, "embedding_dropout": 0.3, "n_layers": 2}


def test_training_in_microbatches_learns_what_the_whole_would(monkeypatch):
    whole = fitted()
    monkeypatch.setattr(microbatches, "UNIT_STEPS", 1)
    np.testing.assert_allclose(
        fitted().decision_function(SERIES), whole.decision_function(SERIES), rtol=1e-6
    )


@pytest.mark.usefixtures("small_microbatches")
class TestThreads:
    @pytest.mark.parametrize("options", [{}, DROPOUT], ids=["plain", "dropout"])
    def test_their_number_does_not_matter(self, options, monkeypatch):
        results = []
        for n_threads in (1, 2, 4):
            monkeypatch.setattr(torch, "get_num_threads", lambda n=n_threads: n)
            results.append(fitted(**options).decision_function(SERIES))
        np.testing.assert_array_equal(results[0], results[1])
        np.testing.assert_array_equal(results[0], results[2])

    def test_those_of_the_user_stay_as_they_are(self):
        before = threadpool_info(), torch.get_num_threads()
        fitted()
        assert (threadpool_info(), torch.get_num_threads()) == before

    def test_weights_are_drawn_on_one_core(self, monkeypatch):
        def cores():
            return {
                library["num_threads"]
                for library in threadpool_info()
                if library["user_api"] == "openmp"
            }

        def draw(cell):
            drawn_on.append(cores())
            reset(cell)

        drawn_on, reset = [], Cell.reset_parameters
        monkeypatch.setattr(Cell, "reset_parameters", draw)
        monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
        fitted()
        assert drawn_on == [{1}]

    def test_the_global_generator_stays_as_it_is(self):
        state = torch.get_rng_state()
        fitted(**DROPOUT)
        assert torch.equal(torch.get_rng_state(), state)

    def test_microbatches_drop_other_values(self):
        torch.manual_seed(0)
        net = ManyToOneNet(1, 3, 4, dropout=0.5).train()
        seen = []
        net.dropout.register_forward_hook(lambda _, args, output: seen.append(output == 0))
        arguments = {"steps": torch.ones(32, 2, 3), "lengths": torch.full((32,), 2)}
        with Workers() as workers:
            accumulate_gradients(
                net,
                arguments,
                Supervised(lambda outputs, part: outputs.sum()),
                [slice(0, 16), slice(16, 32)],
                workers,
            )
        assert len(seen) == 2
        assert not torch.equal(*seen)

    def test_a_tagger_learns_in_microbatches(self):
        sentences = [["Ada", "met", "Alan"], ["they", "met", "Ada"]] * 10
        tags = [["B-PER", "O", "B-PER"], ["O", "O", "B-PER"]] * 10
        tagger = LSTMTagger(char_encoder="cnn", casing=True, lr=0.03, random_state=0)
        assert tagger.fit(sentences, tags).score(sentences, tags) == 1.0

    @pytest.mark.parametrize("n_threads", [1, 2])
    def test_an_error_in_a_microbatch_reaches_the_caller(self, n_threads, monkeypatch):
        monkeypatch.setattr(torch, "get_num_threads", lambda: n_threads)
        with Workers() as workers, pytest.raises(ZeroDivisionError):
            workers.map(lambda number: 1 / number, [1, 0])


@pytest.mark.parametrize("precision", ["float32", "float64", "bfloat16"])
@pytest.mark.usefixtures("small_microbatches")
def test_precision(precision):
    model = fitted(precision=precision)
    assert np.isfinite(model.decision_function(SERIES)).all()
    assert all(
        weight.grad is None or weight.grad.isfinite().all() for weight in model.module_.parameters()
    )
