"""The input encoder of a generator: the symbols of texts, and their counts."""

import warnings
from reprlib import repr as shorten

import numpy as np

from sklstm._arguments import levels_to_caller
from sklstm._input_encoder import InputEncoder
from sklstm._text_checks import check_symbols
from sklstm.generator._sampler import BOUNDARY
from sklstm.generator._texts import shift_targets, texts_to_sequences
from sklstm.sequences._fields import SPECIAL_TOKENS, UNKNOWN
from sklstm.text import TokenIndexer


class TextEncoder(InputEncoder):
    """Learn the symbols of texts, and encode texts with shifted targets.

    Parameters
    ----------
    level : {"char", "token"}
        Whether symbols are characters or tokens.
    max_tokens, min_count
        As for `TokenIndexer`.
    declared : sequence of str
        Symbols that occur in later data.
    precision : {"auto", "float32", "float64", "bfloat16"}
        The precision of the network.

    Attributes
    ----------
    symbols : list of str
        The symbols, in the order of their codes.
    counts : ndarray of int, shape (n_codes,)
        Counts of the symbols, including the end of a text.
    left_out : frozenset of str
        Symbols too rare for a code.
    """

    def __init__(self, level, max_tokens, min_count, declared, precision):
        super().__init__(precision="float32" if precision == "auto" else precision)
        self.level = level
        self.max_tokens = max_tokens
        self.min_count = min_count
        self.declared = declared

    def read(self, X, estimator):
        """Return texts as sequences of symbols."""
        return texts_to_sequences(X, self.level)

    def learn(self, inputs):
        """Learn the symbols, the most frequent first."""
        if not inputs.lengths.any():
            raise ValueError("Every text is empty: there is nothing to learn from.")
        indexer = TokenIndexer(max_tokens=self.max_tokens, min_count=self.min_count)
        learned = indexer.fit(inputs).vocabulary_
        declared = set(check_symbols(self.declared, self.level == "char"))
        self.kind = "tokens"
        self.symbols = [*SPECIAL_TOKENS, *learned, *sorted(declared.difference(learned))]
        self.n_codes = len(self.symbols)
        self.codes = {s: code for code, s in enumerate(self.symbols) if code > UNKNOWN}
        self.counts = np.bincount(inputs.codes_in(self.codes), minlength=self.n_codes)
        self.counts[BOUNDARY] = len(inputs)
        self.left_out = frozenset(inputs.categories[UNKNOWN + 1 :]).difference(self.codes)

    def grown(self, inputs):
        """Warn of new symbols, for which the softmax has no output."""
        new = sorted(set(inputs.categories[UNKNOWN + 1 :]).difference(self.codes, self.left_out))
        if new:
            warnings.warn(
                f"X holds symbols that the first fit had not: {shorten(new)}. They are read as "
                "unknown and never generated, since the softmax has no output for them. Name "
                "all symbols in the first partial_fit, or fit anew.",
                UserWarning,
                stacklevel=levels_to_caller(),
            )
        return self

    def encode(self, inputs, mask_padding):
        """Encode texts as flat steps, each with the next one as its target."""
        return shift_targets(inputs.with_categories(self.symbols, self.codes))

    def name_steps(self, inputs, mask_padding):
        """Return the names of the steps of each text, the start included."""
        return [["<start>", *text] for text in inputs.tokens()]
