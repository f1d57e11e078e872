"""What the operator of a ledger records about the ledger itself; nobody sends it from outside."""

from typing import ClassVar

from domain.commands.base import LedgerCommand
from domain.values import FreezeGround, Instant, KeyPurpose


class IntroduceKey(LedgerCommand, frozen=True, kw_only=True):
    """Put the first key for a purpose on record."""

    STREAM: ClassVar[str] = "keys"

    purpose: KeyPurpose
    key: str


class RotateKey(LedgerCommand, frozen=True, kw_only=True):
    """Let a key be followed by another, with a statement that the former one has signed."""

    STREAM: ClassVar[str] = "keys"

    purpose: KeyPurpose
    former: str
    key: str
    both_until: Instant
    statement: str


class FreezeKeys(LedgerCommand, frozen=True, kw_only=True):
    """Stop signing for good, and say what was signed last: (lane, size, root in base64)."""

    STREAM: ClassVar[str] = "keys"

    ground: FreezeGround
    last_signed: tuple[tuple[int, int, str], ...]
