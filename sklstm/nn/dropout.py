"""Dropout, with torch's generator or a thread's own."""

from contextlib import contextmanager
from threading import local

import torch
from torch import nn

_thread = local()


@contextmanager
def dropout_generator(generator):
    """Give the dropout of this thread its own generator, within a ``with`` block.

    Parameters
    ----------
    generator : torch.Generator
        The generator.

    Yields
    ------
    None
        Nothing.
    """
    _thread.generator = generator
    try:
        yield
    finally:
        del _thread.generator


def dropout(x, p, shape=None):
    """Set random values to zero, and scale the others by :math:`1 / (1 - p)`.

    Parameters
    ----------
    x : Tensor
        The values.
    p : float
        Probability of dropping a value.
    shape : tuple, default=None
        Shape of the mask, which is broadcast to `x`; by default the shape of `x`.

    Returns
    -------
    Tensor
        The shape of `x`.
    """
    if not p:
        return x
    return x * bernoulli(1 - p, x.new_empty(x.shape if shape is None else shape)).div_(1 - p)


def bernoulli(p, out):
    """Fill a tensor with ones and zeros at random, from this thread's generator.

    Parameters
    ----------
    p : float
        Probability of a one, below 1; it is rounded to 16 bits.
    out : Tensor
        The tensor to fill.

    Returns
    -------
    Tensor
        `out`.
    """
    # sixteen random bits for each value: several times as fast as bernoulli_, which draws doubles
    bits = torch.empty(-(-out.numel() // 4), dtype=torch.int64, device=out.device)
    bits.random_(-(2**63), None, generator=getattr(_thread, "generator", None))
    integers = bits.view(torch.int16)[: out.numel()].view(out.shape)
    limit = min(round(p * 2**16), 2**16 - 1) - 2**15  # above it are 1 - p of all such integers
    return out.copy_(integers < limit)


class Dropout(nn.Module):
    """Dropout on a batch of sequences, with a mask per step or one for all steps.

    Parameters
    ----------
    p : float
        Probability of dropping a value.
    locked : bool, default=False
        Drop the same features at every step of a sequence (variational dropout [1]_), which
        regularises recurrent nets better than a new mask at each step.

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
        return dropout(x, self.p, (len(x), 1, x.shape[-1]) if self.locked else None)
