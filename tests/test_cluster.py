"""Searches over pipelines of texts on a cluster of processes, which may die."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from toys import LABELS, TOKENS, classifier

from sklstm import Tokenizer, Word2VecEmbedder

distributed = pytest.importorskip("distributed", reason="the extra cluster is not installed")

TEXTS = [" ".join(tokens) for tokens in TOKENS]
RATES = [0.01, 0.1, 1.0]
GRID = {"lstmclassifier__lr": RATES}
SETTINGS = {"DASK_DISTRIBUTED__SCHEDULER__ACTIVE_MEMORY_MANAGER__START": "false"}  # see the guide
SECONDS = 60  # to wait for a process, on a machine that does other things too


class Cluster:
    """A scheduler and two workers, each a process of this machine."""

    def __init__(self, folder):
        self.file = folder / "scheduler.json"
        self.processes = []
        self.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address", ":0")
        wait_until(self.file.exists)
        self.client = distributed.Client(scheduler_file=self.file, timeout=SECONDS)
        self.fill_up()

    def start(self, role, *options):
        command = [sys.executable, "-m", f"distributed.cli.dask_{role}"]
        paths = os.pathsep.join(map(str, [Path(__file__).parents[1], Path(__file__).parent]))
        self.processes.append(
            subprocess.Popen(
                [*command, "--scheduler-file", self.file, *options],
                cwd=self.file.parent,
                env={**os.environ, **SETTINGS, "PYTHONPATH": paths},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )

    def fill_up(self):
        """Start workers until there are two."""
        n_workers = len(self.client.scheduler_info()["workers"])
        for _ in range(2 - n_workers):
            self.start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard",
                       "--death-timeout", str(SECONDS))  # fmt: skip
        self.client.wait_for_workers(2, timeout=SECONDS)

    def close(self):
        self.client.close()
        for process in self.processes:
            process.kill()
            process.wait()


def wait_until(condition):
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.close()


@pytest.fixture
def on_cluster(cluster):
    """Two workers that wait for the tasks of joblib."""
    cluster.fill_up()
    with cluster.client.as_current():
        yield lambda *data: joblib.parallel_config(backend="dask", scatter=data)


class Killer(TransformerMixin, BaseEstimator):
    """Write down the process of each fit, and kill the first one that is not to be spared."""

    def __init__(self, log, spared):
        self.log = log
        self.spared = spared

    def fit(self, X, y=None):
        with Path(self.log).open("a") as file:
            file.write(f"{os.getpid()}\n")
        if os.getpid() == self.spared:
            return self
        try:
            with Path(f"{self.log}.killed").open("x") as file:
                file.write(str(os.getpid()))
        except FileExistsError:
            return self
        os.kill(os.getpid(), signal.SIGKILL)

    def transform(self, X):
        return X


class CountedEmbedder(Word2VecEmbedder):
    """Write down each training."""

    def fit(self, X, y=None):
        with Path("trainings").open("a") as file:  # in the folder that all processes work in
            file.write("trained\n")
        return super().fit(X, y)


def text_pipeline(*first, embedder=Word2VecEmbedder, **params):
    vectors = embedder(vector_size=2, min_count=1, epochs=2, random_state=0)
    return make_pipeline(*first, Tokenizer(), vectors, classifier(max_epochs=2), **params)


def results(search):
    """The results of a search but for times, as lists."""
    return {k: list(v) for k, v in search.cv_results_.items() if not k.endswith("_time")}


@pytest.mark.parametrize(
    "search",
    [
        GridSearchCV(text_pipeline(), GRID, cv=2),
        RandomizedSearchCV(text_pipeline(), GRID, n_iter=2, cv=2, random_state=0),
        HalvingGridSearchCV(text_pipeline(), GRID, cv=2, min_resources=10, random_state=0),
    ],
    ids=lambda search: type(search).__name__,
)
def test_a_search_finds_what_it_finds_in_one_process(search, on_cluster):
    alone = results(search.fit(TEXTS, LABELS))
    with on_cluster(TEXTS, LABELS):
        search.fit(TEXTS, LABELS)
    assert repr(results(search)) == repr(alone)
    assert search.predict(TEXTS).shape == (20,)


def test_a_worker_that_is_killed_costs_only_its_tasks(on_cluster, tmp_path):
    log = tmp_path / "log"
    pipe = text_pipeline(Killer(str(log), spared=os.getpid()))
    texts, labels = TEXTS * 16, LABELS.tolist() * 16  # more than joblib sends with each task
    folds = [tuple(rows.tolist() for rows in fold) for fold in KFold(2).split(texts)]
    search = GridSearchCV(pipe, GRID, cv=folds, refit=False)
    alone = results(search.fit(texts, labels))
    log.unlink()
    with on_cluster(texts, labels):
        search.fit(texts, labels)
    assert repr(results(search)) == repr(alone)
    fits = Counter(log.read_text().split())
    assert fits.pop(Path(f"{log}.killed").read_text()) == 1
    assert fits.total() == 6


def test_vectors_are_trained_once_a_fold(cluster, on_cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(cluster.file.parent)
    Path("trainings").unlink(missing_ok=True)
    pipe = text_pipeline(embedder=CountedEmbedder, memory=str(tmp_path))
    with on_cluster():
        for rates in RATES[:1], RATES:  # the first candidate fills the cache
            search = GridSearchCV(pipe, {"lstmclassifier__lr": rates}, cv=2, refit=False)
            search.fit(TEXTS, LABELS)
            assert Path("trainings").read_text().splitlines() == ["trained"] * 2
    alone = GridSearchCV(text_pipeline(), GRID, cv=2, refit=False).fit(TEXTS, LABELS)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )


def test_a_study_of_optuna_finds_what_it_finds_in_one_process(on_cluster):
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def objective(trial):
        pipe = text_pipeline()
        pipe.set_params(lstmclassifier__lr=trial.suggest_float("lr", 1e-3, 1, log=True))
        return cross_val_score(pipe, TEXTS, LABELS, cv=2, scoring="neg_log_loss").mean()

    def study():
        study = optuna.create_study(
            direction="maximize", sampler=optuna.samplers.TPESampler(seed=0)
        )
        study.optimize(objective, n_trials=3)
        return [(trial.params, trial.value) for trial in study.trials]

    with on_cluster():
        found = study()
    assert found == study()
