"""The skorch net inside every estimator: weighted losses on batches of similar length."""

import re
import sys
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from numbers import Real
from threading import RLock

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import (
    Callback,
    EarlyStopping,
    GradientNormClipping,
    PassthroughScoring,
    ProgressBar,
)
from skorch.helper import predefined_split
from skorch.utils import TeeGenerator

from sklstm.batches import LengthBatches, to_tensor
from sklstm.networks import SequenceNet
from sklstm.parts import Workers, accumulate_gradients, cut

OPTIMIZERS = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}

# the learning rate's factor after a share p of all training steps
SCHEDULES = {
    "linear": lambda p: 1 - p,
    "cosine": lambda p: (1 + np.cos(np.pi * p)) / 2,
    # up over the first 30 % and down again, both along a cosine
    "one_cycle": lambda p: (1 - np.cos(np.pi * (p / 0.3 if p < 0.3 else (1 - p) / 0.7))) / 2,
}

# what ``fit`` sets itself, and net_params cannot
RESERVED = {"callbacks", "iterator_train__random_state", "max_epochs", "train_split"}

GENERATOR = RLock()  # torch has one generator for all threads


class Diverged(Exception):
    """The loss, or a weight, is no longer a finite number."""


class Net(NeuralNet):
    """A skorch net whose batches carry weights.

    Parameters
    ----------
    *args, **kwargs
        As for `skorch.NeuralNet`.
    precision : {"float32", "float64", "bfloat16"}
        Of the weights; bfloat16 concerns the matrix products only, where the device can.
    score : callable, optional
        Accuracy of a validation batch, from outputs and targets.
    """

    def __init__(self, *args, precision="float32", score=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.precision = precision
        self.score = score

    def initialize_module(self):
        """Build the module in its precision."""
        super().initialize_module()
        self.module_.to(self.dtype)
        return self

    @property
    def dtype(self):
        """Of the weights."""
        return torch.float64 if self.precision == "float64" else torch.float32

    def infer(self, x, **fit_params):
        """Run the module on a `Batch`."""
        with self.autocast():
            return self.module_(**self.arguments(x)).to(self.dtype)

    def arguments(self, batch, **others):
        """Return the module's arguments, with the state in which the batch before has left it."""
        arguments = {**batch.to(self.device, self.dtype), **others}
        if batch.continues is not None and "states" not in others:
            if not batch.continues:
                self.states_ = self.module_.initial_states(len(batch))
            arguments["states"] = self.states_[: len(batch)]
        return arguments

    def compute(self, function, batch, **others):
        """Call a function of a `Batch`, such as a method of the module, as for predictions."""
        self._set_training(False)
        with torch.no_grad(), self.autocast():
            return function(**self.arguments(batch, **others))

    def autocast(self):
        """Take matrix products in bfloat16, if that is the precision and the device can."""
        kind = torch.device(self.device).type
        enabled = self.precision == "bfloat16" and runs_bfloat16(self.device)
        return torch.autocast(kind, torch.bfloat16, enabled=enabled)

    @property
    def falls_back(self):
        """Whether the precision is bfloat16, and the device computes in float32 all the same."""
        return self.precision == "bfloat16" and not runs_bfloat16(self.device)

    def train_step(self, batch, **fit_params):
        """Add a batch's gradients to those of its step, and take the step when it is the last."""
        begins, ends = batch[0].begins_step, batch[0].ends_step
        if begins and ends:
            return super().train_step(batch, **fit_params)
        if begins:
            self._zero_grad_optimizer()
        step = self.train_step_single(batch, **fit_params)
        if ends:
            weights = TeeGenerator(self.get_all_learnable_params())
            self.notify("on_grad_computed", named_parameters=weights, batch=batch, training=True)
            self._step_optimizer(None)
        return step

    def train_step_single(self, batch, **fit_params):
        """Compute the gradients of a batch, on CPU part by part."""
        inputs, (targets, weights) = batch
        parts = self.parts(inputs)
        self._set_training(True)
        if len(parts) == 1:
            outputs = self.infer(inputs, **fit_params)
            loss = self.get_loss(outputs, (targets, weights), training=True)
            (inputs.share * loss).backward()
            return {"loss": loss, "y_pred": outputs}

        def loss(outputs, part):
            share = inputs.share * len(outputs) / len(weights)
            y_true = targets[part], weights[part]
            return self.get_loss(outputs.to(self.dtype), y_true, training=True) * share

        arguments = self.arguments(inputs)
        total, outputs = accumulate_gradients(
            self.module_, arguments, loss, parts, self.workers_, self.autocast
        )
        return {"loss": total / inputs.share, "y_pred": outputs}

    def parts(self, inputs):
        """Cut a batch, unless the device or the user's own module wants it whole."""
        if self.device != "cpu" or not isinstance(self.module_, SequenceNet):
            return [slice(None)]
        network = self.module_
        return cut(*inputs.steps.shape[:2], network.n_units, network.fewest_sequences)

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return the weighted mean loss of a batch."""
        targets, weights = (part.to(self.device) for part in y_true)
        targets = targets.to(self.dtype) if targets.is_floating_point() else targets
        losses = self.losses(y_pred, targets)  # (N,) or (N, K)
        loss = (losses.reshape(len(losses), -1).mean(dim=1) * weights.to(self.dtype)).mean()
        if training and not torch.isfinite(loss):
            raise Diverged
        return loss

    def losses(self, outputs, targets):
        """Return the losses of a batch, a row for each sequence."""
        if hasattr(self.module_, "losses"):  # with weights of its own, as a CRF has
            return self.module_.losses(outputs, targets)
        return self.criterion_(outputs, targets)

    def validation_step(self, batch, **fit_params):
        """Compute the loss and the score of a validation batch."""
        step = super().validation_step(batch, **fit_params)
        if self.score is not None:
            targets = batch[1][0].to(self.device)
            self.history.record_batch("valid_acc", self.score(step["y_pred"], targets).item())
        return step


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


class EpochScore(Callback):
    """Score the whole validation data after each epoch.

    Parameters
    ----------
    name : str
        Of the score in the history.
    decode : callable
        Turns the outputs and targets of a batch into a list of true and one of predicted rows.
    score : callable
        Takes all true and all predicted rows, and returns a number.
    """

    def __init__(self, name, decode, score):
        self.name = name
        self.decode = decode
        self.score = score

    def on_epoch_begin(self, net, **kwargs):
        """Forget the last epoch."""
        self.true_, self.predicted_ = [], []

    def on_batch_end(self, net, batch=None, training=False, y_pred=None, **kwargs):
        """Keep the predictions of a validation batch."""
        if not training:
            true, predicted = self.decode(net.module_, y_pred, batch[1][0])
            self.true_ += true
            self.predicted_ += predicted

    def on_epoch_end(self, net, **kwargs):
        """Record the score, and whether it is the best so far."""
        earlier = [epoch[self.name] for epoch in net.history[:-1] if self.name in epoch]
        score = self.score(self.true_, self.predicted_)
        net.history.record(self.name, score)
        net.history.record(f"{self.name}_best", score > max(earlier, default=-np.inf))
        self.on_epoch_begin(net)


class PatientStopping(EarlyStopping):
    """Stop early, but not before there is something to lose: an F1 of 0 may take its time."""

    def on_epoch_end(self, net, **kwargs):
        """Count the epochs without a better score."""
        if self.lower_is_better or net.history[-1, self.monitor] > 0:
            super().on_epoch_end(net, **kwargs)


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


def net_options(estimator, architecture, precision, criterion, score=None):
    """List the parameters of an estimator's net.

    Parameters
    ----------
    estimator : BaseLSTM
        Whose parameters say how to train.
    architecture : dict
        The arguments of the estimator's network.
    precision : str
        See `Net`.
    criterion : type
        The loss, a torch module that takes ``reduction="none"``.
    score : callable, optional
        See `Net`.

    Returns
    -------
    dict
        Arguments of `Net`.
    """
    net_params = estimator.net_params or {}
    if not RESERVED.isdisjoint(net_params):
        raise ValueError(
            f"net_params cannot set {sorted(RESERVED.intersection(net_params))}: use the "
            "estimator's parameters for that."
        )
    optimizer = _look_up(estimator.optimizer, OPTIMIZERS)
    options = {
        "module": estimator._network,
        **{f"module__{name}": value for name, value in architecture.items()},
        "criterion": criterion,
        "criterion__reduction": "none",
        "score": score,
        "optimizer": optimizer,
        "optimizer__weight_decay": estimator.weight_decay,
        "lr": estimator.lr,
        "batch_size": estimator.batch_size,
        "iterator_train": LengthBatches,
        "iterator_valid": LengthBatches,
        **estimator._batch_options(),
        "train_split": None,
        "device": estimator.device,
        "precision": precision,
        "verbose": int(estimator.verbose),
    }
    if optimizer in (torch.optim.Adam, torch.optim.AdamW):
        options["optimizer__fused"] = True  # one pass over the weights, not one an operation
    if estimator.verbose and not sys.stdout.isatty():
        options["callbacks__print_log__sink"] = _print_without_colours
    if estimator.embedding_lr is not None:
        options["optimizer__param_groups"] = [("embedding.*", {"lr": estimator.embedding_lr})]
    return {**options, **net_params}


def _print_without_colours(line):
    print(re.sub(r"\x1b\[\d+m", "", line), flush=True)


def make_net(options):
    """Build an untrained net.

    Parameters
    ----------
    options : dict
        See `net_options`.

    Returns
    -------
    Net
        Initialized.
    """
    device = choose_device(options["device"])
    try:
        with Workers() as workers:  # LAPACK's orthogonal weights depend on the number of cores
            [net] = workers.map(Net.initialize, [Net(**{**options, "device": device})])
        return net
    except (AttributeError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(
            "The network cannot be built; change its sizes, the optimizer (a torch class that "
            f"takes lr and weight_decay) or net_params. The cause: {error}"
        ) from error


def continue_net(net, options):
    """Build a net that goes on from another, which stays as it is.

    Parameters
    ----------
    net : Net
        Whose weights, history and, if the optimizer is the same, moments to copy.
    options : dict
        See `net_options`.

    Returns
    -------
    Net
        Trained as far as `net`.
    """
    new = make_net(options)
    try:
        new.module_.load_state_dict(net.module_.state_dict())
    except RuntimeError:
        raise ValueError(
            "What was learned does not fit the network that the parameters now describe. Put "
            "those that shape it (hidden_size, n_layers and the like) back, or call fit with "
            "warm_start=False to begin anew."
        ) from None
    new.history.extend(net.history)
    if type(new.optimizer_) is type(net.optimizer_):
        state = deepcopy(net.optimizer_.state_dict())
        state["param_groups"] = new.optimizer_.state_dict()["param_groups"]
        new.optimizer_.load_state_dict(state)
    return new


def load_net(options, weights, epochs):
    """Build a net from what a pickle holds of it.

    Parameters
    ----------
    options : dict
        See `net_options`. A device that this machine lacks becomes the CPU.
    weights : dict of ndarray
        By their names in the module.
    epochs : list of dict
        The history.

    Returns
    -------
    Net
        Trained, with an optimizer that starts anew.
    """
    try:
        choose_device(options["device"])
    except ValueError:
        options = {**options, "device": "cpu"}
    with seeded(0):  # the first weights are drawn in vain
        net = make_net(options)
    net.module_.load_state_dict({name: to_tensor(w) for name, w in weights.items()})
    for epoch in epochs:
        net.history.append({**epoch, "batches": []})
    return net


def train(net, estimator, data, valid, max_epochs):
    """Train a net for some epochs more.

    Parameters
    ----------
    net : Net
        The net.
    estimator : BaseLSTM
        Whose parameters say how to train, and whose random state shuffles.
    data, valid : SequenceDataset
        Training data, and validation data or None.
    max_epochs : int
        Epochs at most.

    Returns
    -------
    {"finished", "interrupted", "diverged"}
        How it ended. Ctrl-C interrupts an epoch; early stopping counts as finished.
    """
    last_epoch = len(net.history) + max_epochs
    net.max_epochs = max_epochs
    net.iterator_train__random_state = estimator._random_state
    n_steps = max_epochs * len(net.get_iterator(data, training=True))
    net.train_split = None if valid is None else predefined_split(valid)
    net.callbacks = _callbacks(estimator, n_steps, valid, net.score)
    net.initialize_callbacks()
    try:
        with Workers() as net.workers_:
            net.partial_fit(data)  # skorch catches Ctrl-C
        if net.history and "dur" not in net.history[-1]:  # this epoch did not come to its end
            del net.history[-1]
        finished = len(net.history) == last_epoch or _has_stopped_early(net)
        ending = "finished" if finished else "interrupted"
    except Diverged:
        ending = "diverged"
        net.module_.load_state_dict(dict(net.callbacks_)["LastEpoch"].weights_)
        net.initialize_optimizer()  # its moments are no finite numbers either
        net.notify("on_train_end")
        del net.history[-1]
    net.callbacks, net.callbacks_, net.train_split = None, [], None  # they hold data and weights
    del net.workers_
    return ending


def _callbacks(estimator, n_steps, valid, score):
    callbacks = [LastEpoch()]
    if valid is not None:
        callbacks += estimator._validation_callbacks()
    if valid is not None and score is not None:
        callbacks.append(("valid_acc", PassthroughScoring("valid_acc", lower_is_better=False)))
    if estimator.schedule is not None:
        callbacks.append(Schedule(_look_up(estimator.schedule, SCHEDULES), n_steps))
    if estimator.max_grad_norm is not None:
        callbacks.append(GradientNormClipping(estimator.max_grad_norm))
    if valid is not None and estimator.early_stopping:
        monitor, lower_is_better = estimator._monitored
        callbacks.append(
            PatientStopping(
                monitor=monitor,
                lower_is_better=lower_is_better,
                patience=estimator.n_iter_no_change,
                threshold=0,
                load_best=True,
            )
        )
    if estimator.verbose and sys.stderr.isatty():  # a bar would fill a log file with its frames
        callbacks.append(ProgressBar())
    return callbacks + [_check_callback(callback) for callback in estimator.callbacks or []]


def _has_stopped_early(net):
    return any(
        isinstance(callback, EarlyStopping) and callback.misses_ >= callback.patience
        for _, callback in net.callbacks_
    )


def _check_callback(callback):
    named = isinstance(callback, tuple) and len(callback) == 2
    instance = callback[1] if named else callback
    is_class = isinstance(instance, type) and issubclass(instance, Callback)
    if not is_class and not isinstance(instance, Callback):
        raise TypeError(
            f"callbacks must hold skorch callbacks, or tuples of a name and a callback; got "
            f"{callback!r:.60}."
        )
    return deepcopy(callback)


def _look_up(choice, table):
    return table[choice] if isinstance(choice, str) else choice


@contextmanager
def seeded(seed, device="cpu"):
    """Seed torch, and put its global generators back afterwards.

    Threads wait for one another here, since they share the generators.

    Parameters
    ----------
    seed : int
        The seed.
    device : str, default="cpu"
        The device used, beside the CPU.

    Yields
    ------
    None
        Nothing.
    """
    on_gpu = torch.device(device).type == "cuda"
    with GENERATOR, torch.random.fork_rng([torch.device(device)] if on_gpu else []):
        torch.default_generator.manual_seed(seed)
        if on_gpu:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


@cache
def runs_bfloat16(device):
    """Try whether a device computes an LSTM in bfloat16, since processors differ.

    Those that lack its kernel lack the instructions for all of bfloat16: it would be slower there
    than float32 with any cell.

    Parameters
    ----------
    device : str
        A torch device.

    Returns
    -------
    bool
        Whether it does, forwards and backwards.
    """
    lstm = torch.nn.LSTM(1, 1, device="meta").to_empty(device=device)  # draws no weights
    x = torch.zeros(1, 1, 1, device=device)
    try:
        with torch.enable_grad(), torch.autocast(torch.device(device).type, torch.bfloat16):
            lstm(x)[0].sum().backward()
        with torch.no_grad(), torch.autocast(torch.device(device).type, torch.bfloat16):
            lstm(x)
    except RuntimeError:
        return False
    return True


def choose_device(device):
    """Resolve ``"auto"``.

    Parameters
    ----------
    device : str
        ``"auto"`` or a torch device.

    Returns
    -------
    str
        A torch device that can be used.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=device).tolist()
    except (AssertionError, RuntimeError) as error:
        raise ValueError(
            f"device={device!r} cannot be used here; take 'auto', 'cpu', or a device that this "
            f"machine has, such as 'cuda:0'. The cause: {error}"
        ) from None
    return device
