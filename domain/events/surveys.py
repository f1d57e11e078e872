"""Facts about the question after a matter: when it is due, asked and answered; and low ratings."""

from typing import ClassVar

from domain.events.base import TicketEvent
from domain.values import BuyerText, Instant


class SurveyScheduled(TicketEvent, frozen=True):
    """The matter is resolved; the buyer will be asked how likely they would recommend us."""

    TOPIC: ClassVar[str] = "survey.scheduled.v1"

    due_at: Instant
    """Never in hours in which the book writes to nobody."""
    policy: str


class SurveyCancelled(TicketEvent, frozen=True):
    """The matter lives again before the question was asked."""

    TOPIC: ClassVar[str] = "survey.cancelled.v1"

    why: str
    """reopened or appealed."""


class SurveyAsked(TicketEvent, frozen=True):
    """The question goes out to the buyer, once a ticket."""

    TOPIC: ClassVar[str] = "survey.asked.v1"

    due_at: Instant
    """When it was due; the record says when it was asked."""
    policy: str


class NpsGiven(TicketEvent, frozen=True):
    """The buyer says how likely they would recommend us, from 0 to 10."""

    TOPIC: ClassVar[str] = "nps.given.v1"

    score: int
    comment: BuyerText | None = None


class JourneyLaidOut(TicketEvent, frozen=True):
    """A rating was so low that the whole path up to it is laid out before a supervisor (CL-09)."""

    TOPIC: ClassVar[str] = "journey.laid_out.v1"

    rating: str
    """What was low: nps, or of the marks result, speed or attitude the lowest."""
    score: int
    threshold: int
    """So low the book calls low; the score is not above it."""
    policy: str
