"""The server process of one cluster: found by its pid file, signalled, waited for."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.embedded.error import EmbeddedError

POLL_SECONDS: Final = 0.01
STOP_SECONDS_MAX: Final = 60.0

_children: Final[set[int]] = set()
"""Servers this process started, kept so that a stopped one is reaped and leaves no zombie."""


@dataclass(frozen=True)
class Postmaster:
    """A running server of a cluster, as its pid file tells."""

    pid: int
    socket_dir: str
    port: int
    status: str


def remember(pid: int) -> None:
    """Remember a server this process started."""
    _children.add(pid)


def running(cluster: Path) -> Postmaster | None:
    """The server that runs on this cluster, if there is one."""
    lines = _pid_file_lines(cluster)
    if not lines or not lines[0].lstrip("-").isdigit():
        return None
    pid = int(lines[0])
    if not _serves(pid, cluster):
        return None
    padded = [*lines, *[""] * 8]
    port = int(padded[3]) if padded[3].isdigit() else 0
    return Postmaster(pid, socket_dir=padded[4], port=port, status=padded[7].strip())


def clear_stale_pid_file(cluster: Path) -> None:
    """Remove a pid file whose pid now belongs to another program or to a zombie.

    PostgreSQL takes any living pid for a rival server. A file with a dead pid stays: with it
    the server also finds orphaned backends that still use the shared memory.
    """
    file = cluster / "postmaster.pid"
    if not file.exists() or running(cluster) is not None:
        return
    first = file.read_text().partition("\n")[0].strip()
    if not first.isdigit() or _exists(int(first)):
        file.unlink()


def stop_server(postmaster: Postmaster, cluster: Path) -> None:
    """Stop the server in order (fast shutdown), or at once when it does not obey."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        try:
            os.kill(postmaster.pid, number)
        except ProcessLookupError:
            return
        if wait_until(lambda: has_ended(postmaster.pid, cluster), seconds=STOP_SECONDS_MAX):
            return
    raise EmbeddedError(
        f"The embedded PostgreSQL (pid {postmaster.pid}) does not stop.",
        why="it answered neither a fast nor an immediate shutdown",
        remedy=f"look into its log beside {cluster}, then end the process by its pid",
    )


def has_ended(pid: int, cluster: Path) -> bool:
    """Whether this process serves the cluster no more; a child of ours is reaped on the way."""
    if pid not in _children:
        return not _serves(pid, cluster)
    try:
        ended = os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # a fork of the process that started it
        ended = not _serves(pid, cluster)
    if ended:
        _children.discard(pid)
    return ended


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Whether the condition came true within this time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _pid_file_lines(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _serves(pid: int, cluster: Path) -> bool:
    """Whether this process is a PostgreSQL server of this cluster: a zombie has no command line
    and a reused pid has another one."""
    arguments = _command_line(pid)
    program = next((i for i, part in enumerate(arguments) if Path(part).name == "postgres"), None)
    if program is None or "-D" not in arguments[program:-1]:
        return False
    directory = arguments[arguments.index("-D", program) + 1]
    return directory == str(cluster) or _same(directory, cluster) or _same(_cwd(pid), cluster)


def _command_line(pid: int) -> list[str]:
    if Path("/proc/self").exists():
        try:
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).split("\0")
        except OSError:
            return []
    listed = subprocess.run(  # noqa: S603 - a fixed program and a number
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout.split()


def _cwd(pid: int) -> str:
    """A server works inside its data directory, so it is known even after a move."""
    return f"/proc/{pid}/cwd"


def _same(first: str, second: Path) -> bool:
    try:
        return os.path.samefile(first, second)
    except OSError:
        return False
