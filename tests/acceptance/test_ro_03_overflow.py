"""RO-03: what one agent carries, and what happens when a queue is carried no more."""

from datetime import timedelta

import pytest

from domain.ticket.routing import CANDIDATES_MAX
from tests.acceptance.platform import SUPERVISOR
from tests.acceptance.staff import EXPERT, MICROSECOND, Staff

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


@pytest.mark.parametrize("agents", [CANDIDATES_MAX + 1])
def test_ro_02_the_best_candidates_stay_on_record(staff: Staff, agents: int) -> None:
    """However large a desk is, a choice is explained by a page of names and not by a book."""
    for number in range(agents):
        staff.hire(f"a-{number:02d}")
    ticket = staff.matter()
    assert staff.given_to(ticket) == "a-00"
    assert len(staff.against(ticket)) == CANDIDATES_MAX
