"""What users of other programs complain of in their service levels, on a ticket, each by its id.

What is arithmetic alone is in `tests/domain/policies/test_sla_bugs.py`, under the same names.
"""

from datetime import timedelta
from functools import cache
from typing import Any, Final

import pytest

from domain import commands as c
from domain import errors
from domain.events import (
    AssignmentLapsed,
    ClockBreached,
    ClockMoved,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    ClockWarned,
    Event,
    TicketEscalated,
    TicketQueued,
)
from domain.policies.book import Book
from domain.processes.assignment import Available, Need, choose
from domain.processes.clocks import on_clock
from domain.processes.notices import notices_of
from domain.record import Cause, Envelope, Record
from domain.ticket.clock import Clock
from domain.ticket.evolve import evolve
from domain.ticket.facts import WAITED_FOR
from domain.ticket.routing import best_of
from domain.ticket.state import Stamp, Ticket
from domain.values import (
    SYSTEM,
    Actor,
    Awaiting,
    Candidate,
    Channel,
    Instant,
    Kind,
    Reason,
    Sha256,
    later,
)
from tests.replay.told import Told
from tests.scenario import (
    AGENT,
    BUYER,
    MOMENT,
    NOW,
    ORDER,
    SUPERVISOR,
    TICKET,
    Scenario,
    named,
    placed,
    signed,
    whole_book,
)

TAKEOVER: Final = "complaint_takeover"
CLOSED: Final = "medium_priority_closed"
ANSWER: Final = "human_answer"
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
RULE: Final = 'stops = ["taken_over"]\nwithin = "PT30M"'
OFFICE_HOURS: Final = (RULE, f'{RULE}\ncalendar = "cn_office"')
MEDIUM: Final = 'stops = ["resolved", "closed"]\ncancels = []\nwithin = "PT24H"'


@cache
def book(*changes: tuple[str, str]) -> Book:
    """Return the book whose promises are kept here, changed where a test needs it."""
    return whole_book(*changes)


def complaint(
    under: Book | None = None,
    at: Instant = NOW,
    *,
    channel: Channel = Channel.APP,
    by: Actor = BUYER,
) -> Told:
    """Return a complaint of medium priority that was just opened, with all that follows."""
    opening = c.OpenTicket(channel=channel, order=ORDER, kind=Kind.COMPLAINT, reason=Reason.LATE)
    bought = Told(now=at).given(placed(), signed(at)).promised(under or book())
    return bought.done(opening, by)


def taken(under: Book | None = None) -> Told:
    """Return a complaint an agent took over at once."""
    return complaint(under).done(c.AcceptTicket(ticket=TICKET), AGENT)


def facts(scenario: Scenario, kind: type[Event], clock: str | None = None) -> list[Any]:
    """Return the facts of a kind on record, of one clock where one is named."""
    return [
        fact
        for fact in scenario.facts
        if isinstance(fact, kind) and clock in {None, getattr(fact, "clock", None)}
    ]


def waiting(scenario: Told, on: Awaiting = Awaiting.BUYER) -> Told:
    """Let the desk wait for somebody."""
    return scenario.done(c.BeginWait(ticket=TICKET, on=on, why="photo"), AGENT)


def said(scenario: Told, text: str, by: Actor) -> Told:
    """Let somebody say something."""
    return scenario.done(c.SendMessage(ticket=TICKET, text=text), by)


def passed(scenario: Told, clock: str) -> Told:
    """Let the platform look at a clock now."""
    return scenario.done(c.PassClock(ticket=TICKET, clock=clock, at=scenario.now), SYSTEM)


def clock_of(scenario: Scenario, name: str) -> Clock:
    """Return a clock that runs or rests."""
    return scenario.live.clocks[name]


# --- Waiting ----------------------------------------------------------------------------------


def test_i_fh1675_a_ticket_on_hold_has_no_due_time_until_it_runs_on() -> None:
    """The target stayed as it was while the ticket was on hold, and passed there."""
    held = waiting(taken().after(HOUR))
    assert clock_of(held, CLOSED).paused
    assert not facts(passed(held.after(9 * DAY), CLOSED), ClockBreached, CLOSED)
    back = said(held.after(10 * DAY), "here", BUYER)
    assert clock_of(back, CLOSED).due_at == later(back.now, 23 * HOUR)


