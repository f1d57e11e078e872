"""The exchange after the goods came back: the replacement is shipped and delivered."""

from domain.commands import DeliverReplacement, ShipReplacement
from domain.events import Event, ReplacementDelivered, ReplacementShipped
from domain.ticket.context import Context
from domain.ticket.remedies.steps import completed, define, moved, repeated, standing
from domain.ticket.state import RemedyStep, Ticket
from domain.values import ActorKind, RemedyKind

define(
    ShipReplacement,
    ActorKind.MERCHANT,
    ActorKind.CARRIER,
    at={RemedyKind.EXCHANGE: (RemedyStep.RECEIVED_BACK,)},
)
define(
    DeliverReplacement,
    ActorKind.BUYER,
    ActorKind.CARRIER,
    at={RemedyKind.EXCHANGE: (RemedyStep.SHIPPED,)},
)


def ship_replacement(
    command: ShipReplacement, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Take note that the replacement is on its way."""
    fact = ReplacementShipped(
        remedy=command.remedy, carrier=command.carrier, tracking=command.tracking
    )
    if repeated(command, fact, ticket, context):
        return ()
    standing(command, ticket, context)
    return moved(command, fact, RemedyStep.SHIPPED, ticket, context)


def deliver_replacement(
    command: DeliverReplacement, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Take note that the replacement arrived; the exchange is complete."""
    fact = ReplacementDelivered(remedy=command.remedy)
    if repeated(command, fact, ticket, context):
        return ()
    standing(command, ticket, context)
    return completed(command, fact, ticket, context)
