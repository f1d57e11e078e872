"""AR-04: a ruling within 48 hours, with all its grounds, by somebody without a conflict."""

from datetime import timedelta
from typing import Any

import pytest

from domain.values import later
from tests.acceptance.platform import (
    AGENT,
    ARBITRATOR,
    BUYER,
    RULING,
    SECOND,
    SECOND_ARBITRATOR,
    SUPERVISOR,
    Platform,
)

pytestmark = pytest.mark.usefixtures("senior")


def test_ar_04_ruling_within_48_hours(platform: Platform) -> None:
    """The promise runs from the request, is kept in its last second, and broken at the instant."""
    kept, broken = platform.with_platform(), platform.with_platform()
    due_at = later(platform.now.at, timedelta(hours=48))
    for ticket in (kept, broken):
        platform.judged_by(ARBITRATOR, ticket)
        assert platform.file(ticket)["deadlines"]["ruling"]["due_at"] == due_at
        assert platform.node(ticket, "ruled", BUYER)["state"] == "next"
    platform.move_to(later(due_at, -SECOND))
    platform.do(ARBITRATOR, kept, "rulings", RULING)
    platform.move_to(due_at)
    assert platform.file(kept)["deadlines"]["ruling"]["state"] == "met"
    assert platform.file(broken)["deadlines"]["ruling"]["state"] == "missed"
    # It is owed still: the queue keeps it with the arbitrator, overdue.
    row = platform.row(broken)
    assert row["deadlines"]["ruling"]["missed"] is True
    assert (row["awaiting"], row["stage"]) == ("arbitrator", "intervention")
    platform.do(ARBITRATOR, broken, "rulings", RULING)


def test_ar_04_the_promise_of_a_ruling_fires_once(platform: Platform) -> None:
    """However often the worker looks, a promise is broken once."""
    ticket = platform.with_platform()
    platform.pass_by(timedelta(hours=48))
    platform.pass_by(timedelta(hours=1))
    missed = [
        record["data"]["deadline"]
        for record in platform.events(ticket).values()
        if record["topic"].startswith("deadline.missed")
    ]
    assert missed.count("ruling") == 1


def test_ar_04_a_ruling_bears_its_arbitrator_and_all_its_grounds(platform: Platform) -> None:
    """Responsible party, remedies, reasons, clauses with their book, and the evidence."""
    ticket = platform.ruled(
        shares=[
            {"party": "merchant", "share_bp": 7_000},
            {"party": "logistics", "share_bp": 3_000},
        ],
    )
    file = platform.file(ticket)
    ruling = file["rulings"][0]
    assert ruling["arbitrator"] == "arb-1"
    assert ruling["mark"]["by"] == "arbitrator"
    assert [(one["party"], one["share_bp"]) for one in ruling["shares"]] == [
        ("merchant", 7_000),
        ("logistics", 3_000),
    ]
    assert ruling["awards"][0]["kind"] == "refund"
    assert ruling["clauses"] == ["quality.hardware_fault"]
    assert ruling["policy"] == platform.parts.ledger.book.version
    assert ruling["relied_on"] == ["E1"]
    assert file["responsible"] == "merchant"
    assert file["texts"][ruling["mark"]["version"], "reasons"] == RULING["reasons"]


@pytest.mark.parametrize("shares", [9_999, 10_001, 10_000])
def test_ar_04_shares_add_up_to_the_whole(platform: Platform, shares: int) -> None:
    """Responsibility is neither left over nor given out twice."""
    ticket = platform.with_platform()
    platform.judged_by(ARBITRATOR, ticket)
    parts = [("merchant", 6_000), ("logistics", shares - 6_000)]
    ruling = {**RULING, "shares": [{"party": who, "share_bp": bp} for who, bp in parts]}
    if shares == 10_000:
        platform.do(ARBITRATOR, ticket, "rulings", ruling)
    else:
        platform.refused(ARBITRATOR, ticket, "rulings", ruling, code="shares_do_not_add_up")


