"""Zone data: which offset from UTC holds in a zone when; what a calendar makes of it is not here.

The data comes from the pinned tzdata package and never from the machine, so that two machines
with the same `zone_version` work out the same due time. Times are integers here: microseconds
since 1970 in UTC.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
_SECOND: Final = 1_000_000
_DAY: Final = 86_400


class Stretch(NamedTuple):
    """A time from `start` until before `end` in which a zone keeps one offset."""

    start: int
    end: int
    offset: int


@lru_cache(maxsize=1)
def zone_version() -> str:
    """Return the version of the zone data, which is part of what a calendar means."""
    return version("tzdata")


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Return every zone there is data for."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="ascii").split())


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """Return the data of a zone; an unknown name is a programming error."""
    assert name in zone_names(), "a zone is checked when its table is read"
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


@lru_cache(maxsize=1_024)
def stretches(name: str, year: int) -> tuple[Stretch, ...]:
    """Return the stretches of one offset that make up a UTC year, in order and without a gap."""
    first, last = _seconds(year), _seconds(year + 1)
    found = []
    start, offset = first, _offset(name, first)
    # A day is a safe step: of all zones in the data none changes its offset twice within six days.
    for day in range(first, last, _DAY):
        after = min(day + _DAY, last - 1)
        if _offset(name, after) == offset:
            continue
        change = _change(name, day, after)
        found.append(Stretch(start * _SECOND, change * _SECOND, offset * _SECOND))
        start, offset = change, _offset(name, change)
    found.append(Stretch(start * _SECOND, last * _SECOND, offset * _SECOND))
    return tuple(found)


def _change(name: str, before: int, after: int) -> int:
    """Return the first second at which the offset that holds `after` holds."""
    old = _offset(name, before)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(name, middle) == old:
            before = middle
        else:
            after = middle
    return after


def _offset(name: str, second: int) -> int:
    offset = (EPOCH + timedelta(seconds=second)).astimezone(zone(name)).utcoffset()
    assert offset is not None, "a zone knows its offset at every instant"
    return round(offset.total_seconds())


def _seconds(year: int) -> int:
    return round((datetime(year, 1, 1, tzinfo=UTC) - EPOCH).total_seconds())
