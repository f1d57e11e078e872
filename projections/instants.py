"""When a lane had come how far: every so many positions, the latest instant recorded until there.

From it an instant is turned into a position by one look into an index and a short range of the
record; that range is read elsewhere.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import EVENTS
from domain.ledger import planned
from domain.values import Instant
from projections.columns import integers, texts
from projections.projection import Fact, FactView, View

STRIDE: Final = 20
"""A row stands at each multiple of this; one more stands where the view has read to."""
TABLES: Final = {
    "view.instant": (
        """create table view.instant(
          lane int not null,
          position bigint not null,
          latest text collate "C" not null,
          primary key (lane, position))""",
        "create index on view.instant (lane, latest, position)",
    ),
}
_NEWEST: Final = (
    "select position, latest from view.instant where lane = %s order by position desc limit 1"
)
LAST_BEFORE: Final = (
    "select position from view.instant where lane = %s and latest <= %s "
    "order by latest desc, position desc limit 1"
)
"""By lane and instant, what `last_before` returns; to stand in a statement about the record too."""


class Mark(NamedTuple):
    """A position of a lane, and the latest instant of all records up to it."""

    position: int
    latest: Instant


class InstantPage:
    """The marks that one page of records makes."""

    def __init__(self, lane: int) -> None:
        """Begin before all records."""
        self.lane = lane
        self._before: Mark | None = None
        self._marks: list[Mark] = []
        self._last: Mark | None = None

    def load(self, db: Cursor, facts: Sequence[Fact]) -> None:
        """Read where the lane stood."""
        db.execute(_NEWEST, (self.lane,))
        found = db.fetchone()
        if found is not None:
            self._before = self._last = Mark(*found)

    def fold(self, facts: Sequence[Fact]) -> None:
        """Keep the latest instant; time may go back between two streams, the latest never does."""
        latest = self._last.latest if self._last is not None else Instant("")
        marks = self._marks
        for _, record in facts:
            latest = max(latest, record.at)
            if record.position % STRIDE == 0:
                marks.append(Mark(record.position, latest))
        if facts:
            self._last = Mark(facts[-1][1].position, latest)

    def write(self, db: Cursor) -> None:
        """Write the marks; that of the page before goes when it is none of the regular ones."""
        last, before = self._last, self._before
        if last is None or last == before:
            return
        marks = self._marks if last.position % STRIDE == 0 else [*self._marks, last]
        db.execute(
            "insert into view.instant (lane, position, latest) "
            "select %s, * from unnest(%s::bigint[], %s::text[])",
            (
                self.lane,
                integers(mark.position for mark in marks),
                texts(mark.latest for mark in marks),
            ),
        )
        if before is not None and before.position % STRIDE:
            db.execute(
                "delete from view.instant where lane = %s and position = %s",
                (self.lane, before.position),
            )


VIEW: Final[View] = FactView(
    name="instants",
    version=2,
    tables=TABLES,
    begin=InstantPage,
    families=frozenset(event.FAMILY for event in EVENTS.values()),
    by_stream=False,
)
"""The view of instants; it is about every record, whatever its stream."""


def last_before(db: Cursor, lane: int, at: Instant) -> int:
    """Return the last marked position of a lane whose records are all of an instant or earlier.

    0 when there is none. What follows has to be looked at record by record.
    """
    planned.execute(db, LAST_BEFORE, (lane, at))
    found = db.fetchone()
    return 0 if found is None else int(found[0])
