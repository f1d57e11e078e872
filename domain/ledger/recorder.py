"""Writing and reading the record in PostgreSQL; what is written was judged elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger.batch import GENESIS, Attempt, Link, SealedValue, Verdict, VerdictKind
from domain.ledger.connections import AppendUnknown, Connections, DatabaseUnavailable
from domain.ledger.migrations import Names, placeholders
from domain.ledger.packing import append_call

__all__ = [
    "COLUMNS",
    "AppendUnknown",
    "DatabaseUnavailable",
    "Genesis",
    "Outcome",
    "RecordedLine",
    "Recorder",
    "StoredRow",
    "stored_rows",
]

READ_LIMIT_MAX: Final = 50_000
COLUMNS: Final = "lane, position, stream, version, topic, command, recorded_at, state, leaf_hash"
"""What `stored_rows` is given of each event."""


class StoredRow(NamedTuple):
    """One event as the record holds it."""

    lane: int
    position: int
    stream: str
    version: int
    topic: str
    command: str
    recorded_at: datetime
    state: bytes
    leaf_hash: bytes


class RecordedLine(NamedTuple):
    """One event of a recorded command, without its bytes."""

    stream: str
    version: int
    position: int
    leaf_hash: bytes
    topic: str


class Outcome(NamedTuple):
    """What a command has recorded: the HMAC of its body and its events in order."""

    body_hmac: bytes
    lines: list[RecordedLine]


class Genesis(NamedTuple):
    """What was settled when the ledger was made: its lanes' origins, lane 0 first."""

    origins: tuple[str, ...]

    @property
    def lanes(self) -> int:
        """Return the number of lanes, which never changes."""
        return len(self.origins)


