"""What is told without a calendar of a promise is never more than what its calendar tells."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.policies.clocks import ClockRule
from domain.policies.elapsed import Transition, Turn, due
from domain.ticket.clock import Clock
from domain.ticket.clocks.running import nothing_due, steps
from domain.values import Instant, later
from tests.scenario import whole_book

BOOK = whole_book()
BEGUN = Instant("2026-11-20T06:30:00.000000Z")
MINUTES = st.integers(0, 20 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))


def clock_of(rule: ClockRule, rests: list[timedelta], warned: tuple[int, ...]) -> Clock | None:
    """A clock of a rule that rested so often and ran on, or that rests; None for one that ended."""
    transitions = [Transition(Turn.STARTED, BEGUN)]
    at = BEGUN
    for number, apart in enumerate(rests):
        at = later(at, apart)
        transitions.append(Transition((Turn.PAUSED, Turn.RESUMED)[number % 2], at))
    paused = len(rests) % 2 == 1
    reached = due(BOOK.calendar_of(rule.calendar), transitions, rule.within)
    if reached is None and not paused:
        return None
    return Clock(
        target_s=rule.target_s,
        calendar=rule.calendar,
        since=BEGUN,
        due_at=reached or BEGUN,
        transitions=tuple(transitions),
        paused=paused,
        warned=warned,
    )


@given(
    rule=st.sampled_from(BOOK.clock),
    rests=st.lists(MINUTES, max_size=4),
    warnings=st.integers(0, 3),
    passed=MINUTES,
)
def test_where_nothing_is_due_its_calendar_finds_nothing_either(
    rule: ClockRule, rests: list[timedelta], warnings: int, passed: timedelta
) -> None:
    """The short cut is taken on every command; a breach that it hid would be said too late."""
    clock = clock_of(rule, rests, rule.warn_bp[:warnings])
    if clock is None:
        return
    now = later(BEGUN, passed)
    first = next(iter(steps(clock, rule, BOOK)), None)
    if nothing_due(clock, rule, now):
        assert first is None or first.at > now


@pytest.mark.parametrize("rule", [one for one in BOOK.clock if not one.metric_only])
def test_at_the_instant_of_its_first_step_a_promise_is_looked_at(rule: ClockRule) -> None:
    """And a moment after the start it is not: else the short cut would save nothing."""
    clock = clock_of(rule, [], ())
    assert clock is not None
    first = next(iter(steps(clock, rule, BOOK)))
    assert not nothing_due(clock, rule, first.at)
    assert nothing_due(clock, rule, BEGUN)
