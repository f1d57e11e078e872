"""The reshipment: what was missing is shipped and delivered."""

from domain.commands import DeliverReshipment, ShipReshipment
from domain.events import Event, ReshipmentDelivered, ReshipmentShipped
from domain.ticket.context import Context
from domain.ticket.remedies.steps import completed, define, moved, repeated, standing
from domain.ticket.state import RemedyStep, Ticket
from domain.values import ActorKind, RemedyKind

define(
    ShipReshipment,
    ActorKind.MERCHANT,
    ActorKind.CARRIER,
    at={RemedyKind.RESHIPMENT: (RemedyStep.ORDERED,)},
)
define(
    DeliverReshipment,
    ActorKind.BUYER,
    ActorKind.CARRIER,
    at={RemedyKind.RESHIPMENT: (RemedyStep.SHIPPED,)},
)


def ship_reshipment(command: ShipReshipment, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Take note that what was missing is on its way."""
    fact = ReshipmentShipped(
        remedy=command.remedy, carrier=command.carrier, tracking=command.tracking
    )
    if repeated(command, fact, ticket, context):
        return ()
    standing(command, ticket, context)
    return moved(command, fact, RemedyStep.SHIPPED, ticket, context)


def deliver_reshipment(
    command: DeliverReshipment, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Take note that what was missing arrived; the reshipment is complete."""
    fact = ReshipmentDelivered(remedy=command.remedy)
    if repeated(command, fact, ticket, context):
        return ()
    standing(command, ticket, context)
    return completed(command, fact, ticket, context)
