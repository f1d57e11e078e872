"""A low rating lays the whole journey out by itself: what is low is the book's to say (CL-09).

What the path was, and who was waited for, is worked out from the record by whoever reads it.
"""

from collections.abc import Iterable

from domain.events import Event, JourneyLaidOut, NpsGiven, SatisfactionGiven
from domain.policies.notices import LowRating
from domain.ticket.context import Context
from domain.ticket.state import Ticket

MARKS = ("result", "speed", "attitude")
"""The marks a buyer gives of a matter that is over."""


def follow(
    _before: Ticket | None, _ticket: Ticket, facts: tuple[Event, ...], context: Context
) -> Iterable[Event]:
    """Yield that the journey is laid out, for each rating that the book calls low."""
    low = context.book.low_rating
    if low is None:
        return
    for fact in facts:
        found = lowest(fact, low)
        if found is not None:
            rating, score, threshold = found
            yield JourneyLaidOut(
                rating=rating, score=score, threshold=threshold, policy=context.book.version
            )


def lowest(fact: Event, low: LowRating) -> tuple[str, int, int] | None:
    """Return what of a rating is low: its name, its score, and up to what it is; None for none."""
    match fact:
        case NpsGiven():
            found = ("nps", fact.score, low.nps_max)
        case SatisfactionGiven():
            mark = min(MARKS, key=lambda name: int(getattr(fact, name)))
            found = (mark, int(getattr(fact, mark)), low.mark_max)
        case _:
            return None
    return found if found[1] <= found[2] else None
