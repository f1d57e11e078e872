"""Intentions about evidence: ask for it, lay it ready, seal it, show it, dispute it."""

import msgspec

from domain.commands.base import TicketCommand
from domain.values import Attachment, EvidenceKind, Instant, Party


class PersonalFile(msgspec.Struct, frozen=True, gc=False):
    """What a personal file is and what opens it, until the ledger commits to both."""

    descriptor: str
    key: str

    def __repr__(self) -> str:
        """Return a text that tells nothing of the file: it may reach a log."""
        return "PersonalFile()"


class RequestEvidence(TicketCommand, frozen=True, kw_only=True):
    """Ask a party for evidence by the book's deadline."""

    party: Party
    kinds: tuple[EvidenceKind, ...]


class StageEvidence(TicketCommand, frozen=True, kw_only=True):
    """Lay an item ready for one's own side; after sealing it is a supplement."""

    kind: EvidenceKind
    attachment: Attachment
    obtained: str
    confidential: bool = False
    caption: str | None = None
    personal: PersonalFile | None = None
    """For an attachment that is encrypted."""
    kept_until: Instant | None = None
    """Until when the content is sure to be kept though no fact names it."""


class ReplaceEvidence(TicketCommand, frozen=True, kw_only=True):
    """Put a better item in the place of a staged one."""

    item: str
    kind: EvidenceKind
    attachment: Attachment
    obtained: str
    confidential: bool = False
    caption: str | None = None
    personal: PersonalFile | None = None
    """For an attachment that is encrypted."""
    kept_until: Instant | None = None
    """Until when the content is sure to be kept though no fact names it."""


class WithdrawEvidence(TicketCommand, frozen=True, kw_only=True):
    """Take a staged item back."""

    item: str


class SealEvidence(TicketCommand, frozen=True, kw_only=True):
    """Make one's own set final and show it to the other side."""


class DiscloseEvidence(TicketCommand, frozen=True, kw_only=True):
    """Show an item to a side that has not seen it."""

    item: str
    to: Party


class ContestEvidence(TicketCommand, frozen=True, kw_only=True):
    """Dispute an item of the other side or of the platform."""

    item: str
    why: str


class GatherEvidence(TicketCommand, frozen=True, kw_only=True):
    """Put something on the record for the platform, or as an inspection or carrier system."""

    kind: EvidenceKind
    attachment: Attachment
    obtained: str
    shown_to: tuple[Party, ...] = (Party.BUYER, Party.MERCHANT)
    personal: PersonalFile | None = None
    kept_until: Instant | None = None
