"""Fetching of ready vectors, from a server on this machine."""

import gzip
import hashlib
import io
import logging
import pickle
import re
import sys
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
from gensim.models import KeyedVectors

from sklstm import Word2VecEmbedder, text_classifier
from sklstm.datasets import _vectors, fetch_vectors
from sklstm.datasets._vector_registry import CC_BY, PDDL, REGISTRY, ReadyVectors

TOKENS = ["the", "film", "good"]
TABLE = np.arange(6, dtype=np.float32).reshape(3, 2)
TEXT = b"3 2\n" + b"".join(
    b"%s %g %g\n" % (token.encode(), *row) for token, row in zip(TOKENS, TABLE, strict=True)
)


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


FILES = {
    "small.gz": gzip.compress(TEXT),
    "small.zip": zipped(other=b"x" * 1000, vectors=TEXT.partition(b"\n")[2]),
}


class Server(BaseHTTPRequestHandler):
    """Serves the files, with faults that the first part of the path names, and counts requests."""

    requests: list
    faults_left = 0

    def do_GET(self):
        _, fault, name = self.path.split("/")
        self.requests.append(self.path)
        content, status = FILES[name], 200
        if fault == "busy-twice" and self.faults_left:
            status, type(self).faults_left = 503, self.faults_left - 1
        status = {"missing": 404, "broken": 500}.get(fault, status)
        self.send_response(status)
        cut = fault == "cut" or (fault == "cut-twice" and self.faults_left)
        if fault != "cut-unannounced":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if fault == "cut-twice" and self.faults_left:
            type(self).faults_left -= 1
        if fault == "other":
            content = bytes(len(content))
        self.wfile.write(content[:20] if cut or fault == "cut-unannounced" else content)

    def log_message(self, *args):
        """Keep the tests' output clean."""


@pytest.fixture
def server():
    handler = type("Handler", (Server,), {"requests": [], "faults_left": 2})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        handler.url = f"http://127.0.0.1:{server.server_port}"
        yield handler
        server.shutdown()
        thread.join()


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def small_registry(server, monkeypatch):
    """Adds the small files to the registry, and waits for nothing."""
    pytest.importorskip("pooch")
    md5 = hashlib.md5(FILES["small.gz"]).hexdigest()
    sha256 = hashlib.sha256(FILES["small.zip"]).hexdigest()
    fields = {"corpus": "nothing"}
    entry = ReadyVectors(f"{server.url}/good/small.gz", f"md5:{md5}", 1, 3, 2, PDDL, **fields)
    monkeypatch.setitem(REGISTRY, "small", entry)
    entry = entry._replace(
        url=f"{server.url}/good/small.zip", hash=f"sha256:{sha256}", member="vectors", licence=CC_BY
    )
    monkeypatch.setitem(REGISTRY, "small-zip", entry)
    monkeypatch.setattr(_vectors, "RETRY_SECONDS", 0.0)
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)


def kept(home):
    return sorted(path.name for path in home.rglob("*") if path.is_file())


class TestRegistry:
    @pytest.mark.parametrize("name", [name for name in REGISTRY if not name.startswith("small")])
    def test_every_entry_is_complete(self, name):
        entry = REGISTRY[name]
        assert re.fullmatch(r"md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}", entry.hash)
        assert entry.url.startswith("https://")
        assert (entry.member is None) != entry.url.endswith(".zip")
        assert entry.megabytes > 0
        assert entry.n_tokens > 0
        assert name.endswith(f"-{entry.width}")
        assert entry.corpus
        assert entry.licence.startswith(("PDDL 1.0, ", "CC BY", "not stated, "))

    def test_the_docstring_names_them_all(self):
        words = set(re.findall(r"``([\w-]+)``", fetch_vectors.__doc__))
        for name in set(REGISTRY) - {"small", "small-zip"}:
            stem, width = name.rsplit("-", 1)
            assert name in words or f"-{width}" in words or f"{stem}-50" in words, name

    def test_digests_differ(self):
        digests = {(entry.url, entry.hash) for entry in REGISTRY.values()}
        assert len({digest for _, digest in digests}) == len(digests)


