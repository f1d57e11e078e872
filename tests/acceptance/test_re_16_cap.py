"""RE-16: amounts are exact, and one order line never pays back more than it may."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from api.demo.client import Answer, Client
from tests.acceptance.platform import (
    AGENT,
    BUYER,
    MERCHANT,
    PAYMENT,
    PRICE_MINOR,
    SUPERVISOR,
    Platform,
    money,
)

PAYOUT_CAP_MINOR = 119_970
"""30 % of 3,999.00."""


def granted(platform: Platform, order: str, *, refund: bool) -> int:
    """Return what an order's grants of one kind come to."""
    grants = platform.read(SUPERVISOR, f"/v1/orders/{order}")["grants"]
    return sum(one["amount"]["amount_minor"] for one in grants if one["refund"] is refund)


def two_tickets(platform: Platform, order: str) -> tuple[str, str]:
    """Return two live tickets on the one line of an order, of two scenarios."""
    return (
        platform.accepted(order, scenario="product"),
        platform.accepted(order, scenario="service"),
    )


@pytest.mark.parametrize(
    ("kind", "cap"), [("refund", PRICE_MINOR), ("compensation", PAYOUT_CAP_MINOR)]
)
def test_re_16_the_cap_is_allowed_and_a_fen_more_is_not(
    platform: Platform, kind: str, cap: int
) -> None:
    """The price back is all that was paid; what comes on top is 30 % of it."""
    above, exact = platform.accepted(), platform.accepted()
    terms = {"terms": {"kind": kind, "amount": money(cap + 1)}}
    problem = platform.refused(SUPERVISOR, above, "remedies", terms, code="cap_exceeded")
    assert problem["left_minor"] == cap
    terms = {"terms": {"kind": kind, "amount": money(cap)}}
    platform.do(SUPERVISOR, exact, "remedies", terms)
    assert platform.board(BUYER, exact)["remedies"][0]["amount"] == money(cap)


@pytest.mark.parametrize("kind", ["refund", "coupon"])
def test_re_16_an_agent_grants_50_yuan_and_not_a_fen_more(platform: Platform, kind: str) -> None:
    """Above an agent's authority a supervisor decides."""
    ticket = platform.accepted()
    above = {"terms": {"kind": kind, "amount": money(5_001)}}
    problem = platform.refused(AGENT, ticket, "remedies", above, code="cap_exceeded")
    assert (problem["authority_minor"], problem["needs"]) == (5_000, "supervisor")
    platform.do(AGENT, ticket, "remedies", {"terms": {"kind": kind, "amount": money(5_000)}})
    platform.do(SUPERVISOR, ticket, "remedies", above)
    by = [one["approved_by"] for one in platform.file(ticket)["remedies"].values()]
    assert by == ["agent:agent-1", "supervisor:sup-1"]


def test_re_16_all_tickets_of_a_line_share_its_cap(platform: Platform) -> None:
    """The second ticket gets what the first left, and no more."""
    order = platform.order()
    first, second = two_tickets(platform, order)
    _grant(platform, first, "refund", PRICE_MINOR - 100)
    problem = _refused(platform, second, "refund", 101)
    assert problem["left_minor"] == 100
    _grant(platform, second, "refund", 100)
    assert granted(platform, order, refund=True) == PRICE_MINOR


def test_re_16_another_line_has_a_cap_of_its_own(platform: Platform) -> None:
    """What one thing cost is not taken from another."""
    order = platform.order(10_000, 20_000)
    first, second = platform.accepted(order, line="1"), platform.accepted(order, line="2")
    _grant(platform, first, "refund", 10_000)
    _refused(platform, first, "refund", 1)
    _grant(platform, second, "refund", 20_000)


def test_re_16_closed_tickets_count(platform: Platform) -> None:
    """Closing a ticket gives nothing back to the line."""
    order = platform.order()
    first = platform.accepted(order)
    terms = {"terms": {"kind": "refund", "amount": money(PRICE_MINOR)}}
    platform.do(MERCHANT, first, "approval", terms)
    platform.do(PAYMENT, first, "remedies/R1/settlement", {"reference": "p-1"})
    platform.do(BUYER, first, "closing")
    assert platform.row(first)["stage"] == "closed"
    second = platform.accepted(order)
    problem = _refused(platform, second, "refund", 1)
    assert problem["left_minor"] == 0
    assert granted(platform, order, refund=True) == PRICE_MINOR


def test_re_16_what_is_cancelled_is_free_again(platform: Platform) -> None:
    """A promise that was taken back takes nothing of the cap; what is under way stays."""
    order = platform.order()
    first, second = two_tickets(platform, order)
    _grant(platform, first, "compensation", PAYOUT_CAP_MINOR)
    _refused(platform, second, "compensation", 1)
    mistake = {"why": "granted_by_mistake"}
    platform.refused(SUPERVISOR, first, "remedies/R1/cancellation", mistake, code="wrong_step")
    platform.do(PAYMENT, first, "remedies/R1/compensation-failure", {"reason": "account_closed"})
    platform.do(SUPERVISOR, first, "remedies/R1/cancellation", mistake)
    _grant(platform, second, "compensation", PAYOUT_CAP_MINOR)


