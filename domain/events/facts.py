"""Facts that people and machines report of a matter, which start and stop its clocks."""

from typing import ClassVar

from domain.events.base import TicketEvent
from domain.milestones import Milestone
from domain.values import AuthorText, Awaiting, Instant, PlanLevel, Terms


class FactReported(TicketEvent, frozen=True):
    """Something happened outside; it is kept as it was reported."""

    TOPIC: ClassVar[str] = "ticket.fact_reported.v1"

    fact: Milestone
    occurred_at: Instant
    reference: str | None = None
    """Of what it is about, where the reporting system has one."""


class PlanGiven(TicketEvent, frozen=True):
    """The desk said how the matter will be resolved."""

    TOPIC: ClassVar[str] = "plan.given.v1"

    level: PlanLevel
    text: AuthorText


class BotAnswered(TicketEvent, frozen=True):
    """A machine answered the buyer."""

    TOPIC: ClassVar[str] = "answer.automatic.v1"

    text: AuthorText
    effective: bool
    """Whether it settles the question, as far as the machine knows."""


class WaitBegan(TicketEvent, frozen=True):
    """Nothing can be done before somebody else acts: promises that may rest, rest (SL-25)."""

    TOPIC: ClassVar[str] = "wait.began.v1"

    on: Awaiting
    why: str


class WaitEnded(TicketEvent, frozen=True):
    """Whom the matter waited for acted, or is not waited for any more."""

    TOPIC: ClassVar[str] = "wait.ended.v1"

    on: Awaiting


class ResolutionWritten(TicketEvent, frozen=True):
    """A senior agent wrote how the complaint is resolved, with compensation and improvement."""

    TOPIC: ClassVar[str] = "resolution.written.v1"

    text: AuthorText
    improvement: AuthorText
    compensation: Terms
    """What compensates; it is owed when a supervisor has signed."""


class ResolutionSigned(TicketEvent, frozen=True):
    """A supervisor stands for the written resolution too; it goes to the buyer."""

    TOPIC: ClassVar[str] = "resolution.signed.v1"
