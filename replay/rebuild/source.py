"""Records for a rebuild: read with less work than a judgement needs, and a page ahead of time.

What is made of them is elsewhere.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger.migrations import placeholders
from domain.ledger.recorder import Recorder
from domain.record import Record, record_of
from domain.values import Sha256
from projections.projection import Source

PAGE: Final = 4_000
"""How many records are asked for at once."""


class RecordSource:
    """The record of a ledger as a view's source.

    Texts come from the database much cheaper than bytes, and nothing but what a record is made of
    is asked for.
    """

    def __init__(self, recorder: Recorder) -> None:
        """Read over a recorder's connections."""
        self._recorder = recorder
        self._statement = _RECORDS.format_map(placeholders(recorder.names))

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


_RECORDS: Final = (
    "select position, convert_from(state, 'UTF8'), encode(leaf_hash, 'hex') from {ledger}.event "
    "where lane = %s and position > %s and position <= %s order by position"
)


def pages(
    source: Source, lane: int, after: int, upto: int, *, size: int = PAGE
) -> Iterator[Sequence[Record]]:
    """Yield the records of a lane behind a position up to another; the next page is read ahead."""
    with ThreadPoolExecutor(1, thread_name_prefix="reading-ahead") as reader:

        def ask(behind: int) -> Future[Any] | None:
            limit = min(size, upto - behind)
            return reader.submit(source.records, lane, behind, limit) if limit > 0 else None

        coming = ask(after)
        while coming is not None:
            found: Sequence[Record] = coming.result()
            if not found:
                return
            # Positions have no gaps, so where the next page begins is known before this is used.
            coming = ask(found[-1].position)
            yield found
