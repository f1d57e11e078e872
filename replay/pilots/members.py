"""The tickets of a pilot, read from the record alone; what becomes of them is not here."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import ArmDrawn, TicketOpened
from domain.ledger.application import TicketLedger
from domain.ledger.migrations import placeholders
from domain.record import Record
from domain.ticket.pilots import Pilot
from domain.values import later
from replay.as_of.moments import LastBefore
from replay.what_if import History

BATCH: Final = 50
"""So many tickets are read at once."""
SPAN: Final = 50_000
"""So many positions are looked through at once."""
_DRAWN: Final = (
    "select stream from {ledger}.event where lane = %s and position > %s and position <= %s "
    "and topic = %s and convert_from(state, 'UTF8')::jsonb -> 'data' ->> 'pilot' = %s "
    "order by position"
)
Place = tuple[int, str]
"""A lane, and a ticket's stream in it."""


class Member(msgspec.Struct, frozen=True):
    """A ticket of a pilot, as far as the record says."""

    lane: int
    ticket: str
    drawn: ArmDrawn
    order: str | None
    records: tuple[Record, ...]


def members(history: History, drawn: Sequence[Place]) -> Iterator[Member]:
    """Yield the tickets of a pilot with their records, in the order in which they were drawn."""
    for lane, places in groupby(drawn, key=itemgetter(0)):
        for batch in _batches(stream for _, stream in places):
            by_stream: dict[str, list[Record]] = {stream: [] for stream in batch}
            for record in history.read(lane, batch):
                by_stream[record.stream].append(record)
            for stream, records in by_stream.items():
                opened = records[0].event
                assert isinstance(opened, TicketOpened), "a ticket's first fact"
                arm = next(one.event for one in records if isinstance(one.event, ArmDrawn))
                ticket = stream.partition(":")[2]
                yield Member(lane, ticket, arm, opened.order, tuple(records))


def drawn_in(
    ledger: TicketLedger, history: History, pilot: Pilot, last_before: LastBefore
) -> Iterator[Place]:
    """Yield the tickets that were drawn in a pilot, lane by lane; none was before it began."""
    statement = _DRAWN.format_map(placeholders(ledger.record.names))
    earlier = later(pilot.begins_at, -timedelta.resolution)
    for lane in range(ledger.lanes):
        end = history.end(lane)
        for after in range(last_before(lane, earlier), end, SPAN):
            values = (lane, after, min(after + SPAN, end), ArmDrawn.TOPIC, pilot.pilot)

            def work(cursor: Cursor, values: tuple[object, ...] = values) -> list[tuple[Any, ...]]:
                cursor.execute(statement, values)
                return cursor.fetchall()

            for (stream,) in ledger.record.connections.read(work):
                yield lane, stream


def _batches(streams: Iterable[str]) -> Iterator[list[str]]:
    left = iter(streams)
    while batch := list(islice(left, BATCH)):
        yield batch
