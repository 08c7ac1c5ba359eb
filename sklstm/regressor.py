"""LSTMRegressor: one number, or several, for each sequence."""

import numpy as np
import torch
from sklearn.base import RegressorMixin
from sklearn.utils import check_array, column_or_1d
from torch import nn

from sklstm._arrays import to_numbers
from sklstm._base import BaseLSTM
from sklstm._moments import Moments
from sklstm._sklearn import StrOptions, fit_context

LOSSES = {
    "squared_error": nn.MSELoss,
    "absolute_error": nn.L1Loss,
    "huber": nn.HuberLoss,
}


class LSTMRegressor(RegressorMixin, BaseLSTM):
    r"""Predict numbers from sequences with a long short-term memory network.

    .. math::

        h_t, c_t &= \mathrm{LSTM}(x_t, h_{t-1}, c_{t-1}) \\
        \hat y &= W \, \mathrm{pool}(h_1, \dots, h_T) + b

    The targets are standardised inside with the (weighted) mean and standard deviation of the
    training targets, so that any unit will do; `history_` gives losses in these units [1]_. Over
    the portions of ``partial_fit``, they are the mean and standard deviation so far, and the
    output layer is adjusted, so that a new unit alone changes no prediction.

    ``X`` may be a 2-D array of numbers (each row one univariate series), a 3-D array of shape
    (n_samples, n_steps, n_features), a list of (n_steps, n_features) arrays, and whatever else
    `LSTMClassifier` takes.

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "huber"}, default="squared_error"
        What to minimise.
    vocabulary_size : int, optional
        Given, integers in X are ids in ``0 .. vocabulary_size - 1`` and 0 is padding. Without
        it they are numbers like any other.
    embedding_dim : int, default=32
        Width of the vectors learned for ids and tokens. Sequences that come with vectors
        (from a `Word2VecEmbedder`) bring their own width.
    fine_tune_embeddings : bool, default=True
        Whether vectors that come with X are trained too, or stay as they are.
    embedding_lr : float, optional
        Learning rate of the vectors; `lr` by default. A tenth of it, say, keeps fine-tuned
        vectors from overfitting.
    mask_padding : bool, default=True
        Whether padding is left out of every computation. With False, padding is read as one
        more token, which is Keras' behaviour for an unmasked embedding.
    cell : {"lstm", "peephole", "coupled", "gru", "rnn", "minlstm", "mingru"}, default="lstm"
        What takes a step; :doc:`/user_guide/cells` has the equations of each.
    cell_params : dict, optional
        Options of the cell: ``forget_bias`` of lstm, peephole, coupled and minlstm (1.0),
        ``diagonal`` of peephole (False), ``nonlinearity`` of rnn (``"tanh"``, or ``"relu"``).
    hidden_size : int, default=64
        Units :math:`H` of each recurrent layer and direction.
    n_layers : int, default=1
        Depth of the recurrent stack.
    bidirectional : bool, default=False
        Whether every layer also reads the sequence backwards.
    pooling : {"last", "mean", "max", "max+mean", "attention"}, default="last"
        How the outputs :math:`h_1 .. h_T` become one vector.
    embedding_dropout : float, default=0.0
        Dropout on the vectors of the steps.
    word_dropout : float, default=0.0
        Probability of reading a token as unknown during training. It also trains the vector of
        unknown tokens.
    dropout : float, default=0.0
        Dropout between layers, and before the linear output.
    recurrent_dropout : float, default=0.0
        Dropout on the recurrent weights :math:`U`, one draw for each batch.
    locked_dropout : bool, default=False
        Whether dropout on sequences drops the same features at every step.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or torch optimizer class, default="adam"
        How to descend.
    lr : float, default=0.003
        Learning rate.
    schedule : {"one_cycle", "cosine", "linear"} or callable, optional
        How the learning rate changes from batch to batch: a callable gets the share of training
        done, from 0 to 1, and returns a factor for `lr`. Constant by default.
    bptt_steps : int, optional
        Steps after which the gradient is cut on its way back through time. The state is carried
        on, so it changes no prediction, only what is learned. By default gradients go back to
        the first step.
    max_grad_norm : float, optional, default=1.0
        Gradients are scaled down to this norm. None leaves them alone.
    weight_decay : float, default=0.0
        The optimizer's weight decay.
    batch_size : int, default=32
        Sequences in a batch, in training and prediction. It does not change a prediction.
    max_epochs : int, default=50
        Passes over the training data.
    early_stopping : bool, default=False
        Whether to stop when the validation loss, or the score of `scoring`, has not got better
        for `n_iter_no_change` epochs, and go back to the weights of the best epoch. Validates on
        `X_val` and `y_val` if they are passed to ``fit``, otherwise on a part of the training
        data.
    scoring : str, callable or None, default="loss"
        What early stopping compares: ``"loss"`` is the validation loss, anything else a score of
        which more is better, as in scikit-learn: the name of a scorer, a callable
        ``scorer(estimator, X, y)``, or None for the estimator's own ``score``.
    validation : {"random", "last"} or splitter, default="random"
        What early stopping holds out: samples drawn at random, the last ones, which is for
        samples in the order of time, or the test part of a scikit-learn splitter's first split.
    validation_fraction : float, default=0.1
        Share of the training data that early stopping holds out.
    n_iter_no_change : int, default=3
        Epochs without a better validation loss or score before stopping early.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last call.
    device : str, default="auto"
        A torch device; ``"auto"`` takes a GPU if there is one.
    precision : {"auto", "float32", "float64", "bfloat16"}, default="auto"
        Precision of the computation. ``"auto"`` is float32, except for small arrays of float64
        numbers, which are computed as they are. ``"bfloat16"`` takes the matrix products in
        bfloat16, which is faster on hardware that knows it; elsewhere it warns and takes float32.
    callbacks : list of skorch callbacks, optional
        Called during training; copied before.
    net_params : dict, optional
        Further parameters of the `skorch.NeuralNet`, which override those set here.
    verbose : int, default=0
        With 1, prints a line an epoch and shows a progress bar.
    random_state : int, RandomState instance or None, default=None
        Seeds weights, shuffling, dropout and the validation split. Torch's global generators are
        left alone; numpy's is drawn from when None.

    Attributes
    ----------
    target_mean_, target_scale_ : ndarray of shape (n_outputs,)
        Mean and standard deviation of the training targets, in their unit.
    n_features_in_ : int
        Columns of a 2-D X, or features of a step. Not set for tokens and ids.
    feature_names_in_ : ndarray of str
        Names of the columns of X, if it was a frame, or a list of frames, with string names.
    net_ : skorch.NeuralNet
        The trained net.
    module_ : torch.nn.Module
        Its network.
    history_ : list of dict
        One for each epoch: ``train_loss``, ``valid_loss``, ``dur`` in seconds.
    n_iter_ : int
        Epochs done.
    n_parameters_ : int
        Numbers in the network.

    See Also
    --------
    LSTMClassifier : Predicts labels.
    SlidingWindow : Cuts a series into windows.

    Notes
    -----
    Batches hold sequences of similar length and are padded to their own longest one; the
    padding is never read. So a prediction does not depend on padding, batch size, order or the
    other samples in X.

    The same `random_state` gives the same weights bit by bit on one number of torch threads;
    another number of threads sums in another order, and the weights differ by rounding.

    Training that goes on, with `warm_start` or ``partial_fit``, takes `lr`, `batch_size` and the
    like as they are at that time; the sizes of the network cannot change any more. A pickle holds
    the weights as arrays; the optimizer's moments are left out, so training that goes on after
    loading starts with new ones.

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

    def __init__(
        self,
        *,
        loss="squared_error",
        vocabulary_size=None,
        embedding_dim=32,
        fine_tune_embeddings=True,
        embedding_lr=None,
        mask_padding=True,
        cell="lstm",
        cell_params=None,
        hidden_size=64,
        n_layers=1,
        bidirectional=False,
        pooling="last",
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
        max_epochs=50,
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
        self.loss = loss
        self.vocabulary_size = vocabulary_size
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
        "loss": [StrOptions(set(LOSSES))],
    }

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, groups=None):
        """Learn from labelled sequences.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The numbers to predict.
        sample_weight : array-like of shape (n_samples,), optional
            How much each sample counts in the loss.
        X_val, y_val : like X and y, optional
            Validation data, whose loss is recorded and guides early stopping.
        groups : array-like of shape (n_samples,), optional
            Groups that a splitter in `validation` keeps together.

        Returns
        -------
        LSTMRegressor
            The fitted estimator. Ctrl-C ends training early and keeps what was learned.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, groups)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Learn for one epoch more.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The numbers to predict.
        sample_weight : array-like of shape (n_samples,), optional
            How much each sample counts in the loss.

        Returns
        -------
        LSTMRegressor
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, partial=True)

    def predict(self, X):
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

    def score(self, X, y, sample_weight=None):
        """Compute the coefficient of determination, :math:`R^2`.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The true numbers.
        sample_weight : array-like of shape (n_samples,), optional
            How much each sample counts.

        Returns
        -------
        float
            1 at best, 0 for a constant guess of the mean of `y`; the mean over outputs.
        """
        return super().score(X, *self._check_scored(y, sample_weight))

    def _check_targets(self, y):
        y = to_numbers(y, "y", "one number, or several, for each sample")
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
        # what the network says now, in the new unit; it says nothing yet if there was no unit
        self._gain = np.where(was_known, old_scale / scale, 1.0)
        self._shift = np.where(was_known, (old_mean - self.target_mean_) / scale, 0.0)
        self._moments = moments

    def _adapt_net(self):
        output = self.module_.output
        gain, shift = (torch.tensor(of).to(output.weight) for of in (self._gain, self._shift))
        with torch.no_grad():
            output.weight.mul_(gain[:, None])
            output.bias.mul_(gain).add_(shift)

    def _criterion(self):
        return LOSSES[self.loss], None

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _vary(moments):
    """Whether targets differ by more than rounding."""
    return moments.variance > (1e-14 * np.abs(moments.mean)) ** 2
