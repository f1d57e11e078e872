"""Orders as after-sales needs them: the judgement and the fold of facts other systems post."""

from collections.abc import Iterable
from typing import assert_never

from msgspec.structs import replace

from domain import errors
from domain.commands import PlaceOrder, SettlePayment, ShipOrder, SignOrder
from domain.events import (
    Event,
    GrantPaid,
    GrantReleased,
    OrderPlaced,
    OrderShipped,
    OrderSigned,
    PaymentSettled,
    PayoutGranted,
    RefundGranted,
)
from domain.ticket.guards import require_role
from domain.ticket.state import Context, Grant, Order, Stamp
from domain.values import ActorKind

AnyOrderCommand = PlaceOrder | ShipOrder | SignOrder | SettlePayment
AnyOrderEvent = (
    OrderPlaced
    | OrderShipped
    | OrderSigned
    | PaymentSettled
    | RefundGranted
    | PayoutGranted
    | GrantReleased
    | GrantPaid
)


def decide_order(
    command: AnyOrderCommand, order: Order | None, context: Context
) -> tuple[Event, ...]:
    """Return the facts that follow from another system's report, or raise why they do not."""
    match command:
        case PlaceOrder():
            return place_order(command, order, context)
        case ShipOrder():
            return ship_order(command, order, context)
        case SignOrder():
            return sign_order(command, order, context)
        case SettlePayment():
            return settle_payment(command, order, context)
        case _:
            assert_never(command)


def place_order(command: PlaceOrder, order: Order | None, context: Context) -> tuple[Event, ...]:
    """Take an order in once; the same order again is one fact, another of its id is refused."""
    require_role(context, ActorKind.ORDERS)
    if not command.lines:
        raise errors.Unreasonable("An order has at least one line.")
    if len({line.line for line in command.lines}) < len(command.lines):
        raise errors.Unreasonable("An order names each line once.")
    if len({line.paid.currency for line in command.lines}) > 1:
        raise errors.CurrencyDiffers("An order is paid in one currency.")
    if any(line.paid.amount_minor < 0 or line.quantity < 1 for line in command.lines):
        raise errors.Unreasonable("A line has a quantity, and a price that is not negative.")
    placed = OrderPlaced(
        buyer=command.buyer,
        merchant=command.merchant,
        lines=command.lines,
        placed_at=command.placed_at,
        ship_by=command.ship_by,
        deliver_by=command.deliver_by,
        live_session=command.live_session,
    )
    if order is None:
        return (placed,)
    if _placed(placed, order.order) != _as_placed(order):
        raise errors.OrderKnownOtherwise
    return ()


def ship_order(command: ShipOrder, order: Order | None, context: Context) -> tuple[Event, ...]:
    """Take in that goods are on their way; the same parcel again is one fact."""
    require_role(context, ActorKind.ORDERS, ActorKind.CARRIER)
    known = _existing(order)
    if command.tracking in known.tracking:
        return ()
    _require_lines(known, command.lines or ())
    return (
        OrderShipped(
            carrier=command.carrier,
            tracking=command.tracking,
            shipped_at=command.shipped_at,
            lines=command.lines,
        ),
    )


def sign_order(command: SignOrder, order: Order | None, context: Context) -> tuple[Event, ...]:
    """Take in that a parcel was signed for; the same signature again is one fact."""
    require_role(context, ActorKind.ORDERS, ActorKind.CARRIER)
    known = _existing(order)
    if known.signatures.get(command.tracking) == command.signed_at:
        return ()
    if command.tracking in known.signatures:
        raise errors.OrderKnownOtherwise("The parcel was signed for at another time.")
    return (OrderSigned(tracking=command.tracking, signed_at=command.signed_at),)


