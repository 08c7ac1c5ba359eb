"""Loaders of the data sets in the folder ``data``, whose PROVENANCE.md has their sources."""

import gzip
from importlib import resources
from typing import Any, Literal

import numpy as np
from sklearn.utils import Bunch

from sklstm._sklearn import StrOptions, validate_params
from sklstm.datasets._conll import group_rows, read_rows

SOURCES = ("amazon", "imdb", "yelp")


def read_text(name):
    """Read the text of a file in the folder ``data``, unpacked if its name ends with ``.gz``."""
    content = (resources.files("sklstm.datasets") / "data" / name).read_bytes()
    return (gzip.decompress(content) if name.endswith(".gz") else content).decode()


def read_lines(name):
    # str.splitlines would also split at U+0085, which occurs inside sentences.
    return read_text(name).removesuffix("\n").split("\n")


@validate_params(
    {"source": [StrOptions({*SOURCES, "all"})], "return_X_y": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def load_sentences(
    *, source: Literal["amazon", "imdb", "yelp", "all"] = "all", return_X_y: bool = False
) -> Bunch | Any:
    """Load 3,000 sentences from reviews, labelled negative or positive.

    The "Sentiment Labelled Sentences" of Kotzias et al. [1]_: per source, 500 negative and
    500 positive sentences from reviews of products, films and restaurants.

    Parameters
    ----------
    source : {"amazon", "imdb", "yelp", "all"}, default="all"
        The source of the reviews.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of the Bunch.

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
            The source of each sentence.
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
        DESCR=read_text("sentences.rst"),
    )
    return (bunch.data, bunch.target) if return_X_y else bunch


@validate_params({"return_X_y": ["boolean"]}, prefer_skip_nested_validation=True)
def load_wikigold(*, return_X_y: bool = False) -> Bunch | Any:
    """Load 1,696 sentences of Wikipedia with their named entities.

    Persons, places, organisations and other names in 145 articles, annotated by hand [1]_. As in
    CoNLL-2003, ``I-PER`` is inside the name of a person and ``O`` outside of all names. This is
    the IOB1 scheme without ``B-``: adjacent names of one type count as one.

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of the Bunch.

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
            The article of each sentence, for splits by article.
        groups : ndarray of int, shape (n_sentences,)
            The same, under the name that scikit-learn's splitters use.
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
    bunch = group_rows(read_rows(read_text("wikigold.conll.txt.gz")))
    bunch.groups = bunch.documents
    bunch.DESCR = read_text("wikigold.rst")
    return (bunch.data, bunch.target) if return_X_y else bunch


@validate_params({"return_X_y": ["boolean"]}, prefer_skip_nested_validation=True)
def load_names(*, return_X_y: bool = False) -> Bunch | Any:
    """Load 20,050 surnames from 18 languages.

    A task for characters: tell the language of a name from its spelling [1]_. Classes are
    imbalanced: nearly half of the names are Russian. 689 names occur more than once.

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of the Bunch.

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
    rows = (line.split("\t") for line in read_lines("names.txt.gz"))
    names, languages = zip(*rows, strict=True)
    target_names, target = np.unique(languages, return_inverse=True)
    bunch = Bunch(
        data=list(names),
        target=target,
        target_names=target_names.tolist(),
        DESCR=read_text("names.rst"),
    )
    return (bunch.data, bunch.target) if return_X_y else bunch


def load_shakespeare() -> Bunch:
    r"""Load 200,000 characters of Shakespeare as 1,405 speeches.

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
        data=read_text("shakespeare.txt.gz").removesuffix("\n").split("\n\n"),
        DESCR=read_text("shakespeare.rst"),
    )
