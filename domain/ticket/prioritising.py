"""Priority: computed from the customer, the urgency, the effect and the difficulty (SL-27)."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from domain.events import Event, PriorityInput, TicketPrioritised
from domain.policies.book import Book
from domain.policies.priorities import Weight, heaviest, priority_of
from domain.ticket.context import Context
from domain.ticket.matter import classes_of
from domain.ticket.same import Same
from domain.ticket.state import Ticket


def follow(
    _before: Ticket | None, ticket: Ticket, _facts: tuple[Event, ...], context: Context
) -> Iterable[Event]:
    """Return the matter's priority with its inputs, when it is not the one on record."""
    if not context.book.level:
        return
    _, priority, points = _weighed(ticket, context)
    if (priority, points) != (ticket.priority, ticket.points):
        yield prioritised(ticket, context)


def prioritised(ticket: Ticket, context: Context) -> TicketPrioritised:
    """Return the priority that the book gives a matter as it is now."""
    book = context.book
    counting, priority, points = _weighed(ticket, context)
    return TicketPrioritised(
        priority=priority,
        points=points,
        inputs=tuple(
            PriorityInput(name=subject, value=one.of, points=one.points)
            for subject, one in sorted(counting.items())
        ),
        policy=book.version,
    )


def _weighed(ticket: Ticket, context: Context) -> tuple[Mapping[str, Weight], int, int]:
    """Return the weight that counts of every subject, and the priority and points they come to."""
    book = context.book
    return _of_classes(classes_of(ticket, context.order, book), Same(book))


@lru_cache(maxsize=1_024)
def _of_classes(classes: frozenset[str], book: Same[Book]) -> tuple[Mapping[str, Weight], int, int]:
    counting = heaviest(classes, book.table.weight)
    points = sum(one.points for one in counting.values())
    return counting, priority_of(points, book.table.level), points
