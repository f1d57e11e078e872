"""One connection to the database of the views, opened again after it was lost."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

Connect: TypeAlias = Callable[[str], Connection]


def connect(dsn: str) -> Connection:
    """Return a new connection: UTC, with a time limit on every statement."""
    return psycopg2.connect(dsn, options="-c timezone=UTC -c statement_timeout=60000")


class Session:
    """A connection for one thread at a time."""

    def __init__(self, dsn: str, connect: Connect) -> None:
        """Remember how to connect; nothing is opened yet."""
        self._dsn = dsn
        self._connect = connect
        self._lock = threading.RLock()
        self._open: Connection | None = None

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend the connection; one whose state is in doubt is closed, never used again."""
        with self._lock:
            if self._open is None or self._open.closed:
                self._open = self._connect(self._dsn)
            try:
                yield self._open
            except psycopg2.Error:
                self._open.close()
                raise

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._open is not None:
                self._open.close()
