"""The conditional random field: equal to the enumeration of all paths, and blind to padding."""

import pickle
from itertools import pairwise, product
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from toys import log_partition

from sklstm.nn import crf as crf_module
from sklstm.nn.crf import LinearChainCRF, mean_crf

INF, NAN = float("inf"), float("nan")
SEEDS = st.integers(0, 2**32 - 1)
JUNK = st.sampled_from([0.0, -7.0, 1e30, NAN, INF, -INF])
BATCHES = st.fixed_dictionaries(
    {
        "lengths": st.lists(st.integers(0, 5), min_size=1, max_size=4),
        "n_tags": st.integers(1, 4),
        "seed": SEEDS,
        "spread": st.sampled_from([0.1, 1.0, 10.0, 300.0]),  # of the scores: even to peaked
        "share": st.sampled_from([0.3, 0.7, 1.0]),  # of what is allowed
    }
)
SOME = [True, True, False], [[True, True, False], [True] * 3, [True] * 3], [False, True, True]
IOBES = ["O", *(f"{place}-{kind}" for kind in ("LOC", "PER") for place in "BIES")]


def draw(lengths, n_tags, seed, spread=1.0, share=1.0, excess=0, dtype=torch.float64):
    """Return a random field, emissions and lengths."""
    torch.manual_seed(seed)
    shapes = (n_tags,), (n_tags, n_tags), (n_tags,)
    crf = LinearChainCRF(n_tags, [torch.rand(shape) <= share for shape in shapes]).to(dtype)
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter, std=spread)
    emissions = spread * torch.randn(len(lengths), max(1, *lengths) + excess, n_tags, dtype=dtype)
    return crf, emissions, torch.tensor(lengths)


def iobes():
    """What may come first, follow and come last in IOBES."""

    def may_follow(before, after):
        if after[0] in "IE":
            return before[0] in "BI" and before[1:] == after[1:]
        return before[0] in "OES"

    start = np.array([tag[0] in "OBS" for tag in IOBES])
    end = np.array([tag[0] in "OES" for tag in IOBES])
    return start, np.array([[may_follow(a, b) for b in IOBES] for a in IOBES]), end


def enumerate_paths(crf, emissions, penalty=INF):
    """All paths of one sequence without padding, and their scores, by the definition."""
    steps = range(len(emissions))
    paths = list(product(range(crf.n_tags), repeat=len(steps)))
    if not steps:
        return paths, torch.zeros(1, dtype=torch.float64)
    start, transitions, end = (
        weights.detach().double().clamp(min=-penalty) for weights in crf.weights()
    )
    tags = torch.tensor(paths)  # (number of paths, T)
    scores = start[tags[:, 0]] + emissions.detach().double()[steps, tags].sum(1) + end[tags[:, -1]]
    return paths, scores + transitions[tags[:, :-1], tags[:, 1:]].sum(1)


def random_tags(crf, emissions, lengths):
    """Return random tags, -1 at padding."""
    tags = torch.randint(crf.n_tags, emissions.shape[:2])
    return tags.masked_fill(torch.arange(tags.shape[1]) >= lengths[:, None], -1)


def every_result(crf, emissions, lengths, tags, n=3):
    """What all methods say of a batch, and the gradients of its likelihood."""
    emissions = emissions.clone().requires_grad_()
    log_likelihood = crf.log_likelihood(emissions, tags, lengths)
    gradients = torch.autograd.grad(log_likelihood.sum(), [emissions, *crf.parameters()])
    path, score = crf.viterbi(emissions, lengths)
    paths, log_probabilities = crf.n_best(emissions, lengths, n)
    return {
        "log_likelihood": log_likelihood.detach(),
        "log_partition": log_partition(crf, emissions, lengths),
        "marginals": crf.marginals(emissions, lengths),
        "path": path,
        "score": score,
        "paths": paths,
        "log_probabilities": log_probabilities,
        "emissions": gradients[0],
        "parameters": torch.cat([gradient.ravel() for gradient in gradients[1:]]),
    }


def assert_same(results, expected, tolerance=1e-9):
    for name, value in expected.items():
        torch.testing.assert_close(
            results[name],
            value,
            rtol=tolerance,
            atol=tolerance,
            msg=f"{name}: {results[name]}, expected {value}",
        )


