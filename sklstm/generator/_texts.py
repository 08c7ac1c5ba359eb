"""Texts as users pass them, and as the network reads them."""

import warnings
from reprlib import repr as shorten

import numpy as np

from sklstm._arguments import levels_to_caller
from sklstm._samples import Samples
from sklstm._text_checks import check_symbols, check_texts
from sklstm.generator._sampler import BOUNDARY
from sklstm.sequences import Sequences
from sklstm.sequences._sequences import token_sequences

LONG_TEXT_SYMBOLS = 10_000  # above it, a text is too long to be learned as a whole
CLUSTER_SHARES = (0.8, 0.95)  # of the text: what the first clusters of the adaptive softmax cover

OWN_VECTORS = (
    "LSTMGenerator learns its own embeddings, for tokens that it can sample: pass the tokens of a "
    "Tokenizer, or the Sequences of a TokenIndexer."
)


def texts_to_sequences(X, level):
    """Return texts as sequences of symbols.

    Parameters
    ----------
    X : array-like of str, or token lists or Sequences
        The user's input.
    level : {"char", "token"}
        Whether symbols are characters or tokens.

    Returns
    -------
    Sequences
        With categories, without padding.
    """
    if level == "token":
        return _token_sequences(X)
    if isinstance(X, Sequences) or _holds_token_lists(X):
        raise TypeError(
            "With level='char' every text is a str, but X holds tokens. Pass the texts "
            "themselves, or set level='token'."
        )
    return Sequences.from_tokens(check_texts(X))


def _token_sequences(X):
    if isinstance(X, Sequences) and X.vectors is not None:
        raise ValueError(f"X holds word vectors. {OWN_VECTORS}")
    return token_sequences(X, OWN_VECTORS).without_padding()


def _holds_token_lists(X):
    return isinstance(X, (list, tuple)) and any(isinstance(text, (list, tuple)) for text in X)


def shift_targets(sequences):
    """Return inputs and shifted targets: each symbol is the target of the one before it.

    Parameters
    ----------
    sequences : Sequences
        The texts.

    Returns
    -------
    dict of ndarray
        Arguments of `SequenceDataset`, with one step more than the texts: the first input is the
        start, the last target the end.
    """
    n_texts, lengths = len(sequences), sequences.lengths
    places = np.arange(len(sequences.codes)) + np.repeat(np.arange(n_texts), lengths)
    inputs = np.full(len(places) + n_texts, BOUNDARY, np.int32)
    targets = np.full(len(places) + n_texts, BOUNDARY, np.int64)
    inputs[places + 1] = targets[places] = sequences.codes
    starts = sequences.offsets[:-1] + np.arange(n_texts)
    return {"values": inputs, "starts": starts, "lengths": lengths + 1, "step_targets": targets}


def balance(data):
    """Scale the weights so that the loss is a mean over symbols.

    Parameters
    ----------
    data : SequenceDataset
        The texts, with weights.

    Returns
    -------
    SequenceDataset
        The same object.
    """
    n_steps = np.average(data.lengths, weights=data.weights)
    data.weights = data.weights / (n_steps * data.weights.mean())
    return data


def hold_end_out(samples, level, fraction):
    """Hold out the end of a single text.

    Parameters
    ----------
    samples : Samples
        The text.
    level : {"char", "token"}
        Whether symbols are characters or tokens.
    fraction : float
        Share of the symbols to hold out; the end counts as a symbol.

    Returns
    -------
    tuple of Samples
        The beginning and the end of the text.
    """
    n_symbols = samples.sequences.lengths[0]
    n_held_out = round(fraction * n_symbols)
    if not 0 < n_held_out < n_symbols:
        raise ValueError(
            f"early_stopping cannot hold out validation_fraction={fraction} of {n_symbols} "
            "symbols; change the fraction, or pass X_val."
        )
    cut = n_symbols - n_held_out
    begin, end = samples.sequences.subset([0]), samples.sequences.subset([0])
    begin.lengths, end.lengths = np.array([cut]), np.array([n_held_out])
    end.starts = end.starts + cut
    [text] = texts_to_sequences(samples.X, level).tokens()
    texts = [text[:cut], text[cut:]]
    if level == "char":
        texts = ["".join(part) for part in texts]
    rest = samples.targets, samples.sample_weight
    return Samples(texts[:1], rest[0], begin, rest[1]), Samples(texts[1:], rest[0], end, rest[1])


def warn_of_long_texts(data):
    """Warn of texts that are too long for a single optimizer step.

    Parameters
    ----------
    data : SequenceDataset
        Texts that are learned as a whole.
    """
    longest = data.lengths.max() - 1  # without the start
    if longest > LONG_TEXT_SYMBOLS:
        warnings.warn(
            f"A text of {longest:,} symbols is learned as a whole, with a single optimizer "
            "step in an epoch. Set bptt_steps, for example to 100.",
            UserWarning,
            stacklevel=levels_to_caller(),
        )


def check_vocabulary(symbols, vocabulary):
    """Check that symbols named after the first call are in its vocabulary.

    Parameters
    ----------
    symbols : iterable of str
        The symbols.
    vocabulary : dict of str to int
        The vocabulary of the network.
    """
    unknown = sorted(set(check_symbols(symbols, are_characters=False)).difference(vocabulary))
    if unknown:
        raise ValueError(
            f"symbols holds {shorten(unknown)}, which the first call did not know. Name all "
            "symbols in the first partial_fit."
        )


def choose_cutoffs(counts):
    """Choose where the clusters of an adaptive softmax begin.

    Parameters
    ----------
    counts : ndarray of int, shape (n_codes,)
        Count of each symbol, approximately in decreasing order.

    Returns
    -------
    list of int
        The head covers four fifths of the text, and the first cluster most of the rest.
    """
    covered = np.cumsum(counts) / np.sum(counts)
    cutoffs = 1 + np.searchsorted(covered, CLUSTER_SHARES)
    within = sorted({int(cutoff) for cutoff in cutoffs if cutoff < len(counts)})
    return within or [len(counts) - 1]
