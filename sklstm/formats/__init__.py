"""Readers and writers of tagged texts in the formats of other tools.

A reader returns texts, and for each the list of its spans (start, end, type), positions of
characters: what ``sklstm.entity_tagger().fit(texts, spans)`` takes. CoNLL-U holds tokens and a tag
for each instead. A writer takes the same. What a format, or a list of spans, cannot hold is counted
in one warning, or an error with ``lossy="raise"``.

=============================  =================================================
CoNLL-U                        `read_conllu`, `write_conllu`
brat standoff                  `read_brat`, `write_brat`
doccano, JSON lines            `read_doccano`, `write_doccano`
Label Studio, JSON             `read_label_studio`, `write_label_studio`
spaCy, ``DocBin``              `read_docbin`, `write_docbin`
spaCy, offsets                 `from_spacy_offsets`, `to_spacy_offsets`
CoNLL-2003, other columns      `sklstm.datasets.read_conll`
=============================  =================================================
"""

from sklstm.formats._brat import read_brat, write_brat
from sklstm.formats._conllu import read_conllu, write_conllu
from sklstm.formats._docbin import read_docbin, write_docbin
from sklstm.formats._doccano import read_doccano, write_doccano
from sklstm.formats._label_studio import read_label_studio, write_label_studio
from sklstm.formats._spacy_offsets import from_spacy_offsets, to_spacy_offsets

__all__ = [
    "from_spacy_offsets",
    "read_brat",
    "read_conllu",
    "read_docbin",
    "read_doccano",
    "read_label_studio",
    "to_spacy_offsets",
    "write_brat",
    "write_conllu",
    "write_docbin",
    "write_doccano",
    "write_label_studio",
]
