"""Fingerprints: digests that tell whether two values are the same, in any process."""

import json
import pickle
from contextlib import suppress
from functools import partial
from hashlib import sha256
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

import numpy as np

FEW_ITEMS = 10_000  # of a list that is made one string, in C


def fingerprint(*values):
    """Return the SHA-256 of values: numbers, strings, containers, arrays, frames and objects.

    What is equal to NumPy or as JSON, such as a tuple and a list, may have one fingerprint. An
    object is what its attributes are; a function is its name and its code.
    """
    digest = sha256()
    _add(values, digest.update, ())
    return digest.hexdigest()


def _add(value, update, above):
    """Add a value to a digest; `above` are the ids of the objects that it is a part of."""
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, (list, tuple)) or len(value) <= FEW_ITEMS:
        try:
            return update(b"json" + json.dumps(value, sort_keys=True).encode())
        except (RecursionError, TypeError, ValueError):  # it holds more than JSON knows
            pass
    if id(value) in above:
        return update(b"cycle")
    kind, parts = _take_apart(value)
    update(f"{type(value).__name__ if kind is None else kind} of {len(parts)}:".encode())
    for part in parts:
        if isinstance(part, bytes):
            update(b"%d bytes" % len(part))
            update(part)
        else:
            _add(part, update, (*above, id(value)))


def _take_apart(value):
    """Return the kind of a value, None for the name of its type, and its parts."""
    match value:
        case list() | tuple():
            return "list", value
        case dict():
            return "dict", [part for key in sorted(value, key=repr) for part in (key, value[key])]
        case set() | frozenset():
            return "set", sorted(map(fingerprint, value))
        case bytes() | bytearray():
            return "bytes", [bytes(value)]
        case np.ma.MaskedArray():
            return "masked", [value.data, np.ma.getmaskarray(value)]
        case np.ndarray():
            return "array", _take_array_apart(value)
        case np.random.RandomState():
            return "state", [value.get_state(legacy=False)]
        case np.random.Generator():
            return "state", [value.bit_generator.state]
        case type() | ModuleType() | BuiltinFunctionType():
            return "name", [getattr(value, "__module__", None), value.__name__]
        case FunctionType():
            code = value.__code__
            told = [c for c in code.co_consts if isinstance(c, (str, int, float, tuple))]
            return "code", [value.__module__, value.__qualname__, code.co_code, repr(told)]
        case MethodType():
            return "method", [value.__func__, value.__self__]
        case partial():
            return "partial", [value.func, value.args, value.keywords]
    return None, _take_object_apart(value)


def _take_array_apart(array):
    about = [array.dtype.str, array.shape]
    if array.dtype.hasobject:
        return [*about, array.tolist()]
    return [*about, np.ascontiguousarray(array).tobytes()]


def _take_object_apart(value):
    if type(value).__module__.startswith("sklstm."):  # Sequences are more than their array
        return [dict(vars(value))]
    with suppress(Exception):  # of any kind: there are many packages of arrays and frames
        if hasattr(value, "to_numpy"):  # frames and series, whose other attributes are caches
            return [[str(name) for name in getattr(value, "columns", ())], value.to_numpy()]
        if hasattr(value, "__array__"):
            return [np.asarray(value)]
        if not getattr(value, "__dict__", None):
            return [pickle.dumps(value)]
    return [dict(getattr(value, "__dict__", {}))]
