"""The network of LSTMSeq2Seq: decoding in one call and step by step, attention, beam search."""

import itertools
from math import log

import pytest
import torch
from toys import needs_bfloat16

from sklstm.nn.attention import Attention
from sklstm.nn.beam_search import beam_search, length_penalty
from sklstm.nn.cells import CELLS
from sklstm.nn.networks import Seq2SeqNet, count_parameters, search_together

KINDS = ("additive", "dot", None)
LENGTHS = torch.tensor([5, 1, 0, 3])
every_kind = pytest.mark.parametrize("attention", KINDS)


def make(seed=0, n_outputs=4, dtype=torch.float64, **options):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        options = {"n_codes": 9, "bidirectional": True, "output_dim": 3, **options}
        net = Seq2SeqNet(n_outputs, 4, 5, **options).to(dtype)
        with torch.no_grad():  # embeddings begin so small that all symbols look alike
            net.embedding.weight.normal_()
            net.output_embedding.weight.normal_()
            net.output.weight.mul_(3)
    return net


def batch(
    lengths=LENGTHS, n_steps=None, targets=((1, 2, 0), (0,), (3, 3, 1, 0), (2, 0)), width=None
):
    generator = torch.Generator().manual_seed(1)
    steps = torch.randint(2, 9, (len(lengths), 8), generator=generator)[
        :, : n_steps or max(lengths)
    ]
    padding = torch.arange(steps.shape[1]) >= lengths[:, None]
    padded = torch.full((len(lengths), width or max(map(len, targets))), -1)
    for row, codes in enumerate(targets):
        padded[row, : len(codes)] = torch.tensor(codes)
    return steps.masked_fill(padding, 0), lengths, padded


def step_by_step(net, steps, lengths, targets):
    """The logits, with gradients, from one symbol at a time."""
    states, encoded = net.encode(net.embed_steps(steps), lengths)
    codes, logits = torch.zeros(len(steps), 1, dtype=torch.long), []
    for step in range(targets.shape[1]):
        of_step, states = net._advance(codes, states, encoded)
        logits.append(of_step)
        codes = targets[:, step : step + 1].clamp(min=0)
    return torch.cat(logits, dim=1)


def assert_close(actual, expected, tolerance=1e-12):
    torch.testing.assert_close(actual, expected, rtol=0, atol=tolerance)


