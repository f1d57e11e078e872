"""RO-03: what one agent carries, and what happens when a queue is carried no more."""

from datetime import timedelta

import pytest

from api.dispatching import Dispatching, Lists, Round, Step
from api.reads.agents import claimant
from domain.commands import ChooseAgent, TakeAssignment
from domain.ledger.requests import Request
from domain.ticket.routing import CANDIDATES_MAX
from domain.values import SYSTEM, Actor, ActorKind, later
from projections import agents as view
from tests.acceptance.platform import SUPERVISOR
from tests.acceptance.staff import EXPERT, MICROSECOND, Staff, book_text

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
    staff.platform.do("agent:a-1", tickets[0], "assignment/release")
    assert staff.look("a-1")["agent"]["open"] == MATTERS - 1
    staff.platform.do("agent:a-1", one_more, "assignment")
    assert staff.given_to(one_more) == "a-1"
    assert staff.given_to(tickets[0]) is None


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
