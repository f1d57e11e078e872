"""A clock's elapsed and due time follow from its transitions, whatever path they take."""

from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.policies.calendar import AROUND_THE_CLOCK, Calendar
from domain.policies.elapsed import Transition, Turn, due, elapsed
from domain.values import Instant, instant, later, moment_of
from tests.domain.policies.hours import (
    MINUTE,
    MOMENT,
    OFFICE,
    TURNS,
    calendars,
    counted,
    hours,
    shanghai,
)

STEPS: Final = {
    ("idle", Turn.STARTED): "running",
    ("running", Turn.PAUSED): "paused",
    ("paused", Turn.RESUMED): "running",
    ("running", Turn.STOPPED): "idle",
    ("paused", Turn.STOPPED): "idle",
    ("running", Turn.CANCELLED): "idle",
    ("paused", Turn.CANCELLED): "idle",
}
"""Every step a clock can take; what is not here changes nothing."""

NINE: Final = shanghai("2026-11-20 09:00")
"""A Friday morning, when the office opens."""


def at(minutes: int) -> Instant:
    """Return the instant so many minutes after nine on that Friday."""
    return later(NINE, minutes * MINUTE)


def path(*steps: tuple[Turn, int]) -> list[Transition]:
    """Return transitions at minutes after nine."""
    return [Transition(kind, at(minutes)) for kind, minutes in steps]


@st.composite
def lives(draw: st.DrawFn) -> tuple[Calendar, list[Transition], Instant]:
    """Draw a calendar, transitions of any kind in order of time, and an instant to look from."""
    turn = draw(st.sampled_from(TURNS))
    calendar = draw(calendars(turn))
    kinds = draw(st.lists(st.sampled_from([*Turn, Turn.PAUSED, Turn.RESUMED]), max_size=12))
    gaps = draw(
        st.lists(
            st.one_of(st.just(0), st.integers(0, 500)), min_size=len(kinds), max_size=len(kinds)
        )
    )
    life, minute = [], instant(turn - timedelta(days=1))
    for kind, gap in zip([Turn.STARTED, *kinds], [0, *gaps], strict=True):
        minute = later(minute, gap * MINUTE)
        life.append(Transition(kind, minute))
    return calendar, life, later(minute, draw(st.integers(0, 1_000)) * MINUTE)


@given(lives())
def test_any_path_elapses_what_its_running_minutes_count(
    scene: tuple[Calendar, list[Transition], Instant],
) -> None:
    """I-FH3776 and its kin: no path through the states may lose a pause or gain one."""
    calendar, life, until = scene
    state, total = "idle", timedelta(0)
    for (kind, since), end in zip(life, [*(one.at for one in life[1:]), until], strict=True):
        before, state = state, STEPS.get((state, kind), state)
        if before == "idle" and state == "running":
            total = timedelta(0)
        if state == "running":
            total += counted(calendar, since, end)
    assert elapsed(calendar, life, until) == total


@given(lives(), st.integers(1, 2_000))
def test_a_due_time_is_where_the_target_is_used_up(
    scene: tuple[Calendar, list[Transition], Instant], minutes: int
) -> None:
    """What a clock says it will take and what it has taken are one figure, paused or not."""
    calendar, life, until = scene
    target = minutes * MINUTE
    found = due(calendar, life, target)
    if found is None:
        assert elapsed(calendar, life, until) <= target, "it never came so far"
        grown = [*life, Transition(Turn.RESUMED, until), Transition(Turn.STARTED, until)]
        assert due(calendar, grown, target) is not None, "it did not run, or it would be due"
    else:
        assert elapsed(calendar, life, found) == target
        resumed = any(one.at == found and one.kind is Turn.RESUMED for one in life)
        assert resumed or elapsed(calendar, life, later(found, -MOMENT)) < target


@given(st.permutations(path((Turn.PAUSED, 60), (Turn.RESUMED, 30), (Turn.PAUSED, 90))))
def test_no_time_counts_twice_when_clocks_disagree(middle: list[Transition]) -> None:
    """Two machines' times may cross; a clock must not run faster than the wall for it."""
    life = [Transition(Turn.STARTED, at(0)), *middle, Transition(Turn.STOPPED, at(120))]
    assert elapsed(AROUND_THE_CLOCK, life, at(500)) <= hours(2)


