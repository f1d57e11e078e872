"""Promises on a ticket: what starts, rests and ends them, and what a breach leads to, once."""

from datetime import timedelta
from functools import cache
from typing import Any

import msgspec
import pytest

from domain import commands as c
from domain import errors, events
from domain.events import (
    ClockBreached,
    ClockCancelled,
    ClockMoved,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    ClockWarned,
    PayoutOwed,
    TicketEscalated,
)
from domain.milestones import Milestone
from domain.policies.book import Book
from domain.values import (
    SYSTEM,
    Awaiting,
    Channel,
    Kind,
    Money,
    Reason,
    RemedyKind,
    Terms,
    later,
)
from tests.scenario import (
    AGENT,
    BUYER,
    MERCHANT,
    MOMENT,
    NOW,
    ORDER,
    ORDERS,
    SUPERVISOR,
    Scenario,
    ordered,
    placed,
    whole_book,
    yuan,
)

REPAIR = c.MakeOffer(ticket="T", terms=(Terms(kind=RemedyKind.REPAIR),))


@cache
def book() -> Book:
    """Return the book whose promises are kept here."""
    return whole_book()


def complaint(**fields: Any) -> Scenario:
    """Return a complaint that was just opened, with all that follows."""
    opening = {"channel": Channel.APP, "order": ORDER, "kind": Kind.COMPLAINT, **fields}
    return ordered().promised(book()).done(c.OpenTicket(**opening), BUYER)


def facts(scenario: Scenario, kind: type[events.Event], clock: str | None = None) -> list[Any]:
    """Return the facts of a kind on record, of one clock where one is named."""
    return [
        fact
        for fact in scenario.facts
        if isinstance(fact, kind) and clock in {None, getattr(fact, "clock", None)}
    ]


def passed(scenario: Scenario, clock: str) -> Scenario:
    """Let the platform say what is due on a clock now."""
    return scenario.done(c.PassClock(ticket="T", clock=clock, at=scenario.now), SYSTEM)


def test_a_promise_starts_with_the_ticket_and_is_kept_by_what_it_asks_for() -> None:
    """The half hour of a complaint runs from the opening and ends when a person takes it over."""
    opened = complaint()
    started = facts(opened, ClockStarted, "complaint_takeover")[0]
    assert (started.row, started.since, started.target_s) == ("SL-02", NOW, 1800)
    assert started.due_at == later(NOW, timedelta(minutes=30))
    kept = opened.after(timedelta(minutes=29)).done(c.AcceptTicket(ticket="T"), AGENT)
    stopped = facts(kept, ClockStopped, "complaint_takeover")[0]
    assert (stopped.by, stopped.elapsed_s, stopped.kept) == ("taken_over", 29 * 60, True)
    assert "complaint_takeover" not in kept.live.clocks


def test_the_last_moment_is_in_time_and_the_due_instant_is_not() -> None:
    """A promise covers the time up to its due instant, which is no longer within it."""
    due = facts(complaint(), ClockStarted, "complaint_takeover")[0].due_at
    inside = complaint().at(later(due, -MOMENT)).done(c.AcceptTicket(ticket="T"), AGENT)
    outside = complaint().at(due).done(c.AcceptTicket(ticket="T"), AGENT)
    assert facts(inside, ClockStopped, "complaint_takeover")[0].kept
    assert not facts(inside, ClockBreached)
    assert not facts(outside, ClockStopped, "complaint_takeover")[0].kept
    assert facts(outside, ClockBreached, "complaint_takeover")[0].due_at == due


