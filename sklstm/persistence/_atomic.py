"""Files that are replaced as a whole or not at all."""

import os
import tempfile
from contextlib import contextmanager


@contextmanager
def replacing(path):
    """Open a new file, which takes the place of the one at a path once it is written.

    If writing fails, the old file stays as it is.

    Parameters
    ----------
    path : str or os.PathLike
        Where the file shall be. A link is followed.

    Yields
    ------
    binary file
        The new file, in the same directory.
    """
    path = os.path.realpath(path)
    directory, name = os.path.split(path)
    if not os.path.isdir(directory):
        raise FileNotFoundError(f"There is no folder {directory} to write {name} to.")
    if os.path.isdir(path):
        raise IsADirectoryError(f"{path} is a folder: name a file in it.")
    number, temporary = tempfile.mkstemp(prefix=f".{name[:100]}-", suffix=".tmp", dir=directory)
    try:
        with open(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(number)
        os.chmod(temporary, _mode_of(path))
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _mode_of(path):
    """Return the rights of the file that is replaced, or those of any new file."""
    try:
        return os.stat(path).st_mode & 0o777
    except FileNotFoundError:
        pass
    os.umask(mask := os.umask(0))
    return 0o666 & ~mask
