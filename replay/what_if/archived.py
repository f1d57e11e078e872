"""A trial over a sealed archive, on any engine; no words can be read there, and none are needed.

It reads Parquet, which needs the extra `archive`.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from domain.policies import book as books
from domain.values import Instant
from replay.archive import manifest
from replay.archive.layout import book_path
from replay.archive.manifest import DamagedArchive
from replay.archive.matters import Matter, map_matters
from replay.engines import Engine
from replay.what_if.differing import Found, merge
from replay.what_if.trying import Trial, Trying

Progress = Callable[[int, int], None]


class Held(NamedTuple):
    """What an archive holds that a trial begins with."""

    adopted: dict[str, bytes]
    """The books of rules, by version."""
    until: Instant
    """When the newest record was made."""


def held(directory: Path, engine: Engine, *, progress: Progress = lambda _done, _all: None) -> Held:
    """Return the books and the end of an archive; raise DamagedArchive."""
    adopted = {}
    for digest in manifest.read(directory).books:
        path = directory / book_path(digest)
        try:
            content = path.read_bytes()
            adopted[books.parse(content).version] = content
        except (OSError, books.BookError) as error:
            raise DamagedArchive(f"{path.name} is no book that was sealed: {error}") from error
    until = map_matters(directory, _end, max, Instant(""), engine, progress=progress)
    return Held(adopted, until)


def over_archive(
    directory: Path,
    trial: Trial,
    engine: Engine,
    *,
    progress: Progress = lambda _done, _all: None,
) -> Found:
    """Return what a trial finds on an archive, the same on every engine; raise DamagedArchive."""
    ask = partial(_tried, trial=msgspec.msgpack.encode(trial))
    return map_matters(directory, ask, merge, Found(), engine, progress=progress)


def _end(matter: Matter) -> Instant:
    return max(one.at for one in matter.records)


def _tried(matter: Matter, *, trial: bytes) -> Found:
    return _trying(trial).matter(matter.records)


@lru_cache(maxsize=2)
def _trying(trial: bytes) -> Trying:
    """Return a trial with its books read, once a process."""
    return Trying(msgspec.msgpack.decode(trial, type=Trial))
