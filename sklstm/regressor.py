"""LSTMRegressor: one number, or several, for each sequence."""

import warnings
from typing import Literal, Self

import numpy as np
import torch
from sklearn.base import RegressorMixin
from sklearn.model_selection import KFold
from sklearn.utils import check_array, column_or_1d, gen_batches
from torch import nn

from sklstm import _typing as t
from sklstm._arrays import check_same_length, refuse_empty, to_numbers
from sklstm._checkpoints import resumable
from sklstm._fit_tasks import clone_unfollowed
from sklstm._members import BaseEnsemble
from sklstm._ridge import Ridge
from sklstm._running_moments import Moments
from sklstm._sklearn import StrOptions, fit_context, safe_indexing
from sklstm._standardizer import Standardizer
from sklstm.nn.networks import last_steps

LOSSES = {
    "squared_error": nn.MSELoss,
    "absolute_error": nn.L1Loss,
    "huber": nn.HuberLoss,
}
MAX_WIDE = 500  # numbers of a window that ridge regression reads
N_FOLDS = 2
MANY = 3_000  # samples, of which one fold tells enough
N_BLOCKS = 10  # whose mean losses say how sure a difference is
SHARES = np.linspace(0, 1, 21)  # of the network in predictions
WINDOWS = 1000  # that are made into a matrix at a time


