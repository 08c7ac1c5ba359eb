"""The skorch net inside every estimator: weighted losses on batches of similar length."""

import warnings
from contextlib import nullcontext
from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import EpochTimer
from skorch.utils import TeeGenerator

from sklstm._callbacks import Diverged, EpochLog, EpochMean
from sklstm._device import choose_device, runs_bfloat16, seeded
from sklstm.nn.batches import to_tensor
from sklstm.nn.growth import grow_moments, grow_weights
from sklstm.nn.microbatches import Workers, accumulate_gradients, split_into_microbatches
from sklstm.nn.networks import SequenceNet
from sklstm.nn.objectives import Labels, Paths, Supervised, Unlabelled

# attributes of a net in training
TRANSIENT = {
    "estimator_",
    "n_resumed_",
    "samples_",
    "states_",
    "step_size_",
    "took_step_",
    "workers_",
}


class Net(NeuralNet):
    """A skorch net whose batches hold targets and weights.

    While it is trained, it predicts what its estimator predicts: that is for callbacks that score.

    Parameters
    ----------
    *args, **kwargs
        As for `skorch.NeuralNet`.
    precision : {"float32", "float64", "bfloat16"}
        Of the weights; bfloat16 concerns the matrix products only, where the device can.
    batch_score : callable, default=None
        Accuracy of a validation batch, from outputs and targets.
    adversarial : float or None, default=None
        See `sklstm.nn.objectives.Supervised`.
    virtual_adversarial, entropy : float, default=0.0
        Weights of the losses of unlabelled sequences, see `sklstm.nn.objectives.Unlabelled`.
    pretrained : sequence of list of str, default=()
        Patterns of the names of each pretrained layer's weights, the top layer first.
    """

    def __init__(
        self, *args, precision="float32", batch_score=None, adversarial=None,
        virtual_adversarial=0.0, entropy=0.0, pretrained=(), **kwargs,
    ):  # fmt: skip
        super().__init__(*args, use_caching=False, **kwargs)  # what is cached has another order
        self.precision = precision
        self.batch_score = batch_score
        self.adversarial = adversarial
        self.virtual_adversarial = virtual_adversarial
        self.entropy = entropy
        self.pretrained = pretrained
        self.policies_ = {}

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

    def outputs(self, batch, **others):
        """Compute the outputs of a `Batch`, as for predictions."""
        return self.compute(self.module_, batch, **others).to(self.dtype)

    def autocast(self):
        """Take matrix products in bfloat16, if that is the precision and the device can."""
        kind = torch.device(self.device).type
        enabled = self.precision == "bfloat16" and runs_bfloat16(self.device)
        if enabled or torch.is_autocast_enabled(kind):
            return torch.autocast(kind, torch.bfloat16, enabled=enabled)
        return nullcontext()

    @property
    def falls_back(self):
        """Whether the precision is bfloat16, and the device computes in float32 all the same."""
        return self.precision == "bfloat16" and not runs_bfloat16(self.device)

    def _set_training(self, training=True):
        """Set the mode of all layers, unless they are in it."""
        if any(layer.training != training for layer in self.module_.modules()):
            super()._set_training(training)

    def train_step(self, batch, **fit_params):
        """Add a batch's gradients to those of its step, and take the step when it is the last."""
        begins, ends = batch[0].begins_step, batch[0].ends_step
        self.took_step_ = ends
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

    @property
    def accelerator(self):
        """Tell skorch's schedulers whether the last batch ended its step."""
        return SimpleNamespace(optimizer_step_was_skipped=not vars(self).get("took_step_", True))

    def _step_optimizer(self, step_fn):
        """Take a step, a smaller one for weights below 1."""
        groups = self.optimizer_.param_groups
        rates = [group["lr"] for group in groups]
        if not isinstance(self.optimizer_, torch.optim.SGD):  # its steps are as large as gradients
            for group in groups:
                group["lr"] = group["lr"] * self.step_size_
        try:
            super()._step_optimizer(step_fn)
        finally:
            for group, rate in zip(groups, rates, strict=True):
                group["lr"] = rate

    def train_step_single(self, batch, **fit_params):
        """Compute the gradients of a batch, on CPU by micro-batches."""
        inputs, _ = batch
        self._set_training(True)
        slices = self.microbatch_slices(inputs)
        if len(slices) == 1 and self.adversarial is None:
            outputs = self.infer(inputs, **fit_params)
            loss = self._mean_loss(outputs, inputs.targets, inputs.weights, True)
            (inputs.share * loss).backward()
        else:
            loss, outputs = self._accumulate(inputs, slices)
        if inputs.unlabelled is not None:
            self._learn_unlabelled(inputs.unlabelled)
        return {"loss": loss, "y_pred": outputs}

    def _accumulate(self, inputs, slices):
        """Add the gradients of a batch's micro-batches; return its loss, and its outputs."""

        def loss(outputs, part):
            share = inputs.share * len(outputs) / len(inputs)
            targets, weights = inputs.targets[part], inputs.weights[part]
            return self._mean_loss(outputs.to(self.dtype), targets, weights, True) * share

        objective = Supervised(loss, self.adversarial)
        arguments = self.arguments(inputs)
        total, outputs = accumulate_gradients(
            self.module_, arguments, objective, slices, self.workers_, self.autocast
        )
        return total / inputs.share, outputs

    def _learn_unlabelled(self, inputs):
        """Add the gradients of unlabelled sequences, and record their losses."""
        if hasattr(self.module_, "crf"):  # losses are those of a step
            distribution = Paths(self.module_.crf, inputs.target_lengths.to(self.device))
            n_terms = max(1, int(inputs.target_lengths.sum()))
        else:
            distribution = Labels(not isinstance(self.criterion_, torch.nn.BCEWithLogitsLoss))
            n_terms = len(inputs)
        weights = self.adversarial, self.virtual_adversarial, self.entropy
        objective = Unlabelled(*weights, distribution, n_terms)
        losses, _ = accumulate_gradients(
            self.module_,
            self.arguments(inputs),
            objective,
            self.microbatch_slices(inputs),
            self.workers_,
            self.autocast,
        )
        if not torch.isfinite(losses).all():
            raise Diverged
        for name, value in zip(("virtual_loss", "entropy"), losses.tolist(), strict=True):
            self.history.record_batch(name, value)

    def microbatch_slices(self, inputs):
        """Return one slice for each micro-batch; on a GPU, or of a user's module, there is one."""
        if self.device != "cpu" or not isinstance(self.module_, SequenceNet):
            return [slice(None)]
        network = self.module_
        shape = inputs.steps.shape[:2]
        return split_into_microbatches(*shape, network.n_units, network.min_sequences)

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return the weighted mean loss of the `Batch` X; `y_true` is what the user calls it."""
        return self._mean_loss(y_pred, X.targets, X.weights, training)

    def _mean_loss(self, y_pred, targets, weights, training):
        targets, weights = targets.to(self.device), weights.to(self.device)
        targets = targets.to(self.dtype) if targets.is_floating_point() else targets
        losses = self.losses(y_pred, targets)  # (N,) or (N, K)
        if weights.ndim == 1:
            losses = losses.reshape(len(losses), -1).mean(dim=1)  # (N,)
        loss = (losses * weights.to(self.dtype)).mean()
        if training and not torch.isfinite(loss):
            raise Diverged
        return loss

    def losses(self, outputs, targets):
        """Return the losses of a batch, a row for each sequence."""
        if hasattr(self.module_, "losses"):  # with weights of its own, as a CRF has
            return self.module_.losses(outputs, targets)
        try:
            losses = self.criterion_(outputs, targets)
            losses.reshape(len(outputs), -1)
        except (AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
            name = type(self.criterion_).__name__
            raise ValueError(
                f"The criterion {name} cannot compare outputs of shape {tuple(outputs.shape)} with "
                f"targets of shape {tuple(targets.shape)} and type {targets.dtype}. Set another in "
                f"net_params, or none. The cause: {error}"
            ) from None
        return losses

    def compute_loss(self, samples):
        """Return the mean loss of validation data, as the history has it."""
        batches = list(self.get_iterator(samples))
        losses = [self.validation_step(batch)["loss"].item() for batch in batches]
        return np.average(losses, weights=[len(batch) for batch, _ in batches])

    def fit_loop(self, *args, **kwargs):
        """Train for the epochs that a checkpoint has not, and note whether training finished."""
        self.finished_ = False
        epochs = self.max_epochs - vars(self).get("n_resumed_", 0)
        super().fit_loop(*args, epochs=epochs, **kwargs)
        self.finished_ = True
        return self

    def get_split_datasets(self, X, y=None, **fit_params):
        """Return the `Samples` to learn from and to validate on."""
        return self.samples_

    def get_iterator(self, dataset, training=False):
        """Iterate over batches of `Samples`."""
        return super().get_iterator(dataset.sequences, training)

    @property
    def _default_callbacks(self):
        return [
            ("epoch_timer", EpochTimer()),
            ("train_loss", EpochMean("train_loss", on_train=True)),
            ("valid_loss", EpochMean("valid_loss")),
            ("print_log", EpochLog()),
        ]

    def predict(self, X):
        """Predict as the estimator does."""
        return self._owner.predict(X)

    def predict_proba(self, X):
        """Predict as the estimator does."""
        return self._owner.predict_proba(X)

    @property
    def decision_function(self):
        """That of the estimator, if it has one."""
        return self._owner.decision_function

    @property
    def score(self):
        """That of the estimator."""
        return self._owner.score

    @property
    def classes_(self):
        """Those of the estimator, if it has some."""
        return self._owner.classes_

    def __sklearn_tags__(self):
        owner = vars(self).get("estimator_")
        return super().__sklearn_tags__() if owner is None else owner.__sklearn_tags__()

    @property
    def _owner(self):
        if "estimator_" not in vars(self):
            raise AttributeError("A net predicts during training only: call the estimator.")
        return self.estimator_

    def end_training(self):
        """Drop what belongs to one training: data, callbacks, threads."""
        self.callbacks, self.callbacks_ = None, []
        for name in TRANSIENT.intersection(vars(self)):
            delattr(self, name)

    def __getstate__(self):
        """Leave out what belongs to one training: data, callbacks, threads."""
        state = super().__getstate__()
        for name in TRANSIENT:
            state.pop(name, None)
        return {**state, "callbacks": None, "callbacks_": []}


def make_net(options):
    """Build an initialized, untrained net; see `net_options`."""
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

    Weights and history are copied; so are the optimizer's moments, if the optimizer is the same.
    """
    new = make_net(options)
    try:
        new.module_.load_state_dict(grow_weights(net.module_.state_dict(), new.module_))
    except RuntimeError:
        raise ValueError(
            "What was learned does not fit the network that the parameters now describe. Put "
            "those that shape it (hidden_size, n_layers and the like) back, or call fit with "
            "warm_start=False to begin anew."
        ) from None
    new.history.extend(net.history)
    new.policies_ = net.policies_
    for weight, earlier in zip(new.module_.parameters(), net.module_.parameters(), strict=True):
        weight.requires_grad_(earlier.requires_grad)  # a Freezer may have been there
    if type(new.optimizer_) is type(net.optimizer_):
        state = deepcopy(net.optimizer_.state_dict())
        state["param_groups"] = new.optimizer_.state_dict()["param_groups"]
        grow_moments(state, new.optimizer_)
        new.optimizer_.load_state_dict(state)
    return new


