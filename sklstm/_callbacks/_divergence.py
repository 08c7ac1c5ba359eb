"""Gradients and weights that must stay finite."""

from copy import deepcopy

import torch
from skorch.callbacks import Callback, GradientNormClipping


class Diverged(Exception):
    """The loss, or a weight, is no longer a finite number."""


class WeightedClipping(GradientNormClipping):
    """Clip gradients to a norm in proportion to the batch's weight, which clipping would undo."""

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
        """Drop the copy."""
        self.weights_ = None

    def state_dict(self):
        """Leave the copy out of checkpoints: the next epoch begins with another."""
        return {}

    def load_state_dict(self, state):
        """Take nothing up."""
