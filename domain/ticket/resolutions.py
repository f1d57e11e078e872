"""The written resolution of a complaint that two contacts did not settle (SL-16).

A senior agent writes it with a compensation and what will be better, a supervisor signs it: only
both together keep the promise.
"""

from domain import errors
from domain.commands import GrantRemedy, SignResolution, WriteResolution
from domain.events import Event, ResolutionSigned, ResolutionWritten
from domain.milestones import Milestone
from domain.ticket import remedies
from domain.ticket.context import Context
from domain.ticket.guards import GUARDS, guards, require_actor, require_unresolved
from domain.ticket.service import authored
from domain.ticket.state import Ticket
from domain.values import ActorKind


@guards(WriteResolution)
def may_write_resolution(ticket: Ticket, _target: str | None, context: Context) -> None:
    """A senior agent writes it once a round, when the contacts are exhausted."""
    require_actor(ticket, context, ActorKind.AGENT)
    _require_senior(context)
    require_unresolved(ticket)
    if Milestone.CONTACTS_EXHAUSTED not in ticket.milestones:
        raise errors.WrongState("The book's contacts are not exhausted.")
    if ticket.resolution is not None:
        raise errors.AlreadyDone
    GUARDS[GrantRemedy](ticket, None, context)  # what compensates is goodwill


def write_resolution(
    command: WriteResolution, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Write it, and name a compensation within the writer's own authority."""
    may_write_resolution(ticket, None, context)
    remedies.within_authority(command.compensation, ticket, context, approved_by=_who(context))
    return (
        ResolutionWritten(
            text=authored(command.text, context.actor),
            improvement=authored(command.improvement, context.actor),
            compensation=command.compensation,
        ),
    )


@guards(SignResolution)
def may_sign_resolution(ticket: Ticket, _target: str | None, context: Context) -> None:
    """A supervisor signs what an agent wrote, once."""
    require_actor(ticket, context, ActorKind.SUPERVISOR)
    require_unresolved(ticket)
    if ticket.resolution is None:
        raise errors.WrongState("No resolution is written.")
    if Milestone.WRITTEN_RESOLUTION in ticket.milestones:
        raise errors.AlreadyDone
    if ticket.resolution.by == context.actor.ref:
        raise errors.ConflictOfInterest("Who wrote it does not sign it too.")
    GUARDS[GrantRemedy](ticket, None, context)


def sign_resolution(command: SignResolution, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Stand for it: the compensation is owed by both, and the buyer is sent the text."""
    may_sign_resolution(ticket, None, context)
    assert ticket.resolution is not None, "the guard asks for what was written"
    by = f"agent:{ticket.resolution.by},{_who(context)}"
    owed = remedies.within_authority(
        ticket.resolution.compensation, ticket, context, approved_by=by
    )
    return (ResolutionSigned(), *owed)


def _require_senior(context: Context) -> None:
    """Let only agents pass who have what the book calls senior."""
    seniority = context.book.seniority
    if seniority is None:
        return
    known = context.agents(context.actor.ref)
    if known is None or seniority.skill not in known.skills:
        raise errors.NotFit(reason=f"skill:{seniority.skill}")


def _who(context: Context) -> str:
    return f"{context.actor.kind}:{context.actor.ref}"