class TestEnumeration:
    @settings(max_examples=40)
    @given(BATCHES)
    def test_log_likelihood(self, batch):
        crf, emissions, lengths = draw(**batch)
        for _ in range(3):
            tags = random_tags(crf, emissions, lengths)
            got = crf.log_likelihood(emissions, tags, lengths)
            for x, y, length, value in zip(emissions, tags, lengths, got, strict=True):
                paths, scores = enumerate_paths(crf, x[:length])
                if scores.isneginf().all():
                    assert value == -INF
                    continue
                log_probabilities = scores - scores.logsumexp(0)
                expected = log_probabilities[paths.index(tuple(y[:length].tolist()))]
                torch.testing.assert_close(value, expected, rtol=1e-10, atol=1e-10)

    @settings(max_examples=40)
    @given(BATCHES)
    def test_log_partition(self, batch):
        crf, emissions, lengths = draw(**batch)
        for x, length, log_z in zip(
            emissions, lengths, log_partition(crf, emissions, lengths), strict=True
        ):
            _, scores = enumerate_paths(crf, x[:length])
            torch.testing.assert_close(log_z, scores.logsumexp(0), rtol=1e-12, atol=1e-12)

    @settings(max_examples=40)
    @given(BATCHES)
    def test_marginals(self, batch):
        crf, emissions, lengths = draw(**batch)
        marginals = crf.marginals(emissions, lengths)
        assert marginals.isfinite().all()
        for x, length, got in zip(emissions, lengths, marginals, strict=True):
            paths, scores = enumerate_paths(crf, x[:length])
            assert (got[length:] == 0).all()
            if scores.isneginf().all():
                continue
            expected = torch.zeros_like(got)
            for path, probability in zip(paths, scores.softmax(0), strict=True):
                expected[range(length), path] += probability
            torch.testing.assert_close(got, expected, rtol=0, atol=1e-10)
            assert (got[:length][expected[:length] == 0] < 1e-300).all()

    @settings(max_examples=40)
    @given(BATCHES)
    def test_viterbi(self, batch):
        crf, emissions, lengths = draw(**batch)
        tags, scores = crf.viterbi(emissions, lengths)
        for x, length, path, score in zip(emissions, lengths, tags, scores, strict=True):
            paths, expected = enumerate_paths(crf, x[:length])
            assert (path[length:] == -1).all()
            assert ((path[:length] >= 0) & (path[:length] < crf.n_tags)).all()
            torch.testing.assert_close(score, expected.max(), rtol=1e-10, atol=1e-10)
            _, penalised = enumerate_paths(crf, x[:length], penalty=1e9)
            found = penalised[paths.index(tuple(path[:length].tolist()))]
            broken_rules = torch.stack([found, penalised.max()]).div(-1e9).round()
            assert broken_rules[0] == broken_rules[1]
            if score > -INF:
                torch.testing.assert_close(found, score, rtol=1e-10, atol=1e-10)

    @settings(max_examples=40)
    @given(BATCHES, st.integers(1, 9))
    def test_n_best(self, batch, n):
        crf, emissions, lengths = draw(**batch)
        tags, log_probabilities = crf.n_best(emissions, lengths, n)
        assert tags.shape == (len(lengths), n, emissions.shape[1])
        for row, length in enumerate(lengths.tolist()):
            paths, scores = enumerate_paths(crf, emissions[row, :length])
            expected = (scores - scores.logsumexp(0)).sort(descending=True).values
            expected = expected[~(expected.isneginf() | expected.isnan())][:n]
            count = len(expected)
            torch.testing.assert_close(log_probabilities[row, :count], expected)
            assert log_probabilities[row, count:].isneginf().all()
            assert (tags[row, count:] == -1).all()
            assert (tags[row, :, length:] == -1).all()
            found = [tuple(path.tolist()) for path in tags[row, :count, :length]]
            assert len(set(found)) == count
            torch.testing.assert_close(
                scores[[paths.index(path) for path in found]] - scores.logsumexp(0), expected
            )

    @settings(max_examples=40)
    @given(BATCHES)
    def test_segments(self, batch):
        crf, emissions, lengths = draw(**batch)
        continues = torch.rand(crf.n_tags, crf.n_tags) < 0.5
        segments = [
            (row, start, end)
            for row, length in enumerate(lengths.tolist())
            for end in range(1, length + 1)
            for start in range(end)
        ]
        assume(segments)
        opens = torch.rand(len(segments), crf.n_tags) < 0.7
        got = crf.segment_log_probabilities(
            emissions, lengths, torch.tensor(segments), opens, continues
        )
        assert (got <= 0).all()
        for (row, start, end), may_open, value in zip(segments, opens, got, strict=True):
            paths, scores = enumerate_paths(crf, emissions[row, : lengths[row]])
            if scores.isneginf().all():
                continue
            borders = [t in (start, end) for t in range(1, lengths[row])]
            cuts = [[not continues[pair] for pair in pairwise(path)] for path in paths]
            inside = slice(max(start - 1, 0), end)  # with the borders
            fits = [
                bool(may_open[path[start]]) and cut[inside] == borders[inside]
                for path, cut in zip(paths, cuts, strict=True)
            ]
            expected = scores.softmax(0)[fits].sum()
            torch.testing.assert_close(value.exp(), expected, rtol=1e-9, atol=1e-12)

    @settings(max_examples=40)
    @given(BATCHES)
    def test_entropy_and_divergence(self, batch):
        crf, emissions, lengths = draw(**batch)
        others = emissions + torch.randn_like(emissions)
        entropies = crf.entropy(emissions, lengths)
        held = crf.expectations(emissions, lengths)
        divergences = crf.divergence(held, others, lengths)
        rows = zip(emissions, others, lengths, entropies, held[2], divergences, strict=True)
        for x, other, length, entropy, same, divergence in rows:
            _, scores = enumerate_paths(crf, x[:length])
            _, changed = enumerate_paths(crf, other[:length])
            if scores.isneginf().all():
                continue
            logs = scores.log_softmax(0)[~scores.isneginf()]
            expected = -(logs.exp() * logs).sum()
            torch.testing.assert_close(entropy, expected, rtol=1e-8, atol=1e-8)
            torch.testing.assert_close(same, expected, rtol=1e-8, atol=1e-8)
            expected = logs.exp() @ (logs - changed.log_softmax(0)[~changed.isneginf()])
            torch.testing.assert_close(divergence, expected, rtol=1e-8, atol=1e-8)


