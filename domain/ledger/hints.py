"""A wake-up from the process that has written to those that read; never a promise, never the news.

A hint is sent after the commit and on its own, so the append itself holds no lock for it. Who waits
for one reads the record anyway when the time is up.
"""

from select import select
from threading import Event, Lock, Thread

from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger.connections import LOST, Connections, DatabaseUnavailable


def send_hint(connections: Connections, channel: str) -> None:
    """Wake every listener of the channel; a database that is away makes no difference."""

    def work(cursor: Cursor) -> None:
        cursor.execute(f"notify {_named(channel)}")

    try:
        connections.read(work)
    except DatabaseUnavailable:
        return


class Listener:
    """Waits for hints on a connection of its own, which it opens again when it is lost."""

    def __init__(self, connections: Connections, channel: str) -> None:
        """Listen on the channel from the first wait on."""
        self._connections = connections
        self._listen = f"listen {_named(channel)}"
        self._connection: Connection | None = None
        self._in_use = Lock()
        self._closed = False

    def wait(self, timeout_s: float) -> bool:
        """Return whether there was reason to look again before the time was up."""
        with self._in_use:
            try:
                return not self._closed and self._wait(timeout_s)
            finally:
                if self._closed:
                    self._drop()

    def close(self) -> None:
        """Stop listening, from any thread; one that waits right now ends its wait first."""
        self._closed = True
        if self._in_use.acquire(blocking=False):
            try:
                self._drop()
            finally:
                self._in_use.release()

    def _wait(self, timeout_s: float) -> bool:
        try:
            if self._connection is None:
                self._connection = self._connections.open()
                with self._connection.cursor() as cursor:
                    cursor.execute(self._listen)
                return True  # what was written before we listened gave no hint
        except (*LOST, DatabaseUnavailable):
            self._drop()
            select([], [], [], timeout_s)
            return False
        readable, _, _ = select([self._connection], [], [], timeout_s)
        if readable:
            try:
                self._connection.poll()
                self._connection.notifies.clear()
            except LOST:
                self._drop()  # the next wait listens again
        return bool(readable)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class HintSender:
    """Sends hints from a thread of its own, many commits in one, so no commit waits for a hint."""

    def __init__(self, connections: Connections, channel: str, *, pause_s: float = 0.05) -> None:
        """Start the thread; at most one hint is sent every `pause_s` seconds."""
        self._connections = connections
        self._channel = channel
        self._pause_s = pause_s
        self._asked = False
        self._due = Event()
        self._ended = Event()
        self._thread = Thread(target=self._run, name="hints", daemon=True)
        self._thread.start()

    def send(self) -> None:
        """Have a hint sent soon."""
        self._asked = True
        self._due.set()

    def close(self) -> None:
        """End the thread; a hint that is due is sent first."""
        self._ended.set()
        self._due.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            if self._asked:
                self._asked = False
                send_hint(self._connections, self._channel)
            if self._ended.wait(self._pause_s) and not self._asked:
                return


def _named(channel: str) -> str:
    """Return a channel's name as SQL writes it; it is one of ours, never somebody's input."""
    assert channel.isidentifier(), "a channel's name is an identifier"
    return f'"{channel}"'
