"""What the linear models of texts share: they learn, and decide on texts that they did not see."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

PENALTY = 0.1  # of a row of length 1; any text has that length
MAX_ITERATIONS = 100  # of Newton's method, which takes some ten


class BaseLinearModel:
    """Base of models whose logits are sums over the tokens of a text.

    Subclasses learn what to read of texts in ``_learn``, and read it in ``_read``, as a list of
    matrices with a row for each text. From these they learn in ``_fit_parts``, and decide in
    ``_decide``; ``_contribute`` returns what each step of all texts adds, and the lengths of these.

    Attributes
    ----------
    intercept_ : ndarray of shape (n_outputs,)
        The logits of a text without known tokens.
    """

    def fit(self, samples, codes, n_outputs, sample_weight=None):
        """Learn from texts.

        Parameters
        ----------
        samples : list of list of str, or Sequences
            The texts; one may be empty.
        codes : ndarray of int, shape (n_samples,) or (n_samples, n_outputs)
            The class of each text, 0 or 1 if there is one output; or ones and zeros, for labels
            that exclude nothing.
        n_outputs : int
            Logits of a text. A class that does not occur gets a low one.
        sample_weight : ndarray of shape (n_samples,) or (n_samples, n_outputs), default=None
            Weights of the texts, or of their labels.

        Returns
        -------
        BaseLinearModel
            The fitted model.
        """
        self._learn(samples)
        self._fit_weighted(self._read(samples), np.asarray(codes), n_outputs, sample_weight)
        return self

    def decision(self, samples):
        """Compute the logits of texts.

        Parameters
        ----------
        samples : list of list of str, or Sequences
            The texts.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
            The logits: of class 1, if there is one output.
        """
        return self._decide(self._read(samples))

    def cross_decision(self, samples, codes, n_outputs, folds, sample_weight=None):
        """Fit the model, and compute the logits of each text by one that did not see its fold.

        Parameters
        ----------
        samples : list of list of str, or Sequences
            The texts.
        codes, n_outputs, sample_weight
            See ``fit``.
        folds : ndarray of int, shape (n_samples,)
            The fold of each text; -1 for one that is in none.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
            The logits; NaN of a text in no fold.
        """
        self._learn(samples)
        parts, codes = self._read(samples), np.asarray(codes)
        decisions = np.full((len(codes), n_outputs), np.nan)
        for fold in np.unique(folds[folds >= 0]):
            kept, left = folds != fold, folds == fold
            weight = None if sample_weight is None else sample_weight[kept]
            self._fit_weighted(take_rows(parts, kept), codes[kept], n_outputs, weight)
            decisions[left] = self._decide(take_rows(parts, left))
        self._fit_weighted(parts, codes, n_outputs, sample_weight)
        return decisions

    def contributions(self, samples, output=0):
        """Compute what each token adds to a logit.

        Parameters
        ----------
        samples : list of list of str, or Sequences
            The texts.
        output : int, default=0
            The column of ``decision``.

        Returns
        -------
        list of ndarray of shape (n_tokens,)
            Those of a text sum to its decision without the intercept.
        """
        values, lengths = self._contribute(samples, output)
        return np.split(values, np.cumsum(lengths)[:-1])

    def _learn(self, samples):
        """Learn what to read of texts."""

    def _fit_weighted(self, parts, codes, n_outputs, sample_weight):
        """Learn from the texts that have a weight."""
        if sample_weight is not None:
            kept = sample_weight.reshape(len(codes), -1).any(axis=1)
            parts, codes, sample_weight = take_rows(parts, kept), codes[kept], sample_weight[kept]
        self._fit_parts(parts, codes, n_outputs, sample_weight)


def each_target(codes, n_outputs, sample_weight):
    """Yield for each regression the rows that count, their codes, its outputs, and their weights.

    There is one regression for classes, and one for each label.
    """
    targets = [codes] if codes.ndim == 1 else codes.T
    columns = n_outputs if codes.ndim == 1 else 1
    if sample_weight is None:
        sample_weight = np.ones(len(codes))
    for number, target in enumerate(targets):
        weight = sample_weight if sample_weight.ndim == 1 else sample_weight[:, number]
        counts = weight > 0  # others must not bring in a class
        yield counts, target[counts], columns, weight[counts]


def take_rows(parts, wanted):
    """Return the rows of each part that are wanted, without a copy if these are all."""
    return parts if wanted.all() else [part[wanted] for part in parts]


def fit_logistic_regression(X, codes, n_outputs, sample_weight):
    """Return the coefficients, shape (n_columns, n_outputs), and the intercepts.

    Classes that do not occur get a low logit, and without two that occur there is nothing more to
    learn.
    """
    classes = np.unique(codes)
    coef = np.zeros((X.shape[1], n_outputs))
    certain = np.log(2 * len(codes) + 1)  # the log odds, with half a text more of each class
    if n_outputs == 1:
        intercept = np.full(1, certain if 1 in classes else -certain)
    else:
        intercept = np.where(np.isin(np.arange(n_outputs), classes), 0, -certain)
    if len(classes) < 2 or not X.shape[1]:
        return coef, intercept
    fitted = LogisticRegression(C=1 / PENALTY, solver="newton-cg", max_iter=MAX_ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # close enough for a decision
        fitted.fit(X, codes, sample_weight)
    if n_outputs == 1:
        return fitted.coef_.T, fitted.intercept_
    # of two classes it has one logit z: their softmax is the same with -z / 2 and z / 2
    signs = np.array([-0.5, 0.5]) if len(classes) == 2 else 1.0
    coef[:, classes], intercept[classes] = fitted.coef_.T * signs, fitted.intercept_ * signs
    return coef, intercept
