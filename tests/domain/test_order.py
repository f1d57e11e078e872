"""Orders as other systems report them: once, completely, and never contradicted silently."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain import errors
from domain.commands import (
    OrderCommand,
    PlaceOrder,
    PostCertificate,
    SettlePayment,
    ShipOrder,
    SignOrder,
)
from domain.events import (
    GrantPaid,
    GrantReleased,
    OrderPlaced,
    OrderShipped,
    OrderSigned,
    PaymentSettled,
    PayoutGranted,
    RefundGranted,
)
from domain.ticket.state import Certificate, Grant
from domain.values import ActorKind, Attachment, EvidenceKind, Money, Sha256, later
from tests.scenario import (
    BUYER,
    CARRIER,
    CHAIN,
    EVERYBODY,
    INSPECTOR,
    LINE,
    MERCHANT,
    MOMENT,
    NOW,
    ORDER,
    ORDERS,
    PAYMENT,
    PRICE,
    Scenario,
    for_each,
    given,
    placed,
    yuan,
)

LINES = placed().lines
PLACE = PlaceOrder(
    order=ORDER,
    buyer=BUYER.ref,
    merchant=MERCHANT.ref,
    lines=LINES,
    placed_at=NOW,
    ship_by=later(NOW, timedelta(days=1)),
    live_session="live-7",
)
SHIP = ShipOrder(order=ORDER, carrier="sf", tracking="t-1", shipped_at=NOW)
SIGN = SignOrder(order=ORDER, tracking="t-1", signed_at=NOW)
PAY = SettlePayment(order=ORDER, amount=PRICE, reference="p-1", settled_at=NOW)

REPORT = Attachment(Sha256("ab" * 32), 7, "application/pdf")
CERTIFY = PostCertificate(
    order=ORDER,
    kind=EvidenceKind.BATCH_REPORT,
    attachment=REPORT,
    issuer="lab-7",
    reference="PR-1",
    issued_at=NOW,
    lines=(LINE,),
)


def known() -> Scenario:
    """Return an order that is known."""
    return Scenario().done(PLACE, ORDERS)


def test_an_order_is_placed_with_its_lines_prices_and_promises() -> None:
    """What was promised and paid is what after-sales is measured by."""
    story = (
        Scenario()
        .when(PLACE, by=ORDERS)
        .then(
            OrderPlaced(
                buyer=BUYER.ref,
                merchant=MERCHANT.ref,
                lines=LINES,
                placed_at=NOW,
                ship_by=PLACE.ship_by,
                live_session="live-7",
            )
        )
    )
    assert story.order is not None
    assert story.order.lines[LINE].paid == PRICE
    assert story.order.ship_by == PLACE.ship_by


def test_the_same_order_again_is_one_fact() -> None:
    """IN-13: systems repeat themselves; also after the parcel has left."""
    known().when(PLACE, by=ORDERS).then_nothing()
    moved = known().done(SHIP, CARRIER).done(SIGN, CARRIER).done(PAY, PAYMENT)
    moved.when(PLACE, by=ORDERS).then_nothing()


@pytest.mark.parametrize(
    "other",
    [
        replace(PLACE, buyer="b-9"),
        replace(PLACE, merchant="m-9"),
        replace(PLACE, placed_at=later(NOW, timedelta(seconds=1))),
        replace(PLACE, ship_by=None),
        replace(PLACE, live_session=None),
        replace(PLACE, lines=(replace(LINES[0], paid=yuan(1)),)),
        replace(PLACE, lines=(*LINES, replace(LINES[0], line="2"))),
    ],
)
def test_an_order_is_not_placed_again_with_other_content(other: PlaceOrder) -> None:
    """A price that changes afterwards would change what may be refunded."""
    known().when(other, by=ORDERS).then_refused(errors.OrderKnownOtherwise)


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        ((), errors.Unreasonable),
        ((*LINES, *LINES), errors.Unreasonable),
        ((replace(LINES[0], quantity=0),), errors.Unreasonable),
        ((replace(LINES[0], paid=Money(-1, "CNY")),), errors.Unreasonable),
        ((*LINES, replace(LINES[0], line="2", paid=Money(1, "EUR"))), errors.CurrencyDiffers),
    ],
)
def test_an_order_makes_sense(lines: tuple, refusal: type[errors.Refusal]) -> None:
    """Refunds are counted per line in one currency, so lines are unique and paid in one."""
    Scenario().when(replace(PLACE, lines=lines), by=ORDERS).then_refused(refusal)


def test_a_gift_costs_nothing_and_is_a_line() -> None:
    """A line may be free; its refund cap is then nothing."""
    free = replace(LINES[0], paid=Money(0, "CNY"))
    Scenario().done(replace(PLACE, lines=(free,)), ORDERS)


@pytest.mark.parametrize("command", [SHIP, SIGN, PAY])
def test_nothing_happens_to_an_order_that_was_not_placed(command: object) -> None:
    """The order system speaks first; the others repeat until it has."""
    Scenario().when(command, by=ORDERS).then_refused(errors.UnknownOrder)


def test_a_parcel_leaves_and_is_signed_for_once() -> None:
    """A repeated scan is one fact."""
    shipped = (
        known()
        .when(SHIP, by=CARRIER)
        .then(OrderShipped(carrier="sf", tracking="t-1", shipped_at=NOW))
    )
    shipped.when(SHIP, by=CARRIER).then_nothing()
    signed = shipped.when(SIGN, by=CARRIER).then(OrderSigned(tracking="t-1", signed_at=NOW))
    signed.when(SIGN, by=CARRIER).then_nothing()
    moved = replace(SIGN, signed_at=later(NOW, timedelta(hours=1)))
    signed.when(moved, by=CARRIER).then_refused(errors.OrderKnownOtherwise)


def test_the_days_for_a_return_run_from_the_last_parcel() -> None:
    """Until then the buyer does not have the whole order, in whatever order scans arrive."""
    last = later(NOW, timedelta(days=2))
    second = SignOrder(order=ORDER, tracking="t-2", signed_at=last)
    sent = known().done(SHIP, CARRIER).done(replace(SHIP, tracking="t-2"), CARRIER)
    for commands in ((SIGN, second), (second, SIGN)):
        story = sent.at(last)
        for command in commands:
            story = story.done(command, CARRIER)
        assert story.order is not None
        assert story.order.signed_at == last


@pytest.mark.parametrize(
    ("command", "field"),
    [(PLACE, "placed_at"), (SHIP, "shipped_at"), (SIGN, "signed_at"), (PAY, "settled_at")],
)
def test_nothing_is_reported_before_it_happens(command: OrderCommand, field: str) -> None:
    """A signature of tomorrow would lengthen the days for a return; clocks differ a little."""
    before = Scenario() if command is PLACE else known()
    if command is SIGN:
        before = before.done(SHIP, CARRIER)
    leeway = timedelta(minutes=5)
    before.when(replace(command, **{field: later(NOW, leeway + MOMENT)}), by=ORDERS).then_refused(
        errors.NotYetHappened
    )
    before.done(replace(command, **{field: later(NOW, leeway)}), ORDERS)


def test_only_what_was_shipped_is_signed_for() -> None:
    """A mistyped number would start the days for a return of a parcel that is still on its way."""
    stranger = replace(SIGN, tracking="t-9")
    known().when(SIGN, by=CARRIER).then_refused(errors.UnknownParcel)
    known().done(SHIP, CARRIER).when(stranger, by=CARRIER).then_refused(errors.UnknownParcel)


def test_a_parcel_holds_lines_of_the_order() -> None:
    """A line nobody bought was not sent."""
    part = replace(SHIP, lines=(LINE,))
    known().done(part, ORDERS)
    known().when(replace(SHIP, lines=("9",)), by=ORDERS).then_refused(errors.UnknownLine)


def test_payments_add_up_and_each_counts_once() -> None:
    """A repeated notice of the payment system pays nothing twice."""
    half = replace(PAY, amount=yuan(2000))
    paid = (
        known()
        .when(half, by=PAYMENT)
        .then(PaymentSettled(amount=yuan(2000), reference="p-1", settled_at=NOW))
    )
    paid.when(half, by=PAYMENT).then_nothing()
    paid.when(PAY, by=PAYMENT).then_refused(errors.OrderKnownOtherwise)
    rest = replace(PAY, amount=yuan(2999), reference="p-2")
    whole = paid.done(rest, PAYMENT)
    assert whole.order is not None
    assert whole.order.settled == PRICE


@pytest.mark.parametrize(
    ("amount", "refusal"),
    [
        (Money(0, "CNY"), errors.AmountRequired),
        (Money(-1, "CNY"), errors.AmountRequired),
        (Money(1, "EUR"), errors.CurrencyDiffers),
    ],
)
def test_a_payment_is_money_of_the_order(amount: Money, refusal: type[errors.Refusal]) -> None:
    """What is not above zero, or is other money, is no payment of this order."""
    known().when(replace(PAY, amount=amount), by=PAYMENT).then_refused(refusal)


@pytest.mark.parametrize(
    ("command", "may"),
    [
        (PLACE, [ORDERS]),
        (SHIP, [ORDERS, CARRIER]),
        (SIGN, [ORDERS, CARRIER]),
        (PAY, [ORDERS, PAYMENT]),
        (CERTIFY, [INSPECTOR, CHAIN]),
    ],
)
def test_each_fact_is_posted_by_the_systems_it_belongs_to(command: object, may: list) -> None:
    """IN-13: a carrier does not say what was paid."""
    for actor in may:
        before = known().done(SHIP, CARRIER) if command is SIGN else known()
        (Scenario() if command is PLACE else before).done(command, actor)
    for actor in for_each(EVERYBODY, but=may):
        known().when(command, by=actor).then_refused(errors.NotYourRole)


def test_a_certificate_is_known_with_its_order_once() -> None:
    """TR-03: again it is the same fact, with other content it is none, and photos are none."""
    certified = known().done(CERTIFY, CHAIN)
    assert certified.order is not None
    assert certified.order.certificates == {
        "lab-7/PR-1": Certificate(EvidenceKind.BATCH_REPORT, REPORT, NOW, (LINE,), ActorKind.CHAIN)
    }
    certified.when(CERTIFY, by=INSPECTOR).then_nothing()
    certified.when(PLACE, by=ORDERS).then_nothing()
    for other in (replace(CERTIFY, lines=None), replace(CERTIFY, issued_at=later(NOW, -MOMENT))):
        certified.when(other, by=CHAIN).then_refused(errors.OrderKnownOtherwise)
    photo = replace(CERTIFY, kind=EvidenceKind.PHOTO, reference="PR-2")
    certified.when(photo, by=CHAIN).then_refused(errors.Unreasonable)
    elsewhere = replace(CERTIFY, lines=("none",), reference="PR-2")
    certified.when(elsewhere, by=CHAIN).then_refused(errors.UnknownLine)
    Scenario().when(CERTIFY, by=CHAIN).then_refused(errors.UnknownOrder)


def test_what_after_sales_gave_is_folded_per_remedy() -> None:
    """RE-16: the caps are judged by what stands in the order's own stream."""
    refund = RefundGranted(
        ticket="T0-1-1", remedy="R1", line=LINE, amount=yuan(10), cap=PRICE, policy="p"
    )
    payout = PayoutGranted(
        ticket="T0-2-2", remedy="R1", line=LINE, amount=yuan(5), cap=PRICE, policy="p"
    )
    story = given(placed(), refund, payout)
    assert story.order is not None
    assert story.order.grants == {
        "T0-1-1/R1": Grant(line=LINE, amount=yuan(10), refund=True),
        "T0-2-2/R1": Grant(line=LINE, amount=yuan(5), refund=False),
    }
    paid = GrantPaid(ticket="T0-1-1", remedy="R1", line=LINE, amount=yuan(10))
    freed = GrantReleased(ticket="T0-2-2", remedy="R1", line=LINE, amount=yuan(5))
    after = story.given(paid, freed)
    assert after.order is not None
    assert after.order.grants == {
        "T0-1-1/R1": Grant(line=LINE, amount=yuan(10), refund=True, paid=True)
    }
    assert after.order.version == 5
