"""RO-02: every choice the platform makes is explained by the record, and comes out of it again."""

from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import pytest

from api.dispatching import Dispatching
from api.reads.staff import staff_records
from domain.ledger.requests import Outcome, Request
from domain.values import later
from tests.acceptance.platform import SUPERVISOR
from tests.acceptance.staff import EXPERT, MINUTE, Staff

ANGRY = "I am furious, this is unacceptable."
ABLE = 5_000_000
"""What who can keep all that is promised has ahead of the others; on a complaint, a senior."""


def explained(staff: Staff, ticket: str) -> dict[str, Any]:
    """Return the last choice as it is explained, after checking that all came out again."""
    path = f"/v1/tickets/{ticket}/explain?what=assignment"
    found: dict[str, Any] = staff.platform.read(SUPERVISOR, path)
    assert [one["differences"] for one in found["decisions"] if one["differences"]] == []
    assert found["recomputed"] is True
    choices = [one for one in found["decisions"] if "lease_until" in one["result"]]
    last: dict[str, Any] = choices[-1]
    assert last["recomputed"] is True
    return last


def parts(staff: Staff, ticket: str, agent: str) -> dict[str, int]:
    """Return the parts of an agent's score at the last choice, as they stand on record."""
    (found,) = [one for one in staff.chosen(ticket)["candidates"] if one["agent"] == agent]
    assert sum(found["parts"].values()) == found["score"]
    told: dict[str, int] = found["parts"]
    return told


def of_room(staff: Staff) -> tuple[str, str, dict[str, int]]:
    """Have a matter given to who carries less."""
    staff.hire("a-1")
    staff.hire("a-2")
    first = staff.given_to(staff.matter())
    parts_of = {"room": 1_000, "able": ABLE}
    return staff.matter(), "a-2" if first == "a-1" else "a-1", parts_of


def of_the_buyers_own(staff: Staff) -> tuple[str, str, dict[str, int]]:
    """Have a top member answered by the same agent again."""
    staff.value("b-7", "top", 0)
    for name in ("v-1", "v-2"):
        staff.hire(name, "vip_desk", skills=["vip"])
    first = staff.given_to(staff.matter(buyer="b-7"))
    assert first is not None
    parts_of = {"room": 950, "able": ABLE, "dedicated": 1_000_000}
    return staff.matter(buyer="b-7"), first, parts_of


def of_the_top_rated(staff: Staff) -> tuple[str, str, dict[str, int]]:
    """Have an angry buyer's matter given to a top-rated agent."""
    staff.hire("good", good_bp=9_500)
    staff.hire("usual", good_bp=9_499)
    ticket = staff.matter(statement=ANGRY)
    parts_of = {"room": 1_000, "able": ABLE, "top_rated": 100_000, "rating": 9_500}
    return ticket, "good", parts_of


def of_the_certified(staff: Staff) -> tuple[str, str, dict[str, int]]:
    """Have a high-value dispute given to who passed all three examinations."""
    staff.hire("half", "expert_desk", passed=["law"])
    staff.hire("expert", "expert_desk", passed=EXPERT)
    ticket = staff.matter(paid_minor=500_001, kind="dispute", category="furniture")
    return ticket, "expert", {"room": 1_000, "able": ABLE}


def of_the_silent(staff: Staff) -> tuple[str, str, dict[str, int]]:
    """Have a matter taken from who was silent, and given to them again for want of others."""
    staff.hire("alone")
    ticket = staff.matter()
    assert staff.given_to(ticket) == "alone"
    staff.platform.now.move(staff.chosen(ticket)["lease_until"])
    return ticket, "alone", {"room": 1_000, "silent": -10_000_000, "able": ABLE}


@pytest.mark.parametrize(
    "played", [of_room, of_the_buyers_own, of_the_top_rated, of_the_certified, of_the_silent]
)
def test_a_choice_is_explained_by_its_parts(
    staff: Staff, played: Callable[[Staff], tuple[str, str, dict[str, int]]]
) -> None:
    """Each part has its ground on record: the load, the matter, the agent's own stream."""
    ticket, agent, expected = played(staff)
    assert staff.given_to(ticket) == agent
    told = explained(staff, ticket)
    assert told["result"]["agent"] == agent
    assert parts(staff, ticket, agent) == expected


