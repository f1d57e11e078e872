"""The whole queue as of a moment: a page of it, row for row as it was, and its counts.

Two views of the queue's past say which tickets: one by what was recorded, one by what had occurred.
Of the latter, tickets whose facts were recorded in another order lie aside; they are folded here.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import nsmallest
from itertools import chain
from typing import Final, NamedTuple

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.record import Record, read_record
from domain.streams import ticket_stream
from projections import queue_occurred, queue_past
from projections.queue import Counts, Filters, Key, QueueList, QueueRow
from projections.queue.rows import FACETS, encode_row
from projections.queue_past import Counted, where_of
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


def streams_of(ledger: Recorded, upto: Upto | None = None) -> Streams:
    """Return how streams of a ledger are read: all of them, or as far as the places of a moment."""

    def read(lane: int, streams: Sequence[str]) -> Iterator[Record]:
        record = ledger.record
        if upto is None:
            rows = record.read_streams(lane, streams)
        else:
            rows = record.read_streams_upto(lane, streams, upto.places.get(lane, 0))
        for row in rows:
            yield read_record(row.lane, row.position, row.state, row.leaf_hash)

    return read


def page(
    db: Cursor,
    streams: Streams,
    upto: Upto,
    asked: Asked,
    limit: int,
    *,
    aside_max: int | None = None,
) -> QueueList:
    """Return a page of the queue as it was at a moment, as the live view had it then.

    Raises NoSuchMoment when more tickets lie aside than somebody would wait for.
    """
    return Walk(streams, upto, asked, limit, aside_max=aside_max).page(db, limit)


class Walk:
    """A walk over the queue as it was at a moment, page after page, to a number of rows.

    A ticket that lies aside is folded once in a walk. Of the rows kept of those there are never
    more than can still be given and one, and beside them the ids of the tickets that were folded:
    no more than the answer itself and what each page reads.
    """

    def __init__(
        self,
        streams: Streams,
        upto: Upto,
        asked: Asked,
        limit: int,
        *,
        aside_max: int | None = None,
    ) -> None:
        """Begin behind the key that is asked for; nothing is read yet."""
        self.left = limit
        """How many rows can still be given; none once the queue is at its end."""
        self._streams = streams
        self._upto = upto
        self._asked = asked
        self._aside_max = aside_max
        self._aside: list[QueueRow] = []
        """The rows of tickets aside that fit and may still be given, in the queue's order."""
        self._folded: set[str] = set()
        """The tickets whose rows are among those, or were left out."""

    def page(self, db: Cursor, size: int) -> QueueList:
        """Return the next page, of up to so many rows.

        Raises NoSuchMoment when more tickets lie aside than somebody would wait for.
        """
        size = min(size, self.left)
        by_recorded = self._upto.occurred is None
        found = self._recorded(db, size) if by_recorded else self._occurred(db, size)
        self.left = 0 if found.next is None else self.left - len(found.items)
        self._asked = Asked(self._asked.filters, found.next)
        return found

    def _recorded(self, db: Cursor, size: int) -> QueueList:
        filters, after = self._asked
        places = queue_past.page(db, self._upto.places, filters, after, size + 1)
        rows = rows_of(self._streams, self._upto, places[:size])
        of_ticket = {row.ticket: row for row in rows}
        in_order = [of_ticket[ticket] for ticket, _ in places[:size]]
        return _page(self._upto, in_order, more=len(places) > size)

    def _occurred(self, db: Cursor, size: int) -> QueueList:
        assert self._upto.occurred is not None, "asked of walks by what had occurred alone"
        filters, after = self._asked
        occurred = queue_occurred.Occurred(self._upto.occurred, self._upto.places)
        found = queue_occurred.page(
            db, occurred, filters, after, size + 1, aside_max=self._aside_max
        )
        self._take_aside(few(found.aside, self._aside_max))
        by_spans = rows_of(self._streams, self._upto, found.places)
        # What lay aside at an earlier page may not do so any more: its row is the same then.
        rows = {row.ticket: row for row in chain(self._aside[: size + 1], by_spans)}
        return page_of(rows.values(), self._upto, self._asked, size)

    def _take_aside(self, tickets: Sequence[tuple[str, int]]) -> None:
        """Fold the tickets that were not aside at an earlier page, and leave out what was given."""
        after = self._asked.after
        if after is not None:
            key = (after.priority, after.due_at, after.ticket)
            del self._aside[: bisect_right(self._aside, key, key=order_of)]
        new = [place for place in tickets if place[0] not in self._folded]
        if new:
            rows = rows_of(self._streams, self._upto, new)
            wanted = (row for row in rows if _is_asked(row, self._asked))
            self._aside = nsmallest(self.left + 1, chain(self._aside, wanted), key=order_of)
            self._folded.update(ticket for ticket, _ in new)


