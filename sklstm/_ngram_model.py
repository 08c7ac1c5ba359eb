"""The linear model of n-grams that stands beside the LSTM: counts and logistic regression."""

from copy import copy
from itertools import chain

import numpy as np
from scipy.sparse import csr_array, hstack

from sklstm._linear_model import BaseLinearModel, each_target, fit_logistic_regression, take_rows
from sklstm._ngrams import NGrams
from sklstm.naive_bayes import NaiveBayesWeights

SMOOTHING = 0.5  # texts added to those of a class that hold an n-gram
MANY_TOKENS = 500_000
MANY_CHARACTERS = 40_000_000  # their n-grams take some 40 bytes a character


class LinearTextModel(BaseLinearModel):
    """Logistic regressions on n-grams of words and of the characters in them.

    The logits are the mean of two: of the TF-IDF of one or two words, and of the presence of one to
    three, with the weights of naive Bayes. The first is better where one word decides, the second
    where many give hints. Texts most of whose tokens are characters have longer n-grams of these
    instead.

    What is read of texts is a list of sparse matrices, of words, of characters or one of each, with
    a row for each text and a column for each n-gram.
    """

    def _contribute(self, tokens, output):
        """Let the tokens of an n-gram share its evidence equally."""
        lengths = [len(text) for text in tokens]
        text_of_token = np.repeat(np.arange(len(tokens)), lengths)
        sums = np.zeros(len(text_of_token))
        counts = self._read(tokens)
        for matrix, evidence, counter in zip(
            counts, self._evidence(counts, output), self._counters, strict=True
        ):
            shares = counter.spread(tokens).tocoo()  # (n_tokens, n_columns)
            # where the n-grams of each token are among the numbers of the matrix, sorted by row
            places = _row_numbers(matrix) * matrix.shape[1] + matrix.indices
            wanted = text_of_token[shares.row] * matrix.shape[1] + shares.col
            of_one = (evidence / matrix.data)[np.searchsorted(places, wanted)]
            sums += np.bincount(shares.row, shares.data * of_one, minlength=len(sums))
        return sums, lengths

    def _learn(self, tokens):
        """Choose the lengths of n-grams by the kind and the amount of text, and number them."""
        lengths = list(map(len, chain.from_iterable(tokens)))
        min_df = 1 if len(lengths) <= MANY_TOKENS else 2  # most n-grams of much text occur once
        if lengths.count(1) > len(lengths) / 2:  # characters, or a script without blanks
            max_n = 4 if len(lengths) <= MANY_CHARACTERS else 3
            counters = [NGrams(1, max_n, min_df=min_df, boundaries=True, lowercase=True)]
            in_tfidf = in_presence = [max_n]
        else:
            counters, in_tfidf, in_presence = [NGrams(1, 3, min_df=min_df)], [2], [3]
            if sum(lengths) <= MANY_CHARACTERS:
                counters.append(_WordPieces())
                in_tfidf.append(_WordPieces.max_n)  # many words of little text are in no other
                in_presence.append(_WordPieces.max_n if len(lengths) <= MANY_TOKENS else 0)
        self._counters = [counter.fit(tokens) for counter in counters]
        self._in_tfidf, self._in_presence = (
            [counter.has_up_to(n) for counter, n in zip(self._counters, max_ns, strict=True)]
            for max_ns in (in_tfidf, in_presence)
        )

    def _read(self, tokens):
        counts = [counter.count(tokens) for counter in self._counters]
        for matrix in counts:
            matrix.sort_indices()
        return counts

    def _fit_parts(self, counts, codes, n_outputs, sample_weight):
        self._idf = []
        for matrix in counts:
            n_texts = np.bincount(matrix.indices, minlength=matrix.shape[1])
            idf = np.log((1 + len(codes)) / (1 + n_texts)) + 1
            self._idf.append(np.where(n_texts, idf, 0).astype(np.float32))
        X = self._tfidf(counts), self._presence(counts)
        self._regressions = [
            _TwoRegressions().fit(*(take_rows(matrices, rows) for matrices in X), *target)
            for rows, *target in each_target(codes, n_outputs, sample_weight)
        ]
        self.intercept_ = np.concatenate([fitted.intercept for fitted in self._regressions])

    def _tfidf(self, counts):
        """Weigh n-grams by the logarithm of their counts and their rarity; rows have length 1."""
        return [
            _normalise(_with_data(matrix, (1 + np.log(matrix.data)) * (idf * used)[matrix.indices]))
            for matrix, idf, used in zip(counts, self._idf, self._in_tfidf, strict=True)
        ]

    def _presence(self, counts):
        """Tell which n-grams there are; rows have length 1."""
        return [
            _normalise(_with_data(matrix, used[matrix.indices].astype(np.float32)))
            for matrix, used in zip(counts, self._in_presence, strict=True)
        ]

    def _decide(self, counts):
        X = self._tfidf(counts), self._presence(counts)
        return np.hstack([fitted.decide(*X) for fitted in self._regressions]) + self.intercept_

    def _evidence(self, counts, output):
        """Compute what each number of the counts adds to a logit, in the order of their data."""
        X = self._tfidf(counts), self._presence(counts)
        if len(self._regressions) > 1:  # one for each label
            return self._regressions[output].evidence(*X, 0)
        return self._regressions[0].evidence(*X, output)


