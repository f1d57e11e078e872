"""The schema in which views are built anew: how their SQL is led there, and what stands in it.

Every view names its tables `view.…`; a cursor of a shadow session writes the shadow's schema in
the place of it, so neither the views nor their positions know where they are.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

import domain
import projections
from projections import positions
from projections.projection import Page, View

SCHEMA: Final = "view_rebuild"
"""In the ledger's database a migration makes it, elsewhere `make` does."""

INDEXERS: Final = 2
"""How many views get their indexes at the same time."""
CANCEL_S: Final = 0.1
"""How long after a cancel its statement may go on before the next is sent."""
_LIVE: Final = re.compile(r"(?<![\w.])view\.(?=[a-z_])")
_OPTIONS: Final = (
    "-c timezone=UTC -c statement_timeout=0 -c synchronous_commit=off -c maintenance_work_mem=128MB"
)
"""Indexes of large views take long; what a crash of the server takes back is built again."""
_BUILD: Final = (
    "create table if not exists view.build("
    "view text primary key, code bytea not null, indexed boolean not null default false)"
)
_PARTS: Final = (
    "create table if not exists view.build_part(view text not null, lane int not null, "
    "number int not null, parts int not null, upto bigint not null, first text not null, "
    "before text, done boolean not null default false, primary key (view, lane, number))"
)
_CREATES_TABLE: Final = "create table"


class ShadowCursor(Cursor):
    """A cursor for which the schema of the views is the shadow's."""

    def execute(self, query: Any, vars: Any = None) -> None:
        """Run a statement of a view on the shadow's tables."""
        super().execute(shadowed(query), vars)

    def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
        """Add rows to one of the shadow's tables."""
        super().copy_expert(shadowed(sql), file, size)


def shadowed(statement: str) -> str:
    """Return a view's statement with the shadow's schema in the place of the live one."""
    return _LIVE.sub(f"{SCHEMA}.", statement)


def connect(dsn: str) -> Connection:
    """Return a connection whose cursors speak of the shadow; `live` gives the others."""
    return psycopg2.connect(dsn, options=_OPTIONS, cursor_factory=ShadowCursor)


def live(connection: Connection) -> Cursor:
    """Return a cursor of a shadow's connection for which names are what they say."""
    return connection.cursor(cursor_factory=Cursor)


@dataclass(frozen=True)
class Bare:
    """A view that is made without its secondary indexes: they are added when it is built."""

    view: View

    @property
    def name(self) -> str:
        """Return the view's name."""
        return self.view.name

    @property
    def version(self) -> int:
        """Return the view's version."""
        return self.view.version

    @property
    def families(self) -> frozenset[str]:
        """Return the kinds of streams whose facts it folds."""
        return self.view.families

    @property
    def by_stream(self) -> bool:
        """Return whether it may be folded stream by stream."""
        return self.view.by_stream

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        """Return table name → the statement that makes it."""
        return {
            name: [one for one in statements if one.startswith(_CREATES_TABLE)]
            for name, statements in self.view.tables.items()
        }

    @property
    def indexes(self) -> list[str]:
        """Return the other statements of its tables, in the order `prepare` runs them."""
        return [
            one
            for statements in self.view.tables.values()
            for one in statements
            if not one.startswith(_CREATES_TABLE)
        ]

    def page(self, lane: int) -> Page:
        """Return an empty page of a lane."""
        return self.view.page(lane)


def make(connection: Connection, views: Sequence[Bare], lanes: int, *, anew: bool) -> list[str]:
    """Make what is missing of the shadow, and return the views that are begun anew.

    One that an interrupted rebuild left is gone on with, unless the code has changed since.
    """
    code = code_digest()
    with connection, connection.cursor() as db:
        db.execute("select to_regnamespace(%s) is null", (SCHEMA,))
        if db.fetchone() == (True,):
            db.execute(f"create schema {SCHEMA}")
        db.execute("select to_regclass('view.position') is null")
        if db.fetchone() == (True,):
            db.execute(positions.POSITION)
        db.execute(_BUILD)
        db.execute(_PARTS)
        db.execute("select view from view.build where code = %s", (code,))
        going_on = set() if anew else {name for (name,) in db.fetchall()}
        stale = [view for view in views if view.name not in going_on]
        # First of all: whoever is killed behind this must leave no word of what is gone then.
        _unmark(db, [view.name for view in stale])
    positions.drop(connection, stale)
    begun = positions.prepare(connection, views, lanes)
    with connection, connection.cursor() as db:
        _unmark(db, begun)
        for name in begun:
            db.execute("insert into view.build (view, code) values (%s, %s)", (name, code))
    return begun


def _unmark(db: Cursor, names: Sequence[str]) -> None:
    """Forget what is done of views."""
    for table in ("build", "build_part"):
        db.execute(f"delete from view.{table} where view = any(%s)", (list(names),))


def add_indexes(open_one: Callable[[], Connection], views: Sequence[Bare]) -> None:
    """Give the built tables the indexes that `prepare` would have given them at once.

    It is the server's work alone, so two connections have it done while one waits for nobody.
    What ends one of them, or the caller, ends the others, whose statements are cancelled.
    """
    free: SimpleQueue[Connection] = SimpleQueue()
    with ExitStack() as ending:
        connections = [ending.enter_context(closing(open_one())) for _ in range(INDEXERS)]
        for connection in connections:
            free.put(connection)
        indexers = ending.enter_context(ThreadPoolExecutor(INDEXERS, "indexing"))
        adding = [indexers.submit(_add_indexes, free, view) for view in views]
        try:
            for done in as_completed(adding):
                done.result()
        except BaseException:
            indexers.shutdown(wait=False, cancel_futures=True)
            left = [one for one in adding if not one.done()]
            # A cancel that comes before its statement is lost, so one is not enough.
            while wait(left, CANCEL_S).not_done:
                for connection in connections:
                    with suppress(psycopg2.Error):  # it may be lost
                        connection.cancel()
            raise


def _add_indexes(free: SimpleQueue[Connection], view: Bare) -> None:
    connection = free.get()
    try:
        with connection, connection.cursor() as db:
            # Who goes on behind a rebuild that was killed waits for what the server still does.
            db.execute(
                "select from view.build where view = %s and not indexed for update", (view.name,)
            )
            if not db.rowcount:
                return
            for statement in view.indexes:
                db.execute(statement)
            for table in view.tables:
                db.execute(f"analyze {table}")
            db.execute("update view.build set indexed = true where view = %s", (view.name,))
    finally:
        free.put(connection)


def forget(db: Cursor, views: Sequence[View]) -> None:
    """Forget where the shadow of views stands; their tables are gone already."""
    names = [view.name for view in views]
    _unmark(db, names)
    for table in ("definition", "position", "set_aside"):
        db.execute(f"delete from view.{table} where view = any(%s)", (names,))


def drop(connection: Connection, views: Sequence[View]) -> None:
    """Drop the shadow of views wholly."""
    with connection, connection.cursor() as db:
        for view in views:
            for table in view.tables:
                db.execute(f"drop table if exists {table}")
        forget(db, views)


def code_digest() -> bytes:
    """Return a digest of the code that makes rows of records: another one makes other rows."""
    digest = hashlib.sha256()
    for package in (domain, projections):
        root = Path(str(package.__file__)).parent
        for file in sorted(root.rglob("*.py")):
            digest.update(f"{file.relative_to(root)}\0".encode() + file.read_bytes() + b"\0")
    return digest.digest()
