"""What another book would have done with one matter, rule by rule."""

from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from msgspec.structs import replace

from domain import commands
from domain.events import (
    AnswerDiffered,
    DeadlineMissed,
    Event,
    RulingIssued,
    TicketMovedToBook,
    TicketOpened,
    TicketPrioritised,
)
from domain.policies.book import Book
from domain.record import Source
from domain.ticket import deadlines
from domain.ticket.context import Context
from domain.ticket.state import Agent, Ticket
from domain.values import (
    SYSTEM,
    Awaiting,
    Kind,
    PlanLevel,
    Reason,
    RemedyKind,
    Responsible,
    Scenario,
    later,
)
from replay.what_if import Difference, matters
from replay.what_if import Kind as Differs
from replay.what_if.differing import differences
from replay.what_if.fairness import ANY, INTENDED, fairness
from replay.what_if.lives import Rules
from replay.what_if.running import Replay
from tests.domain.play import (
    AGENT,
    BUYER,
    JUDGE,
    MERCHANT,
    PAID,
    PAYMENT,
    SECOND_JUDGE,
    SUPERVISOR,
    T1,
    appeal_decision,
    refund,
    ruling,
    staging,
    terms,
)
from tests.replay.lived import Recorded, lived
from tests.scenario import BOT, whole_book


@cache
def book() -> Book:
    """Return the book the matters are judged under."""
    return whole_book()


def other(**deadlines: timedelta) -> Book:
    """Return a book with other deadlines."""
    rows = tuple(
        one.model_copy(update={"within": deadlines.get(one.name, one.within)})
        for one in book().deadline
    )
    return book().model_copy(update={"version": "other", "deadline": rows, "answer": ()})


def capped(refund_bp: int) -> Book:
    """Return a book that gives less of the price back."""
    cap = book().cap.model_copy(update={"refund_bp": refund_bp})
    return book().model_copy(update={"version": "other", "cap": cap})


def begun(**options: Any) -> Recorded:
    """Return a matter that will be recorded, under a book that promises much."""
    return Recorded(book=book(), follows=True, **options)


def tried(play: Recorded, under: Book) -> Replay:
    """Return the matter as it was lived again under another book."""
    return lived(play.records, {book().version: book()}, under, play.text)


def listed(play: Recorded, under: Book) -> list[Difference]:
    """Return every difference on the matter's first ticket."""
    return list(differences(tried(play, under).lives[T1]))


def of(found: list[Difference], kind: Differs) -> list[tuple[str, str | None, str | None]]:
    """Return the differences of a kind: what, before and after."""
    return [(one.subject, one.before, one.after) for one in found if one.kind is kind]


@pytest.mark.parametrize(("skills", "broken"), [((), True), (("senior",), False)])
def test_who_could_not_keep_a_promise_keeps_it_under_no_other_book(
    skills: tuple[str, ...], *, broken: bool
) -> None:
    """The record says what was on record of who acted; nobody is taken for more than that."""
    agents = {AGENT.ref: Agent(desk="general_desk", skills=skills)}
    play = begun(agents=agents)
    play.opened(kind=Kind.COMPLAINT)
    play.wait(hours=1)
    play.do(AGENT, commands.SendMessage(ticket=T1, text="We look into it."))
    under = book().model_copy(update={"version": "other"})
    assert ("complaint_takeover" in play.ticket.clocks) is broken
    assert listed(play, under) == []


@pytest.mark.parametrize("senior", [False, True])
def test_who_let_go_where_a_matter_came_to_lets_go_there_under_the_same_figures(
    *, senior: bool
) -> None:
    """What an agent could do then is not looked up: the record says who had to let go, and when."""
    second = replace(AGENT, ref="agent-2")
    able = Agent(desk="senior_desk", skills=("senior",))
    first = replace(able, skills=("senior",) if senior else ())
    play = begun(agents={AGENT.ref: first, second.ref: able})
    play.opened(kind=Kind.CONSULTATION, reason=Reason.OTHER)
    play.do(AGENT, commands.TakeAssignment(ticket=T1))
    complaint = commands.CorrectDiagnosis(
        ticket=T1,
        scenario=Scenario.SERVICE,
        responsible=Responsible.MERCHANT,
        kind=Kind.COMPLAINT,
    )
    play.do(SUPERVISOR, complaint)
    assert (play.ticket.queue, play.ticket.assignee) == ("senior", AGENT.ref if senior else None)
    if not senior:
        play.do(second, commands.SendMessage(ticket=T1, text="We look into it."))
    under = book().model_copy(update={"version": "other"})
    assert listed(play, under) == []
    there = tried(play, under).lives[T1].other
    assert there is not None
    assert there.assignee == play.ticket.assignee


