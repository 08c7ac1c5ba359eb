"""An ONNX graph under construction."""

from itertools import count

import numpy as np

from sklstm._optional import import_optional
from sklstm._version import __version__ as VERSION

OPSET, IR_VERSION = 17, 8  # which ONNX Runtime has read since 2022
SMALL = 64  # bytes of a constant up to which equal ones are stored once
LIMIT = 2**31 - 2**20  # bytes of a file, as protobuf has it, less a megabyte for the nodes


class Graph:
    """The nodes and weights of an ONNX graph. Tensors are known by their names.

    Parameters
    ----------
    parent : Graph, default=None
        The graph whose loop has this one as its body; it holds the constants.
    """

    def __init__(self, parent=None):
        self._onnx = import_optional("onnx", extra="onnx")
        self._nodes, self._inputs, self._outputs = [], [], []
        self._weights = {} if parent is None else parent._weights
        self._numbers = count() if parent is None else parent._numbers

    def input(self, name, dtype, *axes):
        """Add an input and return its name; an axis is a name or a size."""
        self._inputs.append(self._describe(name, dtype, axes))
        return name

    def output(self, name, tensor, dtype, *axes):
        """Make a tensor an output."""
        self._nodes.append(self._onnx.helper.make_node("Identity", [tensor], [name]))
        self._outputs.append(self._describe(name, dtype, axes))

    def add(self, operator, *inputs, n_outputs=1, **attributes):
        """Add a node, and return the name of its output, or a list of several.

        An input is the name of a tensor, numbers, or None where the operator needs none.
        """
        outputs = [self._new_name(operator) for _ in range(n_outputs)]
        names = [self._to_tensor(some) for some in inputs]
        self._nodes.append(self._onnx.helper.make_node(operator, names, outputs, **attributes))
        return outputs if n_outputs > 1 else outputs[0]

    def scan(self, step, states, sequences, backward=False):
        """Loop over the first axis of sequences, and return the tensor of all outputs.

        ``step(graph, *states, *sequences)`` gets the names of the states and of the steps, and
        returns those of the new states and of the output.
        """
        body = Graph(parent=self)
        names = [body._new_name("step") for _ in (*states, *sequences)]
        *new_states, output = step(body, *names)
        results = [body.add("Identity", name) for name in (*new_states, output)]
        helper, describe = self._onnx.helper, self._onnx.ValueInfoProto
        graph = helper.make_graph(
            body._nodes, "body", *([describe(name=n) for n in some] for some in (names, results))
        )
        directions = {}
        if backward:
            directions = {
                "scan_input_directions": [1] * len(sequences),
                "scan_output_directions": [1],
            }
        *_, outputs = self.add(
            "Scan", *states, *sequences, n_outputs=len(results), body=graph,
            num_scan_inputs=len(sequences), **directions,
        )  # fmt: skip
        return outputs

    def size(self, tensor, axis):
        """Return the size of an axis, as a tensor of shape (1,)."""
        return self.add("Shape", tensor, start=axis, end=axis + 1)

    def positions(self, n_steps):
        """Return the integers below a number, which is a tensor of shape (1,)."""
        scalar = self.add("Squeeze", n_steps, [0])
        return self.add("Range", np.int64(0), scalar, np.int64(1))

    def finish(self, metadata):
        """Return the model, a ``ModelProto``, with a dict of str as its metadata."""
        helper, size = self._onnx.helper, sum(of.nbytes for of in self._weights.values())
        if size > LIMIT:
            raise ValueError(
                f"The weights take {size / 2**30:.1f} GB, but an ONNX file holds 2 GB at most. "
                "Keep fewer words: Word2VecEmbedder(max_tokens=...) or vocabulary_size=."
            )
        weights = [
            self._onnx.numpy_helper.from_array(weight, name)
            for name, weight in self._weights.items()
        ]
        graph = helper.make_graph(self._nodes, "sklstm", self._inputs, self._outputs, weights)
        opset = helper.make_operatorsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset])
        model.producer_name, model.producer_version = "sklstm", VERSION
        model.ir_version = IR_VERSION
        helper.set_model_props(model, metadata)
        return model

    def _to_tensor(self, value):
        if value is None or isinstance(value, str):
            return value or ""
        value = np.asarray(value)
        key = (value.dtype.str, value.shape, value.tobytes()) if value.nbytes <= SMALL else None
        if key is not None:
            name = "constant_" + "_".join(
                map(str, (key[0][1:], *value.shape, value.tobytes().hex()))
            )
        else:
            name = self._new_name("weight")
        self._weights.setdefault(name, value)
        return name

    def _new_name(self, kind):
        return f"{kind}_{next(self._numbers)}"

    def _describe(self, name, dtype, axes):
        helper = self._onnx.helper
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return helper.make_tensor_value_info(name, kind, axes)
