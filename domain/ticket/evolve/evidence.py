"""What a ticket is after the facts of evidence."""

from typing import assert_never

from msgspec.structs import replace

from domain.events import (
    EvidenceContested,
    EvidenceDisclosed,
    EvidenceGathered,
    EvidenceReplaced,
    EvidenceRequested,
    EvidenceSealed,
    EvidenceStaged,
    EvidenceSupplemented,
    EvidenceWithdrawn,
)
from domain.ticket.state import Evidence, EvidenceState, Stamp, Ticket
from domain.values import Party

EvidenceEvent = (
    EvidenceGathered
    | EvidenceRequested
    | EvidenceStaged
    | EvidenceReplaced
    | EvidenceWithdrawn
    | EvidenceSealed
    | EvidenceSupplemented
    | EvidenceDisclosed
    | EvidenceContested
)
BOTH = frozenset({Party.BUYER, Party.MERCHANT})
"""The sides of a dispute."""


def evolve_evidence(ticket: Ticket, event: EvidenceEvent, stamp: Stamp) -> Ticket:
    """Return the ticket after a fact of evidence."""
    match event:
        case EvidenceGathered():
            # An opening's snapshot is the platform's, whoever opened the ticket.
            carrier = stamp.actor.party is Party.CARRIER
            item = Evidence(
                kind=event.kind,
                party=Party.CARRIER if carrier else Party.PLATFORM,
                attachment=event.attachment,
                state=EvidenceState.ON_RECORD,
                confidential=False,
                shown_to=frozenset(event.shown_to),
                personal=event.descriptor is not None,
            )
            return _with(ticket, stamp, {event.item: item})
        case EvidenceRequested() | EvidenceContested():
            return replace(ticket, version=stamp.version)
        case EvidenceStaged():
            return _with(ticket, stamp, {event.item: _item(event, EvidenceState.STAGED)})
        case EvidenceReplaced():
            old = replace(ticket.evidence[event.replaces], state=EvidenceState.REPLACED)
            new = _item(event, EvidenceState.STAGED)
            return _with(ticket, stamp, {event.replaces: old, event.item: new})
        case EvidenceWithdrawn():
            old = replace(ticket.evidence[event.item], state=EvidenceState.WITHDRAWN)
            return _with(ticket, stamp, {event.item: old})
        case EvidenceSealed():
            return _sealed(ticket, event, stamp)
        case EvidenceSupplemented():
            return _with(ticket, stamp, {event.item: _item(event, EvidenceState.ON_RECORD)})
        case EvidenceDisclosed():
            old = ticket.evidence[event.item]
            shown = replace(old, shown_to=old.shown_to | {event.to})
            return _with(ticket, stamp, {event.item: shown})
        case _:
            assert_never(event)


def _item(
    event: EvidenceStaged | EvidenceReplaced | EvidenceSupplemented, state: EvidenceState
) -> Evidence:
    """Return a party's item; once on record, both sides see it unless it is confidential."""
    shown = state is EvidenceState.ON_RECORD and not event.confidential
    return Evidence(
        kind=event.kind,
        party=event.party,
        attachment=event.attachment,
        state=state,
        confidential=event.confidential,
        shown_to=BOTH | {event.party} if shown else frozenset({event.party}),
        personal=event.descriptor is not None,
    )


def _sealed(ticket: Ticket, event: EvidenceSealed, stamp: Stamp) -> Ticket:
    """The set is on record, and what is shown of it is shown to both sides."""
    items = dict(ticket.evidence)
    for name in event.items:
        old = items[name]
        shown_to = old.shown_to | BOTH if name in event.shown else old.shown_to
        items[name] = replace(old, state=EvidenceState.ON_RECORD, shown_to=shown_to)
    return replace(
        ticket, version=stamp.version, evidence=items, sealed=ticket.sealed | {event.party}
    )


def _with(ticket: Ticket, stamp: Stamp, items: dict[str, Evidence]) -> Ticket:
    return replace(ticket, version=stamp.version, evidence={**ticket.evidence, **items})
