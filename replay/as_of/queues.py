"""The whole queue as of a moment: a page of it, row for row as it was, and its counts.

By what was recorded, the view of the queue's past says which tickets; by what had occurred, every
ticket is folded, which takes as long as there are tickets.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.record import Record, read_record
from domain.streams import ticket_stream
from projections import queue_past
from projections.queue import Counts, Filters, Key, QueueList, QueueRow
from projections.queue.rows import FACETS, count_row, encode_row
from replay.as_of.moments import NoSuchMoment, Recorded, Upto
from replay.as_of.occurred import by_occurrence
from replay.as_of.views import queue_row

_CHUNK: Final = 500

Streams = Callable[[int, Sequence[str]], Iterable[Record]]
"""(lane, streams) → their records by stream and version."""


class Asked(NamedTuple):
    """Which tickets of the queue are asked for, and behind which of them the page begins."""

    filters: Filters
    after: Key | None = None


def streams_of(ledger: Recorded) -> Streams:
    """Return how streams of a ledger are read."""

    def read(lane: int, streams: Sequence[str]) -> Iterator[Record]:
        for row in ledger.record.read_streams(lane, streams):
            yield read_record(row.lane, row.position, row.state, row.leaf_hash)

    return read


def page(db: Cursor, streams: Streams, upto: Upto, asked: Asked, limit: int) -> QueueList:
    """Return a page of the queue as it was by what was recorded, as the live view had it then."""
    places = queue_past.page(db, upto.places, asked.filters, asked.after, limit + 1)
    rows = {row.ticket: row for row in _rows(streams, upto, places[:limit])}
    return _page(upto, [rows[ticket] for ticket, _ in places[:limit]], more=len(places) > limit)


def page_occurred(rows: Iterable[QueueRow], upto: Upto, asked: Asked, limit: int) -> QueueList:
    """Return a page of the queue of these rows, each folded by what had occurred."""
    wanted = [row for row in rows if _fits(row, asked.filters) and _is_behind(row, asked.after)]
    found = sorted(wanted, key=_order)[: limit + 1]
    return _page(upto, found[:limit], more=len(found) > limit)


def counts(db: Cursor, upto: Upto) -> Counts:
    """Return how many tickets stood where, by what was recorded.

    How often sources told their states is not among them: that counts no tickets.
    """
    of_open, of_all = queue_past.counts(db, upto.places)
    return Counts(upto.moment, of_open, of_all)


def counts_occurred(rows: Iterable[QueueRow], upto: Upto) -> Counts:
    """Return how many of these rows stand where, each folded by what had occurred."""
    counted: dict[tuple[str, str, bool], int] = {}
    for row in rows:
        count_row(counted, row, 1)
    of_open: dict[str, dict[str, int]] = {facet: {} for facet in ("tickets", *FACETS, "reports")}
    of_all: dict[str, dict[str, int]] = {facet: {} for facet in of_open}
    for (facet, value, is_open), number in sorted(counted.items()):
        for found in (of_all, of_open) if is_open else (of_all,):
            found[facet][value] = found[facet].get(value, 0) + number
    return Counts(upto.moment, of_open, of_all)


def rows_occurred(
    db: Cursor, streams: Streams, upto: Upto, *, tickets_max: int | None = None
) -> Iterator[QueueRow]:
    """Yield the row of every ticket by what had occurred, some hundred tickets in memory at once.

    Raises NoSuchMoment when there are more tickets than somebody would wait for.
    """
    if tickets_max is not None and queue_past.tickets_of(db) > tickets_max:
        raise NoSuchMoment("too_many_tickets")
    last = ""
    while found := queue_past.tickets_after(db, last, _CHUNK):
        yield from _rows(streams, upto, found)
        last = found[-1][0]


def _rows(streams: Streams, upto: Upto, tickets: Sequence[tuple[str, int]]) -> Iterator[QueueRow]:
    """Yield the rows of tickets, each folded from its own records."""
    for lane in sorted({lane for _, lane in tickets}):
        of_ticket: dict[str, list[Record]] = {ticket: [] for ticket, at in tickets if at == lane}
        last = upto.places.get(lane, 0)
        for record in streams(lane, [ticket_stream(ticket) for ticket in of_ticket]):
            if record.position <= last:
                of_ticket[record.subject].append(record)
        for records in of_ticket.values():
            counted = records if upto.occurred is None else by_occurrence(records, upto.occurred)
            if counted:
                yield queue_row(counted)


def _page(upto: Upto, rows: Sequence[QueueRow], *, more: bool) -> QueueList:
    following = Key(*_order(rows[-1])) if more else None
    return QueueList(upto.moment, tuple(encode_row(row) for row in rows), following)


def _order(row: QueueRow) -> tuple[int, str, str]:
    return row.priority, row.due_at or "infinity", row.ticket


def _is_behind(row: QueueRow, after: Key | None) -> bool:
    return after is None or _order(row) > (after.priority, after.due_at, after.ticket)


def _fits(row: QueueRow, filters: Filters) -> bool:
    """Return whether a row is asked for; the same conditions stand as SQL beside the views."""
    if filters.open is not None and row.open is not filters.open:
        return False
    if filters.due_before is not None and (row.due_at or "infinity") >= filters.due_before:
        return False
    names = set(Filters.__struct_fields__) - {"open", "due_before"}
    return all(getattr(filters, name) in (None, getattr(row, name)) for name in names)
