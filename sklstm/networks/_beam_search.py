"""Beam search: the most probable sequences of symbols, a few rivals at a time."""

import torch

BOUNDARY = 0  # the symbol before the first one, and after the last


def length_penalty(n_symbols, alpha):
    r"""Compute what log-probabilities are divided by, so that long sequences stand a chance.

    .. math:: \left( \frac{5 + n}{6} \right)^\alpha

    Parameters
    ----------
    n_symbols : Tensor of int
        Symbols :math:`n`, the end included.
    alpha : float
        0 for no correction.

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

    At each step all rivals are continued by each symbol, and the best of all are kept; those that
    have ended stay as they are. With a beam of 1 this is greedy decoding, and with a beam that
    holds all sequences it is exact.

    Parameters
    ----------
    advance : callable
        Takes codes of shape (n_sequences, n_rivals) and states; returns the log-probabilities of
        the next symbols, of shape (n_sequences, n_rivals, n_symbols), and states. Code 0 begins
        and ends a sequence.
    states : list of tuple of Tensor, each of shape (n_sequences, hidden_size)
        Before the first symbol. Later ones have a row for each rival.
    n_sequences : int
        Searches to make side by side.
    beam_size : int
        Rivals to keep.
    max_length : int
        Symbols after which a sequence must end.
    alpha : float, default=0.0
        See `length_penalty`.

    Returns
    -------
    symbols : LongTensor of shape (n_sequences, n_rivals, n_steps)
        Codes, best first, with 0 from the end on.
    log_probabilities : Tensor of shape (n_sequences, n_rivals)
        Of the whole sequences, their ends included; -inf where there is no further sequence.
    """
    device = states[0][0].device
    codes = torch.full((n_sequences, 1), BOUNDARY, device=device)  # (N, B)
    symbols = codes.new_empty(n_sequences, 1, 0)  # (N, B, L)
    totals = states[0][0].new_zeros(n_sequences, 1)
    n_symbols, ended = torch.zeros_like(codes), torch.zeros_like(codes, dtype=torch.bool)
    for n_before in range(max_length + 1):
        logs, states = advance(codes, states)  # (N, B, K)
        n_rivals, n_codes = logs.shape[1:]
        no_more = ended if n_before < max_length else torch.ones_like(ended)
        logs = logs.masked_fill(no_more[:, :, None] & _all_but_end(logs), -torch.inf)
        logs = logs.masked_fill(ended[:, :, None] & ~_all_but_end(logs), 0.0)
        n_symbols = n_symbols + ~ended
        candidates = totals[:, :, None] + logs
        ranks = candidates / length_penalty(n_symbols, alpha)[:, :, None]
        best = ranks.flatten(1).topk(min(beam_size, n_rivals * n_codes)).indices  # (N, B')
        parents, codes = best // n_codes, best % n_codes
        totals = candidates.flatten(1).gather(1, best)
        n_symbols = n_symbols.gather(1, parents)
        ended = ended.gather(1, parents) | (codes == BOUNDARY)
        past = symbols.gather(1, parents[:, :, None].expand(-1, -1, n_before))
        symbols = torch.cat([past, codes[:, :, None]], dim=2)
        if ended.all():
            break
        rows = (torch.arange(n_sequences, device=device)[:, None] * n_rivals + parents).ravel()
        states = [tuple(state[rows] for state in layer) for layer in states]
    return symbols, totals


def _all_but_end(logs):
    return torch.arange(logs.shape[-1], device=logs.device) != BOUNDARY
