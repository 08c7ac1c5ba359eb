"""Several networks that predict symbols together: by the mean of their probabilities."""

from itertools import chain
from math import log

import torch

from sklstm.nn.beam_search import beam_search


class LanguageModelMixture:
    r"""Language models of which each symbol has the mean probability.

    .. math:: P(x_t \mid x_{<t}) = \frac1M \sum_m P_m(x_t \mid x_{<t})

    Their outputs stand side by side, in the order of the networks, and so do the states of their
    layers.

    Parameters
    ----------
    networks : list of LanguageModelNet
        Networks of the same shape; put into evaluation mode.
    """

    def __init__(self, networks):
        self.networks = [network.eval() for network in networks]

    @property
    def weight(self):
        """A weight of the first network, which has the device and the precision of all."""
        return self.networks[0].embedding.weight

    def advance(self, steps, conditions, states=None):
        """Run over a few steps.

        Parameters
        ----------
        steps : LongTensor of shape (n_sequences, n_steps)
            Codes of the symbols before those to predict.
        conditions : Tensor of shape (n_sequences, n_conditions) or None
            The condition of each text.
        states : list of tuple of Tensor, default=None
            The states of all layers; None for the initial ones.

        Returns
        -------
        outputs : Tensor of shape (n_sequences, n_networks * hidden_size)
            After the last step.
        states : list of tuple of Tensor
            The new states of all layers.
        """
        outputs, after = [], []
        for network, before in zip(self.networks, self._by_network(states), strict=True):
            x = network.embed_steps(steps, conditions)
            of_network, of_layers = network.recurrent.advance(x, before)
            outputs.append(of_network[:, -1])
            after += of_layers
        return torch.cat(outputs, dim=1), after

    def log_probabilities(self, outputs):
        """Compute the distribution of the next symbol.

        Parameters
        ----------
        outputs : Tensor of shape (n_outputs, n_networks * hidden_size)
            What `advance` returned.

        Returns
        -------
        Tensor of shape (n_outputs, n_codes)
            The log-probabilities, in nats.
        """
        parts = zip(self.networks, outputs.chunk(len(self.networks), dim=1), strict=True)
        return log_of_mean([network.log_probabilities(part) for network, part in parts])

    def losses(self, outputs, targets):
        """Compute the negative log-likelihood of the next symbols of each sequence.

        Parameters
        ----------
        outputs : list of Tensor, each of shape (n_sequences, n_steps, hidden_size)
            What each network returned.
        targets : LongTensor of shape (n_sequences, n_steps)
            Codes of the next symbols, -1 at padding.

        Returns
        -------
        Tensor of shape (n_sequences,)
            Sums over the steps, in nats.
        """
        parts = zip(self.networks, outputs, strict=True)
        logs = [-network.symbol_losses(part, targets) for network, part in parts]  # (R,) each
        return self.networks[0].sum_losses(-log_of_mean(logs), targets)

    def _by_network(self, states):
        if states is None:
            return [None] * len(self.networks)
        n_layers = len(states) // len(self.networks)
        return [states[start : start + n_layers] for start in range(0, len(states), n_layers)]


def search_together(networks, steps, lengths, vectors=None, **options):
    """Find the outputs that are most probable by the mean of networks, by beam search.

    Parameters
    ----------
    networks : list of Seq2SeqNet
        Networks of the same shape, in evaluation mode.
    steps, lengths, vectors
        As for `Seq2SeqNet.forward`.
    **options
        See `beam_search`.

    Returns
    -------
    symbols : LongTensor of shape (n_sequences, n_hypotheses, n_steps)
        Codes, best first, with 0 from the end on.
    log_probabilities : Tensor of shape (n_sequences, n_hypotheses)
        Of each of them.
    """
    decoders, first = zip(
        *(network.begin(steps, lengths, vectors) for network in networks), strict=True
    )
    n_layers = len(first[0])

    def advance(codes, states):
        found = [
            decoder(codes, states[number * n_layers : (number + 1) * n_layers])
            for number, decoder in enumerate(decoders)
        ]
        logs, states = zip(*found, strict=True)
        return log_of_mean(logs), [*chain(*states)]

    return beam_search(advance, [*chain(*first)], len(lengths), **options)


def log_of_mean(logs):
    """Return the logarithm of the mean of probabilities.

    Parameters
    ----------
    logs : sequence of Tensor
        Log-probabilities of each network, all of the same shape.

    Returns
    -------
    Tensor
        Of their shape; those of a single network as they are.
    """
    if len(logs) == 1:
        return logs[0]
    return torch.stack(tuple(logs)).logsumexp(dim=0) - log(len(logs))
