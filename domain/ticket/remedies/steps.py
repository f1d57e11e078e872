"""What all remedies share: who may take which step when, what is waited for, and how one ends."""

from collections.abc import Mapping
from typing import Final

import msgspec

from domain import errors
from domain.commands import RemedyCommand
from domain.events import (
    DeadlineGiven,
    Event,
    GrantPaid,
    GrantReleased,
    RemedyCancelled,
    RemedyCompleted,
)
from domain.policies.deadlines import DeadlineName
from domain.ticket import deadlines
from domain.ticket.context import Context
from domain.ticket.guards import GUARDS, Guard, guards, require_actor
from domain.ticket.state import Remedy, RemedyStep, Ticket
from domain.values import ActorKind, Awaiting, RemedyKind, Stage


class Move(msgspec.Struct, frozen=True):
    """Who may take a step, and where each kind of remedy must stand before it."""

    by: tuple[ActorKind, ...]
    at: Mapping[RemedyKind, tuple[RemedyStep, ...]]


DECIDED: Final = frozenset({"ruling", "appeal"})
"""Sources of what an arbitrator awarded: it is enforced, and no agent undoes it (AR-05)."""

MOVES: Final[dict[type[RemedyCommand], Move]] = {}
"""Every step of every remedy; each sub-flow adds its own."""

WAITS: Final[Mapping[tuple[RemedyKind, RemedyStep], tuple[DeadlineName, Awaiting]]] = {
    (RemedyKind.REFUND, RemedyStep.INITIATED): ("refund", Awaiting.PAYMENT),
    (RemedyKind.REFUND, RemedyStep.FAILED): ("refund", Awaiting.AGENT),
    (RemedyKind.RETURN, RemedyStep.ORDERED): ("return", Awaiting.MERCHANT),
    (RemedyKind.RETURN, RemedyStep.AUTHORISED): ("return", Awaiting.BUYER),
    (RemedyKind.RETURN, RemedyStep.SHIPPED_BACK): ("return_inspection", Awaiting.MERCHANT),
    (RemedyKind.RETURN, RemedyStep.RECEIVED_BACK): ("return_inspection", Awaiting.MERCHANT),
    (RemedyKind.RETURN, RemedyStep.INSPECTED): ("return_inspection", Awaiting.AGENT),
    (RemedyKind.RETURN, RemedyStep.INITIATED): ("refund", Awaiting.PAYMENT),
    (RemedyKind.RETURN, RemedyStep.FAILED): ("refund", Awaiting.AGENT),
    (RemedyKind.EXCHANGE, RemedyStep.ORDERED): ("exchange", Awaiting.MERCHANT),
    (RemedyKind.EXCHANGE, RemedyStep.AUTHORISED): ("return", Awaiting.BUYER),
    (RemedyKind.EXCHANGE, RemedyStep.SHIPPED_BACK): ("return_inspection", Awaiting.MERCHANT),
    (RemedyKind.EXCHANGE, RemedyStep.RECEIVED_BACK): ("exchange", Awaiting.MERCHANT),
    (RemedyKind.EXCHANGE, RemedyStep.SHIPPED): ("exchange", Awaiting.CARRIER),
    (RemedyKind.REPAIR, RemedyStep.ORDERED): ("repair", Awaiting.MERCHANT),
    (RemedyKind.REPAIR, RemedyStep.BOOKED): ("repair", Awaiting.MERCHANT),
    (RemedyKind.REPAIR, RemedyStep.IN_WORKSHOP): ("repair", Awaiting.MERCHANT),
    (RemedyKind.RESHIPMENT, RemedyStep.ORDERED): ("reshipment", Awaiting.MERCHANT),
    (RemedyKind.RESHIPMENT, RemedyStep.SHIPPED): ("reshipment", Awaiting.CARRIER),
    (RemedyKind.COUPON, RemedyStep.ORDERED): ("coupon", Awaiting.AGENT),
    (RemedyKind.COMPENSATION, RemedyStep.INITIATED): ("compensation", Awaiting.PAYMENT),
    (RemedyKind.COMPENSATION, RemedyStep.FAILED): ("compensation", Awaiting.AGENT),
}
"""At each step of each kind: the book's deadline for the next one, and whose turn it is."""


