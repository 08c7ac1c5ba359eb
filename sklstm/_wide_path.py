"""The wide path: linear models beside the networks, and how much each of them counts."""

import warnings
from itertools import cycle, islice

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_expit, logsumexp
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold
from sklearn.utils import check_random_state, column_or_1d

from sklstm._arrays import CONVERSION_ERRORS, check_same_length, restated
from sklstm._inputs import kind_of
from sklstm._labels import check_labels
from sklstm._mean_vectors import MeanVectorModel
from sklstm._ngram_model import LinearTextModel
from sklstm._sample_weights import normalise, weigh_samples
from sklstm._sklearn import safe_indexing

FOLDS = 5  # for several members
FOLDS_OF_ONE = 10  # one member learns from nine tenths
HELD_OUT = 500  # samples suffice to weigh two linear models
LEAST_GAIN = 1e-4  # as a share of the loss: less is how inexactly weights are found
LOG_WEIGHTS = -10, 5  # bounds of the logarithms of weights of evidence


class WidePath:
    """Fit linear models, and weigh them against networks on samples new to all of them."""

    def __init__(self, estimator, X, inputs, y, y_val, sample_weight, groups):
        check_wide(inputs)
        tokens = estimator._new_encoder().name_steps(inputs, estimator.mask_padding)
        self.models = [(LinearTextModel(), tokens)]
        if kind_of(inputs) == "vectors":
            self.models.append((MeanVectorModel(), real_steps(inputs, estimator.mask_padding)))
        y = estimator._check_targets(y)
        check_same_length(X=inputs, y=y)
        if not (hasattr(estimator, "net_") and estimator.warm_start):
            estimator._learn_targets(y, None if y_val is None else estimator._check_targets(y_val))
        if y.ndim == 1:
            estimator._declared_classes = estimator.classes_
        codes = estimator._encode_targets(y, None, purpose="use").astype(int)
        weights = weigh_samples(sample_weight, np.diff(inputs.offsets), "fit")
        weights = estimator._weigh_classes(weights, codes, purpose="fit")
        weights = normalise(weights, "fit")
        # the mean of those that count: as if the others were not there
        mean = weights.sum(axis=0) / np.maximum((weights > 0).sum(axis=0), 1)
        self.weights = weights / np.where(mean > 0, mean, 1.0)
        self.codes = codes[:, 0] if codes.shape[1:] == (1,) else codes
        self.estimator, self.X, self.groups = estimator, X, number_groups(groups, inputs)
        self.n_outputs = estimator._n_outputs
        self.networks, self.held_out = [], []

    def folds(self, n_members):
        """Return for each member the rows to learn from, and those held out."""
        random_state = self.estimator._log.seed(self.estimator.random_state)
        seed = check_random_state(random_state).randint(2**31 - 1)
        rows = np.flatnonzero(self.weights.reshape(len(self.codes), -1).any(axis=1))
        groups = None if self.groups is None else self.groups[rows]
        folds = cross_fit_folds(self.codes[rows], groups, n_members, seed)
        self.left_out = [rows[fold] for fold in folds]
        everything = np.arange(len(self.codes))
        of_members = islice(cycle(self.left_out), n_members)  # of few samples or groups, again
        return [(np.setdiff1d(everything, fold), fold) for fold in of_members]

    def compare(self, member, held_out):
        """Compute the logits of a network for the samples that it did not learn from."""
        self.networks.append(member._outputs(*take(held_out, self.X)))
        self.held_out.append(held_out)

    def finish(self):
        """Return the linear models of all samples, and the weights of all kinds of logits."""
        targets, folds = (self.codes, self.n_outputs), self._linear_folds()
        outputs = [
            model.cross_decision(samples, *targets, folds, self.weights)
            for model, samples in self.models
        ]
        models, outputs, weights = self._choose_linear_models(outputs, np.flatnonzero(folds >= 0))
        rows = np.concatenate(self.held_out)
        linear = np.tensordot(weights, outputs, axes=1)[rows]
        logits = [linear, np.concatenate(self.networks)]
        both, _ = weigh_evidence(logits, self.codes[rows], self.weights[rows])
        return models, np.append(both[0] * weights, both[1])

    def _linear_folds(self):
        """Number the folds of the networks, and more if there are two linear models to weigh."""
        folds, enough = np.full(len(self.codes), -1), HELD_OUT * (len(self.models) > 1)
        for number, held_out in enumerate(self.left_out):
            if number < len(self.held_out) or (folds >= 0).sum() < enough:
                folds[held_out] = number
        return folds

    def _choose_linear_models(self, outputs, rows):
        """Return the models that count, their logits and their weights.

        The second one counts if it lowers the loss by more than the standard error, so that chance
        in a few samples does not decide.
        """
        models = [model for model, _ in self.models]
        if len(outputs) == 1:
            return models, outputs, np.ones(1)
        data = self.codes[rows], self.weights[rows]
        weights, losses = weigh_evidence([logits[rows] for logits in outputs], *data)
        weight, losses_of_first = weigh_evidence([outputs[0][rows]], *data)
        gains = losses_of_first - losses
        least = max(gains.std() * len(gains) ** 0.5, LEAST_GAIN * losses.sum())
        if gains.sum() > least:
            return models, outputs, weights
        return models[:1], outputs[:1], weight


