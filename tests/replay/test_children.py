"""Processes that work for another one do not outlive it, whatever ended it."""

import os
import signal
import subprocess
import sys

from api.embedded.postmaster import wait_until
from tests.api.embedded_cases import is_alive

STARTER = """
import time
from multiprocessing import active_children
from replay.engines.processes import Processes

if __name__ == "__main__":
    engine = Processes(2)
    assert dict(engine.map(abs, [-1, -2, -3, -4])) == {0: 1, 1: 2, 2: 3, 3: 4}
    print(*(one.pid for one in active_children()), flush=True)
    time.sleep(600)
"""


def test_who_waits_for_work_ends_when_its_starter_was_killed() -> None:
    """A pool's workers wait for ever for the next piece of work: nobody would ever end them."""
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER], stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        assert starter.stdout is not None
        children = [int(one) for one in starter.stdout.readline().split()]
        assert len(children) == 2
        assert all(map(is_alive, children))
        starter.kill()
        starter.wait(30)
        assert wait_until(lambda: not any(map(is_alive, children)), seconds=30)
    finally:
        os.killpg(starter.pid, signal.SIGKILL) if starter.poll() is None else None
        starter.stdout.close()
