"""The mean of the weights of many steps, which predicts better than those of the last one."""

from skorch.callbacks import Callback
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

MAX_SAMPLES = 50  # weights in a mean; more are no better, and each costs a copy
EXPONENTIAL_SHARE = 0.1  # of the training's steps that an exponential mean looks back on


class WeightAverage(Callback):
    """Let epochs end with averaged weights, which validation then sees too.

    Parameters
    ----------
    average : float or "exponential"
        The share of the training's steps, at its end, whose weights have the same say; or all
        steps, the later the more.
    n_steps : int
        Steps of the optimizer in the whole training.
    """

    def __init__(self, average, n_steps):
        self.average = average
        self.n_steps = n_steps

    def on_train_begin(self, net, **kwargs):
        """Start without a mean."""
        self.step_, self.raw_ = 0, None
        is_exponential = self.average == "exponential"
        share = 1.0 if is_exponential else self.average
        self.first_ = self.n_steps - max(1, round(share * self.n_steps)) + 1
        self.stride_ = 1 if is_exponential else max(1, (self.n_steps - self.first_) // MAX_SAMPLES)
        decay = max(0.0, 1 - 1 / (EXPONENTIAL_SHARE * self.n_steps))
        mean = get_ema_multi_avg_fn(decay) if is_exponential else None
        self.mean_ = AveragedModel(net.module_, multi_avg_fn=mean)

    def on_epoch_begin(self, net, **kwargs):
        """Go on from the weights of the last step."""
        if self.raw_ is not None:
            net.module_.load_state_dict(self.raw_)
            self.raw_ = None

    def on_batch_begin(self, net, training=False, **kwargs):
        """Validate the mean."""
        if not training:
            self._put_mean(net)

    def on_batch_end(self, net, batch=None, training=False, **kwargs):
        """Take up the weights after a step."""
        if training and batch[0].ends_step:
            self.step_ += 1
            if self.step_ >= self.first_ and (self.n_steps - self.step_) % self.stride_ == 0:
                self.mean_.update_parameters(net.module_)

    def on_epoch_end(self, net, **kwargs):
        """End with the mean."""
        self._put_mean(net)

    def on_train_end(self, net, **kwargs):
        """Keep the mean, and let go of the rest."""
        self._put_mean(net)
        self.mean_ = self.raw_ = None

    def discard(self):
        """Drop the mean of weights that have diverged."""
        self.mean_ = None

    def _put_mean(self, net):
        if self.raw_ is None and self.mean_ is not None and self.mean_.n_averaged > 0:
            self.raw_ = {name: w.clone() for name, w in net.module_.state_dict().items()}
            net.module_.load_state_dict(self.mean_.module.state_dict())
