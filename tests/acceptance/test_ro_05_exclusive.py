"""RO-05: claims are exclusive, and a stale write is refused with what changed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.demo.client import Answer, Client
from tests.acceptance.matters import hired
from tests.acceptance.platform import (
    AGENT,
    BUYER,
    MERCHANT,
    PRICE,
    SECOND_AGENT,
    SUPERVISOR,
    Platform,
    platform_over,
)
from tests.conftest import Database

AGENTS = 6
APPROVAL = {"terms": {"kind": "refund", "amount": PRICE}}


@pytest.fixture(scope="module")
def platform(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform whose views go on by themselves; who claims is on record, and able."""
    with platform_over(database, tmp_path_factory.mktemp("data"), folding=True) as running:
        for who in (AGENT, SECOND_AGENT, *(f"agent:a-{number}" for number in range(AGENTS))):
            hired(running, who, "brand_lead", "senior", "vip")
        yield running


def test_ro_05_a_ticket_is_one_agents(platform: Platform) -> None:
    """Who works on it is on the row, and another agent does nothing on it meanwhile."""
    ticket = platform.accepted()
    platform.do(AGENT, ticket, "assignment")
    row = platform.row(ticket)
    assert row["assignee"] == "agent-1"
    assert platform.events(ticket)[row["caused_by"]["assignment"]]["topic"].startswith(
        "ticket.assigned"
    )
    platform.refused(SECOND_AGENT, ticket, "assignment", code="assigned_to_another")
    answering = {"text": "We are on it.", "resolves": False}
    platform.refused(SECOND_AGENT, ticket, "answers", answering, code="assigned_to_another")
    platform.do(AGENT, ticket, "answers", answering)


def test_ro_05_what_is_released_may_be_taken(platform: Platform) -> None:
    """The agent gives it back, or a supervisor takes it away; both are on record."""
    ticket = platform.accepted()
    platform.do(AGENT, ticket, "assignment")
    platform.refused(SECOND_AGENT, ticket, "assignment/release", code="assigned_to_another")
    platform.do(SUPERVISOR, ticket, "assignment/release")
    platform.do(SECOND_AGENT, ticket, "assignment")
    assert platform.row(ticket)["assignee"] == "agent-2"
    assert platform.topics(ticket).count("assignment.released") == 1


def test_ro_05_of_agents_who_claim_at_once_one_has_it(platform: Platform) -> None:
    """Whoever is second is told, however close it was."""
    ticket = platform.accepted()

    def claim(number: int) -> Answer:
        path = f"/v1/tickets/{ticket}/assignment"
        with Client(platform.parts) as client:
            return client.post("agent", f"a-{number}", path, key=f"claim-{number}")

    with ThreadPoolExecutor(AGENTS) as pool:
        answers = list(pool.map(claim, range(AGENTS)))
    won = [number for number, answer in enumerate(answers) if answer.ok]
    assert len(won) == 1, answers
    lost = {answer.body["code"] for answer in answers if not answer.ok}
    assert lost <= {"assigned_to_another", "contended"}
    assert platform.row(ticket)["assignee"] == f"a-{won[0]}"
    assert platform.topics(ticket).count("ticket.assigned") == 1


def test_ro_05_a_stale_write_is_refused_with_what_changed(platform: Platform) -> None:
    """The merchant who approves what the buyer has just amended is shown the amendment."""
    ticket = platform.accepted()
    seen = platform.ticket(MERCHANT, ticket)["version"]
    amended = platform.do(BUYER, ticket, "claim", {"remedy": "exchange"})
    answer = platform.call(MERCHANT, f"/v1/tickets/{ticket}/approval", APPROVAL, version=seen)
    assert (answer.status, answer.body["code"]) == (412, "ticket_changed")
    assert answer.body["expected_version"] == seen
    assert answer.body["actual_version"] == amended.body["version"]
    (missed,) = answer.body["missed"]
    assert missed["topic"] == amended.body["events"][0]["topic"] == "claim.amended.v1"
    assert (missed["position"], missed["actor_kind"]) == (amended.body["position"], "buyer")
    assert platform.row(ticket)["version"] == amended.body["version"]


def test_ro_05_a_decision_on_an_unseen_state_is_not_taken(platform: Platform) -> None:
    """Where acting blindly would be wrong, a version is not optional."""
    ticket = platform.accepted()
    answer = platform.call(MERCHANT, f"/v1/tickets/{ticket}/approval", APPROVAL)
    assert (answer.status, answer.body["code"]) == (428, "version_required")
    platform.do(MERCHANT, ticket, "approval", APPROVAL)


def test_ro_05_a_party_is_not_told_of_what_is_among_staff(platform: Platform) -> None:
    """What changed is told as far as the caller may know it."""
    ticket = platform.accepted()
    seen = platform.ticket(MERCHANT, ticket)["version"]
    platform.do(AGENT, ticket, "assignment")
    platform.do(AGENT, ticket, "notes", {"text": "The merchant is known for this."})
    answer = platform.call(MERCHANT, f"/v1/tickets/{ticket}/approval", APPROVAL, version=seen)
    assert (answer.status, answer.body["missed"]) == (412, [])