class LSTMRegressor(RegressorMixin, BaseEnsemble):
    r"""Predict numbers from sequences with a long short-term memory network.

    .. math::

        h_t, c_t &= \mathrm{LSTM}(x_t, h_{t-1}, c_{t-1}) \\
        \hat y &= W \, \mathrm{pool}(h_1, \dots, h_T) + b

    The network is an LSTM [1]_; a ridge regression can stand beside it, see `wide`. Targets may
    have any unit: they are standardised internally by the (weighted) mean and standard deviation of
    the training targets, and the losses in `history_` are of standardised targets. ``partial_fit``
    updates mean and standard deviation, and adjusts the output layer so that this alone changes no
    prediction of the network.

    ``X`` may be a 2-D array of numbers (each row a univariate series), a 3-D array of shape
    (n_samples, n_steps, n_features), a list of (n_steps, n_features) arrays, or anything else that
    `LSTMClassifier` accepts.

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "huber"}, default="squared_error"
        The loss to minimise.
    vocabulary_size : int or None, default=None
        If set, integers in X are token ids below it, 0 being padding; otherwise they are numbers.
    standardize : {"feature", "sample"} or None, default="feature"
        How numbers in X are standardised inside. ``"feature"`` subtracts a feature's mean and
        divides by its standard deviation, those of all steps so far with ``partial_fit``;
        ``"sample"`` takes those of each sequence, for shapes whose level and size do not matter;
        None leaves numbers as they are.
    wide : bool, default=False
        Whether windows of numbers, all of one length and with at most 500 numbers, are read by a
        ridge regression too, if the loss is ``"squared_error"``. Predictions are a weighted mean of
        the two; a network that does not clearly help has no share. The share is estimated on
        samples not learned from: the validation data of early stopping, or each half of the
        samples, predicted by a network trained on the other, so that ``fit`` takes two to three
        times as long; ``partial_fit`` takes each portion before it learns from it. The losses in
        `history_` are the network's.
    embedding_dim : int, default=32
        Width of learned embeddings. Word vectors in X keep their own.
    fine_tune_embeddings : bool, default=True
        Whether word vectors in X are trained too, or stay frozen.
    embedding_lr : float or None, default=None
        Learning rate of the embeddings of X, lower against overfitting; None means `lr`.
    mask_padding : bool, default=True
        Whether padding is left out of every computation. If False, padding is read as one more
        token, as Keras does with an unmasked embedding.
    cell : {"lstm", "peephole", "coupled", "gru", "rnn", "minlstm", "mingru"}, default="lstm"
        The recurrent cell; :doc:`/user_guide/cells` has the equations of each.
    cell_params : dict or None, default=None
        Options of the cell: ``forget_bias`` of lstm, peephole, coupled and minlstm (1.0),
        ``diagonal`` of peephole (False), ``nonlinearity`` of rnn (``"tanh"``, or ``"relu"``).
    hidden_size : int, default=64
        Units :math:`H` of each recurrent layer and direction.
    n_layers : int, default=1
        Number of stacked recurrent layers.
    bidirectional : bool, default=False
        Whether every layer also reads the sequence backwards.
    pooling : {"last", "mean", "max", "max+mean", "attention"}, default="last"
        How the outputs :math:`h_1 .. h_T` are pooled into one vector.
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
    target_mean_, target_scale_ : ndarray of shape (n_outputs,)
        Mean and standard deviation of the training targets, in their unit.
    n_features_in_ : int
        Columns of a 2-D X, or features of a step. Not set for tokens and ids.
    feature_names_in_ : ndarray of str
        Names of the columns of X, if it was a frame or a list of frames with string names.
    net_ : skorch.NeuralNet
        The trained skorch net.
    module_ : torch.nn.Module
        The torch network.
    history_ : list of dict
        One per epoch: ``train_loss``, ``valid_loss``, and ``dur`` in seconds.
    n_iter_ : int
        Number of epochs trained.
    n_parameters_ : int
        Number of parameters of the network.
    members_ : list of LSTMRegressor
        One for each network; the attributes above are those of the first.

    See Also
    --------
    LSTMClassifier : Predicts labels.
    SlidingWindow : Cuts a series into windows.

    Notes
    -----
    Batches hold sequences of similar length, and padding is never read: a prediction does not
    depend on padding, batch size, order, or the other samples in X.

    The same `random_state` gives bit-identical weights with the same number of torch threads; with
    another number, weights differ by rounding.

    With `warm_start` or ``partial_fit``, training goes on with the current `lr`, `batch_size` and
    the like, but the sizes of the network are fixed. A pickle holds the weights as arrays, without
    the optimizer's moments, which are reset if training goes on after loading.

    References
    ----------
    .. [1] Hochreiter and Schmidhuber (1997), Long short-term memory, Neural Computation 9(8).
       https://doi.org/10.1162/neco.1997.9.8.1735

    Examples
    --------
    >>> import numpy as np
    >>> from sklstm import LSTMRegressor
    >>> X = np.random.default_rng(0).normal(size=(200, 8))  # 200 series of 8 steps
    >>> y = X.sum(axis=1)
    >>> LSTMRegressor(random_state=0).fit(X, y).score(X, y) > 0.8
    True
    """

    _epochs_of_few = 50

    def __init__(
        self,
        *,
        loss: Literal["squared_error", "absolute_error", "huber"] = "squared_error",
        vocabulary_size: int | None = None,
        standardize: t.Standardize = "feature",
        wide: bool = False,
        embedding_dim: int = 32,
        fine_tune_embeddings: bool = True,
        embedding_lr: float | None = None,
        mask_padding: bool = True,
        cell: t.Cell = "lstm",
        cell_params: dict | None = None,
        hidden_size: int = 64,
        n_layers: int = 1,
        bidirectional: bool = False,
        pooling: t.Pooling = "last",
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
        self.loss = loss
        self.vocabulary_size = vocabulary_size
        self.standardize = standardize
        self.wide = wide
        self.embedding_dim = embedding_dim
        self.fine_tune_embeddings = fine_tune_embeddings
        self.embedding_lr = embedding_lr
        self.mask_padding = mask_padding
        self.cell = cell
        self.cell_params = cell_params
        self.hidden_size = hidden_size
        self.n_layers = n_layers
        self.bidirectional = bidirectional
        self.pooling = pooling
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
        "loss": [StrOptions(set(LOSSES))],
        "wide": ["boolean"],
    }
    _n_wide_steps = _wanted_ridge = None
    _ridge_unit = Standardizer(None)  # of one that was stored before there were units
    _is_cross_fitted = True

    @fit_context(prefer_skip_nested_validation=True)
    @resumable
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, groups=None) -> Self:
        """Fit the network to sequences and their targets.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The numbers to predict.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss.
        X_val, y_val : like X and y, default=None
            Validation data; its loss is recorded and guides early stopping.
        groups : array-like of shape (n_samples,), default=None
            Groups for a splitter in `validation`.

        Returns
        -------
        LSTMRegressor
            The fitted estimator. Ctrl-C and SIGTERM end training and keep what was learned.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, groups)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None) -> Self:
        """Train for one more epoch.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The numbers to predict.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss.

        Returns
        -------
        LSTMRegressor
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, partial=True)

    def predict(self, X) -> np.ndarray:
        """Predict the numbers.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the unit of the training targets.
        """
        outputs = self._outputs(X) * self.target_scale_ + self.target_mean_
        return outputs[:, 0] if self._target_is_1d else outputs

    def score(self, X, y, sample_weight=None) -> float:
        """Compute the coefficient of determination, :math:`R^2`.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The true numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample.

        Returns
        -------
        float
            1 at best, 0 for always predicting the mean of `y`; averaged over outputs.
        """
        return super().score(X, *self._check_scored(y, sample_weight))

    def _read_dataset(self, X, y, sample_weight, y_val=None, *, reset=False, purpose="use"):
        data = super()._read_dataset(X, y, sample_weight, y_val, reset=reset, purpose=purpose)
        if reset:
            self._n_wide_steps, self._ridge = self._choose_wide(data), Ridge()
            self._losses, self._ridge_unit = np.zeros(len(SHARES)), self._encoder.standardizer
            self._wanted_ridge = self._wants_ridge
        elif purpose != "use" and self._wanted_ridge not in (None, self._wants_ridge):
            raise ValueError(
                f"wide={self.wide} and loss={self.loss!r} cannot go on from a fit "
                f"{'with' if self._wanted_ridge else 'without'} ridge regression: set them back, "
                "or set warm_start=False and call fit."
            )
        return data

    @property
    def _wants_ridge(self):
        is_least_squares = self.loss == "squared_error" and self._encoder.kind == "numbers"
        return self.wide and is_least_squares

    def _choose_wide(self, data):
        """Return the length of all windows, if ridge regression is to read them."""
        is_own = "module" in (self.net_params or {})
        if is_own or not self._wants_ridge:
            return None
        n_steps = int(data.lengths[0])
        fits = 0 < n_steps * self._encoder.width <= MAX_WIDE
        return n_steps if fits and np.all(data.lengths == n_steps) else None

    def _check_targets(self, y):
        y = to_numbers(y, "y", "one number, or several, for each sample")
        check_same_length(y=y)
        refuse_empty(y, "y")
        if y.ndim > 2:
            raise ValueError(
                f"y must be one number, or several, for each sample; got the shape {y.shape}."
            )
        y = check_array(y, ensure_2d=False, dtype=float, input_name="y")
        return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _learn_targets(self, y, y_val):
        self._target_is_1d = y.ndim == 1
        self._n_outputs = 1 if y.ndim == 1 else y.shape[1]
        self._moments, self.target_scale_ = Moments(), np.ones(self._n_outputs)
        self.target_mean_ = np.zeros(self._n_outputs)

    def _encode_targets(self, y, weights, *, purpose):
        columns = y.reshape(len(y), -1)
        if columns.shape[1] != self._n_outputs:
            raise ValueError(
                f"y has {columns.shape[1]} outputs, but {type(self).__name__} learned "
                f"{self._n_outputs}."
            )
        if purpose != "use":
            self._learn_unit(columns, weights, purpose)
        return (columns - self.target_mean_) / self.target_scale_

    def _learn_unit(self, columns, weights, purpose):
        """Learn the mean and scale of the targets, over all portions of them."""
        before = self._moments if purpose == "portion" else Moments()
        moments = before.updated(columns, weights)
        if not np.all(np.isfinite(moments.variance)):
            raise ValueError("The variance of y is too large for float64: scale y.")
        old_mean, old_scale, was_known = self.target_mean_, self.target_scale_, _vary(self._moments)
        scale = np.where(_vary(moments), np.sqrt(moments.variance), old_scale)
        self.target_mean_ = moments.mean + np.zeros(self._n_outputs)
        self.target_scale_ = scale
        gain, shift = self._change = old_scale / scale, (old_mean - self.target_mean_) / scale
        # what the network says now, in the new unit; it says nothing yet if there was no unit
        self._gain, self._shift = np.where(was_known, gain, 1.0), np.where(was_known, shift, 0.0)
        self._moments = moments

    def _output_options(self):
        options = super()._output_options()
        if self._n_wide_steps is not None:
            options["n_wide_steps"] = self._n_wide_steps
        return options

    def _adapt_net(self):
        self._adapt_ridge()
        output = self.module_.output
        gain, shift = (torch.tensor(of).to(output.weight) for of in (self._gain, self._shift))
        with torch.no_grad():
            output.weight.mul_(gain[:, None])
            output.bias.mul_(gain).add_(shift)

    def _adapt_ridge(self):
        """Let ridge regression go on in the units of X and y as they are now."""
        if self._n_wide_steps is None:
            return
        before, self._ridge_unit = self._ridge_unit, self._encoder.standardizer
        of_step = before.change_to(self._ridge_unit, self._encoder.width)
        of_window = tuple(np.tile(of, self._n_wide_steps) for of in of_step)
        self._ridge = self._ridge.in_units(of_window, self._change)
        self._losses = self._losses * np.mean(self._change[0] ** 2)

    def _train(self, data, valid, partial):
        if self._n_wide_steps is None:
            super()._train(data, valid, partial)
            return
        network, before = self.module_, self._ridge
        with torch.no_grad():
            network.share.fill_(1.0)  # the network learns all there is to learn
        if partial and before.total:
            self._set_linear(before)
            losses, weights = self._share_losses([self._parts(data.sequences)])
            self._losses = self._losses / 2 + losses @ weights
        self._ridge = self._regress(data.sequences, before if partial else Ridge())
        if self._ridge.total:
            self._set_linear(self._ridge)
        super()._train(data, valid, partial)
        with torch.no_grad():
            network.share.fill_(self._choose_share(data, valid, partial))

    def _set_linear(self, ridge):
        with torch.no_grad():
            for weight, value in zip(self.module_.wide.parameters(), ridge.solve(), strict=True):
                weight.copy_(torch.tensor(value))

    def _regress(self, data, ridge):
        """Return ridge regression on windows and their targets."""
        for rows in gen_batches(len(data), WINDOWS):
            rows = np.arange(rows.start, rows.stop)
            batch = data.batch(rows)
            windows = last_steps(batch.steps, batch.lengths, self._n_wide_steps).flatten(1)
            numbers = (windows, data.targets[rows], data.weights[rows])
            ridge = ridge.updated(*(some.double().numpy() for some in numbers))
        return ridge

    def _choose_share(self, data, valid, partial):
        """Return the share of the network in predictions, by how much it helps on new samples."""
        if partial:
            return SHARES[self._losses.argmin()]
        if valid is not None:
            parts = [self._parts(valid.sequences)]
        else:
            parts = list(self._cross_fit(data)) if self.net_.finished_ else []
        return SHARES[_choose_least(*self._share_losses(parts))] if parts else 1.0

    def _share_losses(self, parts):
        """Return the loss of each sample for each of `SHARES`, and the weights of the samples."""
        y, linear, outputs, weights = (torch.cat(part) for part in zip(*parts, strict=True))
        errors = [linear + share * (outputs - linear) - y for share in SHARES]
        return torch.stack(errors).square().mean(dim=2).numpy(), weights.double().numpy()

    def _cross_fit(self, data):
        """Predict blocks of consecutive samples by networks that have learned from the others."""
        weights = data.sequences.weights.numpy()
        counted = np.flatnonzero(weights)
        if not self._is_cross_fitted or len(counted) < 2 * N_FOLDS:
            return
        folds = [[counted[rows] for rows in fold] for fold in KFold(N_FOLDS).split(counted)]
        if len(counted) > MANY:
            folds = folds[-1:]
        options = {**self._of_one_network, "early_stopping": False, "warm_start": False}
        options |= {"callbacks": None, "verbose": 0, "random_state": self._random_state}
        for rows in folds:
            member = clone_unfollowed(self).set_params(**options)
            member._is_cross_fitted, member._log = False, self._log
            known, new = (
                [safe_indexing(some, part) for some in (data.X, data.targets, weights)]
                for part in rows
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # this estimator has its own
                member.fit(*known)
            if not member.net_.finished_:  # Ctrl-C
                return
            yield member._parts(member._read_dataset(*new))

    def _parts(self, data):
        """Return targets, what ridge regression and the network say, and weights."""

        def read_windows(steps, lengths, **_):
            return self.module_.linear(steps, lengths)

        linear, outputs = (torch.empty(len(data), self._n_outputs).double() for _ in range(2))
        for rows, batch in self._batches(data):
            outputs[rows] = self.net_.outputs(batch).cpu().double()
            linear[rows] = self.net_.compute(read_windows, batch).cpu().double()
        return data.targets, linear, outputs, data.weights

    def _criterion(self):
        return LOSSES[self.loss], None

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _vary(moments):
    """Whether targets differ by more than rounding."""
    return moments.variance > (1e-14 * np.abs(moments.mean)) ** 2


def _choose_least(losses, weights):
    """Choose the first of several options that is not clearly worse than the best.

    Parameters
    ----------
    losses : ndarray of shape (n_options, n_samples)
        Losses of consecutive samples, which may depend on each other.
    weights : ndarray of shape (n_samples,)
        Weights of the samples.

    Returns
    -------
    int
        The first option whose mean loss is within two standard errors of the least, those of the
        difference between the two.
    """
    blocks = np.array_split(losses * weights, min(N_BLOCKS, losses.shape[1]), axis=1)
    sums = np.stack([block.sum(axis=1) for block in blocks], axis=1)  # (n_options, n_blocks)
    more = sums - sums[sums.sum(axis=1).argmin()]
    error = np.sqrt(more.shape[1]) * more.std(axis=1, ddof=1)
    return int((more.sum(axis=1) <= 2 * error).argmax())
