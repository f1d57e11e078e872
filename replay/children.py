"""Processes that work for another one: Ctrl-C is for that one, and they end when it is gone."""

import os
from multiprocessing import parent_process
from multiprocessing.connection import wait
from signal import SIG_IGN, SIGINT, signal
from threading import Thread


def begin_as_child() -> None:
    """Leave Ctrl-C to the process that started this one, and end with it, whatever ended it."""
    signal(SIGINT, SIG_IGN)
    Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()


def _end_with_parent() -> None:
    """Wait until the parent is gone; a pool's worker would wait for more work for ever."""
    parent = parent_process()
    assert parent is not None, "whoever is begun as a child has a parent"
    wait([parent.sentinel])
    os._exit(1)  # what is not committed is nobody's, and there is nobody to tell
