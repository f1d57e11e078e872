"""Facts of the service track: a matter comes in, is answered or reviewed, and ends."""

from typing import ClassVar

from domain.events.base import TicketEvent
from domain.values import (
    AuthorText,
    BuyerText,
    Candidate,
    Channel,
    Kind,
    MerchantText,
    Money,
    Party,
    Reason,
    RemedyKind,
    Responsible,
    Scenario,
    Terms,
)


class TicketOpened(TicketEvent, frozen=True):
    """A matter about one order, or one order line, was brought to the platform."""

    TOPIC: ClassVar[str] = "ticket.opened.v1"

    channel: Channel
    kind: Kind
    scenario: Scenario
    reason: Reason
    priority: int
    """1 is the most urgent, 4 the least."""
    policy: str
    """The book that set priority and deadlines; replays quote it."""
    buyer: str
    merchant: str | None = None
    order: str | None = None
    line: str | None = None
    remedy: RemedyKind | None = None
    claim: Money | None = None
    statement: BuyerText | None = None
    holds: tuple[str, ...] | None = None
    """Names reserved while the ticket lives: no second live ticket for the same matter."""


class ChannelJoined(TicketEvent, frozen=True):
    """The same matter was brought again, through another channel."""

    TOPIC: ClassVar[str] = "ticket.channel_joined.v1"

    channel: Channel


class TicketsLinked(TicketEvent, frozen=True):
    """Another ticket was found to be about the same matter."""

    TOPIC: ClassVar[str] = "ticket.linked.v1"

    other: str
    why: str


class TicketAccepted(TicketEvent, frozen=True):
    """The platform took the matter up."""

    TOPIC: ClassVar[str] = "ticket.accepted.v1"


class ClaimAmended(TicketEvent, frozen=True):
    """The claimant asks for something else than at opening."""

    TOPIC: ClassVar[str] = "claim.amended.v1"

    remedy: RemedyKind
    claim: Money | None = None


class DiagnosisCorrected(TicketEvent, frozen=True):
    """A person corrected what the matter is about."""

    TOPIC: ClassVar[str] = "diagnosis.corrected.v1"

    scenario: Scenario
    responsible: Responsible
    kind: Kind
    priority: int
    policy: str
    holds: tuple[str, ...] | None = None
    """The names reserved from now on; the scenario is part of them."""


class TicketAssigned(TicketEvent, frozen=True):
    """One person works on the ticket from now on."""

    TOPIC: ClassVar[str] = "ticket.assigned.v1"

    agent: str
    candidate: Candidate | None = None
    """What was judged of who took the matter unasked; who was chosen stands with the choice."""
    policy: str | None = None
    """The book it was judged by."""


class AssignmentReleased(TicketEvent, frozen=True):
    """Nobody in particular works on the ticket any more."""

    TOPIC: ClassVar[str] = "assignment.released.v1"

    agent: str


class AnswerGiven(TicketEvent, frozen=True):
    """The platform answered the buyer."""

    TOPIC: ClassVar[str] = "answer.given.v1"

    text: AuthorText
    resolves: bool
    """Whether the matter is answered for good, as far as the platform knows."""


class MessageSent(TicketEvent, frozen=True):
    """Somebody wrote to the others on the ticket."""

    TOPIC: ClassVar[str] = "message.sent.v1"

    by: Party
    text: AuthorText


class NoteAdded(TicketEvent, frozen=True):
    """Staff left a note that the parties do not see."""

    TOPIC: ClassVar[str] = "note.added.v1"

    text: AuthorText


class ReturnReviewed(TicketEvent, frozen=True):
    """A return request was looked at: what the order's state and the book say of it."""

    TOPIC: ClassVar[str] = "return.reviewed.v1"

    eligible: bool
    clause: str
    policy: str
    days_since_signing: int | None = None
    opened: bool | None = None
    """Whether the goods were opened, as whoever asked knew."""
    if_unopened: bool | None = None
    """True when it holds only as long as the goods are not opened, which nobody has said."""


class MerchantApproved(TicketEvent, frozen=True):
    """The merchant grants a remedy within its own rules."""

    TOPIC: ClassVar[str] = "merchant.approved.v1"

    terms: Terms


class MerchantRefused(TicketEvent, frozen=True):
    """The merchant refuses, with reasons."""

    TOPIC: ClassVar[str] = "merchant.refused.v1"

    reasons: MerchantText
    clause: str | None = None


class TicketResolved(TicketEvent, frozen=True):
    """The answer or the remedies stand; the ticket closes unless somebody comes back."""

    TOPIC: ClassVar[str] = "ticket.resolved.v1"

    outcome: str
    """answered, remedied, rejected, withdrawn, or what the source called it."""


class TicketClosed(TicketEvent, frozen=True):
    """The matter is over."""

    TOPIC: ClassVar[str] = "ticket.closed.v1"

    outcome: str


class TicketReopened(TicketEvent, frozen=True):
    """A resolved or closed matter lives again; a new round begins."""

    TOPIC: ClassVar[str] = "ticket.reopened.v1"

    round: int
    policy: str
    reason: AuthorText | None = None
    holds: tuple[str, ...] | None = None


class SatisfactionGiven(TicketEvent, frozen=True):
    """The buyer said how it was, each mark from 1 to 5."""

    TOPIC: ClassVar[str] = "satisfaction.given.v1"

    result: int
    speed: int
    attitude: int
    text: BuyerText | None = None
