"""What the facts of evidence mean on the progress board: that an item is there, and who sees it."""

from domain.events import (
    EvidenceDisclosed,
    EvidenceGathered,
    EvidenceReplaced,
    EvidenceSealed,
    EvidenceStaged,
    EvidenceSupplemented,
    EvidenceWithdrawn,
)
from domain.record import Record
from domain.values import ActorKind, Party
from projections.progress_board.rows import VIEW, BoardRow, EvidenceShown
from projections.projection import place


@VIEW.on(EvidenceGathered)
def evidence_gathered(row: BoardRow, record: Record, event: EvidenceGathered) -> None:
    """The platform put an item on the record."""
    carrier = record.actor.kind is ActorKind.CARRIER
    row.evidence[event.item] = EvidenceShown(
        item=event.item,
        kind=event.kind,
        party=Party.CARRIER if carrier else Party.PLATFORM,
        state="on_record",
        at=record.at,
        caused_by=place(record),
        shown_to=sorted(event.shown_to),
    )


@VIEW.on(EvidenceStaged, EvidenceReplaced)
def evidence_staged(
    row: BoardRow, record: Record, event: EvidenceStaged | EvidenceReplaced
) -> None:
    """A side laid an item ready; only it and staff know."""
    if isinstance(event, EvidenceReplaced) and event.replaces in row.evidence:
        row.evidence[event.replaces].state = "replaced"
    _add_item(row, record, event, state="staged", shown_to=[event.party])


@VIEW.on(EvidenceSupplemented)
def evidence_supplemented(row: BoardRow, record: Record, event: EvidenceSupplemented) -> None:
    """An item went on record at once; both sides see it unless it is confidential."""
    shown = {event.party} if event.confidential else {event.party, Party.BUYER, Party.MERCHANT}
    _add_item(row, record, event, state="on_record", shown_to=sorted(shown))


@VIEW.on(EvidenceWithdrawn)
def evidence_withdrawn(row: BoardRow, record: Record, event: EvidenceWithdrawn) -> None:
    """The item was taken back."""
    row.evidence[event.item].state = "withdrawn"


@VIEW.on(EvidenceSealed)
def evidence_sealed(row: BoardRow, record: Record, event: EvidenceSealed) -> None:
    """A side's set is final, and shown is what may be shown."""
    for item in event.items:
        shown = row.evidence[item]
        shown.state = "on_record"
        if item in event.shown:
            shown.shown_to = sorted({*shown.shown_to, Party.BUYER, Party.MERCHANT})


@VIEW.on(EvidenceDisclosed)
def evidence_disclosed(row: BoardRow, record: Record, event: EvidenceDisclosed) -> None:
    """One more side sees the item."""
    shown = row.evidence[event.item]
    shown.shown_to = sorted({*shown.shown_to, event.to})


def _add_item(
    row: BoardRow,
    record: Record,
    event: EvidenceStaged | EvidenceReplaced | EvidenceSupplemented,
    *,
    state: str,
    shown_to: list[Party],
) -> None:
    row.evidence[event.item] = EvidenceShown(
        item=event.item,
        kind=event.kind,
        party=event.party,
        state=state,
        at=record.at,
        caused_by=place(record),
        shown_to=shown_to,
        confidential=event.confidential,
    )
