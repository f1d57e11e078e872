"""AR-05: what is ruled is done, and every step towards it can be seen until its end."""

from datetime import timedelta

import pytest

from domain.values import later
from tests.acceptance.platform import (
    AGENT,
    BUYER,
    MERCHANT,
    PAYMENT,
    PRICE,
    PRICE_MINOR,
    SECOND,
    SUPERVISOR,
    Platform,
    money,
)

pytestmark = pytest.mark.usefixtures("senior")

AWARDS = [{"kind": "refund", "amount": PRICE}, {"kind": "coupon", "amount": money(5_000)}]


def test_ar_05_forced_refund_and_coupon_are_tracked_to_their_end(platform: Platform) -> None:
    """The merchant need not agree; the ticket resolves when the last award is there."""
    ticket = platform.ruled(awards=AWARDS)
    assert [one["step"] for one in platform.ticket(BUYER, ticket)["remedies"]] == [
        "initiated",
        "ordered",
    ]
    platform.do(PAYMENT, ticket, "remedies/R1/settlement", {"reference": "p-77"})
    assert platform.row(ticket).get("resolved") is None
    platform.do(AGENT, ticket, "remedies/R2/coupon", {"coupon": "c-50"})
    board = platform.board(BUYER, ticket)
    steps = {one["kind"]: [step["step"] for step in one["steps"]] for one in board["remedies"]}
    assert steps == {
        "refund": ["ordered", "initiated", "settled", "completed"],
        "coupon": ["ordered", "issued", "completed"],
    }
    vouchers = [
        (voucher["kind"], voucher["reference"])
        for one in board["remedies"]
        for voucher in one["vouchers"]
    ]
    assert vouchers == [("refund_receipt", "p-77"), ("coupon", "c-50")]
    row = platform.row(ticket)
    assert (row["resolved"], board["outcome"]) == ("remedied", "remedied")
    sources = {one["source"] for one in platform.file(ticket)["remedies"].values()}
    assert sources == {"ruling"}


def test_ar_05_a_refund_that_fails_is_tried_again_until_it_arrives(platform: Platform) -> None:
    """Enforcement does not end with an error of the payment system."""
    ticket = platform.ruled()
    platform.do(PAYMENT, ticket, "remedies/R1/failure", {"reason": "account_closed"})
    assert platform.row(ticket)["awaiting"] == "agent"
    platform.do(SUPERVISOR, ticket, "remedies/R1/refund")
    assert platform.row(ticket)["awaiting"] == "payment"
    platform.do(PAYMENT, ticket, "remedies/R1/settlement", {"reference": "p-78"})
    assert platform.board(BUYER, ticket)["outcome"] == "remedied"


def test_ar_05_a_refund_is_awaited_for_12_hours_and_shown_overdue_then(platform: Platform) -> None:
    """Nobody has to ask where the money is."""
    ticket = platform.ruled()
    due_at = later(platform.now.at, timedelta(hours=12))
    row = platform.row(ticket)
    assert (row["awaiting"], row["due_at"], row["queue"]) == ("payment", due_at, "refunds")
    platform.move_to(later(due_at, -SECOND))
    assert "missed" not in platform.row(ticket)["deadlines"]["remedy:R1"]
    platform.move_to(due_at)
    assert platform.row(ticket)["deadlines"]["remedy:R1"]["missed"] is True
    assert platform.board(SUPERVISOR, ticket)["expected"]["missed"] is True


