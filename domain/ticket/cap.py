"""The caps of RE-16: what an order line may still be given, all its tickets together."""

from collections.abc import Mapping

from domain import errors
from domain.events import PayoutGranted, RefundGranted
from domain.policies.book import Book
from domain.ticket.context import Context
from domain.ticket.state import Grant, Order
from domain.values import Money, OrderLine, RemedyKind, Terms

PRICE_BACK = frozenset({RemedyKind.REFUND, RemedyKind.RETURN})
"""Remedies that give the price back; they count against the refund cap."""
ON_TOP = frozenset({RemedyKind.COMPENSATION, RemedyKind.COUPON})
"""Remedies that give something beside the price; they count against the payout cap."""


def grant_key(ticket: str, remedy: str) -> str:
    """Return the name under which an order keeps what a remedy took of it."""
    return f"{ticket}/{remedy}"


def left(line: OrderLine, grants: Mapping[str, Grant], book: Book, *, refund: bool) -> Money:
    """Return what refunds of a line, or else payouts, may still take."""
    whole = book.refund_cap(line.paid) if refund else book.payout_cap(line.paid)
    taken = sum(
        grant.amount.amount_minor
        for grant in grants.values()
        if grant.line == line.line and grant.refund is refund
    )
    return Money(max(0, whole.amount_minor - taken), whole.currency)


def granted(
    terms: Terms, remedy: str, grants: Mapping[str, Grant], order: Order, context: Context
) -> RefundGranted | PayoutGranted:
    """Return the fact that a remedy takes its amount of a line, or refuse it above the cap.

    `grants` are those that stand, with what the same decision granted or released before.
    """
    assert terms.line is not None, "money is given on a line"
    assert terms.amount is not None, "money is given as an amount"
    line = order.lines[terms.line]
    if terms.amount.currency != line.paid.currency:
        raise errors.CurrencyDiffers
    refund = terms.kind in PRICE_BACK
    room = left(line, grants, context.book, refund=refund)
    if terms.amount.amount_minor > room.amount_minor:
        raise errors.CapExceeded(
            line=line.line, left_minor=room.amount_minor, currency=room.currency
        )
    return taken(terms, remedy, order, context)


def taken(
    terms: Terms, remedy: str, order: Order, context: Context
) -> RefundGranted | PayoutGranted:
    """Return the fact that a remedy takes its amount of a line, whatever is left of it."""
    assert terms.line is not None, "money is given on a line"
    assert terms.amount is not None, "money is given as an amount"
    line, refund = order.lines[terms.line], terms.kind in PRICE_BACK
    fact = RefundGranted if refund else PayoutGranted
    whole = context.book.refund_cap if refund else context.book.payout_cap
    return fact(
        ticket=context.ticket,
        remedy=remedy,
        line=line.line,
        amount=terms.amount,
        cap=whole(line.paid),
        policy=context.book.version,
    )
