"""Intentions of enforcement: the steps of each remedy."""

from typing import ClassVar

from domain.commands.base import TicketCommand
from domain.values import Terms


class GrantRemedy(TicketCommand, frozen=True, kw_only=True):
    """Grant a remedy for the platform, out of goodwill, within the book's authority."""

    NEEDS_VERSION: ClassVar[bool] = True
    MOVES_MONEY: ClassVar[bool] = True

    terms: Terms


class RemedyCommand(TicketCommand, frozen=True, kw_only=True):
    """One step of one remedy."""

    remedy: str


class InitiateRefund(RemedyCommand, frozen=True, kw_only=True):
    """Tell the payment system to pay the price back."""

    NEEDS_VERSION: ClassVar[bool] = True
    MOVES_MONEY: ClassVar[bool] = True


class SettleRefund(RemedyCommand, frozen=True, kw_only=True):
    """Report, as the payment system, that the refund arrived."""

    reference: str


class FailRefund(RemedyCommand, frozen=True, kw_only=True):
    """Report, as the payment system, that the refund failed."""

    reason: str


class AuthoriseReturn(RemedyCommand, frozen=True, kw_only=True):
    """Let the buyer send the goods, by pick_up, drop_off or prepaid_label."""

    path: str
    label: str | None = None


class ShipReturn(RemedyCommand, frozen=True, kw_only=True):
    """Send the goods back."""

    carrier: str
    tracking: str


class ReceiveReturn(RemedyCommand, frozen=True, kw_only=True):
    """Take the returned goods in."""


class InspectReturn(RemedyCommand, frozen=True, kw_only=True):
    """Say what the returned goods turned out to be."""

    passed: bool
    finding: str


class ShipReplacement(RemedyCommand, frozen=True, kw_only=True):
    """Send the replacement of an exchange."""

    carrier: str
    tracking: str


class DeliverReplacement(RemedyCommand, frozen=True, kw_only=True):
    """Report that the replacement arrived."""


class BookRepair(RemedyCommand, frozen=True, kw_only=True):
    """Give the repair a workshop and an order of its own."""

    repair_order: str
    provider: str


class ReceiveRepair(RemedyCommand, frozen=True, kw_only=True):
    """Report that the device reached the workshop."""


class CompleteRepair(RemedyCommand, frozen=True, kw_only=True):
    """Report that the device works again."""

    finding: str


class ShipReshipment(RemedyCommand, frozen=True, kw_only=True):
    """Send what was missing."""

    carrier: str
    tracking: str


class DeliverReshipment(RemedyCommand, frozen=True, kw_only=True):
    """Report that what was missing arrived."""


class IssueCoupon(RemedyCommand, frozen=True, kw_only=True):
    """Hand the coupon out."""

    MOVES_MONEY: ClassVar[bool] = True

    coupon: str


class InitiateCompensation(RemedyCommand, frozen=True, kw_only=True):
    """Tell the payment system again to pay a compensation."""

    NEEDS_VERSION: ClassVar[bool] = True
    MOVES_MONEY: ClassVar[bool] = True


class FailCompensation(RemedyCommand, frozen=True, kw_only=True):
    """Report, as the payment system, that a compensation failed."""

    reason: str


class PayCompensation(RemedyCommand, frozen=True, kw_only=True):
    """Report, as the payment system, that a compensation was paid."""

    reference: str


class CancelRemedy(RemedyCommand, frozen=True, kw_only=True):
    """Take a remedy off that is no longer owed, before money moved."""

    why: str
