"""A record: an event as the ledger holds it, with who, when, where and under which command."""

from collections.abc import Iterable
from typing import Generic, TypeVar

import msgspec

from domain.events.base import Event
from domain.events.facts import FactReported
from domain.events.registry import read_event
from domain.values import Actor, Instant, Sha256

FORMAT = 1
"""The version of the record's form; a new form gets a new number, never a new meaning."""


class Cause(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Why there is this record."""

    command: str
    """The id of the command, derived from actor and idempotency key when there was one."""
    correlation: str
    """The same for all that followed from one request."""
    by: str | None = None
    """The event a process reacted to."""


class Covered(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The newest published checkpoint of the lane the writer knew."""

    size: int
    root: str


class Source(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Where a fact from elsewhere comes from."""

    system: str
    ref: str
    imported: bool
    """True for history, which starts no clock, process or payment of ours."""
    occurred_at: Instant | None = None


E = TypeVar("E")


class Envelope(
    msgspec.Struct,
    Generic[E],
    frozen=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """The members of record format 1 (the published form of the evidence chain)."""

    format: int
    ledger: str
    stream: str
    version: int
    prev: Sha256
    id: str
    topic: str
    at: Instant
    actor: Actor
    cause: Cause
    data: E
    after: Covered | None = None
    source: Source | None = None


class Record(msgspec.Struct, frozen=True, gc=False):
    """An envelope with its event read, and its place in the lane."""

    lane: int
    position: int
    leaf_hash: Sha256
    envelope: Envelope[msgspec.Raw]
    event: Event

    @property
    def stream(self) -> str:
        """Return the stream the event belongs to."""
        return self.envelope.stream

    @property
    def subject(self) -> str:
        """Return the id the stream is about: of ticket:T0-… it is T0-…."""
        return self.envelope.stream.partition(":")[2]

    @property
    def version(self) -> int:
        """Return the event's place in its stream, from 1 without gaps."""
        return self.envelope.version

    @property
    def at(self) -> Instant:
        """Return when the event was recorded."""
        return self.envelope.at

    @property
    def occurred_at(self) -> Instant:
        """Return when the fact was true first, as its event or its source says.

        History of another system and facts reported later say it; everything else occurred when
        it was recorded.
        """
        if isinstance(self.event, FactReported):
            return self.event.occurred_at
        source = self.envelope.source
        if source is not None and source.occurred_at is not None:
            return source.occurred_at
        return self.at

    @property
    def actor(self) -> Actor:
        """Return on whose authority it happened."""
        return self.envelope.actor

    @property
    def imported(self) -> bool:
        """Return whether this is history of another system, which starts nothing of ours."""
        return self.envelope.source is not None and self.envelope.source.imported


_ENVELOPE = msgspec.json.Decoder(Envelope[msgspec.Raw])
_ENVELOPES = msgspec.json.Decoder(list[Envelope[msgspec.Raw]])


def read_record(lane: int, position: int, state: bytes, leaf_hash: bytes) -> Record:
    """Return the record that stored canonical bytes hold.

    Raises msgspec.ValidationError or KeyError for bytes that are no record of a known topic.
    """
    return record_of(lane, position, state, Sha256(leaf_hash.hex()))


def record_of(lane: int, position: int, state: bytes | str, leaf_hash: Sha256) -> Record:
    """Return the record that canonical bytes hold, whether they were read as bytes or as a text.

    Raises what `read_record` raises.
    """
    envelope = _ENVELOPE.decode(state)
    return Record(
        lane=lane,
        position=position,
        leaf_hash=leaf_hash,
        envelope=envelope,
        event=read_event(envelope.topic, envelope.data),
    )


def records_of(
    lane: int, positions: Iterable[int], states: str, leaf_hashes: Iterable[Sha256]
) -> list[Record]:
    """Return the records whose canonical bytes stand in one JSON array, in its order.

    Raises what `read_record` raises, and ValueError where there are not as many of each.
    """
    return [
        Record(lane, position, leaf_hash, envelope, read_event(envelope.topic, envelope.data))
        for position, leaf_hash, envelope in zip(
            positions, leaf_hashes, _ENVELOPES.decode(states), strict=True
        )
    ]
