import csv
import gzip
import hashlib
import io
import re
import tarfile
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from itertools import groupby
from threading import Thread

import numpy as np
import pytest

from sklstm.datasets import (
    _imdb,
    fetch_imdb,
    load_names,
    load_sentences,
    load_shakespeare,
    load_wikigold,
)

DATA = resources.files("sklstm.datasets") / "data"


class TestShipped:
    def test_provenance_gives_the_sha256_of_every_file(self):
        table = (DATA / "PROVENANCE.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| `(\S+\.gz)` \| .* \| ([0-9a-f]{64}) \|$", table, re.M)
        packed = {file.name: file.read_bytes() for file in DATA.iterdir() if ".gz" in file.name}
        digests = {
            name: hashlib.sha256(gzip.decompress(data)).hexdigest() for name, data in packed.items()
        }
        assert dict(rows) == digests

    @pytest.mark.parametrize("load", [load_sentences, load_names, load_wikigold])
    def test_return_X_y_gives_what_the_bunch_holds(self, load):
        bunch = load()
        data, target = load(return_X_y=True)
        assert data == bunch.data
        assert len(data) == len(target)
        np.testing.assert_array_equal(np.array(target, object), np.array(bunch.target, object))

    @pytest.mark.parametrize("load", [load_sentences, load_names, load_wikigold, load_shakespeare])
    def test_description_names_the_licence(self, load):
        assert "- Licence: " in load().DESCR


class TestSentences:
    @pytest.mark.parametrize("source", ["amazon", "imdb", "yelp"])
    def test_each_source_is_balanced(self, source):
        bunch = load_sentences(source=source)
        assert np.bincount(bunch.target).tolist() == [500, 500]
        assert set(bunch.source) == {source}

    def test_all_is_the_three_in_order(self):
        bunch = load_sentences()
        assert [name for name, _ in groupby(bunch.source)] == ["amazon", "imdb", "yelp"]
        assert bunch.data[1000:2000] == load_sentences(source="imdb").data

    def test_no_sentence_is_empty_or_holds_a_line_end(self):
        assert all(text and "\n" not in text for text in load_sentences().data)

    def test_quotes_and_odd_control_characters_survive(self):
        texts = load_sentences().data
        assert any("\x85" in text for text in texts)
        assert 'As for the "mains," also uninspired.' in texts

    def test_unknown_source(self):
        with pytest.raises(ValueError, match=r"'source' parameter .* must be a str among"):
            load_sentences(source="twitter")


class TestWikigold:
    def test_counts_are_the_published_ones(self):
        bunch = load_wikigold()
        assert len(bunch.data) == 1696
        assert sum(map(len, bunch.data)) == 39007
        runs = Counter(tag for tags in bunch.target for tag, _ in groupby(tags))
        assert {tag: n for tag, n in runs.items() if tag != "O"} == {
            "I-LOC": 1014,
            "I-MISC": 712,
            "I-ORG": 898,
            "I-PER": 934,
        }

    def test_every_token_has_a_tag(self):
        tokens, tags = load_wikigold(return_X_y=True)
        assert list(map(len, tokens)) == list(map(len, tags))
        assert not any(token.startswith("-DOCSTART-") for sample in tokens for token in sample)

    def test_documents_are_the_articles_in_order(self):
        documents = load_wikigold().documents
        assert len(documents) == 1696
        assert [document for document, _ in groupby(documents)] == list(range(145))


class TestNames:
    def test_counts(self):
        bunch = load_names()
        assert len(bunch.data) == len(bunch.target) == 20050
        assert len(bunch.target_names) == 18
        assert Counter(bunch.target)[bunch.target_names.index("Vietnamese")] == 73

    def test_names_are_clean(self):
        assert all(name and name == name.strip() for name in load_names().data)
        assert "Ślusarski" in load_names().data


class TestShakespeare:
    def test_speeches_join_to_the_text(self):
        speeches = load_shakespeare().data
        assert len(speeches) == 1405
        assert len("\n\n".join(speeches)) == 199_993
        assert speeches[0].startswith("First Citizen:\nBefore we proceed")
        assert all(speech.strip() for speech in speeches)


# Small copies of IMDB's reviews, in each layout.

REVIEWS = {
    f"{folder}/{number}_{rating}": f"{folder} review {number}: café"
    for folder, rating in {
        "train/neg": 2,
        "train/pos": 9,
        "train/unsup": 0,
        "test/neg": 1,
        "test/pos": 10,
    }.items()
    for number in range(12)
}


