"""What gensim trains on, and what it reports."""

from collections import Counter
from itertools import pairwise
from time import perf_counter

import numpy as np
from gensim.models.callbacks import CallbackAny2Vec
from gensim.models.word2vec import MAX_WORDS_IN_BATCH

SECONDS_BETWEEN = 2.0  # reports


class Corpus:
    """Batches as lists of tokens for gensim, decoded one by one in each epoch."""

    def __init__(self, batches, keys):
        self.batches = [batch.without_padding() for batch in batches]
        self.keys = keys
        self.n_skipped = 0  # epochs that an interrupted training had done

    def count(self):
        counts = Counter()
        for batch, keys in zip(self.batches, self.keys, strict=True):
            numbers = np.bincount(batch.codes, minlength=len(keys)).tolist()
            for key, n in zip(keys, numbers, strict=True):
                if n:
                    counts[key] += n
        return counts

    def __iter__(self):
        if self.n_skipped:  # gensim counts the epoch, and learns nothing
            self.n_skipped -= 1
            return
        for batch, keys in zip(self.batches, self.keys, strict=True):
            for start, stop in pairwise(batch.offsets.tolist()):
                # gensim drops the rest of a longer document
                for first in range(start, stop, MAX_WORDS_IN_BATCH):
                    last = min(first + MAX_WORDS_IN_BATCH, stop)
                    yield [keys[code] for code in batch.codes[first:last].tolist()]


class EpochCallback(CallbackAny2Vec):
    """Base of what happens in epochs, but for those that the corpus skips."""

    def __init__(self, corpus):
        self.corpus = corpus
        self.number = 0

    def on_epoch_begin(self, model):
        self.number += 1
        self.is_skipped = self.corpus.n_skipped > 0
        if not self.is_skipped:
            self.begin(model)

    def on_epoch_end(self, model):
        if not self.is_skipped:
            self.end(model)

    def begin(self, model):
        """Begin an epoch."""


class Progress(EpochCallback):
    """Reports epochs, speed and the time left, but not more often than every few seconds."""

    def __init__(self, report, n_tokens, corpus):
        super().__init__(corpus)
        self.report = report
        self.n_tokens = n_tokens

        self.n_done, self.start = 0, perf_counter()
        self.reported = self.start

    def end(self, model):
        self.n_done += 1
        now, n_left = perf_counter(), model.epochs - self.number
        if n_left and now - self.reported < SECONDS_BETWEEN:
            return
        self.reported, seconds = now, now - self.start
        left = f"about {seconds / self.n_done * n_left:.0f} s left"
        self.report(
            f"epoch {self.number} of {model.epochs}: "
            f"{self.n_tokens * self.n_done / seconds:,.0f} tokens/s, "
            f"{left if n_left else f'{seconds:.1f} s in all'}"
        )


class EpochSaver(EpochCallback):
    """Writes a checkpoint after each epoch, and goes on from the last one.

    Parameters
    ----------
    log : NoLog or FitLog
        Keeps the checkpoints.
    model : gensim.models.Word2Vec
        To be trained.
    corpus : Corpus
        What it learns from; it skips the epochs that are done.
    """

    def __init__(self, log, model, corpus):
        super().__init__(corpus)
        self.log = log
        state = log.begin()
        if state is not None:
            for array, saved in zip(_arrays(model), state["arrays"], strict=True):
                array[...] = saved
            model.random.set_state(state["random"])
            corpus.n_skipped = model.epochs if log.is_finished else state["epoch"]

    def end(self, model):
        self.log.save(lambda: self._capture(model))

    def on_train_end(self, model):
        self.log.finish(lambda: self._capture(model))

    def _capture(self, model):
        random = model.random.get_state(legacy=False)
        return {"epoch": self.number, "arrays": _arrays(model), "random": random}


def _arrays(model):
    """Return the arrays that training changes."""
    if hasattr(model.wv, "vectors_ngrams"):  # of fastText, which makes the vectors of these
        return [model.wv.vectors_vocab, model.wv.vectors_ngrams, model.syn1neg]
    return [model.wv.vectors, model.syn1neg]


class Stopped(Exception):
    """A callback of scikit-learn has asked to end training."""


class EpochTasks(EpochCallback):
    """Makes each epoch a task that scikit-learn's callbacks follow.

    Parameters
    ----------
    training : Task
        The task that the epochs are parts of.
    learned : callable
        Returns the attributes of an embedder with the vectors so far.
    corpus : Corpus
        What the vectors are learned from.
    """

    def __init__(self, training, learned, corpus):
        super().__init__(corpus)
        self.training = training
        self.learned = learned

    def begin(self, model):
        self.epoch = self.training.subtask("epoch", fitted=self.learned)

    def end(self, model):
        self.epoch.end(self.learned)
        if self.training.is_stopped:
            raise Stopped
