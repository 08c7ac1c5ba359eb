"""Small data sets shipped with the package, and a fetcher for IMDB's reviews.

``load_*`` reads what is shipped and never reaches the network; ``fetch_*`` downloads once,
checks what came, and keeps it.
"""

from sklstm.datasets._imdb import fetch_imdb
from sklstm.datasets._shipped import load_names, load_sentences, load_shakespeare, load_wikigold

__all__ = ["fetch_imdb", "load_names", "load_sentences", "load_shakespeare", "load_wikigold"]
