"""Every amount owed: its cause, the book's figure, the arithmetic, the cap, and what was paid."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec
import pytest

from domain import commands as asked
from domain.events import (
    ClockBreached,
    CouponIssued,
    GrantPaid,
    OrderSigned,
    OverduePayoutOwed,
    PayoutGranted,
    PayoutOwed,
    RefundInitiated,
    RemedyOrdered,
)
from domain.values import Customer, Kind, Money, RemedyKind, Terms, Tier
from replay.explain import Decision, What, recomputed
from tests.replay.explaining import (
    COUPON,
    REFUND,
    again,
    begun,
    forged,
    late_for_fresh_food,
    rewritten,
    ruled,
    the,
    told,
    words,
    worked,
)
from tests.replay.told import Told
from tests.scenario import AGENT, LINE, PAYMENT, SUPERVISOR, TICKET

OTHER_TICKET: Final = "T0-261122-000009Z"


def paid_out() -> Told:
    """Return a matter whose refund arrived, whose coupon was issued."""
    return (
        ruled()
        .done(asked.SettleRefund(ticket=TICKET, remedy="R1", reference="p-1"), PAYMENT)
        .done(asked.IssueCoupon(ticket=TICKET, remedy="R2", coupon="c-1"), AGENT)
    )


def late() -> Told:
    """Return a matter with a broken promise that costs."""
    story = begun(
        kind=Kind.COMPLAINT,
        statement="rubbish, disgusting, a scam, I am furious",
        customer=Customer(Tier.ORDINARY),
    )
    for _ in range(40):
        story = worked(story.after(timedelta(hours=6)))
        if any(isinstance(one.event, PayoutOwed) for one in story.of_ticket):
            break
    return story


def costs(decisions: Sequence[Decision]) -> list[Decision]:
    """Return what is told of costs of broken promises."""
    return [one for one in decisions if one.about.startswith("payout:")]


def other_clock(story: Told) -> str:
    """Return a promise that runs on, and costs nothing."""
    owed = {one.event.clock for one in story.of_ticket if isinstance(one.event, PayoutOwed)}
    return min(name for name in story.live.clocks if name not in owed)


def test_a_refund_is_told_from_its_ruling_to_its_arrival() -> None:
    """RE-16: the cause, the cap as it stood, and what of it was paid."""
    story = paid_out()
    decisions = told(What.OWED, story)
    assert [one.about for one in decisions] == [
        "remedy:R1",
        "remedy:R2",
        "line:1:refunds",
        "line:1:payouts",
    ]
    assert recomputed(decisions)
    refund = the(decisions, "remedy:R1")
    assert refund.result == {
        "kind": "refund",
        "line": LINE,
        "amount_minor": 499_900,
        "currency": "CNY",
        "cap_minor": 499_900,
        "state": "paid",
        "paid_minor": 499_900,
    }
    said = words(refund)
    assert said.startswith("It is owed by the ruling, from arbitrator:j-1.")
    assert "499900 × 10000 / 10000 = 499900" in said
    assert said.endswith("Nothing of it is owed any more.")
    assert all(one.event for one in refund.steps if one.words.startswith("It "))


def test_a_line_is_told_over_all_that_was_taken_of_it() -> None:
    """Goodwill and award share one cap: the sum is told term by term."""
    goodwill = Terms(kind=RemedyKind.COMPENSATION, amount=Money(1_000, "CNY"))
    story = ruled().done(asked.GrantRemedy(ticket=TICKET, terms=goodwill), SUPERVISOR)
    line = the(told(What.OWED, story), "line:1:payouts")
    assert line.result == {
        "cap_minor": 149_970,
        "taken_minor": 6_000,
        "paid_minor": 0,
        "left_minor": 143_970,
        "currency": "CNY",
    }
    assert words(line) == "5000 + 1000 = 6000 of 149970 CNY (minor units)."
    assert [one.name for one in line.inputs] == ["paid_minor", f"{TICKET}/R2", f"{TICKET}/R3"]
    third = the(told(What.OWED, story), "remedy:R3")
    assert f"{TICKET}/R2 took 5000: 144970 are left." in words(third)


def test_what_is_taken_off_is_told_as_free_again() -> None:
    """A cancelled coupon is owed no more, and takes nothing of the line."""
    goodwill = asked.GrantRemedy(ticket=TICKET, terms=COUPON)
    off = asked.CancelRemedy(ticket=TICKET, remedy="R1", why="granted_by_mistake")
    story = begun(kind=Kind.COMPLAINT).done(asked.AcceptTicket(ticket=TICKET), AGENT)
    story = story.done(goodwill, SUPERVISOR).done(off, SUPERVISOR)
    (coupon,) = told(What.OWED, story)
    assert (coupon.result["state"], coupon.result["paid_minor"]) == ("cancelled", 0)
    assert coupon.recomputed


def test_a_breach_that_costs_is_told_with_its_breach_and_its_figure() -> None:
    """RE-12: the broken promise, the book's figure, the amount."""
    story = late()
    found = costs(told(What.OWED, story))
    assert found
    for cost in found:
        assert cost.recomputed
        assert {one.name for one in cost.inputs} == {"clock", "row", "breach", "source"}
        assert cost.result["state"] == "owed"
    owed = next(one.event for one in story.of_ticket if isinstance(one.event, PayoutOwed))
    assert found[0].result["amount_minor"] == owed.amount.amount_minor


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (RemedyOrdered, {"terms": Terms(RemedyKind.COUPON, LINE, Money(5_001, "CNY"))}),
        (RefundInitiated, {"amount": Money(1, "CNY")}),
        (CouponIssued, {"value": Money(5_001, "CNY")}),
    ],
)
def test_an_amount_that_differs_on_the_ticket_is_found(kind: type, fields: dict[str, Any]) -> None:
    """One figure on the way that is another one, and the explanation says which."""
    story = paid_out()
    assert recomputed(told(What.OWED, story))
    decisions = again(What.OWED, story, forged(story.of_ticket, kind, **fields))
    assert not recomputed(decisions)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (PayoutGranted, {"amount": Money(4_999, "CNY")}),
        (PayoutGranted, {"cap": Money(150_000, "CNY")}),
        (PayoutGranted, {"remedy": "R7"}),
        (GrantPaid, {"amount": Money(1, "CNY")}),
    ],
)
def test_an_amount_that_differs_on_the_order_is_found(kind: type, fields: dict[str, Any]) -> None:
    """What a line gave is the other half of what a remedy took."""
    story = paid_out()
    if "remedy" in fields:  # a grant nobody has, and a payment of it
        story = ruled()
    order = forged(story.of_order, kind, **fields)
    assert not recomputed(again(What.OWED, story, story.of_ticket, order))


