"""Models of fastText, ``.bin`` files, of which only the rows that are kept are read."""

import os
import struct

import numpy as np

from sklstm.embeddings._char_ngrams import frequent_rows, hash_ngrams
from sklstm.sequences._fields import SPECIAL_TOKENS

N_ARGUMENTS = 12  # integers, of which these count:
DIMENSION, KIND, N_BUCKETS, MIN_N, MAX_N = 0, 7, 8, 9, 10
SUPERVISED = 3
OLD_VERSION = 11  # its classifiers have no n-grams, whatever their arguments
LARGEST_VERSION = 12
CHUNK_WORDS = 1_000  # whose n-grams are averaged at once


def read_fasttext(path, max_words, n_kept):
    """Read the words of a fastText model, their vectors, and those of its most frequent n-grams.

    Returns
    -------
    tokens : list of str
        The most frequent words, at most `max_words`.
    table : ndarray of float32, shape (n_tokens + 2, n_features)
        Their vectors, means of the word's own and those of its n-grams, after two rows of zeros.
    ngrams : tuple or None
        The vectors of at most `n_kept` n-grams, their hashes as from ``frequent_rows``, the number
        of hashes, and the lengths of the n-grams.
    """
    path = os.path.expanduser(path)
    try:
        data = np.memmap(path, np.uint8, "r")
        return _parse(data, max_words, n_kept)
    except (ValueError, struct.error, MemoryError) as error:
        raise ValueError(
            f"Cannot read the fastText model {path}: {error}. It must be a whole .bin file."
        ) from error


def _parse(data, max_words, n_kept):
    version, *arguments = struct.unpack_from(f"<{1 + N_ARGUMENTS}i", data, 4)
    if not OLD_VERSION <= version <= LARGEST_VERSION:
        raise ValueError(f"its format has version {version}; 11 and 12 are read")
    lengths = arguments[MIN_N], arguments[MAX_N]
    if version == OLD_VERSION and arguments[KIND] == SUPERVISED:
        lengths = 0, 0
    start = 4 * (2 + N_ARGUMENTS) + 8  # after a float64
    n_entries, n_words, _, _, n_pruned = struct.unpack_from("<3i2q", data, start)
    tokens, start = _read_words(data, start + 28, n_entries, n_words)
    quantized, n_rows, width = struct.unpack_from("<?2q", data, start)
    if quantized or n_pruned > 0:
        raise ValueError("it is compressed, as .ftz files are, which are not read")
    n_hashes = n_rows - n_words
    if width != arguments[DIMENSION] or n_hashes not in (0, arguments[N_BUCKETS]):
        raise ValueError(f"its table is of shape ({n_rows}, {width}), unlike its head says")
    start += 17
    if len(data) < start + 4 * n_rows * width:
        raise ValueError("it is cut short")
    matrix = data[start : start + 4 * n_rows * width].view("<f4").reshape(n_rows, width)
    tokens = tokens[:max_words]
    if not n_hashes or lengths[1] < 1:
        return tokens, _average(matrix, len(tokens), [], n_words), None
    hashes = [hash_ngrams(token, lengths, n_hashes) for token in tokens]
    table = _average(matrix, len(tokens), hashes, n_words)
    rows, kept = frequent_rows(hashes, n_hashes, n_kept)
    return tokens, table, (np.array(matrix[n_words:][rows]), kept, n_hashes, lengths)


def _read_words(data, start, n_entries, n_words):
    """Return the words, which labels follow, and where the dictionary ends."""
    buffer, tokens = memoryview(data), []
    block, block_start = b"", start
    for _ in range(n_entries):
        end = block.find(b"\0", start - block_start)
        if end < 0:  # read on
            block, block_start = bytes(buffer[start : start + 2**20]), start
            end = block.find(b"\0")
            if end < 0:
                raise ValueError("it is cut short")
        tokens.append(block[start - block_start : end].decode("utf-8", "backslashreplace"))
        start = block_start + end + 10  # after a null, an int64 and an int8
    return tokens[:n_words], start


def _average(matrix, n_tokens, hashes, n_words):
    """Return the mean of each word's own vector and those of its n-grams, after special rows."""
    first = len(SPECIAL_TOKENS)
    table = np.zeros((first + n_tokens, matrix.shape[1]), np.float32)
    table[first:] = matrix[:n_tokens]
    for start in range(0, len(hashes), CHUNK_WORDS):
        part = [np.array(rows, int) for rows in hashes[start : start + CHUNK_WORDS]]
        counts = np.array([len(rows) for rows in part])
        ends = counts.cumsum()[counts > 0]
        words = first + start + np.flatnonzero(counts)
        if len(words):
            found = matrix[n_words + np.concatenate(part)]
            table[words] += np.add.reduceat(found, np.r_[0, ends[:-1]])
        table[first + start : first + start + len(part)] /= (1 + counts)[:, None]
    return table
