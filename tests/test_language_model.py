"""LanguageModelNet: its distribution, its state, its output layers."""

import itertools

import pytest
import torch

from sklstm.nn.cells import CELLS
from sklstm.nn.microbatches import Workers, accumulate_gradients
from sklstm.nn.networks import LanguageModelNet, _language_model, count_parameters
from sklstm.nn.objectives import Supervised

V = 7
OUTPUTS = {"full": {}, "tied": {"tie_weights": True}, "adaptive": {"cutoffs": [3, 5]}}


def make(seed=0, n_codes=V, **options):
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        network = LanguageModelNet(n_codes, 6, 6, **options).double()
        for weight in network.parameters():
            torch.nn.init.normal_(weight, std=0.5)
    return network.eval()


def run(network, codes, **options):
    lengths = torch.full((len(codes),), codes.shape[1])
    return network(codes, lengths, **options)


@pytest.mark.parametrize("kind", OUTPUTS)
def test_log_probabilities_are_those_of_the_losses_and_sum_to_one(kind):
    network = make(**OUTPUTS[kind])
    outputs = run(network, torch.randint(V, (3, 4)))
    logs = network.log_probabilities(outputs.flatten(0, 1))
    torch.testing.assert_close(logs.exp().sum(dim=1), torch.ones(12, dtype=torch.double))
    for code in range(V):
        losses = network.losses(outputs, torch.full((3, 4), code))
        torch.testing.assert_close(losses, -logs[:, code].view(3, 4).sum(dim=1))


@pytest.mark.parametrize("kind", OUTPUTS)
def test_padding_is_left_out_of_losses(kind):
    network = make(**OUTPUTS[kind])
    outputs = run(network, torch.randint(V, (2, 4)))
    targets = torch.tensor([[1, 2, 3, 4], [5, -1, -1, -1]])
    losses = network.losses(outputs, targets)
    torch.testing.assert_close(losses[1:], network.losses(outputs[1:, :1], targets[1:, :1]))
    outputs[1, 1:] = float("nan")
    torch.testing.assert_close(network.losses(outputs, targets), losses)
    assert network.losses(outputs, torch.full((2, 4), -1)).tolist() == [0, 0]


def test_probabilities_of_all_texts_sum_to_one():
    """Of those that end within three symbols, and of those that go on after them."""
    network = make(n_codes=4)
    total = 0.0
    for n_symbols in range(4):
        for text in itertools.product([1, 2, 3], repeat=n_symbols):
            targets = [*text, 0] if n_symbols < 3 else list(text)
            outputs = run(network, torch.tensor([[0, *text][: len(targets)]]))
            total += (-network.losses(outputs, torch.tensor([targets]))).exp().item()
    assert total == pytest.approx(1.0)


@pytest.mark.parametrize("cell", CELLS)
def test_steps_and_pieces_equal_one_run(cell):
    network = make(cell=cell, n_layers=2, n_conditions=2)
    codes, conditions = torch.randint(V, (3, 10)), torch.randn(3, 2).double()
    whole = run(network, codes, conditions=conditions)
    for size in (1, 4):
        states = network.initial_states(3)
        pieces = [
            run(network, piece, conditions=conditions, states=states)
            for piece in codes.split(size, dim=1)
        ]
        torch.testing.assert_close(torch.cat(pieces, dim=1), whole)


def test_the_state_is_replaced_and_passes_no_gradient():
    network = make()
    states = network.initial_states(2)
    run(network, torch.randint(V, (2, 3)), states=states)
    assert states.abs().min() > 0
    assert not states.requires_grad
    outputs = run(network, torch.randint(V, (2, 3)), states=states)
    outputs.sum().backward()  # in place of the first run's state stands that of the second


def test_conditions_reach_every_step():
    network = make(n_conditions=1)
    codes = torch.zeros(1, 5, dtype=torch.long)
    one, two = (run(network, codes, conditions=torch.full((1, 1), c).double()) for c in (0.0, 1.0))
    assert (one - two).abs().amax(dim=2).min() > 1e-4


