"""The versions that an estimator was made with, and a warning where they are others."""

import warnings
from functools import cache
from importlib.metadata import version
from inspect import signature

from sklearn.exceptions import InconsistentVersionWarning

from sklstm._version import __version__

KEY = "_versions"  # in the state of an estimator


class Versioned:
    """Mix-in of estimators whose pickles tell what they were made with, as scikit-learn's do."""

    def __getstate__(self):
        packages = ("scikit-learn", "torch") if hasattr(self, "net_") else ("scikit-learn",)
        return {**super().__getstate__(), KEY: current_versions(packages)}

    def __setstate__(self, state):
        parameters = signature(type(self)).parameters.values()
        defaults = {of.name: of.default for of in parameters if of.default is not of.empty}
        state = {**defaults, **state}  # an earlier version had fewer parameters
        warn_of_versions(type(self).__name__, state.pop(KEY, {"sklstm": None}))
        super().__setstate__(state)


class OtherVersions(InconsistentVersionWarning):
    """Warn that an estimator was made with other versions than those installed.

    Parameters
    ----------
    name : str
        The class of the estimator.
    before, now : dict of str to str
        Versions by the names of the packages; None for one that is not known.
    """

    def __init__(self, name, before, now):
        super().__init__(
            estimator_name=name,
            current_sklearn_version=now.get("scikit-learn"),
            original_sklearn_version=before.get("scikit-learn"),
        )
        self.before, self.now = before, now

    def __str__(self):
        changes = ", ".join(
            f"{package} {version or 'of an unknown version'} (now {self.now[package]})"
            for package, version in self.before.items()
            if version != self.now[package]
        )
        return (
            f"{self.estimator_name} was saved with {changes}. It may predict differently or fail. "
            "Fit it anew, or install the versions it was saved with."
        )


def current_versions(packages):
    """Return the version of this package, and those of others."""
    return {"sklstm": __version__, **{package: _installed(package) for package in packages}}


def warn_of_versions(name, before):
    """Warn if an estimator of a class was made with versions other than those installed."""
    now = current_versions([package for package in before if package != "sklstm"])
    if before != now:
        warnings.warn(OtherVersions(name, before, now), stacklevel=3)


@cache
def _installed(package):
    return version(package).partition("+")[0]  # one build of a version is as good as another
