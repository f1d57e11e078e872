"""The calendars of the book, the edges of their intervals, and tables that are refused."""

import zoneinfo
from datetime import date, datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.policies.calendar import (
    AROUND_THE_CLOCK,
    WEEKDAYS,
    Calendar,
    TooFarAheadError,
    problems,
)
from domain.policies.zones import EPOCH, stretches, zone, zone_names, zone_version
from domain.values import Instant
from tests.domain.policies.hours import BOOK, MOMENT, OFFICE, ZONES, a_calendar, hours, shanghai

REQUIREMENTS = Path(__file__).parents[3] / "requirements.txt"
BERLIN = "Europe/Berlin"
OFFICE_DAY = ["09:00-12:00", "13:30-18:00"]


def refused(**columns: Any) -> str:
    """Return what a calendar is refused for, read as one row of a table."""
    row = {**OFFICE.model_dump(), **columns}
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(dict[str, tuple[Calendar, ...]]).validate_python({"calendar": (OFFICE, row)})
    return str(caught.value)


def week(**days: list[str]) -> dict[str, list[str]]:
    """Return a week that is closed but for the days that are given."""
    return {day: days.get(day, []) for day in WEEKDAYS}


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-01-01", "2026-01-03"),
        ("2026-02-15", "2026-02-23"),
        ("2026-04-04", "2026-04-06"),
        ("2026-05-01", "2026-05-05"),
        ("2026-06-19", "2026-06-21"),
        ("2026-09-25", "2026-09-27"),
        ("2026-10-01", "2026-10-07"),
    ],
)
def test_the_announced_holidays_are_closed(first: str, last: str) -> None:
    """An SLA that runs through the Spring Festival is a promise nobody made."""
    assert OFFICE.elapsed(shanghai(f"{first} 00:00"), shanghai(f"{last} 23:59")) == timedelta(0)


@pytest.mark.parametrize(
    "day", ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]
)
def test_the_announced_make_up_days_are_worked(day: str) -> None:
    """They fall on weekends, and the office is there."""
    assert date.fromisoformat(day).weekday() >= 5
    assert OFFICE.elapsed(shanghai(f"{day} 00:00"), shanghai(f"{day} 23:59")) == hours(7.5)


def test_the_year_has_its_working_days() -> None:
    """261 weekdays less the 13 days of the regulation; make-up days only move days off."""
    year = OFFICE.elapsed(shanghai("2026-01-01 00:00"), shanghai("2027-01-01 00:00"))
    assert year == (261 - 13) * hours(7.5)


def test_the_book_has_the_calendars_its_promises_name() -> None:
    """The tables carry the versions they were dated with and where each comes from."""
    assert set(BOOK) == {"around_the_clock", "cn_office", "notification_hours"}
    assert {one.version for one in BOOK.values()} == {"2026-11-22"}
    assert all(one.source for one in BOOK.values())
    assert BOOK["around_the_clock"].is_around_the_clock
    assert BOOK["around_the_clock"].week == AROUND_THE_CLOCK.week
    assert not BOOK["cn_office"].is_around_the_clock


@pytest.mark.parametrize(
    ("at", "is_open", "next_open"),
    [
        ("2026-11-20 08:59", False, "2026-11-20 09:00"),
        ("2026-11-20 09:00", True, "2026-11-20 09:00"),
        ("2026-11-20 11:59", True, "2026-11-20 11:59"),
        ("2026-11-20 12:00", False, "2026-11-20 13:30"),
        ("2026-11-20 18:00", False, "2026-11-23 09:00"),
        ("2026-09-30 18:00", False, "2026-10-08 09:00"),
        ("2026-10-09 18:00", False, "2026-10-10 09:00"),
    ],
)
def test_an_interval_holds_its_first_instant_and_not_its_last(
    at: str, *, is_open: bool, next_open: str
) -> None:
    """Half-open intervals join without a gap and without an overlap."""
    assert OFFICE.is_open(shanghai(at)) is is_open
    assert OFFICE.next_open(shanghai(at)) == shanghai(next_open)


def test_nothing_elapses_backwards() -> None:
    """An end before its start is no time, not less than none."""
    assert OFFICE.elapsed(shanghai("2026-11-20 10:00"), shanghai("2026-11-20 09:00")) == hours(0)
    assert AROUND_THE_CLOCK.elapsed(
        shanghai("2026-11-20 10:00"), shanghai("2026-11-20 09:00")
    ) == hours(0)


