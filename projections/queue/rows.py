"""A ticket's row in the queue and the counters, as they are stored; what moves it is elsewhere."""

from typing import ClassVar, Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.values import Awaiting, Channel, Instant, Kind, Reason, Scenario, Stage
from projections.cells import Cell, add, encoded, integer, moment, text, truth
from projections.columns import DOCUMENT, Shared, booleans, documents, integers, texts, upsert
from projections.projection import Row, TicketPage, TicketView

TABLES: Final = {
    "view.queue": (
        """create table view.queue(
          ticket text collate "C" primary key,
          lane int not null,
          open boolean not null,
          priority int not null,
          due_at timestamptz not null,
          stage text not null,
          awaiting text not null,
          queue text not null,
          kind text not null,
          assignee text,
          buyer text not null,
          merchant text,
          order_ref text,
          source_state text,
          version int not null,
          position text not null,
          item text not null)""",
        "create index on view.queue (priority, due_at, ticket) where open",
        "create index on view.queue (awaiting, priority, due_at, ticket) where open",
        "create index on view.queue (queue, priority, due_at, ticket) where open",
        "create index on view.queue (stage, priority, due_at, ticket)",
        "create index on view.queue (assignee, priority, due_at, ticket) "
        "where assignee is not null",
        "create index on view.queue (merchant, priority, due_at, ticket)",
        "create index on view.queue (buyer, priority, due_at, ticket)",
        "create index on view.queue (order_ref, priority, due_at, ticket) "
        "where order_ref is not null",
    ),
    "view.queue_count": (
        """create table view.queue_count(
          lane int not null,
          facet text not null,
          value text not null,
          open bigint not null,
          everything bigint not null,
          primary key (lane, facet, value))""",
    ),
    "view.queue_bucket": (
        """create table view.queue_bucket(
          lane int not null,
          queue text not null,
          priority int not null,
          bucket text collate "C" not null,
          open bigint not null,
          primary key (lane, queue, priority, bucket))""",
        "create index on view.queue_bucket (lane) where open = 0",
    ),
}

FACETS: Final = ("stage", "awaiting", "queue", "priority", "source_state", "kind")
"""What tickets are counted by, beside `tickets` (all of them) and `reports` (rows by state)."""


class Running(msgspec.Struct, omit_defaults=True, gc=False):
    """A deadline that runs on a ticket, or that passed while what it asks for is still owed."""

    due_at: Instant
    awaits: Awaiting
    caused_by: str
    missed: bool = False
    paused: bool = False
    """Whether it rests: a promise that waits for somebody else ranks nothing meanwhile."""


class Causes(msgspec.Struct, omit_defaults=True, gc=False):
    """The positions of the events that put a ticket where it stands in the queue."""

    stage: str
    priority: str
    turn: str | None = None
    """What says whose turn it is: a deadline, a promise, or the source of imported history."""
    due: str | None = None
    """What says until when: the strictest of all deadlines and promises."""
    queue: str | None = None
    assignment: str | None = None
    opened: str | None = None


class QueueRow(Row, gc=False):
    """One ticket in the queue, as it is stored and as it is shown."""

    stage: Stage
    kind: Kind
    scenario: Scenario
    reason: Reason
    priority: int
    channel: Channel
    buyer: str
    merchant: str | None
    order: str | None
    line: str | None
    opened_at: Instant
    imported: bool
    caused_by: Causes
    awaiting: Awaiting = Awaiting.NOBODY
    due_at: Instant | None = None
    """None when nobody is waited for; it sorts as infinity."""
    queue: str = "general"
    assignee: str | None = None
    source_state: str | None = None
    routed: str | None = None
    """The queue of the book that the matter waits in."""
    source_queue: str | None = None
    source_turn: Awaiting | None = None
    """Whose turn it is where imported history came from; it has no due time here."""
    resolved: str | None = None
    """The outcome when the matter is resolved or closed."""
    appeal: bool = False
    """Whether an appeal waits for its decision."""
    deadlines: dict[str, Running] = msgspec.field(default_factory=dict)
    reports: dict[str, int] = msgspec.field(default_factory=dict)
    """How many rows of the source told each of its states."""

    @property
    def open(self) -> bool:
        """Return whether it is neither resolved nor closed."""
        return self.resolved is None and self.stage is not Stage.CLOSED


