"""Personal values, whose they are, and what stands for and against forgetting them."""

from enum import StrEnum
from typing import Annotated

import msgspec


class Confidential:
    """A personal value in an event: open (`Personal`) until the ledger seals it (`Commitment`)."""

    __slots__ = ()


class Personal(Confidential):
    """A personal value as `decide` returns it; it can not be written to a record in this form."""

    __slots__ = ("subject", "value")

    def __init__(self, value: str, *, subject: str) -> None:
        """Keep a text and whose it is ("buyer:<ref>", "merchant:<ref>", "ticket:<id>" ...)."""
        self.value = value
        self.subject = subject

    def __eq__(self, other: object) -> bool:
        """Return whether the other is the same text of the same subject."""
        return (
            isinstance(other, Personal)
            and other.value == self.value
            and other.subject == self.subject
        )

    def __hash__(self) -> int:
        """Return a hash that agrees with equality."""
        return hash((self.subject, self.value))

    def __repr__(self) -> str:
        """Return a text that tells whose value this is, never the value: it may reach a log."""
        return f"Personal(subject={self.subject!r})"


class Commitment(Confidential):
    """What a record holds of a personal value: the digest of its salted disclosure (RFC 9901)."""

    __slots__ = ("sd",)

    def __init__(self, sd: str) -> None:
        """Keep the 43 characters of the digest."""
        self.sd = sd

    def __eq__(self, other: object) -> bool:
        """Return whether the other commits to the same disclosure."""
        return isinstance(other, Commitment) and other.sd == self.sd

    def __hash__(self) -> int:
        """Return a hash that agrees with equality."""
        return hash(self.sd)

    def __repr__(self) -> str:
        """Return the commitment as it stands in the record."""
        return f"Commitment({self.sd!r})"


class ErasureGround(StrEnum):
    """Why a person is to be forgotten (PIPL article 47, GDPR article 17)."""

    NO_LONGER_NEEDED = "no_longer_needed"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    OBJECTION = "objection"
    UNLAWFUL = "unlawful"
    LEGAL_OBLIGATION = "legal_obligation"


class HoldGround(StrEnum):
    """Which proceedings need what is on a ticket."""

    LITIGATION = "litigation"
    REGULATOR = "regulator"
    INVESTIGATION = "investigation"


class Pointed(msgspec.Struct, frozen=True, gc=False):
    """Where a personal value stands in a stream: the version, and the field's path there."""

    version: int
    pointer: str


class Standing(StrEnum):
    """What stands against an erasure."""

    OPEN = "open"
    """The matter is not over."""
    RETENTION = "retention"
    """The law wants it kept for a time."""
    LEGAL_HOLD = "legal_hold"


class Of(StrEnum):
    """Whose personal data a field holds; declared beside the field in its event class."""

    BUYER = "buyer"
    MERCHANT = "merchant"
    AUTHOR = "author"
    TICKET = "ticket"


BuyerText = Annotated[Confidential, msgspec.Meta(extra={"subject": Of.BUYER})]
"""Free text about or by the buyer."""


MerchantText = Annotated[Confidential, msgspec.Meta(extra={"subject": Of.MERCHANT})]
"""Free text by the merchant."""


AuthorText = Annotated[Confidential, msgspec.Meta(extra={"subject": Of.AUTHOR})]
"""Free text by whoever acts."""


TicketText = Annotated[Confidential, msgspec.Meta(extra={"subject": Of.TICKET})]
"""Free text that may speak of everybody on the ticket: it is erased with the ticket's key."""
