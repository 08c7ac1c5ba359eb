"""Pretrained vectors in all the forms that a user may have them in."""

import os
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from gensim.models import KeyedVectors
from gensim.models.fasttext import FastTextKeyedVectors

from sklstm._arguments import did_you_mean, levels_to_caller
from sklstm._arrays import to_list, to_numbers
from sklstm._vector_files import is_fasttext_model, read_tokens_and_table
from sklstm._vector_tables import check_table, keep_first, rows_in_order, with_special_rows
from sklstm.datasets._vector_registry import REGISTRY, list_names
from sklstm.datasets._vectors import fetch_vector_file
from sklstm.embeddings._char_ngrams import frequent_rows, hash_ngrams
from sklstm.embeddings._fasttext_file import read_fasttext
from sklstm.sequences._fields import SPECIAL_TOKENS

ACCEPTED = (
    "a path, a name that sklstm.datasets.fetch_vectors knows, KeyedVectors, a Vocab or Language of "
    "spaCy, a StaticModel of model2vec, a mapping from token to vector, a tuple (array, "
    "vocabulary), or a list of these"
)


@dataclass
class TokenVectors:
    """Tokens with their vectors, and what gives vectors to other tokens.

    ``table`` begins with two rows of zeros, for padding and unknown tokens. ``rows`` has the row of
    each token, if several share one; otherwise they follow in order. ``ngrams`` are fastText's
    vectors with their hashes, as of ``frequent_rows``, the number of hashes, and the lengths.
    ``tokenizer`` splits a token into others that have vectors.
    """

    tokens: list
    table: np.ndarray
    rows: np.ndarray | None = None
    ngrams: tuple | None = None
    tokenizer: object = None

    def vocabulary(self):
        """Return the row of each token."""
        first = len(SPECIAL_TOKENS)
        rows = range(first, first + len(self.tokens)) if self.rows is None else self.rows.tolist()
        return dict(zip(self.tokens, rows, strict=True))


def read_vectors(source, max_words, n_buckets, verbose=0):
    """Read pretrained vectors, of at most `max_words` tokens, and check them."""
    vectors = _read(source, max_words, n_buckets, verbose)
    check_table(vectors.tokens, vectors.table, vectors.rows)
    if vectors.rows is None:
        tokens, table = keep_first(vectors.tokens, vectors.table)
        vectors = replace(vectors, tokens=tokens, table=table)
    return vectors


def _read(source, max_words, n_buckets, verbose):
    if isinstance(source, str) and not os.path.exists(os.path.expanduser(source)):
        return _from_name(source, max_words, verbose)
    if isinstance(source, (str, os.PathLike)):
        if is_fasttext_model(source):
            tokens, table, ngrams = read_fasttext(source, max_words, n_buckets)
            return TokenVectors(tokens, table, ngrams=ngrams)
        return TokenVectors(*read_tokens_and_table(source, max_words))
    if isinstance(source, KeyedVectors):
        return _from_keyed(source, max_words, n_buckets)
    if all(hasattr(source, name) for name in ("embedding", "tokens", "tokenizer")):
        return _from_pieces(source, max_words)
    vocab = getattr(source, "vocab", source)  # a Language of spaCy has one
    if hasattr(vocab, "strings") and hasattr(vocab, "vectors"):
        return _from_spacy(vocab, max_words)
    if isinstance(source, Mapping):
        return _from_table(list(source.values()), list(source), max_words)
    if isinstance(source, tuple) and len(source) == 2:
        return _from_table(*source, max_words)
    hint = " Pass its .wv." if hasattr(source, "wv") else ""
    raise TypeError(f"vectors must be {ACCEPTED}; got {type(source).__name__}.{hint}")


def _from_name(name, max_words, verbose):
    if name not in REGISTRY:
        meant = did_you_mean(re.sub("[._ ]", "-", name.lower()), REGISTRY)
        path = os.path.abspath(os.path.expanduser(name))
        raise FileNotFoundError(
            f"There is no file of vectors at {path}.{meant} Pass the path of a file that is on "
            "this machine, or one of the names that can be downloaded:\n"
            f"{list_names()}"
        )
    path, member = fetch_vector_file(name, verbose=verbose)
    return TokenVectors(*read_tokens_and_table(path, max_words, member))


