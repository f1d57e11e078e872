"""Publishes the log of a lane as a directory of files (C2SP tlog-tiles) for any web server.

Every file is put in its place whole. Tiles come before the checkpoint that needs them, so a reader
who has the checkpoint finds all of them.
"""

import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from domain.ledger.anchors import cosigned
from domain.ledger.log import Log, Signed
from domain.proof.checkpoint import Checkpoint, parse_checkpoint
from domain.proof.errors import ProofError
from domain.proof.merkle import root_of, verify_consistency
from domain.proof.note import parse_note
from domain.proof.tiles import WIDTH, Bundle, Tile, TileHashes, bundles_between, tiles_between

CHECKPOINT: Final = "checkpoint"


class OtherHistory(Exception):  # noqa: N818 - named for what is in the directory
    """What is published there is not the beginning of this log; nothing was written."""


class Published(NamedTuple):
    """What a directory holds now, and how many files of it are new."""

    size: int
    written: int


def publish(
    source: Log,
    lane: int,
    directory: Path,
    *,
    entries: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _size: None,
) -> Published | None:
    """Bring a directory to a lane's newest checkpoint; None when nothing has been signed yet.

    Raises OtherHistory when the directory holds another log, or what this log no longer begins
    with.
    """
    newest = source.checkpoint(lane)
    if newest is None:
        return None
    before = _published(directory)
    _require_growth(source, newest, before)
    written = 0
    for tile in tiles_between(0, newest.size):
        if not (directory / tile.path).exists():
            hashes = source.tile(lane, tile.level, tile.index, tile.width)
            _put(directory / tile.path, hashes)
            written += 1
        _drop_partials(directory, tile)
        if tile.level == 0:
            progress(tile.index * WIDTH + tile.width, newest.size)
    _require_root(directory, newest)
    for bundle in bundles_between(0, newest.size) if entries else ():
        if not (directory / bundle.path).exists():
            _put(directory / bundle.path, source.entries(lane, bundle.index, bundle.width))
            written += 1
        _drop_partials(directory, bundle)
    note = cosigned(newest, source.anchors(lane, newest.size))
    _put(directory / CHECKPOINT, str(note).encode())
    return Published(newest.size, written)


def _published(directory: Path) -> Checkpoint | None:
    """Return the checkpoint a directory is at, None for an empty one; raise OtherHistory."""
    try:
        content = (directory / CHECKPOINT).read_bytes()
    except FileNotFoundError:
        return None
    try:
        return parse_checkpoint(parse_note(content).text)
    except ProofError as error:
        raise OtherHistory(f"{directory / CHECKPOINT} is no checkpoint: {error}") from error


def _require_growth(source: Log, newest: Signed, before: Checkpoint | None) -> None:
    """Refuse to put a log on top of what it does not extend."""
    now = parse_checkpoint(parse_note(newest.note).text)
    if before is None or before.size == 0:
        return
    if before.origin != now.origin:
        raise OtherHistory(f"the directory holds the log {before.origin}")
    if before.size > now.size:
        raise OtherHistory(f"size {before.size} was published, and the log is at {now.size}")
    try:
        verify_consistency(
            old=before.size,
            new=now.size,
            old_root=before.root,
            new_root=now.root,
            proof=source.consistency(newest.lane, before.size, now.size),
        )
    except ProofError as error:
        raise OtherHistory(f"what was published is not how this log begins: {error}") from error


def _require_root(directory: Path, newest: Signed) -> None:
    """Check, from the files themselves, that they add up to the checkpoint."""

    def read(tile: Tile) -> bytes:
        return (directory / tile.path).read_bytes()

    try:
        root = root_of(newest.size, TileHashes(newest.size, read))
    except (ProofError, OSError) as error:
        raise OtherHistory(f"the tiles there can not be used: {error}") from error
    if root != newest.root:
        raise OtherHistory("the tiles there do not add up to the checkpoint")


def _drop_partials(directory: Path, name: Tile | Bundle) -> None:
    """Take away what a full tile has replaced."""
    if name.width == WIDTH:
        partials = (directory / name.path).with_name(f"{(directory / name.path).name}.p")
        if partials.exists():
            shutil.rmtree(partials)


def _put(place: Path, content: bytes) -> None:
    """Put a file in its place, whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(place)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
