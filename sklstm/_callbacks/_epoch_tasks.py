"""Epochs as tasks of a fit, which scikit-learn's callbacks follow."""

from copy import copy

from skorch.callbacks import Callback


class BeginEpoch(Callback):
    """Begin a task with each epoch.

    Parameters
    ----------
    training : Task
        The task that the epochs are parts of.
    estimator : BaseLSTM
        That is trained.
    """

    def __init__(self, training, estimator):
        self.training = training
        self.estimator = estimator
        self.epoch = None

    def on_epoch_begin(self, net, **kwargs):
        """Begin the epoch's task."""
        self.epoch = self.training.subtask("epoch", fitted=self.learned)

    def learned(self):
        """Return the attributes of a copy, which has a network of its own."""
        attributes = vars(copy(self.estimator))
        history = attributes["net_"].history
        if "dur" not in history[-1]:  # this epoch has just begun
            del history[-1]
        return attributes

    def on_train_end(self, net, **kwargs):
        """End the task of an epoch that was broken off."""
        if self.epoch is not None:
            self.epoch.end()
            self.epoch = None


class EndEpoch(Callback):
    """End each epoch's task when other callbacks have seen to the weights and the scores."""

    def __init__(self, begun):
        self.begun = begun

    def on_epoch_end(self, net, **kwargs):
        """End the task, and training too if a callback asks for that."""
        epoch, self.begun.epoch = self.begun.epoch, None
        epoch.end(self.begun.learned)
        if self.begun.training.is_stopped:
            raise KeyboardInterrupt  # skorch's way
