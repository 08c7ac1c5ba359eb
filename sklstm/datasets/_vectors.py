"""Ready word vectors, fetched from the web."""

from contextlib import contextmanager
from difflib import get_close_matches
from http import HTTPStatus
from importlib.util import find_spec
from numbers import Integral
from os import PathLike
from time import sleep
from typing import TYPE_CHECKING

from sklstm import _typing as t
from sklstm._optional import import_optional
from sklstm._sklearn import Interval, validate_params
from sklstm._vector_files import read_tokens_and_table
from sklstm._vector_tables import keep_first
from sklstm.datasets._download import TIMEOUT_SECONDS, digest_of, get_data_home
from sklstm.datasets._vector_registry import REGISTRY, describe, list_names

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

RETRY_SECONDS = 1.0  # before the first retry, then twice as long each time
PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


@validate_params(
    {
        "name": [str],
        "data_home": [str, PathLike, None],
        "url": [str, None],
        "max_tokens": [Interval(Integral, 1, None, closed="left"), None],
        "n_retries": [Interval(Integral, 0, None, closed="left")],
        "download_if_missing": ["boolean"],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_vectors(
    name: str,
    *,
    data_home: t.Path | None = None,
    url: str | None = None,
    max_tokens: int | None = None,
    n_retries: int = 3,
    download_if_missing: bool = True,
    verbose: int = 0,
) -> "KeyedVectors":
    """Fetch ready word vectors.

    The first call downloads them, checks their digest and keeps the file; this needs the extra
    ``sklstm[fetch]``. A zip archive is kept as it is, and only the file of vectors in it is read.

    They are read into memory. To train with them, pass just the name to `Word2VecEmbedder`,
    `text_classifier` or `entity_tagger`, as ``vectors=name``: clones and pickles copy parameters.

    Parameters
    ----------
    name : str
        GloVe [1]_ has the licence PDDL 1.0: ``glove-wiki-gigaword-50``, ``-100``, ``-200`` and
        ``-300`` (69 to 394 MB; or ``glove-6b-50`` and so on, all in one archive of 862 MB) for
        lower-cased words; ``glove-twitter-25``, ``-50``, ``-100`` and ``-200`` for tweets;
        ``glove-42b-300``; ``glove-840b-300``, with case. FastText [2]_ has the licence CC BY-SA
        3.0: ``fasttext-wiki-news-300``, ``fasttext-wiki-news-subwords-300``,
        ``fasttext-crawl-300``, with case. ``word2vec-ruscorpora-300`` [3]_ is Russian, for lemmas
        with their part of speech, under CC BY 4.0. ``word2vec-google-news-300`` has no stated
        licence. The names are those of gensim's downloader, where it has the vectors.
    data_home : str or path-like, default=None
        Folder for downloads; the file is in its folder ``vectors``. None is the environment
        variable ``SKLSTM_DATA``, or ``~/sklstm_data`` if that is not set.
    url : str, default=None
        Address of a copy, for example on a mirror; the digest must be the same. None is the
        address of those who publish the vectors.
    max_tokens : int, default=None
        Number of vectors to read, the most frequent words first. None reads all.
    n_retries : int, default=3
        How often to try again after a connection that failed or was cut, or a server that is busy.
    download_if_missing : bool, default=True
        Whether to download if needed; if False, raise an OSError instead.
    verbose : int, default=0
        Whether to print what is fetched, with its licence, and the progress.

    Returns
    -------
    gensim.models.KeyedVectors
        The vectors, with the further attributes ``name``, ``language``, ``licence`` and ``DESCR``.

    Raises
    ------
    ValueError
        If the name is not known. The message lists the names with sizes and licences.
    OSError
        If the download fails, or the file is not the one that it should be. Nothing is kept then.

    See Also
    --------
    sklstm.Word2VecEmbedder : Takes the vectors, or their name.

    References
    ----------
    .. [1] Pennington, Socher and Manning (2014), GloVe: Global vectors for word representation,
       EMNLP. https://doi.org/10.3115/v1/D14-1162
    .. [2] Mikolov et al. (2018), Advances in pre-training distributed word representations, LREC.
       https://doi.org/10.48550/arXiv.1712.09405
    .. [3] Kutuzov and Kuzmenko (2017), WebVectors: A toolkit for building web interfaces for vector
       semantic models, AIST. https://doi.org/10.1007/978-3-319-52920-2_15

    Examples
    --------
    >>> from sklstm.datasets import fetch_vectors
    >>> vectors = fetch_vectors("glove-wiki-gigaword-100")  # doctest: +SKIP
    >>> vectors.licence  # doctest: +SKIP
    'PDDL 1.0, public domain, https://opendatacommons.org/licenses/pddl/1-0/'
    """
    from gensim.models import KeyedVectors

    path, member = fetch_vector_file(
        name,
        data_home=data_home,
        url=url,
        n_retries=n_retries,
        download_if_missing=download_if_missing,
        verbose=verbose,
    )
    tokens, table = keep_first(*read_tokens_and_table(path, max_tokens, member))
    vectors = KeyedVectors(table.shape[1])
    vectors.add_vectors(tokens, table[2:])
    vectors.name, vectors.DESCR = name, describe(name)
    vectors.language, vectors.licence = REGISTRY[name].language, REGISTRY[name].licence
    return vectors


def fetch_vector_file(
    name, *, data_home=None, url=None, n_retries=3, download_if_missing=True, verbose=0
):
    """Return the path of ready vectors, which are downloaded if needed, and the member to read."""
    if name not in REGISTRY:
        close = get_close_matches(name, REGISTRY, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"There are no vectors called {name!r}.{hint} Known are:\n{list_names()}")
    entry = REGISTRY[name]
    if verbose:
        print(describe(name), flush=True)
    path = get_data_home(data_home) / "vectors" / entry.file_name
    if not (path.exists() and digest_of(path, entry.hash) == entry.hash):
        if not download_if_missing:
            raise OSError(
                f"{path} is missing or damaged, and download_if_missing is False. Set it to True, "
                f"or put the file there: {entry.url}"
            )
        _download(entry, path, url or entry.url, n_retries, verbose)
    return path, entry.member


def _download(entry, path, url, n_retries, verbose):
    """Download a file with pooch, which keeps it only if its digest is right."""
    pooch = import_optional("pooch", extra="fetch")
    requests = import_optional("requests", extra="fetch")  # which pooch downloads with
    store = pooch.create(
        path.parent, base_url="", registry={path.name: entry.hash}, urls={path.name: url}
    )
    progress = bool(verbose) and find_spec("tqdm") is not None
    for attempt in range(n_retries + 1):
        try:
            with _silence(pooch.get_logger()):
                downloader = pooch.HTTPDownloader(progressbar=progress, timeout=TIMEOUT_SECONDS)
                store.fetch(path.name, downloader=downloader)
            return
        except ValueError as error:
            if "hash" not in str(error):  # not of the file, but of the address
                raise OSError(_failure(url, path, attempt, error)) from error
            raise OSError(
                f"{url} is not the file it should be: its digest is another than {entry.hash}. It "
                "was cut short, or is another version. Nothing was kept. Try again, or name "
                "another copy with url=."
            ) from error
        except OSError as error:
            if not isinstance(error, requests.RequestException):
                raise OSError(
                    f"The download cannot be stored in {path.parent} ({error}). Name a folder that "
                    "can be written to with data_home= or in SKLSTM_DATA."
                ) from error
            if attempt == n_retries or not _may_pass(error, requests.exceptions):
                raise OSError(_failure(url, path, attempt, error)) from error
            wait = RETRY_SECONDS * 2**attempt
            if verbose:
                print(f"The download failed ({error}); next try in {wait:g} s.", flush=True)
            sleep(wait)


def _may_pass(error, kinds):
    """Tell whether a failed download may succeed later."""
    if error.response is not None:
        status = error.response.status_code
        return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in PASSING
    return isinstance(error, (kinds.ConnectionError, kinds.Timeout, kinds.ChunkedEncodingError))


def _failure(url, path, attempt, error):
    tries = "try" if not attempt else "tries"
    return (
        f"{url} could not be downloaded in {attempt + 1} {tries} ({error}). Nothing was kept. "
        "Check the connection and try again later, name a mirror with url=, or put the file at "
        f"{path}."
    )


@contextmanager
def _silence(logger):
    """Keep pooch from writing to stderr what is told here."""
    level = logger.level
    logger.setLevel("ERROR")
    try:
        yield
    finally:
        logger.setLevel(level)
