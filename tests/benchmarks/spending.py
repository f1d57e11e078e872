"""What work costs in processor time: of this process, of those it started, and of the server."""

import os
import resource
from contextlib import closing
from pathlib import Path
from typing import Final

from psycopg2 import connect

_PROCESSES: Final = Path("/proc")
_PARENT, _TIMES, _REAPED = 1, slice(11, 13), slice(13, 15)
"""Where a line of proc(5)'s stat tells of these, counted behind the name."""


def known() -> bool:
    """Return whether this system tells what other processes spend."""
    return (_PROCESSES / "self" / "stat").exists()


def client() -> float:
    """Return the seconds that this process and those it waited for have spent."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def server(dsn: str) -> float:
    """Return the seconds that a server on this machine, with all its processes, has spent."""
    first, *others = map(_stat, server_processes(dsn))
    ticks = sum(sum(map(int, stat[_TIMES])) for stat in (first, *others))
    ticks += sum(map(int, first[_REAPED]))
    return ticks / os.sysconf("SC_CLK_TCK")


def server_processes(dsn: str) -> list[int]:
    """Return the pids of a server on this machine: of itself first, then of those it started."""
    with closing(connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int")
        ((first,),) = cursor.fetchall()
    running = {int(one.name) for one in _PROCESSES.iterdir() if one.name.isdigit()}
    stats = {pid: _stat(pid) for pid in running}
    return [first, *(pid for pid, stat in stats.items() if stat and int(stat[_PARENT]) == first)]


def _stat(process: int) -> list[str]:
    """Return what is told of a process; nothing when it has just ended."""
    try:
        return (_PROCESSES / str(process) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
