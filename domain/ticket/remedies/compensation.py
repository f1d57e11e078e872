"""The compensation: money on top of the price, paid by the payment system."""

from domain.commands import PayCompensation
from domain.events import CompensationPaid, Event
from domain.ticket.remedies.steps import completed, define, standing
from domain.ticket.state import Context, RemedyStep, Ticket
from domain.values import ActorKind, RemedyKind

define(
    PayCompensation,
    ActorKind.PAYMENT,
    at={RemedyKind.COMPENSATION: (RemedyStep.ORDERED,)},
)


def pay_compensation(
    command: PayCompensation, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Take note that the compensation reached the buyer."""
    standing(command, ticket, context)
    fact = CompensationPaid(remedy=command.remedy, reference=command.reference)
    return completed(command, fact, ticket, context)
