"""Small data sets shipped with the package, a fetcher for IMDB's reviews, a reader of tagged text.

``load_*`` reads what is shipped and never reaches the network; ``fetch_*`` downloads once,
checks what came, and keeps it; ``read_*`` reads a file of the user's.
"""

from sklstm.datasets._conll import read_conll
from sklstm.datasets._imdb import fetch_imdb
from sklstm.datasets._shipped import load_names, load_sentences, load_shakespeare, load_wikigold

__all__ = [
    "fetch_imdb",
    "load_names",
    "load_sentences",
    "load_shakespeare",
    "load_wikigold",
    "read_conll",
]
