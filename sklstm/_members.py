"""Estimators of several networks, and of linear models beside them, that decide together."""

import warnings
from itertools import cycle, islice
from numbers import Integral
from time import perf_counter
from typing import Self

import numpy as np
from joblib import effective_n_jobs
from scipy.optimize import minimize
from scipy.special import log_expit, logsumexp
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import check_is_fitted

from sklstm._arguments import describe
from sklstm._arrays import CONVERSION_ERRORS, check_same_length, count_samples, listed, restated
from sklstm._base import BaseLSTM
from sklstm._epochs import AFFORDED_STEPS, resolve_epochs
from sklstm._fit_tasks import clone_unfollowed, nothing_lost
from sklstm._inputs import kind_of
from sklstm._labels import check_labels
from sklstm._mean_vectors import MeanVectorModel
from sklstm._sample_weights import normalise, weigh_samples
from sklstm._side_by_side import train_side_by_side
from sklstm._sklearn import Interval, StrOptions, safe_indexing
from sklstm._unlabelled import join, part, part_labels
from sklstm._wide import LinearTextModel
from sklstm.sequences import Sequences

FOLDS = 5  # for several members
FOLDS_OF_ONE = 10  # one member learns from nine tenths
AUTO_MEMBERS = 1, 5
HELD_OUT = 500  # samples suffice to weigh two linear models
LEAST_GAIN = 1e-4  # as a share of the loss: less is how inexactly weights are found
LOG_WEIGHTS = -10, 5  # bounds of the logarithms of weights of evidence


