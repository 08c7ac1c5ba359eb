"""What an estimator knows of its input, and the steps that it makes of it."""

import warnings
from copy import copy
from hashlib import blake2b
from itertools import pairwise

import numpy as np

from sklstm._arguments import levels_to_caller
from sklstm._inputs import drop_masked_padding, kind_of, read_input
from sklstm._standardizer import Standardizer
from sklstm._text_checks import check_texts
from sklstm.sequences import Sequences
from sklstm.sequences._fields import PADDING, UNKNOWN
from sklstm.sequences._sequences import recode

MOSTLY = 0.5  # unknown tokens, as a share of all
SMALL = 20_000  # numbers in X up to which float64 costs less than a moment an epoch


class InputEncoder:
    """Learn what X is, and turn it into steps that a network can read.

    Parameters
    ----------
    vocabulary_size : int, default=None
        Given, integers in X are token ids below it.
    fine_tune_embeddings : bool, default=True
        Whether the network learns vectors that come with X, or gets them with each batch.
    precision : {"auto", "float32", "float64", "bfloat16"}, default="auto"
        That of the network.
    standardize : {"feature", "sample"} or None, default=None
        How numbers in X are standardised, see `Standardizer`.

    Attributes
    ----------
    kind : {"numbers", "ids", "tokens", "vectors"} or None
        What X is; None before `learn`.
    width : int or None
        Features of a step; None for ids and tokens, whose embedding may have any.
    n_codes : int or None
        Rows of the network's embedding, if it has one.
    codes : dict or None
        The code of each token, or of the digest of each vector.
    n_columns : int or None
        Columns of the 2-D array that the numbers came in, if they did.
    n_frozen : int
        Numbers in vectors that the network does not learn.
    n_pretrained : int
        Directions of the network that start from a language model, see `start_from`.
    shape : dict
        Arguments of the network that these models decide.
    """

    kind = width = n_codes = codes = n_columns = _new_vectors = None
    n_frozen = n_pretrained = 0
    level, shape = "token", {}

    def __init__(
        self,
        vocabulary_size=None,
        fine_tune_embeddings=True,
        precision="auto",
        standardize=None,
    ):
        self.vocabulary_size = vocabulary_size
        self.fine_tune_embeddings = fine_tune_embeddings
        self.precision = precision
        self.standardizer = Standardizer(standardize)

    def start_from(self, learned, shape, n_models):
        """Take over the vocabulary that language models have learned, which then is fixed.

        Those of characters read texts.
        """
        self.codes, self.n_codes, self.level = learned.codes, learned.n_codes, learned.level
        self.shape, self.n_pretrained = shape, n_models

    @property
    def pretrained_layers(self):
        """Patterns of the names of each layer's pretrained weights, the top layer first."""
        if not self.n_pretrained:
            return []
        layers = [f"recurrent.layers.{depth}" for depth in range(self.shape["n_layers"])]
        directions = range(self.n_pretrained)
        patterns = [[f"{layer}.{direction}.*" for direction in directions] for layer in layers]
        return [*reversed(patterns), ["embedding.*"]]

    def read(self, X, estimator):
        """Read X in any of the forms that are accepted, and check it against what was learned.

        Return `Sequences` or `Numbers`, padding still in place. For the names and the number of
        its columns see `read_input`.
        """
        if self.level == "char" and not isinstance(X, Sequences):
            X = Sequences.from_tokens(check_texts(X))
        inputs = read_input(X, estimator, self.vocabulary_size, self.kind, self.n_columns)
        if self.width is not None and inputs.offsets[-1]:
            width = (inputs.values if self.kind == "numbers" else inputs.vectors).shape[1]
            if width != self.width:
                raise ValueError(
                    f"X has {width} features a step, but {type(estimator).__name__} is expecting "
                    f"{self.width} features a step as input."
                )
        return inputs

    def learn(self, inputs):
        """Learn the kind of input, its width, and a code for each token or vector."""
        if not inputs.offsets[-1]:
            raise ValueError("Every sample of X is empty: there is nothing to learn from.")
        self.kind = kind_of(inputs)
        if self.n_pretrained:
            self._check_known(inputs)
        elif self.kind == "numbers":
            self.width, self.n_columns = inputs.values.shape[1], inputs.n_columns
        elif self.kind == "vectors":
            self.width = inputs.vectors.shape[1]
            if self.fine_tune_embeddings:
                self.codes, first = _number_vectors(inputs.vectors)
                self._new_vectors = inputs.vectors[first]
                self.n_codes = len(first)
            else:
                self.n_frozen = inputs.vectors.size
        elif self.kind == "tokens":
            tokens = enumerate(inputs.categories[UNKNOWN + 1 :], UNKNOWN + 1)
            self.codes = {token: code for code, token in tokens}
            self.n_codes = len(inputs.categories)
        else:
            self.n_codes = self.vocabulary_size
        if self.precision == "auto":
            # as exact as other estimators where it costs nothing, as fast as the kernels elsewhere
            small = self.kind == "numbers" and inputs.values.size <= SMALL
            exact = small and inputs.values.dtype == np.float64
            self.precision = "float64" if exact else "float32"

    def check_unchanged(self, estimator):
        """Check that parameters which the encoder keeps are as they were in ``fit``."""
        given = estimator.get_params(deep=False)
        given["encoder"] = given.get("encoder") is not None
        for name, learned in self._kept_parameters().items():
            if given.get(name) != learned:
                raise ValueError(
                    f"{name}={given.get(name)!r} cannot go on from a fit with {name}={learned!r}: "
                    "set it back, or set warm_start=False and call fit."
                )

    def _kept_parameters(self):
        """Return what the encoder keeps, by the names of the estimator's parameters."""
        kept = {
            "vocabulary_size": self.vocabulary_size,
            "standardize": self.standardizer.by,
            "encoder": self.n_pretrained > 0,
        }
        if self.kind == "vectors":
            kept["fine_tune_embeddings"] = self.fine_tune_embeddings
        return kept

    def grown(self, inputs):
        """Return an encoder that has codes for tokens or vectors that are new, too.

        This one stays as it is, for a fit that fails.
        """
        if self.codes is None or self.n_pretrained:
            return self
        inputs = inputs.without_unused()
        if self.kind == "tokens":
            keys = inputs.categories[UNKNOWN + 1 :]
        else:
            keys, first = _number_vectors(inputs.vectors)
        new = [key for key in keys if key not in self.codes]
        if not new:
            return self
        encoder = copy(self)
        encoder.codes = self.codes | {key: code for code, key in enumerate(new, self.n_codes)}
        encoder.n_codes = self.n_codes + len(new)
        if self.kind == "vectors":
            encoder._new_vectors = inputs.vectors[[first[keys[digest]] for digest in new]]
        return encoder

    def standardised(self, inputs, weights, *, is_portion):
        """Return an encoder that has a unit of numbers, learned from sequences with weights."""
        if self.kind != "numbers":
            return self
        encoder = copy(self)
        encoder.standardizer = self.standardizer.learned(
            inputs.values, np.diff(inputs.offsets), weights, is_portion=is_portion
        )
        return encoder

    def encode(self, inputs, mask_padding):
        """Turn input into flat steps, and return them as arguments of `SequenceDataset`."""
        if self.kind == "numbers":
            values, vectors, sequences = self._standardise(inputs), None, inputs
        else:
            sequences = drop_masked_padding(inputs, mask_padding)
            values, vectors = self._look_up(sequences)
        starts, lengths = sequences.offsets[:-1], np.diff(sequences.offsets)
        return {"values": values, "starts": starts, "lengths": lengths, "vectors": vectors}

    def name_steps(self, inputs, mask_padding):
        """Name the steps of each sample by their tokens, or else ids; return None for numbers."""
        if kind_of(inputs) == "numbers":
            return None
        sequences = drop_masked_padding(inputs, mask_padding)
        strings, codes = sequences.categories, sequences.codes.tolist()
        names = list(map(str, codes) if strings is None else map(strings.__getitem__, codes))
        return [names[start:stop] for start, stop in pairwise(sequences.offsets.tolist())]

    def input_options(self, embedding_dim):
        """Return the arguments of a `SequenceNet` that concern its input."""
        own = {"n_features": self.width or embedding_dim, "n_codes": self.n_codes}
        return {**own, **self.shape}

    def pop_new_vectors(self):
        """Return vectors for the last rows of the embedding, which are new, or None; once."""
        return vars(self).pop("_new_vectors", None)

    @property
    def dtype(self):
        """Of numbers in this precision."""
        return np.float64 if self.precision == "float64" else np.float32

    def _check_known(self, inputs):
        """Check that language models can read X."""
        if self.kind != "tokens":
            raise ValueError(
                f"encoder reads tokens, but X holds {self.kind}: pass token lists, or the "
                "Sequences of a TokenIndexer, made as those that the encoder was fitted to."
            )
        is_unknown = inputs.without_padding().codes_in(self.codes) == UNKNOWN
        advice = (
            "Make the tokens of X as those that the encoder was fitted to: with the same Tokenizer."
        )
        if is_unknown.all():
            raise ValueError(f"No token of X is in the vocabulary of encoder. {advice}")
        if is_unknown.mean() > MOSTLY:
            warnings.warn(
                f"{is_unknown.mean():.0%} of the tokens of X are not in the vocabulary of "
                f"encoder, and are read as unknown. {advice}",
                UserWarning,
                stacklevel=levels_to_caller(),
            )

    def _standardise(self, inputs):
        """Return numbers in their unit and in the network's precision."""
        values = inputs.values.reshape(-1, self.width)  # without a step, the width is open
        values = self.standardizer.transform(values, np.diff(inputs.offsets), self.dtype)
        if not np.isfinite(values).all():
            advice = (
                "scale X" if self.dtype == np.float64 else 'scale X, or take precision="float64"'
            )
            raise ValueError(f"X contains values too large for {self.dtype.__name__}: {advice}.")
        return values

    def _look_up(self, sequences):
        """Return codes in the network's numbering, and vectors for those it does not hold."""
        if self.codes is None:
            return sequences.codes, sequences.vectors
        if self.kind == "tokens":
            return sequences.codes_in(self.codes), None
        vectors = sequences.vectors  # words met after training keep those that came with them
        codes = [self.codes.get(digest, -1) for digest in _digest(vectors)]
        codes = np.array(codes, np.int32)  # of each category
        codes[(vectors == vectors[UNKNOWN]).all(axis=1)] = UNKNOWN
        codes[PADDING] = PADDING
        new = codes < 0
        codes[new] = self.n_codes + np.arange(new.sum(), dtype=np.int32)
        return recode(sequences.codes, codes), vectors[new] if new.any() else None


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
    """Hash each vector to 64 bits: a pickle need not hold it as it was before training."""
    rows = np.ascontiguousarray(vectors)
    return [int.from_bytes(blake2b(row, digest_size=8).digest(), "big") for row in rows]
