"""How long training will take, told when that can be known."""

from skorch.callbacks import Callback

TRIED_SHARE = 1 / 20  # of the epochs, from which the time of the others is estimated


class TimeLeft(Callback):
    """Print about how many seconds the remaining epochs take, once some have been done."""

    def __init__(self, n_epochs):
        self.n_epochs = n_epochs

    def on_train_begin(self, net, **kwargs):
        """Count the epochs of earlier calls."""
        self.n_before_ = len(net.history)

    def on_epoch_end(self, net, **kwargs):
        """Estimate by the mean so far."""
        n_done = len(net.history) - self.n_before_
        if n_done == max(1, int(TRIED_SHARE * self.n_epochs)) < self.n_epochs:
            seconds = sum(net.history[self.n_before_ :, "dur"]) / n_done
            left = self.n_epochs - n_done
            print(f"About {seconds * left:.0f} s for {left} more epochs.", flush=True)