class TestDecoding:
    @every_kind
    @pytest.mark.parametrize("cell", CELLS)
    @pytest.mark.parametrize("n_layers", [1, 2])
    def test_one_call_equals_step_by_step(self, cell, attention, n_layers):
        net = make(cell=cell, attention=attention, n_layers=n_layers)
        steps, lengths, targets = batch()
        real = targets >= 0
        logits = net(steps, lengths, targets)
        assert logits.shape == (4, 4, 4)
        assert_close(logits[real], step_by_step(net, steps, lengths, targets)[real])
        net.recurrent.fused = net.decoder.fused = False
        assert_close(net(steps, lengths, targets)[real], logits[real])

    @every_kind
    def test_one_call_equals_step_by_step_in_float32(self, attention):
        net = make(dtype=torch.float32, attention=attention)
        arguments = batch()
        real = arguments[2] >= 0
        assert_close(net(*arguments)[real], step_by_step(net, *arguments)[real], 1e-6)

    @every_kind
    def test_outputs_do_not_depend_on_batches(self, attention):
        net = make(attention=attention, n_layers=2)
        steps, lengths, targets = batch()
        logits = net(steps, lengths, targets)
        wide = net(*batch(n_steps=8, width=9))
        mirrored = net(steps.flip(0), lengths.flip(0), targets.flip(0)).flip(0)
        for row, codes in enumerate(targets):
            n = (codes >= 0).sum()
            alone = net(
                steps[row : row + 1, : max(1, lengths[row])],
                lengths[row : row + 1],
                codes[None, :n],
            )
            for other in (alone[0], wide[row], mirrored[row]):
                assert_close(other[:n], logits[row, :n])

    @every_kind
    def test_gradients_reach_everything(self, attention):
        net = make(attention=attention, n_layers=2)
        *arguments, targets = batch()
        net.losses(net(*arguments, targets), targets).sum().backward()
        for name, weight in net.named_parameters():
            assert weight.grad.isfinite().all(), name
            assert weight.grad.any(), name
        assert not net.embedding.weight.grad[0].any()

    @every_kind
    def test_gradients_against_finite_differences(self, attention):
        net = make(attention=attention)
        steps, lengths, targets = batch()
        x = net.embed_steps(steps).detach().requires_grad_()

        def losses(x):
            return net.losses(net.forward_embedded(x, lengths, targets), targets)

        assert torch.autograd.gradcheck(losses, [x])

    def test_losses(self):
        net = make()
        *arguments, targets = batch()
        logs = net(*arguments, targets).log_softmax(dim=-1)
        expected = [
            -sum(logs[row, place, code] for place, code in enumerate(codes.tolist()) if code >= 0)
            for row, codes in enumerate(targets)
        ]
        assert_close(net.losses(net(*arguments, targets), targets), torch.stack(expected))

    def test_nothing_is_known_of_what_comes_later(self):
        net = make()
        steps, lengths, targets = batch()
        changed = targets.clone()
        changed[:, 2:] = torch.where(targets[:, 2:] >= 0, 3 - targets[:, 2:], -1)
        logits, other = net(steps, lengths, targets), net(steps, lengths, changed)
        assert_close(other[:, :3], logits[:, :3])
        assert not torch.allclose(other[2, 3], logits[2, 3])

    def test_without_attention_the_source_comes_through_the_bridge_only(self):
        steps, lengths, targets = batch()
        for attention in KINDS:
            net = make(attention=attention)
            with torch.no_grad():
                net.bridge.weight.zero_()
            logits = net(steps, lengths, targets)[:, 0]
            assert torch.allclose(logits[0], logits[3]) == (attention is None)

    def test_bptt_cuts_the_decoder_too(self):
        steps, lengths, targets = batch()
        whole, cut = (make(attention=None, bptt_steps=n) for n in (None, 1))
        for net in (whole, cut):
            logits = net(steps, lengths, targets)
            assert_close(logits, whole(steps, lengths, targets))
            logits[0, 2].sum().backward()
        assert whole.bridge.weight.grad.abs().max() > 1e-6
        assert not cut.bridge.weight.grad.any()

    @every_kind
    def test_each_dropout_acts_in_training_only(self, attention):
        for name in ("dropout", "embedding_dropout", "recurrent_dropout", "word_dropout"):
            net = make(attention=attention, **{name: 0.5}).train()
            arguments = batch()
            first, second = net(*arguments), net(*arguments)
            assert not torch.allclose(first, second), name
            net.eval()
            assert torch.equal(net(*arguments), net(*arguments))

    @needs_bfloat16
    @every_kind
    @pytest.mark.parametrize("cell", CELLS)
    def test_bfloat16_stays_near_float32(self, cell, attention):
        net = make(dtype=torch.float32, cell=cell, attention=attention)
        *arguments, targets = batch()
        exact = net(*arguments, targets)
        with torch.autocast("cpu", torch.bfloat16):
            rough = net(*arguments, targets)
            search_together([net], *arguments, beam_size=2, max_length=3)
        real = targets >= 0
        assert_close(rough.float()[real], exact[real], 0.15)
        net.losses(rough.float(), targets).sum().backward()

    def test_description(self):
        net = Seq2SeqNet(7, 6, 5, n_codes=9, n_layers=2, bidirectional=True, output_dim=3)
        rows = net.layer_table()
        assert [(name, shape) for name, shape, _ in rows] == [
            ("Embedding", "(N, T, 6)"),
            ("Bidirectional LSTM", "(N, T, 10)"),
            ("Bidirectional LSTM", "(N, T, 10)"),
            ("Bridge", "(N, 20)"),
            ("Output embedding", "(N, L, 3)"),
            ("Decoder LSTM", "(N, L, 5)"),
            ("Decoder LSTM", "(N, L, 5)"),
            ("Attention (additive)", "(N, L, 5)"),
            ("Linear", "(N, L, 7)"),
        ]
        assert sum(count for *_, count in rows) == count_parameters(net)
        assert net.n_units == 2 * 3 * 5


