"""Facts about what is kept of a person and what is forgotten; never the personal value itself."""

from typing import ClassVar

import msgspec

from domain.events.base import LedgerEvent, TicketEvent
from domain.values import ErasureGround, HoldGround, Instant, Pointed, Sha256, Standing


class ErasedContent(msgspec.Struct, frozen=True, gc=False):
    """An evidence item whose content is erased: its digest stays, what it was of is gone."""

    item: str
    digest: Sha256


class LegalHoldPlaced(TicketEvent, frozen=True):
    """Nothing personal on this ticket may be erased until the hold is released."""

    TOPIC: ClassVar[str] = "legal_hold.placed.v1"

    hold: str
    """The reference of the proceedings that need the ticket."""
    ground: HoldGround


class LegalHoldReleased(TicketEvent, frozen=True):
    """A hold is over; what else stands against an erasure still does."""

    TOPIC: ClassVar[str] = "legal_hold.released.v1"

    hold: str


class PersonalDataErased(TicketEvent, frozen=True):
    """Everything personal of one subject on this ticket up to here is not to be read any more.

    Its keys and disclosures are destroyed because of this fact, and never without it.
    """

    TOPIC: ClassVar[str] = "personal_data.erased.v1"

    erasure: int
    """The version of the request on ledger:privacy."""
    subject: str
    ground: ErasureGround
    places: tuple[Pointed, ...]
    contents: tuple[ErasedContent, ...] | None = None
    """What the subject put in evidence, when it was something."""


class PersonalDataRestricted(TicketEvent, frozen=True):
    """An erasure was asked for and something stands against it: kept, and kept from view."""

    TOPIC: ClassVar[str] = "personal_data.restricted.v1"

    erasure: int
    subject: str
    ground: ErasureGround
    standing: Standing
    """What stands against it."""
    until: Instant | None = None
    """When it can be erased, where that is known."""
    policy: str | None = None
    """The book the time was taken from."""


class ErasureRequested(LedgerEvent, frozen=True):
    """What is personal of a subject is to be erased wherever it is; the version is its number."""

    TOPIC: ClassVar[str] = "erasure.requested.v1"

    subject: str
    ground: ErasureGround


class ErasureCarriedOut(LedgerEvent, frozen=True):
    """Every ticket of the subject was gone through."""

    TOPIC: ClassVar[str] = "erasure.carried_out.v1"

    erasure: int
    erased: int
    """On so many tickets nothing of the subject can be read any more."""
    restricted: int
    """On so many something stands against it; each says what."""


class ContentsSwept(LedgerEvent, frozen=True):
    """Contents leave the vault that were uploaded, and that no event ever came to name.

    Which ones is not said: a digest would tell who holds the same file, and would name it.
    """

    TOPIC: ClassVar[str] = "contents.swept.v1"

    contents: int
    """How many."""
    bytes: int
    """Their size together."""
    uploaded_before: Instant
    """All of them were handed over before this."""
    reason: str
    """never_named."""
