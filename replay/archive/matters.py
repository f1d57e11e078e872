"""Whole matters of an archive, one after the other, on any engine: what is asked of each is given.

A matter is an order with all its tickets, or a ticket without an order, with what was recorded
beside them; any other stream is one by itself. Nothing asks a database.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from domain.record import Record, read_record
from replay.archive import manifest
from replay.archive.manifest import DamagedArchive
from replay.archive.partitions import Part, matter_parts, read_part
from replay.engines import Engine, merged
from replay.promises import Promise, counts, outcomes

R = TypeVar("R")
Progress = Callable[[int, int], None]


class Matter(msgspec.Struct, frozen=True):
    """All records of one matter, in the order of their lane."""

    lane: int
    name: str
    """The stream it is named by: its order's, its ticket's, or its own."""
    records: tuple[Record, ...]


def map_matters(
    directory: Path,
    function: Callable[[Matter], R],
    merge: Callable[[R, R], R],
    nothing: R,
    engine: Engine,
    *,
    progress: Progress = lambda _done, _all: None,
) -> R:
    """Return what a pure function says of every matter of an archive, merged; `nothing` of none.

    The merge must be associative, with `nothing` as its neutral value; function and merge must
    survive pickling. Matters come by lane and part, and within a part by their first position.
    Raises DamagedArchive for a file that is not what was sealed.
    """
    whole = manifest.read(directory)
    tasks = matter_parts(directory, whole)
    done = 0

    def count(task: Part) -> None:
        nonlocal done
        done += sum(file.rows for _, file in task.files())
        progress(done, whole.events)

    progress(0, whole.events)
    work = partial(_of_part, function=function, merge=merge, nothing=nothing)
    return merged(engine, work, tasks, merge, nothing, done=count)


def kept_promises(
    directory: Path,
    promise: Promise,
    engine: Engine,
    *,
    progress: Progress = lambda _done, _all: None,
) -> dict[str, int]:
    """Return how often a promise was kept over everything that is archived."""
    ask = partial(_kept, promise=promise)
    return map_matters(directory, ask, added, counts(()), engine, progress=progress)


def added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    """Return the sums of two tables of counts."""
    return {name: one.get(name, 0) + other.get(name, 0) for name in one | other}


def read_matters(task: Part) -> Iterator[Matter]:
    """Yield the matters of a part; raise DamagedArchive."""
    batch, findings = read_part(task)
    if findings:
        raise DamagedArchive(findings[0].what)
    places: dict[str, list[int]] = {}
    for at, matter in enumerate(batch.matters):
        places.setdefault(matter, []).append(at)
    rows = batch.rows
    for name, at_all in places.items():
        at = at_all[0]
        try:
            records = tuple(
                read_record(task.lane, rows.positions[at], rows.states[at], rows.leaf_hashes[at])
                for at in at_all
            )
        except (msgspec.DecodeError, KeyError, ValueError) as error:
            where = f"{task.lane}-{rows.positions[at]}"
            raise DamagedArchive(f"{where} or after it in {name} is no record: {error}") from error
        yield Matter(task.lane, name, records)


def _of_part(
    task: Part, *, function: Callable[[Matter], R], merge: Callable[[R, R], R], nothing: R
) -> R:
    """Return what a function says of the matters of a part, merged.

    Neighbours of like weight are merged first: what grows with every merge is seldom merged.
    """
    pile: list[tuple[int, R]] = []
    for matter in read_matters(task):
        weight, value = 1, function(matter)
        while pile and pile[-1][0] == weight:
            weight, value = 2 * weight, merge(pile.pop()[1], value)
        pile.append((weight, value))
    whole = nothing
    for _, value in pile:
        whole = merge(whole, value)
    return whole


def _kept(matter: Matter, *, promise: Promise) -> dict[str, int]:
    return counts(outcomes(matter.records, promise))
