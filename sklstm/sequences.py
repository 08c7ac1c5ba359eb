"""Ragged batches: the container ``Sequences``, its padder, and windows over a series."""

from itertools import chain

import numpy as np

PADDING, UNKNOWN = 0, 1
SPECIAL_TOKENS = ("<pad>", "<unk>")


class Sequences:
    """A ragged batch of token sequences, dictionary-encoded like a categorical.

    Sequence :math:`n` is ``codes[offsets[n]:offsets[n + 1]]``. A code is a row of the
    dictionary: ``categories[code]`` is its string and ``vectors[code]`` its embedding, so a
    batch of embedded documents costs four bytes a token plus one table, however wide the
    vectors are. Code 0 is padding and code 1 an unknown token, everywhere.

    It has the length, shape and indexing that scikit-learn needs to split it.

    Parameters
    ----------
    codes : array-like of int, shape (n_steps,)
        The codes of all sequences, one after the other.
    offsets : array-like of int, shape (n_sequences + 1,)
        Where each sequence starts in `codes`; the last entry is ``n_steps``.
    categories : sequence of str, optional
        The string of each code. The first two are ``"<pad>"`` and ``"<unk>"``. None when
        only ids are known.
    vectors : array-like of float, shape (n_categories, n_features), optional
        The embedding of each code, kept as float32. Row 0, the padding, is all zeros.

    Attributes
    ----------
    lengths : ndarray of int64, shape (n_sequences,)
        Steps stored for each sequence, padding included.
    shape : tuple
        ``(n_sequences,)``.

    See Also
    --------
    SequencePadder : Truncates and pads sequences.
    sklstm.TokenIndexer : Encodes tokens with a vocabulary learned in ``fit``.
    sklstm.Word2VecEmbedder : Attaches word vectors.

    Examples
    --------
    >>> from sklstm import Sequences
    >>> batch = Sequences.from_tokens([["a", "good", "film"], ["good"]])
    >>> batch.lengths
    array([3, 1])
    >>> batch[1:].tokens()
    [['good']]
    """

    def __init__(self, codes, offsets, categories=None, vectors=None):
        self.codes = np.asarray(codes, dtype=np.int32)
        self.offsets = np.asarray(offsets, dtype=np.int64)
        self.categories = categories
        self.vectors = None if vectors is None else np.asarray(vectors, dtype=np.float32)
        if self.codes.ndim != 1 or self.offsets.ndim != 1 or not len(self.offsets):
            raise ValueError("codes and offsets must be 1-D, and offsets must start with 0.")
        if self.offsets[0] != 0 or self.offsets[-1] != len(self.codes):
            raise ValueError(
                f"offsets must run from 0 to the number of codes, {len(self.codes)}; "
                f"got {self.offsets[0]} to {self.offsets[-1]}."
            )
        if np.any(np.diff(self.offsets) < 0):
            raise ValueError("offsets must not decrease.")
        if vectors is not None and self.vectors.ndim != 2:
            raise ValueError(f"vectors must be 2-D, got shape {self.vectors.shape}.")
        if categories is not None and vectors is not None and len(vectors) != len(categories):
            raise ValueError(f"Got {len(categories)} categories but {len(vectors)} vectors.")

    @classmethod
    def from_tokens(cls, tokens):
        """Encode lists of strings; every distinct string becomes a category.

        Parameters
        ----------
        tokens : iterable of list of str
            One list for each sequence. ``"<pad>"`` and ``"<unk>"`` keep their meaning.

        Returns
        -------
        Sequences
            Categories in the order of first appearance.
        """
        tokens = tokens if isinstance(tokens, (list, tuple, np.ndarray)) else list(tokens)
        index = dict(zip(SPECIAL_TOKENS, (PADDING, UNKNOWN), strict=True))
        # dict.fromkeys keeps first appearance and hashes each token once, in C
        for token in dict.fromkeys(chain.from_iterable(tokens)):
            index.setdefault(token, len(index))
        return cls(*_flatten(tokens, index.__getitem__), categories=list(index))

    @classmethod
    def from_ids(cls, ids):
        """Take ragged lists of ids, or an id matrix, as they are.

        Parameters
        ----------
        ids : sequence of array-like of int
            One row for each sequence; 0 is padding.

        Returns
        -------
        Sequences
            Without categories.
        """
        if isinstance(ids, np.ndarray) and ids.ndim == 2:
            return cls(ids.ravel(), np.arange(len(ids) + 1) * ids.shape[1])
        return cls(*_flatten(ids))

    def __len__(self):
        return len(self.offsets) - 1

    @property
    def shape(self):
        """Tuple ``(n_sequences,)``: one sample is one sequence."""
        return (len(self),)

    @property
    def ndim(self):
        """Always 1: a batch is a column of sequences."""
        return 1

    @property
    def lengths(self):
        """Steps stored for each sequence, padding included."""
        return np.diff(self.offsets)

    def __getitem__(self, key):
        if isinstance(key, tuple):  # scikit-learn asks for X[rows, ...]
            if len(key) != 2 or key[1] is not Ellipsis:
                raise IndexError(f"Sequences have one axis; got the index {key!r}.")
            key = key[0]
        if isinstance(key, (int, np.integer)):
            row = range(len(self))[key]
            codes = self.codes[self.offsets[row] : self.offsets[row + 1]]
            return codes if self.vectors is None else self.vectors[codes]
        if isinstance(key, slice) and key.step in (None, 1):
            start, stop, _ = key.indices(len(self))
            offsets = self.offsets[start : max(start, stop) + 1]
            return self._replace(self.codes[offsets[0] : offsets[-1]], offsets - offsets[0])
        return self._take(np.arange(len(self))[key])

    def _take(self, rows):
        lengths = self.lengths[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        # step t of the result comes from step t + (old start - new start) of its sequence
        source = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], lengths)
        return self._replace(self.codes[source], offsets)

    def _replace(self, codes, offsets):
        return Sequences(codes, offsets, self.categories, self.vectors)

    def __array__(self, dtype=None, copy=None):
        dense = np.zeros((len(self), self.lengths.max(initial=0)), np.int32)
        dense[np.arange(dense.shape[1]) < self.lengths[:, None]] = self.codes
        if self.vectors is not None:
            dense = np.where((dense > 0)[:, :, None], self.vectors[dense], np.float32(0))
        return dense if dtype is None else dense.astype(dtype, copy=False)

    def __repr__(self):
        width = "" if self.vectors is None else f", n_features={self.vectors.shape[1]}"
        known = "" if self.categories is None else f", n_categories={len(self.categories)}"
        return f"Sequences(n_sequences={len(self)}, n_steps={len(self.codes)}{known}{width})"

    def tokens(self):
        """Decode to one list of strings for each sequence, padding left out.

        Returns
        -------
        list of list of str
            ``"<unk>"`` stands for unknown tokens.
        """
        if self.categories is None:
            raise ValueError("These sequences hold ids without strings: categories is None.")
        real = self.without_padding()
        strings = list(map(self.categories.__getitem__, real.codes.tolist()))
        bounds = real.offsets.tolist()
        return [strings[a:b] for a, b in zip(bounds[:-1], bounds[1:], strict=True)]

    def without_padding(self):
        """Leave out every step of code 0.

        Returns
        -------
        Sequences
            The same sequences, as short as they really are.
        """
        real = self.codes != PADDING
        if real.all():
            return self
        kept = np.concatenate([[0], np.cumsum(real)])
        return self._replace(self.codes[real], kept[self.offsets])

    def with_vectors(self, vectors):
        """Attach one embedding to each category.

        Parameters
        ----------
        vectors : array-like of float, shape (n_categories, n_features)
            The embeddings.

        Returns
        -------
        Sequences
            The same codes and categories with the new vectors.
        """
        return Sequences(self.codes, self.offsets, self.categories, vectors)

    def with_categories(self, categories):
        """Encode the same strings with another list of categories.

        Parameters
        ----------
        categories : sequence of str
            The new dictionary; ``categories[0]`` and ``categories[1]`` are padding and unknown.

        Returns
        -------
        Sequences
            Without vectors. Strings not among `categories` become unknown.
        """
        if self.categories is None:
            raise ValueError("These sequences hold ids without strings: categories is None.")
        index = {token: code for code, token in enumerate(categories)}
        table = np.array([index.get(token, UNKNOWN) for token in self.categories], np.int32)
        table[[PADDING, UNKNOWN]] = PADDING, UNKNOWN
        return Sequences(table[self.codes], self.offsets, categories)


def _flatten(rows, function=None):
    """Concatenate ragged rows of ids, each mapped by `function`, into codes and offsets."""
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    flat = chain.from_iterable(rows)
    codes = np.fromiter(map(function, flat) if function else flat, np.int32, lengths.sum())
    return codes, np.concatenate([[0], np.cumsum(lengths)])
