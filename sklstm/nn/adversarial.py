"""Adversarial training: learn from inputs moved to where the loss is largest."""

import torch


def input_scale(x, lengths):
    """Compute the root mean square of the features of real steps.

    Parameters
    ----------
    x : Tensor of shape (n_sequences, n_steps, n_features)
        Embedded steps.
    lengths : LongTensor of shape (n_sequences,)
        Real steps of each sequence.

    Returns
    -------
    Tensor of shape ()
        The unit of perturbations: a network cannot escape them by larger embeddings.
    """
    squares = (x.detach().float() ** 2).mean(dim=2)  # (N, T)
    real = torch.arange(x.shape[1], device=x.device) < lengths[:, None]
    return (squares * real).sum().div(real.sum().clamp(min=1)).sqrt()


def perturbation(gradient, size):
    r"""Compute the perturbation of a given size that increases the loss most.

    To first order that is [1]_

    .. math::

        r = \varepsilon \, g / \|g\|_2

    with the gradient :math:`g` of the loss of a sequence by all its embedded steps together.

    Parameters
    ----------
    gradient : Tensor of shape (n_sequences, n_steps, n_features)
        The gradient by the inputs.
    size : float or Tensor of shape ()
        The norm :math:`\varepsilon`.

    Returns
    -------
    Tensor of shape (n_sequences, n_steps, n_features)
        The perturbation; 0 where the gradient is.

    References
    ----------
    .. [1] Miyato, Dai and Goodfellow (2017), Adversarial training methods for semi-supervised text
       classification, ICLR. https://arxiv.org/abs/1605.07725
    """
    largest = gradient.abs().amax(dim=(1, 2), keepdim=True)
    scaled = gradient / largest.clamp(min=torch.finfo(gradient.dtype).tiny)  # no underflow
    norms = scaled.norm(dim=(1, 2), keepdim=True)
    return size * scaled / norms.clamp(min=1.0)
