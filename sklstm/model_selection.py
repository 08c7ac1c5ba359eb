"""Folds for taggers, ``DocumentKFold``, and with unlabelled samples; what to annotate next."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.utils import column_or_1d

from sklstm._arguments import check_bool, describe, to_random_state
from sklstm._arrays import check_same_length, to_array
from sklstm._labels import is_missing
from sklstm._unlabelled import column_of_labels, find_unlabelled
from sklstm.tags import check_tags, infer_scheme, span_columns
from sklstm.tags._annotations import are_annotations, read_rows

__all__ = ["DocumentKFold", "LabelledKFold", "annotation_order"]


class DocumentKFold(GroupKFold):
    """K-fold split by documents, balanced in the entities of each type.

    Names recur within a document, so a split inside documents overestimates a tagger. Stratified
    folds need one class per sample, but a sentence has many tags. This splitter assigns whole
    documents to folds, such that folds have about equal numbers of tokens and of entities of each
    type, rare types included.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    shuffle : bool, default=False
        Whether to shuffle documents of about equal size, within a factor of two.
    random_state : int, RandomState instance or None, default=None
        Seeds the order if `shuffle` is True, and must be None otherwise.

    See Also
    --------
    sklearn.model_selection.GroupKFold : Balances only the number of samples.
    sklearn.model_selection.StratifiedGroupKFold : Balances one class per sample.

    Notes
    -----
    A document is represented by its shares of all tokens, and of all entities of each type. In
    descending order of their Euclidean norm, each document goes to the fold whose shares so far
    have the smallest scalar product with its own; ties go to the fold with the fewest documents.
    This greedily minimises the sum of squared shares of the folds.

    Tags may be in any scheme that :func:`sklstm.tags.infer_scheme` knows. Plain tags, such as parts
    of speech, each count as an entity.

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

    Documents are passed as ``groups``, as to scikit-learn's own group splitters:
    ``cross_validate(tagger, X, y, cv=DocumentKFold(), groups=documents)`` (with metadata routing
    ``params={"groups": documents}``), and
    ``GridSearchCV(tagger, grid, cv=DocumentKFold()).fit(X, y, groups=documents)``.
    """

    def split(self, X, y, groups=None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Generate the indices of training and test sentences.

        Parameters
        ----------
        X : sequence of length n_sentences
            The sentences; only their number matters, and, with spans, the lengths of the texts.
        y : sequence of list of str
            The tags of each sentence; or the spans of each text, as `sklstm.TaggingPipeline` takes
            them.
        groups : array-like of shape (n_sentences,), default=None
            The document of each sentence. None makes each sentence a document.

        Yields
        ------
        train : ndarray of int
            Indices of the training sentences.
        test : ndarray of int
            Indices of the test sentences; each sentence is in one test set.

        Raises
        ------
        TypeError
            If `y` is not one list of tags per sentence.
        ValueError
            If `X`, `y` and `groups` differ in length, if tags fit no scheme, if a document is
            missing, or if there are fewer documents than folds.
        """
        if y is None:
            raise ValueError(
                "DocumentKFold balances the entities in y, got y=None. Pass the tags, or use "
                "scikit-learn's GroupKFold."
            )
        check_same_length(X=X, y=y, groups=groups)
        yield from super().split(X, y, groups)

    def _iter_test_indices(self, X, y, groups):
        document_of = np.arange(len(y)) if groups is None else _number_documents(groups)
        n_documents = document_of.max() + 1
        if n_documents < self.n_splits:
            raise ValueError(
                f"n_splits={self.n_splits} folds need as many documents, got {n_documents} in "
                "groups. Use fewer folds, or leave groups out to make each sentence a document."
            )
        shares = _document_shares(X, y, document_of)
        size = np.linalg.norm(shares, axis=1)
        order = np.arange(n_documents)
        if self.shuffle:
            order = to_random_state(self.random_state).permutation(order)
            size = np.frexp(size)[1]  # the power of two
        order = order[np.argsort(-size[order], kind="stable")]
        fold_of = _assign_folds(shares, order, self.n_splits)[document_of]
        for fold in range(self.n_splits):
            yield np.flatnonzero(fold_of == fold)


