"""Small data, and skorch callbacks that look or break in, for the tests of the estimators."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from sklstm import LSTMClassifier, Sequences
from sklstm._device import runs_bfloat16
from sklstm.nn.crf import _impossible_if_forbidden, _log_partition

TOKENS = [
    ["a", "good", "film"],
    ["bad", "acting", ",", "bad", "plot", ",", "bad", "film"],
    ["good"],
    ["a", "bad", "film"],
] * 5
LABELS = np.array(["pos", "neg"] * 10)
IDS = [[2, 3, 4], [5, 5, 3, 2], [4], [2, 5]] * 5
SERIES = np.random.RandomState(0).randn(20, 5)
STEPS = np.random.RandomState(1).randn(20, 6, 3)
RAGGED = [steps[: 2 + row % 5] for row, steps in enumerate(STEPS)]
y = np.arange(20) % 2

needs_bfloat16 = pytest.mark.skipif(
    not runs_bfloat16("cpu"), reason="a network alone does not fall back to float32"
)


def classifier(**params):
    own = {"hidden_size": 4, "max_epochs": 3, "schedule": None, "random_state": 0}
    return LSTMClassifier(**{**own, **params})


def proba(X, X_new=None, labels=LABELS, **params):
    return classifier(**params).fit(X, labels).predict_proba(X if X_new is None else X_new)


def embedded(tokens=TOKENS, width=3, unknown=0.1):
    """Sequences with a random vector for each word, the same for the same words."""
    sequences = Sequences.from_tokens(tokens)
    vectors = [np.zeros(width), np.full(width, unknown)]
    vectors += [np.random.RandomState(sum(map(ord, w))).randn(width)
                for w in sequences.categories[2:]]  # fmt: skip
    return sequences.with_vectors(vectors)


def spy(event, read):
    """A callback that logs something at an event; a copy of it writes into the same log."""
    log = []
    methods = {event: lambda self, net, *args, **kwargs: log.append(read(net, **kwargs))}
    return type("Spy", (Callback,), methods)(), log


class Raise(Callback):
    """Raise an exception at an event of an epoch."""

    def __init__(self, event, exception, epoch=2):
        self.event, self.exception, self.epoch = event, exception, epoch

    def on_train_begin(self, net, **kwargs):
        self.before = len(net.history)

    def notify(self, event, net):
        if event == self.event and len(net.history) == self.before + self.epoch:
            raise self.exception

    def on_epoch_begin(self, net, **kwargs):
        self.notify("on_epoch_begin", net)

    def on_batch_end(self, net, **kwargs):
        self.notify("on_batch_end", net)

    def on_grad_computed(self, net, **kwargs):
        self.notify("on_grad_computed", net)

    def on_epoch_end(self, net, **kwargs):
        self.notify("on_epoch_end", net)


class Spoil(Callback):
    """Make a weight, or all gradients, NaN or infinite at an event of an epoch."""

    def __init__(self, event, epoch, value=np.nan):
        self.event, self.epoch, self.value = event, epoch, value

    def on_train_begin(self, net, **kwargs):
        self.before = len(net.history)

    def spoil(self, event, net):
        if event == self.event and len(net.history) == self.before + self.epoch:
            with torch.no_grad():
                for weight in net.module_.parameters():
                    spoiled = weight.grad if event == "on_grad_computed" else weight
                    spoiled.fill_(self.value)

    def on_epoch_begin(self, net, **kwargs):
        self.spoil("on_epoch_begin", net)

    def on_grad_computed(self, net, **kwargs):
        self.spoil("on_grad_computed", net)

    def on_batch_end(self, net, training=False, **kwargs):
        if training:
            self.spoil("on_batch_end", net)


@torch.no_grad()
def log_partition(crf, emissions, lengths):
    """The logarithm of the sum over all paths, -inf where every path is forbidden."""
    scores, transitions = crf._potentials(emissions, lengths)
    log_z = _impossible_if_forbidden(_log_partition(scores, transitions, lengths))
    return log_z.to(torch.promote_types(emissions.dtype, torch.float32))