@pytest.mark.parametrize("field", ["amount", "clock"])
def test_a_cost_nobody_can_derive_is_found(field: str) -> None:
    """Another amount, or the cost of a promise that was not broken."""
    story = late()
    forgery = {"amount": Money(123, "CNY"), "clock": other_clock(story)}[field]
    decisions = again(What.OWED, story, forged(story.of_ticket, PayoutOwed, **{field: forgery}))
    assert not recomputed(decisions)


def test_a_cost_without_its_breach_is_found() -> None:
    """What is owed for a breach needs one on record before it."""
    story = late()
    records = forged(story.of_ticket, ClockBreached, clock=other_clock(story))
    cost = costs(again(What.OWED, story, records))[0]
    assert cost.differences[-1].what == "breach"


def test_a_share_of_an_order_is_told_on_the_order_as_on_the_ticket() -> None:
    """SL-19: another figure, promise or ticket on either side is found, and so is a half."""
    story = late_for_fresh_food()
    assert recomputed(told(What.OWED, story))
    for field, forgery in {
        "amount": Money(999, "CNY"),
        "policy": "2026-11-23",
        "clock": other_clock(story),
        "ticket": OTHER_TICKET,
    }.items():
        order = forged(story.of_order, OverduePayoutOwed, **{field: forgery})
        (cost, *alone) = costs(again(What.OWED, story, story.of_ticket, order))
        whats = {"clock": "order", "ticket": "order"}
        assert [one.what for one in cost.differences] == [whats.get(field, field)]
        assert [one.about for one in alone if not one.recomputed] == (
            [f"payout:{forgery}"] if field == "clock" else []
        )


def test_an_order_that_owes_what_its_ticket_does_not_is_found() -> None:
    """The cost of another promise on the ticket is not the one that the order tells."""
    story = late_for_fresh_food()
    records = forged(story.of_ticket, PayoutOwed, clock=other_clock(story))
    _, alone = costs(again(What.OWED, story, records))
    assert alone.about == "payout:fresh_solution"
    assert [(one.what, one.recomputed) for one in alone.differences] == [
        ("payout", "nothing is owed on the ticket")
    ]


def test_a_share_of_an_order_is_owed_for_one_of_its_tickets_alone() -> None:
    """Five per cent of the order are not ten because the buyer opened two tickets."""
    story = late_for_fresh_food()
    owed = next(one.event for one in story.of_order if isinstance(one.event, OverduePayoutOwed))
    before = msgspec.structs.replace(owed, ticket=OTHER_TICKET)
    order = rewritten(
        story.of_order, OrderSigned, lambda one: msgspec.structs.replace(one, event=before)
    )
    (cost,) = costs(again(What.OWED, story, story.of_ticket, order))
    assert [(one.what, one.recomputed) for one in cost.differences] == [
        ("share", f"owed already, for {OTHER_TICKET}")
    ]


def test_refund_terms_are_those_of_the_ruling() -> None:
    """Another kind of remedy than was awarded is no award."""
    story = ruled(REFUND)
    terms = Terms(RemedyKind.RETURN, LINE, REFUND.amount)
    decisions = again(What.OWED, story, forged(story.of_ticket, RemedyOrdered, terms=terms))
    assert not recomputed(decisions)
