"""What follows from a command is complete: looked at again, the same facts say nothing more."""

from datetime import timedelta
from functools import cache
from typing import Any

from msgspec.structs import replace

from domain import commands as c
from domain import errors, events
from domain.events import (
    ClockBreached,
    ClockCancelled,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    OrderSigned,
    PayoutOwed,
    TicketEscalated,
    TicketQueued,
)
from domain.milestones import Milestone
from domain.policies.book import Book
from domain.ticket.following import settle
from domain.values import (
    SYSTEM,
    Awaiting,
    Channel,
    Kind,
    PlanLevel,
    Reason,
    later,
)
from tests.domain.test_history import ROW
from tests.scenario import (
    ADMIN,
    AGENT,
    BUYER,
    NOW,
    ORDER,
    SUPERVISOR,
    TICKET,
    Scenario,
    ordered,
    placed,
    whole_book,
)


@cache
def book(*changes: tuple[str, str]) -> Book:
    """The book whose promises follow here, with texts changed."""
    return whole_book(*changes)


def matter(category: str = "phones", under: Book | None = None, **fields: Any) -> Scenario:
    """A matter that was just opened, with all that follows."""
    opening = {"channel": Channel.APP, "order": ORDER, "kind": Kind.DISPUTE, **fields}
    line = replace(placed().lines[0], category=category)
    return ordered(line).promised(under or book()).done(c.OpenTicket(**opening), BUYER)


def facts(story: Scenario, kind: type[events.Event], clock: str | None = None) -> list[Any]:
    """The facts of a kind on record, of one clock where one is named."""
    return [
        fact
        for fact in story.facts
        if isinstance(fact, kind) and clock in {None, getattr(fact, "clock", None)}
    ]


def nothing_more_follows(story: Scenario) -> bool:
    """Whether looking again finds nothing."""
    return story.judged(c.FollowOrder(ticket=TICKET), SYSTEM) == ()


def resolved(story: Scenario) -> Scenario:
    """The desk took the matter up and answered for good."""
    return story.done(c.AcceptTicket(ticket=TICKET), AGENT).done(
        c.GiveAnswer(ticket=TICKET, text="done", resolves=True), AGENT
    )


WAITING = c.BeginWait(ticket=TICKET, on=Awaiting.CARRIER, why="trace")


def test_a_promise_that_outlived_its_round_is_made_anew_at_once() -> None:
    """A clock that still ran when the matter came back is cancelled and starts with the round."""
    running = book(
        (
            '"settled", "ruled"]\nwithin = "PT24H"',
            '"settled"]\ncancels = ["closed"]\nwithin = "PT24H"',
        )
    )
    done = resolved(matter("luxury", running))
    assert "complex_framework" in done.live.clocks
    again = done.after(timedelta(hours=5)).done(c.ReopenTicket(ticket=TICKET), BUYER)
    assert [one.why for one in facts(again, ClockCancelled, "complex_framework")] == ["reopened"]
    started = facts(again, ClockStarted, "complex_framework")
    assert [one.since for one in started] == [NOW, again.now]
    assert again.live.clocks["complex_framework"].due_at == later(again.now, timedelta(hours=24))
    assert nothing_more_follows(again)


def test_what_a_round_owed_is_owed_beside_what_the_next_one_owes() -> None:
    """A breach that is noticed when the matter comes back is paid for in the round it was in."""
    running = book(
        (
            'stops = ["solution_offered"]\nwithin',
            'stops = ["solution_offered"]\ncancels = ["closed"]\nwithin',
        ),
        (
            'payout = { share_bp = 500, source = "SL-19" }',
            'payout = { amount_minor = 500, currency = "CNY", source = "ours" }',
        ),
    )
    again = (
        resolved(matter("fresh_food", running))
        .after(timedelta(hours=5))
        .done(c.ReopenTicket(ticket=TICKET), BUYER)
    )
    late = again.after(timedelta(hours=1)).done(
        c.PassClock(ticket=TICKET, clock="fresh_solution", at=later(again.now, timedelta(hours=1))),
        SYSTEM,
    )
    assert len(facts(late, PayoutOwed, "fresh_solution")) == 2
    assert sorted(late.live.payouts) == ["fresh_solution/1", "fresh_solution/2"]


def test_what_is_broken_when_a_wait_begins_does_not_rest() -> None:
    """The breach is noticed with the wait, and the wait does not hold its ladder up."""
    laddered = book(
        (
            'warn_bp = [8000]\nladder = [{ to = "supervisor" }]\nsource = "SL-03; warnings: ours"',
            'ladder = [{ to = "supervisor" }, { to = "director", after = "PT2H" }]\n'
            'source = "SL-03"',
        )
    )
    late = (
        matter("luxury", laddered)
        .done(c.AcceptTicket(ticket=TICKET), AGENT)
        .after(timedelta(hours=25))
        .done(WAITING, AGENT)
    )
    assert facts(late, ClockBreached, "complex_framework")
    assert not facts(late, ClockPaused, "complex_framework")
    due_at = later(NOW, timedelta(hours=26))
    over = late.at(due_at).done(
        c.PassClock(ticket=TICKET, clock="complex_framework", at=due_at), SYSTEM
    )
    assert [one.to for one in facts(over, TicketEscalated, "complex_framework")] == [
        "supervisor",
        "director",
    ]