def test_whom_no_queue_takes_a_matter_from_keeps_it_under_another_book() -> None:
    """Where complaints stay with the general desk nobody has to let go, so nobody else takes it."""
    play = begun(agents={AGENT.ref: Agent(desk="general_desk", skills=())})
    play.opened(kind=Kind.CONSULTATION, reason=Reason.OTHER)
    play.do(AGENT, commands.TakeAssignment(ticket=T1))
    play.do(
        SUPERVISOR,
        commands.CorrectDiagnosis(
            ticket=T1,
            scenario=Scenario.SERVICE,
            responsible=Responsible.MERCHANT,
            kind=Kind.COMPLAINT,
        ),
    )
    assert play.ticket.assignee is None
    queues = tuple(one.model_copy(update={"skills": ()}) for one in book().queue)
    under = book().model_copy(update={"version": "other", "queue": queues})
    there = tried(play, under).lives[T1].other
    assert there is not None
    assert (there.queue, there.assignee) == ("senior", AGENT.ref)


# --- what people did stays --------------------------------------------------------------------


def test_cl_10_a_ruling_is_never_decided_again_but_what_would_be_refused_is_listed() -> None:
    """A cap that was lowered says nothing about a judgement that was made under another."""
    play = begun()
    play.assigned()
    play.do(JUDGE, ruling(refund(PAID)))
    found = listed(play, capped(9_000))
    assert of(found, Differs.REFUSED) == [("IssueRuling", "accepted", "cap_exceeded")]
    there = tried(play, capped(9_000)).lives[T1]
    assert there.other is not None
    assert there.other.ruling == play.ticket.ruling
    assert there.other.remedies == play.ticket.remedies
    assert [one for one in there.otherwise if isinstance(one.event, RulingIssued)]


def refusal(play: Recorded, under: Book) -> Difference:
    """Return the one refusal that is listed, which names its place on record."""
    (found,) = [one for one in listed(play, under) if one.kind is Differs.REFUSED]
    assert found.event is not None
    record = play.records[int(found.event.position.removeprefix("0-")) - 1]
    assert (record.subject, record.version) == (T1, found.event.version)
    return found


def test_a_refusal_names_the_ruling_its_place_and_what_it_was_refused_by() -> None:
    """A cap that is exceeded is no reason before it is known by how much, and where to look."""
    play = begun()
    play.assigned()
    play.do(JUDGE, ruling(refund(PAID)))
    (ruled,) = [one for one in play.records if isinstance(one.event, RulingIssued)]
    found = refusal(play, capped(9_000))
    assert found.event is not None
    assert found.event.position == f"0-{ruled.position}"
    assert (found.about, ruled.event.ruling) == ("J1", "J1")
    assert found.figures == {
        "line": "L1",
        "left_minor": PAID * 9_000 // 10_000,
        "currency": "CNY",
        "asked": f"refund {PAID} CNY",
    }


def test_where_priority_is_otherwise_the_fact_is_named_by_which_it_stands() -> None:
    """What a difference changes can be looked up on record."""
    play = begun()
    play.opened(kind=Kind.COMPLAINT)
    weights = tuple(
        one.model_copy(update={"points": 100}) if one.of == "complaint" else one
        for one in book().weight
    )
    found = listed(play, book().model_copy(update={"version": "other", "weight": weights}))
    (turned,) = [one for one in found if one.kind is Differs.PRIORITY]
    assert turned.event is not None
    record = play.records[int(turned.event.position.removeprefix("0-")) - 1]
    assert isinstance(record.event, TicketPrioritised | TicketOpened)
    assert record.version == turned.event.version


def test_a_clause_the_other_book_does_not_have_is_named_as_the_reason() -> None:
    """Which rulings a new book would refuse, and why, is known before it is adopted."""
    play = begun()
    play.assigned()
    play.do(JUDGE, ruling(refund(100)))
    without = tuple(one for one in book().clause if one.id != "quality.hardware_fault")
    under = book().model_copy(update={"version": "other", "clause": without})
    assert of(listed(play, under), Differs.REFUSED) == [
        ("IssueRuling", "accepted", "unknown_clause")
    ]
    assert refusal(play, under).figures["clauses"] == "quality.hardware_fault"


