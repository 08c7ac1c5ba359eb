"""What ``verbose`` prints of an epoch."""

import numpy as np
from skorch.callbacks import PrintLog

N_RECENT = 5  # epochs, from whose time that of the others is estimated


class EpochLog(PrintLog):
    """Print a line for each epoch, with about the time until the last one of `max_epochs`."""

    def on_train_begin(self, net, **kwargs):
        """Count the epochs of earlier calls, but for those that a checkpoint has of this one."""
        self.n_before_ = len(net.history) - vars(net).get("n_resumed_", 0)

    def on_epoch_end(self, net, **kwargs):
        """Estimate the time, and print."""
        self.left_ = {}
        if net.max_epochs > 1:
            n_left = net.max_epochs - len(net.history) + self.n_before_
            seconds = n_left * np.mean(net.history[-N_RECENT:, "dur"])
            self.left_ = {"left": _say(seconds) if n_left else ""}
        super().on_epoch_end(net, **kwargs)

    def table(self, row):
        """Add the time to the numbers of an epoch."""
        return super().table({**row, **self.left_})


def _say(seconds):
    """Return a time in a unit in which it is short."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 100 else f"{minutes / 60:.0f} h"
