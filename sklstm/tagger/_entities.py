"""Entities of predicted tags, with their probabilities."""

import torch

from sklstm.entities import Entity


def span_probabilities(crf, emissions, lengths, paths, spans):
    """Compute how probable it is that all steps of a span have their predicted tags.

    Parameters
    ----------
    crf : LinearChainCRF
        The distribution over paths.
    emissions : Tensor of shape (n_sequences, n_steps, n_tags)
        Of the network.
    lengths : Tensor of shape (n_sequences,)
        Real steps of each sequence.
    paths : Tensor of shape (n_sequences, n_steps)
        Codes of the predicted tags.
    spans : list of lists of Span
        The spans of each sequence.

    Returns
    -------
    list of lists of float
        Their probabilities.
    """
    places = [
        (row, span.start, span.end - 1) for row, in_row in enumerate(spans) for span in in_row
    ]
    if not places:
        return [[] for _ in spans]
    rows, firsts, lasts = torch.tensor(places, device=emissions.device).T
    # by the chain rule, since a tag depends on nothing before its neighbour
    tags = paths.clamp(min=0)[:, :, None]  # (N, T, 1)
    alone = crf.marginals(emissions, lengths).gather(2, tags)[:, :, 0].log()
    along = _log_moves(crf, emissions, lengths, tags).cumsum(1)  # (N, T)
    logs = alone[rows, firsts] + along[rows, lasts] - along[rows, firsts]
    probabilities = iter(logs.exp().clamp(max=1.0).tolist())
    return [[next(probabilities) for _ in in_row] for in_row in spans]


def _log_moves(crf, emissions, lengths, tags):
    """Return the log-probability of each tag given the one before it, (N, T); 0 at the first."""
    _, transitions, end = (weights.double() for weights in crf.weights())
    beta = end.expand(len(tags), -1)  # (N, K): the logarithm of the sum over all ways to go on
    moves = []
    for t in range(tags.shape[1] - 1, 0, -1):
        onward = emissions[:, t].double() + beta
        inside = (t < lengths)[:, None]
        beta = torch.where(inside, (transitions + onward[:, None]).logsumexp(2), end)
        before, after = tags[:, t - 1], tags[:, t]  # (N, 1)
        move = transitions[before, after] + onward.gather(1, after) - beta.gather(1, before)
        moves.append(move.masked_fill(~inside, 0.0))
    first = torch.zeros(tags.shape[0], 1, dtype=torch.double, device=tags.device)
    return torch.cat([first, *reversed(moves)], dim=1)


def make_entities(sentences, spans):
    """Describe the spans of each sentence.

    Parameters
    ----------
    sentences : Sequences
        With strings and without padding.
    spans : list of lists of tuple (Span, float)
        The spans of each sentence, with their probabilities.

    Returns
    -------
    list of lists of Entity
        With their places in the text if these are known.
    """
    rows = zip(sentences.tokens(), sentences.offsets[:-1].tolist(), spans, strict=True)
    return [
        [
            Entity(
                *span,
                " ".join(tokens[span.start : span.end]),
                confidence,
                *_place(sentences.char_spans, offset + span.start, offset + span.end),
            )
            for span, confidence in in_row
        ]
        for tokens, offset, in_row in rows
    ]


def _place(char_spans, start, end):
    if char_spans is None:
        return None, None
    return int(char_spans[start, 0]), int(char_spans[end - 1, 1])