def test_an_appeal_after_a_shorter_window_is_listed_and_stays_filed() -> None:
    """Who appealed in time appealed; that the other book's window was over is told."""
    play = begun()
    play.ruled(refund(100))
    play.wait(hours=30)
    play.do(MERCHANT, commands.FileAppeal(ticket=T1, grounds="Look again."))
    under = other(appeal=timedelta(hours=24))
    found = listed(play, under)
    assert of(found, Differs.REFUSED) == [("FileAppeal", "accepted", "window_passed")]
    ruled = next(one for one in play.records if isinstance(one.event, RulingIssued))
    late = refusal(play, under)
    assert (late.about, late.figures) == ("A1", {"due_at": later(ruled.at, timedelta(hours=24))})
    assert ("deadline appeal", None, "missed") in of(found, Differs.OUTCOME)
    there = tried(play, under).lives[T1].other
    assert there is not None
    assert there.appeal == play.ticket.appeal


def test_the_words_of_a_reopening_are_judged_by_the_other_book_where_they_can_be_read() -> None:
    """DI-03: as a message's are; what can not be read stays judged as it was."""
    play = begun()
    play.opened()
    play.do(AGENT, commands.GiveAnswer(ticket=T1, text="Done.", resolves=True))
    play.do(BUYER, commands.ReopenTicket(ticket=T1, reason="rubbish, a scam, I am furious"))
    lexicon = book().lexicon
    assert lexicon is not None
    calm = lexicon.model_copy(update={"negative_at": -90, "upset_at": -99})
    under = book().model_copy(update={"version": "other", "lexicon": calm})
    assert of(listed(play, book()), Differs.DIAGNOSIS) == []
    assert of(listed(play, under), Differs.DIAGNOSIS) != []
    unread = lived(play.records, {book().version: book()}, under).lives[T1]
    assert of(list(differences(unread)), Differs.DIAGNOSIS) == []


@pytest.mark.parametrize(
    "command",
    [
        commands.GivePlan(ticket=T1, level=PlanLevel.PLAN, text="Price protection: 30 days."),
        commands.AnswerAutomatically(ticket=T1, text="Price protection: 30 days.", effective=False),
    ],
    ids=["plan", "machine"],
)
def test_what_a_plan_or_a_machine_said_is_held_to_the_other_books_figure(command: Any) -> None:
    """DI-14: what differs from this book is what the other one says; unread, it stays flagged."""
    play = begun()
    play.opened()
    play.do(BOT if isinstance(command, commands.AnswerAutomatically) else AGENT, command)
    rows = tuple(
        one.model_copy(update={"value": 30, "quotes": None, "unit": "day"})
        if one.topic == "price_protection"
        else one
        for one in book().answer
    )
    under = book().model_copy(update={"version": "other", "answer": rows})
    flagged = [one for one in play.records if isinstance(one.event, AnswerDiffered)]
    assert len(flagged) == 1
    there = tried(play, under).lives[T1].otherwise
    assert not [one for one in there if isinstance(one.event, AnswerDiffered)]
    unread = lived(play.records, {book().version: book()}, under).lives[T1].otherwise
    assert len([one for one in unread if isinstance(one.event, AnswerDiffered)]) == 1


def test_evidence_that_comes_after_a_shorter_deadline_is_marked_late() -> None:
    """The mark is the platform's, so it is worked out again; the item stays."""
    play = begun()
    play.intervened()
    play.wait(hours=2)
    play.do(BUYER, staging("photo"))
    found = listed(play, other(evidence=timedelta(hours=1)))
    assert of(found, Differs.LATE) == [("E2", "in_time", "late")]
    assert of(listed(play, other(evidence=timedelta(hours=3))), Differs.LATE) == []


# --- what passes by itself --------------------------------------------------------------------


def test_a_shorter_deadline_passes_at_its_own_instant_with_what_follows() -> None:
    """A merchant's silence of an hour lets the buyer call, and the time for that runs from then."""
    play = begun()
    play.opened()
    taken_up = play.now
    play.wait(hours=5)
    play.do(MERCHANT, commands.RefuseClaim(ticket=T1, reasons="It was activated."))
    under = other(merchant_review=timedelta(hours=1))
    there = tried(play, under).lives[T1]
    (missed,) = [one for one in there.otherwise if isinstance(one.event, DeadlineMissed)]
    assert missed.event.deadline == "merchant_review"
    assert missed.at == later(taken_up, timedelta(hours=1))
    found = listed(play, under)
    assert of(found, Differs.OUTCOME) == [("deadline merchant_review", None, "missed")]
    calls = [one for one in found if one.subject == "deadline intervention"]
    assert [one.after for one in calls] == [
        later(taken_up, timedelta(hours=1) + timedelta(days=7)),
        later(play.now, timedelta(days=7)),
    ]


