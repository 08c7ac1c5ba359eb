"""The wide path: linear models beside the networks, and how much each of them counts."""

import warnings
from itertools import cycle, islice

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_expit, logsumexp
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold
from sklearn.utils import check_random_state, column_or_1d

from sklstm._arrays import CONVERSION_ERRORS, check_same_length, restated
from sklstm._inputs import drop_masked_padding, kind_of
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
    r"""Linear models beside the networks of a fit, as in wide and deep learning [1]_.

    The logits are a weighted sum of those of a model of n-grams, of one of mean word vectors if it
    helps, and of the mean of the networks:

    .. math::

        z = w_1 z_{\text{n-grams}} + w_2 z_{\text{vectors}} + w_3 z_{\text{networks}}

    The weights have the smallest loss on samples that none of the models learned from. So each
    network learns from all samples but those of one of the `folds`; ``add_network`` computes its
    logits of these; and ``finish`` fits the linear models, in the same folds and to all samples,
    and finds the weights.

    References
    ----------
    .. [1] Cheng et al. (2016), Wide & deep learning for recommender systems, DLRS.
       https://doi.org/10.1145/2988450.2988454
    """

    def __init__(self, estimator, X, inputs, y, y_val, sample_weight, groups):
        check_wide(inputs)
        self.estimator, self.X, self.groups = estimator, X, number_groups(groups, inputs)
        tokens = estimator._new_encoder().name_steps(inputs, estimator.mask_padding)
        self.models = [(LinearTextModel(), tokens)]  # each with what it reads
        if kind_of(inputs) == "vectors":
            sequences = drop_masked_padding(inputs, estimator.mask_padding)
            self.models.append((MeanVectorModel(), sequences))
        codes = self._learn_targets(inputs, y, y_val)
        self.codes = codes[:, 0] if codes.shape[1:] == (1,) else codes  # (N,), or (N, K) of labels
        self.weights = self._weigh(inputs, codes, sample_weight)  # (N,) or (N, K)
        self.network_logits, self.held_out = [], []  # of each network, and for which rows

    def _learn_targets(self, inputs, y, y_val):
        """Let the estimator learn its classes, for all networks, and return the codes of y."""
        estimator = self.estimator
        y = estimator._check_targets(y)
        check_same_length(X=inputs, y=y)
        if not (hasattr(estimator, "net_") and estimator.warm_start):
            estimator._learn_targets(y, None if y_val is None else estimator._check_targets(y_val))
        if y.ndim == 1:
            estimator._declared_classes = estimator.classes_
        return estimator._encode_targets(y, None, purpose="use").astype(int)

    def _weigh(self, inputs, codes, sample_weight):
        """Return the weights of the samples or their labels, with a mean of 1.

        The mean is of those that count: as if the others were not there.
        """
        weights = weigh_samples(sample_weight, np.diff(inputs.offsets), "fit")
        weights = self.estimator._weigh_classes(weights, codes, purpose="fit")
        weights = normalise(weights, "fit")
        mean = weights.sum(axis=0) / np.maximum((weights > 0).sum(axis=0), 1)
        return weights / np.where(mean > 0, mean, 1.0)

    def folds(self, n_members):
        """Return for each network the rows to learn from, and those held out."""
        random_state = self.estimator._log.seed(self.estimator.random_state)
        seed = check_random_state(random_state).randint(2**31 - 1)
        rows = np.flatnonzero(self.weights.reshape(len(self.codes), -1).any(axis=1))
        groups = None if self.groups is None else self.groups[rows]
        folds = cross_fit_folds(self.codes[rows], groups, n_members, seed)
        self.fold_rows = [rows[fold] for fold in folds]
        everything = np.arange(len(self.codes))
        of_members = islice(cycle(self.fold_rows), n_members)  # of few samples or groups, again
        return [(np.setdiff1d(everything, fold), fold) for fold in of_members]

    def add_network(self, member, held_out):
        """Compute the logits of a network for the samples that it did not learn from."""
        self.network_logits.append(member._outputs(*take(held_out, self.X)))
        self.held_out.append(held_out)

    def finish(self):
        """Return the linear models of all samples, and the weights of all kinds of logits."""
        targets, folds = (self.codes, self.estimator._n_outputs), self._linear_folds()
        logits = [
            model.cross_decision(samples, *targets, folds, self.weights)
            for model, samples in self.models
        ]
        models, logits, weights = self._choose_linear_models(logits, np.flatnonzero(folds >= 0))
        rows = np.concatenate(self.held_out)
        linear = np.tensordot(weights, logits, axes=1)[rows]
        of_both = [linear, np.concatenate(self.network_logits)]
        both, _ = weigh_evidence(of_both, self.codes[rows], self.weights[rows])
        return models, np.append(both[0] * weights, both[1])

    def _linear_folds(self):
        """Return the fold of each sample that the linear models are weighed on, -1 of others.

        These are the folds of the networks, and more if there are two linear models to weigh.
        """
        folds, enough = np.full(len(self.codes), -1), HELD_OUT * (len(self.models) > 1)
        for number, rows in enumerate(self.fold_rows):
            if number < len(self.held_out) or (folds >= 0).sum() < enough:
                folds[rows] = number
        return folds

    def _choose_linear_models(self, all_logits, rows):
        """Return the models that count, their logits and their weights.

        The second one counts if it lowers the loss by more than the standard error, so that chance
        in a few samples does not decide.
        """
        models = [model for model, _ in self.models]
        if len(all_logits) == 1:
            return models, all_logits, np.ones(1)
        data = self.codes[rows], self.weights[rows]
        weights, losses = weigh_evidence([logits[rows] for logits in all_logits], *data)
        weight, losses_of_first = weigh_evidence([all_logits[0][rows]], *data)
        gains = losses_of_first - losses
        least = max(gains.std() * len(gains) ** 0.5, LEAST_GAIN * losses.sum())
        if gains.sum() > least:
            return models, all_logits, weights
        return models[:1], all_logits[:1], weight


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


def weigh_evidence(logits, codes, sample_weight):
    """Return how much each model's logits count, so that the log loss is smallest.

    Parameters
    ----------
    logits : list of ndarray of shape (n_samples, n_outputs)
        Those of each model for samples that it did not learn from.
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
    logits = np.stack(logits).astype(float)  # (M, N, K)

    def losses(logs):
        weighted = np.tensordot(np.exp(logs), logits, axes=1)  # (N, K)
        return (sample_weight * _log_losses(weighted, codes)).sum(axis=1)

    def loss(logs):
        return losses(logs).sum() + 1e-3 * logs @ logs  # weights near 1 where the data tell little

    starts = (np.log(np.full(len(logits), weight)) for weight in (1.0, 0.2))
    found = (minimize(loss, start, bounds=[LOG_WEIGHTS] * len(logits)) for start in starts)
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