def test_i_fh1554_what_rests_is_only_what_the_record_says() -> None:
    """A timer ticked in the background; here a rest of any length is two facts and no others."""
    held = waiting(taken().after(HOUR))
    looked = held
    for _ in range(5):
        looked = passed(looked.after(DAY), CLOSED)
    assert looked.facts == held.facts
    back = said(looked, "here", BUYER)
    assert len(facts(back, ClockPaused, CLOSED)) == len(facts(back, ClockResumed, CLOSED)) == 1


@pytest.mark.parametrize("on", WAITED_FOR)
def test_i_zn855_whoever_is_waited_for_the_promise_rests(on: Awaiting) -> None:
    """Which states pause was written into the program; here it is whose turn it is."""
    assert clock_of(waiting(taken(), on), CLOSED).paused


# --- Changes of what is promised --------------------------------------------------------------


@pytest.mark.parametrize("hours", [12, 48])
def test_i_gl6902_time_used_and_waited_outlives_a_change_of_the_promise(hours: int) -> None:
    """Another priority's target forgot what had been waited, and started from the opening."""
    other = book(named("b-2"), (MEDIUM, MEDIUM.replace("24", str(hours))))
    back = said(waiting(taken().after(HOUR)).after(10 * DAY), "here", BUYER)
    moved = _moved(back.after(HOUR), other)
    told = facts(moved, ClockMoved, CLOSED)[0]
    assert told.due_at == later(moved.now, (hours - 2) * HOUR), "two hours were used, not 242"
    assert told.why == "other terms"


def test_i_gl15605_what_rests_at_the_change_goes_on_resting() -> None:
    """A promise was changed while it waited, and the waiting up to then was lost."""
    other = book(named("b-2"), (MEDIUM, MEDIUM.replace("24", "12")))
    moved = _moved(waiting(taken().after(HOUR)).after(3 * DAY), other)
    assert clock_of(moved, CLOSED).paused
    back = said(moved.after(7 * DAY), "here", BUYER)
    assert clock_of(back, CLOSED).due_at == later(back.now, 11 * HOUR)


def test_i_pr16383_a_change_there_and_back_is_as_if_there_was_none() -> None:
    """The waiting time was worked out anew at each change, each time a little differently."""
    other = book(named("b-2"), (MEDIUM, MEDIUM.replace("24", "12")))
    back = said(waiting(taken().after(HOUR)).after(DAY), "here", BUYER)
    due_at = clock_of(back, CLOSED).due_at
    moved = _moved(_moved(back, other), book())
    assert clock_of(moved, CLOSED).due_at == due_at


def _busy() -> Told:
    """Return a matter with every kind of change of a due time in it."""
    other = book(named("b-2"), (MEDIUM, MEDIUM.replace("24", "12")))
    busy = said(waiting(taken().after(HOUR)).after(DAY), "here", BUYER)
    busy = _moved(busy.after(MINUTE), other)
    busy = said(busy.after(MINUTE), "we look", AGENT)
    busy = busy.after(MINUTE).done(c.GiveAnswer(ticket=TICKET, text="so", resolves=True), AGENT)
    return busy.after(DAY).done(c.ReopenTicket(ticket=TICKET), BUYER)


def test_i_gl17186_no_due_time_changes_without_a_fact_that_says_so() -> None:
    """Due dates changed "automatically"; here the fact is named for the clock, with its book."""
    ticket: Ticket | None = None
    changed = set()
    for record in _busy().of_ticket:
        before = {} if ticket is None else ticket.clocks
        stamp = Stamp(TICKET, record.version, record.at, record.actor, record.imported)
        ticket = evolve(ticket, record.event, stamp)
        for name, clock in ticket.clocks.items():
            if name in before and before[name].due_at == clock.due_at:
                continue
            fact = record.event
            assert isinstance(fact, ClockStarted | ClockResumed | ClockMoved), fact
            assert (fact.clock, fact.due_at) == (name, clock.due_at)
            assert fact.policy in {"2026-11-22", "b-2"}
            changed.add(type(fact))
    assert changed == {ClockStarted, ClockResumed, ClockMoved}


