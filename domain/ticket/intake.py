"""The desk's first steps with a matter: taking it up, who works on it, what it is really about."""

from typing import Final

from domain import errors
from domain.commands import (
    AcceptTicket,
    AmendClaim,
    CorrectDiagnosis,
    ReleaseAssignment,
    TakeAssignment,
)
from domain.events import (
    AssignmentReleased,
    ClaimAmended,
    DeadlineGiven,
    DiagnosisCorrected,
    Event,
    ReadingCorrected,
    TicketAccepted,
    TicketAssigned,
    TicketsLinked,
)
from domain.policies.deadlines import DeadlineName
from domain.ticket import deadlines
from domain.ticket.ability import require_able
from domain.ticket.context import Context
from domain.ticket.guards import (
    DESK,
    guards,
    has_interest,
    require_actor,
    require_open,
    require_stage,
    require_unresolved,
)
from domain.ticket.opening import names_held, require_claim
from domain.ticket.routing import is_angry
from domain.ticket.state import Ticket
from domain.values import ActorKind, Kind, Stage

TAGS_MAX: Final = 20
"""How many tags a person may name."""
NO_LINKS: Final[tuple[TicketsLinked, ...]] = ()


@guards(AcceptTicket)
def may_accept_ticket(ticket: Ticket, _target: str | None, context: Context) -> None:
    """The desk takes a matter up once a round."""
    require_actor(ticket, context, *DESK)
    require_unresolved(ticket)
    require_stage(ticket, Stage.INTAKE)
    if ticket.accepted:
        raise errors.AlreadyDone


