"""Moving a ticket to another book: every due time that changes, and why; nothing is lost by it."""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any, Final

import msgspec
import pytest

from domain import commands as c
from domain import errors, events
from domain.milestones import Milestone
from domain.policies.book import Book
from domain.ticket.clocks.running import next_at, rule_of
from domain.values import (
    SYSTEM,
    Awaiting,
    Channel,
    Customer,
    Kind,
    Money,
    Reason,
    Tier,
    later,
    moment_of,
)
from tests.scenario import (
    ADMIN,
    AGENT,
    BOOK,
    BUYER,
    EVERYBODY,
    MOMENT,
    NOW,
    ORDER,
    SUPERVISOR,
    Scenario,
    for_each,
    named,
    ordered,
    placed,
    whole_book,
)

TAKEOVER: Final = "complaint_takeover"
RULE: Final = """stops = ["taken_over"]
within = "PT30M"
warn_bp = [5000, 8000]
ladder = [{ to = "supervisor" }]
"""
HEAD: Final = """id = "complaint_takeover"
row = "SL-02"
zh = "投诉人工接管"
en = "A person takes a complaint over"
when = ["complaint"]
"""
MEDIUM: Final = """id = "medium_priority_closed"
row = "SL-06"
zh = "中优先级闭环"
en = "A matter of medium priority is settled"
when = ["medium_priority"]
starts = ["opened"]
stops = ["resolved", "closed"]
cancels = []
within = "PT24H"
"""


@cache
def book() -> Book:
    """Return the book under which tickets are opened."""
    return whole_book()


@cache
def other(*changes: tuple[str, str]) -> Book:
    """Return another book, changed."""
    return whole_book(named("b-2"), *changes)


def complaint(**fields: Any) -> Scenario:
    """Return a complaint that was just opened."""
    opening = {"channel": Channel.APP, "order": ORDER, "kind": Kind.COMPLAINT, **fields}
    return ordered().promised(book()).done(c.OpenTicket(**opening), BUYER)


def moved(scenario: Scenario, to: Book, **how: Any) -> tuple[Scenario, tuple[Any, ...]]:
    """Return a ticket that was moved, and the facts of it."""
    there = replace(scenario, others=(*scenario.others, to))
    command = c.MoveToBook(ticket="T", policy=to.version, why=how.get("why", "because"))
    facts = there.judged(command, SUPERVISOR)
    return replace(there.given(*facts, by=SUPERVISOR), book=to), facts


def of(facts: tuple[Any, ...], kind: type[events.Event], clock: str | None = None) -> list[Any]:
    """Return the facts of a kind, of one clock where one is named."""
    return [
        one
        for one in facts
        if isinstance(one, kind) and clock in {None, getattr(one, "clock", None)}
    ]


def passed(scenario: Scenario, clock: str) -> Scenario:
    """Let the platform say what is due on a clock now."""
    return scenario.done(c.PassClock(ticket="T", clock=clock, at=scenario.now), SYSTEM)


def test_a_book_that_promises_the_same_changes_nothing_but_the_book() -> None:
    """A new version with a new answer leaves every promise as it was."""
    _, facts = moved(complaint(), other())
    assert [type(one) for one in facts] == [events.TicketMovedToBook]
    assert (facts[0].before, facts[0].policy) == ("2026-11-22", "b-2")


@pytest.mark.parametrize("by", for_each(EVERYBODY, but=(SUPERVISOR, ADMIN)), ids=str)
def test_only_a_supervisor_moves(by: Any) -> None:
    """A party can not choose what is promised to it."""
    scenario = replace(complaint(), others=(other(),))
    with pytest.raises(errors.NotYourRole):
        scenario.judged(c.MoveToBook(ticket="T", policy="b-2", why="w"), by)


def test_a_book_nobody_adopted_is_refused_and_the_own_one_is_no_move() -> None:
    """The version is looked for before anything is said."""
    with pytest.raises(errors.UnknownBook):
        complaint().judged(c.MoveToBook(ticket="T", policy="b-9", why="w"), SUPERVISOR)
    assert complaint().judged(c.MoveToBook(ticket="T", policy="2026-11-22", why="w"), ADMIN) == ()


