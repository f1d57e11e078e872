"""Rebuilds over a test's own source, which can be asked for whole streams as the ledger can."""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.record import Record
from projections.projection import Source
from projections.views import VIEWS
from replay.rebuild import SCHEMA, Rebuild
from tests.conftest import Database
from tests.projections.history import History

PAGE = 13
BATCH = 5


@dataclass(frozen=True)
class Page:
    """Some records of whole streams."""

    found: Sequence[Record]
    last: tuple[str, int] | None

    def batches(self, upto: int) -> Iterator[list[Record]]:
        """Yield those at a position or before it, some fewer at a time than a page has."""
        for first in range(0, len(self.found), BATCH):
            found = self.found[first : first + BATCH]
            yield [record for record in found if record.position <= upto]


class ByStream:
    """Any source, in the order of its streams."""

    def __init__(self, source: Source) -> None:
        """Ask another source."""
        self._source = source
        self._part: dict[tuple[int, str], list[Record]] = {}
        """What was there when a part was begun; what comes later lies behind where it ends."""

    def records(self, lane: int, after: int, limit: int) -> Sequence[Record]:
        """Return records of a lane behind a position."""
        return self._source.records(lane, after, limit)

    def position(self, lane: int) -> int:
        """Return the lane's newest position."""
        return self._source.position(lane)

    def divided(self, lane: int, upto: int, size: int) -> list[str]:
        """Return every so many records' stream."""
        found = sorted(record.stream for record in self._source.records(lane, 0, upto))
        return sorted(set(found[size::size]))

    def streams(
        self,
        lane: int,
        families: Collection[str],
        first: str,
        before: str | None,
        after: tuple[str, int] | None,
    ) -> Page:
        """Return the next few records."""
        if after is None:
            self._part[lane, first] = sorted(
                (
                    record
                    for record in self._source.records(lane, 0, self.position(lane))
                    if first <= record.stream
                    and (before is None or record.stream < before)
                    and record.stream.partition(":")[0] in families
                ),
                key=_place,
            )
        of_part = self._part[lane, first]
        begin = bisect_right(of_part, after or (first, 0), key=_place)
        found = of_part[begin : begin + PAGE]
        return Page(found, _place(found[-1]) if found else None)


def torn_at(number: int) -> Callable[[str], Connection]:
    """Return what connects to a server that is lost at the so manyeth write, within a page."""
    writes = 0

    class Tearing(Cursor):
        def execute(self, query, values=None):  # type: ignore[no-untyped-def]  # as the driver's
            self._count(query if isinstance(query, str) else query.decode())
            super().execute(query, values)

        def copy_expert(self, query, *rest, **more):  # type: ignore[no-untyped-def]  # as the driver's
            self._count(query)
            super().copy_expert(query, *rest, **more)

        def _count(self, query: str) -> None:
            nonlocal writes
            writes += query.lstrip().lower().startswith(_WRITING)
            if writes == number:
                writes += 1  # the next connection holds
                super().execute("select pg_terminate_backend(pg_backend_pid())")

    return lambda dsn: psycopg2.connect(dsn, cursor_factory=Tearing, options="-c timezone=UTC")


_WRITING: Final = ("insert", "update", "delete", "copy", "with")


def _place(record: Record) -> tuple[str, int]:
    return record.stream, record.version


def rebuild_of(
    database: Database, history: History, *, whole: bool = True, **options: Any
) -> Rebuild:
    """Return a rebuild over a history, which can be asked for whole streams or for lanes only."""
    source = ByStream(history) if whole else history
    chosen = {"lanes": history.lanes, "views": VIEWS, "part": 40, **options}
    return Rebuild(database.app_dsn, source, **chosen)


def shape(db: Cursor) -> list[Any]:
    """Return every column, index and constraint of the live tables, by name."""
    db.execute(
        "select 'index', tablename, indexname, indexdef from pg_indexes where schemaname = 'view' "
        "union all select 'column', table_name, column_name, data_type || ' ' || is_nullable || "
        "coalesce(collation_name, '') from information_schema.columns where table_schema = 'view' "
        "union all select 'constraint', c.relname, conname, pg_get_constraintdef(o.oid) "
        "from pg_constraint o join pg_class c on c.oid = conrelid "
        "where connamespace = 'view'::regnamespace order by 1, 2, 3"
    )
    return db.fetchall()


def in_shadow(db: Cursor) -> list[str]:
    """Return the views' tables that stand in the shadow."""
    db.execute("select tablename from pg_tables where schemaname = %s", (SCHEMA,))
    own = {"position", "definition", "set_aside", "build", "build_part"}
    return sorted(name for (name,) in db.fetchall() if name not in own)