def test_tied_weights_are_one_tensor():
    network, free = make(tie_weights=True), make()
    assert count_parameters(free) - count_parameters(network) == V * 6
    assert sum(weight.shape == (V, 6) for weight in network.state_dict().values()) == 1
    outputs = torch.randn(2, 6).double()
    before = network.log_probabilities(outputs)
    with torch.no_grad():
        network.embedding.weight[2] += 1
    assert not torch.allclose(network.log_probabilities(outputs), before)


def test_a_tied_weight_gets_both_gradients():
    network = make(tie_weights=True)
    codes = torch.full((1, 2), 3)
    outputs = run(network, codes)
    network.losses(outputs, codes).sum().backward()
    whole = network.embedding.weight.grad.clone()
    network.zero_grad()
    network.losses(outputs.detach(), codes).sum().backward()
    of_output = network.embedding.weight.grad
    assert of_output.abs().max() > 0
    assert (whole - of_output)[3].abs().max() > 0  # what was read
    assert (whole - of_output)[4].abs().max() == 0  # what was not


@pytest.mark.parametrize("kind", OUTPUTS)
@pytest.mark.parametrize("carried", [False, True])
def test_parts_sum_up_to_the_whole_gradient(kind, carried):
    """Also if a part has no word of some cluster, whose weights then get no gradient from it."""
    network = make(**OUTPUTS[kind])
    codes = torch.tensor([[1, 2], [1, 2], [5, 3], [6, 4]])
    start = torch.randn(network.initial_states(4).shape, dtype=torch.double)

    def gradients(parts):
        network.zero_grad()
        arguments = {"steps": codes, "lengths": torch.full((4,), 2)}
        if carried:
            arguments["states"] = states = start.clone()
        loss, _ = accumulate_gradients(
            network, arguments,
            Supervised(lambda outputs, part: network.losses(outputs, codes[part]).sum()),
            parts, workers,
        )  # fmt: skip
        found = [w.grad.clone() for w in network.parameters()]
        return [loss, *found, *([states] if carried else [])]

    with Workers() as workers:
        whole = gradients([slice(0, 4)])
        for a, b in zip(gradients([slice(0, 2), slice(2, 4)]), whole, strict=True):
            torch.testing.assert_close(a, b)


@pytest.mark.parametrize("hidden_size", range(1, 20))
def test_adaptive_softmax_of_any_width(hidden_size):
    network = LanguageModelNet(9, 3, hidden_size, cutoffs=[3, 6])
    logs = network.log_probabilities(torch.randn(2, hidden_size))
    torch.testing.assert_close(logs.exp().sum(dim=1), torch.ones(2))
    assert min(weight.numel() for weight in network.output.parameters()) > 0


def test_description():
    rows = {kind: make(**options).layer_table()[-1] for kind, options in OUTPUTS.items()}
    assert rows["full"] == ("Linear", "(N, T, 7)", 7 * 6 + 7)
    assert rows["tied"] == ("Linear (tied)", "(N, T, 7)", 7)
    assert rows["adaptive"][0] == "Adaptive softmax"


@pytest.mark.parametrize("options", [{}, {"cutoffs": [3]}])
def test_losses_of_many_symbols_are_computed_a_part_at_a_time(options, monkeypatch):
    torch.manual_seed(0)
    net = LanguageModelNet(7, 3, 4, **options).double()
    outputs = torch.randn(3, 5, 4, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(-1, 7, (3, 5))
    found = []
    for at_once in (10**9, 14):  # all symbols, and two
        monkeypatch.setattr(_language_model, "LOGITS_AT_ONCE", at_once)
        losses = net.losses(outputs, targets)
        weights = [outputs, *net.output.parameters()]
        found.append([losses, *torch.autograd.grad(losses.square().sum(), weights)])
    for whole, in_parts in zip(*found, strict=True):
        torch.testing.assert_close(in_parts, whole)
