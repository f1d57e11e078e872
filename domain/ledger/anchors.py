"""What outsiders say of checkpoints: the table of it, the facts of it, and the time they prove.

Asking witnesses and authorities is done elsewhere; here nothing leaves the machine.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import count
from threading import Lock
from typing import Any, Final, NamedTuple

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.commands.anchors import AnchorCheckpoint
from domain.events import Event
from domain.events.anchors import CheckpointStamped, CheckpointWitnessed
from domain.ledger.connections import Connections
from domain.ledger.log import Anchor, Signed
from domain.ledger.migrations import Names, placeholders
from domain.proof.note import Note, parse_note, parse_signatures
from domain.streams import lane_of
from domain.values import Instant

PAGE_MAX: Final = 200
OWN_TOPICS: Final = (CheckpointStamped.TOPIC, CheckpointWitnessed.TOPIC)
"""What the anchoring itself writes: a log that has grown by nothing else need not be anchored."""


class AnchorKind(StrEnum):
    """What was said of a checkpoint."""

    WITNESS = "witness"
    """The content is the witness's line of the note."""
    STAMP = "rfc3161"
    """The content is the authority's answer."""
    COPY = "copy"
    """The content is where the copy is."""
    REFUSED = "refused"
    """The content is how a witness said that it holds another history, or a longer one."""


class Stamped(NamedTuple):
    """A stamp on record: which checkpoint, when, and where the record of it is in its lane."""

    position: int
    size: int
    at: Instant


class Bracket(msgspec.Struct, frozen=True):
    """Between which instants, by clocks of outsiders, an event was recorded."""

    not_before: Instant | None = None
    """When the newest stamp was made that the event's `after` covers; the event commits to it."""
    not_after: Instant | None = None
    """When the first stamp was made that covers the event."""


def anchors_reference(lane: int, lanes: int) -> str:
    """Return the reference of the stream, of family `ledger`, that a lane's anchors are told on.

    A stamp bounds the time of what comes after it in its own lane only, so it must be recorded
    there: a lane's stream is the first of `anchors`, `anchors-1`, `anchors-2`… that lies in it.
    """
    names = (f"anchors-{number}" if number else "anchors" for number in count())
    return next(name for name in names if lane_of(name, lanes) == lane)


def anchors_stream(lane: int, lanes: int) -> str:
    """Return the stream that a lane's anchors are told on."""
    return f"ledger:{anchors_reference(lane, lanes)}"


def decide_anchors(command: AnchorCheckpoint) -> tuple[Event, ...]:
    """Return the facts of a checkpoint's anchors."""
    stamps = [
        CheckpointStamped(
            lane=command.lane,
            size=command.size,
            root=command.root,
            authority=one.authority,
            stamped_at=one.stamped_at,
            token=one.token,
        )
        for one in command.stamps
    ]
    if not command.cosignatures:
        return tuple(stamps)
    witnessed = CheckpointWitnessed(
        lane=command.lane,
        size=command.size,
        root=command.root,
        cosignatures=command.cosignatures,
    )
    return (*stamps, witnessed)


def bracket(stamps: Sequence[Stamped], *, position: int, after: int) -> Bracket:
    """Return the time bracket of an event at a position whose `after` names this size (or 0).

    `stamps` are those of its lane in the order of the record.
    """
    earlier = bisect_right(stamps, after, key=lambda stamp: stamp.position)
    first = bisect_left(stamps, position, key=lambda stamp: stamp.size)
    return Bracket(
        not_before=stamps[earlier - 1].at if earlier else None,
        not_after=stamps[first].at if first < len(stamps) else None,
    )


def cosigned(signed: Signed, anchors: Sequence[Anchor]) -> Note:
    """Return a checkpoint's note with the lines of the witnesses that cosigned it."""
    lines = [
        signature
        for anchor in anchors
        if anchor.kind == AnchorKind.WITNESS
        for signature in parse_signatures(anchor.content.decode())
    ]
    return parse_note(signed.note).with_signatures(lines)