_COLUMNS: Final = (
    ("ticket", "text"),
    ("lane", "int"),
    ("open", "boolean"),
    ("priority", "int"),
    ("due_at", "timestamptz"),
    ("stage", "text"),
    ("awaiting", "text"),
    ("queue", "text"),
    ("kind", "text"),
    ("assignee", "text"),
    ("buyer", "text"),
    ("merchant", "text"),
    ("order_ref", "text"),
    ("source_state", "text"),
    ("version", "int"),
    ("position", "text"),
    ("item", DOCUMENT),
)
_UPSERT: Final = upsert("view.queue", _COLUMNS, ["ticket"])
_COUNT: Final = Shared(
    "insert into view.queue_count as c (lane, facet, value, open, everything) "
    "select %s, * from unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[]) "
    "on conflict (lane, facet, value) do update "
    "set open = c.open + excluded.open, everything = c.everything + excluded.everything"
)
_BUCKET: Final = Shared(
    "insert into view.queue_bucket as b (lane, queue, priority, bucket, open) "
    "select %s, * from unnest(%s::text[], %s::int[], %s::text[], %s::bigint[]) "
    "on conflict (lane, queue, priority, bucket) do update set open = b.open + excluded.open"
)
_UNCOUNT: Final = Shared("delete from view.queue_count where lane = %s and everything = 0")
_EMPTY: Final = Shared("delete from view.queue_bucket where lane = %s and open = 0")
HOUR_LENGTH: Final = len("2026-11-22T03")
TIMELESS: Final = "infinity "
"""What the bucket of a ticket begins with that is never due; it sorts behind every hour."""
PREFIX_LENGTH: Final = len("T0-261122-7")
"""So much of its id tells the buckets of such tickets apart, in the order of the ids."""
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(QueueRow)


def encode_row(row: QueueRow) -> str:
    """Return the text a row is stored as."""
    return _ENCODER.encode(row).decode()


def decode_row(item: str) -> QueueRow:
    """Return the row that a stored text holds."""
    return _DECODER.decode(item)


