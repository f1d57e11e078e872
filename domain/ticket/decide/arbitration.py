"""The switch over the commands about an intervention: which judge decides; no rule lives here."""

from typing import assert_never

from domain.commands import (
    AssignArbitrator,
    DecideAppeal,
    FileAppeal,
    IssueRuling,
    RecuseArbitrator,
)
from domain.events import Event
from domain.ticket import arbitration
from domain.ticket.context import Context
from domain.ticket.state import Ticket

ArbitrationCommand = AssignArbitrator | RecuseArbitrator | IssueRuling | FileAppeal | DecideAppeal


def decide_arbitration(
    command: ArbitrationCommand, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Return the facts that follow on a ticket from one of these commands."""
    match command:
        case AssignArbitrator():
            return arbitration.assign_arbitrator(command, ticket, context)
        case RecuseArbitrator():
            return arbitration.recuse_arbitrator(command, ticket, context)
        case IssueRuling():
            return arbitration.issue_ruling(command, ticket, context)
        case FileAppeal():
            return arbitration.file_appeal(command, ticket, context)
        case DecideAppeal():
            return arbitration.decide_appeal(command, ticket, context)
        case _:
            assert_never(command)
