"""LSTMClassifier: one label, or several, for each sequence."""

import numpy as np
from scipy.sparse import issparse
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from torch import nn

from sklstm._base import BaseLSTM


class LSTMClassifier(ClassifierMixin, BaseLSTM):
    def __init__(
        self,
        *,
        vocabulary_size=None,
        embedding_dim=32,
        fine_tune_embeddings=False,
        embedding_lr=None,
        mask_padding=True,
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
        lr=0.01,
        schedule=None,
        max_grad_norm=1.0,
        weight_decay=0.0,
        batch_size=64,
        max_epochs=10,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=3,
        class_weight=None,
        warm_start=False,
        device="auto",
        precision="auto",
        callbacks=None,
        net_params=None,
        verbose=0,
        random_state=None,
    ):
        self.vocabulary_size = vocabulary_size
        self.embedding_dim = embedding_dim
        self.fine_tune_embeddings = fine_tune_embeddings
        self.embedding_lr = embedding_lr
        self.mask_padding = mask_padding
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
        self.max_grad_norm = max_grad_norm
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.callbacks = callbacks
        self.net_params = net_params
        self.verbose = verbose
        self.random_state = random_state

    _parameter_constraints: dict = {  # noqa: RUF012
        **BaseLSTM._parameter_constraints,
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        return self._fit(X, y, sample_weight, X_val, y_val)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        if not hasattr(self, "net_"):
            if classes is None:
                raise ValueError("classes must be passed on the first call to partial_fit.")
            self._declared_classes = classes
        return self._fit(X, y, sample_weight, partial=True)

    def _check_targets(self, y):
        y = y if hasattr(y, "dtype") else np.asarray(y)
        check_classification_targets(y)
        if type_of_target(y) == "multilabel-indicator":
            return y.toarray() if issparse(y) else np.asarray(y)
        y = column_or_1d(y, warn=True)
        if y.dtype.kind == "f":
            assert_all_finite(y, input_name="y")
        return y

    def _encode_targets(self, y, weights, *, reset):
        if reset:
            self._learn_classes(y)
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

    def _learn_classes(self, y):
        if y.ndim == 2:
            self._target_kind, self._n_outputs = "multilabel", y.shape[1]
            self.classes_ = np.arange(y.shape[1])
            return
        declared = getattr(self, "_declared_classes", None)
        self.classes_ = np.unique(y if declared is None else declared)
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes, but y contains only "
                f"one class: {self.classes_[0]!r}."
            )
        self._target_kind = "binary" if len(self.classes_) == 2 else "multiclass"
        self._n_outputs = 1 if self._target_kind == "binary" else len(self.classes_)

    def _weigh_classes(self, weights, y):
        if self.class_weight is None:
            return weights
        return weights * compute_sample_weight(self.class_weight, y)

    def _strata(self, y):
        return None if self._target_kind == "multilabel" else column_or_1d(y)

    def _criterion(self):
        if self._target_kind == "multiclass":
            return nn.CrossEntropyLoss, _accuracy
        return nn.BCEWithLogitsLoss, _subset_accuracy

    def decision_function(self, X):
        outputs = self._outputs(X)
        return outputs[:, 0] if self._target_kind == "binary" else outputs

    def predict_proba(self, X):
        outputs = self._outputs(X)
        if self._target_kind == "binary":
            positive = expit(outputs)
            return np.hstack([1 - positive, positive])
        return expit(outputs) if self._target_kind == "multilabel" else softmax(outputs, axis=1)

    def predict_log_proba(self, X):
        outputs = self._outputs(X)
        if self._target_kind == "binary":
            return np.hstack([log_expit(-outputs), log_expit(outputs)])
        if self._target_kind == "multilabel":
            return log_expit(outputs)
        return log_softmax(outputs, axis=1)

    def predict(self, X):
        outputs = self._outputs(X)
        if self._target_kind == "multilabel":
            return (outputs > 0).astype(int)
        if self._target_kind == "binary":
            return self.classes_[(outputs[:, 0] > 0).astype(int)]
        return self.classes_[outputs.argmax(axis=1)]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _accuracy(outputs, targets):
    return (outputs.argmax(dim=1) == targets).float().mean()


def _subset_accuracy(outputs, targets):
    return ((outputs > 0) == (targets > 0.5)).all(dim=1).float().mean()
