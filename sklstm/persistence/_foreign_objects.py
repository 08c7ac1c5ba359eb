"""Objects of other packages, which skops writes and opens."""

import io
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from sklstm._optional import import_optional
from sklstm._tensor_file import DamagedFileError
from sklstm.persistence._registry import trusted_types

MAX_INFLATED, MAX_RATIO = 2**26, 50  # bytes, and how much more than a file, that it may hold


def dump_foreign(objects):
    """Return bytes of skops that hold objects.

    Parameters
    ----------
    objects : list of tuple (str, object)
        The objects, with the paths that name them in errors.

    Returns
    -------
    bytes
        A zip archive of skops.
    """
    skops = import_optional("skops.io", "persistence")
    try:
        return _dump(skops, [value for _, value in objects])
    except Exception:
        for path, value in objects:
            try:
                _dump(skops, value)
            except Exception as error:
                raise TypeError(
                    f"{path or 'The estimator'} is a {type(value).__name__}, which cannot be "
                    f"saved without pickle. The cause: {error}"
                ) from error
        raise


def _dump(skops, value):
    data = skops.dumps(value)
    unnamed = [name for name in skops.get_untrusted_types(data=data) if "<" in name]
    if unnamed:
        raise TypeError(
            f"{', '.join(unnamed)} cannot be imported by name; define it with def or class at the "
            "top level of a module"
        )
    return data


def untrusted_types(data):
    """Return the names of types and functions that skops would need to be told to trust.

    Parameters
    ----------
    data : bytes
        What `dump_foreign` returned.

    Returns
    -------
    list of str
        Their dotted names.
    """
    skops = import_optional("skops.io", "persistence")
    _check_zip(data)
    try:
        names = skops.get_untrusted_types(data=data)
    except Exception as error:
        raise DamagedFileError(f"skops cannot read its part ({error!r:.100})") from error
    return [name for name in names if name not in trusted_types()]


def load_foreign(data, trusted):
    """Open what `dump_foreign` returned.

    Parameters
    ----------
    data : bytes
        A zip archive of skops.
    trusted : collection of str
        Names that the caller trusts.

    Returns
    -------
    list
        The objects.
    """
    skops = import_optional("skops.io", "persistence")
    return skops.loads(data, trusted=sorted({*trusted, *trusted_types()}))


def _check_zip(data):
    """Refuse what skops never writes: compressed files, which may be bombs, and paths."""
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (BadZipFile, NotImplementedError) as error:
        raise DamagedFileError(f"the part of skops is no zip archive ({error})") from None
    size = sum(entry.file_size for entry in entries)
    if size > len(data) or any(entry.compress_type != ZIP_STORED for entry in entries):
        raise DamagedFileError("the part of skops is compressed")
    if any(set(entry.filename) & set("/\\:") for entry in entries):
        raise DamagedFileError("the part of skops holds paths")
    _check_sparse_matrices(data, entries)


def _check_sparse_matrices(data, entries):
    """Refuse a sparse matrix, a zip archive inside the other, that is far larger than its file."""
    with ZipFile(io.BytesIO(data)) as archive:
        for entry in entries:
            if not entry.filename.endswith(".npz"):
                continue
            try:
                with ZipFile(io.BytesIO(archive.read(entry))) as inner:
                    size = sum(part.file_size for part in inner.infolist())
            except (BadZipFile, NotImplementedError) as error:
                raise DamagedFileError(f"a sparse matrix is none ({error})") from None
            if size > MAX_INFLATED + MAX_RATIO * entry.file_size:
                raise DamagedFileError("a sparse matrix unpacks to far more than it should")
