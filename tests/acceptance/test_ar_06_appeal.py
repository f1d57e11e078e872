"""AR-06: one appeal in seven days, by a different arbitrator; the first ruling stays visible."""

from datetime import timedelta
from typing import Any

import pytest

from domain.values import later
from tests.acceptance.platform import (
    ARBITRATOR,
    BUYER,
    MERCHANT,
    PRICE,
    SECOND,
    SECOND_ARBITRATOR,
    SUPERVISOR,
    Platform,
)

GROUNDS = {"grounds": "The report names another device."}
UPHELD: dict[str, Any] = {
    "outcome": "upheld",
    "reasons": "The serial numbers agree.",
    "clauses": ["evidence.burden"],
    "relied_on": ["E1"],
}
ANEW: dict[str, Any] = {
    **UPHELD,
    "in_favour_of": "merchant",
    "shares": [{"party": "buyer", "share_bp": 10_000}],
    "awards": [],
}


def test_ar_06_an_appeal_is_filed_in_the_last_second_of_seven_days_and_not_later(
    platform: Platform,
) -> None:
    """The window is the book's, and what happens at its end is the same for everybody."""
    in_time, too_late = platform.ruled(), platform.ruled()
    due_at = later(platform.now.at, timedelta(days=7))
    assert platform.file(in_time)["deadlines"]["appeal"]["due_at"] == due_at
    platform.move_to(later(due_at, -SECOND))
    platform.do(MERCHANT, in_time, "appeals", GROUNDS)
    platform.move_to(due_at)
    platform.refused(MERCHANT, too_late, "appeals", GROUNDS, code="window_passed")
    assert platform.file(in_time)["appeals"][0]["by"] == "merchant"
    assert platform.file(too_late)["appeals"] == []


def test_ar_06_there_is_one_appeal(platform: Platform) -> None:
    """Neither the same side nor the other appeals again, not after the decision either."""
    ticket = platform.ruled()
    platform.do(MERCHANT, ticket, "appeals", GROUNDS)
    platform.refused(BUYER, ticket, "appeals", GROUNDS, code="already_done")
    _decide(platform, ticket, UPHELD)
    platform.refused(MERCHANT, ticket, "appeals", GROUNDS, code="already_done")


def test_ar_06_a_different_arbitrator_decides(platform: Platform) -> None:
    """Nobody reviews their own ruling."""
    ticket = platform.ruled()
    platform.do(MERCHANT, ticket, "appeals", GROUNDS)
    same = {"arbitrator": "arb-1"}
    platform.refused(SUPERVISOR, ticket, "arbitrator", same, code="conflict_of_interest")
    platform.refused(ARBITRATOR, ticket, "appeals/decision", UPHELD, code="conflict_of_interest")
    _decide(platform, ticket, UPHELD)
    assert platform.file(ticket)["rulings"][1]["arbitrator"] == "arb-2"


def test_ar_06_the_review_is_promised_within_72_hours(platform: Platform) -> None:
    """An appeal has a clock of its own, with the arbitration desk."""
    ticket = platform.ruled()
    platform.do(MERCHANT, ticket, "appeals", GROUNDS)
    due_at = later(platform.now.at, timedelta(hours=72))
    assert platform.row(ticket)["queue"] == "arbitration"
    assert platform.file(ticket)["deadlines"]["appeal_ruling"]["due_at"] == due_at
    platform.judged_by(SECOND_ARBITRATOR, ticket)
    platform.move_to(later(due_at, -SECOND))
    assert platform.file(ticket)["deadlines"]["appeal_ruling"]["state"] == "running"
    platform.move_to(due_at)
    assert platform.file(ticket)["deadlines"]["appeal_ruling"]["state"] == "missed"
    platform.do(SECOND_ARBITRATOR, ticket, "appeals/decision", UPHELD)


@pytest.mark.parametrize(
    ("outcome", "decision", "remedies"),
    [
        ("upheld", UPHELD, ["failed"]),
        (
            "varied",
            {
                **ANEW,
                "outcome": "varied",
                "in_favour_of": "buyer",
                "shares": [{"party": "merchant", "share_bp": 10_000}],
                "awards": [{"kind": "refund", "amount": {**PRICE, "amount_minor": 100_000}}],
            },
            ["cancelled", "initiated"],
        ),
        ("overturned", {**ANEW, "outcome": "overturned"}, ["cancelled"]),
    ],
)
def test_ar_06_the_first_ruling_stays_visible(
    platform: Platform, outcome: str, decision: dict[str, Any], remedies: list[str]
) -> None:
    """Upheld, varied or overturned: both decisions stand in the file, and what is owed follows."""
    ticket = platform.ruled()
    platform.do("payment:pay-1", ticket, "remedies/R1/failure", {"reason": "stopped"})
    platform.do(MERCHANT, ticket, "appeals", GROUNDS)
    _decide(platform, ticket, decision)
    rulings = platform.file(ticket)["rulings"]
    assert [one["outcome"] for one in rulings] == ["issued", outcome]
    assert rulings[0]["awards"][0]["kind"] == "refund"
    steps = [one["step"] for one in platform.ticket(BUYER, ticket)["remedies"]]
    assert steps == remedies
    assert platform.node(ticket, "ruled", BUYER)["state"] in {"done", "current"}


def test_ar_06_nothing_closes_while_the_ruling_may_be_appealed(platform: Platform) -> None:
    """Being quick with the refund takes no right away."""
    ticket = platform.ruled()
    platform.do("payment:pay-1", ticket, "remedies/R1/settlement", {"reference": "p-1"})
    platform.refused(BUYER, ticket, "closing", code="wrong_stage")
    platform.do(MERCHANT, ticket, "appeals", GROUNDS)
    platform.refused(BUYER, ticket, "closing", code="wrong_stage")


def _decide(platform: Platform, ticket: str, decision: dict[str, Any]) -> None:
    platform.judged_by(SECOND_ARBITRATOR, ticket)
    platform.do(SECOND_ARBITRATOR, ticket, "appeals/decision", decision)
