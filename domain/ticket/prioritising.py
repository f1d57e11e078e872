"""Priority: computed from the customer, the urgency, the effect and the difficulty (SL-27)."""

from collections.abc import Iterable

from domain.events import Event, PriorityInput, TicketPrioritised
from domain.policies.priorities import heaviest, priority_of
from domain.ticket.matter import matter_of
from domain.ticket.state import Context, Ticket


def follow(
    _before: Ticket | None, ticket: Ticket, _facts: tuple[Event, ...], context: Context
) -> Iterable[Event]:
    """Return the matter's priority with its inputs, when it is not the one on record."""
    if not context.book.level:
        return
    found = prioritised(ticket, context)
    if (found.priority, found.points) != (ticket.priority, ticket.points):
        yield found


def prioritised(ticket: Ticket, context: Context) -> TicketPrioritised:
    """Return the priority that the book gives a matter as it is now."""
    book = context.book
    counting = heaviest(book.classes_of(matter_of(ticket, context.order)), book.weight)
    points = sum(one.points for one in counting.values())
    return TicketPrioritised(
        priority=priority_of(points, book.level),
        points=points,
        inputs=tuple(
            PriorityInput(name=subject, value=one.of, points=one.points)
            for subject, one in sorted(counting.items())
        ),
        policy=book.version,
    )
