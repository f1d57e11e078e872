"""The judgement that an instant of a clock has come, whoever noticed it first."""

from domain import errors
from domain.commands import FollowOrder, PassClock
from domain.events import Event
from domain.ticket.clocks.following import breached
from domain.ticket.clocks.running import next_at, rule_of
from domain.ticket.context import Context
from domain.ticket.guards import guards, require_live, require_role
from domain.ticket.state import Ticket
from domain.values import ActorKind


@guards(PassClock)
def may_pass_clock(ticket: Ticket, target: str | None, context: Context) -> None:
    """Only the platform's own clock says that time has passed."""
    require_role(context, ActorKind.SYSTEM)
    require_live(ticket)


def pass_clock(command: PassClock, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Say once everything that has become due on a clock: warnings, the breach, its ladder.

    After downtime that is several facts in one append, each with the instant it was due.
    """
    may_pass_clock(ticket, command.clock, context)
    clock = ticket.clocks.get(command.clock)
    rule = rule_of(command.clock, context.book)
    if clock is None or rule is None:
        return ()
    coming = next_at(clock, rule, context.book)
    if coming is None or coming > command.at:
        return ()
    if context.now < coming:
        raise errors.NotYetDue(due_at=coming)
    return tuple(breached(command.clock, clock, rule, ticket, context))


@guards(FollowOrder)
def may_follow_order(ticket: Ticket, _target: str | None, context: Context) -> None:
    """Only the platform looks again."""
    require_role(context, ActorKind.SYSTEM)
    require_live(ticket)


def follow_order(command: FollowOrder, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Return nothing of its own: what the order's facts mean follows, as after every command."""
    may_follow_order(ticket, None, context)
    return ()
