"""LSTMClassifier: one label, or several, for each sequence."""

from numbers import Integral, Real
from reprlib import repr as shorten
from typing import Any, Literal, Self

import numpy as np
from scipy.sparse import issparse
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import ClassifierMixin
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from torch import nn

from sklstm import _typing as t
from sklstm._arrays import CONVERSION_ERRORS, restated
from sklstm._checkpoints import resumable
from sklstm._labels import check_labels, expected_labels
from sklstm._members import BaseEnsemble
from sklstm._parameter_constraints import SEMI_SUPERVISED_CONSTRAINTS
from sklstm._pretrained import PretrainedMixin
from sklstm._sample_weights import weigh_classes
from sklstm._sklearn import Interval, StrOptions, fit_context
from sklstm._unlabelled import TO_LEARN


class LSTMClassifier(PretrainedMixin, ClassifierMixin, BaseEnsemble):
    r"""Classify sequences with a long short-term memory network.

    The network embeds the steps, runs the LSTM over them, pools its outputs and applies a linear
    map:

    .. math::

        h_t, c_t &= \mathrm{LSTM}(x_t, h_{t-1}, c_{t-1}) \\
        z &= W \, \mathrm{pool}(h_1, \dots, h_T) + b \\
        P(y = k \mid x) &= \mathrm{softmax}(z)_k

    with a single logit and a sigmoid for two classes, and a sigmoid per label if `y` is
    multi-label. Training minimises the weighted mean cross-entropy [1]_.

    ``X`` may be token lists, `Sequences`, a matrix or lists of token ids with `vocabulary_size`, a
    2-D array of numbers (each row a univariate series), a 3-D array of shape (n_samples, n_steps,
    n_features), or a list of (n_steps, n_features) arrays.

    Parameters
    ----------
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
    encoder : LSTMGenerator, tuple of two or None, default=None
        Fitted language model whose embeddings and recurrent layers the network starts from; a
        second one, fitted to the same texts reversed, is the backward direction. It decides the
        vocabulary, `embedding_dim`, `cell`, `hidden_size` and `n_layers`. Clones share it.
    layer_lr_decay : float, default=1.0
        Factor of the learning rate from the output layer, which has `lr`, to the top layer of
        `encoder`, and so on from each layer to the one below, down to the embeddings.
    unfreeze_epochs : int, default=0
        Epochs after which one more layer of `encoder` is trained too, from the top one down to the
        embeddings. 0 trains all of them from the start.
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
    chop : int or None, default=None
        Steps of the pieces that longer sequences are chopped into [4]_. They run side by side, each
        from a state of zeros, so there are fewer steps one after the other; `pooling`, which may
        not be ``"last"``, is over the outputs of all. None does not chop.
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
    adversarial : float or None, default=None
        If set, the network also learns from each sequence with its embedded steps moved to where
        the loss is larger [2]_, by a distance of so many root mean squares of a feature: try 0.5
        to 2 for texts. Training takes some twice the time.
    virtual_adversarial : float, default=0.0
        Weight of the loss of unlabelled samples [3]_: how much their predictions change if their
        steps move by the distance `adversarial`. Samples are unlabelled if their label in y is -1,
        None or NaN.
    entropy : float, default=0.0
        Weight of the entropy of the predictions for unlabelled samples.
    label_smoothing : float, default=0.0
        Share of each target that is spread evenly over all classes in training, so that the
        network does not grow too certain.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weights of the classes, as in scikit-learn; they multiply `sample_weight`.
    n_members : int, tuple (low, high) or "auto", default=1
        Networks whose outputs are averaged; they differ in their seeds. A range takes the more of
        them, the less data there are; ``"auto"`` is (1, 5).
    n_jobs : int, default=None
        Processes that train networks side by side; -1 takes all cores. The result is the same but
        for last digits, which are those of the threads of a process. None means one, as do a
        checkpoint, callbacks, ``partial_fit`` and a warm start.
    wide : bool, default=False
        Whether a linear model of n-grams stands beside the networks, as in wide and deep learning,
        and another one of the mean word vector, where that clearly helps. Each network then leaves
        out a part of the samples, on which the logits of all are weighed. X must hold tokens or
        ids.
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
    classes_ : ndarray of shape (n_classes,)
        The labels; column numbers when `y` is multi-label.
    n_features_in_ : int
        Columns of a 2-D X, or features of a step. Not set for tokens and ids.
    feature_names_in_ : ndarray of str
        Names of the columns of X, if it was a frame or a list of frames with string names.
    net_ : skorch.NeuralNet
        The trained skorch net.
    module_ : torch.nn.Module
        The torch network.
    history_ : list of dict
        One per epoch: ``train_loss``, ``train_acc``, ``valid_loss``, ``valid_acc``, and ``dur``
        in seconds. The training ones are of each batch before its update, with dropout.
    n_iter_ : int
        Number of epochs trained.
    n_parameters_ : int
        Number of parameters of the network.
    members_ : list of LSTMClassifier
        One for each network; the attributes above are those of the first.
    wide_weights_ : ndarray of shape (2,) or (3,)
        How much the logits of n-grams, of mean vectors if they help, and of the networks count,
        with `wide`.

    See Also
    --------
    LSTMRegressor : Predicts numbers.
    Tokenizer, TokenIndexer, Word2VecEmbedder : Turn texts into sequences.

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
    .. [2] Miyato, Dai and Goodfellow (2017), Adversarial training methods for semi-supervised text
       classification, ICLR. https://arxiv.org/abs/1605.07725
    .. [3] Miyato et al. (2019), Virtual adversarial training, IEEE TPAMI 41(8).
       https://doi.org/10.1109/TPAMI.2018.2858821
    .. [4] Johnson and Zhang (2016), Supervised and semi-supervised text categorization using LSTM
       for region embeddings, ICML. https://doi.org/10.48550/arXiv.1602.02373

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklstm import LSTMClassifier, Tokenizer
    >>> texts = ["a good film", "good fun", "a bad film", "bad acting"] * 8
    >>> labels = ["pos", "pos", "neg", "neg"] * 8
    >>> classifier = LSTMClassifier(hidden_size=8, lr=0.02, random_state=0)
    >>> pipe = make_pipeline(Tokenizer(), classifier)
    >>> pipe.fit(texts, labels).predict(["a good one", "a bad one"])
    array(['pos', 'neg'], dtype='<U3')
    """

    def __init__(
        self,
        *,
        vocabulary_size: int | None = None,
        standardize: t.Standardize = "feature",
        embedding_dim: int = 32,
        fine_tune_embeddings: bool = True,
        embedding_lr: float | None = None,
        encoder: Any = None,
        layer_lr_decay: float = 1.0,
        unfreeze_epochs: int = 0,
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
        chop: int | None = None,
        max_grad_norm: float | None = 1.0,
        weight_decay: float = 0.0,
        batch_size: int = 32,
        max_epochs: t.MaxEpochs = "auto",
        early_stopping: bool = False,
        scoring: t.Scoring = "loss",
        validation: t.Validation = "random",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 3,
        adversarial: float | None = None,
        virtual_adversarial: float = 0.0,
        entropy: float = 0.0,
        label_smoothing: float = 0.0,
        class_weight: dict | list[dict] | Literal["balanced"] | None = None,
        n_members: t.Members = 1,
        n_jobs: int | None = None,
        wide: bool = False,
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
        self.vocabulary_size = vocabulary_size
        self.standardize = standardize
        self.embedding_dim = embedding_dim
        self.fine_tune_embeddings = fine_tune_embeddings
        self.embedding_lr = embedding_lr
        self.encoder = encoder
        self.layer_lr_decay = layer_lr_decay
        self.unfreeze_epochs = unfreeze_epochs
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
        self.chop = chop
        self.max_grad_norm = max_grad_norm
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation = validation
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.adversarial = adversarial
        self.virtual_adversarial = virtual_adversarial
        self.entropy = entropy
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.n_members = n_members
        self.n_jobs = n_jobs
        self.wide = wide
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
        **PretrainedMixin._parameter_constraints,
        "wide": ["boolean"],
        "chop": [Interval(Integral, 1, None, closed="left"), None],
        **SEMI_SUPERVISED_CONSTRAINTS,
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }
    _of_one_network = {"n_members": 1, "wide": False}

    @property
    def _is_wide(self):
        return self.wide

    @fit_context(prefer_skip_nested_validation=True)
    @resumable
    def fit(
        self, X, y, sample_weight=None, X_val=None, y_val=None, groups=None, X_unlabelled=None
    ) -> Self:
        """Fit the network to labelled sequences.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels of any type, or a 0/1 matrix for multi-label problems.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss.
        X_val, y_val : like X and y, default=None
            Validation data; its loss is recorded and guides early stopping.
        groups : array-like of shape (n_samples,), default=None
            Groups for a splitter in `validation`.
        X_unlabelled : like X, default=None
            Samples without labels, beside those that y marks as such.

        Returns
        -------
        LSTMClassifier
            The fitted estimator. Ctrl-C and SIGTERM end training and keep what was learned.
        """
        self._declared_classes = None
        return self._fit_semi_supervised(
            X, y, sample_weight, X_val, y_val, groups, X_unlabelled=X_unlabelled
        )

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None) -> Self:
        """Train for one more epoch.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels of any type, or a 0/1 matrix for multi-label problems.
        classes : array-like of shape (n_classes,), default=None
            All labels that may ever occur; required in the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss.

        Returns
        -------
        LSTMClassifier
            The fitted estimator.
        """
        if not hasattr(self, "net_"):
            if classes is None:
                raise ValueError("classes must be passed on the first call to partial_fit.")
            self._declared_classes = _sort_labels(classes)
            if len(self._declared_classes) < 2:
                raise ValueError(f"classes must hold at least 2 labels; got {classes!r:.60}.")
        elif classes is not None and not np.array_equal(_sort_labels(classes), self.classes_):
            raise ValueError(
                f"classes must be those of the first fit, {self.classes_.tolist()}, or be left "
                f"out; got {classes!r:.60}."
            )
        return self._fit_semi_supervised(X, y, sample_weight, partial=True)

    def _check_targets(self, y):
        learns = self.virtual_adversarial or self.entropy  # from samples without labels, in fit
        y = check_labels(y, "y", "leave such samples out" + ("" if learns else f"; or, {TO_LEARN}"))
        if issparse(y) and y.ndim != 2:
            raise ValueError(f"y is a sparse array of the shape {y.shape}: pass y.toarray().")
        try:
            check_classification_targets(y)
            y = y if hasattr(y, "dtype") else np.asarray(y)
        except CONVERSION_ERRORS as error:
            raise restated(error, expected_labels(y)) from None
        if type_of_target(y) in ("multilabel-indicator", "multiclass-multioutput"):
            return _check_indicators(y.toarray() if issparse(y) else np.asarray(y))
        y = column_or_1d(y, warn=True)
        if y.dtype.kind == "f":
            assert_all_finite(y, input_name="y")
        return y

    def _encode_targets(self, y, weights, *, purpose):
        if (y.ndim == 2) != (self._target_kind == "multilabel") or (
            y.ndim == 2 and y.shape[1] != self._n_outputs
        ):
            raise ValueError(
                f"y has the shape {y.shape}, which does not go with the {self._target_kind} "
                f"target of {len(self.classes_)} classes that {type(self).__name__} learned."
            )
        if y.ndim == 2:
            return y.astype(float)
        unseen = np.setdiff1d(y, self.classes_)
        if len(unseen):
            raise ValueError(
                f"y contains the classes {unseen.tolist()}, which are not among those of the "
                f"first fit, {self.classes_.tolist()}. Name all classes in the first partial_fit."
            )
        codes = np.searchsorted(self.classes_, y)
        return codes[:, None].astype(float) if self._n_outputs == 1 else codes

    def _learn_targets(self, y, y_val):
        if y.ndim == 2:
            self._target_kind, self._n_outputs = "multilabel", y.shape[1]
            self.classes_ = np.arange(y.shape[1])
            return
        self.classes_ = np.unique(y) if self._declared_classes is None else self._declared_classes
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes, but y contains only "
                f"one class: {self.classes_.tolist()[0]!r}."
            )
        if y_val is not None and y_val.ndim == 1 and _are_alike(y, y_val):
            self.classes_ = np.union1d(self.classes_, y_val)
        self._target_kind = "binary" if len(self.classes_) == 2 else "multiclass"
        self._n_outputs = 1 if self._target_kind == "binary" else len(self.classes_)

    def _weigh_classes(self, weights, targets, *, purpose):
        if self.class_weight is None:
            return weights
        is_matrix = self._target_kind == "multilabel"
        codes = targets.astype(int).reshape(len(targets), -1)  # (N, K) of labels, else (N, 1)
        if purpose != "use":
            self._class_weights = self._learn_class_weights(codes, is_matrix)  # (K, 2), or (1, K)
        weights = weights[:, None] * self._class_weights[np.arange(codes.shape[1]), codes]
        return weights if is_matrix else weights[:, 0]

    def _attach_targets(self, data, targets, *, purpose):
        if self.label_smoothing and purpose != "use":
            targets = self._smooth(targets)
        super()._attach_targets(data, targets, purpose=purpose)

    def _smooth(self, targets):
        """Return probabilities in place of classes: (1 - s) p + s / K, with K = 2 for a sigmoid."""
        n_classes = 2
        if self._target_kind == "multiclass":
            n_classes, targets = self._n_outputs, np.eye(self._n_outputs)[targets]
        return targets + self.label_smoothing * (1 / n_classes - targets)

    def _learn_class_weights(self, codes, is_matrix):
        """Weigh the classes of each column of targets."""
        n_columns, classes = codes.shape[1], [0, 1] if is_matrix else self.classes_.tolist()
        choices = self.class_weight
        if is_matrix != isinstance(choices, list) and choices != "balanced":
            raise ValueError(
                f'class_weight={choices!r:.60} does not go with y: pass "balanced", or one dict, '
                "and if y is multi-label a list of dicts, one for each label."
            )
        if not isinstance(choices, list):
            choices = [choices] * n_columns
        if len(choices) != n_columns:
            raise ValueError(f"class_weight has {len(choices)} dicts for {n_columns} labels.")
        counts = [np.bincount(column, minlength=len(classes)) for column in codes.T]
        rows = zip(choices, counts, strict=True)
        return np.array([weigh_classes(choice, classes, count) for choice, count in rows])

    def _output_options(self):
        if self.chop is not None and self.pooling == "last":
            raise ValueError(
                f"chop={self.chop} needs a pooling over the outputs of all pieces, but pooling is "
                "'last', which would read the last piece only: set pooling='max', or chop=None."
            )
        return {**super()._output_options(), "chop": self.chop}

    def _strata(self, y):
        return None if self._target_kind == "multilabel" else column_or_1d(y)

    def _criterion(self):
        if self._target_kind == "multiclass":
            return nn.CrossEntropyLoss, _accuracy
        return nn.BCEWithLogitsLoss, _subset_accuracy

    def decision_function(self, X) -> np.ndarray:
        """Compute the logits.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The logit of ``classes_[1]`` for two classes, otherwise one per class or label.
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if self._target_kind == "binary" else outputs

    def predict_proba(self, X) -> np.ndarray:
        """Compute the probabilities of the classes.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`; in multi-label problems, the probability of each label.
        """
        outputs = self._outputs(X)
        if self._target_kind == "binary":
            positive = expit(outputs)
            return np.hstack([1 - positive, positive])
        return expit(outputs) if self._target_kind == "multilabel" else softmax(outputs, axis=1)

    def predict_log_proba(self, X) -> np.ndarray:
        """Compute the log-probabilities of the classes.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            As ``log(predict_proba(X))``, without underflow.
        """
        outputs = self._outputs(X)
        if self._target_kind == "binary":
            return np.hstack([log_expit(-outputs), log_expit(outputs)])
        if self._target_kind == "multilabel":
            return log_expit(outputs)
        return log_softmax(outputs, axis=1)

    def predict(self, X) -> np.ndarray:
        """Predict the labels.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            The most probable label, or a 0/1 matrix for multi-label problems.
        """
        outputs = self._outputs(X)
        if self._target_kind == "multilabel":
            return (outputs > 0).astype(int)
        if self._target_kind == "binary":
            return self.classes_[(outputs[:, 0] > 0).astype(int)]
        return self.classes_[outputs.argmax(axis=1)]

    def score(self, X, y, sample_weight=None) -> float:
        """Compute the accuracy of predictions.

        Parameters
        ----------
        X : token lists, Sequences, ids or numbers
            One sequence for each sample, in any of the forms listed above.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The true labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample.

        Returns
        -------
        float
            The share of correct labels; in multi-label problems, of rows with all labels correct.
        """
        return super().score(X, *self._check_scored(y, sample_weight))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _sort_labels(classes):
    try:
        return np.unique(column_or_1d(check_labels(classes, "classes")))
    except CONVERSION_ERRORS as error:
        raise restated(error, "classes must be labels of one type.") from None


def _check_indicators(y):
    values = set(y.ravel().tolist())
    if not values <= {0, 1}:
        raise ValueError(
            f"y is a matrix of shape {y.shape} that holds {shorten(sorted(values, key=str))}. A "
            "multi-label y has a 1 where a sample has the label and a 0 where it has not: pass "
            "(y > 0) for -1 and 1, or one column of y as the labels of one target."
        )
    return y


def _are_alike(y, other):
    """Whether both hold numbers, or neither."""
    return (y.dtype.kind in "biuf") == (other.dtype.kind in "biuf")


def _accuracy(outputs, targets):
    if targets.ndim == 2:  # smoothed
        targets = targets.argmax(dim=1)
    return (outputs.argmax(dim=1) == targets).float().mean()


def _subset_accuracy(outputs, targets):
    return ((outputs > 0) == (targets > 0.5)).all(dim=1).float().mean()
