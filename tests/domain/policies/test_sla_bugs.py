"""What users of other programs complain of in their service levels, each once, by its id.

The office of these tests is open from Monday to Friday, 9:00-12:00 and 13:30-18:00 in Shanghai;
Friday is 20 November 2026.
"""

from datetime import timedelta

import pytest

from domain.policies.calendar import AROUND_THE_CLOCK
from domain.policies.elapsed import Transition, Turn, due, elapsed
from domain.values import Instant, later
from tests.domain.policies.hours import BOOK, MINUTE, MOMENT, OFFICE, a_calendar, hours, shanghai

NOTIFICATIONS = BOOK["notification_hours"]
STARTED, PAUSED, RESUMED = Turn.STARTED, Turn.PAUSED, Turn.RESUMED
STOPPED = Turn.STOPPED


def life(*steps: tuple[Turn, str]) -> list[Transition]:
    """Return transitions at wall-clock times of Shanghai."""
    return [Transition(kind, shanghai(at)) for kind, at in steps]


def test_i_fh3776_a_hold_that_ends_in_the_resolution_is_taken_off() -> None:
    """Half a year on hold was reported as 42 days of work: Paused went straight to Resolved."""
    held = life(
        (STARTED, "2026-05-11 09:00"), (PAUSED, "2026-05-11 10:00"), (STOPPED, "2026-11-20 10:00")
    )
    now = shanghai("2026-11-20 18:00")
    assert elapsed(OFFICE, held, now) == hours(1)
    assert elapsed(AROUND_THE_CLOCK, held, now) == hours(1)
    assert due(OFFICE, held, hours(2)) is None, "it was kept"


def test_i_fh3776_a_due_time_says_its_zone() -> None:
    """Plain texts of the site's zone were read as false failures in another zone."""
    found = due(OFFICE, life((STARTED, "2026-11-20 09:00")), hours(1))
    assert found == "2026-11-20T02:00:00.000000Z"


def test_i_fh2449_a_hold_over_holidays_moves_the_due_time_by_open_hours() -> None:
    """Hold time added to the time of creation went wrong on holidays."""
    held = life(
        (STARTED, "2026-09-30 16:00"), (PAUSED, "2026-09-30 17:00"), (RESUMED, "2026-10-08 10:00")
    )
    assert due(OFFICE, held, hours(4)) == shanghai("2026-10-08 14:30")


def test_i_fh1675_a_paused_clock_has_no_target_and_does_not_tick() -> None:
    """The target stayed as it was while the ticket was on hold."""
    held = life((STARTED, "2026-11-20 09:00"), (PAUSED, "2026-11-20 10:00"))
    assert due(OFFICE, held, hours(2)) is None
    resumed = [*held, *life((RESUMED, "2026-11-20 15:00"))]
    assert due(OFFICE, resumed, hours(2)) == shanghai("2026-11-20 16:00")


def test_i_fh1554_nothing_ticks_in_the_background() -> None:
    """The timer of a ticket on hold went on and was corrected later, or not."""
    held = life((STARTED, "2026-11-20 09:00"), (PAUSED, "2026-11-20 10:00"))
    looks = [f"2026-11-{day} {hour}:00" for day in (20, 21, 23) for hour in (11, 14, 17)]
    assert {elapsed(OFFICE, held, shanghai(at)) for at in looks} == {hours(1)}


def test_i_en49414_a_hold_over_closed_hours_counts_its_open_hours_once() -> None:
    """Friday 17:00 to Monday 10:00 is two hours of hold, not 65 and not 65 and two."""
    held = life(
        (STARTED, "2026-11-20 16:00"), (PAUSED, "2026-11-20 17:00"), (RESUMED, "2026-11-23 10:00")
    )
    found = due(OFFICE, held, hours(4))
    assert found == shanghai("2026-11-23 14:30")
    assert OFFICE.elapsed(shanghai("2026-11-20 16:00"), found) - hours(4) == hours(2)


def test_i_gl10594_waiting_over_a_weekend_costs_nothing() -> None:
    """The target was worked out on business days and the waiting time on all days."""
    asked, answered = "2026-11-20 17:00", "2026-11-23 09:00"
    held = life((STARTED, "2026-11-20 15:00"), (PAUSED, asked), (RESUMED, answered))
    unheld = life((STARTED, "2026-11-20 15:00"))
    assert due(OFFICE, unheld, hours(4)) == shanghai("2026-11-23 10:00")
    found = due(OFFICE, held, hours(4))
    assert found == shanghai("2026-11-23 11:00"), "later by the one open hour it waited"
    assert elapsed(OFFICE, held, found) == hours(4)


