"""The repair: booked at a workshop, received there, and completed."""

from domain.commands import BookRepair, CompleteRepair, ReceiveRepair
from domain.events import Event, RepairBooked, RepairCompleted, RepairReceived
from domain.ticket.context import Context
from domain.ticket.guards import DESK
from domain.ticket.remedies.steps import completed, define, moved, repeated, standing
from domain.ticket.state import RemedyStep, Ticket
from domain.values import ActorKind, RemedyKind

define(BookRepair, ActorKind.MERCHANT, *DESK, at={RemedyKind.REPAIR: (RemedyStep.ORDERED,)})
define(ReceiveRepair, ActorKind.MERCHANT, *DESK, at={RemedyKind.REPAIR: (RemedyStep.BOOKED,)})
define(CompleteRepair, ActorKind.MERCHANT, *DESK, at={RemedyKind.REPAIR: (RemedyStep.IN_WORKSHOP,)})


def book_repair(command: BookRepair, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Give the repair a workshop and an order of its own."""
    fact = RepairBooked(
        remedy=command.remedy, repair_order=command.repair_order, provider=command.provider
    )
    if repeated(command, fact, ticket, context):
        return ()
    standing(command, ticket, context)
    return moved(command, fact, RemedyStep.BOOKED, ticket, context)


def receive_repair(command: ReceiveRepair, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Take note that the device reached the workshop."""
    fact = RepairReceived(remedy=command.remedy)
    if repeated(command, fact, ticket, context):
        return ()
    standing(command, ticket, context)
    return moved(command, fact, RemedyStep.IN_WORKSHOP, ticket, context)


def complete_repair(command: CompleteRepair, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Take note that the device works again; the repair is complete."""
    fact = RepairCompleted(remedy=command.remedy, finding=command.finding)
    if repeated(command, fact, ticket, context):
        return ()
    standing(command, ticket, context)
    return completed(command, fact, ticket, context)