@pytest.mark.parametrize(
    ("zone_name", "day", "open_hours", "expected"),
    [
        pytest.param(BERLIN, "2026-03-29", "01:00-04:00", 2, id="an hour is left out"),
        pytest.param(BERLIN, "2026-03-29", "02:00-03:00", 0, id="the very hour is left out"),
        pytest.param(BERLIN, "2026-10-25", "01:00-04:00", 4, id="an hour exists twice"),
        pytest.param(BERLIN, "2026-10-25", "01:00-02:30", 2, id="half of it exists twice"),
        pytest.param("America/New_York", "2026-03-08", "01:00-04:00", 2, id="New York forward"),
        pytest.param("America/New_York", "2026-11-01", "00:00-24:00", 25, id="New York back"),
        pytest.param("Australia/Lord_Howe", "2026-10-04", "00:00-24:00", 23.5, id="half forward"),
        pytest.param("Australia/Lord_Howe", "2026-04-05", "00:00-24:00", 24.5, id="half back"),
        pytest.param("Pacific/Apia", "2011-12-30", "00:00-24:00", 0, id="a day is left out"),
        pytest.param("Asia/Shanghai", "2026-03-29", "01:00-04:00", 3, id="nothing changes"),
        pytest.param("UTC", "2028-02-29", "01:00-04:00", 3, id="a leap day"),
    ],
)
def test_a_day_counts_the_real_time_its_wall_clock_shows_open(
    zone_name: str, day: str, open_hours: str, expected: float
) -> None:
    """Changes of the clocks: what is left out counts nothing, what exists twice counts twice."""
    calendar = a_calendar(
        [], ["00:00-00:01"], [], [], [], [], [],
        zone_name=zone_name, make_up_days=[{"on": day, "name": "x", "hours": [open_hours]}],
    )  # fmt: skip
    eve, morrow = (date.fromisoformat(day) + timedelta(days=step) for step in (-2, 3))
    bare = calendar.model_copy(update={"make_up_days": (), "holidays": ({"on": day, "name": "x"},)})
    start, end = Instant(f"{eve}T00:00:00.000000Z"), Instant(f"{morrow}T00:00:00.000000Z")
    assert calendar.elapsed(start, end) - bare.elapsed(start, end) == hours(expected)


def test_a_promise_over_a_lost_hour_is_due_in_real_time() -> None:
    """Berlin, 01:30 on the day the clocks go forward: one hour later it is 03:30."""
    night = a_calendar(["00:00-05:00"], zone_name=BERLIN)
    since = Instant("2026-03-29T00:30:00.000000Z")
    assert night.due(since, hours(1)) == "2026-03-29T01:30:00.000000Z"


def test_time_that_will_never_come_is_an_error_and_no_endless_search() -> None:
    """A figure mistyped in a table must not stop a worker."""
    rare = a_calendar([], [], [], [], [], [], ["09:00-09:01"])
    message = r"calendar drawn 1 has no 20:00:00 of open time within 10 years of 2026-11-20T"
    with pytest.raises(TooFarAheadError, match=message):
        rare.due(shanghai("2026-11-20 09:00"), hours(20))
    with pytest.raises(TooFarAheadError):
        AROUND_THE_CLOCK.due(shanghai("2026-11-20 09:00"), timedelta(days=3_651))
    assert AROUND_THE_CLOCK.due(shanghai("2026-11-20 09:00"), timedelta(days=3_650))


@pytest.mark.parametrize("zone_name", ZONES)
@pytest.mark.parametrize("begun", ["2011-06-01 00:00", "2026-03-28 12:00", "2028-12-31 23:59"])
def test_open_time_that_is_sure_is_found_whenever_it_begins(zone_name: str, begun: str) -> None:
    """What a book may promise by a calendar is due some day, also over hours the clocks cut."""
    night = a_calendar(
        [],
        [],
        [],
        [],
        [],
        [],
        ["01:00-03:00"],
        zone_name=zone_name,
        holidays=[{"on": f"{year}-05-02", "name": "closed"} for year in range(2010, 2040)],
        make_up_days=[{"on": "2027-01-03", "name": "short", "hours": ["01:00-01:01"]}],
    )
    assert timedelta(hours=900) < night.surely_open < timedelta(hours=1_000)
    assert night.due(shanghai(begun), night.surely_open)


