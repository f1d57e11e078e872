"""The switch over the commands about the service desk: which judge decides; no rule lives here."""

from typing import assert_never

from domain.commands import (
    AcceptTicket,
    AddNote,
    AmendClaim,
    ApproveClaim,
    CorrectDiagnosis,
    GiveAnswer,
    RefuseClaim,
    ReleaseAssignment,
    ReviewReturn,
    SendMessage,
    TakeAssignment,
)
from domain.events import Event
from domain.ticket import intake, service
from domain.ticket.context import Context
from domain.ticket.state import Ticket

IntakeCommand = (
    AcceptTicket
    | TakeAssignment
    | ReleaseAssignment
    | AmendClaim
    | CorrectDiagnosis
    | GiveAnswer
    | SendMessage
    | AddNote
    | ReviewReturn
    | ApproveClaim
    | RefuseClaim
)


def decide_intake(command: IntakeCommand, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Return the facts that follow on a ticket from one of these commands."""
    match command:
        case AcceptTicket():
            return intake.accept_ticket(command, ticket, context)
        case TakeAssignment():
            return intake.take_assignment(command, ticket, context)
        case ReleaseAssignment():
            return intake.release_assignment(command, ticket, context)
        case AmendClaim():
            return intake.amend_claim(command, ticket, context)
        case CorrectDiagnosis():
            return intake.correct_diagnosis(command, ticket, context)
        case GiveAnswer():
            return service.give_answer(command, ticket, context)
        case SendMessage():
            return service.send_message(command, ticket, context)
        case AddNote():
            return service.add_note(command, ticket, context)
        case ReviewReturn():
            return service.review_return(command, ticket, context)
        case ApproveClaim():
            return service.approve_claim(command, ticket, context)
        case RefuseClaim():
            return service.refuse_claim(command, ticket, context)
        case _:
            assert_never(command)
