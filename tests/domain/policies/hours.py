"""Calendars for tests: the book's, drawn ones, and a slow way to count open minutes."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

import domain.policies
from domain.policies.calendar import WEEKDAYS, Calendar
from domain.policies.zones import zone
from domain.values import Instant, instant, moment_of

FILE = Path(domain.policies.__file__).parent / "tables" / "2026-11-22" / "calendars.toml"
BOOK = {
    row["name"]: Calendar.model_validate(row) for row in tomllib.loads(FILE.read_text())["calendar"]
}
OFFICE = BOOK["cn_office"]
MINUTE = timedelta(minutes=1)
MOMENT = timedelta(microseconds=1)

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Shanghai",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "UTC",
)
TURNS = (
    datetime(2026, 3, 29, 1, tzinfo=UTC),  # Berlin goes forward
    datetime(2026, 10, 25, 1, tzinfo=UTC),  # and back
    datetime(2026, 3, 8, 7, tzinfo=UTC),  # New York goes forward
    datetime(2026, 11, 1, 6, tzinfo=UTC),  # and back
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),  # Lord Howe goes forward by half an hour
    datetime(2026, 4, 4, 15, tzinfo=UTC),  # and back
    datetime(2011, 12, 30, 10, tzinfo=UTC),  # Apia leaves a day out
    datetime(2026, 2, 15, 2, tzinfo=UTC),  # Casablanca changes for Ramadan
    datetime(2028, 2, 29, 12, tzinfo=UTC),  # a leap day
    datetime(2026, 12, 31, 23, tzinfo=UTC),  # a year's end
    datetime(2026, 7, 15, tzinfo=UTC),  # nothing happens
)
"""Moments around which a calendar is most likely to be wrong."""


def shanghai(text: str) -> Instant:
    """Return the instant of a wall-clock time in China ("2026-11-20 16:00")."""
    return instant(datetime.fromisoformat(f"{text}:00+08:00"))


def hours(amount: float) -> timedelta:
    """Return so many hours."""
    return timedelta(hours=amount)


def a_calendar(
    *days: Sequence[str], zone_name: str = "Asia/Shanghai", **columns: object
) -> Calendar:
    """Return a calendar whose week repeats the days that are given, from Monday on."""
    week = {day: days[at % len(days)] for at, day in enumerate(WEEKDAYS)}
    return Calendar.model_validate(
        {
            "name": "drawn",
            "version": "1",
            "zone": zone_name,
            "week": week,
            "source": "ours",
            **columns,
        }
    )


def opens_at(calendar: Calendar, moment: datetime) -> bool:
    """Return whether the wall clock shows open time: the rule itself, spelled out on texts."""
    wall = moment.astimezone(zone(calendar.zone))
    day, time = wall.date(), wall.strftime("%H:%M")
    if any(row.on == day for row in calendar.holidays):
        return False
    made_up = [row for row in calendar.make_up_days if row.on == day]
    weekday = made_up[0].like if made_up else WEEKDAYS[day.weekday()]
    open_times = made_up[0].hours if weekday is None else calendar.week.of(weekday)
    return any(start <= time < end for start, end in (one.split("-") for one in open_times))


def counted(calendar: Calendar, start: Instant, end: Instant) -> timedelta:
    """Return the open time between two full minutes by looking at each minute's wall clock."""
    moment, last, total = moment_of(start), moment_of(end), timedelta(0)
    while moment < last:
        total += MINUTE if opens_at(calendar, moment) else timedelta(0)
        moment += MINUTE
    return total


def weekly(calendar: Calendar) -> timedelta:
    """Return the open time of an ordinary week."""
    return sum(
        (
            timedelta(hours=int(end[:2]) - int(start[:2]), minutes=int(end[3:]) - int(start[3:]))
            for day in WEEKDAYS
            for start, end in (one.split("-") for one in calendar.week.of(day))
        ),
        timedelta(0),
    )


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


@st.composite
def _day(draw: st.DrawFn) -> list[str]:
    edges = sorted(draw(st.sets(st.integers(0, 1440), max_size=6)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return draw(
        st.sampled_from([[f"{_time(start)}-{_time(end)}" for start, end in pairs], ["00:00-24:00"]])
    )


@st.composite
def calendars(draw: st.DrawFn, near: datetime) -> Calendar:
    """Draw a calendar with holidays and make-up days around a moment."""
    week = draw(
        st.tuples(*[_day()] * 7)
        .filter(any)
        .map(lambda days: dict(zip(WEEKDAYS, days, strict=True)))
    )
    around: list[date] = [near.date() + timedelta(days=step) for step in range(-3, 4)]
    special = draw(st.lists(st.sampled_from(around), unique=True, max_size=3))
    cut = draw(st.integers(0, len(special)))
    make_up: list[Mapping[str, Any]] = [
        draw(
            st.sampled_from(
                [
                    {"on": day, "name": "x", "like": next(one for one in WEEKDAYS if week[one])},
                    {"on": day, "name": "x", "hours": ["00:30-02:45", "23:00-24:00"]},
                ]
            )
        )
        for day in special[cut:]
    ]
    return Calendar.model_validate(
        {
            "name": "drawn",
            "version": "1",
            "zone": draw(st.sampled_from(ZONES)),
            "week": week,
            "holidays": [{"on": day, "name": "x"} for day in special[:cut]],
            "make_up_days": make_up,
            "source": "ours",
        }
    )


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Calendar, Instant, Instant]:
    """Draw a calendar and two full minutes in order, near a moment where something turns."""
    turn = draw(st.sampled_from(TURNS))
    minutes = st.integers(-2 * 1440, 2 * 1440)
    first, second = sorted((draw(minutes), draw(minutes)))
    return (
        draw(calendars(turn)),
        instant(turn + first * MINUTE),
        instant(turn + second * MINUTE),
    )
