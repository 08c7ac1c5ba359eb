"""The embeddings of an exported estimator: one numbering of tokens for all of its networks."""

from itertools import chain
from types import SimpleNamespace

import numpy as np

from sklstm.persistence._onnx._layers import weights_of
from sklstm.sequences._fields import PADDING, SPECIAL_TOKENS, UNKNOWN


class Vocabulary:
    """The codes of tokens in an exported graph, and the embeddings that they select.

    Networks that learned from different samples have codes of their own; their tables are put in
    one order here. Words that only the embedder knows have the same vector in every network.

    Parameters
    ----------
    members : list of BaseLSTM
        The fitted estimators of one network each.
    embedder : Word2VecEmbedder, default=None
        The step that gave the vectors, if there is one.

    Attributes
    ----------
    codes : dict or None
        The code of each token; None for ids.
    tables : list of ndarray of shape (n_learned, n_features)
        The learned embeddings of each network, of the lowest codes.
    shared : ndarray of shape (n_others, n_features)
        The vectors of the others.
    """

    def __init__(self, members, embedder):
        encoder, self.codes = members[0]._encoder, None
        self.shared = np.zeros((0, 0), np.float32)
        if embedder is not None:
            self._read_vectors(members, embedder)
        elif encoder.kind == "tokens":
            self._read_tokens(members)
        else:
            self.tables = [_embedding(member) for member in members]

    @property
    def n_learned(self):
        """Number of codes that the networks have embeddings for."""
        return len(self.tables[0])

    def _read_tokens(self, members):
        tokens = list(dict.fromkeys(chain.from_iterable(m._encoder.codes for m in members)))
        self.tables = []
        for member in members:
            codes = member._encoder.codes
            rows = [PADDING, UNKNOWN, *(codes.get(token, UNKNOWN) for token in tokens)]
            self.tables.append(_embedding(member)[rows])
        self._number(tokens)

    def _read_vectors(self, members, embedder):
        tokens = list(embedder.vocabulary_)
        vectors = embedder._look_up([*SPECIAL_TOKENS, *tokens])
        numbering = SimpleNamespace(codes=np.arange(len(vectors), dtype=np.int32), vectors=vectors)
        if members[0]._encoder.codes is None:  # frozen
            self.tables = [vectors]
            self._number(tokens)
            return
        found = [member._encoder._look_up(numbering) for member in members]
        sizes = [member._encoder.n_codes for member in members]
        is_learned = np.any([codes < n for (codes, _), n in zip(found, sizes, strict=True)], axis=0)
        self.tables = []
        for member, (codes, new) in zip(members, found, strict=True):
            table = _embedding(member)
            table = table if new is None else np.concatenate([table, new])
            self.tables.append(table[codes[is_learned]])
        self.shared = vectors[~is_learned]
        order = np.argsort(~is_learned[len(SPECIAL_TOKENS) :], kind="stable")
        self._number([tokens[place] for place in order])

    def _number(self, tokens):
        self.codes = {token: code for code, token in enumerate(tokens, len(SPECIAL_TOKENS))}


def _embedding(member):
    return weights_of(member.module_.embedding.weight)
