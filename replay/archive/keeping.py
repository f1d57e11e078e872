"""The workshop of an archive: where ranges lie until the manifest names them, and what of an
interrupted call is kept; what goes into a range is not decided here.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from replay.archive.layout import BOOKS, MANIFEST, UNFINISHED, Extent, book_path, range_path
from replay.archive.manifest import DamagedArchive, File, Manifest, Range, put, written

Keep = Callable[[Range, list[str]], "Kept"]


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A range that is whole, as it is written down beside it until there is a manifest."""

    origin: str
    parts: int
    range: Range
    books: tuple[str, ...]
    """The digests of the books that its records adopted."""


class Workshop:
    """The unfinished part of one archive."""

    def __init__(self, directory: Path, before: Manifest) -> None:
        """Work on an archive that is at a manifest."""
        self._directory = directory
        self._unfinished = directory / UNFINISHED
        self._before = before

    def kept(self, lane: int, extent: Extent) -> Kept | None:
        """Return a range that an interrupted call left whole: every file has its digest still."""
        try:
            kept = msgspec.json.decode(self._note(lane, extent).read_bytes(), type=Kept)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        own = (self._before.lanes[lane].origin, self._before.parts, extent)
        if (kept.origin, kept.parts, kept.range.extent) != own:
            return None
        path = range_path(lane, extent)
        for directory in (self._unfinished / path, self._directory / path):
            if directory.is_dir() and _is_whole(directory, kept.range):
                return kept
        return None

    @contextmanager
    def making(self, lane: int, extent: Extent) -> Iterator[tuple[Path, Keep]]:
        """Give an empty directory for a range, and what is called when all of it is written."""
        place = self._unfinished / range_path(lane, extent)
        temporary = place.with_name(f".{place.name}")
        for old in (temporary, place):
            shutil.rmtree(old, ignore_errors=True)
        temporary.mkdir(parents=True)

        def keep(made: Range, books: list[str]) -> Kept:
            _sync(temporary)
            temporary.rename(place)
            origin = self._before.lanes[lane].origin
            kept = Kept(origin, self._before.parts, made, tuple(books))
            put(self._note(lane, extent), msgspec.json.encode(kept))
            return kept

        try:
            yield temporary, keep
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def publish(self, whole: Manifest) -> None:
        """Put every range in its place, then the manifest, and leave nothing behind."""
        for lane in whole.lanes:
            for one in lane.ranges[len(self._before.lanes[lane.lane].ranges) :]:
                path = range_path(lane.lane, one.extent)
                if (self._unfinished / path).exists():
                    place = self._directory / path
                    shutil.rmtree(place, ignore_errors=True)
                    place.parent.mkdir(exist_ok=True)
                    (self._unfinished / path).rename(place)
        self._drop_strays(whole)
        put(self._directory / MANIFEST, written(whole))
        shutil.rmtree(self._unfinished, ignore_errors=True)

    def _drop_strays(self, whole: Manifest) -> None:
        """Take away ranges that an interrupted call had put in place for another moment."""
        named = {range_path(lane.lane, one.extent) for lane in whole.lanes for one in lane.ranges}
        for note in _notes(self._directory):
            path = f"{note.parent.name}/{note.stem}"
            if path not in named:
                shutil.rmtree(self._directory / path, ignore_errors=True)
        for torn in (*self._directory.glob(f".{MANIFEST}.*"), *self._directory.glob(_TORN_BOOK)):
            torn.unlink()

    def _note(self, lane: int, extent: Extent) -> Path:
        place = self._unfinished / range_path(lane, extent)
        return place.with_name(f"{place.name}.json")


def require_named(directory: Path, whole: Manifest) -> None:
    """Let an archive pass whose files are what its manifest says, byte for byte.

    Raises DamagedArchive, which names the first file that is not.
    """
    named = [(book_path(digest), digest) for digest in whole.books]
    for lane in whole.lanes:
        for one in lane.ranges:
            place = range_path(lane.lane, one.extent)
            named += [(f"{place}/{file.name}", file.sha256) for file in one.files]
    for path, digest in named:
        try:
            with (directory / path).open("rb") as content:
                same = hashlib.file_digest(content, "sha256").hexdigest() == digest
        except FileNotFoundError:
            raise DamagedArchive(f"{path} is missing") from None
        if not same:
            raise DamagedArchive(f"{path} is not what the manifest says")


def begun_additions(directory: Path) -> frozenset[str] | None:
    """Return the files that unfinished additions may have put in place; None where there are none.

    They are those that the notes of an interrupted call name, and what it was writing just then.
    """
    if not (directory / UNFINISHED).exists():
        return None
    paths = {
        path.relative_to(directory).as_posix()
        for path in (*directory.glob(f".{MANIFEST}.*"), *directory.glob(_TORN_BOOK))
    }
    for note in _notes(directory):
        try:
            kept = msgspec.json.decode(note.read_bytes(), type=Kept)
        except (OSError, msgspec.DecodeError):
            continue  # what it named stays a finding
        place = f"{note.parent.name}/{note.stem}"
        paths |= {f"{place}/{one.name}" for one in kept.range.files}
        paths |= {book_path(digest) for digest in kept.books}
    return frozenset(paths)


def _notes(directory: Path) -> list[Path]:
    return sorted((directory / UNFINISHED).glob("lane-*/*.json"))


_TORN_BOOK: Final = f"{BOOKS}/.*.toml.*"
"""What `put` leaves of a book when its process is killed."""


def file_of(path: Path, rows: int, part: int | None = None) -> File:
    """Return the entry of a file that was written."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return File(path.name, digest, file.tell(), rows, part)


def _is_whole(directory: Path, made: Range) -> bool:
    """Return whether a directory holds exactly the files of a range, byte for byte."""
    if {one.name for one in directory.iterdir()} != {file.name for file in made.files}:
        return False
    return all(file_of(directory / one.name, one.rows, one.part) == one for one in made.files)


def _sync(directory: Path) -> None:
    """Have the system write what it holds of a directory's files."""
    for path in (*directory.iterdir(), directory):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
