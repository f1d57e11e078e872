"""What one append carries and what it answers; how it is sent is in the recorder."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

GENESIS: Final = bytes(32)
"""The leaf hash before a stream's first event."""


class Link(msgspec.Struct, frozen=True, gc=False):
    """The head of a stream a judgement was made on; version 0 and GENESIS for one not there yet."""

    stream: str
    version: int
    leaf_hash: bytes


class Line(msgspec.Struct, frozen=True, gc=False):
    """One event as it will stand in the record: its canonical bytes and the columns beside them."""

    stream: str
    version: int
    topic: str
    at: datetime
    state: bytes


class WrappedKey(msgspec.Struct, frozen=True, gc=False):
    """The key of a stream's data subject, wrapped, kept with the subject's first personal field."""

    stream: str
    subject: str
    wrapped: bytes


class SealedValue(msgspec.Struct, frozen=True, gc=False):
    """A personal value, sealed, and the place in the record where its commitment stands."""

    stream: str
    version: int
    pointer: str
    subject: str
    sealed: bytes


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One judged command: all of it is recorded, or nothing."""

    command: str
    body_hmac: bytes
    links: tuple[Link, ...]
    """Every stream the judgement looked at, whether or not it writes there."""
    lines: tuple[Line, ...]
    take: tuple[tuple[str, str], ...] = ()
    """Names to reserve, each with the stream that will hold it."""
    free: tuple[str, ...] = ()
    keys: tuple[WrappedKey, ...] = ()
    disclosures: tuple[SealedValue, ...] = ()


class VerdictKind(StrEnum):
    """What became of a command."""

    ACCEPTED = "accepted"
    REPLAYED = "replayed"
    """The same command with the same body is already recorded."""
    KEY_REUSED = "key_reused"
    """The same command is already recorded with another body."""
    CONFLICT = "conflict"
    """A stream has moved on, or a subject's key exists already: reload and judge again."""
    RESERVED = "reserved"
    """A name to take is held by another."""
    LATER = "later"
    """Another command of this batch came first: send it again."""


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """The answer to one attempt."""

    kind: VerdictKind
    position: int | None
    """Position of the command's last event, when it is recorded."""
