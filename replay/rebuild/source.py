"""Records for a rebuild: read with less work than a judgement needs, and a page ahead of time.

In the order of positions, or stream by stream. What is made of them is elsewhere.
"""

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple, Protocol, TypeVar, runtime_checkable

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger.migrations import placeholders
from domain.ledger.recorder import Recorder
from domain.record import Record, record_of, records_of
from domain.values import Sha256
from projections.projection import Source

PAGE: Final = 4_000
"""How many records are asked for at once."""

BATCH: Final = 50
"""About how many are decoded at once: they are folded while the processor's cache has them still.

Thousands of them do not fit there, and take a fifth longer.
"""

SAMPLE: Final = 20_000
"""So many records' streams are looked at, at most, to divide a lane."""
_HASH: Final = 64
"""The digits of a hash."""
_NEAR: Final = 8
"""They are taken so many in a row, because these lie on a page or two."""

T = TypeVar("T")


class StreamPage(Protocol):
    """Some records of whole streams, in the streams' order."""

    @property
    def last(self) -> tuple[str, int] | None:
        """Return stream and version of the last one; None when there was none."""
        ...

    def batches(self, upto: int) -> Iterator[Sequence[Record]]:
        """Yield those that lie at a position or before it, a few at a time."""
        ...


class Undecoded(NamedTuple):
    """A page of streams as they came, so that who folds their records decodes them, just before."""

    lane: int
    streams: Sequence[tuple[str, int, list[int], str | None, str | None]]
    """Of each stream its name and the version of its last record here; of all its records here
    the positions, the bytes as one JSON array and the hashes, one after another. Of a stream that
    nobody wants the last two are None."""

    @property
    def last(self) -> tuple[str, int] | None:
        """Return stream and version of the last one; None when there was none."""
        return self.streams[-1][:2] if self.streams else None

    def batches(self, upto: int) -> Iterator[list[Record]]:
        """Yield those that lie at a position or before it, a few at a time."""
        batch: list[Record] = []
        for _, _, positions, states, hashes in self.streams:
            if states is None or hashes is None:
                continue
            each = (Sha256(hashes[at : at + _HASH]) for at in range(0, len(hashes), _HASH))
            found = records_of(self.lane, positions, states, each)
            batch += (
                found
                if positions[-1] <= upto
                else [record for record in found if record.position <= upto]
            )
            if len(batch) >= BATCH:
                yield batch
                batch = []
        yield batch


@runtime_checkable
class StreamSource(Source, Protocol):
    """A source that can be asked for whole streams, one after another."""

    def divided(self, lane: int, upto: int, size: int) -> list[str]:
        """Return streams that divide a lane in parts of about so many records."""
        ...

    def streams(
        self,
        lane: int,
        families: Collection[str],
        first: str,
        before: str | None,
        after: tuple[str, int] | None,
    ) -> StreamPage:
        """Return the next page of the streams from one up to another, each in its own order.

        A page may hold nothing that is wanted and still not be the last one.
        """
        ...


class RecordSource:
    """The record of a ledger as a view's source.

    Texts come from the database much cheaper than bytes, and nothing but what a record is made of
    is asked for.
    """

    def __init__(self, recorder: Recorder) -> None:
        """Read over a recorder's connections."""
        self._recorder = recorder
        names = placeholders(recorder.names)
        self._statement = _RECORDS.format_map(names)
        self._divided = _DIVIDED.format_map(names)
        self._streams = _STREAMS.format_map({**names, "bound": "{bound}"})

    def records(self, lane: int, after: int, limit: int) -> Sequence[Record]:
        """Return up to `limit` records of a lane that lie behind a position, in order."""

        def work(cursor: Cursor) -> list[tuple[int, str, str]]:
            cursor.execute(self._statement, (lane, after, after + limit))
            return cursor.fetchall()

        return [
            record_of(lane, position, state, Sha256(leaf_hash))
            for position, state, leaf_hash in self._recorder.connections.read(work)
        ]

    def position(self, lane: int) -> int:
        """Return the position of the lane's newest record."""
        return self._recorder.position(lane)

    def divided(self, lane: int, upto: int, size: int) -> list[str]:
        """Return streams that divide a lane in parts of about so many records."""
        stride = max(_NEAR, -(-upto * _NEAR // SAMPLE))
        values = (upto - 1, stride, lane, upto, _NEAR, max(1, size * _NEAR // stride))

        def work(cursor: Cursor) -> list[str]:
            cursor.execute(self._divided, values)
            return [stream for (stream,) in cursor.fetchall()]

        return self._recorder.connections.read(work)

    def streams(
        self,
        lane: int,
        families: Collection[str],
        first: str,
        before: str | None,
        after: tuple[str, int] | None,
    ) -> Undecoded:
        """Return the next page of the streams from one up to another, each in its own order."""
        stream, version = after or (first, 0)
        bound = "" if before is None else "and stream < %s"
        statement = self._streams.replace("{bound}", bound)
        ends = () if before is None else (before,)

        def work(cursor: Cursor) -> list[tuple[str, int, list[int], str | None, str | None]]:
            cursor.execute(statement, (sorted(families), lane, stream, version, *ends, PAGE))
            return cursor.fetchall()

        return Undecoded(lane, self._recorder.connections.read(work))


_RECORDS: Final = (
    "select position, convert_from(state, 'UTF8'), encode(leaf_hash, 'hex') from {ledger}.event "
    "where lane = %s and position > %s and position <= %s order by position"
)

# By position, not by pages of the table: there are other lanes on these, and more of them.
_DIVIDED: Final = (
    "select distinct stream from (select stream, row_number() over (order by stream) as number "
    "from generate_series(0, %s, %s) as behind, lateral (select stream from {ledger}.event "
    "where lane = %s and position > behind and position <= %s order by position limit %s) as near"
    ") as sample where number %% %s = 0 order by stream"
)
# One index has this order. Sorting instead would read the whole part again for every page; a
# server that expects few rows to be left of its streams would do so. A stream in one row spares
# the reader a tuple and two texts for each of its records.
_STREAMS: Final = (
    "set local enable_sort = off; "
    "select stream, max(version), array_agg(position), "
    "'[' || convert_from(string_agg(state, ','), 'UTF8') || ']', "
    "encode(string_agg(leaf_hash, '') filter (where state is not null), 'hex') from ("
    "select stream, version, position, leaf_hash, "
    "case when split_part(stream, ':', 1) = any(%s) then state end as state "
    "from {ledger}.event where lane = %s and (stream, version) > (%s, %s) {bound} "
    "order by stream, version limit %s) as page group by stream order by stream"
)


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield what another iterator yields; the next one is fetched while one is used."""
    with ThreadPoolExecutor(1, thread_name_prefix="reading-ahead") as reader:
        coming = reader.submit(next, items, None)
        while (found := coming.result()) is not None:
            coming = reader.submit(next, items, None)
            yield found


def pages(
    source: Source, lane: int, after: int, upto: int, *, size: int = PAGE
) -> Iterator[Sequence[Record]]:
    """Yield the records of a lane behind a position up to another, read a page ahead."""

    def read() -> Iterator[Sequence[Record]]:
        behind = after
        while behind < upto:
            found = source.records(lane, behind, min(size, upto - behind))
            if not found:
                return
            behind = found[-1].position
            yield found

    return ahead(read())
