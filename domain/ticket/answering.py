"""Which running promise a command would keep: until when whoever may give it is waited for."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from domain import commands
from domain.commands import TicketCommand
from domain.milestones import Milestone
from domain.ticket.ability import may_keep
from domain.ticket.clocks.running import rule_of
from domain.ticket.context import Context
from domain.ticket.facts import REPORTERS
from domain.ticket.state import Ticket
from domain.values import STAFF, ActorKind, Instant

_BY_STAFF: Final[Mapping[type[TicketCommand], tuple[Milestone, ...]]] = {
    commands.AcceptTicket: (Milestone.ACCEPTED, Milestone.TAKEN_OVER),
    commands.TakeAssignment: (Milestone.TAKEN_OVER,),
    commands.GiveAnswer: (
        Milestone.HUMAN_ANSWER,
        Milestone.TAKEN_OVER,
        Milestone.EFFECTIVE_ANSWER,
    ),
    commands.SendMessage: (Milestone.HUMAN_ANSWER, Milestone.TAKEN_OVER),
    commands.GivePlan: (
        Milestone.FRAMEWORK,
        Milestone.PLAN,
        Milestone.EXECUTABLE_PLAN,
        Milestone.SOLUTION_OFFERED,
    ),
    commands.ReviewReturn: (Milestone.RETURN_REVIEWED,),
    commands.GrantRemedy: (Milestone.SOLUTION_OFFERED,),
    commands.WriteResolution: (Milestone.WRITTEN_RESOLUTION,),
    commands.SignResolution: (Milestone.WRITTEN_RESOLUTION,),
    commands.AnswerForDepartment: (Milestone.DEPARTMENT_PLANNED,),
    commands.IssueRuling: (Milestone.RULED,),
    commands.CloseTicket: (Milestone.RESOLVED, Milestone.CLOSED),
}
_BY_MERCHANT: Final[Mapping[type[TicketCommand], tuple[Milestone, ...]]] = {
    commands.SendMessage: (Milestone.MERCHANT_ANSWER,),
    commands.MakeOffer: (Milestone.MERCHANT_ANSWER, Milestone.SOLUTION_OFFERED),
    commands.CounterOffer: (Milestone.MERCHANT_ANSWER, Milestone.SOLUTION_OFFERED),
    commands.ApproveClaim: (
        Milestone.MERCHANT_ANSWER,
        Milestone.RETURN_REVIEWED,
        Milestone.SOLUTION_OFFERED,
    ),
    commands.RefuseClaim: (Milestone.MERCHANT_ANSWER, Milestone.RETURN_REVIEWED),
    commands.ReviewReturn: (Milestone.RETURN_REVIEWED,),
    commands.DeliverReplacement: (Milestone.SWAP_COMPLETED,),
}
_BY_MACHINES: Final[Mapping[type[TicketCommand], tuple[Milestone, ...]]] = {
    commands.AnswerAutomatically: (Milestone.AUTOMATIC_ANSWER, Milestone.EFFECTIVE_ANSWER),
    commands.DeliverReplacement: (Milestone.SWAP_COMPLETED,),
    commands.SettleRefund: (Milestone.REFUND_SETTLED,),
}


def promised_by(
    command: type[TicketCommand], target: str | None, ticket: Ticket, context: Context
) -> Instant | None:
    """Return the earliest due time of a promise that the actor would keep by a command.

    One that rests is not due, one that is only measured never; one that is broken still is.
    """
    kept = frozenset(_kept(command, context.actor.kind))
    if not kept:
        return None
    found = []
    for name, clock in ticket.clocks.items():
        rule = rule_of(name, context.book)
        if rule is None or rule.metric_only or clock.paused or kept.isdisjoint(rule.stops):
            continue
        if not may_keep(rule, _claimed(command, ticket, context), context):
            continue
        about = name.partition(":")[2]
        if not about or about == target:
            found.append(clock.due_at)
    return min(found, default=None)


def _claimed(command: type[TicketCommand], ticket: Ticket, context: Context) -> Ticket:
    """Return the ticket as a command finds who gives it: to take a matter is to be assigned."""
    taken = command is commands.TakeAssignment and ticket.assignee is None
    return replace(ticket, assignee=context.actor.ref) if taken else ticket


def _kept(command: type[TicketCommand], kind: ActorKind) -> Iterable[Milestone]:
    """Return what may have happened once an actor gave a command; nobody waits for a buyer."""
    if kind is ActorKind.BUYER:
        return ()
    if command is commands.ReportFact:
        return [fact for fact, kinds in REPORTERS.items() if kind in kinds]
    if kind in STAFF:
        return _BY_STAFF.get(command, ())
    own = _BY_MERCHANT if kind is ActorKind.MERCHANT else _BY_MACHINES
    return own.get(command, ())
