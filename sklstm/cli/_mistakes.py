"""A user's mistakes: one clear line and exit code 1 in place of a traceback."""

import os
import sys
import warnings
from functools import wraps

from sklearn.exceptions import NotFittedError

MISTAKES = (ValueError, TypeError, ImportError, OSError, NotFittedError)
TRACEBACK = "SKLSTM_TRACEBACK"  # environment variable that brings the traceback back


def reported(command):
    """Make a command end with exit code 1 and one line if something is wrong with its input."""

    @wraps(command)
    def reporting(*args, **kwargs):
        with warnings.catch_warnings():
            warnings.showwarning = show_warning
            try:
                command(*args, **kwargs)
            except BrokenPipeError:  # the reader of our output has seen enough
                raise
            except MISTAKES as error:
                if os.environ.get(TRACEBACK):
                    raise
                print(f"error: {describe_error(error)}", file=sys.stderr)
                sys.exit(1)

    return reporting


def describe_error(error):
    """Return what is wrong; the system's errors come without their number."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}."
    return str(error) or type(error).__name__


def show_warning(message, category, filename, lineno, file=None, line=None):
    """Print a warning without the line of code that it comes from."""
    print(f"warning: {message}", file=sys.stderr)
