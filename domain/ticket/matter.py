"""A ticket as the book's classes see it, and which of them it is in."""

from functools import lru_cache

from domain.milestones import Milestone
from domain.policies.book import Book
from domain.policies.matters import Matter
from domain.ticket.milestones import seen
from domain.ticket.same import Same
from domain.ticket.state import Order, Ticket


def classes_of(ticket: Ticket, order: Order | None, book: Book) -> frozenset[str]:
    """Return the names of the book's classes that a ticket is in as it is now."""
    return _classes_of(Same(ticket), Same(order), Same(book))


# Every step behind a decision asks this of what is mostly the same ticket.
@lru_cache(maxsize=64)
def _classes_of(
    ticket: Same[Ticket], order: Same[Order | None], book: Same[Book]
) -> frozenset[str]:
    return book.table.classes_of(matter_of(ticket.table, order.table))


def matter_of(ticket: Ticket, order: Order | None) -> Matter:
    """Return what the book may tell matters by, of a ticket as it is now."""
    line = None if order is None or ticket.line is None else order.lines[ticket.line]
    amount = ticket.claim or (None if line is None else line.paid)
    names = {name.partition(":")[0] for name in seen(ticket, order)}
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
        awaits=frozenset(one.awaits for one in ticket.deadlines.values()),
        milestones=frozenset(Milestone(name) for name in names),
    )
