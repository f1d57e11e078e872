"""Where an export is written: beside its name until it is whole, and then under it at once."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


class Taken(Exception):  # noqa: N818 - a state of a file, named as one
    """There is a file under the name already; an export replaces nothing."""


class OtherExport(Exception):  # noqa: N818 - a state of a file, named as one
    """What was begun beside the name is of another export, or is damaged: it is not gone on."""


def part_of(path: Path) -> Path:
    """Return where an export is written until it is whole; Taken where its name is in use."""
    if path.exists():
        raise Taken(f"{path} is there already")
    return path.with_name(f"{path.name}.part")


@contextmanager
def begun_anew(part: Path) -> Iterator[IO[bytes]]:
    """Give a file to be written from its beginning; nothing of it stays when that fails."""
    with part.open("ab") as out:
        hold(out, part)
        out.truncate(0)
        try:
            yield out
        except BaseException:
            if _is_of(out, part):
                part.unlink()
            raise


@contextmanager
def held_beside(part: Path) -> Iterator[None]:
    """Keep others from an export whose file can not be locked itself: a database has its own locks.

    The lock file goes at the end; one that a killed process left is taken as it is.
    """
    beside = part.with_name(f"{part.name}.lock")
    with beside.open("ab") as lock:
        hold(lock, beside)
        try:
            yield
        finally:
            beside.unlink()


def hold(file: IO[bytes], part: Path) -> None:
    """Keep others from writing the same export; OtherExport where somebody does, or has done."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OtherExport(f"{part} is being written by somebody else") from error
    if not _is_of(file, part):
        raise OtherExport(f"{part} was finished by somebody else in the meantime")


def _is_of(file: IO[bytes], part: Path) -> bool:
    """Return whether an open file is the one under a name: another run may have renamed it."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), part.stat())
    except FileNotFoundError:
        return False


def finish(part: Path, path: Path) -> None:
    """Let what was written and flushed stand under its name, after it has reached the disk.

    It is called under the lock: whoever came by the part before would else write to the whole file.
    """
    with part.open("rb") as written:
        os.fsync(written.fileno())
    if path.exists():
        raise Taken(f"{path} was made by somebody else in the meantime")
    part.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
