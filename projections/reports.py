"""What other systems reported: each row of a source by the state it told, to list and to count.

Rows are only ever added, so what was on record at a moment of the past, or had occurred by an
instant, is asked with a bound. They are counted by blocks of positions too, for there are many.
What the rows mean for a ticket is in the queue.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import SourceReported
from domain.values import Instant
from projections import blocks, spans
from projections.columns import Shared, integers, texts, upsert
from projections.projection import MOMENT, PAGE_SIZE_MAX, Fact, FactView, View

NAME: Final = "reports"
TABLES: Final = {
    "view.report": (
        """create table view.report(
          ticket text collate "C" not null,
          version int not null,
          lane int not null,
          position bigint not null,
          state text not null,
          occurred_at text collate "C" not null,
          primary key (ticket, version))""",
        "create index on view.report (state, ticket, version)",
        "create index on view.report (lane, position)",
        "create index on view.report (occurred_at)",
    ),
    "view.report_count": (
        """create table view.report_count(
          lane int not null,
          block bigint not null,
          state text not null,
          reports bigint not null,
          primary key (lane, block, state))""",
    ),
}
_COLUMNS: Final = (
    ("ticket", "text"),
    ("version", "int"),
    ("lane", "int"),
    ("position", "bigint"),
    ("state", "text"),
    ("occurred_at", "text"),
)
_UPSERT: Final = upsert("view.report", _COLUMNS, ["ticket", "version"])
_ADD: Final = Shared(
    "insert into view.report_count as c (lane, block, state, reports) "
    "select %s, * from unnest(%s::bigint[], %s::text[], %s::bigint[]) "
    "on conflict (lane, block, state) do update set reports = c.reports + excluded.reports"
)
_COUNT: Final = (
    "select state, sum(reports)::bigint from ("
    f"select c.state, c.reports from {blocks.MOMENT} "
    "join view.report_count c on c.lane = m.lane and c.block < m.block union all "
    f"select r.state, 1 from {blocks.MOMENT} "
    "join view.report r on r.lane = m.lane and r.position between m.first and m.upto"
    ") as counted group by state order by state"
)


class Report(msgspec.Struct, frozen=True):
    """A row of a source: of which ticket, where on record, and which state it told."""

    ticket: str
    version: int
    lane: int
    position: int
    state: str
    occurred_at: Instant
    """When the source says it was."""


class ReportsPage:
    """The rows of sources among one page of records."""

    def __init__(self, lane: int) -> None:
        """Begin with nothing."""
        self.lane = lane
        self._rows: list[Report] = []

    def load(self, db: Cursor, facts: Sequence[Fact]) -> None:
        """Read nothing: each of these facts says all there is."""

    def fold(self, facts: Sequence[Fact]) -> None:
        """Fold the facts in their order."""
        for ticket, record in facts:
            if isinstance(record.event, SourceReported):
                told = Report(
                    ticket,
                    record.version,
                    self.lane,
                    record.position,
                    record.event.state,
                    record.occurred_at,
                )
                self._rows.append(told)

    def write(self, db: Cursor) -> None:
        """Write the rows."""
        rows = self._rows
        if rows:
            db.execute(
                _UPSERT,
                (
                    texts(row.ticket for row in rows),
                    integers(row.version for row in rows),
                    integers(row.lane for row in rows),
                    integers(row.position for row in rows),
                    texts(row.state for row in rows),
                    texts(row.occurred_at for row in rows),
                ),
            )
            counts = sorted(
                Counter((blocks.block_of(row.position), row.state) for row in rows).items()
            )
            db.execute(
                _ADD,
                (
                    self.lane,
                    integers(block for (block, _), _ in counts),
                    texts(state for (_, state), _ in counts),
                    integers(number for _, number in counts),
                ),
            )


VIEW: Final[View] = FactView(
    name=NAME,
    version=2,
    tables=TABLES,
    begin=ReportsPage,
)
"""The view of every row that another system reported."""


# --- reading ----------------------------------------------------------------------------------


class Filters(msgspec.Struct, frozen=True):
    """Which rows are asked for; what is None is not looked at."""

    state: str | None = None


class Bound(msgspec.Struct, frozen=True):
    """Which rows count: of each lane those up to a position, and of those what had occurred."""

    places: Mapping[int, int]
    occurred: Instant | None = None


class Key(msgspec.Struct, frozen=True):
    """The place of a row in the order of tickets and their versions."""

    ticket: str
    version: int


class ReportPage(msgspec.Struct, frozen=True):
    """A page of rows, and how far the view had read."""

    moment: str
    reports: tuple[Report, ...]
    next: Key | None


def page(
    db: Cursor, filters: Filters, bound: Bound | None, after: Key | None, limit: int
) -> ReportPage:
    """Return up to `limit` rows behind a key; without a bound as many as there are now."""
    if not 1 <= limit <= PAGE_SIZE_MAX:
        raise ValueError(f"a page holds 1 to {PAGE_SIZE_MAX} rows")
    source, values = _source(bound)
    conditions = ["true"]
    if filters.state is not None:
        conditions.append("r.state = %s")
        values.append(filters.state)
    if after is not None:
        conditions.append("(r.ticket, r.version) > (%s, %s)")
        values += [after.ticket, after.version]
    columns = ", ".join(f"r.{name}" for name, _ in _COLUMNS)
    db.execute(
        f"select {MOMENT}, found.* from (values (1)) as one left join lateral ("
        f"select {columns} from {source} where {' and '.join(conditions)} "
        "order by r.ticket, r.version limit %s) as found on true "
        "order by found.ticket, found.version",
        (NAME, *values, limit + 1),
    )
    rows = db.fetchall()
    found = tuple(Report(*row[1:]) for row in rows if row[1] is not None)
    following = None
    if len(found) > limit:
        following = Key(found[limit - 1].ticket, found[limit - 1].version)
    return ReportPage(rows[0][0], found[:limit], following)


def counts(db: Cursor, bound: Bound) -> dict[str, int]:
    """Return state → how many rows told it, of those that count.

    What had occurred is counted row by row: its order is not that of the record.
    """
    if bound.occurred is None:
        db.execute(_COUNT, blocks.moment(bound.places) * 2)
        return dict(db.fetchall())
    source, values = _source(bound)
    db.execute(
        f"select r.state, count(*) from {source} where true group by r.state order by r.state",
        values,
    )
    return dict(db.fetchall())


def has_occurred(db: Cursor, at: Instant) -> bool:
    """Return whether anything that other systems told had occurred by an instant."""
    db.execute("select exists(select from view.report where occurred_at <= %s)", (at,))
    (found,) = db.fetchone() or (False,)
    return bool(found)


def _source(bound: Bound | None) -> tuple[str, list[Any]]:
    """Return where rows are looked for, and the values of that."""
    if bound is None:
        return "view.report r", []
    source = f"view.report r join {spans.MOMENT} on m.lane = r.lane and r.position <= m.upto"
    values: list[Any] = [*spans.moment(bound.places)]
    if bound.occurred is not None:
        return f"{source} and r.occurred_at <= %s", [*values, bound.occurred]
    return source, values
