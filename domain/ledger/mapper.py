"""Stored bytes as records for the eventsourcing library; by our registry, never by import."""

from typing import Any

from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from domain.proof.chain import leaf_hash
from domain.record import Record, read_record
from domain.streams import stream_lane


class RecordMapper(Mapper[str]):
    """Reads records; writing is the business of commands and the group commit alone."""

    def __init__(self, lanes: int) -> None:
        """Read the records of a ledger with so many lanes."""
        super().__init__(JSONTranscoder())
        self._lanes = lanes

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """Return the record that stored bytes hold; its position is not known here and 0."""
        return self.record(stored_event, position=0)

    def record(self, stored_event: StoredEvent, *, position: int) -> Record:
        """Return the record of a stored event at a position."""
        lane = stream_lane(str(stored_event.originator_id), self._lanes)
        state = stored_event.state
        return read_record(lane, position, state, leaf_hash(state))

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """Refuse: a fact enters the record by a command that was judged."""
        raise TypeError("the record is written by TicketLedger.handle, not by saving events")
