"""The network that is inspected: a copy, with X as its input."""

from copy import deepcopy

import numpy as np
import torch
from sklearn.pipeline import Pipeline

from sklstm._arguments import describe
from sklstm._arrays import check_same_length
from sklstm._base import BaseLSTM
from sklstm.nn.networks import SequenceNet
from sklstm.nn.recording import record
from sklstm.nn.recurrent import Recurrent

BATCH_VALUES = 2**21  # numbers of a state in a batch: a few hundred MB with their graph


class InspectedNetwork:
    """A copy of the network of a fitted estimator, with the samples to inspect it on.

    Everything is computed without dropout, on the CPU and in float64: small gradients do not
    underflow, and the estimator does not change. `data` is a `SequenceDataset`; `tokens` has the
    names of the steps of each sample, or is None for numbers.
    """

    def __init__(self, estimator, X):
        self.estimator, X = last_step(estimator, X)
        if not self.estimator._has_one_network:
            raise ValueError(
                "The estimator has several networks, or a linear model beside its own: pass one "
                f"network, such as {type(self.estimator).__name__}.members_[0], with X as it "
                "arrives there."
            )
        if getattr(self.estimator._encoder, "context", 0):
            raise ValueError(
                "The tagger reads neighbouring sentences, whose part in it cannot be inspected: "
                "take one with context=0."
            )
        self.data = self.estimator._read_sequences(X)
        if (empty := np.flatnonzero(self.data.lengths == 0)).size:
            raise ValueError(
                f"Sample {empty[0]} of X has no step, so there is nothing to inspect: leave "
                f"empty samples out ({empty.size} of {len(self.data)})."
            )
        encoder = self.estimator._encoder
        inputs = encoder.read(X, self.estimator)
        self.tokens = encoder.name_steps(inputs, self.estimator.mask_padding)
        network = deepcopy(self.estimator.module_).to("cpu", torch.float64)
        for layers in network.modules():
            if isinstance(layers, Recurrent):
                layers.bptt_steps = None  # no truncated derivatives
        self.network = network.eval().requires_grad_(False)

    def refuse_decoder(self, function):
        """Refuse a network whose outputs depend on earlier outputs."""
        if not {"targets", "states"}.isdisjoint(self.network.row_arguments):
            raise TypeError(
                f"{function} needs a network that predicts in one pass, but an "
                f"{type(self.estimator).__name__} predicts symbol by symbol: use hidden_states or "
                "gate_activations."
            )

    def attach_targets(self, y):
        """Check y and attach it to the data, in the form that the loss takes."""
        y = self.estimator._check_targets(y)
        check_same_length(X=self.data, y=y)
        targets = self.estimator._encode_targets(y, np.ones(len(y)), purpose="use")
        self.data.weights = self.data.importance = torch.ones(len(y))
        self.estimator._attach_targets(self.data, targets, purpose="use")

    def losses(self, outputs, rows):
        """Compute the loss of each sequence, shape (N,), as in training but without weights."""
        targets, _ = self.data.targets_and_weights(rows)
        if hasattr(self.network, "losses"):
            return self.network.losses(outputs, targets)
        criterion = deepcopy(self.estimator.net_.criterion_).to("cpu", torch.float64)
        return criterion(outputs, targets).reshape(len(outputs), -1).mean(dim=1)

    def batches(self):
        """Yield rows, inputs (N, T, F) and lengths (N,) of batches of samples of similar length."""
        n_steps = max(1, BATCH_VALUES // self.network.n_units)
        rows = np.argsort(self.data.lengths, kind="stable")
        while len(rows):
            padded = self.data.lengths[rows] * np.arange(1, len(rows) + 1)  # sizes up to each row
            stop = max(1, np.searchsorted(padded, n_steps, side="right"))
            yield rows[:stop], *self.embedded_steps(rows[:stop])
            rows = rows[stop:]

    def embedded_steps(self, rows):
        """Return the embedded steps (N, T, F), and their lengths (N,)."""
        arguments = self.data.batch(rows).to("cpu", torch.float64)
        lengths = arguments.pop("lengths")
        return self.network.embed_steps(**arguments), lengths

    def record(self, kind):
        """Return the "states" or "gates" by letter: for each sample an array (L, D, T, H)."""
        found = {}
        for rows, x, lengths in self.batches():
            with torch.no_grad(), record(self.network.recurrent) as runs:
                self.network.recurrent_outputs(x, lengths)
            (layers,) = runs
            for letter in getattr(layers[0][0], kind):
                values = np.array(
                    [[getattr(trace, kind)[letter].numpy() for trace in layer] for layer in layers]
                ).astype(self.estimator._encoder.dtype)
                # (L, D, N, T, H), also of pieces, (L, D, N * P, C, H)
                values = values.reshape(*values.shape[:2], len(rows), -1, values.shape[-1])
                samples = found.setdefault(letter, [None] * len(self.data))
                for position, row in enumerate(rows):
                    samples[row] = values[:, :, position, : self.data.lengths[row]].copy()
        return found


def last_step(estimator, X):
    """Return the last estimator of a pipeline, and X as it arrives there."""
    if not isinstance(estimator, Pipeline):
        _check_estimator(estimator)
        return estimator, X
    last = estimator.steps[-1][1]
    _check_estimator(last.steps[-1][1] if isinstance(last, Pipeline) else last)
    return last_step(last, estimator[:-1].transform(X) if len(estimator) > 1 else X)


def last_estimator(estimator):
    """Return the last estimator of a pipeline, which must be one of this package."""
    if isinstance(estimator, Pipeline):
        return last_estimator(estimator.steps[-1][1])
    if not isinstance(estimator, BaseLSTM):
        parts = ("best_estimator_", "calibrated_classifiers_[0].estimator", "estimator_")
        part = next((part for part in parts if hasattr(estimator, part.partition("[")[0])), None)
        hint = "" if part is None else f" Pass its {part}."
        raise TypeError(
            "Expected an estimator of this package, such as LSTMClassifier, or a Pipeline "
            f"that ends with one; got {describe(estimator)}.{hint}"
        )
    return estimator


def _check_estimator(estimator):
    last_estimator(estimator)._check_ready()
    if estimator._architecture.get("n_conditions"):
        raise TypeError("A generator with conditions cannot be inspected.")
    if not isinstance(estimator.module_, SequenceNet):
        raise TypeError(
            f"The network of this {type(estimator).__name__} is a {type(estimator.module_)}, set "
            "with net_params; only networks of this package can be inspected."
        )