def test_a_worker_that_came_late_is_no_difference_between_books() -> None:
    """What is due in both at one instant passes when the record says it did."""
    play = begun()
    play.opened(kind=Kind.COMPLAINT)
    due_at = play.due("merchant_review")
    play.now = later(due_at, timedelta(hours=7))
    play.do(SYSTEM, commands.PassDeadline(ticket=T1, deadline="merchant_review", due_at=due_at))
    found = listed(play, other(appeal=timedelta(days=1)))
    assert [one for one in found if one.kind is not Differs.DUE] == []
    assert found == []


def test_what_the_record_never_said_is_not_said_under_the_same_figure() -> None:
    """A history that ends before its worker came has no breach that only this replay sees."""
    play = begun()
    play.opened(kind=Kind.COMPLAINT)
    play.wait(days=2)
    play.do(AGENT, commands.AddNote(ticket=T1, text="still here"))
    assert listed(play, other(appeal=timedelta(days=1))) == []


# --- which book, which tickets ----------------------------------------------------------------


def test_a_ticket_that_was_moved_to_the_tried_book_is_under_it_from_its_opening() -> None:
    """A move to a book that holds already changes nothing."""
    there = other(appeal=timedelta(days=1))
    play = begun(others=(there,))
    play.opened()
    play.do(SUPERVISOR, commands.MoveToBook(ticket=T1, policy="other", why="better"))
    again = lived(play.records, {book().version: book(), "other": there}, there, play.text)
    assert not any(isinstance(one.event, TicketMovedToBook) for one in again.lives[T1].otherwise)
    assert again.lives[T1].book is there
    assert again.lives[T1].refused == []


def test_history_of_another_system_is_counted_and_nothing_follows_on_it() -> None:
    """Imported history is for looking: no book decides anything on it."""
    play = begun()
    play.opened()
    old = [
        replace(one, envelope=replace(one.envelope, source=Source("s", "1", imported=True)))
        for one in play.records
    ]
    again = lived(old, {book().version: book()}, other(appeal=timedelta(days=1)))
    assert (again.lives, again.imported) == ({}, {T1})


def test_a_ticket_without_its_beginning_is_told_apart() -> None:
    """Half a history is not judged as if it were a whole one."""
    play = begun()
    play.opened()
    half = [one for one in play.records if not isinstance(one.event, TicketOpened)]
    again = lived(half, {book().version: book()}, None)
    assert (again.lives, again.headless) == ({}, {T1})
    assert list(matters([])) == []


# --- both sides -------------------------------------------------------------------------------


@pytest.fixture
def meant() -> set[tuple[str, str]]:
    """Return what treats the sides differently on a few matters made for that."""
    asked = begun()
    asked.opened(kind=Kind.CONSULTATION, reason=Reason.OTHER)
    answer = commands.GiveAnswer(ticket=T1, text="Look at the lamp.", resolves=False)
    asked.do(AGENT, answer)
    asked.do(BUYER, commands.SendMessage(ticket=T1, text="It is dark."))
    asked.do(AGENT, answer)
    asked.do(BUYER, staging("photo"))
    asked.do(AGENT, answer)
    better = staging("better")
    asked.do(
        BUYER,
        commands.ReplaceEvidence(
            ticket=T1,
            item="E2",
            kind=better.kind,
            attachment=better.attachment,
            obtained=better.obtained,
        ),
    )
    offered = begun()
    offered.opened(remedy=RemedyKind.RETURN)
    price = (terms(RemedyKind.RETURN, 100, "L1"),)
    offered.do(BUYER, commands.MakeOffer(ticket=T1, terms=price))
    offered.do(MERCHANT, commands.CounterOffer(ticket=T1, offer="O1", terms=price))
    offered.do(BUYER, commands.AcceptOffer(ticket=T1, offer="O2"))
    for command in (
        commands.AuthoriseReturn(ticket=T1, remedy="R1", path="pick_up"),
        commands.ReceiveReturn(ticket=T1, remedy="R1"),
        commands.InspectReturn(ticket=T1, remedy="R1", passed=True, finding="as described"),
    ):
        offered.do(MERCHANT, command)
        if isinstance(command, commands.AuthoriseReturn):
            shipped = commands.ShipReturn(ticket=T1, remedy="R1", carrier="sf", tracking="1")
            offered.do(BUYER, shipped)
    offered.do(PAYMENT, commands.SettleRefund(ticket=T1, remedy="R1", reference="p"))
    pressed = begun()
    pressed.negotiating()
    pressed.now = later(pressed.due("negotiation"), -timedelta(hours=1))
    pressed.do(BUYER, commands.MakeOffer(ticket=T1, terms=price))
    pressed.passes("negotiation")
    pressed.do(MERCHANT, commands.CounterOffer(ticket=T1, offer="O1", terms=price))
    silent = begun()
    silent.opened()
    silent.passes("merchant_review")
    silent.do(MERCHANT, commands.MakeOffer(ticket=T1, terms=price))
    rules = Rules(lambda _version: book(), lambda _version: book())
    found = [fairness(play.records, rules, ()) for play in (asked, offered, pressed, silent)]
    return {(one.command, one.what) for each in found for one in each.unfair}


