"""The judge and the fold of a queue's stream: when it overflows, once an episode (RO-03)."""

import msgspec

from domain import errors
from domain.commands import WatchQueue
from domain.events import Event, QueueEased, QueueOverflowed
from domain.policies.routing import overflows
from domain.ticket.context import Context
from domain.ticket.guards import require_role
from domain.values import ActorKind


class Episode(msgspec.Struct, frozen=True):
    """How it is with one queue since the last fact about it."""

    overflows: bool


def watch_queue(command: WatchQueue, queue: Episode | None, context: Context) -> tuple[Event, ...]:
    """Say once that a queue overflows, and once that it does no more."""
    require_role(context, ActorKind.SYSTEM)
    book = context.book
    if book.load is None or command.queue not in {one.name for one in book.queue}:
        raise errors.UnknownQueue(queues=sorted(one.name for one in book.queue))
    over = overflows(
        book.load,
        open_matters=command.open,
        capacity=command.capacity,
        waiting_since=command.waiting_since,
        now=context.now,
    )
    if over == (queue is not None and queue.overflows):
        return ()
    if over:
        return (
            QueueOverflowed(
                open=command.open,
                capacity=command.capacity,
                to=book.load.overflow,
                policy=book.version,
                waiting_since=command.waiting_since,
            ),
        )
    return (
        QueueEased(
            open=command.open,
            capacity=command.capacity,
            policy=book.version,
            waiting_since=command.waiting_since,
        ),
    )


def evolve_queue(_queue: Episode | None, event: Event, _stamp: object) -> Episode:
    """Return how it is with the queue after a fact about it."""
    return Episode(overflows=isinstance(event, QueueOverflowed))
