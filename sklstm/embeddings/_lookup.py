"""The forms in which a token may have a pretrained vector."""

APOSTROPHES = str.maketrans("\u2019\u02bc", "''")


def find_rows(token, vocabulary):
    """Return the rows of a token in another form: of one token, or of the two that it joins.

    The forms, of which the first found counts: another case, with a straight apostrophe; the two
    parts into which the Penn Treebank or a French tokenizer splits it (``does`` and ``n't``, ``it``
    and ``'s``, ``l'`` and ``homme``); the longer part around the apostrophe (``doesn``), or the
    other one. An empty list says that there is none.
    """
    token = token.translate(APOSTROPHES)
    cased = dict.fromkeys([token, token.lower(), token.capitalize(), token.upper()])
    forms = [(form,) for form in cased]
    if "'" in token:
        forms += [pair for form in cased for pair in _pairs(form)]
        parts = [part for form in cased for part in form.split("'", 1)]
        forms += [(part,) for part in sorted(parts, key=len, reverse=True)]
    found = (form for form in forms if all(part in vocabulary for part in form))
    return [vocabulary[part] for part in next(found, ())]


def _pairs(token):
    if token.endswith("n't"):
        yield token[:-3], token[-3:]
    before, mark, after = token.partition("'")
    yield before, mark + after
    yield before + mark, after