def _from_table(vectors, tokens, max_words):
    vectors = _to_float32(vectors)
    if not isinstance(tokens, (list, Mapping)):
        tokens = to_list(tokens, "one str for each vector")
    if isinstance(tokens, Mapping) and vectors.ndim == 2:
        tokens, rows = rows_in_order(tokens, len(vectors))
        vectors = vectors[rows]
    if vectors.ndim != 2 or len(vectors) != len(tokens):
        expected = f"one row for each of the {len(tokens)} tokens"
        raise ValueError(f"vectors must be {expected}; got an array of shape {vectors.shape}.")
    tokens = list(islice(tokens, max_words))
    return TokenVectors(tokens, with_special_rows(vectors[:max_words]))


def _from_keyed(keyed, max_words, n_buckets):
    vectors, tokens = keyed.vectors, keyed.index_to_key
    if None in tokens:
        vectors, tokens = _with_tokens(vectors, tokens)
    result = _from_table(vectors, tokens, max_words)
    if isinstance(keyed, FastTextKeyedVectors) and keyed.bucket:
        lengths = keyed.min_n, keyed.max_n
        hashes = [hash_ngrams(token, lengths, keyed.bucket) for token in result.tokens]
        rows, kept = frequent_rows(hashes, keyed.bucket, n_buckets)
        result.ngrams = keyed.vectors_ngrams[rows], kept, keyed.bucket, lengths
    return result


def _from_spacy(vocab, max_words):
    """Read the table of a spaCy vocabulary, whose tokens may share rows."""
    vectors, strings = vocab.vectors, vocab.strings
    if str(getattr(vectors, "mode", "default")).endswith("floret"):
        raise ValueError(
            "These vectors of spaCy are hashed (floret) and name no tokens. Pass those of your "
            "words as a mapping: {word: nlp.vocab[word].vector for word in words}."
        )
    known = [(strings[key], row) for key, row in vectors.key2row.items() if key in strings]
    if not known or not vectors.data.size:
        raise ValueError(
            "This model of spaCy has no vectors. Those whose names end in _md and _lg have some."
        )
    tokens, rows = zip(*islice(known, max_words), strict=True)
    used, rows = np.unique(rows, return_inverse=True)
    data = vectors.data.get() if hasattr(vectors.data, "get") else vectors.data  # off a GPU
    table = with_special_rows(_to_float32(data[used]))
    return TokenVectors(list(tokens), table, rows + len(SPECIAL_TOKENS))


def _from_pieces(model, max_words):
    """Read the table of a model2vec model; a word is the mean of the pieces it is split into."""
    table, tokens = _to_float32(model.embedding), list(model.tokens)
    mapping, weights = getattr(model, "token_mapping", None), getattr(model, "weights", None)
    if mapping is not None:
        table = table[np.asarray(mapping)]
    if weights is not None:
        table = table * np.asarray(weights, np.float32)[:, None]
    result = _from_table(table, tokens, max_words)
    unknown = getattr(model, "unk_token_id", None)
    if unknown is not None and unknown < len(result.tokens):
        # pieces that are unknown have no part in the mean
        del result.tokens[unknown]
        result.table = np.delete(result.table, unknown + len(SPECIAL_TOKENS), axis=0)
    result.tokenizer = model.tokenizer
    return result


def _to_float32(vectors):
    vectors = to_numbers(vectors, "vectors", "numbers, equally many a token")
    with np.errstate(over="ignore"):  # infinity is refused later
        return vectors.astype(np.float32, copy=False)


def _with_tokens(vectors, tokens):
    rows = [row for row, token in enumerate(tokens) if token is not None]
    warnings.warn(
        f"{len(tokens) - len(rows)} of {len(tokens)} vectors have no token, which is what gensim "
        "makes of a file that repeats tokens: they are left out.",
        UserWarning,
        stacklevel=levels_to_caller(),
    )
    return vectors[rows], [tokens[row] for row in rows]
