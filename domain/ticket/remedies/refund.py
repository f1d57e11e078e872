"""The refund: initiated at once, settled or failed by the payment system, and initiated again."""

from typing import Final

from domain.commands import FailRefund, InitiateRefund, SettleRefund
from domain.events import Event, RefundFailed, RefundInitiated, RefundSettled
from domain.ticket.context import Context
from domain.ticket.guards import DESK
from domain.ticket.remedies import payment
from domain.ticket.remedies.ordering import refunds_to
from domain.ticket.remedies.steps import define, moved, standing
from domain.ticket.state import RemedyStep, Ticket
from domain.values import ActorKind, RemedyKind

_KINDS: Final = (RemedyKind.REFUND, RemedyKind.RETURN)

define(
    InitiateRefund,
    *DESK,
    at={
        RemedyKind.REFUND: (RemedyStep.FAILED,),
        RemedyKind.RETURN: (RemedyStep.FAILED, RemedyStep.INSPECTED),
    },
)
define(
    SettleRefund,
    ActorKind.PAYMENT,
    at=payment.at(_KINDS, *payment.ARRIVES),
    also=payment.was_told,
)
define(FailRefund, ActorKind.PAYMENT, at=payment.at(_KINDS, RemedyStep.INITIATED))


def initiate_refund(command: InitiateRefund, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Pay the price back after a failure, or though the returned goods did not pass."""
    amount = standing(command, ticket, context).terms.amount
    assert amount is not None, "a refund has an amount"
    fact = RefundInitiated(remedy=command.remedy, amount=amount, to=refunds_to(context))
    return moved(command, fact, RemedyStep.INITIATED, ticket, context)


def settle_refund(command: SettleRefund, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Take note that the price arrived; nothing of the remedy is owed any more."""
    fact = RefundSettled(remedy=command.remedy, reference=command.reference)
    return payment.arrived(command, fact, ticket, context)


def fail_refund(command: FailRefund, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Take note that the price could not be paid back; staff look into it."""
    fact = RefundFailed(remedy=command.remedy, reason=command.reason)
    return payment.failed(command, fact, ticket, context)
