"""Networks whose vocabulary grows: what was learned before keeps its place."""

import torch

from sklstm.sequences import UNKNOWN


def grow_weights(weights, module):
    """Give embeddings the rows that a module has more.

    A new row begins as the one of unknown tokens, so that growth alone changes no prediction.

    Parameters
    ----------
    weights : dict of Tensor
        A state dict of the module when it was smaller.
    module : Module
        With embeddings that have as many rows, or more.

    Returns
    -------
    dict of Tensor
        A state dict of the module.
    """
    grown = dict(weights)
    for name, weight in module.state_dict().items():
        if name.endswith("embedding.weight") and name in weights:
            n_more = max(0, len(weight) - len(weights[name]))
            row = weights[name][UNKNOWN : UNKNOWN + 1]
            grown[name] = torch.cat([weights[name], row.expand(n_more, -1)])
    return grown


def grow_moments(state, optimizer):
    """Give an optimizer's moments zeros for the rows that its weights have more.

    Parameters
    ----------
    state : dict
        A state dict of the optimizer when the weights were smaller; it is changed.
    optimizer : Optimizer
        With weights that have as many rows, or more.
    """
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    for number, moments in state["state"].items():
        for name, moment in moments.items():
            if torch.is_tensor(moment) and 0 < moment.ndim == weights[number].ndim:
                more = moment.new_zeros(len(weights[number]) - len(moment), *moment.shape[1:])
                moments[name] = torch.cat([moment, more])
