"""What the worker records of those who vouch for a checkpoint; nobody sends it from outside."""

from typing import ClassVar

import msgspec

from domain.commands.base import LedgerCommand
from domain.values import Instant


class StampTaken(msgspec.Struct, frozen=True):
    """A stamp that was verified when it came."""

    authority: str
    stamped_at: Instant
    token: str
    """In base64."""


class AnchorCheckpoint(LedgerCommand, frozen=True, kw_only=True):
    """Put on record that a checkpoint was stamped or cosigned."""

    STREAM: ClassVar[str] = "anchors"

    stream: str
    """The anchors' stream of the lane, without its family (`domain.ledger.anchors` names it)."""
    lane: int
    size: int
    root: str
    stamps: tuple[StampTaken, ...]
    cosignatures: tuple[str, ...]
