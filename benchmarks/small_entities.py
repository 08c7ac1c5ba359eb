"""Entity F1 by the number of sentences to learn from, by default, beside other taggers.

Draws of 50 to all sentences of CoNLL-2003's eng.train, tested on eng.testb, and of wikigold's
articles, tested on the articles of another fold. Every model has the same sentences and nothing
else, but for GloVe's vectors where the column says so; ours have all of their defaults. The peers:
a linear CRF with the features of sklearn-crfsuite's tutorial, and spaCy's blank recognizer. Seconds
are those of the processor.

Run ``OMP_NUM_THREADS=1 python benchmarks/small_entities.py --data PATH --vectors PATH``: a folder
with eng.train and eng.testb, and GloVe as ``conll2003.py`` reads it. Results are added row by row:
a run can be stopped, and continued with other sizes.
"""

import argparse
from functools import partial
from itertools import product, repeat
from time import process_time

import numpy as np
from _entity_peers import crf_tutorial_features, f1_percent, spacy_ner
from _report import merge_results
from conll2003 import read_part, read_vectors
from scipy.stats import t

from sklstm import LSTMTagger, entity_tagger
from sklstm.datasets import load_wikigold
from sklstm.model_selection import DocumentKFold

SETS = ("wikigold", "CoNLL-2003")
SIZES = (50, 100, 300, 1000, 3000, None)
N_FOLDS = 5
NAMES = {
    "tagger": "LSTMTagger()",
    "ready": "entity_tagger()",
    "glove": "entity_tagger(GloVe)",
    "crf": "sklearn-crfsuite",
    "spacy": "spaCy, blank",
}


def draw(pool, size, seed):
    """Some sentences with their tags, the smaller draws being parts of the larger."""
    sentences, tags = pool
    rows = np.random.RandomState(seed).permutation(len(sentences))[:size]
    return [sentences[row] for row in rows], [tags[row] for row in rows]


def conll_parts(folder, part):
    """The same pool and test part for every draw."""
    return repeat(tuple(read_part(folder, name, None) for name in ("train", part)))


def wikigold_parts():
    """For each draw, one fold of articles to test on, and all others."""
    data = load_wikigold()
    folds = DocumentKFold(n_splits=N_FOLDS).split(data.data, data.target, groups=data.documents)
    for parts in folds:
        yield tuple(
            ([data.data[row] for row in rows], [data.target[row] for row in rows]) for rows in parts
        )


def fitted(make, train, seed):
    """One of our estimators, on tokens."""
    return make(random_state=seed).fit(*train)


def spacy_on_its_own(train, seed):
    """The last tenth of the sentences chooses the pass."""
    n_dev = max(1, len(train[0]) // 10)
    parts = [tuple(rows[part] for rows in train) for part in (slice(n_dev), slice(n_dev, None))]
    return spacy_ner(parts[1], parts[0], seed)


def trainers(vectors, models):
    """For each model, a function of the sentences and a seed."""
    ready = partial(entity_tagger, tokenizer="passthrough")
    functions = {
        "tagger": partial(fitted, LSTMTagger),
        "ready": partial(fitted, ready),
        "glove": partial(fitted, partial(ready, vectors)),
        "crf": lambda train, seed: crf_tutorial_features(train),
        "spacy": spacy_on_its_own,
    }
    return {model: functions[model] for model in models}


def with_interval(values):
    """The mean, and the 95 % interval of the mean of these draws."""
    mean = f"{np.mean(values):.1f}"
    if len(values) < 2:
        return mean
    half = t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5
    return f"{mean} ± {half:.1f}"


def measure(name, parts, size, trainers, n_draws):
    """One row: F1 of each model, and the seconds it trains."""
    scores = {model: [] for model in trainers}
    seconds = {model: [] for model in trainers}
    for seed, (pool, test) in zip(range(n_draws), parts, strict=False):
        train = draw(pool, size, seed)
        for model, trainer in trainers.items():
            start = process_time()
            trained = trainer(train, seed)
            seconds[model].append(process_time() - start)
            scores[model].append(f1_percent(test[1], trained.predict(test[0])))
            print(f"{name} {size} {seed} {model}: {scores[model][-1]:.2f}", flush=True)
    row = {"data": f"{name}, {size or 'all'}", "draws": n_draws}
    row |= {NAMES[model]: with_interval(values) for model, values in scores.items()}
    return row | {f"{NAMES[model]} (s)": round(np.mean(s), 1) for model, s in seconds.items()}


def main():
    """Train, test, and write the table after each row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder of eng.train and eng.testb")
    parser.add_argument("--vectors", help="GloVe, a text file or a folder")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--sizes", nargs="+", type=int, help="of the training part; 0 is all")
    parser.add_argument("--models", nargs="+", choices=NAMES, default=["ready", "glove", "crf"])
    parser.add_argument("--draws", type=int, default=N_FOLDS, help="of sentences, at most 5")
    parser.add_argument("--part", default="testb", help="testa, while something is being tuned")
    parser.add_argument("--name", default="small_entities", help="of the files of results")
    arguments = parser.parse_args()
    vectors = read_vectors(arguments.vectors) if "glove" in arguments.models else None
    functions = trainers(vectors, arguments.models)
    parts = {
        "wikigold": wikigold_parts,
        "CoNLL-2003": partial(conll_parts, arguments.data, arguments.part),
    }
    sizes = SIZES if arguments.sizes is None else [size or None for size in arguments.sizes]
    for name, size in product(arguments.sets, sizes):
        if name == "wikigold" and size == 3000:
            continue  # it has fewer
        row = measure(name, parts[name](), size, functions, min(arguments.draws, N_FOLDS))
        merge_results(arguments.name, [row], key="data")


if __name__ == "__main__":
    main()
