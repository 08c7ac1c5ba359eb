"""The user's callbacks: checked, copied, adapted to a net that was trained before."""

from copy import copy, deepcopy

import numpy as np
import torch
from skorch.callbacks import (
    BatchScoring,
    Callback,
    InputShapeSetter,
    LoadInitState,
    LRScheduler,
    WandbLogger,
)
from torch.optim.lr_scheduler import LRScheduler as Policy
from torch.optim.lr_scheduler import ReduceLROnPlateau


def check_callback(callback, estimator, valid):
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


def continue_callbacks(callbacks, net):
    """Adapt copies of the user's callbacks to a net that has been trained before."""
    if not net.history:
        return callbacks
    for scheduler in filter(lambda one: isinstance(one, LRScheduler), map(_instance, callbacks)):
        if scheduler.policy not in ("ReduceLROnPlateau", ReduceLROnPlateau):
            vars(scheduler).setdefault("last_epoch", -1)  # PolicyState knows where it was
    # what a checkpoint could load is older than what the net has learned
    return [one for one in callbacks if not isinstance(_instance(one), LoadInitState)]


def has_scheduler(callbacks):
    """Tell whether one of the callbacks sets the learning rate, in place of ``schedule``."""
    instances = map(_instance, callbacks)
    return any(isinstance(one, LRScheduler) or one is LRScheduler for one in instances)


def _instance(callback):
    named = isinstance(callback, tuple) and len(callback) == 2
    return callback[1] if named else callback


def copy_callbacks(callbacks):
    """Copy callbacks and plain containers, each once, so that what is shared stays shared.

    What callbacks refer to otherwise, such as a writer, a run or a function, is theirs to keep.
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
