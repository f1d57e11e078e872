"""The composition root: the parts of the program are made and joined here and nowhere else."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from secrets import token_hex
from typing import Any, Final, TypeVar

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api import embedded, keys
from api.ids import draw_ticket, new_id, wall_clock
from api.keys import FileKeys
from api.settings import Settings
from domain.ledger.anchors import AnchorHistory, Anchors
from domain.ledger.application import Grounds, TicketLedger
from domain.ledger.connections import Connections, DatabaseUnavailable
from domain.ledger.hints import HintSender
from domain.ledger.migrations import holds_ledger, migrate
from domain.ledger.vault import FileVault, Vault
from domain.ledger.vault_drafts import NoScanner, Scanner
from domain.policies import book as books
from domain.values import Instant
from projections.runner import Views

MOVED: Final = "ticketledger_moved"
"""The channel on which processes wake one another after a commit."""
READERS: Final = 4
"""Threads that read for routes, each on a connection of its own."""
STATEMENT_TIMEOUT_MS: Final = 10_000
FIRST_BOOK: Final = files("domain.policies").joinpath("tables/2026-11-22")
"""The book a new ledger begins with: a folder with one file a subject."""
_T = TypeVar("_T")


class NoLedger(RuntimeError):  # noqa: N818 - named for what is the matter
    """There is no ledger where one is to be read; the message says where."""


@dataclass(frozen=True, slots=True)
class Dsns:
    """Where the record and the views are, for each role this process acts in."""

    app: str
    views: str
    notary: str | None = None
    """None where this process is not to sign."""
    eraser: str | None = None
    """None where an erasure is only recorded, and its destruction waits for `keys reconcile`."""


@dataclass(slots=True)
class Services:
    """What routes, worker and commands of the command line work with."""

    settings: Settings
    dsns: Dsns
    keys: keys.Keys
    ledger: TicketLedger
    views: Views
    now: Callable[[], Instant]
    connections: Connections
    """Of this process for hints and listening; not for the record."""
    key_store: FileKeys
    """What the ledger signs with: receipts everywhere, checkpoints in the notary alone."""
    anchors: Anchors
    """What outsiders say of checkpoints; read here, written by the worker."""
    stamps: AnchorHistory
    scanner: Scanner = field(default_factory=NoScanner)
    """Looks at every uploaded content before it is kept; the port of a virus scanner."""
    _readers: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(READERS, thread_name_prefix="reader")
    )
    _local: threading.local = field(default_factory=threading.local)
    _open: list[Connection] = field(default_factory=list)

    async def read(self, query: Callable[[Connection], _T]) -> _T:
        """Return what a query of the views reads, on a read-only connection of a reader thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self.read_now, query)

    async def run(self, work: Callable[..., _T], *arguments: Any) -> _T:
        """Return what blocking work answers, done on a reader thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, work, *arguments)

    def read_now(self, query: Callable[[Connection], _T]) -> _T:
        """Return what a query of the views reads, on this thread; once more on a new connection."""
        for fresh in (False, True):
            connection = self._reader(fresh=fresh)
            try:
                return query(connection)
            except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
                if fresh or not connection.closed:
                    raise DatabaseUnavailable("the views did not answer") from error
        raise AssertionError("the second try returns or raises")

    def write_view(self, statement: str, values: tuple[object, ...]) -> None:
        """Run one statement on the views' database; for positions kept beside those of views."""
        try:
            with (
                closing(psycopg2.connect(self.dsns.views)) as connection,
                connection,
                connection.cursor() as cursor,
            ):
                cursor.execute(statement, values)
        except psycopg2.OperationalError as error:
            raise DatabaseUnavailable("the views did not answer") from error

    def close(self) -> None:
        """End the reader threads and close their connections."""
        self._readers.shutdown(cancel_futures=True)
        for connection in self._open:
            connection.close()

    def _reader(self, *, fresh: bool) -> Connection:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None or connection.closed or fresh:
            try:
                connection = psycopg2.connect(
                    self.dsns.views,
                    options=f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_MS}",
                )
            except psycopg2.OperationalError as error:
                raise DatabaseUnavailable("no connection to the views") from error
            connection.set_session(readonly=True, autocommit=True)
            self._local.connection = connection
            self._open.append(connection)
        return connection