class TestGradients:
    @pytest.mark.parametrize("allowed", [None, SOME])
    @pytest.mark.parametrize("way", ["_by_scaled_sums", "_by_logarithms"])
    def test_are_finite_differences(self, allowed, way):
        _, emissions, lengths = draw([4, 1, 0, 3], 3, seed=4, excess=1)
        crf = LinearChainCRF(3, allowed).double()
        for parameter in crf.parameters():
            torch.nn.init.normal_(parameter)
        tags, _ = crf.viterbi(torch.randn_like(emissions), lengths)

        def compute(emissions, *_):
            return crf.log_likelihood(emissions, tags, lengths)

        with mock.patch.object(crf_module, "_expectations", getattr(crf_module, way)):
            assert compute(emissions).isfinite().all()
            inputs = [emissions.requires_grad_(), *crf.parameters()]  # perturbed in place
            assert torch.autograd.gradcheck(compute, inputs)

    def test_of_entropy_and_divergence(self):
        _, emissions, lengths = draw([4, 1, 0, 3], 3, seed=4, excess=1)
        crf = LinearChainCRF(3, SOME).double()
        for parameter in crf.parameters():
            torch.nn.init.normal_(parameter)
        held = crf.expectations(torch.randn_like(emissions), lengths)
        for compute in (lambda e, *_: crf.entropy(e, lengths),
                        lambda e, *_: crf.divergence(held, e, lengths)):  # fmt: skip
            inputs = [emissions.requires_grad_(), *crf.parameters()]
            assert torch.autograd.gradcheck(compute, inputs)

    def test_of_what_is_forbidden_are_zero(self):
        crf = LinearChainCRF(len(IOBES), iobes())
        emissions, lengths = torch.randn(4, 6, len(IOBES)), torch.tensor([6, 3, 1, 0])
        tags, _ = crf.viterbi(torch.randn_like(emissions), lengths)
        crf.log_likelihood(emissions, tags, lengths).sum().backward()
        for parameter, allowed in zip(crf.parameters(), iobes(), strict=True):
            assert parameter.grad.isfinite().all()
            assert (parameter.grad[~torch.from_numpy(allowed)] == 0).all()
            assert (parameter.grad[torch.from_numpy(allowed)] != 0).any()

    def test_stay_finite_where_the_path_is_impossible(self):
        crf, lengths = LinearChainCRF(len(IOBES), iobes()), torch.tensor([4])
        emissions = torch.randn(1, 4, len(IOBES), requires_grad=True)
        tags = torch.full((1, 4), IOBES.index("I-PER"))
        log_likelihood = crf.log_likelihood(emissions, tags, lengths)
        assert log_likelihood.item() == -INF
        log_likelihood.sum().backward()
        assert all(x.grad.isfinite().all() for x in (emissions, *crf.parameters()))

    def test_can_be_taken_only_once(self):
        crf, emissions, lengths = draw([3], 2, seed=0)
        emissions.requires_grad_()
        weight = torch.ones(1, dtype=torch.float64, requires_grad=True)
        value = crf.log_likelihood(emissions, torch.zeros(1, 3, dtype=torch.long), lengths)
        (gradient,) = torch.autograd.grad((weight * value).sum(), emissions, create_graph=True)
        with pytest.raises(RuntimeError, match="once_differentiable"):
            gradient.sum().backward()