@pytest.mark.parametrize(
    ("without", "code"),
    [
        ({"clauses": []}, "unknown_clause"),
        ({"clauses": ["quality.no_such"]}, "unknown_clause"),
        ({"relied_on": []}, "unknown_evidence"),
        ({"relied_on": ["E9"]}, "unknown_evidence"),
        ({"reasons": ""}, "malformed"),
        ({"shares": []}, "malformed"),
    ],
)
def test_ar_04_a_ruling_without_its_grounds_is_none(
    platform: Platform, without: dict[str, Any], code: str
) -> None:
    """What a ruling rests on is part of it."""
    ticket = platform.with_platform()
    platform.judged_by(ARBITRATOR, ticket)
    platform.refused(ARBITRATOR, ticket, "rulings", {**RULING, **without}, code=code)


def test_ar_04_only_the_assigned_arbitrator_rules(platform: Platform) -> None:
    """Nobody takes a case, and no other role decides one."""
    ticket = platform.with_platform()
    platform.refused(ARBITRATOR, ticket, "rulings", RULING, code="assigned_to_another")
    platform.judged_by(ARBITRATOR, ticket)
    platform.refused(SECOND_ARBITRATOR, ticket, "rulings", RULING, code="assigned_to_another")
    for who in (BUYER, AGENT, SUPERVISOR):
        platform.refused(who, ticket, "rulings", RULING, code="not_your_role")


def test_ar_04_who_handled_the_ticket_does_not_judge_it(platform: Platform) -> None:
    """The agent who took it up is a handler, whatever role he comes in later."""
    ticket = platform.with_platform()
    for conflicted in ("agent-1", "b-1", "m-1"):
        naming = {"arbitrator": conflicted}
        platform.refused(SUPERVISOR, ticket, "arbitrator", naming, code="conflict_of_interest")
    himself = {"arbitrator": "agent-1"}
    platform.refused(
        "arbitrator:agent-1", ticket, "arbitrator", himself, code="conflict_of_interest"
    )


def test_ar_04_who_stepped_aside_does_not_come_back(platform: Platform) -> None:
    """A conflict that was declared stays one."""
    ticket = platform.with_platform()
    platform.judged_by(ARBITRATOR, ticket)
    platform.do(ARBITRATOR, ticket, "arbitrator/recusal", {"reason": "knows_party"})
    again = {"arbitrator": "arb-1"}
    platform.refused(SUPERVISOR, ticket, "arbitrator", again, code="conflict_of_interest")
    platform.judged_by(SECOND_ARBITRATOR, ticket)
    platform.do(SECOND_ARBITRATOR, ticket, "rulings", RULING)
    arbitrators = platform.file(ticket)["arbitrators"]
    assert [(one["arbitrator"], one.get("recused_for")) for one in arbitrators] == [
        ("arb-1", "knows_party"),
        ("arb-2", None),
    ]


def test_ar_04_there_is_one_ruling(platform: Platform) -> None:
    """A second one would be an appeal without a review."""
    ticket = platform.ruled()
    platform.refused(ARBITRATOR, ticket, "rulings", RULING, code="wrong_stage")
    assert len(platform.file(ticket)["rulings"]) == 1


def test_ar_04_an_arbitrator_is_named_within_2_hours(platform: Platform) -> None:
    """The promise of a ruling is kept by somebody, who is found at once."""
    ticket = platform.with_platform()
    due_at = later(platform.now.at, timedelta(hours=2))
    row = platform.row(ticket)
    assert (row["awaiting"], row["due_at"]) == ("agent", due_at)
    platform.move_to(later(due_at, -SECOND))
    assert platform.file(ticket)["deadlines"]["assignment"]["state"] == "running"
    platform.move_to(due_at)
    assert platform.file(ticket)["deadlines"]["assignment"]["state"] == "missed"
    platform.judged_by(ARBITRATOR, ticket)
