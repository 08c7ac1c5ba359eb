"""Input as steps that a network can read."""

from hashlib import blake2b

import numpy as np

from sklstm._inputs import kind_of
from sklstm.nn.batches import SequenceDataset, to_tensor
from sklstm.sequences import PADDING, UNKNOWN, recode

SMALL = 20_000  # numbers in X up to which float64 costs less than a moment an epoch


class EncodingMixin:
    """What an estimator knows of its input: its kind, its width, and the codes of its words."""

    def _encode(self, inputs, *, reset, grow=False):
        """Turn input into flat steps, and learn in ``fit`` what the network must know of it."""
        if reset:
            self._learn_input(inputs)
        self._check_input(inputs)
        if grow:
            self._learn_new_words(inputs)
        if self._input_kind == "numbers":
            values = self._to_precision(inputs.values)
            return SequenceDataset(values, inputs.offsets[:-1], np.diff(inputs.offsets))
        sequences = inputs.without_padding() if self.mask_padding else inputs
        codes, vectors = self._look_up(sequences)
        vectors = None if vectors is None else to_tensor(vectors)
        return SequenceDataset(codes, sequences.offsets[:-1], sequences.lengths, vectors)

    def _learn_input(self, inputs):
        """Note the kind of input, and the size and first vectors of the embedding."""
        if not inputs.offsets[-1]:
            raise ValueError("Every sample of X is empty: there is nothing to learn from.")
        self._input_kind = kind = kind_of(inputs)
        self._vocabulary_size = self.vocabulary_size
        self._token_codes = self._initial_vectors = self._vector_codes = None
        self._n_columns = n_codes = None
        self._n_frozen = 0
        if kind == "numbers":
            width = inputs.values.shape[1]
            self._n_columns = inputs.n_columns
        elif kind == "vectors":
            width = inputs.vectors.shape[1]
            if self.fine_tune_embeddings:
                self._vector_codes, first = _number_vectors(inputs.vectors)
                self._initial_vectors = inputs.vectors[first]
                n_codes = len(first)
            else:
                self._n_frozen = inputs.vectors.size
        else:
            width = self.embedding_dim
            n_codes = self.vocabulary_size
            if kind == "tokens":
                first = UNKNOWN + 1
                tokens = enumerate(inputs.categories[first:], first)
                self._token_codes = {token: code for code, token in tokens}
                n_codes = len(inputs.categories)
        if kind in ("numbers", "vectors"):
            self.n_features_in_ = self._n_columns or width
        self._precision = self._choose_precision(inputs, kind)
        self._shape = {"n_outputs": self._n_outputs, "n_features": width, "n_codes": n_codes}

    def _learn_new_words(self, inputs):
        """Give words that were not there before a place in the network."""
        sequences, n_codes = inputs, self._shape["n_codes"]
        if self._token_codes is not None and sequences.categories is not None:
            tokens = sequences.without_unused().categories[UNKNOWN + 1 :]
            new = [token for token in tokens if token not in self._token_codes]
            self._token_codes = _with_new(self._token_codes, new, n_codes)
        elif self._vector_codes is not None:
            vectors = sequences.without_unused().vectors
            codes, first = _number_vectors(vectors)
            new = [digest for digest in codes if digest not in self._vector_codes]
            self._vector_codes = _with_new(self._vector_codes, new, n_codes)
            if new:
                self._initial_vectors = vectors[[first[codes[digest]] for digest in new]]
        else:
            return
        self._shape = {**self._shape, "n_codes": n_codes + len(new)}

    def _check_input(self, inputs):
        kind, name = kind_of(inputs), type(self).__name__
        if kind != self._input_kind:
            raise ValueError(
                f"{name} was fitted on {self._input_kind}, but X now holds {kind}. "
                "Send X through the transformers that were used in fit."
            )
        if kind not in ("numbers", "vectors") or not inputs.offsets[-1]:
            return
        width = (inputs.values if kind == "numbers" else inputs.vectors).shape[1]
        if width != self._shape["n_features"]:
            raise ValueError(
                f"X has {width} features a step, but {name} is expecting "
                f"{self._shape['n_features']} features a step as input."
            )

    def _to_precision(self, values):
        values = values.reshape(-1, self._shape["n_features"])  # without a step, the width is open
        with np.errstate(over="ignore"):
            values = values.astype(self._dtype, copy=False)
        if not np.isfinite(values).all():
            raise ValueError(
                'X contains values too large for float32: scale X, or take precision="float64".'
            )
        return values

    @property
    def _dtype(self):
        return np.float64 if self._precision == "float64" else np.float32

    def _choose_precision(self, inputs, kind):
        if self.precision != "auto":
            return self.precision
        # as exact as other estimators where it costs nothing, as fast as the kernels elsewhere
        small = kind == "numbers" and inputs.values.size <= SMALL
        return "float64" if small and inputs.values.dtype == np.float64 else "float32"

    def _look_up(self, sequences):
        """Return codes in the network's numbering, and vectors for those it does not hold."""
        if self._shape["n_codes"] is None:
            return sequences.codes, sequences.vectors
        if self._vector_codes is not None:
            return self._look_up_vectors(sequences)
        if self._token_codes is None:
            return sequences.codes, None
        if sequences.categories is None:
            raise ValueError(
                f"{type(self).__name__} was fitted on Sequences with categories, but those of "
                "X have none. Send X through the transformers that were used in fit."
            )
        return sequences.codes_in(self._token_codes), None

    def _look_up_vectors(self, sequences):
        """Words met after training keep the vectors that came with them."""
        vectors = sequences.vectors
        codes = [self._vector_codes.get(digest, -1) for digest in _digest(vectors)]
        codes = np.array(codes, np.int32)  # of each category
        codes[(vectors == vectors[UNKNOWN]).all(axis=1)] = UNKNOWN
        codes[PADDING] = PADDING
        new = codes < 0
        codes[new] = self._shape["n_codes"] + np.arange(new.sum(), dtype=np.int32)
        return recode(sequences.codes, codes), vectors[new] if new.any() else None


def _with_new(codes, keys, n_codes):
    """Give keys the next codes; the codes stay as they are, for a fit that fails."""
    places = range(n_codes, n_codes + len(keys))
    return {**codes, **dict(zip(keys, places, strict=True))} if keys else codes


def _number_vectors(vectors):
    """Give every distinct vector a code, since words that share a vector learn together.

    Return a dict from the vectors' digests to codes, and the first row that each code stands for.
    """
    first = [PADDING, UNKNOWN]
    codes = {}
    distinct = (vectors != vectors[UNKNOWN]).any(axis=1)
    for row, digest in enumerate(_digest(vectors)):
        if row > UNKNOWN and distinct[row] and digest not in codes:
            codes[digest] = len(first)
            first.append(row)
    return codes, first


def _digest(vectors):
    """Sum each vector up in 64 bits: a pickle need not hold it as it was before training."""
    rows = np.ascontiguousarray(vectors)
    return [int.from_bytes(blake2b(row, digest_size=8).digest(), "big") for row in rows]
