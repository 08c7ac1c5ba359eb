"""The skorch callbacks of a training: the estimator's own, and copies of the user's."""

import sys
from copy import copy, deepcopy
from numbers import Real

import numpy as np
import torch
from skorch.callbacks import (
    BatchScoring,
    Callback,
    EarlyStopping,
    GradientNormClipping,
    InputShapeSetter,
    LoadInitState,
    LRScheduler,
    PassthroughScoring,
    ProgressBar,
    WandbLogger,
)
from torch.optim.lr_scheduler import LRScheduler as Policy
from torch.optim.lr_scheduler import ReduceLROnPlateau

# the learning rate's factor after a share p of all training steps
SCHEDULES = {
    "linear": lambda p: 1 - p,
    "cosine": lambda p: (1 + np.cos(np.pi * p)) / 2,
    # up over the first 30 % and down again, both along a cosine
    "one_cycle": lambda p: (1 - np.cos(np.pi * (p / 0.3 if p < 0.3 else (1 - p) / 0.7))) / 2,
}


class Diverged(Exception):
    """The loss, or a weight, is no longer a finite number."""


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
            factor = self.factor(share)
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

    def _schedulers(self, net):
        return [(name, one) for name, one in net.callbacks_ if isinstance(one, LRScheduler)]


def _describe(scheduler):
    options = {name: value for name, value in scheduler.kwargs.items() if name != "last_epoch"}
    return scheduler.policy_, options


class EpochMean(PassthroughScoring):
    """The mean of a batch's number over an epoch, compared with the epochs of earlier calls too."""

    def on_train_begin(self, net, **kwargs):
        """Look the best mean up."""
        best = min if self.lower_is_better else max
        earlier = [epoch[self.name] for epoch in net.history if self.name in epoch]
        self.best_score_ = best([*earlier, self.best_score_])


class BatchScore(Callback):
    """Score the outputs of each validation batch."""

    def __init__(self, name, score):
        self.name = name
        self.score = score

    def on_batch_end(self, net, batch=None, training=False, y_pred=None, **kwargs):
        """Record the score."""
        if not training:
            targets = batch[0].targets.to(y_pred.device)
            net.history.record_batch(self.name, self.score(y_pred, targets).item())


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


class BestEpoch(Callback):
    """Note when training should stop, and go back to the weights of the best epoch in the end.

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


class WeightedClipping(GradientNormClipping):
    """Scale gradients down to a norm in proportion to the batch's weight, which else had no say."""

    def on_grad_computed(self, net, named_parameters, batch, **kwargs):
        """Clip the gradients of a batch."""
        parameters = [parameter for _, parameter in named_parameters]
        limit = self.gradient_clip_value * batch[0].importance
        torch.nn.utils.clip_grad_norm_(parameters, limit, norm_type=self.gradient_clip_norm_type)


class LastEpoch(Callback):
    """Keep the weights an epoch started with, to return to when the loss diverges."""

    def on_epoch_begin(self, net, **kwargs):
        """Copy the weights."""
        self.weights_ = deepcopy(net.module_.state_dict())

    def on_epoch_end(self, net, **kwargs):
        """Check what the last step made of the weights: no loss was computed since."""
        if not all(weight.isfinite().all() for weight in net.module_.parameters()):
            raise Diverged

    def on_train_end(self, net, **kwargs):
        """Let the copy go."""
        self.weights_ = None


def make_callbacks(estimator, net, n_steps, valid):
    """List the callbacks of a training.

    Parameters
    ----------
    estimator : BaseLSTM
        Whose parameters say how to train.
    net : Net
        To be trained.
    n_steps : int
        Steps of the optimizer that it will take.
    valid : Samples or None
        Validation data.

    Returns
    -------
    list of skorch.callbacks.Callback
        The user's among them, as copies.
    """
    callbacks, last = [LastEpoch()], [PolicyState()]
    if valid is not None:
        scores = estimator._scores(valid)
        callbacks += [EpochScore(name, score) for name, score in scores.items()]
        if net.batch_score is not None:
            callbacks.append(BatchScore("valid_acc", net.batch_score))
            callbacks.append(("valid_acc", EpochMean("valid_acc", lower_is_better=False)))
    if estimator.schedule is not None:
        schedule = estimator.schedule
        factor = SCHEDULES[schedule] if isinstance(schedule, str) else schedule
        callbacks.append(Schedule(factor, n_steps))
    if estimator.max_grad_norm is not None:
        callbacks.append(WeightedClipping(estimator.max_grad_norm))
    if valid is not None and estimator.early_stopping:
        monitor = estimator._monitored
        measure = scores.get(monitor, lambda: net.compute_loss(valid))
        best = BestEpoch(monitor, monitor == "valid_loss", measure, estimator.n_iter_no_change)
        callbacks.append(best)
        last.append(Stop(best))
    if estimator.verbose and sys.stderr.isatty():  # a bar would fill a log file with its frames
        callbacks.append(ProgressBar())
    users = [_check_callback(one, estimator, valid) for one in estimator.callbacks or []]
    return callbacks + _go_on(copy_callbacks(users), net) + last


