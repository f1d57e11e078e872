"""The check of one span of a lane: a pure function of its rows; spans that touch can be joined.

A span begins where a tile of the log begins. Nothing outside it is asked: what it must fit to its
neighbours it tells, and `joining` compares.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from domain.events import EVENTS, PersonalDataErased, PolicyAdopted, TicketClosed
from domain.proof.chain import GENESIS
from domain.proof.merkle import HASH_SIZE, perfect_root
from domain.proof.tiles import WIDTH
from replay.verify.leaves import NO_LEAF, differences, in_place, perfect_subtrees
from replay.verify.lines import Line, NoLine, commitments, contents, read_line
from replay.verify.report import Finding
from replay.verify.rows import Row, microseconds

SKEW_US: Final = 60_000_000
"""How far apart the clocks of one ledger's machines may be: a minute."""
LATE_US: Final = 3 * 24 * 3_600 * 1_000_000
"""How long an event may wait for the log: three days. The notary takes a second, unless it is down,
and over a weekend nobody may notice."""


class Lane(NamedTuple):
    """What was settled about a lane when the ledger was made."""

    number: int
    origin: str


class Link(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One end of a stream within a span."""

    version: int
    leaf: str
    """Of a first event the predecessor it names, of a last one its own leaf hash."""
    at: str
    position: int


class Covers(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The checkpoint that records name: the earliest of them, and the first in the lane."""

    at: str
    position: int
    stream: str
    version: int
    first: int


class Sealed(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A personal value that a record commits to."""

    stream: str
    version: int
    name: str
    sd: str
    position: int


class Named(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Where a content of the vault, or a book, is named first."""

    size: int
    position: int
    stream: str
    version: int


class Logged(NamedTuple):
    """What the lane's log says of a span."""

    size: int
    """How many leaves the log has in all."""
    tiles: Mapping[int, bytes]
    """Number of a tile of level 0 → its hashes; a tile that is lost is not here."""
    wanted: Sequence[int]
    """The sizes in this span at which a root is wanted."""


class Bound(NamedTuple):
    """The events up to a position were there at a moment."""

    size: int
    at: int
    stamped: bool
    """By somebody outside; else the ledger's own word that a checkpoint was published."""


class Span(msgspec.Struct):
    """What a span comes to."""

    first: int
    """The position before its first."""
    last: int
    events: int = 0
    findings: list[Finding] = []
    starts: dict[str, Link] = {}
    ends: dict[str, Link] = {}
    tile_roots: list[bytes] = []
    """The root of every whole tile."""
    partial: dict[int, tuple[bytes, ...]] = {}
    """Wanted size → the perfect subtrees of its unfinished tile, largest first."""
    covers: dict[tuple[int, str], Covers] = {}
    sealed: list[Sealed] = []
    contents: dict[str, Named] = {}
    books: dict[str, Named] = {}
    holds: dict[str, tuple[str, ...]] = {}
    """Ticket → the names it reserves at the end, where the span says so."""
    erased: list[tuple[str, int, str]] = []
    """Stream, version and pointer of what a fact of the span says is not to be read any more."""
    erased_contents: list[str] = []
    """Digests of what such facts say was taken out of the vault."""
    unopened: list[tuple[Sealed, str]] = []
    """What does not open and why; lawful where it was erased."""

    def add(self, code: str, lane: int, row: Row, what: str) -> None:
        """Note a finding at a row."""
        self.findings.append(Finding(code, lane, row.position, row.stream, row.version, what))


BEFORE_ALL: Final = Link(0, GENESIS.hex(), "", 0)
"""What the first event of a stream follows."""


def check_span(lane: Lane, rows: Sequence[Row], *, first: int, last: int, logged: Logged) -> Span:
    """Return what the rows of the positions after `first` up to `last` come to."""
    span = Span(first, last, events=len(rows))
    leaves = _read(span, lane, rows)
    placed, gaps = in_place(lane.number, rows, leaves, first=first, last=last)
    span.findings += gaps
    _compare(span, lane.number, rows, placed, logged)
    return span


def check_stream(lane: Lane, stream: str, rows: Sequence[Row]) -> Span:
    """Return what the rows of one whole stream come to; the log is not asked."""
    span = Span(0, 0, events=len(rows))
    _read(span, lane, rows)
    start = span.starts.get(stream)
    wrong = link_finding(lane.number, stream, BEFORE_ALL, start) if start else None
    if wrong is not None:
        span.findings.append(wrong)
    return span


def link_finding(lane: int, stream: str, before: Link, after: Link) -> Finding | None:
    """Return what is wrong between two successive events of a stream in the lane's order."""
    place = (lane, after.position, stream, after.version)
    if after.version == before.version + 1:
        if after.leaf != before.leaf:
            return Finding("E07", *place, "it names another predecessor than the one before it")
        if after.at < before.at:
            return Finding("E08", *place, f"recorded {after.at}, its predecessor {before.at}")
        return None
    if after.version > before.version:
        what = f"version {before.version + 1} of its stream does not stand before it"
        return Finding("E06", *place, what)
    what = f"version {before.version} stands before it, at position {before.position}"
    return Finding("E12", *place, what)


def check_bounds(lane: int, rows: Sequence[Row], bounds: Sequence[Bound]) -> list[Finding]:
    """Return the events that are younger than what covers them, or were covered too late.

    The bounds come in order of size, and one of them lies at or beyond the last row.
    """
    found: list[Finding] = []
    positions = [row.position for row in rows]
    times = [row.recorded_at for row in rows]
    for stamped in (False, True):
        start = 0
        for bound in bounds:
            if bound.stamped is not stamped:
                continue
            end = bisect_left(positions, bound.size + 1, start)
            within = times[start:end]
            if within and max(within) > bound.at + SKEW_US:
                row = rows[start + within.index(max(within))]
                who = "stamped outside" if stamped else "published"
                what = f"recorded after the checkpoint of size {bound.size} was {who}"
                found.append(Finding("E19", lane, row.position, row.stream, row.version, what))
            if within and not stamped and min(within) < bound.at - LATE_US:
                row = rows[start + within.index(min(within))]
                what = "more than three days older than the first checkpoint that covers it"
                found.append(Finding("E24", lane, row.position, row.stream, row.version, what))
            start = end
    return found


def _read(span: Span, lane: Lane, rows: Sequence[Row]) -> list[bytes]:
    """Read rows by their bytes, and return their leaf hashes."""
    sha256 = hashlib.sha256
    leaves = []
    for row in rows:
        leaf = sha256(b"\x00" + row.state).digest()
        leaves.append(leaf)
        if leaf != row.leaf_hash:
            what = f"the bytes hash to {leaf.hex()}, stored is {row.leaf_hash.hex()}"
            span.add("E03", lane.number, row, what)
        line = _line(span, lane, row)
        if line is not None:
            _follow(span, lane.number, row, line, leaf)
            _note(span, row, line)
    return leaves


def _line(span: Span, lane: Lane, row: Row) -> Line | None:
    """Return the line of a row after comparing it with its columns; None when it is none."""
    try:
        line = read_line(row.state)
        at = microseconds(line.at)
    except NoLine as wrong:
        span.add(wrong.code, lane.number, row, wrong.what)
        return None
    except ValueError as error:
        span.add("E02", lane.number, row, f"its instant is not spelt as one: {error}")
        return None
    if (
        line.stream != row.stream
        or line.version != row.version
        or line.topic != row.topic
        or line.cause.command != row.command
        or at != row.recorded_at
    ):
        span.add("E04", lane.number, row, _differing(line, row, at))
    if line.ledger != lane.origin:
        span.add("E05", lane.number, row, f"it is a record of {line.ledger}")
    return line


def _differing(line: Line, row: Row, at: int) -> str:
    """Return which columns are not what the record says."""
    pairs = {
        "stream": line.stream == row.stream,
        "version": line.version == row.version,
        "topic": line.topic == row.topic,
        "command": line.cause.command == row.command,
        "recorded_at": at == row.recorded_at,
    }
    names = ", ".join(name for name, same in pairs.items() if not same)
    return f"these columns are not what the record says: {names}"


def _follow(span: Span, lane: int, row: Row, line: Line, leaf: bytes) -> None:
    """Follow the stream of an event by one."""
    stream, version, at = line.stream, line.version, line.at
    before = span.ends.get(stream)
    if before is None:
        span.starts[stream] = Link(version, line.prev, at, row.position)
    elif version != before.version + 1 or line.prev != before.leaf or at < before.at:
        wrong = link_finding(lane, stream, before, Link(version, line.prev, at, row.position))
        assert wrong is not None, "one of the three is a finding"
        span.findings.append(wrong)
        if version <= before.version:
            return  # the stream goes on from its highest version
    span.ends[stream] = Link(version, leaf.hex(), at, row.position)


def _note(span: Span, row: Row, line: Line) -> None:
    """Note what other checks need of an event."""
    after = line.after
    if after is not None:
        key = (after.size, after.root)
        known = span.covers.get(key)
        if known is None:
            span.covers[key] = Covers(
                line.at, row.position, line.stream, line.version, row.position
            )
        elif line.at < known.at:
            span.covers[key] = Covers(line.at, row.position, line.stream, line.version, known.first)
    state, data = row.state, line.data
    if b'"sd":' in state:
        span.sealed += [
            Sealed(line.stream, line.version, name, sd, row.position)
            for name, sd in commitments(data)
        ]
    if b'"sha256":' in state:
        for digest, size in contents(data):
            named = Named(size, row.position, line.stream, line.version)
            span.contents.setdefault(digest, named)
    topic = line.topic
    if topic in _HOLDING:
        span.holds[line.stream] = tuple(data.get("holds", ()))
    elif topic == TicketClosed.TOPIC:
        span.holds[line.stream] = ()
    elif topic == PersonalDataErased.TOPIC:
        span.erased += [(line.stream, one["version"], one["pointer"]) for one in data["places"]]
        span.erased_contents += [one["digest"] for one in data.get("contents", ())]
        # A content is erased as a whole: its digest stands for the place.
        span.erased += [(line.stream, 0, one["digest"]) for one in data.get("contents", ())]
    elif topic == PolicyAdopted.TOPIC:
        named = Named(0, row.position, line.stream, line.version)
        span.books.setdefault(str(data.get("digest")), named)


def _compare(
    span: Span, lane: int, rows: Sequence[Row], placed: list[bytes | None], logged: Logged
) -> None:
    """Compare the leaf hashes with the log's tiles, and keep the roots of the span's own tree."""
    at_position = {row.position: row for row in rows} if None in placed else {}
    wanted = iter([size for size in logged.wanted if size % WIDTH])
    size = next(wanted, None)
    for start in range(0, len(placed), WIDTH):
        number = (span.first + start) // WIDTH
        tile = placed[start : start + WIDTH]
        begins = span.first + start
        in_log = min(WIDTH, max(0, logged.size - begins))
        stored = logged.tiles.get(number, b"")[: in_log * HASH_SIZE]
        ours = b"".join([leaf or NO_LEAF for leaf in tile])
        if stored != ours[: in_log * HASH_SIZE]:
            rows_here = at_position or {row.position: row for row in rows}
            span.findings += differences(lane, begins, tile[:in_log], stored, rows_here)
            if None in tile:  # an event that is gone was found; the log is judged by itself
                ours = b"".join(
                    [
                        leaf or stored[at * HASH_SIZE : (at + 1) * HASH_SIZE] or NO_LEAF
                        for at, leaf in enumerate(tile)
                    ]
                )
        while size is not None and size <= begins + len(tile) and size // WIDTH == number:
            span.partial[size] = perfect_subtrees(ours[: (size - begins) * HASH_SIZE])
            size = next(wanted, None)
        if len(tile) == WIDTH:
            span.tile_roots.append(perfect_root(ours))


_HOLDING: Final = frozenset(
    topic for topic, event in EVENTS.items() if "holds" in event.__struct_fields__
)
"""Facts that say which names their ticket reserves from then on."""
