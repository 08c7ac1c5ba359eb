"""The transformer ``Word2VecEmbedder``."""

import re
import warnings
from copy import copy
from itertools import chain
from numbers import Integral, Real
from os import PathLike
from typing import Any, Literal, Self

import numpy as np
from gensim.models import FastText, Word2Vec
from gensim.models.word2vec import MAX_WORDS_IN_BATCH
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklstm import _typing as t
from sklstm._arguments import about_data, levels_to_caller
from sklstm._checkpoints import resumable
from sklstm._fit_tasks import FollowedFit
from sklstm._parameters import ParametersMixin
from sklstm._sklearn import Interval, StrOptions, fit_context
from sklstm._vector_tables import draw_like, scaling
from sklstm._versions import Versioned
from sklstm.embeddings._char_ngrams import ngram_rows
from sklstm.embeddings._coverage import Coverage
from sklstm.embeddings._lookup import find_rows
from sklstm.embeddings._sources import read_vectors
from sklstm.embeddings._training import Corpus, EpochSaver, EpochTasks, Progress, Stopped
from sklstm.sequences import Sequences
from sklstm.sequences._fields import PADDING, SPECIAL_TOKENS, UNKNOWN
from sklstm.sequences._sequences import token_sequences

DIGIT = re.compile(r"\d")  # of any script

AUTO_TOKENS = 2**24  # that epochs="auto" reads in all its passes
AUTO_EPOCHS = 3, 20