class TestScaledSums:
    """The fast way says what the slow way says, or hands over to it."""

    @settings(max_examples=40)
    @given(BATCHES)
    @example({"lengths": [5, 3], "n_tags": 4, "seed": 0, "spread": 1.0, "share": 1.0})
    def test_are_the_logarithms(self, batch):
        crf, emissions, lengths = draw(**batch)
        scores, transitions = crf._potentials(emissions, lengths)
        fast = crf_module._by_scaled_sums(scores, transitions, lengths)
        slow = crf_module._by_logarithms(scores, transitions, lengths)
        if batch["share"] == 1.0 and batch["spread"] <= 10.0:
            assert fast is not None
        for got, expected in zip(fast or slow, slow, strict=True):
            torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-10)

    @pytest.mark.parametrize("length", [1, 2, 3, 7, 40])
    def test_serve_tag_schemes(self, length):
        crf = LinearChainCRF(len(IOBES), iobes())
        emissions = 8 * torch.randn(16, 40, len(IOBES))
        lengths = torch.tensor([length, 40] * 8)
        assert crf_module._by_scaled_sums(*crf._potentials(emissions, lengths), lengths)

    @pytest.mark.parametrize("offset", [-1e4, -741.0, 741.0, 1e4])  # exp(-741) has one digit
    def test_leave_large_scores_to_the_logarithms(self, offset):
        crf, emissions, lengths = draw([6, 2], 3, seed=0)
        tags = random_tags(crf, emissions, lengths)
        expected = crf.log_likelihood(emissions, tags, lengths)
        torch.testing.assert_close(crf.log_likelihood(emissions + offset, tags, lengths), expected)
        with torch.no_grad():
            crf.transitions += offset
        torch.testing.assert_close(crf.log_likelihood(emissions, tags, lengths), expected)

    def test_leave_vanishing_shares_to_the_logarithms(self):
        """A path whose share sinks to exp(-900), and is nearly 1 in the end."""
        crf = LinearChainCRF(2, ([True, True], [[True, False], [False, True]], [True, True]))
        emissions, lengths = torch.zeros(1, 55, 2), torch.tensor([55])
        emissions[:, :45, 1], emissions[:, 45:, 1] = 20.0, -100.0
        tags = torch.zeros(1, 55, dtype=torch.long)
        torch.testing.assert_close(crf.log_likelihood(emissions, tags, lengths), torch.zeros(1))
        torch.testing.assert_close(
            crf.marginals(emissions, lengths)[0], torch.tensor([1.0, 0.0]).expand(55, 2)
        )

    def test_work_in_inference_mode(self):
        crf, emissions, lengths = draw([6, 2], 3, seed=0, spread=500.0)
        expected = crf.marginals(emissions, lengths)
        with torch.inference_mode():
            inside = crf.marginals(emissions.clone(), lengths)
        torch.testing.assert_close(inside, expected)


