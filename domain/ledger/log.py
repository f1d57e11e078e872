"""Reading a lane's Merkle log: checkpoints, tiles, entries, proofs; the notary alone writes it."""

import logging
import time
from collections.abc import Mapping
from datetime import datetime
from threading import Event, Lock, Thread
from typing import Any, Final, NamedTuple

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger.connections import Connections, DatabaseUnavailable
from domain.ledger.migrations import Names, placeholders
from domain.proof import base64text
from domain.proof.errors import NotInTree
from domain.proof.merkle import HASH_SIZE, consistency_proof, inclusion_proof
from domain.proof.tiles import HEIGHT, WIDTH, Edge, TileHashes, encode_bundle
from domain.record import Covered

CHECKPOINTS_MAX: Final = 1_000
REFRESH_S: Final = 2.0
"""How old what the writer knows of the newest checkpoint may be while it writes."""
log = logging.getLogger(__name__)


class Signed(NamedTuple):
    """A checkpoint as it is published: what was signed, and the note that says so."""

    lane: int
    size: int
    root: bytes
    note: bytes
    published_at: datetime


class Anchor(NamedTuple):
    """What somebody outside said of a checkpoint."""

    lane: int
    size: int
    kind: str
    name: str
    content: bytes
    obtained_at: datetime


class NotIntegrated(Exception):  # noqa: N818 - a state of the log, named as one
    """The position is not in the log yet; the notary takes it in within a second."""


