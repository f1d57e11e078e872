"""Facts about time: what must happen until when, whose turn it is, and what was missed."""

from typing import ClassVar

from domain.events.base import TicketEvent
from domain.values import Awaiting, Instant


class DeadlineGiven(TicketEvent, frozen=True):
    """Somebody must act, or may act, until an instant the book sets."""

    TOPIC: ClassVar[str] = "deadline.given.v1"

    deadline: str
    """Its name on the ticket: acceptance, answer, reply, merchant_review, negotiation, offer:<id>,
    intervention, evidence:<party>, assignment, ruling, appeal, appeal_ruling, remedy:<id>,
    closing."""
    due_at: Instant
    awaits: Awaiting
    """Whose turn it is; nobody for a window that only passes."""
    policy: str
    """Which book set `due_at`; replays quote it, they never look it up again."""


class DeadlineMet(TicketEvent, frozen=True):
    """What the deadline asked for happened, or it is no longer asked for."""

    TOPIC: ClassVar[str] = "deadline.met.v1"

    deadline: str


class DeadlineExtended(TicketEvent, frozen=True):
    """More time was given."""

    TOPIC: ClassVar[str] = "deadline.extended.v1"

    deadline: str
    due_at: Instant
    policy: str


class DeadlineMissed(TicketEvent, frozen=True):
    """The instant passed and what was asked for had not happened."""

    TOPIC: ClassVar[str] = "deadline.missed.v1"

    deadline: str
    due_at: Instant
