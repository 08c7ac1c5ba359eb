"""What a training warns of: how it ended, and numbers that its cells cannot tell apart."""

import warnings

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning

from sklstm._arguments import levels_to_caller
from sklstm.nn.networks import SequenceNet

STEEP_SHARE = 1 / 3  # of the fall of the loss, in the last quarter of training
MIN_FALL = 0.1  # of the loss, in the last quarter of training
NOTHING = 1e-4  # a loss of one that has learned everything
MAX_PROBED, MIN_PROBED = 100, 10  # sequences that are compared
LARGE = 10.0  # size of a number that may saturate a cell
SMALL_STD = 1e-3  # of numbers that may be too small to move a cell
SATURATED_STD = 0.1  # of states of saturated cells, which lie between -1 and 1
UNMOVED_STD = 1e-4  # of states of cells which see the same all the time


def warn_of_fallback(net):
    """Warn if the device cannot compute in the precision that is set."""
    if net.falls_back:
        warnings.warn(
            f"precision='bfloat16' trains in float32 here: the device {net.device!r} has "
            "no LSTM kernel in bfloat16. Set precision='auto' to train without this warning.",
            UserWarning,
            stacklevel=levels_to_caller(),
        )


def warn_of_ending(ending, n_epochs, lr, max_grad_norm):
    """Warn of an ending that `train` returned, unless it is ``"finished"``."""
    if ending == "interrupted":
        warnings.warn(
            f"Training was interrupted in epoch {n_epochs + 1}; the estimator keeps what "
            "it has learned so far and can be used.",
            UserWarning,
            stacklevel=levels_to_caller(),
        )
    if ending == "diverged":
        advice = (
            f"The loss became infinite or NaN in epoch {n_epochs + 1}. Lower lr (it is "
            f"{lr}), set max_grad_norm (it is {max_grad_norm}) or scale X."
        )
        if not n_epochs:
            raise ValueError(advice)
        advice += f" The weights of epoch {n_epochs} are kept."
        warnings.warn(advice, ConvergenceWarning, stacklevel=levels_to_caller())


def warn_of_falling_loss(losses):
    """Warn if the last quarter of training brought more than its share of what was learned.

    Parameters
    ----------
    losses : list of float
        The training loss of each epoch.
    """
    n_epochs = len(losses)
    if n_epochs < 8:  # a trial
        return
    first, before, last = losses[0], losses[-1 - n_epochs // 4], losses[-1]
    fall = before - last
    if fall <= max(STEEP_SHARE * (first - last), MIN_FALL * abs(before), NOTHING):
        return
    warnings.warn(
        f"Training ended while its loss still fell steeply, from {before:.3g} to {last:.3g} in the "
        f"last quarter of {n_epochs} epochs. Raise max_epochs, or lr.",
        ConvergenceWarning,
        stacklevel=levels_to_caller(),
    )


def warn_of_saturation(net, sequences, is_standardised):
    """Warn if the state is always the same, since the numbers are too large or too small."""
    if not isinstance(net.module_, SequenceNet):  # the user's own
        return
    rows = np.unique(np.linspace(0, len(sequences) - 1, MAX_PROBED, dtype=int))
    if len(rows) < MIN_PROBED:
        return
    batch = sequences.batch(rows)
    size = batch.steps.abs().max().item()
    differing = batch.steps.flatten(1).double().std(dim=0).max().item()
    if not differing or (size <= LARGE and differing >= SMALL_STD):
        return

    def last_outputs(steps, lengths, **_):
        outputs = net.module_.recurrent_outputs(steps, lengths)  # (N, T, D * H)
        return outputs[torch.arange(len(lengths)), lengths.clamp(min=1) - 1].float()

    spread = net.compute(last_outputs, batch).std(dim=0).max().item()
    if spread >= (SATURATED_STD if size > LARGE else UNMOVED_STD):
        return
    unit = " standard deviations" if is_standardised else ""
    cause = f"values of up to {size:.3g}{unit} saturate its cells"
    if size <= LARGE:
        cause = f"values that differ by about {differing:.1g}{unit} do not move its cells"
    advice = "Set standardize='feature'."
    if is_standardised:
        advice = (
            "Their unit is that of all samples that were learned from so far, and of any outliers "
            "in them: fit anew, clip outliers, or pass logarithms."
        )
    warnings.warn(
        f"The network hardly tells the sequences of X apart: {cause}, so that predictions are "
        f"about constant. {advice}",
        ConvergenceWarning,
        stacklevel=levels_to_caller(),
    )
