"""The switch over the commands that end a matter: which judge decides; no rule lives here."""

from typing import assert_never

from domain.commands import (
    AskSurvey,
    CloseTicket,
    GiveNps,
    GiveSatisfaction,
    PassDeadline,
    ReopenTicket,
)
from domain.events import Event
from domain.ticket import closing, deadlines, surveys
from domain.ticket.context import Context
from domain.ticket.state import Ticket

ClosingCommand = CloseTicket | ReopenTicket | GiveSatisfaction | PassDeadline | AskSurvey | GiveNps


def decide_closing(command: ClosingCommand, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Return the facts that follow on a ticket from one of these commands."""
    match command:
        case CloseTicket():
            return closing.close_ticket(command, ticket, context)
        case ReopenTicket():
            return closing.reopen_ticket(command, ticket, context)
        case GiveSatisfaction():
            return closing.give_satisfaction(command, ticket, context)
        case PassDeadline():
            return deadlines.pass_deadline(command, ticket, context)
        case AskSurvey():
            return surveys.ask_survey(command, ticket, context)
        case GiveNps():
            return surveys.give_nps(command, ticket, context)
        case _:
            assert_never(command)
