"""Keeping personal data for proceedings, and forgetting it; who asks from outside names a person.

The commands about one ticket beside the holds are sent by `domain.ledger.erasure` alone.
"""

from typing import ClassVar

from domain.commands.base import LedgerCommand, TicketCommand
from domain.values import ErasureGround, HoldGround, Instant, Pointed


class PlaceLegalHold(TicketCommand, frozen=True, kw_only=True):
    """Keep everything personal on a ticket for proceedings, whoever asks for an erasure."""

    hold: str
    ground: HoldGround


class ReleaseLegalHold(TicketCommand, frozen=True, kw_only=True):
    """Let go of a hold."""

    hold: str


class ErasePersonalData(TicketCommand, frozen=True, kw_only=True):
    """Forget what is personal of a subject on a ticket, or say what stands against it."""

    erasure: int
    subject: str
    ground: ErasureGround
    places: tuple[Pointed, ...]
    """What there is of the subject at the version the request expects."""


class RequestErasure(LedgerCommand, frozen=True, kw_only=True):
    """Ask for the erasure of what is personal of a subject, wherever it is."""

    STREAM: ClassVar[str] = "privacy"

    subject: str
    ground: ErasureGround


class FinishErasure(LedgerCommand, frozen=True, kw_only=True):
    """Say that every ticket of a requested erasure was gone through."""

    STREAM: ClassVar[str] = "privacy"

    erasure: int
    erased: int
    restricted: int


class SweepContents(LedgerCommand, frozen=True, kw_only=True):
    """Say that contents leave the vault which no event ever came to name."""

    STREAM: ClassVar[str] = "privacy"

    contents: int
    bytes: int
    uploaded_before: Instant
