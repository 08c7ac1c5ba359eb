"""Entity F1 and speed on CoNLL-2003's English newswire, beside other taggers.

Trained on eng.train; eng.testa chooses the epoch or the penalty; eng.testb is tagged at the end.
Ours: a recipe that ``eng.testa`` has chosen, and ``entity_tagger(vectors, effort="best")`` alone.
The peers: a linear CRF on hand features of the words (sklearn-crfsuite), spaCy's entity recognizer
from a blank pipeline, and Flair's BiLSTM-CRF with the same word vectors.

Run ``python benchmarks/conll2003.py --data PATH --vectors PATH``: a folder with eng.train,
eng.testa and eng.testb, and GloVe's 100-dimensional vectors, as their text file or as a folder
with an array, vectors*.npy, and the words of its rows, vocab.txt. With ``--models`` only those are
trained, and put into the table beside the others; with ``--speed`` all are timed in one run. With
``--confidence`` the confidence of the first model's entities is judged as well. ``--with-testa``
trains the final model of a recipe on eng.testa too, as some published figures do.
"""

import argparse
from functools import partial
from itertools import repeat
from pathlib import Path
from statistics import mean
from time import perf_counter

import numpy as np
from _entity_peers import (
    Trained,
    count_tokens,
    crf_hand_features,
    f1_percent,
    flair_tagger,
    spacy_ner,
)
from _report import median_seconds, merge_results, write_results
from gensim.models import KeyedVectors
from sklearn.pipeline import make_pipeline

from sklstm import LSTMTagger, TaggingPipeline, Word2VecEmbedder, entity_tagger
from sklstm.datasets import read_conll
from sklstm.metrics import (
    conformal_threshold,
    entity_calibration_curve,
    entity_calibration_error,
)
from sklstm.tags import spans_to_tags, tags_to_spans

NAMES = {
    "lstm": "sklstm, BiLSTM-CRF",
    "members": "sklstm, BiLSTM-CRF, 5 members",
    "best": 'entity_tagger(vectors, effort="best")',
    "flair": "Flair, BiLSTM-CRF",
    "spacy": "spaCy, blank NER",
    "crf": "sklearn-crfsuite, hand features",
}


def lstm_tagger(train, dev, vectors, seed, epochs=25, n_members=1):
    """A bidirectional LSTM with a CRF on GloVe, characters and casing.

    Frequent words that GloVe lacks get vectors of their own, and digits count as 0. The recipe was
    chosen on ``dev``; training itself does not look at it.
    """
    start = perf_counter()
    embedder = Word2VecEmbedder(
        vectors=vectors, lowercase=True, fold_digits=True, min_count_missing=2, random_state=seed
    )
    tagger = LSTMTagger(
        train_scheme="IOBES", char_encoder="cnn", char_hidden_size=50, casing=True, hidden_size=256,
        affixes=False, wide=False,
        embedding_dropout=0.4, word_dropout=0.05, dropout=0.5, locked_dropout=True, lr=0.002,
        embedding_lr=0.0003, schedule="warm_up", max_grad_norm=5.0, batch_size=16,
        max_epochs=epochs, average=0.4, n_members=n_members, random_state=seed, verbose=1,
    )  # fmt: skip
    sentences = embedder.fit_transform(train[0])
    tagger.fit(sentences, train[1], X_val=embedder.transform(dev[0]), y_val=dev[1])
    seconds = perf_counter() - start
    pipe = TaggingPipeline([("embedder", embedder), ("tagger", tagger)])
    print(f"F1 on dev: {f1_percent(dev[1], pipe.predict(dev[0])):.2f}", flush=True)
    n_passes = n_members * tagger.n_iter_
    return Trained(pipe.predict, seconds, n_passes * count_tokens(train[0]), pipe)


def best_effort(train, vectors, seed, epochs=None):
    """The ready pipeline by its own choices; it sees nothing of the other parts."""
    limits = {} if epochs is None else {"max_epochs": epochs}
    start = perf_counter()
    pipe = entity_tagger(
        vectors, effort="best", tokenizer="passthrough", random_state=seed, verbose=1, **limits
    ).fit(*train)
    seconds = perf_counter() - start
    n_passes = sum(member.n_iter_ for member in pipe[-1].members_)
    return Trained(pipe.predict, seconds, n_passes * count_tokens(train[0]), pipe)


def read_part(folder, part, n_sentences):
    """Token lists, and their tags in IOB2.

    A few tags of eng.train break their own scheme, IOB1; conlleval.pl's rules read them all.
    """
    sentences, tags = read_conll(Path(folder) / f"eng.{part}", return_X_y=True)
    spans = (tags_to_spans(row, "IOB1", mode="conlleval") for row in tags[:n_sentences])
    sentences = sentences[:n_sentences]
    return sentences, list(map(spans_to_tags, spans, map(len, sentences), repeat("IOB2")))


def read_vectors(path):
    """An array with a row for each word, and the words."""
    path = Path(path)
    if path.is_dir():
        (array,) = path.glob("vectors*.npy")
        words = (path / "vocab.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")
        return np.load(array).astype(np.float32), words
    keyed = KeyedVectors.load_word2vec_format(path, no_header=True)
    return keyed.vectors, keyed.index_to_key


def trainers(train, dev, vectors, models, **limits):
    """For each model, a function of the seed that trains it."""
    functions = {
        "lstm": partial(lstm_tagger, train, dev, vectors),
        "members": partial(lstm_tagger, train, dev, vectors, n_members=5),
        "best": partial(best_effort, train, vectors),
        "flair": partial(flair_tagger, train, dev, vectors),
        "spacy": partial(spacy_ner, train, dev),
        "crf": partial(crf_hand_features, train, dev),
    }
    return {model: partial(functions[model], **limits) for model in models}