class TestForbidden:
    @settings(max_examples=30)
    @given(st.lists(st.integers(0, 9), min_size=1, max_size=4), SEEDS, st.sampled_from([1, 200]))
    def test_never_happens(self, lengths, seed, spread):
        torch.manual_seed(seed)
        start, transitions, end = iobes()
        crf = LinearChainCRF(len(IOBES), (start, transitions, end))
        for parameter in crf.parameters():  # what is forbidden stays so, whatever was learned
            torch.nn.init.normal_(parameter, std=spread)
        emissions = spread * torch.randn(len(lengths), max(1, *lengths), len(IOBES))
        lengths = torch.tensor(lengths)
        paths, log_probabilities = crf.n_best(emissions, lengths, 3)  # O, S-LOC, S-PER
        assert (log_probabilities[lengths > 0] > -INF).all()
        marginals = crf.marginals(emissions, lengths)
        best, _ = crf.viterbi(emissions, lengths)
        for row, length in enumerate(lengths.tolist()):
            if not length:
                continue
            for path in (*paths[row, :, :length].tolist(), best[row, :length].tolist()):
                assert start[path[0]]
                assert end[path[-1]]
                assert transitions[path[:-1], path[1:]].all()
            assert (marginals[row, 0][~torch.from_numpy(start)] == 0).all()
            assert (marginals[row, length - 1][~torch.from_numpy(end)] == 0).all()

    def test_has_probability_zero(self):
        crf, lengths = LinearChainCRF(len(IOBES), iobes()), torch.tensor([2, 2, 2, 2])
        words = [["O", "I-PER"], ["B-PER", "E-LOC"], ["B-PER", "E-PER"], ["O", "B-LOC"]]
        tags = torch.tensor([[IOBES.index(tag) for tag in pair] for pair in words])
        probabilities = crf.log_likelihood(torch.zeros(4, 2, len(IOBES)), tags, lengths).exp()
        assert (probabilities[[0, 1, 3]] == 0).all()
        assert probabilities[2] > 0

    def test_emission_of_minus_infinity(self):
        crf, emissions, lengths = draw([4, 4], 3, seed=0)
        emissions[0, 2, 1] = -INF
        tags = random_tags(crf, emissions, lengths)
        tags[0, 2] = 1
        results = every_result(crf, emissions, lengths, tags, n=100)
        assert results["marginals"][0, 2, 1] == 0
        assert results["marginals"][1, 2, 1] > 0
        assert results["log_likelihood"][0] == -INF
        assert results["log_likelihood"][1] > -INF
        assert results["path"][0, 2] != 1
        assert results["log_probabilities"].isfinite().sum(1).tolist() == [2 * 3**3, 3**4]
        assert results["emissions"].isfinite().all()

    def test_ruling_tags_out_gives_their_probability(self):
        crf, emissions, lengths = draw([5], 4, seed=0)
        forced = emissions.clone()
        forced[0, 2, [0, 1, 3]] = -INF
        difference = log_partition(crf, forced, lengths) - log_partition(crf, emissions, lengths)
        torch.testing.assert_close(difference.exp(), crf.marginals(emissions, lengths)[:, 2, 2])

    def test_everything(self):
        """Where no path is left, the results are defined and say so."""
        crf = LinearChainCRF(2, ([False, False], [[True, True], [True, True]], [True, True]))
        emissions, lengths = torch.randn(2, 3, 2), torch.tensor([3, 1])
        tags = torch.zeros(2, 3, dtype=torch.long)
        results = every_result(crf, emissions, lengths, tags)
        assert results["log_likelihood"].isneginf().all()
        assert results["log_partition"].isneginf().all()
        assert results["score"].isneginf().all()
        assert results["log_probabilities"].isneginf().all()
        assert (results["paths"] == -1).all()
        assert (results["path"] >= 0).sum(1).tolist() == [3, 1]
        assert results["marginals"].isfinite().all()
        assert results["emissions"].isfinite().all()
        assert results["parameters"].isfinite().all()

    def test_shape_of_allowed_is_checked(self):
        with pytest.raises(AssertionError, match=r"allowed transitions: \(2,\), expected \(2, 2\)"):
            LinearChainCRF(2, ([True, True], [True, True], [True, True]))


