"""The network that inspection works on: a copy, with X as the network gets it."""

from copy import deepcopy

import numpy as np
import torch
from sklearn.pipeline import Pipeline
from sklearn.utils import check_consistent_length

from sklstm._arguments import describe
from sklstm._base import BaseLSTM
from sklstm.nn.networks import SequenceNet
from sklstm.nn.recording import record

BATCH_VALUES = 2**21  # of a state, over all steps of a batch: with their graph, a few hundred MB


class InspectedNetwork:
    """A copy of the network of a fitted estimator, with samples to inspect it on.

    Everything is computed without dropout, on the CPU and in float64: small gradients do not
    underflow, and the estimator does not change.

    Parameters
    ----------
    estimator : estimator or Pipeline
        Fitted. Of a pipeline the last step is inspected, and the others transform `X`.
    X : object
        The samples, as the estimator or pipeline predicts from.

    Attributes
    ----------
    estimator : BaseLSTM
        The estimator itself.
    network : SequenceNet
        The copy.
    data : SequenceDataset
        The samples.
    tokens : list of list of str or None
        Names of the steps of each sample; None for numbers.
    """

    def __init__(self, estimator, X):
        self.estimator, X = _last_step(estimator, X)
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
        network.recurrent.bptt_steps = None  # no truncation: the derivatives of the whole function
        self.network = network.eval().requires_grad_(False)

    def refuse_decoder(self, function):
        """Refuse a network whose outputs depend on the outputs before.

        Parameters
        ----------
        function : str
            The calling function, for the error message.
        """
        if self.network.row_arguments != SequenceNet.row_arguments:
            raise TypeError(
                f"{function} needs a network that predicts in one pass, but an "
                f"{type(self.estimator).__name__} predicts symbol by symbol: use hidden_states or "
                "gate_activations."
            )

    def attach_targets(self, y):
        """Check y, and add it to the data in the form that the loss takes.

        Parameters
        ----------
        y : object
            The targets, as for ``fit``.
        """
        y = self.estimator._check_targets(y)
        check_consistent_length(self.data, y)
        targets = self.estimator._encode_targets(y, np.ones(len(y)), purpose="use")
        self.data.weights = self.data.importance = torch.ones(len(y))
        self.estimator._attach_targets(self.data, targets, purpose="use")

    def losses(self, outputs, rows):
        """Compute the loss of each sequence of a batch, as in training but without weights.

        Parameters
        ----------
        outputs : Tensor of shape (n_sequences, ...)
            The outputs of the network.
        rows : ndarray of int
            Their samples.

        Returns
        -------
        Tensor of shape (n_sequences,)
            The losses.
        """
        targets, _ = self.data.targets_and_weights(rows)
        if hasattr(self.network, "losses"):
            return self.network.losses(outputs, targets)
        criterion = deepcopy(self.estimator.net_.criterion_).to("cpu", torch.float64)
        return criterion(outputs, targets).reshape(len(outputs), -1).mean(dim=1)

    def batches(self):
        """Iterate over batches of samples of similar length.

        Yields
        ------
        rows : ndarray of int
            The samples.
        x : Tensor of shape (n_sequences, n_steps, n_features)
            The inputs of the recurrent layers.
        lengths : LongTensor of shape (n_sequences,)
            Steps of each.
        """
        n_steps = max(1, BATCH_VALUES // self.network.n_units)
        rows = np.argsort(self.data.lengths, kind="stable")
        while len(rows):
            padded = self.data.lengths[rows] * np.arange(1, len(rows) + 1)  # if a row is the last
            stop = max(1, np.searchsorted(padded, n_steps, side="right"))
            yield rows[:stop], *self.embedded_steps(rows[:stop])
            rows = rows[stop:]

    def embedded_steps(self, rows):
        """Embed the steps of some samples.

        Parameters
        ----------
        rows : ndarray of int
            The samples.

        Returns
        -------
        x : Tensor of shape (n_sequences, n_steps, n_features)
            The inputs of the recurrent layers.
        lengths : LongTensor of shape (n_sequences,)
            Steps of each.
        """
        arguments = self.data.batch(rows).to("cpu", torch.float64)
        lengths = arguments.pop("lengths")
        return self.network.embed_steps(**arguments), lengths

    def record(self, kind):
        """Record the states or gates of every sample.

        Parameters
        ----------
        kind : {"states", "gates"}
            What to record.

        Returns
        -------
        dict of list of ndarray, each of shape (n_layers, n_directions, n_steps, hidden_size)
            By letter; one array for each sample.
        """
        found = {}
        for rows, x, lengths in self.batches():
            with torch.no_grad(), record(self.network.recurrent) as runs:
                self.network.recurrent(x, lengths)
            (layers,) = runs
            for letter in getattr(layers[0][0], kind):
                values = np.array(
                    [[getattr(trace, kind)[letter].numpy() for trace in layer] for layer in layers]
                ).astype(self.estimator._dtype)  # (L, D, N, T, H)
                samples = found.setdefault(letter, [None] * len(self.data))
                for position, row in enumerate(rows):
                    samples[row] = values[:, :, position, : self.data.lengths[row]].copy()
        return found


def _last_step(estimator, X):
    """Return the estimator that a pipeline ends with, and X as it gets there."""
    if not isinstance(estimator, Pipeline):
        _check_estimator(estimator)
        return estimator, X
    last = estimator.steps[-1][1]
    _check_estimator(last.steps[-1][1] if isinstance(last, Pipeline) else last)
    return _last_step(last, estimator[:-1].transform(X) if len(estimator) > 1 else X)


def _check_estimator(estimator):
    if not isinstance(estimator, BaseLSTM):
        hint = " Pass its best_estimator_." if hasattr(estimator, "best_estimator_") else ""
        raise TypeError(
            "Expected a fitted estimator of this package, such as LSTMClassifier, or a Pipeline "
            f"that ends with one; got {describe(estimator)}.{hint}"
        )
    estimator._check_ready()
    if estimator._architecture.get("n_conditions"):
        raise TypeError("A generator with conditions cannot be inspected.")
    if not isinstance(estimator.module_, SequenceNet):
        raise TypeError(
            f"The network of this {type(estimator).__name__} is a {type(estimator.module_)}, set "
            "with net_params; only networks of this package can be inspected."
        )
