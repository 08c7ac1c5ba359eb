"""Where the real steps of right-padded sequences are, and how to turn them round."""

import torch


def real_steps(lengths, n_steps):
    """Tell real steps from padding.

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


def reversed_rows(lengths, n_steps):
    """Find the rows of the flattened batch that turn each sequence round, and its padding.

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


def turn_round(x, rows):
    """Turn the sequences of a batch round.

    Parameters
    ----------
    x : Tensor of shape (n_sequences, n_steps, n_features)
        The sequences.
    rows : LongTensor of shape (n_sequences * n_steps,)
        See `reversed_rows`.

    Returns
    -------
    Tensor
        The shape of `x`.
    """
    return _Permute.apply(x, rows)


class _Permute(torch.autograd.Function):
    """Take rows by a permutation that is its own inverse.

    The gradient is then the same gather, which is far cheaper than autograd's scatter.
    """

    @staticmethod
    def forward(ctx, x, rows):
        ctx.save_for_backward(rows)
        return x.flatten(0, 1).index_select(0, rows).view_as(x)

    @staticmethod
    def backward(ctx, gradient):
        return _Permute.apply(gradient, *ctx.saved_tensors), None
