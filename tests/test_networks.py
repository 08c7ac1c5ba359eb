"""The many-to-one network: its size, what its padding and its dropout may touch, its inputs."""

import numpy as np
import pytest
import torch

from sklstm.batches import LengthBatches, SequenceDataset
from sklstm.networks import ManyToOneNet, count_parameters
from sklstm.sequences import PADDING, UNKNOWN


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def seen_by(module, call):
    """Return the first argument that a module gets during a call."""
    seen = []
    hook = module.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    call()
    hook.remove()
    (argument,) = seen
    return argument


def test_the_lectures_network():
    net = ManyToOneNet(1, 32, 100, n_codes=5000)
    assert count_parameters(net) == 213_301
    assert net.describe() == [
        ("Embedding", "(N, T, 32)", 160_000),
        ("LSTM", "(N, T, 100)", 53_200),
        ("Pooling (last)", "(N, 100)", 0),
        ("Linear", "(N, 1)", 101),
    ]
    net.embedding.weight.requires_grad_(False)
    assert count_parameters(net, trainable=True) == 53_301
    assert count_parameters(net, trainable=False) == 160_000


def test_description_of_a_deep_network():
    net = ManyToOneNet(3, 7, 5, n_layers=2, bidirectional=True, pooling="max+mean")
    rows = net.describe()
    assert [(name, shape) for name, shape, _ in rows] == [
        ("Bidirectional LSTM", "(N, T, 10)"),
        ("Bidirectional LSTM", "(N, T, 10)"),
        ("Pooling (max+mean)", "(N, 20)"),
        ("Linear", "(N, 3)"),
    ]
    assert sum(count for _, _, count in rows) == count_parameters(net)


def test_initial_output_layer():
    output = ManyToOneNet(50, 3, 70).output
    assert (output.bias == 0).all()
    limit = (6 / (50 + 70)) ** 0.5
    assert 0.98 * limit < output.weight.abs().max() <= limit


@pytest.mark.parametrize("pooling", ["last", "attention"])
def test_answers_do_not_depend_on_batches(pooling):
    rng = np.random.RandomState(0)
    lengths = rng.randint(0, 30, size=50)
    dataset = SequenceDataset(
        rng.randint(2, 20, size=lengths.sum()).astype(np.int32),
        np.cumsum(lengths) - lengths,
        lengths,
    )
    net = ManyToOneNet(
        2, 6, 5, n_codes=20, n_layers=2, bidirectional=True, pooling=pooling, dropout=0.5
    ).eval()
    torch.nn.init.normal_(net.embedding.weight)

    @torch.no_grad()
    def answers(batch_size, order=None):
        batches = LengthBatches(dataset, batch_size, order)
        outputs = torch.empty(len(dataset), 2)
        for rows in batches.rows():
            outputs[rows] = net(**dataset.batch(rows).to("cpu", torch.float32))
        return outputs

    one_by_one = answers(batch_size=1)
    assert one_by_one.std(dim=0).min() > 0.05
    assert torch.equal(one_by_one[lengths == 0], net.output.bias.expand((lengths == 0).sum(), 2))
    for batch_size, order in ((7, None), (50, None), (7, np.random.RandomState(0))):
        torch.testing.assert_close(answers(batch_size, order), one_by_one, rtol=0, atol=1e-6)


def test_padding_learns_only_when_unmasked():
    net = ManyToOneNet(1, 4, 5, n_codes=6, pooling="mean", bidirectional=True)
    codes = torch.tensor([[2, 3, PADDING], [4, PADDING, PADDING]])

    def learning_rows(lengths):
        net.zero_grad()
        net(codes, torch.tensor(lengths)).sum().backward()
        return torch.flatten(net.embedding.weight.grad.abs().sum(dim=1).nonzero()).tolist()

    assert learning_rows([2, 1]) == [2, 3, 4]
    assert learning_rows([3, 3]) == [PADDING, 2, 3, 4]


