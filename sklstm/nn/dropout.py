"""Dropout, drawn from a generator of this thread's own or from torch's."""

from contextlib import contextmanager
from threading import local

import torch
from torch import nn

_own = local()  # what each thread has for itself


@contextmanager
def drawing_from(generator):
    """Let the dropout of this thread draw from a generator of its own.

    Parameters
    ----------
    generator : torch.Generator
        The generator.

    Yields
    ------
    None
        Nothing.
    """
    _own.generator = generator
    try:
        yield
    finally:
        del _own.generator


def drop(x, p, shape=None):
    """Set values to zero at random, and scale the others up.

    Parameters
    ----------
    x : Tensor
        The values.
    p : float
        Probability of dropping a value.
    shape : tuple, optional
        Shape of the draws, which broadcast over `x`; by default one for each value.

    Returns
    -------
    Tensor
        The shape of `x`.
    """
    if not p:
        return x
    return x * draw(1 - p, x.new_empty(x.shape if shape is None else shape)).div_(1 - p)


def draw(p, out):
    """Fill a tensor with ones at random, and zeros, from this thread's generator.

    Parameters
    ----------
    p : float
        Probability of a one, below 1; it is rounded to 16 bits.
    out : Tensor
        What to fill.

    Returns
    -------
    Tensor
        `out`.
    """
    # sixteen random bits for each value: several times as fast as bernoulli_, which draws doubles
    bits = torch.empty(-(-out.numel() // 4), dtype=torch.int64, device=out.device)
    bits.random_(-(2**63), None, generator=getattr(_own, "generator", None))
    integers = bits.view(torch.int16)[: out.numel()].view(out.shape)
    limit = min(round(p * 2**16), 2**16 - 1) - 2**15  # above it are 1 - p of all such integers
    return out.copy_(integers < limit)


class Dropout(nn.Module):
    """Dropout on a batch of sequences, locked in time at will.

    Parameters
    ----------
    p : float
        Probability of dropping a value.
    locked : bool, default=False
        Drop the same features at every step of a sequence, as [1]_ found to regularise
        recurrent nets better than a fresh draw at each step.

    References
    ----------
    .. [1] Gal and Ghahramani (2016), A theoretically grounded application of dropout in
       recurrent neural networks, NeurIPS. https://doi.org/10.48550/arXiv.1512.05287
    """

    def __init__(self, p, locked=False):
        super().__init__()
        self.p = p
        self.locked = locked

    def forward(self, x):
        """Drop values during training.

        Parameters
        ----------
        x : Tensor of shape (n_sequences, n_steps, n_features)
            The inputs.

        Returns
        -------
        Tensor
            The same shape.
        """
        if not self.training:
            return x
        return drop(x, self.p, (len(x), 1, x.shape[-1]) if self.locked else None)
