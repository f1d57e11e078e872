"""Facts on an order's stream: what was bought and paid, and what after-sales gave back."""

from typing import ClassVar

from domain.events.base import OrderEvent
from domain.values import Attachment, EvidenceKind, Instant, Money, OrderLine, RefundTo


class OrderPlaced(OrderEvent, frozen=True):
    """A buyer bought lines of goods from a merchant, at prices, under promises."""

    TOPIC: ClassVar[str] = "order.placed.v1"

    buyer: str
    merchant: str
    lines: tuple[OrderLine, ...]
    placed_at: Instant
    ship_by: Instant | None = None
    deliver_by: Instant | None = None
    live_session: str | None = None
    services: tuple[str, ...] | None = None
    """Marks in the book's words: cross_border, quality_insurance, flash_exchange …"""


class LiveSessionEnded(OrderEvent, frozen=True):
    """The live session in which the order was placed is over (SL-04)."""

    TOPIC: ClassVar[str] = "order.live_session_ended.v1"

    ended_at: Instant


class PageBrowsed(OrderEvent, frozen=True):
    """The buyer looked at a page, before or after buying, as the shop reports it (CL-09)."""

    TOPIC: ClassVar[str] = "order.page_browsed.v1"

    page: str
    """What kind of page it is, as a code: product, size_guide, reviews, returns_help …"""
    browsed_at: Instant
    line: str | None = None
    """The line of the order it is about; absent when it is about none."""


class OrderShipped(OrderEvent, frozen=True):
    """The goods left the merchant."""

    TOPIC: ClassVar[str] = "order.shipped.v1"

    carrier: str
    tracking: str
    shipped_at: Instant
    lines: tuple[str, ...] | None = None
    """The lines in this shipment; absent when it is the whole order."""


class OrderSigned(OrderEvent, frozen=True):
    """The buyer, or somebody for the buyer, signed for the goods."""

    TOPIC: ClassVar[str] = "order.signed.v1"

    tracking: str
    signed_at: Instant


class PaymentSettled(OrderEvent, frozen=True):
    """The payment system has the buyer's money."""

    TOPIC: ClassVar[str] = "payment.settled.v1"

    amount: Money
    reference: str
    settled_at: Instant
    paid_by: RefundTo | None = None
    """Absent where the payment system does not tell: a bank card's longer promise is kept."""


class CertificatePosted(OrderEvent, frozen=True):
    """Who inspected the goods, or keeps their production records, put a report with the order."""

    TOPIC: ClassVar[str] = "order.certificate_posted.v1"

    kind: EvidenceKind
    attachment: Attachment
    issuer: str
    """Who vouches for it, as a pseudonymous reference; the record says who posted it."""
    reference: str
    """Its number with the issuer."""
    issued_at: Instant
    lines: tuple[str, ...] | None = None
    """The lines it is about; absent when it is the whole order."""


class RefundGranted(OrderEvent, frozen=True):
    """A ticket's remedy takes part of what may be refunded on a line."""

    TOPIC: ClassVar[str] = "order.refund_granted.v1"

    ticket: str
    remedy: str
    line: str
    amount: Money
    cap: Money
    """What refunds of the line may come to, all its tickets together."""
    policy: str


class PayoutGranted(OrderEvent, frozen=True):
    """A ticket's remedy takes part of what may be paid or given on top of a line's price."""

    TOPIC: ClassVar[str] = "order.payout_granted.v1"

    ticket: str
    remedy: str
    line: str
    amount: Money
    cap: Money
    policy: str


class GrantReleased(OrderEvent, frozen=True):
    """A remedy was cancelled before it was paid: its part is free again."""

    TOPIC: ClassVar[str] = "order.grant_released.v1"

    ticket: str
    remedy: str
    line: str
    amount: Money


class OverduePayoutOwed(OrderEvent, frozen=True):
    """A promise about the order was broken and costs a share of it, once for the whole order."""

    TOPIC: ClassVar[str] = "order.overdue_payout_owed.v1"

    ticket: str
    clock: str
    row: str
    amount: Money
    policy: str


class GrantPaid(OrderEvent, frozen=True):
    """The money of a remedy moved; its part is used up for good."""

    TOPIC: ClassVar[str] = "order.grant_paid.v1"

    ticket: str
    remedy: str
    line: str
    amount: Money