@pytest.mark.parametrize("target", [2, 4, 24])
def test_i_gl6902_waiting_time_outlives_a_change_of_the_target(target: int) -> None:
    """A change of priority forgot what had been waited; here the transitions know no target."""
    held = life(
        (STARTED, "2026-11-20 09:00"), (PAUSED, "2026-11-20 10:00"), (RESUMED, "2026-11-20 15:00")
    )
    carried = hours(target) - elapsed(OFFICE, held, shanghai("2026-11-20 16:00"))
    expected = OFFICE.due(shanghai("2026-11-20 16:00"), carried)
    assert due(OFFICE, held, hours(target)) == expected


def test_i_gl22678_a_level_before_the_due_time_falls_into_open_hours() -> None:
    """An hour before 9:30 on Monday was midnight; it is 17:30 on Friday."""
    started = life((STARTED, "2026-11-20 15:00"))
    assert due(OFFICE, started, hours(3.5)) == shanghai("2026-11-23 09:30")
    assert due(OFFICE, started, hours(2.5)) == shanghai("2026-11-20 17:30")


@pytest.mark.parametrize("start", ["2026-11-20 11:45", "2026-11-20 23:00", "2026-09-30 17:59"])
@pytest.mark.parametrize("share", range(5, 100, 5))
def test_i_gl22678_every_share_of_a_target_is_reached_while_it_is_open(
    start: str, share: int
) -> None:
    """Several intervals a day: a warning comes in one of them, or as one closes."""
    target = hours(20) * share / 100
    found = due(OFFICE, life((STARTED, start)), target)
    assert found is not None
    assert OFFICE.is_open(later(found, -MOMENT))
    assert OFFICE.elapsed(shanghai(start), found) == target


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "Europe/Berlin"])
def test_i_zm3180_a_calendar_of_whole_days_loses_nothing_at_midnight(zone: str) -> None:
    """Days that ended at 23:59 lost a minute each."""
    worked_out = a_calendar(
        ["00:00-24:00"], zone_name=zone, holidays=[{"on": "2000-01-01", "name": "x"}]
    )
    start = shanghai("2026-11-20 23:59")
    for days in (1, 7, 365):
        assert worked_out.due(start, timedelta(days=days)) == later(start, timedelta(days=days))
        assert worked_out.elapsed(start, later(start, timedelta(days=days))) == timedelta(days=days)


def test_i_zm3140_an_answered_clock_is_never_due() -> None:
    """It escalated although an agent had answered."""
    answered = life((STARTED, "2026-11-20 09:00"), (STOPPED, "2026-11-20 09:30"))
    assert due(OFFICE, answered, hours(1)) is None


def test_i_zm188_a_reopened_matter_starts_afresh() -> None:
    """After a reopening the first round's time was still counted."""
    reopened = life(
        (STARTED, "2026-11-20 09:00"), (PAUSED, "2026-11-20 10:00"), (STOPPED, "2026-11-20 11:00"),
        (STARTED, "2026-11-23 09:00"),
    )  # fmt: skip
    assert elapsed(OFFICE, reopened, shanghai("2026-11-23 09:30")) == 30 * MINUTE
    assert due(OFFICE, reopened, hours(1)) == shanghai("2026-11-23 10:00")


def test_i_zm4432_nobody_is_written_to_at_night_and_no_promise_moves_for_it() -> None:
    """Mails about a breach went out at midnight; when to write is another calendar's matter."""
    breach = due(AROUND_THE_CLOCK, life((STARTED, "2026-11-20 00:30")), hours(2))
    assert breach == shanghai("2026-11-20 02:30")
    assert NOTIFICATIONS.next_open(breach) == shanghai("2026-11-20 08:00")
    assert NOTIFICATIONS.next_open(shanghai("2026-11-20 21:59")) == shanghai("2026-11-20 21:59")
    assert NOTIFICATIONS.next_open(shanghai("2026-11-20 22:00")) == shanghai("2026-11-21 08:00")


