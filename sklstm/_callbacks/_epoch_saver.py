"""Checkpoints of a training, and its continuation from one."""

from collections import Counter

import numpy as np
import torch
from skorch.callbacks import Callback

from sklstm._state_files import is_storable


class EpochSaver(Callback):
    """Write a checkpoint after each epoch, and go on from one when training begins.

    It is the last callback: the others have begun training anew when it gives them the state that
    they had.

    Parameters
    ----------
    log : FitLog
        Keeps the checkpoints.
    state : dict or None
        What the training had come to.
    random_state : numpy.random.RandomState
        Shuffles.
    """

    def __init__(self, log, state, random_state):
        self.log = log
        self.state = state
        self.random_state = random_state

    def on_train_begin(self, net, **kwargs):
        """Go on where an earlier call was interrupted."""
        self.n_before_ = len(net.history)
        if self.state is not None:
            restore_net(net, self.state, self.random_state)
            for name, callback in self._others(net):
                _restore_callback(callback, self.state["callbacks"].get(name, {}))
            net.n_resumed_ = len(net.history) - self.n_before_
            self.state = None

    def on_epoch_end(self, net, **kwargs):
        """Write what the epoch has come to."""
        self.log.save(lambda: self._capture(net))

    def _capture(self, net):
        callbacks = {name: _callback_state(callback) for name, callback in self._others(net)}
        return {**capture_net(net, self.random_state), "callbacks": callbacks}

    def _others(self, net):
        return [(name, one) for name, one in net.callbacks_ if one is not self]


def capture_net(net, random_state):
    """Return what training has made of a net, and the states of the generators.

    What is recorded of single batches is left out.
    """
    state = {
        "weights": net.module_.state_dict(),
        "criterion": _state_of(net.criterion_),
        "optimizer": net.optimizer_.state_dict(),
        "frozen": [n for n, w in net.module_.named_parameters() if not w.requires_grad],
        "history": [
            {name: of for name, of in epoch.items() if name != "batches" and is_storable(of)}
            for epoch in net.history
        ],
        "numpy": random_state.get_state(legacy=False),
        "torch": torch.get_rng_state(),
    }
    if (device := torch.device(net.device)).type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return _pack(state)


def restore_net(net, state, random_state):
    """Put a net and the generators into a state that `capture_net` returned."""
    state = _unpack(state)
    net.module_.load_state_dict(state["weights"])
    if state["criterion"]:
        net.criterion_.load_state_dict(state["criterion"])
    for name, weight in net.module_.named_parameters():
        weight.requires_grad_(name not in state["frozen"])
    net.optimizer_.load_state_dict(state["optimizer"])
    net.history[:] = [{**epoch, "batches": []} for epoch in state["history"]]
    random_state.set_state(state["numpy"])
    torch.set_rng_state(state["torch"])
    if "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], torch.device(net.device))


def capture_end(net, random_state, ending):
    """Return what a net is after training, and how that ended."""
    policies = {name: [state, rates] for name, (_, state, rates) in net.policies_.items()}
    about = {"ending": ending, "finished": net.finished_, "policies": _pack(policies)}
    return {**capture_net(net, random_state), **about}


def restore_end(net, state, random_state):
    """Put a net into the state after training, and return how that ended."""
    restore_net(net, state, random_state)
    dict(net.callbacks_)["PolicyState"].restore(net, _unpack(state["policies"]))
    net.finished_ = state["finished"]
    return state["ending"]


def _callback_state(callback):
    """Return what a callback says its state is, or its attributes that end in an underscore."""
    if hasattr(callback, "state_dict"):
        return _pack(callback.state_dict())
    learned = {name: of for name, of in vars(callback).items() if name.endswith("_")}
    packed = {name: _pack(_state_of(of, of)) for name, of in learned.items()}
    return {name: of for name, of in packed.items() if is_storable(of)}


def _restore_callback(callback, state):
    state = _unpack(state)
    if hasattr(callback, "load_state_dict"):
        callback.load_state_dict(state)
        return
    for name, value in state.items():
        present = getattr(callback, name, None)
        if hasattr(present, "load_state_dict"):
            present.load_state_dict(value)
        else:
            setattr(callback, name, value)


def _state_of(thing, default=None):
    has_state = hasattr(thing, "state_dict") and not isinstance(thing, type)
    return thing.state_dict() if has_state else default


def _pack(value):
    """Make arrays of tensors, marked as such."""
    if isinstance(value, torch.Tensor):
        kind = str(value.dtype).removeprefix("torch.")
        value = value.detach().cpu()
        value = value.view(torch.int16) if kind == "bfloat16" else value
        return {"tensor": kind, "array": value.numpy()}
    if type(value) in (list, tuple):
        return type(value)(map(_pack, value))
    if isinstance(value, dict) and not isinstance(value, Counter):
        return {key: _pack(part) for key, part in value.items()}
    return value


def _unpack(value):
    match value:
        case {"tensor": kind, "array": np.ndarray() as array}:
            tensor = torch.from_numpy(array)
            return tensor.view(torch.bfloat16) if kind == "bfloat16" else tensor
        case list() | tuple():
            return type(value)(map(_unpack, value))
        case dict() if not isinstance(value, Counter):
            return {key: _unpack(part) for key, part in value.items()}
    return value
