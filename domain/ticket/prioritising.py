"""Priority: computed from the customer, the urgency, the effect and the difficulty (SL-27)."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from domain.events import Event, PriorityInput, TicketPrioritised
from domain.policies.book import Book
from domain.policies.priorities import Weight, heaviest, priority_of
from domain.ticket.matter import classes_of
from domain.ticket.same import Same
from domain.ticket.state import Context, Ticket


def follow(
    _before: Ticket | None, ticket: Ticket, _facts: tuple[Event, ...], context: Context
) -> Iterable[Event]:
    """Return the matter's priority with its inputs, when it is not the one on record."""
    if not context.book.level:
        return
    priority, points = _weighed(_counting(ticket, context), context.book)
    if (priority, points) != (ticket.priority, ticket.points):
        yield prioritised(ticket, context)


def prioritised(ticket: Ticket, context: Context) -> TicketPrioritised:
    """Return the priority that the book gives a matter as it is now."""
    book = context.book
    counting = _counting(ticket, context)
    priority, points = _weighed(counting, book)
    return TicketPrioritised(
        priority=priority,
        points=points,
        inputs=tuple(
            PriorityInput(name=subject, value=one.of, points=one.points)
            for subject, one in sorted(counting.items())
        ),
        policy=book.version,
    )


def _counting(ticket: Ticket, context: Context) -> Mapping[str, Weight]:
    """Return the weight that counts of every subject, for a matter as it is now."""
    book = context.book
    return _heaviest(classes_of(ticket, context.order, book), Same(book))


@lru_cache(maxsize=1_024)
def _heaviest(classes: frozenset[str], book: Same[Book]) -> Mapping[str, Weight]:
    return heaviest(classes, book.table.weight)


def _weighed(counting: Mapping[str, Weight], book: Book) -> tuple[int, int]:
    """Return the priority and the points that some weights come to."""
    points = sum(one.points for one in counting.values())
    return priority_of(points, book.level), points