class TestTeacherForcing:
    def test_no_teacher_equals_a_loop_that_reads_its_own_predictions(self):
        net = make(teacher_forcing=0.0).train()
        steps, lengths, targets = batch()
        losses = net.losses(net(steps, lengths, targets), targets).sum()
        states, encoded = net.encode(net.embed_steps(steps), lengths)
        codes, logits = torch.zeros(4, 1, dtype=torch.long), []
        for _ in range(targets.shape[1]):
            of_step, states = net._advance(codes, states, encoded)
            logits.append(of_step)
            codes = of_step.argmax(dim=-1)
        expected = net.losses(torch.cat(logits, dim=1), targets).sum()
        assert_close(losses, expected)
        weights = list(net.parameters())
        for actual, gradient in zip(
            torch.autograd.grad(losses, weights),
            torch.autograd.grad(expected, weights),
            strict=True,
        ):
            assert_close(actual, gradient)
        forced = make().train()
        assert losses != forced.losses(forced(steps, lengths, targets), targets).sum()

    def test_share_of_forced_targets(self):
        torch.manual_seed(0)
        net = make(teacher_forcing=0.7).train()
        steps, lengths, _ = batch()
        codes = torch.full((4, 2000), 7)  # a code that is never predicted
        states, encoded = net.encode(net.embed_steps(steps), lengths)
        net.output_embedding.weight = torch.nn.Parameter(torch.randn(8, 3, dtype=torch.float64))
        inputs = net._sample_inputs(states, encoded, codes)
        assert 0.68 < (inputs[:, 1:] == 7).double().mean() < 0.72
        assert (inputs[:, 0] == 7).all()

    def test_draws_are_those_of_the_generator(self):
        net = make(teacher_forcing=0.5).train()
        arguments = batch()
        found = []
        for seed in (0, 0, 1, 2, 3):
            torch.manual_seed(seed)
            found.append(net(*arguments))
        assert torch.equal(found[0], found[1])
        assert not all(torch.equal(found[0], other) for other in found[2:])

    def test_all_targets_are_forced_in_evaluation(self):
        arguments = batch()
        assert torch.equal(make(teacher_forcing=0.0).eval()(*arguments), make().eval()(*arguments))


