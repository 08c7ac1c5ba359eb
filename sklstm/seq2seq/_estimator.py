"""LSTMSeq2Seq: sequences to sequences."""

from dataclasses import replace
from functools import partial
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted
from torch import nn

from sklstm import _typing as t
from sklstm._arguments import check_count, check_memory
from sklstm._arrays import check_same_length, to_object_array
from sklstm._checkpoints import resumable
from sklstm._members import BaseEnsemble
from sklstm._sklearn import Interval, StrOptions, fit_context, validate_parameter_constraints
from sklstm.nn.attention import Attention
from sklstm.nn.batches import in_row_order
from sklstm.nn.networks import Seq2SeqNet, search_together
from sklstm.seq2seq._source_encoder import SourceEncoder
from sklstm.seq2seq._symbols import OutputSymbols, check_outputs


class LSTMSeq2Seq(BaseEnsemble):
    r"""Turn sequences into other sequences with an encoder, a decoder and attention.

    The encoder reads the source :math:`x` in both directions [1]_. The decoder generates the output
    :math:`y` symbol by symbol. It starts from a map of the encoder's last outputs :math:`\bar h`,
    and attends to the steps :math:`h_j` of the source that matter for the next symbol:

    .. math::

        s_0, c_0 &= \tanh(B \bar h + b) \\
        s_i, c_i &= \mathrm{LSTM}(E y_{i-1}, s_{i-1}, c_{i-1}) \\
        \alpha_{ij} &= \mathrm{softmax}_j(e_{ij}) \\
        \tilde s_i &= \tanh\Big(W \big[s_i; \textstyle\sum_j \alpha_{ij} h_j\big] + b_s\Big) \\
        P(y_i \mid y_{<i}, x) &= \mathrm{softmax}(V \tilde s_i + d)

    with the scores :math:`e_{ij} = v^\top \tanh(U s_i + K h_j)` (``"additive"`` [2]_) or
    :math:`e_{ij} = s_i^\top K h_j` (``"dot"`` [3]_). Without attention :math:`\tilde s_i = s_i`,
    and :math:`\bar h` is all that the decoder knows of the source. Training minimises
    :math:`-\sum_i \log P(y_i \mid y_{<i}, x)`, where the last symbol is the end of the output.

    ``X`` and ``y`` may each be strings, whose symbols are characters, or token lists. ``X`` may
    also be anything else that `LSTMClassifier` accepts: `Sequences`, token ids, or numbers.

    Parameters
    ----------
    attention : {"additive", "dot"} or None, default="additive"
        How the decoder's state is compared with the steps of the source; None for no attention.
    teacher_forcing : float, default=1.0
        Probability that the decoder reads the true symbol :math:`y_{i-1}` in training, rather than
        its own prediction. Below 1 this is scheduled sampling [4]_, which is slower.
    beam_size : int, default=1
        Number of hypotheses that beam search keeps at each step; 1 is greedy decoding.
    length_penalty : float, default=0.0
        The exponent :math:`\alpha` in :math:`\log P(y \mid x) \, / \, ((5 + n) / 6)^\alpha`, by
        which beam search ranks outputs of :math:`n` symbols, end included [5]_. Larger values give
        longer outputs; greedy decoding ignores it.
    max_length : int or None, default=None
        Maximum number of symbols in an output; None means the length of the longest one in ``fit``.
        Like `beam_size` and `length_penalty`, it can be changed without refitting, or overridden in
        ``predict``.
    vocabulary_size : int or None, default=None
        If set, integers in X are token ids below it, 0 being padding; otherwise they are numbers.
    standardize : {"feature", "sample"} or None, default="feature"
        How numbers in X are standardised inside. ``"feature"`` subtracts a feature's mean and
        divides by its standard deviation, those of all steps so far with ``partial_fit``;
        ``"sample"`` takes those of each sequence, for shapes whose level and size do not matter;
        None leaves numbers as they are.
    embedding_dim : int, default=32
        Width of learned embeddings. Word vectors in X keep their own.
    fine_tune_embeddings : bool, default=True
        Whether word vectors in X are trained too, or stay frozen.
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
    bidirectional : bool, default=True
        Whether every layer also reads the sequence backwards.
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
    symbols_ : list of str
        The symbols of the outputs, sorted.
    max_length_ : int
        Maximum number of symbols in an output.
    n_features_in_ : int
        Features of a step. Not set for strings, tokens and ids.
    feature_names_in_ : ndarray of str
        Names of the columns of X, if it was a frame or a list of frames with string names.
    net_ : skorch.NeuralNet
        The trained skorch net.
    module_ : torch.nn.Module
        The torch network.
    history_ : list of dict
        One per epoch: ``train_loss`` and ``valid_loss`` (nats per symbol, the latter with full
        teacher forcing), and ``dur`` in seconds.
    n_iter_ : int
        Number of epochs trained.
    n_parameters_ : int
        Number of parameters of the network.
    members_ : list of LSTMSeq2Seq
        One for each network; the attributes above are those of the first.

    See Also
    --------
    sklstm.metrics.token_error_rate : Measures how far outputs are from the targets.
    sklstm.inspection.AttentionDisplay : Draws the attention weights.
    LSTMTagger : Predicts a symbol for each step, which is easier to learn.

    Notes
    -----
    Encoder and decoder have the same `cell`, `hidden_size` and `n_layers`; only the encoder is
    `bidirectional`. Attention comes after the decoder's recurrent layers, as in [3]_, so with full
    teacher forcing these run over all steps in one call. With scheduled sampling, symbols are first
    predicted step by step without gradients; then the decoder runs over the mixture in one call.

    Sources and outputs may be empty; for an empty source :math:`\bar h` and the attention are zero.
    Symbols of ``X`` that ``fit`` did not see are read as unknown.

    References
    ----------
    .. [1] Sutskever, Vinyals and Le (2014), Sequence to sequence learning with neural networks,
       NeurIPS. https://doi.org/10.48550/arXiv.1409.3215
    .. [2] Bahdanau, Cho and Bengio (2015), Neural machine translation by jointly learning to
       align and translate, ICLR. https://doi.org/10.48550/arXiv.1409.0473
    .. [3] Luong, Pham and Manning (2015), Effective approaches to attention-based neural machine
       translation, EMNLP. https://doi.org/10.18653/v1/D15-1166
    .. [4] Bengio et al. (2015), Scheduled sampling for sequence prediction with recurrent neural
       networks, NeurIPS. https://doi.org/10.48550/arXiv.1506.03099
    .. [5] Wu et al. (2016), Google's neural machine translation system.
       https://doi.org/10.48550/arXiv.1609.08144

    Examples
    --------
    >>> from sklstm import LSTMSeq2Seq
    >>> words = ["go", "walk", "jump", "talk", "play", "work", "show", "open"] * 4
    >>> past = ["went", *(word + "ed" for word in words[1:8])] * 4
    >>> model = LSTMSeq2Seq(hidden_size=32, lr=0.02, batch_size=8, random_state=0)
    >>> model.fit(words, past).predict(["jump", "go"])
    array(['jumped', 'went'], dtype=object)
    """

    _network = Seq2SeqNet
    _epochs_of_few = 40
    _reads_strings = True
    mask_padding = True  # padding is never attended to

    def __init__(
        self,
        *,
        attention: Literal["additive", "dot"] | None = "additive",
        teacher_forcing: float = 1.0,
        beam_size: int = 1,
        length_penalty: float = 0.0,
        max_length: int | None = None,
        vocabulary_size: int | None = None,
        standardize: t.Standardize = "feature",
        embedding_dim: int = 32,
        fine_tune_embeddings: bool = True,
        embedding_lr: float | None = None,
        cell: t.Cell = "lstm",
        cell_params: dict | None = None,
        hidden_size: int = 64,
        n_layers: int = 1,
        bidirectional: bool = True,
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
        self.attention = attention
        self.teacher_forcing = teacher_forcing
        self.beam_size = beam_size
        self.length_penalty = length_penalty
        self.max_length = max_length
        self.vocabulary_size = vocabulary_size
        self.standardize = standardize
        self.embedding_dim = embedding_dim
        self.fine_tune_embeddings = fine_tune_embeddings
        self.embedding_lr = embedding_lr
        self.cell = cell
        self.cell_params = cell_params
        self.hidden_size = hidden_size
        self.n_layers = n_layers
        self.bidirectional = bidirectional
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
        "attention": [StrOptions(set(Attention.KINDS)), None],
        "teacher_forcing": [Interval(Real, 0, 1, closed="both")],
        "beam_size": [Interval(Integral, 1, None, closed="left")],
        "length_penalty": [Interval(Real, 0, None, closed="left")],
        "max_length": [Interval(Integral, 1, 2**31 - 1, closed="both"), None],
    }
    del _parameter_constraints["pooling"], _parameter_constraints["mask_padding"]

    @fit_context(prefer_skip_nested_validation=True)
    @resumable
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, groups=None) -> Self:
        """Fit the network to pairs of sequences.

        Parameters
        ----------
        X : list of str, token lists, Sequences, ids or numbers
            One source for each sample.
        y : list of str, list of lists of str, or Sequences
            One output for each sample.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss.
        X_val, y_val : like X and y, default=None
            Validation data; its loss is recorded and guides early stopping.
        groups : array-like of shape (n_samples,), default=None
            Groups for a splitter in `validation`.

        Returns
        -------
        LSTMSeq2Seq
            The fitted estimator. Ctrl-C and SIGTERM end training and keep what was learned.
        """
        self._declared_symbols = None
        return self._fit(X, y, sample_weight, X_val, y_val, groups)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, symbols=None, sample_weight=None) -> Self:
        """Train for one more epoch.

        Parameters
        ----------
        X : list of str, token lists, Sequences, ids or numbers
            One source for each sample.
        y : list of str, list of lists of str, or Sequences
            One output for each sample.
        symbols : sequence of str, default=None
            Output symbols that will occur in later calls, for the first one: characters if ``y``
            holds strings. Those of this ``y`` need not be listed.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss.

        Returns
        -------
        LSTMSeq2Seq
            The fitted estimator.
        """
        if not hasattr(self, "net_"):
            self._declared_symbols = symbols
        elif symbols is not None:
            self._symbols.check_known([symbols])
        return self._fit(X, y, sample_weight, partial=True)

    # ------------------------------------------------------------ input and targets

    def _new_encoder(self):
        return SourceEncoder(
            self.vocabulary_size, self.fine_tune_embeddings, self.precision, self.standardize
        )

    def _check_targets(self, y):
        return check_outputs(y)

    def _learn_targets(self, y, y_val):
        self._symbols = OutputSymbols(y, self._declared_symbols, y_val)
        self._n_outputs = 1 + len(self._symbols.symbols)
        self._longest = 0

    def _encode_targets(self, y, weights, *, purpose):
        longest = max(map(len, y))
        if self.max_length is not None and longest > self.max_length:
            raise ValueError(
                f"y holds an output of {longest} symbols, but max_length={self.max_length}: raise "
                "it, or leave such samples out."
            )
        self._longest = max(longest, self._longest)
        return self._symbols.encode(y)

    def _attach_targets(self, data, targets, *, purpose):
        data.target_sequences = targets
        self._average(data, targets.lengths, purpose)

    def _criterion(self):
        return nn.CrossEntropyLoss, None  # the network has its own, see Seq2SeqNet.losses

    def _output_options(self):
        return {
            "n_outputs": self._n_outputs,
            "attention": self.attention,
            "teacher_forcing": self.teacher_forcing,
            "output_dim": self.embedding_dim,
        }

    # ------------------------------------------------------------ predicting

    def predict(
        self,
        X,
        *,
        beam_size: int | None = None,
        length_penalty: float | None = None,
        max_length: int | None = None,
    ) -> np.ndarray:
        """Predict the outputs.

        Parameters
        ----------
        X : list of str, token lists, Sequences, ids or numbers
            One source for each sample.
        beam_size, length_penalty, max_length : default=None
            Override the estimator's parameters for this call; None means no override.

        Returns
        -------
        ndarray of shape (n_samples,) of str or lists of str
            One output for each source, as ``y`` was in ``fit``.
        """
        found = self._search(X, beam_size, length_penalty, max_length)
        return to_object_array([output for ((output, _), *_) in found])

    def predict_n_best(
        self,
        X,
        n: int = 5,
        beam_size: int | None = None,
        length_penalty: float | None = None,
        max_length: int | None = None,
    ) -> list[list[tuple[Any, float]]]:
        """Predict the `n` best outputs.

        Parameters
        ----------
        X : list of str, token lists, Sequences, ids or numbers
            One source for each sample.
        n : int, default=5
            Number of outputs.
        beam_size : int, default=None
            Overrides the estimator's for this call; None means the larger of that and `n`.
        length_penalty, max_length : default=None
            Override the estimator's parameters for this call; None means no override.

        Returns
        -------
        list of lists of tuple (str or list of str, float)
            For each source its outputs with their log-probabilities, best first by these and
            `length_penalty`; fewer than `n` where there are fewer.
        """
        n = check_count(n, "n")
        if beam_size is None:
            self._check_ready()
            beam_size = max(n, self.beam_size)
        if not isinstance(beam_size, Integral) or beam_size < n:
            raise ValueError(
                f"beam_size must be an integer of at least n={n}, since beam search finds no more "
                f"outputs than it keeps; got {beam_size!r}."
            )
        found = self._search(X, beam_size, length_penalty, max_length)
        return [outputs[:n] for outputs in found]

    def _search(self, X, beam_size, length_penalty, max_length):
        """Return the best outputs that the search found, with their log-probabilities."""
        data = self._read_new_sequences(X)
        options = self._decoding_options(
            beam_size=beam_size, length_penalty=length_penalty, max_length=max_length
        )
        search = partial(
            search_together,
            [net.module_.eval() for net in self._nets],
            beam_size=int(options["beam_size"]),
            max_length=options["max_length"] or self._longest,
            alpha=options["length_penalty"],
        )
        n_codes, longest = self._n_outputs, int(search.keywords["max_length"])
        beam = min(search.keywords["beam_size"], n_codes ** min(longest, 30))

        def decode_batch(batch):
            check_memory(beam * n_codes * len(batch), "Lower n, beam_size or batch_size.")
            batch = replace(batch, target_sequences=None)  # validation data has them
            beams = (part.tolist() for part in self.net_.compute(search, batch))
            for hypotheses in zip(*beams, strict=True):
                pairs = zip(*hypotheses, strict=True)
                yield [(self._symbols.decode(codes), log) for codes, log in pairs if log > -np.inf]

        return in_row_order((rows, decode_batch(batch)) for rows, batch in self._batches(data))

    def _decoding_options(self, **overrides):
        options = {
            name: getattr(self, name) if value is None else value
            for name, value in overrides.items()
        }
        constraints = {name: self._parameter_constraints[name] for name in options}
        validate_parameter_constraints(constraints, options, type(self).__name__)
        return options

    def score(self, X, y, sample_weight=None) -> float:
        """Compute the share of outputs that are exactly right.

        Parameters
        ----------
        X : list of str, token lists, Sequences, ids or numbers
            One source for each sample.
        y : list of str, list of lists of str, or Sequences
            The true outputs.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample.

        Returns
        -------
        float
            Between 0 and 1; `sklstm.metrics.token_error_rate` gives credit for near misses.
        """
        y, weights = self._check_scored(y, sample_weight)
        self._symbols.check(y)
        predicted = self.predict(X)
        check_same_length(X=predicted, y=y)
        hits = [list(a) == list(b) for a, b in zip(y, predicted, strict=True)]
        return float(np.average(hits, weights=weights))

    @property
    def max_length_(self) -> int:
        """Maximum number of symbols in an output."""
        check_is_fitted(self)
        return self.max_length or self._longest

    @property
    def symbols_(self) -> list[str]:
        """The symbols of the outputs."""
        check_is_fitted(self)
        return list(self._symbols.symbols)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.target_tags.required = True
        tags.target_tags.one_d_labels = False
        return tags
