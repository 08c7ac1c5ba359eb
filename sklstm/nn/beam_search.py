"""Beam search for the most probable sequences of symbols."""

import torch
from torch.nn import functional as F

BOUNDARY = 0  # the symbol before the first one, and after the last


def length_penalty(n_symbols, alpha):
    r"""Compute the length penalty, by which log-probabilities are divided to favour long outputs.

    .. math:: \left( \frac{5 + n}{6} \right)^\alpha

    Parameters
    ----------
    n_symbols : Tensor
        Symbols :math:`n`, the end included.
    alpha : float
        The exponent; 0 for no penalty.

    Returns
    -------
    Tensor
        The shape of `n_symbols`.

    References
    ----------
    .. [1] Wu et al. (2016), Google's neural machine translation system.
       https://doi.org/10.48550/arXiv.1609.08144
    """
    return ((5 + n_symbols) / 6) ** alpha


def beam_search(advance, states, n_sequences, *, beam_size, max_length, alpha=0.0):
    """Find the best sequences of symbols.

    At each step every hypothesis is extended by each symbol, and the best ones are kept. Those
    that end are finished, and the best finished ones of all steps are kept; the others go on, until
    none of them can become better than the finished ones. With a beam of 1 this is greedy decoding,
    and with a beam that holds all sequences it is exact.

    Parameters
    ----------
    advance : callable
        Takes codes of shape (n_sequences, n_hypotheses) and states; returns the log-probabilities
        of the next symbols, of shape (n_sequences, n_hypotheses, n_symbols), and states. Code 0
        begins and ends a sequence.
    states : list of tuple of Tensor, each of shape (n_sequences, hidden_size)
        The states before the first symbol. Later ones have a row for each hypothesis.
    n_sequences : int
        Number of searches, which run in parallel.
    beam_size : int
        Number of hypotheses to keep.
    max_length : int
        Maximum number of symbols, without the end.
    alpha : float, default=0.0
        See `length_penalty`.

    Returns
    -------
    symbols : LongTensor of shape (n_sequences, n_hypotheses, n_steps)
        Codes, best first by the log-probability over the length penalty, with 0 from the end on.
    log_probabilities : Tensor of shape (n_sequences, n_hypotheses)
        Of the whole sequences, ends included; -inf where there are fewer sequences.
    """
    device = states[0][0].device
    codes = torch.full((n_sequences, 1), BOUNDARY, device=device)  # (N, B)
    symbols = codes.new_empty(n_sequences, 1, 0)  # (N, B, L)
    totals = states[0][0].new_zeros(n_sequences, 1)  # of unfinished hypotheses, otherwise -inf
    finished = Finished(totals, beam_size, alpha)
    for n_before in range(max_length + 1):
        logs, states = advance(codes, states)  # (N, B, K)
        if n_before == max_length:
            logs = logs.masked_fill(_all_but_end(logs), -torch.inf)
        n_hypotheses, n_codes = logs.shape[1:]
        candidates = (totals[:, :, None] + logs).flatten(1)
        totals, best = candidates.topk(min(beam_size, n_hypotheses * n_codes))  # (N, B')
        parents, codes = best // n_codes, best % n_codes
        past = symbols.gather(1, parents[:, :, None].expand(-1, -1, n_before))
        symbols = torch.cat([past, codes[:, :, None]], dim=2)
        ended = codes == BOUNDARY
        finished.add(symbols, totals.masked_fill(~ended, -torch.inf))
        totals = totals.masked_fill(ended, -torch.inf)
        totals = totals.masked_fill(~finished.may_improve(totals, max_length), -torch.inf)
        if totals.isneginf().all():
            break
        rows = (torch.arange(n_sequences, device=device)[:, None] * n_hypotheses + parents).ravel()
        states = [tuple(state[rows] for state in layer) for layer in states]
    return finished.symbols, finished.totals


class Finished:
    """The best hypotheses that have ended so far.

    Parameters
    ----------
    totals : Tensor of shape (n_sequences, n_hypotheses)
        Any values: they give the number of sequences, the device and the precision.
    size : int
        Number of hypotheses to keep for each sequence.
    alpha : float
        See `length_penalty`.

    Attributes
    ----------
    symbols : LongTensor of shape (n_sequences, n_kept, n_steps)
        Their codes, best first, with 0 from the end on.
    totals : Tensor of shape (n_sequences, n_kept)
        Their log-probabilities; -inf where there is none.
    scores : Tensor of shape (n_sequences, n_kept)
        The log-probabilities over the length penalty.
    """

    def __init__(self, totals, size, alpha):
        self.size = size
        self.alpha = alpha
        self.totals = self.scores = totals[:, :0]
        self.symbols = self.totals.new_empty(len(totals), 0, 0, dtype=torch.long)

    def add(self, symbols, totals):
        """Keep the best of the old and the new hypotheses.

        Parameters
        ----------
        symbols : LongTensor of shape (n_sequences, n_hypotheses, n_steps)
            Codes of the new ones, one symbol longer than those of the last call.
        totals : Tensor of shape (n_sequences, n_hypotheses)
            Their log-probabilities; -inf for those that have not ended.
        """
        scores = torch.cat([self.scores, self._score(totals, symbols.shape[2])], dim=1)
        self.scores, kept = scores.topk(min(self.size, scores.shape[1]))
        self.totals = torch.cat([self.totals, totals], dim=1).gather(1, kept)
        longer = F.pad(self.symbols, (0, symbols.shape[2] - self.symbols.shape[2]), value=BOUNDARY)
        rows = kept[:, :, None].expand(-1, -1, symbols.shape[2])
        self.symbols = torch.cat([longer, symbols], dim=1).gather(1, rows)

    def may_improve(self, totals, max_length):
        """Return which unfinished hypotheses may still become better than the worst finished one.

        Parameters
        ----------
        totals : Tensor of shape (n_sequences, n_hypotheses)
            Their log-probabilities so far, which can only fall.
        max_length : int
            Maximum number of symbols, without the end.

        Returns
        -------
        BoolTensor of shape (n_sequences, n_hypotheses)
            True where a hypothesis may still improve the result.
        """
        if self.scores.shape[1] < self.size:
            return torch.ones_like(totals, dtype=torch.bool)
        return self._score(totals, max_length + 1) > self.scores[:, -1:]

    def _score(self, totals, n_symbols):
        scores = totals / length_penalty(totals.new_tensor(n_symbols), self.alpha)
        return scores.masked_fill(totals.isneginf(), -torch.inf)  # however large the penalty


def _all_but_end(logs):
    return torch.arange(logs.shape[-1], device=logs.device) != BOUNDARY