def test_i_zn221_two_transitions_of_one_instant_follow_their_order() -> None:
    """A reset within the same second was lost: times were compared where order decides."""
    nine, ten = "2026-11-20 09:00", "2026-11-20 10:00"
    now = shanghai("2026-11-20 11:00")
    running = life((STARTED, nine), (PAUSED, ten), (RESUMED, ten))
    paused = life((STARTED, nine), (PAUSED, ten), (RESUMED, ten), (PAUSED, ten))
    again = life((STARTED, nine), (STOPPED, ten), (STARTED, ten))
    ended = life((STARTED, nine), (STOPPED, ten), (STARTED, ten), (STOPPED, ten))
    assert elapsed(OFFICE, running, now) == hours(2)
    assert elapsed(OFFICE, paused, now) == hours(1)
    assert elapsed(OFFICE, again, now) == hours(1)
    assert elapsed(OFFICE, ended, now) == hours(0)


def test_i_ot389_a_suspension_costs_exactly_its_own_time() -> None:
    """Each suspension added four minutes for a job that might run late."""
    nine = shanghai("2026-11-20 09:00")
    often: list[Transition] = [Transition(STARTED, nine)]
    for minute in range(1, 60):
        at = later(nine, minute * MINUTE)
        often += [Transition(PAUSED, at), Transition(RESUMED, later(at, MOMENT))]
    expected = later(shanghai("2026-11-20 11:00"), 59 * MOMENT)
    assert due(OFFICE, often, hours(2)) == expected


def test_i_cw13392_a_breach_knows_the_opening_hours() -> None:
    """A question of Friday evening was in breach on Saturday."""
    asked = life((STARTED, "2026-11-20 17:30"))
    assert due(OFFICE, asked, hours(2)) == shanghai("2026-11-23 10:30")


def test_i_cw10178_a_thank_you_after_the_end_starts_nothing() -> None:
    """The clock ran on when the customer said thanks: a resumption of what has ended is none."""
    thanked = life(
        (STARTED, "2026-11-20 09:00"), (STOPPED, "2026-11-20 10:00"), (RESUMED, "2026-11-20 10:05")
    )
    assert due(OFFICE, thanked, hours(2)) is None
    assert elapsed(OFFICE, thanked, shanghai("2026-11-20 18:00")) == hours(1)


def test_i_cw14009_a_lunch_break_counts_nothing() -> None:
    """One interval a day could not say that nobody is there at noon."""
    assert OFFICE.due(shanghai("2026-11-20 11:30"), hours(1)) == shanghai("2026-11-20 14:00")
    assert OFFICE.elapsed(shanghai("2026-11-20 11:30"), shanghai("2026-11-20 14:00")) == hours(1)


def test_i_fh2212_a_split_shift_may_go_past_midnight() -> None:
    """A shift of 22:00-02:00 is two intervals that join at midnight."""
    shift = a_calendar(["00:00-02:00", "10:00-14:00", "22:00-24:00"])
    assert shift.due(shanghai("2026-11-20 23:00"), hours(2)) == shanghai("2026-11-21 01:00")
    assert shift.due(shanghai("2026-11-20 23:00"), hours(4)) == shanghai("2026-11-21 11:00")


def test_i_os2131_after_hours_the_clock_rests_by_itself() -> None:
    """Agents paused their tickets by hand every evening."""
    evening, morning = shanghai("2026-11-19 18:00"), shanghai("2026-11-20 09:00")
    assert OFFICE.elapsed(evening, morning) == timedelta(0)
    assert OFFICE.due(shanghai("2026-11-19 17:00"), hours(2)) == shanghai("2026-11-20 10:00")


def test_i_freeitsm_an_edited_calendar_is_another_calendar() -> None:
    """A peer works the past out anew when a calendar is edited; ours keeps each version's word."""
    edited = OFFICE.model_copy(
        update={
            "version": "2026-12-01",
            "holidays": (*OFFICE.holidays, {"on": "2026-11-23", "name": "x"}),
        }
    )
    asked = life((STARTED, "2026-11-20 17:00"))
    promised: Instant | None = due(OFFICE, asked, hours(2))
    assert promised == shanghai("2026-11-23 10:00")
    assert due(edited, asked, hours(2)) == shanghai("2026-11-24 10:00")
    assert due(OFFICE, asked, hours(2)) == promised
    assert (OFFICE.name, OFFICE.version) != (edited.name, edited.version)
    assert edited != OFFICE