def test_warnings_come_at_their_shares_and_the_breach_goes_up_its_ladder() -> None:
    """Half of the time, eight tenths of it, all of it: each is said once, with when it was due."""
    half = passed(complaint().after(timedelta(minutes=15)), "complaint_takeover")
    warned = facts(half, ClockWarned)[0]
    assert (warned.share_bp, warned.to) == (5000, "supervisor")
    assert warned.next_at == later(NOW, timedelta(minutes=24))
    with pytest.raises(errors.NotYetDue):
        half.judged(c.PassClock(ticket="T", clock="complaint_takeover", at=warned.next_at), SYSTEM)
    over = passed(half.at(later(NOW, timedelta(minutes=30))), "complaint_takeover")
    assert [one.share_bp for one in facts(over, ClockWarned)] == [5000, 8000]
    assert [one.to for one in facts(over, TicketEscalated)] == ["supervisor"]
    again = over.after(timedelta(hours=1))
    assert (
        again.judged(c.PassClock(ticket="T", clock="complaint_takeover", at=again.now), SYSTEM)
        == ()
    )


def test_after_downtime_everything_missed_is_said_once_with_both_times() -> None:
    """The record holds when it was said; each fact holds when it was due."""
    late = passed(complaint().after(timedelta(hours=5)), "complaint_takeover")
    assert [one.due_at for one in facts(late, ClockWarned)] == [
        later(NOW, timedelta(minutes=15)),
        later(NOW, timedelta(minutes=24)),
    ]
    assert facts(late, ClockBreached)[0].due_at == later(NOW, timedelta(minutes=30))


def test_a_promise_rests_while_the_buyer_is_waited_for_and_runs_on_with_what_is_left() -> None:
    """SL-25: an answer hands the ball to the buyer, whose word brings it back."""
    asked = (
        complaint(reason=Reason.LATE)
        .after(timedelta(hours=1))
        .done(c.AcceptTicket(ticket="T"), AGENT)
        .done(c.BeginWait(ticket="T", on=Awaiting.BUYER, why="photo"), AGENT)
    )
    assert facts(asked, ClockPaused, "medium_priority_closed")
    assert (
        asked.after(timedelta(days=9)).judged(
            c.PassClock(
                ticket="T", clock="medium_priority_closed", at=later(NOW, timedelta(days=9))
            ),
            SYSTEM,
        )
        == ()
    )
    back = asked.after(timedelta(days=10)).done(c.SendMessage(ticket="T", text="here"), BUYER)
    resumed = facts(back, ClockResumed, "medium_priority_closed")[0]
    assert resumed.due_at == later(back.now, timedelta(hours=23))


def test_what_is_paused_and_settled_at_once_counts_no_rest() -> None:
    """I-FH3776: from rest straight to the end, only the time it ran counts."""
    closed = (
        complaint(reason=Reason.LATE)
        .after(timedelta(hours=2))
        .done(c.AcceptTicket(ticket="T"), AGENT)
        .done(c.BeginWait(ticket="T", on=Awaiting.CARRIER, why="trace"), AGENT)
        .after(timedelta(days=180))
        .done(c.CloseTicket(ticket="T"), BUYER)
    )
    stopped = facts(closed, ClockStopped, "medium_priority_closed")[0]
    assert (stopped.elapsed_s, stopped.kept) == (2 * 3600, True)


def brought_before_the_platform() -> Scenario:
    """Return a late order's matter whose buyer asked for a ruling when no offer was accepted."""
    return (
        complaint(reason=Reason.LATE)
        .done(c.AcceptTicket(ticket="T"), AGENT)
        .done(c.RefuseClaim(ticket="T", reasons="it was the weather"), MERCHANT)
        .done(REPAIR, MERCHANT)
        .done(c.DeclineOffer(ticket="T", offer="O1"), BUYER)
        .done(c.RequestIntervention(ticket="T"), BUYER)
    )


def test_the_ruling_never_rests() -> None:
    """SL-13: the 48 hours run whatever is waited for, while other promises rest."""
    before = brought_before_the_platform()
    due = later(before.now, timedelta(hours=48))
    assert before.live.clocks["ruling"].due_at == due
    waiting = before.after(timedelta(hours=1)).done(
        c.BeginWait(ticket="T", on=Awaiting.THIRD_PARTY, why="the laboratory"), AGENT
    )
    assert facts(waiting, ClockPaused, "medium_priority_closed")
    assert not facts(waiting, ClockPaused, "ruling")
    inside = passed(waiting.at(later(due, -MOMENT)), "ruling")
    assert not facts(inside, ClockBreached, "ruling")
    over = passed(waiting.at(due), "ruling")
    assert [one.due_at for one in facts(over, ClockBreached, "ruling")] == [due]


