"""Taking a remedy off that is no longer owed, as long as its money has not moved."""

from domain.commands import CancelRemedy
from domain.events import Event
from domain.ticket.guards import DESK
from domain.ticket.remedies.steps import cancelled, define, standing
from domain.ticket.state import Context, RemedyStep, Ticket
from domain.values import RemedyKind

_NOT_OVER = tuple(
    step for step in RemedyStep if step not in {RemedyStep.COMPLETED, RemedyStep.CANCELLED}
)

define(CancelRemedy, *DESK, at=dict.fromkeys(RemedyKind, _NOT_OVER))


def cancel_remedy(command: CancelRemedy, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Take a remedy off; the matter is resolved when it was the last that was owed."""
    standing(command, ticket, context)
    return cancelled(command, command.why, ticket, context)
