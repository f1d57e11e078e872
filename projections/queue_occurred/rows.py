"""How spans of instants are folded: what had occurred, whenever it was recorded.

A ticket whose facts were recorded in the order in which they occurred has spans; several facts of
one instant count by their versions, and only the last of them begins a span. Whoever told a
ticket's facts in another order has them folded anew when asked: such a ticket has no spans here,
and keeps none. Facts that mean nothing to the queue may come in any order.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final, NamedTuple

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.record import Record
from domain.values import Instant, moment_of
from projections import queue
from projections.columns import booleans, integers, texts, upsert
from projections.projection import TicketView
from projections.queue.rows import QueueRow, decode_row
from projections.queue_past.axes import OCCURRED
from projections.queue_past.rows import OF_SPAN, OF_TICKET, Span, SpanPage, where_of

_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_FORGET: Final = "delete from view.queue_occurred where ticket = any(%s::text[])"


class Course(NamedTuple):
    """What is known of the order in which a ticket's facts came."""

    begun: int
    """When the ticket began."""
    reached: int
    """When the last fact occurred that means something to the queue."""


def point_of(at: Instant) -> int:
    """Return where an instant lies on the axis: no point is below zero, as nodes ask."""
    return (moment_of(at) - _FIRST) // _MICROSECOND


class OccurredPage(SpanPage):
    """The spans of instants that one page of records begins and ends."""

    select: ClassVar[str] = (
        "select concat_ws(' ', since, position, begun, reached, disordered::int, item) "
        "from view.queue_occurred_ticket where ticket = any(%s::text[])"
    )
    upsert_tickets: ClassVar[str] = upsert(
        OCCURRED.tickets,
        (
            *OF_TICKET,
            ("position", "bigint"),
            ("begun", "bigint"),
            ("reached", "bigint"),
            ("disordered", "boolean"),
        ),
        ["ticket"],
    )
    upsert_spans: ClassVar[str] = upsert(
        OCCURRED.spans, (*OF_SPAN, ("position", "bigint")), ["ticket", "since"]
    )

    def __init__(self, view: TicketView[QueueRow], lane: int) -> None:
        """Begin with no spans."""
        super().__init__(view, lane)
        self._courses: dict[str, Course] = {}
        """Ticket → its course, as long as it is in order."""

    def decode(self, item: str) -> QueueRow:
        """Return the row a ticket's next fact is folded into, and take up the span that lasts."""
        since, position, begun, reached, disordered, stored = item.split(" ", 5)
        row = decode_row(stored)
        if disordered == "0":
            self._courses[row.ticket] = Course(int(begun), int(reached))
            self.stored[row.ticket] = Span(int(since), where_of(row), int(position))
            self.spans[row.ticket] = [self.stored[row.ticket]]
        return row

    def may_move(self, record: Record) -> bool:
        """Return whether a fact may make a difference to where its ticket stands, and when.

        Whatever another system told may say that the ticket began earlier.
        """
        return record.imported or super().may_move(record)

    def follow(self, ticket: str, record: Record) -> None:
        """Begin a span at the instant of the fact, unless it is one of before the last one."""
        if record.version == 1:
            at = point_of(record.occurred_at)
            self._courses[ticket] = Course(at, at)
            self.spans[ticket] = [Span(at, where_of(self.rows[ticket]), record.position)]
            return
        course = self._courses.get(ticket)
        if course is None:
            return
        at = point_of(record.occurred_at)
        counts = type(record.event) in self.view.handlers
        begun_earlier = record.imported and at < course.begun
        if begun_earlier or (counts and at < course.reached):
            del self._courses[ticket]
            del self.spans[ticket]
        elif counts:
            self._courses[ticket] = Course(course.begun, at)
            self._stand(ticket, at, record.position)

    def _stand(self, ticket: str, at: int, position: int) -> None:
        """Begin a span where the ticket stands elsewhere now; one of no length is none."""
        spans = self.spans[ticket]
        where = where_of(self.rows[ticket])
        if where != spans[-1].where:
            if at == spans[-1].since:
                spans.pop()
            spans.append(Span(at, where, position))

    def lasting(self, ticket: str) -> tuple[int, int]:
        """Return since when the last span of a ticket is so, and by which position."""
        return super().lasting(ticket) if ticket in self.spans else (0, 0)

    def write(self, db: Cursor) -> None:
        """Write the spans, and forget those of tickets that are in order no more."""
        disordered = self.stored.keys() - self.spans.keys()
        if disordered:
            db.execute(_FORGET, (texts(sorted(disordered)),))
        super().write(db)

    def more_of_tickets(self, rows: Sequence[QueueRow]) -> tuple[str, ...]:
        """Return which fact says where each stands, and the courses."""
        courses = [self._courses.get(row.ticket, Course(0, 0)) for row in rows]
        return (
            integers(self.lasting(row.ticket)[1] for row in rows),
            integers(course.begun for course in courses),
            integers(course.reached for course in courses),
            booleans(row.ticket not in self._courses for row in rows),
        )

    def more_of_spans(self, spans: Sequence[Span]) -> tuple[str, ...]:
        """Return which fact began each."""
        return (integers(span.position for span in spans),)


VIEW: Final[TicketView[QueueRow]] = TicketView(
    OCCURRED.name, version=2, tables=OCCURRED.tables, page=OccurredPage
)
VIEW.openings = queue.VIEW.openings
VIEW.handlers = queue.VIEW.handlers
