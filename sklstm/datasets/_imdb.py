"""IMDB reviews, too large and not free enough to be shipped."""

import csv
import gzip
import re
import tarfile
from os import PathLike
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from sklearn.utils import Bunch, check_random_state

from sklstm import _typing as t
from sklstm._sklearn import StrOptions, validate_params
from sklstm.datasets._download import check_sha256, fetch_file, get_data_home
from sklstm.datasets._shipped import read_text

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
    """Make a review from a name like ``pos/200_8``: label, number and rating."""
    folder, number, rating = re.fullmatch(r"(neg|pos|unsup)/(\d+)_(\d+)", name).groups()
    return Review(LABELS[folder], int(number), int(rating), text)


def reviews_from_csv(path, subset):
    check_sha256(path, CSV_SHA256[subset], path)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return [make_review(row["id"], row["text"]) for row in csv.DictReader(file)]


def reviews_from_archive(path, subset):
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


def reviews_from_folder(path, subset):
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


def read_reviews(path, subset, sha256):
    """Read the reviews of a subset from a local copy in any of its common layouts."""
    if (table := path / f"{subset}.csv.gz").is_file():
        return reviews_from_csv(table, subset)
    for folder in (path, path / "aclImdb"):
        if (folder / FOLDERS[subset][0]).is_dir():
            return reviews_from_folder(folder, subset)
    if path.is_file():
        check_sha256(path, sha256, path)
        return reviews_from_archive(path, subset)
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
    subset: Literal["train", "test", "unsup", "all"] = "train",
    data_home: t.Path | None = None,
    path: t.Path | None = None,
    url: str = URL,
    sha256: str = SHA256,
    download_if_missing: bool = True,
    shuffle: bool = True,
    random_state: t.RandomState = 0,
    return_X_y: bool = False,
) -> Bunch | Any:
    """Fetch IMDB's 50,000 labelled and 50,000 unlabelled film reviews.

    The Large Movie Review Dataset v1.0 [1]_, with its official split. The first call downloads it
    (84 MB), checks its sha256, and keeps it. With a local copy in `path`, nothing is written.

    Parameters
    ----------
    subset : {"train", "test", "unsup", "all"}, default="train"
        25,000 reviews for training, 25,000 for testing, 50,000 without labels, or all 50,000
        labelled ones.
    data_home : str or path-like, default=None
        Folder for downloads. None is the environment variable ``SKLSTM_DATA``, or
        ``~/sklstm_data`` if that is not set.
    path : str or path-like, default=None
        A local copy to read instead: the original ``aclImdb_v1.tar.gz``, the folder ``aclImdb``
        unpacked from it (or its parent), or a folder with ``train.csv.gz``, ``test.csv.gz`` and
        ``unsup.csv.gz``, each with the columns ``id`` (like ``pos/200_8``), ``rating``, ``label``
        and ``text``. None downloads. Archive and tables are checked by sha256, folders by their
        number of reviews.
    url : str
        Address of the archive, by default that of the authors at Stanford.
    sha256 : str
        Expected sha256 of the archive, by default that of the archive at Stanford.
    download_if_missing : bool, default=True
        Whether to download if needed; if False, raise an OSError instead.
    shuffle : bool, default=True
        Whether to shuffle. Otherwise the negative reviews of a subset come first.
    random_state : int, RandomState instance or None, default=0
        Seeds the order of the shuffled reviews.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of the Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with:

        data : list of str
            The reviews, with ``<br />`` for line breaks.
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
        If the download fails, or a copy is incomplete or altered.

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
    reviews = [review for part in subsets for review in sorted(read_reviews(path, part, sha256))]
    if shuffle:
        order = check_random_state(random_state).permutation(len(reviews))
        reviews = [reviews[i] for i in order]
    bunch = Bunch(
        data=[review.text for review in reviews],
        target=np.array([review.label for review in reviews]),
        target_names=["negative", "positive"],
        rating=np.array([review.rating for review in reviews]),
        DESCR=read_text("imdb.rst"),
    )
    return (bunch.data, bunch.target) if return_X_y else bunch
