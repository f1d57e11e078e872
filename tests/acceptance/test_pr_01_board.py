"""PR-01: the nodes of the board, each with time, actor in public words and what comes next."""

from datetime import timedelta

import pytest

from domain.values import later
from tests.acceptance.platform import (
    AGENT,
    ARBITRATOR,
    BUYER,
    MERCHANT,
    OTHER_MERCHANT,
    PAYMENT,
    PRICE,
    STRANGER,
    SUPERVISOR,
    Platform,
)

pytestmark = pytest.mark.usefixtures("senior")

NODES = (
    "accepted",
    "under_review",
    "negotiating",
    "with_platform",
    "ruled",
    "remedy_under_way",
    "completed",
)
APPROVAL = {"terms": {"kind": "refund", "amount": PRICE}}


def states(platform: Platform, ticket: str, who: str = BUYER) -> dict[str, str]:
    """Return where the ticket stands at each node."""
    return {node["key"]: node["state"] for node in platform.board(who, ticket)["nodes"]}


def test_pr_01_a_fresh_ticket_waits_to_be_accepted_within_30_minutes(platform: Platform) -> None:
    """The buyer sees at once what happens next and until when."""
    ticket = platform.open()
    board = platform.board(BUYER, ticket)
    assert tuple(node["key"] for node in board["nodes"]) == NODES
    first, *rest = board["nodes"]
    assert (first["state"], first["expected_at"]) == (
        "next",
        later(platform.now.at, timedelta(minutes=30)),
    )
    assert {node["state"] for node in rest} == {"pending"}


def test_pr_01_the_service_track_skips_the_middle(platform: Platform) -> None:
    """Most tickets are no disputes, and their board does not look like one."""
    ticket = platform.accepted()
    assert states(platform, ticket)["accepted"] == "current"
    platform.do(MERCHANT, ticket, "approval", APPROVAL)
    assert states(platform, ticket) == {
        "accepted": "done",
        "under_review": "done",
        "negotiating": "skipped",
        "with_platform": "skipped",
        "ruled": "skipped",
        "remedy_under_way": "current",
        "completed": "next",
    }
    platform.do(PAYMENT, ticket, "remedies/R1/settlement", {"reference": "p-1"})
    assert states(platform, ticket)["completed"] == "done"


def test_pr_01_the_dispute_track_passes_every_node(platform: Platform) -> None:
    """Each node is reached by its own event, at its own time, by whoever caused it."""
    ticket = platform.ruled()
    platform.do(PAYMENT, ticket, "remedies/R1/settlement", {"reference": "p-2"})
    nodes = platform.board(BUYER, ticket)["nodes"]
    assert {node["state"] for node in nodes} == {"done"}
    assert [node["by"] for node in nodes] == [
        "platform",
        "merchant",
        "merchant",
        "buyer",
        "arbitrator",
        "arbitrator",
        "payment",
    ]
    assert all(node["at"] for node in nodes)


def test_pr_01_the_next_node_has_its_expected_time(platform: Platform) -> None:
    """With the platform, the ruling is promised; with the merchant, the answer is."""
    reviewing = platform.accepted()
    asked = platform.board(BUYER, reviewing)["expected"]
    due_at = later(platform.now.at, timedelta(hours=72))
    assert (asked["awaits"], asked["due_at"]) == ("merchant", due_at)
    assert platform.node(reviewing, "under_review", BUYER)["expected_at"] == due_at
    deciding = platform.with_platform()
    assert platform.node(deciding, "ruled", BUYER)["state"] == "next"
    assert platform.node(deciding, "ruled", BUYER)["expected_at"] is not None


def test_pr_01_actors_are_told_in_public_words(platform: Platform) -> None:
    """The parties learn the role, staff the person."""
    ticket = platform.accepted()
    platform.do(AGENT, ticket, "assignment")
    for who in (BUYER, MERCHANT):
        board = platform.board(who, ticket)
        assert "agent-1" not in str(board)
        assert platform.node(ticket, "accepted", who)["by"] == "platform"
    assert platform.node(ticket, "accepted")["staff"] == "agent-1"


def test_pr_01_who_judges_stays_inside(platform: Platform) -> None:
    """Nobody shall be able to write to their arbitrator."""
    ticket = platform.with_platform()
    platform.judged_by(ARBITRATOR, ticket)
    platform.do(ARBITRATOR, ticket, "notes", {"text": "The log looks complete."})
    for who in (BUYER, MERCHANT):
        board = platform.board(who, ticket)
        assert board["audience"] == who.partition(":")[0]
        assert "inside" not in board
        assert "arb-1" not in str(board)
        assert "arb-1" not in str(platform.ticket(who, ticket))
    inside = platform.board(SUPERVISOR, ticket)["inside"]
    assert [one["what"] for one in inside] == ["arbitrator arb-1, instance 1", "note"]


def test_pr_01_staff_see_the_assignment_deadline_and_the_parties_do_not(
    platform: Platform,
) -> None:
    """How the platform organises itself is its own matter."""
    ticket = platform.with_platform()
    assert platform.board(SUPERVISOR, ticket)["expected"]["deadline"] == "assignment"
    assert platform.board(BUYER, ticket)["expected"]["deadline"] != "assignment"


def test_pr_01_strangers_see_no_board(platform: Platform) -> None:
    """Neither another buyer nor another merchant learns that there is a ticket."""
    ticket = platform.disputed()
    for who in (STRANGER, OTHER_MERCHANT):
        platform.unknown_to(who, f"/v1/tickets/{ticket}/progress-board")


def test_pr_01_a_reopened_ticket_is_under_review_again(platform: Platform) -> None:
    """A new round begins, and what was granted before stays to be seen."""
    ticket = platform.accepted()
    platform.do(MERCHANT, ticket, "approval", APPROVAL)
    platform.do(PAYMENT, ticket, "remedies/R1/settlement", {"reference": "p-3"})
    platform.do(BUYER, ticket, "closing")
    platform.do(BUYER, ticket, "reopening", {"reason": "The money is not there."})
    board = platform.board(BUYER, ticket)
    assert (board["round"], board["stage"]) == (2, "intake")
    assert states(platform, ticket)["completed"] != "done"
    assert len(board["remedies"]) == 1


def test_pr_01_a_question_is_answered_within_an_hour(platform: Platform) -> None:
    """A consultation goes to an agent and not to the merchant."""
    ticket = platform.accepted(kind="consultation")
    expected = platform.board(BUYER, ticket)["expected"]
    assert expected["awaits"] == "agent"
    assert expected["due_at"] == later(platform.now.at, timedelta(hours=1))


def test_pr_01_a_closed_ticket_comes_back_in_the_last_second_of_15_days_and_not_later(
    platform: Platform,
) -> None:
    """The window runs from the resolution, and is the same for everybody."""
    tickets = [platform.accepted(kind="consultation") for _ in range(2)]
    for ticket in tickets:
        platform.do(AGENT, ticket, "answers", {"text": "It is on its way.", "resolves": True})
    until = later(platform.now.at, timedelta(days=15))
    platform.move_to(later(until, -timedelta(seconds=1)))
    platform.do(BUYER, tickets[0], "reopening", {"reason": "It never came."})
    platform.move_to(until)
    platform.refused(BUYER, tickets[1], "reopening", code="window_passed")
    assert platform.board(BUYER, tickets[0])["round"] == 2
    assert platform.board(BUYER, tickets[1])["stage"] == "closed"
