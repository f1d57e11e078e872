"""Connections to PostgreSQL, one per lane writer and a few for reads; no SQL of the ledger."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from select import select
from threading import BoundedSemaphore, Lock
from typing import Final, TypeVar

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

LOST: Final = (psycopg2.OperationalError, psycopg2.InterfaceError)
_T = TypeVar("_T")


class DatabaseUnavailable(Exception):  # noqa: N818 - a state of the world, named as one
    """The database cannot be reached, or did not answer in time; nothing was written by this."""


class AppendUnknown(Exception):  # noqa: N818 - a state of knowledge, named as one
    """The reply to a write was lost: it may or may not be persisted; ask by command id."""


class Connections:
    """The connections of one process, opened when first needed and again when lost."""

    def __init__(
        self,
        dsn: str,
        *,
        readers_max: int = 4,
        statement_timeout_ms: int = 30_000,
        acquire_timeout_s: float = 30.0,
    ) -> None:
        """Remember where to connect to; nothing is opened yet."""
        self.dsn = dsn
        self._options = (
            f"-c timezone=UTC -c statement_timeout={statement_timeout_ms} "
            "-c default_transaction_isolation=read\\ committed"
        )
        self._acquire_timeout_s = acquire_timeout_s
        self._idle: list[Connection] = []
        self._readers = BoundedSemaphore(readers_max)
        self._writers: dict[int | None, Connection] = {}
        self._writer_locks: dict[int | None, Lock] = {}
        self._lock = Lock()
        self._closed = False

    def open(self) -> Connection:
        """Return a new connection of the caller's own: autocommit, UTC, with a time limit."""
        if self._closed:
            raise DatabaseUnavailable("these connections are closed")
        try:
            connection = psycopg2.connect(self.dsn, options=self._options)
        except psycopg2.OperationalError as error:
            raise DatabaseUnavailable("no connection to the database") from error
        connection.autocommit = True
        return connection

    def read(self, work: Callable[[Cursor], _T]) -> _T:
        """Return what `work` reads, once more on a new connection when the old one is lost."""
        with self._reader() as cursor:
            try:
                return work(cursor)
            except LOST as error:
                if not cursor.connection.closed:
                    raise DatabaseUnavailable("the database did not answer in time") from error
        with self._reader(fresh=True) as cursor:
            try:
                return work(cursor)
            except LOST as error:
                raise DatabaseUnavailable("the database went away") from error

    def write(self, lane: int | None, work: Callable[[Cursor], _T]) -> _T:
        """Return what `work` answers on the lane's own connection; one caller at a time.

        None is for writes that belong to no lane. Raises AppendUnknown when the reply is lost,
        DatabaseUnavailable when nothing was written.
        """
        with self._lock:
            lock = self._writer_locks.setdefault(lane, Lock())
        with lock:
            connection = self._writers.get(lane)
            if connection is None or _is_lost(connection):
                connection = self._writers[lane] = self.open()
            try:
                with connection.cursor() as cursor:
                    return work(cursor)
            except LOST as error:
                if connection.closed:
                    raise AppendUnknown("the connection was lost before the reply") from error
                raise DatabaseUnavailable("the write was cancelled by its time limit") from error

    def close(self) -> None:
        """Close every connection that is not in use; one in use is closed when it comes back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            locks = dict(self._writer_locks)
        for connection in idle:
            connection.close()
        for lane, lock in locks.items():
            with lock:
                writer = self._writers.pop(lane, None)
                if writer is not None:
                    writer.close()

    @contextmanager
    def _reader(self, *, fresh: bool = False) -> Iterator[Cursor]:
        if not self._readers.acquire(timeout=self._acquire_timeout_s):
            raise DatabaseUnavailable("every connection for reads is in use")
        connection: Connection | None = None
        try:
            with self._lock:
                if fresh:
                    # What was lost once is lost for all: a restart ends every idle session.
                    idle, self._idle = self._idle, []
                else:
                    idle = []
                    connection = self._idle.pop() if self._idle else None
            for old in idle:
                old.close()
            if connection is None:
                connection = self.open()
            with connection.cursor() as cursor:
                yield cursor
        finally:
            if connection is not None:
                self._give_back(connection)
            self._readers.release()

    def _give_back(self, connection: Connection) -> None:
        with self._lock:
            if not self._closed and not connection.closed:
                self._idle.append(connection)
                return
        connection.close()


def _is_lost(connection: Connection) -> bool:
    """Return whether an idle connection was closed by the server.

    The server then has spoken without being asked; found before a write is sent, this is no lost
    reply.
    """
    if not connection.closed and select([connection], [], [], 0)[0]:
        try:
            with connection.cursor() as cursor:
                cursor.execute("select")
        except LOST:
            connection.close()
    return bool(connection.closed)
