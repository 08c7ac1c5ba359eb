"""Training: what to learn from, the model, and its held-out data."""

from collections import Counter
from dataclasses import dataclass

from sklearn.model_selection import GroupShuffleSplit, train_test_split

from sklstm import LSTMGenerator, Tokenizer, entity_tagger, text_classifier
from sklstm.cli._sources import Format
from sklstm.cli._tables import TEXT, get_label, get_spans, get_text, read_rows
from sklstm.datasets import read_conll

MIN_DOCUMENTS = 10  # that are held out whole


@dataclass
class Samples:
    """What a model learns from or is tested on."""

    X: list
    y: list | None
    documents: list | None = None  # the document of each sentence

    def at(self, rows):
        """Return those in some rows."""
        y = None if self.y is None else [self.y[row] for row in rows]
        return Samples([self.X[row] for row in rows], y)


def read_samples(source, text, label, has_spans=False):
    """Read sentences and tags, or texts with their labels or spans; `label` may be None."""
    if source.format == Format.conll:
        bunch = read_conll(
            source.path,
            token_column=source.token_column,
            tag_column=source.tag_column,
            separator=source.separator,
            comment=source.comment,
            encoding=source.encoding,
        )
        return Samples(bunch.data, bunch.target, bunch.documents)
    X, y = [], None if label is None else []
    get = get_spans if has_spans else get_label
    for row in read_rows(source):
        X.append(get_text(row, text, source))
        if label is not None:
            y.append(get(row, label, text, source))
    if not X:
        raise ValueError(f"{source.path} holds no samples.")
    return Samples(X, y)


def read_unlabelled(source, text, *, as_tokens):
    """Read samples without labels: the texts, or the tokens of each."""
    is_conll = source.format == Format.conll
    if is_conll and not as_tokens:
        raise ValueError(
            f"{source.path} holds tokens, but the labelled samples are texts: pass a table, or "
            "lines of text."
        )
    column = TEXT if source.format == Format.text else text  # lines have no columns
    X = read_samples(source, column, None).X
    return make_tokenizer().transform(X) if as_tokens and not is_conll else X


def hold_out(samples, test_size, seed):
    """Split samples into those to learn from and those to test on."""
    rows = range(len(samples.X))
    documents = samples.documents
    if documents is not None and len(set(documents)) >= MIN_DOCUMENTS:
        splitter = GroupShuffleSplit(1, test_size=test_size, random_state=seed)
        train, test = next(splitter.split(rows, groups=documents))
    else:
        strata = _strata(samples, test_size)
        train, test = train_test_split(
            list(rows), test_size=test_size, stratify=strata, random_state=seed
        )
    return samples.at(train), samples.at(test)


def _strata(samples, test_size):
    """Return the labels, if there are enough of each for both parts."""
    if samples.y is None or not isinstance(samples.y[0], str):
        return None
    counts = Counter(samples.y)
    n_fewer = min(test_size, 1 - test_size) * len(samples.y)
    return samples.y if min(counts.values()) >= 2 and n_fewer >= len(counts) else None


def make_classifier(vectors, effort, options):
    """Make a text classifier."""
    return text_classifier(vectors, effort=effort or "balanced", **options)


def make_tagger(vectors, effort, options):
    """Make a tagger of texts, or of tokens if the tokenizer is "passthrough"."""
    return entity_tagger(vectors, effort=effort or "balanced", **options)


def make_generator(options):
    """Make a generator of texts."""
    return LSTMGenerator(**options)


def from_raw_texts(tagger):
    """Let a fitted tagger of tokens read raw texts, as `entity_tagger` does."""
    return tagger.set_params(tokenizer=make_tokenizer())


def make_tokenizer():
    """Make the tokenizer that `entity_tagger` has by default."""
    return Tokenizer(lowercase=False, punctuation=True, char_spans=True)