def real_steps(inputs, mask_padding):
    """Leave out the padding, if it is masked."""
    return inputs.without_padding() if mask_padding else inputs


def cross_fit_folds(codes, groups, n_members, random_state):
    """Return the rows of each fold, one for each member if there are enough samples.

    Folds are stratified by class where there are enough samples, and keep groups together.
    """
    n_folds = FOLDS_OF_ONE if n_members == 1 else max(FOLDS, n_members)
    n_folds = min(n_folds, len(codes) if groups is None else len(set(groups)))
    if n_folds < 2:
        raise ValueError(
            "wide=True needs at least 2 samples (or groups), to weigh the linear model and the "
            "network on samples that they did not learn from. Set wide=False."
        )
    is_stratified = codes.ndim == 1 and np.bincount(codes).max() >= n_folds
    options = {} if groups is not None and not is_stratified else {
        "shuffle": True, "random_state": random_state
    }  # fmt: skip
    kinds = {(True, True): StratifiedGroupKFold, (True, False): StratifiedKFold,
             (False, True): GroupKFold, (False, False): KFold}  # fmt: skip
    splitter = kinds[is_stratified, groups is not None](n_folds, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a class with fewer samples than folds
        folds = list(splitter.split(np.zeros(len(codes)), codes, groups))
    return [held_out for _, held_out in folds]


def number_groups(groups, samples):
    """Number the groups of samples, if there are some."""
    if groups is None:
        return None
    check_same_length(X=samples, groups=groups)
    try:
        return np.unique(column_or_1d(check_labels(groups, "groups")), return_inverse=True)[1]
    except CONVERSION_ERRORS as error:
        raise restated(error, "groups must be one number or name for each sample.") from None


def weigh_evidence(outputs, codes, sample_weight):
    """Return how much each model's logits count, so that the log loss is smallest.

    Parameters
    ----------
    outputs : list of ndarray of shape (n_samples, n_outputs)
        The logits of each model for samples that it did not learn from.
    codes : ndarray of int, shape (n_samples,) or (n_samples, n_outputs)
        The classes, or the labels.
    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Weights of the samples, or of their labels.

    Returns
    -------
    ndarray of shape (n_models,), ndarray of shape (n_samples,)
        Positive weights, and the losses of the samples with these.
    """
    sample_weight = sample_weight.reshape(len(codes), -1)
    sample_weight = sample_weight / sample_weight.sum(axis=0).mean()
    outputs = np.stack(outputs).astype(float)  # (M, N, K)

    def losses(logs):
        logits = np.tensordot(np.exp(logs), outputs, axes=1)  # (N, K)
        return (sample_weight * _log_losses(logits, codes)).sum(axis=1)

    def loss(logs):
        return losses(logs).sum() + 1e-3 * logs @ logs

    starts = (np.log(np.full(len(outputs), weight)) for weight in (1.0, 0.2))
    found = (minimize(loss, start, bounds=[LOG_WEIGHTS] * len(outputs)) for start in starts)
    logs = min(found, key=lambda result: result.fun).x
    return np.exp(logs), losses(logs)


def _log_losses(logits, codes):
    """Return the log loss of each sample, shape (N, 1), or of each of its labels."""
    codes = codes.reshape(len(codes), -1)
    if codes.shape[1] < logits.shape[1]:
        losses = logsumexp(logits, axis=1, keepdims=True)
        return losses - np.take_along_axis(logits, codes, axis=1)
    return -log_expit((2 * codes - 1) * logits)


def check_wide(inputs):
    """Refuse a linear model of numbers, which have no n-grams."""
    kind = kind_of(inputs)
    if kind == "numbers" or (kind == "vectors" and inputs.categories is None):
        raise ValueError(
            "wide=True puts a linear model of n-grams beside the network, which needs tokens or "
            "ids; X holds numbers, or vectors without tokens. Pass the tokens too, as a "
            "Word2VecEmbedder does, or set wide=False."
        )


def take(rows, *arrays):
    """Take rows, or a slice of all, of each array that is not None."""
    is_all = isinstance(rows, slice)
    return [of if of is None or is_all else safe_indexing(of, rows) for of in arrays]
