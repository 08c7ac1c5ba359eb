"""Layers: equal to packing or to plain computation, and blind to padding and to batch mates."""

from unittest import mock

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from sklstm.nn.cells import CELLS
from sklstm.nn.dropout import Dropout, dropout, dropout_generator
from sklstm.nn.embedding import Embedding
from sklstm.nn.networks._char_encoder import CharEncoder
from sklstm.nn.pooling import Pooling
from sklstm.nn.recurrent import Recurrent, run_step_by_step

N_FEATURES, N_UNITS = 3, 4
SHAPES = st.fixed_dictionaries({"n_layers": st.integers(1, 3), "bidirectional": st.booleans()})
every_cell = pytest.mark.parametrize("cell", CELLS)
SEEDS = st.integers(0, 2**32 - 1)
JUNK = st.sampled_from([0.0, -7.0, 1e6, float("nan"), float("inf")])


def lengths_from(shortest):
    return st.lists(st.integers(shortest, 9), min_size=1, max_size=6)


def draw(lengths, seed, dtype=torch.float64, **shape):
    """Return random layers, and a random batch without excess padding."""
    torch.manual_seed(seed)
    layers = Recurrent(N_FEATURES, N_UNITS, **shape).to(dtype)
    for parameter in layers.parameters():
        nn.init.normal_(parameter, std=0.5)
    return layers, torch.randn(len(lengths), max(1, *lengths), N_FEATURES, dtype=dtype)


def padding_mask(lengths, n_steps):
    return torch.arange(n_steps) < torch.tensor(lengths)[:, None]


def packed(layers, **shape):
    """Copy the layers' weights to torch's own module."""
    modules = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
    module = modules[shape["cell"]](
        N_FEATURES,
        N_UNITS,
        num_layers=shape["n_layers"],
        bidirectional=shape["bidirectional"],
        batch_first=True,
    ).to(next(layers.parameters()).dtype)
    names = {}
    for depth, cells in enumerate(layers.layers):
        for cell, suffix in zip(cells, ("", "_reverse"), strict=False):
            names[cell.weight_ih] = f"weight_ih_l{depth}{suffix}"
            names[cell.weight_hh] = f"weight_hh_l{depth}{suffix}"
            names[cell.bias] = f"bias_ih_l{depth}{suffix}"
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name.startswith("bias_hh"):
                parameter.zero_()
        for ours, name in names.items():
            getattr(module, name).copy_(ours)
    return module, [getattr(module, names[ours]) for ours in layers.parameters()]


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-10)])
def test_equal_to_packing(dtype, tolerance, cell):
    @settings(deadline=None, max_examples=40)
    @given(lengths_from(shortest=1), SEEDS, SHAPES)
    @example([1, 9, 1], 0, {"n_layers": 3, "bidirectional": True})
    def check(lengths, seed, shape):
        shape = {**shape, "cell": cell}
        layers, x = draw(lengths, seed, dtype, **shape)
        x.requires_grad_()
        module, their_weights = packed(layers, **shape)
        ours = layers(x, torch.tensor(lengths))
        batch = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        theirs, _ = pad_packed_sequence(module(batch)[0], batch_first=True)
        real = padding_mask(lengths, x.shape[1])
        torch.testing.assert_close(ours[real], theirs[real], rtol=0, atol=tolerance)
        errors = torch.randn_like(theirs[real]) / theirs.numel()
        for our_gradient, their_gradient in zip(
            torch.autograd.grad(ours[real], [x, *layers.parameters()], errors),
            torch.autograd.grad(theirs[real], [x, *their_weights], errors),
            strict=True,
        ):
            torch.testing.assert_close(our_gradient, their_gradient, rtol=0, atol=tolerance)

    check()


@pytest.mark.parametrize("kind", Pooling.KINDS)
def test_every_sequence_is_computed_as_if_alone(kind):
    check_as_if_alone(kind, "lstm", max_examples=40)


@every_cell
def test_every_cell_computes_a_sequence_as_if_alone(cell):
    check_as_if_alone("attention", cell, max_examples=15)