def test_i_gl16236_time_alone_changes_no_due_time() -> None:
    """A due date had moved by the next look, and nobody could say why."""
    opened = complaint()
    due = {name: clock.due_at for name, clock in opened.live.clocks.items()}
    assert due
    looked = passed(opened.after(DAY), TAKEOVER)
    assert {name: looked.live.clocks[name].due_at for name in due} == due


def test_i_zm534_another_calendar_moves_what_runs_when_it_is_moved_there() -> None:
    """An edited calendar was not applied to open tickets, or to some; here a fact says to which."""
    opened = complaint(at=Instant("2026-11-20T09:50:00.000000Z"))
    other = book(named("b-2"), OFFICE_HOURS)
    assert clock_of(opened, TAKEOVER).due_at == "2026-11-20T10:20:00.000000Z"
    told = facts(_moved(opened, other), ClockMoved, TAKEOVER)[0]
    assert told.due_at == "2026-11-23T01:20:00.000000Z", "10 minutes of Friday, 20 of Monday"


def test_i_freeitsm_what_was_promised_is_on_record_and_not_worked_out_on_reading() -> None:
    """A peer reads its log by today's calendar, so an edit there rewrites what was promised."""
    opened = complaint()
    under_another = Told(now=NOW).promised(book(named("b-2"), OFFICE_HOURS))
    read = under_another.given(*opened.facts[:2]).given(*opened.facts[2:], by=BUYER)
    assert read.live.clocks == opened.live.clocks
    assert read.live.policy == "2026-11-22"


def _moved(scenario: Told, to: Book) -> Told:
    there = Told(**{**vars(scenario), "others": (*scenario.others, book(), to)})
    return there.done(c.MoveToBook(ticket=TICKET, policy=to.version, why="other terms"), SUPERVISOR)


# --- What keeps a promise, and what does not --------------------------------------------------


def test_i_zm3140_what_was_answered_never_escalates() -> None:
    """It escalated although an agent had answered in time."""
    answered = said(complaint().after(MINUTE), "we look", AGENT)
    for clock in (TAKEOVER, ANSWER):
        assert facts(answered, ClockStopped, clock)[0].kept
        assert passed(answered.after(DAY), clock).facts == answered.facts


def test_i_zm3410_the_figures_of_a_promise_are_those_of_its_record() -> None:
    """Answered in time was counted as late, and late as in time."""
    due_at = clock_of(complaint(), TAKEOVER).due_at
    for at, kept, spent in ((later(due_at, -MOMENT), True, 1799), (due_at, False, 1800)):
        told = said(complaint().at(at), "we look", AGENT)
        stopped = facts(told, ClockStopped, TAKEOVER)[0]
        assert (stopped.kept, stopped.elapsed_s) == (kept, spent)
        assert len(facts(told, ClockBreached, TAKEOVER)) == (0 if kept else 1)


def test_i_zm2082_the_next_due_time_is_there_with_the_word_that_causes_it() -> None:
    """Escalation times were brought up to date later, or only when somebody saved the ticket."""
    talk = said(complaint(), "we look", AGENT)
    assert ANSWER not in talk.live.clocks
    talk = said(talk.after(HOUR), "and?", BUYER)
    assert clock_of(talk, ANSWER).due_at == later(talk.now, 3 * MINUTE)


def test_i_zm188_a_reopened_matter_has_its_whole_time_again() -> None:
    """After a reopening the first round's time was still counted."""
    done = taken().after(20 * HOUR).done(
        c.GiveAnswer(ticket=TICKET, text="done", resolves=True), AGENT
    )  # fmt: skip
    reopened = done.after(DAY).done(c.ReopenTicket(ticket=TICKET), BUYER)
    assert CLOSED not in done.live.clocks
    assert clock_of(reopened, CLOSED).due_at == later(reopened.now, DAY)


def test_i_zm1322_a_note_among_staff_is_no_answer() -> None:
    """It was left open what a note does to a promise; the buyer reads none, so it does nothing."""
    asked = complaint().after(MINUTE)
    noted = asked.done(c.AddNote(ticket=TICKET, text="looks worn"), AGENT)
    assert noted.live.clocks == asked.live.clocks
    assert ANSWER in noted.live.clocks


