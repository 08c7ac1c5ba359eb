"""LSTMSeq2Seq: sequences in, other sequences out."""

from dataclasses import replace
from functools import partial
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted
from torch import nn

from sklstm._base import BaseLSTM
from sklstm._sklearn import Interval, StrOptions, fit_context
from sklstm._validation import to_list, to_object_array
from sklstm.nn.attention import Attention
from sklstm.nn.networks import Seq2SeqNet
from sklstm.seq2seq._symbols import EXPECTED, OutputSymbols, check_outputs, list_texts
from sklstm.sequences import Sequences


class LSTMSeq2Seq(BaseLSTM):
    r"""Turn sequences into other sequences with an encoder, a decoder and attention.

    The encoder reads the source :math:`x` in both directions [1]_. The decoder writes the output
    :math:`y` symbol by symbol, beginning from a map of the encoder's last outputs :math:`\bar h`,
    and looks at those steps :math:`h_j` of the source that matter for the next symbol:

    .. math::

        s_0, c_0 &= \tanh(B \bar h + b) \\
        s_i, c_i &= \mathrm{LSTM}(E y_{i-1}, s_{i-1}, c_{i-1}) \\
        \alpha_{ij} &= \mathrm{softmax}_j(e_{ij}) \\
        \tilde s_i &= \tanh\Big(W \big[s_i; \textstyle\sum_j \alpha_{ij} h_j\big] + b_s\Big) \\
        P(y_i \mid y_{<i}, x) &= \mathrm{softmax}(V \tilde s_i + d)

    with the scores :math:`e_{ij} = v^\top \tanh(U s_i + K h_j)` (``"additive"`` [2]_) or
    :math:`e_{ij} = s_i^\top K h_j` (``"dot"`` [3]_). Without attention
    :math:`\tilde s_i = s_i`: all that the decoder knows of the source is :math:`\bar h`. It
    minimises :math:`-\sum_i \log P(y_i \mid y_{<i}, x)`, where the last symbol is the end of the
    output.

    ``X`` and ``y`` may be strings, whose symbols are their characters, or lists of tokens; one of
    them may be strings and the other token lists. ``X`` may also be anything else that
    `LSTMClassifier` takes: `Sequences` with vectors, ids, or numbers.

    Parameters
    ----------
    attention : {"additive", "dot"}, optional, default="additive"
        How to compare the decoder's state with the steps of the source. None for the plain
        form.
    teacher_forcing : float, default=1.0
        Probability that the decoder is told the true symbol :math:`y_{i-1}` in training, and
        does not go on from its own guess [4]_. Below 1 training takes longer, since guesses are
        made step by step.
    beam_size : int, default=1
        Outputs that the search goes on with at each step; 1 takes the most probable symbol each
        time.
    length_penalty : float, default=0.0
        The exponent :math:`\alpha` in the search's order, which is by
        :math:`\log P(y \mid x) \, / \, ((5 + n) / 6)^\alpha` for :math:`n` symbols, the end
        included [5]_. The larger it is, the longer are the outputs; without a beam it has no
        effect.
    max_length : int, optional
        Symbols of an output at most; by default those of the longest one that ``fit`` gets. Like
        `beam_size` and `length_penalty` it counts from the next prediction on, without a fit.
    vocabulary_size : int, optional
        Given, integers in X are ids in ``0 .. vocabulary_size - 1`` and 0 is padding. Without
        it they are numbers like any other.
    embedding_dim : int, default=32
        Width of the vectors learned for ids and symbols, of ``X`` and of ``y``.
    fine_tune_embeddings : bool, default=True
        Whether vectors that come with X are trained too, or stay as they are.
    embedding_lr : float, optional
        Learning rate of the vectors of ``X``; `lr` by default.
    cell, cell_params
        As in `LSTMClassifier`, for the encoder and the decoder.
    hidden_size : int, default=64
        Units of each layer of the decoder, and of each layer and direction of the encoder.
    n_layers : int, default=1
        Depth of the encoder, and of the decoder.
    bidirectional : bool, default=True
        Whether the encoder also reads backwards.
    embedding_dropout : float, default=0.0
        Dropout on the vectors of the symbols.
    word_dropout : float, default=0.0
        Probability of reading a symbol of ``X`` as unknown during training, which makes ready
        for symbols that it never saw.
    dropout : float, default=0.0
        Dropout between layers, and before the output.
    recurrent_dropout : float, default=0.0
        Dropout on the recurrent weights, one draw for each batch.
    locked_dropout : bool, default=False
        Whether dropout on sequences drops the same features at every step.
    optimizer, lr, schedule, bptt_steps, max_grad_norm, weight_decay, batch_size, max_epochs
        How to descend, see `LSTMClassifier`.
    early_stopping : bool, default=False
        Whether to stop when the validation loss, or the score of `scoring`, has not got better
        for `n_iter_no_change` epochs, and go back to the weights of the best epoch. Validates on
        `X_val` and `y_val` if they are passed to ``fit``, otherwise on a part of the training
        data.
    scoring, validation
        See `LSTMClassifier`.
    validation_fraction : float, default=0.1
        Share of the training data that early stopping holds out.
    n_iter_no_change : int, default=3
        Epochs without a better validation loss or score before stopping early.
    warm_start, device, precision, callbacks, net_params
        See `LSTMClassifier`.
    verbose : int, default=0
        With 1, prints a line an epoch and shows a progress bar.
    random_state : int, RandomState instance or None, default=None
        Seeds weights, shuffling, dropout, the decoder's guesses and the validation split. Torch's
        global generators are left alone; numpy's is drawn from when None.

    Attributes
    ----------
    symbols_ : list of str
        The symbols of the outputs, sorted.
    max_length_ : int
        Symbols of an output at most.
    n_features_in_ : int
        Features of a step. Not set for strings, tokens and ids.
    feature_names_in_ : ndarray of str
        Names of the columns of X, if it was a list of frames, with string names.
    net_ : skorch.NeuralNet
        The trained net.
    module_ : torch.nn.Module
        Its network.
    history_ : list of dict
        One for each epoch: ``train_loss`` and ``valid_loss`` (nats a symbol, all true ones told in
        validation), ``dur`` in seconds.
    n_iter_ : int
        Epochs done.
    n_parameters_ : int
        Numbers in the network.

    See Also
    --------
    sklstm.metrics.token_error_rate : How far outputs are from the right ones.
    sklstm.inspection.AttentionDisplay : Where the decoder looks.
    LSTMTagger : A symbol for each step, which is easier to learn.

    Notes
    -----
    The attention stands behind the decoder's recurrent layers, where [3]_ put it, so these run over
    all true symbols in one call. With `teacher_forcing` below 1 the guesses are made first, step
    by step and without a gradient, which would not pass through them; then the decoder runs in one
    call over what it is told and what it guessed.

    Sources and outputs may be empty: of an empty source :math:`\bar h` is zero, and the attention
    sees nothing. A symbol of ``X`` that ``fit`` did not see is read as unknown.

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
    mask_padding = True  # there is nothing to see in padding

    def __init__(
        self,
        *,
        attention="additive",
        teacher_forcing=1.0,
        beam_size=1,
        length_penalty=0.0,
        max_length=None,
        vocabulary_size=None,
        embedding_dim=32,
        fine_tune_embeddings=True,
        embedding_lr=None,
        cell="lstm",
        cell_params=None,
        hidden_size=64,
        n_layers=1,
        bidirectional=True,
        embedding_dropout=0.0,
        word_dropout=0.0,
        dropout=0.0,
        recurrent_dropout=0.0,
        locked_dropout=False,
        optimizer="adam",
        lr=0.003,
        schedule=None,
        bptt_steps=None,
        max_grad_norm=1.0,
        weight_decay=0.0,
        batch_size=32,
        max_epochs=10,
        early_stopping=False,
        scoring="loss",
        validation="random",
        validation_fraction=0.1,
        n_iter_no_change=3,
        warm_start=False,
        device="auto",
        precision="auto",
        callbacks=None,
        net_params=None,
        verbose=0,
        random_state=None,
    ):
        self.attention = attention
        self.teacher_forcing = teacher_forcing
        self.beam_size = beam_size
        self.length_penalty = length_penalty
        self.max_length = max_length
        self.vocabulary_size = vocabulary_size
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
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.callbacks = callbacks
        self.net_params = net_params
        self.verbose = verbose
        self.random_state = random_state

    _parameter_constraints: dict = {
        **BaseLSTM._parameter_constraints,
        "attention": [StrOptions(set(Attention.KINDS)), None],
        "teacher_forcing": [Interval(Real, 0, 1, closed="both")],
        "beam_size": [Interval(Integral, 1, None, closed="left")],
        "length_penalty": [Interval(Real, 0, None, closed="left")],
        "max_length": [Interval(Integral, 1, None, closed="left"), None],
    }
    del _parameter_constraints["pooling"], _parameter_constraints["mask_padding"]

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, groups=None):
        """Learn from pairs of sequences.

        Parameters
        ----------
        X : list of str, token lists, Sequences, ids or numbers
            One source for each sample.
        y : list of str, list of lists of str, or Sequences
            One output for each sample.
        sample_weight : array-like of shape (n_samples,), optional
            How much each sample counts in the loss.
        X_val, y_val : like X and y, optional
            Validation data, whose loss is recorded and guides early stopping.
        groups : array-like of shape (n_samples,), optional
            Groups that a splitter in `validation` keeps together.

        Returns
        -------
        LSTMSeq2Seq
            The fitted estimator. Ctrl-C ends training early and keeps what was learned.
        """
        self._declared_symbols = None
        return self._fit(X, y, sample_weight, X_val, y_val, groups)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, symbols=None, sample_weight=None):
        """Learn for one epoch more.

        Parameters
        ----------
        X : list of str, token lists, Sequences, ids or numbers
            One source for each sample.
        y : list of str, list of lists of str, or Sequences
            One output for each sample.
        symbols : sequence of str, optional
            Symbols of outputs that will come later, for the first call: characters if ``y`` holds
            strings. Those of this ``y`` are known anyway.
        sample_weight : array-like of shape (n_samples,), optional
            How much each sample counts in the loss.

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

    def _read_input(self, X, *, reset):
        texts = list_texts(X)
        if reset:
            self._reads_texts = texts is not None
        if self._reads_texts != (texts is not None) and not isinstance(X, Sequences):
            to_list(X, EXPECTED)  # no sample is of any kind: refused as such
            kinds = "no strings", "strings"
            raise TypeError(
                f"{type(self).__name__} was fitted on {kinds[self._reads_texts]}, but X now holds "
                f"{kinds[not self._reads_texts]}."
            )
        if texts is not None:
            return Sequences.from_tokens(texts)
        return super()._read_input(X, reset=reset)

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
        data.answers = targets
        self._average(data, targets.lengths, purpose)

    def _criterion(self):
        return nn.CrossEntropyLoss, None  # the network has its own, see Seq2SeqNet.losses

    def _output_options(self):
        return {
            "attention": self.attention,
            "teacher_forcing": self.teacher_forcing,
            "output_dim": self.embedding_dim,
        }

    # ------------------------------------------------------------ predicting

    def predict(self, X):
        """Predict the outputs.

        Parameters
        ----------
        X : list of str, token lists, Sequences, ids or numbers
            One source for each sample.

        Returns
        -------
        ndarray of shape (n_samples,) of str or lists of str
            One output for each source, as ``y`` was in ``fit``.
        """
        found = self._search(X, self.beam_size)
        return to_object_array([output for ((output, _), *_) in found])

    def predict_n_best(self, X, n=5, beam_size=None):
        """Find the `n` best outputs.

        Parameters
        ----------
        X : list of str, token lists, Sequences, ids or numbers
            One source for each sample.
        n : int, default=5
            How many.
        beam_size : int, optional
            Outputs that the search goes on with at each step; by default the larger one of `n`
            and the estimator's own.

        Returns
        -------
        list of lists of tuple (str or list of str, float)
            For each source its outputs and the logarithms of their probabilities, best first by
            these and `length_penalty`; fewer than `n` where there are fewer.
        """
        if not isinstance(n, Integral) or n < 1:
            raise ValueError(f"n must be an integer of at least 1; got {n!r}.")
        if beam_size is None:
            self._check_ready()
            beam_size = max(n, self.beam_size)
        if not isinstance(beam_size, Integral) or beam_size < n:
            raise ValueError(
                f"beam_size must be an integer of at least n={n}, since the search finds no more "
                f"outputs than it keeps; got {beam_size!r}."
            )
        return [outputs[:n] for outputs in self._search(X, beam_size)]

    def _search(self, X, beam_size):
        """Return the best outputs that the search found, with their log-probabilities."""
        data = self._read_new(X)
        search = partial(
            self.module_.search,
            beam_size=int(beam_size),
            max_length=self.max_length_,
            alpha=self.length_penalty,
        )
        found = {}
        for rows, batch in self._batches(data):
            batch = replace(batch, answers=None)  # one of validation has them
            beams = (part.tolist() for part in self.net_.compute(search, batch))
            for row, codes, logs in zip(rows.tolist(), *beams, strict=True):
                found[row] = [
                    (self._symbols.decode(of_one), log)
                    for of_one, log in zip(codes, logs, strict=True)
                    if log > -np.inf
                ]
        return [found[row] for row in range(len(found))]

    def score(self, X, y, sample_weight=None):
        """Return the share of outputs that are exactly right.

        Parameters
        ----------
        X : list of str, token lists, Sequences, ids or numbers
            One source for each sample.
        y : list of str, list of lists of str, or Sequences
            The true outputs.
        sample_weight : array-like of shape (n_samples,), optional
            How often each sample counts.

        Returns
        -------
        float
            Between 0 and 1. `sklstm.metrics.token_error_rate` also tells near misses from others.
        """
        y, weights = self._check_scored(y, sample_weight)
        self._symbols.check(y)
        predicted = self.predict(X)
        check_consistent_length(predicted, y)
        hits = [list(a) == list(b) for a, b in zip(y, predicted, strict=True)]
        return float(np.average(hits, weights=weights))

    @property
    def max_length_(self):
        """Symbols of an output at most."""
        check_is_fitted(self)
        return self.max_length or self._longest

    @property
    def symbols_(self):
        """The symbols of the outputs."""
        check_is_fitted(self)
        return list(self._symbols.symbols)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.target_tags.required = True
        tags.target_tags.one_d_labels = False
        return tags
