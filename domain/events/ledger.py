"""Facts about the ledger itself, on streams of its own: the keys it signs with."""

from typing import ClassVar

import msgspec

from domain.events.base import LedgerEvent
from domain.values import FreezeGround, Instant, KeyPurpose


class LastSigned(msgspec.Struct, frozen=True, gc=False):
    """The last checkpoint that was signed for a lane."""

    lane: int
    size: int
    root: str
    """In base64, as the checkpoint has it."""


class KeyIntroduced(LedgerEvent, frozen=True):
    """The ledger signs with this key from now on; it is the first one for its purpose."""

    TOPIC: ClassVar[str] = "key.introduced.v1"

    purpose: KeyPurpose
    key: str
    """The Ed25519 public key in base64."""


class KeyRotated(LedgerEvent, frozen=True):
    """A key is followed by another; the former one says so, and signs beside it for a time."""

    TOPIC: ClassVar[str] = "key.rotated.v1"

    purpose: KeyPurpose
    former: str
    key: str
    both_until: Instant
    """So long the former key signs every checkpoint too."""
    statement: str
    """The hand-over as a C2SP note that the former key has signed."""


class KeysFrozen(LedgerEvent, frozen=True):
    """Nothing is signed any more: the last witnessed checkpoint is the truth."""

    TOPIC: ClassVar[str] = "keys.frozen.v1"

    ground: FreezeGround
    last_signed: tuple[LastSigned, ...]
    """What we signed last, by lane; what claims to be later was signed by somebody else."""
