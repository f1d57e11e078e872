"""A buyer whom a machine's answer did not help comes to people, whatever it says of itself (SL-09).

Whether an answer in time was an effective one is the promise's business and not told here.
"""

from collections.abc import Iterable

from domain.events import DiagnosisMade, Event, MessageSent
from domain.events.routing import CAME_BACK
from domain.milestones import Milestone
from domain.policies.clocks import ClockRule
from domain.ticket.context import Context
from domain.ticket.queueing import brought
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
    book = context.book
    if ticket.queue not in {one.name for one in book.queue if not one.human}:
        return
    for rule in book.clock:
        to = rule.brings_from(ticket.queue)
        if to is not None and _asks_a_machine(rule):
            yield from brought(ticket, to, (f"{CAME_BACK}{rule.id}",), context)
            return


def _asks_a_machine(rule: ClockRule) -> bool:
    """Return whether a promise is of an effective answer, which nobody is waited for to give."""
    return rule.awaits is Awaiting.NOBODY and Milestone.EFFECTIVE_ANSWER in rule.stops
