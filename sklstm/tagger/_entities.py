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
    owners = [row for row, in_row in enumerate(spans) for _ in in_row]
    if not owners:
        return [[] for _ in spans]
    # a copy of the emissions for each span, in which all other tags are ruled out inside of it
    forced = emissions[owners]  # (S, T, K)
    tags = torch.arange(emissions.shape[-1], device=emissions.device)
    flat = (span for in_row in spans for span in in_row)
    for copy, row, span in zip(forced, owners, flat, strict=True):
        inside = slice(span.start, span.end)
        copy[inside].masked_fill_(tags != paths[row, inside, None], -torch.inf)
    every_path = crf.log_partition(emissions, lengths)[owners]
    logs = crf.log_partition(forced, lengths[owners]) - every_path
    probabilities = iter(logs.exp().clamp(max=1.0).tolist())
    return [[next(probabilities) for _ in in_row] for in_row in spans]


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