class TestWordDropout:
    codes = torch.randint(2, 9, (50, 40))
    codes[:, 30:] = PADDING
    lengths = torch.full((50,), 30)

    def embedded(self, net):
        return seen_by(net.embedding, lambda: net(self.codes, self.lengths))

    def test_takes_real_tokens_for_unknown(self):
        net = ManyToOneNet(1, 3, 2, n_codes=9, word_dropout=0.3)
        codes = self.embedded(net)
        dropped = codes != self.codes
        assert (codes[dropped] == UNKNOWN).all()
        assert (codes[:, 30:] == PADDING).all()
        assert dropped[:, :30].float().mean().item() == pytest.approx(0.3, abs=0.05)
        assert not torch.equal(self.embedded(net), codes)  # a fresh draw each time

    def test_only_in_training(self):
        net = ManyToOneNet(1, 3, 2, n_codes=9, word_dropout=0.9).eval()
        assert torch.equal(self.embedded(net), self.codes)

    def test_works_on_vectors_of_the_batch_too(self):
        net = ManyToOneNet(1, 3, 2, word_dropout=1.0)
        vectors = torch.randn(9, 3)
        x = seen_by(net.recurrent, lambda: net(self.codes, self.lengths, vectors))
        assert torch.equal(x[:, :30], vectors[UNKNOWN].expand(50, 30, 3))
        assert torch.equal(x[:, 30:], vectors[PADDING].expand(50, 10, 3))


def test_vectors_come_from_where_they_should():
    numbers = torch.randn(2, 3, 4)
    lengths = torch.tensor([3, 2])
    net = ManyToOneNet(1, 4, 5)
    assert seen_by(net.recurrent, lambda: net(numbers, lengths)) is numbers
    codes, vectors = torch.tensor([[2, 3, 4], [5, 2, 0]]), torch.randn(6, 4)
    x = seen_by(net.recurrent, lambda: net(codes, lengths, vectors))
    assert torch.equal(x, vectors[codes])
    trained = ManyToOneNet(1, 4, 5, n_codes=4)
    x = seen_by(trained.recurrent, lambda: trained(codes, lengths, vectors[4:]))
    assert torch.equal(x, torch.cat([trained.embedding.weight, vectors[4:]])[codes])


@pytest.mark.parametrize("locked", [False, True])
@pytest.mark.parametrize(
    "option", ["embedding_dropout", "dropout", "recurrent_dropout", "word_dropout"]
)
def test_each_dropout_acts_in_training_only(option, locked):
    net = ManyToOneNet(1, 4, 8, n_codes=9, locked_dropout=locked, **{option: 0.5})
    codes, lengths = torch.randint(2, 9, (3, 6)), torch.tensor([6, 6, 6])
    assert not torch.allclose(net(codes, lengths), net(codes, lengths))
    net.eval()
    assert torch.equal(net(codes, lengths), net(codes, lengths))


def test_locked_dropout_reaches_embedding_and_layers():
    net = ManyToOneNet(1, 4, 8, n_layers=2, embedding_dropout=0.5, dropout=0.5, locked_dropout=True)
    seen = []
    for dropout in (net.embedding_dropout, net.recurrent.dropout):
        dropout.register_forward_hook(lambda _, args, output: seen.append(output == 0))
    net(torch.randn(3, 6, 4), torch.tensor([6, 6, 6]))
    for dropped in seen:
        assert 0 < dropped.float().mean() < 1
        assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))


@pytest.mark.parametrize("pooling", ["max", "attention"])
def test_bfloat16_stays_near_float32(pooling):
    net = ManyToOneNet(2, 8, 16, bidirectional=True, pooling=pooling)
    x, lengths = torch.randn(4, 12, 8), torch.tensor([12, 5, 1, 0])
    exact = net(x, lengths)
    with torch.autocast("cpu", torch.bfloat16):
        rough = net(x, lengths)
    assert rough.dtype == torch.bfloat16
    torch.testing.assert_close(rough.float(), exact, rtol=0, atol=0.05)
    rough.float().sum().backward()
    assert all(weight.grad.isfinite().all() for weight in net.parameters())
