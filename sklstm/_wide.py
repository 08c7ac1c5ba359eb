"""The linear model of texts that stands beside the LSTM: n-grams and logistic regression."""

import warnings

import numpy as np
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from sklstm._ngrams import NGrams

MAX_ITERATIONS = 300


class LinearTextModel:
    """Logistic regression on TF-IDF of words and pairs of words.

    ``decision`` is the sum of ``intercept_`` and of what the tokens contribute.

    Attributes
    ----------
    intercept_ : ndarray of shape (n_outputs,)
        The logits of a text without known words.
    """

    def fit(self, tokens, codes, n_outputs, sample_weight=None):
        """Learn from texts.

        Parameters
        ----------
        tokens : list of list of str
            The tokens of each text; a text may be empty.
        codes : ndarray of int, shape (n_samples,) or (n_samples, n_outputs)
            The class of each text, 0 or 1 if there is one output; or ones and zeros, for labels
            that exclude nothing.
        n_outputs : int
            Logits of a text. A class that does not occur gets a low one.
        sample_weight : ndarray of shape (n_samples,), default=None
            Weights of the texts.

        Returns
        -------
        LinearTextModel
            The fitted model.
        """
        are_characters = all(len(token) == 1 for row in tokens for token in row)
        self._ngrams = NGrams(1, 5 if are_characters else 2).fit(tokens)
        counts = self._ngrams.count(tokens)
        document_counts = np.bincount(counts.indices, minlength=counts.shape[1])
        self._idf = np.log((1 + len(tokens)) / (1 + document_counts)) + 1
        codes = np.asarray(codes)
        self._coef, self.intercept_ = _regress(self._weigh(counts), codes, n_outputs, sample_weight)
        return self

    def decision(self, tokens):
        """Compute the logits of texts.

        Parameters
        ----------
        tokens : list of list of str
            The tokens of each text.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
            The logits: of class 1, if there is one output.
        """
        return self._weigh(self._ngrams.count(tokens)) @ self._coef + self.intercept_

    def contributions(self, tokens, output=0):
        """Compute what each token adds to a logit; tokens share their n-grams equally.

        Parameters
        ----------
        tokens : list of list of str
            The tokens of each text.
        output : int, default=0
            The column of ``decision``.

        Returns
        -------
        list of ndarray of shape (n_tokens,)
            Those of a text sum to its decision without the intercept.
        """
        lengths = [len(row) for row in tokens]
        counts = self._ngrams.count(tokens)
        counts.sort_indices()
        values = self._weigh(counts).data * self._coef[counts.indices, output] / counts.data
        spread = self._ngrams.spread(tokens).tocoo()
        rows = np.repeat(np.arange(len(tokens)), lengths)[spread.row]
        keys = np.repeat(np.arange(len(tokens)), np.diff(counts.indptr)) * self._ngrams.n_columns
        places = np.searchsorted(keys + counts.indices, rows * self._ngrams.n_columns + spread.col)
        sums = np.bincount(spread.row, spread.data * values[places], minlength=sum(lengths))
        return np.split(sums, np.cumsum(lengths)[:-1])

    def _weigh(self, counts):
        data = (1 + np.log(counts.data)) * self._idf[counts.indices]
        rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        data /= np.sqrt(np.bincount(rows, data**2))[rows]
        return csr_array((data, counts.indices, counts.indptr), counts.shape)


def _regress(X, codes, n_outputs, sample_weight):
    """Return the coefficients, shape (n_columns, n_outputs), and the intercepts."""
    if codes.ndim == 2:
        columns = [_regress(X, column, 1, sample_weight) for column in codes.T]
        return np.hstack([coef for coef, _ in columns]), np.hstack([add for _, add in columns])
    if sample_weight is not None:
        kept = sample_weight > 0  # others must not bring in a class
        X, codes, sample_weight = X[kept], codes[kept], sample_weight[kept]
    classes = np.unique(codes)
    coef = np.zeros((X.shape[1], n_outputs))
    rare = np.log(2 * len(codes) + 1)
    if n_outputs == 1:
        intercept = np.full(1, rare if 1 in classes else -rare)
    else:
        intercept = np.where(np.isin(np.arange(n_outputs), classes), 0, -rare)
    if len(classes) > 1 and X.shape[1]:
        fitted = LogisticRegression(C=10, max_iter=MAX_ITERATIONS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # close enough for a decision
            fitted.fit(X, codes, sample_weight)
        if n_outputs == 1:
            return fitted.coef_.T, fitted.intercept_
        if len(classes) == 2:
            coef[:, classes] = fitted.coef_.T * [-0.5, 0.5]
            intercept[classes] = fitted.intercept_ * [-0.5, 0.5]
        else:
            coef[:, classes] = fitted.coef_.T
            intercept[classes] = fitted.intercept_
    return coef, intercept
