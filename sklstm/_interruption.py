"""Fits that are interrupted: by an error, Ctrl-C or SIGTERM."""

import signal
import threading
from contextlib import contextmanager


@contextmanager
def terminable():
    """Let SIGTERM raise KeyboardInterrupt, as Ctrl-C does.

    A handler of the user is called first, and what ignores SIGTERM goes on ignoring it. Only the
    main thread can have handlers.
    """
    earlier = signal.getsignal(signal.SIGTERM)
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or earlier in (None, signal.SIG_IGN):
        yield
        return

    def interrupt(number, frame):
        if callable(earlier):
            earlier(number, frame)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is interrupt:
            signal.signal(signal.SIGTERM, earlier)