class QueuePage(TicketPage[QueueRow]):
    """The rows one page of records touches, and what they were counted as before it."""

    select: ClassVar[str] = "select item from view.queue where ticket = any(%s::text[])"
    keeps: ClassVar[bool] = True

    def __init__(self, view: TicketView[QueueRow], lane: int) -> None:
        """Begin with no rows."""
        super().__init__(view, lane)
        self._before: dict[tuple[str, str, bool], int] = {}
        self._buckets: dict[tuple[str, int, str], int] = {}

    def decode(self, item: str) -> QueueRow:
        """Return the row that a stored text holds."""
        return decode_row(item)

    def loaded(self, row: QueueRow) -> None:
        """Uncount the row as it was; `write` counts it as it is then."""
        count_row(self._before, row, -1)
        self._rank(row, -1)

    def write(self, db: Cursor) -> None:
        """Write the rows, and the differences they make to the counters."""
        rows = list(self.rows.values())
        if not rows:
            return
        db.execute(
            _UPSERT,
            (
                texts(row.ticket for row in rows),
                integers(row.lane for row in rows),
                booleans(row.open for row in rows),
                integers(row.priority for row in rows),
                texts(row.due_at or "infinity" for row in rows),
                texts(row.stage for row in rows),
                texts(row.awaiting for row in rows),
                texts(row.queue for row in rows),
                texts(row.kind for row in rows),
                texts(row.assignee for row in rows),
                texts(row.buyer for row in rows),
                texts(row.merchant for row in rows),
                texts(row.order for row in rows),
                texts(row.source_state for row in rows),
                integers(row.version for row in rows),
                texts(row.position for row in rows),
                documents(encode_row(row) for row in rows),
            ),
        )
        self._count(db)

    def add(self, db: Cursor) -> None:
        """Write the rows of new tickets, and count them."""
        add(db, "view.queue", [name for name, _ in _COLUMNS], map(_cells, self.rows.values()))
        self._count(db)

    def _count(self, db: Cursor) -> None:
        for row in self.rows.values():
            count_row(self._before, row, 1)
            self._rank(row, 1)
        self._write_counts(db)
        self._write_buckets(db)

    def _write_counts(self, db: Cursor) -> None:
        sums: dict[tuple[str, str], list[int]] = {}
        for (facet, value, is_open), number in self._before.items():
            if number:
                both = sums.setdefault((facet, value), [0, 0])
                both[0] += number if is_open else 0
                both[1] += number
        if sums:
            keys = sorted(sums)
            db.execute(
                _COUNT,
                (
                    self.lane,
                    texts(facet for facet, _ in keys),
                    texts(value for _, value in keys),
                    integers(sums[key][0] for key in keys),
                    integers(sums[key][1] for key in keys),
                ),
            )
            # A value that nothing has any more is no row: a rebuild would not make it.
            db.execute(_UNCOUNT, (self.lane,))

    def _rank(self, row: QueueRow, sign: int) -> None:
        if row.open:
            key = (row.queue, row.priority, bucket_of(row))
            self._buckets[key] = self._buckets.get(key, 0) + sign

    def _write_buckets(self, db: Cursor) -> None:
        changed = sorted((key, number) for key, number in self._buckets.items() if number)
        if changed:
            db.execute(
                _BUCKET,
                (
                    self.lane,
                    texts(queue for (queue, _, _), _ in changed),
                    integers(priority for (_, priority, _), _ in changed),
                    texts(bucket for (_, _, bucket), _ in changed),
                    integers(number for _, number in changed),
                ),
            )
            db.execute(_EMPTY, (self.lane,))


def _cells(row: QueueRow) -> tuple[Cell, ...]:
    """Return a row's cells, in the order of the columns."""
    return (
        text(row.ticket),
        integer(row.lane),
        truth(row.open),
        integer(row.priority),
        moment(row.due_at),
        text(row.stage),
        text(row.awaiting),
        text(row.queue),
        text(row.kind),
        text(row.assignee),
        text(row.buyer),
        text(row.merchant),
        text(row.order),
        text(row.source_state),
        integer(row.version),
        text(row.position),
        encoded(encode_row(row).encode()),
    )


def bucket_of(row: QueueRow) -> str:
    """Return the part of the queue's order a ticket is counted in: the hour in which it is due."""
    if row.due_at is None:
        return TIMELESS + row.ticket[:PREFIX_LENGTH]
    return row.due_at[:HOUR_LENGTH]


VIEW: Final[TicketView[QueueRow]] = TicketView("queue", version=4, tables=TABLES, page=QueuePage)


def count_row(counts: dict[tuple[str, str, bool], int], row: QueueRow, sign: int) -> None:
    """Add a row to what is counted by (facet, value, open), or take it away."""
    is_open = row.open
    for key in (
        ("tickets", "", is_open),
        ("stage", row.stage.value, is_open),
        ("awaiting", row.awaiting.value, is_open),
        ("queue", row.queue, is_open),
        ("priority", str(row.priority), is_open),
        ("kind", row.kind.value, is_open),
    ):
        counts[key] = counts.get(key, 0) + sign
    if row.source_state is not None:
        state = ("source_state", row.source_state, is_open)
        counts[state] = counts.get(state, 0) + sign
    for reported, number in row.reports.items():
        rows = ("reports", reported, False)
        counts[rows] = counts.get(rows, 0) + sign * number
