"""Learning rates that change while a net is trained."""

from numbers import Real

import numpy as np
from skorch.callbacks import Callback, LRScheduler


def _rise_and_fall(rise):
    """Return a schedule that rises for a share of training and falls again, along a cosine."""
    return lambda p: (1 - np.cos(np.pi * (p / rise if p < rise else (1 - p) / (1 - rise)))) / 2


# the learning rate's factor after a share p of all training steps
SCHEDULES = {
    "linear": lambda p: 1 - p,
    "cosine": lambda p: (1 + np.cos(np.pi * p)) / 2,
    "one_cycle": _rise_and_fall(0.3),
    "warm_up": _rise_and_fall(0.1),
}


class Schedule(Callback):
    """Multiply every group's learning rate by a function of the share of steps done."""

    def __init__(self, factor, n_steps):
        self.factor = factor
        self.n_steps = n_steps

    def on_train_begin(self, net, **kwargs):
        """Note the learning rates to multiply."""
        self.step_ = 0
        self.rates_ = [group["lr"] for group in net.optimizer_.param_groups]

    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        """Set the learning rates for a step."""
        if training and batch[0].begins_step:
            # at the middle of the step: the first and last rate are small, but not zero
            share = min((self.step_ + 0.5) / self.n_steps, 1.0)
            try:
                factor = self.factor(share)
            except (TypeError, ValueError) as error:
                raise ValueError(
                    f"schedule({share:.3f}) raised {error!r}; it must take the share of steps "
                    "done, and return a number by which lr is multiplied."
                ) from error
            if not isinstance(factor, Real) or not 0 <= factor < np.inf:
                raise ValueError(
                    f"schedule({share:.3f}) returned {factor!r}; it must return a number of at "
                    "least 0, by which lr is multiplied."
                )
            self._scale(net, factor)
            self.step_ += 1

    def on_train_end(self, net, **kwargs):
        """Put the learning rates back for a later call."""
        self._scale(net, 1.0)

    def _scale(self, net, factor):
        for group, rate in zip(net.optimizer_.param_groups, self.rates_, strict=True):
            group["lr"] = rate * factor


class PolicyState(Callback):
    """Let the policies of skorch's schedulers go on where the last call of ``fit`` left them."""

    def on_train_begin(self, net, **kwargs):
        """Put the state back, unless the policy is another one now."""
        for name, scheduler in self._schedulers(net):
            described, state, rates = net.policies_.get(name, (None, None, None))
            if described == _describe(scheduler):
                scheduler.lr_scheduler_.load_state_dict(state)
                for group, rate in zip(net.optimizer_.param_groups, rates, strict=True):
                    group["lr"] = rate

    def on_train_end(self, net, **kwargs):
        """Note the state."""
        rates = [group["lr"] for group in net.optimizer_.param_groups]
        net.policies_ = {
            name: (_describe(scheduler), scheduler.lr_scheduler_.state_dict(), rates)
            for name, scheduler in self._schedulers(net)
        }

    def restore(self, net, policies):
        """Note states and learning rates, by name, of a training that had ended."""
        schedulers = self._schedulers(net)
        net.policies_ = {name: (_describe(one), *policies[name]) for name, one in schedulers}

    def _schedulers(self, net):
        return [(name, one) for name, one in net.callbacks_ if isinstance(one, LRScheduler)]


def _describe(scheduler):
    options = {name: value for name, value in scheduler.kwargs.items() if name != "last_epoch"}
    return scheduler.policy_, options
