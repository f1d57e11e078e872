"""Writing an archive: ranges one after the other, each whole or not there; the manifest last."""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import msgspec
import pyarrow as pa

from domain.events import PolicyAdopted
from domain.proof import base64text
from domain.proof.chain import leaf_hash
from domain.proof.keys import KeyType, VerifierKey
from domain.proof.merkle import CompactRange
from replay.archive import manifest
from replay.archive.files import Writer, write_checkpoints
from replay.archive.keeping import Kept, Workshop, file_of, require_named
from replay.archive.layout import (
    CHECKPOINTS,
    MANIFEST,
    PARTS,
    RANGE,
    UNFINISHED,
    Extent,
    book_path,
    extents,
    matter_of,
    part_name,
    parts_of,
    ticket_of,
)
from replay.archive.manifest import FORMAT, LaneArchive, Manifest, Range
from replay.archive.refusals import CannotArchive, NotYetSigned, RecordDamaged
from replay.archive.source import Recorded
from replay.verify.lines import NoLine, read_line
from replay.verify.rows import Rows

Progress = Callable[[int, int], None]
"""Told how many positions of how many are archived."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asked to have archived."""

    directory: Path
    moment: Mapping[int, int] | None = None
    """Up to where in every lane; without it, up to the newest checkpoints."""
    log_keys: tuple[bytes, ...] = ()
    """The public keys that sign the log's checkpoints."""
    parts: int | None = None
    width: int | None = None
    """Positions of a range; parts and width of an archive there is stay what they are."""


def write(
    source: Recorded, order: Order, progress: Progress = lambda _done, _all: None
) -> Manifest:
    """Bring a directory to a moment of a ledger, and return its manifest.

    What an interrupted call had finished is kept after it was verified. Raises CannotArchive,
    DamagedArchive where the manifest or a file that it names is not what was written, and
    RecordDamaged.
    """
    with _made(order.directory), _alone(order.directory):
        before = _before(order, source.origins())
        require_named(order.directory, before)
        order = msgspec.structs.replace(order, parts=before.parts, width=before.range)
        return _Writing(source, order, before).run(progress)