def measure_accuracy(taggers, test, trained_on=""):
    """One row for each model, and one for the members of an average by themselves."""
    sentences, tags = test
    rows = []
    for model, trained in taggers.items():
        seconds = mean(tagger.seconds for tagger in trained)
        scores = [f1_percent(tags, tagger.predict(sentences)) for tagger in trained]
        rows.append(accuracy_row(NAMES[model] + trained_on, scores, seconds))
        if model == "members":
            *steps, tagger = trained[0].pipe
            embedded = make_pipeline(*steps).transform(sentences)
            alone = [f1_percent(tags, member.predict(embedded)) for member in tagger.members_]
            rows.append(accuracy_row(NAMES["lstm"] + trained_on, alone, seconds / len(alone)))
    return rows


def accuracy_row(name, scores, seconds):
    """The mean of seeds, and each of them."""
    return {
        "tagger": name,
        "F1 on testb (%)": round(mean(scores), 2),
        "of seeds": ", ".join(f"{score:.2f}" for score in scores),
        "spread": round(max(scores) - min(scores), 2),
        "training (s)": round(seconds),
    }


def measure_confidence(pipe, dev, test):
    """How far confidence is from precision on ``test``, and the precision at thresholds.

    Temperature and thresholds are chosen on ``dev``, or on every other sentence of ``test`` for the
    rest of it, which is from the same weeks.
    """
    uncalibrated = pipe.predict_entities(test[0])
    whole, even, odd = slice(None), slice(0, None, 2), slice(1, None, 2)
    rows = []
    for chosen_on, held_out, rest in (
        ("testa", dev, whole),
        ("half of testb", [part[even] for part in test], odd),
        ("the other half of testb", [part[odd] for part in test], even),
    ):
        judged = [part[rest] for part in test]
        before = entity_calibration_error(judged[1], uncalibrated[rest])
        pipe.calibrate(*held_out)
        entities = pipe.predict_entities(judged[0])
        line = {
            "chosen on": chosen_on,
            "temperature": round(pipe[-1].temperature_, 2),
            "ECE without": round(before, 4),
            "ECE": round(entity_calibration_error(judged[1], entities), 4),
        }
        for wanted in (0.93, 0.95, 0.97):
            threshold = conformal_threshold(
                held_out[1], pipe.predict_entities(held_out[0]), precision=wanted
            )
            sure = pipe.predict_entities(judged[0], min_probability=threshold)
            line[f"precision if {100 * wanted:.0f} % are wanted"] = round(
                100 * entity_precision(judged[1], sure), 1
            )
        rows.append(line)
    return rows


def entity_precision(y_true, entities):
    """The share of entities that are correct."""
    curve = entity_calibration_curve(y_true, entities, n_bins=1)
    return float(curve.prob_true[0])


def measure_speed(trainers, test):
    """Tokens a second of each model, in training and, taking turns, in tagging."""
    taggers = {model: trainer(seed=0) for model, trainer in trainers.items()}
    sentences, _ = test
    seconds = median_seconds(*(partial(t.predict, sentences) for t in taggers.values()), rounds=3)
    return [
        {
            "tagger": NAMES[model],
            "training (tokens/s)": round(tagger.training_rate),
            "tagging (tokens/s)": round(count_tokens(sentences) / tagging),
        }
        for (model, tagger), tagging in zip(taggers.items(), seconds, strict=True)
    ]


def main():
    """Train, test, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of eng.train, eng.testa, eng.testb")
    parser.add_argument("--vectors", required=True, help="GloVe, a text file or a folder")
    parser.add_argument("--models", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--seeds", type=int, default=3, help="of our own taggers")
    parser.add_argument("--peer-seeds", type=int, default=1, help="of those that have any")
    parser.add_argument(
        "--with-testa",
        action="store_true",
        help="learn from testa as well; for our own taggers, whose training does not look at it",
    )
    parser.add_argument("--speed", action="store_true", help="time two passes over 2,000 sentences")
    parser.add_argument("--confidence", action="store_true", help="judge the first model's")
    parser.add_argument("--sentences", type=int, help="at most so many of each part, for a try")
    parser.add_argument("--epochs", type=int, help="at most so many passes, for a try")
    arguments = parser.parse_args()
    limits = {} if arguments.epochs is None else {"epochs": arguments.epochs}
    n_sentences = arguments.sentences
    if arguments.speed:
        limits, n_sentences = {"epochs": 2}, 2000
    train, dev, test = (
        read_part(arguments.data, part, n_sentences) for part in ("train", "testa", "testb")
    )
    if arguments.with_testa:
        train = tuple(part + more for part, more in zip(train, dev, strict=True))
    models = trainers(train, dev, read_vectors(arguments.vectors), arguments.models, **limits)
    if arguments.speed:
        write_results("conll2003-speed", measure_speed(models, test))
        return
    n_seeds = {"lstm": arguments.seeds, "best": arguments.seeds, "members": 1, "crf": 1}
    n_seeds = {model: n_seeds.get(model, arguments.peer_seeds) for model in models}
    # the tags of testb are read after the last one has been trained
    taggers = {m: [models[m](seed=seed) for seed in range(n_seeds[m])] for m in models}
    rows = measure_accuracy(taggers, test, ", testa too" * arguments.with_testa)
    is_try = arguments.sentences or arguments.epochs
    if is_try:
        write_results("conll2003-try", rows)
    else:
        merge_results("conll2003", rows, key="tagger")
    if arguments.confidence:
        confidence = measure_confidence(taggers[arguments.models[0]][0].pipe, dev, test)
        write_results("conll2003-confidence" + "-try" * bool(is_try), confidence)


if __name__ == "__main__":
    main()
