"""IMDB's reviews: too many, and not free enough, to be shipped."""

import csv
import gzip
import re
import tarfile
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.utils import Bunch, check_random_state

from sklstm._sklearn import StrOptions, validate_params
from sklstm.datasets._download import check_sha256, fetch_file, get_data_home
from sklstm.datasets._shipped import read_data

URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
SHA256 = "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe"
CSV_SHA256 = {
    "train": "5ee5f8fe0ea9e2da40a25c9db9be62c6f7b577a65027ff16bcfa32bed37468b2",
    "test": "0328c0e4d397735afc1351c8e5aa93b2010939f5fa7235f419189aecfcd4596e",
    "unsup": "4319f7117f84f596dbe7c07f385f76ef2c6db9034327a645cc0d5135d65d60dd",
}
N_REVIEWS = {"train": 25_000, "test": 25_000, "unsup": 50_000}
FOLDERS = {
    "train": ("train/neg", "train/pos"),
    "test": ("test/neg", "test/pos"),
    "unsup": ("train/unsup",),
}
LABELS = {"neg": 0, "pos": 1, "unsup": -1}


class Review(NamedTuple):
    """One review; sorted by label, then by number."""

    label: int
    number: int
    rating: int
    text: str


def make_review(name, text):
    """Review of a file named like ``pos/200_8``: label, number and rating."""
    folder, number, rating = re.fullmatch(r"(neg|pos|unsup)/(\d+)_(\d+)", name).groups()
    return Review(LABELS[folder], int(number), int(rating), text)


def read_csv(path, subset):
    check_sha256(path, CSV_SHA256[subset], path)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return [make_review(row["id"], row["text"]) for row in csv.DictReader(file)]


def read_archive(path, subset):
    """Read the original archive without unpacking it to disk."""
    folders = "|".join(FOLDERS[subset])
    wanted = re.compile(rf"aclImdb/(?:{folders})/\d+_\d+\.txt")
    with tarfile.open(path, "r:gz") as archive:
        return [
            make_review(
                "/".join(Path(member.name).with_suffix("").parts[-2:]),
                archive.extractfile(member).read().decode(),
            )
            for member in archive
            if member.isfile() and wanted.fullmatch(member.name)
        ]


def read_folder(path, subset):
    reviews = [
        make_review(f"{file.parent.name}/{file.stem}", file.read_bytes().decode())
        for folder in FOLDERS[subset]
        for file in (path / folder).glob("*_*.txt")
    ]
    if len(reviews) != N_REVIEWS[subset]:
        raise OSError(
            f"{path} holds {len(reviews):,} of the {N_REVIEWS[subset]:,} reviews of "
            f"subset={subset!r}: the copy is incomplete."
        )
    return reviews


def read_copy(path, subset, sha256):
    """Read one subset from a local copy in any of the layouts it is found in."""
    if (table := path / f"{subset}.csv.gz").is_file():
        return read_csv(table, subset)
    for folder in (path, path / "aclImdb"):
        if (folder / FOLDERS[subset][0]).is_dir():
            return read_folder(folder, subset)
    if path.is_file():
        check_sha256(path, sha256, path)
        return read_archive(path, subset)
    raise FileNotFoundError(
        f"{path} holds no {subset} part of the IMDB reviews. It should be the archive "
        "aclImdb_v1.tar.gz, the folder aclImdb unpacked from it, or a folder with "
        f"{subset}.csv.gz."
    )


@validate_params(
    {
        "subset": [StrOptions({"train", "test", "unsup", "all"})],
        "data_home": [str, PathLike, None],
        "path": [str, PathLike, None],
        "url": [str],
        "sha256": [str],
        "download_if_missing": ["boolean"],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_imdb(
    *,
    subset="train",
    data_home=None,
    path=None,
    url=URL,
    sha256=SHA256,
    download_if_missing=True,
    shuffle=True,
    random_state=0,
    return_X_y=False,
):
    """Fetch IMDB's 50,000 labelled and 50,000 unlabelled film reviews.

    The Large Movie Review Dataset v1.0 [1]_, with its official split. It is downloaded on the
    first call (84 MB), checked against its sha256, and kept. Nothing is written to disk where
    `path` names a local copy.

    Parameters
    ----------
    subset : {"train", "test", "unsup", "all"}, default="train"
        25,000 reviews to learn from, 25,000 to test with, 50,000 without labels, or all
        50,000 labelled ones.
    data_home : str or path-like, default=None
        Folder that downloads are kept in. None stands for the environment variable
        ``SKLSTM_DATA``, or ``~/sklstm_data`` where that is not set.
    path : str or path-like, default=None
        A local copy to read in place of a download: the original ``aclImdb_v1.tar.gz``, the
        folder ``aclImdb`` unpacked from it (or the folder around it), or a folder with
        ``train.csv.gz``, ``test.csv.gz`` and ``unsup.csv.gz``, each with the columns ``id``
        (like ``pos/200_8``), ``rating``, ``label`` and ``text``. Archive and tables are checked
        against their sha256, the folder by the number of reviews.
    url : str
        Address of the archive; the default is the authors' page at Stanford.
    sha256 : str
        The archive's sha256. The default is the one that several other libraries publish for
        the archive at Stanford.
    download_if_missing : bool, default=True
        If False, raise an OSError where a download would be needed.
    shuffle : bool, default=True
        Whether to shuffle. If False, all negative reviews of a subset come before the positive.
    random_state : int, RandomState instance or None, default=0
        Order of the shuffled reviews.
    return_X_y : bool, default=False
        If True, return ``(data, target)`` in place of the Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with:

        data : list of str
            The reviews, with ``<br />`` for the ends of lines.
        target : ndarray of int, shape (n_reviews,)
            0 for negative, 1 for positive, -1 for unlabelled.
        target_names : list of str
            ``["negative", "positive"]``.
        rating : ndarray of int, shape (n_reviews,)
            Stars from 1 to 10 (never 5 or 6), 0 for unlabelled.
        DESCR : str
            Description, licence and reference.
    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    OSError
        If the download fails, or a copy is not what it should be.

    References
    ----------
    .. [1] Maas et al. (2011), Learning word vectors for sentiment analysis, ACL.
       https://aclanthology.org/P11-1015

    Examples
    --------
    >>> from sklstm.datasets import fetch_imdb
    >>> texts, labels = fetch_imdb(return_X_y=True)  # doctest: +SKIP
    """
    if path is None:
        path = get_data_home(data_home) / "imdb" / "aclImdb_v1.tar.gz"
        fetch_file(url, sha256, path, download_if_missing)
    path = Path(path).expanduser()
    subsets = ("train", "test") if subset == "all" else (subset,)
    reviews = [review for part in subsets for review in sorted(read_copy(path, part, sha256))]
    if shuffle:
        order = check_random_state(random_state).permutation(len(reviews))
        reviews = [reviews[i] for i in order]
    bunch = Bunch(
        data=[review.text for review in reviews],
        target=np.array([review.label for review in reviews]),
        target_names=["negative", "positive"],
        rating=np.array([review.rating for review in reviews]),
        DESCR=read_data("imdb.rst"),
    )
    return (bunch.data, bunch.target) if return_X_y else bunch
