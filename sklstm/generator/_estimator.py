"""LSTMGenerator: texts generated symbol by symbol."""

from typing import Literal, Self

import numpy as np
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, DensityMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted
from torch import nn

from sklstm import _typing as t
from sklstm._checkpoints import resumable
from sklstm._members import BaseEnsemble
from sklstm._sample_weights import weigh_scores
from sklstm._sklearn import StrOptions, fit_context
from sklstm.generator._conditions import Conditions
from sklstm.generator._sampling import SamplingMixin
from sklstm.generator._text_encoder import TextEncoder
from sklstm.generator._texts import (
    balance,
    check_vocabulary,
    choose_cutoffs,
    hold_end_out,
    warn_of_long_texts,
)
from sklstm.nn.batches import to_tensor
from sklstm.nn.bptt_batches import BPTTBatches
from sklstm.nn.networks import LanguageModelMixture, LanguageModelNet
from sklstm.text import TokenIndexer

NUMBERS_AT_ONCE = 2**24  # 64 megabytes: of logits or gates, in prediction


class LSTMGenerator(
    SamplingMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, DensityMixin, BaseEnsemble
):
    r"""Generate text symbol by symbol with a long short-term memory network.

    This is a language model: every symbol :math:`x_t`, a character or a token, has a probability
    given all symbols before it [1]_.

    .. math::

        h_t, c_t &= \mathrm{LSTM}(E_{x_{t-1}}, h_{t-1}, c_{t-1}) \\
        P(x_t \mid x_{<t}) &= \mathrm{softmax}(W h_t + b)_{x_t} \\
        \log P(x) &= \sum_{t=1}^{T+1} \log P(x_t \mid x_{<t})

    The symbol before the first is the start, and :math:`x_{T+1}` is the end, so the probabilities
    of all texts sum to 1. ``fit`` minimises the mean of :math:`-\log P(x_t \mid x_{<t})` over all
    symbols, ends included. ``sample`` draws symbols one by one from these probabilities, and feeds
    each back in.

    With ``y``, texts are conditional on a label or numbers :math:`u`, which the network reads at
    every step: :math:`P(x_t \mid x_{<t}, u)`.

    Parameters
    ----------
    level : {"char", "token"}, default="char"
        Unit of the texts. ``"char"`` takes strings, ``"token"`` the token lists or `Sequences` that
        a `Tokenizer` returns.
    max_tokens : int or None, default=None
        Maximum size of the vocabulary, including the end and the unknown symbol; the most frequent
        symbols are kept. None keeps all.
    min_count : int, default=1
        Drop symbols that occur less often than this.
    softmax : {"full", "adaptive"}, default="full"
        ``"adaptive"`` gives rare symbols smaller vectors and predicts a symbol's frequency group
        first [2]_: much faster with tens of thousands of symbols, a little less accurate.
    tie_weights : bool, default=False
        Whether the rows of :math:`W` are the embeddings :math:`E` [3]_. Needs ``softmax="full"``
        and an `embedding_dim` equal to `hidden_size`.
    embedding_dim : int, default=32
        Width of learned embeddings. Word vectors in X keep their own.
    embedding_lr : float or None, default=None
        Learning rate of the embeddings of X, lower against overfitting; None means `lr`.
    cell : {"lstm", "peephole", "coupled", "gru", "rnn", "minlstm", "mingru"}, default="lstm"
        The recurrent cell; :doc:`/user_guide/cells` has the equations of each.
    cell_params : dict or None, default=None
        Options of the cell: ``forget_bias`` of lstm, peephole, coupled and minlstm (1.0),
        ``diagonal`` of peephole (False), ``nonlinearity`` of rnn (``"tanh"``, or ``"relu"``).
    hidden_size : int, default=64
        Units :math:`H` of each recurrent layer and direction.
    n_layers : int, default=1
        Number of stacked recurrent layers.
    embedding_dropout : float, default=0.0
        Dropout on the input of the first recurrent layer.
    word_dropout : float, default=0.0
        Probability of reading a token as unknown in training, which trains the unknown embedding.
    dropout : float, default=0.0
        Dropout between recurrent layers, and before the output layer.
    recurrent_dropout : float, default=0.0
        Dropout on the recurrent weights (DropConnect, as in AWD-LSTM), one mask per batch.
    locked_dropout : bool, default=False
        Whether dropout drops the same features at every step (variational dropout).
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default="adam"
        Algorithm that minimises the loss.
    lr : float, default=0.003
        Learning rate of the optimizer.
    schedule : {"one_cycle", "warm_up", "cosine", "linear"}, callable or None, default="one_cycle"
        Factor of `lr` over training, 1 if None. ``"one_cycle"`` rises for 30 % of the updates,
        ``"warm_up"`` for 10 %, then both fall to 0, as the others do at once. A callable maps
        progress, from 0 to 1, to a factor. ``partial_fit`` has none, and an ``LRScheduler`` in
        `callbacks` takes its place.
    average : float, "exponential" or None, default=None
        Ends with the mean of the weights at the last updates, as a share of all (0.3: the last
        30 %), or with their exponential moving average. ``partial_fit`` has none.
    bptt_steps : int or None, default=None
        Steps after which backpropagation through time is truncated. The state is carried on, so
        predictions do not change, only what is learned. None goes back to the first step.
    max_grad_norm : float or None, default=1.0
        Norm that gradients are clipped to. None does not clip.
    weight_decay : float, default=0.0
        Weight decay of the optimizer.
    batch_size : int, default=32
        Sequences in a batch, in training and prediction. It does not change a prediction.
    max_epochs : int, "auto" or "long", default="auto"
        Passes over the training data. ``"auto"`` chooses them by its size: enough updates for
        little data, few epochs of much or of long texts; ``"long"`` chooses five times as many.
    early_stopping : bool, default=False
        Whether to stop when `scoring` has not improved for `n_iter_no_change` epochs, and restore
        the best weights. Validates on `X_val` and `y_val` if given, otherwise on held-out data.
    scoring : str, callable or None, default="loss"
        What early stopping monitors: ``"loss"`` is the validation loss; the name of a scorer, or a
        callable ``scorer(estimator, X, y)``, a score to maximise; None the estimator's ``score``.
    validation : {"random", "last"} or splitter, default="random"
        What early stopping holds out: random samples (in a classifier stratified by class, where
        each has enough), the last ones (for samples in order of time), or the test part of a
        splitter's first split.
    validation_fraction : float, default=0.1
        Share of the training data that early stopping holds out.
    n_iter_no_change : int, default=3
        Epochs without improvement before training stops early.
    n_members : int, tuple (low, high) or "auto", default=1
        Networks whose outputs are averaged; they differ in their seeds. A range takes the more of
        them, the less data there are; ``"auto"`` is (1, 5).
    n_jobs : int, default=None
        Processes that train networks side by side; -1 takes all cores. The result is the same but
        for last digits, which are those of the threads of a process. None means one, as do a
        checkpoint, callbacks, ``partial_fit`` and a warm start.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the previous fit.
    checkpoint : path or None, default=None
        File that ``fit`` keeps what it has come to in, to go on from there if it is interrupted
        and called again with the same arguments. In a folder each fit has a file of its own, for
        a search; see :doc:`/user_guide/training`.
    checkpoint_minutes : float, default=0.0
        Minutes between two checkpoints, at least. 0 writes one after each epoch.
    device : str, default="auto"
        A torch device; ``"auto"`` uses a GPU if there is one.
    precision : {"auto", "float32", "float64", "bfloat16"}, default="auto"
        ``"auto"`` is float32, or float64 for small float64 arrays. ``"bfloat16"`` runs matrix
        products in bfloat16, which is faster; hardware without support warns and uses float32.
    callbacks : list of skorch callbacks or None, default=None
        Called during training, as copies.
    net_params : dict or None, default=None
        Further parameters of `skorch.NeuralNet`, which override those set here.
    verbose : int, default=0
        1 prints a line per epoch and shows a progress bar.
    random_state : int, RandomState instance or None, default=None
        Seeds weights, shuffling, dropout, sampling and splits; global generators stay untouched.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        The code of each symbol, from 2 on, the most frequent first. Code 0 is the start and the end
        of a text, code 1 an unknown symbol.
    conditions_ : ndarray or None
        The labels in ``y``, sorted; None if there were none.
    net_ : skorch.NeuralNet
        The trained skorch net.
    module_ : torch.nn.Module
        The torch network.
    history_ : list of dict
        One per epoch: ``train_loss`` and ``valid_loss`` (nats per symbol), and ``dur`` in seconds.
    n_iter_ : int
        Number of epochs trained.
    n_parameters_ : int
        Number of parameters of the network.
    members_ : list of LSTMGenerator
        One for each network; the attributes above are those of the first.

    See Also
    --------
    LSTMClassifier : Predicts a label for a text.
    Tokenizer : Splits texts into tokens, and joins them again.

    Notes
    -----
    A pipeline passes the ``y`` of its last step to every step, so ``fit_transform`` ignores it: in
    ``make_pipeline(LSTMGenerator(), LogisticRegression())`` the generator learns the texts alone,
    and its features are the network's last state.

    With `bptt_steps`, the optimizer takes a step after each piece of that many symbols. Texts
    longer than all symbols divided by `batch_size` are split into rows of a batch, so a single long
    text fills it. Validation on a single text holds out its end.

    References
    ----------
    .. [1] Graves (2013), Generating sequences with recurrent neural networks.
       https://doi.org/10.48550/arXiv.1308.0850
    .. [2] Grave et al. (2017), Efficient softmax approximation for GPUs, ICML.
       https://doi.org/10.48550/arXiv.1609.04309
    .. [3] Press and Wolf (2017), Using the output embedding to improve language models, EACL.
       https://doi.org/10.18653/v1/E17-2025

    Examples
    --------
    >>> from sklstm import LSTMGenerator
    >>> texts = ["tick tock"] * 20 + ["tick tack"] * 20
    >>> generator = LSTMGenerator(hidden_size=16, lr=0.05, batch_size=8, random_state=0).fit(texts)
    >>> generator.sample(3, random_state=3)
    ['tick tack', 'tick tack', 'tick tock']
    >>> generator.perplexity(["tick tack"]) < generator.perplexity(["tack tick"])
    True
    """

    _network = LanguageModelNet
    _epochs_of_few = 25
    _reads_strings = True
    bidirectional = False  # later symbols are the targets
    mask_padding = True

    def __init__(
        self,
        *,
        level: Literal["char", "token"] = "char",
        max_tokens: int | None = None,
        min_count: int = 1,
        softmax: Literal["full", "adaptive"] = "full",
        tie_weights: bool = False,
        embedding_dim: int = 32,
        embedding_lr: float | None = None,
        cell: t.Cell = "lstm",
        cell_params: dict | None = None,
        hidden_size: int = 64,
        n_layers: int = 1,
        embedding_dropout: float = 0.0,
        word_dropout: float = 0.0,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        locked_dropout: bool = False,
        optimizer: t.Optimizer = "adam",
        lr: float = 0.003,
        schedule: t.Schedule = "one_cycle",
        average: t.Average = None,
        bptt_steps: int | None = None,
        max_grad_norm: float | None = 1.0,
        weight_decay: float = 0.0,
        batch_size: int = 32,
        max_epochs: t.MaxEpochs = "auto",
        early_stopping: bool = False,
        scoring: t.Scoring = "loss",
        validation: t.Validation = "random",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 3,
        n_members: t.Members = 1,
        n_jobs: int | None = None,
        warm_start: bool = False,
        checkpoint: t.Path | None = None,
        checkpoint_minutes: float = 0.0,
        device: str = "auto",
        precision: t.Precision = "auto",
        callbacks: list | tuple | None = None,
        net_params: dict | None = None,
        verbose: int = 0,
        random_state: t.RandomState = None,
    ):
        self.level = level
        self.max_tokens = max_tokens
        self.min_count = min_count
        self.softmax = softmax
        self.tie_weights = tie_weights
        self.embedding_dim = embedding_dim
        self.embedding_lr = embedding_lr
        self.cell = cell
        self.cell_params = cell_params
        self.hidden_size = hidden_size
        self.n_layers = n_layers
        self.embedding_dropout = embedding_dropout
        self.word_dropout = word_dropout
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.locked_dropout = locked_dropout
        self.optimizer = optimizer
        self.lr = lr
        self.schedule = schedule
        self.average = average
        self.bptt_steps = bptt_steps
        self.max_grad_norm = max_grad_norm
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation = validation
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.n_members = n_members
        self.n_jobs = n_jobs
        self.warm_start = warm_start
        self.checkpoint = checkpoint
        self.checkpoint_minutes = checkpoint_minutes
        self.device = device
        self.precision = precision
        self.callbacks = callbacks
        self.net_params = net_params
        self.verbose = verbose
        self.random_state = random_state

    _parameter_constraints: dict = {
        **BaseEnsemble._parameter_constraints,
        "level": [StrOptions({"char", "token"})],
        "max_tokens": TokenIndexer._parameter_constraints["max_tokens"],
        "min_count": TokenIndexer._parameter_constraints["min_count"],
        "softmax": [StrOptions({"full", "adaptive"})],
        "tie_weights": ["boolean"],
    }
    for _name in (
        "vocabulary_size",
        "standardize",
        "fine_tune_embeddings",
        "mask_padding",
        "bidirectional",
        "pooling",
    ):
        del _parameter_constraints[_name]
    del _name

    # ------------------------------------------------------------ fitting

    @fit_context(prefer_skip_nested_validation=True)
    @resumable
    def fit(self, X, y=None, sample_weight=None, X_val=None, y_val=None, groups=None) -> Self:
        """Fit the language model to texts.

        Parameters
        ----------
        X : array-like of str, or token lists or Sequences
            One text for each sample: a string, or with ``level="token"`` its tokens.
        y : array-like of shape (n_samples,) or (n_samples, n_conditions), default=None
            The condition of each text: a label (a str or an integer), or numbers of unit scale.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each text in the loss.
        X_val, y_val : like X and y, default=None
            Validation data; its loss is recorded and guides early stopping.
        groups : array-like of shape (n_samples,), default=None
            Groups for a splitter in `validation`.

        Returns
        -------
        LSTMGenerator
            The fitted estimator. Ctrl-C and SIGTERM end training and keep what was learned.
        """
        self._declared_symbols = ()
        return self._fit(X, y, sample_weight, X_val, y_val, groups)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, symbols=None, sample_weight=None) -> Self:
        """Train for one more epoch.

        The first call fixes the vocabulary and the conditions: later symbols that are not in its X
        or `symbols` count as unknown, with a warning; new conditions are an error.

        Parameters
        ----------
        X, y : array-like
            As for ``fit``.
        symbols : sequence of str, default=None
            Symbols that will occur in later calls, for the first one. They are kept whatever
            `max_tokens` and `min_count` are; those of this X need not be listed.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each text in the loss.

        Returns
        -------
        LSTMGenerator
            The fitted estimator.
        """
        if not hasattr(self, "net_"):
            self._declared_symbols = () if symbols is None else symbols
        elif symbols is not None:
            check_vocabulary(symbols, self.vocabulary_)
        return self._fit(X, y, sample_weight, partial=True)

    def fit_transform(self, X, y=None, **fit_params) -> np.ndarray:
        """Fit the model to texts without conditions, and return their features.

        Parameters
        ----------
        X : array-like of str, or token lists or Sequences
            One text for each sample.
        y : object
            Ignored: in a pipeline, it is the target of another step.
        **fit_params : dict
            Further arguments of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, hidden_size)
            As ``transform`` returns it.
        """
        return self.fit(X, **fit_params).transform(X)

    def _check_presence(self, y, X_val, y_val):
        if y_val is not None and X_val is None:
            raise ValueError("y_val was passed without X_val.")
        if self.tie_weights and self.softmax == "adaptive":
            raise ValueError(
                "tie_weights=True needs softmax='full': an adaptive softmax has vectors of "
                "several widths."
            )
        if self.tie_weights and self.embedding_dim != self.hidden_size:
            raise ValueError(
                "With tie_weights=True, embedding_dim must equal hidden_size; got "
                f"{self.embedding_dim} and {self.hidden_size}."
            )

    def _new_encoder(self):
        declared = self._declared_symbols
        return TextEncoder(self.level, self.max_tokens, self.min_count, declared, self.precision)

    def _check_targets(self, y):
        return y

    def _learn_targets(self, y, y_val):
        self._conditions = None if y is None else Conditions(y, y_val)

    def _encode_targets(self, y, weights, *, purpose):
        if (y is None) != (self._conditions is None):
            self._refuse_condition(given=y is not None)
        return None if y is None else to_tensor(self._conditions.encode(y))

    def _attach_targets(self, data, targets, *, purpose):
        if purpose != "use" and self.bptt_steps is None:
            warn_of_long_texts(data)
        data.conditions = targets
        self._average(data, data.lengths, purpose)

    def _refuse_condition(self, given):
        if given:
            raise ValueError("LSTMGenerator was fitted without conditions (y): pass none here.")
        raise ValueError(
            "LSTMGenerator was fitted with conditions: pass y to score texts, and condition to "
            "sample them."
        )

    def _split(self, data, groups):
        if len(data) > 1 or not isinstance(self.validation, str):
            parts = super()._split(data, groups)
        else:
            parts = hold_end_out(data, self.level, self.validation_fraction)
        for part in parts:
            balance(part.sequences)
        return parts

    def _criterion(self):
        return nn.CrossEntropyLoss, None  # the network has its own, see LanguageModelNet.losses

    def _output_options(self):
        counts = self._encoder.counts
        return {
            "n_conditions": 0 if self._conditions is None else self._conditions.size,
            "cutoffs": choose_cutoffs(counts) if self.softmax == "adaptive" else None,
            "tie_weights": self.tie_weights,
        }

    def _batch_options(self):
        options = {
            "iterator_valid": BPTTBatches,
            "iterator_valid__n_steps": self._n_steps_at_once(),
        }
        if self.bptt_steps is not None:
            options["iterator_train"] = BPTTBatches
            options["iterator_train__n_steps"] = self.bptt_steps
        return options

    def _n_steps_at_once(self):
        width = max(self._encoder.n_codes, 4 * int(self.hidden_size))
        return max(1, NUMBERS_AT_ONCE // (int(self.batch_size) * width))

    def _count_updates(self, inputs):
        n_updates = super()._count_updates(inputs)
        if self.bptt_steps is None:
            return n_updates
        return max(n_updates, int(inputs.offsets[-1]) // (self.batch_size * self.bptt_steps))

    # ------------------------------------------------------------ scoring

    @property
    def _models(self):
        """The language models of all members, as one."""
        return LanguageModelMixture([net.module_ for net in self._nets])

    def _run(self, data):
        """Run over texts in chunks of steps: yield rows, batch, targets and each net's outputs."""
        nets = self._nets
        batches = BPTTBatches(data, self.batch_size, n_steps=self._n_steps_at_once())
        for rows, batch, targets in batches.batches():
            if not batch.continues:
                states = [net.module_.initial_states(len(rows)) for net in nets]
            outputs = [
                net.outputs(batch, states=before[: len(rows)])
                for net, before in zip(nets, states, strict=True)
            ]
            yield rows, batch, targets.to(outputs[0].device), outputs

    def _fitted_dataset(self, X, y):
        self._check_ready()
        return self._read_dataset(X, y, None)

    def _log_likelihoods(self, data):
        sums, models = np.zeros(len(data)), self._models
        for rows, _, targets, outputs in self._run(data):
            with torch.no_grad():
                sums[rows] -= models.losses(outputs, targets).cpu().numpy()
        return sums

    def score_samples(self, X, y=None) -> np.ndarray:
        r"""Compute the log-likelihood of each text.

        Parameters
        ----------
        X : array-like of str, or token lists or Sequences
            The texts. Unseen symbols count as unknown.
        y : array-like, default=None
            Their conditions, if the generator was fitted with any.

        Returns
        -------
        ndarray of shape (n_samples,)
            :math:`\log P(x)` in nats, end included.
        """
        return self._log_likelihoods(self._fitted_dataset(X, y))

    def score(self, X, y=None, sample_weight=None) -> float:
        r"""Compute the mean log-likelihood per symbol.

        Parameters
        ----------
        X : array-like of str, or token lists or Sequences
            The texts.
        y : array-like, default=None
            Their conditions, if the generator was fitted with any.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each text.

        Returns
        -------
        float
            :math:`\sum_n w_n \log P(x^{(n)}) / \sum_n w_n (T_n + 1)` in nats, with the weights
            :math:`w_n`; higher is better. The end of a text counts as a symbol.
        """
        data = self._fitted_dataset(X, y)
        weights = weigh_scores(sample_weight, data.lengths)
        return float((weights * self._log_likelihoods(data)).sum() / weights.dot(data.lengths))

    def perplexity(self, X, y=None, sample_weight=None) -> float:
        r"""Compute the perplexity per symbol.

        Parameters
        ----------
        X : array-like of str, or token lists or Sequences
            The texts.
        y : array-like, default=None
            Their conditions, if the generator was fitted with any.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each text.

        Returns
        -------
        float
            :math:`\exp(-\mathrm{score})`: the number of equally probable symbols that are as
            uncertain. Lower is better.
        """
        return float(np.exp(-self.score(X, y, sample_weight)))

    def bits_per_character(self, X, y=None, sample_weight=None) -> float:
        r"""Compute the cross-entropy in bits per character.

        Parameters
        ----------
        X : array-like of str
            The texts.
        y : array-like, default=None
            Their conditions, if the generator was fitted with any.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each text.

        Returns
        -------
        float
            :math:`-\mathrm{score} / \log 2`: what an arithmetic coder with these probabilities
            needs. The end of a text counts as a character. Lower is better.
        """
        check_is_fitted(self)
        if self._encoder.level != "char":
            raise ValueError(
                f"bits_per_character needs level='char', and the level is {self._encoder.level!r}: "
                "use perplexity for tokens."
            )
        return float(-self.score(X, y, sample_weight) / np.log(2))

    def transform(self, X, y=None) -> np.ndarray:
        """Compute features of each text: the last hidden state of the network.

        Parameters
        ----------
        X : array-like of str, or token lists or Sequences
            The texts.
        y : array-like, default=None
            Their conditions, if the generator was fitted with any.

        Returns
        -------
        ndarray of shape (n_samples, hidden_size)
            The top layer's :math:`h` after the last symbol, from which the end is predicted. With
            several members, theirs side by side.
        """
        data = self._fitted_dataset(X, y)
        features = np.empty((len(data), self._n_features_out), self._encoder.dtype)
        for rows, batch, _, outputs in self._run(data):
            last = torch.cat(outputs, dim=-1)[torch.arange(len(rows)), batch.lengths - 1]
            features[rows] = last.cpu().numpy()  # a text's last chunk overwrites the others
        return features

    @property
    def vocabulary_(self) -> dict[str, int]:
        """The code of each symbol."""
        check_is_fitted(self)
        return self._encoder.codes

    @property
    def conditions_(self) -> np.ndarray | None:
        """The labels in y, sorted; None if there were none."""
        check_is_fitted(self)
        return None if self._conditions is None else self._conditions.labels

    @property
    def _n_features_out(self):
        return self._architecture["hidden_size"] * len(self._nets)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = tags.input_tags.three_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = self.level == "char"
        return tags