class TestFetch:
    @pytest.mark.parametrize("name", ["small", "small-zip"])
    def test_returns_keyed_vectors_with_their_licence(self, name, home, capfd):
        vectors = fetch_vectors(name, data_home=home)
        assert isinstance(vectors, KeyedVectors)
        assert vectors.index_to_key == TOKENS
        assert np.array_equal(vectors.vectors, TABLE)
        assert vectors.most_similar("film", topn=1)
        assert vectors.licence == REGISTRY[name].licence
        assert vectors.language == "English"
        assert vectors.licence in vectors.DESCR
        again = pickle.loads(pickle.dumps(vectors))
        assert again.licence == vectors.licence
        assert kept(home) == [REGISTRY[name].file_name]
        assert capfd.readouterr() == ("", "")
        embedder = Word2VecEmbedder(vectors=vectors).fit([TOKENS])
        assert np.array_equal(embedder.vectors_[2:], TABLE)

    @pytest.mark.parametrize("name", ["small", "small-zip"])
    def test_a_second_call_uses_the_kept_file(self, name, home, server, monkeypatch):
        first = fetch_vectors(name, data_home=home)
        monkeypatch.setitem(sys.modules, "pooch", None)  # not needed then
        second = fetch_vectors(name, data_home=home, download_if_missing=False)
        assert np.array_equal(first.vectors, second.vectors)
        assert len(server.requests) == 1

    def test_the_environment_names_the_data_home(self, home, monkeypatch):
        monkeypatch.setenv("SKLSTM_DATA", str(home))
        fetch_vectors("small")
        assert kept(home) == ["small.gz"]

    def test_a_file_put_there_by_hand(self, home, server):
        (home / "vectors").mkdir(parents=True)
        (home / "vectors" / "small.gz").write_bytes(FILES["small.gz"])
        assert fetch_vectors("small", data_home=home).index_to_key == TOKENS
        assert not server.requests

    def test_a_damaged_file_is_fetched_anew(self, home, server):
        (home / "vectors").mkdir(parents=True)
        (home / "vectors" / "small.gz").write_bytes(FILES["small.gz"][:30])
        with pytest.raises(OSError, match="missing or damaged, and download_if_missing is False"):
            fetch_vectors("small", data_home=home, download_if_missing=False)
        assert fetch_vectors("small", data_home=home).index_to_key == TOKENS
        assert len(server.requests) == 1

    def test_a_mirror(self, home, server):
        fetch_vectors("small", data_home=home, url=f"{server.url}/mirror/small.gz")
        assert server.requests == ["/mirror/small.gz"]

    def test_max_tokens(self, home):
        vectors = fetch_vectors("small-zip", data_home=home, max_tokens=2)
        assert vectors.index_to_key == TOKENS[:2]

    @pytest.mark.parametrize("fault", ["busy-twice", "cut-twice"])
    def test_tries_again(self, home, server, fault, capfd):
        url = f"{server.url}/{fault}/small.gz"
        vectors = fetch_vectors("small", data_home=home, url=url, verbose=1)
        assert vectors.index_to_key == TOKENS
        assert len(server.requests) == 3
        assert capfd.readouterr().out.count("The download failed (") == 2

    def test_waits_longer_each_time(self, home, server, monkeypatch):
        waits = []
        monkeypatch.setattr(_vectors, "RETRY_SECONDS", 1.0)
        monkeypatch.setattr(_vectors, "sleep", waits.append)
        with pytest.raises(OSError, match="in 4 tries"):
            fetch_vectors("small", data_home=home, url=f"{server.url}/broken/small.gz")
        assert waits == [1, 2, 4]

    def test_verbose_tells_the_licence_and_shows_progress(self, home, capfd):
        fetch_vectors("small", data_home=home, verbose=1)
        printed = capfd.readouterr()
        assert f"Licence: {PDDL}" in printed.out
        assert "100%" in printed.err


