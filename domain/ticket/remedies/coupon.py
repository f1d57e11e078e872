"""The coupon: handed out by staff or by the platform itself, and thereby complete."""

from domain.commands import IssueCoupon
from domain.events import CouponIssued, Event
from domain.ticket.context import Context
from domain.ticket.guards import DESK
from domain.ticket.remedies.steps import completed, define, repeated, standing
from domain.ticket.state import RemedyStep, Ticket
from domain.values import ActorKind, RemedyKind

define(IssueCoupon, *DESK, ActorKind.SYSTEM, at={RemedyKind.COUPON: (RemedyStep.ORDERED,)})


def issue_coupon(command: IssueCoupon, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Hand the coupon out at the value that was granted."""
    known = ticket.remedies.get(command.remedy)
    if known is not None and known.terms.amount is not None:
        again = CouponIssued(remedy=command.remedy, coupon=command.coupon, value=known.terms.amount)
        if repeated(command, again, ticket, context):
            return ()
    value = standing(command, ticket, context).terms.amount
    assert value is not None, "a coupon has a value"
    fact = CouponIssued(remedy=command.remedy, coupon=command.coupon, value=value)
    return completed(command, fact, ticket, context)
