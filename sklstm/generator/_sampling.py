"""Symbols drawn one after the other, for many texts at once."""

import numpy as np
import torch
from scipy.special import softmax

from sklstm.sequences import UNKNOWN

BOUNDARY = 0  # the code of a text's start where it is read, and of its end where it is written
FEWEST = 4  # rows of a product: from here on, a row's result does not depend on their number
AT_ONCE = 256  # draws that are made ahead


class Draws:
    """Uniform numbers for each text, which depend on no other text.

    Parameters
    ----------
    seed : int
        The seed of all texts.
    numbers : sequence of int
        The number of each text.
    """

    def __init__(self, seed, numbers):
        self.generators = [np.random.default_rng([seed, number]) for number in numbers]
        self.n_used = AT_ONCE

    def __next__(self):
        if self.n_used == AT_ONCE:
            self.ahead = np.stack([g.random(AT_ONCE) for g in self.generators])  # (N, 256)
            self.n_used = 0
        self.n_used += 1
        return self.ahead[:, self.n_used - 1]


class Rule:
    """How to choose a symbol.

    Parameters
    ----------
    temperature : float
        What the logarithms of the probabilities are divided by.
    top_k : int or None
        How many of the most probable symbols may be chosen.
    top_p : float or None
        Share of the probability that the most probable symbols must reach together.
    """

    def __init__(self, temperature, top_k, top_p):
        self.temperature = temperature
        self.top_k = top_k
        self.top_p = top_p

    def __call__(self, log_probabilities, draws):
        """Choose a symbol in each row.

        Parameters
        ----------
        log_probabilities : ndarray of shape (n_rows, n_codes)
            Of all symbols. The unknown one is never chosen: there is no way to write it.
        draws : ndarray of shape (n_rows,)
            Uniform numbers.

        Returns
        -------
        ndarray of int64, shape (n_rows,)
            Codes.
        """
        log_probabilities[:, UNKNOWN] = -np.inf
        p = self.probabilities(log_probabilities)
        reached = p.cumsum(axis=1)
        codes = (reached <= draws[:, None] * reached[:, -1:]).sum(axis=1)
        last = p.shape[1] - 1 - (p[:, ::-1] > 0).argmax(axis=1)  # beyond which rounding might go
        return np.minimum(codes, last)

    def probabilities(self, log_probabilities):
        """Compute what symbols are drawn with.

        Parameters
        ----------
        log_probabilities : ndarray of shape (n_rows, n_codes)
            Of the network.

        Returns
        -------
        ndarray of shape (n_rows, n_codes)
            In proportion to the probabilities, 0 for symbols that are left out.
        """
        highest = log_probabilities.max(axis=1, keepdims=True)
        with np.errstate(over="ignore"):  # at a very low temperature
            p = softmax((log_probabilities - highest) / self.temperature, axis=1)
        if self.top_k is None and self.top_p is None:
            return p
        order = np.argsort(-p, axis=1, kind="stable")
        if self.top_k is not None:
            np.put_along_axis(p, order[:, self.top_k :], 0.0, axis=1)
        if self.top_p is not None:
            ranked = np.take_along_axis(p, order, axis=1)
            before = ranked.cumsum(axis=1) - ranked
            ranked[before >= self.top_p * ranked.sum(axis=1, keepdims=True)] = 0.0
            np.put_along_axis(p, order, ranked, axis=1)
        return p


class Writer:
    """Iterate over the symbols of texts that are written side by side.

    Each step gives the numbers of the texts that go on, some of them twice, and the codes of
    their next symbols. The state of the network is kept, so a symbol costs the same wherever it
    stands.

    Parameters
    ----------
    network : LanguageModelNet
        In evaluation mode.
    prefix : list of int
        Codes that every text begins with.
    conditions : ndarray of shape (n_texts, n_conditions) or None
        What is known of each text.
    draws : Draws
        Of each text.
    rule : Rule
        How to choose.
    """

    def __init__(self, network, prefix, conditions, draws, rule):
        self.network = network
        self.draws = draws
        self.rule = rule
        self.texts = np.arange(len(draws.generators))  # the text of each row
        self.codes = None  # of the last symbols, unless they have been read
        self._read_prefix([BOUNDARY, *prefix], conditions)
        self._keep(self.texts)

    def __iter__(self):
        return self

    @torch.inference_mode()
    def __next__(self):
        if self.codes is not None:
            steps = torch.from_numpy(self.codes[:, None]).to(self.outputs.device)
            self.outputs, self.states = self._read(steps, self.conditions, self.states)
        log_probabilities = self.network.log_probabilities(self.outputs).double().cpu().numpy()
        self.codes = self.rule(log_probabilities, next(self.draws)[self.texts])
        running = np.flatnonzero(self.codes != BOUNDARY)
        if not len(running):
            raise StopIteration
        if len(running) < len(self.texts):
            self._keep(running)
        return self.texts, self.codes

    @torch.inference_mode()
    def _read_prefix(self, codes, conditions):
        """Read what all texts begin with, once for all that have the same conditions."""
        weight = self.network.embedding.weight
        steps = torch.tensor([codes], device=weight.device)
        self.conditions, known, rows = None, [None], np.zeros(len(self.texts), int)
        if conditions is not None:
            known, rows = np.unique(conditions, axis=0, return_inverse=True)
            known = torch.from_numpy(known).to(weight.device, weight.dtype)[:, None]
            rows = rows.ravel()
            self.conditions = known[rows, 0]
        outputs, states = zip(*(self._read(steps, condition) for condition in known), strict=True)
        self.outputs = torch.cat(outputs)[rows]
        # from a state for each condition and layer to a layer's states of all texts
        self.states = [
            tuple(torch.cat(parts)[rows] for parts in zip(*layer, strict=True))
            for layer in zip(*states, strict=True)
        ]

    def _read(self, steps, conditions, states=None):
        x = self.network.embed_steps(steps, conditions)
        outputs, states = self.network.recurrent.advance(x, states)
        return outputs[:, -1], states

    def _keep(self, rows):
        """Keep some rows, or as many copies of them as it takes."""
        rows = np.resize(rows, max(len(rows), FEWEST))
        self.texts = self.texts[rows]
        self.outputs = self.outputs[rows]
        self.states = [tuple(state[rows] for state in layer) for layer in self.states]
        if self.codes is not None:
            self.codes = self.codes[rows]
        if self.conditions is not None:
            self.conditions = self.conditions[rows]
