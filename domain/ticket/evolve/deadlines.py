"""What a ticket is after the facts of time."""

from typing import assert_never

from msgspec.structs import replace

from domain.events import DeadlineExtended, DeadlineGiven, DeadlineMet, DeadlineMissed
from domain.ticket.state import Deadline, Stamp, Ticket
from domain.values import Party

DeadlineEvent = DeadlineGiven | DeadlineMet | DeadlineMissed | DeadlineExtended


def evolve_deadline(ticket: Ticket, event: DeadlineEvent, stamp: Stamp) -> Ticket:
    """Return the ticket after a fact of time."""
    match event:
        case DeadlineGiven():
            running = Deadline(due_at=event.due_at, awaits=event.awaits)
            return replace(
                ticket,
                version=stamp.version,
                deadlines={**ticket.deadlines, event.deadline: running},
                appeal_window_open=ticket.appeal_window_open or event.deadline == "appeal",
            )
        case DeadlineMet():
            return _without(ticket, event.deadline, stamp)
        case DeadlineMissed():
            return _missed(ticket, event, stamp)
        case DeadlineExtended():
            longer = replace(ticket.deadlines[event.deadline], due_at=event.due_at, missed=False)
            return replace(
                ticket,
                version=stamp.version,
                deadlines={**ticket.deadlines, event.deadline: longer},
            )
        case _:
            assert_never(event)


def _without(ticket: Ticket, deadline: str, stamp: Stamp) -> Ticket:
    """The deadline runs no more."""
    return replace(
        ticket,
        version=stamp.version,
        deadlines={name: one for name, one in ticket.deadlines.items() if name != deadline},
        appeal_window_open=ticket.appeal_window_open and deadline != "appeal",
    )


def _missed(ticket: Ticket, event: DeadlineMissed, stamp: Stamp) -> Ticket:
    """A window that passes is gone; what somebody owes stays owed, and overdue."""
    name, _, about = event.deadline.partition(":")
    match name:
        case "negotiation":
            over = _without(ticket, event.deadline, stamp)
            return replace(over, negotiation_failed=ticket.negotiation_failed or "deadline_passed")
        case "evidence":
            over = _without(ticket, event.deadline, stamp)
            return replace(over, evidence_missed=ticket.evidence_missed | {Party(about)})
        case "appeal":
            return _without(ticket, event.deadline, stamp)
        case _:
            return _overdue(ticket, event, stamp)


def _overdue(ticket: Ticket, event: DeadlineMissed, stamp: Stamp) -> Ticket:
    """What was asked for is still owed; a merchant's silence is a failed negotiation."""
    failed = ticket.negotiation_failed
    if event.deadline == "merchant_review":
        failed = failed or "deadline_passed"
    overdue = replace(ticket.deadlines[event.deadline], missed=True)
    return replace(
        ticket,
        version=stamp.version,
        deadlines={**ticket.deadlines, event.deadline: overdue},
        negotiation_failed=failed,
    )
