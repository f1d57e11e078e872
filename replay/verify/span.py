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
from domain.proof.canonical import BYTES_MAX
from domain.proof.chain import GENESIS
from domain.proof.merkle import HASH_SIZE, perfect_root
from domain.proof.tiles import WIDTH
from replay.verify.leaves import NO_LEAF, differences, in_place, perfect_subtrees
from replay.verify.lines import (
    After,
    Line,
    NoLine,
    commitments,
    contents,
    holds_commitment,
    read_line,
    read_lines,
    sealed_content,
)
from replay.verify.report import Finding
from replay.verify.rows import Rows, microseconds, spelled

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
    sealed: tuple[str, ...] = ()
    """Of a personal content, the commitments to its descriptor and its key."""


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

    def add(self, code: str, lane: int, place: tuple[int, str, int], what: str) -> None:
        """Note a finding at a row."""
        self.findings.append(Finding(code, lane, *place, what))


BEFORE_ALL: Final = Link(0, GENESIS.hex(), "", 0)
"""What the first event of a stream follows."""


def check_span(
    lane: Lane, rows: Rows, *, first: int, last: int, logged: Logged, personal: bool = True
) -> Span:
    """Return what the rows of the positions after `first` up to `last` come to.

    Where no personal values are at hand, `personal` is false and what commits to them is not noted.
    """
    span = Span(first, last, events=len(rows))
    leaves = [leaf for part in rows.parts() for leaf in _read(span, lane, part, personal=personal)]
    placed, gaps = in_place(lane.number, rows, leaves, first=first, last=last)
    span.findings += gaps
    _compare(span, lane.number, rows, placed, logged)
    return span


def check_stream(lane: Lane, stream: str, rows: Rows) -> Span:
    """Return what the rows of one whole stream come to; the log is not asked."""
    span = Span(0, 0, events=len(rows))
    for part in rows.parts():
        _read(span, lane, part)
    start = span.starts.get(stream)
    if start is not None and not follows(BEFORE_ALL, start):
        span.findings.append(link_finding(lane.number, stream, BEFORE_ALL, start))
    return span


def follows(before: Link, after: Link) -> bool:
    """Return whether an event is the next of its stream."""
    return (
        after.version == before.version + 1 and after.leaf == before.leaf and after.at >= before.at
    )


def link_finding(lane: int, stream: str, before: Link, after: Link) -> Finding:
    """Return what is wrong where an event of a stream does not follow the one before it."""
    place = (lane, after.position, stream, after.version)
    if after.version == before.version + 1:
        if after.leaf != before.leaf:
            return Finding("E07", *place, "it names another predecessor than the one before it")
        return Finding("E08", *place, f"recorded {after.at}, its predecessor {before.at}")
    if after.version > before.version:
        what = f"version {before.version + 1} of its stream does not stand before it"
        return Finding("E06", *place, what)
    what = f"version {before.version} stands before it, at position {before.position}"
    return Finding("E12", *place, what)


def check_bounds(lane: int, rows: Rows, bounds: Sequence[Bound]) -> list[Finding]:
    """Return the events that are younger than what covers them, or were covered too late.

    The bounds come in order of size, and one of them lies at or beyond the last row.
    """
    found: list[Finding] = []
    times = rows.recorded_at
    for stamped in (False, True):
        start = 0
        for bound in bounds:
            if bound.stamped is not stamped:
                continue
            end = bisect_left(rows.positions, bound.size + 1, start)
            within = times[start:end]
            if within and max(within) > bound.at + SKEW_US:
                place = rows.place(start + within.index(max(within)))
                who = "stamped outside" if stamped else "published"
                what = f"recorded after the checkpoint of size {bound.size} was {who}"
                found.append(Finding("E19", lane, *place, what))
            if within and not stamped and min(within) < bound.at - LATE_US:
                place = rows.place(start + within.index(min(within)))
                what = "more than three days older than the first checkpoint that covers it"
                found.append(Finding("E24", lane, *place, what))
            start = end
    return found


def _read(span: Span, lane: Lane, rows: Rows, *, personal: bool = True) -> Sequence[bytes | None]:
    """Read rows by their bytes, and return their leaf hashes; None of one that is too long."""
    sha256 = hashlib.sha256
    leaves = [sha256(b"\x00" + state).digest() for state in rows.states]
    whole = max(map(len, rows.states), default=0) <= BYTES_MAX
    if leaves != rows.leaf_hashes:
        for at, (leaf, stored) in enumerate(zip(leaves, rows.leaf_hashes, strict=True)):
            if leaf != stored and len(rows.states[at]) <= BYTES_MAX:
                what = f"the bytes hash to {leaf.hex()}, stored is {stored.hex()}"
                span.add("E03", lane.number, rows.place(at), what)
    together = read_lines(rows.states) if whole else None
    lines: Sequence[Line | None]
    if together is not None and _agree(lane, rows, together):
        lines = together
    else:  # something is wrong somewhere, so it is looked for line by line
        lines = [_line(span, lane, rows, at) for at in range(len(rows))]
    _follow(span, lane.number, rows, lines, leaves)
    _note(span, rows, lines, personal=personal)
    if whole:
        return leaves
    return [
        leaf if len(state) <= BYTES_MAX else None
        for leaf, state in zip(leaves, rows.states, strict=True)
    ]


