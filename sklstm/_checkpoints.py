"""The checkpoints of a fit: what it has come to, in a file from which it can go on."""

import os
import warnings
from collections.abc import Iterator
from copy import deepcopy
from functools import wraps
from inspect import signature
from pathlib import Path
from time import monotonic

from numpy.random import RandomState
from sklearn.utils import check_random_state

from sklstm._arguments import levels_to_caller
from sklstm._deferred import evaluate_deferred
from sklstm._fingerprint import fingerprint
from sklstm._interruption import terminable
from sklstm._state_files import (
    is_storable,
    may_be_state,
    read_state,
    remove_drafts,
    write_state,
)
from sklstm._tensor_file import DamagedFileError
from sklstm._typing import Function
from sklstm._versions import KEY, current_versions

FORMAT = 1
WITHOUT_EFFECT = {"checkpoint", "checkpoint_minutes", "n_jobs", "verbose"}  # on what is learned
PACKAGES = ("gensim", "numpy", "scikit-learn", "skorch", "torch")


def resumable(fit: Function) -> Function:
    """Make a ``fit`` go on from its checkpoint, and end by SIGTERM as it does by Ctrl-C."""

    @wraps(fit)
    def resumable_fit(self, X, *args, **kwargs):
        args, kwargs = evaluate_deferred(args, kwargs)
        with terminable():
            has_vectors = getattr(self, "vectors", None) is not None  # and trains none
            if self.checkpoint is None or has_vectors or self._log.is_open:  # in another fit
                return fit(self, X, *args, **kwargs)
            X = list(X) if isinstance(X, Iterator) else X  # it is read more than once
            given = signature(fit).bind(self, X, *args, **kwargs).arguments
            self._log = FitLog(self, {name: given[name] for name in list(given)[1:]})
            states = [vars(self).get(name) for name in ("random_state", "_random_state")]
            states = [(one, one.get_state()) for one in states if isinstance(one, RandomState)]
            try:
                return fit(self, X, *args, **kwargs)
            except BaseException:
                for random_state, state in states:  # the next call is to draw the same
                    random_state.set_state(state)
                raise
            finally:
                self._log.is_open = False
                del self._log

    return resumable_fit  # type: ignore[return-value]


class NoLog:
    """In place of a `FitLog`, for a fit without checkpoints."""

    is_open = False

    def seed(self, random_state):
        """Return the random state as it is."""
        return random_state

    def begin(self, *samples):
        """Begin a training, of which nothing is known."""

    def save(self, make_state):
        """Forget what an epoch has come to."""

    def finish(self, make_state):
        """Forget what a training has come to."""

    def stop(self):
        """Write nothing more."""


class FitLog(NoLog):
    """What the trainings of one fit have come to, kept in a file.

    A fit trains one network after the other. It does everything but training again when it goes
    on: that takes little time, and gives the same again.

    Parameters
    ----------
    estimator : estimator
        Whose public parameters say where the file is, and what is learned.
    data : dict
        The arguments of ``fit``, by their names.
    """

    def __init__(self, estimator, data):
        self.minutes = estimator.checkpoint_minutes
        self.is_open, self.is_stopped = True, False
        self.number, self.written = -1, monotonic()
        fit = {**describe_parameters(estimator), "data": describe_data(estimator, data)}
        self.path = find_file(estimator.checkpoint, fit)
        self.predecessor = self.path.with_name(f"{self.path.name}.previous")
        remove_drafts(self.path)
        self.fit = self._read()
        if self.fit is None:
            seed = None
            if estimator.random_state is None:
                seed = int(check_random_state(None).randint(2**31 - 1))
            about = {"format": FORMAT, "versions": current_versions(PACKAGES), "seed": seed}
            self.fit = {**fit, **about, "trainings": []}
        compare(self.fit, fit, self._named())
        self.trainings = self.fit.pop("trainings")

    def __reduce__(self):
        """Let copies and pickles of an estimator that is being fitted have no log."""
        return NoLog, ()

    def seed(self, random_state):
        """Return the random state, or in place of None the seed that the fit began with."""
        return self.fit["seed"] if random_state is None else random_state

    def begin(self, *samples):
        """Begin the next training, and return what it had come to, or None.

        `samples` are arrays that tell the rows it learns from and validates on.
        """
        if self.is_stopped:
            return None
        self.number += 1
        rows = fingerprint(*samples)
        if self.number == len(self.trainings):
            self.trainings.append({"rows": rows, "state": None, "is_finished": False})
        training = self.trainings[self.number]
        if training["rows"] != rows:
            raise ValueError(
                f"{self._named()} holds a training on other samples, although all data are the "
                "same: something draws them anew in each fit. Give the splitter in validation a "
                "random_state, or delete the file to begin anew."
            )
        return training["state"]

    @property
    def is_finished(self):
        """Whether the training that has begun had ended in an earlier call of ``fit``."""
        return not self.is_stopped and self.trainings[self.number]["is_finished"]

    def save(self, make_state):
        """Write what `make_state` returns after an epoch, if it is time."""
        if monotonic() - self.written >= 60 * self.minutes:
            self._write(make_state, is_finished=False)

    def finish(self, make_state):
        """Write what `make_state` returns at the end of a training."""
        self._write(make_state, is_finished=True)

    def stop(self):
        """Write nothing more, so that a later call goes on from what there is."""
        self.is_stopped = True

    def _write(self, make_state, is_finished):
        if self.is_stopped or self.is_finished:
            return
        state = deepcopy(make_state()) if is_finished else make_state()  # the net may change yet
        self.trainings[self.number] |= {"state": state, "is_finished": is_finished}
        try:
            write_state(self.path, {**self.fit, "trainings": self.trainings}, self.predecessor)
        except OSError as error:
            warnings.warn(
                f"{self._named()} could not be written ({error}). Training goes on, and the last "
                "checkpoint that is whole is kept.",
                RuntimeWarning,
                stacklevel=levels_to_caller(),
            )
        self.written = monotonic()

    def _read(self):
        """Return what the newest whole checkpoint holds, or None."""
        damaged, found = {}, None
        for path in (self.path, self.predecessor):
            try:
                found = read_state(path)
            except FileNotFoundError:
                continue
            except DamagedFileError as error:
                damaged[path] = error
            else:
                break
        if found is None and not all(map(may_be_state, damaged)):
            raise ValueError(
                f"{self._named()} is another file, which a checkpoint would overwrite. Choose "
                "another path."
            )
        for path, error in damaged.items():
            then = "training begins anew" if found is None else "the one before it is used"
            warnings.warn(
                f"The checkpoint {str(path)!r} is damaged ({error}); {then}.",
                RuntimeWarning,
                stacklevel=levels_to_caller(),
            )
            path.unlink()
        return found

    def _named(self):
        return f"checkpoint={str(self.path)!r}"