def require_ledger(settings: Settings) -> None:
    """Raise NoLedger for a data directory in which none was ever made; nothing is made by asking.

    Of a database of one's own nothing is said here: it is asked when it is opened.
    """
    if settings.database_url is None and not embedded.has_cluster(settings.data_dir):
        raise NoLedger(f"nothing was ever made in {settings.data_dir.absolute()}")


@contextmanager
def database(settings: Settings, *, makes: bool = False) -> Iterator[Dsns]:
    """Give the DSNs of a migrated database, the embedded one unless settings name another.

    Only what `makes` a ledger makes one: all else raises NoLedger, so that a data directory whose
    name is mistyped is told and not filled.
    """
    if not makes:
        require_ledger(settings)
    origin = settings.origin or f"{socket.gethostname()}/{token_hex(4)}"
    if settings.database_url is not None:
        if not makes and not holds_ledger(settings.database_url):
            raise NoLedger("the database has none of its tables")
        yield Dsns(
            app=settings.database_url,
            views=settings.views_url or settings.database_url,
            notary=settings.notary_database_url,
            eraser=settings.eraser_database_url,
        )
        return
    with embedded.start(settings.data_dir) as server:
        if not makes and not holds_ledger(server.app_dsn):
            raise NoLedger(f"the database in {settings.data_dir.absolute()} has none of its tables")
        migrate(server.owner_dsn, lanes=settings.lanes, origin=origin)
        yield Dsns(
            app=server.app_dsn,
            views=settings.views_url or server.app_dsn,
            notary=server.notary_dsn,
            eraser=server.eraser_dsn,
        )


def vault_of(settings: Settings) -> Vault:
    """Return the vault: files below the data directory, or the object store settings name."""
    if settings.vault_url is None:
        return FileVault(settings.data_dir / "vault")
    from domain.ledger.vault_objects import object_vault  # noqa: PLC0415 - of the extra `s3`

    return object_vault(settings.vault_url)


def first_book() -> bytes:
    """Return the book a new ledger begins with, as one document."""
    return book_bytes(FIRST_BOOK)


def book_bytes(place: Traversable) -> bytes:
    """Return a book's bytes, of a file or of a folder's files; raise OSError where none are read.

    The file of a folder that holds the version comes first.
    """
    if not place.is_dir():
        return place.read_bytes()
    tables = sorted(place.iterdir(), key=lambda one: (one.name != "book.toml", one.name))
    return books.join(one.read_bytes() for one in tables if one.name.endswith(".toml"))


@contextmanager
def services(
    settings: Settings, *, makes: bool = False, now: Callable[[], Instant] = wall_clock
) -> Iterator[Services]:
    """Give the parts of the program, joined; closed in order at the end. Raises as `database`."""
    with database(settings, makes=makes) as dsns, joined(settings, dsns, now=now) as parts:
        yield parts


@contextmanager
def joined(
    settings: Settings,
    dsns: Dsns,
    *,
    now: Callable[[], Instant] = wall_clock,
    draw: Callable[[int, Instant], str] = draw_ticket,
) -> Iterator[Services]:
    """Give the parts of the program over a database that is there and migrated."""
    secrets = keys.load(settings.data_dir / "keys")
    with ExitStack() as ending:
        connections = Connections(dsns.app, readers_max=2)
        ending.callback(connections.close)
        hints = HintSender(connections, MOVED)
        ending.callback(hints.close)
        heard: list[Views] = []

        def on_commit(_lane: int, _position: int) -> None:
            hints.send()
            for views in heard:
                views.hint()

        ledger = TicketLedger(
            dsns.app,
            Grounds(
                now=now,
                new_id=new_id,
                draw_ticket=draw,
                key_encryption_key=secrets.key_encryption_key,
                hmac_secret=secrets.hmac_secret,
                vault=vault_of(settings),
                on_commit=on_commit,
            ),
        )
        ending.callback(ledger.close)
        if not ledger.books:
            ledger.adopt(first_book())
        views = Views(dsns.views, ledger, lanes=ledger.lanes)
        ending.callback(views.close)
        views.prepare()
        heard.append(views)
        store = FileKeys(settings.data_dir / "keys")
        anchors = Anchors(ledger.record.connections, names=ledger.record.names)
        stamps = AnchorHistory(anchors, ledger.lanes)
        parts = Services(
            settings, dsns, secrets, ledger, views, now, connections, store, anchors, stamps
        )
        ending.callback(parts.close)
        yield parts