class Log:
    """The Merkle logs of one ledger, by lane, over any role's connections.

    A leaf's index is its position - 1, so the log of size n covers positions 1 to n.
    """

    def __init__(self, connections: Connections, *, names: Names = Names()) -> None:  # noqa: B008
        """Read with the given connections; the schema is looked for under the given name."""
        self._connections = connections
        quoted = placeholders(names)
        self.statements = {name: text.format_map(quoted) for name, text in _STATEMENTS.items()}

    # --- checkpoints --------------------------------------------------------------------------

    def checkpoint(self, lane: int) -> Signed | None:
        """Return a lane's newest checkpoint, None before its first."""
        return _first(self._signed("newest", {"lane": lane}))

    def checkpoint_at(self, lane: int, size: int) -> Signed | None:
        """Return the checkpoint of a size, if that size was signed."""
        return _first(self._signed("at", {"lane": lane, "size": size}))

    def covering(self, lane: int, position: int) -> Signed | None:
        """Return the first checkpoint that covers a position, None while there is none."""
        return _first(self._signed("covering", {"lane": lane, "size": position}))

    def checkpoints(self, lane: int, after: int = 0, limit: int = 100) -> list[Signed]:
        """Return a lane's checkpoints larger than `after`, smallest first, at most `limit`."""
        values = {"lane": lane, "after": after, "limit": min(limit, CHECKPOINTS_MAX)}
        return self._signed("checkpoints", values)

    def anchors(self, lane: int, size: int) -> list[Anchor]:
        """Return what outsiders said of the checkpoint of a size, oldest first."""
        rows = self._read("anchors", {"lane": lane, "size": size})
        return [
            Anchor(lane, size, kind, name, bytes(content), at) for kind, name, content, at in rows
        ]

    # --- the tree -----------------------------------------------------------------------------

    def size(self, lane: int) -> int:
        """Return how many positions are in the log, signed for or not yet."""
        rows = self._read("size", {"lane": lane})
        if not rows:
            raise LookupError(f"this ledger has no lane {lane}")
        return int(rows[0][0])

    def edge(self, lane: int) -> Edge:
        """Return the right edge of a lane's tree; MalformedTile when it was tampered with."""
        rows = self._read("edge", {"lane": lane})
        if not rows:
            raise LookupError(f"this ledger has no lane {lane}")
        size, state = rows[0]
        return Edge.restore(int(size), bytes(state))

    def tile(self, lane: int, level: int, index: int, width: int = WIDTH) -> bytes:
        """Return the first `width` hashes of a tile; NotInTree beyond what is integrated."""
        values = {"lane": lane, "level": level, "index": index}
        rows = self._read("tile", values)
        if not rows:
            edge = self.edge(lane)
            if (index * WIDTH + width) << (HEIGHT * level) > edge.size:
                raise NotInTree(f"the log of size {edge.size} has no such tile")
            if (index + 1) << (HEIGHT * (level + 1)) > edge.size:
                return edge.partials[level][: width * HASH_SIZE]
            rows = self._read("tile", values)  # it has become full since
            if not rows:
                raise LookupError(f"tile {level}/{index} of lane {lane} is missing")
        return bytes(rows[0][0])[: width * HASH_SIZE]

    def entries(self, lane: int, index: int, width: int = WIDTH) -> bytes:
        """Return the entries of a tile of level 0 as a bundle; NotInTree beyond the log."""
        first, last = index * WIDTH, index * WIDTH + width
        if last > self.size(lane):
            raise NotInTree(f"the log has no {last} entries yet")
        return encode_bundle(state for state, _ in self.states(lane, first, last))

    def states(self, lane: int, first: int, last: int) -> list[tuple[bytes, bytes]]:
        """Return bytes and stored leaf hash of the leaves from index `first` up to `last`.

        Fewer than asked for when positions are missing before `last`: what follows a hole is not
        returned.
        """
        rows = self._read("states", {"lane": lane, "first": first, "last": last})
        found = []
        for number, (position, state, stored) in enumerate(rows, first + 1):
            if position != number:
                break
            found.append((bytes(state), bytes(stored)))
        return found

    # --- proofs -------------------------------------------------------------------------------

    def hashes(self, lane: int, size: int) -> TileHashes:
        """Return a reader of the nodes of the tree of a size, for a few proofs."""
        return TileHashes(size, lambda tile: self.tile(lane, tile.level, tile.index, tile.width))

    def inclusion(self, lane: int, position: int, size: int) -> tuple[bytes, ...]:
        """Return the proof that a position is in the tree of a size.

        Raises NotIntegrated when the log is not that large yet, NotInTree when the tree of that
        size does not hold the position.
        """
        self._require(lane, size)
        return inclusion_proof(position - 1, size, self.hashes(lane, size))

    def consistency(self, lane: int, old: int, new: int) -> tuple[bytes, ...]:
        """Return the proof that the tree of size `new` begins with the one of size `old`.

        Raises NotIntegrated when the log is not that large yet, NotInTree for `old` of 0.
        """
        self._require(lane, new)
        return consistency_proof(old, new, self.hashes(lane, new))

    def _require(self, lane: int, size: int) -> None:
        integrated = self.size(lane)
        if size > integrated:
            raise NotIntegrated(f"lane {lane} is integrated up to {integrated}")

    def _signed(self, name: str, values: Mapping[str, object]) -> list[Signed]:
        return [
            Signed(lane, size, bytes(root), bytes(note), at)
            for lane, size, root, note, at in self._read(name, values)
        ]

    def _read(self, name: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        statement = self.statements[name]

        def work(cursor: Cursor) -> list[tuple[Any, ...]]:
            cursor.execute(statement, values)
            return cursor.fetchall()

        return self._connections.read(work)


class Newest:
    """The newest checkpoint of each lane, as a writer names it; asking never waits for anything."""

    def __init__(self, source: Log, lanes: int) -> None:
        """Read once now, and from then on behind those who ask; ended by `close`."""
        self._log = source
        self._lanes = lanes
        self._known: dict[int, Covered] = {}
        self._read_at = 0.0
        self._asked = Event()
        self._closed = False
        self._lock = Lock()
        self._thread: Thread | None = None
        self.refresh()

    def covered(self, lane: int) -> Covered | None:
        """Return the newest checkpoint known, a few seconds old at most while somebody asks."""
        if time.monotonic() - self._read_at > REFRESH_S and not self._asked.is_set():
            self._ask()
        return self._known.get(lane)

    def refresh(self) -> None:
        """Read the newest checkpoints now."""
        self._read_at = time.monotonic()
        for lane in range(self._lanes):
            newest = self._log.checkpoint(lane)
            if newest is not None:
                self._known[lane] = Covered(newest.size, base64text.encode(newest.root))

    def close(self) -> None:
        """End the thread, if there is one."""
        with self._lock:
            self._closed = True
            self._asked.set()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _ask(self) -> None:
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = Thread(target=self._run, name="newest-checkpoints", daemon=True)
                self._thread.start()
        self._asked.set()

    def _run(self) -> None:
        while True:
            self._asked.wait()
            if self._closed:
                return
            try:
                self.refresh()
            except DatabaseUnavailable as error:
                log.info("the newest checkpoints stay as they are known: %s", error)
            self._asked.clear()
            if self._closed:
                return


def _first(found: list[Signed]) -> Signed | None:
    return found[0] if found else None


_SIGNED: Final = "select lane, size, root, note, published_at from {ledger}.checkpoint"
_STATEMENTS: Final[dict[str, str]] = {
    "newest": f"{_SIGNED} where lane = %(lane)s order by size desc limit 1",
    "at": f"{_SIGNED} where lane = %(lane)s and size = %(size)s",
    "covering": f"{_SIGNED} where lane = %(lane)s and size >= %(size)s order by size limit 1",
    "checkpoints": (
        f"{_SIGNED} where lane = %(lane)s and size > %(after)s order by size limit %(limit)s"
    ),
    "anchors": (
        "select kind, name, content, obtained_at from {ledger}.anchor"
        " where lane = %(lane)s and size = %(size)s order by obtained_at, kind, name"
    ),
    "size": "select size from {ledger}.tree where lane = %(lane)s",
    "edge": "select size, edge from {ledger}.tree where lane = %(lane)s",
    "tile": (
        "select hashes from {ledger}.tile"
        " where lane = %(lane)s and level = %(level)s and index = %(index)s"
    ),
    "states": (
        "select position, state, leaf_hash from {ledger}.event where lane = %(lane)s"
        " and position > %(first)s and position <= %(last)s order by position"
    ),
}
