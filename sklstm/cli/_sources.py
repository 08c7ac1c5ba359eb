"""Files that go in and come out: their formats, and how they are opened."""

import gzip
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path

STDIN = "-"
Format = StrEnum("Format", ["csv", "tsv", "jsonl", "conll", "text"])
SUFFIXES = {
    ".csv": Format.csv,
    ".tsv": Format.tsv,
    ".jsonl": Format.jsonl,
    ".ndjson": Format.jsonl,
    ".conll": Format.conll,
    ".conllu": Format.conll,
    ".iob": Format.conll,
    ".bio": Format.conll,
    ".txt": Format.text,
}


@dataclass
class Source:
    """A file to read, ``"-"`` for standard input, and how to read it."""

    path: str
    format: Format
    encoding: str = "utf-8"
    separator: str | None = None
    token_column: int = 0
    tag_column: int = -1
    comment: str | None = None

    @contextmanager
    def open(self, progress=None):
        """Open the file as lines; `progress` is told how much has been read."""
        if self.path == STDIN:
            yield self._checked(sys.stdin)
            return
        with open(self.path, "rb") as raw:
            if progress is not None:
                progress.follow(raw)
            stream = gzip.GzipFile(fileobj=raw) if self.path.endswith(".gz") else raw
            with self._decoded(stream) as lines:
                yield self._checked(lines)

    def _decoded(self, stream):
        try:
            return TextIOWrapper(stream, self.encoding, newline="")
        except LookupError:
            raise ValueError(
                f"--encoding {self.encoding} is not known: try utf-8 or latin-1."
            ) from None

    def _checked(self, lines):
        number = 0
        try:
            for number, line in enumerate(lines, 1):  # noqa: B007
                yield line.removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            where = f" after line {number}" if number else ""
            raise ValueError(
                f"{self.path} is not {self.encoding}{where} ({error.reason}). Pass the encoding of "
                "the file, for example --encoding latin-1."
            ) from None
        except (EOFError, gzip.BadGzipFile) as error:
            raise ValueError(f"{self.path} cannot be unpacked: {error}.") from None


def find_format(path, given=None):
    """Return the format that is given, or the one that the suffix tells, or None."""
    name = Path(path).name.lower().removesuffix(".gz")
    return given or SUFFIXES.get(Path(name).suffix)


@contextmanager
def open_output(path, source):
    """Open the file for results, or standard output."""
    if path is None or str(path) == STDIN:
        yield sys.stdout
        return
    path = Path(path)
    if path.exists() and source.path != STDIN and path.samefile(source.path):
        raise ValueError(f"{path} is the file that is read: write the results to another one.")
    with path.open("w", encoding="utf-8", newline="") as stream:
        yield stream
