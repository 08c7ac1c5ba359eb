"""The fields of ``Sequences``: checks of what a user passes for each."""

from itertools import chain

import numpy as np

from sklstm._arguments import describe
from sklstm._arrays import are_all, to_array, to_list, to_numbers
from sklstm._text_checks import check_tokens

PADDING, UNKNOWN = 0, 1
SPECIAL_TOKENS = ("<pad>", "<unk>")


def distinct_tokens(tokens):
    """List distinct tokens, as keys of a dict, in the order of first appearance.

    A str counts as its characters; anything but tokens is refused.
    """
    if are_all((list, tuple, str, np.ndarray), tokens):
        try:
            # dict.fromkeys keeps first appearance and hashes each token once, in C
            distinct = dict.fromkeys(chain.from_iterable(tokens))
            if are_all(str, distinct):
                return distinct
        except TypeError:  # unhashable, or an array without axes
            pass
    check_tokens(tokens)
    raise TypeError("Tokens are one list of str for each sequence.")


def check_categories(categories):
    """Check that categories are strings, and that the first two are padding and unknown."""
    listed = categories.tolist() if isinstance(categories, np.ndarray) else categories
    if not isinstance(listed, (list, tuple)) or not are_all(str, listed):
        raise TypeError(f"categories must be a list of str; got {describe(categories)}.")
    if tuple(listed[:2]) != SPECIAL_TOKENS:
        raise ValueError(f"categories must start with {SPECIAL_TOKENS}; got {listed[:2]}.")
    return categories


def check_codes(codes, table):
    """Return the codes of all sequences as int32; they are rows of `table`, if there is one."""
    codes = to_array(codes, "codes", "the integer codes of all sequences")
    if codes.ndim != 1:
        raise ValueError(f"Codes must be 1-D, got shape {codes.shape}.")
    if not len(codes):
        return codes.astype(np.int32)
    if codes.dtype.kind not in "iu":
        raise TypeError(f"Codes (token ids) must be integers, got {codes.dtype} values.")
    low, high = codes.min(), codes.max()
    limit = np.iinfo(np.int32).max if table is None else len(table) - 1
    if low < 0 or high > limit:
        raise ValueError(
            f"Codes (token ids) must lie in 0 .. {limit}; got {low if low < 0 else high}."
        )
    return codes.astype(np.int32, copy=False)


def check_offsets(offsets, n_steps):
    """Return where each sequence starts, and the last one ends, as int64."""
    offsets = to_array(offsets, "offsets", "integers that run from 0 to the number of codes")
    whole = offsets.dtype.kind == "f" and np.array_equal(offsets, np.trunc(offsets))
    if not whole and offsets.dtype.kind not in "iu":
        raise TypeError(f"Offsets must be integers, got {offsets.dtype} values.")
    offsets = offsets.astype(np.int64, copy=False)
    if offsets.ndim != 1 or not len(offsets) or offsets[0] != 0 or offsets[-1] != n_steps:
        raise ValueError(f"Offsets must be 1-D and run from 0 to the number of codes, {n_steps}.")
    if np.any(np.diff(offsets) < 0):
        raise ValueError("Offsets must not decrease.")
    return offsets


def join_spans(char_spans, lengths):
    """Concatenate the character spans of sequences, each of shape (n_tokens, 2)."""
    if isinstance(char_spans, str) or not np.iterable(char_spans):
        raise TypeError(f"char_spans must be a list of arrays; got {describe(char_spans)}.")
    rows = [to_array(row, "char_spans", "a start and an end for each token") for row in char_spans]
    shapes = [row.shape if row.size else (0, 2) for row in rows]
    if shapes != [(length, 2) for length in lengths]:
        raise ValueError("char_spans must have one row, (start, end), for each token.")
    return np.concatenate([np.zeros((0, 2), np.int32), *(row for row in rows if row.size)])


def check_spans(char_spans, n_steps):
    """Return the position of each step in its text, shape (n_steps, 2), as int32."""
    char_spans = to_array(char_spans, "char_spans", "a start and an end for each code")
    if char_spans.shape != (n_steps, 2) or char_spans.dtype.kind not in "iu":
        raise ValueError(
            f"char_spans must be integers of shape ({n_steps}, 2), a start and an end for each "
            f"code; got {char_spans.dtype} values of shape {char_spans.shape}."
        )
    wrong = (char_spans[:, 0] < 0) | (char_spans[:, 0] > char_spans[:, 1])
    if wrong.any():
        raise ValueError(
            f"char_spans must have 0 <= start <= end; got {tuple(char_spans[wrong][0].tolist())}."
        )
    return char_spans.astype(np.int32, copy=False)


def check_texts(texts, sequences):
    """Return the text of each sequence as an array of objects."""
    texts = to_list(texts, "one str for each sequence") if len(sequences) else []
    array = np.empty(len(sequences), object)
    if sequences.char_spans is None or len(texts) != len(array):
        raise ValueError(
            f"texts must come with char_spans, one for each of {len(array)} sequences; got "
            f"{len(texts)} texts."
        )
    array[:] = texts
    if not all(isinstance(text, str) for text in array):
        raise TypeError("texts must be one str for each sequence.")
    ends = np.repeat([len(text) for text in array], sequences.lengths)
    if (sequences.char_spans[:, 1] > ends).any():
        raise ValueError("char_spans must lie in the texts, but some end after them.")
    return array


def check_vectors(vectors, categories):
    """Return the embedding of each category, shape (n_categories, n_features), as float32."""
    vectors = to_numbers(vectors, "vectors", "a row of numbers for each category")
    vectors = vectors.astype(np.float32, copy=False)
    if vectors.ndim != 2 or not vectors.shape[1]:
        raise ValueError(
            f"Vectors must be 2-D, of at least one feature, got shape {vectors.shape}."
        )
    if categories is not None and len(vectors) != len(categories):
        raise ValueError(f"Got {len(categories)} categories but {len(vectors)} vectors.")
    if len(vectors) and vectors[PADDING].any():
        raise ValueError("Row 0 of the vectors stands for padding and must be all zeros.")
    return vectors
