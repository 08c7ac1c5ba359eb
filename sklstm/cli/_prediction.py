"""Predictions for files of any size: a chunk of rows is in memory at a time."""

import numpy as np

from sklstm.cli._models import is_tagger, of_tokens
from sklstm.cli._sentences import read_blocks, tokens_of, write_block
from sklstm.cli._sources import Format
from sklstm.cli._tables import get_text, in_chunks, read_rows, row_writer

CHUNK = 256  # samples that are predicted together


def predict_file(model, estimator, source, text, stream, progress):
    """Write each row with its prediction, and return how many there were."""
    if source.format == Format.conll:
        if not is_tagger(estimator):
            raise ValueError(
                f"A CoNLL file needs a tagger, but the model is of the class "
                f"{type(estimator).__name__}, which reads texts: pass a table, or --format."
            )
        return _predict_sentences(of_tokens(model), source, stream, progress)
    n_rows, write = 0, row_writer(stream, source)
    for chunk in in_chunks(read_rows(source, progress), CHUNK):
        texts = [get_text(row, text, source) for row in chunk]
        for row, predicted in zip(chunk, predict_texts(model, estimator, texts), strict=True):
            write(row | predicted)
        stream.flush()
        progress.moved()
        n_rows += len(chunk)
    return n_rows


def _predict_sentences(model, source, stream, progress):
    n_sentences = 0
    for chunk in in_chunks(read_blocks(source, progress), CHUNK):
        tagged = [block for block in chunk if tokens_of(block, source)]
        tags = model.predict([tokens_of(block, source) for block in tagged]) if tagged else []
        tags = dict(zip(map(id, tagged), tags, strict=True))
        for block in chunk:
            write_block(stream, block, tags.get(id(block), ()), source)
        stream.flush()
        progress.moved()
        n_sentences += len(tagged)
    return n_sentences


def predict_texts(model, estimator, texts):
    """Return for each text what is predicted, in columns by their names."""
    if is_tagger(estimator):
        return [
            {"entities": [to_dict(entity) for entity in entities]}
            for entities in model.predict_entities(texts)
        ]
    if not hasattr(model, "predict"):
        raise ValueError(f"{type(estimator).__name__} predicts nothing: see sklstm generate.")
    if getattr(estimator, "_target_kind", None) in ("binary", "multiclass"):
        probabilities = model.predict_proba(texts)
        labels = model.classes_[probabilities.argmax(axis=1)].tolist()
        return [
            {"prediction": label, "confidence": round(float(row.max()), 4)}
            for label, row in zip(labels, probabilities, strict=True)
        ]
    return [{"prediction": value} for value in np.asarray(model.predict(texts)).tolist()]


def to_dict(entity):
    """Return an entity as JSON has it."""
    return {
        "start": entity.start_char,
        "end": entity.end_char,
        "label": entity.type,
        "text": entity.text,
        "confidence": round(entity.confidence, 4),
    }