class LabelledKFold(StratifiedKFold):
    """Stratified folds of the labelled samples; the unlabelled ones are in every training part.

    Unlabelled samples have the label -1, or None, as for `LSTMClassifier`. Folds of tagged
    sentences, as for `LSTMTagger`, are not stratified; sentences with an unknown tag count as
    unlabelled.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    shuffle : bool, default=False
        Whether to shuffle the labelled samples of each class first.
    random_state : int, RandomState instance or None, default=None
        Seeds the order if `shuffle` is True, and must be None otherwise.

    See Also
    --------
    sklearn.model_selection.StratifiedKFold : Takes -1 for one more class.

    Examples
    --------
    >>> from sklstm.model_selection import LabelledKFold
    >>> X, y = ["good", "bad", "a film", "fine", "poor", "a plot"], [1, 0, -1, 1, 0, -1]
    >>> for train, test in LabelledKFold(n_splits=2).split(X, y):
    ...     print(train, test)
    [2 3 4 5] [0 1]
    [0 1 2 5] [3 4]
    """

    def split(self, X, y, groups=None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Generate the indices of training and test samples.

        Parameters
        ----------
        X : array-like of shape (n_samples,)
            The samples.
        y : array-like of shape (n_samples,)
            Their labels, -1, None or NaN for unlabelled ones; or a list of tags for each.
        groups : object, default=None
            Ignored, as by `sklearn.model_selection.StratifiedKFold`.

        Yields
        ------
        train, test : ndarray of int
            Indices in ascending order.
        """
        if self.shuffle:
            to_random_state(self.random_state)
        is_tagged = _are_tagged(y) or are_annotations(y)
        if is_tagged:
            marks = np.array([is_missing(tags) or None in list(tags) for tags in y], bool)
        elif to_array(y, "y", expected := "one label for each sample").ndim == 0:
            raise ValueError(f"y must be {expected}; got {describe(y)}.")
        else:
            marks = find_unlabelled(y, expected=True)
        check_same_length(X=X, y=y)
        if marks is None:
            yield from super().split(X, y, groups)
            return
        labelled, unlabelled = np.flatnonzero(~marks), np.flatnonzero(marks)
        if is_tagged:
            folds = KFold(self.n_splits, shuffle=self.shuffle, random_state=self.random_state)
            parts = folds.split(labelled)
        else:
            labels = np.asarray(column_of_labels(y).ravel()[labelled].tolist())
            parts = super().split(labelled, labels)
        for train, test in parts:
            yield np.sort(np.concatenate([labelled[train], unlabelled])), labelled[test]


def annotation_order(estimator, X, *, return_confidence: bool = False) -> np.ndarray | Any:
    r"""Order samples by the confidence of their predictions, the least confident first.

    In active learning, these are annotated next [1]_. The confidence is the probability of what is
    predicted: of the class, of the set of labels, or of the best path of tags of a sentence with
    :math:`T` tokens, where the geometric mean keeps long sentences from always being first [2]_:

    .. math::

        \max_k P(y = k \mid x), \qquad \prod_k \max(p_k, 1 - p_k), \qquad
        \max_y P(y \mid x)^{1 / T}

    Parameters
    ----------
    estimator : estimator or Pipeline
        Fitted, with ``predict_n_best`` as `LSTMTagger` has it, or with ``predict_proba``.
    X : sequence of length n_samples
        The samples, such as those without labels.
    return_confidence : bool, default=False
        Whether to return the confidences, too.

    Returns
    -------
    order : ndarray of int, shape (n_samples,)
        The positions of the samples in X, the least confident first. The empty come last.
    confidence : ndarray of shape (n_samples,)
        From 0 to 1, in the order of X; only if `return_confidence` is True.

    Raises
    ------
    TypeError
        If the estimator predicts no probabilities.

    References
    ----------
    .. [1] Lewis and Gale (1994), A sequential algorithm for training text classifiers, SIGIR.
       https://doi.org/10.1007/978-1-4471-2099-5_1
    .. [2] Shen et al. (2018), Deep active learning for named entity recognition, ICLR.
       https://doi.org/10.48550/arXiv.1707.05928

    Examples
    --------
    >>> from sklstm import LSTMTagger
    >>> from sklstm.model_selection import annotation_order
    >>> sentences = [["Ada", "met", "Alan"], ["Ada", "slept"]] * 8
    >>> tags = [["B-PER", "O", "B-PER"], ["B-PER", "O"]] * 8
    >>> tagger = LSTMTagger(hidden_size=8, lr=0.03, max_epochs=20, random_state=0)
    >>> tagger = tagger.fit(sentences, tags)
    >>> others = [["Ada", "slept"], ["Zoe", "and", "Max", "danced"], ["Ada", "met", "Alan"]]
    >>> annotation_order(tagger, others)[0]
    np.int64(1)
    """
    check_bool(return_confidence, "return_confidence")
    if not hasattr(estimator, "predict_proba"):  # of a search over taggers
        estimator = getattr(estimator, "best_estimator_", estimator)
    if isinstance(estimator, Pipeline) and hasattr(estimator[-1], "predict_n_best"):
        X = estimator[:-1].transform(X) if len(estimator) > 1 else X
        estimator = estimator[-1]
    if hasattr(estimator, "predict_n_best"):
        best = [paths[0] for paths in estimator.predict_n_best(X, n=1)]
        logs = [log_probability / max(len(tags), 1) for tags, log_probability in best]
        confidence = np.exp(np.array(logs))
    elif hasattr(estimator, "predict_proba"):
        confidence = _confidence(estimator.predict_proba(X))
    else:
        raise TypeError(
            "estimator must be a classifier with predict_proba, a tagger, or a pipeline or search "
            f"that ends with one; got {describe(estimator)}."
        )
    order = np.argsort(confidence, kind="stable")
    return (order, confidence) if return_confidence else order


def _confidence(probabilities):
    """Return the probability of the predicted class, or set of labels, of each sample."""
    if isinstance(probabilities, list):  # of each label, as scikit-learn's forests have it
        return np.prod([one.max(axis=1) for one in probabilities], axis=0)
    if np.allclose(probabilities.sum(axis=1), 1, atol=1e-3):
        return probabilities.max(axis=1)
    return np.maximum(probabilities, 1 - probabilities).prod(axis=1)


def _are_tagged(y):
    """Whether there are lists of tags, and not one label for each sample."""
    if getattr(y, "ndim", 1) != 1 or not np.iterable(y):
        return False
    lists = (tags for tags in y if isinstance(tags, (list, tuple, np.ndarray)))
    return any(isinstance(tag, str) for tags in lists for tag in tags)


def _number_documents(groups):
    """Number the document of each sentence from 0, in order of appearance."""
    groups = to_array(groups, "groups", "the name or number of the document of each sentence")
    if groups.ndim != 1 and groups.shape[1:] != (1,):
        raise ValueError(f"groups must be one for each sentence; got the shape {groups.shape}.")
    names = column_or_1d(groups).tolist()
    for sentence, name in enumerate(names):
        if name is None or (name == name) is not True:  # NaN differs from itself
            raise ValueError(
                f"groups[{sentence}] is {name}: every sentence needs the name or number of its "
                "document. Give a sentence without a document a name of its own."
            )
    number_of = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([number_of[name] for name in names])


def _document_shares(X, y, document_of):
    """Return each document's shares of tokens and entities, shape (n_documents, 1 + n_types)."""
    if are_annotations(y):
        lengths = np.array([len(text) if hasattr(text, "__len__") else 1 for text in X])
        rows = enumerate(read_rows(y, "y"))
        found = [(kind, row) for row, in_row in rows for _, _, kind in in_row]
        kinds, sentences = map(list, zip(*found, strict=True))
    else:
        kinds, sentences, lengths = _kinds_of_tags(y)
    names, kinds = np.unique(kinds, return_inverse=True)
    counts = np.zeros((document_of.max() + 1, 1 + len(names)))
    np.add.at(counts[:, 0], document_of, lengths)
    np.add.at(counts[:, 1:], (document_of[sentences], kinds), 1)
    return counts / np.maximum(counts.sum(axis=0), 1)  # without tokens all shares are 0


def _kinds_of_tags(y):
    """Return types and sentences of all entities, or of plain tags, and the sentences' lengths."""
    y = check_tags(y, None)
    lengths = np.array([len(tags) for tags in y])
    scheme = infer_scheme(y)
    if scheme is None:
        return list(chain.from_iterable(y)), np.repeat(np.arange(len(y)), lengths), lengths
    kinds, sentences, *_ = span_columns(y, scheme)
    return kinds, sentences, lengths


def _assign_folds(shares, order, n_folds):
    """Assign each document, in this order, to the fold that is least like it so far."""
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
