"""Facts that order, carrier and payment systems report of an order."""

from domain.commands.base import OrderCommand
from domain.values import Attachment, EvidenceKind, Instant, Money, OrderLine, RefundTo


class PlaceOrder(OrderCommand, frozen=True, kw_only=True):
    """Report an order with its lines, prices and promises."""

    buyer: str
    merchant: str
    lines: tuple[OrderLine, ...]
    placed_at: Instant
    ship_by: Instant | None = None
    deliver_by: Instant | None = None
    live_session: str | None = None
    services: tuple[str, ...] | None = None


class EndLiveSession(OrderCommand, frozen=True, kw_only=True):
    """Report that the live session in which the order was placed is over."""

    ended_at: Instant


class ReportBrowsing(OrderCommand, frozen=True, kw_only=True):
    """Report that the buyer looked at a page, before or after buying."""

    page: str
    browsed_at: Instant
    line: str | None = None


class ShipOrder(OrderCommand, frozen=True, kw_only=True):
    """Report that goods left the merchant."""

    carrier: str
    tracking: str
    shipped_at: Instant
    lines: tuple[str, ...] | None = None


class SignOrder(OrderCommand, frozen=True, kw_only=True):
    """Report that the goods were signed for."""

    tracking: str
    signed_at: Instant


class SettlePayment(OrderCommand, frozen=True, kw_only=True):
    """Report that the buyer's payment is settled."""

    amount: Money
    reference: str
    settled_at: Instant
    paid_by: RefundTo | None = None


class PostCertificate(OrderCommand, frozen=True, kw_only=True):
    """Put an inspection or production record with an order; it is evidence of later tickets."""

    kind: EvidenceKind
    attachment: Attachment
    issuer: str
    reference: str
    issued_at: Instant
    lines: tuple[str, ...] | None = None
    kept_until: Instant | None = None
    """Until when the content is sure to be kept though no fact names it."""
