"""From JSON, arrays and what skops has opened to an estimator."""

import base64
import math
import re
from importlib import import_module
from pathlib import Path

import numpy as np
import sklearn
import torch
from scipy import stats
from sklearn.base import BaseEstimator
from sklearn.utils import Bunch

from sklstm._tensor_file import CODES, DamagedFileError
from sklstm._versions import KEY, Versioned, current_versions
from sklstm.persistence._state_writer import DTYPE_KINDS

MAX_DEPTH = 100
SMALL = 2**16  # bytes of an array that is not worth a mapping
FLAT_TYPES = {bool, int, float, str, type(None)}
MAX_CODE_POINT = 0x110000


class StateReader:
    """Make an estimator of JSON that a `StateWriter` wrote.

    Parameters
    ----------
    arrays : dict of str to ndarray
        The arrays that the JSON refers to.
    foreign : list
        The objects of other packages.
    classes : dict of str to type
        Classes that objects may be of, by their names.
    things : dict of str to object
        Classes and functions that may be values, by their names.
    mmap : bool
        Whether large arrays stay in the file until they are used.
    """

    def __init__(self, arrays, foreign, classes, things, mmap):
        self.arrays = arrays
        self.foreign = foreign
        self.classes = classes
        self.things = things
        self.mmap = mmap
        self._shared = {}
        self._views = {}  # arrays that were read, with the dtype, shape and order

    def unused(self):
        """Return the names of arrays that the JSON did not refer to."""
        return sorted(set(self.arrays).difference(self._views))

    def read(self, node, depth=0):
        """Return what a JSON value stands for."""
        if depth > MAX_DEPTH:
            raise DamagedFileError(f"it is nested more than {MAX_DEPTH} levels deep")
        if type(node) is list:
            return self._list(node, depth)
        if type(node) is not dict:
            return node
        fields = dict(node)
        number = fields.pop("id", None)
        kind = next(iter(fields), None)
        if kind not in self._METHODS:
            raise DamagedFileError(f"it holds something of an unknown kind, {kind!r:.60}")
        first = fields.pop(kind)
        value = self._METHODS[kind](self, first, depth + 1, **fields)
        if number is not None:
            self._shared[number] = value
        return value

    def _list(self, nodes, depth):
        if set(map(type, _as(list, nodes))) <= FLAT_TYPES:
            return nodes
        return [self.read(node, depth + 1) for node in nodes]

    def _dict(self, nodes, depth):
        if set(map(type, _as(dict, nodes).values())) <= FLAT_TYPES:
            return nodes
        return {key: self.read(node, depth) for key, node in nodes.items()}

    def _mapping(self, nodes, depth):
        keys, values = (self._list(of, depth) for of in nodes)
        return dict(zip(keys, values, strict=True))

    def _float(self, text, depth):
        if text not in ("nan", "inf", "-inf"):
            raise DamagedFileError(f"it holds a wrong number, {text!r:.60}")
        return float(text)

    def _ref(self, number, depth):
        if number not in self._shared:
            raise DamagedFileError("something in it refers to itself, or to nothing")
        return self._shared[number]

    def _array(self, name, depth, dtype, shape, order="C"):
        if name not in self.arrays:
            raise DamagedFileError(f"there is no array {name!r:.60}")
        view = dtype, shape, order
        if name not in self._views:
            self._views[name] = view, self._view(self.arrays[name], *view)
        known, array = self._views[name]
        if known != view:
            raise DamagedFileError(f"the array {name!r:.60} is described in two ways")
        return array

    def _view(self, array, dtype, shape, order):
        dtype, shape = np.dtype(_as(str, dtype)), tuple(shape)
        if dtype.kind not in DTYPE_KINDS or order not in ("C", "F"):
            raise DamagedFileError(f"it holds an array of {dtype!s:.60}")
        stored = shape[::-1] if order == "F" else shape
        if dtype.str not in CODES:
            array = _from_bytes(array, dtype, stored)
        if (array.dtype, array.shape) != (dtype, stored):
            raise DamagedFileError(
                f"an array of {dtype} and shape {shape} is one of {array.dtype} and {array.shape}"
            )
        if not self.mmap or array.nbytes < SMALL:
            array = np.array(array)
        return array.T if order == "F" else array

    def _objects(self, nodes, depth, shape):
        array = np.empty(len(nodes), object)
        for place, value in enumerate(self._list(nodes, depth)):
            array[place] = value  # one by one, since a list of lists would make a matrix
        return array.reshape(shape)

    def _number(self, value, depth, dtype):
        if (dtype := np.dtype(_as(str, dtype))).str not in CODES:
            raise DamagedFileError(f"it holds a number of {dtype!s:.60}")
        return dtype.type(_as((bool, int, float), value))

    def _scalar(self, node, depth):
        return self.read(node, depth)[()]

    def _masked(self, nodes, depth):
        data, mask, fill_value = self._list(nodes, depth)
        return np.ma.MaskedArray(data, mask, fill_value=fill_value)

    def _random_state(self, node, depth):
        state = self.read(node, depth)
        if _as(dict, state).get("bit_generator") != "MT19937":
            raise DamagedFileError("it holds an unknown random generator")
        random_state = np.random.RandomState(0)
        random_state.set_state(state)
        return random_state

    def _tensor(self, node, depth):
        return torch.from_numpy(np.array(self.read(node, depth)))

    def _name(self, name, depth):
        if name not in self.things:
            raise DamagedFileError(f"it uses {name!r:.60}, which is not in its list of names")
        return self.things[name]

    def _foreign(self, number, depth):
        if type(number) is not int or not 0 <= number < len(self.foreign):
            raise DamagedFileError("it refers to an object that it lacks")
        return self.foreign[number]

    def _tokenizer(self, text, depth):
        return import_module("tokenizers").Tokenizer.from_str(text)

    def _object(self, name, depth, state, requests=None):
        if name not in self.classes:
            raise DamagedFileError(f"it makes an object of an unknown class, {name!r:.60}")
        cls = self.classes[name]
        made = cls.__new__(cls)
        if state is not None:
            state = self._dict(state, depth)
            if isinstance(made, Versioned):  # the archive itself tells of other versions
                state = {**state, KEY: current_versions(["scikit-learn"])}
            elif isinstance(made, BaseEstimator) and name.startswith("sklearn."):
                state = {**state, "_sklearn_version": sklearn.__version__}
            if hasattr(made, "__setstate__"):
                made.__setstate__(state)
            else:
                vars(made).update(state)
        if requests is not None:
            _set_requests(made, self.read(requests, depth))
        return made

    def _distribution(self, name, depth, **fields):
        known = vars(stats).get(_as(str, name))
        args, kwds = self._list(fields.pop("with"), depth)
        if not isinstance(known, (stats.rv_continuous, stats.rv_discrete)) or fields:
            raise DamagedFileError(f"it holds an unknown distribution, {name!r:.60}")
        return known(*args, **kwds)

    def _range(self, nodes, depth):
        start, stop, step = self._list(nodes, depth)
        return range(start, stop, step)

    def _slice(self, nodes, depth):
        start, stop, step = self._list(nodes, depth)
        return slice(start, stop, step)

    _METHODS = {
        "array": _array,
        "bunch": lambda self, nodes, depth: Bunch(**self._dict(nodes, depth)),
        "bytes": lambda self, text, depth: base64.b64decode(text, validate=True),
        "dict": _dict,
        "distribution": _distribution,
        "float": _float,
        "foreign": _foreign,
        "frozenset": lambda self, nodes, depth: frozenset(self._list(nodes, depth)),
        "mapping": _mapping,
        "masked": _masked,
        "name": _name,
        "number": _number,
        "object": _object,
        "objects": _objects,
        "path": lambda self, text, depth: Path(text),
        "pattern": lambda self, of, depth: re.compile(self.read(of[0], depth), of[1]),
        "random_state": _random_state,
        "range": _range,
        "ref": _ref,
        "scalar": _scalar,
        "set": lambda self, nodes, depth: set(self._list(nodes, depth)),
        "slice": _slice,
        "tensor": _tensor,
        "tokenizer": _tokenizer,
        "tuple": lambda self, nodes, depth: tuple(self._list(nodes, depth)),
    }


def _as(kind, value):
    if not isinstance(value, kind):
        raise DamagedFileError(f"it holds a {type(value).__name__} in the place of another type")
    return value


def _from_bytes(array, dtype, shape):
    """Return strings or dates that are stored as bytes."""
    n_bytes = math.prod(shape) * dtype.itemsize
    if array.dtype != np.uint8 or array.shape != (n_bytes,):
        raise DamagedFileError(f"an array of {dtype} and shape {shape} has another size")
    array = np.array(array)
    if dtype.kind == "U" and n_bytes and array.view(np.uint32).max() >= MAX_CODE_POINT:
        raise DamagedFileError("it holds a str with characters that do not exist")
    return array.view(dtype).reshape(shape) if n_bytes else np.empty(shape, dtype)


def _set_requests(estimator, requests):
    """Restore what metadata an estimator asks for, see ``set_fit_request``."""
    routing = estimator.get_metadata_routing()
    for method, params in _as(dict, requests).items():
        if method not in vars(routing):
            raise DamagedFileError(f"it asks for metadata of {method!r:.60}")
        for param, alias in _as(dict, params).items():
            getattr(routing, method).add_request(param=param, alias=alias)
    estimator._metadata_request = routing
