"""The way back of goods, in a return or an exchange: authorised, shipped, received, inspected."""

from typing import Final

from domain import errors
from domain.commands import AuthoriseReturn, InspectReturn, ReceiveReturn, ShipReturn
from domain.events import (
    Event,
    RefundInitiated,
    ReturnAuthorised,
    ReturnInspected,
    ReturnReceived,
    ReturnShipped,
)
from domain.ticket.context import Context
from domain.ticket.guards import DESK
from domain.ticket.remedies.ordering import refunds_to
from domain.ticket.remedies.steps import define, moved, repeated, standing
from domain.ticket.state import RemedyStep, Ticket
from domain.values import ActorKind, RemedyKind

PATHS: Final = frozenset({"pick_up", "drop_off", "prepaid_label"})
"""How goods go back (RE-01)."""


def _goods_at(step: RemedyStep) -> dict[RemedyKind, tuple[RemedyStep, ...]]:
    return {RemedyKind.RETURN: (step,), RemedyKind.EXCHANGE: (step,)}


define(AuthoriseReturn, ActorKind.MERCHANT, *DESK, at=_goods_at(RemedyStep.ORDERED))
define(ShipReturn, ActorKind.BUYER, ActorKind.CARRIER, at=_goods_at(RemedyStep.AUTHORISED))
define(
    ReceiveReturn, ActorKind.MERCHANT, ActorKind.INSPECTOR, at=_goods_at(RemedyStep.SHIPPED_BACK)
)
define(
    InspectReturn,
    ActorKind.MERCHANT,
    ActorKind.INSPECTOR,
    at={RemedyKind.RETURN: (RemedyStep.RECEIVED_BACK,)},
)


def authorise_return(
    command: AuthoriseReturn, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Let the buyer send the goods by a path of the house."""
    standing(command, ticket, context)
    if command.path not in PATHS:
        raise errors.Unreasonable("Goods go back by pick_up, drop_off or prepaid_label.")
    fact = ReturnAuthorised(remedy=command.remedy, path=command.path, label=command.label)
    return moved(command, fact, RemedyStep.AUTHORISED, ticket, context)


def ship_return(command: ShipReturn, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Take note that the goods are on their way back."""
    fact = ReturnShipped(remedy=command.remedy, carrier=command.carrier, tracking=command.tracking)
    if repeated(command, fact, ticket, context):
        return ()
    standing(command, ticket, context)
    return moved(command, fact, RemedyStep.SHIPPED_BACK, ticket, context)


def receive_return(command: ReceiveReturn, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Take note that the goods are back."""
    fact = ReturnReceived(remedy=command.remedy)
    if repeated(command, fact, ticket, context):
        return ()
    standing(command, ticket, context)
    return moved(command, fact, RemedyStep.RECEIVED_BACK, ticket, context)


def inspect_return(command: InspectReturn, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Pay back when the goods passed; else staff decide whether it is still owed."""
    fact = ReturnInspected(remedy=command.remedy, passed=command.passed, finding=command.finding)
    if repeated(command, fact, ticket, context):
        return ()
    amount = standing(command, ticket, context).terms.amount
    if not command.passed:
        return moved(command, fact, RemedyStep.INSPECTED, ticket, context)
    assert amount is not None, "a return has an amount"
    refund = RefundInitiated(remedy=command.remedy, amount=amount, to=refunds_to(context))
    return (fact, *moved(command, refund, RemedyStep.INITIATED, ticket, context))
