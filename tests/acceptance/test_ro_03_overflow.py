"""RO-03: what one agent carries, and what happens when a queue is carried no more."""

import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from api.dispatching import Dispatching, Lists, Round, Step
from api.notifying.ports import Message
from api.reads.agents import claimant
from api.reads.tickets import ticket_answer
from domain.commands import ChooseAgent, TakeAssignment
from domain.events import NoticeFailed, NoticeSent
from domain.ledger.connections import DatabaseUnavailable
from domain.ledger.requests import Request
from domain.ticket.routing import CANDIDATES_MAX
from domain.values import SYSTEM, Actor, ActorKind, Instant, NoticeFailure, later
from projections import agents as view
from tests.acceptance.platform import SUPERVISOR
from tests.acceptance.post import Post, ends, sender_of, sent
from tests.acceptance.staff import EXPERT, MICROSECOND, MINUTE, Staff, book_text

MATTERS = 20
"""How many open matters one agent carries."""
OVERLOAD = 24
"""120 % of what one agent carries."""
WAIT = timedelta(minutes=15)


def test_ro_03_an_agent_is_given_no_more_than_the_limit(staff: Staff) -> None:
    """The twentieth matter is given, the twenty-first waits, and none can be taken either."""
    staff.hire("a-1")
    tickets = [staff.matter() for _ in range(MATTERS)]
    assert {staff.given_to(ticket) for ticket in tickets} == {"a-1"}
    assert staff.look("a-1")["agent"]["load_bp"] == 10_000
    one_more = staff.matter()
    assert staff.given_to(one_more) is None
    told = staff.platform.refused("agent:a-1", one_more, "assignment", code="not_fit")
    assert told["reason"] == "load_limit"
    assert staff.may_take("agent:a-1", one_more) == "not_fit", "a full agent is offered nothing"
    staff.platform.do("agent:a-1", tickets[0], "assignment/release")
    assert staff.look("a-1")["agent"]["open"] == MATTERS - 1
    assert staff.may_take("agent:a-1", one_more) is None
    staff.platform.do("agent:a-1", one_more, "assignment")
    assert staff.given_to(one_more) == "a-1"
    assert staff.given_to(tickets[0]) is None


def test_ro_03_who_is_not_on_record_takes_nothing(staff: Staff) -> None:
    """Nobody could count what they carry: they are put on record first, and then are counted."""
    ticket = staff.matter()
    staff.platform.settle()
    told = staff.platform.refused("agent:ghost", ticket, "assignment", code="not_fit")
    assert told["reason"] == "unknown_agent"
    assert staff.may_take("agent:ghost", ticket) == "not_fit"
    staff.hire("ghost", "brand_lead")
    staff.platform.settle()
    assert staff.may_take("agent:ghost", ticket) is None
    staff.platform.do("agent:ghost", ticket, "assignment")
    assert staff.look("ghost")["agent"]["open"] == 1


def test_ro_03_a_page_tells_of_a_claim_without_waiting_for_the_view(staff: Staff) -> None:
    """Whom the record knows is not called unknown; the claim itself waits for what counts."""
    ticket = staff.matter()
    staff.platform.settle()
    staff.hire("late", "brand_lead")
    parts = staff.platform.parts
    agent = Actor(ActorKind.AGENT, "late")
    behind = claimant(parts, agent, ticket)
    assert behind is not None
    assert behind.refused == "unknown_agent", "the view is behind"
    assert staff.may_take("agent:late", ticket) is None


def test_ro_03_a_ticket_is_read_while_the_views_do_not_answer(staff: Staff) -> None:
    """It is told from the record; who could claim it is judged when somebody does."""
    ticket = staff.matter()
    staff.hire("a-1", "brand_lead")
    staff.platform.settle()
    parts = staff.platform.parts
    away = replace(parts.dsns, views="postgresql://127.0.0.1:1/none")
    there = replace(parts, dsns=away, _local=threading.local(), _open=[])
    agent = Actor(ActorKind.AGENT, "a-1")
    with pytest.raises(DatabaseUnavailable):
        claimant(there, agent, ticket)
    found = ticket_answer(there, agent, ticket)
    (claim,) = [one for one in found.actions if one.name == "take_assignment"]
    assert claim.blocked is None