def define(
    command: type[RemedyCommand],
    *by: ActorKind,
    at: Mapping[RemedyKind, tuple[RemedyStep, ...]],
    also: Guard | None = None,
) -> None:
    """Make a command a step of remedies: its actors, and where the remedy must stand before it.

    `also` is asked last: what stands against the step beside that.
    """
    move = Move(by=by, at=at)
    MOVES[command] = move

    @guards(command)
    def may_move(ticket: Ticket, target: str | None, context: Context) -> None:
        # What is owed is carried to its end on a closed ticket too: money that moved is a fact.
        require_actor(ticket, context, *move.by)
        remedy = ticket.remedies.get(target or "")
        if remedy is None:
            raise errors.UnknownRemedy
        if remedy.step not in move.at.get(remedy.terms.kind, ()):
            raise errors.WrongStep(step=remedy.step)
        if also is not None:
            also(ticket, target, context)


def standing(command: RemedyCommand, ticket: Ticket, context: Context) -> Remedy:
    """Return the remedy a command may move on now, or refuse the command."""
    GUARDS[type(command)](ticket, command.remedy, context)
    return ticket.remedies[command.remedy]


def repeated(command: RemedyCommand, fact: Event, ticket: Ticket, context: Context) -> bool:
    """Return whether the same was said of the remedy before: a report sent twice is one fact."""
    require_actor(ticket, context, *MOVES[type(command)].by)
    remedy = ticket.remedies.get(command.remedy)
    return remedy is not None and remedy.reported.get(fact.TOPIC) == fact


def waiting(remedy: str, kind: RemedyKind, step: RemedyStep, context: Context) -> DeadlineGiven:
    """Return until when, and on whom, a remedy waits that has come to a step."""
    name, awaits = WAITS[kind, step]
    return DeadlineGiven(
        deadline=f"remedy:{remedy}",
        due_at=context.book.due(name, context.now),
        awaits=awaits,
        policy=context.book.version,
    )


def moved(
    command: RemedyCommand, fact: Event, to: RemedyStep, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Return a step that is done, and that the next one is waited for."""
    kind = ticket.remedies[command.remedy].terms.kind
    return (
        fact,
        *deadlines.met(ticket, f"remedy:{command.remedy}"),
        waiting(command.remedy, kind, to, context),
    )


def completed(
    command: RemedyCommand, fact: Event, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Return the last step of a remedy: its money is used up, and perhaps all is done."""
    terms = ticket.remedies[command.remedy].terms
    events = [fact, RemedyCompleted(remedy=command.remedy)]
    if terms.amount is not None and terms.line is not None:
        events.append(
            GrantPaid(
                ticket=ticket.ticket, remedy=command.remedy, line=terms.line, amount=terms.amount
            )
        )
    return (*events, *_ended(command.remedy, ticket, context, outcome="remedied"))


def cancelled(
    command: RemedyCommand, why: str, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Return that a remedy is taken off, and that perhaps nothing else is owed."""
    return (
        *released(command.remedy, why, ticket),
        *_ended(command.remedy, ticket, context, outcome=outcome_of(ticket)),
    )


def released(remedy: str, why: str, ticket: Ticket) -> tuple[Event, ...]:
    """Return that a remedy is no longer owed, and that its part of the order is free again."""
    terms = ticket.remedies[remedy].terms
    fact = RemedyCancelled(remedy=remedy, why=why)
    if terms.amount is None or terms.line is None:
        return (fact,)
    return (
        fact,
        GrantReleased(ticket=ticket.ticket, remedy=remedy, line=terms.line, amount=terms.amount),
    )


def outcome_of(ticket: Ticket) -> str:
    """Return how a decided matter ends when nothing more is given: remedied, or rejected."""
    given = any(one.step is RemedyStep.COMPLETED for one in ticket.remedies.values())
    return "remedied" if given else "rejected"


def _ended(remedy: str, ticket: Ticket, context: Context, *, outcome: str) -> tuple[Event, ...]:
    """Return that the matter is resolved when it was decided and this was the last that was owed.

    Generosity before a decision resolves nothing, and what is resolved already closes in its time.
    """
    appealed = ticket.appeal is not None and not ticket.appeal.decided
    owed = any(not one.over for name, one in ticket.remedies.items() if name != remedy)
    closing = "closing" in ticket.deadlines
    if ticket.stage is not Stage.REMEDY or appealed or owed or closing:
        return deadlines.met(ticket, f"remedy:{remedy}")
    return deadlines.resolution(ticket, context, outcome)