def _agree(lane: Lane, rows: Rows, lines: Sequence[Line]) -> bool:
    """Return whether all lines are of this ledger and say what the columns beside them say."""
    try:
        recorded_at = spelled(rows.recorded_at)
    except OverflowError:
        return False
    return (
        [line.at for line in lines] == recorded_at
        and [line.stream for line in lines] == rows.streams
        and [line.version for line in lines] == rows.versions
        and [line.topic for line in lines] == rows.topics
        and [line.cause.command for line in lines] == rows.commands
        and {line.ledger for line in lines} <= {lane.origin}
    )


def _line(span: Span, lane: Lane, rows: Rows, at: int) -> Line | None:
    """Return the line of a row after comparing it with its columns; None when it is none."""
    place = rows.place(at)
    if len(rows.states[at]) > BYTES_MAX:
        what = f"it is longer than the {BYTES_MAX:,} bytes that a record has at most"
        span.add("E02", lane.number, place, what)
        return None
    try:
        line = read_line(rows.states[at])
        recorded_at = microseconds(line.at)
    except NoLine as wrong:
        span.add(wrong.code, lane.number, place, wrong.what)
        return None
    except ValueError as error:
        span.add("E02", lane.number, place, f"its instant is not spelt as one: {error}")
        return None
    same = {
        "stream": line.stream == rows.streams[at],
        "version": line.version == rows.versions[at],
        "topic": line.topic == rows.topics[at],
        "command": line.cause.command == rows.commands[at],
        "recorded_at": recorded_at == rows.recorded_at[at],
    }
    if not all(same.values()):
        names = ", ".join(name for name, is_same in same.items() if not is_same)
        what = f"these columns are not what the record says: {names}"
        span.add("E04", lane.number, place, what)
    if line.ledger != lane.origin:
        span.add("E05", lane.number, place, f"it is a record of {line.ledger}")
    return line


def _follow(
    span: Span, lane: int, rows: Rows, lines: Sequence[Line | None], leaves: Sequence[bytes]
) -> None:
    """Follow the streams of events by one event each."""
    starts, ends = span.starts, span.ends
    for line, leaf, position in zip(lines, leaves, rows.positions, strict=True):
        if line is None:
            continue
        stream, version, at = line.stream, line.version, line.at
        before = ends.get(stream)
        if before is None:
            starts[stream] = Link(version, line.prev, at, position)
        elif version != before.version + 1 or line.prev != before.leaf or at < before.at:
            after = Link(version, line.prev, at, position)
            span.findings.append(link_finding(lane, stream, before, after))
            if version <= before.version:
                continue  # the stream goes on from its highest version
        ends[stream] = Link(version, leaf.hex(), at, position)


def _note(span: Span, rows: Rows, lines: Sequence[Line | None], *, personal: bool) -> None:
    """Note what other checks need of events."""
    for line, state, position in zip(lines, rows.states, rows.positions, strict=True):
        if line is None:
            continue
        if line.after is not None:
            _note_covers(span, line, line.after, position)
        if personal and holds_commitment(state):
            span.sealed += [
                Sealed(line.stream, line.version, name, sd, position)
                for name, sd in commitments(line.data)
            ]
        if b'"sha256":' in state:
            sealed = sealed_content(line.data)
            for digest, size in contents(line.data):
                named = Named(size, position, line.stream, line.version, sealed)
                span.contents.setdefault(digest, named)
        if line.topic in _TELLING:
            _note_fact(span, line, position)


def _note_covers(span: Span, line: Line, after: After, position: int) -> None:
    """Note the checkpoint that a record names."""
    key = (after.size, after.root)
    known = span.covers.get(key)
    if known is None:
        span.covers[key] = Covers(line.at, position, line.stream, line.version, position)
    elif line.at < known.at:
        span.covers[key] = Covers(line.at, position, line.stream, line.version, known.first)


def _note_fact(span: Span, line: Line, position: int) -> None:
    """Note what a fact says of reservations, erasures and books of rules."""
    topic, data = line.topic, line.data
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
        named = Named(0, position, line.stream, line.version)
        span.books.setdefault(str(data.get("digest")), named)


def _compare(span: Span, lane: int, rows: Rows, placed: list[bytes | None], logged: Logged) -> None:
    """Compare the leaf hashes with the log's tiles, and keep the roots of the span's own tree."""
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
            span.findings += differences(lane, begins, tile[:in_log], stored, rows)
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
_TELLING: Final = _HOLDING | {TicketClosed.TOPIC, PersonalDataErased.TOPIC, PolicyAdopted.TOPIC}
"""Facts that other checks need to know of."""
