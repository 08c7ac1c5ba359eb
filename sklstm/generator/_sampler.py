"""The sampler: draws symbols one after another, for many texts in parallel."""

import numpy as np
import torch
from scipy.special import softmax

from sklstm.nn.beam_search import BOUNDARY
from sklstm.sequences._fields import UNKNOWN

MIN_ROWS = 4  # of a matrix product: with fewer, a row's result depends on their number
N_AHEAD = 256  # numbers drawn at once for each text


class UniformNumbers:
    """Random numbers between 0 and 1 for each text, independent of the other texts.

    Parameters
    ----------
    seed : int
        The seed of all texts.
    numbers : sequence of int
        The number of each text.
    """

    def __init__(self, seed, numbers):
        self.generators = [np.random.default_rng([seed, number]) for number in numbers]
        self.n_used = N_AHEAD

    def __next__(self):
        if self.n_used == N_AHEAD:
            self.ahead = np.stack([g.random(N_AHEAD) for g in self.generators])  # (N, 256)
            self.n_used = 0
        self.n_used += 1
        return self.ahead[:, self.n_used - 1]


class SamplingRule:
    """Draw symbols at a temperature, from all or from the most probable ones.

    Parameters
    ----------
    temperature : float
        Divides the log-probabilities.
    top_k : int or None
        Draw only from this many most probable symbols.
    top_p : float or None
        Draw only from the smallest set of most probable symbols with this total probability.
    """

    def __init__(self, temperature, top_k, top_p):
        self.temperature = temperature
        self.top_k = top_k
        self.top_p = top_p

    def __call__(self, log_probabilities, draws):
        """Draw a symbol for each row.

        Parameters
        ----------
        log_probabilities : ndarray of shape (n_rows, n_codes)
            Of all symbols. The unknown one is never drawn, since it has no string.
        draws : ndarray of shape (n_rows,)
            Uniform random numbers.

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
        """Compute the probabilities that symbols are drawn with.

        Parameters
        ----------
        log_probabilities : ndarray of shape (n_rows, n_codes)
            Of the network.

        Returns
        -------
        ndarray of shape (n_rows, n_codes)
            The probabilities, up to a factor; 0 for symbols that are left out.
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


class Sampler:
    """Iterate over the symbols of texts that are sampled in parallel.

    Each step yields the rows of the unfinished texts, some of them twice, and the codes of their
    next symbols. The state of the network is kept, so each symbol costs the same.

    Parameters
    ----------
    models : LanguageModelMixture
        One network, or several.
    prefix : list of int
        Codes of the symbols that every text begins with.
    conditions : ndarray of shape (n_texts, n_conditions) or None
        The condition of each text.
    draws : UniformNumbers
        The random numbers of each text.
    rule : SamplingRule
        Draws the symbols.
    """

    def __init__(self, models, prefix, conditions, draws, rule):
        self.models = models
        self.draws = draws
        self.rule = rule
        self.texts = np.arange(len(draws.generators))  # the text of each row
        self.codes = None  # of the last symbols, unless the network has read them
        self._run_prefix([BOUNDARY, *prefix], conditions)
        self._keep(self.texts)

    def __iter__(self):
        return self

    @torch.inference_mode()
    def __next__(self):
        if self.codes is not None:
            steps = torch.from_numpy(self.codes[:, None]).to(self.outputs.device)
            self.outputs, self.states = self.models.advance(steps, self.conditions, self.states)
        log_probabilities = self.models.log_probabilities(self.outputs).double().cpu().numpy()
        self.codes = self.rule(log_probabilities, next(self.draws)[self.texts])
        running = np.flatnonzero(self.codes != BOUNDARY)
        if not len(running):
            raise StopIteration
        if len(running) < len(self.texts):
            self._keep(running)
        return self.texts, self.codes

    @torch.inference_mode()
    def _run_prefix(self, codes, conditions):
        """Run over the prefix, once for all texts with the same condition."""
        weight = self.models.weight
        steps = torch.tensor([codes], device=weight.device)
        self.conditions, known, rows = None, [None], np.zeros(len(self.texts), int)
        if conditions is not None:
            known, rows = np.unique(conditions, axis=0, return_inverse=True)
            known = torch.from_numpy(known).to(weight.device, weight.dtype)[:, None]
            rows = rows.ravel()
            self.conditions = known[rows, 0]
        outputs, states = zip(
            *(self.models.advance(steps, condition) for condition in known), strict=True
        )
        self.outputs = torch.cat(outputs)[rows]
        # from a state for each condition and layer to a layer's states of all texts
        self.states = [
            tuple(torch.cat(parts)[rows] for parts in zip(*layer, strict=True))
            for layer in zip(*states, strict=True)
        ]

    def _keep(self, rows):
        """Keep some rows, repeated if they are fewer than the minimum."""
        rows = np.resize(rows, max(len(rows), MIN_ROWS))
        self.texts = self.texts[rows]
        self.outputs = self.outputs[rows]
        self.states = [tuple(state[rows] for state in layer) for layer in self.states]
        if self.codes is not None:
            self.codes = self.codes[rows]
        if self.conditions is not None:
            self.conditions = self.conditions[rows]
