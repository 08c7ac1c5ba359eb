"""A linear recurrence over all steps, by a parallel scan."""

import torch
from torch.nn import functional as F


def linear_scan(keep, add, first):
    r"""Solve :math:`h_t = k_t \odot h_{t-1} + a_t`.

    Two steps of the recurrence are one of the same form, with
    :math:`k = k_2 k_1` and :math:`a = k_2 a_1 + a_2`; so blocks of steps are solved side by side,
    and then joined [1]_.

    Parameters
    ----------
    keep, add : Tensor of shape (n_sequences, n_steps, hidden_size)
        The terms :math:`k_t` and :math:`a_t`.
    first : Tensor of shape (n_sequences, hidden_size)
        :math:`h_0`.

    Returns
    -------
    Tensor of shape (n_sequences, n_steps, hidden_size)
        :math:`h_t` at every step.

    References
    ----------
    .. [1] Blelloch (1990), Prefix sums and their applications, CMU-CS-90-190.
    """
    n_sequences, n_steps, n_units = keep.shape
    size = max(1, round(n_steps**0.5))  # as many blocks as steps in a block
    n_blocks = -(-n_steps // size)
    k, a = (
        F.pad(term, (0, 0, 0, n_blocks * size - n_steps))
        .view(n_sequences, n_blocks, size, n_units)
        .permute(2, 0, 1, 3)
        .contiguous()  # (size, N, blocks, H): the same step of all blocks stands together
        for term in (keep, add)
    )
    for step in range(1, size):  # k, a become those from the start of the block
        a[step].addcmul_(k[step], a[step - 1])
        k[step].mul_(k[step - 1])
    states = [first]
    for block in range(n_blocks):  # (N, H) at the end of each block
        states.append(torch.addcmul(a[-1, :, block], k[-1, :, block], states[-1]))
    a.addcmul_(k, torch.stack(states[:-1], dim=1))  # what each block begins with
    return a.permute(1, 2, 0, 3).reshape(n_sequences, -1, n_units)[:, :n_steps]


def scan_back(keep, outputs, first, errors):
    r"""Pass gradients back through a linear recurrence.

    With :math:`e_t` the gradient by :math:`h_t` from outside, the whole gradient
    :math:`d_t = e_t + k_{t+1} \odot d_{t+1}` is the same recurrence, backwards. Then
    :math:`\partial L / \partial a_t = d_t` and
    :math:`\partial L / \partial k_t = d_t \odot h_{t-1}`.

    Parameters
    ----------
    keep, outputs, first : Tensor
        As in `linear_scan`, and what it returned.
    errors : Tensor of shape (n_sequences, n_steps, hidden_size)
        :math:`e_t`.

    Returns
    -------
    gradient : Tensor of shape (n_sequences, n_steps, hidden_size)
        :math:`d_t`.
    before : Tensor of shape (n_sequences, n_steps, hidden_size)
        :math:`h_{t-1}`.
    """
    later = F.pad(keep[:, 1:], (0, 0, 0, 1))  # k_{t+1}; after the last step nothing comes
    gradient = linear_scan(later.flip(1), errors.flip(1), torch.zeros_like(first)).flip(1)
    return gradient, torch.cat([first[:, None], outputs[:, :-1]], dim=1)
