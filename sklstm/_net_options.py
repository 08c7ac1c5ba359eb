"""The parameters of an estimator as those of its skorch net."""

import re
import sys
from inspect import signature
from numbers import Integral

import torch

from sklstm.nn.batches import LengthBatches

OPTIMIZERS = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}

# what ``fit`` sets itself, and net_params cannot
RESERVED = {
    "batch_score",
    "callbacks",
    "criterion__reduction",
    "iterator_train__random_state",
    "max_epochs",
    "train_split",
    "use_caching",
}

BATCH_OPTIONS = {
    "batch_size",
    *(f"iterator_{part}__{name}" for part in ("train", "valid")
      for name in ("batch_size", "pool_size", "n_steps")),
}  # fmt: skip
# parameters of some estimators that say what is minimised
OBJECTIVES = ("adversarial", "virtual_adversarial", "entropy")


def net_options(
    estimator, network, architecture, batches, precision, criterion, score=None, pretrained=()
):
    """Return the arguments of an estimator's `Net`.

    Parameters
    ----------
    estimator : BaseLSTM
        Whose public parameters say how to train.
    network : type
        The class of its network.
    architecture, batches : dict
        Arguments of the network, and options of the net that say how it makes batches.
    precision, score : str, callable or None
        See `Net`.
    criterion : type
        The loss, a torch module that takes ``reduction="none"``.
    pretrained : sequence of list of str, default=()
        Patterns of the names of each pretrained layer's weights, the top layer first.
    """
    net_params = estimator.net_params or {}
    if not all(isinstance(name, str) for name in net_params):
        raise ValueError(f"net_params must have names as keys; got {list(net_params)!r:.80}.")
    if not RESERVED.isdisjoint(net_params):
        raise ValueError(
            f"net_params cannot set {sorted(RESERVED.intersection(net_params))}: use the "
            "estimator's parameters for that."
        )
    options = {
        "module": network,
        **{f"module__{name}": value for name, value in architecture.items()},
        "criterion": criterion,
        "criterion__reduction": "none",
        "batch_score": score,
        "optimizer": OPTIMIZERS.get(estimator.optimizer, estimator.optimizer),
        "optimizer__weight_decay": estimator.weight_decay,
        "lr": estimator.lr,
        "batch_size": estimator.batch_size,
        "iterator_train": LengthBatches,
        "iterator_valid": LengthBatches,
        **batches,
        "train_split": None,
        "device": estimator.device,
        "precision": precision,
        **{name: getattr(estimator, name) for name in OBJECTIVES if hasattr(estimator, name)},
        "pretrained": pretrained,
        "verbose": int(estimator.verbose),
    }
    if estimator.verbose and not sys.stdout.isatty():
        options["callbacks__print_log__sink"] = _print_without_colours
    rates = _layer_rates(estimator, pretrained)
    if rates:
        options["optimizer__param_groups"] = [(name, {"lr": rate}) for name, rate in rates.items()]
    options |= net_params
    if options["optimizer"] in (torch.optim.Adam, torch.optim.AdamW):
        options.setdefault("optimizer__fused", True)  # one pass over the weights
    _check_iterators(options)
    return options


def _layer_rates(estimator, pretrained):
    """Return the learning rates of weights that have their own, by patterns of names."""
    rates, rate = {}, estimator.lr
    for layer in pretrained:
        rate *= estimator.layer_lr_decay
        rates |= dict.fromkeys(layer, rate)
    if estimator.embedding_lr is not None:
        rates["embedding.*"] = estimator.embedding_lr
    return rates


def _check_iterators(options):
    """Check what would be noticed only when training begins."""
    for name in ("iterator_train", "iterator_valid"):
        prefix = f"{name}__"
        given = {key.removeprefix(prefix) for key in options if key.startswith(prefix)}
        given |= {"batch_size"} | ({"random_state"} if name == "iterator_train" else set())
        try:
            taken = signature(options[name])
            taken.bind(None, **dict.fromkeys(given))
        except TypeError as error:
            known = f"it takes {', '.join(taken.parameters)}" if callable(options[name]) else ""
            raise ValueError(
                f"net_params: {name}={options[name]!r:.80} cannot iterate over batches: {error}; "
                f"{known or 'expected a class such as sklstm.nn.batches.LengthBatches'}."
            ) from None
    for name in BATCH_OPTIONS.intersection(options):
        if not isinstance(options[name], Integral) or options[name] < 1:
            raise ValueError(
                f"net_params: {name} must be an integer of at least 1; got {options[name]!r}."
            )


def _print_without_colours(line):
    print(re.sub(r"\x1b\[\d+m", "", line), flush=True)