def test_ar_05_a_return_has_its_label_and_its_inspection(platform: Platform) -> None:
    """The return label, the parcel's number and the finding are on the board."""
    ticket = platform.ruled(awards=[{"kind": "return", "amount": PRICE}])
    label = {"path": "prepaid_label", "label": "L-9"}
    platform.do(MERCHANT, ticket, "remedies/R1/return-authorisation", label)
    parcel = {"carrier": "sf", "tracking": "SF-back"}
    platform.do(BUYER, ticket, "remedies/R1/return-shipment", parcel)
    platform.do(MERCHANT, ticket, "remedies/R1/return-receipt")
    finding = {"passed": True, "finding": "as_described"}
    platform.do(MERCHANT, ticket, "remedies/R1/return-inspection", finding)
    platform.do(PAYMENT, ticket, "remedies/R1/settlement", {"reference": "p-79"})
    (remedy,) = platform.board(BUYER, ticket)["remedies"]
    assert [step["step"] for step in remedy["steps"]] == [
        "ordered",
        "authorised",
        "shipped_back",
        "received_back",
        "inspected",
        "initiated",
        "settled",
        "completed",
    ]
    assert ("tracking", "SF-back") in {
        (one["kind"], one["reference"]) for one in remedy["vouchers"]
    }
    assert platform.board(BUYER, ticket)["outcome"] == "remedied"


def test_ar_05_what_is_awarded_is_within_what_was_paid(platform: Platform) -> None:
    """Not even a ruling gives back more than the price."""
    order = platform.order(PRICE_MINOR)
    ticket = platform.ruled(order)
    grants = platform.read(SUPERVISOR, f"/v1/orders/{order}")["grants"]
    assert [(one["ticket"], one["amount"]["amount_minor"]) for one in grants] == [
        (ticket, PRICE_MINOR)
    ]


@pytest.mark.parametrize(
    ("kind", "within", "awaits"),
    [
        ("refund", timedelta(hours=12), "payment"),
        ("return", timedelta(days=7), "merchant"),
        ("exchange", timedelta(hours=48), "merchant"),
        ("repair", timedelta(days=15), "merchant"),
        ("reshipment", timedelta(hours=48), "merchant"),
        ("coupon", timedelta(hours=2), "agent"),
        ("compensation", timedelta(hours=12), "payment"),
    ],
)
def test_ar_05_every_award_has_its_deadline_and_who_owes_it(
    platform: Platform, kind: str, within: timedelta, awaits: str
) -> None:
    """Inside its time it is awaited, at the instant it is overdue and owed still."""
    priced = kind in {"refund", "return", "coupon", "compensation"}
    award = {"kind": kind, "amount": money(1_000)} if priced else {"kind": kind}
    ticket = platform.ruled(awards=[award])
    due_at = later(platform.now.at, within)
    row = platform.row(ticket)
    assert (row["awaiting"], row["due_at"]) == (awaits, due_at)
    platform.move_to(later(due_at, -SECOND))
    assert "missed" not in platform.row(ticket)["deadlines"]["remedy:R1"]
    platform.move_to(due_at)
    row = platform.row(ticket)
    assert (row["awaiting"], row["deadlines"]["remedy:R1"]["missed"]) == (awaits, True)


def test_ar_05_goods_sent_back_are_inspected_within_48_hours(platform: Platform) -> None:
    """A parcel at the merchant's door is nobody's excuse."""
    ticket = platform.ruled(awards=[{"kind": "return", "amount": PRICE}])
    label = {"path": "pick_up"}
    platform.do(MERCHANT, ticket, "remedies/R1/return-authorisation", label)
    parcel = {"carrier": "sf", "tracking": "SF-back"}
    platform.do(BUYER, ticket, "remedies/R1/return-shipment", parcel)
    row = platform.row(ticket)
    due_at = later(platform.now.at, timedelta(hours=48))
    assert (row["awaiting"], row["due_at"]) == ("merchant", due_at)


def test_ar_05_what_is_done_closes_by_itself_after_seven_days(platform: Platform) -> None:
    """Nobody has to tidy up, and until then the buyer may come back."""
    ticket = platform.ruled()
    platform.do(PAYMENT, ticket, "remedies/R1/settlement", {"reference": "p-80"})
    closes_at = later(platform.now.at, timedelta(days=7))
    platform.move_to(later(closes_at, -SECOND))
    assert platform.row(ticket)["stage"] == "remedy"
    platform.move_to(closes_at)
    assert platform.row(ticket)["stage"] == "closed"
    assert platform.board(BUYER, ticket)["outcome"] == "remedied"
