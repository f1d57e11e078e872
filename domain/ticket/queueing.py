"""Which queue a matter waits in, by its classes, and whether who works on it may do so there."""

from collections.abc import Iterable
from functools import lru_cache

from domain.events import AssignmentReleased, Event, TicketQueued
from domain.policies.routing import Queue, queue_of
from domain.ticket.context import Context
from domain.ticket.guards import certificate_lacking, certificates_asked, is_supervised
from domain.ticket.matter import classes_of
from domain.ticket.same import Same
from domain.ticket.state import Ticket
from domain.values import Stage


def follow(
    _before: Ticket | None, ticket: Ticket, _facts: tuple[Event, ...], context: Context
) -> Iterable[Event]:
    """Return the queue of a live matter when its classes bring it to another than before.

    A queue that a breach or a person chose stays until the classes say something new, or the
    ticket was moved to a book without such a queue.
    """
    queues = context.book.queue
    if not queues or ticket.stage is Stage.CLOSED or ticket.resolved is not None:
        return
    classes = classes_of(ticket, context.order, context.book)
    queue = _queue_of(classes, Same(queues))
    if queue.name != ticket.routed or ticket.queue not in [one.name for one in queues]:
        why = tuple(sorted(classes.intersection(queue.any)))
        yield from brought(ticket, queue.name, why, context)


def brought(ticket: Ticket, name: str, why: tuple[str, ...], context: Context) -> Iterable[Event]:
    """Return that a matter comes to a queue; who may not take it there lets go (RO-02)."""
    if ticket.assignee is not None and not _stays(ticket.assignee, ticket, name, context):
        yield AssignmentReleased(agent=ticket.assignee)
    yield TicketQueued(queue=name, why=why, policy=context.book.version)


def _stays(agent: str, ticket: Ticket, name: str, context: Context) -> bool:
    """Return whether who works on a matter has the skills and certificates it asks for there.

    Skills count where a claim is held against them too: under a book that has a load.
    """
    book = context.book
    queue = next(one for one in book.queue if one.name == name)
    skills = frozenset(() if book.load is None else queue.skills)
    if is_supervised(ticket) or not (skills or certificates_asked(ticket, name, context)):
        return True
    if context.released is not None:
        return agent not in context.released
    known = context.agents(agent)
    if known is None or not skills.issubset(known.skills):
        return False
    return certificate_lacking(agent, ticket, name, context) is None


@lru_cache(maxsize=1_024)
def _queue_of(classes: frozenset[str], queues: Same[tuple[Queue, ...]]) -> Queue:
    return queue_of(classes, queues.table)
