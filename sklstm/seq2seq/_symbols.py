"""Symbols of sources and outputs: strings as sequences of characters, and their codes."""

from itertools import chain
from reprlib import repr as shorten

import numpy as np

from sklstm._arrays import plain, to_list
from sklstm._text_checks import check_symbols, check_tokens
from sklstm.nn.batches import SequenceDataset
from sklstm.nn.beam_search import BOUNDARY
from sklstm.sequences import Sequences

EXPECTED = "one str, or one list of str, for each sample"


def list_texts(X):
    """Return the texts of an input that holds strings.

    Parameters
    ----------
    X : object
        The input.

    Returns
    -------
    list of str or None
        The texts; None for an input of another kind.
    """
    if isinstance(X, Sequences):
        return None
    X = plain(X)
    if isinstance(X, (str, bytes)) or (
        hasattr(X, "__array__") and np.asarray(X).dtype.kind in "OUT"
    ):
        X = to_list(X, EXPECTED)
    if not isinstance(X, (list, tuple)) or not any(isinstance(sample, str) for sample in X):
        return None
    for position, sample in enumerate(X):
        if not isinstance(sample, str):
            raise TypeError(
                f"Some samples are strings, but sample {position} is {shorten(sample)} of type "
                f"{type(sample).__name__}: pass a string for each sample, or a list of tokens for "
                "each."
            )
    return list(X)


def check_outputs(y):
    """Check and return the sequences to predict.

    Parameters
    ----------
    y : list of str, list of lists of str, or Sequences
        A string or a list of tokens for each sample.

    Returns
    -------
    list of str, or list of (list or tuple) of str
        The sequences.
    """
    try:
        texts = list_texts(y)
        if texts is None:
            texts = y.tokens() if isinstance(y, Sequences) else check_tokens(y)
    except (TypeError, ValueError) as error:
        raise type(error)(f"y: {error}") from None
    return texts


class OutputSymbols:
    """The symbols of outputs and their codes.

    Parameters
    ----------
    y : list of str, or list of lists of str
        The outputs of the training data.
    declared : sequence of str, default=None
        Symbols that occur in later data.
    y_val : list of str, or list of lists of str, default=None
        The outputs of validation data.

    Attributes
    ----------
    are_texts : bool
        Whether outputs are strings.
    symbols : list of str
        The symbols, sorted. Their codes count from 1; code 0 is the end of an output.
    """

    def __init__(self, y, declared=None, y_val=None):
        self.are_texts = isinstance(y[0], str)
        declared = [] if declared is None else check_symbols(declared, self.are_texts)
        if not any(y):
            raise ValueError("Every sample of y is empty: there is nothing to learn from.")
        self.symbols = sorted({*chain(*y, *(y_val or [])), *declared})
        self._number()

    def _number(self):
        self._codes = {symbol: code for code, symbol in enumerate(self.symbols, start=1)}

    def __getstate__(self):
        """Leave out the codes, which follow from the symbols."""
        return {"are_texts": self.are_texts, "symbols": self.symbols}

    def __setstate__(self, state):
        vars(self).update(state)
        self._number()

    def check(self, y):
        """Check that outputs are strings, or token lists, as in ``fit``.

        Parameters
        ----------
        y : list of str, or list of lists of str
            The outputs.
        """
        if isinstance(y[0], str) != self.are_texts:
            kinds = "token lists", "strings"
            raise TypeError(
                f"In fit the samples of y were {kinds[self.are_texts]}, but now they are "
                f"{kinds[not self.are_texts]}."
            )

    def encode(self, y):
        """Encode the symbols of each output.

        Parameters
        ----------
        y : list of str, or list of lists of str
            The outputs.

        Returns
        -------
        SequenceDataset
            The codes, with 0 at the end of each output.
        """
        self.check(y)
        self.check_known(y)
        codes = self._codes
        rows = [[*map(codes.__getitem__, symbols), BOUNDARY] for symbols in y]
        lengths = np.array(list(map(len, rows)))
        return SequenceDataset(np.concatenate(rows), np.cumsum(lengths) - lengths, lengths)

    def check_known(self, y):
        """Check that all symbols of outputs are known.

        Parameters
        ----------
        y : list of str, or list of lists of str
            The outputs.
        """
        unseen = sorted({s for s in chain.from_iterable(y) if s not in self._codes})
        if unseen:
            raise ValueError(
                f"y contains the symbols {shorten(unseen)}, which are not among the "
                f"{len(self.symbols)} of the first fit. Name all symbols in the first partial_fit, "
                "or leave those samples out."
            )

    def decode(self, codes):
        """Decode the symbols of one output.

        Parameters
        ----------
        codes : list of int
            The codes, with an end.

        Returns
        -------
        str or list of str
            The symbols before the end.
        """
        named = [self.symbols[code - 1] for code in codes[: codes.index(BOUNDARY)]]
        return "".join(named) if self.are_texts else named