def test_ro_03_over_120_per_cent_a_queue_overflows_once(staff: Staff) -> None:
    """At 24 matters of 20 nothing is said; the 25th raises the alert, the next one goes on."""
    staff.hire("a-1")
    for _ in range(OVERLOAD):
        staff.matter()
    staff.platform.settle()
    assert staff.queue_facts("senior") == []
    last = staff.matter()
    staff.platform.settle()
    (overflowed,) = staff.queue_facts("senior")
    assert overflowed["topic"] == "queue.overflowed.v1"
    assert (overflowed["fact"].open, overflowed["fact"].capacity) == (OVERLOAD + 1, MATTERS)
    assert staff.queue_of(last) == "senior"
    staff.platform.pass_by(MICROSECOND)
    assert len(staff.queue_facts("senior")) == 1

    later_one = staff.matter()
    staff.platform.settle()
    assert staff.queue_of(later_one) == "overflow"
    assert [one.envelope.topic for one in staff.records(later_one)].count("ticket.queued.v1") == 2
    staff.hire("g-1", "general_desk", skills=())
    assert staff.given_to(later_one) == "g-1"

    # A second agent carries it again: what comes now stays, and the next episode is another.
    staff.hire("a-2")
    staff.platform.settle()
    assert [one["topic"] for one in staff.queue_facts("senior")][1:] == ["queue.eased.v1"]
    staff.platform.pass_by(MICROSECOND)
    stays = staff.matter()
    assert staff.given_to(stays) == "a-2"
    staff.do("a-2", "/shifts/end")
    staff.platform.settle()
    assert [one["topic"] for one in staff.queue_facts("senior")][2:] == ["queue.overflowed.v1"]


def test_ro_03_the_supervisor_is_told_of_a_full_queue_once_and_at_any_hour(staff: Staff) -> None:
    """At two in the morning as by day; how it ended is on record beside the queue."""
    staff.platform.move_to(Instant("2026-11-22T18:00:00.000000Z"))
    staff.platform.client._tokens.clear()
    staff.hire("a-1", there=False)
    staff.matter()
    post = Post()
    with closing(sender_of(staff.platform.parts, post)) as sender:
        staff.platform.pass_by(WAIT)
        sent(staff.platform, sender)
        assert overflows_told(post) == []
        staff.platform.pass_by(MICROSECOND)
        sent(staff.platform, sender)
        (told,) = overflows_told(post)
        assert (told.to, told.channel, told.ticket) == ("desk:supervisor", "email", None)
        assert told.subject == "资深专员队列已溢出"
        assert told.body.startswith("主管：资深专员队列")
        staff.platform.pass_by(WAIT)
        sent(staff.platform, sender)
        assert overflows_told(post) == [told]
    (end,) = ends(staff.platform.parts, "queue:senior")
    assert isinstance(end, NoticeSent)
    assert (end.rule, end.notice) == ("queue_overflowed", told.notice)


def test_ro_03_an_overflow_that_is_over_before_it_is_told_is_told_nobody(staff: Staff) -> None:
    """The channel was down meanwhile; the supervisor would look for a queue that is carried."""
    staff.hire("a-1", there=False)
    staff.matter()
    closed, post = Post(refuses=1_000), Post()
    staff.platform.pass_by(WAIT + MICROSECOND)
    with closing(sender_of(staff.platform.parts, closed)) as sender:
        sent(staff.platform, sender)
    staff.do("a-1", "/shifts")
    staff.platform.settle()
    assert [one["topic"] for one in staff.queue_facts("senior")][1:] == ["queue.eased.v1"]
    staff.platform.pass_by(MINUTE)
    with closing(sender_of(staff.platform.parts, post)) as sender:
        sent(staff.platform, sender)
    assert overflows_told(post) == []
    (end,) = ends(staff.platform.parts, "queue:senior")
    assert isinstance(end, NoticeFailed)
    assert (end.why, end.tries) == (NoticeFailure.MOOT, 1)


