"""The refund: initiated at once, settled or failed by the payment system, and initiated again."""

from domain.commands import FailRefund, InitiateRefund, SettleRefund
from domain.events import Event, RefundFailed, RefundInitiated, RefundSettled
from domain.ticket.guards import DESK
from domain.ticket.remedies.steps import completed, define, moved, standing
from domain.ticket.state import Context, RemedyStep, Ticket
from domain.values import ActorKind, RemedyKind

_UNDER_WAY = {
    RemedyKind.REFUND: (RemedyStep.INITIATED,),
    RemedyKind.RETURN: (RemedyStep.INITIATED,),
}

define(
    InitiateRefund,
    *DESK,
    at={
        RemedyKind.REFUND: (RemedyStep.FAILED,),
        RemedyKind.RETURN: (RemedyStep.FAILED, RemedyStep.INSPECTED),
    },
)
define(SettleRefund, ActorKind.PAYMENT, at=_UNDER_WAY)
define(FailRefund, ActorKind.PAYMENT, at=_UNDER_WAY)


def initiate_refund(command: InitiateRefund, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Pay the price back after a failure, or though the returned goods did not pass."""
    amount = standing(command, ticket, context).terms.amount
    assert amount is not None, "a refund has an amount"
    fact = RefundInitiated(remedy=command.remedy, amount=amount)
    return moved(command, fact, RemedyStep.INITIATED, ticket, context)


def settle_refund(command: SettleRefund, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Take note that the price arrived; nothing of the remedy is owed any more."""
    standing(command, ticket, context)
    fact = RefundSettled(remedy=command.remedy, reference=command.reference)
    return completed(command, fact, ticket, context)


def fail_refund(command: FailRefund, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Take note that the price could not be paid back; staff look into it."""
    standing(command, ticket, context)
    fact = RefundFailed(remedy=command.remedy, reason=command.reason)
    return moved(command, fact, RemedyStep.FAILED, ticket, context)
