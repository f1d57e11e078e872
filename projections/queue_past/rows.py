"""How spans of the queue's past are folded and written: the queue's own handlers, fact by fact.

A span that is over is filed under the smallest dyadic interval that holds it (a relational
interval tree). The spans that hold a position lie under the intervals that hold it, one a level,
and under CURRENT: so few places of one index are looked at, however long the record is.
"""

from collections.abc import Sequence
from typing import ClassVar, Final, NamedTuple

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from projections import queue
from projections.columns import DOCUMENT, booleans, documents, integers, texts, upsert
from projections.projection import Fact, TicketPage, TicketView
from projections.queue.rows import Causes, QueueRow, decode_row, encode_row

CURRENT: Final = -1
"""The level of spans that last."""
LASTING: Final = 2**63 - 1
"""The end of a span that lasts."""
TABLES: Final = {
    "view.queue_past": (
        """create table view.queue_past(
          ticket text collate "C" not null,
          lane int not null,
          since bigint not null,
          until bigint not null,
          level smallint not null,
          node bigint not null,
          open boolean not null,
          priority int not null,
          due_at timestamptz not null,
          stage text not null,
          awaiting text not null,
          queue text not null,
          kind text not null,
          assignee text,
          source_state text,
          primary key (ticket, since))""",
        "create index on view.queue_past "
        "(lane, level, node, open, priority, due_at, ticket, since, until, awaiting, queue, stage)",
        "create index on view.queue_past (assignee, lane, since, until) where assignee is not null",
    ),
    "view.queue_past_ticket": (
        """create table view.queue_past_ticket(
          ticket text collate "C" primary key,
          lane int not null,
          buyer text not null,
          merchant text,
          order_ref text,
          since bigint not null,
          item text not null)""",
        "create index on view.queue_past_ticket (buyer)",
        "create index on view.queue_past_ticket (merchant)",
        "create index on view.queue_past_ticket (order_ref) where order_ref is not null",
    ),
}
_TICKETS: Final = upsert(
    "view.queue_past_ticket",
    (
        ("ticket", "text"),
        ("lane", "int"),
        ("buyer", "text"),
        ("merchant", "text"),
        ("order_ref", "text"),
        ("since", "bigint"),
        ("item", DOCUMENT),
    ),
    ["ticket"],
)
_SPANS: Final = upsert(
    "view.queue_past",
    (
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
    ),
    ["ticket", "since"],
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
    """From which position on a ticket stood somewhere."""

    since: int
    where: Where


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


class PastPage(TicketPage[QueueRow]):
    """The spans one page of records begins and ends."""

    select: ClassVar[str] = (
        "select since || ' ' || item from view.queue_past_ticket where ticket = any(%s::text[])"
    )

    def __init__(self, view: TicketView[QueueRow], lane: int) -> None:
        """Begin with no spans."""
        super().__init__(view, lane)
        self._spans: dict[str, list[Span]] = {}
        self._stored: set[str] = set()
        self._since = 0

    def decode(self, item: str) -> QueueRow:
        """Return the row a ticket's next fact is folded into."""
        since, _, stored = item.partition(" ")
        self._since = int(since)
        return decode_row(stored)

    def loaded(self, row: QueueRow) -> None:
        """Take up the span that lasts."""
        self._spans[row.ticket] = [Span(self._since, where_of(row))]
        self._stored.add(row.ticket)

    def fold(self, facts: Sequence[Fact]) -> None:
        """Fold fact by fact, and begin a span where one makes a difference."""
        handlers = self.view.handlers
        for fact in facts:
            super().fold((fact,))
            ticket, record = fact
            spans = self._spans.get(ticket)
            if spans is None:
                self._spans[ticket] = [Span(record.position, where_of(self.rows[ticket]))]
            elif type(record.event) in handlers:
                where = where_of(self.rows[ticket])
                if where != spans[-1].where:
                    spans.append(Span(record.position, where))

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
            _TICKETS,
            (
                texts(row.ticket for row in rows),
                integers(row.lane for row in rows),
                texts(row.buyer for row in rows),
                texts(row.merchant for row in rows),
                texts(row.order for row in rows),
                integers(self._spans[row.ticket][-1].since for row in rows),
                documents(encode_row(row) for row in rows),
            ),
        )
        written = [
            (ticket, span, until, *node_of(span.since, until))
            for ticket, spans in self._spans.items()
            if len(spans) > 1 or ticket not in self._stored
            for span, until in zip(spans, [*(one.since for one in spans[1:]), LASTING], strict=True)
        ]
        wheres = [span.where for _, span, *_ in written]
        db.execute(
            _SPANS,
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
            ),
        )


VIEW: Final[TicketView[QueueRow]] = TicketView(
    "queue_past", version=1, tables=TABLES, page=PastPage
)
VIEW.openings = queue.VIEW.openings
VIEW.handlers = queue.VIEW.handlers
