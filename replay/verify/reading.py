"""What one worker of an audit does: it reads a span and what belongs to it, and has it checked.

All workers read in one snapshot of the database, so an audit sees one state while the ledger goes
on.
"""

from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec
import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name
from psycopg2.extensions import new_type, register_type

from domain.ledger.connections import DatabaseUnavailable
from domain.ledger.migrations import Names, placeholders
from domain.ledger.sealing import KeyEncryptionKey
from domain.proof import base64text
from domain.proof.keys import KeyType, VerifierKey
from domain.proof.tiles import WIDTH, Edge
from replay.verify.checkpoints import Stored, check_checkpoint
from replay.verify.covers import check_covers
from replay.verify.lines import holds_commitment
from replay.verify.personal import Kept, Opener
from replay.verify.report import Finding
from replay.verify.rows import Rows, microseconds_of, read_rows
from replay.verify.span import Bound, Lane, Logged, Span, check_bounds, check_span


class Audited(msgspec.Struct, frozen=True):
    """What every worker must know of the ledger that is audited."""

    dsn: str
    names: Names
    origins: tuple[str, ...]
    log_keys: tuple[bytes, ...]
    """The public keys that may have signed checkpoints; none when nobody told us."""
    key_encryption_key: bytes | None
    """Without it, personal values are not opened."""
    snapshot: str | None = None


class LaneState(msgspec.Struct, frozen=True):
    """How a lane stood in the snapshot."""

    number: int
    head: int
    """What the lane's head says is the last position."""
    last: int
    """The last position that has an event."""
    edge: Edge
    """The right edge of the lane's log; its size says how much the log holds."""
    newest: int
    """The size of the newest checkpoint, 0 without one."""
    stamps: tuple[tuple[int, int, int], ...] = ()
    """Position of the fact of a stamp, size stamped, and when; in the order of the record."""


class Task(msgspec.Struct, frozen=True):
    """One span to check."""

    lane: LaneState
    first: int
    last: int
    wanted: tuple[int, ...]
    """Sizes at which others want to know the root, in order."""


class Fetched(NamedTuple):
    """What the database has for one span."""

    rows: Rows
    checkpoints: list[Stored]
    tiles: dict[int, bytes]
    kept: Kept


class Checked(msgspec.Struct):
    """A checked span, and the roots that its checkpoints claim."""

    span: Span
    claimed: list[tuple[int, bytes]]