def test_re_16_a_compensation_that_failed_is_initiated_again_and_paid_once(
    platform: Platform,
) -> None:
    """It is still owed; and a payment reported twice pays nothing twice."""
    order = platform.order()
    ticket, _ = two_tickets(platform, order)
    _grant(platform, ticket, "compensation", 1_000)
    platform.do(PAYMENT, ticket, "remedies/R1/compensation-failure", {"reason": "account_closed"})
    assert platform.row(ticket)["deadlines"]["remedy:R1"]["awaits"] == "agent"
    platform.do(SUPERVISOR, ticket, "remedies/R1/compensation-initiation")
    for _ in range(2):
        platform.do(PAYMENT, ticket, "remedies/R1/compensation", {"reference": "p-90"})
    assert platform.topics(ticket).count("compensation.paid") == 1
    steps = [one["step"] for one in platform.board(BUYER, ticket)["remedies"][0]["steps"]]
    assert steps == ["ordered", "initiated", "failed", "initiated", "paid", "completed"]


@pytest.mark.parametrize(
    "amount",
    [
        {"amount_minor": 1.0, "currency": "CNY"},
        {"amount_minor": "100", "currency": "CNY"},
        {"amount_minor": 0, "currency": "CNY"},
        {"amount_minor": -1, "currency": "CNY"},
        {"amount_minor": 100, "currency": "XXX"},
        {"amount_minor": 100},
    ],
)
def test_re_16_an_amount_is_an_exact_number_of_minor_units(
    platform: Platform, amount: dict[str, Any]
) -> None:
    """No float, no text, no debt, no unknown money."""
    ticket = platform.accepted()
    terms = {"terms": {"kind": "refund", "amount": amount}}
    platform.refused(SUPERVISOR, ticket, "remedies", terms, code="malformed")


def test_re_16_the_currency_is_the_lines(platform: Platform) -> None:
    """A price is paid back in the money it was paid in."""
    ticket = platform.accepted()
    terms = {"terms": {"kind": "refund", "amount": {"amount_minor": 1, "currency": "EUR"}}}
    platform.refused(SUPERVISOR, ticket, "remedies", terms, code="currency_differs")


@pytest.mark.parametrize(
    ("kind", "cap"), [("refund", PRICE_MINOR), ("compensation", PAYOUT_CAP_MINOR)]
)
def test_re_16_two_tickets_paying_in_parallel_stay_within_the_cap(
    platform: Platform, kind: str, cap: int
) -> None:
    """Whatever the interleaving: the append holds the cap, and the sum says so."""
    order = platform.order()
    tickets = two_tickets(platform, order)
    share = cap // 3
    # Eight attempts of a third each, from two tickets: exactly three fit.
    attempts: list[Callable[[], Answer]] = [
        _attempt(platform, tickets[number % 2], kind, share, f"{order}-{kind}-{number}")
        for number in range(8)
    ]
    with ThreadPoolExecutor(len(attempts)) as pool:
        answers = list(pool.map(lambda attempt: attempt(), attempts))
    codes = {answer.body["code"] for answer in answers if not answer.ok}
    assert codes <= {"cap_exceeded", "ticket_changed", "contended"}, answers
    assert (
        granted(platform, order, refund=kind == "refund")
        == sum(answer.ok for answer in answers) * share
    )
    # Who lost a race tries again; in the end the line has given three thirds.
    for ticket in tickets:
        while platform.call(
            SUPERVISOR,
            f"/v1/tickets/{ticket}/remedies",
            _terms(kind, share),
            version=platform.ticket(SUPERVISOR, ticket)["version"],
        ).ok:
            pass
    assert granted(platform, order, refund=kind == "refund") == 3 * share


def _attempt(
    platform: Platform, ticket: str, kind: str, share: int, key: str
) -> Callable[[], Answer]:
    """Return a grant that is tried from a thread of its own until no race was lost."""

    def attempt() -> Answer:
        path = f"/v1/tickets/{ticket}"
        with Client(platform.parts) as client:
            for number in range(20):
                version = client.get("supervisor", "sup-1", path).body["version"]
                body = _terms(kind, share)
                answer = client.post(
                    "supervisor", "sup-1", f"{path}/remedies", body,
                    key=f"{key}-{number}", version=version,
                )  # fmt: skip
                if answer.ok or answer.body["code"] not in {"ticket_changed", "contended"}:
                    break
        return answer

    return attempt


def _terms(kind: str, amount_minor: int) -> dict[str, Any]:
    return {"terms": {"kind": kind, "amount": money(amount_minor)}}


def _grant(platform: Platform, ticket: str, kind: str, amount_minor: int) -> None:
    platform.do(SUPERVISOR, ticket, "remedies", _terms(kind, amount_minor))


def _refused(platform: Platform, ticket: str, kind: str, amount_minor: int) -> dict[str, Any]:
    terms = _terms(kind, amount_minor)
    return platform.refused(SUPERVISOR, ticket, "remedies", terms, code="cap_exceeded")
