"""What was done to a matter, one command after the other, and which of it the platform did itself.

Records are only put in groups here; nothing is judged.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from typing import Final, NamedTuple

from domain.events import (
    AgentNoted,
    AnswerDiffered,
    AssignmentReleased,
    ClockBreached,
    ClockCancelled,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    ClockWarned,
    ContactFruitless,
    DeadlineExtended,
    DeadlineMissed,
    DepartmentAsked,
    DiagnosisMade,
    Event,
    JourneyLaidOut,
    OfferLapsed,
    OverduePayoutOwed,
    PayoutOwed,
    SurveyAsked,
    SurveyCancelled,
    SurveyScheduled,
    TicketClosed,
    TicketEscalated,
    TicketOpened,
    TicketPrioritised,
    TicketQueued,
    WaitEnded,
)
from domain.record import Record
from domain.values import Actor, ActorKind, Instant

FOLLOWING: Final = (
    AgentNoted,
    ClockStarted,
    ClockPaused,
    ClockResumed,
    ClockStopped,
    ClockCancelled,
    ClockWarned,
    ClockBreached,
    TicketEscalated,
    PayoutOwed,
    OverduePayoutOwed,
    TicketPrioritised,
    ContactFruitless,
    AnswerDiffered,
    SurveyScheduled,
    SurveyCancelled,
    JourneyLaidOut,
)
"""What is always the book's and never anybody's word."""
_RUNG: Final = (ClockWarned, ClockBreached, TicketEscalated)
_PASSED: Final = (DeadlineMissed, OfferLapsed, DeadlineExtended, TicketClosed)


class Kind(StrEnum):
    """Whose doing something was."""

    SAID = "said"
    """Of somebody: a person, or a machine outside."""
    CLOCK = "clock"
    """An instant of a promise had come."""
    DEADLINE = "deadline"
    SURVEY = "survey"
    ORDER = "order"
    """The platform looked again at the promises, for the order had changed."""


class Deed(NamedTuple):
    """The records of one command, in their order."""

    records: tuple[Record, ...]

    @property
    def at(self) -> Instant:
        """Return when it was done; the last record of it was made then."""
        return self.records[-1].at

    @property
    def actor(self) -> Actor:
        """Return who did it."""
        return self.records[0].actor

    @property
    def place(self) -> int:
        """Return the position of its first record."""
        return self.records[0].position

    @property
    def ticket(self) -> str | None:
        """Return the ticket it is about; None when it is about the order alone."""
        return next((one.subject for one in self.records if one.event.FAMILY == "ticket"), None)

    @property
    def facts(self) -> tuple[Event, ...]:
        """Return its facts about the ticket."""
        return tuple(one.event for one in self.records if one.event.FAMILY == "ticket")

    @property
    def kind(self) -> Kind:
        """Return whose doing it was, as its facts tell."""
        facts = self.facts
        if not facts or self.actor.kind is not ActorKind.SYSTEM:
            return Kind.SAID
        first = facts[1] if _follows_a_queue(facts, 0) else facts[0]
        if isinstance(first, SurveyAsked):
            return Kind.SURVEY
        if isinstance(first, _RUNG):
            return Kind.CLOCK
        if isinstance(first, FOLLOWING) or (isinstance(first, TicketQueued) and not moved(first)):
            return Kind.ORDER
        passed = any(isinstance(one, _PASSED) for one in facts)
        return Kind.DEADLINE if passed else Kind.SAID


def deeds(records: Iterable[Record]) -> Iterator[Deed]:
    """Yield the commands that records of one lane come from; records are given in their order."""
    for _, group in groupby(records, key=lambda one: one.envelope.cause.command):
        yield Deed(tuple(group))


def moved(fact: TicketQueued) -> bool:
    """Return whether somebody moved the matter, so that no class or clock did."""
    return any(why.startswith("moved:") for why in fact.why)


def released(facts: Sequence[Event]) -> frozenset[str]:
    """Return who let go because the matter came to a queue where they may not work on it."""
    return frozenset(
        fact.agent
        for number, fact in enumerate(facts)
        if isinstance(fact, AssignmentReleased) and _follows_a_queue(facts, number)
    )


def _follows_a_queue(facts: Sequence[Event], number: int) -> bool:
    """Return whether a fact is that somebody lets go as classes or a clock move the matter."""
    if number + 1 >= len(facts) or not isinstance(facts[number], AssignmentReleased):
        return False
    following = facts[number + 1]
    return isinstance(following, TicketQueued) and not moved(following)


def said(facts: Sequence[Event]) -> list[Event]:
    """Return the facts of a deed without what followed from them by the book."""
    kept: list[Event] = []
    asking = True
    opens = any(isinstance(one, TicketOpened) for one in facts)
    # What is on record of who acts stands before what they do.
    done = [one for one in facts if not isinstance(one, AgentNoted)]
    for number, fact in enumerate(done):
        asking = asking and isinstance(fact, DepartmentAsked)
        match fact:
            case DepartmentAsked():
                follows = not asking
            case WaitEnded():
                follows = number > 0
            case TicketQueued():
                follows = not moved(fact)
            case AssignmentReleased():
                follows = _follows_a_queue(done, number)
            case DiagnosisMade():
                follows = not opens
            case _:
                follows = isinstance(fact, FOLLOWING)
        if not follows:
            kept.append(fact)
    return kept
