"""What a ticket is after the facts of its remedies."""

from collections.abc import Mapping
from typing import assert_never

from msgspec.structs import replace

from domain.events import (
    CompensationFailed,
    CompensationInitiated,
    CompensationPaid,
    CouponIssued,
    Event,
    RefundFailed,
    RefundInitiated,
    RefundSettled,
    RemedyCancelled,
    RemedyCompleted,
    RemedyOrdered,
    RepairBooked,
    RepairCompleted,
    RepairReceived,
    ReplacementDelivered,
    ReplacementShipped,
    ReshipmentDelivered,
    ReshipmentShipped,
    ReturnAuthorised,
    ReturnInspected,
    ReturnReceived,
    ReturnShipped,
)
from domain.ticket.state import Remedy, RemedyStep, Stamp, Ticket

RemedyEvent = (
    RemedyOrdered
    | RefundInitiated
    | RefundSettled
    | RefundFailed
    | ReturnAuthorised
    | ReturnShipped
    | ReturnReceived
    | ReturnInspected
    | ReplacementShipped
    | ReplacementDelivered
    | RepairBooked
    | RepairReceived
    | RepairCompleted
    | ReshipmentShipped
    | ReshipmentDelivered
    | CouponIssued
    | CompensationInitiated
    | CompensationFailed
    | CompensationPaid
    | RemedyCompleted
    | RemedyCancelled
)


def evolve_remedy(ticket: Ticket, event: RemedyEvent, stamp: Stamp) -> Ticket:
    """Return the ticket after a fact of one of its remedies."""
    if isinstance(event, RemedyOrdered):
        remedy = Remedy(terms=event.terms, source=event.source, step=RemedyStep.ORDERED)
    else:
        before = ticket.remedies[event.remedy]
        initiated = isinstance(event, RefundInitiated | CompensationInitiated)
        remedy = replace(
            before,
            step=_step(event) or before.step,
            told=before.told or initiated,
            reported=_reported(before, event, initiated=initiated),
        )
    return replace(
        ticket, version=stamp.version, remedies={**ticket.remedies, event.remedy: remedy}
    )


def _reported(before: Remedy, event: RemedyEvent, *, initiated: bool) -> Mapping[str, Event]:
    """Return what was said of a remedy; a failure of an earlier attempt is not one of this."""
    kept = {
        topic: one
        for topic, one in before.reported.items()
        if not (initiated and isinstance(one, RefundFailed | CompensationFailed))
    }
    return {**kept, event.TOPIC: event}


def _step(event: RemedyEvent) -> RemedyStep | None:
    """Return the step a fact brings its remedy to; None where completion follows by itself."""
    match event:
        case RemedyOrdered():
            return RemedyStep.ORDERED
        case RefundInitiated() | CompensationInitiated():
            return RemedyStep.INITIATED
        case RefundFailed() | CompensationFailed():
            return RemedyStep.FAILED
        case ReturnAuthorised():
            return RemedyStep.AUTHORISED
        case ReturnShipped():
            return RemedyStep.SHIPPED_BACK
        case ReturnReceived():
            return RemedyStep.RECEIVED_BACK
        case ReturnInspected():
            return RemedyStep.INSPECTED
        case ReplacementShipped() | ReshipmentShipped():
            return RemedyStep.SHIPPED
        case RepairBooked():
            return RemedyStep.BOOKED
        case RepairReceived():
            return RemedyStep.IN_WORKSHOP
        case RemedyCompleted():
            return RemedyStep.COMPLETED
        case RemedyCancelled():
            return RemedyStep.CANCELLED
        case (
            RefundSettled()
            | ReplacementDelivered()
            | RepairCompleted()
            | ReshipmentDelivered()
            | CouponIssued()
            | CompensationPaid()
        ):
            return None
        case _:
            assert_never(event)
