"""The chain of custody of one evidence item: every fact about it, in order, from the record."""

from collections.abc import Iterator
from typing import Final

import msgspec

from api.auth import may_see
from api.models.outcomes import Digest, Position
from api.reads.personal import ticket_records
from api.reads.telling import told_to
from api.reads.tickets import sees_item, side_of
from api.wiring import Services
from domain import errors
from domain.events import (
    CertificatePosted,
    ContentDamaged,
    EvidenceContested,
    EvidenceDisclosed,
    EvidenceGathered,
    EvidenceReplaced,
    EvidenceSealed,
    EvidenceStaged,
    EvidenceSupplemented,
    EvidenceViewed,
    EvidenceWithdrawn,
    RulingIssued,
    RulingOverturned,
    RulingUpheld,
    RulingVaried,
)
from domain.record import Record
from domain.streams import order_stream, position_text
from domain.ticket.state import EvidenceState, Ticket
from domain.values import (
    Actor,
    ActorKind,
    Attachment,
    EvidenceKind,
    Instant,
    Party,
    Sha256,
)

LOOKS_MAX: Final = 10_000
"""So many facts of a ticket's access stream, or of its order, are read at once; no more."""


class CustodyStep(msgspec.Struct, frozen=True):
    """One thing that happened to the item."""

    step: str
    """posted, gathered, staged, replaced, sealed, supplemented, disclosed, contested, withdrawn,
    relied_on, looked, found_damaged."""
    at: Instant
    actor_kind: ActorKind
    actor: str | None
    """Who, as a reference; parties are told their own only."""
    stream: str
    version: int
    position: Position
    leaf_hash: Digest
    late: bool


class CustodyAnswer(msgspec.Struct, frozen=True):
    """An evidence item with all that happened to it."""

    ticket: str
    item: str
    kind: EvidenceKind
    party: Party
    state: EvidenceState
    attachment: Attachment
    personal: bool
    """Whether the attachment lies encrypted."""
    obtained: str
    steps: tuple[CustodyStep, ...]
    position: Position


def custody_answer(services: Services, actor: Actor, ticket: str, item: str) -> CustodyAnswer:
    """Return an item's chain of custody to those who may see the item. Blocks."""
    ledger = services.ledger
    found = ledger.ticket(ticket)
    party = side_of(actor)
    if not may_see(actor, found):
        raise errors.UnknownTicket
    if item not in found.evidence or not sees_item(found, item, party):
        raise errors.UnknownEvidence
    one = found.evidence[item]
    records = ticket_records(services, ticket)
    told = [record for record in records if told_to(record, party)]
    looks = ledger.stream(f"access:{ticket}", limit=LOOKS_MAX)
    steps = sorted(
        [
            *_posted(services, found, one.attachment.sha256, actor),
            *_happened(told, item, actor),
            *_looked(looks, item, one.attachment.sha256, actor),
        ],
        key=lambda step: (step.at, int(step.position.partition("-")[2])),
    )
    lane = records[0].lane
    return CustodyAnswer(
        ticket=ticket,
        item=item,
        kind=one.kind,
        party=one.party,
        state=one.state,
        attachment=one.attachment,
        personal=one.personal,
        obtained=_obtained(records, item),
        steps=tuple(steps),
        position=position_text(lane, ledger.position(lane)),
    )


def _posted(
    services: Services, ticket: Ticket, sha256: Sha256, actor: Actor
) -> Iterator[CustodyStep]:
    """Yield how the content came with the order, before there was a ticket."""
    if ticket.order is None:
        return
    for record in services.ledger.stream(order_stream(ticket.order), limit=LOOKS_MAX):
        event = record.event
        if isinstance(event, CertificatePosted) and event.attachment.sha256 == sha256:
            yield _step("posted", record, actor)


def _happened(records: list[Record], item: str, actor: Actor) -> Iterator[CustodyStep]:
    """Yield what the ticket's own stream tells of the item."""
    for record in records:
        event = record.event
        match event:
            case EvidenceReplaced() if item in {event.item, event.replaces}:
                yield _step("staged" if event.item == item else "replaced", record, actor)
            case EvidenceSupplemented() if event.item == item:
                yield _step("supplemented", record, actor, late=event.late)
            case EvidenceSealed() if item in event.items:
                yield _step("sealed", record, actor)
            case RulingIssued() | RulingUpheld() | RulingVaried() | RulingOverturned() if (
                item in event.relied_on
            ):
                yield _step("relied_on", record, actor)
            case (
                EvidenceGathered()
                | EvidenceStaged()
                | EvidenceWithdrawn()
                | EvidenceDisclosed()
                | EvidenceContested()
            ) if event.item == item:
                yield _step(_WORDS[type(event)], record, actor)
            case _:
                continue


_WORDS: Final = {
    EvidenceGathered: "gathered",
    EvidenceStaged: "staged",
    EvidenceWithdrawn: "withdrawn",
    EvidenceDisclosed: "disclosed",
    EvidenceContested: "contested",
}


def _looked(
    records: list[Record], item: str, sha256: Sha256, actor: Actor
) -> Iterator[CustodyStep]:
    """Yield who looked at the content, and what was found wrong with it."""
    for record in records:
        event = record.event
        if isinstance(event, EvidenceViewed) and event.what == f"evidence:{item}":
            yield _step("looked", record, actor)
        if isinstance(event, ContentDamaged) and event.sha256 == sha256:
            yield _step("found_damaged", record, actor)


def _obtained(records: list[Record], item: str) -> str:
    """Return how the item was come by."""
    for record in records:
        event = record.event
        match event:
            case (
                EvidenceGathered() | EvidenceStaged() | EvidenceReplaced() | EvidenceSupplemented()
            ) if event.item == item:
                return event.obtained
            case _:
                continue
    raise AssertionError("an item of the fold stands on the record")


def _step(step: str, record: Record, actor: Actor, *, late: bool = False) -> CustodyStep:
    own = side_of(actor) is None or record.actor == actor
    return CustodyStep(
        step=step,
        at=record.at,
        actor_kind=record.actor.kind,
        actor=record.actor.ref if own else None,
        stream=record.stream,
        version=record.version,
        position=position_text(record.lane, record.position),
        leaf_hash=record.leaf_hash,
        late=late,
    )
