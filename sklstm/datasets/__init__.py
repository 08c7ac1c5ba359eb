"""Small data sets shipped with the package, fetchers, a reader of tagged text, and generators.

``load_*`` reads what is shipped, without network; ``fetch_*`` downloads once, checks and keeps;
``read_*`` reads the user's file; ``make_*`` generates problems.
"""

from sklstm.datasets._conll import read_conll
from sklstm.datasets._imdb import fetch_imdb
from sklstm.datasets._problems import make_adding_problem, make_copy_task, make_parity
from sklstm.datasets._shipped import load_names, load_sentences, load_shakespeare, load_wikigold
from sklstm.datasets._vectors import fetch_vectors

__all__ = [
    "fetch_imdb",
    "fetch_vectors",
    "load_names",
    "load_sentences",
    "load_shakespeare",
    "load_wikigold",
    "make_adding_problem",
    "make_copy_task",
    "make_parity",
    "read_conll",
]