class _Writing:
    """One archive being written."""

    def __init__(self, source: Recorded, order: Order, before: Manifest) -> None:
        self._source = source
        self._order = order
        self._before = before
        self._workshop = Workshop(order.directory, before)

    def run(self, progress: Progress) -> Manifest:
        sizes = [self._size(lane) for lane in self._before.lanes]
        for lane, size in zip(self._before.lanes, sizes, strict=True):
            self._require_growth(lane, size)
        done, total = self._before.events, sum(sizes)
        progress(done, total)
        books: dict[int, set[str]] = {}
        lanes = []
        for lane, size in zip(self._before.lanes, sizes, strict=True):
            ranges = list(lane.ranges)
            for extent in extents(lane.size, size, self._before.range):
                kept = self._kept(lane, extent) or self._write(lane, extent)
                ranges.append(kept.range)
                books.setdefault(lane.lane, set()).update(kept.books)
                done += extent.last - extent.first + 1
                progress(done, total)
            lanes.append(self._sealed(lane, size, tuple(ranges)))
        contents = self._source.books(books)
        for digest, content in contents.items():
            manifest.put(self._order.directory / book_path(digest), content)
        named = tuple(sorted({*self._before.books, *contents}))
        whole = msgspec.structs.replace(self._before, lanes=tuple(lanes), books=named)
        self._workshop.publish(whole)
        return whole

    def _size(self, lane: LaneArchive) -> int:
        """Return up to where a lane is archived: what one command recorded is never parted.

        A command whose end is not signed yet is left for later.
        """
        signed = self._source.signed_upto(lane.lane)
        wanted = signed if self._order.moment is None else self._order.moment[lane.lane]
        if wanted > signed:
            raise NotYetSigned(f"lane {lane.lane} is signed up to {signed}, not up to {wanted}")
        if not wanted:
            return 0
        deed = self._source.deed(lane.lane, wanted)
        if deed.last <= signed:
            return deed.last
        return max(deed.first - 1, min(wanted, lane.size))

    def _require_growth(self, lane: LaneArchive, size: int) -> None:
        """Refuse to add to what this ledger does not begin with."""
        if size < lane.size:
            what = f"lane {lane.lane} is archived up to {lane.size} there, beyond {size}"
            raise CannotArchive(what)
        if lane.size and self._root(lane, lane.size) != lane.ranges[-1].root:
            what = f"what is archived of lane {lane.lane} is not how this ledger begins"
            raise CannotArchive(what)

    def _root(self, lane: LaneArchive, size: int) -> str:
        return base64text.encode(self._source.tree(lane.lane, size).root())

    def _sealed(self, lane: LaneArchive, size: int, ranges: tuple[Range, ...]) -> LaneArchive:
        """Return a lane's entry, with the checkpoint that covers it."""
        covering = self._source.covering(lane.lane, size) if size else None
        if covering is None:
            return lane
        keys = [VerifierKey(lane.origin, KeyType.NOTE, one) for one in self._order.log_keys]
        return LaneArchive(
            lane=lane.lane,
            origin=lane.origin,
            size=size,
            keys=tuple(dict.fromkeys((*lane.keys, *(key.vkey for key in keys)))),
            checkpoint=self._source.note(covering),
            consistency=self._source.consistency(lane.lane, size, covering),
            ranges=ranges,
        )

    def _kept(self, lane: LaneArchive, extent: Extent) -> Kept | None:
        """Return what an interrupted call had made of a range, if it is whole and still true."""
        kept = self._workshop.kept(lane.lane, extent)
        if kept is None or kept.range.root != self._root(lane, extent.last):
            return None
        return kept

    def _write(self, lane: LaneArchive, extent: Extent) -> Kept:
        """Write one range into the workshop."""
        parts = self._before.parts
        with self._workshop.making(lane.lane, extent) as (directory, keep):
            making = _Range(self._source, lane, extent, directory, parts)
            try:
                making.run()
                checkpoints = self._source.checkpoints(lane.lane, extent)
                write_checkpoints(directory / CHECKPOINTS, checkpoints)
            except (pa.ArrowException, OverflowError) as error:
                raise RecordDamaged(f"lane {lane.lane} after {extent.first}: {error}") from error
            files = [
                file_of(directory / part_name(part), rows, part)
                for part, rows in sorted(making.rows.items())
            ]
            files.append(file_of(directory / CHECKPOINTS, len(checkpoints)))
            root = base64text.encode(making.tree.root())
            if root != self._root(lane, extent.last):
                what = f"lane {lane.lane} up to {extent.last} does not come to its log's root"
                raise RecordDamaged(what)
            made = Range(extent.first, extent.last, root, tuple(files))
            return keep(made, sorted(making.books))


