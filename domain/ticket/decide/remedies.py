"""The switch over the commands about remedies: which judge decides; no rule lives here."""

from typing import assert_never

from domain.commands import (
    AuthoriseReturn,
    BookRepair,
    CancelRemedy,
    CompleteRepair,
    DeliverReplacement,
    DeliverReshipment,
    FailCompensation,
    FailRefund,
    GrantRemedy,
    InitiateCompensation,
    InitiateRefund,
    InspectReturn,
    IssueCoupon,
    PayCompensation,
    ReceiveRepair,
    ReceiveReturn,
    SettleRefund,
    ShipReplacement,
    ShipReshipment,
    ShipReturn,
)
from domain.events import Event
from domain.ticket import remedies
from domain.ticket.context import Context
from domain.ticket.state import Ticket

RemedyStepCommand = (
    GrantRemedy
    | InitiateRefund
    | SettleRefund
    | FailRefund
    | AuthoriseReturn
    | ShipReturn
    | ReceiveReturn
    | InspectReturn
    | ShipReplacement
    | DeliverReplacement
    | BookRepair
    | ReceiveRepair
    | CompleteRepair
    | ShipReshipment
    | DeliverReshipment
    | IssueCoupon
    | InitiateCompensation
    | PayCompensation
    | FailCompensation
    | CancelRemedy
)


def decide_remedy(
    command: RemedyStepCommand, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Return the facts that follow on a ticket from one of these commands."""
    match command:
        case GrantRemedy():
            return remedies.grant_remedy(command, ticket, context)
        case InitiateRefund():
            return remedies.initiate_refund(command, ticket, context)
        case SettleRefund():
            return remedies.settle_refund(command, ticket, context)
        case FailRefund():
            return remedies.fail_refund(command, ticket, context)
        case AuthoriseReturn():
            return remedies.authorise_return(command, ticket, context)
        case ShipReturn():
            return remedies.ship_return(command, ticket, context)
        case ReceiveReturn():
            return remedies.receive_return(command, ticket, context)
        case InspectReturn():
            return remedies.inspect_return(command, ticket, context)
        case ShipReplacement():
            return remedies.ship_replacement(command, ticket, context)
        case DeliverReplacement():
            return remedies.deliver_replacement(command, ticket, context)
        case BookRepair():
            return remedies.book_repair(command, ticket, context)
        case ReceiveRepair():
            return remedies.receive_repair(command, ticket, context)
        case CompleteRepair():
            return remedies.complete_repair(command, ticket, context)
        case ShipReshipment():
            return remedies.ship_reshipment(command, ticket, context)
        case DeliverReshipment():
            return remedies.deliver_reshipment(command, ticket, context)
        case IssueCoupon():
            return remedies.issue_coupon(command, ticket, context)
        case InitiateCompensation():
            return remedies.initiate_compensation(command, ticket, context)
        case PayCompensation():
            return remedies.pay_compensation(command, ticket, context)
        case FailCompensation():
            return remedies.fail_compensation(command, ticket, context)
        case CancelRemedy():
            return remedies.cancel_remedy(command, ticket, context)
        case _:
            assert_never(command)
