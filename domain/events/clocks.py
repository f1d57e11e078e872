"""Facts about promises: a clock starts, rests, runs on and ends, and what a breach leads to.

Every instant was worked out when the fact was recorded; a replay quotes it.
"""

from typing import ClassVar, Final

from domain.events.base import TicketEvent
from domain.values import Awaiting, Instant, Money

REOPENED: Final = "reopened"
"""Why a promise of the round before is cancelled; the new round makes it anew."""
WITHDRAWN: Final = "ground_withdrawn"
"""Why a promise is cancelled whose ground a person has taken back; the correction stands before."""
NOT_IN_BOOK: Final = "not_in_book"
"""Why a promise is cancelled that the book a ticket was moved to does not make."""
CORRECTED: Final = "corrected"
"""Why a promise is cancelled that a matter is not owed as a person has corrected it (DI-06)."""
NOT_FOR_GOOD: Final = frozenset({NOT_IN_BOOK, WITHDRAWN, CORRECTED})
"""Why a promise that was not broken yet is cancelled and may be made again in the round."""


class ClockStarted(TicketEvent, frozen=True):
    """A promise of the book runs on the ticket."""

    TOPIC: ClassVar[str] = "clock.started.v1"

    clock: str
    """The book's rule, and after a colon what on the ticket it is about ("refund_to_card:R1")."""
    row: str
    """The promise in the rulebook ("SL-08")."""
    since: Instant
    """From when it counts; the facts it waited for may be older than this record."""
    target_s: int
    calendar: str
    zones: str
    """The version of the zone data the due time was worked out with."""
    due_at: Instant
    awaits: Awaiting
    policy: str
    next_at: Instant | None = None
    """When something is next due on it: a warning, its breach, or a rung of its ladder.

    Absent on what is only measured.
    """


class ClockPaused(TicketEvent, frozen=True):
    """The promise waits for somebody it is not made by."""

    TOPIC: ClassVar[str] = "clock.paused.v1"

    clock: str
    why: str
    policy: str


class ClockResumed(TicketEvent, frozen=True):
    """The promise runs on with what was left of it."""

    TOPIC: ClassVar[str] = "clock.resumed.v1"

    clock: str
    due_at: Instant
    policy: str
    next_at: Instant | None = None


class ClockStopped(TicketEvent, frozen=True):
    """What was promised happened."""

    TOPIC: ClassVar[str] = "clock.stopped.v1"

    clock: str
    by: str
    """The milestone."""
    at: Instant
    elapsed_s: int
    """By the clock's own calendar, without its pauses, whole seconds."""
    kept: bool
    """Whether it happened in time."""


class ClockCancelled(TicketEvent, frozen=True):
    """The promise is not asked for any more."""

    TOPIC: ClassVar[str] = "clock.cancelled.v1"

    clock: str
    why: str


class ClockWarned(TicketEvent, frozen=True):
    """A share of the promised time is used up."""

    TOPIC: ClassVar[str] = "clock.warned.v1"

    clock: str
    share_bp: int
    due_at: Instant
    """When the warning was due; the record says when it was given."""
    to: str
    """The desk that is told."""
    policy: str
    next_at: Instant | None = None


class ClockBreached(TicketEvent, frozen=True):
    """The promised time is over and what was promised has not happened."""

    TOPIC: ClassVar[str] = "clock.breached.v1"

    clock: str
    row: str
    due_at: Instant
    policy: str
    next_at: Instant | None = None


class ClockMoved(TicketEvent, frozen=True):
    """The promise has another due time, because the ticket was moved to another book."""

    TOPIC: ClassVar[str] = "clock.moved.v1"

    clock: str
    target_s: int
    calendar: str
    zones: str
    due_at: Instant
    why: str
    policy: str
    next_at: Instant | None = None


class TicketEscalated(TicketEvent, frozen=True):
    """A breach was brought before a desk."""

    TOPIC: ClassVar[str] = "ticket.escalated.v1"

    clock: str
    rung: int
    """1 for the first desk of the clock's ladder."""
    to: str
    due_at: Instant
    policy: str
    next_at: Instant | None = None


class PayoutOwed(TicketEvent, frozen=True):
    """A breach costs an amount; it is owed once, and paying it is another matter."""

    TOPIC: ClassVar[str] = "payout.owed.v1"

    clock: str
    row: str
    amount: Money
    policy: str


class TicketMovedToBook(TicketEvent, frozen=True):
    """What was promised on the ticket is from now on what another book promises."""

    TOPIC: ClassVar[str] = "ticket.moved_to_book.v1"

    policy: str
    before: str
    why: str
