"""Taggers of entities that others offer, each trained the way its own documentation does.

Every function takes two pairs, ``train`` and ``dev``, of token lists and lists of IOB2 tags, and
returns a `Trained` tagger. ``dev`` chooses among models, by its F1, and is never trained on.
A function imports its own package, so that the others need not be there.
"""

import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from sklearn.pipeline import Pipeline

from sklstm.metrics import entity_f1_score
from sklstm.tags import spans_to_tags, tags_to_spans


class Trained(NamedTuple):
    """A tagger, and what it took to train it."""

    predict: Callable  # token lists to lists of tags in IOB2
    seconds: float
    tokens_read: int  # in training, over all passes
    pipe: Pipeline | None = None  # if it is one of ours

    @property
    def training_rate(self):
        """Tokens a second; the time includes looks at the dev set between passes."""
        return self.tokens_read / self.seconds


def f1_percent(y_true, y_pred):
    """Entity F1 as conlleval.pl, the scorer of the shared task, has it."""
    options = {"scheme": "IOB2", "mode": "conlleval", "zero_division": 0.0}
    return 100 * entity_f1_score(y_true, y_pred, **options)


def count_tokens(sentences):
    """Tokens of all sentences."""
    return sum(map(len, sentences))


# ------------------------------------------------------------ sklearn-crfsuite


def shape(word):
    """Kinds of characters, runs of one kind drawn together: ``Xx`` for London, ``d-d`` for 2-1."""
    for pattern, kind in ((r"[^\W\d_a-z]+", "X"), (r"[a-z]+", "x"), (r"\d+", "d")):
        word = re.sub(pattern, kind, word)
    return word


def hand_features(words):
    """Strings that describe each word: itself, its affixes and shape, and two words either side."""
    lower = ["<s>", "<s>", *(word.lower() for word in words), "</s>", "</s>"]
    shapes = ["", "", *map(shape, words), "", ""]
    rows = []
    for position, word in enumerate(words):
        row = ["bias", f"cased={word}"]
        row += [f"prefix={word[:size]}" for size in range(1, 5)]
        row += [f"suffix={word[-size:]}" for size in range(1, 5)]
        for offset in range(-2, 3):
            place = position + 2 + offset
            row += [f"word{offset}={lower[place]}", f"shape{offset}={shapes[place]}"]
        for offset in (-1, 0):
            place = position + 2 + offset
            row.append(f"words{offset}={lower[place]} {lower[place + 1]}")
            row.append(f"shapes{offset}={shapes[place]} {shapes[place + 1]}")
        rows.append(row)
    return rows


def crf_hand_features(train, dev, seed, epochs=200):
    """A linear CRF on hand features of the words; nothing in it is random, so no seed matters.

    The penalties are the best of a small grid on ``dev``. The time is that of the chosen one.
    """
    from sklearn_crfsuite import CRF

    def fit(c1, c2):
        start = perf_counter()
        crf = CRF(
            algorithm="lbfgs", c1=c1, c2=c2, max_iterations=epochs, all_possible_transitions=True
        )
        crf.fit(map(hand_features, train[0]), train[1])
        seconds = perf_counter() - start

        def predict(sentences):
            return [crf.predict_single(hand_features(words)) for words in sentences]

        passes = crf.training_log_.last_iteration["num"]
        score = f1_percent(dev[1], predict(dev[0]))
        print(f"CRF with c1={c1}, c2={c2}: F1 {score:.2f} on dev, {passes} passes, {seconds:.0f} s")
        return score, Trained(predict, seconds, passes * count_tokens(train[0]))

    fits = [fit(c1, c2) for c1, c2 in product((0.05, 0.2), (0.005, 0.05))]
    return max(fits, key=lambda fit: fit[0])[1]


def tutorial_features(words):
    """What sklearn-crfsuite's tutorial describes each word by, without parts of speech."""
    rows = []
    for position, word in enumerate(words):
        row = {"bias": 1.0, "suffix 3": word[-3:], "suffix 2": word[-2:], "digit": word.isdigit()}
        for offset in (-1, 0, 1):
            if 0 <= position + offset < len(words):
                other = words[position + offset]
                row[f"word {offset}"] = other.lower()
                row[f"title {offset}"] = other.istitle()
                row[f"upper {offset}"] = other.isupper()
            else:
                row[f"no word {offset}"] = True
        rows.append(row)
    return rows


def crf_tutorial_features(train):
    """A linear CRF with the features and the penalties of sklearn-crfsuite's tutorial."""
    from sklearn_crfsuite import CRF

    start = perf_counter()
    crf = CRF(algorithm="lbfgs", c1=0.1, c2=0.1, max_iterations=100, all_possible_transitions=True)
    crf.fit(map(tutorial_features, train[0]), train[1])
    seconds = perf_counter() - start

    def predict(sentences):
        return [crf.predict_single(tutorial_features(words)) for words in sentences]

    return Trained(
        predict, seconds, crf.training_log_.last_iteration["num"] * count_tokens(train[0])
    )


