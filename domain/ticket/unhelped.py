"""A buyer whom a machine's answer did not help comes to people, whatever it says of itself (SL-09).

Whether an answer in time was an effective one is the promise's business and not told here.
"""

from collections.abc import Iterable

from domain.events import DiagnosisMade, Event, MessageSent, TicketQueued
from domain.events.routing import CAME_BACK
from domain.milestones import Milestone
from domain.policies.book import Book
from domain.policies.clocks import ClockRule
from domain.ticket.context import Context
from domain.ticket.state import Ticket
from domain.values import Awaiting, Party


def follow(
    _before: Ticket | None, ticket: Ticket, facts: tuple[Event, ...], context: Context
) -> Iterable[Event]:
    """Return that a matter waits for people, when its buyer writes on where only machines answered.

    Who says that all is well now asks for nobody.
    """
    spoke = any(isinstance(one, MessageSent) and one.by is Party.BUYER for one in facts)
    if not spoke or ticket.resolved is not None:
        return
    if Milestone.AUTOMATIC_ANSWER not in ticket.milestones:
        return
    if any(isinstance(one, DiagnosisMade) and one.satisfied for one in facts):
        return
    rule = _to_people(ticket.queue, context.book)
    if rule is not None and rule.moves_to is not None:
        yield TicketQueued(
            queue=rule.moves_to,
            why=(f"{CAME_BACK}{rule.id}",),
            policy=context.book.version,
        )


def _to_people(queue: str | None, book: Book) -> ClockRule | None:
    """Return the promise of a machine's effective answer that leads out of a queue nobody works."""
    if queue not in {one.name for one in book.queue if not one.human}:
        return None
    return next(
        (
            rule
            for rule in book.clock
            if rule.awaits is Awaiting.NOBODY
            and Milestone.EFFECTIVE_ANSWER in rule.stops
            and rule.moves_to is not None
            and (not rule.moves_from or queue in rule.moves_from)
        ),
        None,
    )
