"""How far log, checkpoints and anchors of each lane have come; what to make of it is not here.

All of it is read from the database, so any process can tell, also when no worker runs.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import KeysFrozen
from domain.ledger.anchors import OWN_TOPICS, AnchorKind
from domain.ledger.connections import Connections
from domain.ledger.migrations import Names, placeholders
from domain.streams import stream_lane

KEYS_STREAM: Final = "ledger:keys"


class LaneStanding(NamedTuple):
    """How far a lane has come, and since when the first thing that is missing is missing."""

    lane: int
    head: int
    """The last position on record."""
    integrated: int
    """How many of them are in the log."""
    published: int
    """How many of them the newest checkpoint covers."""
    not_integrated_since: datetime | None
    not_signed_since: datetime | None
    tampered: bool
    """Whether the next position to take in is not what its leaf hash says."""


class Refused(NamedTuple):
    """What a witness said last, where that was that it holds another history."""

    lane: int
    name: str
    words: str


class Standing:
    """How the lanes of one ledger stand, over any role's connections."""

    def __init__(self, connections: Connections, *, names: Names = Names()) -> None:  # noqa: B008
        """Read with the given connections."""
        self._connections = connections
        quoted = placeholders(names)
        self._statements = {name: text.format_map(quoted) for name, text in _STATEMENTS.items()}

    def lanes(self) -> list[LaneStanding]:
        """Return how far each lane has come."""
        return [LaneStanding(*row) for row in self._read("lanes", {})]

    def keys_frozen(self, lanes: int) -> bool:
        """Return whether it is on record that nothing is signed any more."""
        values = {"lane": stream_lane(KEYS_STREAM, lanes), "stream": KEYS_STREAM}
        return bool(self._read("frozen", {**values, "topic": KeysFrozen.TOPIC}))

    def not_witnessed_since(
        self, lane: int, witnesses: Sequence[str], quorum: int
    ) -> datetime | None:
        """Return when the first checkpoint was published that is larger than any witnessed one."""
        values = {"lane": lane, "names": list(witnesses), "quorum": quorum}
        return self._instant("not_witnessed", values)

    def not_stamped_since(self, lane: int, authority: str) -> datetime | None:
        """Return when the first thing was recorded that should be stamped and is not."""
        values = {"lane": lane, "name": authority, "kind": AnchorKind.STAMP.value}
        return self._instant("not_stamped", {**values, "topics": list(OWN_TOPICS)})

    def refused(self, lane: int, witnesses: Sequence[str]) -> list[Refused]:
        """Return what witnesses said who have cosigned nothing since they saw another history."""
        rows = self._read("refused", {"lane": lane, "names": list(witnesses)})
        return [Refused(lane, name, bytes(content).decode()) for name, content in rows]

    def _instant(self, name: str, values: Mapping[str, object]) -> datetime | None:
        rows = self._read(name, values)
        found: datetime | None = rows[0][0] if rows else None
        return found

    def _read(self, name: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        statement = self._statements[name]

        def work(cursor: Cursor) -> list[tuple[Any, ...]]:
            cursor.execute(statement, values)
            return cursor.fetchall()

        return self._connections.read(work)


_STATEMENTS: Final[dict[str, str]] = {
    "lanes": (
        "select h.lane, h.position, t.size, coalesce(c.size, 0), i.recorded_at, s.recorded_at,"
        r" coalesce(i.leaf_hash <> sha256('\x00'::bytea || i.state), false)"
        " from {ledger}.lane_head h join {ledger}.tree t on t.lane = h.lane"
        " left join lateral (select size from {ledger}.checkpoint where lane = h.lane"
        "  order by size desc limit 1) c on true"
        " left join {ledger}.event i on i.lane = h.lane and i.position = t.size + 1"
        " left join {ledger}.event s on s.lane = h.lane and s.position = coalesce(c.size, 0) + 1"
        " order by h.lane"
    ),
    "frozen": (
        "select from {ledger}.event where lane = %(lane)s and stream = %(stream)s"
        " and topic = %(topic)s limit 1"
    ),
    "not_witnessed": (
        "select published_at from {ledger}.checkpoint where lane = %(lane)s and size > coalesce(("
        "select size from {ledger}.anchor where lane = %(lane)s and kind = 'witness'"
        " and name = any(%(names)s) group by size having count(*) >= %(quorum)s"
        " order by size desc limit 1), 0) order by size limit 1"
    ),
    "not_stamped": (
        "select recorded_at from {ledger}.event where lane = %(lane)s and position > coalesce(("
        "select size from {ledger}.anchor where lane = %(lane)s and kind = %(kind)s"
        " and name = %(name)s order by size desc limit 1), 0)"
        " and topic <> all(%(topics)s) order by position limit 1"
    ),
    "refused": (
        "select r.name, r.content from unnest(%(names)s::text[]) as w(name)"
        " cross join lateral (select coalesce((select size from {ledger}.anchor"
        "  where lane = %(lane)s and kind = 'witness' and name = w.name"
        "  order by size desc limit 1), 0) as size) as last"
        " cross join lateral (select name, content from {ledger}.anchor"
        "  where lane = %(lane)s and kind = 'refused' and name = w.name"
        "  and size > last.size order by size desc limit 1) as r"
    ),
}
