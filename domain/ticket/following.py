"""What a decision entails: diagnosis, priority, queue and promises follow its facts at once.

The facts of a command and all that follows from them are appended together, so no promise is
ever behind the matter it is made for. Each step sees the ticket as the steps before have made it.
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from msgspec.structs import replace

from domain.commands import FollowOrder, MoveToBook, OpenTicket
from domain.events import Event, TicketEvent
from domain.ticket import (
    clocks,
    contacts,
    departments,
    diagnosing,
    facts,
    journeys,
    prioritising,
    queueing,
    surveys,
    unhelped,
)
from domain.ticket.ability import noted
from domain.ticket.context import Context
from domain.ticket.decide import AnyTicketCommand, decide
from domain.ticket.evolve import evolve
from domain.ticket.piloting import in_pilot
from domain.ticket.state import Stamp, Ticket

Facts = tuple[Event, ...]
Step = Callable[[Ticket | None, Ticket, Facts, Context], Iterable[Event]]
"""(before, after, the command's facts and what followed, context) → what follows from them."""

STEPS: Final[tuple[Step, ...]] = (
    facts.follow,
    diagnosing.follow,
    contacts.follow,
    prioritising.follow,
    queueing.follow,
    clocks.carry_on,
    lambda before, ticket, _facts, context: clocks.begin(before, ticket, context),
    unhelped.follow,
    departments.follow,
    lambda before, ticket, facts, context: (
        clocks.begin(before, ticket, context) if departments.were_asked(facts) else ()
    ),
    lambda before, ticket, _facts, context: surveys.follow(before, ticket, context),
    journeys.follow,
)
"""In the order in which one rests on the other."""


class Settled(NamedTuple):
    """The facts of a command with all that follows, and the ticket as they make it."""

    facts: Facts
    ticket: Ticket | None
    """None where the record will tell more of the facts than a judgement knows: of history."""


def settle(command: AnyTicketCommand, ticket: Ticket | None, context: Context) -> Facts:
    """Return the facts of a command and all that follows from them, or raise why not."""
    return settled(command, ticket, context).facts


def settled(command: AnyTicketCommand, ticket: Ticket | None, context: Context) -> Settled:
    """Return the facts of a command with all that follows, folded, or raise why not."""
    if context.pilots and ticket is None and isinstance(command, OpenTicket):
        context = in_pilot(command, context)
    found = decide(command, ticket, context)
    if found:
        found = (*noted(ticket, found, context), *found)
    after = _after(ticket, found, context)
    if not found and not isinstance(command, FollowOrder):
        return Settled(found, after)
    if isinstance(command, MoveToBook):
        context = replace(context, book=context.books(command.policy) or context.book)
    if after is None or after.imported or context.imported:
        return Settled(found, None)
    for step in STEPS:
        more = tuple(step(ticket, after, found, context))
        if more:
            after = _after(after, more, context)
            assert after is not None, "a ticket does not vanish"
            found += more
    return Settled(found, after)


def _after(ticket: Ticket | None, facts: Iterable[Event], context: Context) -> Ticket | None:
    """Return the ticket as these facts will make it."""
    for fact in facts:
        if isinstance(fact, TicketEvent):
            version = 1 if ticket is None else ticket.version + 1
            stamp = Stamp(context.ticket, version, context.now, context.actor, imported=False)
            ticket = evolve(ticket, fact, stamp)
    return ticket
