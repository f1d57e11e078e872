"""Who works on a matter: the choice among candidates, the lease on it, and moves between queues."""

from collections.abc import Iterable

from domain import errors
from domain.commands import ChooseAgent, LapseAssignment, QueueTicket, ReturnAssignment
from domain.events import (
    AgentChosen,
    AssignmentLapsed,
    AssignmentReleased,
    AssignmentReturned,
    Event,
    TicketAssigned,
    TicketQueued,
)
from domain.milestones import Milestone
from domain.policies.routing import Load
from domain.ticket.context import Context
from domain.ticket.guards import (
    DESK,
    certificate_lacking,
    guards,
    has_interest,
    is_supervised,
    require_actor,
    require_live,
    require_role,
    require_unresolved,
)
from domain.ticket.state import Ticket
from domain.values import ActorKind, Candidate, later

CANDIDATES_MAX = 20
"""How many candidates a choice keeps on record, the best first."""


@guards(QueueTicket)
def may_queue_ticket(ticket: Ticket, _target: str | None, context: Context) -> None:
    """The desk, and the platform itself, move a matter that is not resolved."""
    require_actor(ticket, context, *DESK, ActorKind.SYSTEM, works=False)
    require_unresolved(ticket)
    if not context.book.queue:
        raise errors.WrongState("The ticket's book has no queues.")


def queue_ticket(command: QueueTicket, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Bring the matter to another queue of the book; who works on it lets go."""
    may_queue_ticket(ticket, None, context)
    queues = {one.name for one in context.book.queue}
    if command.queue not in queues:
        raise errors.UnknownQueue(queues=sorted(queues))
    if command.queue == ticket.queue:
        return ()
    moved = TicketQueued(
        queue=command.queue, why=(f"moved:{command.why}",), policy=context.book.version
    )
    if ticket.assignee is None:
        return (moved,)
    return (AssignmentReleased(agent=ticket.assignee), moved)


@guards(ChooseAgent)
def may_choose_agent(ticket: Ticket, _target: str | None, context: Context) -> None:
    """The platform gives a matter to somebody: one nobody works on, or an angry buyer's."""
    require_role(context, ActorKind.SYSTEM, ActorKind.SUPERVISOR)
    require_live(ticket)
    require_unresolved(ticket)
    if ticket.assignee is not None and not is_angry(ticket):
        raise errors.AssignedToAnother


def choose_agent(command: ChooseAgent, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Give the matter to the best candidate nothing stands against; all stay on record.

    What each candidate's load, rating and certificates were is the ground whoever asks brings.
    How long the chosen one may stay silent is the book's.
    """
    may_choose_agent(ticket, None, context)
    load = context.book.load
    if load is None:
        raise errors.WrongState("The ticket's book gives nothing out.")
    best = best_of(command.candidates, ticket)
    if best is None:
        raise errors.NobodyFits
    ranked = sorted(command.candidates, key=_rank)[:CANDIDATES_MAX]
    if ticket.assignee is not None and not _takes_over(best, ticket, command, load):
        return ()
    former = () if ticket.assignee is None else (AssignmentReleased(agent=ticket.assignee),)
    return (
        *former,
        AgentChosen(
            agent=best.agent,
            candidates=tuple(ranked),
            lease_until=later(context.now, load.lease),
            policy=context.book.version,
            considered=len(command.candidates),
            staff_at=command.staff_at,
        ),
        TicketAssigned(agent=best.agent),
    )


@guards(LapseAssignment)
def may_lapse_assignment(ticket: Ticket, _target: str | None, context: Context) -> None:
    """Only the platform's own clock says that an agent was silent too long."""
    require_role(context, ActorKind.SYSTEM)
    require_live(ticket)


def lapse_assignment(
    command: LapseAssignment, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Take the matter from an agent who stayed silent until the lease was over."""
    may_lapse_assignment(ticket, None, context)
    if ticket.assignee is None or ticket.lease_until != command.due_at:
        return ()
    if context.now < command.due_at:
        raise errors.NotYetDue(due_at=command.due_at)
    return (AssignmentLapsed(agent=ticket.assignee, due_at=command.due_at),)


@guards(ReturnAssignment)
def may_return_assignment(ticket: Ticket, _target: str | None, context: Context) -> None:
    """Only the platform itself takes from who carries too much, or may not work on it any more."""
    require_role(context, ActorKind.SYSTEM)
    require_live(ticket)


def return_assignment(
    command: ReturnAssignment, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Take the matter from an agent who carries more than the book lets one carry (RO-03).

    How many that are is the ground whoever asks brings. Whose certificates for it have expired
    lets go however few that are, and so does who is not on record (RO-02).
    """
    may_return_assignment(ticket, None, context)
    load = context.book.load
    if load is None or ticket.assignee != command.agent:
        return ()
    if ticket.resolved is None and not is_supervised(ticket):
        lacking = certificate_lacking(command.agent, ticket, ticket.queue, context)
        if lacking is not None:
            return (AssignmentReleased(agent=command.agent),)
    if command.open <= load.matters:
        return ()
    return (
        AssignmentReturned(
            agent=command.agent,
            open=command.open,
            limit=load.matters,
            policy=context.book.version,
        ),
    )


def best_of(candidates: Iterable[Candidate], ticket: Ticket) -> Candidate | None:
    """Return the best candidate against whom nothing stands, None when there is none."""
    fit = [one for one in candidates if one.refused is None and not has_interest(one.agent, ticket)]
    return min(fit, key=_rank, default=None)


def _rank(candidate: Candidate) -> tuple[bool, int, int, str]:
    """The best score first; of equals the one with less to do, then by name, so it is one order."""
    return (
        candidate.refused is not None,
        -candidate.score,
        candidate.load_bp,
        candidate.agent,
    )


def is_angry(ticket: Ticket) -> bool:
    """Return whether negative emotion was found in this round (DI-10)."""
    return Milestone.NEGATIVE_SENTIMENT in ticket.milestones


def _takes_over(best: Candidate, ticket: Ticket, command: ChooseAgent, load: Load) -> bool:
    """Return whether a top-rated agent takes the matter from one who is not (DI-10)."""
    if best.rating_bp < load.top_rating_bp:
        return False
    if is_supervised(ticket):
        return False
    rated = {one.agent: one.rating_bp for one in command.candidates}
    return rated.get(ticket.assignee or "", 0) < load.top_rating_bp