def test_a_promise_that_begins_while_somebody_is_waited_for_rests_at_once() -> None:
    """SL-25: it runs from the end of the wait, and has all of its time then."""
    reported = c.ReportFact(ticket=TICKET, fact=Milestone.NEGATIVE_SENTIMENT, occurred_at=NOW)
    waiting = matter().done(c.AcceptTicket(ticket=TICKET), AGENT).done(WAITING, AGENT)
    angry = waiting.done(reported, AGENT)
    assert angry.live.clocks["negative_resolved"].paused
    assert nothing_more_follows(angry)
    on = angry.after(timedelta(days=3)).done(c.EndWait(ticket=TICKET), AGENT)
    assert facts(on, ClockResumed, "negative_resolved")[0].due_at == later(
        on.now, timedelta(hours=2)
    )


def test_what_is_due_when_a_promise_begins_is_said_with_its_beginning() -> None:
    """A fact that is reported late starts a clock whose time is over; nobody waits to say so."""
    seen = (
        matter()
        .after(timedelta(hours=5))
        .done(c.ReportFact(ticket=TICKET, fact=Milestone.FLAW_PHOTO, occurred_at=NOW), AGENT)
    )
    assert facts(seen, ClockBreached, "flaw_photo_review")[0].due_at == later(
        NOW, timedelta(hours=2)
    )
    assert nothing_more_follows(seen)


def test_no_time_that_is_reported_costs_the_platform_anything() -> None:
    """What a breach pays is counted from when the fact is on record: nobody dates it back."""
    angry = (
        matter()
        .after(timedelta(hours=5))
        .done(
            c.ReportFact(ticket=TICKET, fact=Milestone.NEGATIVE_SENTIMENT, occurred_at=NOW), AGENT
        )
    )
    assert not facts(angry, PayoutOwed, "negative_resolved")
    assert angry.live.clocks["negative_resolved"].since == angry.now


def test_a_share_of_an_order_is_owed_once_whatever_tickets_it_has() -> None:
    """SL-19: twelve tickets about one basket are not twelve times five per cent of it."""
    late = matter("fresh_food", book()).after(timedelta(hours=1))
    passing = c.PassClock(ticket=TICKET, clock="fresh_solution", at=late.now)
    once = late.done(passing, SYSTEM)
    assert len(facts(once, PayoutOwed, "fresh_solution")) == 1
    other = Scenario(**{**vars(late), "order": once.order})
    assert [type(one).__name__ for one in other.judged(passing, SYSTEM)] == ["ClockBreached"]


def test_what_happened_to_the_order_before_a_promise_began_does_not_end_it() -> None:
    """A parcel signed for before the matter came in is not what was waited for; the next one is."""
    signing = book(
        ('["framework", "settled", "ruled"]\nwithin', '["signed"]\ncancels = ["closed"]\nwithin')
    )
    luxury = replace(placed().lines[0], category="luxury")
    opening = c.OpenTicket(channel=Channel.APP, order=ORDER, kind=Kind.DISPUTE)
    story = (
        ordered(luxury, signed_at=later(NOW, -timedelta(days=1)))
        .promised(signing)
        .done(opening, BUYER)
        .after(timedelta(hours=1))
        .done(c.AcceptTicket(ticket=TICKET), AGENT)
    )
    assert "complex_framework" in story.live.clocks
    arrived = story.given(OrderSigned(tracking="t-2", signed_at=story.now))
    ended = arrived.done(c.FollowOrder(ticket=TICKET), SYSTEM)
    assert facts(ended, ClockStopped, "complex_framework")[0].by == "signed"
    assert nothing_more_follows(ended)


def test_two_breaches_at_once_move_the_matter_once() -> None:
    """Two promises that lead to one queue are broken at the same look: one move is enough."""
    asked = matter(kind=Kind.CONSULTATION, reason=Reason.OTHER).after(timedelta(hours=2))
    late = asked.done(c.FollowOrder(ticket=TICKET), SYSTEM)
    assert len(facts(late, ClockBreached)) > 1
    assert [one.queue for one in facts(late, TicketQueued)].count("general") == 1


def test_a_matter_of_another_system_starts_nothing() -> None:
    """It is for looking: nothing is promised, routed or weighed, and nobody looks again."""
    first = Scenario(imported=True).promised(book())
    told = settle(ROW, None, replace(first.context(ADMIN), imported=True))
    story = first.given(*told, by=ADMIN)
    assert story.live.imported
    assert not any(isinstance(one, ClockStarted | TicketQueued) for one in told)
    assert (story.live.clocks, story.live.points) == ({}, 0)
    look = c.FollowOrder(ticket=TICKET)
    story.when(look, SYSTEM).then_refused(errors.WrongState)


def test_every_command_is_followed_to_its_end() -> None:
    """Whatever was done last, looking again finds nothing."""
    story = matter("luxury", reason=Reason.LATE).done(c.AcceptTicket(ticket=TICKET), AGENT)
    for command in (
        c.AskDepartments(ticket=TICKET, departments=("legal",), question="May we?"),
        c.GivePlan(ticket=TICKET, level=PlanLevel.FRAMEWORK, text="A new one."),
        WAITING,
        c.EndWait(ticket=TICKET),
        c.AnswerForDepartment(ticket=TICKET, request="D1", plan="You may."),
    ):
        story = story.after(timedelta(hours=1)).done(command, SUPERVISOR)
        assert nothing_more_follows(story), type(command).__name__
