"""Facts of enforcement: each remedy is a sub-flow with steps of its own."""

from typing import ClassVar

from domain.events.base import TicketEvent
from domain.values import Money, RefundTo, Terms


class RemedyOrdered(TicketEvent, frozen=True):
    """A remedy is owed from now on."""

    TOPIC: ClassVar[str] = "remedy.ordered.v1"

    remedy: str
    terms: Terms
    source: str
    """What it is owed by: approval, settlement, ruling, appeal, goodwill."""
    policy: str
    approved_by: str | None = None


class RefundInitiated(TicketEvent, frozen=True):
    """The payment system was told to give the price back."""

    TOPIC: ClassVar[str] = "refund.initiated.v1"

    remedy: str
    amount: Money
    to: RefundTo | None = None
    """Absent on refunds older than the distinction: a bank card's longer promise is theirs."""


class RefundSettled(TicketEvent, frozen=True):
    """The price arrived where it came from."""

    TOPIC: ClassVar[str] = "refund.settled.v1"

    remedy: str
    reference: str


class RefundFailed(TicketEvent, frozen=True):
    """The payment system could not give the price back; it is initiated again."""

    TOPIC: ClassVar[str] = "refund.failed.v1"

    remedy: str
    reason: str


class ReturnAuthorised(TicketEvent, frozen=True):
    """The buyer may send the goods, by a stated path (RMA)."""

    TOPIC: ClassVar[str] = "return.authorised.v1"

    remedy: str
    path: str
    """pick_up, drop_off or prepaid_label."""
    label: str | None = None


class ReturnShipped(TicketEvent, frozen=True):
    """The goods are on their way back."""

    TOPIC: ClassVar[str] = "return.shipped.v1"

    remedy: str
    carrier: str
    tracking: str


class ReturnReceived(TicketEvent, frozen=True):
    """The goods are back."""

    TOPIC: ClassVar[str] = "return.received.v1"

    remedy: str


class ReturnInspected(TicketEvent, frozen=True):
    """What the returned goods turned out to be."""

    TOPIC: ClassVar[str] = "return.inspected.v1"

    remedy: str
    passed: bool
    finding: str


class ReplacementShipped(TicketEvent, frozen=True):
    """The replacement is on its way."""

    TOPIC: ClassVar[str] = "replacement.shipped.v1"

    remedy: str
    carrier: str
    tracking: str


class ReplacementDelivered(TicketEvent, frozen=True):
    """The replacement arrived."""

    TOPIC: ClassVar[str] = "replacement.delivered.v1"

    remedy: str


class RepairBooked(TicketEvent, frozen=True):
    """A repair has a place and an order of its own."""

    TOPIC: ClassVar[str] = "repair.booked.v1"

    remedy: str
    repair_order: str
    provider: str


class RepairReceived(TicketEvent, frozen=True):
    """The device reached the workshop."""

    TOPIC: ClassVar[str] = "repair.received.v1"

    remedy: str


class RepairCompleted(TicketEvent, frozen=True):
    """The device works again."""

    TOPIC: ClassVar[str] = "repair.completed.v1"

    remedy: str
    finding: str


class ReshipmentShipped(TicketEvent, frozen=True):
    """What was missing is on its way."""

    TOPIC: ClassVar[str] = "reshipment.shipped.v1"

    remedy: str
    carrier: str
    tracking: str


class ReshipmentDelivered(TicketEvent, frozen=True):
    """What was missing arrived."""

    TOPIC: ClassVar[str] = "reshipment.delivered.v1"

    remedy: str


class CouponIssued(TicketEvent, frozen=True):
    """The buyer holds the coupon."""

    TOPIC: ClassVar[str] = "coupon.issued.v1"

    remedy: str
    coupon: str
    value: Money


class CompensationInitiated(TicketEvent, frozen=True):
    """The payment system was told to pay money on top of the price."""

    TOPIC: ClassVar[str] = "compensation.initiated.v1"

    remedy: str
    amount: Money


class CompensationFailed(TicketEvent, frozen=True):
    """The payment system could not pay the compensation; it is initiated again or taken off."""

    TOPIC: ClassVar[str] = "compensation.failed.v1"

    remedy: str
    reason: str


class CompensationPaid(TicketEvent, frozen=True):
    """Money on top of the price reached the buyer."""

    TOPIC: ClassVar[str] = "compensation.paid.v1"

    remedy: str
    reference: str


class RemedyCompleted(TicketEvent, frozen=True):
    """Nothing of this remedy is owed any more."""

    TOPIC: ClassVar[str] = "remedy.completed.v1"

    remedy: str


class RemedyCancelled(TicketEvent, frozen=True):
    """The remedy is no longer owed; what it held of the order is free again."""

    TOPIC: ClassVar[str] = "remedy.cancelled.v1"

    remedy: str
    why: str