def test_ro_03_who_looks_at_the_agents_sees_which_queues_overflow(staff: Staff) -> None:
    """With the desk that works it and since when; what is carried again is not there."""
    staff.hire("a-1", there=False)
    staff.matter()
    assert staff.overflowing() == []
    staff.platform.pass_by(WAIT + MICROSECOND)
    (found,) = staff.overflowing()
    assert (found["queue"], found["desk"]) == ("senior", "senior_desk")
    assert found["since"] == staff.queue_facts("senior")[0]["at"]
    assert found["event"]
    staff.do("a-1", "/shifts")
    staff.platform.settle()
    assert staff.overflowing() == []


def overflows_told(post: Post) -> list[Message]:
    """Return what was sent about queues."""
    return [one for one in post.taken if "队列已溢出" in one.subject]


def test_ro_03_a_wait_over_15_minutes_opens_the_overflow(staff: Staff) -> None:
    """Fifteen minutes are not over fifteen minutes; a microsecond more is."""
    staff.hire("a-1", there=False)
    first = staff.matter()
    staff.platform.pass_by(WAIT)
    assert staff.queue_facts("senior") == []
    staff.platform.pass_by(MICROSECOND)
    (overflowed,) = staff.queue_facts("senior")
    assert overflowed["topic"] == "queue.overflowed.v1"
    assert staff.queue_of(first) == "senior"
    staff.platform.pass_by(MICROSECOND)
    second = staff.matter()
    staff.platform.settle()
    assert staff.queue_of(second) == "overflow"
    staff.do("a-1", "/shifts")
    staff.platform.settle()
    assert [one["topic"] for one in staff.queue_facts("senior")][1:] == ["queue.eased.v1"]
    assert staff.given_to(first) == "a-1"


def test_ro_03_what_only_the_certified_may_work_on_does_not_overflow(staff: Staff) -> None:
    """The alert is raised; the matter waits for somebody who may."""
    staff.hire("expert", "expert_desk", passed=EXPERT, there=False)
    staff.matter(kind="dispute", category="furniture", paid_minor=500_001)
    staff.platform.pass_by(WAIT + MICROSECOND)
    assert len(staff.queue_facts("high_value")) == 1
    staff.platform.pass_by(MICROSECOND)
    second = staff.matter(kind="dispute", category="furniture", paid_minor=500_001)
    staff.platform.settle()
    assert staff.queue_of(second) == "high_value"


def test_ro_03_what_a_person_moved_back_stays(staff: Staff) -> None:
    """A supervisor knows better; the platform does not move it a second time."""
    staff.hire("a-1", there=False)
    staff.matter()
    staff.platform.pass_by(WAIT + MICROSECOND)
    staff.platform.pass_by(MICROSECOND)
    ticket = staff.matter()
    staff.platform.settle()
    assert staff.queue_of(ticket) == "overflow"
    staff.platform.pass_by(MICROSECOND)
    staff.platform.do(SUPERVISOR, ticket, "queue", {"queue": "senior", "why": "known_buyer"})
    staff.platform.settle()
    assert staff.queue_of(ticket) == "senior"


def test_ro_03_where_nobody_is_registered_nothing_overflows(staff: Staff) -> None:
    """A desk that works by claims alone raises no alarm about agents it does not have."""
    staff.matter()
    staff.platform.pass_by(2 * WAIT)
    assert staff.queue_facts("senior") == []


# --- the limit, whoever races -----------------------------------------------------------------


def test_ro_03_claims_at_the_same_instant_end_at_the_limit(staff: Staff) -> None:
    """All were judged on what the view said before any of them: what came last goes back."""
    few(staff, 2)
    agent = Actor(ActorKind.AGENT, staff.hire("a-1", "brand_lead"))
    tickets = [staff.matter() for _ in range(4)]
    staff.platform.settle()
    parts = staff.platform.parts
    seen = [claimant(parts, agent, ticket) for ticket in tickets]
    assert [one and one.refused for one in seen] == [None] * 4, "each alone is within the limit"
    for ticket, candidate in zip(tickets, seen, strict=True):
        command = TakeAssignment(ticket=ticket, candidate=candidate)
        parts.ledger.handle(Request(command=command, actor=agent))
        staff.platform.now.move(later(staff.platform.now.at, MICROSECOND))
    assert staff.platform.parts.views.catch_up(60)
    assert staff.look("a-1")["agent"]["open"] == 4
    staff.platform.settle()
    assert [staff.given_to(ticket) for ticket in tickets] == ["a-1", "a-1", None, None]
    (returned,) = [
        one["data"]
        for one in staff.platform.events(tickets[-1]).values()
        if one["topic"] == "assignment.returned.v1"
    ]
    assert returned == {"agent": "a-1", "open": 4, "limit": 2, "policy": "2026-11-23"}
    assert all("assignment.returned" not in staff.platform.topics(one) for one in tickets[:2])


