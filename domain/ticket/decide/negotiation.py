"""The switch over the commands about offers: which judge decides; no rule lives here."""

from typing import assert_never

from domain.commands import (
    AcceptOffer,
    CounterOffer,
    DeclineOffer,
    MakeOffer,
    RequestIntervention,
    WithdrawOffer,
)
from domain.events import Event
from domain.ticket import negotiation
from domain.ticket.context import Context
from domain.ticket.state import Ticket

NegotiationCommand = (
    MakeOffer | CounterOffer | AcceptOffer | DeclineOffer | WithdrawOffer | RequestIntervention
)


def decide_negotiation(
    command: NegotiationCommand, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Return the facts that follow on a ticket from one of these commands."""
    match command:
        case MakeOffer():
            return negotiation.make_offer(command, ticket, context)
        case CounterOffer():
            return negotiation.counter_offer(command, ticket, context)
        case AcceptOffer():
            return negotiation.accept_offer(command, ticket, context)
        case DeclineOffer():
            return negotiation.decline_offer(command, ticket, context)
        case WithdrawOffer():
            return negotiation.withdraw_offer(command, ticket, context)
        case RequestIntervention():
            return negotiation.request_intervention(command, ticket, context)
        case _:
            assert_never(command)