def test_i_zm5177_no_promise_overrules_another() -> None:
    """The update time took the place of the first response, which then nobody owed."""
    first = clock_of(complaint(), TAKEOVER).due_at
    asked = complaint()
    for _ in range(5):
        asked = said(asked.after(4 * MINUTE), "hello?", BUYER)
    assert clock_of(asked, TAKEOVER).due_at == first
    late = passed(asked.at(first), TAKEOVER)
    assert [one.due_at for one in facts(late, ClockBreached, TAKEOVER)] == [first]


def test_i_cw10178_a_thank_you_after_the_end_is_no_question() -> None:
    """The clock for the next answer ran on, and was broken, when the customer said thanks.

    While the matter can be reopened the buyer is told so, and a word alone starts nothing. When it
    can not, what is said is answered and timed, and no promise can be broken by it.
    """
    asked = said(said(taken(), "we look", AGENT).after(MINUTE), "and?", BUYER)
    assert ANSWER in asked.live.clocks
    done = asked.done(c.GiveAnswer(ticket=TICKET, text="done", resolves=True), AGENT)
    assert not done.live.clocks
    thanks = c.SendMessage(ticket=TICKET, text="thanks")
    done.after(MINUTE).when(thanks, BUYER).then_refused(errors.WrongStage)
    thanked = said(done.after(90 * DAY), "thanks", BUYER)
    measured = book().clock_rule(ANSWER)
    assert set(thanked.live.clocks) == {ANSWER}
    assert measured is not None
    assert measured.metric_only
    assert passed(thanked.after(DAY), ANSWER).facts == thanked.facts


@pytest.mark.parametrize("channel", Channel)
def test_i_zn514_however_a_matter_comes_in_its_promises_run(channel: Channel) -> None:
    """Tickets that a process opened never started the clock of the first response."""
    for by in (BUYER, AGENT):
        opened = complaint(channel=channel, by=by)
        assert clock_of(opened, TAKEOVER).since == NOW


# --- When it is said --------------------------------------------------------------------------


def test_i_zm3197_what_is_due_is_due_at_its_own_microsecond() -> None:
    """ "Pending till" waited for the next slot of a job, a quarter of an hour later.

    The worker asks for what is due all the time; `python -m tests.benchmarks` measures how late it
    is (p99 below a second), and `tests/api/test_firing.py` that each instant comes by itself.
    """
    odd = Instant("2026-11-12T08:07:13.000001Z")
    opened = complaint(at=odd)
    half = later(odd, 15 * MINUTE)
    assert facts(opened, ClockStarted, TAKEOVER)[0].next_at == half
    command, _ = on_clock(TICKET, TAKEOVER, half)
    opened.at(later(half, -MOMENT)).when(command, SYSTEM).then_refused(errors.NotYetDue)
    warned = opened.at(half).done(command, SYSTEM)
    assert [one.due_at for one in facts(warned, ClockWarned, TAKEOVER)] == [half]


def test_i_zm4432_a_breach_at_night_is_recorded_at_night_and_told_in_the_morning() -> None:
    """Mails about a breach went out at midnight and on weekends."""
    midnight = Instant("2026-11-20T16:00:00.000000Z")
    opened = complaint(at=later(midnight, -30 * MINUTE))
    late = passed(opened.at(midnight), TAKEOVER)
    told = facts(late, TicketEscalated, TAKEOVER)[0]
    assert told.due_at == midnight
    found = notices_of(_recorded(told, midnight), lambda _at: book(), {"2026-11-22": book()}.get)
    assert {one.due_at for one in found} == {"2026-11-21T00:00:00.000000Z"}, "8:00 in Shanghai"


def _recorded(event: Event, at: Instant) -> Record:
    envelope: Any = Envelope(
        format=1,
        ledger="ledger.test/lane-0",
        stream=f"ticket:{TICKET}",
        version=9,
        prev=Sha256("0" * 64),
        id="event-9",
        topic=event.TOPIC,
        at=at,
        actor=SYSTEM,
        cause=Cause(command="c", correlation="c"),
        data=b"{}",
    )
    return Record(0, 9, Sha256("0" * 64), envelope, event)


