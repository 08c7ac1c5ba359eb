"""Gradual unfreezing: the layers of a pretrained network take part one after the other."""

from fnmatch import fnmatch

from skorch.callbacks import Callback


class Unfreeze(Callback):
    """Freeze pretrained layers, and train one more of them every few epochs, from the top down.

    What others have frozen stays so.

    Parameters
    ----------
    layers : list of list of str
        Patterns of the names of each layer's weights, the top one first.
    n_epochs : int
        Epochs from one layer to the next, counted from the network's first.
    """

    def __init__(self, layers, n_epochs):
        self.layers = layers
        self.n_epochs = n_epochs

    def on_train_begin(self, net, **kwargs):
        """Start without frozen weights."""
        self.frozen_ = []  # their names

    def on_epoch_begin(self, net, **kwargs):
        """Freeze the layers whose time has not come."""
        n_trained = (len(net.history) - 1) // self.n_epochs  # this epoch is in the history
        waiting = [pattern for layer in self.layers[n_trained:] for pattern in layer]
        for name, weight in net.module_.named_parameters():
            is_waiting = any(fnmatch(name, pattern) for pattern in waiting)
            if is_waiting and weight.requires_grad:
                self.frozen_.append(name)
                weight.requires_grad_(False)
            elif not is_waiting and name in self.frozen_:
                self.frozen_.remove(name)
                weight.requires_grad_(True)

    def on_train_end(self, net, **kwargs):
        """Leave no weight frozen."""
        for name in self.frozen_:
            net.module_.get_parameter(name).requires_grad_(True)
        self.frozen_ = []
