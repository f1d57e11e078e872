"""The notary: takes new positions into each lane's Merkle log and signs what the log has become.

It holds no truth in memory. Every step reads what is stored, and writes one thing in one
transaction, so it may be killed between any two steps and two of them do no harm: who comes second
finds the size changed, or the checkpoint there. What it reads it recomputes before it uses it; a
difference is an alarm, and nothing of that lane is taken in or signed until somebody looked.
"""

import logging
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from threading import Event
from typing import Final

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger.connections import LOST, AppendUnknown, Connections, DatabaseUnavailable
from domain.ledger.log import Log, Signed
from domain.ledger.migrations import Names, placeholders
from domain.ledger.signing import KeyMissing, KeysFrozenAlready, Signer, sign_text
from domain.proof.chain import leaf_hash
from domain.proof.checkpoint import Checkpoint, parse_checkpoint
from domain.proof.errors import ProofError
from domain.proof.merkle import consistency_proof, perfect_root, verify_consistency
from domain.proof.note import parse_note
from domain.proof.tiles import HEIGHT, WIDTH, Edge, Tile, TileHashes
from domain.values import Instant, moment_of

INTEGRATE_S: Final = 0.2
"""How long a position waits for the log at most."""
SIGN_S: Final = 1.0
"""How long a grown log waits for a signature at most."""
PAGE_MAX: Final = 4_096
"""Positions taken in by one transaction."""
log = logging.getLogger(__name__)


class Alarm(Exception):  # noqa: N818 - what is raised when something is not as it was written
    """What is stored is not what was written there, or does not go with what was signed."""

    def __init__(self, lane: int, position: int, what: str) -> None:
        """Keep the place and what is wrong with it."""
        super().__init__(f"lane {lane}, position {position}: {what}")
        self.lane = lane
        self.position = position
        self.what = what


class Step(StrEnum):
    """The boundaries of the notary's work; at each of them it may be killed."""

    LEAVES_CHECKED = "new positions are read and recomputed"
    TILES_WRITTEN = "tiles and tree are written and not committed"
    INTEGRATED = "they are committed"
    EDGE_CHECKED = "the right edge is recomputed, and extends what was signed last"
    SIGNED = "the checkpoint is signed and not stored"
    STORED = "it is stored"


