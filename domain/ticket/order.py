"""Orders as after-sales needs them: the judgement and the fold of facts other systems post."""

from collections.abc import Iterable
from typing import Final, assert_never

from msgspec.structs import replace

from domain import errors
from domain.commands import (
    EndLiveSession,
    PlaceOrder,
    PostCertificate,
    ReportBrowsing,
    SettlePayment,
    ShipOrder,
    SignOrder,
)
from domain.events import (
    CertificatePosted,
    Event,
    GrantPaid,
    GrantReleased,
    LiveSessionEnded,
    OrderPlaced,
    OrderShipped,
    OrderSigned,
    OverduePayoutOwed,
    PageBrowsed,
    PaymentSettled,
    PayoutGranted,
    RefundGranted,
)
from domain.ticket.context import Context
from domain.ticket.files import require_kept
from domain.ticket.guards import require_past, require_role
from domain.ticket.state import Certificate, Grant, Order, Stamp
from domain.values import ActorKind, EvidenceKind, RefundTo

CERTIFICATES: Final = frozenset(
    {
        EvidenceKind.BATCH_REPORT,
        EvidenceKind.KEY_STEP_CERTIFICATE,
        EvidenceKind.INSPECTION_REPORT,
        EvidenceKind.SENSOR_LOG,
    }
)
"""What third parties vouch for and send with an order (TR-03)."""

AnyOrderCommand = (
    PlaceOrder
    | ReportBrowsing
    | ShipOrder
    | SignOrder
    | SettlePayment
    | PostCertificate
    | EndLiveSession
)
AnyOrderEvent = (
    OrderPlaced
    | PageBrowsed
    | OrderShipped
    | OrderSigned
    | PaymentSettled
    | CertificatePosted
    | LiveSessionEnded
    | RefundGranted
    | PayoutGranted
    | GrantReleased
    | GrantPaid
    | OverduePayoutOwed
)


def decide_order(  # noqa: PLR0911 - a switch has as many branches as commands
    command: AnyOrderCommand, order: Order | None, context: Context
) -> tuple[Event, ...]:
    """Return the facts that follow from another system's report, or raise why they do not."""
    match command:
        case PlaceOrder():
            return place_order(command, order, context)
        case ReportBrowsing():
            return report_browsing(command, order, context)
        case ShipOrder():
            return ship_order(command, order, context)
        case SignOrder():
            return sign_order(command, order, context)
        case SettlePayment():
            return settle_payment(command, order, context)
        case PostCertificate():
            return post_certificate(command, order, context)
        case EndLiveSession():
            return end_live_session(command, order, context)
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
        services=command.services or None,
    )
    if order is None:
        require_past(command.placed_at, context)
        return (placed,)
    if _placed(placed, order.order) != _as_placed(order):
        raise errors.OrderKnownOtherwise
    return ()


def report_browsing(
    command: ReportBrowsing, order: Order | None, context: Context
) -> tuple[Event, ...]:
    """Take in that the buyer looked at a page; the same look again is one fact."""
    require_role(context, ActorKind.ORDERS)
    known = _existing(order)
    seen = PageBrowsed(page=command.page, browsed_at=command.browsed_at, line=command.line)
    if _look(seen) in known.browsed:
        return ()
    require_past(command.browsed_at, context)
    _require_lines(known, () if command.line is None else (command.line,))
    limit = context.book.limit.browsing
    if len(known.browsed) >= limit:
        raise errors.LimitReached(limit=limit)
    return (seen,)


def ship_order(command: ShipOrder, order: Order | None, context: Context) -> tuple[Event, ...]:
    """Take in that goods are on their way; the same parcel again is one fact."""
    require_role(context, ActorKind.ORDERS, ActorKind.CARRIER)
    known = _existing(order)
    if command.tracking in known.tracking:
        return ()
    require_past(command.shipped_at, context)
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
    if command.tracking not in known.tracking:
        raise errors.UnknownParcel
    require_past(command.signed_at, context)
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
    require_past(command.settled_at, context)
    return (
        PaymentSettled(
            amount=command.amount,
            reference=command.reference,
            settled_at=command.settled_at,
            paid_by=command.paid_by,
        ),
    )


def end_live_session(
    command: EndLiveSession, order: Order | None, context: Context
) -> tuple[Event, ...]:
    """Take in that the order's live session is over; another end of it is refused."""
    require_role(context, ActorKind.ORDERS)
    known = _existing(order)
    if known.live_session is None:
        raise errors.Unreasonable("The order was not placed in a live session.")
    if known.live_session_ended_at == command.ended_at:
        return ()
    if known.live_session_ended_at is not None:
        raise errors.OrderKnownOtherwise("The live session is known to have ended at another time.")
    require_past(command.ended_at, context)
    return (LiveSessionEnded(ended_at=command.ended_at),)


