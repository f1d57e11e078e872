"""What an actor may do with a ticket now, and why not; told by the guards the judges call."""

from collections.abc import Iterable, Mapping
from typing import Final, get_args

import msgspec

from domain import commands
from domain.commands import RemedyCommand, TicketCommand
from domain.errors import NotFound, NotYourRole, NotYourTicket, Refusal
from domain.ticket.answering import promised_by
from domain.ticket.context import Context
from domain.ticket.decide import AnyTicketCommand
from domain.ticket.departments import pending
from domain.ticket.files import SIDES
from domain.ticket.guards import GUARDS
from domain.ticket.remedies import MOVES
from domain.ticket.state import EvidenceState, OfferState, Ticket
from domain.values import Instant


class Action(msgspec.Struct, frozen=True):
    """One command of an actor's role on a ticket, open or blocked."""

    command: type[TicketCommand]
    target: str | None
    """The offer, evidence item or remedy it is about, where it is about one."""
    due_at: Instant | None
    """Until when the ticket waits for it, where it does."""
    refusal: Refusal | None
    """What stands against it now; None when it may be done."""


def actions(ticket: Ticket, context: Context) -> tuple[Action, ...]:
    """Return every command of the actor's role on this ticket with what stands against it."""
    found: list[Action] = []
    for command in _COMMANDS:
        for target in _targets(command, ticket):
            try:
                GUARDS[command](ticket, target, context)
            except (NotYourRole, NotYourTicket, NotFound):
                # Not his to do, or not his to know of: he is not told that it is there.
                continue
            except Refusal as refusal:
                found.append(Action(command, target, None, refusal))
            else:
                due_at = _due_at(command, target, ticket, context)
                found.append(Action(command, target, due_at, None))
    return tuple(found)


_COMMANDS: Final[tuple[type[TicketCommand], ...]] = tuple(
    command for command in get_args(AnyTicketCommand) if issubclass(command, TicketCommand)
)
"""Every command about a ticket that exists, in the order a ticket lives."""

_ANSWERS: Final[Mapping[type[TicketCommand], str]] = {
    commands.AcceptTicket: "acceptance",
    commands.GiveAnswer: "answer",
    commands.ApproveClaim: "merchant_review",
    commands.RefuseClaim: "merchant_review",
    commands.MakeOffer: "negotiation",
    commands.CounterOffer: "offer",
    commands.AcceptOffer: "offer",
    commands.DeclineOffer: "offer",
    commands.WithdrawOffer: "offer",
    commands.StageEvidence: "evidence",
    commands.SealEvidence: "evidence",
    commands.AssignArbitrator: "assignment",
    commands.IssueRuling: "ruling",
    commands.FileAppeal: "appeal",
    commands.DecideAppeal: "appeal_ruling",
}
"""The deadline a command answers; of an offer or a party where its name goes on."""

_OFFERS: Final = frozenset(
    {
        commands.CounterOffer,
        commands.AcceptOffer,
        commands.DeclineOffer,
        commands.WithdrawOffer,
    }
)
_NOT_HERE: Final = frozenset(
    {
        commands.PassDeadline,
        commands.PassClock,
        commands.FollowOrder,
        commands.LapseAssignment,
        commands.ReturnAssignment,
        commands.AskSurvey,
        commands.ChooseAgent,
        commands.ErasePersonalData,
    }
)
"""Time passes by itself; the others are done over many tickets, never on the page of one."""
_STAGED: Final = frozenset({commands.ReplaceEvidence, commands.WithdrawEvidence})


def _targets(  # noqa: PLR0911 - one a subject
    command: type[TicketCommand], ticket: Ticket
) -> Iterable[str | None]:
    """Return what a command can be about; what is over and done with is not listed."""
    if issubclass(command, RemedyCommand):
        kinds = MOVES[command].at
        return [
            name
            for name, one in ticket.remedies.items()
            if one.terms.kind in kinds and (not one.over or one.step in kinds[one.terms.kind])
        ]
    if command in _OFFERS:
        return [name for name, one in ticket.offers.items() if one.state is OfferState.OPEN]
    if command in _STAGED:
        return _items(ticket, EvidenceState.STAGED)
    if command is commands.DiscloseEvidence:
        known = ticket.evidence
        on_record = _items(ticket, EvidenceState.ON_RECORD)
        return [name for name in on_record if not known[name].shown_to.issuperset(SIDES)]
    if command is commands.ContestEvidence:
        return _items(ticket, EvidenceState.ON_RECORD)
    if command is commands.AnswerForDepartment:
        return list(pending(ticket))
    return [] if command in _NOT_HERE else [None]


def _items(ticket: Ticket, state: EvidenceState) -> list[str]:
    return [name for name, one in ticket.evidence.items() if one.state is state]


def _due_at(
    command: type[TicketCommand], target: str | None, ticket: Ticket, context: Context
) -> Instant | None:
    """Return until when the ticket waits for a command."""
    name = _ANSWERS.get(command)
    if issubclass(command, RemedyCommand):
        name = f"remedy:{target}"
    elif name == "offer":
        name = f"offer:{target}"
    elif name == "evidence":
        name = f"evidence:{context.actor.party}"
    running = ticket.deadlines.get(name) if name is not None else None
    known = (
        None if running is None else running.due_at,
        promised_by(command, target, ticket, context),
    )
    return min((at for at in known if at is not None), default=None)