class _Range:
    """One range being written."""

    def __init__(
        self, source: Recorded, lane: LaneArchive, extent: Extent, directory: Path, parts: int
    ) -> None:
        self._source = source
        self._lane = lane.lane
        self._extent = extent
        self._directory = directory
        self._parts = parts
        self._orders: dict[str, str | None] = {}
        self.tree: CompactRange = source.tree(lane.lane, extent.first - 1)
        self.books: set[str] = set()
        self.rows: dict[int, int] = {}
        """Part → how many rows it has; a part without any has no file."""

    def run(self) -> None:
        """Write the files of all parts."""
        expected = self._extent.first
        writers: dict[int, Writer] = {}
        with ExitStack() as closing:
            for page in self._source.rows(self._lane, self._extent):
                self._require_whole(page, expected)
                expected += len(page)
                self._learn_orders(page)
                for part, places, matters in self._filed(page):
                    writer = writers.get(part)
                    if writer is None:
                        writer = writers[part] = Writer(self._directory / part_name(part), part)
                        closing.callback(writer.close)
                    writer.add(page, places, matters)
        if expected != self._extent.last + 1:
            raise RecordDamaged(f"lane {self._lane} has no event at {expected}")
        self.rows = {part: writer.rows for part, writer in writers.items()}

    def _filed(self, page: Rows) -> Iterator[tuple[int, list[int], list[str]]]:
        """Yield the places of a page's rows part by part, and the matter of each."""
        filed = {stream: matter_of(stream, self._orders) for stream in set(page.streams)}
        parts = parts_of(filed.values(), self._parts)
        found: dict[int, tuple[list[int], list[str]]] = {}
        for at, stream in enumerate(page.streams):
            matter = filed[stream]
            places, matters = found.setdefault(parts[matter], ([], []))
            places.append(at)
            matters.append(matter)
        for part, (places, matters) in sorted(found.items()):
            yield part, places, matters

    def _require_whole(self, page: Rows, first: int) -> None:
        """Refuse rows with a gap, or with bytes that are not what was hashed."""
        if page.positions != list(range(first, first + len(page))):
            raise RecordDamaged(f"lane {self._lane} has a gap after {first - 1}")
        leaves = [leaf_hash(state) for state in page.states]
        if leaves != page.leaf_hashes:
            raise RecordDamaged(f"lane {self._lane}: bytes changed after {first - 1}")
        self.tree.extend(leaves)
        for topic, state in zip(page.topics, page.states, strict=True):
            if topic == PolicyAdopted.TOPIC:
                self._learn_book(state)

    def _learn_book(self, state: bytes) -> None:
        try:
            digest = read_line(state).data.get("digest")
        except NoLine as wrong:
            raise RecordDamaged(f"lane {self._lane}: {wrong.what}") from wrong
        if isinstance(digest, str) and len(digest) == 64 and "/" not in digest:
            self.books.add(digest)

    def _learn_orders(self, page: Rows) -> None:
        """Find out the orders of the tickets of a page, asking once a range."""
        tickets = {ticket_of(stream) for stream in set(page.streams)} - {None}
        unknown = {one for one in tickets if one is not None and one not in self._orders}
        if unknown:
            self._orders |= self._source.orders(self._lane, unknown)


def _before(order: Order, origins: tuple[str, ...]) -> Manifest:
    """Return the manifest that is added to: the one there is, or one without records."""
    moment = order.moment
    if moment is not None and set(moment) != set(range(len(origins))):
        raise NotYetSigned(f"a moment of this ledger names {len(origins)} lanes, from 0 on")
    if not (order.directory / MANIFEST).exists():
        _require_ours(order.directory)
        lanes = tuple(LaneArchive(at, origin, 0) for at, origin in enumerate(origins))
        return Manifest(FORMAT, order.parts or PARTS, order.width or RANGE, lanes, ())
    before = manifest.read(order.directory)
    if tuple(lane.origin for lane in before.lanes) != origins:
        raise CannotArchive("the directory holds the archive of another ledger")
    for asked, settled in ((order.parts, before.parts), (order.width, before.range)):
        if asked is not None and asked != settled:
            raise CannotArchive(f"the archive there was made with {settled}, not with {asked}")
    return before


def _require_ours(directory: Path) -> None:
    """Refuse a directory that holds anything but what an unfinished archive leaves."""
    if not (directory / UNFINISHED).exists() and any(directory.iterdir()):
        raise CannotArchive(f"{directory} is not empty, and holds no archive")


@contextmanager
def _made(directory: Path) -> Iterator[None]:
    """Make a directory where there is none; take it away when nothing came to stand in it."""
    is_new = not directory.exists()
    directory.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if is_new:
            with suppress(OSError):  # something stands in it, and is gone on with
                directory.rmdir()
        raise


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Let one process write to a directory at a time."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotArchive("another process writes to this directory") from None
        yield
    finally:
        os.close(handle)
