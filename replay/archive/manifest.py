"""The manifest: what an archive holds, file by file, and the signatures it can be held against.

It is written last and read first. It names its own digest, so that a changed byte in it shows;
whether it is true is found out by reading what it names.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from domain.proof.errors import MalformedKey
from domain.proof.keys import check_name, parse_vkey
from replay.archive.layout import (
    CHECKPOINTS,
    MANIFEST,
    PARTS_MAX,
    RANGE_MAX,
    Extent,
    book_path,
    lane_name,
    part_name,
    range_path,
)

FORMAT: Final = 1
SIZE_MAX: Final = 1 << 30


class DamagedArchive(ValueError):  # noqa: N818 - named for what is wrong with it
    """The directory is no archive, or its manifest is not what was written."""


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file: its name within its directory and what its bytes must be."""

    name: str
    sha256: str
    size: int
    rows: int
    part: int | None = None
    """None of a file that holds no records."""


class Range(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The records of some positions of a lane."""

    first: int
    last: int
    root: str
    """Of the lane's log up to `last`, in base64."""
    files: tuple[File, ...]

    @property
    def extent(self) -> Extent:
        """Return the positions."""
        return Extent(self.first, self.last)


class LaneArchive(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One lane up to a position, and the signed checkpoint that covers it."""

    lane: int
    origin: str
    size: int
    """The last position that is archived."""
    keys: tuple[str, ...] = ()
    """The vkeys of the lane's log, as the ledger gave them."""
    checkpoint: str | None = None
    """The note of the first checkpoint that covers all of it; none of an empty lane."""
    consistency: tuple[str, ...] = ()
    """Shows that a larger checkpoint begins with what is archived, in base64."""
    ranges: tuple[Range, ...] = ()


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an archive holds."""

    format: int
    parts: int
    range: int
    """How many positions a whole range has."""
    lanes: tuple[LaneArchive, ...]
    books: tuple[str, ...]
    """SHA-256 of the books of rules, each kept under its digest."""

    @property
    def events(self) -> int:
        """Return how many records the archive holds."""
        return sum(lane.size for lane in self.lanes)

    @property
    def moment(self) -> str:
        """Return up to where each lane is archived."""
        return ",".join(f"{lane.lane}-{lane.size}" for lane in self.lanes)

    def paths(self) -> set[str]:
        """Return the paths of all files, the manifest's own left out."""
        inside = {
            f"{range_path(lane.lane, one.extent)}/{file.name}"
            for lane in self.lanes
            for one in lane.ranges
            for file in one.files
        }
        return inside | {book_path(digest) for digest in self.books}


class _Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A manifest with its digest."""

    archive: Manifest
    sha256: str


def ledger_of(origin: str) -> str | None:
    """Return the ledger that a lane's origin is of; None of what is no lane's."""
    ledger, slash, lane = origin.rpartition("/")
    return ledger if slash and lane.startswith(lane_name(0)[:-1]) else None


def written(manifest: Manifest) -> bytes:
    """Return the bytes of a manifest: canonical JSON."""
    plain = msgspec.to_builtins(manifest)
    digest = hashlib.sha256(_ENCODER.encode(plain)).hexdigest()
    return _ENCODER.encode({"archive": plain, "sha256": digest}) + b"\n"


def read(directory: Path) -> Manifest:
    """Return the manifest of an archive; raise DamagedArchive with what is wrong."""
    path = directory / MANIFEST
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_MAX + 1)
    except FileNotFoundError:
        raise DamagedArchive(f"{path} is not there: no archive, or one never finished") from None
    except OSError as error:
        raise DamagedArchive(f"{path}: {error.strerror}") from error
    if len(content) > SIZE_MAX:
        _damaged(path, f"it has more than {SIZE_MAX} bytes")
    try:
        manifest = msgspec.json.decode(content, type=_Sealed).archive
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _damaged(path, str(error))
    if manifest.format != FORMAT:
        _damaged(path, f"it is of format {manifest.format}, and this program reads {FORMAT}")
    if written(manifest) != content:
        _damaged(path, "its bytes are not those that were written: its own digest does not fit")
    _require_shape(path, manifest)
    return manifest


def put(path: Path, content: bytes) -> None:
    """Write a file that is either whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _require_shape(path: Path, manifest: Manifest) -> None:
    """Refuse a manifest that contradicts itself: whoever reads an archive goes by what is left.

    Anybody can make its own digest fit again, so nothing is taken from it unasked.
    """
    if not (1 <= manifest.parts <= PARTS_MAX and 1 <= manifest.range <= RANGE_MAX):
        _damaged(path, "its parts or ranges are of no possible number")
    if not manifest.lanes:
        _damaged(path, "it has no lane, and every ledger has one")
    if [lane.lane for lane in manifest.lanes] != list(range(len(manifest.lanes))):
        _damaged(path, "its lanes are not numbered from 0 on")
    for lane in manifest.lanes:
        _require_origin(path, lane, ledger_of(manifest.lanes[0].origin))
        after = 0
        for one in lane.ranges:
            if one.first != after + 1 or not one.first <= one.last < one.first + manifest.range:
                _damaged(path, f"lane {lane.lane} has no whole range after position {after}")
            after = one.last
            _require_files(path, f"lane {lane.lane} after position {one.first - 1}", one, manifest)
        if after != lane.size or bool(lane.size) is (lane.checkpoint is None):
            _damaged(path, f"lane {lane.lane} does not end where its ranges do")
    if not all(_DIGEST.fullmatch(digest) for digest in manifest.books):
        _damaged(path, "a book is named by something else than a digest")
    _require_once(path, "books", manifest.books)


def _require_origin(path: Path, lane: LaneArchive, ledger: str | None) -> None:
    """Refuse an origin that is not that of this lane of the ledger lane 0 is of, and its keys."""
    try:
        check_name(lane.origin)
    except MalformedKey as error:
        _damaged(path, f"the origin of lane {lane.lane} is none: {error}")
    if ledger is None or lane.origin != f"{ledger}/{lane_name(lane.lane)}":
        _damaged(path, f"{lane.origin!r} is not the origin of lane {lane.lane} of its ledger")
    try:
        names = [parse_vkey(vkey).name for vkey in lane.keys]
    except MalformedKey as error:
        _damaged(path, f"a key of lane {lane.lane} is none: {error}")
    if {*names} - {lane.origin}:
        _damaged(path, f"lane {lane.lane} has a key of something else")


def _require_files(path: Path, place: str, one: Range, manifest: Manifest) -> None:
    """Refuse files that are not all records of a range, each once, and its checkpoints."""
    for file in one.files:
        if file.part is not None and not 0 <= file.part < manifest.parts:
            _damaged(path, f"{place}: part {file.part} is none of {manifest.parts}")
        if file.name != (CHECKPOINTS if file.part is None else part_name(file.part)):
            _damaged(path, f"{place}: {file.name!r} is not the name of what it holds")
        if file.rows < 0 or file.size < 0:
            _damaged(path, f"{place}: {file.name} has fewer than no rows or bytes")
    names = [file.name for file in one.files]
    _require_once(path, place, names)
    if CHECKPOINTS not in names:
        _damaged(path, f"{place}: {CHECKPOINTS} is not named")
    rows = sum(file.rows for file in one.files if file.part is not None)
    if rows != one.last - one.first + 1:
        what = f"{one.last - one.first + 1} positions have {rows} records"
        _damaged(path, f"{place}: {what}")


def _require_once(path: Path, place: str, names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        _damaged(path, f"{place}: something is named twice")


def _damaged(path: Path, what: str) -> NoReturn:
    raise DamagedArchive(f"{path}: {what}")


_ENCODER: Final = msgspec.json.Encoder(order="sorted")
"""Spells ASCII names, integers and texts as RFC 8785 does."""
_DIGEST: Final = re.compile("[0-9a-f]{64}")
