"""A ticket as the book's classes see it, and which of them it is in."""

from typing import Final, NamedTuple

from domain.milestones import Milestone
from domain.policies.book import Book
from domain.policies.matters import Matter
from domain.ticket.milestones import seen
from domain.ticket.state import Order, Ticket

_NAMED: Final = {one.value: one for one in Milestone}


class _Told(NamedTuple):
    """What was asked of a ticket, and the answer."""

    ticket: Ticket
    order: Order | None
    book: Book
    classes: frozenset[str]


_TOLD: Final[list[_Told | None]] = [None]
"""The last one: every step behind a decision asks of what is mostly the same ticket.

The writers of all lanes share it. Each takes it once, with question and answer in one, and replaces
it whole: another's answer costs a second look, and is never mistaken for one's own.
"""


def classes_of(ticket: Ticket, order: Order | None, book: Book) -> frozenset[str]:
    """Return the names of the book's classes that a ticket is in as it is now."""
    told = _TOLD[0]
    if (
        told is None
        or told.book is not book
        or told.ticket is not ticket
        or told.order is not order
    ):
        told = _TOLD[0] = _Told(ticket, order, book, book.classes_of(matter_of(ticket, order)))
    return told.classes


def matter_of(ticket: Ticket, order: Order | None) -> Matter:
    """Return what the book may tell matters by, of a ticket as it is now."""
    line = None if order is None or ticket.line is None else order.lines[ticket.line]
    amount = ticket.claim or (None if line is None else line.paid)
    milestones = frozenset([_NAMED[name.partition(":")[0]] for name in seen(ticket, order)])
    return Matter(
        stage=ticket.stage,
        kind=ticket.kind,
        scenario=ticket.scenario,
        responsible=ticket.responsible,
        reason=ticket.reason,
        tier=ticket.tier,
        urgency=ticket.urgency,
        sentiment=ticket.sentiment,
        channels=ticket.channels,
        tags=ticket.tags,
        category=None if line is None else line.category,
        bought=ticket.bought,
        services=() if order is None else order.services,
        remedy=ticket.remedy,
        spend_minor=0 if ticket.spend is None else ticket.spend.amount_minor,
        amount_minor=0 if amount is None else amount.amount_minor,
        currency=None if amount is None else amount.currency,
        live_session=order is not None and order.live_session is not None,
        merchant=ticket.merchant is not None,
        awaits=frozenset([one.awaits for one in ticket.deadlines.values()]),
        milestones=milestones,
    )