class TestErrors:
    @pytest.mark.parametrize(
        ("fault", "n_requests", "message"),
        [
            ("cut", 4, "could not be downloaded in 4 tries .* Nothing was kept.*url="),
            ("broken", 4, "in 4 tries .*500 Server Error"),
            ("busy-twice", 3, "in 3 tries .*503"),
            ("missing", 1, "in 1 try .*404.*put the file at .*small.gz"),
            ("other", 1, "is not the file it should be: its digest is another than md5:"),
            ("cut-unannounced", 1, "is not the file it should be.* cut short"),
        ],
    )
    def test_a_failed_download_leaves_nothing(self, home, server, fault, n_requests, message):
        server.faults_left = 100
        url = f"{server.url}/{fault}/small.gz"
        with pytest.raises(OSError, match=message):
            fetch_vectors("small", data_home=home, url=url, n_retries=n_requests - 1 or 3)
        assert len(server.requests) == n_requests
        assert not kept(home)

    def test_a_failed_download_keeps_what_was_there(self, home, server):
        (home / "vectors").mkdir(parents=True)
        (home / "vectors" / "small.gz").write_bytes(b"an older file")
        with pytest.raises(OSError, match="digest"):
            fetch_vectors("small", data_home=home, url=f"{server.url}/other/small.gz")
        assert (home / "vectors" / "small.gz").read_bytes() == b"an older file"
        assert kept(home) == ["small.gz"]

    def test_no_network(self, home):
        with pytest.raises(OSError, match=r"in 3 tries .* Check the connection .* put the file at"):
            fetch_vectors("small", data_home=home, url="http://127.0.0.1:1/small.gz", n_retries=2)
        assert not kept(home)

    def test_not_an_address(self, home):
        with pytest.raises(OSError, match=r"could not be downloaded in 1 try .*No scheme supplied"):
            fetch_vectors("small", data_home=home, url="small.gz")

    def test_interrupted(self, home, monkeypatch):
        import pooch

        def interrupt(self, url, output_file, pooch):
            with open(output_file, "wb") as file:
                file.write(b"half of it")
            raise KeyboardInterrupt

        monkeypatch.setattr(pooch.HTTPDownloader, "__call__", interrupt)
        level = pooch.get_logger().level
        with pytest.raises(KeyboardInterrupt):
            fetch_vectors("small", data_home=home)
        assert not kept(home)
        assert pooch.get_logger().level == level

    def test_unknown_name(self, home, server):
        with pytest.raises(ValueError, match="no vectors called 'glove-wiki'") as caught:
            fetch_vectors("glove-wiki", data_home=home)
        message = str(caught.value)
        for name, entry in REGISTRY.items():
            [line] = [line for line in message.splitlines() if line.split()[:1] == [name]]
            assert f"{entry.megabytes:,} MB" in line
            assert entry.licence.partition(",")[0] in line
        assert not server.requests

    def test_misspelt_name(self):
        with pytest.raises(ValueError, match="Did you mean 'glove-twitter-50'"):
            fetch_vectors("glove-twiter-50")

    @pytest.mark.parametrize(
        "parameters",
        [
            {"name": 3},
            {"data_home": 3},
            {"max_tokens": 0},
            {"n_retries": -1},
            {"download_if_missing": "no"},
        ],
    )
    def test_parameters_out_of_range(self, parameters):
        with pytest.raises(ValueError, match=f"The '{next(iter(parameters))}' parameter"):
            fetch_vectors(**{"name": "small", **parameters})

    def test_without_pooch(self, home, monkeypatch):
        monkeypatch.setitem(sys.modules, "pooch", None)
        with pytest.raises(ImportError, match=r'pip install "sklstm\[fetch\]"'):
            fetch_vectors("small", data_home=home)

    def test_data_home_that_is_a_file(self, home, server):
        home.write_text("")
        with pytest.raises(OSError, match=r"cannot be stored .* data_home= or in SKLSTM_DATA"):
            fetch_vectors("small", data_home=home)
        assert not server.requests

    def test_read_only_data_home(self, home, monkeypatch):
        def refuse(*args, **kwargs):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("pooch.core.make_local_storage", refuse)
        with pytest.raises(OSError, match=r"Permission denied.* data_home= or in SKLSTM_DATA"):
            fetch_vectors("small", data_home=home)

    def test_archive_without_its_member(self, home, monkeypatch):
        entry = REGISTRY["small-zip"]._replace(member="vectors.txt")
        monkeypatch.setitem(REGISTRY, "small-zip", entry)
        with pytest.raises(
            ValueError, match=r"Cannot read vectors from .*small\.zip.*vectors\.txt"
        ):
            fetch_vectors("small-zip", data_home=home)


class TestNamesAsVectors:
    """`vectors=` takes a name, if there is no such file."""

    @pytest.mark.parametrize("name", ["small", "small-zip"])
    @pytest.mark.filterwarnings("ignore:.* have no vector of their own")
    def test_are_fetched(self, name, home, monkeypatch, capfd):
        monkeypatch.setenv("SKLSTM_DATA", str(home))
        embedder = Word2VecEmbedder(vectors=name).fit([TOKENS])
        assert np.array_equal(embedder.vectors_[2:], TABLE)
        assert len(pickle.dumps(embedder)) < 3000
        assert capfd.readouterr() == ("", "")
        Word2VecEmbedder(vectors=name, max_tokens=3, verbose=1).fit([TOKENS])
        assert f"Licence: {REGISTRY[name].licence}" in capfd.readouterr().out

    def test_in_a_ready_pipeline(self, home, monkeypatch):
        monkeypatch.setenv("SKLSTM_DATA", str(home))
        pipe = text_classifier("small", hidden_size=2, max_epochs=1, random_state=0)
        pipe.fit(["good film", "the film"] * 4, [1, 0] * 4)
        assert pipe[1].vector_size_ == 2

    def test_a_file_comes_first(self, tmp_path, monkeypatch, server):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "small").write_text("a 1 2 3\n")
        assert Word2VecEmbedder(vectors="small").fit([["a"]]).vector_size_ == 3
        assert not server.requests

    @pytest.mark.parametrize("name", ["glove.6B.100d.txt", "~/nowhere/vectors.txt", "glove"])
    def test_neither_file_nor_name(self, name, server):
        with pytest.raises(FileNotFoundError, match=r"no file of vectors at /.*") as caught:
            Word2VecEmbedder(vectors=name).fit([TOKENS])
        assert "glove-wiki-gigaword-100            134 MB  English, PDDL 1.0" in str(caught.value)
        assert not server.requests

    def test_a_failed_download_is_an_error(self, home, monkeypatch, server):
        monkeypatch.setenv("SKLSTM_DATA", str(home))
        entry = REGISTRY["small"]._replace(url=f"{server.url}/other/small.gz")
        monkeypatch.setitem(REGISTRY, "small", entry)
        with pytest.raises(OSError, match="is not the file it should be"):
            Word2VecEmbedder(vectors="small").fit([TOKENS])


def test_logging_of_pooch_is_left_as_it_was(home):
    import pooch

    pooch.get_logger().setLevel(logging.INFO)
    fetch_vectors("small", data_home=home)
    assert pooch.get_logger().level == logging.INFO
