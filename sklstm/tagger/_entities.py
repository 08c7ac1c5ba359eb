"""Entities from predicted tags, with their probabilities."""

from itertools import chain, pairwise

import torch

from sklstm.entities import Entity
from sklstm.tags._spans import OUTSIDE, continuations


def span_probabilities(crf, emissions, lengths, spans, tags):
    """Compute the probability of each span, with its start, its end and its type.

    Parameters
    ----------
    crf : LinearChainCRF
        The distribution over paths.
    emissions : Tensor of shape (n_sequences, n_steps, n_tags)
        The emissions of the network.
    lengths : Tensor of shape (n_sequences,)
        Real steps of each sequence.
    spans : list of lists of Span
        The spans of each sequence.
    tags : list of str
        The tags, in the order of their codes, in any scheme.

    Returns
    -------
    list of lists of float
        The probabilities, summed over all paths with the span.
    """
    found = [(row, span) for row, in_row in enumerate(spans) for span in in_row]
    if not found:
        return [[] for _ in spans]
    device = emissions.device
    kinds = [None if tag == OUTSIDE else tag.partition("-")[2] for tag in tags]
    opens = {kind: [other == kind for other in kinds] for kind in set(kinds)}
    log_probabilities = crf.segment_log_probabilities(
        emissions,
        lengths,
        torch.tensor([(row, span.start, span.end) for row, span in found], device=device),
        torch.tensor([opens[span.type] for _, span in found], device=device),
        torch.from_numpy(continuations(tags)).to(device),
    )
    probabilities = iter(log_probabilities.exp().tolist())
    return [[next(probabilities) for _ in in_row] for in_row in spans]


def make_entities(sentences, spans):
    """Return the spans of each sentence as entities.

    Parameters
    ----------
    sentences : Sequences
        The sentences, with strings and without padding.
    spans : list of lists of tuple (Span, float)
        The spans of each sentence, with their probabilities.

    Returns
    -------
    list of lists of Entity
        The entities, with their positions in the text if these are known.
    """
    spans_of_steps, texts = sentences.char_spans, sentences.texts
    rows = zip(sentences.tokens(), pairwise(sentences.offsets.tolist()), spans, strict=True)
    entities = []
    for row, (tokens, (first, last), in_row) in enumerate(rows):
        places = None if spans_of_steps is None else spans_of_steps[first:last].tolist()
        text = None if texts is None else texts[row]
        entities.append([_make_entity(tokens, places, text, *found) for found in in_row])
    return entities


def _make_entity(tokens, places, text, span, confidence):
    tokens = tokens[span.start : span.end]
    if places is None:
        return Entity(*span, " ".join(tokens), confidence)
    places = places[span.start : span.end]
    start, end = places[0][0], places[-1][1]
    if text is not None:
        return Entity(*span, text[start:end], confidence, start, end)
    gaps = (" " * (after[0] - before[1]) for before, after in pairwise(places))
    joined = "".join(chain.from_iterable(zip(tokens, [*gaps, ""], strict=True)))
    return Entity(*span, joined, confidence, start, end)