def make_archive(path):
    files = {f"aclImdb/{name}.txt": text for name, text in REVIEWS.items()}
    files |= {"aclImdb/README": "read me", "aclImdb/train/urls_pos.txt": "http://www.imdb.com"}
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_folder(path):
    for name, text in REVIEWS.items():
        file = path / f"{name}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def make_tables(path):
    digests = {}
    for subset, folders in _imdb.FOLDERS.items():
        table = path / f"{subset}.csv.gz"
        with gzip.open(table, "wt", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "rating", "label", "text"])
            for name, text in REVIEWS.items():
                folder, identity = name.rsplit("/", 1)
                if folder in folders:
                    label = _imdb.LABELS[folder.split("/")[1]]
                    rating = identity.split("_")[1]
                    writer.writerow([f"{folder.split('/')[1]}/{identity}", rating, label, text])
        digests[subset] = hashlib.sha256(table.read_bytes()).hexdigest()
    return digests


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(_imdb, "N_REVIEWS", {"train": 24, "test": 24, "unsup": 12})


class TestLocalCopy:
    @pytest.fixture(params=["archive", "folder", "parent", "tables"])
    def copy(self, request, tmp_path, small, monkeypatch):
        if request.param == "archive":
            path = tmp_path / "aclImdb_v1.tar.gz"
            return {"path": path, "sha256": make_archive(path)}
        if request.param == "tables":
            monkeypatch.setattr(_imdb, "CSV_SHA256", make_tables(tmp_path))
            return {"path": tmp_path}
        make_folder(tmp_path / "aclImdb")
        return {"path": tmp_path / "aclImdb" if request.param == "folder" else str(tmp_path)}

    def test_every_layout_gives_the_same(self, copy):
        bunch = fetch_imdb(**copy, shuffle=False)
        expected = [
            f"train/{folder} review {i}: café" for folder in ("neg", "pos") for i in range(12)
        ]
        assert bunch.data == expected
        assert bunch.target.tolist() == [0] * 12 + [1] * 12
        assert bunch.rating.tolist() == [2] * 12 + [9] * 12

    def test_subsets(self, copy):
        test, labels = fetch_imdb(**copy, subset="test", return_X_y=True)
        assert len(test) == len(labels) == 24
        assert all(text.startswith("test/") for text in test)
        unlabelled = fetch_imdb(**copy, subset="unsup")
        assert set(unlabelled.target) == {-1}
        everything = fetch_imdb(**copy, subset="all", shuffle=False)
        assert [text[:5] for text in everything.data] == ["train"] * 24 + ["test/"] * 24

    def test_shuffling_is_repeatable_and_keeps_pairs_together(self, copy):
        first, again = fetch_imdb(**copy), fetch_imdb(**copy)
        assert first.data == again.data
        assert first.data != fetch_imdb(**copy, random_state=1).data
        assert first.data != fetch_imdb(**copy, shuffle=False).data
        assert ["pos" in text for text in first.data] == (first.target == 1).tolist()


class TestDamagedCopy:
    def test_table_cut_short(self, tmp_path, monkeypatch):
        monkeypatch.setattr(_imdb, "CSV_SHA256", make_tables(tmp_path))
        table = tmp_path / "train.csv.gz"
        table.write_bytes(table.read_bytes()[:-10])
        with pytest.raises(OSError, match=r"train\.csv\.gz is not the file it should be: .*sha256"):
            fetch_imdb(path=tmp_path)

    def test_folder_with_reviews_missing(self, tmp_path, small):
        make_folder(tmp_path)
        (tmp_path / "train/pos/3_9.txt").unlink()
        with pytest.raises(OSError, match=r"holds 23 of the 24 reviews .* incomplete"):
            fetch_imdb(path=tmp_path)

    def test_another_archive(self, tmp_path):
        make_archive(tmp_path / "other.tar.gz")
        with pytest.raises(OSError, match="sha256"):
            fetch_imdb(path=tmp_path / "other.tar.gz")

    @pytest.mark.parametrize("name", ["", "nowhere"])
    def test_nothing_there(self, tmp_path, name):
        with pytest.raises(FileNotFoundError, match="It should be the archive"):
            fetch_imdb(path=tmp_path / name)

    @pytest.mark.parametrize(
        "parameters", [{"subset": "dev"}, {"path": 3}, {"data_home": 3}, {"random_state": "a"}]
    )
    def test_parameters_out_of_range(self, parameters):
        with pytest.raises(ValueError, match=f"The '{next(iter(parameters))}' parameter"):
            fetch_imdb(**parameters)


class Server(BaseHTTPRequestHandler):
    """Serves an archive under several fates, and counts the requests."""

    content = b""
    requests = 0

    def do_GET(self):
        type(self).requests += 1
        if self.path == "/missing":
            self.send_error(404)
            return
        content = self.content
        self.send_response(200)
        if self.path != "/unannounced":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if self.path == "/cut" else content)

    def log_message(self, *args):
        """Keep the tests' output clean."""