def test_what_became_of_an_agent_later_changes_no_explanation(staff: Staff) -> None:
    """A choice is held against what was on record then: skills, shifts, ratings and desks."""
    staff.hire("a-1")
    staff.hire("a-2", skills=())
    ticket = staff.matter()
    assert staff.given_to(ticket) == "a-1"
    before = explained(staff, ticket)
    staff.platform.pass_by(MINUTE)
    staff.do("a-1", "/rating", {"good_bp": 100})
    staff.do("a-1", "/shifts/end")
    staff.do("a-2", "", {"desk": "senior_desk", "skills": ["senior"]})
    staff.do("a-2", "/moves", {"desk": "vip_desk", "why": "needed_there"})
    staff.hire("a-3")
    assert explained(staff, ticket) == before


def test_only_who_may_have_been_at_the_desk_is_read_and_only_up_to_the_choice(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody waits for the answer: of other desks, and of what came later, nothing is needed."""
    for name, desk in (("a-1", "senior_desk"), ("a-2", "senior_desk"), ("v-1", "vip_desk")):
        staff.hire(name, desk)
    ticket = staff.matter()
    staff.given_to(ticket)
    at = staff.platform.now.at
    staff.platform.pass_by(MINUTE)
    staff.do("a-2", "/rating", {"good_bp": 100})
    staff.hire("a-3")
    staff.look("a-3")

    def read(*named: str) -> dict[str, int] | None:
        found = staff_records(staff.platform.parts, frozenset(named), at)
        return None if found is None else {name: len(records) for name, records in found.items()}

    assert read("a-1") == {"a-1": 2, "a-2": 2}
    assert read("nobody") == {}
    monkeypatch.setattr("api.reads.staff.RECORDS_MAX", 2 + 3 + 2)
    assert read("a-1") == {"a-1": 2, "a-2": 2}
    monkeypatch.setattr("api.reads.staff.RECORDS_MAX", 2 + 3 + 1)
    assert read("a-1") is None
    monkeypatch.setattr("api.reads.staff.RECORDS_MAX", 2 + 2)
    path = f"/v1/tickets/{ticket}/explain?what=assignment"
    told = staff.platform.read(SUPERVISOR, path)["decisions"]
    (choice,) = [one for one in told if "lease_until" in one["result"]]
    assert choice["recomputed"] is None
    assert "longer than is read" in choice["not_recomputed"]


def test_a_lease_is_the_books_from_the_instant_of_the_choice(staff: Staff) -> None:
    """Ten minutes, by the book the ticket is promised under."""
    staff.hire("a-1")
    ticket = staff.matter()
    assert staff.given_to(ticket) == "a-1"
    told = explained(staff, ticket)
    at, until = told["event"]["at"], told["result"]["lease_until"]
    assert (told["book"]["version"], until) == ("2026-11-22", staff.chosen(ticket)["lease_until"])
    assert until == later(at, timedelta(minutes=10))


def test_a_choice_is_made_on_the_matter_as_it_was_looked_at(staff: Staff) -> None:
    """An angry word between look and choice: it is looked at again, and rating counts then."""
    staff.hire("a-1", good_bp=9_000)
    ticket = staff.matter()
    parts_of = staff.platform.parts
    assert parts_of.views.catch_up(60)
    said: list[str] = []

    def after_a_word(request: Request) -> "Future[Outcome]":
        if not said:
            said.append(ANGRY)
            staff.platform.do("buyer:b-1", ticket, "messages", {"text": ANGRY})
        return parts_of.ledger.submit(request)

    dispatching = Dispatching(parts_of, after_a_word)
    assert dispatching.step() == 0, "it was looked at before the word"
    assert parts_of.ledger.ticket(ticket).assignee is None
    assert dispatching.step() == 1
    explained(staff, ticket)
    assert parts(staff, ticket, "a-1") == {"room": 1_000, "able": ABLE, "rating": 9_000}