class _TwoRegressions:
    """The mean of a regression on TF-IDF and one on presence with the weights of naive Bayes.

    Both are lists of matrices, whose columns stand side by side.
    """

    def fit(self, tfidf, presence, codes, n_outputs, sample_weight):
        """Learn from the two views of the texts."""
        self.weights = [_naive_bayes_weights(matrix, codes, sample_weight) for matrix in presence]

        def regress(matrices):
            X = _stack_columns(matrices)
            return fit_logistic_regression(X, codes, n_outputs, sample_weight)

        plain, weighted = regress(tfidf), regress(self._weigh(presence))
        ends = np.cumsum([matrix.shape[1] for matrix in tfidf])[:-1]
        self.plain, self.weighted = (
            np.split((coef / 2).astype(np.float32), ends) for coef, _ in (plain, weighted)
        )
        self.intercept = (plain[1] + weighted[1]) / 2
        return self

    def decide(self, tfidf, presence):
        """Compute the logits without the intercept."""
        plain = zip(tfidf, self.plain, strict=True)
        weighted = zip(self._weigh(presence), self.weighted, strict=True)
        return sum(matrix @ coef for matrix, coef in [*plain, *weighted])

    def evidence(self, tfidf, presence, output):
        """Compute what each number of the matrices adds to a logit, in the order of their data."""
        return [
            first.data * plain[first.indices, output]
            + second.data * weighted[first.indices, output]
            for first, second, plain, weighted in zip(
                tfidf, self._weigh(presence), self.plain, self.weighted, strict=True
            )
        ]

    def _weigh(self, presence):
        return [
            _normalise(_with_data(matrix, matrix.data * weights[matrix.indices]))
            for matrix, weights in zip(presence, self.weights, strict=True)
        ]


class _WordPieces:
    """Character n-grams of the tokens, counted for texts and shared among their tokens."""

    max_n = 5

    def fit(self, tokens):
        """Number the n-grams."""
        self.ngrams = NGrams(2, self.max_n, boundaries=True).fit(
            list(dict.fromkeys(chain.from_iterable(tokens)))
        )
        return self

    def count(self, tokens):
        """Count the n-grams of each text, shape (n_samples, n_columns)."""
        words, codes = _distinct(tokens)
        ones, starts = np.ones(len(codes), np.float32), np.cumsum([0, *map(len, tokens)])
        count_words = csr_array((ones, codes, starts), shape=(len(tokens), len(words)))
        return count_words @ self.ngrams.count(words)

    def has_up_to(self, max_n):
        """Tell which columns are n-grams of at most so many characters."""
        return self.ngrams.has_up_to(max_n)

    def spread(self, tokens):
        """Count the n-grams of each token, shape (n_tokens, n_columns)."""
        words, codes = _distinct(tokens)
        return self.ngrams.count(words)[codes]


def _distinct(tokens):
    """List the distinct tokens, and the place of each token among them."""
    places = {
        token: place for place, token in enumerate(dict.fromkeys(chain.from_iterable(tokens)))
    }
    return list(places), [places[token] for token in chain.from_iterable(tokens)]


def _row_numbers(matrix):
    """Return the row of each number."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def _with_data(matrix, data):
    """Return a matrix of other numbers in the same places, without scipy's checks of these."""
    matrix = copy(matrix)
    matrix.data = data
    return matrix


def _without_zeros(matrix):
    """Leave out the zeros."""
    matrix = matrix.copy()
    matrix.eliminate_zeros()
    return matrix


def _normalise(matrix):
    """Give each row length 1, unless it is empty."""
    rows = _row_numbers(matrix)
    lengths = np.sqrt(np.bincount(rows, matrix.data**2, minlength=matrix.shape[0]))
    matrix.data /= np.where(lengths, lengths, 1)[rows].astype(matrix.data.dtype)
    return matrix


def _naive_bayes_weights(X, codes, sample_weight):
    """Return the weights of naive Bayes of the columns that occur, and zeros for the others."""
    X, weights = _without_zeros(X), np.zeros(X.shape[1], np.float32)
    occurs = np.bincount(X.indices, minlength=X.shape[1]) > 0
    if occurs.any() and len(np.unique(codes)) > 1:
        X = X if occurs.all() else X[:, occurs]
        weights[occurs] = NaiveBayesWeights(alpha=SMOOTHING).fit(X, codes, sample_weight).weights_
    return weights


def _stack_columns(matrices):
    """Return one matrix with the columns of all."""
    return hstack(list(map(_without_zeros, matrices)), "csr")
