"""Download of one file: checked, kept, and never left incomplete."""

import hashlib
import os
import shutil
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

TIMEOUT_SECONDS = 30  # without a byte


def get_data_home(data_home=None):
    """Return the download folder: `data_home`, or the variable SKLSTM_DATA, or ~/sklstm_data."""
    return Path(data_home or os.environ.get("SKLSTM_DATA") or "~/sklstm_data").expanduser()


def digest_of(path, like):
    """Return the digest of a file, by the algorithm before the colon in another, and with it."""
    algorithm = like.partition(":")[0]
    with open(path, "rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


def sha256_of(path):
    return digest_of(path, "sha256:").partition(":")[2]


def check_sha256(path, sha256, name):
    got = sha256_of(path)
    if got != sha256:
        raise OSError(
            f"{name} is not the file it should be: its sha256 is {got}, expected {sha256}. "
            "It may be cut short or altered."
        )


def fetch_file(url, sha256, target, download_if_missing=True):
    """Download `url` to `target`, unless a file with this sha256 is there."""
    if target.exists() and sha256_of(target) == sha256:
        return
    if not download_if_missing:
        raise OSError(
            f"{target} is missing or damaged, and download_if_missing is False. "
            "Set it to True, or name a local copy with path=."
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = TemporaryDirectory(dir=target.parent, prefix=".download-")
    except OSError as error:
        raise OSError(
            f"The download cannot be stored in {target.parent} ({error}). "
            "Name a folder that can be written to with data_home= or in SKLSTM_DATA."
        ) from error
    with folder:
        # Renaming within one file system is atomic.
        part = Path(folder.name) / target.name
        try:
            _download(url, part)
        except (OSError, HTTPException, ValueError) as error:
            raise OSError(
                f"{url} could not be downloaded ({error}). "
                "Try again later, or name a local copy with path=."
            ) from error
        check_sha256(part, sha256, url)
        os.replace(part, target)


def _download(url, path):
    with urlopen(url, timeout=TIMEOUT_SECONDS) as response, open(path, "wb") as file:
        shutil.copyfileobj(response, file)
        got, announced = file.tell(), response.headers["Content-Length"]
    # http.client does not report a cut connection.
    if announced is not None and got != int(announced):
        raise OSError(f"the connection was cut after {got:,} of {int(announced):,} bytes")
