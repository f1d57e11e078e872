"""Facts about checkpoints that outsiders vouch for, on a stream in the lane they are about."""

from typing import ClassVar

from domain.events.base import LedgerEvent
from domain.values import Instant


class CheckpointStamped(LedgerEvent, frozen=True):
    """A time-stamping authority has seen a checkpoint; what is recorded after this is younger."""

    TOPIC: ClassVar[str] = "checkpoint.stamped.v1"

    lane: int
    size: int
    root: str
    """In base64, as the checkpoint has it."""
    authority: str
    stamped_at: Instant
    """As the authority says; by a clock that is not ours."""
    token: str
    """The authority's whole answer (RFC 3161) in base64: a later stamp renews it by covering it."""


class CheckpointWitnessed(LedgerEvent, frozen=True):
    """Witnesses have cosigned a checkpoint: to them the log has only ever grown."""

    TOPIC: ClassVar[str] = "checkpoint.witnessed.v1"

    lane: int
    size: int
    root: str
    cosignatures: tuple[str, ...]
    """The lines by which they did, as the note has them (C2SP tlog-cosignature)."""
