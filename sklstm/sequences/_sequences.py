"""Ragged batches: the container ``Sequences``."""

from copy import copy
from itertools import chain, pairwise
from typing import Self

import numpy as np

from sklstm._arguments import describe
from sklstm._arrays import CONVERSION_ERRORS, plain, refuse_empty, to_array
from sklstm._text_checks import check_tokens
from sklstm.sequences._columns import concatenate_columns, join_columns
from sklstm.sequences._documents import join_documents, number_documents
from sklstm.sequences._fields import (
    PADDING,
    SPECIAL_TOKENS,
    UNKNOWN,
    check_categories,
    check_codes,
    check_offsets,
    check_spans,
    check_texts,
    check_vectors,
    distinct_tokens,
    join_spans,
)

CHUNK_STEPS = 2**16


class Sequences:
    """A ragged batch of token sequences, dictionary-encoded like a categorical.

    Sequence :math:`n` is ``codes[offsets[n]:offsets[n + 1]]``. ``categories[code]`` is the string
    of a code and ``vectors[code]`` its embedding, so embedded documents cost four bytes per token
    plus one table. Code 0 is always padding and code 1 the unknown token; a token ``"<pad>"`` or
    ``"<unk>"`` in the data is a token like any other.

    Sequences have the length, shape and indexing that scikit-learn's splitters need.

    Parameters
    ----------
    codes : array-like of int, shape (n_steps,)
        The codes of all sequences, concatenated.
    offsets : array-like of int, shape (n_sequences + 1,)
        Where each sequence starts in `codes`; the last entry is ``n_steps``.
    categories : sequence of str, default=None
        The string of each code, ``"<pad>"`` and ``"<unk>"`` first. None if only ids are known.
    vectors : array-like of float, shape (n_categories, n_features), default=None
        The embedding of each code, kept as float32. Row 0, the padding, is all zeros.
    char_spans : array-like of int, shape (n_steps, 2), default=None
        Position of each step in its text: ``text[start:end]``, kept as int32 by every operation.
        New padding has ``(0, 0)``.
    texts : sequence of str, length n_sequences, default=None
        The texts that `char_spans` refer to, kept likewise.

    Attributes
    ----------
    lengths : ndarray of int64, shape (n_sequences,)
        Steps of each sequence, padding included.
    shape : tuple
        ``(n_sequences,)``.
    columns : dict of str to ndarray of shape (n_steps,), or None
        Values that come with each step, see ``with_columns``.
    documents : ndarray of int64, shape (n_sequences, 2), or None
        The document of each sequence and its place, see ``with_documents``.

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

    columns = documents = None
    _document_set = None  # what only sequences of the same documents share

    def __init__(self, codes, offsets, categories=None, vectors=None, char_spans=None, texts=None):
        self.categories = None if categories is None else check_categories(categories)
        self.vectors = None if vectors is None else check_vectors(vectors, categories)
        self.codes = check_codes(codes, categories if vectors is None else self.vectors)
        self.offsets = check_offsets(offsets, len(self.codes))
        self.char_spans = None if char_spans is None else check_spans(char_spans, len(self.codes))
        self.texts = None if texts is None else check_texts(texts, self)

    @classmethod
    def from_tokens(cls, tokens, char_spans=None, texts=None) -> Self:
        """Encode lists of strings; each distinct string becomes a category.

        Parameters
        ----------
        tokens : iterable of list of str
            One list for each sequence.
        char_spans : sequence of array-like of int, shape (n_tokens, 2), default=None
            Positions of the tokens in their text, as from ``Tokenizer.find_char_spans``.
        texts : sequence of str, default=None
            The texts.

        Returns
        -------
        Sequences
            With categories in order of first appearance.
        """
        if isinstance(tokens, (str, bytes)) or not np.iterable(tokens):
            check_tokens(tokens)  # has the error
        tokens = tokens if isinstance(tokens, (list, tuple, np.ndarray)) else list(tokens)
        found = distinct_tokens(tokens)
        index = {token: code for code, token in enumerate(found, len(SPECIAL_TOKENS))}
        offsets = _to_offsets(map(len, tokens))
        flat = map(index.__getitem__, chain.from_iterable(tokens))
        codes = np.fromiter(flat, np.int32, offsets[-1])
        if char_spans is not None:
            char_spans = join_spans(char_spans, np.diff(offsets))
        result = cls.__new__(cls)  # whose codes and categories need no check
        result.codes, result.offsets, result.vectors = codes, offsets, None
        result.categories = [*SPECIAL_TOKENS, *index]
        result.char_spans = None if char_spans is None else check_spans(char_spans, len(codes))
        result.texts = None if texts is None else check_texts(texts, result)
        return result

    @classmethod
    def from_ids(cls, ids) -> Self:
        """Build sequences from ragged lists, or a matrix, of token ids.

        Parameters
        ----------
        ids : sequence of array-like of int
            One row for each sequence; 0 is padding.

        Returns
        -------
        Sequences
            Without categories.
        """
        ids = plain(ids, "ids")
        if hasattr(ids, "__array__"):
            ids = np.ma.filled(ids, PADDING)
        if isinstance(ids, str) or not np.iterable(ids):
            raise TypeError(f"ids must be one list of ids for each sequence; got {describe(ids)}.")
        rows = [to_array(row, "Each sample", "one list of ids") for row in ids]
        if any(row.ndim != 1 for row in rows):
            raise ValueError("Each sample must be one list of ids, or a row of an id matrix.")
        filled = [row for row in rows if len(row)]  # an empty one would count as float
        flat = np.concatenate(filled) if filled else np.zeros(0, np.int32)
        return cls(flat, _to_offsets(map(len, rows)))

    def __len__(self):
        return len(self.offsets) - 1

    @property
    def shape(self) -> tuple[int]:
        """Tuple ``(n_sequences,)``: one sample is one sequence."""
        return (len(self),)

    @property
    def ndim(self) -> int:
        """Always 1: a batch is a column of sequences."""
        return 1

    @property
    def lengths(self) -> np.ndarray:
        """Steps stored for each sequence, padding included."""
        return np.diff(self.offsets)

    def __getitem__(self, key):
        if isinstance(key, tuple):  # scikit-learn asks for X[rows, ...]
            if len(key) != 2 or key[1] is not Ellipsis:
                raise IndexError(f"Sequences have one axis; got the index {key!r}.")
            key = key[0]
        if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
            row = range(len(self))[key]
            codes = self.codes[self.offsets[row] : self.offsets[row + 1]]
            return codes if self.vectors is None else self.vectors[codes]
        if isinstance(key, slice) and key.step in (None, 1):
            start, stop, _ = key.indices(len(self))
            offsets = self.offsets[start : max(start, stop) + 1]
            steps = slice(offsets[0], offsets[-1])
            return self._apply(lambda flat: flat[steps], offsets - offsets[0], key)
        try:
            rows = np.arange(len(self))[plain(key)]
        except (*CONVERSION_ERRORS, IndexError) as error:
            raise IndexError(
                "The index of Sequences is an integer, a slice, or a list of integers or booleans; "
                f"got {describe(key)}. The cause: {error}"
            ) from None
        if rows.ndim != 1:
            raise IndexError(f"Sequences have one axis; got the index {key!r}.")
        starts, stops = self.offsets[rows].tolist(), self.offsets[rows + 1].tolist()

        def gather(flat):
            return np.concatenate([flat[:0], *map(flat.__getitem__, map(slice, starts, stops))])

        return self._apply(gather, _to_offsets(self.lengths[rows]), rows)

    def _apply(self, change, offsets, rows=slice(None)):
        """Change the codes of the steps, and in the same way what comes with each of them."""
        result = Sequences.__new__(Sequences)  # whose parts are checked
        result.codes, result.offsets = change(self.codes), offsets
        result.categories, result.vectors = self.categories, self.vectors
        result.char_spans = None if self.char_spans is None else change(self.char_spans)
        result.texts = None if self.texts is None else self.texts[rows]
        if self.columns is not None:
            result.columns = {name: change(column) for name, column in self.columns.items()}
        if self.documents is not None:
            result.documents, result._document_set = self.documents[rows], self._document_set
        return result

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError("Sequences are ragged: a dense array is always a copy.")
        dense = np.zeros((len(self), self.lengths.max(initial=0)), np.int32)
        dense[np.arange(dense.shape[1]) < self.lengths[:, None]] = self.codes
        if self.vectors is not None:
            dense = self.vectors[dense]
        return dense if dtype is None else dense.astype(dtype, copy=False)

    @property
    def dtype(self) -> np.dtype:
        """Refuse scikit-learn's ``check_array``, which would make numbers of the ids."""
        raise TypeError(
            "Sequences are not an array to validate: their ids would be learned as numbers. If a "
            "meta-estimator does this, put the whole pipeline, Tokenizer included, inside it, and "
            "pass it the texts as one column, np.array(texts, dtype=object)[:, None]; or pass it "
            "ids, np.asarray(X), with vocabulary_size= set in its estimator."
        )

    def __repr__(self):
        width = "" if self.vectors is None else f", n_features={self.vectors.shape[1]}"
        known = "" if self.categories is None else f", n_categories={len(self.categories)}"
        return f"Sequences(n_sequences={len(self)}, n_steps={len(self.codes)}{known}{width})"

    def tokens(self) -> list[list[str]]:
        """Decode to one list of strings for each sequence, padding left out.

        Returns
        -------
        list of list of str
            The tokens; ``"<unk>"`` for code 1.
        """
        real = self.without_padding()
        strings = list(map(self._known_categories().__getitem__, real.codes.tolist()))
        return [strings[start:stop] for start, stop in pairwise(real.offsets.tolist())]

    def without_padding(self) -> "Sequences":
        """Drop all padding.

        Returns
        -------
        Sequences
            The same sequences without the steps of code 0.
        """
        padding = np.flatnonzero(self.codes == PADDING)
        if not len(padding):
            return self
        offsets = self.offsets - np.searchsorted(padding, self.offsets)
        return self._apply(lambda flat: flat[self.codes != PADDING], offsets)

    def with_vectors(self, vectors) -> "Sequences":
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
        result = copy(self)
        result.vectors = check_vectors(vectors, self.categories)
        if self.categories is None:  # which have a vector each
            check_codes(self.codes, result.vectors)
        return result

    def with_columns(self, columns) -> "Sequences":
        """Attach values to each token, such as its part of speech, for an `LSTMTagger` to read.

        Every operation keeps them with their tokens.

        Parameters
        ----------
        columns : mapping of str to sequence
            By the name of each column, a list for each sequence, with one value for each step:
            categories, each a str, a bool, or None for none of them; or numbers.

        Returns
        -------
        Sequences
            The same sequences with these columns, beside those that they had.

        Raises
        ------
        ValueError
            If a column has not one value for each step.

        Examples
        --------
        >>> from sklstm import Sequences
        >>> batch = Sequences.from_tokens([["a", "good", "film"], ["good"]])
        >>> batch = batch.with_columns({"pos": [["DET", "ADJ", "NOUN"], ["ADJ"]]})
        >>> batch[1:].columns["pos"]
        array(['ADJ'], dtype=object)
        """
        result = copy(self)
        result.columns = {**(self.columns or {}), **join_columns(columns, self.lengths)}
        return result

    def with_categories(self, categories, codes_of=None) -> "Sequences":
        """Encode the same strings with another list of categories.

        Parameters
        ----------
        categories : sequence of str
            The new categories, padding and unknown first. Shared, not copied.
        codes_of : mapping of str to int, default=None
            The code of each category from 2 on, which saves a pass over `categories`.

        Returns
        -------
        Sequences
            Without vectors; strings not in `categories` become unknown.
        """
        if codes_of is None:
            categories = check_categories(categories)
            first = len(SPECIAL_TOKENS)  # such tokens are not padding or unknown
            codes_of = {token: code for code, token in enumerate(categories[first:], first)}
        result = copy(self)
        result.codes = self.codes_in(codes_of)
        result.categories, result.vectors = categories, None
        return result

    def with_documents(self, documents) -> "Sequences":
        """Tell which sequences belong to one document, for an `LSTMTagger` with `context`.

        Every operation keeps this, so that neighbours are known in any part of the sequences and in
        any order.

        Parameters
        ----------
        documents : array-like of shape (n_sequences,)
            The document of each sequence, by a number or a name. Those of a document stand
            together, in the order in which they are read.

        Returns
        -------
        Sequences
            The same sequences.

        Raises
        ------
        ValueError
            If a document is in two places, or if their number differs from that of the sequences.

        Examples
        --------
        >>> from sklstm import Sequences
        >>> batch = Sequences.from_tokens([["Ada", "spoke"], ["She", "left"], ["Rain"]])
        >>> batch.with_documents(["news", "news", "weather"])[1:].documents
        array([[0, 1],
               [1, 2]])
        """
        result = copy(self)
        result.documents = number_documents(documents, len(self))
        result._document_set = object()
        return result

    def joined(self, others) -> "Sequences":
        """Put other sequences behind these.

        Parameters
        ----------
        others : Sequences
            Sequences of strings, ids or vectors as these are.

        Returns
        -------
        Sequences
            Strings that both know keep the code, and the vector, that they have here. Character
            spans and texts are left out; columns must be the same. No document goes on in the
            others, unless both are parts of the same sequences.
        """
        if (self.categories is None) != (others.categories is None) or (self.vectors is None) != (
            others.vectors is None
        ):
            raise ValueError(
                "Only sequences of one kind can be joined, of strings or of ids, with vectors or "
                f"without; got {self!r} and {others!r}."
            )
        offsets = np.concatenate([self.offsets, others.offsets[1:] + self.offsets[-1]])
        categories, vectors, codes = self.categories, self.vectors, others.codes
        if categories is None and vectors is not None and others.vectors is not vectors:
            codes = np.where(codes > UNKNOWN, codes + len(vectors), codes)
            vectors = np.concatenate([vectors, others.vectors])
        elif categories is not None and others.categories is not categories:
            first = len(SPECIAL_TOKENS)
            codes_of = {name: code for code, name in enumerate(categories[first:], first)}
            new = [code for code in range(first, len(others.categories))
                   if others.categories[code] not in codes_of]  # fmt: skip
            categories = [*categories, *(others.categories[code] for code in new)]
            codes_of |= {name: code for code, name in enumerate(categories[first:], first)}
            codes = others.codes_in(codes_of)
            if vectors is not None:
                vectors = np.concatenate([vectors, others.vectors[new]])
        result = Sequences(np.concatenate([self.codes, codes]), offsets, categories, vectors)
        result.columns = concatenate_columns(self.columns, others.columns)
        is_one_set = self._document_set is others._document_set
        result.documents = join_documents(self.documents, others.documents, is_one_set)
        result._document_set = self._document_set if is_one_set else object()
        return result

    def codes_in(self, codes_of) -> np.ndarray:
        """Look up the codes of the strings in another dictionary.

        Parameters
        ----------
        codes_of : mapping of str to int
            The code of each string, from 2 on.

        Returns
        -------
        ndarray of int32, shape (n_steps,)
            The codes; 1, unknown, for other strings.
        """
        categories = self._known_categories()
        special = range(len(SPECIAL_TOKENS))  # codes that stay, whatever strings there are
        are_few = len(self.codes) < len(categories)
        codes = self.codes.tolist() if are_few else range(len(categories))
        new = np.array(
            [c if c in special else codes_of.get(categories[c], UNKNOWN) for c in codes], np.int32
        )
        return new if are_few else recode(self.codes, new)

    def _known_categories(self):
        if self.categories is None:
            raise ValueError("These sequences hold ids without strings: categories is None.")
        return self.categories

    def without_unused(self) -> "Sequences":
        """Drop categories that do not occur, and their vectors.

        Returns
        -------
        Sequences
            The same sequences; padding and unknown always stay.
        """
        codes, special = self.codes, np.arange(len(SPECIAL_TOKENS))
        n_categories = len(self.vectors if self.categories is None else self.categories)
        if len(codes) + len(special) < n_categories:  # in a time that does not depend on these
            ordered = np.sort(np.concatenate([special, codes]))  # much faster than np.unique
            used = ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])]
            places = np.searchsorted(used, codes).astype(np.int32)
        else:
            occurs = np.zeros(n_categories, bool)
            occurs[codes] = occurs[special] = True
            if occurs.all():
                return self
            used = np.flatnonzero(occurs)
            places = recode(codes, np.cumsum(occurs, dtype=np.int32) - 1)
        result = copy(self)
        result.codes = places
        if self.categories is not None:
            result.categories = [self.categories[code] for code in used.tolist()]
        if self.vectors is not None:
            result.vectors = self.vectors[used]
        return result


def token_sequences(X, hint):
    """Return tokens as `Sequences` with categories; `hint` is advice for ids without strings."""
    if not isinstance(X, Sequences):
        return Sequences.from_tokens(check_tokens(X))
    refuse_empty(X)
    if X.categories is None:
        raise ValueError(f"X holds ids without their strings. {hint}")
    return X


def recode(codes, table):
    """Replace codes, shape (n_steps,), by their int32 codes in a table, shape (n_categories,)."""
    new = np.empty(len(codes), np.int32)
    for start in range(0, len(codes), CHUNK_STEPS):  # numpy widens the indices
        part = slice(start, start + CHUNK_STEPS)
        new[part] = table[codes[part]]
    return new


def _to_offsets(lengths):
    return np.concatenate([[0], np.cumsum(np.fromiter(lengths, np.int64))])