def _go_on(callbacks, net):
    """Adapt copies of the user's callbacks to a net that has been trained before."""
    if not net.history:
        return callbacks
    for scheduler in filter(lambda one: isinstance(one, LRScheduler), map(_instance, callbacks)):
        if scheduler.policy not in ("ReduceLROnPlateau", ReduceLROnPlateau):
            vars(scheduler).setdefault("last_epoch", -1)  # PolicyState knows where it was
    # what a checkpoint could load is older than what the net has learned
    return [one for one in callbacks if not isinstance(_instance(one), LoadInitState)]


def stops_early(callback):
    """Tell whether a callback has ended training because it did not get better.

    Parameters
    ----------
    callback : skorch.callbacks.Callback
        Any.

    Returns
    -------
    bool
        False for all that watch no score.
    """
    watches = isinstance(callback, (EarlyStopping, BestEpoch))
    return watches and callback.misses_ >= callback.patience


def _instance(callback):
    named = isinstance(callback, tuple) and len(callback) == 2
    return callback[1] if named else callback


def _check_callback(callback, estimator, valid):
    instance = _instance(callback)
    kind = instance if isinstance(instance, type) else type(instance)
    if issubclass(kind, Policy):
        raise TypeError(
            f"callbacks holds {kind.__name__}, which is a policy and no callback: pass "
            f"LRScheduler(policy={kind.__name__})."
        )
    if not issubclass(kind, Callback):
        raise TypeError(
            f"callbacks must hold skorch callbacks, or tuples of a name and a callback; got "
            f"{callback!r:.60}."
        )
    name = type(estimator).__name__
    if issubclass(kind, InputShapeSetter):
        raise ValueError(
            f"callbacks cannot hold {kind.__name__}: {name} takes the number of features from X "
            "by itself. Leave it out."
        )
    if issubclass(kind, BatchScoring) and not hasattr(estimator, "predict"):
        raise ValueError(
            f"callbacks cannot hold {kind.__name__}: {name} predicts nothing of a batch, which "
            "may hold pieces of texts. Use EpochScoring, or the parameter scoring."
        )
    if issubclass(kind, WandbLogger) and getattr(instance, "save_model", False) and valid is None:
        raise ValueError(
            f"{kind.__name__} saves the model of the lowest validation loss, but there is no "
            "validation data. Pass X_val and y_val, set early_stopping=True, or set "
            "save_model=False."
        )
    return callback


def copy_callbacks(callbacks):
    """Copy callbacks and plain containers, each once, so that what is shared stays shared.

    What callbacks refer to otherwise, such as a writer, a run or a function, is theirs to keep.

    Parameters
    ----------
    callbacks : list or tuple
        The user's.

    Returns
    -------
    list or tuple
        Copies.
    """
    return _copy(callbacks, {})


def _copy(value, copies):
    if id(value) not in copies:
        copies[id(value)] = _copy_one(value, copies)
    return copies[id(value)]


def _copy_one(value, copies):
    if isinstance(value, Callback):
        copied = copies[id(value)] = copy(value)  # noted before its parts, which may refer to it
        vars(copied).update({name: _copy(part, copies) for name, part in vars(copied).items()})
        return copied
    if type(value) in (list, tuple, set):
        return type(value)(_copy(part, copies) for part in value)
    if type(value) is dict:
        return {key: _copy(part, copies) for key, part in value.items()}
    return deepcopy(value) if isinstance(value, (np.ndarray, torch.Tensor)) else value
