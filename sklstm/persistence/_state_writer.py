"""From an estimator to JSON, arrays, and what is left to skops."""

import base64
import math
import re
from pathlib import PurePath

import numpy as np
import torch
from sklearn.utils import Bunch

from sklstm._arguments import describe
from sklstm._tensor_file import CODES
from sklstm._versions import KEY
from sklstm.persistence._registry import (
    CALLABLES,
    OWN_CLASSES,
    composite_classes,
    find,
    name_of,
    trusted_things,
)

PLAIN = {bool, int, str, type(None)}
DTYPE_KINDS = "biufcmMUS"
MAX_BITS = 256  # of an integer
MAX_DEPTH = 40
SHARED = {"object", "random_state", "array", "foreign"}  # what keeps its identity
STRUCTURE, FOREIGN = "model.json", "sklearn.skops"  # names of bytes among the arrays
OWN_NAMES = {cls: name for name, cls in OWN_CLASSES.items()}


class StateWriter:
    """Describe an estimator by JSON.

    A number, a str, None or a list stands for itself. All else is a JSON object whose first key
    says what it is, see the methods of `StateReader`.

    Attributes
    ----------
    arrays : dict of str to ndarray
        Arrays that the JSON refers to.
    foreign : list
        Objects of other packages that it refers to.
    names : dict of str to str
        Where each class and function is used first.
    """

    def __init__(self):
        self.arrays = {}
        self.foreign = []
        self.names = {}
        self._taken = {STRUCTURE, FOREIGN}
        self._known = {}  # JSON of what may be met again, by identity
        self._memory = {}  # JSON of arrays, by where they are
        self._open = set()
        self._kept = []  # so that no other object takes an identity
        self._n_shared = 0

    def write(self, value, path):
        """Return JSON of a value; the path names it in errors, and its array."""
        if type(value) in PLAIN and not (type(value) is int and value.bit_length() > MAX_BITS):
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if (known := self._known.get(id(value))) is not None:
            if not known.keys().isdisjoint({"array", "foreign"}):  # which have names of their own
                return dict(known)
            if "id" not in known:
                known["id"] = self._n_shared = self._n_shared + 1
            return {"ref": known["id"]}
        if id(value) in self._open or len(self._open) >= MAX_DEPTH:
            raise ValueError(f"{path:.200} refers to itself, or is nested too deep for an archive.")
        self._open.add(id(value))
        self._kept.append(value)
        node = self._describe(value, path)
        self._open.discard(id(value))
        if isinstance(node, dict) and not SHARED.isdisjoint(node):
            self._known[id(value)] = node
        return node

    def _describe(self, value, path):
        if type(value) in self._METHODS:
            return self._METHODS[type(value)](self, value, path)
        if isinstance(value, CALLABLES):
            return self._name(value, path)
        if isinstance(value, np.generic):
            return self._scalar(value, path)
        if isinstance(value, PurePath):
            return {"path": str(value)}
        if type(value) in OWN_NAMES:
            return self._object(value, OWN_NAMES[type(value)], path)
        if is_of(value, "tokenizers") and hasattr(value, "to_str"):
            return {"tokenizer": value.to_str()}
        if holds_own(value) or is_of(value, "sklstm"):
            return self._composite(value, path)
        if is_of(value, "scipy") and hasattr(getattr(value, "dist", None), "name"):
            return self._distribution(value, path)
        self.foreign.append((path, value))
        return {"foreign": len(self.foreign) - 1}

    def _all(self, values, path):
        kinds = set(map(type, values))
        if kinds <= PLAIN - {int} or (kinds <= PLAIN and _are_small(values)):
            return list(values)  # fast, for a large vocabulary
        return [self.write(value, f"{path}[{place}]") for place, value in enumerate(values)]

    def _tuple(self, value, path):
        return {"tuple": self._all(value, path)}

    def _set(self, value, path):
        ordered = sorted(value, key=repr)  # so that equal estimators make equal files
        return {type(value).__name__: self._all(ordered, path)}

    def _dict(self, value, path):
        kind = "bunch" if type(value) is Bunch else "dict"
        if set(map(type, value)) <= {str}:
            kinds = set(map(type, value.values()))
            if kinds <= PLAIN and _are_small(value.values()):
                return {kind: dict(value)}
            return {kind: {key: self.write(of, f"{path}.{key:.60}") for key, of in value.items()}}
        keys = self._all(list(value), f"{path} keys")
        return {"mapping": [keys, self._all(list(value.values()), path)]}

    def _array(self, value, path):
        if value.dtype == object:
            return {"objects": self._all(value.ravel().tolist(), path), "shape": list(value.shape)}
        is_long = value.dtype.char in "gG"  # of a size that depends on the machine
        if value.dtype.kind not in DTYPE_KINDS or is_long:
            raise TypeError(f"{path} is an array of {value.dtype}, which cannot be saved.")
        memory = (value.ctypes.data, value.strides, value.shape, value.dtype.str)
        if value.size and memory in self._memory:  # tied weights
            return dict(self._memory[memory])
        value = value.astype(value.dtype.newbyteorder("="), copy=False)
        is_transposed = value.flags.f_contiguous and not value.flags.c_contiguous
        stored = np.asarray(value.T if is_transposed else value, order="C")
        if stored.dtype.str not in CODES:  # strings and dates, as bytes
            stored = stored.reshape(-1).view(np.uint8)
        name = self._free_name(path)
        self.arrays[name] = stored
        node = {"array": name, "dtype": value.dtype.str, "shape": list(value.shape)}
        self._memory[memory] = node | ({"order": "F"} if is_transposed else {})
        return self._memory[memory]

    def _scalar(self, value, path):
        if value.dtype.str in CODES and np.isfinite(value):
            return {"number": value.item(), "dtype": value.dtype.str}
        return {"scalar": self._array(np.asarray(value), path)}

    def _free_name(self, path):
        name, number = path.lstrip("."), 1
        while name in self._taken:
            name, number = f"{path.lstrip('.')} ({number})", number + 1
        self._taken.add(name)
        return name

    def _masked(self, value, path):
        parts = value.data, np.ma.getmaskarray(value), value.fill_value
        return {"masked": [self.write(part, path) for part in parts]}

    def _random_state(self, value, path):
        state = value.get_state(legacy=False)
        if state["bit_generator"] != "MT19937":
            raise TypeError(f"{path} is no RandomState of MT19937, which alone can be saved.")
        return {"random_state": self.write(state, path)}

    def _tensor(self, value, path):
        if value.dtype == torch.bfloat16:
            raise TypeError(f"{path} is a tensor of bfloat16: make it one of float32.")
        return {"tensor": self.write(value.detach().cpu().numpy(), path)}

    def _distribution(self, value, path):
        """Describe a distribution of scipy, from which a search draws parameters."""
        return {"distribution": value.dist.name, "with": self._all([value.args, value.kwds], path)}

    def _name(self, value, path):
        name = next((name for name, thing in trusted_things().items() if thing is value), None)
        if name is None:
            _check_importable(value, name := name_of(value), path)
        self.names.setdefault(name, path)
        return {"name": name}

    def _object(self, value, name, path):
        self.names.setdefault(name, path)
        state = value.__getstate__()
        node = {"object": name, "state": None}
        if state is not None:
            state = {key: of for key, of in state.items() if key not in (KEY, "_sklearn_version")}
            requests = state.pop("_metadata_request", None)
            if requests is not None:
                node["requests"] = self._requests(requests, path)
            node["state"] = {
                key: self.write(of, f"{path}.{key}" if path else key) for key, of in state.items()
            }
        return node

    def _requests(self, requests, path):
        methods = {name: getattr(of, "requests", None) for name, of in vars(requests).items()}
        return self.write({name: of for name, of in methods.items() if of}, path)

    def _composite(self, value, path):
        for name, cls in composite_classes().items():
            if type(value) is cls:
                return self._object(value, name, path)
        if is_of(value, "sklstm"):
            raise TypeError(f"{path} is a {type(value).__name__}, which cannot be saved.")
        raise TypeError(
            f"{path or 'The estimator'} is a {type(value).__name__} that holds estimators of "
            "sklstm. Classes of scikit-learn that can be saved with them are "
            f"{', '.join(sorted(cls.__name__ for cls in composite_classes().values()))}; save the "
            "estimators inside by themselves."
        )

    _METHODS = {
        list: _all,
        tuple: _tuple,
        set: _set,
        frozenset: _set,
        dict: _dict,
        Bunch: _dict,
        np.ndarray: _array,
        np.memmap: _array,
        np.ma.MaskedArray: _masked,
        np.random.RandomState: _random_state,
        torch.Tensor: _tensor,
        torch.nn.Parameter: _tensor,
        bytes: lambda self, value, path: {"bytes": base64.b64encode(value).decode()},
        slice: lambda self, of, path: {"slice": self._all([of.start, of.stop, of.step], path)},
        range: lambda self, of, path: {"range": [of.start, of.stop, of.step]},
        re.Pattern: lambda self, of, path: {"pattern": [self.write(of.pattern, path), of.flags]},
        int: lambda self, value, path: _refuse_size(value, path),
    }


