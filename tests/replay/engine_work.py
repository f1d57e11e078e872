"""Work for engines to do: pure functions in a module that a new process reads quickly."""

import hashlib
import os
import signal


def listed(one: int) -> list[int]:
    """Return a list of one, whose merge tells the order."""
    return [one]


def worked(one: int) -> tuple[int, str]:
    """Return which process it was, and something that takes a moment to work out."""
    found = str(one).encode()
    for _ in range(20_000):
        found = hashlib.sha256(found).digest()
    return os.getpid(), found.hex()


def deadly(_one: int) -> None:
    """Take the process along."""
    os.kill(os.getpid(), signal.SIGKILL)


def divided(one: int, other: int) -> float:
    """Raise for zero."""
    return one / other