class TestBatch:
    @settings(max_examples=40)
    @given(BATCHES, JUNK, st.integers(1, 3))
    def test_padding_never_matters(self, batch, junk, excess):
        crf, emissions, lengths = draw(**batch)
        tags = random_tags(crf, emissions, lengths)
        expected = every_result(crf, emissions, lengths, tags)
        n_steps = emissions.shape[1]
        wide = torch.nn.functional.pad(emissions, (0, 0, 0, excess))
        padding = torch.arange(n_steps + excess) >= lengths[:, None]
        wide = wide.masked_fill(padding[:, :, None], junk)
        wide_tags = torch.nn.functional.pad(tags, (0, excess), value=-100)
        results = every_result(crf, wide, lengths, wide_tags)
        assert (results["emissions"][padding] == 0).all()
        for name in ("path", "marginals", "emissions"):
            assert ((results[name][padding] == -1) | (results[name][padding] == 0)).all()
            results[name] = results[name][:, :n_steps]
        results["paths"] = results["paths"][:, :, :n_steps]
        assert_same(results, expected)

    @settings(max_examples=40)
    @given(BATCHES)
    def test_sequences_do_not_see_one_another(self, batch):
        crf, emissions, lengths = draw(**batch)
        tags = random_tags(crf, emissions, lengths)
        together = every_result(crf, emissions, lengths, tags)
        parameters = torch.zeros_like(together["parameters"])
        for row in range(len(lengths)):
            one = slice(row, row + 1)
            alone = every_result(crf, emissions[one], lengths[one], tags[one])
            parameters += alone.pop("parameters")
            assert_same({name: value[one] for name, value in together.items()}, alone)
        torch.testing.assert_close(parameters, together["parameters"], rtol=1e-9, atol=1e-9)

    def test_without_steps(self):
        crf, emissions, lengths = draw([0, 0], 3, seed=0)
        results = every_result(crf, emissions, lengths, torch.full((2, 1), -1))
        assert (results["log_likelihood"] == 0).all()
        assert (results["score"] == 0).all()
        assert results["path"].tolist() == [[-1], [-1]]
        assert results["log_probabilities"].tolist() == [[0.0, -INF, -INF]] * 2
        for name in ("log_partition", "marginals", "emissions", "parameters"):
            assert (results[name] == 0).all()

    def test_long_sequences_keep_their_precision(self):
        crf, emissions, lengths = draw([2000, 3], 5, seed=0, spread=3.0)
        scores, transitions = crf._potentials(emissions, lengths)
        fast = crf_module._by_scaled_sums(scores, transitions, lengths)
        expected = crf_module._log_partition(scores, transitions, lengths)
        torch.testing.assert_close(fast[0], expected, rtol=1e-12, atol=0)
        torch.testing.assert_close(fast[1].sum(-1)[0], torch.ones(2000, dtype=torch.float64))

    def test_nan_in_a_real_step_is_not_hidden(self):
        crf, emissions, lengths = draw([4, 4], 3, seed=0)
        emissions[0, 1, 0] = NAN
        log_likelihood = crf.log_likelihood(emissions, torch.zeros(2, 4, dtype=torch.long), lengths)
        assert log_likelihood.isnan().tolist() == [True, False]


class TestPrecision:
    def test_float32_is_computed_in_float64(self):
        crf, emissions, lengths = draw([30, 7], 5, seed=0, spread=5.0, dtype=torch.float32)
        tags = random_tags(crf, emissions, lengths)
        got = every_result(crf, emissions, lengths, tags)
        dtypes = {name: value.dtype for name, value in got.items()}
        assert dtypes.pop("log_probabilities") == torch.float64
        assert set(dtypes.values()) == {torch.float32, torch.long}
        expected = every_result(crf.double(), emissions.double(), lengths, tags)
        expected = {name: value.to(got[name].dtype) for name, value in expected.items()}
        assert_same(got, expected, tolerance=1e-6)

    @pytest.mark.parametrize("spread", [1.0, 200.0])
    def test_autocast_changes_nothing(self, spread):
        crf, emissions, lengths = draw([9, 4], 5, seed=0, spread=spread, dtype=torch.float32)
        tags = random_tags(crf, emissions, lengths)
        expected = every_result(crf, emissions, lengths, tags)
        with torch.autocast("cpu", torch.bfloat16):
            got = every_result(crf, emissions, lengths, tags)
        assert_same(got, expected, tolerance=0)

    def test_bfloat16_emissions_give_float32(self):
        crf, emissions, lengths = draw([9, 4], 5, seed=0, dtype=torch.float32)
        emissions = emissions.bfloat16()
        tags = random_tags(crf, emissions, lengths)
        got = every_result(crf, emissions, lengths, tags)
        assert got["emissions"].dtype == torch.bfloat16
        expected = every_result(crf, emissions.float(), lengths, tags)
        expected["emissions"] = expected["emissions"].bfloat16()
        assert_same(got, expected, tolerance=0)


