"""A trial over a sealed archive, on any engine; no words can be read there, and none are needed.

It reads Parquet, which needs the extra `archive`.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from domain.events import PolicyAdopted
from domain.policies import book as books
from domain.values import Instant
from replay.archive import manifest
from replay.archive.layout import book_path
from replay.archive.manifest import DamagedArchive
from replay.archive.matters import Matter, map_matters
from replay.engines import Engine
from replay.what_if.differing import Found, merge
from replay.what_if.lives import books_under
from replay.what_if.trying import Trial, Trying

Progress = Callable[[int, int], None]


class Held(NamedTuple):
    """What an archive holds that a trial begins with."""

    adopted: dict[str, bytes]
    """The books of rules, by version."""
    begins: dict[str, Instant]
    """From when each is in force, as far as the archive's lanes tell."""
    until: Instant
    """When the newest record was made."""
    named: frozenset[str]
    """The books that tickets asked about, and those of their orders, were under."""
    tickets: frozenset[str]
    """Which of those that are asked about are there; empty where all are."""


def held(
    directory: Path,
    engine: Engine,
    *,
    tickets: frozenset[str] = frozenset(),
    progress: Progress = lambda _done, _all: None,
) -> Held:
    """Return the books and the end of an archive, and what it says of some tickets or of all.

    Raises DamagedArchive.
    """
    adopted = {}
    for digest in manifest.read(directory).books:
        path = directory / book_path(digest)
        try:
            content = path.read_bytes()
            if sha256(content).hexdigest() != digest:
                raise DamagedArchive(f"{path.name} is not what was sealed under this name")
            adopted[books.parse(content).version] = content
        except (OSError, books.BookError) as error:
            raise DamagedArchive(f"{path.name} is no book that was sealed: {error}") from error
    nothing = _Told({}, Instant(""))
    ask = partial(_told, asked=tickets)
    told = map_matters(directory, ask, _both, nothing, engine, progress=progress)
    return Held(adopted, *told)


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


class _Told(NamedTuple):
    """What some matters tell of the books and of the end."""

    begins: dict[str, Instant]
    until: Instant
    named: frozenset[str] = frozenset()
    tickets: frozenset[str] = frozenset()


def _told(matter: Matter, *, asked: frozenset[str]) -> _Told:
    events = (one.event for one in matter.records)
    begins = {one.version: one.in_force_from for one in events if isinstance(one, PolicyAdopted)}
    until = max(one.at for one in matter.records)
    here = asked and asked & {one.subject for one in matter.records if one.event.FAMILY == "ticket"}
    if asked and not here:
        return _Told(begins, until)
    return _Told(begins, until, frozenset(books_under(matter.records)), here)


def _both(one: _Told, other: _Told) -> _Told:
    return _Told(
        {**one.begins, **other.begins},
        max(one.until, other.until),
        one.named | other.named,
        one.tickets | other.tickets,
    )


def _tried(matter: Matter, *, trial: bytes) -> Found:
    return _trying(trial).matter(matter.records)


@lru_cache(maxsize=2)
def _trying(trial: bytes) -> Trying:
    """Return a trial with its books read, once a process."""
    return Trying(msgspec.msgpack.decode(trial, type=Trial))
