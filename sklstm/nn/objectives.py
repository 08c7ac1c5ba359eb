"""What training minimises: the losses of a micro-batch, and their gradients."""

import torch
from torch.nn import functional as F

from sklstm.nn.adversarial import perturbation


class Supervised:
    """The loss of labelled sequences, plain or as the mean with that of perturbed ones.

    Parameters
    ----------
    loss : callable
        Takes outputs and a slice of sequences; returns their share of the batch's loss.
    distance : float or None, default=None
        Of the adversarial perturbation, see `sklstm.nn.adversarial`.
    """

    def __init__(self, loss, distance=None):
        self.loss = loss
        self.distance = distance

    def differentiate(self, forward, inputs, part, weights, unit, seed, width=None):
        """Compute the loss, the outputs, and the gradients.

        Parameters
        ----------
        forward : callable
            Runs the network on embedded steps.
        inputs : Tensor of shape (n_sequences, n_steps, n_features)
            The embedded steps.
        part : slice
            Which sequences of the batch they are.
        weights : list of Parameter
            What to differentiate by, beside the inputs if these have gradients.
        unit : Tensor of shape () or None
            Of the distance.
        seed : int
            Of random numbers.
        width : int, default=None
            How many features of a step, the first ones, a perturbation moves; all by default.

        Returns
        -------
        tuple of (Tensor, Tensor, list of Tensor)
            The loss without perturbation, its outputs, and the gradients of the mean.
        """
        outputs = forward(inputs)
        loss = self.loss(outputs, part)
        gradients = _gradients(loss, inputs, weights)
        if self.distance is not None:
            moved = _moved(inputs, gradients[-1][..., :width], self.distance * unit)
            of_moved = _gradients(self.loss(forward(moved), part), moved, weights)
            gradients = [None if g is None else (g + m) / 2
                         for g, m in zip(gradients, of_moved, strict=True)]  # fmt: skip
        return loss.detach(), outputs.detach(), gradients


class Unlabelled:
    r"""Losses of sequences without labels: virtual adversarial [1]_, and entropy [2]_.

    With the predicted distribution :math:`p`, held constant in the first term,

    .. math::

        \lambda_v \, \mathrm{KL}(p(x) \,\|\, p(x + r)) + \lambda_e \, H(p(x))

    where :math:`r` of length :math:`\varepsilon` is where the divergence grows most, found by one
    step of power iteration from a random direction.

    Parameters
    ----------
    distance : float
        The length :math:`\varepsilon`.
    virtual, entropy : float
        The weights :math:`\lambda_v` and :math:`\lambda_e`.
    distribution : Labels or Paths
        What the outputs of the network say.
    n_terms : int
        What the losses are divided by: sequences in the whole batch, or real steps.

    References
    ----------
    .. [1] Miyato et al. (2019), Virtual adversarial training, IEEE TPAMI 41(8).
       https://doi.org/10.1109/TPAMI.2018.2858821
    .. [2] Grandvalet and Bengio (2004), Semi-supervised learning by entropy minimization, NIPS.
    """

    def __init__(self, distance, virtual, entropy, distribution, n_terms):
        self.distance = distance
        self.virtual = virtual
        self.entropy = entropy
        self.distribution = distribution
        self.n_terms = n_terms

    def differentiate(self, forward, inputs, part, weights, unit, seed, width=None):
        """Compute both losses, the outputs, and the gradients; see `Supervised`."""
        outputs = forward(inputs)
        entropy = self.distribution.entropy(outputs, part) / self.n_terms
        if self.entropy:
            gradients = _gradients(self.entropy * entropy, inputs, weights)
        else:
            gradients = [None] * len(weights) + [torch.zeros_like(inputs)]
        virtual = torch.zeros_like(entropy)
        if self.virtual:
            distance = self.distance * unit
            held = self.distribution.hold(outputs.detach(), part)

            def divergence(moved):
                return self.distribution.divergence(held, forward(moved), part)

            # as long as the perturbation: a shorter one drowns in the rounding of bfloat16
            moved = _moved(inputs, _noise_like(inputs[..., :width], seed), distance)
            [direction] = _gradients(divergence(moved), moved, [])
            moved = _moved(inputs, direction[..., :width], distance)
            virtual = divergence(moved) / self.n_terms
            of_virtual = _gradients(self.virtual * virtual, moved, weights)
            gradients = [_sum(*pair) for pair in zip(gradients, of_virtual, strict=True)]
        return torch.stack([virtual, entropy]).detach(), outputs.detach(), gradients


class Labels:
    """What the outputs say of one label for each sequence, or of several independent ones.

    Parameters
    ----------
    exclusive : bool
        Whether outputs are logits of exclusive classes, or each of a label by itself.
    """

    def __init__(self, exclusive):
        self.exclusive = exclusive

    def entropy(self, outputs, part):
        """Sum the entropies of some sequences."""
        logs = self._log_probabilities(outputs)
        return -(logs.exp() * logs).sum()

    def hold(self, outputs, part):
        """Return the distributions as `divergence` takes them."""
        return self._log_probabilities(outputs)

    def divergence(self, held, outputs, part):
        """Sum the divergences of the outputs' distributions from those that were held."""
        return (held.exp() * (held - self._log_probabilities(outputs))).sum()

    def _log_probabilities(self, outputs):
        """Return the logarithms of each distribution's probabilities, in the last axis."""
        outputs = outputs.float() if outputs.dtype == torch.bfloat16 else outputs
        if self.exclusive and outputs.shape[1] > 1:
            return F.log_softmax(outputs, dim=1)
        return torch.stack([F.logsigmoid(-outputs), F.logsigmoid(outputs)], dim=-1)


class Paths:
    """What emissions say of the tags of whole sequences, by a CRF.

    Parameters
    ----------
    crf : LinearChainCRF
        The distribution over paths.
    lengths : LongTensor of shape (n_sequences,)
        Real steps of each sequence of the batch.
    """

    def __init__(self, crf, lengths):
        self.crf = crf
        self.lengths = lengths

    def entropy(self, outputs, part):
        """Sum the entropies of some sequences."""
        return self.crf.entropy(outputs, self.lengths[part]).sum()

    def hold(self, outputs, part):
        """Return the distributions as `divergence` takes them."""
        return self.crf.expectations(outputs, self.lengths[part])

    def divergence(self, held, outputs, part):
        """Sum the divergences of the outputs' distributions from those that were held."""
        return self.crf.divergence(held, outputs, self.lengths[part]).sum()


def _noise_like(x, seed):
    generator = torch.Generator(x.device).manual_seed(seed)
    return torch.randn(x.shape, dtype=x.dtype, device=x.device, generator=generator)


def _gradients(loss, inputs, weights):
    """Return the gradients of the weights, and of the inputs if they have one."""
    wanted = [*weights, inputs] if inputs.requires_grad else weights
    return torch.autograd.grad(loss, wanted, allow_unused=True)


def _moved(inputs, direction, distance):
    """Move the first features of the inputs, those that have a direction."""
    by = perturbation(direction, distance)
    by = F.pad(by, (0, inputs.shape[-1] - by.shape[-1]))
    return (inputs.detach() + by).requires_grad_()


def _sum(gradient, other):
    """Return the sum of two gradients, None for one that is not used."""
    if gradient is None or other is None:
        return other if gradient is None else gradient
    return gradient + other