def find_file(checkpoint, fit):
    """Return where the checkpoints of a fit are: in a folder, each fit has a file of its own."""
    given = os.fspath(checkpoint)
    path = Path(given)
    if path.is_dir() or given.endswith(("/", os.sep)):
        path /= f"{fit['estimator']}-{fingerprint(fit)[:16]}.ckpt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"checkpoint={given!r} needs the folder {str(path.parent)!r}, which cannot be made: "
            f"{error}."
        ) from None
    return path


def compare(found, fit, name):
    """Refuse a checkpoint of another fit, and warn of one of other versions."""
    if found["format"] != FORMAT:
        raise ValueError(
            f"{name} was written by another version of sklstm. Choose another path, or delete the "
            "file."
        )
    fault = _find_fault(found, fit)
    if fault:
        raise ValueError(
            f"{name} belongs to a fit {fault}. Choose another path, or delete the file to begin "
            "anew. In a folder each fit has a file of its own."
        )
    there, here = found["versions"], current_versions(PACKAGES)
    other = [f"{package} {there.get(package)}" for package in _differing(there, here)]
    if other:
        warnings.warn(
            f"{name} was written with {', '.join(other)}. Training goes on with the versions that "
            "are installed, and may end with other last digits.",
            UserWarning,
            stacklevel=levels_to_caller(),
        )


def _find_fault(found, fit):
    """Say in what a fit differs from that of a checkpoint, or return None."""
    if found["estimator"] != fit["estimator"]:
        return f"of {found['estimator']}, not of {fit['estimator']}"
    there, here = found["parameters"], fit["parameters"]
    shown = [
        f"{name}={there.get(name, ['missing'])[0]} in place of {here.get(name, ['missing'])[0]}"
        for name in _differing(there, here)
    ]
    if shown:
        return f"with other parameters: {', '.join(shown)}"
    names = _differing(found["data"], fit["data"])
    verb = "differs" if len(names) == 1 else "differ"
    return f"on other data: {', '.join(names)} {verb}" if names else None


def _differing(there, here):
    return [name for name in {**there, **here} if there.get(name) != here.get(name)]


def describe_parameters(estimator):
    """Return what an estimator is: its class, and of each parameter a text and a fingerprint."""
    parameters = estimator.get_params(deep=False)
    if parameters.get("callbacks"):
        parameters["callbacks"] = [_describe_callback(one) for one in parameters["callbacks"]]
    if (encoder := parameters.get("encoder")) is not None:
        models = encoder if isinstance(encoder, tuple) else (encoder,)
        parameters["encoder"] = list(map(_describe_model, models))
    return {
        "estimator": type(estimator).__name__,
        "parameters": {
            name: [f"{value!r:.60}", fingerprint(value)]
            for name, value in parameters.items()
            if name not in WITHOUT_EFFECT
        },
    }


def describe_data(estimator, data):
    """Return a fingerprint of each argument of a fit, and of what it goes on from."""
    digests = {name: fingerprint(of) for name, of in data.items() if of is not None}
    fitted = estimator
    if getattr(fitted, "warm_start", False) and hasattr(fitted, "net_"):
        given = {KEY, *fitted.get_params(deep=False)}
        learned = {name: of for name, of in fitted.__getstate__().items() if name not in given}
        digests["what an earlier fit has learned"] = fingerprint(learned)
    return digests


def _describe_model(model):
    """Return what a fitted estimator has learned, but not how long it took."""
    model = getattr(model, "estimator", model)  # of a FrozenEstimator
    if not hasattr(model, "net_"):
        return model
    state = model.__getstate__()
    return [type(model).__name__, state["_encoder"], state["_weights"]]


def _describe_callback(callback):
    """Return the type of a callback and its plain parameters; it may refer to a run or a file."""
    name, callback = callback if isinstance(callback, tuple) else (None, callback)
    kind = callback if isinstance(callback, type) else type(callback)
    plain = {key: value for key, value in vars(callback).items() if is_storable(value)}
    return [name, kind.__qualname__, {} if kind is callback else plain]
