"""Taking a remedy off that is no longer owed, as long as its money can not be on its way."""

from typing import Final

from domain import errors
from domain.commands import CancelRemedy
from domain.events import Event
from domain.ticket.context import Context
from domain.ticket.evidence import appealed
from domain.ticket.guards import DESK
from domain.ticket.remedies.steps import cancelled, define, standing
from domain.ticket.state import RemedyStep, Ticket
from domain.values import ActorKind, RemedyKind

_TOO_LATE: Final = frozenset({RemedyStep.INITIATED, RemedyStep.COMPLETED, RemedyStep.CANCELLED})
"""What the payment system was told to pay may arrive all the same: it must fail first."""


def _may_be_undone(ticket: Ticket, target: str | None, context: Context) -> None:
    """Let a supervisor undo what was ruled or agreed, and nobody what an appeal may change."""
    source = ticket.remedies[target or ""].source
    if source != "goodwill" and context.actor.kind is not ActorKind.SUPERVISOR:
        raise errors.NotYourRole("What was awarded or agreed is taken off by a supervisor.")
    if appealed(ticket):
        raise errors.WrongStage("An appeal is being decided.", stage=ticket.stage)


define(
    CancelRemedy,
    *DESK,
    at=dict.fromkeys(RemedyKind, tuple(step for step in RemedyStep if step not in _TOO_LATE)),
    also=_may_be_undone,
)


def cancel_remedy(command: CancelRemedy, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Take a remedy off; the matter is resolved when it was the last that was owed."""
    standing(command, ticket, context)
    return cancelled(command, command.why, ticket, context)
