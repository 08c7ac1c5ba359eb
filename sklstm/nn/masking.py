"""The mask of right-padded sequences, and how to reverse them in time."""

import torch


def padding_mask(lengths, n_steps):
    """Return the mask that tells real steps from padding.

    Parameters
    ----------
    lengths : LongTensor of shape (n_sequences,)
        Real steps of each sequence.
    n_steps : int
        Steps of the padded batch.

    Returns
    -------
    BoolTensor of shape (n_sequences, n_steps, 1)
        True where a step is real.
    """
    steps = torch.arange(n_steps, device=lengths.device)
    return (steps < lengths[:, None])[:, :, None]


def common_length(lengths):
    """Return the length that all sequences of a batch have, if there is one.

    A single sequence has one. Slices then do what otherwise needs masks and indices.

    Parameters
    ----------
    lengths : LongTensor of shape (n_sequences,)
        Real steps of each sequence.

    Returns
    -------
    int or None
        The length. None on a GPU, which the question would hold up.
    """
    distinct = set(lengths.tolist()) if lengths.device.type == "cpu" else ()
    return distinct.pop() if len(distinct) == 1 else None


def reversal_index(lengths, n_steps):
    """Return the index into the flattened batch that reverses each sequence.

    Parameters
    ----------
    lengths : LongTensor of shape (n_sequences,)
        Real steps of each sequence.
    n_steps : int
        Steps of the padded batch.

    Returns
    -------
    LongTensor of shape (n_sequences * n_steps,)
        A permutation that is its own inverse; padding stays padding.
    """
    steps = torch.arange(n_steps, device=lengths.device)
    source = (lengths[:, None] - 1 - steps) % n_steps  # (N, T)
    return (source + n_steps * torch.arange(len(lengths), device=lengths.device)[:, None]).ravel()


def reverse_padded(x, index):
    """Reverse the real steps of each sequence; padding stays on the right.

    Parameters
    ----------
    x : Tensor of shape (n_sequences, n_steps, n_features)
        The sequences.
    index : LongTensor of shape (n_sequences * n_steps,), or int
        See `reversal_index`; or the `common_length`.

    Returns
    -------
    Tensor
        The shape of `x`.
    """
    if isinstance(index, int):
        if index == x.shape[1]:
            return x.flip(1)
        return torch.cat([x[:, :index].flip(1), x[:, index:]], dim=1)
    return _Permute.apply(x, index)


class _Permute(torch.autograd.Function):
    """Take rows by a permutation that is its own inverse.

    The gradient is then the same gather, which is far cheaper than autograd's scatter.
    """

    @staticmethod
    def forward(ctx, x, index):
        ctx.save_for_backward(index)
        return x.flatten(0, 1).index_select(0, index).view_as(x)

    @staticmethod
    def backward(ctx, gradient):
        return _Permute.apply(gradient, *ctx.saved_tensors), None
