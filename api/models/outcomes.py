"""What goes out beside the views: the answer to a command, problems, and the state of health."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from domain.ledger.anchors import Bracket
from domain.record import Cause, Source
from domain.values import Actor, Instant

Position = Annotated[str, Meta(pattern=r"^[0-9]+-[0-9]+$", examples=["0-123"])]
"""A place in the record, lane and position; sent as min_position it makes a view wait for it."""
Moment = Annotated[
    str, Meta(pattern=r"^([0-9]+-[0-9]+(,[0-9]+-[0-9]+)*)?$", examples=["0-123", "0-123,1-40"])
]
"""One place per lane: how far the record, or a view of it, had come."""
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class WrittenEvent(msgspec.Struct, frozen=True):
    """One event that is on record because of the command."""

    stream: Annotated[str, Meta(examples=["ticket:T0-261122-7ZK4M2Q"])]
    version: Annotated[int, Meta(ge=1)]
    topic: Annotated[str, Meta(examples=["offer.made.v1"])]
    position: Position
    leaf_hash: Digest


class Accepted(msgspec.Struct, frozen=True):
    """What the ledger recorded; no events for a harmless repetition."""

    stream: Annotated[str, Meta(examples=["ticket:T0-261122-7ZK4M2Q"])]
    version: Annotated[int, Meta(ge=1, description="Sent as If-Match it acts on this state.")]
    position: Position
    leaf_hash: Digest
    events: tuple[WrittenEvent, ...]
    receipt: str | msgspec.UnsetType = msgspec.UNSET
    """A C2SP note of four lines: stream, version, leaf hash, instant; signed by the receipt key."""
    published: bool | msgspec.UnsetType = msgspec.UNSET
    """With Prefer: wait=published, whether a checkpoint covers it by now; false comes with 202."""


class AttachmentAnswer(msgspec.Struct, frozen=True):
    """An uploaded content, with the receipt by which its uploader may refer to it for a day.

    Of a personal content, digest, size and type are those of the encrypted object.
    """

    sha256: Digest
    size: int
    media_type: str
    receipt: str


class StagedUploadAnswer(msgspec.Struct, frozen=True):
    """Where a content may be uploaded without a token."""

    href: str
    method: str
    media_type: str
    """What is sent as Content-Type."""
    expires_at: Instant


class MalformedPlace(msgspec.Struct, frozen=True):
    """One place of a request that is not as it must be; never what was sent."""

    where: Annotated[str, Meta(examples=["/body/claim/amount_minor"])]
    code: Annotated[str, Meta(examples=["int_type"])]
    message: str


class MissedEvent(msgspec.Struct, frozen=True):
    """One event the caller had not seen."""

    topic: str
    version: int
    position: Position
    at: str
    actor_kind: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whatever is no success, as RFC 9457 writes it; more members may follow, by code."""

    type: Annotated[str, Meta(examples=["/problems/wrong_stage"])]
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    instance: Annotated[str, Meta(examples=["urn:request:5f0c2f2e4be54c39a7f5b6f2a53f2a0e"])]
    code: Annotated[str, Meta(examples=["wrong_stage"])]
    errors: tuple[MalformedPlace, ...] = ()
    """With malformed: every malformed place."""
    expected_version: int = 0
    actual_version: int = 0
    missed: tuple[MissedEvent, ...] = ()
    """With ticket_changed: what happened since the version the caller saw."""


class ProblemKind(msgspec.Struct, frozen=True):
    """What a problem of one code means."""

    code: str
    status: int
    title: str
    detail: str


class Live(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str = "ok"


class Alarm(msgspec.Struct, frozen=True):
    """Something about the evidence that somebody must look at; commands go on meanwhile."""

    code: str
    lane: int | None
    what: str
    why: str
    next: str
    """What to do."""


class Ready(msgspec.Struct, frozen=True):
    """Whether the parts the API needs are there."""

    status: str
    """ready; degraded, when it answers and somebody must look; or not_ready."""
    checks: dict[str, str]
    """Each part with ok, or with what is the matter."""
    lag: dict[str, int]
    """View → records it has not folded."""
    poisoned: int
    """Records put aside because a view can not fold them."""
    alarms: tuple[Alarm, ...]
    """What is the matter with notary and anchoring."""


class EventItem(msgspec.Struct, frozen=True):
    """One record: who did what, when and why, and its place and hash in the chain.

    A personal field of `data` holds the commitment `{"sd": …}` and never the value.
    """

    stream: str
    version: int
    topic: str
    position: Position
    leaf_hash: Digest
    id: str
    at: Instant
    actor: Actor
    cause: Cause
    data: dict[str, Any]
    source: Source | None = None
    bracket: Bracket | msgspec.UnsetType = msgspec.UNSET
    """Among a ticket's events: between which instants, by the clocks of stamping authorities."""
