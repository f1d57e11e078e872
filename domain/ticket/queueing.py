"""Which queue a matter waits in: the first of the book's queues whose classes it is in."""

from collections.abc import Iterable
from functools import lru_cache

from domain.events import Event, TicketQueued
from domain.policies.routing import Queue, queue_of
from domain.ticket.context import Context
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
        yield TicketQueued(
            queue=queue.name,
            why=tuple(sorted(classes.intersection(queue.any))),
            policy=context.book.version,
        )


@lru_cache(maxsize=1_024)
def _queue_of(classes: frozenset[str], queues: Same[tuple[Queue, ...]]) -> Queue:
    return queue_of(classes, queues.table)
