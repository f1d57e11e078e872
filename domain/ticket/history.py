"""History of another system, row by row: what changed becomes facts, and nothing of ours starts."""

from domain import errors
from domain.commands import ImportRow
from domain.events import (
    Event,
    SourceBreachReported,
    SourceField,
    SourceOutcomeReported,
    SourceReported,
    TicketAssigned,
    TicketClosed,
    TicketOpened,
    TicketReopened,
    TicketReprioritised,
    TicketResolved,
    TicketRouted,
    TicketTransferred,
)
from domain.ticket.context import Context
from domain.ticket.guards import require_role
from domain.ticket.state import Ticket
from domain.values import ActorKind, Personal, Stage


def import_row(command: ImportRow, ticket: Ticket | None, context: Context) -> tuple[Event, ...]:
    """Return the facts of one row: what the source said, and what is new in it."""
    require_role(context, ActorKind.SYSTEM, ActorKind.ADMIN)
    if ticket is not None and not ticket.imported:
        raise errors.WrongState("History is only added to another system's tickets.")
    opened = () if ticket is not None else (_opened(command, context),)
    return (
        *opened,
        *_reopenings(command, ticket, context),
        _reported(command, ticket),
        *_desk(command, ticket),
        *_transfers(command, ticket),
        *_promises(command, ticket),
        *_end(command, ticket),
    )


def _opened(command: ImportRow, context: Context) -> TicketOpened:
    return TicketOpened(
        channel=command.channel,
        kind=command.kind,
        scenario=command.scenario,
        reason=command.reason,
        priority=command.priority,
        policy=context.book.version,
        buyer=command.buyer,
    )


def _reported(command: ImportRow, ticket: Ticket | None) -> SourceReported:
    """Return the row itself: every row leaves at least this on the record."""
    text = command.text
    return SourceReported(
        state=command.state,
        stage=command.stage,
        awaiting=command.awaiting,
        by=command.by,
        fields=_new(command.fields, ticket) or None,
        text=None if text is None else Personal(text, subject=f"buyer:{command.buyer}"),
    )


def _desk(command: ImportRow, ticket: Ticket | None) -> tuple[Event, ...]:
    """Return where the ticket lies now, and who has it, when that is new."""
    queue = ticket.queue if ticket is not None else None
    agent = ticket.assignee if ticket is not None else None
    routed = command.queue is not None and command.queue != queue
    assigned = command.agent is not None and command.agent != agent
    return (
        *((TicketRouted(queue=command.queue),) if routed and command.queue else ()),
        *((TicketAssigned(agent=command.agent),) if assigned and command.agent else ()),
    )


def _transfers(command: ImportRow, ticket: Ticket | None) -> tuple[Event, ...]:
    """Return one fact for each transfer the row counts beyond those on record."""
    known = ticket.transfers if ticket is not None else 0
    return tuple(
        TicketTransferred(count=count) for count in range(known + 1, (command.transfers or 0) + 1)
    )


def _reopenings(command: ImportRow, ticket: Ticket | None, context: Context) -> tuple[Event, ...]:
    """Return one fact for each reopening the row counts beyond those on record."""
    known = ticket.reopened if ticket is not None else 0
    first_round = ticket.round if ticket is not None else 1
    return tuple(
        TicketReopened(round=first_round + number, policy=context.book.version)
        for number in range(1, (command.reopened or 0) - known + 1)
    )


def _promises(command: ImportRow, ticket: Ticket | None) -> tuple[Event, ...]:
    """Return a new priority, and once that the source broke a promise."""
    events: list[Event] = []
    if ticket is not None and command.priority != ticket.priority:
        events.append(TicketReprioritised(priority=command.priority))
    known = ticket.source_breaches if ticket is not None else frozenset()
    if command.breached is not None and command.breached not in known:
        events.append(SourceBreachReported(promise=command.breached))
    return tuple(events)


def _end(command: ImportRow, ticket: Ticket | None) -> tuple[Event, ...]:
    """Return that the matter is resolved or closed there, when the row brings it there.

    In another state than before it is resolved anew, and so it is after a reopening.
    """
    same = ticket is not None and ticket.source_state == command.state
    anew = not same or (command.reopened or 0) > (ticket.reopened if ticket is not None else 0)
    events: list[Event] = []
    if anew and command.stage is Stage.CLOSED:
        events.append(TicketClosed(outcome=command.state))
    elif anew and command.resolved:
        events.append(TicketResolved(outcome=command.state))
    outcome = _new(command.outcome, ticket)
    if outcome:
        events.append(SourceOutcomeReported(fields=outcome, at=command.outcome_at))
    return tuple(events)


def _new(columns: tuple[tuple[str, str], ...], ticket: Ticket | None) -> tuple[SourceField, ...]:
    """Return the columns whose value is another one than was last recorded."""
    known = ticket.source_fields if ticket is not None else {}
    return tuple(
        SourceField(name=name, value=value)
        for name, value in columns
        if value != known.get(name, "")
    )