def test_a_ticket_is_moved_to_a_book_from_the_instant_on_at_which_it_begins() -> None:
    """A moment before, nobody is promised anything by it: not in new tickets, not in old ones."""
    begins = later(NOW, timedelta(days=3))
    to_come = other(STRICTER).model_copy(update={"in_force_from": moment_of(begins)})
    waiting = replace(complaint(), others=(to_come,))
    move = c.MoveToBook(ticket="T", policy="b-2", why="w")
    early = waiting.at(later(begins, -MOMENT))
    early.when(move, SUPERVISOR).then_refused(errors.BookNotInForce, in_force_from=begins)
    facts = waiting.at(begins).judged(move, SUPERVISOR)
    assert of(facts, events.TicketMovedToBook)


def test_what_is_over_stays_as_it_was_promised() -> None:
    """A resolved matter is not judged by a later book."""
    over = (
        complaint()
        .done(c.AcceptTicket(ticket="T"), AGENT)
        .done(c.GiveAnswer(ticket="T", text="done", resolves=True), AGENT)
    )
    with pytest.raises(errors.WrongStage):
        moved(over, other())


STRICTER: Final = (RULE, RULE.replace("PT30M", "PT20M"))
LAXER: Final = (RULE, RULE.replace("PT30M", "PT60M"))


@pytest.mark.parametrize(("after", "breaks"), [(-MOMENT, False), (timedelta(0), True)], ids=str)
def test_a_promise_that_is_over_by_the_other_book_is_broken_at_once(
    after: timedelta, *, breaks: bool
) -> None:
    """A moment before its new due time it runs on; at it, it is broken in the same append."""
    when = later(NOW, timedelta(minutes=20) + after)
    scenario, facts = moved(complaint().at(when), other(STRICTER))
    assert of(facts, events.ClockMoved, TAKEOVER)[0].due_at == later(NOW, timedelta(minutes=20))
    broken = of(facts, events.ClockBreached, TAKEOVER)
    assert bool(broken) is breaks
    assert scenario.live.clocks[TAKEOVER].breached is breaks
    assert all(one.policy == "b-2" for one in broken)


def test_a_breach_that_was_due_is_recorded_before_a_laxer_book_could_forgive_it() -> None:
    """The platform's clock was late; moving the ticket does not undo what was due."""
    late = complaint().after(timedelta(minutes=31))
    scenario, facts = moved(late, other(LAXER))
    kinds = [type(one) for one in facts]
    assert kinds.index(events.ClockBreached) < kinds.index(events.TicketMovedToBook)
    assert of(facts, events.ClockBreached, TAKEOVER)[0].policy == "2026-11-22"
    clock = scenario.live.clocks[TAKEOVER]
    assert (clock.breached, clock.due_at) == (True, later(NOW, timedelta(minutes=30)))
    assert not of(facts, events.ClockMoved, TAKEOVER)


def test_a_share_of_the_order_that_is_owed_by_then_is_owed_before_the_move() -> None:
    """SL-19: what a breach costs the order is a fact of the order, and stands in no move's way."""
    fish = msgspec.structs.replace(placed().lines[0], category="fresh_food")
    opening = c.OpenTicket(channel=Channel.APP, order=ORDER, kind=Kind.COMPLAINT)
    late = ordered(fish).promised(book()).done(opening, BUYER).after(timedelta(hours=1))
    _, facts = moved(late, other())
    kinds = [type(one) for one in facts]
    owed = kinds.index(events.OverduePayoutOwed)
    assert owed < kinds.index(events.PayoutOwed) < kinds.index(events.TicketMovedToBook)


def test_a_broken_promise_stays_broken_and_is_broken_once() -> None:
    """The laxer figure is for promises that were not broken yet."""
    broken = passed(complaint().after(timedelta(minutes=30)), TAKEOVER)
    scenario, facts = moved(broken, other(LAXER))
    assert not of(facts, events.ClockBreached)
    assert scenario.live.clocks[TAKEOVER].breached
    again = scenario.after(timedelta(hours=2))
    assert again.judged(c.PassClock(ticket="T", clock=TAKEOVER, at=again.now), SYSTEM) == ()


def test_a_longer_ladder_calls_its_further_rungs_for_what_is_broken() -> None:
    """The other book knows a director: he is called, and the first rung not a second time."""
    ladder = RULE.replace(
        'ladder = [{ to = "supervisor" }]',
        'ladder = [{ to = "supervisor" }, { to = "director", after = "PT1H" }]',
    )
    broken = passed(complaint().after(timedelta(minutes=30)), TAKEOVER)
    scenario, facts = moved(broken, other((RULE, ladder)))
    called = later(NOW, timedelta(minutes=90))
    assert of(facts, events.ClockMoved, TAKEOVER)[0].next_at == called
    told = passed(scenario.at(called), TAKEOVER)
    assert [one.to for one in of(told.facts, events.TicketEscalated)] == ["supervisor", "director"]


