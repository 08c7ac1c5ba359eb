"""Files of text in UTF-8, and JSON in them."""

import gzip
import json
from pathlib import Path

from sklstm.datasets._conll import BYTE_ORDER_MARK, decode, read_bytes


def read_text(path):
    """Return the text of a file, with its line ends, and a byte order mark, as they are."""
    return decode(read_bytes(path), "utf-8", path)


def read_lines(path):
    """Return the lines of a file that are separated by line feeds, without a byte order mark."""
    lines = read_text(path).removeprefix(BYTE_ORDER_MARK).split("\n")
    return [line.removesuffix("\r") for line in lines]


def write_text(path, text):
    """Write a file, packed if its name ends with .gz."""
    path, content = Path(path), encode(text, path)
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def encode(text, path):
    if "\0" in text:
        raise ValueError(
            f"There is a zero character in the texts or tags, or in tag: {path} shall be a text. "
            "Take it out."
        )
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"There is {text[error.start]!r}, half of a pair, in the texts or tags, in tag, ids or "
            "text_key: no text file holds that. Take it out."
        ) from None


def parse_json(text, path, line=None):
    """Parse JSON; an error names the line, which is given or found."""
    try:
        return json.loads(text.removeprefix(BYTE_ORDER_MARK))
    except (ValueError, RecursionError) as error:
        line = line or getattr(error, "lineno", 1)
        raise ValueError(f"{path}, line {line}: no valid JSON: {error}") from None


def to_json(value, **options):
    return json.dumps(value, ensure_ascii=False, **options)
