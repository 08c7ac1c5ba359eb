"""What gensim trains on, and what it reports."""

from collections import Counter
from itertools import pairwise
from time import perf_counter

import numpy as np
from gensim.models.callbacks import CallbackAny2Vec
from gensim.models.word2vec import MAX_WORDS_IN_BATCH


class Corpus:
    """Batches as lists of tokens for gensim, decoded one by one in each epoch."""

    def __init__(self, batches, keys):
        self.batches = [batch.without_padding() for batch in batches]
        self.keys = keys

    def count(self):
        counts = Counter()
        for batch, keys in zip(self.batches, self.keys, strict=True):
            numbers = np.bincount(batch.codes, minlength=len(keys)).tolist()
            for key, n in zip(keys, numbers, strict=True):
                if n:
                    counts[key] += n
        return counts

    def __iter__(self):
        for batch, keys in zip(self.batches, self.keys, strict=True):
            for start, stop in pairwise(batch.offsets.tolist()):
                # gensim drops the rest of a longer document
                for first in range(start, stop, MAX_WORDS_IN_BATCH):
                    last = min(first + MAX_WORDS_IN_BATCH, stop)
                    yield [keys[code] for code in batch.codes[first:last].tolist()]


class Progress(CallbackAny2Vec):
    """Reports the time of each epoch."""

    def __init__(self, report, n_tokens):
        self.report = report
        self.n_tokens = n_tokens
        self.epoch = 0

    def on_epoch_begin(self, model):
        self.start = perf_counter()

    def on_epoch_end(self, model):
        self.epoch += 1
        seconds = perf_counter() - self.start
        self.report(
            f"epoch {self.epoch} of {model.epochs}: {seconds:.1f} s, "
            f"{self.n_tokens / seconds:,.0f} tokens/s"
        )


class Stopped(Exception):
    """A callback of scikit-learn has asked to end training."""


class EpochTasks(CallbackAny2Vec):
    """Makes each epoch a task that scikit-learn's callbacks follow.

    Parameters
    ----------
    training : Task
        The task that the epochs are parts of.
    learned : callable
        Returns the attributes of an embedder with the vectors so far.
    """

    def __init__(self, training, learned):
        self.training = training
        self.learned = learned

    def on_epoch_begin(self, model):
        self.epoch = self.training.subtask("epoch", fitted=self.learned)

    def on_epoch_end(self, model):
        self.epoch.end(self.learned)
        if self.training.is_stopped:
            raise Stopped
