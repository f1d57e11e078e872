"""Contacts in vain: the buyer was answered, and came back unsatisfied (SL-16).

What is an answer, and what is coming back, stands in the book.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from domain.events import ContactFruitless, DiagnosisMade, Event, MessageSent, TicketReopened
from domain.policies.contacts import CameBack
from domain.ticket.context import Context
from domain.ticket.state import Ticket
from domain.values import Kind, Party

_COMING_BACK: Final[Mapping[CameBack, type[Event]]] = {
    CameBack.MESSAGE: MessageSent,
    CameBack.REOPENING: TicketReopened,
}


def follow(
    before: Ticket | None, ticket: Ticket, facts: tuple[Event, ...], context: Context
) -> Iterable[Event]:
    """Return that a contact of a complaint or dispute was in vain, when it was."""
    limit = context.book.contacts
    if limit is None or before is None or ticket.resolved is not None:
        return
    if before.answered.isdisjoint(limit.answers):
        return
    if ticket.kind is Kind.CONSULTATION:
        return
    spoke = context.actor.party is Party.BUYER and any(
        isinstance(one, _COMING_BACK[way]) for one in facts for way in limit.came_back
    )
    satisfied = any(isinstance(one, DiagnosisMade) and one.satisfied for one in facts)
    if spoke and not satisfied:
        contact = ticket.fruitless + 1
        yield ContactFruitless(
            contact=contact, exhausted=contact >= limit.fruitless, policy=context.book.version
        )
