"""Estimators of several networks, and of linear models beside them, that decide together."""

from numbers import Integral
from time import perf_counter
from typing import Self

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklstm._arguments import describe
from sklstm._arrays import count_samples, listed
from sklstm._base import BaseLSTM
from sklstm._epochs import AFFORDED_STEPS, resolve_epochs
from sklstm._fit_tasks import clone_unfollowed, nothing_lost
from sklstm._inputs import drop_masked_padding
from sklstm._sample_weights import weigh_samples
from sklstm._side_by_side import train_side_by_side
from sklstm._sklearn import Interval, StrOptions
from sklstm._unlabelled import join, split_labels, split_samples
from sklstm._wide_path import WidePath, check_wide, take
from sklstm.sequences import Sequences

AUTO_MEMBERS = 1, 5  # least and most of n_members="auto"


class BaseEnsemble(BaseLSTM):
    """Base of the estimators whose outputs are averaged over `n_members` networks.

    The estimator is its own first member.
    """

    _parameter_constraints: dict = {
        **BaseLSTM._parameter_constraints,
        "n_members": [Interval(Integral, 1, None, closed="left"), tuple, StrOptions({"auto"})],
        "n_jobs": [Integral, None],
    }
    _others = ()  # fitted members after the first
    _linear, _mean_vectors = None, None  # the linear models of n-grams and of mean word vectors
    _is_wide = False  # whether there are linear models: beside all networks, not in each of them
    _of_one_network = {"n_members": 1}  # parameters of the others, in place of those here
    _reads_strings = False  # which are read anew by each member
    _split_targets = staticmethod(split_labels)  # into those of labelled samples, and marks

    def _fit(self, X, y, sample_weight=None, X_val=None, y_val=None, groups=None, *, partial=False):
        """Fit one network as the base does; or several, and the linear models beside them."""
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
        """Split the samples into those with labels and those without, and learn from both."""
        learns = bool(self.virtual_adversarial or self.entropy)
        check_semi_supervised(self, learns, X_unlabelled)
        marks, labels = None, y
        if y is not None:
            labels, marks = self._split_targets(y, expected=learns)
        if y_val is not None and self._split_targets(y_val, expected=learns)[1] is not None:
            raise ValueError(
                "y_val holds None, NaN or -1, which marks unlabelled samples: leave them out of "
                "the validation data."
            )
        if marks is not None:
            purpose = "portion" if partial else "fit"
            labelled, others = split_samples(marks, X, sample_weight, groups, purpose)
            (X, sample_weight, groups), y = labelled, labels
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
        """Fit all networks, and the linear models beside them."""
        wide = WidePath(self, X, inputs, y, y_val, sample_weight, groups) if self._is_wide else None
        members = [self, *others]
        folds = [None] * len(members) if wide is None else wide.folds(len(members))
        groups = None if isinstance(self.validation, str) else groups  # the folds have seen to them
        given = self._given_to_members()

        def own_arguments(fold):
            rows = slice(None) if fold is None else fold[0]
            *own, own_groups = take(rows, X, y, sample_weight, groups)
            return *own, X_val, y_val, own_groups

        task = self._begin_fit(X, y, sample_weight, len(members) + (wide is not None))
        is_apart = self._trains_side_by_side(partial) and len(members) > 1
        if is_apart:
            copies = (self._unfitted(member, given) for member in members)
            jobs = zip(copies, map(own_arguments, folds), strict=True)
            n_jobs = min(effective_n_jobs(self.n_jobs), len(members))
            self._log = train_side_by_side(jobs, n_jobs, self.verbose)  # which is replayed below
        start = perf_counter()
        for number, (member, fold) in enumerate(zip(members, folds, strict=True), start=1):
            if self.verbose and others and not is_apart:
                _report_network(number, len(members), perf_counter() - start)
            vars(member).update(given)
            if self._log.is_open:
                member._log = self._log
            member._task = task
            member._fit_network(*own_arguments(fold), partial=partial)
            if wide is not None:
                wide.add_network(member, fold[1])
            if task.is_stopped or member.net_.is_interrupted_:  # by a callback, or by Ctrl-C
                break
        self._others = [other for other in others if hasattr(other, "net_")]
        for member in members if is_apart else others:
            vars(member).pop("_log", None)
        if wide is not None:
            self._keep_linear_models(wide, task.subtask("linear-model"))
        task.end(dict)

    def _given_to_members(self):
        """Return what all networks are told: their own samples may lack some of the classes."""
        return {
            name: value
            for name, value in vars(self).items()
            if name.startswith("_declared") or name == "_X_unlabelled"
        }

    def _keep_linear_models(self, wide, task):
        models, self.wide_weights_ = wide.finish()
        self._linear, self._mean_vectors = [*models, None][:2]
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
    def _unfitted(member, given):
        """Return a copy of a member, without what an earlier fit has learned."""
        cloned = clone_unfollowed(member)
        vars(cloned).update(given)
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
        steps = drop_masked_padding(inputs, self.mask_padding) if is_text else inputs
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
        """Average the outputs of the networks, and add those of the linear models to them."""
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
            models.append((self._mean_vectors, drop_masked_padding(inputs, self.mask_padding)))
        return models

    def _reread(self, encoder, X):
        """Read X: return what each member can read again, in less time, and what was read."""
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


def _report_network(number, n_networks, seconds):
    """Print which network is trained, and after the first one how long the others will take."""
    left = f", about {seconds * (n_networks - 1):.0f} s for the others" if number == 2 else ""
    print(f"Network {number} of {n_networks}{left}:", flush=True)


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
