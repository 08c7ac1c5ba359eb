"""Linear layers with Glorot weights."""

from torch import nn


def glorot_linear(n_inputs, n_outputs):
    """Return a linear layer with Glorot weights and a zero bias.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Its sizes.

    Returns
    -------
    torch.nn.Linear
        The layer.
    """
    layer = nn.Linear(n_inputs, n_outputs)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
