"""Nested state in one file that is safe to open: JSON, and arrays in the safetensors format."""

import json
import os
from collections import Counter
from contextlib import suppress
from threading import get_ident

import numpy as np

from sklstm._tensor_file import CODES, DamagedFileError, read_tensors, write_tensors

STATE = "sklstm.checkpoint"  # what the JSON is called in the file
HEADER = b'{"__metadata__":{"sklstm.checkpoint"'  # how such a file begins, after eight bytes
LONGEST_NAME = 200  # of an array


def write_state(path, state, predecessor):
    """Write dicts, lists, tuples, numbers, strings and arrays, so that the file is whole or absent.

    Raises TypeError for anything else, and OSError if the disk is full or does not let us write.

    Parameters
    ----------
    path : Path
        Where the file appears in one step, once all of it is on the disk.
    state : dict
        What to write.
    predecessor : Path
        What an earlier file at `path` is renamed to.
    """
    arrays = {}
    text = json.dumps(_encode(state, arrays, "state"))
    draft = path.with_name(f"{path.name}.{os.getpid()}-{get_ident()}.tmp")
    try:
        with draft.open("wb") as file:
            write_tensors(file, arrays, {STATE: text})
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            path.replace(predecessor)
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    _sync_folder(path.parent)


def read_state(path):
    """Read what `write_state` has written; DamagedFileError is raised for anything else."""
    with path.open("rb") as file:
        mapped, metadata = read_tensors(file)
        arrays = {name: np.array(array) for name, array in mapped.items()}
    try:
        return _decode(json.loads(metadata[STATE]), arrays)
    except (KeyError, RecursionError, TypeError, ValueError) as error:
        raise DamagedFileError(f"it holds no checkpoint ({error!r:.60})") from None


def may_be_state(path):
    """Tell whether a file begins as one of ours does, however much of it there is."""
    with path.open("rb") as file:
        start = file.read(8 + len(HEADER))[8:]
    return start == HEADER[: len(start)]


def remove_drafts(path):
    """Remove what a process that was killed has left of a file."""
    for draft in path.parent.glob(f"{_escape(path.name)}.*.tmp"):
        with suppress(OSError):
            draft.unlink()


def _escape(name):
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _sync_folder(folder):
    """Let the new name of a file reach the disk too, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _encode(value, arrays, name):
    """Make JSON of a value, and put its arrays into a dict, by where they were."""
    if isinstance(value, np.generic):
        value = value.item()
    match value:
        case None | bool() | int() | float() | str():
            return value
        case np.ndarray() if value.dtype.str in CODES:
            name = name if name not in arrays else f"{name}.{len(arrays)}"
            arrays[name] = np.asarray(value, order="C")
            return {"$array": name}
        case list():
            return [_encode(part, arrays, f"{name}.{i}") for i, part in enumerate(value)]
        case tuple():
            return {"$tuple": _encode(list(value), arrays, name)}
        case dict():
            kind = "$counter" if isinstance(value, Counter) else "$items"
            if kind == "$items" and all(type(key) is str and key[:1] != "$" for key in value):
                return {k: _encode(part, arrays, f"{name}.{k}"[-LONGEST_NAME:])
                        for k, part in value.items()}  # fmt: skip
            items = [[_encode(key, {}, ""), _encode(part, arrays, f"{name}.{key}"[-LONGEST_NAME:])]
                     for key, part in value.items()]  # fmt: skip
            return {kind: items}
    raise TypeError(f"{type(value).__name__} cannot be stored")


def _decode(value, arrays):
    if isinstance(value, list):
        return [_decode(part, arrays) for part in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"$array": name}:
            return arrays[name]
        case {"$tuple": parts}:
            return tuple(_decode(parts, arrays))
        case {"$items": items}:
            return {_decode(key, arrays): _decode(part, arrays) for key, part in items}
        case {"$counter": items}:
            return Counter({_decode(k, arrays): _decode(part, arrays) for k, part in items})
    return {key: _decode(part, arrays) for key, part in value.items()}


def is_storable(value):
    """Tell whether `write_state` can write a value."""
    try:
        _encode(value, {}, "")
    except (RecursionError, TypeError):
        return False
    return True
