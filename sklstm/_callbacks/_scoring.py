"""Scores of validation data in the history."""

import numpy as np
from skorch.callbacks import Callback, PassthroughScoring


class EpochMean(PassthroughScoring):
    """The mean of a batch's number over an epoch, compared with the epochs of earlier calls too."""

    def on_train_begin(self, net, **kwargs):
        """Look the best mean up."""
        best = min if self.lower_is_better else max
        earlier = [epoch[self.name] for epoch in net.history if self.name in epoch]
        self.best_score_ = best([*earlier, self.best_score_])


class BatchScore(Callback):
    """Score the outputs of each batch, in training with the weights before its update."""

    def __init__(self, score):
        self.score = score

    def on_batch_end(self, net, batch=None, training=False, y_pred=None, **kwargs):
        """Record the score."""
        name = "train_acc" if training else "valid_acc"
        targets = batch[0].targets.to(y_pred.device)
        net.history.record_batch(name, self.score(y_pred, targets).item())


class EpochScore(Callback):
    """Score the whole validation data after each epoch.

    Parameters
    ----------
    name : str
        Of the score in the history.
    score : callable
        Takes nothing and returns a number, the greater the better.
    """

    def __init__(self, name, score):
        self.name = name
        self.score = score

    def on_epoch_end(self, net, **kwargs):
        """Record the score, and whether it is the best so far."""
        earlier = [epoch[self.name] for epoch in net.history[:-1] if self.name in epoch]
        score = self.score()
        net.history.record(self.name, score)
        net.history.record(f"{self.name}_best", score > max(earlier, default=-np.inf))