def dump_net(net):
    """Return what a pickle holds of a net: its weights as arrays, and the names of frozen ones."""
    weights = {name: w.cpu().numpy() for name, w in net.module_.state_dict().items()}
    return weights, [n for n, w in net.module_.named_parameters() if not w.requires_grad]


def load_net(options, weights, epochs, frozen):
    """Build a net from what `dump_net` returned and the history, a list of dicts.

    A device that this machine lacks becomes the CPU. The optimizer starts anew.
    """
    try:
        choose_device(options["device"])
    except ValueError:
        options = {**options, "device": "cpu"}
    _check_sizes(options, weights)
    with seeded(0):  # the first weights are drawn in vain
        net = make_net(options)
    _set_weights(net, weights)
    for name in frozen:
        net.module_.get_parameter(name).requires_grad_(False)
    for epoch in epochs:
        net.history.append({**epoch, "batches": []})
    return net


def _check_sizes(options, weights):
    """Check that weights fit a network before it is built, since a wrong one may be huge."""
    prefix = "module__"
    arguments = {k.removeprefix(prefix): v for k, v in options.items() if k.startswith(prefix)}
    if isinstance(options["module"], type) and issubclass(options["module"], SequenceNet):
        sizes = None
        if arguments["n_layers"] <= len(weights):
            with torch.device("meta"), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch's, of layers without units
                network = options["module"](**arguments)
            sizes = {name: tuple(weight.shape) for name, weight in network.state_dict().items()}
        if sizes != {name: weight.shape for name, weight in weights.items()}:
            raise ValueError("The stored weights do not fit the network that is to have them.")


def _set_weights(net, weights):
    """Copy weights into a net; those that a file is mapped to, page by page, stay there."""
    state = {name: to_tensor(weight) for name, weight in weights.items()}
    own = net.module_.state_dict(keep_vars=True)
    for name, weight in weights.items():
        is_mapped = isinstance(weight, np.memmap) and weight.mode == "c" and net.device == "cpu"
        if is_mapped and name in own and own[name].dtype == state[name].dtype:
            own[name].data = state[name]
            state[name] = own[name]  # which is not copied onto itself
    net.module_.load_state_dict(state)
