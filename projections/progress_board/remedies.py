"""What the facts of enforcement mean on the progress board: the steps and their vouchers."""

from typing import Final

from domain.events import (
    CompensationFailed,
    CompensationInitiated,
    CompensationPaid,
    CouponIssued,
    Event,
    RefundFailed,
    RefundInitiated,
    RefundSettled,
    RemedyCancelled,
    RemedyCompleted,
    RemedyOrdered,
    RepairBooked,
    RepairCompleted,
    RepairReceived,
    ReplacementDelivered,
    ReplacementShipped,
    ReshipmentDelivered,
    ReshipmentShipped,
    ReturnAuthorised,
    ReturnInspected,
    ReturnReceived,
    ReturnShipped,
)
from domain.record import Record
from projections.progress_board.handlers import public_word, reach
from projections.progress_board.rows import (
    VIEW,
    BoardRow,
    NodeKey,
    RemedyShown,
    RemedyStepTaken,
    Voucher,
)
from projections.projection import place


@VIEW.on(RemedyOrdered)
def remedy_ordered(row: BoardRow, record: Record, event: RemedyOrdered) -> None:
    """Something is owed and on its way."""
    reach(row, record, NodeKey.REMEDY_UNDER_WAY)
    row.remedies[event.remedy] = RemedyShown(
        remedy=event.remedy,
        kind=event.terms.kind,
        source=event.source,
        amount=event.terms.amount,
        steps=[],
    )
    _step(row, record, event.remedy, "ordered")


_STEPS: Final[dict[type[Event], str]] = {
    RefundInitiated: "initiated",
    RefundFailed: "failed",
    CompensationInitiated: "initiated",
    CompensationFailed: "failed",
    ReturnAuthorised: "authorised",
    ReturnReceived: "received_back",
    ReturnInspected: "inspected",
    ReplacementDelivered: "delivered",
    RepairReceived: "in_workshop",
    RepairCompleted: "repaired",
    ReshipmentDelivered: "delivered",
    RemedyCompleted: "completed",
    RemedyCancelled: "cancelled",
}


@VIEW.on(*_STEPS)
def remedy_step(row: BoardRow, record: Record, event: RefundInitiated) -> None:
    """A remedy came a step further; all of these facts name their remedy alike."""
    _step(row, record, event.remedy, _STEPS[type(event)])


@VIEW.on(ReturnShipped, ReplacementShipped, ReshipmentShipped)
def goods_shipped(
    row: BoardRow,
    record: Record,
    event: ReturnShipped | ReplacementShipped | ReshipmentShipped,
) -> None:
    """Goods are on their way, and their tracking number is the voucher."""
    _step(row, record, event.remedy, "shipped_back" if type(event) is ReturnShipped else "shipped")
    _voucher(row, record, event.remedy, "tracking", event.tracking, carrier=event.carrier)


@VIEW.on(RepairBooked)
def repair_booked(row: BoardRow, record: Record, event: RepairBooked) -> None:
    """The repair has an order of its own."""
    _step(row, record, event.remedy, "booked")
    _voucher(row, record, event.remedy, "repair_order", event.repair_order)


@VIEW.on(RefundSettled)
def refund_settled(row: BoardRow, record: Record, event: RefundSettled) -> None:
    """The money arrived."""
    _step(row, record, event.remedy, "settled")
    _voucher(row, record, event.remedy, "refund_receipt", event.reference)


@VIEW.on(CompensationPaid)
def compensation_paid(row: BoardRow, record: Record, event: CompensationPaid) -> None:
    """The money arrived."""
    _step(row, record, event.remedy, "paid")
    _voucher(row, record, event.remedy, "payment_receipt", event.reference)


@VIEW.on(CouponIssued)
def coupon_issued(row: BoardRow, record: Record, event: CouponIssued) -> None:
    """The buyer holds the coupon."""
    _step(row, record, event.remedy, "issued")
    _voucher(row, record, event.remedy, "coupon", event.coupon)


def _step(row: BoardRow, record: Record, remedy: str, step: str) -> None:
    word = public_word(record.actor.kind)
    row.remedies[remedy].steps.append(RemedyStepTaken(step, record.at, word, place(record)))


def _voucher(
    row: BoardRow,
    record: Record,
    remedy: str,
    kind: str,
    reference: str,
    *,
    carrier: str | None = None,
) -> None:
    row.remedies[remedy].vouchers.append(
        Voucher(kind, reference, record.at, place(record), carrier)
    )
