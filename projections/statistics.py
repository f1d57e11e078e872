"""Numbers over all tickets, from the counts of views; it has no table of its own."""

from collections.abc import Mapping

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.streams import parse_moment
from projections import queue
from projections.diagnosis import Agreement, agreement
from projections.queue import Counts


class Numbers(msgspec.Struct, frozen=True):
    """What `ticketledger stats` tells."""

    position: str
    tickets: int
    events: int | None
    """All records of all lanes up to `position`; None for what had occurred, which no position
    tells."""
    open: int
    """Neither resolved nor closed."""
    by_stage: Mapping[str, int]
    by_source_state: Mapping[str, int]
    """Imported tickets by the source's own state."""
    by_awaiting: Mapping[str, int]
    """Open tickets by whose turn it is."""
    by_queue: Mapping[str, int]
    """Open tickets by desk."""
    by_priority: Mapping[str, int]
    """Open tickets by priority."""
    reports_by_source_state: Mapping[str, int]
    """Rows of the source by the state they told."""
    agreement: Agreement
    """How often a person's diagnosis is the machine's."""


def numbers(db: Cursor) -> Numbers:
    """Return the numbers as they stand at the queue's moment."""
    return numbers_of(queue.counts(db), agreement(db))


def numbers_of(counts: Counts, agreement: Agreement, *, by_occurred: bool = False) -> Numbers:
    """Return the numbers that counts of any moment make."""
    events = sum(parse_moment(counts.moment).values()) if counts.moment else 0
    return Numbers(
        position=counts.moment,
        tickets=counts.everything["tickets"].get("", 0),
        events=None if by_occurred else events,
        open=counts.open["tickets"].get("", 0),
        by_stage=counts.everything["stage"],
        by_source_state=counts.everything["source_state"],
        by_awaiting=counts.open["awaiting"],
        by_queue=counts.open["queue"],
        by_priority=counts.open["priority"],
        reports_by_source_state=counts.everything["reports"],
        agreement=agreement,
    )