class TestAttention:
    @pytest.mark.parametrize("kind", Attention.KINDS)
    def test_the_equations(self, kind):
        torch.manual_seed(0)
        attention = Attention(kind, 3, 4).double()
        s, h = torch.randn(2, 3).double(), torch.randn(5, 4).double()
        encoded = attention.add_keys(h[None], torch.ones(1, 5, dtype=torch.bool))
        K = attention.key.weight
        for i in range(2):
            if kind == "dot":
                scores = torch.stack([s[i] @ K @ h[j] for j in range(5)])
            else:
                U, v = attention.query.weight, attention.score.weight[0]
                scores = torch.stack([v @ torch.tanh(U @ s[i] + K @ h[j]) for j in range(5)])
            alpha = scores.exp() / scores.exp().sum()
            assert_close(attention.weights(s[None], encoded)[0, i], alpha)
            W, b = attention.combine.weight, attention.combine.bias
            seen = sum(alpha[j] * h[j] for j in range(5))
            assert_close(
                attention(s[None], encoded)[0, i], torch.tanh(W @ torch.cat([s[i], seen]) + b)
            )

    @pytest.mark.parametrize("kind", Attention.KINDS)
    @pytest.mark.parametrize("junk", [1e30, float("nan"), float("inf")])
    def test_padding_is_not_seen(self, kind, junk):
        torch.manual_seed(0)
        attention = Attention(kind, 3, 4).double()
        queries, h = torch.randn(3, 2, 3).double(), torch.randn(3, 5, 4).double()
        real = torch.arange(5) < torch.tensor([5, 2, 0])[:, None]
        h = h.masked_fill(~real[:, :, None], junk)
        encoded = attention.add_keys(h, real)
        weights = attention.weights(queries, encoded)
        assert not weights.masked_select(~real[:, None]).any()
        assert_close(weights.sum(dim=-1), torch.tensor([[1.0] * 2, [1.0] * 2, [0.0] * 2]).double())
        short = attention.add_keys(h[1:2, :2], real[1:2, :2])
        assert_close(attention(queries, encoded)[1:2], attention(queries[1:2], short))

    def test_weights_of_the_network(self):
        net = make()
        steps, lengths, targets = batch()
        weights = net.attention_weights(net.embed_steps(steps), lengths, targets)
        states, encoded = net.encode(net.embed_steps(steps), lengths)
        x = net.output_embedding(targets[:, :1].clamp(min=0) * 0)
        first, _ = net.decoder.advance(x, states)
        assert_close(weights[:, :1], net.attention.weights(first, encoded))


def log_likelihoods(net, steps, lengths, sequences):
    """Of each sequence of symbols, for each source: (N, S)."""
    rows = []
    for codes in sequences:
        targets = torch.tensor([[*codes, 0]]).expand(len(steps), -1)
        rows.append(-net.losses(net(steps, lengths, targets), targets))
    return torch.stack(rows, dim=1)


def found_by(symbols):
    """The sequences of symbols as tuples, without their ends."""
    return [[tuple(codes[: codes.index(0)]) for codes in row] for row in symbols.tolist()]


def search_table(table, **options):
    """Search where the next symbol depends on the last one only."""
    start = [(table.new_zeros(1, 1),)]
    return beam_search(lambda codes, states: (table[codes], states), start, 1, **options)


