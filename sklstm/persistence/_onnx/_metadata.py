"""What a program must know to make the inputs of an exported graph, and to read its outputs."""

import json

import numpy as np

from sklstm.tagger._spelling import CASINGS, MAX_CHARACTERS
from sklstm.tagger._word_features import MAX_AFFIX, SUBWORD_SIZES
from sklstm.text import HTML_BREAK

FORMAT = 1
PREFIXES = {"IOBES": "BISE", "BILOU": "BIUL", "IOB2": "BIBI"}  # of B, I, S and E in IOBES


def describe(preparation, vocabulary):
    """Describe what makes codes of texts: a dict of what there is."""
    about = {}
    if preparation.tokenizer is not None:
        about["tokenizer"] = _tokenizer(preparation.tokenizer)
    if vocabulary is not None and vocabulary.codes is not None:
        embedder = preparation.embedder
        about["lookup"] = {
            "lowercase": bool(embedder is not None and embedder.lowercase),
            "fold_digits": bool(embedder is not None and embedder.fold_digits),
            "padding": 0,
            "unknown": 1,
        }
        about["vocabulary"] = vocabulary.codes
    return about


def _tokenizer(tokenizer):
    pattern = tokenizer._pattern("\u00e9")  # of any text, not of ASCII alone
    return {
        "pattern": pattern.pattern,
        "flags": int(pattern.flags),
        "blanks": HTML_BREAK.pattern if tokenizer.strip_html_breaks else None,
        "lowercase": bool(tokenizer.lowercase),
    }


def describe_spelling(encoder, inputs, spells_unknown):
    """Describe how the further inputs of a tagger are made of the strings of words."""
    about = {"spell_unknown": spells_unknown}
    if "characters" in inputs:
        about["characters"] = encoder.speller.codes
        about["max_characters"] = MAX_CHARACTERS
    if "casing" in inputs:
        about["casings"] = CASINGS
    if "features" in inputs:
        about["features"] = encoder.features.codes
        about["max_affix"] = MAX_AFFIX
        if encoder.features.reads_subwords:
            about["subword_sizes"] = SUBWORD_SIZES
            about["max_characters"] = MAX_CHARACTERS
    return about


def name_tags(codes, has_crf):
    """Return the tags that the outputs of a tagger stand for, and their scheme.

    They are in the user's scheme if a tag can be converted alone, which also needs the CRF: it
    forbids what violates the scheme.
    """
    tags, scheme = codes.tags, codes.train_scheme
    if not (
        codes.converts and has_crf and scheme in ("IOBES", "BILOU") and codes.scheme in PREFIXES
    ):
        return tags, scheme
    new = dict(zip(PREFIXES[scheme], PREFIXES[codes.scheme], strict=True))
    split = (tag.partition("-") for tag in tags)
    return [new.get(prefix, prefix) + mark + kind for prefix, mark, kind in split], codes.scheme


def to_json(about):
    """Write metadata as JSON in ASCII, which holds any string."""
    return json.dumps(about, default=_plain)


def _plain(value):
    return value.item() if isinstance(value, np.generic) else str(value)