def test_i_cw13392_what_is_promised_in_office_hours_is_not_broken_on_saturday() -> None:
    """Breaches ignored business hours altogether."""
    evening = Instant("2026-11-20T09:50:00.000000Z")
    opened = complaint(book(OFFICE_HOURS), evening)
    command = c.PassClock(ticket=TICKET, clock=TAKEOVER, at=later(evening, DAY))
    saturday = opened.after(DAY).done(command, SYSTEM)
    assert [one.share_bp for one in facts(saturday, ClockWarned, TAKEOVER)] == []
    assert not facts(saturday, ClockBreached, TAKEOVER)
    monday = passed(opened.at(Instant("2026-11-23T01:20:00.000000Z")), TAKEOVER)
    assert facts(monday, ClockBreached, TAKEOVER)


# --- Who answers for it -----------------------------------------------------------------------


def test_i_gl1911_who_is_asked_late_has_their_own_time() -> None:
    """A group that got the ticket in the customer's last minute had no time left."""
    late = taken().after(23 * HOUR)
    due_at = clock_of(late, CLOSED).due_at
    asked = late.done(
        c.AskDepartments(ticket=TICKET, departments=("legal",), question="which clause?"), AGENT
    )
    own = [clock for name, clock in asked.live.clocks.items() if name.startswith("department_plan")]
    assert [one.due_at for one in own] == [later(asked.now, 2 * HOUR)]
    assert clock_of(asked, CLOSED).due_at == due_at, "the customer's promise knows of no desk"


def test_i_cw6889_a_breach_calls_the_next_desk() -> None:
    """An overdue conversation stayed where it was, with a red mark."""
    late = passed(complaint().after(30 * MINUTE), TAKEOVER)
    assert [one.to for one in facts(late, TicketEscalated, TAKEOVER)] == ["supervisor"]
    elsewhere = book((RULE, f'{RULE}\nmoves_to = "vip"'))
    opened = complaint(elsewhere)
    assert opened.live.queue != "vip"
    moved = passed(opened.after(30 * MINUTE), TAKEOVER)
    assert moved.live.queue == facts(moved, TicketQueued)[-1].queue == "vip"


def _assigned() -> Told:
    """Return a matter that the platform gave to an agent for ten minutes."""
    given = Candidate(agent=AGENT.ref, score=0, load_bp=0, rating_bp=0, skills=("senior",))
    return complaint().done(c.ChooseAgent(ticket=TICKET, candidates=(given,)), SYSTEM)


def test_i_cw14508_a_silent_agent_loses_the_ticket() -> None:
    """It stayed with whoever was assigned, however long they were away."""
    given = _assigned()
    assert given.live.assignee == AGENT.ref
    late = given.after(10 * MINUTE)
    lapsed = late.done(c.LapseAssignment(ticket=TICKET, due_at=late.now), SYSTEM)
    assert facts(lapsed, AssignmentLapsed)[0].agent == AGENT.ref
    assert lapsed.live.assignee is None


def test_i_cw13515_who_was_silent_comes_after_everybody_else() -> None:
    """What came back went round to the same agent."""
    late = _assigned().after(10 * MINUTE)
    lapsed = late.done(c.LapseAssignment(ticket=TICKET, due_at=late.now), SYSTEM)
    there = [
        Available(
            agent=name,
            desk="senior_desk",
            skills=("senior",),
            certificates={},
            on_shift=True,
            good_bp=None,
            open=0,
        )
        for name in (AGENT.ref, "z-9")
    ]
    need = Need(skills=("senior",), certificates=(), angry=False, keeps_agent=False)
    load = book().load
    assert load is not None
    for ticket, best in ((complaint().live, AGENT.ref), (lapsed.live, "z-9")):
        found = choose(ticket, need, there, load, served_by=None, now=late.now)
        first = best_of(found, ticket)
        assert first is not None
        assert first.agent == best


def test_i_cw13516_a_lease_that_lapses_stops_no_promise() -> None:
    """The buyer waits on, whoever has the ticket."""
    given = _assigned()
    late = given.after(10 * MINUTE)
    lapsed = late.done(c.LapseAssignment(ticket=TICKET, due_at=late.now), SYSTEM)
    assert clock_of(lapsed, TAKEOVER).due_at == clock_of(given, TAKEOVER).due_at
