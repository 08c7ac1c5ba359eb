"""What a type checker makes of a user's code: mypy reads this file, and nothing runs it.

``warn_unused_ignores`` makes sure that each mistake is one.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import assert_type

import numpy as np

from sklstm import (
    Entity,
    LSTMClassifier,
    LSTMGenerator,
    LSTMTagger,
    Sequences,
    TaggingPipeline,
    TokenIndexer,
    entity_tagger,
    load,
    save,
    text_classifier,
)
from sklstm.datasets import load_sentences
from sklstm.metrics import entity_f1_score
from sklstm.tags import Span, convert_tags, tags_to_spans


def labels(texts: list[str], y: list[str]) -> None:
    """Ready pipelines and estimators keep their types, and results are arrays."""
    classifier = LSTMClassifier(cell="gru", max_epochs="long", random_state=0)
    assert_type(classifier.fit(texts, y), LSTMClassifier)
    assert_type(classifier.partial_fit(texts, y).predict(texts), np.ndarray)
    assert_type(classifier.score(texts, y), float)
    assert_type(classifier.members_, list[LSTMClassifier])
    assert_type(TokenIndexer().fit(texts).transform(texts), Sequences)
    save(text_classifier(effort="fast", max_length=100).fit(texts, y), Path("model.sklstm"))
    load("model.sklstm").predict(texts)
    load_sentences().data[:10]
    load_sentences(return_X_y=True)[0][:10]

    LSTMClassifier(cell="ltsm")  # type: ignore[arg-type]
    LSTMClassifier(hidden_size="64")  # type: ignore[arg-type]
    LSTMClassifier(epochs=5)  # type: ignore[call-arg]
    LSTMClassifier(64)  # type: ignore[call-arg]
    text_classifier(effort="high")  # type: ignore[arg-type]
    load_sentences(source="netflix")  # type: ignore[arg-type]


def entities(sentences: list[list[str]], tags: list[list[str]]) -> None:
    """Methods that exist only with a tagger as the last step have types, too."""
    pipeline = entity_tagger(tokenizer="passthrough")
    assert_type(pipeline.fit(sentences, tags), TaggingPipeline)
    assert_type(pipeline.predict_entities(sentences), list[list[Entity]])
    assert_type(
        LSTMTagger(affixes=False).fit(sentences, tags).calibrate(sentences, tags), LSTMTagger
    )
    assert_type(tags_to_spans(tags[0], "IOB2"), list[Span])
    entity_f1_score(tags, convert_tags(tags, "IOBES", "IOB2")).is_integer()

    pipeline.predict_entities(sentences, min_probability="0.5")  # type: ignore[arg-type]
    convert_tags(tags, "IOB2", "BIO")  # type: ignore[arg-type]


def texts(examples: list[str]) -> None:
    """Samples are strings, one by one or all at once."""
    generator = LSTMGenerator().fit(examples)
    generator.sample(3, temperature=0.7)[0].upper()
    assert_type(generator.iter_sample(prefix="a"), Iterator[str])
