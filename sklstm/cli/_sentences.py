"""Sentences of CoNLL files, one by one, with all their columns."""

from sklstm.datasets._conll import BLANK_RUN, BLANKS, DOCUMENT_MARK, OTHER_MARKS, WORD_ID


def read_blocks(source, progress=None):
    """Yield the lines up to the end of each sentence, as tuples (line, columns).

    Lines without a token have no columns.
    """
    block = []
    with source.open(progress) as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\r\n")
            columns = _split(line, source)
            if columns and not -len(columns) <= source.token_column < len(columns):
                raise ValueError(
                    f"{source.path}, line {number}: {len(columns)} columns, so there is no "
                    f"--token-column {source.token_column}. Count from 0, or pass --separator."
                )
            block.append((line, columns))
            if not line.strip(BLANKS):
                yield block
                block = []
    if block:
        yield block


def _split(line, source):
    """Return the columns of a token, or None for a line that holds none."""
    stripped = line.strip(BLANKS)
    is_mark = stripped.startswith(DOCUMENT_MARK) or OTHER_MARKS.fullmatch(stripped)
    if not stripped or is_mark or (source.comment and line.startswith(source.comment)):
        return None
    columns = line.split(source.separator) if source.separator else BLANK_RUN.split(stripped)
    is_no_word = WORD_ID.fullmatch(columns[0]) and not columns[0].isdecimal()
    return None if is_no_word and source.token_column else columns  # 1-2 and 2.1 of CoNLL-U


def tokens_of(block, source):
    """Return the tokens of a sentence."""
    return [columns[source.token_column] for _, columns in block if columns]


def write_block(stream, block, tags, source):
    """Write the lines as they were, with a tag as the last column of each token."""
    tags = iter(tags)
    for line, columns in block:
        if columns:
            separator = source.separator or ("\t" if "\t" in line else " ")
            line = f"{line.rstrip(BLANKS)}{separator}{next(tags)}"
        stream.write(f"{line}\n")
