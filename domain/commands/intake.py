"""Intentions of the service track: bring a matter, take it up, answer, approve or refuse it."""

from typing import ClassVar

from domain.commands.base import Command, TicketCommand
from domain.values import (
    Candidate,
    Channel,
    Customer,
    Kind,
    Money,
    Reason,
    RemedyKind,
    Responsible,
    Scenario,
    Sentiment,
    Terms,
    Urgency,
)


class OpenTicket(Command, frozen=True, kw_only=True):
    """Bring a matter to the platform; an order number is enough (IN-02)."""

    GROUNDS: ClassVar[tuple[str, ...]] = ("customer",)

    channel: Channel
    order: str | None = None
    line: str | None = None
    buyer: str | None = None
    """Who the matter is about, when it is not the caller and there is no order."""
    kind: Kind | None = None
    scenario: Scenario | None = None
    reason: Reason = Reason.OTHER
    remedy: RemedyKind | None = None
    claim: Money | None = None
    statement: str | None = None
    customer: Customer | None = None
    """What is known of the buyer, as whoever asks found it on record."""


class AcceptTicket(TicketCommand, frozen=True, kw_only=True):
    """Take a new matter up."""


class TakeAssignment(TicketCommand, frozen=True, kw_only=True):
    """Work on the ticket, and be the only one who does (RO-05)."""

    GROUNDS: ClassVar[tuple[str, ...]] = ("candidate",)

    candidate: Candidate | None = None
    """What the view of agents says of whoever asks; None of somebody it does not know, where
    nothing stands against that."""


class ReleaseAssignment(TicketCommand, frozen=True, kw_only=True):
    """Stop working on the ticket."""


class AmendClaim(TicketCommand, frozen=True, kw_only=True):
    """Ask for something else."""

    remedy: RemedyKind
    claim: Money | None = None


# Left out where nobody says them, what joined later leaves the digests of earlier requests alone.
class CorrectDiagnosis(TicketCommand, frozen=True, kw_only=True, omit_defaults=True):
    """Say what the matter is really about."""

    scenario: Scenario
    responsible: Responsible
    kind: Kind
    tags: tuple[str, ...] | None = None
    """The best first; like what follows, None leaves it as it is."""
    urgency: Urgency | None = None
    sentiment: Sentiment | None = None
    upset: bool | None = None
    """Whether the buyer is angry (DI-10); that they are not is for a supervisor to say."""


class GiveAnswer(TicketCommand, frozen=True, kw_only=True):
    """Answer the buyer for the platform."""

    text: str
    resolves: bool


class SendMessage(TicketCommand, frozen=True, kw_only=True):
    """Write to the others on the ticket."""

    text: str


class AddNote(TicketCommand, frozen=True, kw_only=True):
    """Leave a note among staff."""

    text: str


class ReviewReturn(TicketCommand, frozen=True, kw_only=True):
    """Let the book say whether the goods may go back."""

    opened: bool | None = None
    """Whether the goods were opened, where somebody knows."""


class ApproveClaim(TicketCommand, frozen=True, kw_only=True):
    """Grant, as the merchant, what is claimed or better."""

    NEEDS_VERSION: ClassVar[bool] = True
    MOVES_MONEY: ClassVar[bool] = True

    terms: Terms


class RefuseClaim(TicketCommand, frozen=True, kw_only=True):
    """Refuse the claim as the merchant, with reasons."""

    reasons: str
    clause: str | None = None