def settle_payment(
    command: SettlePayment, order: Order | None, context: Context
) -> tuple[Event, ...]:
    """Take in that the buyer's money is there; the same payment again is one fact."""
    require_role(context, ActorKind.ORDERS, ActorKind.PAYMENT)
    known = _existing(order)
    settled = known.payments.get(command.reference)
    if settled == command.amount:
        return ()
    if settled is not None:
        raise errors.OrderKnownOtherwise("The payment is known with another amount.")
    if command.amount.amount_minor <= 0:
        raise errors.AmountRequired("A payment is an amount above zero.")
    if command.amount.currency != next(iter(known.lines.values())).paid.currency:
        raise errors.CurrencyDiffers
    return (
        PaymentSettled(
            amount=command.amount, reference=command.reference, settled_at=command.settled_at
        ),
    )


def evolve_order(order: Order | None, event: Event, stamp: Stamp) -> Order:
    """Return the order after one more fact of its stream; a fact is never refused."""
    if isinstance(event, OrderPlaced):
        assert order is None, "an order is placed once"
        assert stamp.version == 1, "an order's first fact is that it was placed"
        return _placed(event, stamp.subject)
    assert order is not None, "an order's first fact is that it was placed"
    assert stamp.version == order.version + 1, "facts are applied in order, without gaps"
    after = _evolved(order, event)
    return replace(after, version=stamp.version)


def fold_order(facts: Iterable[tuple[Event, Stamp]], order: Order | None = None) -> Order | None:
    """Return the order after these facts, in order."""
    for event, stamp in facts:
        order = evolve_order(order, event, stamp)
    return order


def _evolved(order: Order, event: Event) -> Order:
    """Return the order after a fact, but for its version."""
    match event:
        case OrderShipped():
            return replace(
                order,
                shipped_at=order.shipped_at or event.shipped_at,
                tracking=(*order.tracking, event.tracking),
            )
        case OrderSigned():
            # The days for a return run from the last parcel.
            return replace(
                order,
                signed_at=max(order.signed_at or event.signed_at, event.signed_at),
                signatures={**order.signatures, event.tracking: event.signed_at},
            )
        case PaymentSettled():
            total = event.amount if order.settled is None else order.settled + event.amount
            payments = {**order.payments, event.reference: event.amount}
            return replace(order, settled=total, payments=payments)
        case RefundGranted() | PayoutGranted():
            refund = isinstance(event, RefundGranted)
            grant = Grant(line=event.line, amount=event.amount, refund=refund)
            return _granted(order, event.ticket, event.remedy, grant)
        case GrantReleased():
            name = f"{event.ticket}/{event.remedy}"
            grants = {one: grant for one, grant in order.grants.items() if one != name}
            return replace(order, grants=grants)
        case GrantPaid():
            paid = replace(order.grants[f"{event.ticket}/{event.remedy}"], paid=True)
            return _granted(order, event.ticket, event.remedy, paid)
        case _:
            raise AssertionError("an order's stream holds facts about orders")


def _granted(order: Order, ticket: str, remedy: str, grant: Grant) -> Order:
    return replace(order, grants={**order.grants, f"{ticket}/{remedy}": grant})


def _placed(event: OrderPlaced, order: str) -> Order:
    return Order(
        order=order,
        version=1,
        buyer=event.buyer,
        merchant=event.merchant,
        lines={line.line: line for line in event.lines},
        placed_at=event.placed_at,
        ship_by=event.ship_by,
        deliver_by=event.deliver_by,
        live_session=event.live_session,
    )


def _as_placed(order: Order) -> Order:
    """Return the order as it was when it had been placed and nothing else."""
    return replace(
        order,
        version=1,
        shipped_at=None,
        signed_at=None,
        tracking=(),
        signatures={},
        settled=None,
        payments={},
        grants={},
    )


def _existing(order: Order | None) -> Order:
    if order is None:
        raise errors.UnknownOrder
    return order


def _require_lines(order: Order, lines: Iterable[str]) -> None:
    if any(line not in order.lines for line in lines):
        raise errors.UnknownLine
