"""The end of a matter: closing, coming back, and how it was for the buyer."""

from domain import errors
from domain.commands import CloseTicket, GiveSatisfaction, ReopenTicket
from domain.events import Event, SatisfactionGiven, TicketClosed, TicketReopened
from domain.ticket import deadlines
from domain.ticket.context import Context
from domain.ticket.guards import DESK, guards, owed, require_actor, require_open
from domain.ticket.intake import reserved
from domain.ticket.opening import names_held
from domain.ticket.service import authored
from domain.ticket.state import Ticket
from domain.values import ActorKind, Personal

MARKS = range(1, 6)
"""The marks a buyer gives, from bad to good."""


@guards(CloseTicket)
def may_close_ticket(ticket: Ticket, _target: str | None, context: Context) -> None:
    """The buyer may withdraw what nobody has decided; the desk closes what is resolved."""
    require_actor(ticket, context, ActorKind.BUYER, *DESK)
    require_open(ticket)
    if owed(ticket):
        raise errors.WrongStage("A remedy is still owed.", stage=ticket.stage)
    _require_no_appeal(ticket, context)
    if ticket.resolved is not None:
        return
    if context.actor.kind is not ActorKind.BUYER:
        raise errors.WrongStage("The matter is not resolved.", stage=ticket.stage)
    if ticket.ruling is not None:
        raise errors.WrongStage("The matter is ruled on.", stage=ticket.stage)


def close_ticket(command: CloseTicket, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """End the matter: nothing runs and nothing is reserved any more."""
    may_close_ticket(ticket, None, context)
    others = [name for name in ticket.deadlines if not name.startswith("offer:")]
    return (
        *deadlines.offers_over(ticket, context, "withdrawal"),
        *deadlines.met(ticket, *others),
        TicketClosed(outcome=ticket.resolved or "withdrawn"),
    )


@guards(ReopenTicket)
def may_reopen_ticket(ticket: Ticket, _target: str | None, context: Context) -> None:
    """Buyer and desk may bring back what is over, within the book's window."""
    require_actor(ticket, context, ActorKind.BUYER, *DESK)
    if ticket.resolved is None or ticket.resolved_at is None:
        raise errors.WrongStage("The matter is not over.", stage=ticket.stage)
    if owed(ticket):
        raise errors.WrongStage("A remedy is still owed.", stage=ticket.stage)
    _require_no_appeal(ticket, context)
    until = context.book.due("reopening", ticket.resolved_at)
    if context.now >= until:
        raise errors.WindowPassed(until=until)


def reopen_ticket(command: ReopenTicket, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Start a new round, and hold the matter's name again unless another live ticket does."""
    may_reopen_ticket(ticket, None, context)
    names = names_held(ticket.order, ticket.line, ticket.scenario)
    holds, links = reserved(ticket, names, context)
    reason = command.reason
    return (
        *deadlines.met(ticket, *ticket.deadlines),
        TicketReopened(
            round=ticket.round + 1,
            policy=context.book.version,
            reason=None if reason is None else authored(reason, context.actor),
            holds=holds,
        ),
        *links,
        deadlines.given(context, "acceptance"),
    )


@guards(GiveSatisfaction)
def may_give_satisfaction(ticket: Ticket, _target: str | None, context: Context) -> None:
    """The buyer says how it was once a round, when it is over."""
    require_actor(ticket, context, ActorKind.BUYER)
    if ticket.resolved is None:
        raise errors.WrongStage("The matter is not over.", stage=ticket.stage)
    if ticket.rated:
        raise errors.AlreadyDone


def give_satisfaction(
    command: GiveSatisfaction, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Say how it was: the result, the speed and the attitude."""
    may_give_satisfaction(ticket, None, context)
    if any(mark not in MARKS for mark in (command.result, command.speed, command.attitude)):
        raise errors.Unreasonable("A mark is a number from 1 to 5.")
    text = command.text
    return (
        SatisfactionGiven(
            result=command.result,
            speed=command.speed,
            attitude=command.attitude,
            text=None if text is None else Personal(text, subject=f"buyer:{ticket.buyer}"),
        ),
    )


def _require_no_appeal(ticket: Ticket, context: Context) -> None:
    """Let nobody end or restart a matter that is being, or may still be, appealed."""
    if ticket.appeal is not None and not ticket.appeal.decided:
        raise errors.WrongStage("An appeal is being decided.", stage=ticket.stage)
    if ticket.appeal_window_open and not deadlines.passed(ticket, "appeal", context):
        raise errors.WrongStage("The ruling may still be appealed.", stage=ticket.stage)
