"""The verification of an archive, by itself: its files, its records, its log and who signed it.

The checks are those of an audit of a database, on rows that come from files; whatever a database
alone can tell is said not to have been checked.
"""

import hashlib
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from domain.proof import base64text
from domain.proof.checkpoint import Checkpoint, parse_checkpoint
from domain.proof.errors import ProofError
from domain.proof.keys import KeyType, VerifierKey, parse_vkey
from domain.proof.merkle import verify_consistency
from domain.proof.note import parse_note
from domain.streams import ticket_stream
from replay.archive import manifest
from replay.archive.files import Batch
from replay.archive.keeping import begun_additions
from replay.archive.layout import (
    MANIFEST,
    UNFINISHED,
    book_path,
    matter_of_ticket,
    order_of,
    ticket_of,
)
from replay.archive.manifest import LaneArchive, Manifest
from replay.archive.partitions import Slice, read_slice, slices
from replay.collecting import uncollected
from replay.engines import Engine, ordered
from replay.verify.checkpoints import Stored, check_checkpoint
from replay.verify.contents import check_books
from replay.verify.covers import check_covers
from replay.verify.joining import Joiner, Whole
from replay.verify.outside import Copies, compare, lane_of_origin, missing_lanes
from replay.verify.report import FINDINGS_MAX, Finding, Report, in_order
from replay.verify.span import Bound, Lane, Logged, Span, check_bounds, check_span

NOT_IN_ARCHIVE: Final = (
    "the ledger's tiles, reserved names, stamps, personal values and contents of the vault "
    "(they are not in an archive)"
)
OWN_KEYS: Final = (
    "whose key signed the checkpoints (the archive's own word was taken; give --key with the vkey "
    "that you have from elsewhere)"
)
OTHER_LANES: Final = (
    "whether the ledger has other lanes than these {lanes} (the archive's own word was taken; give "
    "--key or --against for each lane that you know of)"
)
Progress = Callable[[int, int], None]


class ArchiveReport(Report, frozen=True):
    """What the verification of an archive came to."""

    unfinished: bool = False
    """Whether something is being added, or was and not to the end; that itself is not checked."""

    @property
    def clean(self) -> bool:
        """Return whether nothing was found, and nothing waits for being finished."""
        return not (self.findings or self.left_out or self.unfinished)


class CheckedSlice(msgspec.Struct):
    """What a slice comes to."""

    span: Span
    claimed: list[tuple[int, bytes]]
    """The roots that the slice's checkpoints claim."""
    published: dict[tuple[int, str], int]
    """Size and root of a checkpoint → when it was published."""
    orders: dict[str, str | None]
    """Ticket → the order that its first record names."""
    filed: dict[str, str]
    """Ticket that was opened before the slice → the matter it was filed under in it."""
    unread: list[Finding]
    """What is wrong with files as such."""
    lost: bool
    """Whether rows are missing because a file could not be read."""

    def __reduce__(self) -> tuple[Callable[[bytes], "CheckedSlice"], tuple[bytes]]:
        """Travel between processes as one text: object by object takes five times as long."""
        return _travelled, (msgspec.msgpack.encode(self),)


def _travelled(written: bytes) -> CheckedSlice:
    return msgspec.msgpack.decode(written, type=CheckedSlice)


def check_slice(task: Slice) -> CheckedSlice:
    """Return what a slice of an archive comes to: a pure function of its files."""
    with uncollected():
        return _checked(task)


