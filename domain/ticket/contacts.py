"""Contacts in vain: the buyer was answered, and came back unsatisfied (SL-16)."""

from collections.abc import Iterable

from domain.events import ContactFruitless, DiagnosisMade, Event, MessageSent, TicketReopened
from domain.ticket.state import Context, Ticket
from domain.values import Kind, Party


def follow(
    before: Ticket | None, ticket: Ticket, facts: tuple[Event, ...], context: Context
) -> Iterable[Event]:
    """Return that a contact of a complaint or dispute was in vain, when it was."""
    limit = context.book.contacts
    if limit is None or before is None or not before.answered or ticket.resolved is not None:
        return
    if ticket.kind is Kind.CONSULTATION:
        return
    spoke = context.actor.party is Party.BUYER and any(
        isinstance(one, MessageSent | TicketReopened) for one in facts
    )
    satisfied = any(isinstance(one, DiagnosisMade) and one.satisfied for one in facts)
    if spoke and not satisfied:
        contact = ticket.fruitless + 1
        yield ContactFruitless(
            contact=contact, exhausted=contact >= limit.fruitless, policy=context.book.version
        )