def is_of(value, package):
    """Tell whether a value is of a class of a package."""
    return type(value).__module__.partition(".")[0] == package


def holds_own(value, seen=None):
    """Tell whether an object of scikit-learn, or a container, holds an object of ours."""
    seen = set() if seen is None else seen
    if type(value) in OWN_NAMES:
        return True
    if id(value) in seen:
        return False
    seen.add(id(value))
    if isinstance(value, dict):
        parts = value.values()
    elif isinstance(value, (list, tuple, set)):
        parts = value
    elif isinstance(value, np.ndarray):
        parts = value.ravel().tolist() if value.dtype == object else ()
    else:
        parts = getattr(value, "__dict__", {}).values() if is_of(value, "sklearn") else ()
    return any(holds_own(part, seen) for part in parts)


def _are_small(values):
    return all(type(of) is not int or -(2**63) <= of < 2**64 for of in values)


def _refuse_size(value, path):
    raise ValueError(f"{path} is {describe(value)}, which is too large for an archive.")


def _check_importable(value, name, path):
    try:
        is_same = find(name) is value
    except (AttributeError, ImportError, ValueError):
        is_same = False
    if not is_same:
        raise TypeError(
            f"{path} is {value!r:.80}, which cannot be saved: an archive holds no code, only names "
            f"of functions and classes, and {name} does not lead to it. Define it with def or "
            "class at the top level of a module."
        )
