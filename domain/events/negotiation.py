"""Facts of negotiation: offers between buyer and merchant, settlement, and the call for help."""

from typing import ClassVar

from domain.events.base import TicketEvent
from domain.values import AuthorText, Instant, Party, Terms


class OfferMade(TicketEvent, frozen=True):
    """One side proposed remedies that would end the matter."""

    TOPIC: ClassVar[str] = "offer.made.v1"

    offer: str
    by: Party
    terms: tuple[Terms, ...]
    due_at: Instant
    policy: str
    text: AuthorText | None = None


class OfferCountered(TicketEvent, frozen=True):
    """The other side answered an offer with one of its own."""

    TOPIC: ClassVar[str] = "offer.countered.v1"

    offer: str
    counters: str
    """The offer this one answers; it is no longer open."""
    by: Party
    terms: tuple[Terms, ...]
    due_at: Instant
    policy: str
    text: AuthorText | None = None


class OfferAccepted(TicketEvent, frozen=True):
    """The other side agreed."""

    TOPIC: ClassVar[str] = "offer.accepted.v1"

    offer: str
    by: Party


class OfferDeclined(TicketEvent, frozen=True):
    """The other side said no."""

    TOPIC: ClassVar[str] = "offer.declined.v1"

    offer: str
    by: Party
    reason: AuthorText | None = None


class OfferWithdrawn(TicketEvent, frozen=True):
    """The side that made the offer took it back before it was answered."""

    TOPIC: ClassVar[str] = "offer.withdrawn.v1"

    offer: str
    by: Party


class OfferLapsed(TicketEvent, frozen=True):
    """Nobody answered the offer in time; silence is a fact too."""

    TOPIC: ClassVar[str] = "offer.lapsed.v1"

    offer: str
    due_at: Instant


class OfferSuperseded(TicketEvent, frozen=True):
    """Something else ended the matter the offer was about, before its time was over."""

    TOPIC: ClassVar[str] = "offer.superseded.v1"

    offer: str
    by_what: str
    """settlement, approval, intervention, withdrawal of the matter, or abandonment."""


class SettlementReached(TicketEvent, frozen=True):
    """An accepted offer ends the negotiation."""

    TOPIC: ClassVar[str] = "settlement.reached.v1"

    offer: str
    terms: tuple[Terms, ...]


class InterventionRequested(TicketEvent, frozen=True):
    """A party asked the platform to decide; the promise of a ruling starts here."""

    TOPIC: ClassVar[str] = "intervention.requested.v1"

    by: Party
    ground: str
    """Why negotiation is over: merchant_refused, offer_declined, offer_lapsed, deadline_passed."""
    due_at: Instant
    policy: str
