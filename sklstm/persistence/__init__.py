"""Persistence: what was learned, as files.

``_onnx`` exports to ONNX.
"""

from sklstm.persistence._onnx import export_onnx

__all__ = ["export_onnx"]