def page_of(rows: Iterable[QueueRow], upto: Upto, asked: Asked, limit: int) -> QueueList:
    """Return a page of a queue of these rows, each folded up to a moment."""
    wanted = (row for row in rows if _is_asked(row, asked))
    found = nsmallest(limit + 1, wanted, key=order_of)
    return _page(upto, found[:limit], more=len(found) > limit)


def counts(db: Cursor, streams: Streams, upto: Upto, *, aside_max: int | None = None) -> Counts:
    """Return how many tickets stood where at a moment.

    How often sources told their states is not among them: that counts no tickets.
    Raises NoSuchMoment when more tickets lie aside than somebody would wait for.
    """
    if upto.occurred is None:
        return Counts(upto.moment, *queue_past.counts(db, upto.places))
    occurred = queue_occurred.Occurred(upto.occurred, upto.places)
    counted, aside = queue_occurred.counts(db, occurred, aside_max=aside_max)
    return counts_of(rows_of(streams, upto, few(aside, aside_max)), upto, counted)


def counts_of(rows: Iterable[QueueRow], upto: Upto, counted: Counted | None = None) -> Counts:
    """Return how many of these rows stand where, each folded up to a moment, beside others."""
    counted = counted or Counted.nothing()
    for row in rows:
        where = where_of(row)
        counted.add(1, where.open, [getattr(where, facet) for facet in FACETS])
    return Counts(upto.moment, *counted)


def few(tickets: Sequence[tuple[str, int]], limit: int | None) -> Sequence[tuple[str, int]]:
    """Return tickets that lie aside; raise NoSuchMoment when there are too many of them."""
    if limit is not None and len(tickets) > limit:
        raise NoSuchMoment("too_many_tickets")
    return tickets


def rows_of(streams: Streams, upto: Upto, tickets: Sequence[tuple[str, int]]) -> Iterator[QueueRow]:
    """Yield the rows of tickets, each folded from its own records, some hundred at once."""
    for lane in sorted({lane for _, lane in tickets}):
        of_lane = [ticket for ticket, at in tickets if at == lane]
        for first in range(0, len(of_lane), _CHUNK):
            yield from _folded(streams, upto, lane, of_lane[first : first + _CHUNK])


def _folded(streams: Streams, upto: Upto, lane: int, tickets: Sequence[str]) -> Iterator[QueueRow]:
    of_ticket: dict[str, list[Record]] = {ticket: [] for ticket in tickets}
    last = upto.places.get(lane, 0)
    for record in streams(lane, [ticket_stream(ticket) for ticket in of_ticket]):
        if record.position <= last:
            of_ticket[record.subject].append(record)
    for records in of_ticket.values():
        counted = records if upto.occurred is None else by_occurrence(records, upto.occurred)
        if counted:
            yield queue_row(counted)


def order_of(row: QueueRow) -> tuple[int, str, str]:
    """Return what the queue is sorted by."""
    return row.priority, row.due_at or "infinity", row.ticket


def _page(upto: Upto, rows: Sequence[QueueRow], *, more: bool) -> QueueList:
    following = Key(*order_of(rows[-1])) if more else None
    return QueueList(upto.moment, tuple(encode_row(row) for row in rows), following)


def _is_asked(row: QueueRow, asked: Asked) -> bool:
    """Return whether a row is asked for, and stands behind where the page begins."""
    after = asked.after
    is_behind = after is None or order_of(row) > (after.priority, after.due_at, after.ticket)
    return is_behind and _fits(row, asked.filters)


def _fits(row: QueueRow, filters: Filters) -> bool:
    """Return whether a row is asked for; the same conditions stand as SQL beside the views."""
    if filters.open is not None and row.open is not filters.open:
        return False
    if filters.due_before is not None and (row.due_at or "infinity") >= filters.due_before:
        return False
    names = set(Filters.__struct_fields__) - {"open", "due_before"}
    return all(getattr(filters, name) in (None, getattr(row, name)) for name in names)
