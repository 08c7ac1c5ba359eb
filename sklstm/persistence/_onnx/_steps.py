"""The steps of an ONNX graph's input: padding, truncation, unit and embedding."""

import numpy as np

from sklstm.persistence._onnx._layers import real_steps
from sklstm.persistence._onnx._vocabulary import Vocabulary

FLOAT, INT64 = 1, 7  # as ONNX numbers them


class Steps:
    """What networks read: one tensor (N, T, F) for each of them, and the lengths.

    Parameters
    ----------
    graph : Graph
        The graph, which gets the inputs ``steps`` and, where padding could be mistaken for a step,
        ``lengths``.
    members : list of BaseLSTM
        The fitted estimators of one network each.
    preparation : Preparation
        The steps of the pipeline before.
    may_move : bool
        Whether padding may be anywhere. Otherwise it is on the right, and stays there.

    Attributes
    ----------
    embedded : list of str
        The tensor for each network.
    lengths : str
        The tensor of lengths (N,).
    vocabulary : Vocabulary or None
        The codes of tokens, if steps are codes.
    inputs : dict
        What the inputs mean.
    """

    def __init__(self, graph, members, preparation, may_move):
        self._graph, self._padder, self.vocabulary = graph, preparation.padder, None
        encoder = members[0]._encoder
        takes_vectors = encoder.kind == "vectors" and preparation.embedder is None
        if encoder.kind == "numbers" or takes_vectors:
            dtype = np.float32 if takes_vectors else np.float64
            self._read_numbers(dtype, encoder.width)
            self.embedded = [self._standardise(member._encoder) for member in members]
        else:
            keeps_padding = not members[0].mask_padding
            self._read_codes(keeps_padding, may_move)
            self.vocabulary = Vocabulary(members, preparation.embedder)
            self.embedded = self._embed(len(members))

    def _read_numbers(self, dtype, width):
        name = "vectors of steps" if dtype == np.float32 else "numbers"
        self._values = self._graph.input("steps", dtype, "n_sequences", "n_steps", width)
        self._read_lengths()
        self.inputs = {
            "steps": f"{np.dtype(dtype)} of shape (n_sequences, n_steps, {width}): {name}; what "
            "follows the last step of a sequence is not read",
            **self.inputs,
        }
        if self._padder is not None:
            self._truncate(False)

    def _read_codes(self, keeps_padding, may_move):
        graph = self._graph
        self._values = graph.input("steps", np.int64, "n_sequences", "n_steps")
        shape = "int64 of shape (n_sequences, n_steps): codes of tokens"
        if keeps_padding and self._padder is None:
            self._read_lengths()
            self.inputs = {"steps": f"{shape}; 0 is a token too", **self.inputs}
            return
        self.inputs = {"steps": f"{shape}, and 0 for padding{'' if may_move else ' on the right'}"}
        is_real = graph.add("Not", graph.add("Equal", self._values, np.int64(0)))
        real = graph.add("Cast", is_real, to=INT64)
        self.lengths = graph.add("ReduceSum", real, [1], keepdims=0)
        if may_move:
            self._move_padding(real)
        if self._padder is not None:
            is_real = self._truncate(keeps_padding)
            self._values = graph.add("Where", is_real, self._values, np.int64(0))

    def _read_lengths(self):
        self.lengths = self._graph.input("lengths", np.int64, "n_sequences")
        self.inputs = {"lengths": "int64 of shape (n_sequences,): steps of each sequence"}

    def _move_padding(self, real):
        """Move padding to the right."""
        graph, n_steps = self._graph, self._graph.size(self._values, 1)
        order = graph.add("Sub", graph.positions(n_steps), graph.add("Mul", real, n_steps))
        _, places = graph.add("TopK", order, n_steps, n_outputs=2, largest=0, sorted=1)
        self._values = graph.add("GatherElements", self._values, places, axis=1)

    def _truncate(self, keeps_padding):
        """Truncate as a `SequencePadder` does, and pad too if padding is to be read.

        Return the mask of real steps; what is elsewhere has no meaning.
        """
        graph, longest = self._graph, self._padder.max_length_
        kept = graph.add("Min", self.lengths, np.int64(longest))
        column = graph.add("Unsqueeze", kept, [1])
        surplus = graph.add("Sub", graph.add("Unsqueeze", self.lengths, [1]), column)
        width = np.array([longest])
        if not keeps_padding:
            width = graph.add("Min", graph.size(self._values, 1), width)
        places = graph.positions(width)  # (W,)
        if keeps_padding and self._padder.padding == "pre":
            places = graph.add("Sub", places, graph.add("Sub", np.int64(longest), column))
        is_real = graph.add(
            "And",
            graph.add("GreaterOrEqual", places, np.int64(0)),
            graph.add("Less", places, column),
        )  # (N, W)
        gap = {"pre": 0, "post": longest, "middle": -(-longest // 2)}[self._padder.truncating]
        is_after = graph.add("Cast", graph.add("GreaterOrEqual", places, np.int64(gap)), to=INT64)
        source = graph.add("Add", places, graph.add("Mul", is_after, surplus))
        source = graph.add("Where", is_real, source, np.int64(0))
        source = graph.add("Unsqueeze", source, [2])
        self._values, self.lengths = graph.add("GatherND", self._values, source, batch_dims=1), kept
        if keeps_padding:
            self.lengths = graph.add("Expand", np.array([longest]), graph.add("Shape", kept))
        return is_real

    def _standardise(self, encoder):
        """Standardise numbers in float64, see `sklstm._standardizer`."""
        graph, unit, x = self._graph, encoder.standardizer, self._values
        mask = graph.add("Unsqueeze", real_steps(graph, x, self.lengths), [2])
        zero = np.float32(0) if encoder.kind == "vectors" else np.float64(0)
        x = graph.add("Where", mask, x, zero)
        if encoder.kind == "vectors":
            return x
        if unit.by == "sample":
            mean = self._mean(x)
            shifted = graph.add("Where", mask, graph.add("Sub", x, mean), zero)
            variance = self._mean(graph.add("Mul", shifted, shifted))
            rounding = graph.add("Mul", np.float64(1e-14), graph.add("Abs", mean))
            varies = graph.add("Greater", variance, graph.add("Mul", rounding, rounding))
            scale = graph.add("Where", varies, graph.add("Sqrt", variance), np.float64(1))
            x = graph.add("Div", shifted, scale)
        elif unit.mean is not None:
            x = graph.add("Div", graph.add("Sub", x, unit.mean), unit.scale)
            x = graph.add("Where", mask, x, zero)
        return graph.add("Cast", x, to=FLOAT)

    def _mean(self, x):
        """Return the mean over the real steps of x, which is zero elsewhere: (N, 1, F)."""
        graph = self._graph
        count = graph.add("Cast", graph.add("Max", self.lengths, np.int64(1)), to=11)
        count = graph.add("Unsqueeze", count, [1, 2])
        return graph.add("Div", graph.add("ReduceSum", x, [1], keepdims=1), count)

    def _embed(self, n_members):
        graph, vocabulary, codes = self._graph, self.vocabulary, self._values
        if not len(vocabulary.shared):
            found = [graph.add("Gather", table, codes) for table in vocabulary.tables]
            return found * (n_members // len(found))  # frozen vectors are one table for all
        n_learned = np.int64(vocabulary.n_learned)
        is_other = graph.add("GreaterOrEqual", codes, n_learned)
        is_other = graph.add("Unsqueeze", is_other, [2])
        learned = graph.add("Min", codes, n_learned - 1)
        others = graph.add("Max", graph.add("Sub", codes, n_learned), np.int64(0))
        others = graph.add("Gather", vocabulary.shared, others)
        return [
            graph.add("Where", is_other, others, graph.add("Gather", table, learned))
            for table in vocabulary.tables
        ]
