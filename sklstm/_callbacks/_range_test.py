"""A training whose learning rate rises from update to update."""

from skorch.callbacks import Callback

from sklstm._callbacks._divergence import Diverged

EXPLODED = 4  # times the first loss


class RangeTest(Callback):
    """Take one update at each of rising learning rates, and end training as if it had diverged.

    Parameters
    ----------
    rates : ndarray of float, shape (n_updates,)
        The learning rates. Weights with a rate of their own keep its ratio to ``lr``.
    record : callable
        Takes the loss of each update.
    """

    def __init__(self, rates, record):
        self.rates = rates
        self.record = record

    def on_train_begin(self, net, **kwargs):
        """Note the ratios of the learning rates."""
        self.ratios_ = [group["lr"] / net.lr for group in net.optimizer_.param_groups]
        self.n_updates_ = 0

    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        """Set the learning rate of an update."""
        if training and batch[0].begins_step:
            if self.n_updates_ == len(self.rates):
                raise Diverged
            rate = float(self.rates[self.n_updates_])
            for group, ratio in zip(net.optimizer_.param_groups, self.ratios_, strict=True):
                group["lr"] = ratio * rate
            self.loss_ = 0.0

    def on_batch_end(self, net, batch=None, training=False, loss=None, **kwargs):
        """Add up the loss of an update, and record it."""
        if training:
            self.loss_ += batch[0].share * loss.item()
            if batch[0].ends_step:
                self.first_ = self.loss_ if self.n_updates_ == 0 else self.first_
                self.n_updates_ += 1
                self.record(self.loss_)
                if self.loss_ > EXPLODED * self.first_:
                    raise Diverged
