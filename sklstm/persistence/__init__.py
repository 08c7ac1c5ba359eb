"""Persistence: what was learned, as files.

``_archive`` saves and opens estimators, ``_onnx`` exports to ONNX.
"""

from sklstm.persistence._archive import load, save
from sklstm.persistence._onnx import export_onnx

__all__ = ["export_onnx", "load", "save"]