def post_certificate(
    command: PostCertificate, order: Order | None, context: Context
) -> tuple[Event, ...]:
    """Put a record with an order; the same one again is one fact, another of its number none."""
    require_role(context, ActorKind.INSPECTOR, ActorKind.CHAIN)
    known = _existing(order)
    if command.kind not in CERTIFICATES:
        raise errors.Unreasonable("What comes with an order is a record of inspection or making.")
    _require_lines(known, command.lines or ())
    require_past(command.issued_at, context)
    posted = CertificatePosted(
        kind=command.kind,
        attachment=command.attachment,
        issuer=command.issuer,
        reference=command.reference,
        issued_at=command.issued_at,
        lines=command.lines,
    )
    before = known.certificates.get(f"{command.issuer}/{command.reference}")
    if before is not None:
        if before != _certificate(posted, before.posted_by):
            raise errors.OrderKnownOtherwise("The certificate is known with other content.")
        return ()
    require_kept(command.kept_until, context)
    limit = context.book.limit.certificates
    if len(known.certificates) >= limit:
        raise errors.LimitReached(limit=limit)
    return (posted,)


def evolve_order(order: Order | None, event: Event, stamp: Stamp) -> Order:
    """Return the order after one more fact of its stream; a fact is never refused."""
    if isinstance(event, OrderPlaced):
        assert order is None, "an order is placed once"
        assert stamp.version == 1, "an order's first fact is that it was placed"
        return _placed(event, stamp.subject)
    assert order is not None, "an order's first fact is that it was placed"
    assert stamp.version == order.version + 1, "facts are applied in order, without gaps"
    after = _evolved(order, event, stamp)
    return replace(after, version=stamp.version)


def fold_order(facts: Iterable[tuple[Event, Stamp]], order: Order | None = None) -> Order | None:
    """Return the order after these facts, in order."""
    for event, stamp in facts:
        order = evolve_order(order, event, stamp)
    return order


def _evolved(  # noqa: PLR0911 - a switch has as many branches as events
    order: Order, event: Event, stamp: Stamp
) -> Order:
    """Return the order after a fact, but for its version."""
    match event:
        case PageBrowsed():
            return replace(order, browsed=order.browsed | {_look(event)})
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
            paid_by = event.paid_by or order.paid_by
            return replace(order, settled=total, payments=payments, paid_by=paid_by)
        case LiveSessionEnded():
            return replace(order, live_session_ended_at=event.ended_at)
        case CertificatePosted():
            name = f"{event.issuer}/{event.reference}"
            one = _certificate(event, stamp.actor.kind)
            return replace(order, certificates={**order.certificates, name: one})
        case RefundGranted() | PayoutGranted():
            refund = isinstance(event, RefundGranted)
            grant = Grant(line=event.line, amount=event.amount, refund=refund)
            return _granted(order, event.ticket, event.remedy, grant)
        case GrantReleased():
            name = f"{event.ticket}/{event.remedy}"
            grants = {one: grant for one, grant in order.grants.items() if one != name}
            return replace(order, grants=grants)
        case OverduePayoutOwed():
            return replace(order, overdue={**order.overdue, event.row: event.ticket})
        case GrantPaid():
            paid = replace(order.grants[f"{event.ticket}/{event.remedy}"], paid=True)
            return _granted(order, event.ticket, event.remedy, paid)
        case _:
            raise AssertionError("an order's stream holds facts about orders")


def _look(event: PageBrowsed) -> str:
    return f"{event.page}/{event.line or ''}/{event.browsed_at}"


def _granted(order: Order, ticket: str, remedy: str, grant: Grant) -> Order:
    return replace(order, grants={**order.grants, f"{ticket}/{remedy}": grant})


def _certificate(event: CertificatePosted, posted_by: ActorKind) -> Certificate:
    return Certificate(
        kind=event.kind,
        attachment=event.attachment,
        issued_at=event.issued_at,
        lines=event.lines,
        posted_by=posted_by,
    )


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
        services=event.services or (),
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
        paid_by=RefundTo.CARD,
        live_session_ended_at=None,
        browsed=frozenset(),
        payments={},
        overdue={},
        certificates={},
        grants={},
    )


def _existing(order: Order | None) -> Order:
    if order is None:
        raise errors.UnknownOrder
    return order


def _require_lines(order: Order, lines: Iterable[str]) -> None:
    if any(line not in order.lines for line in lines):
        raise errors.UnknownLine
