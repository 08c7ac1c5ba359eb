"""Files in the safetensors format: named arrays behind a header in JSON.

They are written and read here, not by the library, so that a file is hashed as a whole, is written
without a second copy of the arrays in memory, and is mapped into memory as NumPy arrays. Tests hold
both against the library.
"""

import json
import math
from hashlib import sha256

import numpy as np

DTYPES = {
    **{f"{kind}{8 * size}": f"<{kind.lower()}{size}" for kind in "IUF" for size in (1, 2, 4, 8)},
    "BOOL": "|b1",
}
del DTYPES["F8"]
CODES = {np.dtype(dtype).str: code for code, dtype in DTYPES.items()}
MAX_HEADER = 100_000_000  # bytes, as in the library
ALIGNMENT = 64
BLOCK = 2**22
METADATA, DIGEST = "__metadata__", "sha256"


class DamagedFileError(ValueError):
    """A file that is not as it was written."""


def write_tensors(file, arrays, metadata):
    """Write arrays, with a digest of all that is written.

    Parameters
    ----------
    file : binary file
        Where to write.
    arrays : dict of str to ndarray
        Contiguous arrays in native byte order, of the types in `CODES`.
    metadata : dict of str to str
        What the header is to say.
    """
    # rows of 64 bytes first, then wide numbers: so each array lies where its numbers may lie
    names = sorted(arrays, key=lambda n: (arrays[n].nbytes % ALIGNMENT > 0, -arrays[n].itemsize))
    header, end = {METADATA: dict(metadata)}, 0
    for name in names:
        start, end = end, end + arrays[name].nbytes
        header[name] = {
            "dtype": CODES[arrays[name].dtype.str],
            "shape": list(arrays[name].shape),
            "data_offsets": [start, end],
        }
    digest = _digest_of(header)
    for name in names:
        digest.update(_bytes_of(arrays[name]))
    header[METADATA][DIGEST] = digest.hexdigest()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    if len(text) > MAX_HEADER:
        raise ValueError("The estimator has too many arrays for one file.")
    file.write(len(text).to_bytes(8, "little") + text)
    for name in names:
        file.write(_bytes_of(arrays[name]))


def read_tensors(file, check=lambda metadata: None):
    """Check a file, and map its arrays into memory.

    Parameters
    ----------
    file : binary file
        The file.
    check : callable, default=None
        Checks the metadata before all else; it raises an error.

    Returns
    -------
    arrays : dict of str to ndarray
        Views of the file, whose pages are read when they are used. To write into one changes a
        copy of its page.
    metadata : dict of str to str
        What the header says.
    """
    size = file.seek(0, 2)
    header, start = _read_header(file, size)
    metadata = header.pop(METADATA)
    check(metadata)
    _check_entries(header, size - start)
    _check_digest(file, header, dict(metadata), start)
    whole = np.memmap(file, np.uint8, mode="c")
    arrays = {}
    for name, entry in header.items():
        first, last = (start + offset for offset in entry["data_offsets"])
        arrays[name] = whole[first:last].view(DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return arrays, metadata


def _read_header(file, size):
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if not 2 <= length <= min(MAX_HEADER, size - 8):
        raise DamagedFileError("its header is longer than the file")
    text = file.read(length)
    try:
        header = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"its header is no JSON ({type(error).__name__})") from None
    metadata = header.get(METADATA) if isinstance(header, dict) else None
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise DamagedFileError("its header has no metadata")
    return header, 8 + length


def _unique(pairs):
    if len(found := dict(pairs)) != len(pairs):
        raise ValueError("names are repeated")
    return found


def _check_entries(header, size):
    """Check that arrays fill the rest of the file without a gap, each as large as its shape."""
    end = 0
    for name, entry in header.items():
        match entry:
            case {"dtype": str(dtype), "shape": [*shape], "data_offsets": [start, stop]} if len(
                entry
            ) == 3 and all(type(number) is int for number in (*shape, start, stop)):
                is_whole = dtype in DTYPES and min(shape, default=0) >= 0 and start == end <= stop
                numbers = math.prod(shape)
                if is_whole and numbers * np.dtype(DTYPES[dtype]).itemsize == stop - start:
                    end = stop
                    continue
        raise DamagedFileError(f"the entry of the array {name!r:.60} is wrong")
    if end != size:
        raise DamagedFileError(f"it has {size} bytes of arrays instead of {end}")


def _check_digest(file, header, metadata, start):
    expected = metadata.pop(DIGEST, None)
    digest = _digest_of({METADATA: metadata, **header})
    file.seek(start)
    while block := file.read(BLOCK):
        digest.update(block)
    if digest.hexdigest() != expected:
        raise DamagedFileError("its contents are not what was written (SHA-256)")


def _digest_of(header):
    return sha256(json.dumps(header, separators=(",", ":")).encode())


def _bytes_of(array):
    return memoryview(array.reshape(-1).view(np.uint8))