def _checked(task: Slice) -> CheckedSlice:
    read = read_slice(task)
    rows, lane = read.batch.rows, Lane(task.lane, task.origin)
    inside = [one for one in read.checkpoints if task.first < one.size <= task.last]
    sizes = sorted({one.size for one in inside} | set(task.wanted))
    logged = Logged(0, {}, sizes)
    span = check_span(lane, rows, first=task.first, last=task.last, logged=logged, personal=False)
    keys = [VerifierKey(task.origin, KeyType.NOTE, public) for public in task.keys]
    for one in inside:
        span.findings += check_checkpoint(lane, one, keys)
    bounds = [Bound(one.size, one.published_at, stamped=False) for one in read.checkpoints]
    span.findings += check_bounds(task.lane, rows, bounds)
    orders, filed = _filing(task, read.batch, span.findings)
    return CheckedSlice(
        span=span,
        claimed=[(one.size, one.root) for one in inside],
        published={
            (one.size, base64text.encode(one.root)): one.published_at for one in read.checkpoints
        },
        orders=orders,
        filed=filed,
        unread=read.findings,
        lost=read.lost,
    )


def verify(
    directory: Path,
    engine: Engine,
    *,
    log_keys: tuple[bytes, ...] = (),
    origins: Collection[str] = (),
    copies: Copies | None = None,
    progress: Progress = lambda _done, _all: None,
) -> ArchiveReport:
    """Return what the verification of an archive comes to; raise DamagedArchive.

    Without keys of the auditor's own, those that the archive names are taken. The origins are those
    of lanes that the auditor knows of; copies are of checkpoints that others have kept.
    """
    started = time.perf_counter()
    whole = manifest.read(directory)
    checkpoints = copies.checkpoints if copies is not None else {}
    lanes = [
        _Lane(directory, one, whole.parts, log_keys, checkpoints.get(one.lane, ()))
        for one in whole.lanes
    ]
    tasks = [task for lane in lanes for task in lane.slices]
    done = 0

    def count(task: Slice) -> None:
        nonlocal done
        done += task.last - task.first
        progress(done, whole.events)

    progress(0, whole.events)
    for task, checked in ordered(engine, check_slice, tasks, done=count):
        lanes[task.lane].join(task, checked)
    begun = begun_additions(directory)
    listed = _listed(directory, whole, begun or frozenset())
    findings = [*listed, *(one for lane in lanes for one in lane.findings())]
    findings += [*_unknown(origins, whole), *missing_lanes(checkpoints, len(lanes))]
    findings = in_order(findings)
    not_checked = [NOT_IN_ARCHIVE, *(words for lane in lanes for words in lane.not_checked())]
    if not log_keys:
        not_checked.append(OWN_KEYS)
    if not _all_known(origins, checkpoints, whole):
        not_checked.append(OTHER_LANES.format(lanes=len(lanes)))
    return ArchiveReport(
        events=sum(lane.joiner.whole.events for lane in lanes),
        seconds=round(time.perf_counter() - started, 3),
        findings=tuple(findings[:FINDINGS_MAX]),
        anchored_outside=bool(checkpoints),
        anchored_upto={lane.number: lane.agreed for lane in lanes if lane.agreed},
        not_checked=tuple(not_checked),
        left_out=sum(lane.joiner.whole.left_out for lane in lanes)
        + max(0, len(findings) - FINDINGS_MAX),
        unfinished=begun is not None,
    )


def digest(report: Report) -> str:
    """Return the SHA-256 of what a verification came to: the same wherever it was worked out."""
    told = msgspec.structs.replace(report, seconds=0)
    return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


