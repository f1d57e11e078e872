"""How spans of the queue's past are folded and written: the queue's own handlers, fact by fact.

A span that is over is filed under the smallest dyadic interval that holds it (a relational
interval tree). The spans that hold a point lie under the intervals that hold it, one a level, and
under CURRENT: so few places of one index are looked at, however long the record is.
"""

from collections.abc import Sequence
from typing import ClassVar, Final, NamedTuple

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.record import Record
from projections import queue
from projections.columns import DOCUMENT, booleans, documents, integers, texts, upsert
from projections.projection import Fact, TicketPage, TicketView
from projections.queue.rows import Causes, QueueRow, decode_row, encode_row
from projections.queue_past.axes import RECORDED
from projections.spans import LASTING, ended

CURRENT: Final = -1
"""The level of spans that last."""
Columns = tuple[tuple[str, str], ...]
OF_TICKET: Final[Columns] = (
    ("ticket", "text"),
    ("lane", "int"),
    ("buyer", "text"),
    ("merchant", "text"),
    ("order_ref", "text"),
    ("since", "bigint"),
    ("item", DOCUMENT),
)
OF_SPAN: Final[Columns] = (
    ("ticket", "text"),
    ("lane", "int"),
    ("since", "bigint"),
    ("until", "bigint"),
    ("level", "smallint"),
    ("node", "bigint"),
    ("open", "boolean"),
    ("priority", "int"),
    ("due_at", "timestamptz"),
    ("stage", "text"),
    ("awaiting", "text"),
    ("queue", "text"),
    ("kind", "text"),
    ("assignee", "text"),
    ("source_state", "text"),
)
_NO_CAUSE: Final = Causes(stage="", priority="")


class Where(NamedTuple):
    """Where a ticket stands: whatever the queue is sorted, filtered or counted by."""

    open: bool
    priority: int
    due_at: str
    stage: str
    awaiting: str
    queue: str
    kind: str
    assignee: str | None
    source_state: str | None


class Span(NamedTuple):
    """From which point on a ticket stood somewhere, and the position of the fact that says so."""

    since: int
    where: Where
    position: int


def where_of(row: QueueRow) -> Where:
    """Return where a row of the queue stands."""
    return Where(
        row.open,
        row.priority,
        row.due_at or "infinity",
        row.stage.value,
        row.awaiting.value,
        row.queue,
        row.kind.value,
        row.assignee,
        row.source_state,
    )


def node_of(since: int, until: int) -> tuple[int, int]:
    """Return level and number of the smallest dyadic interval that holds a span."""
    if until == LASTING:
        return CURRENT, 0
    level = (since ^ (until - 1)).bit_length()
    return level, since >> level


class SpanPage(TicketPage[QueueRow]):
    """The spans one page of records begins and ends, along any axis."""

    upsert_tickets: ClassVar[str]
    upsert_spans: ClassVar[str]

    def __init__(self, view: TicketView[QueueRow], lane: int) -> None:
        """Begin with no spans."""
        super().__init__(view, lane)
        self.spans: dict[str, list[Span]] = {}
        """Ticket → what lasted before this page, and what it brings."""
        self.stored: dict[str, Span] = {}
        """Ticket → what lasted before this page."""

    def fold(self, facts: Sequence[Fact]) -> None:
        """Fold the facts, and after each that may, find what difference it makes to spans."""
        run: list[Fact] = []
        for fact in facts:
            run.append(fact)
            if self.may_move(fact[1]):
                super().fold(run)
                self.follow(*fact)
                run = []
        super().fold(run)

    def may_move(self, record: Record) -> bool:
        """Return whether a fact may make a difference to where its ticket stands."""
        kind = type(record.event)
        return kind in self.view.handlers or kind in self.view.openings

    def follow(self, ticket: str, record: Record) -> None:
        """Find what a fact that was just folded, and may move its ticket, means for the spans."""
        raise NotImplementedError

    def lasting(self, ticket: str) -> tuple[int, int]:
        """Return since when the last span of a ticket is so, and by which position."""
        last = self.spans[ticket][-1]
        return last.since, last.position

    def write(self, db: Cursor) -> None:
        """Write what a ticket's next fact needs, and the spans, those that are over as such."""
        rows = list(self.rows.values())
        if not rows:
            return
        for row in rows:
            # No span depends on these, so they are not kept twice.
            row.caused_by = _NO_CAUSE
            row.reports = {}
        db.execute(
            self.upsert_tickets,
            (
                texts(row.ticket for row in rows),
                integers(row.lane for row in rows),
                texts(row.buyer for row in rows),
                texts(row.merchant for row in rows),
                texts(row.order for row in rows),
                integers(self.lasting(row.ticket)[0] for row in rows),
                documents(encode_row(row) for row in rows),
                *self.more_of_tickets(rows),
            ),
        )
        written = [
            (ticket, span, until, *node_of(span.since, until))
            for ticket, spans in self.spans.items()
            if spans != [self.stored.get(ticket)]
            for span, until in ended(spans)
        ]
        wheres = [span.where for _, span, *_ in written]
        db.execute(
            self.upsert_spans,
            (
                texts(one[0] for one in written),
                integers(self.lane for _ in written),
                integers(one[1].since for one in written),
                integers(one[2] for one in written),
                integers(one[3] for one in written),
                integers(one[4] for one in written),
                booleans(where.open for where in wheres),
                integers(where.priority for where in wheres),
                texts(where.due_at for where in wheres),
                texts(where.stage for where in wheres),
                texts(where.awaiting for where in wheres),
                texts(where.queue for where in wheres),
                texts(where.kind for where in wheres),
                texts(where.assignee for where in wheres),
                texts(where.source_state for where in wheres),
                *self.more_of_spans([span for _, span, *_ in written]),
            ),
        )

    def more_of_tickets(self, rows: Sequence[QueueRow]) -> tuple[str, ...]:
        """Return the values of the columns that tickets have along this axis alone."""
        del rows
        return ()

    def more_of_spans(self, spans: Sequence[Span]) -> tuple[str, ...]:
        """Return the values of the columns that spans have along this axis alone."""
        del spans
        return ()


class RecordedPage(SpanPage):
    """The spans of positions that one page of records begins and ends."""

    select: ClassVar[str] = (
        "select since || ' ' || item from view.queue_past_ticket where ticket = any(%s::text[])"
    )
    upsert_tickets: ClassVar[str] = upsert(RECORDED.tickets, OF_TICKET, ["ticket"])
    upsert_spans: ClassVar[str] = upsert(RECORDED.spans, OF_SPAN, ["ticket", "since"])

    def decode(self, item: str) -> QueueRow:
        """Return the row a ticket's next fact is folded into, and take up the span that lasts."""
        since, _, stored = item.partition(" ")
        row = decode_row(stored)
        self.stored[row.ticket] = Span(int(since), where_of(row), int(since))
        self.spans[row.ticket] = [self.stored[row.ticket]]
        return row

    def follow(self, ticket: str, record: Record) -> None:
        """Begin a span at the fact's position where it makes a difference."""
        spans = self.spans.setdefault(ticket, [])
        where = where_of(self.rows[ticket])
        if not spans or where != spans[-1].where:
            spans.append(Span(record.position, where, record.position))


VIEW: Final[TicketView[QueueRow]] = TicketView(
    RECORDED.name, version=2, tables=RECORDED.tables, page=RecordedPage
)
VIEW.openings = queue.VIEW.openings
VIEW.handlers = queue.VIEW.handlers