def test_a_warning_is_given_once_whatever_the_book() -> None:
    """Who was told at half the time is not told again at half of the longer one."""
    warned = passed(complaint().after(timedelta(minutes=15)), TAKEOVER)
    scenario, facts = moved(warned, other(LAXER))
    assert of(facts, events.ClockMoved, TAKEOVER)[0].next_at == later(NOW, timedelta(minutes=48))
    told = passed(scenario.after(timedelta(minutes=33)), TAKEOVER)
    assert [one.share_bp for one in of(told.facts, events.ClockWarned)] == [5000, 8000]


def test_warnings_alone_are_a_change_that_is_said() -> None:
    """The due time stays, but something comes sooner: whoever waits for it must hear of it."""
    sooner = (RULE, RULE.replace("[5000, 8000]", "[2000, 8000]"))
    scenario, facts = moved(complaint(), other(sooner))
    changed = of(facts, events.ClockMoved, TAKEOVER)[0]
    assert changed.due_at == later(NOW, timedelta(minutes=30))
    assert changed.next_at == later(NOW, timedelta(minutes=6))
    clock, rule = scenario.live.clocks[TAKEOVER], rule_of(TAKEOVER, other(sooner))
    assert rule is not None
    assert next_at(clock, rule, other(sooner)) == changed.next_at


def resting() -> Scenario:
    """Return a complaint whose day-long promise has rested for an hour after an hour."""
    return (
        complaint(reason=Reason.LATE)
        .after(timedelta(hours=1))
        .done(c.AcceptTicket(ticket="T"), AGENT)
        .done(c.BeginWait(ticket="T", on=Awaiting.BUYER, why="photo"), AGENT)
        .after(timedelta(hours=1))
    )


def test_what_rests_goes_on_resting_and_runs_on_by_the_other_figure() -> None:
    """An hour was used; of ten hours nine are left when the buyer comes back."""
    ten = (MEDIUM, MEDIUM.replace("PT24H", "PT10H"))
    scenario, facts = moved(resting(), other(ten))
    assert of(facts, events.ClockMoved, "medium_priority_closed")[0].next_at is None
    assert scenario.live.clocks["medium_priority_closed"].paused
    back = scenario.done(c.SendMessage(ticket="T", text="here"), BUYER)
    resumed = of(back.facts, events.ClockResumed, "medium_priority_closed")[0]
    assert resumed.due_at == later(back.now, timedelta(hours=9))


def test_a_book_that_never_rests_lets_a_resting_promise_run_on() -> None:
    """Else it would wait for somebody whom its book does not wait for."""
    never = (MEDIUM, MEDIUM + "pauses = false\n")
    scenario, facts = moved(resting(), other(never))
    resumed = of(facts, events.ClockResumed, "medium_priority_closed")[0]
    assert resumed.due_at == later(scenario.now, timedelta(hours=23))
    assert not scenario.live.clocks["medium_priority_closed"].paused
    back, facts = moved(scenario, replace_version(book(), "b-3"))
    assert of(facts, events.ClockPaused, "medium_priority_closed")
    assert back.live.clocks["medium_priority_closed"].paused


def replace_version(known: Book, version: str) -> Book:
    """Return a book under another version."""
    return known.model_copy(update={"version": version})


def test_a_promise_the_other_book_does_not_make_is_cancelled_and_comes_back_with_its_book() -> None:
    """Moved back, the ticket is promised what it was promised first, from the same start."""
    none = (HEAD, HEAD.replace('"complaint"', '"consultation"'))
    without, facts = moved(complaint().after(timedelta(minutes=5)), other(none))
    assert [one.why for one in of(facts, events.ClockCancelled, TAKEOVER)] == ["not_in_book"]
    assert TAKEOVER not in without.live.clocks
    back, facts = moved(without.after(timedelta(minutes=5)), book())
    started = of(facts, events.ClockStarted, TAKEOVER)[0]
    assert (started.since, started.due_at) == (NOW, later(NOW, timedelta(minutes=30)))
    assert TAKEOVER in back.live.clocks


