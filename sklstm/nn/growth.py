"""Growth of a trained network's vocabulary, without losing what it has learned."""

import torch

from sklstm.sequences._fields import UNKNOWN


def grow_weights(weights, module):
    """Add the new rows of a larger module to the embeddings of a smaller one.

    A new row starts as that of unknown tokens, so growth alone changes no prediction.

    Parameters
    ----------
    weights : dict of Tensor
        A state dict of the module when it was smaller.
    module : Module
        The module with the larger embeddings.

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
    """Add zeros to an optimizer's moments for the new rows of its weights.

    Parameters
    ----------
    state : dict
        A state dict of the optimizer when the weights were smaller; changed in place.
    optimizer : Optimizer
        The optimizer of the larger weights.
    """
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    for number, moments in state["state"].items():
        for name, moment in moments.items():
            if torch.is_tensor(moment) and 0 < moment.ndim == weights[number].ndim:
                more = moment.new_zeros(len(weights[number]) - len(moment), *moment.shape[1:])
                moments[name] = torch.cat([moment, more])