def check_as_if_alone(kind, cell, max_examples):
    @settings(deadline=None, max_examples=max_examples)
    @given(lengths_from(shortest=0), SEEDS, SHAPES, st.integers(0, 3), JUNK)
    @example([3, 0, 5], 0, {"n_layers": 2, "bidirectional": True}, 2, float("nan"))
    @example([4, 4], 0, {"n_layers": 2, "bidirectional": True}, 2, float("nan"))
    def check(lengths, seed, shape, excess, junk):
        shape = {**shape, "cell": cell}
        layers, x = draw(lengths, seed, **shape)
        pooling = Pooling(kind, layers.output_size, layers.n_directions).double()
        weights = [*layers.parameters(), *pooling.parameters()]
        x = nn.functional.pad(x, (0, 0, 0, excess))
        real = padding_mask(lengths, x.shape[1])
        x = x.masked_fill(~real[:, :, None], junk).requires_grad_()

        def compute(x, lengths):
            outputs = layers(x, torch.tensor(lengths))
            return outputs, pooling(outputs, torch.tensor(lengths))

        outputs, answers = compute(x, lengths)
        alone = [compute(row[None, : max(1, n)], [n]) for row, n in zip(x, lengths, strict=True)]
        for n, row, (row_alone, _) in zip(lengths, outputs, alone, strict=True):
            torch.testing.assert_close(row[:n], row_alone[0, :n], rtol=0, atol=1e-12)
        answers_alone = torch.cat([answer for _, answer in alone])
        torch.testing.assert_close(answers, answers_alone, rtol=0, atol=1e-12)
        assert (answers[torch.tensor(lengths) == 0] == 0).all()
        errors = torch.randn_like(answers)
        gradients = torch.autograd.grad(answers, [x, *weights], errors)
        assert (gradients[0][~real] == 0).all()
        gradients_alone = torch.autograd.grad(answers_alone, [x, *weights], errors)
        for gradient, gradient_alone in zip(gradients, gradients_alone, strict=True):
            torch.testing.assert_close(gradient, gradient_alone, rtol=1e-10, atol=1e-10)

    check()


@every_cell
@pytest.mark.parametrize("training", [False, True])
def test_float32_kernels_are_blind_to_padding_and_batch_mates(training, cell):
    lengths = [40, 1, 17, 0, 40, 25]
    layers, x = draw(lengths, 0, torch.float32, n_layers=2, bidirectional=True, cell=cell)
    real = padding_mask(lengths, 40)
    x = x.masked_fill(~real[:, :, None], float("nan"))
    layers.train(training)
    order = torch.tensor([4, 2, 5, 0, 1, 3])
    tolerance = 1e-5 if cell == "rnn" else 1e-6  # without gates, rounding errors grow
    with torch.set_grad_enabled(training):
        outputs = layers(x, torch.tensor(lengths))
        shuffled = layers(x[order], torch.tensor(lengths)[order])
        for row, (n, sequence) in enumerate(zip(lengths, x, strict=True)):
            alone = layers(sequence[None, : max(1, n)], torch.tensor([n]))
            torch.testing.assert_close(outputs[row, :n], alone[0, :n], rtol=0, atol=tolerance)
    torch.testing.assert_close(
        outputs[order][real[order]], shuffled[real[order]], rtol=0, atol=tolerance
    )


@every_cell
def test_readable_steps_give_the_same(cell):
    @settings(deadline=None, max_examples=15)
    @given(lengths_from(shortest=0), SEEDS, SHAPES)
    def check(lengths, seed, shape):
        layers, x = draw(lengths, seed, **shape, cell=cell)
        fast = layers(x, torch.tensor(lengths))
        layers.fused = False
        with mock.patch.object(CELLS[cell], "run", None):
            slow = layers(x, torch.tensor(lengths))
        real = padding_mask(lengths, x.shape[1])
        torch.testing.assert_close(fast[real], slow[real], rtol=0, atol=1e-12)

    check()