class Recorder:
    """The record of one ledger, over the connections of the application role."""

    def __init__(self, connections: Connections, *, names: Names = Names()) -> None:  # noqa: B008
        """Use the given connections; the schemas are looked for under the given names."""
        self.connections = connections
        self.names = names
        quoted = placeholders(names) | {"columns": COLUMNS}
        self._append_function = f"{quoted['ledger']}.append"
        self.statements = {name: text.format_map(quoted) for name, text in _STATEMENTS.items()}

    @classmethod
    def connect(cls, dsn: str, *, readers_max: int = 4) -> "Recorder":
        """Return a recorder with connections of its own; nothing is opened before first use."""
        return cls(Connections(dsn, readers_max=readers_max))

    def close(self) -> None:
        """Close the connections."""
        self.connections.close()

    def append(self, lane: int, batch: Sequence[Attempt]) -> list[Verdict]:
        """Return a verdict for each attempt, after one call in which the accepted were recorded.

        Raises AppendUnknown when the reply is lost, DatabaseUnavailable when nothing was written.
        """
        if not batch:
            return []
        return self.connections.write(lane, lambda cursor: self.append_with(cursor, lane, batch))

    def append_with(self, cursor: Cursor, lane: int, batch: Sequence[Attempt]) -> list[Verdict]:
        """Append within a transaction of the caller's, who commits or takes everything back."""
        cursor.execute(append_call(self._append_function, lane, batch))
        verdicts, lasts = cursor.fetchone() or ([], [])
        return [Verdict(_KINDS[kind], last) for kind, last in zip(verdicts, lasts, strict=True)]

    def genesis(self) -> Genesis:
        """Return what was settled when the ledger was made."""
        return Genesis(tuple(origin for (origin,) in self._read("genesis", {})))

    def position(self, lane: int) -> int:
        """Return the lane's last position, 0 while it is empty."""
        rows = self._read("position", {"lane": lane})
        if not rows:
            raise LookupError(f"this ledger has no lane {lane}")
        return int(rows[0][0])

    def heads(self, lane: int, streams: Iterable[str]) -> dict[str, Link]:
        """Return the head of every stream asked for; one not there yet begins at GENESIS."""
        heads = {stream: Link(stream, 0, GENESIS) for stream in streams}
        for stream, version, leaf_hash in self._read(
            "heads", {"lane": lane, "streams": list(heads)}
        ):
            heads[stream] = Link(stream, version, bytes(leaf_hash))
        return heads

    def read(self, lane: int, after: int, limit: int, upto: int | None = None) -> list[StoredRow]:
        """Return the lane's events at the next `limit` positions, in order.

        Positions have no gaps: an empty page before `position()` is a hole that somebody made.
        """
        last = after + min(limit, READ_LIMIT_MAX)
        values = {"lane": lane, "after": after, "upto": last if upto is None else min(last, upto)}
        return stored_rows(self._read("read", values))

    def read_streams(
        self, lane: int, streams: Sequence[str], after: Mapping[str, int] | None = None
    ) -> list[StoredRow]:
        """Return the events of streams, after a version where given, by stream and version."""
        wanted = sorted(set(streams))
        versions = [after.get(stream, 0) if after else 0 for stream in wanted]
        return stored_rows(
            self._read("read_streams", {"lane": lane, "streams": wanted, "versions": versions})
        )

    def read_streams_upto(self, lane: int, streams: Sequence[str], upto: int) -> list[StoredRow]:
        """Return the events of streams up to a position, by stream and version."""
        values = {"lane": lane, "streams": sorted(set(streams)), "upto": upto}
        return stored_rows(self._read("read_streams_upto", values))

    def outcome(self, lane: int, commands: Sequence[str]) -> dict[str, Outcome]:
        """Return what each of the commands has recorded; one that recorded nothing is left out."""
        found: dict[str, Outcome] = {}
        for command, hmac, *line in self._read(
            "outcome", {"lane": lane, "commands": sorted(set(commands))}
        ):
            stream, version, position, leaf_hash, topic = line
            outcome = found.setdefault(command, Outcome(bytes(hmac), []))
            outcome.lines.append(RecordedLine(stream, version, position, bytes(leaf_hash), topic))
        return found

    def holders(self, lane: int, names: Sequence[str]) -> dict[str, str]:
        """Return which stream holds each reserved name; a free name is left out."""
        return dict(self._read("holders", {"lane": lane, "names": list(names)}))

    def keys(self, lane: int, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
        """Return the wrapped key of each (stream, subject) that has one."""
        wanted = sorted(set(pairs))
        values = {
            "lane": lane,
            "streams": [stream for stream, _ in wanted],
            "subjects": [subject for _, subject in wanted],
        }
        return {
            (stream, subject): bytes(wrapped)
            for stream, subject, wrapped in self._read("keys", values)
        }

    def disclosures(
        self, lane: int, stream: str, *, after: int = 0, upto: int | None = None
    ) -> list[SealedValue]:
        """Return a stream's sealed values by version and pointer; erased ones are gone."""
        values = {"lane": lane, "stream": stream, "after": after, "upto": upto}
        return [
            SealedValue(stream, version, pointer, subject, bytes(sealed))
            for version, pointer, subject, sealed in self._read("disclosures", values)
        ]

    def keep_book(self, lane: int, content: bytes) -> bytes:
        """Keep a policy book's bytes and return their SHA-256; keeping it again changes nothing."""

        def work(cursor: Cursor) -> bytes:
            cursor.execute(self.statements["keep_book"], {"lane": lane, "content": content})
            (digest,) = cursor.fetchone() or (b"",)
            return bytes(digest)

        return self.connections.write(lane, work)

    def book(self, lane: int, digest: bytes) -> bytes | None:
        """Return the bytes of a kept policy book."""
        rows = self._read("book", {"lane": lane, "digest": digest})
        return bytes(rows[0][0]) if rows else None

    def books(self, lane: int) -> list[bytes]:
        """Return the digests of the kept policy books."""
        return [bytes(digest) for (digest,) in self._read("books", {"lane": lane})]

    def _read(self, name: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        statement = self.statements[name]

        def work(cursor: Cursor) -> list[tuple[Any, ...]]:
            cursor.execute(statement, values)
            return cursor.fetchall()

        return self.connections.read(work)


def stored_rows(rows: Iterable[tuple[Any, ...]]) -> list[StoredRow]:
    """Return events as they are kept here, of rows as the server gives them."""
    return [
        StoredRow(lane, position, stream, version, topic, command, at, bytes(state), bytes(leaf))
        for lane, position, stream, version, topic, command, at, state, leaf in rows
    ]


_KINDS: Final = {kind.value: kind for kind in VerdictKind}
_STATEMENTS: Final[dict[str, str]] = {
    "genesis": "select origin from {ledger}.genesis order by lane",
    "position": "select position from {ledger}.lane_head where lane = %(lane)s",
    "heads": (
        "select x.stream, v.version, v.leaf_hash from unnest(%(streams)s::text[]) as x(stream)"
        " cross join lateral (select version, leaf_hash from {ledger}.event e"
        " where e.lane = %(lane)s and e.stream = x.stream order by version desc limit 1) v"
    ),
    # Positions have no gaps, so a page is a range. With "limit" instead, a server that has no
    # statistics yet reads and sorts the rest of the lane for every page.
    "read": (
        "select {columns} from {ledger}.event where lane = %(lane)s"
        " and position > %(after)s and position <= %(upto)s order by position"
    ),
    # Key by key in a lateral subquery, for the same reason: see sql/0003_append.sql.
    "read_streams": (
        "select v.* from unnest(%(streams)s::text[], %(versions)s::int[]) as x(stream, version)"
        " cross join lateral (select {columns} from {ledger}.event e"
        " where e.lane = %(lane)s and e.stream = x.stream and e.version > x.version offset 0) v"
        " order by v.stream, v.version"
    ),
    "read_streams_upto": (
        "select v.* from unnest(%(streams)s::text[]) as x(stream)"
        " cross join lateral (select {columns} from {ledger}.event e"
        " where e.lane = %(lane)s and e.stream = x.stream offset 0) v"
        " where v.position <= %(upto)s order by v.stream, v.version"
    ),
    "outcome": (
        "select v.* from unnest(%(commands)s::text[]) as x(command) cross join lateral"
        " (select command, body_hmac, stream, version, position, leaf_hash, topic"
        " from {ledger}.event e where e.lane = %(lane)s and e.command = x.command offset 0) v"
        " order by v.position"
    ),
    "holders": (
        "select v.* from unnest(%(names)s::text[]) as x(name) cross join lateral"
        " (select name, stream from {ledger}.reservation r"
        " where r.lane = %(lane)s and r.name = x.name offset 0) v"
    ),
    "keys": (
        "select v.* from unnest(%(streams)s::text[], %(subjects)s::text[]) as x(stream, subject)"
        " cross join lateral (select stream, subject, wrapped from {personal}.subject_key k"
        " where k.lane = %(lane)s and k.stream = x.stream and k.subject = x.subject offset 0) v"
    ),
    "disclosures": (
        "select version, pointer, subject, sealed from {personal}.disclosure"
        " where lane = %(lane)s and stream = %(stream)s and version > %(after)s"
        " and version <= coalesce(%(upto)s, 2147483647) order by version, pointer"
    ),
    "keep_book": "select {ledger}.keep_book(%(lane)s, %(content)s)",
    "book": "select content from {ledger}.book where lane = %(lane)s and digest = %(digest)s",
    "books": "select digest from {ledger}.book where lane = %(lane)s order by digest",
}
