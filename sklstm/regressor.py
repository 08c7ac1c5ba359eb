"""LSTMRegressor: one number, or several, for each sequence."""

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils import check_array, column_or_1d
from sklearn.utils._param_validation import StrOptions
from torch import nn

from sklstm._base import BaseLSTM

LOSSES = {
    "squared_error": nn.MSELoss,
    "absolute_error": nn.L1Loss,
    "huber": nn.HuberLoss,
}


class LSTMRegressor(RegressorMixin, BaseLSTM):
    def __init__(
        self,
        *,
        loss="squared_error",
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
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.callbacks = callbacks
        self.net_params = net_params
        self.verbose = verbose
        self.random_state = random_state

    _parameter_constraints: dict = {  # noqa: RUF012
        **BaseLSTM._parameter_constraints,
        "loss": [StrOptions(set(LOSSES))],
    }

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        return self._fit(X, y, sample_weight, X_val, y_val)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        return self._fit(X, y, sample_weight, partial=True)

    def predict(self, X):
        outputs = self._outputs(X) * self.target_scale_ + self.target_mean_
        return outputs[:, 0] if self._target_is_1d else outputs

    def _check_targets(self, y):
        y = check_array(y, ensure_2d=False, dtype=float, input_name="y")
        return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _encode_targets(self, y, weights, *, reset):
        columns = y.reshape(len(y), -1)
        if reset:
            self._target_is_1d = y.ndim == 1
            self._n_outputs = columns.shape[1]
            self.target_mean_ = np.average(columns, axis=0, weights=weights)
            variance = np.average((columns - self.target_mean_) ** 2, axis=0, weights=weights)
            self.target_scale_ = np.where(variance > 0, np.sqrt(variance), 1.0)
        if columns.shape[1] != self._n_outputs:
            raise ValueError(
                f"y has {columns.shape[1]} outputs, but {type(self).__name__} learned "
                f"{self._n_outputs}."
            )
        return (columns - self.target_mean_) / self.target_scale_

    def _criterion(self):
        return LOSSES[self.loss], None

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