@every_cell
@pytest.mark.parametrize("n_layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("fused", [False, True])
def test_gradients_are_finite_differences(cell, n_layers, bidirectional, fused):
    lengths = [3, 1, 0]
    layers, x = draw(lengths, 0, cell=cell, n_layers=n_layers, bidirectional=bidirectional)
    layers.fused = fused
    real = padding_mask(lengths, 3)
    variables = [x.requires_grad_(), *layers.parameters()]  # perturbed in place
    assert torch.autograd.gradcheck(
        lambda x, *_: layers(x, torch.tensor(lengths))[real], variables, fast_mode=True
    )


@every_cell
@pytest.mark.parametrize("n_layers", [1, 2])
def test_advance_goes_on_where_it_ended(cell, n_layers):
    layers, x = draw([9, 9], 0, cell=cell, n_layers=n_layers)
    first, states = layers.advance(x[:, :4])
    second, states = layers.advance(x[:, 4:], states)
    whole = layers(x, torch.tensor([9, 9]))
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    assert len(states) == n_layers
    torch.testing.assert_close(states[-1][0], whole[:, -1])


class TestDropout:
    def test_inactive_in_evaluation(self):
        shape = {"n_layers": 2, "bidirectional": True}
        plain, x = draw([5, 2], 0, **shape)
        rates = {"dropout": 0.5, "recurrent_dropout": 0.5}
        for options in (rates, {**rates, "locked_dropout": True}):
            layers = Recurrent(N_FEATURES, N_UNITS, **shape, **options).double().eval()
            layers.load_state_dict(plain.state_dict())
            lengths = torch.tensor([5, 2])
            assert torch.equal(layers(x, lengths), plain(x, lengths))

    @pytest.mark.parametrize("locked", [False, True])
    def test_share_scale_and_lock(self, locked):
        torch.manual_seed(1)
        x = torch.rand(40, 30, 20) + 1
        scale = Dropout(0.3, locked)(x) / x
        kept = scale != 0
        torch.testing.assert_close(scale[kept], torch.full_like(scale[kept], 1 / 0.7))
        assert (~kept).float().mean().item() == pytest.approx(0.3, abs=0.05)
        same_over_time = (kept == kept[:, :1]).all(dim=1)  # (N, F)
        assert same_over_time.float().mean() == (1.0 if locked else 0.0)
        assert not torch.equal(kept[0], kept[1])

    @pytest.mark.parametrize("locked", [False, True])
    def test_stands_between_layers_only(self, locked):
        torch.manual_seed(0)
        lengths = torch.tensor([6, 6])
        single = Recurrent(5, 8, dropout=0.5)
        x = torch.randn(2, 6, 5)
        assert (single(x, lengths) != 0).all()
        assert torch.equal(single(x, lengths), single(x, lengths))
        double = Recurrent(5, 8, n_layers=2, dropout=0.5, locked_dropout=locked)
        seen = []
        double.dropout.register_forward_hook(lambda _, args, output: seen.append(output == 0))
        assert (double(x, lengths) != 0).all()
        (dropped,) = seen  # (N, T, H)
        assert 0 < dropped.float().mean() < 1
        assert (dropped == dropped[:, :1]).all() == locked

    def test_recurrent_weights_drop_once_a_batch(self):
        torch.manual_seed(0)
        layers = Recurrent(5, 8, recurrent_dropout=0.5)
        (cell,) = layers.layers[0]
        before = cell.weight_hh.detach().clone()
        x, lengths = torch.randn(2, 6, 5), torch.tensor([6, 6])
        torch.manual_seed(1)
        outputs = layers(x, lengths)
        torch.manual_seed(1)
        dropped = dropout(cell.weight_hh, 0.5)
        assert 0.3 < (dropped == 0).float().mean() < 0.7
        expected, _ = cell.run(x, cell.initial_state(2), dropped)
        torch.testing.assert_close(outputs, expected)
        outputs.sum().backward()
        assert (cell.weight_hh.grad[dropped == 0] == 0).all()
        assert torch.equal(cell.weight_hh, before)


def pool_plainly(kind, h, pooling):
    """Pool one sequence, of shape (length, n_features), without padding."""
    half = h.shape[1] // 2
    if len(h) == 0:
        return torch.zeros(pooling.output_size, dtype=h.dtype)
    if kind == "last" and pooling.n_directions == 2:
        return torch.cat([h[-1, :half], h[0, half:]])
    if kind == "attention":
        scores = [pooling.context(pooling.projection(h_t).tanh()).exp() for h_t in h]
        return sum(s * h_t for s, h_t in zip(scores, h, strict=True)) / sum(scores)
    plain = {
        "last": lambda h: h[-1],
        "max": lambda h: h.max(dim=0).values,
        "mean": lambda h: h.mean(dim=0),
        "max+mean": lambda h: torch.cat([h.max(dim=0).values, h.mean(dim=0)]),
    }
    return plain[kind](h)


@pytest.mark.parametrize("n_directions", [1, 2])
@pytest.mark.parametrize("kind", Pooling.KINDS)
def test_pooling_is_the_plain_computation(kind, n_directions):
    @settings(deadline=None, max_examples=30)
    @given(lengths_from(shortest=0), SEEDS, JUNK)
    def check(lengths, seed, junk):
        torch.manual_seed(seed)
        pooling = Pooling(kind, 6, n_directions).double()
        outputs = torch.randn(len(lengths), max(1, *lengths), 6, dtype=torch.float64)
        sequences = [row[:n] for row, n in zip(outputs, lengths, strict=True)]
        expected = torch.stack([pool_plainly(kind, h, pooling) for h in sequences])
        real = padding_mask(lengths, outputs.shape[1])
        outputs = outputs.masked_fill(~real[:, :, None], junk).requires_grad_()
        pooled = pooling(outputs, torch.tensor(lengths))
        assert pooled.shape == (len(lengths), pooling.output_size)
        torch.testing.assert_close(pooled, expected, rtol=0, atol=1e-12)
        variables = [outputs, *pooling.parameters()]
        gradients = torch.autograd.grad(pooled, variables, torch.randn_like(pooled))
        assert all(gradient.isfinite().all() for gradient in gradients)
        assert (gradients[0][~real] == 0).all()

    check()


def test_attention_weights_sum_to_one():
    torch.manual_seed(0)
    vector = torch.randn(6)
    pooled = Pooling("attention", 6, 1)(vector.expand(2, 7, 6), torch.tensor([7, 3]))
    torch.testing.assert_close(pooled, vector.expand(2, 6))


def test_embedding_looks_new_vectors_up_behind_its_own():
    embedding = Embedding(4, 2)
    assert embedding.weight.abs().max() <= 0.05
    new = torch.tensor([[5.0, 6.0], [7.0, 8.0]])
    codes = torch.tensor([[3, 5], [4, 0]])
    vectors = embedding(codes, new)
    expected = [[embedding.weight[3], new[1]], [new[0], embedding.weight[0]]]
    torch.testing.assert_close(vectors, torch.stack([torch.stack(row) for row in expected]))
    own = codes.clamp(max=3)
    assert torch.equal(embedding(own), embedding(own, new))


def encoder_of(kind, seed=0, **options):
    torch.manual_seed(seed)
    encoder = CharEncoder(kind, n_characters=9, embedding_dim=4, hidden_size=5, **options).double()
    for parameter in encoder.parameters():
        nn.init.normal_(parameter)
    return encoder


def words_from(lengths, seed=0, excess=0):
    """Draw words of given lengths, padded with zeros."""
    torch.manual_seed(seed)
    words = torch.randint(1, 9, (len(lengths), max(1, *lengths) + excess))
    return words.masked_fill(~padding_mask(lengths, words.shape[1]), 0)


def encode_plainly(encoder, word):
    """Encode one word, of shape (length,), without padding."""
    if len(word) == 0:
        return torch.zeros(encoder.output_size, dtype=torch.float64)
    x = encoder.embedding.weight[word]  # (L, E)
    if encoder.kind == "cnn":
        edge = torch.zeros(1, x.shape[1], dtype=x.dtype)
        x = torch.cat([edge, x, edge])
        outputs = [encoder.filters(x[t : t + 3].T.flatten()) for t in range(len(word))]
        return torch.stack(outputs).amax(dim=0)
    forwards, backwards = encoder.recurrent.layers[0]
    ends = [
        run_step_by_step(cell, part[None], cell.initial_state(1), cell.recurrent)[0][0, -1]
        for cell, part in ((forwards, x), (backwards, x.flip(0)))
    ]
    return torch.cat(ends)


@pytest.mark.parametrize("kind", CharEncoder.KINDS)
class TestCharEncoder:
    def test_every_word_is_encoded_as_if_alone(self, kind):
        @settings(deadline=None, max_examples=40)
        @given(lengths_from(shortest=0), SEEDS, st.integers(0, 5), JUNK)
        @example([0, 1, 7], 0, 3, float("nan"))
        @example([0], 0, 0, 1e6)
        def check(lengths, seed, excess, junk):
            encoder, words = encoder_of(kind, seed), words_from(lengths, seed, excess)
            expected = [
                encode_plainly(encoder, word[:n]) for n, word in zip(lengths, words, strict=True)
            ]
            with torch.no_grad():
                encoder.embedding.weight[0] = junk
            encoded = encoder(words)
            assert encoded.shape == (len(lengths), encoder.output_size)
            torch.testing.assert_close(encoded, torch.stack(expected), rtol=0, atol=1e-12)

        check()

    def test_gradients_reach_what_was_read(self, kind):
        encoder = encoder_of(kind)
        with torch.no_grad():
            encoder.embedding.weight[0] = torch.nan
        words = torch.tensor([[2, 3, 0], [4, 0, 0], [0, 0, 0]])
        encoder(words).square().sum().backward()
        learning = encoder.embedding.weight.grad.abs().sum(dim=1).nonzero().ravel().tolist()
        assert learning == [2, 3, 4]
        for name, weight in encoder.named_parameters():
            assert weight.grad.isfinite().all(), name
            assert weight.grad.any(), name

    def test_order_matters(self, kind):
        a, b = encoder_of(kind)(torch.tensor([[2, 3, 4], [4, 3, 2]]))
        assert not torch.allclose(a, b, rtol=0.1)

    def test_dropout_on_characters(self, kind):
        encoder, words = encoder_of(kind, dropout=0.5), words_from([5, 3])
        seen = []
        encoder.dropout.register_forward_hook(lambda _, args, output: seen.append(output == 0))
        assert not torch.allclose(encoder(words), encoder(words))
        assert 0.2 < seen[0].double().mean() < 0.8
        encoder.eval()
        assert torch.equal(encoder(words), encoder_of(kind)(words))

    def test_size(self, kind):
        encoder = CharEncoder(kind, 9, 4, 5)
        assert encoder.output_size == {"cnn": 5, "lstm": 10}[kind]
        n_parameters = {"cnn": 5 * (3 * 4 + 1), "lstm": 2 * 4 * 5 * (4 + 5 + 1)}[kind]
        assert sum(p.numel() for p in encoder.parameters()) == 9 * 4 + n_parameters
        assert 0.8 < encoder.embedding.weight.abs().max() / (3 / 4) ** 0.5 <= 1


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_values_are_dropped_as_often_as_asked_and_apart_from_each_other(p):
    with dropout_generator(torch.Generator().manual_seed(0)):
        values = dropout(torch.ones(1001, 997), p).flatten()
    kept = values > 0
    assert values[kept].unique().tolist() == pytest.approx([1 / (1 - p)])
    n = len(kept)
    assert kept.float().mean().item() == pytest.approx(1 - p, abs=4 * (p * (1 - p) / n) ** 0.5)
    for lag in range(1, 9):  # one number is drawn for several values
        both = (kept[lag:] & kept[:-lag]).float().mean().item()
        assert both == pytest.approx((1 - p) ** 2, abs=5 * (p * (1 - p) / n) ** 0.5)


@pytest.mark.parametrize("shape", [(), (3,), (0, 2), (2, 5)])
def test_drop_takes_any_shape(shape):
    assert dropout(torch.ones(shape), 0.5).shape == shape


def test_nearly_nothing_and_nearly_all_can_be_dropped():
    assert dropout(torch.ones(1000), 1e-9).sum() > 990
    assert dropout(torch.ones(1000), 1 - 1e-9).count_nonzero() < 10
