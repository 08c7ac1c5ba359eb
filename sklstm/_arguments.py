"""Single arguments of a user: checks of them, and how an error shows them."""

import os
import reprlib
import sys
from contextlib import contextmanager
from difflib import get_close_matches
from numbers import Integral, Real

from sklearn.utils import check_random_state

OURS = "sklstm.", "sklearn.", "joblib."  # modules between a user's line and a warning
MAX_SEARCH_BYTES = 2**33  # that a search holds at once


def describe(value):
    """Show a value, shortened, and its type, for an error message."""
    shown = " ".join(reprlib.repr(value).split())  # frames have lines
    return f"{shown} of type {type(value).__name__}"


def did_you_mean(name, known):
    """Return a question that names the most similar known name, or an empty str."""
    close = get_close_matches(name, map(str, known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def check_option(value, options, name):
    """Check that a value is one of the accepted strings."""
    if not isinstance(value, str | None) or value not in options:
        raise ValueError(
            f"{name} must be one of {', '.join(map(repr, options))}, got {reprlib.repr(value)}."
        )


def check_count(n, name):
    """Check a number of things to find, and return it as Python's int.

    NumPy's may overflow, and torch takes no bool.
    """
    if not isinstance(n, Integral) or n < 1:
        raise ValueError(f"{name} must be an integer of at least 1; got {n!r:.60}.")
    return int(n)


def check_path(path, name="path"):
    """Check that a value names a file, and return the name as a str."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{name} must be a str or os.PathLike; got {describe(path)}.")
    path = os.fspath(path)
    try:
        encoded = os.fsencode(path)
    except UnicodeEncodeError:
        encoded = b"\0"
    if b"\0" in encoded:
        raise ValueError(f"{name} must be the name of a file; got {path!r:.60}.")
    return path


def check_bool(value, name):
    """Check that a value is True or False."""
    if not isinstance(value, bool) and type(value).__name__ != "bool_":  # NumPy's
        raise TypeError(f"{name} must be True or False; got {describe(value)}.")


def check_probability(value, name):
    """Check a probability that must neither be 0 nor 1, and return it as Python's float."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < value < 1:
        raise ValueError(
            f"{name} must be a number between 0 and 1, both excluded; got {value!r:.60}."
        )
    return float(value)


def to_random_state(random_state):
    """Return a RandomState, or say that `random_state` makes none."""
    try:
        return check_random_state(random_state)
    except (TypeError, ValueError):
        raise ValueError(
            "random_state must be None, a RandomState, or an integer from 0 to 2**32 - 1; got "
            f"{describe(random_state)}."
        ) from None


def check_memory(n_numbers, advice):
    """Refuse a search that does not fit in memory, before the system ends the process.

    It holds `n_numbers` of eight bytes at once; `advice` is what the user can do.
    """
    if 8 * n_numbers > MAX_SEARCH_BYTES:
        raise ValueError(
            f"The search would take {n_numbers / 2**27:,.0f} GiB of memory; it may take "
            f"{MAX_SEARCH_BYTES / 2**30:,.0f}. {advice}"
        )


@contextmanager
def about_data(name):
    """Let an error say which data it is about, which are not X and y."""
    try:
        yield
    except (TypeError, ValueError) as error:
        error.args = (f"In {name}: {error}",)
        raise


def levels_to_caller():
    """Return the ``stacklevel`` with which a warning names the user's line, not one of ours."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(OURS):
        frame, level = frame.f_back, level + 1
    return level
