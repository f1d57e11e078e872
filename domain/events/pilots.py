"""Facts about pilots: a book is tried on new tickets for a while, and which arm a ticket drew."""

from typing import ClassVar

from domain.events.base import PolicyEvent, TicketEvent
from domain.values import Arm, Instant


class PilotAnnounced(PolicyEvent, frozen=True):
    """An adopted book is tried on new tickets from an instant on, until another one."""

    TOPIC: ClassVar[str] = "policy.pilot_announced.v1"

    pilot: str
    policy: str
    begins_at: Instant
    ends_at: Instant
    """The first instant at which no ticket is drawn any more."""
    share_bp: int
    """Which share of the tickets the book is given to; the others are counted beside them."""
    why: str
    category: str | None = None
    """Of the goods a ticket is about; absent where it is for all tickets."""


class PilotEnded(PolicyEvent, frozen=True):
    """A pilot ends before its time; what was opened in it stays as it was opened."""

    TOPIC: ClassVar[str] = "policy.pilot_ended.v1"

    pilot: str
    ends_at: Instant
    """A moment ahead, so that every process knows it by then."""
    why: str


class ArmDrawn(TicketEvent, frozen=True):
    """The ticket was opened in a pilot, and this is the arm it belongs to for its life."""

    TOPIC: ClassVar[str] = "ticket.arm_drawn.v1"

    pilot: str
    arm: Arm
    drawn_bp: int
    """What the ticket's id comes to, from 0 to 9,999; below the share it is piloted."""
    share_bp: int
    policy: str
    """The book of this arm, under which the ticket was opened."""
    other: str
    """The book of the other arm at that moment."""
