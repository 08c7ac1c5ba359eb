"""Time and memory of Tokenizer and TokenIndexer on IMDB's reviews, beside CountVectorizer.

Run ``python benchmarks/text.py --data PATH``, PATH being any copy that ``fetch_imdb`` reads.
"""

import argparse
import gc
import tracemalloc
from functools import partial

from _report import median_seconds, write_results
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline

from sklstm import TokenIndexer, Tokenizer
from sklstm.datasets import fetch_imdb

BASELINE = "CountVectorizer"


def measure(texts, rounds):
    """One row for each transformer: seconds, ratio to CountVectorizer, size of the result."""
    tokens = Tokenizer().fit_transform(texts)
    ways = {
        BASELINE: partial(CountVectorizer().fit_transform, texts),
        "Tokenizer": partial(Tokenizer().fit_transform, texts),
        "TokenIndexer": partial(TokenIndexer().fit_transform, tokens),
        "Tokenizer + TokenIndexer": partial(
            make_pipeline(Tokenizer(), TokenIndexer()).fit_transform, texts
        ),
    }
    seconds = dict(zip(ways, median_seconds(*ways.values(), rounds=rounds), strict=True))
    return [
        {
            "step": name,
            "seconds": seconds[name],
            "ratio": seconds[name] / seconds[BASELINE],
            "result (MB)": megabytes(way),
        }
        for name, way in ways.items()
    ]


def megabytes(function):
    """Memory that stays allocated as long as the result of the function lives."""
    gc.collect()
    tracemalloc.start()
    result = function()
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del result
    return size / 1e6


def main():
    """Read the reviews, measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="a copy of IMDB's reviews")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    reviews = fetch_imdb(path=arguments.data).data
    write_results("text", measure(reviews, arguments.rounds))


if __name__ == "__main__":
    main()