def test_ro_03_two_workers_at_once_end_at_the_limit(staff: Staff) -> None:
    """Each gives what is most urgent to it to whom it sees with room; the youngest goes back."""
    few(staff, 2)
    staff.hire("a-1")
    first, *_ = tickets = [staff.matter()]
    assert staff.given_to(first) == "a-1"
    planned = []
    for kind in ("complaint", "dispute"):
        tickets.append(staff.matter(kind=kind))
        planned += planned_now(staff)
    given = {one.command.ticket for one in planned if isinstance(one.command, ChooseAgent)}
    assert given == set(tickets[1:]), "each worker sees room for one, and gives another one"
    for one in planned:
        staff.platform.now.move(later(staff.platform.now.at, MICROSECOND))
        request = Request(command=one.command, actor=SYSTEM, key=one.key)
        staff.platform.parts.ledger.handle(request)
    assert staff.platform.parts.views.catch_up(60)
    assert staff.look("a-1")["agent"]["open"] == 3
    staff.platform.settle()
    assert sorted(str(staff.given_to(one)) for one in tickets) == ["None", "a-1", "a-1"]
    assert staff.given_to(first) == "a-1"


def test_ro_03_what_fits_nobody_holds_nothing_up(staff: Staff) -> None:
    """However many stand in front: a round goes on where the last one stopped, and is bounded."""
    staff.hire("a-1")
    for _ in range(7):
        staff.matter(merchant="a-1")
        staff.platform.now.move(later(staff.platform.now.at, MICROSECOND))
    behind = staff.matter()
    parts = staff.platform.parts
    assert parts.views.catch_up(60)
    dispatching = Dispatching(parts, parts.ledger.submit, page_size=2)
    assert [dispatching.step() for _ in range(2)] == [0, 0], "two pages a round: two, two, two"
    assert parts.ledger.ticket(behind).assignee is None
    assert dispatching.step() == 1
    assert parts.ledger.ticket(behind).assignee == "a-1"
    assert dispatching.step() == 0, "what was given out is not yet in the view"
    assert parts.views.catch_up(60)
    urgent = staff.matter(kind="dispute")
    assert parts.views.catch_up(60)
    assert dispatching.step() == 1, "the beginning of the queue is looked at in every round"
    assert parts.ledger.ticket(urgent).assignee == "a-1"


def few(staff: Staff, matters: int) -> None:
    """Have a book in force by which an agent carries only a few matters."""
    text = book_text().replace("matters = 20", f"matters = {matters}")
    text = text.replace('version = "2026-11-22"', 'version = "2026-11-23"', 1)
    begins = later(staff.platform.now.at, WAIT)
    staff.platform.parts.ledger.adopt(text.encode(), in_force_from=begins)
    staff.platform.now.move(begins)


def planned_now(staff: Staff) -> list[Step]:
    """Return what a worker would do now, and has not done yet."""
    parts = staff.platform.parts
    assert parts.views.catch_up(60)
    book = parts.ledger.book
    assert book.load is not None
    everybody = parts.read_now(lambda connection: view.everybody(connection.cursor()))
    return list(Round(parts, book, book.load, everybody, Lists(200)).steps())


@pytest.mark.parametrize("agents", [CANDIDATES_MAX + 1])
def test_ro_02_the_best_candidates_stay_on_record(staff: Staff, agents: int) -> None:
    """However large a desk is, a choice is explained by a page of names and not by a book."""
    for number in range(agents):
        staff.hire(f"a-{number:02d}")
    ticket = staff.matter()
    assert staff.given_to(ticket) == "a-00"
    assert len(staff.against(ticket)) == CANDIDATES_MAX