class Reader:
    """One worker's view of the database.

    What it fetches and what it looks up while it checks go over connections of their own, so that
    the next span may be fetched while one is checked.
    """

    def __init__(self, audited: Audited) -> None:
        """Connect, and see what the snapshot saw."""
        self._audited = audited
        self._fetching = open_snapshot(audited.dsn, audited.snapshot)
        self._checking = open_snapshot(audited.dsn, audited.snapshot)
        quoted = placeholders(audited.names)
        kek = audited.key_encryption_key
        self._ahead, self._opener = (
            Opener(connection.cursor(), quoted, KeyEncryptionKey(kek)) if kek else None
            for connection in (self._fetching, self._checking)
        )
        self._statements = {name: text.format_map(quoted) for name, text in _STATEMENTS.items()}

    def cancel(self) -> None:
        """Let the server give up what is being fetched."""
        with suppress(psycopg2.Error):  # it is gone, and so is what was asked of it
            self._fetching.cancel()

    def close(self) -> None:
        """Close the connections."""
        self._fetching.close()
        self._checking.close()

    def fetch(self, task: Task) -> Fetched:
        """Return what is needed to check a span."""
        names, lane = self._audited.names, task.lane.number
        with self._fetching.cursor() as cursor:
            rows = read_rows(cursor, names, lane, after=task.first, upto=task.last)
            checkpoints, tiles = self._checkpoints(cursor, task), self._tiles(cursor, task)
        sealed = zip(rows.streams, rows.versions, map(holds_commitment, rows.states), strict=True)
        events = [(stream, version) for stream, version, holds in sealed if holds]
        kept = self._ahead.read(lane, events) if self._ahead is not None and events else {}
        return Fetched(rows, checkpoints, tiles, kept)

    def check(self, task: Task, fetched: Fetched) -> Checked:
        """Return what a span comes to."""
        state, (rows, stored, tiles, kept) = task.lane, fetched
        lane = Lane(state.number, self._audited.origins[state.number])
        inside = [one for one in stored if task.first < one.size <= task.last]
        sizes = sorted({one.size for one in inside} | set(task.wanted))
        logged = Logged(state.edge.size, tiles, sizes)
        span = check_span(lane, rows, first=task.first, last=task.last, logged=logged)
        keys = [VerifierKey(lane.origin, KeyType.NOTE, public) for public in self._audited.log_keys]
        for one in inside:
            span.findings += check_checkpoint(lane, one, keys)
        span.findings += check_bounds(lane.number, rows, self._bounds(task, stored))
        span.findings += self._check_covers(task, span)
        if self._opener is not None and span.sealed:
            found, span.unopened = self._opener.check(lane, span.sealed, kept)
            span.findings += found
        span.sealed = []
        return Checked(span, [(one.size, one.root) for one in inside])

    def _checkpoints(self, cursor: Cursor, task: Task) -> list[Stored]:
        """Return the checkpoints of a span and the first beyond it."""
        values = {"lane": task.lane.number, "first": task.first, "last": task.last}
        cursor.execute(self._statements["checkpoints"], values)
        return [
            Stored(size, bytes(root), bytes(note), microseconds_of(at))
            for size, root, note, at in cursor.fetchall()
        ]

    def _tiles(self, cursor: Cursor, task: Task) -> dict[int, bytes]:
        """Return the tiles of level 0 of a span, the unfinished one included."""
        first, last = task.first // WIDTH, -(-task.last // WIDTH)
        values = {"lane": task.lane.number, "first": first, "last": last}
        cursor.execute(self._statements["tiles"], values)
        tiles = {number: bytes(hashes) for number, hashes in cursor.fetchall()}
        edge = task.lane.edge
        if first <= edge.size // WIDTH < last and edge.partials:
            tiles[edge.size // WIDTH] = edge.partials[0]
        return tiles

    def _bounds(self, task: Task, stored: Sequence[Stored]) -> list[Bound]:
        """Return until when the events of a span must have been recorded, by size."""
        bounds = [Bound(one.size, one.published_at, stamped=False) for one in stored]
        stamps = sorted((size, at) for _, size, at in task.lane.stamps)
        start = bisect_left(stamps, (task.first + 1,))
        for size, at in stamps[start:]:
            bounds.append(Bound(size, at, stamped=True))
            if size >= task.last:
                break
        return sorted(bounds)

    def _check_covers(self, task: Task, span: Span) -> list[Finding]:
        """Return the records that name a checkpoint which was not, or not yet, published."""
        if not span.covers:
            return []
        lane = task.lane.number
        sizes = sorted({size for size, _ in span.covers})
        with self._checking.cursor() as cursor:
            cursor.execute(self._statements["published"], {"lane": lane, "sizes": sizes})
            known = {
                (size, base64text.encode(bytes(root))): microseconds_of(at)
                for size, root, at in cursor.fetchall()
            }
        return list(check_covers(lane, span.covers, known, task.lane.stamps))


def open_snapshot(dsn: str, snapshot: str | None) -> Connection:
    """Return a connection that reads one state of the database, another one's where named."""
    try:
        connection = psycopg2.connect(dsn, options="-c timezone=UTC -c statement_timeout=0")
    except psycopg2.OperationalError as error:
        raise DatabaseUnavailable("no connection to the database") from error
    register_type(_BYTES, connection)
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    with connection.cursor() as cursor:
        cursor.execute("select")
        if snapshot is not None:
            connection.rollback()
            cursor.execute(sql.SQL("set transaction snapshot {}").format(sql.Literal(snapshot)))
    return connection


def _bytes(value: str | bytes | None, _cursor: Cursor) -> bytes | None:
    """Return the bytes that the server spells in hex: much faster than the driver's own way."""
    return bytes.fromhex(value[2:]) if isinstance(value, str) else value


_BYTES: Final = new_type((17,), "BYTES", _bytes)
_STATEMENTS: Final[dict[str, str]] = {
    "checkpoints": (
        "(select size, root, note, published_at from {ledger}.checkpoint where lane = %(lane)s"
        " and size > %(first)s and size <= %(last)s)"
        " union all (select size, root, note, published_at from {ledger}.checkpoint"
        " where lane = %(lane)s and size > %(last)s order by size limit 1) order by size"
    ),
    "tiles": (
        "select index, hashes from {ledger}.tile where lane = %(lane)s and level = 0"
        " and index >= %(first)s and index < %(last)s"
    ),
    "published": (
        "select size, root, published_at from {ledger}.checkpoint"
        " where lane = %(lane)s and size = any(%(sizes)s)"
    ),
}
