"""Who works on which core: on two of them, what a machine with more would give is measured too."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.benchmarks.spending import server_processes


def can_be_chosen() -> bool:
    """Return whether this system lets a process choose its cores, and there are two of them."""
    return hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1


@contextmanager
def database_apart(dsn: str, *, idlers: int) -> Iterator[None]:
    """Have the server work on one core, and this process and what it starts on another one.

    So many processes that do nothing, but never rest, take their fair share of that other core.
    """
    cores = os.sched_getaffinity(0)
    mine, its = sorted(cores)[:2]
    _place(server_processes(dsn), {its})
    _place([0], {mine})
    idling: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(idlers):
            command = [sys.executable, "-c", "while True: pass"]
            idling.append(subprocess.Popen(command))
        yield
    finally:
        for one in idling:
            one.kill()
            one.wait()
        _place([0], cores)
        _place(server_processes(dsn), cores)


def _place(processes: list[int], cores: set[int]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):  # it has just ended
            os.sched_setaffinity(process, cores)
