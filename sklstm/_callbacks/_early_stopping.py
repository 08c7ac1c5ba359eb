"""Early stopping at the best epoch."""

from copy import deepcopy

import numpy as np
from skorch.callbacks import Callback, EarlyStopping

from sklstm._callbacks._epoch_tasks import EndEpoch


class BestEpoch(Callback):
    """Watch for the best epoch, and restore its weights at the end of training.

    Parameters
    ----------
    monitor : str
        The number in the history to watch.
    lower_is_better : bool
        Whether it is a loss.
    measure : callable
        Takes nothing and returns this number for the weights as they are. Weights that training
        goes on from are measured first: they too may turn out to be the best.
    patience : int
        Epochs without a better number before stopping.
    """

    def __init__(self, monitor, lower_is_better, measure, patience):
        self.monitor = monitor
        self.lower_is_better = lower_is_better
        self.measure = measure
        self.patience = patience

    def on_train_begin(self, net, **kwargs):
        """Measure the weights of an earlier call."""
        self.misses_, self.best_, self.weights_, self.is_last_ = 0, -np.inf, None, True
        self.begun_ = self.lower_is_better
        if net.history:
            self._compare(net, self.measure())

    def on_epoch_end(self, net, **kwargs):
        """Keep the weights if they are the best so far."""
        self._compare(net, net.history[-1, self.monitor])

    def _compare(self, net, score):
        score = -score if self.lower_is_better else score
        self.begun_ = self.begun_ or score != 0  # an F1 of 0 is nothing to lose: it takes its time
        self.is_last_ = score > self.best_ or not self.begun_
        self.misses_ = 0 if self.is_last_ else self.misses_ + 1
        if self.is_last_:
            self.best_ = score
            self.weights_ = deepcopy(net.module_.state_dict())

    def on_train_end(self, net, **kwargs):
        """Put the best weights back."""
        if self.weights_ is not None and not self.is_last_:
            net.module_.load_state_dict(self.weights_)
        self.weights_ = None


class Stop(Callback):
    """End training, after the other callbacks have seen its last epoch."""

    def __init__(self, best):
        self.best = best

    def on_epoch_end(self, net, **kwargs):
        """Stop if no epoch has been better for too long."""
        if self.best.misses_ >= self.best.patience:
            raise KeyboardInterrupt  # skorch's way


def stops_early(callback):
    """Tell whether a callback has ended training: its score did not get better, or it was asked."""
    if isinstance(callback, EndEpoch):
        return callback.begun.training.is_stopped
    watches = isinstance(callback, (EarlyStopping, BestEpoch))
    return watches and callback.misses_ >= callback.patience
