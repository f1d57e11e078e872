"""The switch over the commands about a ticket: which subject decides; no rule lives here."""

from typing import assert_never

from domain import errors
from domain.commands import ImportRow, OpenTicket
from domain.events import Event
from domain.ticket import history, opening
from domain.ticket.context import Context
from domain.ticket.decide.arbitration import ArbitrationCommand, decide_arbitration
from domain.ticket.decide.closing import ClosingCommand, decide_closing
from domain.ticket.decide.evidence import EvidenceCommand, decide_evidence
from domain.ticket.decide.intake import IntakeCommand, decide_intake
from domain.ticket.decide.negotiation import NegotiationCommand, decide_negotiation
from domain.ticket.decide.privacy import PrivacyCommand, decide_privacy
from domain.ticket.decide.promises import PromiseCommand, decide_promise
from domain.ticket.decide.remedies import RemedyStepCommand, decide_remedy
from domain.ticket.state import Ticket

KnownTicketCommand = (
    IntakeCommand
    | NegotiationCommand
    | EvidenceCommand
    | ArbitrationCommand
    | RemedyStepCommand
    | ClosingCommand
    | PrivacyCommand
    | PromiseCommand
)
AnyTicketCommand = OpenTicket | ImportRow | KnownTicketCommand
"""Every command that is judged on a ticket."""


def decide(command: AnyTicketCommand, ticket: Ticket | None, context: Context) -> tuple[Event, ...]:
    """Return the facts that follow from a command, or raise the reason they do not."""
    match command:
        case OpenTicket():
            return opening.open_ticket(command, ticket, context)
        case ImportRow():
            return history.import_row(command, ticket, context)
        case _:
            return _on_known(command, existing(ticket), context)


def existing(ticket: Ticket | None) -> Ticket:
    """Return the ticket, or say that there is none of this id."""
    if ticket is None:
        raise errors.UnknownTicket
    return ticket


def _on_known(command: KnownTicketCommand, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Return the facts that follow on a ticket there is, by subject."""
    if isinstance(command, IntakeCommand):
        return decide_intake(command, ticket, context)
    if isinstance(command, NegotiationCommand):
        return decide_negotiation(command, ticket, context)
    if isinstance(command, EvidenceCommand):
        return decide_evidence(command, ticket, context)
    if isinstance(command, ArbitrationCommand):
        return decide_arbitration(command, ticket, context)
    if isinstance(command, RemedyStepCommand):
        return decide_remedy(command, ticket, context)
    if isinstance(command, ClosingCommand):
        return decide_closing(command, ticket, context)
    if isinstance(command, PrivacyCommand):
        return decide_privacy(command, ticket, context)
    if isinstance(command, PromiseCommand):
        return decide_promise(command, ticket, context)
    assert_never(command)