class TestBeamSearch:
    SEQUENCES = tuple(
        itertools.chain.from_iterable(itertools.product((1, 2), repeat=n) for n in range(5))
    )  # fmt: skip

    @every_kind
    @pytest.mark.parametrize("alpha", [0.0, 0.7, 2.0])
    def test_a_wide_beam_finds_all_in_order(self, attention, alpha):
        for seed in range(5):
            net = make(seed, 3, attention=attention).eval()
            steps, lengths, _ = batch()
            symbols, logs = search_together(
                [net], steps, lengths, beam_size=100, max_length=4, alpha=alpha
            )
            finite = logs > -torch.inf
            assert finite.sum(dim=1).tolist() == [len(self.SEQUENCES)] * 4
            expected = log_likelihoods(net, steps, lengths, self.SEQUENCES)
            penalty = torch.tensor([((6 + len(codes)) / 6) ** alpha for codes in self.SEQUENCES])
            order = (expected / penalty).argsort(dim=1, descending=True)
            assert_close(logs[:, : len(self.SEQUENCES)], expected.gather(1, order))
            for row, ranks in enumerate(order):
                best = found_by(symbols[row, : len(self.SEQUENCES)][None])[0]
                assert best == [self.SEQUENCES[rank] for rank in ranks]

    @every_kind
    @pytest.mark.parametrize("alpha", [0.0, 0.7])
    def test_a_beam_of_one_is_greedy(self, attention, alpha):
        for seed in range(10):
            net = make(seed, attention=attention).eval()
            steps, lengths, _ = batch()
            symbols, logs = search_together(
                [net], steps, lengths, beam_size=1, max_length=6, alpha=alpha
            )
            for row, (codes,) in enumerate(found_by(symbols)):
                source = steps[row : row + 1], lengths[row : row + 1]
                greedy = []
                while len(greedy) < 6:
                    targets = torch.tensor([[*greedy, 0]])
                    best = int(net(*source, targets)[0, -1].argmax())
                    if best == 0:
                        break
                    greedy.append(best)
                assert codes == tuple(greedy)
                assert_close(logs[row, 0], log_likelihoods(net, *source, [greedy])[0, 0])

    @every_kind
    @pytest.mark.parametrize("beam_size", [2, 3, 7])
    def test_log_probabilities_are_those_of_the_outputs(self, attention, beam_size):
        for seed in range(5):
            net = make(seed, attention=attention, n_layers=2).eval()
            steps, lengths, _ = batch()
            symbols, logs = search_together(
                [net], steps, lengths, beam_size=beam_size, max_length=5
            )
            assert logs.shape == (4, beam_size)
            assert (logs.diff(dim=1) <= 0).all()
            for row, outputs in enumerate(found_by(symbols)):
                assert len(set(outputs)) == beam_size
                source = steps[row : row + 1], lengths[row : row + 1]
                assert_close(logs[row], log_likelihoods(net, *source, outputs)[0])

    def test_a_beam_beats_greed(self):
        # the first symbol 1 is likelier than 2, but all that follows 1 is unlikely
        table = torch.tensor([[0.0, 0.6, 0.4], [0.4, 0.3, 0.3], [0.9, 0.05, 0.05]]).log()

        def advance(codes, states):
            return table[codes], states

        start = [(torch.zeros(1, 1),)]
        for beam_size, expected in ((1, (1,)), (2, (2,))):
            symbols, _ = beam_search(advance, start, 1, beam_size=beam_size, max_length=3)
            assert found_by(symbols)[0][0] == expected

    def test_finished_hypotheses_are_kept(self):
        # both continuations of 1 are likelier than the empty output, but all that ends later is not
        first, after_1, later = [0.15, 0.8, 0.05, 0], [0, 0, 0.5, 0.5], [0.1, 0, 0.45, 0.45]
        table = torch.tensor([first, after_1, later, later]).log()
        symbols, logs = search_table(table, beam_size=2, max_length=6)
        assert found_by(symbols)[0][0] == ()
        assert logs[0, 0].exp().item() == pytest.approx(0.15)

    def test_finished_hypotheses_are_kept_by_their_penalised_score(self):
        # the longer 1 2 3 3 3 ... gets, the better it looks, but it ends with a probability of 1e-6
        table = torch.zeros(5, 5, dtype=torch.double)
        table[0, 1] = 1
        table[1, [0, 2]] = torch.tensor([0.6, 0.4]).double()
        table[2, [3, 4]] = 0.5
        table[[3, 4], [3, 4]] = 1 - 1e-6
        table[[3, 4], 0] = 1e-6
        symbols, logs = search_table(table.log(), beam_size=2, max_length=12, alpha=2.0)
        assert found_by(symbols)[0][0] == (1,)
        assert logs[0, 0].exp().item() == pytest.approx(0.6)
        second = found_by(symbols)[0][1]
        assert second == (1, 2, *[second[-1]] * 10)  # the longest is best of the others

    @pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0, 3.0])
    def test_a_wide_beam_ranks_all_sequences(self, alpha):
        torch.manual_seed(1)
        for _ in range(20):
            table = (3 * torch.randn(4, 4, dtype=torch.double)).log_softmax(dim=1)
            symbols, _ = search_table(table, beam_size=40, max_length=3, alpha=alpha)
            scores = {}
            for n in range(4):
                for codes in itertools.product((1, 2, 3), repeat=n):
                    steps = itertools.pairwise((0, *codes, 0))
                    total = sum(table[before, after] for before, after in steps)
                    scores[codes] = float(total) / ((6 + n) / 6) ** alpha
            assert found_by(symbols)[0] == sorted(scores, key=scores.get, reverse=True)

    def test_a_search_ends_when_nothing_better_can_come(self):
        calls = []
        table = torch.tensor([[0.7, 0.2, 0.1]] * 3).log()

        def advance(codes, states):
            calls.append(codes)
            return table[codes], states

        def n_calls(alpha):
            calls.clear()
            symbols, _ = beam_search(
                advance, [(torch.zeros(1, 1),)], 1, beam_size=2, max_length=50, alpha=alpha
            )
            assert found_by(symbols)[0] == [(), (1,)]
            return len(calls)

        assert n_calls(0.0) == 2
        # that of 1 is log 0.14 / (7 / 6), and 1 1 1 1 ... might end with log 0.2 ** n / (56 / 6)
        assert n_calls(1.0) == 1 + int(log(0.14) * 6 / 7 * 56 / 6 / log(0.2))

    def test_a_huge_penalty_is_none_to_fail_with(self):
        table = torch.tensor([[0.7, 0.3], [0.7, 0.3]]).log()
        symbols, logs = search_table(table, beam_size=2, max_length=5, alpha=1e6)
        assert symbols.shape[:2] == (1, 2)
        assert logs.isfinite().all()

    def test_a_penalty_makes_longer_outputs(self):
        table = torch.tensor([[0.3, 0.7]]).log()  # goes on or ends, whatever came before

        def longest(alpha):
            symbols, _ = beam_search(
                lambda codes, states: (table[codes * 0], states),
                [(torch.zeros(1, 1),)], 1, beam_size=5, max_length=8, alpha=alpha,
            )  # fmt: skip
            return len(found_by(symbols)[0][0])

        assert longest(0.0) == 0
        assert longest(2.0) == 8
        assert length_penalty(torch.tensor(7), 0.5) == pytest.approx(2**0.5)

    @every_kind
    def test_hypotheses_do_not_depend_on_batch_mates(self, attention):
        net = make(attention=attention, cell="gru", n_layers=2).eval()
        steps, lengths, _ = batch()
        symbols, logs = search_together([net], steps, lengths, beam_size=3, max_length=5)
        outputs = found_by(symbols)
        for row in range(4):
            source = steps[row : row + 1, : max(1, lengths[row])], lengths[row : row + 1]
            alone, of_alone = search_together([net], *source, beam_size=3, max_length=5)
            assert found_by(alone)[0] == outputs[row]
            assert_close(of_alone[0], logs[row])

    def test_stops_when_all_have_ended(self):
        calls = []

        def advance(codes, states):
            calls.append(codes.shape)
            return torch.tensor([0.98, 0.02]).log().expand(*codes.shape, 2), states

        beam_search(advance, [(torch.zeros(3, 1),)], 3, beam_size=1, max_length=1000)
        assert calls == [(3, 1)]


def test_long_outputs_attend_to_long_sources_in_chunks(monkeypatch):
    torch.manual_seed(0)
    attention = Attention("additive", 4, 3).double()
    outputs = torch.randn(2, 6, 3, dtype=torch.float64, requires_grad=True)
    queries = torch.randn(2, 5, 4, dtype=torch.float64, requires_grad=True)
    real = torch.arange(6) < torch.tensor([[6], [2]])
    found = []
    for at_once in (10**9, 100):  # all queries, and two
        monkeypatch.setattr("sklstm.nn.attention.VALUES_AT_ONCE", at_once)
        answer = attention(queries, attention.add_keys(outputs, real))
        weights = [outputs, queries, *attention.parameters()]
        found.append([answer, *torch.autograd.grad(answer.square().sum(), weights)])
    for whole, in_parts in zip(*found, strict=True):
        torch.testing.assert_close(in_parts, whole)
