"""What will become due on a ticket of its own accord, and the command that says it has."""

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from domain.commands import AskSurvey, PassClock, PassDeadline
from domain.policies.book import Book
from domain.ticket.clocks.running import next_at, rule_of
from domain.ticket.state import Ticket
from domain.values import Instant


class What(IntEnum):
    """What can become due, in the order in which it is looked for."""

    DEADLINE = 0
    CLOCK = 1
    SURVEY = 2


class Due(NamedTuple):
    """One thing that becomes due on a ticket."""

    at: Instant
    what: What
    name: str


def pending(ticket: Ticket, book: Book) -> Iterator[Due]:
    """Yield what will become due on a ticket of its own accord."""
    for name, deadline in ticket.deadlines.items():
        if not deadline.missed:
            yield Due(deadline.due_at, What.DEADLINE, name)
    for name, clock in ticket.clocks.items():
        rule = rule_of(name, book)
        coming = None if rule is None else next_at(clock, rule, book)
        if coming is not None:
            yield Due(coming, What.CLOCK, name)
    if ticket.survey is not None and not ticket.survey.asked:
        yield Due(ticket.survey.due_at, What.SURVEY, "")


def passing(ticket: str, due: Due) -> PassDeadline | PassClock | AskSurvey:
    """Return the command that says of something due that its instant has come."""
    match due.what:
        case What.DEADLINE:
            return PassDeadline(ticket=ticket, deadline=due.name, due_at=due.at)
        case What.CLOCK:
            return PassClock(ticket=ticket, clock=due.name, at=due.at)
        case What.SURVEY:
            return AskSurvey(ticket=ticket, due_at=due.at)
