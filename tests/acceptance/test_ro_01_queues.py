"""RO-01, RO-06, RO-07: which queue a matter waits in, who staffs the top tier, recorded moves."""

from typing import Any

import pytest

from api.worker import Worker
from domain.policies.book import BookError
from tests.acceptance.platform import SUPERVISOR
from tests.acceptance.staff import MICROSECOND, Staff, book_text


@pytest.mark.parametrize(
    ("queue", "said"),
    [
        ("self_service", {"kind": "consultation"}),
        ("high_value_question", {"kind": "consultation", "paid_minor": 500_001}),
        ("self_service", {"kind": "consultation", "paid_minor": 500_000}),
        ("senior", {"kind": "complaint"}),
        ("expert_luxury", {"category": "luxury"}),
        ("expert_phones", {"category": "phones", "kind": "dispute", "paid_minor": 500_001}),
        ("expert_baby", {"category": "mother_and_baby", "kind": "dispute", "paid_minor": 500_001}),
        ("mother_and_baby", {"category": "mother_and_baby"}),
        ("high_value", {"kind": "dispute", "paid_minor": 500_001}),
        ("cross_border", {"services": ["cross_border"]}),
        ("public_opinion", {"channel": "social_media"}),
    ],
)
def test_ro_01_a_matter_waits_in_the_queue_of_its_kind(
    staff: Staff, queue: str, said: dict[str, Any]
) -> None:
    """Pools are by category and scenario, the others by what the matter is."""
    ticket = staff.matter(**{"category": "furniture", **said})
    staff.platform.settle()
    assert staff.queue_of(ticket) == queue


def test_ro_01_an_intervention_waits_for_the_arbitrators(staff: Staff) -> None:
    """From when the platform is asked to decide, it is theirs."""
    ticket = staff.platform.with_platform()
    staff.platform.settle()
    assert staff.queue_of(ticket) == "arbitration"


def test_ro_01_the_top_tier_has_a_queue_of_its_own(staff: Staff) -> None:
    """Membership brings a matter there, whatever it is about."""
    staff.value("b-7", "top", 0)
    ticket = staff.matter(buyer="b-7")
    staff.platform.settle()
    assert staff.queue_of(ticket) == "vip"


def test_ro_01_four_workers_give_a_matter_out_once(staff: Staff) -> None:
    """They all see it wait, and all send the same command."""
    staff.hire("a-1")
    staff.hire("a-2")
    tickets = [staff.matter() for _ in range(3)]
    assert staff.platform.parts.views.catch_up(60)
    for _ in range(4):
        Worker(staff.platform.parts).step()
    staff.platform.settle()
    for ticket in tickets:
        assert staff.platform.topics(ticket).count("ticket.assigned") == 1


def test_ro_06_a_book_whose_top_desk_stands_empty_is_refused(staff: Staff) -> None:
    """One minute of the week is enough, and the old book stays."""
    for gap, day, clock in (
        ('end = "08:00"', 1, "07:59"),
        ('start = "08:00", end = "20:00"', 1, "08:00"),
    ):
        instead = gap.replace('end = "08:00"', 'end = "07:59"').replace(
            'start = "08:00"', 'start = "08:01"'
        )
        text = book_text().replace(gap, instead).replace('"2026-11-22"', '"2026-11-23"', 1)
        with pytest.raises(BookError, match=f"vip_desk stands empty on day {day} at {clock}"):
            staff.platform.parts.ledger.adopt(text.encode())
    assert staff.platform.parts.ledger.book.version == "2026-11-22"


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("day_and_night = true\n", ""),
        ('en = "VIP"\ndesk = "vip_desk"\n', 'en = "VIP"\ndesk = "general_desk"\n'),
        ('any = ["top_member", "vip"]', 'any = ["vip"]'),
    ],
)
def test_ro_06_a_book_that_leads_the_top_tier_elsewhere_is_refused(
    staff: Staff, text: str, instead: str
) -> None:
    """The proof is of the way to the desk too, and not of whichever desk says it is staffed."""
    book = book_text().replace('"2026-11-22"', '"2026-11-23"', 1)
    assert book.count(text) == 1
    with pytest.raises(BookError, match=r"queue.* the top tier.*\(RO-06\)"):
        staff.platform.parts.ledger.adopt(book.replace(text, instead).encode())
    assert staff.platform.parts.ledger.book.version == "2026-11-22"


