"""Who had the ball after each fact: whose turn it was, by what is on record of it."""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from domain.events import OrderPlaced, OrderShipped, OrderSigned, PageBrowsed
from domain.record import Record
from domain.ticket.departments import pending
from domain.ticket.state import Ticket
from domain.values import Awaiting, Instant, Stage
from projections.queue import QueueRow
from replay.as_of.occurred import by_occurrence
from replay.as_of.views import queue_rows
from replay.explain.history import Moment
from replay.happened import happened_at


class Holder(StrEnum):
    """Who is waited for."""

    BUYER = "buyer"
    MERCHANT = "merchant"
    AGENT = "agent"
    """Somebody of the desk, by name."""
    DESK = "desk"
    """The house, while nobody in particular works on it."""
    DEPARTMENT = "department"
    """Another part of the house, that was asked for a plan and gave none yet."""
    ARBITRATOR = "arbitrator"
    CARRIER = "carrier"
    PAYMENT = "payment"
    THIRD_PARTY = "third_party"
    PLATFORM = "platform"
    """All of the house together, for those who are not told of its inside."""
    NOBODY = "nobody"


HOUSE: Final = frozenset(
    {Holder.AGENT, Holder.DESK, Holder.DEPARTMENT, Holder.ARBITRATOR, Holder.PAYMENT}
)


NOTHING_DUE: Final = "nothing_due"
"""Why nobody has the ball of a matter that is not over."""


class Ball(NamedTuple):
    """Whose turn it is, and what for."""

    who: Holder
    what: str
    """The deadline or promise, or what else says so."""
    ref: str | None = None
    """Who exactly, where one is named."""


class Turn(NamedTuple):
    """From when on somebody had the ball, and the fact that says so."""

    at: Instant
    ball: Ball
    record: Record


def of_order(order: Iterable[Record]) -> list[Turn]:
    """Return who had the ball on the way to the goods, in the order in which things happened."""
    facts = sorted(
        (record for record in order if isinstance(record.event, _DELIVERY)),
        key=lambda record: (happened_at(record), record.position),
    )
    found: list[Turn] = []
    sent: set[str] = set()
    placed = False
    for record in facts:
        match record.event:
            case PageBrowsed():
                if placed:
                    continue
                ball = Ball(Holder.BUYER, "browsing")
            case OrderPlaced():
                placed, ball = True, Ball(Holder.MERCHANT, "shipment")
            case OrderShipped() as event:
                sent.add(event.tracking)
                ball = Ball(Holder.CARRIER, "delivery", event.carrier)
            case OrderSigned() as event:
                sent.discard(event.tracking)
                ball = Ball(Holder.CARRIER, "delivery") if sent else Ball(Holder.NOBODY, "received")
            case _:
                continue
        found.append(Turn(happened_at(record), ball, record))
    return found


def of_ticket(life: Sequence[Moment]) -> Iterator[Turn]:
    """Yield who had the ball after each fact of a ticket; time never goes back.

    A live ticket's ball passes when a fact is recorded.
    """
    records = [moment.record for moment in life]
    if records[0].imported:
        yield from _of_history(records)
        return
    for moment, row in zip(life, queue_rows(records), strict=True):
        yield Turn(moment.record.at, ball_of(moment.after, row), moment.record)


def _of_history(records: Sequence[Record]) -> Iterator[Turn]:
    """Yield who had the ball in another system, in the order in which things happened there.

    The source may have told of them in another one, and then its own words alone say whose turn
    it was.
    """
    on_record = {record.position: record for record in records}
    begun = min(record.occurred_at for record in records if record.imported)
    told = by_occurrence(records, max(record.occurred_at for record in records))
    for record, row in zip(told, queue_rows(told), strict=True):
        at = begun if record is told[0] else max(begun, record.occurred_at)
        yield Turn(at, _by_row(row), on_record[record.position])


def _by_row(row: QueueRow) -> Ball:
    """Return whose turn it is as the queue alone tells."""
    if row.awaiting is Awaiting.NOBODY:
        return Ball(Holder.NOBODY, _why_nobody(row.stage, row.resolved))
    if row.awaiting is not Awaiting.AGENT:
        return Ball(Holder(row.awaiting), _what(row))
    return Ball(Holder.DESK if row.assignee is None else Holder.AGENT, _what(row), row.assignee)


def ball_of(ticket: Ticket, row: QueueRow) -> Ball:
    """Return whose turn it is on a ticket: who the desk waits for, else who is due the soonest."""
    if ticket.waits_on is not None:
        return Ball(Holder(ticket.waits_on), "wait")
    if row.awaiting is Awaiting.NOBODY:
        return Ball(Holder.NOBODY, _why_nobody(ticket.stage, ticket.resolved))
    what = _what(row)
    if row.awaiting is not Awaiting.AGENT:
        judge = ticket.arbitrator if row.awaiting is Awaiting.ARBITRATOR else None
        return Ball(Holder(row.awaiting), what, judge)
    asked = [one.department for one in pending(ticket).values()]
    if asked:
        return Ball(Holder.DEPARTMENT, what, ", ".join(dict.fromkeys(asked)))
    if row.assignee is not None:
        return Ball(Holder.AGENT, what, row.assignee)
    return Ball(Holder.DESK, what)


_DELIVERY: Final = (PageBrowsed, OrderPlaced, OrderShipped, OrderSigned)
"""Facts of an order that say where its goods are."""


def _what(row: QueueRow) -> str:
    """Return the deadline or promise by which it is somebody's turn, or the source's own word."""
    if row.source_turn is not None:
        return f"source:{row.source_state}"
    return next(
        name for name, one in sorted(row.deadlines.items()) if one.caused_by == row.caused_by.turn
    )


def _why_nobody(stage: Stage, resolved: str | None) -> str:
    if stage is Stage.CLOSED:
        return "closed"
    return NOTHING_DUE if resolved is None else "resolved"
