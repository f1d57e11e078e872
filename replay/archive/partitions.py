"""What one worker does for an archive: pure functions of some files, asked for by small tasks.

Every file that is read is hashed first. A file that is not what the manifest says is a finding;
where it can still be read its rows are judged, for they tell what was changed.
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import le
from pathlib import Path
from typing import NamedTuple

import msgspec

from domain.proof.tiles import WIDTH
from replay.archive.files import Batch, Unreadable, read_checkpoints, read_records
from replay.archive.layout import parts_of, range_path
from replay.archive.manifest import File, LaneArchive, Manifest, Range
from replay.verify.checkpoints import Stored
from replay.verify.report import Finding


class Slice(msgspec.Struct, frozen=True):
    """Some positions of a lane, beginning with a tile, and the ranges that hold them."""

    directory: str
    lane: int
    origin: str
    parts: int
    first: int
    """The position before the first."""
    last: int
    ranges: tuple[Range, ...]
    keys: tuple[bytes, ...]
    """The public keys that may have signed the lane's checkpoints."""
    wanted: tuple[int, ...]
    """Sizes at which a root is asked for, in order."""


class Part(msgspec.Struct, frozen=True):
    """Whole matters of a lane: one part of all its ranges."""

    directory: str
    lane: int
    part: int
    ranges: tuple[Range, ...]

    def files(self) -> Iterator[tuple[Range, File]]:
        """Yield its files, in the order of the lane."""
        for one in self.ranges:
            for file in one.files:
                if file.part == self.part:
                    yield one, file


class Content(NamedTuple):
    """The bytes of a file, and what is wrong with them; None when they can not be read at all."""

    content: bytes | None
    wrong: str | None


def slices(
    directory: Path,
    lane: LaneArchive,
    parts: int,
    keys: tuple[bytes, ...],
    wanted: set[int],
) -> list[Slice]:
    """Return a lane as slices, one a range: they end with a tile, the last one with the lane.

    What a range holds beyond its last whole tile belongs to the slice behind it.
    """
    whole = {one.last // WIDTH * WIDTH for one in lane.ranges[:-1]}
    ends = sorted((whole | {lane.size}) - {0})
    asked = sorted(wanted | {one.last for one in lane.ranges})
    found = []
    first = 0
    for last in ends:
        ranges = tuple(one for one in lane.ranges if one.last > first and one.first <= last)
        sizes = tuple(size for size in asked if first < size <= last)
        found.append(
            Slice(
                directory=str(directory.absolute()),  # a cluster's workers start elsewhere
                lane=lane.lane,
                origin=lane.origin,
                parts=parts,
                first=first,
                last=last,
                ranges=ranges,
                keys=keys,
                wanted=sizes,
            )
        )
        first = last
    return found


def matter_parts(directory: Path, manifest: Manifest) -> list[Part]:
    """Return an archive as parts: every matter lies in one of them, whole."""
    return [
        Part(str(directory.absolute()), lane.lane, part, lane.ranges)
        for lane in manifest.lanes
        for part in range(manifest.parts)
        if any(file.part == part for one in lane.ranges for file in one.files)
    ]


def open_file(directory: str, lane: int, extent: Range, file: File) -> Content:
    """Return the bytes of a file, hashed, and what is wrong with them."""
    path = Path(directory) / range_path(lane, extent.extent) / file.name
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Content(None, "it is missing")
    except OSError as error:
        return Content(None, f"it can not be read: {error.strerror}")
    if hashlib.sha256(content).hexdigest() != file.sha256:
        return Content(content, "its bytes are not those that were sealed")
    if len(content) != file.size:
        return Content(content, f"it has {len(content)} bytes, the manifest says {file.size}")
    return Content(content, None)


class Read(msgspec.Struct):
    """What the files of a slice hold."""

    batch: Batch
    checkpoints: list[Stored]
    findings: list[Finding]
    lost: bool
    """Whether a file could not be read, so that rows are missing which may not be missing."""


def read_slice(task: Slice) -> Read:
    """Return the rows of a slice in order, and its checkpoints."""
    found = Read(Batch.empty(), [], [], lost=False)
    checkpoints: dict[int, Stored] = {}
    for one in task.ranges:
        owned = task.first < one.last <= task.last  # others read it too, and one of them tells
        for file in one.files:
            wrong, batch, stored = _read_file(task, one, file)
            if wrong is not None and owned:
                found.findings.append(_finding("A01", task, one, file, wrong))
            if batch is None and stored is None:
                found.lost = True
            if batch is not None:
                if owned:
                    found.findings += _misplaced(task, one, file, batch)
                found.batch.extend(batch.between(task.first, task.last))
            for each in stored or ():
                checkpoints.setdefault(each.size, each)
    found.batch = found.batch.in_order()
    found.checkpoints = [checkpoints[size] for size in sorted(checkpoints)]
    return found


def read_part(task: Part) -> tuple[Batch, list[Finding]]:
    """Return the rows of a part in order, and which of its files are not what was sealed."""
    whole, findings = Batch.empty(), []
    for one, file in task.files():
        content, wrong = open_file(task.directory, task.lane, one, file)
        if wrong is None and content is not None:
            try:
                rows = read_records(content, task.part)
                wrong = _other_rows(one, file, rows.rows.positions)
                if wrong is None:
                    whole.extend(rows)
                    continue
            except Unreadable as error:
                wrong = str(error)
        path = f"{range_path(task.lane, one.extent)}/{file.name}"
        findings.append(Finding("A01", task.lane, one.first, None, None, f"{path}: {wrong}"))
    return whole, findings


def _read_file(
    task: Slice, one: Range, file: File
) -> tuple[str | None, Batch | None, list[Stored] | None]:
    """Return what is wrong with a file, and its rows or checkpoints if it can be read."""
    content, wrong = open_file(task.directory, task.lane, one, file)
    if content is None:
        return wrong, None, None
    try:
        if file.part is None:
            return wrong, None, read_checkpoints(content)
        return wrong, read_records(content, file.part), None
    except Unreadable as error:
        return f"{wrong or 'it can not be used'}: {error}", None, None


def _misplaced(task: Slice, one: Range, file: File, batch: Batch) -> Iterator[Finding]:
    """Yield where a file's rows are not those the manifest names, or out of order."""
    positions = batch.rows.positions
    if (other := _other_rows(one, file, positions)) is not None:
        yield _finding("A02", task, one, file, other)
    if any(map(le, islice(positions, 1, None), positions)):
        yield _finding("A02", task, one, file, "its rows are not in the order of their positions")
    if set(parts_of(set(batch.matters), task.parts).values()) - {file.part}:
        yield _finding("A02", task, one, file, "it holds a matter of another part")


def _other_rows(one: Range, file: File, positions: Sequence[int]) -> str | None:
    """Return how a file's rows are not those that the manifest counts and places, if so."""
    if len(positions) != file.rows:
        return f"it holds {len(positions)} rows, the manifest says {file.rows}"
    if positions and not (one.first <= min(positions) and max(positions) <= one.last):
        return "it holds rows of another range"
    return None


def _finding(code: str, task: Slice, one: Range, file: File, what: str) -> Finding:
    path = f"{range_path(task.lane, one.extent)}/{file.name}"
    return Finding(code, task.lane, one.first, None, None, f"{path}: {what}")
