"""How many tokens of a corpus have a pretrained vector."""

from itertools import islice

N_EXAMPLES = 5


class Coverage:
    """The tokens of a corpus that have no vector.

    Parameters
    ----------
    counts : Counter
        How often each distinct token occurs, in the form in which it is looked up.
    unknown : dict of str to int
        Those without a vector, the most frequent first.
    n_variants : int
        Distinct tokens that were found in another form.
    """

    def __init__(self, counts, unknown, n_variants):
        self.unknown = unknown
        self.n_variants = n_variants
        self.n_types, self.n_tokens = len(counts), counts.total()
        self.n_unknown = sum(unknown.values())

    @property
    def is_low(self):
        """Whether most tokens have no vector, so that they all look alike to a network."""
        return 2 * self.n_unknown > self.n_tokens

    def summary(self):
        """Return a line for ``verbose``."""
        return (
            f"vectors for {self._share(self.n_tokens - self.n_unknown, self.n_tokens)} of the "
            f"tokens, and for {self._share(self.n_types - len(self.unknown), self.n_types)} of "
            f"{self.n_types:,} distinct ones, {self.n_variants:,} of them in another form"
        )

    def advice(self, vocabulary, embedder):
        """Return a warning: the figures, examples and what to do."""
        examples = list(islice(self.unknown, N_EXAMPLES))
        return (
            f"{self._share(self.n_unknown, self.n_tokens)} of the tokens of X, and "
            f"{self._share(len(self.unknown), self.n_types)} of the {self.n_types:,} distinct "
            f"ones, have no vector of their own, such as {_listed(examples)}; there are vectors "
            f"for {_listed(islice(vocabulary, N_EXAMPLES))}. Check that the vectors are for the "
            "language of X, and that X is split into tokens as they are."
            f"{self._hint(examples, vocabulary, embedder)}"
        )

    def _hint(self, examples, vocabulary, embedder):
        if not embedder.variants and any(key.lower() in vocabulary for key in self.unknown):
            return " Set lowercase=True, or variants=True, if they are for lower-cased words."
        if any("'" in token or "\u2019" in token for token in examples):
            split = 'Tokenizer(token_pattern=r"\\w+")'
            return f" For contractions, set variants=True, or split them, as {split} does."
        return ""

    @staticmethod
    def _share(part, whole):
        return f"{part / whole if whole else 0:.0%}"


def _listed(tokens):
    return ", ".join(map(repr, tokens))
