"""Adding open time and measuring it are one rule: laws over any calendar, zone and instant."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.policies.calendar import AROUND_THE_CLOCK, Calendar
from domain.values import Instant, instant, later, moment_of
from tests.domain.policies.hours import (
    MINUTE,
    MOMENT,
    TURNS,
    ZONES,
    a_calendar,
    counted,
    hours,
    opens_at,
    scenes,
    weekly,
)

Scene = tuple[Calendar, Instant, Instant]
SHARES = st.integers(1, 3_000)
"""A time as thousandths of a calendar's open week, so it is never out of reach."""


@given(scenes(), SHARES, st.integers(0, 59_999_999))
def test_measuring_finds_what_was_added(scene: Scene, share: int, into: int) -> None:
    """A due time that its own clock does not confirm is the root of a whole family of bugs."""
    calendar, minute, _ = scene
    start = later(minute, timedelta(microseconds=into))
    time = weekly(calendar) * share / 1_000
    due = calendar.due(start, time)
    assert calendar.elapsed(start, due) == time
    assert calendar.elapsed(start, later(due, -MOMENT)) < time, "it is the earliest such instant"


@given(scenes())
def test_no_time_is_due_at_once(scene: Scene) -> None:
    """The rule has no step at zero: nothing is waited for, open or not."""
    calendar, start, _ = scene
    assert calendar.due(start, timedelta(0)) == start


@given(scenes(), SHARES, SHARES)
def test_adding_twice_is_adding_the_sum(scene: Scene, first: int, second: int) -> None:
    """A clock that was paused for no time is due when it was due."""
    calendar, start, _ = scene
    one, other = weekly(calendar) * first / 1_000, weekly(calendar) * second / 1_000
    assert calendar.due(calendar.due(start, one), other) == calendar.due(start, one + other)


@given(scenes(), st.integers(0, 5_760))
def test_parts_add_up_to_the_whole(scene: Scene, minutes: int) -> None:
    """Whatever a span is cut into, no instant of it is lost and none counts twice."""
    calendar, start, end = scene
    cut = min(end, later(start, minutes * MINUTE))
    assert calendar.elapsed(start, end) == calendar.elapsed(start, cut) + calendar.elapsed(cut, end)


@settings(max_examples=80)
@given(scenes())
def test_elapsed_is_what_counting_each_minute_finds(scene: Scene) -> None:
    """The rule said in another way: look at the wall clock, minute by minute."""
    calendar, start, end = scene
    assert calendar.elapsed(start, end) == counted(calendar, start, end)


@settings(max_examples=80)
@given(scenes())
def test_due_is_where_counting_each_minute_ends(scene: Scene) -> None:
    """The other direction is held to the same count."""
    calendar, start, end = scene
    time = counted(calendar, start, end)
    due = calendar.due(start, time)
    assert due <= end
    assert counted(calendar, start, due) == time


@given(scenes(), st.integers(0, 59_999_999))
def test_open_and_next_open_agree_with_the_wall_clock(scene: Scene, into: int) -> None:
    """Who may be written to now, and when else, is answered by the same intervals."""
    calendar, minute, _ = scene
    at = later(minute, timedelta(microseconds=into))
    assert calendar.is_open(at) == opens_at(calendar, moment_of(at))
    opens = calendar.next_open(at)
    assert calendar.is_open(opens)
    assert opens == at if calendar.is_open(at) else calendar.elapsed(at, opens) == timedelta(0)


@pytest.mark.parametrize("turn", TURNS, ids=str)
@pytest.mark.parametrize("zone", ZONES)
def test_a_whole_week_of_whole_days_is_around_the_clock(zone: str, turn: datetime) -> None:
    """Real time counts: 48 hours are 48 hours over a change of the clocks or a day left out."""
    start = instant(turn)
    closed_once = a_calendar(
        ["00:00-24:00"], zone_name=zone, holidays=[{"on": "1999-12-31", "name": "x"}]
    )
    assert not closed_once.is_around_the_clock, "so it is worked out and not taken for granted"
    assert closed_once.due(later(start, -hours(24)), hours(48)) == later(start, hours(24))
    assert AROUND_THE_CLOCK.due(later(start, -hours(24)), hours(48)) == later(start, hours(24))


@given(scenes())
def test_around_the_clock_everything_is_open(scene: Scene) -> None:
    """The short way gives what the long way would."""
    _, start, end = scene
    assert AROUND_THE_CLOCK.elapsed(start, end) == moment_of(end) - moment_of(start)
    assert AROUND_THE_CLOCK.is_open(start)
    assert AROUND_THE_CLOCK.next_open(start) == start
