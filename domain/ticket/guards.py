"""May this be done now: the checks without arguments, one guard a command; no event is made here.

A judge calls its own guard first; `actions` calls the same guards to tell what may be done, so what
is offered succeeds and what is not offered is refused.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from domain import errors
from domain.commands import TicketCommand
from domain.policies.routing import certificates_of, uncertified
from domain.ticket.context import Context
from domain.ticket.matter import classes_of
from domain.ticket.state import Ticket
from domain.values import ActorKind, Examination, Instant, Party, Stage, moment_of

Guard = Callable[[Ticket, str | None, Context], None]
"""Raises the refusal that stands against a command now; the text is its target, if it has one."""

GUARDS: Final[dict[type[TicketCommand], Guard]] = {}
"""The guard of every command about a ticket; each judge module adds its own."""

DESK: Final = (ActorKind.AGENT, ActorKind.SUPERVISOR)
"""Those who work on tickets for the platform and do not rule."""
CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""How far ahead of ours the clock of a reporting system may be."""


def guards(command: type[TicketCommand]) -> Callable[[Guard], Guard]:
    """Return a decorator that makes a function the guard of a command."""

    def register(guard: Guard) -> Guard:
        assert command not in GUARDS, "a command has one guard"
        GUARDS[command] = guard
        return guard

    return register


def require_actor(ticket: Ticket, context: Context, *kinds: ActorKind, works: bool = True) -> None:
    """Let only these roles pass, on their own live ticket, and not past another agent's hold.

    To work on a matter is more than to pass it on, or to say what is so: it takes what the matter
    asks of an agent.
    """
    require_role(context, *kinds)
    require_party(ticket, context)
    require_live(ticket)
    require_desk(ticket, context)
    if works:
        require_certified(ticket, context)


def require_role(context: Context, *kinds: ActorKind) -> None:
    """Let only actors of these roles pass."""
    if context.actor.kind not in kinds:
        raise errors.NotYourRole


def require_party(ticket: Ticket, context: Context) -> None:
    """Let a buyer or merchant pass only on a ticket of their own; others are not asked."""
    kind, ref = context.actor.kind, context.actor.ref
    strange_buyer = kind is ActorKind.BUYER and ref != ticket.buyer
    strange_merchant = kind is ActorKind.MERCHANT and ref != ticket.merchant
    if strange_buyer or strange_merchant:
        raise errors.NotYourTicket


def require_live(ticket: Ticket) -> None:
    """Let nobody act on another system's history: it is for looking."""
    if ticket.imported:
        raise errors.WrongState("The ticket is another system's history.")


def require_no_party(ticket: Ticket, context: Context) -> None:
    """Let nobody of the desk pass on a matter of their own."""
    if context.actor.kind in DESK and context.actor.ref in {ticket.buyer, ticket.merchant}:
        raise errors.ConflictOfInterest


def require_desk(ticket: Ticket, context: Context) -> None:
    """Let no agent pass while another one works on the ticket (RO-05); supervisors may.

    Nobody of the desk works on a matter of their own.
    """
    require_no_party(ticket, context)
    if context.actor.kind is not ActorKind.AGENT or ticket.assignee is None:
        return
    if ticket.assignee != context.actor.ref:
        raise errors.AssignedToAnother


def require_certified(ticket: Ticket, context: Context) -> None:
    """Let no agent work on what asks for certificates they do not hold now (RO-02).

    Supervisors answer for what they do themselves.
    """
    if context.actor.kind is not ActorKind.AGENT:
        return
    reason = certificate_lacking(context.actor.ref, ticket, ticket.queue, context)
    if reason is not None:
        raise errors.NotFit(reason=reason)


def certificate_lacking(
    agent: str, ticket: Ticket, queue: str | None, context: Context
) -> str | None:
    """Return the first certificate an agent lacks for a matter where it waits, or will wait."""
    asked = certificates_asked(ticket, queue, context)
    if not asked:
        return None
    known = context.agents(agent)
    return uncertified({} if known is None else known.certificates, asked, context.now)


def certificates_asked(
    ticket: Ticket, queue: str | None, context: Context
) -> tuple[Examination, ...]:
    """Return the certificates that a matter asks for in a queue."""
    classes = classes_of(ticket, context.order, context.book)
    return certificates_of(classes, context.book.queue, queue)


def is_supervised(ticket: Ticket) -> bool:
    """Return whether who works on a matter is a supervisor, who answers for it as they are."""
    return f"{ActorKind.SUPERVISOR}:{ticket.assignee}" in ticket.handlers


def require_open(ticket: Ticket) -> None:
    """Let nothing happen to a closed ticket."""
    if ticket.stage is Stage.CLOSED:
        raise errors.TicketClosedAlready


def require_unresolved(ticket: Ticket) -> None:
    """Let nothing happen to a ticket that is resolved: it would have to be reopened."""
    require_open(ticket)
    if ticket.resolved is not None:
        raise errors.WrongStage("The matter is resolved.", stage=ticket.stage)


def require_accepted(ticket: Ticket) -> None:
    """Let nothing be decided before the platform has taken the matter up."""
    if not ticket.accepted:
        raise errors.WrongStage("The matter is not taken up yet.", stage=ticket.stage)


def require_stage(ticket: Ticket, *stages: Stage) -> None:
    """Let the command pass only at these stages."""
    require_open(ticket)
    if ticket.stage not in stages:
        raise errors.WrongStage(stage=ticket.stage)


def require_past(at: Instant, context: Context) -> None:
    """Let nothing be reported that has not happened: windows and promises run from these times."""
    if moment_of(at) > moment_of(context.now) + CLOCKS_DIFFER:
        raise errors.NotYetHappened(now=context.now)


def has_interest(agent: str, ticket: Ticket) -> bool:
    """Return whether somebody is a party of the matter, or has judged it or was to."""
    return (
        agent in {ticket.buyer, ticket.merchant, ticket.arbitrator}
        or agent in ticket.judged
        or agent in ticket.recused
    )


def owed(ticket: Ticket) -> bool:
    """Return whether a remedy is still owed."""
    return any(not remedy.over for remedy in ticket.remedies.values())


def side(context: Context) -> Party:
    """Return whose side the actor is on."""
    return context.actor.party