def test_a_transition_before_its_predecessor_counts_from_it() -> None:
    """The record's order holds: resumed at 9:30 after a pause at 10:00 is resumed at 10:00."""
    life = path((Turn.STARTED, 0), (Turn.PAUSED, 60), (Turn.RESUMED, 30), (Turn.STOPPED, 90))
    assert elapsed(OFFICE, life, at(500)) == 90 * MINUTE


def test_what_does_not_fit_changes_nothing() -> None:
    """A fact may come twice or late; the fold takes it and stays right."""
    life = path((Turn.STARTED, 0), (Turn.PAUSED, 60), (Turn.RESUMED, 90))
    odd = path(
        (Turn.RESUMED, -5), (Turn.PAUSED, -4), (Turn.STOPPED, -3), (Turn.STARTED, 0),
        (Turn.STARTED, 10), (Turn.RESUMED, 20), (Turn.PAUSED, 60), (Turn.PAUSED, 70),
        (Turn.STARTED, 80), (Turn.RESUMED, 90), (Turn.RESUMED, 95),
    )  # fmt: skip
    assert elapsed(OFFICE, odd, at(120)) == elapsed(OFFICE, life, at(120)) == 90 * MINUTE
    assert due(OFFICE, odd, hours(2)) == due(OFFICE, life, hours(2)) == at(150)


@pytest.mark.parametrize("end", [Turn.STOPPED, Turn.CANCELLED])
def test_an_ended_clock_stands_still(end: Turn) -> None:
    """An answered or a withdrawn matter uses no time and is not due."""
    life = path((Turn.STARTED, 0), (end, 30))
    assert elapsed(OFFICE, life, at(9_000)) == 30 * MINUTE
    assert due(OFFICE, life, hours(1)) is None


def test_a_clock_that_never_started_has_nothing() -> None:
    """No transition, no promise."""
    assert elapsed(OFFICE, [], at(0)) == timedelta(0)
    assert due(OFFICE, [], hours(1)) is None


@pytest.mark.parametrize("end", [Turn.STOPPED, Turn.CANCELLED, Turn.PAUSED])
@pytest.mark.parametrize(
    ("early", "missed"), [(MOMENT, False), (timedelta(0), False), (-MOMENT, True)]
)
def test_to_end_at_the_due_instant_is_in_time(end: Turn, early: timedelta, *, missed: bool) -> None:
    """A breach that a stopped worker did not see stays visible; one instant decides it."""
    ended = Transition(end, later(at(60), -early))
    life = [Transition(Turn.STARTED, at(0)), ended]
    assert due(OFFICE, life, hours(1)) == (at(60) if missed else None)


def test_what_is_answered_after_hours_was_due_at_closing() -> None:
    """Time used up at 18:00 on Friday is due then, though no more passes until Monday."""
    start = shanghai("2026-11-20 17:00")
    friday, saturday = shanghai("2026-11-20 18:00"), shanghai("2026-11-21 10:00")
    assert due(OFFICE, [Transition(Turn.STARTED, start)], hours(1)) == friday
    late = [Transition(Turn.STARTED, start), Transition(Turn.STOPPED, saturday)]
    assert due(OFFICE, late, hours(1)) == friday


def test_looking_back_sees_what_was_elapsed_then() -> None:
    """Any past moment can be asked for, later transitions or not."""
    life = path((Turn.STARTED, 0), (Turn.PAUSED, 60), (Turn.RESUMED, 90), (Turn.STOPPED, 120))
    looks = [elapsed(OFFICE, life, at(minute)) // MINUTE for minute in (-10, 0, 30, 75, 100, 120)]
    assert looks == [0, 0, 30, 60, 70, 90]


def test_the_due_time_is_utc_and_the_zone_is_the_calendars() -> None:
    """A due time without a zone is read differently by every reader."""
    found = due(OFFICE, path((Turn.STARTED, 0)), hours(1))
    assert found == "2026-11-20T02:00:00.000000Z"
    assert moment_of(found).utcoffset() == timedelta(0)
    assert OFFICE.zone == "Asia/Shanghai"
