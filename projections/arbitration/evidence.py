"""What the facts of evidence mean for the case file: every item, its digest and its custody."""

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
from domain.record import Record
from domain.values import ActorKind, Party
from projections.arbitration.places import Place
from projections.arbitration.rows import Call, CaseRow, Contest, Item, Seal
from projections.arbitration.view import VIEW, mark, place_of


@VIEW.on(EvidenceGathered)
def evidence_gathered(row: CaseRow, record: Record, event: EvidenceGathered) -> None:
    """The platform, or a carrier's system, put an item on the record."""
    carrier = record.actor.kind is ActorKind.CARRIER
    row.evidence[event.item] = Item(
        mark=mark(record),
        item=event.item,
        kind=event.kind,
        party=Party.CARRIER if carrier else Party.PLATFORM,
        state="on_record",
        sha256=event.attachment.sha256,
        size=event.attachment.size,
        media_type=event.attachment.media_type,
        obtained=event.obtained,
        shown_to=sorted(event.shown_to),
    )


@VIEW.on(EvidenceRequested)
def evidence_requested(row: CaseRow, record: Record, event: EvidenceRequested) -> None:
    """A party was asked for evidence."""
    row.calls.append(
        Call(mark=mark(record), party=event.party, kinds=event.kinds, due_at=event.due_at)
    )


@VIEW.on(EvidenceStaged)
def evidence_staged(row: CaseRow, record: Record, event: EvidenceStaged) -> None:
    """A side laid an item ready."""
    row.evidence[event.item] = _item(record, event, state="staged", shown_to=[event.party])


@VIEW.on(EvidenceReplaced)
def evidence_replaced(row: CaseRow, record: Record, event: EvidenceReplaced) -> None:
    """A better item took the place of a staged one; both stay in the file."""
    row.evidence[event.replaces].state = "replaced"
    item = _item(record, event, state="staged", shown_to=[event.party])
    item.replaces = event.replaces
    row.evidence[event.item] = item


@VIEW.on(EvidenceWithdrawn)
def evidence_withdrawn(row: CaseRow, record: Record, event: EvidenceWithdrawn) -> None:
    """A staged item was taken back."""
    row.evidence[event.item].state = "withdrawn"


@VIEW.on(EvidenceSealed)
def evidence_sealed(row: CaseRow, record: Record, event: EvidenceSealed) -> None:
    """A side's set is on record, and the other side sees what it is shown."""
    row.seals.append(
        Seal(mark=mark(record), party=event.party, items=event.items, set_digest=event.set_digest)
    )
    for name in event.items:
        item = row.evidence[name]
        item.state = "on_record"
        item.sealed = mark(record)
        if name in event.shown:
            item.shown_to = sorted({*item.shown_to, Party.BUYER, Party.MERCHANT})


@VIEW.on(EvidenceSupplemented)
def evidence_supplemented(row: CaseRow, record: Record, event: EvidenceSupplemented) -> None:
    """An item was added after sealing, or late."""
    shown = {event.party} if event.confidential else {event.party, Party.BUYER, Party.MERCHANT}
    item = _item(record, event, state="on_record", shown_to=sorted(shown))
    item.late = event.late
    row.evidence[event.item] = item


@VIEW.on(EvidenceDisclosed)
def evidence_disclosed(row: CaseRow, record: Record, event: EvidenceDisclosed) -> None:
    """One more side was shown the item."""
    item = row.evidence[event.item]
    item.shown_to = sorted({*item.shown_to, event.to})
    item.disclosed.append(mark(record))


@VIEW.on(EvidenceContested)
def evidence_contested(row: CaseRow, record: Record, event: EvidenceContested) -> None:
    """A side disputes the item."""
    why = Place(record.version, "why")
    row.evidence[event.item].contested.append(Contest(mark=mark(record), by=event.by, why=why))


def _item(
    record: Record,
    event: EvidenceStaged | EvidenceReplaced | EvidenceSupplemented,
    *,
    state: str,
    shown_to: list[Party],
) -> Item:
    return Item(
        mark=mark(record),
        item=event.item,
        kind=event.kind,
        party=event.party,
        state=state,
        sha256=event.attachment.sha256,
        size=event.attachment.size,
        media_type=event.attachment.media_type,
        obtained=event.obtained,
        shown_to=shown_to,
        confidential=event.confidential,
        caption=place_of(record, "caption"),
    )