def accept_ticket(command: AcceptTicket, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Take a matter up, and say whose turn it is then; the same person twice is once."""
    if ticket.accepted and f"{context.actor.kind}:{context.actor.ref}" in ticket.handlers:
        return ()
    may_accept_ticket(ticket, None, context)
    return (
        TicketAccepted(),
        *deadlines.met(ticket, "acceptance"),
        deadlines.given(context, _first_turn(ticket, ticket.kind)),
    )


@guards(TakeAssignment)
def may_take_assignment(ticket: Ticket, _target: str | None, context: Context) -> None:
    """One person works on a ticket; a supervisor releases it before taking it over (RO-05)."""
    require_actor(ticket, context, *DESK)
    require_open(ticket)
    if ticket.assignee not in {None, context.actor.ref}:
        raise errors.AssignedToAnother
    if ticket.assignee is not None:
        raise errors.AlreadyDone
    if has_interest(context.actor.ref, ticket):
        raise errors.ConflictOfInterest("Who is a party of it, or judges it, does not work on it.")
    require_able(ticket, context)


def take_assignment(command: TakeAssignment, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Work on the ticket, and be the only one who does; who may not be given it may not take it."""
    require_actor(ticket, context, *DESK)
    if ticket.assignee == context.actor.ref:
        return ()
    may_take_assignment(ticket, None, context)
    known = command.candidate
    if known is None:
        return (TicketAssigned(agent=context.actor.ref),)
    if known.refused is not None:
        raise errors.NotFit(reason=known.refused)
    policy = context.book.version
    return (TicketAssigned(agent=context.actor.ref, candidate=known, policy=policy),)


@guards(ReleaseAssignment)
def may_release_assignment(ticket: Ticket, _target: str | None, context: Context) -> None:
    """Agents release their own work, a supervisor anybody's."""
    require_actor(ticket, context, *DESK, works=False)
    if ticket.assignee is None:
        raise errors.AlreadyDone


def release_assignment(
    command: ReleaseAssignment, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Let others work on the ticket."""
    require_actor(ticket, context, *DESK, works=False)
    if ticket.assignee is None:
        return ()
    may_release_assignment(ticket, None, context)
    return (AssignmentReleased(agent=ticket.assignee),)


@guards(AmendClaim)
def may_amend_claim(ticket: Ticket, _target: str | None, context: Context) -> None:
    """The buyer may ask for something else until it is agreed or ruled."""
    require_actor(ticket, context, ActorKind.BUYER)
    require_unresolved(ticket)
    require_stage(ticket, Stage.INTAKE, Stage.NEGOTIATION, Stage.INTERVENTION)


def amend_claim(command: AmendClaim, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Ask for something else; what is asked stays within what was paid."""
    may_amend_claim(ticket, None, context)
    line = None
    if context.order is not None and ticket.line is not None:
        line = context.order.lines[ticket.line]
    require_claim(command.claim, line)
    if (command.remedy, command.claim) == (ticket.remedy, ticket.claim):
        return ()
    amended = ClaimAmended(remedy=command.remedy, claim=command.claim)
    return (amended, *deadlines.buyer_came_back(ticket, context))


@guards(CorrectDiagnosis)
def may_correct_diagnosis(ticket: Ticket, _target: str | None, context: Context) -> None:
    """The desk may correct a diagnosis until a ruling has decided the matter."""
    require_actor(ticket, context, *DESK)
    require_unresolved(ticket)
    if ticket.ruling is not None:
        raise errors.WrongStage("The matter is ruled on.", stage=ticket.stage)


def correct_diagnosis(
    command: CorrectDiagnosis, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Say what the matter is really about; the reservation moves with the scenario.

    Where another live ticket holds the new name, this one holds nothing and is linked to it.
    """
    may_correct_diagnosis(ticket, None, context)
    return (*_corrected(command, ticket, context), *_reread(command, ticket, context))


def _corrected(command: CorrectDiagnosis, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    found = (command.scenario, command.responsible, command.kind)
    if found == (ticket.scenario, ticket.responsible, ticket.kind):
        return ()
    holds, links = ticket.holds or None, NO_LINKS
    if command.scenario != ticket.scenario:
        holds, links = reserved(
            ticket, names_held(ticket.order, ticket.line, command.scenario), context
        )
    corrected = DiagnosisCorrected(
        scenario=command.scenario,
        responsible=command.responsible,
        kind=command.kind,
        priority=context.book.priority[command.kind],
        policy=context.book.version,
        holds=holds,
    )
    return (corrected, *links, *_turn_of_kind(ticket, command.kind, context))


def _reread(
    command: CorrectDiagnosis, ticket: Ticket, context: Context
) -> tuple[ReadingCorrected, ...]:
    """Return what a person reads otherwise in the words; nothing where they agree with the record.

    Money hangs on anger, and the clock runs against those who would take it back: that a buyer was
    not angry is for a supervisor to say.
    """
    named = command.tags or ()
    if len(named) > TAGS_MAX:
        raise errors.LimitReached(tags=TAGS_MAX)
    known = {one.id for one in context.book.tag}
    unknown = [place for place, tag in enumerate(named) if tag not in known]
    if unknown:
        raise errors.UnknownTag(places=unknown)
    tags = None if command.tags is None else tuple(dict.fromkeys(command.tags))
    upset = None if command.upset is is_angry(ticket) else command.upset
    if upset is False and context.actor.kind is not ActorKind.SUPERVISOR:
        raise errors.NotYourRole("That a buyer was not angry is for a supervisor to say.")
    reading = ReadingCorrected(
        policy=context.book.version,
        tags=None if tags == ticket.tags else tags,
        urgency=None if command.urgency == ticket.urgency else command.urgency,
        sentiment=None if command.sentiment == ticket.sentiment else command.sentiment,
        upset=upset,
    )
    return () if reading == ReadingCorrected(policy=context.book.version) else (reading,)


def reserved(
    ticket: Ticket, names: tuple[str, ...] | None, context: Context
) -> tuple[tuple[str, ...] | None, tuple[TicketsLinked, ...]]:
    """Return the names a ticket may hold, and the link to the live ticket that holds them."""
    holder = context.holder
    if holder is None or holder.ticket == ticket.ticket:
        return names, ()
    if holder.ticket in ticket.links:
        return None, ()
    if len(ticket.links) >= context.book.limit.links:
        raise errors.LimitReached
    return None, (TicketsLinked(other=holder.ticket, why="same_matter"),)


def _first_turn(ticket: Ticket, kind: Kind) -> DeadlineName:
    """Return what is waited for first: a question is answered, a complaint goes to the merchant."""
    if kind is Kind.CONSULTATION or ticket.merchant is None:
        return "answer"
    return "merchant_review"


def _turn_of_kind(ticket: Ticket, kind: Kind, context: Context) -> tuple[Event, ...]:
    """Return whose turn it is instead, when the first turn still runs and the kind changes it."""
    turn: DeadlineName = _first_turn(ticket, kind)
    former: DeadlineName = "merchant_review" if turn == "answer" else "answer"
    ended = {former} if turn == "answer" else {former, deadlines.REPLY}
    if ended.isdisjoint(ticket.deadlines) or ticket.stage is not Stage.INTAKE:
        return ()
    instead: DeadlineGiven = deadlines.given(context, turn)
    return (*deadlines.met(ticket, *sorted(ended)), instead)
