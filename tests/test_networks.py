"""The networks: their sizes, what padding and dropout may touch, their inputs and losses."""

import itertools

import numpy as np
import pytest
import torch
from toys import needs_bfloat16

from sklstm.nn.batches import LengthBatches, SequenceDataset, Spellings
from sklstm.nn.networks import ManyToOneNet, TaggerNet, count_parameters
from sklstm.sequences._fields import PADDING, UNKNOWN


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
    assert net.layer_table() == [
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
    rows = net.layer_table()
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
    def outputs_of(batch_size, order=None):
        batches = LengthBatches(dataset, batch_size, order)
        outputs = torch.empty(len(dataset), 2)
        for rows in batches.rows():
            outputs[rows] = net(**dataset.batch(rows).to("cpu", torch.float32))
        return outputs

    one_by_one = outputs_of(batch_size=1)
    assert one_by_one.std(dim=0).min() > 0.05
    assert torch.equal(one_by_one[lengths == 0], net.output.bias.expand((lengths == 0).sum(), 2))
    for batch_size, order in ((7, None), (50, None), (7, np.random.RandomState(0))):
        torch.testing.assert_close(outputs_of(batch_size, order), one_by_one, rtol=0, atol=1e-6)


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


@needs_bfloat16
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


READERS = {
    "char_encoder": "cnn", "n_characters": 12, "char_embedding_dim": 3, "char_hidden_size": 4,
    "n_casings": 3, "n_word_features": 9, "affix_embedding_dim": 2, "wide": True,
}  # fmt: skip


def written(n_words, seed=0):
    """Spell some words at random; the first is the padding."""
    rng = np.random.RandomState(seed)
    characters = rng.randint(2, 12, (n_words, 6))
    characters[np.arange(6) >= rng.randint(1, 7, n_words)[:, None]] = 0
    characters[0] = 0
    features = rng.randint(2, 9, (n_words, 3)) * (rng.rand(n_words, 3) < 0.8)
    features[0] = 0
    return Spellings(characters, rng.randint(0, 3, n_words), features)


def sentences(lengths, seed=0):
    lengths = np.array(lengths)
    codes = np.random.RandomState(seed).randint(2, 20, lengths.sum()).astype(np.int32)
    starts = np.cumsum(lengths) - lengths
    return SequenceDataset(codes, starts, lengths, spellings=written(20), words=codes)


class TestTaggerNet:
    lengths = (3, 1, 0, 2)
    allowed = (np.array([1, 1, 0], bool), np.array([[1, 1, 0], [1, 1, 1], [1, 1, 1]], bool),
               np.array([1, 0, 1], bool))  # fmt: skip

    def net(self, seed=0, **options):
        torch.manual_seed(seed)
        net = TaggerNet(3, 4, 5, **{"n_codes": 20, "bidirectional": True, **options}).double()
        for weight in net.parameters():
            torch.nn.init.normal_(weight, std=0.7)
        return net

    def tags(self):
        return torch.tensor([[0, 1, 2], [0, -1, -1], [-1, -1, -1], [1, 2, -1]])

    @pytest.mark.parametrize("allowed", [None, allowed])
    def test_losses_of_the_crf_by_enumeration(self, allowed):
        net = self.net(allowed=allowed)
        data, tags = sentences(self.lengths), self.tags()
        emissions = net(**data.batch(np.arange(4)).to("cpu", torch.float64))
        start, between, end = net.crf.start, net.crf.transitions, net.crf.end

        def score(n, path):
            if allowed is not None:
                pairs = [allowed[1][a, b] for a, b in itertools.pairwise(path)]
                if not all([allowed[0][path[0]], allowed[2][path[-1]], *pairs]):
                    return torch.tensor(-torch.inf)
            moves = [between[a, b] for a, b in itertools.pairwise(path)]
            steps = [emissions[n, t, tag] for t, tag in enumerate(path)]
            return sum([*moves, *steps], start[path[0]] + end[path[-1]])

        expected = []
        for n, length in enumerate(self.lengths):
            if length == 0:
                expected.append(torch.tensor(0.0, dtype=torch.float64))
                continue
            paths = itertools.product(range(3), repeat=length)
            every = torch.stack([score(n, path) for path in paths])
            expected.append(every.logsumexp(0) - score(n, tags[n, :length].tolist()))
        losses = net.losses(emissions, tags)
        torch.testing.assert_close(losses, torch.stack(expected).detach(), check_dtype=False)
        assert (losses[[0, 3]] > 0.1).all()

    @pytest.mark.parametrize("weights", [None, np.array([0.5, 2.0, 3.0])])
    def test_losses_of_the_softmax(self, weights):
        net = self.net(crf=False, class_weight=weights)
        emissions = net(**sentences(self.lengths).batch(np.arange(4)).to("cpu", torch.float64))
        logs = emissions.log_softmax(dim=-1)
        weights = [1, 1, 1] if weights is None else weights
        expected = [
            -sum(weights[tag] * logs[n, t, tag] for t, tag in enumerate(row[:length]))
            for n, (row, length) in enumerate(zip(self.tags().tolist(), self.lengths, strict=True))
        ]
        expected[2] = torch.tensor(0.0, dtype=torch.float64)
        torch.testing.assert_close(net.losses(emissions, self.tags()), torch.stack(expected))

    def test_a_softmax_is_a_crf_without_transitions(self):
        softmax, crf = self.net(crf=False), TaggerNet(3, 4, 5, n_codes=20, bidirectional=True)
        crf.double().load_state_dict(softmax.state_dict(), strict=False)
        batch = sentences(self.lengths).batch(np.arange(4)).to("cpu", torch.float64)
        emissions = softmax(**batch)
        assert torch.equal(crf(**batch), emissions)
        losses = [net.losses(emissions, self.tags()) for net in (softmax, crf)]
        torch.testing.assert_close(*losses)
        path, _ = softmax.crf.viterbi(emissions, batch["lengths"])
        assert path[0].tolist() == emissions[0].argmax(dim=-1).tolist()
        assert count_parameters(crf) - count_parameters(softmax) == 9 + 3 + 3
        assert not any(name.startswith("crf") for name in softmax.state_dict())

    @pytest.mark.parametrize("encoder", ["cnn", "lstm"])
    @pytest.mark.parametrize("crf", [True, False])
    def test_gradients_reach_everything_but_padding(self, crf, encoder):
        net = self.net(crf=crf, n_layers=2, **{**READERS, "char_encoder": encoder})
        with torch.no_grad():
            net.embedding.weight[PADDING] = torch.nan
            net.char_encoder.embedding.weight[PADDING] = torch.nan
            net.affixes.embedding.weight[PADDING] = torch.nan
            net.wide.embedding.weight[PADDING] = torch.nan
        data = sentences(self.lengths)
        data.spellings.characters[2:] = np.maximum(data.spellings.characters[2:], 1)  # no padding
        batch = data.batch(np.arange(4)).to("cpu", torch.float64)
        net.losses(net(**batch), self.tags()).sum().backward()
        for name, weight in net.named_parameters():
            assert weight.grad.isfinite().all(), name
            assert weight.grad.any(), name
        for layer in (net, net.char_encoder, net.affixes, net.wide):
            embedding = layer.embedding
            assert not embedding.weight.grad[PADDING].any()
        learning = net.embedding.weight.grad.abs().sum(dim=1).nonzero().ravel().tolist()
        assert learning == sorted(set(data.values.tolist()))

    @pytest.mark.parametrize("encoder", ["cnn", "lstm"])
    def test_emissions_do_not_depend_on_batches(self, encoder):
        rng = np.random.RandomState(0)
        data = sentences(rng.randint(0, 15, size=30))
        options = {**READERS, "char_encoder": encoder, "n_layers": 2, "dropout": 0.5}
        net = self.net(**options).eval()

        @torch.no_grad()
        def emissions(batch_size, order=None):
            found = {}
            for rows in LengthBatches(data, batch_size, order).rows():
                outputs = net(**data.batch(rows).to("cpu", torch.float64))
                found.update(zip(rows.tolist(), outputs, strict=True))
            return torch.cat([found[n][: data.lengths[n]] for n in range(len(data))])

        alone = emissions(1)
        assert alone.std(dim=0).min() > 0.05
        for batch_size, order in ((7, None), (30, None), (7, np.random.RandomState(0))):
            torch.testing.assert_close(emissions(batch_size, order), alone, rtol=0, atol=1e-12)

    def test_what_describes_a_step(self):
        net = self.net(**READERS)
        batch = sentences([3, 2]).batch(np.array([0, 1])).to("cpu", torch.float64)
        x = seen_by(net.recurrent, lambda: net(**batch))  # (N, T, 4 + 4 + 3 + 2)
        words = batch["words"]
        torch.testing.assert_close(x[..., :4], net.embedding.weight[batch["steps"].long()])
        torch.testing.assert_close(x[..., 4:8], net.char_encoder(batch["characters"])[words])
        assert torch.equal(x[..., 8:11], torch.eye(3, dtype=x.dtype)[batch["casing"][words]])
        known = (batch["features"][words] > 0)[..., None]  # (N, T, M, 1)
        vectors = net.affixes.embedding.weight[batch["features"][words]]
        torch.testing.assert_close(x[..., 11:], (vectors * known).sum(dim=2))

    def test_every_step_reads_a_vector_of_the_sentence(self):
        net = self.net(sentence_vector="mean", cell="gru", **READERS)
        batch = sentences([3, 2]).batch(np.array([0, 1])).to("cpu", torch.float64)
        x = seen_by(net.recurrent, lambda: net(**batch))
        own, vectors = x[..., :13], x[..., 13:]
        assert vectors.shape[-1] == 2 * 5
        assert (vectors == vectors[:, :1]).all()
        outputs = net.sentence.recurrent(own, batch["lengths"])
        torch.testing.assert_close(vectors[0, 0], outputs[0, :3].mean(dim=0))
        torch.testing.assert_close(vectors[1, 0], outputs[1, :2].mean(dim=0))
        assert type(net.sentence.recurrent.layers[0][0]) is type(net.recurrent.layers[0][0])
        row = ("Sentence vector (mean)", "(N, 10)", count_parameters(net.sentence))
        assert row in net.layer_table()
        assert sum(count for *_, count in net.layer_table()) == count_parameters(net)

    def test_the_wide_path_reads_neighbours(self):
        net = self.net(**READERS)
        batch = sentences([5, 3]).batch(np.array([0, 1])).to("cpu", torch.float64)
        whole = net(**batch)
        table = net.wide.embedding.weight.detach().reshape(9, 3, 3)  # of the neighbour and its tag
        rows = batch["features"][batch["words"]]
        known = (rows > 0)[..., None, None]
        shares = (table[rows] * known).sum(dim=2)  # (N, T, 3, K)
        with torch.no_grad():
            net.wide.embedding.weight.zero_()
            deep = net(**batch)
            for n, length in enumerate([5, 3]):
                for t in range(length):
                    expected = shares[n, t, 1].clone()
                    if t + 1 < length:
                        expected += shares[n, t + 1, 0]
                    if t > 0:
                        expected += shares[n, t - 1, 2]
                    torch.testing.assert_close((whole - deep)[n, t], expected)

    def test_word_dropout_leaves_the_characters(self):
        net = self.net(word_dropout=1.0, **READERS)
        batch = sentences([3]).batch(np.array([0])).to("cpu", torch.float64)
        dropped = seen_by(net.recurrent, lambda: net(**batch))
        whole = seen_by(net.eval().recurrent, lambda: net(**batch))
        assert torch.equal(dropped[..., :4], net.embedding.weight[UNKNOWN].expand(1, 3, 4))
        assert not torch.equal(whole[..., :4], dropped[..., :4])
        assert torch.equal(whole[..., 4:], dropped[..., 4:])

    @pytest.mark.parametrize("locked", [False, True])
    def test_dropout_before_the_emissions(self, locked):
        net = self.net(dropout=0.5, locked_dropout=locked)
        batch = sentences([6, 6]).batch(np.array([0, 1])).to("cpu", torch.float64)
        x = seen_by(net.output, lambda: net(**batch)) == 0  # (N, T, 2 H)
        assert 0.2 < x.double().mean() < 0.8
        assert (x == x[:, :1]).all() == locked
        assert not seen_by(net.eval().output, lambda: net(**batch)).eq(0).any()

    def test_description(self):
        net = TaggerNet(5, 7, 6, n_codes=20, n_layers=2, bidirectional=True, **READERS)
        rows = net.layer_table()
        assert [(name, shape) for name, shape, _ in rows] == [
            ("Embedding", "(N, T, 7)"),
            ("Characters (cnn)", "(N, T, 4)"),
            ("Affixes", "(N, T, 2)"),
            ("Bidirectional LSTM", "(N, T, 12)"),
            ("Bidirectional LSTM", "(N, T, 12)"),
            ("Linear", "(N, T, 5)"),
            ("Wide path", "(N, T, 5)"),
            ("CRF", "(N, T)"),
        ]
        assert rows[3][2] == 2 * 4 * 6 * (7 + 4 + 3 + 2 + 6 + 1)
        assert sum(count for *_, count in rows) == count_parameters(net)
        frozen = TaggerNet(5, 7, 6, crf=False, **READERS).layer_table()
        assert [name for name, *_ in frozen] == [
            "Characters (cnn)", "Affixes", "LSTM", "Linear", "Wide path"]  # fmt: skip

    @needs_bfloat16
    def test_bfloat16_stays_near_float32(self):
        torch.manual_seed(0)
        net = TaggerNet(3, 4, 8, n_codes=20, bidirectional=True, **READERS)
        batch = sentences([6, 3, 0]).batch(np.arange(3)).to("cpu", torch.float32)
        exact = net(**batch)
        with torch.autocast("cpu", torch.bfloat16):
            rough = net(**batch)
        torch.testing.assert_close(rough.float(), exact, rtol=0, atol=0.05)
        net.losses(
            rough.float(), torch.tensor([[0] * 6, [1] * 3 + [-1] * 3, [-1] * 6])
        ).sum().backward()
        assert all(weight.grad.isfinite().all() for weight in net.parameters())