class TestDownload:
    @pytest.fixture
    def server(self, tmp_path):
        digest = make_archive(tmp_path / "served.tar.gz")
        handler = type("Handler", (Server,), {"content": (tmp_path / "served.tar.gz").read_bytes()})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            handler.url = f"http://127.0.0.1:{server.server_port}"
            handler.sha256 = digest
            yield handler
            server.shutdown()
            thread.join()

    @pytest.fixture
    def home(self, tmp_path):
        return tmp_path / "home"

    @staticmethod
    def kept(home):
        return sorted(file.name for file in home.rglob("*") if file.is_file())

    @pytest.mark.parametrize("fate", ["good", "unannounced"])
    def test_a_good_file_is_kept(self, server, home, fate):
        bunch = fetch_imdb(data_home=home, url=f"{server.url}/{fate}", sha256=server.sha256)
        assert len(bunch.data) == 24
        assert [file.name for file in (home / "imdb").iterdir()] == ["aclImdb_v1.tar.gz"]

    def test_a_second_call_comes_off_the_cache(self, server, home):
        parameters = {"data_home": home, "url": f"{server.url}/good", "sha256": server.sha256}
        first = fetch_imdb(**parameters)
        second = fetch_imdb(**parameters, download_if_missing=False)
        assert first.data == second.data
        assert server.requests == 1

    def test_the_environment_names_the_data_home(self, server, home, monkeypatch):
        monkeypatch.setenv("SKLSTM_DATA", str(home))
        fetch_imdb(url=f"{server.url}/good", sha256=server.sha256)
        assert self.kept(home) == ["aclImdb_v1.tar.gz"]

    def test_a_damaged_cache_is_fetched_anew(self, server, home):
        parameters = {"data_home": home, "url": f"{server.url}/good", "sha256": server.sha256}
        fetch_imdb(**parameters)
        archive = home / "imdb" / "aclImdb_v1.tar.gz"
        archive.write_bytes(archive.read_bytes()[:100])
        with pytest.raises(OSError, match="missing or damaged"):
            fetch_imdb(**parameters, download_if_missing=False)
        assert len(fetch_imdb(**parameters).data) == 24
        assert server.requests == 2

    @pytest.mark.parametrize(
        ("fate", "message"),
        [
            ("cut", r"cut after [\d,]+ of [\d,]+ bytes.* path="),
            ("missing", "HTTP Error 404.* path="),
        ],
    )
    def test_a_failed_download_leaves_nothing(self, server, home, fate, message):
        with pytest.raises(OSError, match=message):
            fetch_imdb(data_home=home, url=f"{server.url}/{fate}", sha256=server.sha256)
        assert list((home / "imdb").iterdir()) == []

    def test_a_wrong_hash_leaves_nothing(self, server, home):
        with pytest.raises(OSError, match=f"its sha256 is {server.sha256}, expected c40f74a1"):
            fetch_imdb(data_home=home, url=f"{server.url}/good")
        assert list((home / "imdb").iterdir()) == []

    def test_a_failed_download_keeps_what_was_there(self, server, home):
        (home / "imdb").mkdir(parents=True)
        (home / "imdb" / "aclImdb_v1.tar.gz").write_bytes(b"an older file")
        with pytest.raises(OSError, match="cut after"):
            fetch_imdb(data_home=home, url=f"{server.url}/cut", sha256=server.sha256)
        assert (home / "imdb" / "aclImdb_v1.tar.gz").read_bytes() == b"an older file"

    def test_nobody_listens(self, server, home):
        with pytest.raises(OSError, match=r"could not be downloaded .* path="):
            fetch_imdb(data_home=home, url="http://127.0.0.1:1/", sha256=server.sha256)

    def test_not_an_address(self, home):
        with pytest.raises(OSError, match=r"could not be downloaded .*unknown url type"):
            fetch_imdb(data_home=home, url="imdb.tar.gz")

    def test_nothing_is_downloaded_unasked(self, server, home):
        with pytest.raises(OSError, match="download_if_missing is False"):
            fetch_imdb(data_home=home, url=f"{server.url}/good", download_if_missing=False)
        assert server.requests == 0
        assert not home.exists()

    def test_data_home_that_is_a_file(self, server, home):
        home.write_text("")
        with pytest.raises(OSError, match=r"cannot be stored .* data_home= or in SKLSTM_DATA"):
            fetch_imdb(data_home=home, url=f"{server.url}/good", sha256=server.sha256)
        assert server.requests == 0

    def test_read_only_data_home(self, server, home, monkeypatch):
        def refuse(*args, **kwargs):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("sklstm.datasets._download.TemporaryDirectory", refuse)
        with pytest.raises(OSError, match=r"Permission denied.* data_home= or in SKLSTM_DATA"):
            fetch_imdb(data_home=home, url=f"{server.url}/good", sha256=server.sha256)
        assert server.requests == 0
