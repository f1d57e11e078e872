"""Why anything on a ticket is, or was, due when it is: its promises and its deadlines, in order."""

from collections.abc import Sequence

from replay.explain import clocks, deadlines
from replay.explain.deeds import Deeds
from replay.explain.history import Moment
from replay.explain.telling import Books, Decision


def explain(life: Sequence[Moment], deeds: Deeds, books: Books) -> tuple[Decision, ...]:
    """Return every due time the ticket ever had, in the order in which they were given."""
    found = (*clocks.explain(life, deeds, books), *deadlines.explain(life, deeds, books))
    return tuple(sorted(found, key=lambda one: one.event.version))
