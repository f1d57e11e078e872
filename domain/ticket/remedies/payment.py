"""What refund and compensation share: their money is on its way, arrives once, or does not."""

from collections.abc import Iterable
from typing import Final

from domain import errors
from domain.commands import (
    FailCompensation,
    FailRefund,
    PayCompensation,
    RemedyCommand,
    SettleRefund,
)
from domain.events import CompensationFailed, CompensationPaid, Event, RefundFailed, RefundSettled
from domain.ticket import cap
from domain.ticket.context import Context
from domain.ticket.remedies.steps import completed, moved, repeated, standing
from domain.ticket.state import RemedyStep, Ticket
from domain.values import RemedyKind

ARRIVES: Final = (RemedyStep.INITIATED, RemedyStep.FAILED, RemedyStep.CANCELLED)
"""Where money may arrive that was once sent: after a failure was reported, and late, too."""


def at(kinds: Iterable[RemedyKind], *steps: RemedyStep) -> dict[RemedyKind, tuple[RemedyStep, ...]]:
    """Return the same steps for several kinds of remedy."""
    return dict.fromkeys(kinds, steps)


def was_told(ticket: Ticket, target: str | None, _context: Context) -> None:
    """Let money arrive only where the payment system was told to pay it."""
    remedy = ticket.remedies[target or ""]
    if not remedy.told:
        raise errors.WrongStep("The payment system was never told to pay it.", step=remedy.step)


def arrived(
    command: SettleRefund | PayCompensation,
    fact: RefundSettled | CompensationPaid,
    ticket: Ticket,
    context: Context,
) -> tuple[Event, ...]:
    """Take note that the money arrived; one payment completes one remedy, said however often."""
    if repeated(command, fact, ticket, context):
        return ()
    remedy = standing(command, ticket, context)
    for name, other in ticket.remedies.items():
        if other.reference == command.reference:
            raise errors.AlreadyDone("The payment has completed another remedy.", remedy=name)
    if remedy.step is not RemedyStep.CANCELLED:
        return completed(command, fact, ticket, context)
    # Taken off after a reported failure, and paid all the same: it counts against the cap again,
    # above it if need be, for it is a fact and whatever is given later has to know of it.
    assert context.order is not None, "money is given on an order"
    again = cap.taken(remedy.terms, command.remedy, context.order, context)
    return (again, *completed(command, fact, ticket, context))


def failed(
    command: RemedyCommand,
    fact: RefundFailed | CompensationFailed,
    ticket: Ticket,
    context: Context,
) -> tuple[Event, ...]:
    """Take note that the money could not be paid; staff look into it."""
    assert isinstance(command, FailRefund | FailCompensation)
    if repeated(command, fact, ticket, context):
        return ()
    standing(command, ticket, context)
    return moved(command, fact, RemedyStep.FAILED, ticket, context)
