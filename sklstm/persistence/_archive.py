"""Archives of estimators: ``save`` and ``load``."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from sklstm import _typing as t
from sklstm._arguments import check_bool, check_path, describe
from sklstm._tensor_file import DamagedFileError, read_tensors, write_tensors
from sklstm._versions import current_versions, warn_of_versions
from sklstm.persistence._atomic import replacing
from sklstm.persistence._foreign_objects import dump_foreign, load_foreign, untrusted_types
from sklstm.persistence._registry import (
    CALLABLES,
    OWN_CLASSES,
    composite_classes,
    find,
    name_of,
    trusted_things,
)
from sklstm.persistence._state_reader import StateReader
from sklstm.persistence._state_writer import FOREIGN, STRUCTURE, StateWriter

FORMAT_VERSION = 1  # of what is written; earlier ones are read, too
PACKAGES = "scikit-learn", "torch"


def save(estimator, path: t.Path) -> None:
    """Save an estimator to one file without code: JSON, arrays, and nothing of pickle.

    Parameters
    ----------
    estimator : estimator
        One of this package, fitted or not, or one of scikit-learn that holds such: a pipeline, a
        search, an ensemble. Steps of scikit-learn are saved by skops; that is the extra
        ``persistence``. Functions are saved by name.
    path : str or os.PathLike
        The file, which is replaced as a whole, or not at all if anything fails.

    Raises
    ------
    TypeError
        If the estimator holds what cannot be saved without code, such as a lambda.

    See Also
    --------
    load : Opens the file.

    Examples
    --------
    >>> import os, tempfile
    >>> import sklstm
    >>> tokenizer = sklstm.Tokenizer(lowercase=False)
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = os.path.join(directory, "tokenizer.safetensors")
    ...     sklstm.save(tokenizer, path)
    ...     sklstm.load(path)
    Tokenizer(lowercase=False)
    """
    if not isinstance(estimator, BaseEstimator):
        raise TypeError(
            "estimator must be an estimator or a pipeline, not a class; got "
            f"{describe(estimator)}. Call save(estimator, path)."
        )
    path = check_path(path)
    writer = StateWriter()
    structure = {"estimator": writer.write(estimator, "")}
    structure = {"names": sorted(writer.names), **structure}
    text = json.dumps(structure, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    parts = {STRUCTURE: text.encode("utf-8", "surrogatepass")}
    if writer.foreign:
        parts[FOREIGN] = dump_foreign(writer.foreign)
    arrays = {name: np.frombuffer(part, np.uint8) for name, part in parts.items()}
    metadata = {"format": "sklstm", "format_version": str(FORMAT_VERSION)}
    with replacing(path) as file:
        write_tensors(file, arrays | writer.arrays, metadata | current_versions(PACKAGES))


def load(path: t.Path, *, trusted: Sequence = (), mmap: bool = False) -> Any:
    """Open a file that `save` wrote, without running any code that it may hold.

    Classes and functions are looked up in a fixed list: those of this package, what skops trusts
    of scikit-learn, its splitters and metrics, and optimizers and losses of torch. A file that
    names others is refused, unless you trust them.

    Parameters
    ----------
    path : str or os.PathLike
        The file.
    trusted : list of str, functions or classes, default=()
        What else the file may name: things, or their dotted names. The error of a refused file
        lists those that it needs. Trust only what you know to do no harm when it is called.
    mmap : bool, default=False
        Whether large arrays, such as word vectors and the weights of networks, stay in the file
        until they are used. Processes then share their memory. The file must not be changed in
        place meanwhile; `save` replaces it, which does no harm.

    Returns
    -------
    estimator
        As it was saved; a device that this machine lacks becomes the CPU.

    Raises
    ------
    ValueError
        If the file is damaged, is of a later format, or names what is not trusted.

    Warns
    -----
    InconsistentVersionWarning
        If the file was made with another version of this package, scikit-learn or torch.

    See Also
    --------
    save : Writes the file.

    Examples
    --------
    >>> import os, tempfile
    >>> import sklstm
    >>> tokenizer = sklstm.Tokenizer(tokenizer=os.path.split)
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = os.path.join(directory, "tokenizer.safetensors")
    ...     sklstm.save(tokenizer, path)
    ...     loaded = sklstm.load(path, trusted=[os.path.split])
    >>> loaded.transform(["a/b"])
    [['a', 'b']]
    """
    given = _named(trusted)
    path = check_path(path)
    check_bool(mmap, "mmap")
    try:
        with open(path, "rb") as file:
            arrays, metadata = read_tensors(file, _check_format)
        estimator = _restore(arrays, given, mmap)
    except DamagedFileError as error:
        raise ValueError(
            f"{path} is damaged, or not a file of sklstm.save: {error}.{_hint_pickle(path)}"
        ) from error
    before = {package: metadata.get(package) for package in ("sklstm", *PACKAGES)}
    warn_of_versions(type(estimator).__name__, before)
    return estimator


def _hint_pickle(path):
    with open(path, "rb") as file:
        is_pickle = file.read(1) == b"\x80"
    return " It looks like a pickle, which joblib.load opens, if you trust it." if is_pickle else ""


def _check_format(metadata):
    version = metadata.get("format_version", "")
    if metadata.get("format") != "sklstm" or not (version.isdecimal() and len(version) < 5):
        raise DamagedFileError("its header names another format")
    if int(version) > FORMAT_VERSION:
        raise ValueError(
            f"The file has format {version}, and this version of sklstm reads formats up to "
            f"{FORMAT_VERSION}: install a later one."
        )


def _restore(arrays, given, mmap):
    structure = _read_structure(arrays.pop(STRUCTURE, np.empty(0, np.uint8)))
    names = structure["names"]
    foreign = arrays.pop(FOREIGN, None)
    foreign = None if foreign is None else foreign.tobytes()
    classes, things = _look_up(names, foreign, given)
    try:
        objects = [] if foreign is None else load_foreign(foreign, given)
        reader = StateReader(arrays, objects, classes, things, mmap)
        estimator = reader.read(structure["estimator"])
    except (DamagedFileError, ImportError, Warning):
        raise
    except Exception as error:
        raise DamagedFileError(f"its contents make no estimator ({error!r:.300})") from error
    if reader.unused():
        raise DamagedFileError(f"nothing refers to its arrays {reader.unused()!r:.60}")
    if not isinstance(estimator, BaseEstimator):
        raise DamagedFileError("it holds no estimator")
    return estimator


def _read_structure(stored):
    try:
        text = stored.tobytes().decode("utf-8", "surrogatepass")
        structure = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"it holds no JSON ({type(error).__name__})") from None
    match structure:
        case {"names": [*names], "estimator": _} if all(isinstance(name, str) for name in names):
            return structure
    raise DamagedFileError("its JSON describes no estimator")


def _refuse(constant):
    raise ValueError(f"{constant} is no number in JSON.")


def _look_up(names, foreign, given):
    """Return the classes and the functions that are named, if all are known or trusted."""
    known, classes, things = trusted_things(), {}, {}
    untrusted = [] if foreign is None else untrusted_types(foreign)
    untrusted = [name for name in untrusted if name not in given]
    for name in names:
        if name in OWN_CLASSES:
            classes[name] = OWN_CLASSES[name]
        elif name.startswith("sklearn.") and name in composite_classes():
            classes[name] = composite_classes()[name]
        elif name in known or name in given:
            things[name] = known[name] if name in known else given[name]
        else:
            untrusted.append(name)
    if untrusted:
        raise ValueError(
            f"The file names {', '.join(map(repr, sorted(set(untrusted))))}, which sklstm does not "
            "trust. If you know where the file comes from and what they do, pass "
            "trusted=[...] with these names."
        )
    return classes, {name: find(of) if isinstance(of, str) else of for name, of in things.items()}


def _named(trusted):
    """Return what the caller trusts by names; a name stands for itself until it is needed."""
    if not isinstance(trusted, (list, tuple, set, frozenset)):
        raise TypeError(
            f"trusted must be a list of names, functions or classes; got {describe(trusted)}."
        )
    named = {}
    for thing in trusted:
        if isinstance(thing, str):
            named[thing] = thing
        elif isinstance(thing, CALLABLES):
            named[name_of(thing)] = thing
        else:
            raise TypeError(
                f"trusted must hold names, functions or classes; got {describe(thing)}."
            )
    return named
