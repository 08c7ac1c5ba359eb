r"""A linear recurrence over all steps, by a parallel scan.

Two steps of :math:`h_t = k_t \odot h_{t-1} + a_t` are one step of the same form, with
:math:`k = k_2 k_1` and :math:`a = k_2 a_1 + a_2`. So the steps are split into blocks, which are
computed in parallel and then joined [1]_.

.. [1] Blelloch (1990), Prefix sums and their applications, Carnegie Mellon, CMU-CS-90-190.
"""

from itertools import pairwise

import torch
from torch.nn import functional as F


def to_blocks(x):
    """Split steps into about as many blocks as there are steps in a block.

    Parameters
    ----------
    x : Tensor of shape (n_sequences, n_steps, n_features)
        The steps.

    Returns
    -------
    Tensor of shape (size, n_sequences, n_blocks, n_features)
        The blocks, padded with zeros; the first axis is the step within a block.
    """
    n_sequences, n_steps, n_features = x.shape
    size = max(1, round(n_steps**0.5))
    padded = F.pad(x, (0, 0, 0, -n_steps % size))
    return padded.view(n_sequences, -1, size, n_features).permute(2, 0, 1, 3).contiguous()


def from_blocks(blocks, n_steps):
    """Join blocks.

    Parameters
    ----------
    blocks : Tensor of shape (size, n_sequences, n_blocks, n_features)
        What `to_blocks` returned.
    n_steps : int
        Number of steps.

    Returns
    -------
    Tensor of shape (n_sequences, n_steps, n_features)
        The steps in time order.
    """
    return blocks.permute(1, 2, 0, 3).flatten(1, 2)[:, :n_steps]


def scan(keep, add, first):
    r"""Solve :math:`h_t = k_t \odot h_{t-1} + a_t`.

    Parameters
    ----------
    keep, add : Tensor of shape (size, n_sequences, n_blocks, hidden_size)
        The terms, in blocks. `add` is overwritten.
    first : Tensor of shape (n_sequences, hidden_size)
        :math:`h_0`.

    Returns
    -------
    Tensor of shape (size, n_sequences, n_blocks, hidden_size)
        :math:`h_t` at every step.
    """
    return _scan(keep.clone(), add, first, forwards=slice(None))


def scan_back(keep, outputs, first, errors):
    r"""Pass gradients back through the recurrence.

    With the gradient :math:`e_t` of the output :math:`h_t` itself, the total gradient
    :math:`d_t = e_t + k_{t+1} \odot d_{t+1}` is the same recurrence, backwards. Then
    :math:`\partial L / \partial a_t = d_t` and
    :math:`\partial L / \partial k_t = d_t \odot h_{t-1}`.

    Parameters
    ----------
    keep, first : Tensor
        As in `scan`.
    outputs : Tensor
        What it returned.
    errors : Tensor of shape (size, n_sequences, n_blocks, hidden_size)
        :math:`e_t`.

    Returns
    -------
    gradient : Tensor of shape (size, n_sequences, n_blocks, hidden_size)
        :math:`d_t`.
    before : Tensor of shape (size, n_sequences, n_blocks, hidden_size)
        :math:`h_{t-1}`.
    """
    zeros = torch.zeros_like(first)
    # the step after a block's last one is the first of the next block
    later = torch.cat([keep[1:], torch.cat([keep[:1, :, 1:], zeros[None, :, None]], dim=2)])
    before = torch.cat(
        [torch.cat([first[None, :, None], outputs[-1:, :, :-1]], dim=2), outputs[:-1]]
    )
    return _scan(later, errors.clone(), zeros, forwards=slice(None, None, -1)), before


def _scan(k, a, first, forwards):
    """Scan in place, first to last or last to first."""
    k_steps, a_steps = k.unbind(0)[forwards], a.unbind(0)[forwards]  # (N, blocks, H) each
    for (k_1, a_1), (k_2, a_2) in pairwise(zip(k_steps, a_steps, strict=True)):
        a_2.addcmul_(k_2, a_1)  # now from the start of the block
        k_2.mul_(k_1)
    begins = torch.empty_like(a_steps[0])  # the state before each block
    blocks = (x.unbind(1)[forwards] for x in (k_steps[-1], a_steps[-1], begins))
    for k_block, a_block, begin in zip(*blocks, strict=True):  # (N, H)
        begin.copy_(first)
        first = torch.addcmul(a_block, k_block, first)
    return a.addcmul_(k, begins)
