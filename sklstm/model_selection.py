"""Cross-validation of taggers: ``DocumentKFold``."""

from itertools import chain

import numpy as np
from sklearn.model_selection import GroupKFold
from sklearn.utils import check_random_state, column_or_1d

from sklstm._arrays import to_array
from sklstm.tags import check_tags, infer_scheme, span_columns

__all__ = ["DocumentKFold"]


class DocumentKFold(GroupKFold):
    """K folds of whole documents, each with its share of entities of every type.

    Names recur within a document, so sentences of one document on both sides of a split make a
    tagger look better than it is. Stratified folds are no way out: scikit-learn stratifies by
    one class a sample, and a sentence has many tags. This splitter deals out documents instead,
    such that the folds come out alike in the number of entities of each type, rare types
    included, and in the number of tokens.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    shuffle : bool, default=False
        Deal out documents of about the same size, within a factor of two, in random order.
    random_state : int, RandomState instance or None, default=None
        Seed of the order if `shuffle` is True. Must be None otherwise.

    See Also
    --------
    sklearn.model_selection.GroupKFold : Balances the number of samples alone.
    sklearn.model_selection.StratifiedGroupKFold : Balances one class a sample.

    Notes
    -----
    A document is described by its shares: the part of the whole data's tokens, and of the
    entities of each type, that it holds. Largest documents first (in Euclidean norm), each goes
    to the fold whose shares so far have the smallest scalar product with its own; of equals, to
    the fold with the fewest documents. Of all choices this one adds least to the sum of squared
    shares of the folds, which is smallest when all folds are alike.

    Tags may be in any scheme that :func:`sklstm.tags.infer_scheme` knows. Of plain tags, such as
    parts of speech, each one counts as an entity.

    Examples
    --------
    >>> from collections import Counter
    >>> from sklstm.datasets import load_wikigold
    >>> from sklstm.model_selection import DocumentKFold
    >>> from sklstm.tags import span_columns
    >>> wikigold = load_wikigold()
    >>> X, y, documents = wikigold.data, wikigold.target, wikigold.documents
    >>> for train, test in DocumentKFold(n_splits=3).split(X, y, groups=documents):
    ...     types = span_columns([y[i] for i in test], "IOB1").types
    ...     print(len(set(documents[test])), sorted(Counter(types).items()))
    47 [('LOC', 337), ('MISC', 237), ('ORG', 299), ('PER', 311)]
    49 [('LOC', 340), ('MISC', 237), ('ORG', 299), ('PER', 313)]
    49 [('LOC', 337), ('MISC', 238), ('ORG', 300), ('PER', 310)]

    The documents are passed as ``groups``, as to scikit-learn's own splitters of groups:
    ``cross_validate(tagger, X, y, cv=DocumentKFold(), groups=documents)``, or with metadata
    routing enabled ``params={"groups": documents}``, and
    ``GridSearchCV(tagger, grid, cv=DocumentKFold()).fit(X, y, groups=documents)``.
    """

    def split(self, X, y, groups=None):
        """Generate the indices of training and test sentences.

        Parameters
        ----------
        X : sequence of length n_sentences
            The sentences, in whatever form; only their number matters.
        y : sequence of list of str
            The tags of each sentence.
        groups : array-like of shape (n_sentences,), default=None
            The document each sentence is from. None makes each sentence a document of its own.

        Yields
        ------
        train : ndarray of int
            Indices of the sentences to train with.
        test : ndarray of int
            Indices of the sentences of the fold. Each sentence is in one fold.

        Raises
        ------
        TypeError
            If `y` is not one list of tags for each sentence.
        ValueError
            If `X`, `y` and `groups` differ in length, if the tags fit no scheme, if a document is
            missing, or if there are fewer documents than folds.
        """
        if y is None:
            raise ValueError(
                "DocumentKFold balances the entities in y, got y=None. Pass the tags, or take "
                "scikit-learn's GroupKFold."
            )
        yield from super().split(X, y, groups)

    def _iter_test_indices(self, X, y, groups):
        document_of = np.arange(len(y)) if groups is None else _number_documents(groups)
        n_documents = document_of.max() + 1
        if n_documents < self.n_splits:
            raise ValueError(
                f"n_splits={self.n_splits} folds need as many documents, got {n_documents} in "
                "groups. Take fewer folds, or leave groups out: each sentence then counts as a "
                "document."
            )
        shares = _document_shares(y, document_of)
        size = np.linalg.norm(shares, axis=1)
        order = np.arange(n_documents)
        if self.shuffle:
            order = check_random_state(self.random_state).permutation(order)
            size = np.frexp(size)[1]  # the power of two
        order = order[np.argsort(-size[order], kind="stable")]
        fold_of = _deal_out(shares, order, self.n_splits)[document_of]
        for fold in range(self.n_splits):
            yield np.flatnonzero(fold_of == fold)


def _number_documents(groups):
    """Number the document of each sentence from 0, in order of appearance."""
    groups = to_array(groups, "groups", "the name or number of the document of each sentence")
    names = column_or_1d(groups).tolist()
    for sentence, name in enumerate(names):
        if name is None or (name == name) is not True:  # NaN and its kin differ from themselves
            raise ValueError(
                f"groups[{sentence}] is {name}: every sentence needs the name or number of its "
                "document. Give a sentence that stands alone a name of its own."
            )
    number_of = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([number_of[name] for name in names])


def _document_shares(y, document_of):
    """Part of all tokens, and of all entities of each type, that each document holds.

    Returns an array of shape (n_documents, 1 + n_types) whose columns sum to 1.
    """
    y = check_tags(y, None)
    lengths = np.array([len(tags) for tags in y])
    scheme = infer_scheme(y)
    if scheme is None:
        kinds, sentences = list(chain.from_iterable(y)), np.repeat(np.arange(len(y)), lengths)
    else:
        kinds, sentences, *_ = span_columns(y, scheme)
    names, kinds = np.unique(kinds, return_inverse=True)
    counts = np.zeros((document_of.max() + 1, 1 + len(names)))
    np.add.at(counts[:, 0], document_of, lengths)
    np.add.at(counts[:, 1:], (document_of[sentences], kinds), 1)
    return counts / np.maximum(counts.sum(axis=0), 1)  # no token at all: no share at all


def _deal_out(shares, order, n_folds):
    """Fold of each document: the one most unlike it, given what was dealt out before."""
    folds = np.zeros((n_folds, shares.shape[1]))
    n_documents = np.zeros(n_folds, int)
    fold_of = np.empty(len(shares), int)
    for document in order:
        likeness = folds @ shares[document]
        fold = np.lexsort((n_documents, likeness))[0]
        folds[fold] += shares[document]
        n_documents[fold] += 1
        fold_of[document] = fold
    return fold_of