def test_what_is_meant_to_treat_the_sides_differently_does(meant: set[tuple[str, str]]) -> None:
    """A reason that stands in the table for nothing would hide something one day."""
    told = {(one.command, one.what) for one in INTENDED}
    assert meant - told == {
        ("AcceptTicket", "DeadlineGiven merchant_review awaits"),
        ("GiveAnswer", "DeadlineGiven reply awaits"),
        ("PassDeadline", "DeadlineGiven intervention awaits"),
        ("AcceptOffer", "DeadlineGiven remedy awaits"),
        ("MakeOffer", "DeadlineGiven negotiation awaits"),
    }
    assert {(ANY, what) for _, what in meant - told} <= told
    assert meant >= {
        ("SendMessage", "DeadlineGiven answer"),
        ("SendMessage", "DeadlineMet reply"),
        ("StageEvidence", "DeadlineGiven answer"),
        ("StageEvidence", "DeadlineMet reply"),
        ("ReplaceEvidence", "DeadlineGiven answer"),
        ("ReplaceEvidence", "DeadlineMet reply"),
        ("CounterOffer", "DeadlineMet merchant_review"),
        ("CounterOffer", "DeadlineGiven intervention"),
        ("MakeOffer", "DeadlineMet merchant_review"),
        ("MakeOffer", "DeadlineGiven intervention"),
        ("InspectReturn", "may"),
    }


def awaiting(deadline: str, whom: Awaiting) -> Book:
    """Return the book with another side whose turn it is while a deadline runs."""
    rows = tuple(
        one.model_copy(update={"awaits": whom}) if one.name == deadline else one
        for one in book().deadline
    )
    return book().model_copy(update={"deadline": rows})


def unfair(play: Recorded, under: Book) -> set[tuple[str, str]]:
    """Return what treats the sides of a matter differently and has no reason."""
    found = fairness(play.records, Rules(lambda _version: under, lambda _version: under))
    return {(one.command, one.what) for one in found.unfair}


def test_a_ruling_and_what_follows_from_it_are_judged_with_the_sides_exchanged() -> None:
    """Whoever wins: a book that gave one side alone the time to appeal would be found."""
    play = begun()
    play.appealed(refund(100))
    play.do(SECOND_JUDGE, appeal_decision("overturned"))
    found = fairness(play.records, Rules(lambda _version: book(), lambda _version: book()))
    assert found.unfair == ()
    assert found.commands.keys() >= {"IssueRuling", "FileAppeal", "AssignArbitrator"}
    assert found.commands["DecideAppeal"] == 1
    for whom in (Awaiting.BUYER, Awaiting.MERCHANT):
        assert unfair(play, awaiting("appeal", whom)) == {
            ("IssueRuling", "DeadlineGiven appeal awaits")
        }
    assert unfair(play, awaiting("appeal", Awaiting.NOBODY)) == set()


def test_what_the_platform_does_as_time_passes_is_judged_with_the_sides_exchanged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A side that is silent loses what the other would lose: deadlines, promises and surveys."""
    play = begun()
    play.intervened()
    for name, running in sorted(play.ticket.deadlines.items()):
        if name.startswith("evidence:"):
            play.now = running.due_at
            play.passes(name)
    found = fairness(play.records, Rules(lambda _version: book(), lambda _version: book()))
    assert found.unfair == ()
    assert found.commands["PassDeadline"] == 3
    fair = deadlines.consequences

    def forgiving(ticket: Ticket, deadline: str, context: Context) -> tuple[Event, ...]:
        """Give a merchant who brought no evidence more time, and no buyer."""
        more = deadlines.given(context, "answer")
        told = fair(ticket, deadline, context)
        return (*told, more) if deadline == "evidence:merchant" else told

    monkeypatch.setattr(deadlines, "consequences", forgiving)
    assert unfair(play, book()) == {("PassDeadline", "DeadlineGiven answer")}
