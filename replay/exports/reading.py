"""What part of the record an export takes, and reading it in pages; no form is known here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger.migrations import placeholders
from domain.ledger.recorder import Recorder, StoredRow
from domain.streams import stream_lane, ticket_lane

PAGE: Final = 2_000
TICKETS_PAGE: Final = 200
TICKETS_MAX: Final = 1_000
"""So many tickets may be named; who wants more takes all of them."""

Watch: TypeAlias = Callable[[int, int], None]
"""Is told how many records are done, and of how many."""


class DamagedRecord(Exception):  # noqa: N818 - a state of the record, named as one
    """The record is not whole where an export reads it; verification tells what happened."""


class Span(msgspec.Struct, frozen=True):
    """The records after `since` up to `upto`, in each lane; of some tickets alone when named."""

    since: Mapping[int, int]
    upto: Mapping[int, int]
    tickets: tuple[str, ...] = ()
    """Their own streams, the looks at them and their notices; empty for the whole record."""

    @property
    def lanes(self) -> range:
        """Return the lanes of the ledger."""
        return range(len(self.upto))

    @property
    def total(self) -> int:
        """Return how many positions there are in all lanes."""
        return sum(self.upto[lane] - self.since[lane] for lane in self.lanes)

    def holds(self, lane: int, position: int) -> bool:
        """Return whether a position is part of it."""
        return self.since[lane] < position <= self.upto[lane]

    def streams(self, lane: int) -> list[str]:
        """Return the streams of the named tickets that lie in a lane."""
        return [
            f"{kind}:{ticket}"
            for ticket in self.tickets
            for kind in ("access", "notice", "ticket")
            if stream_lane(f"{kind}:{ticket}", len(self.upto)) == lane
        ]


def pages(
    recorder: Recorder, span: Span, lane: int, after: int, size: int = PAGE
) -> Iterator[list[StoredRow]]:
    """Give a lane's records of a span after a position, in their order.

    Raises DamagedRecord where a position has no event.
    """
    last = span.upto[lane]
    if span.tickets:
        streams = span.streams(lane)
        rows = recorder.read_streams(lane, streams) if streams else []
        wanted = [row for row in rows if span.holds(lane, row.position) and row.position > after]
        wanted.sort(key=lambda row: row.position)
        for begin in range(0, len(wanted), size):
            yield wanted[begin : begin + size]
        return
    while after < last:
        page = recorder.read(lane, after, size, upto=last)
        expected = range(after + 1, min(after + size, last) + 1)
        if [row.position for row in page] != list(expected):
            missing = min(set(expected) - {row.position for row in page})
            raise DamagedRecord(f"there is no event at position {lane}-{missing}")
        yield page
        after = page[-1].position


def tickets(
    recorder: Recorder, span: Span, lane: int, after: int = 0
) -> Iterator[list[list[StoredRow]]]:
    """Give the tickets of a lane, each with its own records of a span in their order, by pages.

    They come in the order in which they were opened, and begin with those opened after a position.
    """
    if span.tickets:
        named = [f"ticket:{one}" for one in span.tickets if ticket_lane(one) == lane]
        rows = recorder.read_streams(lane, named) if named else []
        opened = sorted((row.position, row.stream) for row in rows if row.version == 1)
        yield _grouped(rows, span, [stream for position, stream in opened if position > after])
        return
    while opened := _opened(recorder, lane, after, span.upto[lane]):
        streams = [stream for _, stream in opened]
        yield _grouped(recorder.read_streams(lane, streams), span, streams)
        after = opened[-1][0]


def opened_at(recorder: Recorder, ticket: str) -> tuple[int, int] | None:
    """Return the lane and the position at which a ticket was opened, None for an unknown one."""
    try:
        lane = ticket_lane(ticket)
    except ValueError:
        return None
    rows = recorder.read_streams(lane, [f"ticket:{ticket}"])
    return (lane, rows[0].position) if rows else None


def _grouped(rows: list[StoredRow], span: Span, streams: Sequence[str]) -> list[list[StoredRow]]:
    """Return the rows of streams in their order, those of a span alone."""
    found: dict[str, list[StoredRow]] = {}
    for row in rows:
        if span.holds(row.lane, row.position):
            found.setdefault(row.stream, []).append(row)
    return [found[stream] for stream in streams if stream in found]


def _opened(recorder: Recorder, lane: int, after: int, upto: int) -> list[tuple[int, str]]:
    """Return the next tickets that were opened after a position: where, and their streams."""
    # By position, for that is the same on every server; names are sorted in many ways.
    statement = (
        f"select position, stream from {placeholders(recorder.names)['ledger']}.event"
        " where lane = %(lane)s and position > %(after)s and position <= %(upto)s"
        " and version = 1 and starts_with(stream, 'ticket:') order by position limit %(limit)s"
    )
    values = {"lane": lane, "after": after, "upto": upto, "limit": TICKETS_PAGE}

    def work(cursor: Cursor) -> list[tuple[int, str]]:
        cursor.execute(statement, values)
        return cursor.fetchall()

    return recorder.connections.read(work)
