"""Calendars: when a promise's time counts, how to add such time and how to measure it.

An instant is open when the wall clock of the calendar's zone then shows a time inside one of that
day's intervals, and open time is real time. So an hour that a change of the clocks leaves out
counts nothing, and an hour that exists twice counts twice. Intervals are half-open: 18:00 is no
longer in "09:00-18:00", and "00:00-24:00" joins on to the next day without losing an instant.
When a clock starts, pauses and stops is not decided here.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Any, Final, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from domain.policies.table import Source, Table, twice
from domain.policies.zones import EPOCH, MICROSECOND, stretches, zone_names
from domain.values import Instant, instant, later, moment_of

SEARCH_YEARS: Final = 10
"""How far ahead open time is looked for; a promise beyond it is a mistake in a table."""

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: Final[tuple[Weekday, ...]] = Weekday.__args__  # type: ignore[attr-defined]  # Literal keeps its members there
ALL_DAY: Final = "00:00-24:00"

Interval = Annotated[
    str,
    Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"),
]
"""Wall-clock times from the first until before the second, "09:00-12:00"."""

_SEARCHED: Final = timedelta(days=SEARCH_YEARS * 365)
_SURE_WEEKS: Final = SEARCH_YEARS * 50
"""Whole weeks of these years; two a year are left out, in which a change of clocks may cut hours.
"""
_LAST_YEAR: Final = 9_998
_MINUTE: Final = 60_000_000
_DAY: Final = 24 * 60 * _MINUTE
_ORDINAL_OF_EPOCH: Final = EPOCH.date().toordinal()
_WEEKDAY_OF_EPOCH: Final = EPOCH.weekday()
_NOTHING: Final = timedelta(0)


class TooFarAheadError(ValueError):
    """A calendar has not the open time that was asked for within the years that are searched."""


class Week(Table):
    """The open intervals of each day of an ordinary week; a closed day says so with `[]`."""

    monday: tuple[Interval, ...]
    tuesday: tuple[Interval, ...]
    wednesday: tuple[Interval, ...]
    thursday: tuple[Interval, ...]
    friday: tuple[Interval, ...]
    saturday: tuple[Interval, ...]
    sunday: tuple[Interval, ...]

    def of(self, day: Weekday) -> tuple[Interval, ...]:
        """Return the open intervals of a day."""
        hours: tuple[Interval, ...] = getattr(self, day)
        return hours


class Holiday(Table):
    """A day that is closed whatever day of the week it is."""

    on: date
    name: str = Field(min_length=1)


class MakeUpDay(Table):
    """A day that is worked whatever day of the week it is: like a weekday, or by own hours."""

    on: date
    name: str = Field(min_length=1)
    like: Weekday | None = None
    hours: tuple[Interval, ...] = ()


class _Hours(NamedTuple):
    """The intervals of a calendar in microseconds from midnight, ready to be added up."""

    week: tuple[tuple[tuple[int, int], ...], ...]
    by_day: Mapping[int, tuple[tuple[int, int], ...]]
    """Of holidays and make-up days, by days since 1970."""


class Calendar(Table):
    """One dated version of the open hours of one zone; a clock is measured by one calendar."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    version: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")
    zone: str
    week: Week
    holidays: tuple[Holiday, ...] = ()
    make_up_days: tuple[MakeUpDay, ...] = ()
    source: Source

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        """Refuse a calendar with an overlap, a contradiction, or no open time."""
        found = list(self._problems())
        if found:
            raise ValueError("; ".join(f"calendar {self.name}: {one}" for one in found))
        return self

    def _problems(self) -> Iterator[str]:
        if self.zone not in zone_names():
            yield f"the zone {self.zone} is unknown"
        if not any(self.week.of(day) for day in WEEKDAYS):
            yield "no day of the week is open"
        for day in WEEKDAYS:
            yield from (f"{day} {one}" for one in _disorder(self.week.of(day)))
        holidays = [row.on for row in self.holidays]
        made_up = [row.on for row in self.make_up_days]
        yield from (f"the holiday {day} stands twice" for day in _repeated(holidays))
        yield from (f"the make-up day {day} stands twice" for day in _repeated(made_up))
        both = sorted({*holidays} & {*made_up})
        yield from (f"{day} is a holiday and a make-up day" for day in both)
        for row in self.make_up_days:
            yield from (f"the make-up day {row.on} {one}" for one in _disorder(row.hours))
            if (row.like is None) == (not row.hours):
                yield f"the make-up day {row.on} has either a weekday to follow or own hours"
            elif row.like is not None and not self.week.of(row.like):
                yield f"the make-up day {row.on} follows {row.like}, which is closed"

    def due(self, since: Instant, within: timedelta) -> Instant:
        """Return the earliest instant by which so much open time has passed since `since`.

        So time that is used up when a day closes is due at closing, not at the next opening, and
        no time at all is due at once, open or not.
        """
        assert within >= _NOTHING, "open time is added, never taken away"
        if within > _SEARCHED:
            raise self._too_far(since, within)
        if self.is_around_the_clock or not within:
            return later(since, within)
        start = _microseconds(since)
        left = within // MICROSECOND
        for opens, closes in self._open(start, start + _SEARCHED // MICROSECOND):
            if left <= closes - opens:
                return _instant_of(opens + left)
            left -= closes - opens
        raise self._too_far(since, within)

    def elapsed(self, start: Instant, end: Instant) -> timedelta:
        """Return the open time between two instants; none when the end is not after the start.

        It is what `due` adds: for every time above zero, `elapsed(start, due(start, time))` is it.
        """
        if end <= start:
            return _NOTHING
        if self.is_around_the_clock:
            return moment_of(end) - moment_of(start)
        intervals = self._open(_microseconds(start), _microseconds(end))
        return timedelta(microseconds=sum(closes - opens for opens, closes in intervals))

    def intervals(self, start: Instant, end: Instant) -> Iterator[tuple[Instant, Instant]]:
        """Yield the open intervals between two instants, in order: what `elapsed` adds up."""
        if end <= start:
            return
        if self.is_around_the_clock:
            yield start, end
            return
        for opens, closes in self._open(_microseconds(start), _microseconds(end)):
            yield _instant_of(opens), _instant_of(closes)

    def is_open(self, at: Instant) -> bool:
        """Return whether time counts at an instant; at closing time it does no more."""
        start = _microseconds(at)
        return self.is_around_the_clock or any(self._open(start, start + 1))

    def next_open(self, at: Instant) -> Instant:
        """Return the first open instant that is not before `at`."""
        if self.is_around_the_clock:
            return at
        start = _microseconds(at)
        for opens, _ in self._open(start, start + _SEARCHED // MICROSECOND):
            return _instant_of(opens)
        raise self._too_far(at, MICROSECOND)

    @cached_property
    def is_around_the_clock(self) -> bool:
        """Return whether every instant is open, which needs no arithmetic."""
        return not self.holidays and all(
            hours == (ALL_DAY,)
            for hours in (
                *(self.week.of(day) for day in WEEKDAYS),
                *(row.hours for row in self.make_up_days if row.like is None),
            )
        )

    @cached_property
    def surely_open(self) -> timedelta:
        """Return open time that there is within the years that are searched, begin when you will.

        So a time up to it is always found by `due`.
        """
        if self.is_around_the_clock:
            return _SEARCHED
        week, by_day = self._hours
        open_us = [sum(closes - opens for opens, closes in hours) for hours in week]
        lost = sum(open_us[(day + _WEEKDAY_OF_EPOCH) % 7] for day in by_day)
        return timedelta(microseconds=max(0, _SURE_WEEKS * sum(open_us) - lost))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy that was checked and worked out anew, not with this one's hours."""
        del deep  # nothing in a table can be changed, so there is nothing to copy deeply
        return self.model_validate({**self.model_dump(), **(update or {})})

    def _open(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the open intervals from `start` until before `end`, in order, as microseconds.

        This is the only place that says what is open; adding and measuring both walk it.
        """
        week, by_day = self._hours
        first_year = (EPOCH + timedelta(microseconds=start)).year
        for year in range(first_year, _LAST_YEAR + 1):
            for since, until, offset in stretches(self.zone, year):
                if until <= start:
                    continue
                if since >= end:
                    return
                # Within a stretch the wall clock is UTC and a constant; what lies in a day that
                # a change of the clocks cuts in two is cut here, by the stretch's own ends.
                low, high = max(since, start), min(until, end)
                for day in range((low + offset) // _DAY, (high - 1 + offset) // _DAY + 1):
                    intervals = by_day.get(day)
                    if intervals is None:
                        intervals = week[(day + _WEEKDAY_OF_EPOCH) % 7]
                    midnight = day * _DAY - offset
                    for opening, closing in intervals:
                        opens, closes = max(midnight + opening, low), min(midnight + closing, high)
                        if opens < closes:
                            yield opens, closes

    @cached_property
    def _hours(self) -> _Hours:
        return _Hours(
            week=tuple(_parsed(self.week.of(day)) for day in WEEKDAYS),
            by_day={
                **{_day_of(row.on): () for row in self.holidays},
                **{
                    _day_of(row.on): _parsed(self.week.of(row.like) if row.like else row.hours)
                    for row in self.make_up_days
                },
            },
        )

    def _too_far(self, since: Instant, within: timedelta) -> TooFarAheadError:
        return TooFarAheadError(
            f"calendar {self.name} {self.version} has no {within} of open time"
            f" within {SEARCH_YEARS} years of {since}"
        )


def problems(calendars: Sequence[Calendar]) -> list[str]:
    """Return what is wrong between the calendars of one book."""
    return [f"calendar {name} stands twice" for name in twice([one.name for one in calendars])]


def _disorder(hours: Sequence[Interval]) -> Iterator[str]:
    """Yield what is wrong with the intervals of one day."""
    closed = 0
    for interval, (opens, closes) in zip(hours, _parsed(hours), strict=True):
        if opens >= closes:
            yield f"{interval} does not end after it starts"
        if opens < closed:
            yield f"{interval} starts before the one before it ends"
        closed = max(closed, closes)


def _parsed(hours: Sequence[Interval]) -> tuple[tuple[int, int], ...]:
    return tuple((_from_midnight(one[:5]), _from_midnight(one[6:])) for one in hours)


def _from_midnight(time: str) -> int:
    return (int(time[:2]) * 60 + int(time[3:])) * _MINUTE


def _repeated(days: Sequence[date]) -> list[str]:
    return twice([str(day) for day in days])


def _day_of(day: date) -> int:
    return day.toordinal() - _ORDINAL_OF_EPOCH


def _microseconds(at: Instant) -> int:
    return (moment_of(at) - EPOCH) // MICROSECOND


def _instant_of(microseconds: int) -> Instant:
    return instant(EPOCH + timedelta(microseconds=microseconds))


AROUND_THE_CLOCK: Final = Calendar(
    name="around_the_clock",
    version="1",
    zone="UTC",
    week=Week(**dict.fromkeys(WEEKDAYS, (ALL_DAY,))),
    source="rulebook, section 1: durations run around the clock unless a calendar says otherwise",
)
"""What holds where no calendar is named."""
