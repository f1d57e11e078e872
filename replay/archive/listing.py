"""The tickets behind a number that is told of an archive: all is folded again, those are named."""

from collections.abc import Callable
from functools import partial
from heapq import merge
from itertools import islice
from pathlib import Path

import msgspec

from replay.archive import manifest
from replay.archive.figures import NUMBERS, TABLES, Facet, Progress, tallies
from replay.archive.matters import Matter, map_matters
from replay.engines import Engine
from replay.promises import Promise, counted_as, counts, outcomes

Counted = Callable[[Matter], list[str]]
"""Which tickets of a matter are counted, in the order of their ids."""


class Behind(msgspec.Struct, frozen=True):
    """Tickets that are counted in one number."""

    position: str
    """Up to where each lane is archived."""
    tickets: tuple[str, ...]
    """In the order of their ids."""
    more: bool
    """Whether there are others behind them."""


class NoSuchFigure(ValueError):  # noqa: N818 - what is asked is wrong, not the program
    """What was named is no number of tickets."""


def behind_figure(figure: str) -> Counted:
    """Return who is counted in a figure, named as it is told: `open`, or `by_stage=closed`.

    Raises NoSuchFigure for what is no number of tickets.
    """
    name, equals, value = figure.partition("=")
    facet = TABLES.get(name) if equals else NUMBERS.get(name)
    if facet is None:
        known = ", ".join((*NUMBERS, *(f"{one}=VALUE" for one in TABLES)))
        raise NoSuchFigure(f"{figure!r} is none of {known}")
    return partial(_of_facet, facet=facet, value=value)


def behind_promise(promise: Promise, count: str) -> Counted:
    """Return on which tickets a promise comes to a count, like `broken_net`; raise NoSuchFigure."""
    if count not in (known := counts(())):
        raise NoSuchFigure(f"{count!r} is none of {', '.join(known)}")
    return partial(_of_promise, promise=promise, count=count)


def listed(
    directory: Path,
    counted: Counted,
    engine: Engine,
    *,
    limit: int,
    progress: Progress = lambda _done, _all: None,
) -> Behind:
    """Return the first tickets that are counted; raise DamagedArchive."""
    nothing: list[str] = []
    first = partial(_first, limit=limit + 1)
    found = map_matters(directory, counted, first, nothing, engine, progress=progress)
    return Behind(manifest.read(directory).moment, tuple(found[:limit]), len(found) > limit)


def _first(one: list[str], other: list[str], *, limit: int) -> list[str]:
    return list(islice(merge(one, other), limit))


def _of_facet(matter: Matter, *, facet: Facet, value: str) -> list[str]:
    return sorted(
        ticket
        for ticket, tally in tallies(matter)
        for (name, told, is_open) in tally
        if told == value and facet.counts(name, is_open=is_open)
    )


def _of_promise(matter: Matter, *, promise: Promise, count: str) -> list[str]:
    found = outcomes(matter.records, promise)
    return sorted(one.ticket for one in found if count in counted_as(one))