class Anchors:
    """The anchors of one ledger; the notary's role adds to them, every role reads."""

    def __init__(self, connections: Connections, *, names: Names = Names()) -> None:  # noqa: B008
        """Read and write with the given connections."""
        self._connections = connections
        quoted = placeholders(names)
        self._statements = {name: text.format_map(quoted) for name, text in _STATEMENTS.items()}

    def add(self, anchor: Anchor) -> bool:
        """Keep what somebody said; return False if they have said it of this checkpoint before."""

        def work(cursor: Cursor) -> bool:
            cursor.execute(self._statements["add"], anchor._asdict())
            return bool(cursor.rowcount)

        return self._connections.write(anchor.lane, work)

    def newest(self, lane: int, kind: AnchorKind, name: str) -> Anchor | None:
        """Return what somebody said last."""
        rows = self._read("newest", {"lane": lane, "kind": kind.value, "name": name})
        if not rows:
            return None
        size, content, at = rows[0]
        return Anchor(lane, size, kind.value, name, bytes(content), at)

    def witnessed(
        self, lane: int, names: Sequence[str], quorum: int, *, from_size: int = 0
    ) -> int | None:
        """Return the newest size, at least `from_size`, that so many of these have cosigned."""
        values = {"lane": lane, "names": list(names), "quorum": quorum, "size": from_size}
        rows = self._read("witnessed", values)
        return int(rows[0][0]) if rows else None

    def first_cosigned(self, lane: int, names: Sequence[str], *, from_size: int) -> list[Anchor]:
        """Return of each of these witnesses what it said first of a checkpoint that large."""
        values = {"lane": lane, "names": list(names), "size": from_size}
        return [
            Anchor(lane, int(size), AnchorKind.WITNESS.value, name, bytes(content), at)
            for size, name, content, at in self._read("first_cosigned", values)
        ]

    def last_told(self, lane: int) -> tuple[int, Instant] | None:
        """Return of which size a cosignature was put on record last, and when."""
        rows = self._read("last_told", {"lane": lane, "topic": CheckpointWitnessed.TOPIC})
        if not rows:
            return None
        told = _WITNESSED.decode(rows[0][0])
        return told.data.size, told.at

    def has_grown(self, lane: int, *, after: int, upto: int) -> bool:
        """Return whether more was recorded in a lane than the anchoring itself records."""
        values = {"lane": lane, "after": after, "upto": upto, "topics": list(OWN_TOPICS)}
        return bool(self._read("grown", values))

    def last_of(self, lane: int, topics: Sequence[str], *, after: int, upto: int) -> int | None:
        """Return the last position between two that holds an event of these topics."""
        values = {"lane": lane, "after": after, "upto": upto, "topics": list(topics)}
        position: int | None = self._read("last_of", values)[0][0]
        return position

    def stamps(self, lane: int, stream: str, *, after_version: int) -> list[tuple[int, Stamped]]:
        """Return stamps on record behind a version of a lane's stream, each with its version."""
        values = {
            "lane": lane,
            "stream": stream,
            "after": after_version,
            "topic": CheckpointStamped.TOPIC,
            "limit": PAGE_MAX,
        }
        found = []
        for version, position, state in self._read("stamps", values):
            said = _STATE.decode(state).data
            found.append((int(version), Stamped(int(position), said.size, said.stamped_at)))
        return found

    def _read(self, name: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        statement = self._statements[name]

        def work(cursor: Cursor) -> list[tuple[Any, ...]]:
            cursor.execute(statement, values)
            return cursor.fetchall()

        return self._connections.read(work)


class AnchorHistory:
    """Every stamp on record, by lane: read on as the record grows, and kept."""

    def __init__(self, anchors: Anchors, lanes: int) -> None:
        """Begin with nothing read."""
        self._anchors = anchors
        self._streams = [anchors_stream(lane, lanes) for lane in range(lanes)]
        self._versions = [0] * lanes
        self._stamps: list[list[Stamped]] = [[] for _ in range(lanes)]
        self._lock = Lock()

    def stamps(self, lane: int) -> Sequence[Stamped]:
        """Return a lane's stamps in the order of the record, as it stands now."""
        with self._lock:
            while True:
                page = self._anchors.stamps(
                    lane, self._streams[lane], after_version=self._versions[lane]
                )
                if not page:
                    return self._stamps[lane].copy()
                self._versions[lane] = page[-1][0]
                self._stamps[lane] += [stamp for _, stamp in page]


class _Said(msgspec.Struct):
    """What of a stamp's record is needed to bound times; its token is passed over."""

    size: int
    stamped_at: Instant


class _State(msgspec.Struct):
    """A record, as far as that."""

    data: _Said


class _Size(msgspec.Struct):
    """What of a cosignature's record is needed to go on from it."""

    size: int


class _Witnessed(msgspec.Struct):
    """A record, as far as that."""

    at: Instant
    data: _Size


_STATE: Final = msgspec.json.Decoder(_State)
_WITNESSED: Final = msgspec.json.Decoder(_Witnessed)
_STATEMENTS: Final[dict[str, str]] = {
    "add": (
        "insert into {ledger}.anchor(lane, size, kind, name, content, obtained_at)"
        " values (%(lane)s, %(size)s, %(kind)s, %(name)s, %(content)s, %(obtained_at)s)"
        " on conflict (lane, size, kind, name) do nothing"
    ),
    "newest": (
        "select size, content, obtained_at from {ledger}.anchor where lane = %(lane)s"
        " and kind = %(kind)s and name = %(name)s order by size desc limit 1"
    ),
    "witnessed": (
        "select size from {ledger}.anchor where lane = %(lane)s and size >= %(size)s"
        " and kind = 'witness' and name = any(%(names)s)"
        " group by size having count(*) >= %(quorum)s order by size desc limit 1"
    ),
    "first_cosigned": (
        "select distinct on (name) size, name, content, obtained_at from {ledger}.anchor"
        " where lane = %(lane)s and size >= %(size)s and kind = 'witness'"
        " and name = any(%(names)s) order by name, size"
    ),
    "last_told": (
        "select state from {ledger}.event where lane = %(lane)s and topic = %(topic)s"
        " order by position desc limit 1"
    ),
    "grown": (
        "select from {ledger}.event where lane = %(lane)s and position > %(after)s"
        " and position <= %(upto)s and topic <> all(%(topics)s) limit 1"
    ),
    "last_of": (
        "select max(position) from {ledger}.event where lane = %(lane)s"
        " and position > %(after)s and position <= %(upto)s and topic = any(%(topics)s)"
    ),
    "stamps": (
        "select version, position, state from {ledger}.event where lane = %(lane)s"
        " and stream = %(stream)s and version > %(after)s and topic = %(topic)s"
        " order by version limit %(limit)s"
    ),
}