def test_a_calendar_that_is_closed_by_its_holidays_is_sure_of_nothing() -> None:
    """Ten years of closed Mondays leave nothing of a week of Mondays."""
    first = date(2026, 1, 5)
    closed = [{"on": first + timedelta(weeks=at), "name": "closed"} for at in range(530)]
    mondays = a_calendar(["09:00-10:00"], [], [], [], [], [], [], holidays=closed)
    assert mondays.surely_open == timedelta(0)
    assert AROUND_THE_CLOCK.surely_open == timedelta(days=3_650)


def test_taking_time_away_is_a_programming_error() -> None:
    """Only a bug asks for it."""
    with pytest.raises(AssertionError):
        OFFICE.due(shanghai("2026-11-20 09:00"), -MOMENT)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"zone": "Mars/Olympus"}, "the zone Mars/Olympus is unknown"),
        ({"zone": "../../../etc/passwd"}, "the zone ../../../etc/passwd is unknown"),
        ({"week": week()}, "no day of the week is open"),
        ({"week": week(monday=["12:00-09:00"])}, "monday 12:00-09:00 does not end after it starts"),
        ({"week": week(monday=["12:00-12:00"])}, "monday 12:00-12:00 does not end after it starts"),
        (
            {"week": week(friday=["09:00-12:00", "11:59-18:00"])},
            "friday 11:59-18:00 starts before the one before it ends",
        ),
        (
            {"week": week(friday=["13:00-18:00", "09:00-12:00"])},
            "friday 09:00-12:00 starts before the one before it ends",
        ),
        (
            {"holidays": [{"on": "2026-01-01", "name": "x"}] * 2},
            "the holiday 2026-01-01 stands twice",
        ),
        (
            {"make_up_days": [{"on": "2026-01-04", "name": "x", "like": "monday"}] * 2},
            "the make-up day 2026-01-04 stands twice",
        ),
        (
            {"make_up_days": [{"on": "2026-01-01", "name": "x", "like": "monday"}]},
            "2026-01-01 is a holiday and a make-up day",
        ),
        (
            {"make_up_days": [{"on": "2026-01-04", "name": "x", "like": "sunday"}]},
            "the make-up day 2026-01-04 follows sunday, which is closed",
        ),
        (
            {"make_up_days": [{"on": "2026-01-04", "name": "x"}]},
            "the make-up day 2026-01-04 has either a weekday to follow or own hours",
        ),
        (
            {
                "make_up_days": [
                    {"on": "2026-01-04", "name": "x", "like": "monday", "hours": ["09:00-10:00"]}
                ]
            },
            "the make-up day 2026-01-04 has either a weekday to follow or own hours",
        ),
        (
            {"make_up_days": [{"on": "2026-01-04", "name": "x", "hours": ["10:00-09:00"]}]},
            "the make-up day 2026-01-04 10:00-09:00 does not end after it starts",
        ),
    ],
)
def test_an_unsound_calendar_is_refused_by_its_row_and_reason(
    columns: dict[str, Any], reason: str
) -> None:
    """Who edits the table must find the place without reading code."""
    message = refused(**columns)
    assert "calendar.1" in message
    assert f"calendar cn_office: {reason}" in message


@pytest.mark.parametrize(
    "interval", ["9:00-12:00", "09:00-24:01", "24:00-24:00", "09:60-10:00", "x"]
)
def test_what_is_no_interval_is_refused_by_its_day(interval: str) -> None:
    """One spelling only: hours and minutes, two digits each."""
    assert "calendar.1.week.tuesday.0" in refused(week=week(tuesday=[interval]))


def test_a_day_that_is_not_said_to_be_closed_is_refused() -> None:
    """A forgotten day would silently be a day off."""
    assert "calendar.1.week.sunday" in refused(week=dict.fromkeys(WEEKDAYS[:6], OFFICE_DAY))


def test_an_unknown_column_is_refused() -> None:
    """A misspelt one would promise something else than it says."""
    assert "calendar.1.holiday" in refused(holiday=[])


