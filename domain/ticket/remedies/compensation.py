"""The compensation, money on top of the price: initiated at once, paid or failed, like a refund."""

from typing import Final

from domain.commands import FailCompensation, InitiateCompensation, PayCompensation
from domain.events import CompensationFailed, CompensationInitiated, CompensationPaid, Event
from domain.ticket.context import Context
from domain.ticket.guards import DESK
from domain.ticket.remedies import payment
from domain.ticket.remedies.steps import define, moved, standing
from domain.ticket.state import RemedyStep, Ticket
from domain.values import ActorKind, RemedyKind

_KINDS: Final = (RemedyKind.COMPENSATION,)

# One ordered before compensations were initiated at once is initiated by the desk.
define(InitiateCompensation, *DESK, at=payment.at(_KINDS, RemedyStep.FAILED, RemedyStep.ORDERED))
define(
    PayCompensation,
    ActorKind.PAYMENT,
    at=payment.at(_KINDS, *payment.ARRIVES),
    also=payment.was_told,
)
define(FailCompensation, ActorKind.PAYMENT, at=payment.at(_KINDS, RemedyStep.INITIATED))


def initiate_compensation(
    command: InitiateCompensation, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Tell the payment system to pay, once more after a failure."""
    amount = standing(command, ticket, context).terms.amount
    assert amount is not None, "a compensation has an amount"
    fact = CompensationInitiated(remedy=command.remedy, amount=amount)
    return moved(command, fact, RemedyStep.INITIATED, ticket, context)


def pay_compensation(
    command: PayCompensation, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Take note that the compensation reached the buyer."""
    fact = CompensationPaid(remedy=command.remedy, reference=command.reference)
    return payment.arrived(command, fact, ticket, context)


def fail_compensation(
    command: FailCompensation, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Take note that the compensation could not be paid; staff look into it."""
    fact = CompensationFailed(remedy=command.remedy, reason=command.reason)
    return payment.failed(command, fact, ticket, context)
