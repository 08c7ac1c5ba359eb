"""Small data sets shipped with the package, a fetcher, a reader of tagged text, and generators.

``load_*`` reads what is shipped and never reaches the network; ``fetch_*`` downloads once,
checks what came, and keeps it; ``read_*`` reads a file of the user's; ``make_*`` makes up problems.
"""

from sklstm.datasets._conll import read_conll
from sklstm.datasets._imdb import fetch_imdb
from sklstm.datasets._problems import make_adding_problem, make_copy_task, make_parity
from sklstm.datasets._shipped import load_names, load_sentences, load_shakespeare, load_wikigold

__all__ = [
    "fetch_imdb",
    "load_names",
    "load_sentences",
    "load_shakespeare",
    "load_wikigold",
    "make_adding_problem",
    "make_copy_task",
    "make_parity",
    "read_conll",
]