class Word2VecEmbedder(
    FollowedFit,
    TransformerMixin,
    ParametersMixin,
    Versioned,
    BaseEstimator,
    auto_wrap_output_keys=None,
):
    """Attach a word vector to each token.

    ``fit`` trains word2vec [1]_ [2]_ or fastText [3]_ on the tokens, or takes pretrained vectors.
    Skip-gram with negative sampling trains the vector :math:`v_w` of a word to predict each context
    word :math:`c`, by maximising

    .. math:: \\log \\sigma(u_c^\\top v_w)
              + \\sum_{i=1}^{k} \\mathbb{E}_{n_i \\sim P} \\log \\sigma(-u_{n_i}^\\top v_w),

    with :math:`k` noise words :math:`n_i`. CBOW predicts the word from the mean of its context. In
    fastText :math:`v_w` is the mean of the vectors of the word and its character n-grams, so unseen
    words get a vector too. ``transform`` returns `Sequences`: codes, and one table with a row per
    distinct token.

    Parameters
    ----------
    vector_size : int, default=100
        Dimension of the vectors; pretrained `vectors` keep theirs.
    algorithm : {"word2vec", "fasttext"}, default="word2vec"
        The model to train.
    architecture : {"cbow", "skip-gram", "auto"}, default="cbow"
        Whether to predict a word from its context, or the context from the word. Skip-gram is
        slower, and better for rare words and little text. ``"auto"`` is skip-gram if ``fit`` gets
        `extra_tokens`, since with few labels much depends on the vectors, and CBOW otherwise.
    window : int, default=5
        Largest distance between a word and its context words.
    min_count : int, default=5
        Rarer tokens get no vector of their own. No effect on pretrained vectors.
    min_count_missing : int, default=None
        Tokens without a pretrained vector that occur at least this often in ``fit`` get a random
        one, in addition to `max_tokens`, with the mean and standard deviation of the first 10,000
        pretrained ones in each column. Train these with ``fine_tune_embeddings=True``. None leaves
        these tokens unknown.
    max_tokens : int, default=None
        Maximum size of the vocabulary, padding and unknown included. The most frequent tokens are
        kept, or the first pretrained ones, which most files list by frequency. None keeps all.
    epochs : int or "auto", default="auto"
        Passes over the tokens. ``"auto"`` makes 20 over up to 800,000 tokens, and fewer over more,
        down to 3.
    negative : int, default=5
        Noise words per context word.
    sample : float, default=1e-3
        Words with a larger share of all tokens are downsampled at random. 0 keeps all.
    alpha : float, default=0.025
        Initial learning rate, which decays linearly.
    ngram_range : tuple (min_n, max_n), default=(3, 6)
        Lengths of fastText's character n-grams.
    n_buckets : int, default=100_000
        Rows of fastText's table of hashed n-grams. Of a pretrained model, which may have 2,000,000,
        the n-grams that occur in most of its tokens are kept, and others have no part in the mean.
    vectors : path, name, KeyedVectors or other (see below), default=None
        Pretrained vectors:

        - the path of a GloVe or word2vec text file or a word2vec binary file, which may be
          compressed by gzip, bzip2 or xz, or of a fastText model, a ``.bin`` file;
        - a name that `sklstm.datasets.fetch_vectors` knows, if no file is called so;
        - gensim's KeyedVectors; a ``Vocab`` or ``Language`` of spaCy; a ``StaticModel`` of
          model2vec;
        - a mapping from token to vector; or a tuple of an array and its vocabulary, a list of the
          tokens or a dict from token to row, such as another embedder's `vectors_` and
          `vocabulary_`;
        - a list of these: the vectors of a token stand side by side, each looked up in its own
          table, with the unknown vector of that table if there is none.

        Clones and pickles copy parameters, so a path or name is lightest. None trains vectors.
    lowercase : bool, default=False
        Whether to lower-case tokens to train and look up vectors. ``transform`` returns them
        unchanged.
    fold_digits : bool, default=False
        Whether to look up tokens without a vector again with each digit replaced by 0, so that 1996
        and 1871 share the vector of ``"0000"``. Training, and counts for `min_count_missing`, use
        folded tokens. ``transform`` returns them unchanged.
    variants : bool, default=True
        Whether to look up tokens that the pretrained vectors lack in other forms: in another case,
        then as the mean of the two parts at an apostrophe (``doesn't`` as ``does`` and ``n't``,
        ``it's`` as ``it`` and ``'s``, ``l'homme`` as ``l'`` and ``homme``), then as the longer of
        these parts (``doesn``). No effect on vectors that are trained.
    scale : float, default=None
        Standard deviation to which the vectors of a table are rescaled, by one factor. Vectors
        trained on little text are short, and networks learn slowly from them; 0.3 to 0.5 works
        well. None keeps them.
    unknown : {"mean", "zero"}, default="mean"
        Vector of unknown tokens: the mean of all vectors, or zeros. A vector for ``"<unk>"``, which
        many files have, takes precedence.
    checkpoint : path or None, default=None
        File that ``fit`` keeps what it has come to in, to go on from there if it is interrupted
        and called again with the same arguments. In a folder each fit has a file of its own, for
        a search; see :doc:`/user_guide/training`.
    checkpoint_minutes : float, default=0.0
        Minutes between two checkpoints, at least. 0 writes one after each epoch.
    n_jobs : int, default=None
        Training threads; always one with a `random_state`, since the order of several is random.
    random_state : int, RandomState instance or None, default=None
        Seeds training and the vectors of missing tokens, also across processes.
    verbose : int, default=0
        Whether to print progress.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        The row in `vectors_` of each token, from 2 on.
    vectors_ : ndarray of float32, shape (n_tokens, vector_size), or None
        All vectors. Row 0, the padding, is zeros; row 1 is the vector of unknown tokens. None if
        there are several tables.
    vector_size_ : int
        Dimension of the vectors.
    ngram_vectors_ : ndarray of float32, shape (n_buckets, vector_size), or None
        FastText's vectors of character n-grams.
    ngram_range_ : tuple or None
        Lengths of these n-grams.
    n_ngram_hashes_ : int or None
        Number of values that the hash of an n-gram has.
    ngram_hashes_ : ndarray of int, shape (n_buckets,), or None
        Hashes of the n-grams in `ngram_vectors_`, ascending. None if it has all of them, in order.
    piece_tokenizer_ : object or None
        Tokenizer of a model2vec model: a token without a vector has the mean of its pieces.
    embedders_ : list of Word2VecEmbedder or None
        One for each table if `vectors` is a list, with the attributes above; here, `vocabulary_`
        has the tokens of all of them, `vector_size_` is the sum, and the others are None.

    See Also
    --------
    Tokenizer : Splits texts into tokens.
    SequencePadder : Truncates and pads, before or after this step.

    References
    ----------
    .. [1] Mikolov et al. (2013), Efficient estimation of word representations in vector space, ICLR
       workshop. https://doi.org/10.48550/arXiv.1301.3781
    .. [2] Mikolov et al. (2013), Distributed representations of words and phrases and their
       compositionality, NeurIPS. https://doi.org/10.48550/arXiv.1310.4546
    .. [3] Bojanowski et al. (2017), Enriching word vectors with subword information, TACL 5.
       https://doi.org/10.1162/tacl_a_00051

    Examples
    --------
    >>> from sklstm import Word2VecEmbedder
    >>> tokens = [["a", "good", "film"], ["a", "bad", "film"]]
    >>> embedder = Word2VecEmbedder(vector_size=8, min_count=2, random_state=0).fit(tokens)
    >>> embedder.vocabulary_
    {'a': 2, 'film': 3}
    >>> batch = embedder.transform([["a", "new", "film"]])
    >>> batch.tokens()
    [['a', 'new', 'film']]
    >>> batch[0].shape
    (3, 8)
    """

    _parameter_constraints = {
        "vector_size": [Interval(Integral, 1, None, closed="left")],
        "algorithm": [StrOptions({"word2vec", "fasttext"})],
        "architecture": [StrOptions({"cbow", "skip-gram", "auto"})],
        "window": [Interval(Integral, 1, MAX_WORDS_IN_BATCH, closed="both")],
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "min_count_missing": [Interval(Integral, 1, None, closed="left"), None],
        "max_tokens": [Interval(Integral, 3, None, closed="left"), None],
        "epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "negative": [Interval(Integral, 1, 1000, closed="both")],
        "sample": [Interval(Real, 0, 1, closed="left")],
        "alpha": [Interval(Real, 0, 1, closed="right")],
        "ngram_range": [tuple],
        "n_buckets": [Interval(Integral, 1, None, closed="left")],
        "vectors": "no_validation",
        "lowercase": ["boolean"],
        "fold_digits": ["boolean"],
        "variants": ["boolean"],
        "scale": [Interval(Real, 0, None, closed="neither"), None],
        "unknown": [StrOptions({"mean", "zero"})],
        "checkpoint": [str, PathLike, None],
        "checkpoint_minutes": [Interval(Real, 0, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        vector_size: int = 100,
        algorithm: Literal["word2vec", "fasttext"] = "word2vec",
        architecture: Literal["cbow", "skip-gram", "auto"] = "cbow",
        window: int = 5,
        min_count: int = 5,
        min_count_missing: int | None = None,
        max_tokens: int | None = None,
        epochs: int | Literal["auto"] = "auto",
        negative: int = 5,
        sample: float = 1e-3,
        alpha: float = 0.025,
        ngram_range: tuple[int, int] = (3, 6),
        n_buckets: int = 100_000,
        vectors: Any = None,
        lowercase: bool = False,
        fold_digits: bool = False,
        variants: bool = True,
        scale: float | None = None,
        unknown: Literal["mean", "zero"] = "mean",
        checkpoint: t.Path | None = None,
        checkpoint_minutes: float = 0.0,
        n_jobs: int | None = None,
        random_state: t.RandomState = None,
        verbose: int = 0,
    ):
        self.vector_size = vector_size
        self.algorithm = algorithm
        self.architecture = architecture
        self.window = window
        self.min_count = min_count
        self.min_count_missing = min_count_missing
        self.max_tokens = max_tokens
        self.epochs = epochs
        self.negative = negative
        self.sample = sample
        self.alpha = alpha
        self.ngram_range = ngram_range
        self.n_buckets = n_buckets
        self.vectors = vectors
        self.lowercase = lowercase
        self.fold_digits = fold_digits
        self.variants = variants
        self.scale = scale
        self.unknown = unknown
        self.checkpoint = checkpoint
        self.checkpoint_minutes = checkpoint_minutes
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    embedders_ = None  # of one that was stored before there were several tables

    @fit_context(prefer_skip_nested_validation=True)
    @resumable
    def fit(self, X, y=None, extra_tokens=None) -> Self:
        """Train the vectors, or take the pretrained ones.

        Parameters
        ----------
        X : list of list of str, or Sequences
            The tokens of each document.
        y : None
            Ignored.
        extra_tokens : list of list of str, or Sequences, default=None
            More documents to train on, for example unlabelled ones. Clones and pickles do not
            contain them.

        Returns
        -------
        Word2VecEmbedder
            The fitted embedder.
        """
        self._check_ngram_range()
        batches = [_encode(X)]
        if extra_tokens is not None:
            with about_data("extra_tokens"):
                batches.append(_encode(extra_tokens))
        self._warn_of_no_effect(extra_tokens)
        if self.vectors is None:
            source, task = self._train(batches, X, y)
        else:
            source, task = self.vectors, self._begin_fit(X, y)
        self._take_over(source)
        if self.vectors is not None:
            self._check_coverage(batches[0])
            if self.min_count_missing is not None:
                self._add_missing(batches[0])
        task.end(dict)
        return self

    def _take_over(self, source):
        """Learn vectors from where they are: one table, or a list of several."""
        if isinstance(source, list):
            self._take_over_all(source)
        else:
            self._take_over_table(source)

    def _take_over_all(self, sources):
        if not sources:
            raise ValueError("vectors is an empty list: name a table, or set vectors=None.")
        params, parts = self.get_params(deep=False), []
        for source in sources:  # not copies, which would keep the callbacks of this fit
            parts.append(type(self)(**{**params, "vectors": source}))
            parts[-1]._take_over_table(source)
        self.embedders_, self.vocabulary_ = parts, _number_tokens(parts)
        self.vector_size_ = sum(part.vector_size_ for part in parts)
        self.vectors_ = self.piece_tokenizer_ = self.ngram_vectors_ = None
        self.ngram_hashes_ = self.n_ngram_hashes_ = self.ngram_range_ = None

    def _take_over_table(self, source):
        self.embedders_ = None
        ready = read_vectors(source, self._max_words, self.n_buckets, self.verbose)
        factor = np.float32(1.0 if self.scale is None else scaling(ready.table, self.scale))
        self.vocabulary_ = ready.vocabulary()
        self.vectors_ = self._fill_unknown(ready.table * factor)
        self.vector_size_ = ready.table.shape[1]
        ngrams, self.ngram_hashes_, self.n_ngram_hashes_, self.ngram_range_ = (
            ready.ngrams or [None] * 4
        )
        self.ngram_vectors_ = None if ngrams is None else ngrams * factor
        self.piece_tokenizer_ = ready.tokenizer

    def fit_transform(self, X, y=None, **fit_params) -> Sequences:
        """Train the vectors and attach them, encoding the tokens only once.

        Parameters
        ----------
        X : list of list of str, or Sequences
            The tokens of each document.
        y : None
            Ignored.
        **fit_params
            See ``fit``.

        Returns
        -------
        Sequences
            See ``transform``.
        """
        X = _encode(X)
        return self.fit(X, y, **fit_params).transform(X)

    def transform(self, X) -> Sequences:
        """Attach the vectors.

        Parameters
        ----------
        X : list of list of str, or Sequences
            The tokens of each document.

        Returns
        -------
        Sequences
            The tokens of `X`, with their vectors. Unseen tokens keep their string and get the
            unknown vector, or with fastText the mean of their n-gram vectors.
        """
        self._check_ready()
        sequences = _encode(X).without_unused()
        return sequences.with_vectors(self._look_up(sequences.categories))

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Name the columns of the vectors.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        ndarray of str objects
            ``word2vec0``, ``word2vec1`` and so on.
        """
        check_is_fitted(self)
        return np.array([f"word2vec{i}" for i in range(self.vector_size_)], dtype=object)

    def _fill_unknown(self, table):
        given = self.vocabulary_.get(SPECIAL_TOKENS[UNKNOWN])
        if given is not None:
            table[UNKNOWN] = table[given]
        elif self.unknown == "mean":
            table[UNKNOWN] = table[UNKNOWN + 1 :].mean(axis=0, dtype=np.float64)
        return table

    @property
    def _max_words(self):
        return None if self.max_tokens is None else self.max_tokens - len(SPECIAL_TOKENS)

    def _keys(self, categories, vocabulary=()):
        keys = [token.lower() for token in categories] if self.lowercase else categories
        if not self.fold_digits:
            return keys
        return [key if key in vocabulary else DIGIT.sub("0", key) for key in keys]

    @property
    def _parts(self):
        """The embedders that have a table each: this one, or one for each of several tables."""
        return [self] if self.embedders_ is None else self.embedders_

    def _look_up(self, categories):
        parts = [part._look_up_table(categories) for part in self._parts]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def _look_up_table(self, categories):
        first = len(SPECIAL_TOKENS)
        keys = self._keys(categories[first:], self.vocabulary_)
        rows = np.array([PADDING, UNKNOWN, *(self.vocabulary_.get(key, UNKNOWN) for key in keys)])
        vectors = self.vectors_[rows]
        for code in first + np.flatnonzero(rows[first:] == UNKNOWN):
            found = self._vectors_of_other_forms(keys[code - first])
            if len(found):
                vectors[code] = found.mean(axis=0)
        return vectors

    def _vectors_of_other_forms(self, key):
        """Return vectors, shape (n_parts, n_features), whose mean stands for a token."""
        rows = self._rows_of_other_forms(key)
        if rows or self.ngram_vectors_ is None:
            return self.vectors_[rows] if rows else ()
        lengths, n_hashes = self.ngram_range_, self.n_ngram_hashes_
        return self.ngram_vectors_[ngram_rows(key, lengths, n_hashes, self.ngram_hashes_)]

    def _rows_of_other_forms(self, key):
        if self.piece_tokenizer_ is not None:
            pieces = self.piece_tokenizer_.encode(key, add_special_tokens=False).tokens
            return [self.vocabulary_[piece] for piece in pieces if piece in self.vocabulary_]
        if self.vectors is None or not self.variants:
            return []
        return find_rows(key, self.vocabulary_)

    def _has_other_forms(self, key):
        return any(part._rows_of_other_forms(key) for part in self._parts)

    def _check_coverage(self, batch):
        """Report how many tokens have a vector, and warn if most have none."""
        keys = self._keys(batch.categories[UNKNOWN + 1 :], self.vocabulary_)
        counts = Corpus([batch], [[None, None, *keys]]).count()
        del counts[None]
        lacking = {key: n for key, n in counts.most_common() if key not in self.vocabulary_}
        unknown = {key: n for key, n in lacking.items() if not self._has_other_forms(key)}
        coverage = Coverage(counts, unknown, len(lacking) - len(unknown))
        self._report(coverage.summary())
        if coverage.is_low:
            warnings.warn(
                coverage.advice(self.vocabulary_, self), UserWarning, stacklevel=levels_to_caller()
            )

    def _add_missing(self, batch):
        parts = self._parts
        if any(part.ngram_vectors_ is not None for part in parts):  # no token lacks a vector
            return
        keys = self._keys(batch.categories[UNKNOWN + 1 :], self.vocabulary_)
        counts = Corpus([batch], [[None, None, *keys]]).count()
        frequent = (key for key, n in counts.most_common() if n >= self.min_count_missing)
        lacking = [key for key in frequent if key is not None and key not in self.vocabulary_]
        missing = [key for key in lacking if not self._has_other_forms(key)]
        self._report(f"random vectors for {len(missing):,} tokens that the pretrained ones lack")
        random_state = check_random_state(self.random_state)
        for part in parts:
            vectors = draw_like(part.vectors_[UNKNOWN + 1 :], len(missing), random_state)
            first = len(part.vectors_)
            part.vocabulary_ |= {key: row for row, key in enumerate(missing, first)}
            part.vectors_ = np.concatenate([part.vectors_, vectors])
        if self.embedders_ is not None:
            self.vocabulary_ = _number_tokens(parts)

    def _train(self, batches, X, y):
        """Train vectors, and return them with the task of the fit, which callbacks follow."""
        corpus = Corpus(batches, list(map(self._keys, (batch.categories for batch in batches))))
        counts = corpus.count()
        kept = {t: n for t, n in counts.most_common(self._max_words) if n >= self.min_count}
        if not counts:
            raise ValueError("No text has a token, so there is no vector to train.")
        if not kept:
            raise ValueError(
                f"None of the {len(counts)} distinct tokens occurs min_count={self.min_count} "
                "times or more, so there is no vector to train. Lower min_count "
                "(word2vecembedder__min_count in a pipeline), or train on more text."
            )
        epochs = self.epochs
        if epochs == "auto":
            epochs = int(np.clip(AUTO_TOKENS // counts.total(), *AUTO_EPOCHS))
        architecture = self.architecture
        if architecture == "auto":
            architecture = "skip-gram" if len(batches) > 1 else "cbow"
        model = self._make_model(architecture, epochs)
        model.build_vocab_from_freq(kept)
        self._report(f"training vectors for {len(kept):,} of {len(counts):,} distinct tokens")
        task = self._begin_fit(X, y, n_subtasks=epochs)
        callbacks = [
            EpochSaver(self._log, model, corpus),
            Progress(self._report, counts.total(), corpus),
            EpochTasks(task, lambda: self._learned(model), corpus),
        ]
        try:
            model.train(corpus, total_words=counts.total(), epochs=epochs, callbacks=callbacks)
        except Stopped:
            callbacks[0].on_train_end(model)
            return _trained(model), task
        return model.wv, task

    def _learned(self, model):
        """Return the attributes of an embedder with the vectors of a model as they are now."""
        copied = copy(self)
        copied._take_over(_trained(model))
        return vars(copied)

    def _make_model(self, architecture, epochs):
        random_state = self._log.seed(self.random_state)
        options = {
            "vector_size": self.vector_size,
            "sg": architecture == "skip-gram",
            "window": self.window,
            "min_count": 1,  # the counts hold no rarer tokens
            "sorted_vocab": 0,  # and are sorted
            "epochs": epochs,
            "negative": self.negative,
            "sample": self.sample,
            "alpha": self.alpha,
            "min_alpha": min(self.alpha, 1e-4),
            "workers": effective_n_jobs(self.n_jobs) if self.random_state is None else 1,
            "seed": check_random_state(random_state).randint(np.iinfo(np.int32).max),
        }
        if self.algorithm == "word2vec":
            return Word2Vec(**options)
        min_n, max_n = self.ngram_range
        return FastText(**options, min_n=min_n, max_n=max_n, bucket=self.n_buckets)

    def _check_ngram_range(self):
        match self.ngram_range:
            case (Integral() as low, Integral() as high) if 1 <= low <= high:
                return
        raise ValueError(
            "ngram_range must be two integers (min_n, max_n) with 1 <= min_n <= max_n; got "
            f"{self.ngram_range!r}."
        )

    def _report(self, message):
        if self.verbose:
            print(f"[{type(self).__name__}] {message}", flush=True)

    def _warn_of_no_effect(self, extra_tokens):
        if self.vectors is not None and extra_tokens is not None:
            warnings.warn(
                "extra_tokens has no effect with vectors=.",
                UserWarning,
                stacklevel=levels_to_caller(),
            )
        if self.vectors is None and self.min_count_missing is not None:
            warnings.warn(
                f"min_count_missing={self.min_count_missing} has no effect on vectors that are "
                "trained: set min_count.",
                UserWarning,
                stacklevel=levels_to_caller(),
            )
        if self.random_state is not None and self.n_jobs not in (None, 1):
            warnings.warn(
                f"n_jobs={self.n_jobs} has no effect: with a random_state one thread trains.",
                UserWarning,
                stacklevel=levels_to_caller(),
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags


def _trained(model):
    """Return the vectors of a model in training."""
    if isinstance(model, FastText):
        model.wv.adjust_vectors()  # puts those of words and n-grams together
    return model.wv


def _number_tokens(embedders):
    tokens = dict.fromkeys(chain.from_iterable(one.vocabulary_ for one in embedders))
    return {token: row for row, token in enumerate(tokens, len(SPECIAL_TOKENS))}


def _encode(X):
    return token_sequences(
        X, "Word vectors are looked up by string: pass tokens, or Sequences of a TokenIndexer."
    )
