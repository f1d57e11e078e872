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
from projections.instants import LAST_BEFORE

LOOK: Final = 200
"""So many records of a lane are looked at in one go behind what the view of instants says."""
_ALL: Final = 2**63 - 1
"""No lane comes to this position."""
_HEAD: Final = "(select position from {ledger}.lane_head where lane = %s)"
_LATER: Final = (
    "(select position from {ledger}.event where lane = %s and position > marked.after "
    f"and position <= marked.after + {LOOK} and recorded_at > %s::timestamptz "
    "order by position limit 1)"
)
# The offsets keep each inner query as it is: it is run once, and by the index of streams.
_PLACE: Final = (
    f"(select marked.after, {_HEAD} as head, {_LATER} as later "
    "from (select {after} as after offset 0) as marked offset 0) as place"
)
_PLACES: Final = f"select place.* from {_PLACE}"
_UPTO: Final = (
    "select place.*, record.* from "
    f"(select null as after, {_HEAD} as head, null as later offset 0) as place left join "
    f"lateral (select {COLUMNS} from {{ledger}}.event where lane = %s and stream = %s "
    "and position <= %s::bigint order by version limit %s::bigint offset 0) as record on true"
)
_BY: Final = (
    f"select place.*, record.* from {_PLACE} "
    f"left join lateral (select {COLUMNS} from {{ledger}}.event where lane = %s and stream = %s "
    f"and position < coalesce(place.later, {_ALL}) order by version offset 0) as record on true"
)
_GIVEN: Final = "%s::bigint"
_MARKED: Final = f"coalesce(({LAST_BEFORE}), 0)"


class Place(NamedTuple):
    """How far a lane had come by an instant, as far as was looked."""

    after: int
    """Up to here everything was recorded by then; it was looked for behind it."""
    head: int
    """How far the lane had come when it was asked for."""
    later: int | None
    """The first of the next LOOK positions that was recorded after the instant."""

    @property
    def reached(self) -> int | None:
        """Return the end of what was recorded by then; None when that lies further behind."""
        if self.later is not None:
            return self.later - 1
        return self.head if self.after + LOOK >= self.head else None


class Stream(NamedTuple):
    """A stream of which the beginning is read."""

    record: Recorder
    lane: int
    name: str

    def upto(self, position: int = _ALL, *, limit: int = _ALL) -> tuple[int, list[StoredRow]]:
        """Return how far the lane has come, and the records up to a position, at most so many."""
        values = (self.lane, self.lane, self.name, min(position, _ALL), min(limit, _ALL))
        place, rows = self._read(_statements(self.record.names).upto, values)
        return place.head, rows

    def by(self, at: Instant, after: int | None) -> tuple[Place, list[StoredRow]]:
        """Return how far the lane had come by an instant, and the records before `later` there.

        It is looked for behind `after`; None lets the view of instants beside the record say it.
        """
        statements = _statements(self.record.names)
        values = (*_looking(self.lane, at, after), self.lane, self.name)
        return self._read(statements.by if after is not None else statements.by_mark, values)

    def _read(self, statement: str, values: tuple[object, ...]) -> tuple[Place, list[StoredRow]]:
        def work(cursor: Cursor) -> list[tuple[Any, ...]]:
            planned.execute(cursor, statement, values)
            return cursor.fetchall()

        found = self.record.connections.read(work)
        (after, head, later, *first), *_ = found
        rows = [] if first[0] is None else stored_rows(row[3:] for row in found)
        return Place(after or 0, head or 0, later), rows


def place_by(record: Recorder, lane: int, at: Instant, after: int | None) -> Place:
    """Return how far a lane had come by an instant, looked for as for one stream."""
    statements = _statements(record.names)
    statement = statements.place if after is not None else statements.place_by_mark

    def look(cursor: Cursor) -> Place:
        planned.execute(cursor, statement, _looking(lane, at, after))
        found, head, later = cursor.fetchone() or (0, 0, None)
        return Place(found, head or 0, later)

    return record.connections.read(look)


def _looking(lane: int, at: Instant, after: int | None) -> tuple[object, ...]:
    """Return the values of a place, in the order in which its statement has them."""
    begins = (lane, at) if after is None else (after,)
    return (lane, lane, at, *begins)


class _Statements(NamedTuple):
    """The statements over one record's tables."""

    upto: str
    by: str
    by_mark: str
    place: str
    place_by_mark: str


@cache
def _statements(names: Names) -> _Statements:
    given, marked = ({**placeholders(names), "after": after} for after in (_GIVEN, _MARKED))
    return _Statements(
        upto=_UPTO.format_map(given),
        by=_BY.format_map(given),
        by_mark=_BY.format_map(marked),
        place=_PLACES.format_map(given),
        place_by_mark=_PLACES.format_map(marked),
    )
