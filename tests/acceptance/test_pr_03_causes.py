"""PR-03: every node and every place in the queue can be traced to the events that caused it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.acceptance.matters import employ
from tests.acceptance.platform import (
    AGENT,
    BUYER,
    MERCHANT,
    PAYMENT,
    PRICE,
    SECOND_ARBITRATOR,
    Platform,
)
from tests.acceptance.tracing import assert_traced

REFUND = {"terms": {"kind": "refund", "amount": PRICE}}
Way = Callable[[Platform], str]


@pytest.fixture(scope="module", autouse=True)
def _employed(platform: Platform) -> None:
    """Who takes a matter is on record."""
    employ(platform)


def _answered(platform: Platform) -> str:
    ticket = platform.accepted(kind="consultation")
    platform.do(AGENT, ticket, "assignment")
    platform.do(AGENT, ticket, "answers", {"text": "It is on its way.", "resolves": True})
    return ticket


def _closed_and_reopened(platform: Platform) -> str:
    ticket = _answered(platform)
    platform.do(BUYER, ticket, "closing")
    assert_traced(platform, ticket)
    platform.do(BUYER, ticket, "reopening", {"reason": "It is not."})
    return ticket


def _negotiated(platform: Platform) -> str:
    ticket = platform.disputed()
    platform.do(MERCHANT, ticket, "offers", {"terms": [{"kind": "repair"}]})
    platform.do(BUYER, ticket, "offers/O1/counter", {"terms": [REFUND["terms"]]})
    assert_traced(platform, ticket)
    platform.do(MERCHANT, ticket, "offers/O2/acceptance")
    return ticket


def _appealed(platform: Platform) -> str:
    ticket = platform.ruled()
    platform.do(MERCHANT, ticket, "appeals", {"grounds": "Another device."})
    assert_traced(platform, ticket)
    platform.judged_by(SECOND_ARBITRATOR, ticket)
    upheld = {
        "outcome": "upheld",
        "reasons": "It is the same.",
        "clauses": ["evidence.burden"],
        "relied_on": ["E1"],
    }
    platform.do(SECOND_ARBITRATOR, ticket, "appeals/decision", upheld)
    platform.do(PAYMENT, ticket, "remedies/R1/settlement", {"reference": "p-1"})
    return ticket


def _overdue(platform: Platform) -> str:
    ticket = platform.with_platform()
    platform.pass_by(timedelta(hours=49))
    return ticket


def _diagnosed_anew(platform: Platform) -> str:
    ticket = platform.accepted()
    diagnosis = {"scenario": "service", "responsible": "merchant", "kind": "dispute"}
    platform.do(AGENT, ticket, "diagnosis", diagnosis)
    return ticket


WAYS: dict[str, Way] = {
    "opened": Platform.open,
    "accepted": Platform.accepted,
    "answered": _answered,
    "reopened": _closed_and_reopened,
    "disputed": Platform.disputed,
    "negotiated": _negotiated,
    "with the platform": Platform.with_platform,
    "ruled": Platform.ruled,
    "appealed": _appealed,
    "overdue": _overdue,
    "diagnosed anew": _diagnosed_anew,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_pr_03_board_and_queue_name_the_right_events(platform: Platform, way: Way) -> None:
    """However a ticket came to where it stands, the events that brought it there are named."""
    ticket = way(platform)
    platform.settle()
    assert_traced(platform, ticket)


def test_pr_03_a_cause_can_be_held_against_the_chain(platform: Platform) -> None:
    """A position leads to a record with its leaf hash, which the command had answered."""
    ticket = platform.open()
    answer = platform.do(AGENT, ticket, "acceptance")
    accepted = next(one for one in answer.body["events"] if one["topic"] == "ticket.accepted.v1")
    node = platform.node(ticket, "accepted", BUYER)
    assert node["caused_by"] == [accepted["position"]]
    record = platform.events(ticket)[accepted["position"]]
    assert (record["topic"], record["leaf_hash"]) == ("ticket.accepted.v1", accepted["leaf_hash"])
