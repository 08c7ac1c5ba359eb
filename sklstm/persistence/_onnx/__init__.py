"""Export to ONNX, for predictions without torch.

``_export`` has the function, ``_preparation`` what precedes the network, ``_graph`` a graph under
construction, ``_layers``, ``_networks`` and ``_viterbi`` the computation, and ``_metadata`` what a
program must know to make the inputs and to read the outputs.
"""

from sklstm.persistence._onnx._export import export_onnx

__all__ = ["export_onnx"]
