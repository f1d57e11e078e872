"""What the ledger signs with, and why it stops."""

from enum import StrEnum


class KeyPurpose(StrEnum):
    """What the ledger signs with a key."""

    LOG = "log"
    """Checkpoints."""
    RECEIPT = "receipt"
    """That a command is on record, before a checkpoint covers it."""


class FreezeGround(StrEnum):
    """Why nothing is signed any more."""

    COMPROMISED = "compromised"
    """Somebody else may hold the key."""
    LOST = "lost"
    RETIRED = "retired"
