"""Write-once copies of anchored checkpoints: the port, and a directory that keeps them."""

import os
from pathlib import Path
from typing import Protocol


class Differs(Exception):  # noqa: N818 - what is wrong with the copy
    """A copy is there with other content: one of the two is not what we said then."""


class WriteOnce(Protocol):
    """Storage, best of somebody else, where what is written stays as it is."""

    name: str

    def keep(self, path: str, content: bytes) -> None:
        """Keep content under a path, durably; keeping it again changes nothing.

        Raises Differs when something else is kept there.
        """
        ...


class CopyDirectory:
    """Copies as read-only files; a mount of write-once storage makes them what they are called."""

    name = "directory"

    def __init__(self, directory: Path) -> None:
        """Keep copies below a directory."""
        self._directory = directory

    def keep(self, path: str, content: bytes) -> None:
        """Keep content under a path; raise Differs, or OSError."""
        place = self._directory / path
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
        except FileExistsError:
            if place.read_bytes() != content:
                raise Differs(f"{place} holds something else") from None
            return
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        entries = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(entries)
        finally:
            os.close(entries)
