"""A way to the database that can be cut: before a request arrives, or after it was answered."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path

from psycopg2.extensions import make_dsn, parse_dsn

READY = b"Z\x00\x00\x00\x05I"
"""What a server says last, when everything it was asked is done and committed."""
APPEND = b".append("


class Cut(Enum):
    """Where the next append is lost."""

    BEFORE = "before it reaches the server"
    MEANWHILE = "when the server has it; nobody waits for the answer"
    AFTER = "when the server has answered"


class LossyWay:
    """Passes connections on to a server until it is told to lose something."""

    def __init__(self, dsn: str, directory: Path) -> None:
        """Listen in a directory for connections to the server of a DSN."""
        parts = parse_dsn(dsn)
        self._host, self._port = str(parts["host"]), int(parts.get("port") or 5432)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(directory / ".s.PGSQL.5432"))
        self._listener.listen(64)
        self._cuts: list[Cut] = []
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._away = threading.Event()
        self._leaves = False
        self.losses = 0
        self.dsn = make_dsn(dsn, host=str(directory), port="5432")
        threading.Thread(target=self._accept, daemon=True).start()

    def lose(self, *cuts: Cut) -> None:
        """Lose the next appends, one for each cut."""
        with self._lock:
            self._cuts.extend(cuts)

    @contextmanager
    def leaving(self, cut: Cut) -> Iterator[None]:
        """Lose the next append and from then on everything, until the block ends."""
        self._leaves = True
        self.lose(cut)
        try:
            yield
        finally:
            self._leaves = False
            self._away.clear()

    def close(self) -> None:
        """Cut everything."""
        self._listener.close()
        for pair in self._pairs:
            _end(*pair)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._away.is_set():
                    client.close()
                    continue
                server = self._connect()
                self._pairs.append((client, server))
                answered = threading.Event()
                for work in (self._to_server, self._to_client):
                    threading.Thread(
                        target=work, args=(client, server, answered), daemon=True
                    ).start()

    def _connect(self) -> socket.socket:
        if self._host.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{self._host}/.s.PGSQL.{self._port}")
            return server
        return socket.create_connection((self._host, self._port))

    def _to_server(
        self, client: socket.socket, server: socket.socket, answered: threading.Event
    ) -> None:
        with suppress(OSError):
            while content := client.recv(1 << 20):
                cut = self._next_cut() if APPEND in content else None
                if cut is Cut.BEFORE:
                    self._leave()
                    break
                if cut is Cut.AFTER:
                    answered.set()
                server.sendall(content)
                if cut is Cut.MEANWHILE:
                    client.close()  # the server hears nothing of it until it answers
                    return
        _end(client, server)

    def _to_client(
        self, client: socket.socket, server: socket.socket, losing: threading.Event
    ) -> None:
        kept = b""
        with suppress(OSError):
            while content := server.recv(1 << 20):
                if losing.is_set():
                    kept += content
                    if kept.endswith(READY):
                        self._leave()
                        break
                    continue
                client.sendall(content)
        _end(client, server)

    def _leave(self) -> None:
        if self._leaves:
            self._away.set()
            for pair in list(self._pairs):
                _end(*pair)

    def _next_cut(self) -> Cut | None:
        with self._lock:
            if not self._cuts:
                return None
            self.losses += 1
            return self._cuts.pop(0)


@contextmanager
def lossy_way(dsn: str, directory: Path) -> Iterator[LossyWay]:
    """Give a way to the server, closed at the end."""
    way = LossyWay(dsn, directory)
    try:
        yield way
    finally:
        way.close()


def _end(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