class Notary:
    """Writes the logs of one ledger, over connections of the notary's role."""

    def __init__(
        self,
        connections: Connections,
        *,
        signers: Callable[[], Sequence[Signer]],
        now: Callable[[], Instant],
        names: Names = Names(),  # noqa: B008
        passed: Callable[[Step], None] = lambda _step: None,
    ) -> None:
        """Sign with whoever `signers` returns; `passed` is told of every boundary."""
        self.log = Log(connections, names=names)
        self.alarms: dict[int, Alarm] = {}
        """Lanes that stand still, and why."""
        self._connections = connections
        self._signers = signers
        self._now = now
        self._passed = passed
        self._roots: dict[tuple[int, int, int], bytes] = {}
        self._silent: str | None = None
        quoted = placeholders(names)
        self._statements = {name: text.format_map(quoted) for name, text in _STATEMENTS.items()}
        self._origins: tuple[str, ...] = ()

    @property
    def origins(self) -> tuple[str, ...]:
        """Return the lanes' origins, lane 0 first."""
        if not self._origins:
            self._origins = self._connections.read(self._genesis)
        return self._origins

    def step(self, lane: int) -> bool:
        """Take in and sign what is new in a lane; return whether anything was.

        Raises Alarm, now and for this lane ever after.
        """
        grown = self.integrate(lane)
        return self.sign(lane) is not None or grown

    def run(self, stop: Event) -> None:
        """Take in several times a second and sign every second, until told to stop."""
        signed_at = 0.0
        while not stop.is_set():
            due = time.monotonic() - signed_at >= SIGN_S
            if due:
                signed_at = time.monotonic()
            try:
                for lane in self._waiting("behind"):
                    self._turn(lane, self.integrate)
                for lane in self._waiting("unsigned") if due else ():
                    self._turn(lane, self.sign)
            except (DatabaseUnavailable, AppendUnknown) as error:
                log.warning("the notary waits for the database: %s", error)
            stop.wait(INTEGRATE_S)

    def integrate(self, lane: int) -> bool:
        """Take a lane's new positions into its log; return whether there were any."""
        self._refuse_when_alarmed(lane)
        found = total = self._integrate_page(lane)
        while found == PAGE_MAX:
            found = self._integrate_page(lane)
            total += found
        return total > 0

    def sign(self, lane: int) -> Signed | None:
        """Sign and publish what the log is, if it has grown since the last time and keys allow."""
        self._refuse_when_alarmed(lane)
        last = self.log.checkpoint(lane)
        edge = self._edge(lane)  # read second: a rival may sign meanwhile, but nothing shrinks
        if last is not None and last.size > edge.size:
            raise self._alarm(lane, edge.size, f"size {last.size} was signed before")
        if edge.size == (last.size if last else 0):
            return None
        signers = self._signers_now()
        if not signers:
            return None
        root = self._checked_root(lane, edge, last)
        self._passed(Step.EDGE_CHECKED)
        origin = self.origins[lane]
        checkpoint = Checkpoint(origin, edge.size, root)
        note = str(sign_text(checkpoint.body, origin, signers)).encode()
        self._passed(Step.SIGNED)
        signed = Signed(lane, edge.size, root, note, moment_of(self._now()))
        self._write(lane, lambda cursor: self._store(cursor, signed))
        self._passed(Step.STORED)
        return signed

    # --- integrating --------------------------------------------------------------------------

    def _integrate_page(self, lane: int) -> int:
        """Take one page in and return how many positions were new."""
        edge = self._edge(lane)
        leaves = self._checked_leaves(lane, edge.size)
        if not leaves:
            return 0
        grown, completed = edge.grow(leaves)
        self._passed(Step.LEAVES_CHECKED)
        self._write(lane, lambda cursor: self._grow(cursor, lane, edge, grown, completed))
        self._passed(Step.INTEGRATED)
        return len(leaves)

    def _checked_leaves(self, lane: int, size: int) -> list[bytes]:
        """Return the leaf hashes of the next positions, each made from the bytes on record."""
        head = self._connections.read(lambda cursor: self._position(cursor, lane))
        if head < size:
            raise self._alarm(lane, head, f"the record ends here, and {size} were integrated")
        last = min(head, size + PAGE_MAX)
        rows = self.log.states(lane, size, last)
        leaves: list[bytes] = []
        for position, (state, stored) in enumerate(rows, size + 1):
            leaf = leaf_hash(state)
            if leaf != stored:
                raise self._alarm(lane, position, "the stored leaf hash is not that of the bytes")
            leaves.append(leaf)
        if len(leaves) < last - size:
            raise self._alarm(lane, size + len(leaves) + 1, "there is no event at this position")
        return leaves

    def _grow(
        self,
        cursor: Cursor,
        lane: int,
        edge: Edge,
        grown: Edge,
        completed: Sequence[tuple[Tile, bytes]],
    ) -> None:
        """Write a grown tree, unless another notary was there: then its work is found next time."""
        values = {"lane": lane, "old": edge.size, "size": grown.size, "edge": grown.state}
        cursor.execute(self._statements["grow"], values)
        if cursor.rowcount == 0:
            return
        for tile, hashes in completed:
            named = {"lane": lane, "level": tile.level, "index": tile.index, "hashes": hashes}
            cursor.execute(self._statements["tile"], named)
            if cursor.rowcount == 0:
                cursor.execute(self._statements["same_tile"], named)
                if cursor.fetchone() is None:
                    what = f"tile {tile.level}/{tile.index} is there with other hashes"
                    raise self._alarm(lane, edge.size, what)
        self._passed(Step.TILES_WRITTEN)

    # --- signing ------------------------------------------------------------------------------

    def _checked_root(self, lane: int, edge: Edge, last: Signed | None) -> bytes:
        """Return the root of the tree from what is stored, after comparing it with what is said.

        The partial tiles are made anew from the bytes on record and from full tiles; the tree they
        end must begin with the one that was signed last.
        """
        try:
            recomputed = self._recomputed(lane, edge)
        except (ProofError, LookupError) as error:
            raise self._alarm(lane, edge.size, f"the edge can not be recomputed: {error}") from None
        if recomputed != edge:
            raise self._alarm(lane, edge.size, "the stored edge is not that of the record")
        root = recomputed.root()
        if last is None:
            return root
        partials = dict(recomputed.tiles)

        def read(tile: Tile) -> bytes:
            partial = partials.get(tile)
            return partial or self.log.tile(lane, tile.level, tile.index, tile.width)

        try:
            said = parse_checkpoint(parse_note(last.note).text)
            if said != Checkpoint(self.origins[lane], last.size, last.root):
                raise self._alarm(lane, last.size, "the last checkpoint is not as it was signed")
            proof = consistency_proof(last.size, edge.size, TileHashes(edge.size, read))
            verify_consistency(
                old=last.size, new=edge.size, old_root=last.root, new_root=root, proof=proof
            )
        except (ProofError, LookupError) as error:
            what = f"the log does not extend the one that was signed here: {error}"
            raise self._alarm(lane, last.size, what) from None
        return root

    def _recomputed(self, lane: int, edge: Edge) -> Edge:
        """Return the right edge at a size, from the bytes on record and from full tiles alone."""
        first = edge.size // WIDTH * WIDTH
        states = self.log.states(lane, first, edge.size)
        partials = [b"".join([leaf_hash(state) for state, _ in states])]
        wanted: set[tuple[int, int, int]] = set()
        for level in range(1, len(edge.partials)):
            below = edge.size >> (HEIGHT * level)
            places = [(lane, level - 1, at) for at in range(below // WIDTH * WIDTH, below)]
            partials.append(b"".join([self._tile_root(*place) for place in places]))
            wanted.update(places)
        # A full tile never changes, so its root is kept as long as it is on the edge.
        for place in [one for one in self._roots if one[0] == lane and one not in wanted]:
            del self._roots[place]
        return Edge(edge.size, tuple(partials))

    def _tile_root(self, lane: int, level: int, index: int) -> bytes:
        place = (lane, level, index)
        if place not in self._roots:
            self._roots[place] = perfect_root(self.log.tile(lane, level, index))
        return self._roots[place]

    def _signers_now(self) -> Sequence[Signer]:
        """Return who signs; nobody, told once, while keys are missing or after they were frozen."""
        try:
            signers = self._signers()
        except (KeysFrozenAlready, KeyMissing) as error:
            if self._silent != str(error):
                self._silent = str(error)
                log.critical("nothing is signed: %s", error)
            return ()
        self._silent = None
        return signers

    def _store(self, cursor: Cursor, signed: Signed) -> None:
        """Keep a checkpoint; one of the same size that another notary kept says the same."""
        cursor.execute(self._statements["store"], signed._asdict())

    # --- what both need -----------------------------------------------------------------------

    def _waiting(self, what: str) -> list[int]:
        """Return the lanes in which there is something to do, asked in one query for all."""

        def work(cursor: Cursor) -> list[int]:
            cursor.execute(self._statements[what])
            return [lane for (lane,) in cursor.fetchall()]

        return self._connections.read(work)

    def _turn(self, lane: int, work: Callable[[int], object]) -> None:
        """Work on a lane unless it stands still; an alarm stops this lane and no other."""
        if lane in self.alarms:
            return
        try:
            work(lane)
        except Alarm:
            log.critical("lane %d stands still: nothing of it is signed", lane)

    def _edge(self, lane: int) -> Edge:
        try:
            return self.log.edge(lane)
        except ProofError as error:
            raise self._alarm(lane, 0, f"the stored edge is none: {error}") from None

    def _alarm(self, lane: int, position: int, what: str) -> Alarm:
        """Return an alarm, after making it known."""
        alarm = Alarm(lane, position, what)
        self.alarms[lane] = alarm
        log.critical("ALARM: %s", alarm)
        return alarm

    def _refuse_when_alarmed(self, lane: int) -> None:
        if lane in self.alarms:
            raise self.alarms[lane]

    def _position(self, cursor: Cursor, lane: int) -> int:
        cursor.execute(self._statements["position"], {"lane": lane})
        return int((cursor.fetchone() or (0,))[0])

    def _genesis(self, cursor: Cursor) -> tuple[str, ...]:
        cursor.execute(self._statements["genesis"])
        return tuple(origin for (origin,) in cursor.fetchall())

    def _write(self, lane: int, work: Callable[[Cursor], None]) -> None:
        """Do work in one transaction; after a lost reply the next step reads what came of it."""

        def whole(cursor: Cursor) -> None:
            cursor.execute("begin")
            try:
                work(cursor)
                cursor.execute("commit")
            except BaseException:
                _take_back(cursor)
                raise

        self._connections.write(lane, whole)


def _take_back(cursor: Cursor) -> None:
    """Roll back, if there is still a connection to do it on."""
    if not cursor.connection.closed:
        try:
            cursor.execute("rollback")
        except (*LOST, psycopg2.Error):
            cursor.connection.close()


_STATEMENTS: Final[dict[str, str]] = {
    "genesis": "select origin from {ledger}.genesis order by lane",
    "position": "select position from {ledger}.lane_head where lane = %(lane)s",
    "behind": (
        "select h.lane from {ledger}.lane_head h join {ledger}.tree t on t.lane = h.lane"
        " where h.position <> t.size order by h.lane"
    ),
    "unsigned": (
        "select t.lane from {ledger}.tree t where t.size > 0 and not exists"
        " (select from {ledger}.checkpoint c where c.lane = t.lane and c.size = t.size)"
        " order by t.lane"
    ),
    # Compare and swap: a rival waits here for the row and then finds another size.
    "grow": (
        "update {ledger}.tree set size = %(size)s, edge = %(edge)s"
        " where lane = %(lane)s and size = %(old)s"
    ),
    "tile": (
        "insert into {ledger}.tile(lane, level, index, hashes)"
        " values (%(lane)s, %(level)s, %(index)s, %(hashes)s)"
        " on conflict (lane, level, index) do nothing"
    ),
    "same_tile": (
        "select from {ledger}.tile where lane = %(lane)s and level = %(level)s"
        " and index = %(index)s and hashes = %(hashes)s"
    ),
    "store": (
        "insert into {ledger}.checkpoint(lane, size, root, note, published_at)"
        " values (%(lane)s, %(size)s, %(root)s, %(note)s, %(published_at)s)"
        " on conflict (lane, size) do nothing"
    ),
}
