"""The record as the library's repository reads it: streams from their lanes, folded onto heads."""

from collections.abc import Iterable, Sequence
from typing import Any

from eventsourcing.persistence import StoredEvent

from domain.ledger.folding import FOLDS, Head
from domain.ledger.library import LedgerApplicationRecorder
from domain.ledger.recorder import Recorder
from domain.streams import stream_lane
from domain.ticket.state import Stamp


class RecordReader(LedgerApplicationRecorder):
    """The record for the library: each stream from its own lane, the log of lane 0."""

    def __init__(self, recorder: Recorder, *, lanes: int) -> None:
        """Read a ledger with so many lanes."""
        super().__init__(recorder, lane=0)
        self._by_lane = [LedgerApplicationRecorder(recorder, lane=lane) for lane in range(lanes)]

    def select_events(self, originator_id: Any, **kwargs: Any) -> Sequence[StoredEvent]:
        """Return a stream's events between two versions."""
        lane = stream_lane(str(originator_id), len(self._by_lane))
        return self._by_lane[lane].select_events(originator_id, **kwargs)


def project(head: Any, events: Iterable[Any]) -> Any:
    """Fold records onto a head, as the library's repository wants it; None when there are none."""
    current: Head | None = head
    for record in events:
        before = current or Head(record.stream)
        family, _, subject = record.stream.partition(":")
        stamp = Stamp(subject, record.version, record.at, record.actor, record.imported)
        current = Head(
            stream=record.stream,
            version=record.version,
            leaf_hash=bytes.fromhex(record.leaf_hash),
            at=record.at,
            position=record.position,
            state=FOLDS[family](before.state, record.event, stamp),
        )
    return current