def test_a_breach_that_costs_owes_its_payout_once() -> None:
    """SL-12: two hours after anger was heard, the amount of the book is owed."""
    angry = complaint().done(
        c.ReportFact(ticket="T", fact=Milestone.NEGATIVE_SENTIMENT, occurred_at=NOW), AGENT
    )
    over = passed(angry.after(timedelta(hours=2)), "negative_resolved")
    assert [one.amount for one in facts(over, PayoutOwed)] == [Money(2000, "CNY")]
    later_still = over.after(timedelta(hours=9)).done(c.AcceptTicket(ticket="T"), AGENT)
    assert len(facts(later_still, PayoutOwed)) == 1


def test_a_live_order_waits_for_the_later_of_session_end_and_opening() -> None:
    """SL-04: the host's team has two hours from when it can be asked."""
    live = (
        Scenario()
        .given(
            events.OrderPlaced(
                buyer=BUYER.ref,
                merchant=MERCHANT.ref,
                lines=tuple(ordered().order.lines.values()),  # type: ignore[union-attr]
                placed_at=NOW,
                live_session="s-1",
            )
        )
        .promised(book())
        .done(c.OpenTicket(channel=Channel.LIVE_ROOM, order=ORDER, kind=Kind.COMPLAINT), BUYER)
    )
    assert not facts(live, ClockStarted, "live_host_answer")
    ended = live.after(timedelta(hours=3)).done(
        c.EndLiveSession(order=ORDER, ended_at=later(NOW, timedelta(hours=2))), ORDERS
    )
    followed = ended.done(c.FollowOrder(ticket="T"), SYSTEM)
    started = facts(followed, ClockStarted, "live_host_answer")[0]
    assert started.since == later(NOW, timedelta(hours=2))
    assert started.due_at == later(NOW, timedelta(hours=4))


def test_reopening_ends_the_promises_of_the_round_and_starts_new_ones() -> None:
    """SL-25: a new round has clocks of its own."""
    reopened = (
        complaint(reason=Reason.LATE)
        .done(c.AcceptTicket(ticket="T"), AGENT)
        .done(c.GiveAnswer(ticket="T", text="done", resolves=True), AGENT)
        .after(timedelta(days=1))
        .done(c.ReopenTicket(ticket="T"), BUYER)
    )
    started = facts(reopened, ClockStarted, "complaint_takeover")
    assert [one.since for one in started] == [NOW, later(NOW, timedelta(days=1))]


def test_moving_to_another_book_moves_due_times_and_says_why() -> None:
    """What a clock used up stays used up; the other book's figure takes the place of the first."""
    stricter = whole_book(
        ('version = "2026-11-22"\nin_force', 'version = "2026-12-01"\nin_force'),
        ('stops = ["taken_over"]\nwithin = "PT30M"', 'stops = ["taken_over"]\nwithin = "PT20M"'),
        ('id = "human_answer"', 'id = "other_answer"'),
    )
    opened = complaint()
    two = Scenario(**{**vars(opened), "others": (stricter,)}).after(timedelta(minutes=5))
    moved = two.done(
        c.MoveToBook(ticket="T", policy="2026-12-01", why="stricter promise"), SUPERVISOR
    )
    changed = facts(moved, ClockMoved)
    assert [(one.clock, one.target_s, one.why) for one in changed] == [
        ("complaint_takeover", 1200, "stricter promise")
    ]
    assert changed[0].due_at == later(NOW, timedelta(minutes=20))
    assert facts(moved, ClockCancelled, "human_answer")[0].why == "not_in_book"
    assert moved.live.policy == "2026-12-01"


