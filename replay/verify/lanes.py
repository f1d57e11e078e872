"""How the lanes of a ledger stand in the snapshot of an audit; nothing is judged here."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.proof.errors import MalformedTile
from domain.proof.merkle import CompactRange
from domain.proof.tiles import HEIGHT, WIDTH, Edge, Tile, TileHashes
from domain.values import instant
from replay.verify.reading import LaneState
from replay.verify.span import Link


class Lanes:
    """Reads what an audit must know of lanes, on the cursor of its snapshot."""

    def __init__(self, cursor: Cursor, names: Mapping[str, str]) -> None:
        """Read with a cursor; the schemas are looked for under the given names."""
        self._cursor = cursor
        self._statements = {name: text.format_map(names) for name, text in _STATEMENTS.items()}

    def origins(self) -> tuple[str, ...]:
        """Return the lanes' origins, lane 0 first."""
        return tuple(origin for (origin,) in self._read("origins"))

    def state(
        self,
        lane: int,
        stamps: tuple[tuple[int, int, int], ...],
        *,
        edge: Edge | None = None,
    ) -> LaneState:
        """Return how a lane stands; raise MalformedTile when the edge of its log is none.

        A given edge is taken in place of the one that is stored.
        """
        ((head, last, newest, size, stored),) = self._read("state", lane=lane)
        return LaneState(
            number=lane,
            head=int(head or 0),
            last=int(last or 0),
            edge=edge or Edge.restore(int(size or 0), bytes(stored or b"")),
            newest=int(newest or 0),
            stamps=stamps,
        )

    def oldest_outside_log(self, state: LaneState) -> Any:
        """Return when the first event was recorded that the log has not taken in; None if none."""
        rows = self._read("next", lane=state.number, size=state.edge.size)
        return rows[0][0] if rows else None

    def links_before(self, lane: int, position: int, streams: Iterable[str]) -> dict[str, Link]:
        """Return the last events of streams up to a position."""
        rows = self._read("links", lane=lane, position=position, streams=list(streams))
        return {
            stream: Link(version, bytes(leaf).hex(), instant(at), place)
            for stream, version, leaf, at, place in rows
        }

    def tree_before(self, state: LaneState, size: int) -> bytes:
        """Return the state of the range over the whole tiles of a tree, from the log's tiles."""

        def read(tile: Tile) -> bytes:
            if tile.width < WIDTH:
                return state.edge.partials[tile.level]
            rows = self._read("tile", lane=state.number, level=tile.level, index=tile.index)
            if not rows:
                raise MalformedTile(f"tile {tile.level}/{tile.index} of the log is lost")
            return bytes(rows[0][0])

        nodes = CompactRange.read(size, TileHashes(state.edge.size, read)).nodes
        return CompactRange(size >> HEIGHT, nodes).state

    def reservations(self, lane: int) -> dict[str, str]:
        """Return which stream holds each reserved name."""
        return dict(self._read("reservations", lane=lane))

    def book(self, lane: int, digest: str) -> bytes | None:
        """Return the bytes that are kept as the book of a digest."""
        rows = self._read("book", lane=lane, digest=bytes.fromhex(digest))
        return bytes(rows[0][0]) if rows else None

    def level(self, lane: int, level: int) -> dict[int, bytes]:
        """Return the whole tiles of a level of a lane's log."""
        rows = self._read("level", lane=lane, level=level)
        return {number: bytes(hashes) for number, hashes in rows}

    def _read(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        self._cursor.execute(self._statements[name], values)
        return self._cursor.fetchall()


_STATEMENTS: Final[dict[str, str]] = {
    "origins": "select origin from {ledger}.genesis order by lane",
    "state": (
        "select (select position from {ledger}.lane_head where lane = %(lane)s),"
        " (select max(position) from {ledger}.event where lane = %(lane)s),"
        " (select max(size) from {ledger}.checkpoint where lane = %(lane)s), t.size, t.edge"
        " from (select 1) as one left join {ledger}.tree t on t.lane = %(lane)s"
    ),
    "next": (
        "select recorded_at from {ledger}.event where lane = %(lane)s and position > %(size)s"
        " order by position limit 1"
    ),
    "links": (
        "select x.stream, v.* from unnest(%(streams)s::text[]) as x(stream) cross join lateral"
        " (select version, leaf_hash, recorded_at, position from {ledger}.event e"
        " where e.lane = %(lane)s and e.stream = x.stream and e.position <= %(position)s"
        " order by e.version desc limit 1) v"
    ),
    "tile": (
        "select hashes from {ledger}.tile"
        " where lane = %(lane)s and level = %(level)s and index = %(index)s"
    ),
    "reservations": "select name, stream from {ledger}.reservation where lane = %(lane)s",
    "book": "select content from {ledger}.book where lane = %(lane)s and digest = %(digest)s",
    "level": (
        "select index, hashes from {ledger}.tile where lane = %(lane)s and level = %(level)s"
    ),
}