def test_a_broken_promise_that_was_cancelled_does_not_come_back() -> None:
    """It would be broken, and would cost, a second time."""
    none = (HEAD, HEAD.replace('"complaint"', '"consultation"'))
    broken = passed(complaint().after(timedelta(minutes=30)), TAKEOVER)
    without, _ = moved(broken, other(none))
    back, facts = moved(without, book())
    assert not of(facts, events.ClockStarted, TAKEOVER)
    assert len(of(back.facts, events.ClockBreached, TAKEOVER)) == 1


def test_a_matter_that_outgrew_its_promise_keeps_it_under_a_book_that_says_the_same() -> None:
    """A machine judged it otherwise since: neither that nor the other book takes anything back."""
    middling = (HEAD, HEAD.replace('["complaint"]', '["complaint", "middling"]'))
    opening = c.OpenTicket(
        channel=Channel.APP, order=ORDER, kind=Kind.COMPLAINT, statement="箱子破损，少件了一个"
    )
    promised = ordered().promised(whole_book(middling)).done(opening, BUYER)
    burned = c.SendMessage(ticket="T", text="It caught fire and burned my hand.")
    pressing = promised.after(timedelta(minutes=1)).done(burned, BUYER)
    assert (promised.live.urgency, pressing.live.urgency) == ("medium", "high")
    assert TAKEOVER in pressing.live.clocks
    scenario, facts = moved(pressing, other(middling))
    assert TAKEOVER in scenario.live.clocks
    assert not of(pressing.facts + facts, events.ClockCancelled)


def test_promises_that_the_other_book_makes_newly_count_from_their_own_start() -> None:
    """From a book without clocks: all that was promised by the new one runs from the opening."""
    opening = c.OpenTicket(
        channel=Channel.APP,
        order=ORDER,
        kind=Kind.COMPLAINT,
        customer=Customer(tier=Tier.TOP),
    )
    plain = ordered().promised(BOOK).done(opening, BUYER).after(timedelta(minutes=10))
    assert plain.live.clocks == {}
    scenario, facts = moved(plain, book())
    started = of(facts, events.ClockStarted, TAKEOVER)[0]
    assert (started.since, started.policy) == (NOW, "2026-11-22")
    assert scenario.live.queue == "vip"
    assert of(facts, events.TicketPrioritised)[0].policy == "2026-11-22"


def test_a_queue_that_the_other_book_does_not_know_is_left() -> None:
    """A ticket in a queue nobody works would wait for ever."""
    queues = (
        ('name = "overflow"\nzh', 'name = "spill"\nzh'),
        ('overflow = "overflow"', 'overflow = "spill"'),
    )
    chosen = complaint().done(c.QueueTicket(ticket="T", queue="overflow", why="w"), SUPERVISOR)
    assert chosen.live.queue == "overflow"
    scenario, _ = moved(chosen, other(*queues))
    assert scenario.live.queue == "senior"


def test_a_payout_by_the_other_book_is_its_own_amount() -> None:
    """What a breach costs is the figure of the book it happens under."""
    dearer = ("amount_minor = 2000", "amount_minor = 3000")
    angry = complaint().done(
        c.ReportFact(ticket="T", fact=Milestone.NEGATIVE_SENTIMENT, occurred_at=NOW), AGENT
    )
    scenario, _ = moved(angry, other(dearer))
    over = passed(scenario.at(later(NOW, timedelta(hours=2))), "negative_resolved")
    assert [one.amount for one in of(over.facts, events.PayoutOwed)] == [Money(3000, "CNY")]


def test_a_deadline_stays_as_it_was_given() -> None:
    """Somebody was told until when to act; a book does not take that back."""
    asked = complaint()
    before = dict(asked.live.deadlines)
    usual = 'name = "acceptance"\nclock = "complaint_takeover"'
    shorter = other((usual, 'name = "acceptance"\nwithin = "PT5M"'))
    scenario, _ = moved(asked, shorter)
    assert dict(scenario.live.deadlines) == before


def test_every_move_names_its_book_and_its_reason() -> None:
    """An auditor sees why a due time is another one than before."""
    _, facts = moved(complaint(), other(STRICTER), why="stricter promise")
    for one in (*of(facts, events.ClockMoved), *of(facts, events.TicketMovedToBook)):
        assert (one.policy, one.why) == ("b-2", "stricter promise")