class TestModule:
    def test_parameters(self):
        crf = LinearChainCRF(3)
        shapes = {name: tuple(value.shape) for name, value in crf.state_dict().items()}
        assert shapes == {"start": (3,), "transitions": (3, 3), "end": (3,)}
        assert all((parameter == 0).all() for parameter in crf.parameters())
        assert repr(crf) == "LinearChainCRF(n_tags=3)"

    def test_weights_show_what_is_forbidden(self):
        crf = LinearChainCRF(len(IOBES), iobes())
        for weights, parameter, allowed in zip(
            crf.weights(), crf.parameters(), iobes(), strict=True
        ):
            allowed = torch.from_numpy(allowed)
            assert weights[~allowed].isneginf().all()
            assert torch.equal(weights[allowed], parameter[allowed])

    def test_survives_pickling(self):
        crf, emissions, lengths = draw([4, 2], 3, seed=0, share=0.7)
        loaded = pickle.loads(pickle.dumps(crf))
        assert torch.equal(loaded.marginals(emissions, lengths), crf.marginals(emissions, lengths))

    def test_learns_transitions(self):
        """Tags that alternate are learned, though emissions say nothing."""
        crf, lengths = LinearChainCRF(2), torch.tensor([6])
        emissions, tags = torch.zeros(1, 6, 2), torch.tensor([[0, 1, 0, 1, 0, 1]])
        optimizer = torch.optim.SGD(crf.parameters(), lr=1.0)
        for _ in range(50):
            optimizer.zero_grad()
            crf.log_likelihood(emissions, tags, lengths).neg().sum().backward()
            optimizer.step()
        assert crf.viterbi(emissions, lengths)[0].tolist() == tags.tolist()
        assert crf.log_likelihood(emissions, tags, lengths).exp() > 0.9
        assert crf.transitions[0, 1] > crf.transitions[0, 0]


class TestPytorchCRF:
    @pytest.fixture
    def both(self):
        torchcrf = pytest.importorskip("torchcrf")
        ours, emissions, lengths = draw([7, 5, 1], 4, seed=0)
        theirs = torchcrf.CRF(4, batch_first=True).double()
        with torch.no_grad():
            theirs.start_transitions.copy_(ours.start)
            theirs.transitions.copy_(ours.transitions)
            theirs.end_transitions.copy_(ours.end)
        mask = torch.arange(7) < lengths[:, None]
        return ours, theirs, emissions, lengths, mask

    def test_log_likelihood_and_gradients(self, both):
        ours, theirs, emissions, lengths, mask = both
        tags, weights = random_tags(ours, emissions, lengths), torch.tensor([1.0, 2.0, 0.5])
        from_ours = ours.log_likelihood(emissions.requires_grad_(), tags, lengths)
        from_theirs = theirs(emissions, tags.clamp(min=0), mask, reduction="none")
        torch.testing.assert_close(from_ours, from_theirs)
        parameters = (theirs.start_transitions, theirs.transitions, theirs.end_transitions)
        for got, expected in zip(
            torch.autograd.grad((weights * from_ours).sum(), [emissions, *ours.parameters()]),
            torch.autograd.grad((weights * from_theirs).sum(), [emissions, *parameters]),
            strict=True,
        ):
            torch.testing.assert_close(got, expected)

    def test_viterbi(self, both):
        ours, theirs, emissions, lengths, mask = both
        tags, _ = ours.viterbi(emissions, lengths)
        paths = [path[:length].tolist() for path, length in zip(tags, lengths, strict=True)]
        assert paths == theirs.decode(emissions, mask)


class TestMeanCRF:
    def test_each_weight_is_the_mean(self):
        crfs = [draw([1], 3, seed)[0] for seed in range(3)]
        before = [[weight.clone() for weight in crf.parameters()] for crf in crfs]
        for weight, *of_each in zip(mean_crf(crfs).parameters(), *before, strict=True):
            torch.testing.assert_close(weight.data, sum(of_each).data / 3)
        for crf, weights in zip(crfs, before, strict=True):  # they are as they were
            assert all(map(torch.equal, crf.parameters(), weights))

    def test_of_one(self):
        crf = LinearChainCRF(3)
        assert mean_crf([crf]) is crf