def test_ro_07_staff_is_moved_on_record(staff: Staff) -> None:
    """Whoever is moved works for the other desk from then on, and the reason stays."""
    staff.hire("a-1", "live_desk")
    ticket = staff.matter()
    assert staff.given_to(ticket) is None
    body = {"desk": "senior_desk", "why": "overload"}
    staff.do("a-1", "/moves", body)
    assert staff.given_to(ticket) == "a-1"
    (moved,) = [
        one.event
        for one in staff.platform.parts.ledger.stream("agent:a-1")
        if one.envelope.topic == "agent.moved.v1"
    ]
    assert (moved.from_desk, moved.to_desk, moved.why) == ("live_desk", "senior_desk", "overload")
    again = staff.platform.call(SUPERVISOR, "/v1/agents/a-1/moves", body)
    assert again.body["events"] == []


def test_ro_07_a_move_is_for_who_leads_and_to_a_desk_there_is(staff: Staff) -> None:
    """Agents do not move themselves, nobody moves to nowhere, and nobody unknown is moved."""
    staff.hire("a-1")
    body = {"desk": "live_desk", "why": "idle"}
    asked = staff.platform.call("agent:a-1", "/v1/agents/a-1/moves", body)
    assert (asked.status, asked.body["code"]) == (403, "not_your_role")
    nowhere = staff.platform.call(
        SUPERVISOR, "/v1/agents/a-1/moves", {**body, "desk": "no_such_desk"}
    )
    assert (nowhere.status, nowhere.body["code"]) == (409, "unknown_desk")
    unknown = staff.platform.call(SUPERVISOR, "/v1/agents/a-9/moves", body)
    assert (unknown.status, unknown.body["code"]) == (404, "unknown_agent")
    by_name = staff.platform.call(SUPERVISOR, "/v1/agents/a-1", {"desk": "live_desk", "skills": []})
    assert (by_name.status, by_name.body["code"]) == (409, "already_done")


def test_ro_07_who_is_moved_keeps_what_is_in_work(staff: Staff) -> None:
    """A move brings new matters elsewhere; it takes nothing out of anybody's hands."""
    staff.hire("a-1")
    ticket = staff.matter()
    assert staff.given_to(ticket) == "a-1"
    staff.do("a-1", "/moves", {"desk": "live_desk", "why": "idle"})
    staff.platform.pass_by(MICROSECOND)
    assert staff.given_to(ticket) == "a-1"
    assert staff.given_to(staff.matter()) is None


def test_ro_07_agents_are_listed_with_what_they_carry(staff: Staff) -> None:
    """Who balances desks sees who is idle and who is not, page by page."""
    for name in ("a-1", "a-2", "a-3"):
        staff.hire(name)
    staff.given_to(staff.matter())
    page = staff.platform.read(SUPERVISOR, "/v1/agents?desk=senior_desk&limit=2")
    assert [(one["agent"], one["open"]) for one in page["items"]] == [("a-1", 1), ("a-2", 0)]
    rest = staff.platform.read(
        SUPERVISOR, f"/v1/agents?desk=senior_desk&limit=2&cursor={page['next_cursor']}"
    )
    assert [one["agent"] for one in rest["items"]] == ["a-3"]
    assert rest["next_cursor"] is None
    assert staff.platform.read(SUPERVISOR, "/v1/agents?desk=live_desk")["items"] == []
    staff.platform.unknown_to(SUPERVISOR, "/v1/agents/a-9")
