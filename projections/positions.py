"""How far each view has read, who may write it, and which version of it stands in the database.

A lease is held by the database's time and fenced by an epoch: who lost it can not write. The
rows of views and the reading of records are elsewhere.
"""

from collections.abc import Collection, Sequence
from typing import Final

import msgspec
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from projections.projection import Versioned

_LOCK: Final = 0x7469636B
"""The advisory lock under which views are made; it has no part in the write path."""

POSITION: Final = (
    "create table view.position("
    "lane int not null, view text not null, position bigint not null default 0, "
    "epoch bigint not null default 0, owner text, "
    "lease_until timestamptz not null default '-infinity', primary key (lane, view))"
)
_SCHEMA: Final = ("create schema view", POSITION)
"""For a database of the views' own; in the ledger's database its migrations make these."""

_DEFINITION: Final = (
    "create table if not exists view.definition(view text primary key, version int not null)",
    "create table if not exists view.set_aside("
    "lane int not null, view text not null, position bigint not null, stream text not null, "
    "version int not null, topic text not null, error text, primary key (lane, view, position))",
)


class Lease(msgspec.Struct):
    """The right to write one view of one lane, and how far the view has read."""

    view: str
    epoch: int
    position: int


class LeaseLost(Exception):  # noqa: N818 - a state of the world, named as one
    """Another process writes the view now; nothing was written by this one."""


def prepare(connection: Connection, views: Sequence[Versioned], lanes: int) -> list[str]:
    """Make what is missing and return the views that are built anew, in one transaction.

    A view whose version differs is dropped: a change is a rebuild, never a migration.
    """
    rebuilt = []
    with connection, connection.cursor() as db:
        lock(db)
        db.execute("select view, version from view.definition")
        standing = dict(db.fetchall())
        for view in views:
            if standing.get(view.name) != view.version:
                _build(db, view)
                rebuilt.append(view.name)
            for lane in range(lanes):
                db.execute(
                    "insert into view.position (lane, view) values (%s, %s) on conflict do nothing",
                    (lane, view.name),
                )
    return rebuilt


def drop(connection: Connection, views: Sequence[Versioned]) -> None:
    """Forget views wholly; the next `prepare` makes them and they are built from the records."""
    with connection, connection.cursor() as db:
        lock(db)
        for view in views:
            _clear(db, view)
            db.execute("delete from view.definition where view = %s", (view.name,))


def acquire(
    connection: Connection, lane: int, views: Sequence[Versioned], *, owner: str, lease_s: float
) -> dict[str, Lease]:
    """Return the leases of a lane that are ours from now on, each with a new epoch."""
    with connection, connection.cursor() as db:
        db.execute(
            "update view.position p set epoch = epoch + 1, owner = %s, "
            "lease_until = clock_timestamp() + make_interval(secs => %s) "
            "from unnest(%s::text[], %s::int[]) as mine(view, version) "
            "join view.definition d using (view, version) "
            "where p.lane = %s and p.view = mine.view "
            "and (p.owner = %s or p.lease_until < clock_timestamp()) "
            "returning p.view, p.epoch, p.position",
            (
                owner,
                lease_s,
                [view.name for view in views],
                [view.version for view in views],
                lane,
                owner,
            ),
        )
        return {name: Lease(name, epoch, position) for name, epoch, position in db.fetchall()}


def fence(
    db: Cursor, lane: int, leases: Collection[Lease], *, to: int | None, lease_s: float
) -> None:
    """Move the views of our leases to a position and lock them until the commit.

    Raises LeaseLost when one of them is no longer ours. Without a position only the leases are
    made longer.
    """
    db.execute(
        "update view.position p set position = coalesce(%s, p.position), "
        "lease_until = clock_timestamp() + make_interval(secs => %s) "
        "from unnest(%s::text[], %s::bigint[], %s::bigint[]) as mine(view, epoch, position) "
        "where p.lane = %s and p.view = mine.view and p.epoch = mine.epoch "
        "and p.position = mine.position",
        (
            to,
            lease_s,
            [lease.view for lease in leases],
            [lease.epoch for lease in leases],
            [lease.position for lease in leases],
            lane,
        ),
    )
    if db.rowcount != len(leases):
        raise LeaseLost


def release(connection: Connection, lane: int, leases: Collection[Lease]) -> None:
    """Give leases back, so that the next process need not wait for their time to pass."""
    with connection, connection.cursor() as db:
        db.execute(
            "update view.position p set owner = null, lease_until = '-infinity' "
            "from unnest(%s::text[], %s::bigint[]) as mine(view, epoch) "
            "where p.lane = %s and p.view = mine.view and p.epoch = mine.epoch",
            ([lease.view for lease in leases], [lease.epoch for lease in leases], lane),
        )


def positions(db: Cursor, views: Sequence[Versioned]) -> dict[tuple[str, int], int]:
    """Return (view, lane) → how far it has read."""
    db.execute(
        "select view, lane, position from view.position where view = any(%s)",
        ([view.name for view in views],),
    )
    return {(view, lane): position for view, lane, position in db.fetchall()}


def lock(db: Cursor) -> None:
    """Be the only one who makes or drops views, and have the tables that say which there are."""
    db.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
    db.execute("select to_regclass('view.position') is null")
    for statement in (*(_SCHEMA if db.fetchone() == (True,) else ()), *_DEFINITION):
        db.execute(statement)
    # Before any row: a writer holds the rows of several views, and would wait for us in turn.
    db.execute("lock table view.position in exclusive mode")


def _build(db: Cursor, view: Versioned) -> None:
    _clear(db, view)
    for statements in view.tables.values():
        for statement in statements:
            db.execute(statement)
    db.execute(
        "insert into view.definition (view, version) values (%s, %s) "
        "on conflict (view) do update set version = excluded.version",
        (view.name, view.version),
    )


def _clear(db: Cursor, view: Versioned) -> None:
    """Drop a view's tables and send it back to the start; the new epoch fences off its writers."""
    db.execute(
        "update view.position set position = 0, epoch = epoch + 1, owner = null, "
        "lease_until = '-infinity' where view = %s",
        (view.name,),
    )
    for table in view.tables:
        db.execute(f"drop table if exists {table}")
    db.execute("delete from view.set_aside where view = %s", (view.name,))