class BaseEnsemble(BaseLSTM):
    """Base of the estimators whose outputs are averaged over `n_members` networks.

    The estimator is its own first member.
    """

    _parameter_constraints: dict = {
        **BaseLSTM._parameter_constraints,
        "n_members": [Interval(Integral, 1, None, closed="left"), tuple, StrOptions({"auto"})],
        "n_jobs": [Integral, None],
    }
    _others, _linear, _mean_vectors = (), None, None
    _is_wide = False  # linear models stand beside all networks, not inside each of them
    _of_one_network = {"n_members": 1}
    _reads_strings = False  # which are read anew by each member
    _part_targets = staticmethod(part_labels)  # from those of unlabelled samples

    def _fit(self, X, y, sample_weight=None, X_val=None, y_val=None, groups=None, *, partial=False):
        with nothing_lost(self):
            goes_on = hasattr(self, "net_") and (partial or self.warm_start)
            others = list(self._others) if goes_on else None
            self._others, self._linear, self._mean_vectors = [], None, None
            vars(self).pop("wide_weights_", None)
            if self.n_members == 1 and not self._is_wide and not others:
                return self._fit_network(X, y, sample_weight, X_val, y_val, groups, partial=partial)
            self._validate_params()
            self._check_presence(y, X_val, y_val)
            if self._is_wide and partial:
                raise ValueError(
                    "partial_fit sees a part of the data at a time, but wide=True fits a linear "
                    "model to all of them: call fit, or set wide=False."
                )
            X, inputs = self._reread(self._new_encoder(), X)
            if self._X_unlabelled is not None:
                self._X_unlabelled = self._reread(self._new_encoder(), self._X_unlabelled)[0]
            if sample_weight is not None:
                purpose = "portion" if partial else "fit"
                sample_weight = weigh_samples(sample_weight, inputs.offsets[1:], purpose)
            others = self._other_members(inputs, others)
            self._fit_members(others, X, inputs, y, sample_weight, X_val, y_val, groups, partial)
        return self

    def _fit_semi_supervised(
        self, X, y, sample_weight, X_val=None, y_val=None, groups=None, *, X_unlabelled=None,
        partial=False,
    ):  # fmt: skip
        """Part the samples without labels from the others, and fit to both."""
        learns = bool(self.virtual_adversarial or self.entropy)
        check_semi_supervised(self, learns, X_unlabelled)
        marks, labels = None, y
        if y is not None:
            labels, marks = self._part_targets(y, expected=learns)
        if y_val is not None and self._part_targets(y_val, expected=learns)[1] is not None:
            raise ValueError(
                "y_val holds None, NaN or -1, which marks unlabelled samples: leave them out of "
                "the validation data."
            )
        if marks is not None:
            purpose = "portion" if partial else "fit"
            (X, sample_weight, groups), others = part(marks, X, sample_weight, groups, purpose)
            y = labels
            X_unlabelled = others if X_unlabelled is None else join(others, X_unlabelled)
        if learns and (X_unlabelled is None or not count_samples(X_unlabelled)):
            self._check_presence(y, X_val, y_val)
            self._check_targets(y)  # which may be wrong otherwise
            raise ValueError(
                "virtual_adversarial and entropy are losses of unlabelled samples, but there are "
                "none: mark them in y by None or NaN (or by -1 among labels that are numbers), "
                "pass them as X_unlabelled, or set both weights to 0."
            )
        self._X_unlabelled = X_unlabelled
        try:
            return self._fit(X, y, sample_weight, X_val, y_val, groups, partial=partial)
        finally:
            for member in (self, *self._others):
                vars(member).pop("_X_unlabelled", None)

    def _fit_members(self, others, X, inputs, y, sample_weight, X_val, y_val, groups, partial):
        wide = WidePath(self, X, inputs, y, y_val, sample_weight, groups) if self._is_wide else None
        members = [self, *others]
        folds = [None] * len(members) if wide is None else wide.folds(len(members))
        groups = None if isinstance(self.validation, str) else groups  # the folds have seen to them
        declared = {  # of classes, say: the member's own samples may lack some
            name: value
            for name, value in vars(self).items()
            if name.startswith("_declared") or name == "_X_unlabelled"
        }

        def own_arguments(fold):
            rows = slice(None) if fold is None else fold[0]
            *own, own_groups = take(rows, X, y, sample_weight, groups)
            return *own, X_val, y_val, own_groups

        task = self._begin_fit(X, y, sample_weight, len(members) + (wide is not None))
        is_apart = self._trains_side_by_side(partial) and len(members) > 1
        if is_apart:
            copies = (self._unfitted(member, declared) for member in members)
            jobs = zip(copies, map(own_arguments, folds), strict=True)
            n_jobs = min(effective_n_jobs(self.n_jobs), len(members))
            self._log = train_side_by_side(jobs, n_jobs, self.verbose)
        start = perf_counter()
        for number, (member, fold) in enumerate(zip(members, folds, strict=True), start=1):
            if self.verbose and others and not is_apart:
                left = f", about {(perf_counter() - start) * len(others):.0f} s for the others"
                print(f"Network {number} of {len(members)}{left * (number == 2)}:", flush=True)
            vars(member).update(declared)
            if self._log.is_open:
                member._log = self._log
            member._task = task
            member._fit_network(*own_arguments(fold), partial=partial)
            if wide is not None:
                wide.compare(member, fold[1])
            if task.is_stopped or member.net_.is_interrupted_:  # by a callback, or by Ctrl-C
                break
        self._others = [other for other in others if hasattr(other, "net_")]
        for member in members if is_apart else others:
            vars(member).pop("_log", None)
        if wide is not None:
            linear = task.subtask("linear-model")
            models, self.wide_weights_ = wide.finish()
            self._linear, self._mean_vectors = [*models, None][:2]
            linear.end(dict)
        task.end(dict)

    def _fit_network(self, *arguments, partial=False):
        """Fit the one network that the estimator holds itself."""
        return super()._fit(*arguments, partial=partial)

    def _trains_side_by_side(self, partial):
        """Tell whether the networks are trained in processes of their own.

        A checkpoint and callbacks want to follow one training after the other, and networks that
        train on are not sent to another process.
        """
        is_followed = self._log.is_open or self.callbacks or getattr(self, "_skl_callbacks", None)
        goes_on = partial or self.warm_start
        return self.n_jobs not in (None, 1) and not is_followed and not goes_on

    @staticmethod
    def _unfitted(member, declared):
        """Return a copy of a member, without what an earlier fit has learned."""
        cloned = clone_unfollowed(member)
        vars(cloned).update(declared)
        return cloned

    def _other_members(self, inputs, others):
        """Return the members after the first, those of an earlier fit with today's parameters."""
        low, high = self._member_bounds()
        if others is not None:
            if not low <= len(others) + 1 <= high:
                raise ValueError(
                    f"n_members={self.n_members} cannot go on from a fit of {len(others) + 1}: "
                    "set it back, or call fit with warm_start=False."
                )
        else:
            n_members = int(np.clip(AFFORDED_STEPS // self._count_steps(inputs), low, high))
            random_state = check_random_state(self._log.seed(self.random_state))
            seeds = random_state.randint(2**31 - 1, size=n_members - 1)
            others = [
                clone_unfollowed(self).set_params(random_state=seed) for seed in seeds.tolist()
            ]
        params = self.get_params(deep=False)
        shared = {name: self._of_one_network.get(name, value) for name, value in params.items()}
        del shared["random_state"]  # the others have seeds of their own
        return [other.set_params(**shared) for other in others]

    def _count_steps(self, inputs):
        """Return about how many steps a member learns from in all its epochs."""
        is_text = isinstance(inputs, Sequences)
        steps = real_steps(inputs, self.mask_padding) if is_text else inputs
        n_updates, n_steps = self._count_updates(inputs), int(steps.offsets[-1])
        n_tokens = n_steps if is_text else 0
        n_epochs = resolve_epochs(self.max_epochs, n_updates, self._epochs_of_few, n_tokens)
        return max(n_steps, 1) * n_epochs

    def _count_updates(self, inputs):
        """Return about how many updates there are in an epoch."""
        return -(-(len(inputs.offsets) - 1) // self.batch_size)

    def _member_bounds(self):
        """Return how many members there are at least and at most."""
        match self.n_members:
            case "auto":
                return AUTO_MEMBERS
            case (Integral() as low, Integral() as high) if 1 <= low <= high:
                return low, high
            case Integral() as number:
                return number, number
        raise ValueError(
            'n_members must be an integer, "auto", or two integers (low, high) with '
            f"1 <= low <= high; got {self.n_members!r}."
        )

    def _outputs(self, X):
        if self._has_one_network:
            return super()._outputs(X)
        self._check_ready()
        X, inputs = self._reread(self._encoder, X)
        outputs = [one._outputs_of(one._read_sequences(X)) for one in self.members_]
        outputs = np.mean(outputs, axis=0)
        if self._linear is None:
            return outputs
        logits = [model.decision(samples) for model, samples in self._linear_models(inputs)]
        logits = np.tensordot(self.wide_weights_, [*logits, outputs], axes=1)
        return logits.astype(outputs.dtype)

    def _linear_models(self, inputs):
        """Return the models of n-grams and of vectors, each with what it reads of the input."""
        check_wide(inputs)
        models = [(self._linear, self._encoder.name_steps(inputs, self.mask_padding))]
        if self._mean_vectors is not None:
            models.append((self._mean_vectors, real_steps(inputs, self.mask_padding)))
        return models

    def _reread(self, encoder, X):
        """Read X, and return it in a form that can be read again, and what was read."""
        X = listed(X)
        inputs = encoder.read(X, self)
        is_read = isinstance(inputs, Sequences) and not self._reads_strings
        return inputs if is_read else X, inputs

    @property
    def members_(self) -> list[Self]:
        """The fitted estimators of one network each, whose outputs are averaged."""
        check_is_fitted(self)
        first = type(self).__new__(type(self))  # the same network
        vars(first).update({**vars(self), "_others": [], "_linear": None, "_mean_vectors": None})
        vars(first).pop("wide_weights_", None)
        return [first, *self._others]

    @property
    def _nets(self):
        """The nets of all members."""
        return [one.net_ for one in (self, *self._others)]

    @property
    def _has_one_network(self):
        return not self._others and self._linear is None


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
        fitted = [model.fit(samples, *targets, self.weights) for model, samples in models]
        return fitted, np.append(both[0] * weights, both[1])

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
        if len(outputs) == 1:
            return self.models, outputs, np.ones(1)
        data = self.codes[rows], self.weights[rows]
        weights, losses = weigh_evidence([logits[rows] for logits in outputs], *data)
        weight, losses_of_first = weigh_evidence([outputs[0][rows]], *data)
        gains = losses_of_first - losses
        least = max(gains.std() * len(gains) ** 0.5, LEAST_GAIN * losses.sum())
        if gains.sum() > least:
            return self.models, outputs, weights
        return self.models[:1], outputs[:1], weight


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


def check_semi_supervised(estimator, learns, X_unlabelled):
    """Check that the parameters of semi-supervised learning go together."""
    estimator._validate_params()
    if learns and estimator.adversarial is None:
        raise ValueError(
            "virtual_adversarial and entropy need the distance by which inputs are moved: set "
            "adversarial, to 0.5 for texts."
        )
    if X_unlabelled is not None and not (
        hasattr(X_unlabelled, "__len__") and getattr(X_unlabelled, "ndim", 1)
    ):
        raise TypeError(
            f"X_unlabelled must be a list or an array of samples; got {describe(X_unlabelled)}."
        )
    if X_unlabelled is not None and not learns:
        raise ValueError(
            "X_unlabelled has no effect while virtual_adversarial and entropy are 0: set one of "
            "them, or leave X_unlabelled out."
        )


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
