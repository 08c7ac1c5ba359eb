"""Tables with a row for each text: CSV, TSV, JSON lines, or plain lines; read one by one."""

import csv
import json
from itertools import islice
from reprlib import repr as shorten

from sklstm._arguments import did_you_mean
from sklstm.cli._sources import Format
from sklstm.formats._doccano import plain_span
from sklstm.formats._texts import check_spans

TEXT = "text"  # the column of a file of plain lines
SEPARATORS = {Format.csv: ",", Format.tsv: "\t"}


def read_rows(source, progress=None):
    """Yield each row of a table as a dict."""
    with source.open(progress) as lines:
        if source.format == Format.jsonl:
            yield from _read_json(lines, source)
        elif source.format == Format.text:
            yield from ({TEXT: line.rstrip("\r\n")} for line in lines)
        else:
            yield from _read_csv(lines, source)


def _read_csv(lines, source):
    reader = csv.reader(lines, delimiter=_separator(source))
    try:
        header = next(reader, None)
        if header is None:
            raise ValueError(f"{source.path} is empty: its first line must name the columns.")
        for cells in filter(None, reader):
            if len(cells) != len(header):
                raise ValueError(
                    f"{source.path}, line {reader.line_num}: {len(cells)} columns, but the header "
                    f"has {len(header)}. Put quotes around cells that hold the separator "
                    f"{reader.dialect.delimiter!r}, or pass --separator."
                )
            yield dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise ValueError(f"{source.path}, line {reader.line_num}: {error}.") from None


def _separator(source):
    separator = source.separator or SEPARATORS[source.format]
    if len(separator) != 1:
        raise ValueError(f"--separator must be one character; got {separator!r}.")
    return separator


def _read_json(lines, source):
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{source.path}, line {number}: no JSON ({error}).") from None
        if not isinstance(row, dict):
            raise ValueError(
                f"{source.path}, line {number}: a {type(row).__name__}; each line must hold one "
                'object, such as {"text": "a good film"}.'
            )
        yield row


def get_text(row, column, source):
    """Return the text of a row."""
    text = get_cell(row, column, source, "--text")
    if not isinstance(text, str):
        raise ValueError(
            f"{source.path}: {column!r} must hold texts; one is {text!r:.60}. Leave such rows out."
        )
    return text


def get_label(row, column, text, source):
    """Return the label of a row, as a str."""
    label = get_cell(row, column, source, "--label")
    if isinstance(label, list | dict):
        raise ValueError(
            f"{source.path}: {column!r} must hold one label in each row; one is {label!r:.60}. "
            "Spans make a tagger: pass --task tag. Several labels are learned in Python, from "
            "scikit-learn's MultiLabelBinarizer."
        )
    if label is None or label == "":
        raise ValueError(
            f"{source.path}: {column!r} must hold a label in each row; the label of "
            f"{shorten(get_text(row, text, source))} is {label!r:.60}. Leave such rows out."
        )
    return str(label)


def get_spans(row, column, text, source):
    """Return the spans of a row, as (start, end, type)."""
    annotations = get_cell(row, column, source, "--label")
    if not isinstance(annotations, list):
        raise ValueError(
            f'{source.path}: {column!r} must hold lists of spans, such as [[0, 3, "PER"]]; one is '
            f"{annotations!r:.60}."
        )
    return check_spans(get_text(row, text, source), map(plain_span, annotations), source.path)


def get_cell(row, column, source, option):
    """Return a value of a row; without that column, the error lists those there are."""
    if column in row:
        return row[column]
    message = f"{source.path} has no column {column!r}."
    separator = _find_separator(row) if source.format in SEPARATORS else None
    if separator is not None:
        raise ValueError(
            f"{message} Its only column is {next(iter(row))!r}: pass --separator {separator!r}."
        )
    raise ValueError(
        f"{message}{did_you_mean(column, row)} Its columns are: {', '.join(row)}. Name one "
        f"with {option}."
    )


def _find_separator(row):
    """Return what seems to separate the columns of a table that was read as one column."""
    if len(row) > 1:
        return None
    (name,) = row
    return next((mark for mark in (";", "\t", "|", ",") if mark in name), None)


def in_chunks(rows, size):
    """Yield lists of at most `size` rows."""
    rows = iter(rows)
    while chunk := list(islice(rows, size)):
        yield chunk


def row_writer(stream, source):
    """Return a function that writes a row in the format of the source; plain lines become CSV."""
    if source.format == Format.jsonl:
        return lambda row: stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    is_table = source.format in SEPARATORS
    writer = csv.writer(
        stream, delimiter=_separator(source) if is_table else ",", lineterminator="\n"
    )
    header = []

    def write(row):
        if not header:
            header.extend(row)
            writer.writerow(header)
        writer.writerow(map(_to_cell, row.values()))

    return write


def _to_cell(value):
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
