"""Where a run takes place: a directory and a durable PostgreSQL of its own, gone afterwards."""

import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg2
from psycopg2.extensions import make_dsn, parse_dsn

from api import embedded
from domain.ledger.migrations import migrate
from tests.benchmarks.environments import Environments
from tests.benchmarks.processes import BenchmarkError

CONNECTIONS_MAX: Final = 300
_DURABLE: Final = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


@dataclass(frozen=True, slots=True)
class Database:
    """One throw-away database and how to connect to it."""

    name: str
    superuser_dsn: str = field(repr=False)
    owner_dsn: str = field(repr=False)
    app_dsn: str = field(repr=False)

    def parts(self) -> dict[str, str]:
        """Return the superuser's DSN in parts, for a library that takes no DSN."""
        return dict(parse_dsn(self.superuser_dsn))


@dataclass(frozen=True, slots=True)
class Place:
    """A run's directory, its server, and the environments that outlive it."""

    directory: Path
    server: embedded.EmbeddedServer
    environments: Environments

    def new_database(self, purpose: str, *, migrated: bool) -> Database:
        """Return a new database, empty or with the ledger's schemas."""
        name = f"{purpose}_{secrets.token_hex(4)}"
        connection = psycopg2.connect(self.server.dsn("postgres", "postgres"))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                embedded.create_database(cursor, name)
        finally:
            connection.close()
        database = Database(
            name,
            self.server.dsn("postgres", name),
            self.server.dsn("ticketledger_owner", name),
            self.server.dsn("ticketledger_app", name),
        )
        if migrated:
            migrate(database.owner_dsn, origin="ledger.benchmark")
        return database


@contextmanager
def open_place(keep: Path) -> Iterator[Place]:
    """Open a place below a directory that is kept; leave nothing of the run behind."""
    keep.mkdir(parents=True, exist_ok=True)
    # On the disk of the data, not in a temporary directory that may be memory: fsync must cost.
    directory = Path(tempfile.mkdtemp(prefix="run-", dir=keep))
    directory.chmod(0o711)
    try:
        with embedded.start(
            directory, extra_settings={"max_connections": str(CONNECTIONS_MAX)}
        ) as server:
            _require_durable(server.superuser_dsn)
            yield Place(directory, server, Environments(keep.resolve()))
    finally:
        embedded.stop(directory)
        moved = directory / "postgres" / "server"
        if moved.is_symlink():
            shutil.rmtree(moved.resolve())
        shutil.rmtree(directory)


def run_sql(dsn: str, *statements: str) -> None:
    """Run statements, each in a transaction of its own."""
    connection = psycopg2.connect(make_dsn(dsn))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _require_durable(dsn: str) -> None:
    connection = psycopg2.connect(dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "select name, setting from pg_settings where name = any(%s)", (list(_DURABLE),)
            )
            found = dict(cursor.fetchall())
    finally:
        connection.close()
    if found != _DURABLE:
        raise BenchmarkError(f"the server is not durable: {found}")
