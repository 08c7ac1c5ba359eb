"""Loaders of the data sets in the ``data`` folder; its PROVENANCE.md says where they are from."""

import gzip
from importlib import resources

import numpy as np
from sklearn.utils import Bunch

from sklstm._sklearn import StrOptions, validate_params
from sklstm.datasets._conll import group_rows, read_rows

SOURCES = ("amazon", "imdb", "yelp")


def read_data(name):
    """Text of one file of the data folder, unpacked where it is packed."""
    content = (resources.files("sklstm.datasets") / "data" / name).read_bytes()
    return (gzip.decompress(content) if name.endswith(".gz") else content).decode()


def read_lines(name):
    # str.splitlines would also split at U+0085, which occurs inside sentences.
    return read_data(name).removesuffix("\n").split("\n")


@validate_params(
    {"source": [StrOptions({*SOURCES, "all"})], "return_X_y": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def load_sentences(*, source="all", return_X_y=False):
    """Load 3,000 sentences from reviews, labelled negative or positive.

    The "Sentiment Labelled Sentences" of Kotzias et al. [1]_: per source, 500 negative and
    500 positive sentences from reviews of products, films and restaurants.

    Parameters
    ----------
    source : {"amazon", "imdb", "yelp", "all"}, default="all"
        Which reviews the sentences are from.
    return_X_y : bool, default=False
        If True, return ``(data, target)`` in place of the Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with:

        data : list of str
            The sentences.
        target : ndarray of int, shape (n_sentences,)
            0 for negative, 1 for positive.
        target_names : list of str
            ``["negative", "positive"]``.
        source : ndarray of str, shape (n_sentences,)
            Where each sentence is from.
        DESCR : str
            Description, licence and reference.
    (data, target) : tuple
        If `return_X_y` is True.

    References
    ----------
    .. [1] Kotzias et al. (2015), From group to individual labels using deep features, KDD.
       https://doi.org/10.1145/2783258.2783380

    Examples
    --------
    >>> from sklstm.datasets import load_sentences
    >>> texts, labels = load_sentences(source="yelp", return_X_y=True)
    >>> texts[:2]
    ['Wow... Loved this place.', 'Crust is not good.']
    >>> labels[:2]
    array([1, 0])
    """
    sources = SOURCES if source == "all" else (source,)
    rows = [
        (*line.rsplit("\t", 1), name)
        for name in sources
        for line in read_lines(f"sentences_{name}.txt.gz")
    ]
    texts, labels, origins = zip(*rows, strict=True)
    bunch = Bunch(
        data=[text.strip() for text in texts],
        target=np.array(labels, dtype=int),
        target_names=["negative", "positive"],
        source=np.array(origins),
        DESCR=read_data("sentences.rst"),
    )
    return (bunch.data, bunch.target) if return_X_y else bunch


@validate_params({"return_X_y": ["boolean"]}, prefer_skip_nested_validation=True)
def load_wikigold(*, return_X_y=False):
    """Load 1,696 sentences of Wikipedia with their named entities.

    Persons, places, organisations and other names in 145 articles, marked by hand [1]_. Tags
    follow the CoNLL-2003 convention: ``I-PER`` is inside the name of a person, ``O`` outside
    of all names. This is the IOB1 scheme without ``B-``: two names of one type that touch
    count as one.

    Parameters
    ----------
    return_X_y : bool, default=False
        If True, return ``(data, target)`` in place of the Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with:

        data : list of list of str
            The tokens of each sentence.
        target : list of list of str
            The tag of each token.
        target_names : list of str
            All tags, sorted.
        documents : ndarray of int, shape (n_sentences,)
            The article each sentence is from, for a split by article.
        groups : ndarray of int, shape (n_sentences,)
            The same, under the name that scikit-learn's splitters have for it.
        DESCR : str
            Description, licence and reference.
    (data, target) : tuple
        If `return_X_y` is True.

    References
    ----------
    .. [1] Balasuriya et al. (2009), Named entity recognition in Wikipedia, People's Web Meets NLP.
       https://aclanthology.org/W09-3302

    Examples
    --------
    >>> from sklstm.datasets import load_wikigold
    >>> tokens, tags = load_wikigold(return_X_y=True)
    >>> list(zip(tokens[0], tags[0]))[:3]
    [('010', 'I-MISC'), ('is', 'O'), ('the', 'O')]
    """
    bunch = group_rows(read_rows(read_data("wikigold.conll.txt.gz")))
    bunch.groups = bunch.documents
    bunch.DESCR = read_data("wikigold.rst")
    return (bunch.data, bunch.target) if return_X_y else bunch


@validate_params({"return_X_y": ["boolean"]}, prefer_skip_nested_validation=True)
def load_names(*, return_X_y=False):
    """Load 20,050 surnames from 18 languages.

    A task for characters: tell the language of a name from its spelling [1]_. The languages
    are unequal: nearly half of the names are Russian, and 689 names occur more than once.

    Parameters
    ----------
    return_X_y : bool, default=False
        If True, return ``(data, target)`` in place of the Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with:

        data : list of str
            The names, in Latin letters with accents.
        target : ndarray of int, shape (20050,)
            The language of each, an index into `target_names`.
        target_names : list of str
            The languages.
        DESCR : str
            Description, licence and reference.
    (data, target) : tuple
        If `return_X_y` is True.

    References
    ----------
    .. [1] Robertson (2017), Classifying names with a character-level RNN.
       https://github.com/spro/practical-pytorch

    Examples
    --------
    >>> from sklstm.datasets import load_names
    >>> names = load_names()
    >>> names.data[0], names.target_names[names.target[0]]
    ('Khoury', 'Arabic')
    """
    names, languages = zip(
        *(line.split("\t") for line in read_lines("names.txt.gz")),
        strict=True,
    )
    target_names, target = np.unique(languages, return_inverse=True)
    bunch = Bunch(
        data=list(names),
        target=target,
        target_names=target_names.tolist(),
        DESCR=read_data("names.rst"),
    )
    return (bunch.data, bunch.target) if return_X_y else bunch


def load_shakespeare():
    r"""Load a piece of Shakespeare: 200,000 characters as 1,405 speeches.

    The beginning of "tiny Shakespeare" [1]_, for language models: *Coriolanus* and the
    opening of *Richard III*. Nearly every speech opens with a line that names its speaker.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with:

        data : list of str
            The speeches in order; ``"\n\n".join(data)`` is the running text.
        DESCR : str
            Description, licence and reference.

    References
    ----------
    .. [1] Karpathy (2015), The unreasonable effectiveness of recurrent neural networks.
       https://karpathy.github.io/2015/05/21/rnn-effectiveness/

    Examples
    --------
    >>> from sklstm.datasets import load_shakespeare
    >>> print(load_shakespeare().data[1])
    All:
    Speak, speak.
    """
    return Bunch(
        data=read_data("shakespeare.txt.gz").removesuffix("\n").split("\n\n"),
        DESCR=read_data("shakespeare.rst"),
    )
