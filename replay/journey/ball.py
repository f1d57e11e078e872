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
from replay.as_of.views import queue_rows
from replay.explain.history import Moment


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

    A live ticket's ball passes when a fact is recorded; of another system's history the source
    says when it happened there.
    """
    last = Instant("")
    rows = queue_rows([moment.record for moment in life])
    for moment, row in zip(life, rows, strict=True):
        record = moment.record
        last = max(last, record.occurred_at if record.imported else record.at)
        yield Turn(last, ball_of(moment.after, row), record)


def ball_of(ticket: Ticket, row: QueueRow) -> Ball:
    """Return whose turn it is on a ticket: who the desk waits for, else who is due the soonest."""
    if ticket.waits_on is not None:
        return Ball(Holder(ticket.waits_on), "wait")
    if row.awaiting is Awaiting.NOBODY:
        return Ball(Holder.NOBODY, _why_nobody(ticket))
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


def happened_at(record: Record) -> Instant:
    """Return when what a record tells of happened, as the fact itself says where it does."""
    match record.event:
        case PageBrowsed() as event:
            return event.browsed_at
        case OrderPlaced() as event:
            return event.placed_at
        case OrderShipped() as event:
            return event.shipped_at
        case OrderSigned() as event:
            return event.signed_at
        case _:
            return record.occurred_at


_DELIVERY: Final = (PageBrowsed, OrderPlaced, OrderShipped, OrderSigned)
"""Facts of an order that say where its goods are."""


def _what(row: QueueRow) -> str:
    """Return the deadline or promise by which it is somebody's turn, or the source's own word."""
    if row.source_turn is not None:
        return f"source:{row.source_state}"
    return next(
        name for name, one in sorted(row.deadlines.items()) if one.caused_by == row.caused_by.turn
    )


def _why_nobody(ticket: Ticket) -> str:
    if ticket.stage is Stage.CLOSED:
        return "closed"
    return "nothing_due" if ticket.resolved is None else "resolved"
