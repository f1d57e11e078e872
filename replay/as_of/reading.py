"""Reading one stream up to a moment, and how far its lane has come, in one statement.

One ticket at a moment is asked for often and has few records: each further statement, and planning
one anew, takes longer than reading them.
"""

from functools import cache
from typing import Any, Final, NamedTuple

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger import planned
from domain.ledger.migrations import Names, placeholders
from domain.ledger.recorder import COLUMNS, Recorder, StoredRow, stored_rows
from domain.values import Instant

LOOK: Final = 200
"""So many records of a lane are looked at in one go behind what the view of instants says."""
_ALL: Final = 2**63 - 1
"""No lane comes to this position."""
_HEAD: Final = "(select position from {ledger}.lane_head where lane = %s)"
_LATER: Final = (
    "(select position from {ledger}.event where lane = %s and position > %s::bigint "
    "and position <= %s::bigint and recorded_at > %s::timestamptz order by position limit 1)"
)
_FIRST_LATER: Final = f"select {_HEAD}, {_LATER}"
# The offsets keep each inner query as it is: it is run once, and by the index of streams.
_UPTO: Final = (
    f"select place.*, record.* from (select {_HEAD} as head, null offset 0) as place "
    f"left join lateral (select {COLUMNS} from {{ledger}}.event where lane = %s and stream = %s "
    "and position <= %s::bigint order by version limit %s::bigint offset 0) as record on true"
)
_BY: Final = (
    f"select place.*, record.* from (select {_HEAD} as head, {_LATER} as later offset 0) as place "
    f"left join lateral (select {COLUMNS} from {{ledger}}.event where lane = %s and stream = %s "
    f"and position < coalesce(place.later, {_ALL}) order by version offset 0) as record on true"
)


class Stretch(NamedTuple):
    """The first records of a stream."""

    head: int
    """How far the lane had come when they were read."""
    later: int | None
    """The first position that was found to be recorded after an instant, where one was asked."""
    rows: list[StoredRow]
    """By version."""


class _Statements(NamedTuple):
    """The statements over one record's tables."""

    first_later: str
    upto: str
    by: str


class Stream(NamedTuple):
    """A stream of which the beginning is read."""

    record: Recorder
    lane: int
    name: str

    def upto(self, position: int = _ALL, *, limit: int = _ALL) -> Stretch:
        """Return the records up to a position, at most so many."""
        values = (self.lane, self.lane, self.name, min(position, _ALL), min(limit, _ALL))
        return self._read(_statements(self.record.names).upto, values)

    def by(self, at: Instant, after: int) -> Stretch:
        """Return the records before the first one in the lane recorded later than an instant.

        That one is looked for at the next LOOK positions behind `after`; where none of them is
        later, all records of the stream are here.
        """
        values = (self.lane, self.lane, after, after + LOOK, at, self.lane, self.name)
        return self._read(_statements(self.record.names).by, values)

    def _read(self, statement: str, values: tuple[object, ...]) -> Stretch:
        def work(cursor: Cursor) -> list[tuple[Any, ...]]:
            planned.execute(cursor, statement, values)
            return cursor.fetchall()

        found = self.record.connections.read(work)
        (head, later, *first), *_ = found
        is_empty = first[0] is None
        return Stretch(head or 0, later, [] if is_empty else stored_rows(row[2:] for row in found))


def first_later(record: Recorder, lane: int, at: Instant, after: int) -> tuple[int, int | None]:
    """Return how far a lane has come, and the first of its next records later than an instant."""
    statement = _statements(record.names).first_later

    def look(cursor: Cursor) -> tuple[int, int | None]:
        planned.execute(cursor, statement, (lane, lane, after, after + LOOK, at))
        head, later = cursor.fetchone() or (None, None)
        return head or 0, later

    return record.connections.read(look)


@cache
def _statements(names: Names) -> _Statements:
    quoted = placeholders(names)
    return _Statements(*(text.format_map(quoted) for text in (_FIRST_LATER, _UPTO, _BY)))