# ------------------------------------------------------------ spaCy


def spacy_ner(train, dev, seed, epochs=0):
    """``spacy train`` with what ``spacy init config`` proposes for a CPU, from a blank pipeline.

    A convolutional network on hashed words, affixes and shapes, no vectors given. It stops when
    1,600 batches bring nothing on ``dev``; ``epochs=0`` sets no other limit.
    """
    import spacy
    from spacy.cli.init_config import init_config
    from spacy.tokens import Doc, DocBin
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import train as run_training

    progress = {}

    @spacy.registry.loggers("progress")
    def make_logger():
        def setup(nlp, stdout, stderr):
            def log_step(info):
                if info:
                    progress.update(info)
                    line = "spaCy: pass {epoch}, step {step}, F1 {score:.4f} on dev"
                    print(line.format(**info), flush=True)

            return log_step, lambda: None

        return setup

    start = perf_counter()
    with TemporaryDirectory() as folder:
        folder = Path(folder)
        vocabulary = spacy.blank("en").vocab
        config = init_config(lang="en", pipeline=["ner"], optimize="efficiency")
        for name, (sentences, tags) in {"train": train, "dev": dev}.items():
            docs = [
                Doc(vocabulary, words=words, ents=row)
                for words, row in zip(sentences, tags, strict=True)
            ]
            path = folder / f"{name}.spacy"
            DocBin(docs=docs).to_disk(path)
            config["paths"][name] = str(path)
        config["system"]["seed"] = seed
        config["training"]["max_epochs"] = epochs
        config["training"]["logger"] = {"@loggers": "progress"}
        run_training(init_nlp(config), folder)
        nlp = spacy.load(folder / "model-best")
    seconds = perf_counter() - start

    def predict(sentences):
        docs = nlp.pipe(Doc(nlp.vocab, words=words) for words in sentences)
        spans = ([(span.label_, span.start, span.end) for span in doc.ents] for doc in docs)
        return [
            spans_to_tags(row, len(words), "IOB2")
            for row, words in zip(spans, sentences, strict=True)
        ]

    return Trained(predict, seconds, progress["words"])


# ------------------------------------------------------------ Flair


def flair_tagger(train, dev, vectors, seed, epochs=20):
    """Flair's BiLSTM-CRF on given vectors and characters; ``vectors`` is an array and its words.

    Dropout, SGD from 0.1 and batches of 32 as in its tutorial. The rate falls linearly, since a
    rate that is halved only when ``dev`` does not improve needs up to 150 passes.
    """
    import flair
    from flair.data import Corpus, Dictionary, Sentence
    from flair.datasets import FlairDatapointDataset
    from flair.embeddings import CharacterEmbeddings, StackedEmbeddings, WordEmbeddings
    from flair.models import SequenceTagger
    from flair.trainers import ModelTrainer
    from flair.trainers.plugins import LinearSchedulerPlugin
    from gensim.models import KeyedVectors

    def annotate(words, tags):
        sentence = Sentence(words)
        for kind, first, end in tags_to_spans(tags, "IOB2"):
            sentence[first:end].add_label("ner", kind)
        return sentence

    def annotated(sentences, tags):
        return FlairDatapointDataset(list(map(annotate, sentences, tags)))

    flair.set_seed(seed)
    with TemporaryDirectory() as folder:
        keyed = KeyedVectors(vectors[0].shape[1])
        keyed.add_vectors(vectors[1], vectors[0])
        keyed.save(f"{folder}/words.kv")
        start = perf_counter()
        corpus = Corpus(annotated(*train), annotated(*dev), sample_missing_splits=False)
        characters = Dictionary()
        for character in sorted({character for words in train[0] for character in "".join(words)}):
            characters.add_item(character)
        embeddings = [WordEmbeddings(f"{folder}/words.kv"), CharacterEmbeddings(characters)]
        tagger = SequenceTagger(
            embeddings=StackedEmbeddings(embeddings),
            tag_dictionary=corpus.make_label_dictionary("ner", add_unk=False),
            tag_type="ner",
            hidden_size=200,
            use_crf=True,
        )
        ModelTrainer(tagger, corpus).train(
            folder, learning_rate=0.1, mini_batch_size=32, max_epochs=epochs,
            plugins=[LinearSchedulerPlugin(warmup_fraction=0.0)], attach_default_scheduler=False,
            save_final_model=False, create_file_logs=False, create_loss_file=False,
        )  # fmt: skip
        seconds = perf_counter() - start

    def predict(sentences):
        marked = [Sentence(words) for words in sentences]
        tagger.predict(marked)
        return [spans_to_tags(found(sentence), len(sentence), "IOB2") for sentence in marked]

    def found(sentence):
        for span in sentence.get_spans("ner"):
            yield span.tag, span[0].idx - 1, span[-1].idx  # idx counts from 1

    return Trained(predict, seconds, epochs * count_tokens(train[0]))
