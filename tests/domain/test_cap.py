"""RE-16: refunds and payouts of one order line, over all its tickets, never exceed the cap."""

import pytest

from domain import errors
from domain.commands import ApproveClaim, CancelRemedy, FailRefund, GrantRemedy, SettleRefund
from domain.events import GrantPaid, GrantReleased, PayoutGranted, RefundGranted
from domain.ticket import cap
from domain.values import Money, RemedyKind, Scenario, Terms
from tests.domain.play import (
    JUDGE,
    MERCHANT,
    PAID,
    PAYMENT,
    SUPERVISOR,
    T1,
    T2,
    Play,
    book_with,
    cny,
    coupon,
    refund,
    ruling,
    terms,
)

PAYOUT_CAP = 30_000
"""The book gives 3,000 basis points of the price on top of it."""


def grant(play: Play, *given: Terms, ticket: str = T1) -> None:
    """Let a supervisor be generous."""
    for one in given:
        play.do(SUPERVISOR, GrantRemedy(ticket=ticket, terms=one), ticket)


@pytest.mark.parametrize(
    ("kind", "whole"),
    [
        (RemedyKind.REFUND, PAID),
        (RemedyKind.RETURN, PAID),
        (RemedyKind.COMPENSATION, PAYOUT_CAP),
        (RemedyKind.COUPON, PAYOUT_CAP),
    ],
)
def test_the_cap_may_be_reached_and_not_passed(kind: RemedyKind, whole: int) -> None:
    """The edge is allowed; one minor unit more is not."""
    play = Play().opened()
    with pytest.raises(errors.CapExceeded) as refused:
        grant(play, terms(kind, whole + 1))
    assert refused.value.facts == {"line": "L1", "left_minor": whole, "currency": "CNY"}
    grant(play, terms(kind, whole))
    with pytest.raises(errors.CapExceeded) as refused:
        grant(play, terms(kind, 1))
    assert refused.value.facts["left_minor"] == 0


def test_the_caps_are_figures_of_the_book() -> None:
    """Another book allows other amounts, and the fact names the cap it was judged under."""
    play = Play(book=book_with(refund_bp=5_000, payout_bp=1_001)).opened()
    grant(play, refund(50_000), coupon(10_010))
    facts = [one for one in play.facts if isinstance(one, RefundGranted | PayoutGranted)]
    assert [(one.amount, one.cap, one.policy) for one in facts] == [
        (cny(50_000), cny(50_000), "2026-11-01"),
        (cny(10_010), cny(10_010), "2026-11-01"),
    ]
    for more in (refund(1), coupon(1)):
        with pytest.raises(errors.CapExceeded):
            grant(play, more)


def test_the_two_caps_do_not_share_their_room() -> None:
    """What is given on top is beside the price, not out of it."""
    play = Play().opened()
    grant(play, refund(PAID), coupon(PAYOUT_CAP))
    assert len(play.order.grants) == 2


def test_remedies_of_one_kind_of_money_share_one_cap() -> None:
    """A refund after a return gives back the same price; a coupon is a payout like any other."""
    play = Play().opened()
    grant(play, terms(RemedyKind.RETURN, PAID - 1), terms(RemedyKind.COMPENSATION, PAYOUT_CAP - 1))
    for more in (refund(2), coupon(2)):
        with pytest.raises(errors.CapExceeded):
            grant(play, more)
    grant(play, refund(1), coupon(1))


def test_awards_of_one_ruling_count_together() -> None:
    """Each alone would fit; together they must too, and none is granted when they do not."""
    play = Play().assigned()
    before = len(play.facts)
    with pytest.raises(errors.CapExceeded):
        play.do(JUDGE, ruling(refund(60_000), refund(40_001)))
    assert len(play.facts) == before
    assert play.order.grants == {}
    play.do(JUDGE, ruling(refund(60_000), refund(40_000)))


def test_two_tickets_of_one_line_share_the_cap_open_or_closed() -> None:
    """A closed ticket's paid refund still counts."""
    play = Play().opened()
    play.do(MERCHANT, ApproveClaim(ticket=T1, terms=refund(PAID)))
    play.do(PAYMENT, SettleRefund(ticket=T1, remedy="R1", reference="p-1"))
    play.passes("closing")
    play.opened(T2)
    with pytest.raises(errors.CapExceeded):
        grant(play, refund(1), ticket=T2)


def test_two_live_tickets_of_one_line_share_the_cap() -> None:
    """Two scenarios of one line are two tickets, and one price."""
    play = Play().opened().opened(T2, scenario=Scenario.SERVICE)
    grant(play, refund(70_000))
    with pytest.raises(errors.CapExceeded) as refused:
        grant(play, refund(30_001), ticket=T2)
    assert refused.value.facts["left_minor"] == 30_000
    grant(play, refund(30_000), ticket=T2)


def test_lines_of_one_order_have_a_cap_each() -> None:
    """What one line cost is not given back for another."""
    play = Play().opened().opened(T2, line="L2")
    grant(play, refund(PAID))
    grant(play, refund(PAID), ticket=T2)


def test_a_cancelled_remedy_frees_its_part() -> None:
    """What was released before it was paid may be granted again, on another ticket too."""
    play = Play().opened().opened(T2, scenario=Scenario.SERVICE)
    grant(play, refund(PAID))
    play.do(PAYMENT, FailRefund(ticket=T1, remedy="R1", reason="stopped"))
    play.do(SUPERVISOR, CancelRemedy(ticket=T1, remedy="R1", why="granted by mistake"))
    assert GrantReleased(ticket=T1, remedy="R1", line="L1", amount=cny(PAID)) in play.facts
    grant(play, refund(PAID), ticket=T2)


def test_paid_money_is_used_up_for_good() -> None:
    """A settled refund can not be taken off to make room."""
    play = Play().opened()
    grant(play, refund(PAID))
    play.do(PAYMENT, SettleRefund(ticket=T1, remedy="R1", reference="p-1"))
    assert GrantPaid(ticket=T1, remedy="R1", line="L1", amount=cny(PAID)) in play.facts
    assert play.order.grants[cap.grant_key(T1, "R1")].paid
    with pytest.raises(errors.WrongStep):
        play.do(SUPERVISOR, CancelRemedy(ticket=T1, remedy="R1", why="too late"))
    with pytest.raises(errors.CapExceeded):
        grant(play, refund(1))


def test_money_is_given_in_the_currency_of_the_line() -> None:
    """Amounts of two currencies have no sum and no cap."""
    play = Play().opened()
    with pytest.raises(errors.CurrencyDiffers):
        grant(play, Terms(kind=RemedyKind.REFUND, amount=Money(1, "EUR")))


def test_what_is_left_never_falls_below_nothing() -> None:
    """A later book may allow less than an earlier one already gave."""
    play = Play().opened()
    grant(play, refund(PAID))
    line = play.order.lines["L1"]
    strict = book_with(refund_bp=5_000)
    assert cap.left(line, play.order.grants, strict, refund=True) == cny(0)
    assert cap.left(line, play.order.grants, strict, refund=False) == cny(PAYOUT_CAP)