def test_intervals_may_touch() -> None:
    """Half-open intervals that touch do not overlap, and lose nothing between them."""
    calendar = a_calendar(["09:00-12:00", "12:00-18:00"])
    assert calendar.due(shanghai("2026-11-20 11:00"), hours(2)) == shanghai("2026-11-20 13:00")


def test_a_changed_copy_is_worked_out_anew() -> None:
    """A copy that kept its original's hours would promise by a table nobody sees."""
    since = shanghai("2026-11-20 11:00")
    assert OFFICE.due(since, hours(2)) == shanghai("2026-11-20 14:30")
    through = OFFICE.model_copy(
        update={"week": {**OFFICE.model_dump()["week"], "friday": ["09:00-18:00"]}}
    )
    assert through.due(since, hours(2)) == shanghai("2026-11-20 13:00")
    with pytest.raises(ValidationError):
        OFFICE.model_copy(update={"zone": "nowhere"})


def test_a_make_up_day_that_is_not_whole_is_not_around_the_clock() -> None:
    """The short way is taken only where it is the same."""
    half = AROUND_THE_CLOCK.model_copy(
        update={"make_up_days": ({"on": "2026-11-20", "name": "x", "hours": ("00:00-12:00",)},)}
    )
    assert not half.is_around_the_clock
    assert half.elapsed(
        Instant("2026-11-20T00:00:00.000000Z"), Instant("2026-11-21T00:00:00.000000Z")
    ) == hours(12)


def test_two_calendars_of_one_name_are_a_problem() -> None:
    """A clock that names it would name two."""
    assert problems([OFFICE, AROUND_THE_CLOCK]) == []
    assert problems([OFFICE, AROUND_THE_CLOCK, OFFICE]) == ["calendar cn_office stands twice"]


@pytest.mark.parametrize("zone_name", ZONES)
@pytest.mark.parametrize("year", [2011, 2026, 2028, 2050])
def test_the_stretches_of_a_year_have_no_gap(zone_name: str, year: int) -> None:
    """What lies between two stretches would be no time at all."""
    found = stretches(zone_name, year)
    assert all(one.end == other.start for one, other in pairwise(found))
    assert found[-1].end == stretches(zone_name, year + 1)[0].start


@pytest.mark.parametrize(
    ("zone_name", "year", "changes"),
    [
        pytest.param(BERLIN, 2026, 2, id="twice a year"),
        pytest.param("Asia/Shanghai", 2026, 0, id="never"),
        pytest.param("Pacific/Apia", 2011, 3, id="and a day is left out"),
        pytest.param("Africa/Casablanca", 2025, 2, id="for a month"),
        pytest.param("Asia/Dhaka", 2009, 2, id="on the last day of the year"),
        pytest.param("Asia/Gaza", 2040, 4, id="for a week"),
    ],
)
def test_the_stretches_of_a_year_are_what_each_hour_shows(
    zone_name: str, year: int, changes: int
) -> None:
    """A change that is missed would move every due time behind it."""
    found = stretches(zone_name, year)
    assert len(found) == changes + 1
    for one in found:
        for at in range(one.start, one.end, 3_600_000_000):
            offset = (EPOCH + at * MOMENT).astimezone(zone(zone_name)).utcoffset()
            assert offset == one.offset * MOMENT


def test_the_zone_data_is_the_pinned_one() -> None:
    """Its version is part of what a calendar means, so it is named and never left to chance."""
    assert f"tzdata=={zone_version()} " in REQUIREMENTS.read_text()
    assert set(ZONES) <= zone_names()


def test_the_machines_own_zone_data_is_not_asked(tmp_path: Path) -> None:
    """Two machines of one version work out one due time, whatever their systems hold."""
    (tmp_path / "Europe").mkdir()
    (tmp_path / BERLIN).write_bytes(files("tzdata").joinpath("zoneinfo", "UTC").read_bytes())
    zoneinfo.reset_tzpath(to=[tmp_path])
    try:
        misled = zoneinfo.ZoneInfo.no_cache(BERLIN)
        zoneinfo.ZoneInfo.clear_cache()
        zone.cache_clear()
        winter = datetime(2026, 1, 1)  # noqa: DTZ001 - the wall clock of each zone
        assert misled.utcoffset(winter) == timedelta(0)
        assert zone(BERLIN).utcoffset(winter) == hours(1)
    finally:
        zoneinfo.reset_tzpath()
        zoneinfo.ZoneInfo.clear_cache()
