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
    with closing(connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int")
        ((first,),) = cursor.fetchall()
    parents = {int(one.name): _stat(one) for one in _PROCESSES.iterdir() if one.name.isdigit()}
    ticks = sum(
        sum(map(int, stat[_TIMES]))
        for process, stat in parents.items()
        if stat and (process == first or int(stat[_PARENT]) == first)
    )
    ticks += sum(map(int, parents[first][_REAPED]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(process: Path) -> list[str]:
    """Return what is told of a process; nothing when it has just ended."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