def test_what_is_only_measured_is_measured_at_every_answer() -> None:
    """SL-24: every human answer is timed, and none of them breaks anything."""
    talk = complaint(statement="it is broken").done(c.AcceptTicket(ticket="T"), AGENT)
    for minutes in (2, 5):
        talk = (
            talk.after(timedelta(minutes=minutes))
            .done(c.SendMessage(ticket="T", text="we look"), AGENT)
            .after(timedelta(minutes=1))
            .done(c.SendMessage(ticket="T", text="and?"), BUYER)
        )
    measured = facts(talk, ClockStopped, "human_answer")
    assert [(one.elapsed_s, one.kept) for one in measured] == [(120, True), (300, False)]
    assert not facts(talk, ClockBreached, "human_answer")


def test_an_exchange_of_a_return_counts_from_its_own_request() -> None:
    """A claim that becomes a return starts the review of a return then."""
    amended = (
        complaint()
        .after(timedelta(hours=3))
        .done(c.AmendClaim(ticket="T", remedy=RemedyKind.RETURN), BUYER)
    )
    assert facts(amended, ClockStarted, "return_review")[0].since == amended.now


def test_a_promise_of_a_class_the_matter_comes_into_counts_from_then() -> None:
    """SL-05: nobody is late with what was not owed: a correction starts the four hours."""
    line = msgspec.structs.replace(placed().lines[0], paid=yuan(5_001))
    opening = c.OpenTicket(channel=Channel.APP, order=ORDER, kind=Kind.CONSULTATION)
    asked = ordered(line).promised(book()).done(opening, BUYER).after(timedelta(hours=5))
    assert not facts(asked, ClockStarted, "high_priority_plan")
    corrected = asked.done(
        c.CorrectDiagnosis(
            ticket="T",
            scenario=asked.live.scenario,
            responsible=asked.live.responsible,
            kind=Kind.DISPUTE,
        ),
        AGENT,
    )
    (started,) = facts(corrected, ClockStarted, "high_priority_plan")
    assert (started.since, started.due_at) == (
        later(NOW, timedelta(hours=5)),
        later(NOW, timedelta(hours=9)),
    )
    in_time = passed(corrected.at(later(started.due_at, -MOMENT)), "high_priority_plan")
    assert not facts(in_time, ClockBreached, "high_priority_plan")
    late = passed(corrected.at(started.due_at), "high_priority_plan")
    assert [one.due_at for one in facts(late, ClockBreached, "high_priority_plan")] == [
        started.due_at
    ]


def test_a_matter_that_is_taken_back_ends_the_wait_for_a_ruling() -> None:
    """SL-13: where the sides can not agree any more, the buyer may still let the matter rest."""
    before = brought_before_the_platform().after(timedelta(hours=47))
    before.when(REPAIR, MERCHANT).then_refused(errors.WrongStage)
    assert "ruling" in before.live.clocks
    closed = before.done(c.CloseTicket(ticket="T"), BUYER)
    (cancelled,) = facts(closed, ClockCancelled, "ruling")
    assert cancelled.why == "closed"
    assert "ruling" not in closed.live.clocks
    late = closed.after(timedelta(days=9))
    assert late.judged(c.PassClock(ticket="T", clock="ruling", at=late.now), SYSTEM) == ()
    assert not facts(late, ClockBreached, "ruling")


def test_an_answer_that_was_to_settle_it_and_did_not_is_a_contact_in_vain() -> None:
    """SL-16: whoever reopens came back unsatisfied; the second contact starts the 48 hours."""
    once = (
        complaint(reason=Reason.LATE)
        .done(c.AcceptTicket(ticket="T"), AGENT)
        .done(c.GiveAnswer(ticket="T", text="settled", resolves=True), AGENT)
        .after(timedelta(hours=1))
        .done(c.ReopenTicket(ticket="T"), BUYER)
    )
    assert [one.contact for one in facts(once, events.ContactFruitless)] == [1]
    twice = (
        once.done(c.AcceptTicket(ticket="T"), AGENT)
        .done(c.SendMessage(ticket="T", text="we look"), AGENT)
        .done(c.SendMessage(ticket="T", text="it is still broken"), BUYER)
    )
    assert [one.exhausted for one in facts(twice, events.ContactFruitless)] == [False, True]
    assert facts(twice, ClockStarted, "written_resolution")