class _Lane:
    """One lane of an archive, its slices joined in their order."""

    def __init__(
        self,
        directory: Path,
        sealed: LaneArchive,
        parts: int,
        log_keys: tuple[bytes, ...],
        copies: Sequence[Checkpoint],
    ) -> None:
        self.number = sealed.lane
        self.agreed = 0
        """The largest outside checkpoint that agrees."""
        self._directory = directory
        self._sealed = sealed
        self._within = [one for one in copies if one.size <= sealed.size]
        self._beyond = len(copies) - len(self._within)
        self._found: list[Finding] = []
        self._keys = log_keys or tuple(parse_vkey(vkey).public for vkey in sealed.keys)
        wanted = {one.size for one in self._within if one.size}
        self.slices = slices(directory, sealed, parts, self._keys, wanted)
        self.joiner = Joiner(Whole(self.number, begins=0, position=0), lambda _streams: {})
        self._published: dict[tuple[int, str], int] = {}
        self._orders: dict[str, str | None] = {}
        self._lost = False

    def join(self, task: Slice, checked: CheckedSlice) -> None:
        """Take the next slice."""
        # A thousand findings of what their lost rows leave open must not hide the files.
        self._found += checked.unread
        if checked.lost:
            self._lost = True
            self.joiner.unjudged = _OF_NEIGHBOURS
        self._published |= checked.published
        self._orders |= checked.orders
        self._found += check_covers(self.number, checked.span.covers, self._published)
        for ticket, matter in checked.filed.items():
            if ticket not in self._orders and self._lost:
                continue  # it may have been opened in what can not be read
            if matter != matter_of_ticket(ticket, self._orders.get(ticket)):
                what = f"the records of {ticket} are filed under {matter}"
                self._found.append(Finding("A02", self.number, task.first + 1, None, None, what))
        self.joiner.add(checked.span, checked.claimed, task.wanted)

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong with the lane, once all of it was joined."""
        found = [*self._found, *self._of_the_whole()]
        for one in (*self.joiner.whole.findings, *found):
            if not (self._lost and one.code in _OF_NEIGHBOURS):
                yield one

    def not_checked(self) -> Iterator[str]:
        """Yield what could not be looked at, in words."""
        if self._lost:
            yield f"chains, order and roots of lane {self.number} (files of it can not be read)"
        if self._sealed.size and not self._keys:
            yield f"who signed the checkpoints of lane {self.number} (no key of the log is known)"
        if self._beyond:
            yield f"{self._beyond} copies of lane {self.number} from beyond the archive's end"

    def _of_the_whole(self) -> Iterator[Finding]:
        """Yield where roots, the covering checkpoint, books or outside copies do not fit."""
        lane, roots = self.number, self.joiner.roots
        for one in self._sealed.ranges:
            root = base64text.encode(roots[one.last])
            if root != one.root:
                what = f"{MANIFEST} says the root is {one.root}, the events come to {root}"
                yield Finding("E16", lane, one.last, None, None, what)
        yield from self._covering()
        books = partial(_book, self._directory)
        yield from check_books(lane, self.joiner.whole.books, books)
        if not self._lost:
            against, self.agreed = compare(lane, self._within, self._sealed.size, roots)
            yield from against

    def _covering(self) -> Iterator[Finding]:
        """Yield what is wrong with the checkpoint that covers the lane."""
        sealed = self._sealed
        if sealed.checkpoint is None:
            return
        place = (self.number, sealed.size, None, None)
        try:
            said = parse_checkpoint(parse_note(sealed.checkpoint).text)
        except ProofError as error:
            yield Finding("E14", *place, f"the checkpoint in {MANIFEST} is none: {error}")
            return
        stored = Stored(said.size, said.root, sealed.checkpoint.encode(), 0)
        keys = [VerifierKey(sealed.origin, KeyType.NOTE, public) for public in self._keys]
        yield from check_checkpoint(Lane(self.number, sealed.origin), stored, keys)
        root = self.joiner.roots[sealed.size]
        if said.size < sealed.size:
            what = f"the checkpoint covers {said.size} positions, and {sealed.size} are archived"
            yield Finding("E15", *place, what)
            return
        if said.size == sealed.size:
            if sealed.consistency:
                yield Finding("A02", *place, f"{MANIFEST} proves what needs no proof")
            if said.root != root:
                what = f"signed was {said.root.hex()}, the events come to {root.hex()}"
                yield Finding("E16", *place, what)
            return
        try:
            verify_consistency(
                old=sealed.size,
                new=said.size,
                old_root=root,
                new_root=said.root,
                proof=[base64text.decode(one) for one in sealed.consistency],
            )
        except (ProofError, ValueError) as error:
            what = f"the checkpoint of size {said.size} does not cover the events: {error}"
            yield Finding("E16", *place, what)


def _unknown(origins: Collection[str], whole: Manifest) -> Iterator[Finding]:
    """Yield each lane that the auditor knows of and the archive does not."""
    held = [lane.origin for lane in whole.lanes]
    for origin in sorted({*origins} - {*held}):
        what = f"a key of {origin} was given, and the archive has no such lane"
        yield Finding("A02", lane_of_origin(origin, held), None, None, None, what)


def _all_known(
    origins: Collection[str], checkpoints: Mapping[int, Sequence[Checkpoint]], whole: Manifest
) -> bool:
    """Return whether the auditor told of every lane; of a single one nobody knows it is single."""
    told = [lane.origin in origins or lane.lane in checkpoints for lane in whole.lanes]
    return len(told) > 1 and all(told)


def _filing(
    task: Slice, batch: Batch, findings: list[Finding]
) -> tuple[dict[str, str | None], dict[str, str]]:
    """Judge the matters that rows are filed under, as far as the slice itself can tell.

    Returns the orders of tickets that were opened in it, and the matters of those that were not.
    """
    rows = batch.rows
    matters = dict(zip(rows.streams, batch.matters, strict=True))
    if list(map(matters.__getitem__, rows.streams)) != batch.matters:
        for at, (stream, matter) in enumerate(zip(rows.streams, batch.matters, strict=True)):
            if matter != matters[stream]:
                what = f"it is filed under {matter}, others of its stream under {matters[stream]}"
                findings.append(Finding("A02", task.lane, *rows.place(at), what))
    orders = {
        rows.streams[at].removeprefix(_TICKET): order_of(rows.states[at])
        for at, version in enumerate(rows.versions)
        if version == 1 and rows.streams[at].startswith(_TICKET)
    }
    filed: dict[str, str] = {}
    for stream, matter in matters.items():
        ticket = ticket_of(stream)
        if ticket is None:
            expected = stream
        elif ticket in orders:
            expected = matter_of_ticket(ticket, orders[ticket])
        else:  # beside its other streams, and so where its order says: that is told later
            expected = filed.setdefault(ticket, matter)
        if matter != expected:
            what = f"its records are filed under {matter}"
            findings.append(Finding("A02", task.lane, task.first + 1, stream, None, what))
    return orders, filed


def _listed(directory: Path, whole: Manifest, begun: frozenset[str]) -> Iterator[Finding]:
    """Yield files that the manifest does not name, and books that are not there.

    What unfinished additions have put in place is not named yet.
    """
    named = whole.paths() | {MANIFEST} | begun
    for place, directories, files in os.walk(directory):
        at = Path(place).relative_to(directory)
        links = [one for one in directories if (Path(place) / one).is_symlink()]
        directories[:] = [one for one in directories if one != UNFINISHED or str(at) != "."]
        for name in (*files, *links):
            path = (at / name).as_posix()
            if path not in named:
                yield Finding("A01", None, None, None, None, f"{path}: the manifest has no such")
    for digest in whole.books:
        content = _book(directory, digest)
        if content is None:
            what = f"{book_path(digest)}: it is missing"
            yield Finding("A01", None, None, None, None, what)
        elif hashlib.sha256(content).hexdigest() != digest:
            what = f"{book_path(digest)}: its bytes are not those that were sealed"
            yield Finding("A01", None, None, None, None, what)


def _book(directory: Path, digest: str) -> bytes | None:
    if len(digest) != 64 or not digest.isalnum():
        return None  # a record may name anything, and this becomes a path
    try:
        return (directory / book_path(digest)).read_bytes()
    except OSError:
        return None


_TICKET: Final = ticket_stream("")
_OF_NEIGHBOURS: Final = frozenset({"E06", "E07", "E08", "E09", "E10", "E11", "E12", "E16", "E18"})
"""What can not be told of rows whose neighbours can not be read."""
